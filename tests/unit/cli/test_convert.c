#include "bridge/cli/convert.h"

#include "bridge/core/mem.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define HEAD                                                                 \
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:u\r\n" \
    "DTSTAMP:20260501T080000Z\r\n"
#define TAIL          "END:VTODO\r\nEND:VCALENDAR\r\n"
#define OBJECT(lines) HEAD lines TAIL

static struct convert convert;

static int start(void **state)
{
    convert = (struct convert){ .dialect = &dialect_outlook,
        .context = { .zone = zone_find(S("Europe/Paris")),
            .now_us = INT64_C(1777622400) * CIVIL_MICROS, /* 2026-05-01T08:00:00Z */
            .project = dialect_outlook.project,
            .arena = arena_new() } };
    (void)state;
    return 0;
}

static void use(const struct dialect *dialect)
{
    convert.dialect = dialect;
    convert.context.project = dialect->project;
}

static int end(void **state)
{
    (void)state;
    arena_free(&convert.context.arena);
    return 0;
}

struct body_case {
    const char *name, *base, *document, *expected;
};

static void check_bodies(const struct body_case *cases, size_t count)
{
    struct str out;
    struct err err;

    for (size_t i = 0; i < count; i++) {
        if (!convert_to_json(
                &convert, str_from(cases[i].document), str_from(cases[i].base), &out, &err)) {
            fail_msg("%s: %s", cases[i].name, err.text);
        }
        if (!str_eq(out, str_from(cases[i].expected))) {
            fail_msg("%s: %.*s", cases[i].name, STR_ARG(out));
        }
    }
}

/* Sources: mapping.md 7, the vector named. base NULL: create. */
static const struct body_case bodies[] = {
    { "only a title", NULL, OBJECT("SUMMARY:Milk\r\n"), "{\"Subject\":\"Milk\"}" },
    { "V005", NULL, OBJECT("SUMMARY:x\r\nDUE;VALUE=DATE:20260715\r\n"),
        "{\"Subject\":\"x\",\"DueDateTime\":{\"DateTime\":\"2026-07-15T00:00:00\","
        "\"TimeZone\":\"Romance Standard Time\"}}" },
    { "nothing changed", OBJECT("SUMMARY:x\r\n"), OBJECT("SUMMARY:x\r\n"), "{}" },
    { "only what is kept here", OBJECT("SUMMARY:x\r\n"), OBJECT("SUMMARY:x\r\nX-A:1\r\n"), "{}" },
    { "a title", OBJECT("SUMMARY:x\r\nPRIORITY:1\r\n"), OBJECT("SUMMARY:y\r\nPRIORITY:1\r\n"),
        "{\"Subject\":\"y\"}" },
    { "V025", OBJECT("SUMMARY:x\r\nDTSTART;VALUE=DATE:20260504\r\nDUE;VALUE=DATE:20260507\r\n"),
        OBJECT("SUMMARY:x\r\n"), "{\"DueDateTime\":null}" },
};

static void a_document_becomes_a_body(void **state)
{
    (void)state;
    check_bodies(bodies, ARRAY_LEN(bodies));
}

#define DATES(date)  "DTSTART;VALUE=DATE:" date "\r\nDUE;VALUE=DATE:" date "\r\n"
#define SERIES(date) DATES(date) "RRULE:FREQ=WEEKLY\r\n"
#define OVERRIDE(day, lines) \
    "END:VTODO\r\nBEGIN:VTODO\r\nUID:u\r\nRECURRENCE-ID;VALUE=DATE:" day "\r\n" lines
#define OUTLOOK_DAY(date) \
    "{\"DateTime\":\"" date "T00:00:00\",\"TimeZone\":\"Romance Standard Time\"}"
#define COMPLETE "{\"operation\":\"complete\",\"date\":\"2026-05-04\",\"next\":\"2026-05-11\""

/* mapping.md 5.3 and 7.7: what a change does to a series. */
static const struct body_case operations[] = {
    { "V161", OBJECT(SERIES("20260504")), OBJECT(SERIES("20260511")), COMPLETE "}" },
    { "V157", OBJECT(SERIES("20260504")),
        OBJECT(SERIES("20260504") OVERRIDE("20260504", "STATUS:COMPLETED\r\n")), COMPLETE "}" },
    { "V164, and something else", OBJECT(SERIES("20260504")),
        OBJECT(SERIES("20260504") "STATUS:COMPLETED\r\nCOMPLETED:20260503T230000Z\r\n"
                                  "PRIORITY:1\r\n"),
        COMPLETE ",\"task\":{\"Status\":\"Completed\",\"CompletedDateTime\":" OUTLOOK_DAY(
            "2026-05-04") "},\"then\":{\"Importance\":\"High\"}}" },
    { "V163", OBJECT(DATES("20260504") "RRULE:FREQ=WEEKLY;COUNT=5\r\n"),
        OBJECT(DATES("20260518") "RRULE:FREQ=WEEKLY;COUNT=3\r\n"),
        COMPLETE
        ",\"then\":{\"operation\":\"advance\",\"date\":\"2026-05-11\","
        "\"next\":\"2026-05-18\",\"then\":{\"StartDateTime\":" OUTLOOK_DAY(
            "2026-05-18") ",\"DueDateTime\":" OUTLOOK_DAY("2026-05-18") ",\"Recurrence\":"
                                                                        "{\"Pattern\":{\"Type\":"
                                                                        "\"Weekly\",\"Interval\":1,"
                                                                        "\"DaysOfWeek\":["
                                                                        "\"Monday\"],"
                                                                        "\"FirstDayOfWeek\":"
                                                                        "\"Monday\"},\"Range\":{"
                                                                        "\"Type\":\"Numbered\","
                                                                        "\"StartDate\":\"2026-05-"
                                                                        "18\","
                                                                        "\"NumberOfOccurrences\":3}"
                                                                        "}}}}" },
    { "V165", OBJECT(DATES("20260504") "RRULE:FREQ=WEEKLY;COUNT=1\r\n"),
        OBJECT(DATES("20260504") "RRULE:FREQ=WEEKLY;COUNT=1\r\nSTATUS:COMPLETED\r\n"
                                 "COMPLETED:20260504T080000Z\r\n"),
        "{\"Status\":\"Completed\",\"CompletedDateTime\":" OUTLOOK_DAY("2026-05-04") "}" },
    { "V172", OBJECT(SERIES("20260504")),
        OBJECT("SUMMARY:s\r\n" SERIES("20260504") OVERRIDE("20260518", "STATUS:COMPLETED\r\n")),
        "{\"operation\":\"add\",\"date\":\"2026-05-18\",\"task\":{\"Subject\":\"s\","
        "\"Status\":\"Completed\",\"DueDateTime\":" OUTLOOK_DAY(
            "2026-05-18") "},\"then\":{\"Subject\":\"s\"}}" },
    { "V173", OBJECT(SERIES("20260504")),
        OBJECT(SERIES("20260504") OVERRIDE("20260427", "STATUS:COMPLETED\r\n")), "{}" },
    { "V174", OBJECT(SERIES("20260504")),
        OBJECT(SERIES("20260504") OVERRIDE("20260427", "STATUS:NEEDS-ACTION\r\n")),
        "{\"operation\":\"reopen\",\"date\":\"2026-04-27\"}" },
    { "V176", OBJECT(SERIES("20260504")),
        OBJECT(SERIES("20260504") OVERRIDE("20260504", "DUE;VALUE=DATE:20260507\r\n")),
        "{\"operation\":\"move\",\"date\":\"2026-05-04\",\"next\":\"2026-05-11\","
        "\"task\":{\"DueDateTime\":" OUTLOOK_DAY("2026-05-07") "}}" },
    { "V180", OBJECT(DATES("20260504") "RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO\r\n"),
        OBJECT(DATES("20260518") "RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO\r\n"),
        "{\"operation\":\"complete\",\"date\":\"2026-05-04\",\"next\":\"2026-05-18\","
        "\"driven\":true}" },
    { "the rule is taken away", OBJECT(SERIES("20260504")), OBJECT(DATES("20260504")),
        "{\"Recurrence\":null}" },
};

static void a_change_of_a_series_is_an_operation(void **state)
{
    (void)state;
    convert.context.options.plans_steps = true;
    check_bodies(operations, ARRAY_LEN(operations));
    convert.context.options.plans_steps = false; /* series_form = override: a plain change */
    const struct body_case plain = { "V164", OBJECT(SERIES("20260504")),
        OBJECT(SERIES("20260504") "STATUS:COMPLETED\r\nCOMPLETED:20260504T080000Z\r\n"),
        "{\"Status\":\"Completed\",\"CompletedDateTime\":" OUTLOOK_DAY("2026-05-04") "}" };
    check_bodies(&plain, 1);
}

#define CHILD(lines) OBJECT("SUMMARY:Eggs\r\nRELATED-TO:P\r\n" lines)

/* mapping.md 2.12; the parent is P. */
static const struct body_case items[] = {
    { "V081", NULL, CHILD(""), "{\"displayName\":\"Eggs\",\"isChecked\":false}" },
    { "V081, done", CHILD(""), CHILD("STATUS:COMPLETED\r\n"), "{\"isChecked\":true}" },
    { "V081, open again", CHILD("STATUS:COMPLETED\r\n"), CHILD(""), "{\"isChecked\":false}" },
    { "only what is kept here", CHILD(""), CHILD("LOCATION:Shop\r\n"), "{}" },
    { "V082", CHILD(""), CHILD("DUE;VALUE=DATE:20260507\r\n"),
        "{\"operation\":\"promote\",\"task\":{\"title\":\"Eggs\",\"dueDateTime\":"
        "{\"dateTime\":\"2026-05-07T00:00:00\",\"timeZone\":\"Romance Standard Time\"}}}" },
    { "V082, afterwards", CHILD("DUE;VALUE=DATE:20260507\r\n"),
        CHILD("DUE;VALUE=DATE:20260507\r\nPRIORITY:1\r\n"), "{\"importance\":\"high\"}" },
    { "never made an item of a task", CHILD("PRIORITY:1\r\n"), CHILD(""),
        "{\"importance\":\"normal\"}" },
    { "V083", NULL, OBJECT("SUMMARY:Eggs\r\nRELATED-TO:unknown-uid\r\n"), "{\"title\":\"Eggs\"}" },
};

static void a_sub_task_is_an_item_of_a_checklist(void **state)
{
    static const struct body_case without = { "V084", NULL, CHILD(""), "{\"Subject\":\"Eggs\"}" };

    (void)state;
    convert.parent = S("P");
    check_bodies(&without, 1); /* Outlook has none */
    use(&dialect_todo);
    check_bodies(items, ARRAY_LEN(items));
}

/* V080: a task and its checklist in one text, both ways. */
static void a_checklist_comes_and_goes_with_its_task(void **state)
{
    static const char json[] = "{\"id\":\"t1\",\"title\":\"Shop\",\"checklistItems\":["
                               "{\"id\":\"c1\",\"displayName\":\"Milk\",\"isChecked\":true,"
                               "\"checkedDateTime\":\"2026-05-06T08:00:00.1234567Z\"},"
                               "{\"id\":\"c2\",\"displayName\":\"Eggs\",\"isChecked\":false}]}";
    struct str out;
    struct err err;

    (void)state;
    use(&dialect_todo);
    assert_true(convert_to_vtodo(
        &convert, str_from(json), (struct str){ 0 }, (struct str){ 0 }, &out, &err));
    assert_int_not_equal(
        str_find(out, S("SUMMARY:Milk\r\nPERCENT-COMPLETE:100\r\nCOMPLETED:20260506T080000Z\r\n"
                        "RELATED-TO;RELTYPE=PARENT:")),
        SIZE_MAX);
    assert_int_not_equal(str_find(out, S("SUMMARY:Eggs\r\n")), SIZE_MAX);
    assert_true(convert_to_json(&convert, out, (struct str){ 0 }, &out, &err));
    assert_true(str_eq(out, S("{\"title\":\"Shop\",\"checklistItems\":["
                              "{\"displayName\":\"Milk\",\"isChecked\":true},"
                              "{\"displayName\":\"Eggs\",\"isChecked\":false}]}")));
    /* what fits no checklist is a resource of its own, and two of those are no object */
    assert_false(convert_to_json(&convert,
        S(OBJECT("END:VTODO\r\nBEGIN:VTODO\r\nUID:v\r\nRELATED-TO:u\r\nPRIORITY:1\r\n")),
        (struct str){ 0 }, &out, &err));
    assert_non_null(strstr(err.text, "a second UID"));
    assert_false(
        convert_to_vtodo(&convert, S("{\"title\":\"x\",\"checklistItems\":[{\"displayName\":1}]}"),
            (struct str){ 0 }, (struct str){ 0 }, &out, &err));
    assert_non_null(strstr(err.text, "checklistItems: displayName"));
}

/* V080: an item by itself. */
static void an_item_becomes_a_document_below_its_parent(void **state)
{
    static const char before[] = "{\"id\":\"c1\",\"displayName\":\"Milk\",\"isChecked\":false}";
    static const char after[] = "{\"id\":\"c1\",\"displayName\":\"Milk\",\"isChecked\":true,"
                                "\"checkedDateTime\":\"2026-05-06T08:00:00Z\"}";
    struct str out;
    struct err err;

    (void)state;
    use(&dialect_todo);
    convert.parent = S("P");
    assert_true(convert_to_vtodo(
        &convert, str_from(after), (struct str){ 0 }, (struct str){ 0 }, &out, &err));
    assert_int_not_equal(str_find(out, S("RELATED-TO;RELTYPE=PARENT:P\r\n")), SIZE_MAX);
    assert_true(convert_to_vtodo(&convert, str_from(after), str_from(before),
        S(OBJECT("SUMMARY:Milk\r\nRELATED-TO:P\r\nX-A:1\r\n")), &out, &err));
    assert_int_not_equal(str_find(out, S("X-A:1\r\n")), SIZE_MAX);
    assert_int_not_equal(str_find(out, S("COMPLETED:20260506T080000Z\r\n")), SIZE_MAX);
}

/* mapping.md 2.11, 2.13: the first link is the URL; files by what is told of them. */
static void links_and_files_hang_on_their_task(void **state)
{
    static const char json[] =
        "{\"id\":\"t1\",\"title\":\"x\",\"linkedResources\":[{\"displayName\":\"SMS\"},"
        "{\"webUrl\":\"https://a.example/\"},{\"webUrl\":\"https://b.example/1\","
        "\"displayName\":\"Mail: b\"},{\"id\":\"r3\",\"webUrl\":\"https://c.example/2\"}],"
        "\"attachments\":[{\"id\":\"A1\",\"name\":\"Holiday notice\","
        "\"contentType\":\"text/plain\",\"size\":244},{\"name\":\"b.txt\"}]}";
    static const char *const lines[] = { "URL:https://a.example/\r\n",
        "ATTACH;X-MSTASK-LINK=1;FILENAME=\"Mail: b\":https://b.example/1\r\n",
        "ATTACH;X-MSTASK-LINK=1;FILENAME=c.example:https://c.example/2\r\n",
        ";FMTTYPE=text/plain;FILEN\r\n AME=\"Holiday notice\";SIZE=244:https://duedav.invalid/",
        "FILENAME=b.txt" };
    static const char less[] = "{\"id\":\"t1\",\"title\":\"x\",\"linkedResources\":["
                               "{\"webUrl\":\"https://a.example/\"}],\"attachments\":[]}";
    struct str document;
    struct str out;
    struct err err;

    (void)state;
    use(&dialect_todo);
    assert_true(convert_to_vtodo(
        &convert, str_from(json), (struct str){ 0 }, (struct str){ 0 }, &document, &err));
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_int_not_equal(str_find(document, str_from(lines[i])), SIZE_MAX);
    }
    assert_true(convert_to_vtodo(&convert, str_from(less), str_from(json), document, &out, &err));
    assert_int_equal(str_find(out, S("ATTACH")), SIZE_MAX);
    assert_int_not_equal(str_find(out, S("URL:https://a.example/\r\n")), SIZE_MAX);
    assert_false(convert_to_vtodo(&convert,
        S("{\"title\":\"x\",\"attachments\":[{\"name\":\"a\",\"size\":\"big\"}]}"),
        (struct str){ 0 }, (struct str){ 0 }, &out, &err));
    assert_non_null(strstr(err.text, "attachments: "));
}

static size_t count_of(struct str text, struct str part)
{
    size_t count = 0;

    for (size_t at; (at = str_find(text, part)) != SIZE_MAX; count++) {
        text = str_skip(text, at + 1);
    }
    return count;
}

static void two_of_one_name_are_two(void **state)
{
    static const char json[] =
        "{\"title\":\"x\",\"linkedResources\":[{\"webUrl\":\"https://a.example/\"},"
        "{\"webUrl\":\"https://b.example/\"},{\"webUrl\":\"https://b.example/\"}],"
        "\"attachments\":[{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"a\"}]}";
    static const char one[] = "{\"title\":\"x\",\"attachments\":[{\"name\":\"a\"}]}";
    struct str ids[8], document, value;
    struct err err;
    size_t count = 0;

    (void)state;
    use(&dialect_todo);
    assert_true(convert_to_vtodo(
        &convert, str_from(json), (struct str){ 0 }, (struct str){ 0 }, &document, &err));
    assert_int_equal(count_of(document, S("https://b.example/")), 2);
    for (size_t at; (at = str_find(document, S("MANAGED-ID="))) != SIZE_MAX; count++) {
        document = str_skip(document, at + S("MANAGED-ID=").n);
        assert_in_range(count, 0, ARRAY_LEN(ids) - 1);
        value = str_first(document, str_find_char(document, ';'));
        for (size_t i = 0; i < count; i++) {
            assert_false(str_eq(ids[i], value));
        }
        ids[count] = value;
    }
    assert_int_equal(count, 4);
    assert_true(convert_to_vtodo(
        &convert, str_from(one), (struct str){ 0 }, (struct str){ 0 }, &document, &err));
    assert_int_not_equal(str_find(document, ids[0]), SIZE_MAX); /* it keeps its own */
}

/* mapping.md 2.13 */
static void a_url_becomes_a_link_where_that_is_set(void **state)
{
    static const struct body_case cases[] = {
        { "a link", NULL, OBJECT("SUMMARY:x\r\nURL:https://example.org:8/a?b\r\n"),
            "{\"title\":\"x\",\"linkedResources\":[{\"webUrl\":\"https://example.org:8/a?b\","
            "\"displayName\":\"example.org:8\",\"applicationName\":\"duedav\","
            "\"externalId\":\"u\"}]}" },
        { "no host", NULL, OBJECT("SUMMARY:x\r\nURL:mailto:a@example.org\r\n"),
            "{\"title\":\"x\",\"linkedResources\":[{\"webUrl\":\"mailto:a@example.org\","
            "\"displayName\":\"mailto:a@example.org\",\"applicationName\":\"duedav\","
            "\"externalId\":\"u\"}]}" },
        { "no address", NULL, OBJECT("SUMMARY:x\r\nURL:not an address\r\n"), "{\"title\":\"x\"}" },
        { "not with a change", OBJECT("SUMMARY:x\r\n"),
            OBJECT("SUMMARY:x\r\nURL:https://example.org/\r\n"), "{}" },
    };
    static const struct body_case outlook = { "Outlook has no links", NULL,
        OBJECT("SUMMARY:x\r\nURL:https://example.org/\r\n"), "{\"Subject\":\"x\"}" };

    (void)state;
    convert.context.options.url_as_link = true;
    check_bodies(&outlook, 1);
    use(&dialect_todo);
    check_bodies(cases, ARRAY_LEN(cases));
}

#define MIDNIGHT(date) "{\"dateTime\":\"" date "T00:00:00\",\"timeZone\":\"Romance Standard Time\"}"
#define ALARM                                                                        \
    "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER;VALUE=DATE-TIME:20260510T080000Z\r\n" \
    "END:VALARM\r\n"

/* The Graph vectors of mapping.md 7. base NULL: create. */
static const struct body_case todo_bodies[] = {
    { "only a title", NULL, OBJECT("SUMMARY:Milk\r\n"), "{\"title\":\"Milk\"}" },
    { "V052", OBJECT("STATUS:COMPLETED\r\nPERCENT-COMPLETE:100\r\n"),
        OBJECT("STATUS:NEEDS-ACTION\r\nPERCENT-COMPLETE:0\r\n"),
        "{\"status\":\"notStarted\",\"completedDateTime\":null}" },
    { "not done before", OBJECT("STATUS:NEEDS-ACTION\r\n"), OBJECT("STATUS:IN-PROCESS\r\n"),
        "{\"status\":\"inProgress\"}" },
    { "V063", NULL, OBJECT(""), "{\"title\":\"(no title)\"}" },
    { "V063, again", OBJECT(""), OBJECT("X-A:1\r\n"), "{}" },
    { "CLASS is kept here", OBJECT(""), OBJECT("CLASS:PRIVATE\r\n"), "{}" },
    { "URL is kept here", OBJECT(""), OBJECT("URL:https://a\r\n"), "{}" },
    { "V104", OBJECT(ALARM), OBJECT(""), "{\"isReminderOn\":false,\"reminderDateTime\":null}" },
    { "categories gone", OBJECT("CATEGORIES:a,b\r\n"), OBJECT(""), "{\"categories\":[]}" },
    { "a start alone", NULL, OBJECT("SUMMARY:x\r\nDTSTART;VALUE=DATE:20260504\r\n"),
        "{\"title\":\"x\",\"startDateTime\":" MIDNIGHT("2026-05-04") ",\"dueDateTime\":" MIDNIGHT(
            "2026-05-04") "}" },
    { "both dates gone", OBJECT("DTSTART;VALUE=DATE:20260504\r\nDUE;VALUE=DATE:20260507\r\n"),
        OBJECT(""), "{\"startDateTime\":null,\"dueDateTime\":null}" },
    { "V156", NULL,
        OBJECT("SUMMARY:x\r\nDTSTART;VALUE=DATE:20260302\r\nDUE;VALUE=DATE:20260304\r\n"
               "RRULE:FREQ=WEEKLY;BYDAY=MO\r\n"),
        "{\"title\":\"x\",\"startDateTime\":" MIDNIGHT("2026-03-02") ",\"dueDateTime\":" MIDNIGHT(
            "2026-03-04") ",\"recurrence\":{\"pattern\":{\"type\":\"weekly\",\"interval\":1,"
                          "\"daysOfWeek\":[\"wednesday\"],\"firstDayOfWeek\":\"monday\"},\"range\":"
                          "{\"type\":"
                          "\"noEnd\",\"startDate\":\"2026-03-04\"}}}" },
    { "no rule of the service", NULL,
        OBJECT("SUMMARY:x\r\nDTSTART;VALUE=DATE:20260302\r\nDUE;VALUE=DATE:20260304\r\n"
               "RRULE:FREQ=MONTHLY;BYDAY=1MO\r\n"),
        "{\"title\":\"x\",\"startDateTime\":" MIDNIGHT("2026-03-02") ",\"dueDateTime\":" MIDNIGHT(
            "2026-03-04") "}" },
};

static void a_document_becomes_a_body_of_to_do(void **state)
{
    (void)state;
    use(&dialect_todo);
    check_bodies(todo_bodies, ARRAY_LEN(todo_bodies));
}

#define TASK(members)                                                                   \
    "{\"Id\":\"AAMk1\",\"Subject\":\"x\",\"CreatedDateTime\":\"2026-04-01T08:00:00Z\"," \
    "\"LastModifiedDateTime\":\"2026-04-01T08:00:00Z\"" members "}"

static void a_task_becomes_a_document_with_a_stable_uid(void **state)
{
    struct str first, second;
    struct err err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_true(convert_to_vtodo(
            &convert, S(TASK("")), (struct str){ 0 }, (struct str){ 0 }, &second, &err));
        first = i == 0 ? second : first;
    }
    assert_true(str_eq(first, second));
    assert_int_not_equal(str_find(first, S("\r\nSUMMARY:x\r\n")), SIZE_MAX);
}

static void a_merge_without_change_is_the_document_itself(void **state)
{
    struct str document = S(OBJECT("SUMMARY:x\r\nX-ODD;P=\"q\":\r\n 1\r\n"));
    struct str out;
    struct err err;

    (void)state;
    assert_true(convert_to_vtodo(&convert, S(TASK("")), S(TASK("")), document, &out, &err));
    assert_ptr_equal(out.p, document.p);
    assert_true(convert_to_vtodo(
        &convert, S(TASK(",\"Importance\":\"High\"")), S(TASK("")), document, &out, &err));
    assert_int_not_equal(str_find(out, S("PRIORITY:1\r\n")), SIZE_MAX);
    assert_int_not_equal(str_find(out, S("X-ODD;P=\"q\":\r\n 1\r\n")), SIZE_MAX);
}

static void errors_tell_which_input_is_wrong(void **state)
{
    struct str nothing = { 0 };
    struct str good = S(OBJECT("SUMMARY:x\r\n"));
    struct str out;
    struct err err;

    (void)state;
    assert_false(convert_to_json(&convert, S(OBJECT("oops\r\n")), nothing, &out, &err));
    assert_int_equal(err.kind, ERR_INVALID);
    assert_non_null(strstr(err.text, "line 7"));
    assert_false(convert_to_json(&convert, good, S("oops"), &out, &err));
    assert_non_null(strstr(err.text, "--base: line 1"));
    assert_false(convert_to_vtodo(&convert, S("[]"), nothing, nothing, &out, &err));
    assert_int_equal(err.kind, ERR_INVALID);
    assert_false(convert_to_vtodo(&convert, S(TASK("")), S("{}"), good, &out, &err));
    assert_non_null(strstr(err.text, "--base: "));
    assert_false(convert_to_vtodo(&convert, S(TASK(",\"Importance\":\"High\"")), S(TASK("")),
        S("BEGIN:NONSENSE\r\n"), &out, &err));
    assert_non_null(strstr(err.text, "--document: "));
}

#define GRAPH(members)                                                                       \
    "{\"id\":\"AQMk1\",\"title\":\"x\",\"status\":\"notStarted\",\"importance\":\"normal\"," \
    "\"createdDateTime\":\"2026-04-01T08:00:00.1234567Z\","                                  \
    "\"lastModifiedDateTime\":\"2026-04-01T08:00:00.1234567Z\"" members "}"
#define RULE                                                                                \
    ",\"dueDateTime\":{\"dateTime\":\"2026-05-03T22:00:00.0000000\",\"timeZone\":\"UTC\"}," \
    "\"recurrence\":{\"pattern\":{\"type\":\"daily\",\"interval\":2},"                      \
    "\"range\":{\"type\":\"noEnd\",\"startDate\":\"2026-05-04\",\"endDate\":\"0001-01-01\"}}"

/* base NULL: rendered anew, else the document changed by it. */
static const struct {
    const char *name, *base, *document, *json, *line;
    bool is_there;
} documents[] = {
    { "V078", NULL, NULL,
        GRAPH(",\"linkedResources\":[{\"webUrl\":\"https://a\",\"displayName\":null}]"),
        "URL:https://a\r\n", true },
    { "V079", NULL, NULL, GRAPH(",\"linkedResources\":[{\"webUrl\":null,\"displayName\":\"SMS\"}]"),
        "URL", false },
    { "fractions of a second", NULL, NULL, GRAPH(""), "CREATED:20260401T080000Z\r\n", true },
    { "a date", NULL, NULL, GRAPH(RULE), "DUE;VALUE=DATE:20260504\r\n", true },
    { "V155, a single GET", GRAPH(RULE),
        OBJECT("SUMMARY:x\r\nDTSTART;VALUE=DATE:20260504\r\nDUE;VALUE=DATE:20260504\r\n"
               "RRULE:FREQ=DAILY;INTERVAL=2\r\n"),
        GRAPH(",\"dueDateTime\":{\"dateTime\":\"2026-05-03T22:00:00\",\"timeZone\":\"UTC\"}"),
        "RRULE", false },
    { "a due date that is gone", GRAPH(RULE), OBJECT("SUMMARY:x\r\nDUE;VALUE=DATE:20260504\r\n"),
        GRAPH(""), "DUE", false },
    { "V063", GRAPH(""), OBJECT(""), GRAPH(",\"categories\":[\"a\"]"), "SUMMARY", false },
    { "V069", GRAPH(",\"body\":{\"contentType\":\"text\",\"content\":\"Buy milk\"}"),
        OBJECT("DESCRIPTION:Buy milk\r\nX-ALT-DESC;FMTTYPE=text/html:<b>Buy</b> milk\r\n"),
        GRAPH(",\"body\":{\"contentType\":\"text\",\"content\":\"Buy milk\\r\\n\"}"), "X-ALT-DESC",
        true },
};

static void a_task_of_to_do_becomes_a_document(void **state)
{
    struct str out;
    struct err err;

    (void)state;
    use(&dialect_todo);
    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        if (!convert_to_vtodo(&convert, str_from(documents[i].json), str_from(documents[i].base),
                str_from(documents[i].document), &out, &err)) {
            fail_msg("%s: %s", documents[i].name, err.text);
        }
        if ((str_find(out, str_from(documents[i].line)) != SIZE_MAX) != documents[i].is_there) {
            fail_msg("%s: %.*s", documents[i].name, STR_ARG(out));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_document_becomes_a_body, start, end),
        cmocka_unit_test_setup_teardown(a_task_becomes_a_document_with_a_stable_uid, start, end),
        cmocka_unit_test_setup_teardown(a_merge_without_change_is_the_document_itself, start, end),
        cmocka_unit_test_setup_teardown(a_document_becomes_a_body_of_to_do, start, end),
        cmocka_unit_test_setup_teardown(a_task_of_to_do_becomes_a_document, start, end),
        cmocka_unit_test_setup_teardown(errors_tell_which_input_is_wrong, start, end),
        cmocka_unit_test_setup_teardown(a_change_of_a_series_is_an_operation, start, end),
        cmocka_unit_test_setup_teardown(a_sub_task_is_an_item_of_a_checklist, start, end),
        cmocka_unit_test_setup_teardown(a_checklist_comes_and_goes_with_its_task, start, end),
        cmocka_unit_test_setup_teardown(an_item_becomes_a_document_below_its_parent, start, end),
        cmocka_unit_test_setup_teardown(links_and_files_hang_on_their_task, start, end),
        cmocka_unit_test_setup_teardown(two_of_one_name_are_two, start, end),
        cmocka_unit_test_setup_teardown(a_url_becomes_a_link_where_that_is_set, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
