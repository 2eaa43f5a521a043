#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/dialect.h"
#include "ical/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BASE "https://outlook.office.com/api/v2.0/me/"
#define MARKER                                                   \
    "SingleValueExtendedProperties\":[{\"PropertyId\":\"String " \
    "{e2f67415-e539-4204-a764-4c7e39b9f880} Name duedav-marker\",\"Value\":\"m1\"}]"
#define EXPANDED                                                             \
    "$expand=SingleValueExtendedProperties%28%24filter%3DPropertyId%20eq%20" \
    "%27String%20%7Be2f67415-e539-4204-a764-4c7e39b9f880%7D%20Name%20duedav-marker%27%29"
#define MARKER_QUERY                                                                             \
    "?$filter=SingleValueExtendedProperties%2FAny%28ep%3A%20ep%2FPropertyId%20eq%20%27String%20" \
    "%7Be2f67415-e539-4204-a764-4c7e39b9f880%7D%20Name%20duedav-marker%27%20and%20ep%2FValue%20" \
    "eq%20%27m1%27%29&" EXPANDED
#define MARKER_EXPAND "?" EXPANDED

/* All headers as "Name: value\n". */
static struct str headers_of(const struct upstream_request *request, struct arena *arena)
{
    struct str text = S("");

    for (size_t i = 0; i < request->header_count; i++) {
        text = arena_printf(arena, "%.*s%.*s: %.*s\n", STR_ARG(text),
            STR_ARG(request->headers[i].name), STR_ARG(request->headers[i].value));
    }
    return text;
}

static void assert_text(size_t i, const char *what, struct str got, const char *wanted)
{
    if (!str_eq(got, str_from(wanted))) {
        fail_msg("case %zu, %s: %.*s", i, what, STR_ARG(got));
    }
}

static void each_call_becomes_its_request(void **state)
{
    static const char plain[] = "Accept: application/json\n"
                                "Prefer: outlook.timezone=\"Romance Standard Time\"\n";
    static const char tracked[] = "Accept: application/json\n"
                                  "Prefer: outlook.timezone=\"Romance Standard Time\"\n"
                                  "Prefer: odata.track-changes\n"
                                  "Prefer: odata.maxpagesize=200\n";
    static const char untracked[] = "Accept: application/json\n"
                                    "Prefer: outlook.timezone=\"Romance Standard Time\"\n"
                                    "Prefer: odata.maxpagesize=200\n";
    static const char json[] = "Accept: application/json\n"
                               "Prefer: outlook.timezone=\"Romance Standard Time\"\n"
                               "Content-Type: application/json\n";
    static const char json_if[] = "Accept: application/json\n"
                                  "Prefer: outlook.timezone=\"Romance Standard Time\"\n"
                                  "Content-Type: application/json\n"
                                  "If-Match: W/\"k9/a+c==\"\n";
    static const char plain_if[] = "Accept: application/json\n"
                                   "Prefer: outlook.timezone=\"Romance Standard Time\"\n"
                                   "If-Match: W/\"k9/a+c==\"\n";
    static const struct {
        struct upstream_call call;
        const char *method, *url, *headers, *body;
    } cases[] = {
        { { .kind = UPSTREAM_SYNC_FOLDERS }, "GET", BASE "TaskFolders", tracked, NULL },
        { { .kind = UPSTREAM_SYNC_FOLDERS, .link = STR("https://h/x?%24skipToken=x_z") }, "GET",
            "https://h/x?%24skipToken=x_z", untracked, NULL },
        { { .kind = UPSTREAM_LIST_GROUPS }, "GET", BASE "taskgroups", plain, NULL },
        { { .kind = UPSTREAM_SYNC_TASKS, .folder_id = STR("AQ-_k==") }, "GET",
            BASE "TaskFolders('AQ-_k%3D%3D')/Tasks", tracked, NULL },
        { { .kind = UPSTREAM_SYNC_TASKS, .link = STR("https://h/T/?%24deltatoken=1") }, "GET",
            "https://h/T/?%24deltatoken=1", tracked, NULL },
        { { .kind = UPSTREAM_SYNC_TASKS, .link = STR("https://h/T/?$DeltaToken=skiptoken") }, "GET",
            "https://h/T/?$DeltaToken=skiptoken", tracked, NULL },
        { { .kind = UPSTREAM_SYNC_TASKS, .link = STR("https://h/T/?a=1&%24sKipToken=1") }, "GET",
            "https://h/T/?a=1&%24sKipToken=1", untracked, NULL },
        { { .kind = UPSTREAM_SYNC_TASKS, .link = STR("https://h/T/?$skiptoken=1") }, "GET",
            "https://h/T/?$skiptoken=1", untracked, NULL },
        { { .kind = UPSTREAM_SYNC_TASKS, .link = STR("https://h/T?%24skip=10#untracked") }, "GET",
            "https://h/T?%24skip=10", untracked, NULL },
        { { .kind = UPSTREAM_GET_TASK, .task_id = STR("AAM'k/=") }, "GET",
            BASE "tasks('AAM%27%27k%2F%3D')", plain, NULL },
        { { .kind = UPSTREAM_GET_TASK, .task_id = STR("A="), .marker = STR("m1") }, "GET",
            BASE "tasks('A%3D')" MARKER_EXPAND, plain, NULL },
        { { .kind = UPSTREAM_DELETE_TASK, .task_id = STR("A=") }, "DELETE", BASE "tasks('A%3D')",
            plain, NULL },
        { { .kind = UPSTREAM_DELETE_TASK, .task_id = STR("A="), .etag = STR("W/\"k9/a+c==\"") },
            "DELETE", BASE "tasks('A%3D')", plain_if, NULL },
        { { .kind = UPSTREAM_COMPLETE_TASK, .task_id = STR("A=") }, "POST",
            BASE "tasks('A%3D')/complete", plain, "" },
        { { .kind = UPSTREAM_UPDATE_TASK,
              .task_id = STR("A="),
              .etag = STR("W/\"k9/a+c==\""),
              .fields = TASK_FIELD(TASK_TITLE) },
            "PATCH", BASE "tasks('A%3D')", json_if, "{\"Subject\":\"Milk & \\\"eggs\\\"\"}" },
        { { .kind = UPSTREAM_CREATE_TASK,
              .folder_id = STR("F="),
              .marker = STR("m1"),
              .fields = TASK_ALL_FIELDS },
            "POST", BASE "taskfolders('F%3D')/tasks", json,
            "{\"Subject\":\"Milk & \\\"eggs\\\"\",\"" MARKER "}" },
        { { .kind = UPSTREAM_CREATE_FOLDER, .name = STR("Caf\xc3\xa9"), .marker = STR("m1") },
            "POST", BASE "taskfolders", json, "{\"Name\":\"Caf\xc3\xa9\",\"" MARKER "}" },
        { { .kind = UPSTREAM_RENAME_FOLDER, .folder_id = STR("F="), .name = STR("B") }, "PATCH",
            BASE "taskfolders('F%3D')", json, "{\"Name\":\"B\"}" },
        { { .kind = UPSTREAM_DELETE_FOLDER, .folder_id = STR("F=") }, "DELETE",
            BASE "taskfolders('F%3D')", plain, NULL },
        { { .kind = UPSTREAM_FIND_TASK, .folder_id = STR("F="), .marker = STR("m1") }, "GET",
            BASE "TaskFolders('F%3D')/Tasks" MARKER_QUERY, plain, NULL },
        { { .kind = UPSTREAM_FIND_FOLDER, .marker = STR("m1") }, "GET",
            BASE "TaskFolders" MARKER_QUERY, plain, NULL },
    };
    struct arena *arena = arena_new();
    struct task task;

    (void)state;
    task_init(&task);
    task.title = S("Milk & \"eggs\"");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct upstream_call call = cases[i].call;
        struct upstream_request request;
        struct err err;

        call.zone = zone_find(S("Europe/Paris"));
        call.task = &task;
        assert_true(dialect_outlook.can(call.kind));
        assert_true(dialect_outlook.build(&call, S(BASE), arena, &request, &err));
        assert_text(i, "method", request.method, cases[i].method);
        assert_text(i, "url", request.url, cases[i].url);
        assert_text(i, "headers", headers_of(&request, arena), cases[i].headers);
        assert_int_equal(request.has_body, cases[i].body != NULL);
        assert_text(i, "body", request.body, cases[i].body != NULL ? cases[i].body : "");
    }
    arena_free(&arena);
}

static void page_size_is_asked_for_within_bounds(void **state)
{
    struct arena *arena = arena_new();
    struct upstream_call call = { .kind = UPSTREAM_SYNC_FOLDERS, .page_size = 3 };
    struct upstream_request request;
    struct err err;

    (void)state;
    assert_true(dialect_outlook.build(&call, S(BASE), arena, &request, &err));
    assert_true(str_find(headers_of(&request, arena), S("odata.maxpagesize=3\n")) != SIZE_MAX);
    assert_true(str_find(headers_of(&request, arena), S("timezone=\"UTC\"\n")) != SIZE_MAX);
    call.page_size = 1000000;
    assert_true(dialect_outlook.build(&call, S(BASE), arena, &request, &err));
    assert_true(str_find(headers_of(&request, arena), S("odata.maxpagesize=1000\n")) != SIZE_MAX);
    arena_free(&arena);
}

static void finding_needs_a_marker(void **state)
{
    struct arena *arena = arena_new();
    struct upstream_call call = { .kind = UPSTREAM_FIND_TASK, .folder_id = S("F") };
    struct upstream_request request;
    struct err err = { 0 };

    (void)state;
    assert_false(dialect_outlook.build(&call, S(BASE), arena, &request, &err));
    assert_int_equal(err.kind, ERR_INVALID);
    arena_free(&arena);
}

/* mapping.md 3.3 and V023 to V030, V041, V052, V064, V067, V073, V088, V104, V111 to V136, V152 */
static void patches_hold_what_changed_and_nothing_else(void **state)
{
    const struct task_date start = { .is_set = true, .day = civil_days(2026, 5, 4) };
    const struct task_date due = { .is_set = true, .day = civil_days(2026, 5, 7) };
    const struct task_recurrence weekly = { .is_set = true,
        .pattern = TASK_WEEKLY,
        .interval = 2,
        .weekdays = 1u << 1 | 1u << 4,
        .first_weekday = 1,
        .start_day = civil_days(2026, 3, 2) };
    const struct task_recurrence yearly = { .is_set = true,
        .pattern = TASK_RELATIVE_YEARLY,
        .interval = 1,
        .month = 11,
        .weekdays = 1u << 4,
        .index = -1,
        .range = TASK_NUMBERED,
        .start_day = civil_days(2026, 11, 26),
        .count = 5 };
    const struct task_recurrence monthly = { .is_set = true,
        .pattern = TASK_ABSOLUTE_MONTHLY,
        .interval = 1,
        .day_of_month = 15,
        .range = TASK_END_DATE,
        .start_day = civil_days(2026, 1, 15),
        .end_day = civil_days(2026, 12, 31) };
    struct str items[] = { S("Tom, Dick"), S("Urgent") };
    const struct {
        struct task task;
        task_fields fields;
        const char *json;
    } cases[] = {
        { { .title = S("") }, TASK_FIELD(TASK_TITLE), "{\"Subject\":\"\"}" },
        { { .body = { .content = S("l1\nl2") } }, TASK_FIELD(TASK_BODY),
            "{\"Body\":{\"ContentType\":\"Text\",\"Content\":\"l1\\r\\nl2\"}}" },
        { { .body = { .content = S("") } }, TASK_FIELD(TASK_BODY),
            "{\"Body\":{\"ContentType\":\"Text\",\"Content\":\"\"}}" },
        { { .body = { .is_html = true, .content = S("<b>hi</b>") } }, TASK_FIELD(TASK_BODY),
            "{\"Body\":{\"ContentType\":\"HTML\",\"Content\":\"<b>hi</b>\"}}" },
        { { .priority = 1 }, TASK_FIELD(TASK_PRIORITY), "{\"Importance\":\"High\"}" },
        { { .priority = 9 }, TASK_FIELD(TASK_PRIORITY), "{\"Importance\":\"Low\"}" },
        { { .sensitivity = TASK_PRIVATE }, TASK_FIELD(TASK_SENSITIVITY),
            "{\"Sensitivity\":\"Private\"}" },
        { { .status = TASK_WAITING }, TASK_FIELD(TASK_STATUS), "{\"Status\":\"WaitingOnOthers\"}" },
        { { .status = TASK_DONE, .completed = due },
            TASK_FIELD(TASK_STATUS) | TASK_FIELD(TASK_COMPLETED),
            "{\"Status\":\"Completed\",\"CompletedDateTime\":{\"DateTime\":\"2026-05-07T00:00:00\","
            "\"TimeZone\":\"Romance Standard Time\"}}" },
        { { .status = TASK_DONE, .completed = due }, TASK_FIELD(TASK_COMPLETED),
            "{\"Status\":\"Completed\",\"CompletedDateTime\":{\"DateTime\":\"2026-05-07T00:00:00\","
            "\"TimeZone\":\"Romance Standard Time\"}}" },
        { { .status = TASK_NOT_STARTED }, TASK_FIELD(TASK_STATUS) | TASK_FIELD(TASK_COMPLETED),
            "{\"Status\":\"NotStarted\"}" },
        { { .status = TASK_NOT_STARTED }, TASK_FIELD(TASK_COMPLETED),
            "{\"CompletedDateTime\":null}" },
        { { .start = start, .due = start }, TASK_FIELD(TASK_DUE),
            "{\"DueDateTime\":{\"DateTime\":\"2026-05-04T00:00:00\",\"TimeZone\":\"Romance "
            "Standard Time\"}}" },
        { { .title = S("x") }, TASK_FIELD(TASK_DUE) | TASK_FIELD(TASK_START),
            "{\"DueDateTime\":null}" },
        { { .due = due }, TASK_FIELD(TASK_START), "{\"StartDateTime\":null}" },
        { { .start = start, .due = due }, TASK_FIELD(TASK_DUE) | TASK_FIELD(TASK_START),
            "{\"StartDateTime\":{\"DateTime\":\"2026-05-04T00:00:00\",\"TimeZone\":\"Romance "
            "Standard Time\"},\"DueDateTime\":{\"DateTime\":\"2026-05-07T00:00:00\",\"TimeZone\":"
            "\"Romance Standard Time\"}}" },
        { { .reminder = { .is_on = true, .instant_s = 1642791600 } }, TASK_FIELD(TASK_REMINDER),
            "{\"IsReminderOn\":true,\"ReminderDateTime\":{\"DateTime\":\"2022-01-21T19:00:00\","
            "\"TimeZone\":\"UTC\"}}" },
        { { .title = S("x") }, TASK_FIELD(TASK_REMINDER), "{\"IsReminderOn\":false}" },
        { { .recurrence = weekly }, TASK_FIELD(TASK_RECURRENCE),
            "{\"Recurrence\":{\"Pattern\":{\"Type\":\"Weekly\",\"Interval\":2,\"DaysOfWeek\":["
            "\"Monday\",\"Thursday\"],\"FirstDayOfWeek\":\"Monday\"},\"Range\":{\"Type\":\"NoEnd\","
            "\"StartDate\":\"2026-03-02\"}}}" },
        { { .recurrence = yearly }, TASK_FIELD(TASK_RECURRENCE),
            "{\"Recurrence\":{\"Pattern\":{\"Type\":\"RelativeYearly\",\"Interval\":1,\"Month\":11,"
            "\"DaysOfWeek\":[\"Thursday\"],\"Index\":\"Last\"},\"Range\":{\"Type\":\"Numbered\","
            "\"StartDate\":\"2026-11-26\",\"NumberOfOccurrences\":5}}}" },
        { { .recurrence = monthly }, TASK_FIELD(TASK_RECURRENCE),
            "{\"Recurrence\":{\"Pattern\":{\"Type\":\"AbsoluteMonthly\",\"Interval\":1,"
            "\"DayOfMonth\":15},\"Range\":{\"Type\":\"EndDate\",\"StartDate\":\"2026-01-15\","
            "\"EndDate\":\"2026-12-31\"}}}" },
        { { .title = S("x") }, TASK_FIELD(TASK_RECURRENCE), "{\"Recurrence\":null}" },
        { { .categories = { items, 2 } }, TASK_FIELD(TASK_CATEGORIES),
            "{\"Categories\":[\"Tom, Dick\",\"Urgent\"]}" },
        { { .title = S("x") }, TASK_FIELD(TASK_CATEGORIES), "{\"Categories\":[]}" },
        { { .percent = 40, .owner = S("o"), .assigned_to = S("a"), .url = S("u") },
            TASK_FIELD(TASK_PERCENT) | TASK_FIELD(TASK_OWNER) | TASK_FIELD(TASK_ASSIGNED_TO) |
                TASK_FIELD(TASK_URL),
            "{}" },
        { { .title = S("x") }, 0, "{}" },
    };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_text(i, "json",
            dialect_outlook.write_task(
                &cases[i].task, cases[i].fields, zone_find(S("Europe/Paris")), false, arena),
            cases[i].json);
    }
    arena_free(&arena);
}

static void creation_leaves_out_what_is_at_its_default(void **state)
{
    struct arena *arena = arena_new();
    struct task task;

    (void)state;
    task_init(&task);
    assert_text(0, "empty",
        dialect_outlook.write_task(&task, TASK_ALL_FIELDS, zone_utc(), true, arena),
        "{\"Subject\":\"\"}");
    task.priority = 1;
    task.start = (struct task_date){ .is_set = true, .day = 0 };
    task.due = task.start;
    assert_text(1, "start alone",
        dialect_outlook.write_task(
            &task, TASK_ALL_FIELDS & ~TASK_FIELD(TASK_DUE), zone_utc(), true, arena),
        "{\"Subject\":\"\",\"Importance\":\"High\",\"StartDateTime\":{\"DateTime\":\"1970-01-01T00:"
        "00:00\",\"TimeZone\":\"UTC\"}}");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_becomes_its_request),
        cmocka_unit_test(page_size_is_asked_for_within_bounds),
        cmocka_unit_test(finding_needs_a_marker),
        cmocka_unit_test(patches_hold_what_changed_and_nothing_else),
        cmocka_unit_test(creation_leaves_out_what_is_at_its_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
