/* Refusals and repairs of a PUT body: mapping.md 1.5, 2.7, 7.8 */
#include "bridge/core/mem.h"
#include "tests/unit/map/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define NOW  "2026-05-01T08:00:00Z"
#define HEAD "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
#define TODO "BEGIN:VTODO\r\nUID:a\r\nEND:VTODO\r\n"
#define TAIL "END:VCALENDAR\r\n"

struct refusal {
    const char *name;
    const char *body;
    enum map_fault fault;
    const char *text;
};

static void refusals_name_the_precondition_and_the_line(void **state)
{
    static const struct refusal rows[] = {
        { "nothing", "", MAP_FAULT_VALID_DATA, "line 1: no VCALENDAR" },
        { "not UTF-8", HEAD "BEGIN:VTODO\r\nUID:\xFF\r\nEND:VTODO\r\n" TAIL, MAP_FAULT_VALID_DATA,
            "line 4: not UTF-8" },
        { "no UID", HEAD "BEGIN:VTODO\r\nSUMMARY:x\r\nEND:VTODO\r\n" TAIL, MAP_FAULT_VALID_DATA,
            "line 3: a VTODO needs a UID" },
        { "empty UID", HEAD "BEGIN:VTODO\r\nUID:\r\nEND:VTODO\r\n" TAIL, MAP_FAULT_VALID_DATA,
            "line 3: a VTODO needs a UID" },
        { "V188", HEAD "BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n" TAIL,
            MAP_FAULT_SUPPORTED_COMPONENT, "line 3: not a VTODO" },
        { "a VEVENT beside a VTODO", HEAD TODO "BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n" TAIL,
            MAP_FAULT_SUPPORTED_COMPONENT, "line 6: not a VTODO" },
        { "V189", HEAD TODO "BEGIN:VTODO\r\nUID:b\r\nEND:VTODO\r\n" TAIL, MAP_FAULT_VALID_OBJECT,
            "line 7: a second UID" },
        { "METHOD", HEAD "METHOD:REQUEST\r\n" TODO TAIL, MAP_FAULT_VALID_OBJECT,
            "line 3: METHOD is for invitations" },
        { "no VTODO", HEAD "BEGIN:VTIMEZONE\r\nTZID:x\r\nEND:VTIMEZONE\r\n" TAIL,
            MAP_FAULT_VALID_OBJECT, "line 1: no VTODO" },
        { "V190", HEAD "BEGIN:VTODO\r\nUID:a\r\nDUE;VALUE=DATE:15000101\r\nEND:VTODO\r\n" TAIL,
            MAP_FAULT_MIN_DATE, "line 5: a date before 1601" },
        { "far away", HEAD "BEGIN:VTODO\r\nUID:a\r\nDTSTART:45010101T000000Z\r\nEND:VTODO\r\n" TAIL,
            MAP_FAULT_MAX_DATE, "line 5: a date after 4500" },
        { "V148 in an override",
            HEAD TODO "BEGIN:VTODO\r\nUID:a\r\nRRULE:FREQ=HOURLY\r\nEND:VTODO\r\n" TAIL,
            MAP_FAULT_MAX_INSTANCES, "line 8: a rule finer than daily" },
    };
    struct fixture f;

    (void)state;
    fixture_start(&f, "Europe/Paris", NOW);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct map_object object;
        enum map_fault fault = MAP_FAULT_NONE;
        struct err err = { 0 };

        if (map_check(str_from(rows[i].body), &f.context, &object, &fault, &err) ||
            fault != rows[i].fault || strcmp(err.text, rows[i].text) != 0) {
            fail_msg("%s: fault %d, '%s'", rows[i].name, (int)fault, err.text);
        }
    }
    fixture_end(&f);
}

static void bodies_that_are_too_large_are_refused(void **state)
{
    struct fixture f;
    struct map_object object;
    enum map_fault fault;
    struct err err;
    size_t n = document_default_limits.bytes + 1;
    char *large = mem_alloc(n);

    (void)state;
    memset(large, 'x', n);
    fixture_start(&f, "Europe/Paris", NOW);
    assert_false(map_check((struct str){ large, n }, &f.context, &object, &fault, &err));
    assert_int_equal(fault, MAP_FAULT_MAX_SIZE);
    assert_int_equal(err.kind, ERR_LIMIT);
    fixture_end(&f);
    mem_free(large);
}

struct repair {
    const char *name;
    const char *body;
    const char *stored; /**< NULL: byte for byte */
};

static void only_what_must_be_is_repaired(void **state)
{
    static const struct repair rows[] = {
        { "no VERSION, no DTSTAMP, LF",
            "BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:a\nEND:VTODO\n"
            "END:VCALENDAR\n",
            NULL },
        { "BOM", "\xEF\xBB\xBF" HEAD TODO TAIL, NULL },
        { "unknown component", HEAD TODO "BEGIN:X-OWN\r\nY:1\r\nEND:X-OWN\r\n" TAIL, NULL },
        { "duplicates",
            HEAD "BEGIN:VTODO\r\nUID:a\r\nSUMMARY:1\r\nSUMMARY:2\r\nDUE:nonsense\r\n"
                 "END:VTODO\r\n" TAIL,
            NULL },
        /* mapping.md 1.5, the last row: no dates, so none that is too early or too late. Programs
           write the first where they mean none. */
        { "a date of zeros",
            HEAD "BEGIN:VTODO\r\nUID:a\r\nDUE:00000000T000000Z\r\nEND:VTODO\r\n" TAIL, NULL },
        { "a duration beyond all numbers",
            HEAD "BEGIN:VTODO\r\nUID:a\r\nDTSTART:20260506T100000Z\r\n"
                 "DURATION:P99999999999999999999W\r\nEND:VTODO\r\n" TAIL,
            NULL },
        { "control bytes",
            HEAD "BEGIN:VTODO\r\nUID:a\r\nSUMMARY:a\001b\vc\xEF\xBF\xBF"
                 "d\te\r\nEND:VTODO\r\n" TAIL,
            HEAD "BEGIN:VTODO\r\nUID:a\r\nSUMMARY:abcd\te\r\nEND:VTODO\r\n" TAIL },
        { "a fold inside a character",
            HEAD "BEGIN:VTODO\r\nUID:a\r\nSUMMARY:a\xC3\r\n \xA9\r\nX:1\r\nEND:VTODO\r\n" TAIL,
            HEAD "BEGIN:VTODO\r\nUID:a\r\nSUMMARY:a\xC3\xA9\r\nX:1\r\nEND:VTODO\r\n" TAIL },
        { "our own mark", HEAD "BEGIN:VTODO\r\nUID:a\r\nX-MSTASK-REV:3-ab\r\nEND:VTODO\r\n" TAIL,
            HEAD TODO TAIL },
        { "V034, in the master and in an override",
            HEAD "BEGIN:VTODO\r\nUID:a\r\nDTSTART;VALUE=DATE:20260510\r\n"
                 "DUE;VALUE=DATE:20260507\r\nEND:VTODO\r\nBEGIN:VTODO\r\nUID:a\r\n"
                 "RECURRENCE-ID;VALUE=DATE:20260514\r\nDTSTART;X=1:20260510T120000\r\n"
                 "DUE:20260510T110000\r\nEND:VTODO\r\n" TAIL,
            HEAD "BEGIN:VTODO\r\nUID:a\r\nX-MSTASK-DTSTART;VALUE=DATE:20260510\r\n"
                 "DUE;VALUE=DATE:20260507\r\nEND:VTODO\r\nBEGIN:VTODO\r\nUID:a\r\n"
                 "RECURRENCE-ID;VALUE=DATE:20260514\r\nX-MSTASK-DTSTART;X=1:20260510T120000\r\n"
                 "DUE:20260510T110000\r\nEND:VTODO\r\n" TAIL },
        { "a start that was hidden, and a new one",
            HEAD "BEGIN:VTODO\r\nUID:a\r\nX-MSTASK-DTSTART;VALUE=DATE:20260510\r\n"
                 "DTSTART;VALUE=DATE:20260506\r\nDUE;VALUE=DATE:20260507\r\nEND:VTODO\r\n" TAIL,
            HEAD "BEGIN:VTODO\r\nUID:a\r\nDTSTART;VALUE=DATE:20260506\r\n"
                 "DUE;VALUE=DATE:20260507\r\nEND:VTODO\r\n" TAIL },
        { "a start that was hidden, and the due date is gone",
            HEAD "BEGIN:VTODO\r\nUID:a\r\nX-MSTASK-DTSTART;VALUE=DATE:20260510\r\n"
                 "END:VTODO\r\n" TAIL,
            HEAD "BEGIN:VTODO\r\nUID:a\r\nDTSTART;VALUE=DATE:20260510\r\nEND:VTODO\r\n" TAIL },
        { "COMPLETED as local time",
            HEAD "BEGIN:VTODO\r\nUID:a\r\nCOMPLETED:20260506T100000\r\nEND:VTODO\r\n" TAIL,
            HEAD "BEGIN:VTODO\r\nUID:a\r\nCOMPLETED:20260506T080000Z\r\nEND:VTODO\r\n" TAIL },
    };
    struct fixture f;

    (void)state;
    fixture_start(&f, "Europe/Paris", NOW);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct map_object object;
        enum map_fault fault;
        struct err err;
        const char *stored = rows[i].stored == NULL ? rows[i].body : rows[i].stored;

        if (!map_check(str_from(rows[i].body), &f.context, &object, &fault, &err)) {
            fail_msg("%s: %s", rows[i].name, err.text);
        }
        if (!str_eq(object.document, str_from(stored)) ||
            object.is_verbatim != (rows[i].stored == NULL)) {
            fail_msg("%s: %.*s", rows[i].name, STR_ARG(object.document));
        }
        assert_true(str_eq(object.uid, S("a")));
    }
    fixture_end(&f);
}

/** mapping.md 1.5, last row: what is broken without harm is kept, and what it says goes upstream.
 */
static void broken_input_is_read_as_far_as_it_goes(void **state)
{
    static const struct {
        const char *name;
        const char *body;
        const char *title;
        const char *notes;
    } rows[] = {
        { "lines over 75 octets",
            HEAD "BEGIN:VTODO\r\nUID:a\r\nSUMMARY:0123456789012345678901234567890123456789"
                 "0123456789012345678901234567890123456789\r\nEND:VTODO\r\n" TAIL,
            "01234567890123456789012345678901234567890123456789012345678901234567890123456789",
            "" },
        { "quoted-printable left over",
            HEAD "BEGIN:VTODO\r\nUID:a\r\n"
                 "SUMMARY;ENCODING=QUOTED-PRINTABLE:caf=C3=A9\r\nEND:VTODO\r\n" TAIL,
            "caf=C3=A9", "" },
        { "the first of two",
            HEAD "BEGIN:VTODO\r\nUID:a\r\nSUMMARY:1\r\nDESCRIPTION:n\r\nSUMMARY:2\r\n"
                 "DESCRIPTION:m\r\nEND:VTODO\r\n" TAIL,
            "1", "n" },
        { "bare LF, no VERSION, no DTSTAMP",
            "BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:a\nSUMMARY:folded\n  line\nEND:VTODO\n"
            "END:VCALENDAR\n",
            "folded line", "" },
        { "BOM", "\xEF\xBB\xBF" HEAD "BEGIN:VTODO\r\nUID:a\r\nSUMMARY:x\r\nEND:VTODO\r\n" TAIL, "x",
            "" },
        { "nothing in it",
            HEAD "BEGIN:VTODO\r\nUID:a\r\nSUMMARY:\r\nDUE:\r\nPRIORITY:\r\n"
                 "DESCRIPTION:\r\nEND:VTODO\r\n" TAIL,
            "", "" },
    };
    struct fixture f;

    (void)state;
    fixture_start(&f, "Europe/Paris", NOW);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct map_object object;
        struct map_plan plan;
        enum map_fault fault;
        struct err err;

        if (!map_check(str_from(rows[i].body), &f.context, &object, &fault, &err) ||
            !map_plan_create(&object, &f.context, &plan, &err)) {
            fail_msg("%s: %s", rows[i].name, err.text);
        }
        if (!str_eq(plan.wanted.title, str_from(rows[i].title)) ||
            !str_eq(plan.wanted.body.content, str_from(rows[i].notes)) || !plan.is_verbatim) {
            fail_msg("%s: '%.*s', '%.*s'", rows[i].name, STR_ARG(plan.wanted.title),
                STR_ARG(plan.wanted.body.content));
        }
    }
    fixture_end(&f);
}

static void notes_of_a_megabyte_are_kept(void **state)
{
    size_t n = 1024 * 1024;
    char *notes = mem_alloc(n);
    struct fixture f;
    struct map_object object;
    struct map_plan plan;
    enum map_fault fault;
    struct err err;

    (void)state;
    memset(notes, 'x', n);
    fixture_start(&f, "Europe/Paris", NOW);
    struct str body = arena_printf(f.arena,
        HEAD "BEGIN:VTODO\r\nUID:a\r\nDESCRIPTION:%.*s\r\nEND:VTODO\r\n" TAIL, (int)n, notes);
    assert_true(map_check(body, &f.context, &object, &fault, &err));
    assert_true(map_plan_create(&object, &f.context, &plan, &err));
    assert_int_equal(plan.wanted.body.content.n, n);
    assert_ptr_equal(plan.document.p, body.p);
    fixture_end(&f);
    mem_free(notes);
}

static void nesting_has_an_end(void **state)
{
    struct fixture f;

    (void)state;
    fixture_start(&f, "Europe/Paris", NOW);
    for (int depth = 1; depth <= 1000; depth *= 10) {
        struct str nested = S("");
        struct map_object object;
        enum map_fault fault;
        struct err err;

        for (int i = 0; i < depth; i++) {
            nested = arena_printf(f.arena, "BEGIN:X-DEEP\r\n%.*sEND:X-DEEP\r\n", STR_ARG(nested));
        }
        struct str body = arena_printf(
            f.arena, HEAD "BEGIN:VTODO\r\nUID:a\r\n%.*sEND:VTODO\r\n" TAIL, STR_ARG(nested));
        bool is_taken = map_check(body, &f.context, &object, &fault, &err);
        assert_int_equal(is_taken, depth <= 10);
        if (!is_taken) {
            assert_int_equal(fault, MAP_FAULT_VALID_DATA);
            assert_non_null(strstr(err.text, "line "));
        }
    }
    fixture_end(&f);
}

/** The issue: a completed task is not repeated upstream, whatever rule stands beside it. */
static void a_new_task_that_is_completed_has_no_rule_upstream(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "DTSTART;VALUE=DATE:20260427|DUE;VALUE=DATE:20260427|RRULE:FREQ=WEEKLY|"
                  "STATUS:COMPLETED|COMPLETED:20260427T160000Z|EXDATE;VALUE=DATE:20260504");
    scene_sent(&s, F(TITLE) | F(START) | F(DUE) | F(STATUS) | F(COMPLETED));
    assert_int_equal(s.plan.wanted.status, TASK_DONE);
    assert_false(s.plan.wanted.recurrence.is_set);
    assert_int_equal(s.plan.step_count, 0);
    assert_true(s.plan.is_verbatim);
    scene_get(&s, "RRULE:FREQ=WEEKLY|EXDATE;VALUE=DATE:20260504");
    struct task up = s.base;
    scene_up(&s, &up);
    scene_get(&s, "RRULE:FREQ=WEEKLY");
    scene_put(&s, "DTSTART;VALUE=DATE:20260427|DUE;VALUE=DATE:20260427|STATUS:COMPLETED|"
                  "COMPLETED:20260427T160000Z|PRIORITY:1");
    scene_sent(&s, F(PRIORITY));
    scene_end(&s);
}

static void v078_v079_v193_what_is_born_upstream(void **state)
{
    struct scene s;
    struct task up = scene_task();

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    up.url = S("https://a");
    up.created_us = support_instant("2016-04-22T05:44:01Z") * CIVIL_MICROS + 201201;
    up.modified_us = support_instant("2016-04-22T22:19:18Z") * CIVIL_MICROS + 952600;
    scene_born(&s, &up);
    scene_get(&s, "URL:https://a|CREATED:20160422T054401Z|LAST-MODIFIED:20160422T221918Z|"
                  "DTSTAMP:20160422T221918Z|UID:born");
    struct str first = s.document;
    scene_born(&s, &up); /* V186 */
    assert_true(str_eq(first, s.document));
    up.url = S("");
    scene_born(&s, &up);
    scene_get(&s, "!URL*");
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_name_the_precondition_and_the_line),
        cmocka_unit_test(bodies_that_are_too_large_are_refused),
        cmocka_unit_test(only_what_must_be_is_repaired),
        cmocka_unit_test(broken_input_is_read_as_far_as_it_goes),
        cmocka_unit_test(notes_of_a_megabyte_are_kept),
        cmocka_unit_test(nesting_has_an_end),
        cmocka_unit_test(a_new_task_that_is_completed_has_no_rule_upstream),
        cmocka_unit_test(v078_v079_v193_what_is_born_upstream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
