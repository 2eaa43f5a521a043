#include "bridge/core/buf.h"
#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/dialect.h"
#include "ical/zone.h"
#include "tests/unit/upstream/driver.h"

#include <string.h>

#define BASE "https://outlook.office.com/api/v2.0/me/"
#define NOW  1800000000

static struct upstream_reply parse(const struct upstream_call *call, int status,
    const struct http_header *headers, size_t header_count, struct str body)
{
    struct upstream_reply reply = { 0 };
    struct upstream_answer answer = { status, headers, header_count, body };

    dialect_outlook.parse(call, &answer, NOW, arena, &reply);
    return reply;
}

static struct upstream_item read(const char *name, const char *zone)
{
    struct upstream_item item;
    struct err err = { 0 };

    if (!dialect_outlook.read_task(fixture(name), zone_find(str_from(zone)), arena, &item, &err)) {
        fail_msg("%s: %s", name, err.text);
    }
    return item;
}

static void assert_day(const struct task_date *date, int32_t year, int32_t month, int32_t day)
{
    assert_true(date->is_set);
    assert_int_equal(date->form, TASK_DATE_ONLY);
    assert_int_equal(date->day, civil_days(year, month, day));
    assert_true(date->has_instant);
}

static void a_full_entity_is_read_member_by_member(void **state)
{
    struct upstream_item item = read("outlook/task.json", "America/Los_Angeles");
    const struct task *task = &item.task;

    (void)state;
    assert_true(str_eq(item.id, S("AAMkT1=")));
    assert_true(str_eq(item.etag, S("W/\"k9/aB+c0AAIa3w==\"")));
    assert_int_equal(item.marker.n, 0);
    assert_int_equal(task->present, TASK_ALL_FIELDS);
    assert_true(str_eq(task->title, S("Shop for the weekend")));
    assert_true(str_eq(task->body.content, S("l1\nl2")));
    assert_false(task->body.is_html);
    assert_int_equal(task->priority, 1);
    assert_int_equal(task->sensitivity, TASK_PRIVATE);
    assert_int_equal(task->status, TASK_WAITING);
    assert_int_equal(task->percent, -1);
    assert_false(task->completed.is_set);
    assert_day(&task->start, 2016, 5, 3); /* seed 000, second example: a day later than it looks */
    assert_day(&task->due, 2016, 5, 5);
    assert_int_equal(task->start.instant_s, 1462248000); /* 2016-05-03T04:00:00Z */
    assert_true(task->reminder.is_on);
    assert_int_equal(task->reminder.instant_s, 1462437000);
    assert_int_equal(task->categories.count, 2);
    assert_true(str_eq(task->categories.items[1], S("work")));
    assert_true(str_eq(task->assigned_to, S("Bob")));
    assert_true(str_eq(task->owner, S("Administrator")));
    assert_int_equal(task->created_us, 1461363558952600);
    assert_int_equal(task->modified_us, 1461363559015101);
    assert_true(task->has_attachments);
    assert_true(task->recurrence.is_set);
    assert_int_equal(task->recurrence.pattern, TASK_WEEKLY);
    assert_int_equal(task->recurrence.interval, 2);
    assert_int_equal(task->recurrence.weekdays, 1 << 2 | 1 << 0);
    assert_int_equal(task->recurrence.first_weekday, 1);
    assert_int_equal(task->recurrence.index, 0); /* not used by the pattern */
    assert_int_equal(task->recurrence.range, TASK_END_DATE);
    assert_int_equal(task->recurrence.start_day, civil_days(2016, 5, 3));
    assert_int_equal(task->recurrence.end_day, civil_days(2016, 12, 31));
}

static void null_members_are_defaults_and_present(void **state)
{
    struct upstream_item item = read("outlook/task_empty.json", "Europe/Paris");
    struct task empty;

    (void)state;
    task_init(&empty);
    assert_int_equal(item.task.present, TASK_ALL_FIELDS);
    assert_int_equal(task_diff(&item.task, &empty), TASK_FIELD(TASK_TITLE));
    assert_int_equal(item.etag.n, 0);
}

static void absent_members_are_not_present(void **state)
{
    static const struct {
        const char *json;
        task_fields present;
    } cases[] = {
        { "{\"Id\":\"a\"}", 0 },
        { "{\"Id\":\"a\",\"Subject\":null}", TASK_FIELD(TASK_TITLE) },
        { "{\"Id\":\"a\",\"subject\":\"x\"}", 0 },
        { "{\"Id\":\"a\",\"DueDateTimeTime\":null}", 0 },
        { "{\"Id\":\"a\",\"DueDateTime\":null}", TASK_FIELD(TASK_DUE) },
        { "{\"Id\":\"a\",\"IsReminderOn\":false}", TASK_FIELD(TASK_REMINDER) },
        { "{\"Id\":\"a\",\"IsReminderOn\":true}", 0 },
        { "{\"Id\":\"a\",\"IsReminderOn\":true,\"ReminderDateTime\":null}",
            TASK_FIELD(TASK_REMINDER) },
        { "{\"Id\":\"a\",\"ReminderDateTime\":{\"DateTime\":\"2026-01-01T00:00:00\",\"TimeZone\":"
          "\"UTC\"}}",
            0 },
    };
    const task_fields never = TASK_FIELD(TASK_PERCENT) | TASK_FIELD(TASK_URL);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct upstream_item item;
        struct err err;

        assert_true(
            dialect_outlook.read_task(str_from(cases[i].json), zone_utc(), arena, &item, &err));
        assert_int_equal(item.task.present, cases[i].present | never);
        assert_false(item.task.reminder.is_on);
    }
}

static void unknown_values_are_tolerated(void **state)
{
    struct upstream_item item;
    struct err err;
    struct task empty;

    (void)state;
    task_init(&empty);
    assert_true(dialect_outlook.read_task(
        S("{\"Id\":\"a\",\"Status\":\"Dreaming\",\"Importance\":\"Utmost\",\"Sensitivity\":\"?\","
          "\"Body\":{\"ContentType\":\"Markdown\",\"Content\":\"\"},\"New\":{\"a\":[1]},"
          "\"Recurrence\":{\"Pattern\":{\"Type\":\"Regenerating\"},\"Range\":null},"
          "\"CompletedDateTime\":{\"DateTime\":\"0001-01-01T00:00:00\",\"TimeZone\":\"UTC\"}}"),
        zone_utc(), arena, &item, &err));
    assert_int_equal(task_diff(&item.task, &empty), 0);
}

static void wrong_types_are_errors_of_the_entity(void **state)
{
    static const char *const cases[] = {
        "[]",
        "{}",
        "{\"Id\":5}",
        "{\"Id\":\"\"}",
        "{\"id\":\"a\"}",
        "{\"Id\":\"a\",\"Subject\":5}",
        "{\"Id\":\"a\",\"Body\":\"x\"}",
        "{\"Id\":\"a\",\"Importance\":1}",
        "{\"Id\":\"a\",\"Categories\":\"Home\"}",
        "{\"Id\":\"a\",\"Categories\":[1]}",
        "{\"Id\":\"a\",\"DueDateTime\":\"2026-01-01\"}",
        "{\"Id\":\"a\",\"DueDateTime\":{\"DateTime\":5,\"TimeZone\":\"UTC\"}}",
        "{\"Id\":\"a\",\"DueDateTime\":{\"DateTime\":\"soon\",\"TimeZone\":\"UTC\"}}",
        "{\"Id\":\"a\",\"DueDateTime\":{\"DateTime\":\"2026-01-01T00:00:00\",\"TimeZone\":1}}",
        "{\"Id\":\"a\",\"IsReminderOn\":\"true\"}",
        "{\"Id\":\"a\",\"ReminderDateTime\":\"x\"}",
        "{\"Id\":\"a\",\"CreatedDateTime\":\"x\"}",
        "{\"Id\":\"a\",\"HasAttachments\":\"False\"}",
        "{\"Id\":\"a\",\"Recurrence\":{}}",
        "{\"Id\":\"a\",\"Recurrence\":{\"Pattern\":{\"Type\":1}}}",
        "{\"Id\":\"a\",\"Recurrence\":{\"Pattern\":{\"Type\":\"Daily\",\"Interval\":\"1\"}}}",
        "{\"Id\":\"a\",\"Recurrence\":{\"Pattern\":{\"Type\":\"Daily\",\"Interval\":1e9}}}",
        "{\"Id\":\"a\",\"Recurrence\":{\"Pattern\":{\"Type\":\"Weekly\",\"DaysOfWeek\":[1]}}}",
        "{\"Id\":\"a\",\"Recurrence\":{\"Pattern\":{},\"Range\":{\"StartDate\":\"x\"}}}",
        "{\"Id\":\"a\\u0000\"}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct upstream_item item;
        struct err err = { 0 };

        if (dialect_outlook.read_task(str_from(cases[i]), zone_utc(), arena, &item, &err)) {
            fail_msg("case %zu: %s", i, cases[i]);
        }
        assert_int_equal(err.kind, ERR_INVALID);
    }
}

static void the_first_answer_of_a_round_is_never_its_end(void **state)
{
    const struct http_header applied = { S("preference-applied"), S("odata.track-changes") };
    const struct {
        const char *file;
        const char *link; /* of the call */
        bool is_applied;
        enum upstream_link kind;
        const char *next;
    } cases[] = {
        { "outlook/sync_first.json", "", true, UPSTREAM_LINK_MORE,
            BASE "TaskFolders('AQMkF1==')/Tasks/?%24deltatoken=175e2e04" },
        { "outlook/sync_first.json", "", false, UPSTREAM_LINK_MORE,
            BASE "TaskFolders('AQMkF1==')/Tasks/?%24deltatoken=175e2e04" },
        { "outlook/sync_next.json", "https://h/?%24deltatoken=1", false, UPSTREAM_LINK_MORE,
            "https://outlook.office365.com/api/v2.0/me/TaskFolders('AQMkF1==')/Tasks/"
            "?%24skipToken=0fbce203" },
        { "outlook/sync_last.json", "https://h/?%24skiptoken=1", false, UPSTREAM_LINK_DONE,
            BASE "taskfolders('AQMkF1==')/Tasks/?%24deltaToken=294a8f04" },
        { "outlook/sync_next.json", "", false, UPSTREAM_LINK_MORE,
            "https://outlook.office365.com/api/v2.0/me/TaskFolders('AQMkF1==')/Tasks/"
            "?%24skipToken=0fbce203#untracked" },
        { "outlook/groups.json", "", false, UPSTREAM_LINK_NONE, "" },
        { "outlook/groups.json", "https://h/?%24skip=10#untracked", false, UPSTREAM_LINK_NONE, "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct upstream_call call = { .kind = UPSTREAM_SYNC_TASKS,
            .link = str_from(cases[i].link) };
        struct upstream_reply reply =
            parse(&call, 200, &applied, cases[i].is_applied ? 1 : 0, fixture(cases[i].file));

        assert_int_equal(reply.err.kind, ERR_NONE);
        assert_int_equal(reply.link_kind, cases[i].kind);
        assert_true(str_eq(reply.link, str_from(cases[i].next)));
        assert_non_null(reply.page);
        dialect_outlook.page_free(&reply.page);
        assert_null(reply.page);
    }
}

static void broken_listings_are_the_fault_of_the_service(void **state)
{
    static const struct {
        const char *link, *json;
    } cases[] = {
        { "", "" },
        { "", "{\"value\":[" },
        { "", "[]" },
        { "", "{\"value\":{}}" },
        { "https://h/?$deltatoken=1", "{\"value\":[]}" },
        { "https://h/?$skiptoken=1", "{\"value\":[]}" },
        { "https://h/?$skiptoken=1",
            "{\"value\":[],\"@odata.nextLink\":\"https://h/?$skiptoken=1\"}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct upstream_call call = { .kind = UPSTREAM_SYNC_TASKS,
            .link = str_from(cases[i].link) };
        struct upstream_reply reply = parse(&call, 200, NULL, 0, str_from(cases[i].json));

        assert_int_equal(reply.err.kind, ERR_UPSTREAM);
        assert_null(reply.page);
        assert_false(reply.is_forgotten);
    }
}

static void removed_entries_are_known_in_every_form(void **state)
{
    struct upstream_call call = { .kind = UPSTREAM_SYNC_TASKS, .link = S("https://h/?x=1") };
    struct upstream_reply reply = parse(&call, 200, NULL, 0, fixture("outlook/sync_last.json"));
    struct upstream_item item;
    struct err err;
    int count = 0;

    (void)state;
    while (dialect_outlook.next_item(reply.page, arena, &item, &err)) {
        count++;
        assert_true(item.is_removed);
        assert_true(str_eq(item.id, arena_printf(arena, "AAMkR%d=", count)));
    }
    assert_int_equal(err.kind, ERR_NONE);
    assert_int_equal(count, 5);
    dialect_outlook.page_free(&reply.page);
}

static void an_entry_that_cannot_be_read_is_an_error_of_the_page(void **state)
{
    struct upstream_call call = { .kind = UPSTREAM_SYNC_TASKS };
    struct upstream_reply reply = parse(&call, 200, NULL, 0,
        S("{\"value\":[{\"Id\":\"a\"},{\"Id\":\"b\",\"Subject\":1}],\"@odata.deltaLink\":\"x\"}"));
    struct upstream_item item;
    struct err err;

    (void)state;
    assert_true(dialect_outlook.next_item(reply.page, arena, &item, &err));
    assert_false(dialect_outlook.next_item(reply.page, arena, &item, &err));
    assert_int_equal(err.kind, ERR_UPSTREAM);
    dialect_outlook.page_free(&reply.page);
}

static void folders_and_groups_are_read(void **state)
{
    struct upstream_call call = { .kind = UPSTREAM_SYNC_FOLDERS };
    struct upstream_reply reply = parse(&call, 200, NULL, 0, fixture("outlook/folders.json"));
    struct upstream_folder folder;
    struct err err;

    (void)state;
    assert_int_equal(reply.link_kind, UPSTREAM_LINK_MORE);
    assert_true(dialect_outlook.next_folder(reply.page, arena, &folder, &err));
    assert_true(folder.is_default && folder.is_writable && !folder.is_removed);
    assert_true(str_eq(folder.id, S("AAMkF1=")));
    assert_true(str_eq(folder.name, S("Tasks")));
    assert_true(str_eq(folder.group, S("0006f0b7-0000-0000-c000-000000000046")));
    assert_true(dialect_outlook.next_folder(reply.page, arena, &folder, &err));
    assert_false(folder.is_default);
    assert_true(dialect_outlook.next_folder(reply.page, arena, &folder, &err));
    assert_true(folder.is_removed);
    assert_true(str_eq(folder.id, S("AAMkF3=")));
    assert_false(dialect_outlook.next_folder(reply.page, arena, &folder, &err));
    assert_int_equal(err.kind, ERR_NONE);
    dialect_outlook.page_free(&reply.page);

    call.kind = UPSTREAM_LIST_GROUPS;
    reply = parse(&call, 200, NULL, 0, fixture("outlook/groups.json"));
    assert_int_equal(reply.link_kind, UPSTREAM_LINK_NONE);
    assert_true(dialect_outlook.next_folder(reply.page, arena, &folder, &err));
    assert_true(folder.is_default);
    assert_true(str_eq(folder.group, S("0006f0b7-0000-0000-c000-000000000046")));
    dialect_outlook.page_free(&reply.page);
}

static void only_what_shows_the_marker_is_found(void **state)
{
    struct upstream_call call = { .kind = UPSTREAM_FIND_TASK, .marker = S("m1") };
    struct upstream_reply reply = parse(&call, 200, NULL, 0, fixture("outlook/find.json"));
    struct upstream_item item;
    struct err err;

    (void)state;
    assert_int_equal(reply.link_kind, UPSTREAM_LINK_NONE);
    assert_true(dialect_outlook.next_item(reply.page, arena, &item, &err));
    assert_true(str_eq(item.id, S("AAMkMINE=")));
    assert_true(str_eq(item.marker, S("m1")));
    assert_false(dialect_outlook.next_item(reply.page, arena, &item, &err));
    assert_int_equal(err.kind, ERR_NONE);
    dialect_outlook.page_free(&reply.page);
}

static void completing_answers_with_both_tasks(void **state)
{
    struct upstream_call call = { .kind = UPSTREAM_COMPLETE_TASK, .task_id = S("AAMkM=") };
    struct upstream_reply reply = parse(&call, 200, NULL, 0, fixture("outlook/complete.json"));
    struct upstream_item item;
    struct err err;

    (void)state;
    assert_int_equal(reply.err.kind, ERR_NONE);
    assert_true(dialect_outlook.next_item(reply.page, arena, &item, &err));
    assert_int_equal(item.task.status, TASK_DONE);
    assert_day(&item.task.completed, 2016, 4, 22);
    assert_true(dialect_outlook.next_item(reply.page, arena, &item, &err));
    assert_int_equal(item.task.status, TASK_NOT_STARTED);
    dialect_outlook.page_free(&reply.page);
}

static void single_answers_fill_in_the_item_or_the_folder(void **state)
{
    const struct http_header date = { S("Date"), S("Sun, 06 Nov 1994 08:49:37 GMT") };
    struct upstream_call call = { .kind = UPSTREAM_CREATE_TASK, .zone = zone_utc() };
    struct upstream_reply reply = parse(&call, 201, &date, 1, fixture("outlook/task.json"));

    (void)state;
    assert_int_equal(reply.err.kind, ERR_NONE);
    assert_true(str_eq(reply.item.id, S("AAMkT1=")));
    assert_int_equal(reply.service_date_s, 784111777);
    call.kind = UPSTREAM_RENAME_FOLDER;
    reply = parse(&call, 200, NULL, 0, S("{\"Id\":\"F\",\"Name\":\"B\"}"));
    assert_true(str_eq(reply.folder.name, S("B")));
    call.kind = UPSTREAM_DELETE_TASK;
    assert_int_equal(parse(&call, 204, NULL, 0, S("")).err.kind, ERR_NONE);
    call.kind = UPSTREAM_UPDATE_TASK;
    assert_int_equal(parse(&call, 200, NULL, 0, S("{\"Id\":\"F\"")).err.kind, ERR_UPSTREAM);
    assert_int_equal(parse(&call, 200, NULL, 0, S("")).err.kind, ERR_UPSTREAM);
}

static void a_change_answered_with_204_is_done(void **state)
{
    struct upstream_call call = {
        .kind = UPSTREAM_UPDATE_TASK, .task_id = S("A="), .folder_id = S("F="), .name = S("B")
    };
    struct upstream_reply reply = parse(&call, 204, NULL, 0, S(""));

    (void)state;
    assert_int_equal(reply.err.kind, ERR_NONE);
    assert_true(str_eq(reply.item.id, S("A=")));
    assert_int_equal(reply.item.task.present, 0);
    call.kind = UPSTREAM_RENAME_FOLDER;
    reply = parse(&call, 204, NULL, 0, S(""));
    assert_int_equal(reply.err.kind, ERR_NONE);
    assert_true(str_eq(reply.folder.id, S("F=")));
    assert_true(str_eq(reply.folder.name, S("B")));
    assert_false(reply.folder.says_default);
    call.kind = UPSTREAM_CREATE_TASK; /* without an Id nobody knows what was made */
    assert_int_equal(parse(&call, 204, NULL, 0, S("")).err.kind, ERR_UPSTREAM);
}

static void what_a_single_get_leaves_out_is_not_set(void **state)
{
    struct upstream_call call = { .kind = UPSTREAM_GET_TASK, .zone = zone_utc() };
    struct upstream_reply reply =
        parse(&call, 200, NULL, 0, S("{\"Id\":\"A\",\"Subject\":\"Milk\"}"));

    (void)state;
    assert_int_equal(reply.item.task.present, TASK_ALL_FIELDS);
    assert_false(reply.item.task.due.is_set);
    call.kind = UPSTREAM_UPDATE_TASK;
    reply = parse(&call, 200, NULL, 0, S("{\"Id\":\"A\",\"Subject\":\"Milk\"}"));
    assert_true(reply.item.task.present & TASK_FIELD(TASK_TITLE));
    assert_false(reply.item.task.present & TASK_FIELD(TASK_DUE));
}

static void a_404_that_nobody_stands_for_is_told_apart(void **state)
{
    struct upstream_call call = { .kind = UPSTREAM_GET_TASK };

    (void)state;
    assert_true(parse(&call, 404, NULL, 0, S("<html>")).is_maybe_gone);
    assert_true(parse(&call, 404, NULL, 0, S("")).is_maybe_gone);
    assert_false(parse(&call, 500, NULL, 0, S("")).is_maybe_gone);
    assert_false(parse(&call, 404, NULL, 0, S("{\"error\":{\"code\":\"ErrorItemNotFound\"}}"))
                     .is_maybe_gone);
}

#define ERROR(code) "{\"error\":{\"code\":\"" code "\",\"message\":\"m\"}}"

static void refusals_become_what_the_caller_can_do(void **state)
{
    static const struct {
        enum upstream_kind kind;
        const char *link;
        int status;
        const char *body;
        enum err_kind err;
        bool is_forgotten, is_account_gone;
    } cases[] = {
        { UPSTREAM_GET_TASK, "", 404, ERROR("ErrorItemNotFound"), ERR_NOT_FOUND, false, false },
        { UPSTREAM_GET_TASK, "", 404, "", ERR_UPSTREAM, false, false },
        { UPSTREAM_GET_TASK, "", 404, "<html>Not Found</html>", ERR_UPSTREAM, false, false },
        { UPSTREAM_GET_TASK, "", 404, ERROR("MailboxNotEnabledForRESTAPI"), ERR_UPSTREAM, false,
            true },
        { UPSTREAM_SYNC_TASKS, "", 404, ERROR("MailboxNotSupportedForRESTAPI"), ERR_UPSTREAM, false,
            true },
        { UPSTREAM_SYNC_TASKS, "", 404, ERROR("ErrorItemNotFound"), ERR_NOT_FOUND, false, false },
        { UPSTREAM_SYNC_TASKS, "https://h/?l", 404, ERROR("ErrorItemNotFound"), ERR_NOT_FOUND,
            false, false },
        { UPSTREAM_SYNC_TASKS, "https://h/?l", 410, ERROR("SyncStateNotFound"), ERR_UPSTREAM, true,
            false },
        { UPSTREAM_SYNC_TASKS, "https://h/?l", 410, "", ERR_UPSTREAM, true, false },
        { UPSTREAM_SYNC_FOLDERS, "https://h/?l", 404, ERROR("syncstatenotfound"), ERR_UPSTREAM,
            true, false },
        { UPSTREAM_SYNC_TASKS, "https://h/?l", 400, ERROR("ErrorInvalidSyncStateData"),
            ERR_UPSTREAM, true, false },
        { UPSTREAM_SYNC_TASKS, "https://h/?l", 400,
            "{\"error\":{\"code\":\"x\",\"innererror\":{\"code\":\"SyncStateInvalid\"}}}",
            ERR_UPSTREAM, true, false },
        { UPSTREAM_SYNC_TASKS, "https://h/?l", 400, ERROR("ErrorInvalidUrlQuery"), ERR_INVALID,
            false, false },
        { UPSTREAM_SYNC_TASKS, "", 410, "", ERR_UPSTREAM, false, true },
        { UPSTREAM_CREATE_TASK, "", 400, ERROR("ErrorInvalidProperty"), ERR_INVALID, false, false },
        { UPSTREAM_CREATE_TASK, "", 413, "", ERR_INVALID, false, false },
        { UPSTREAM_GET_TASK, "", 401, ERROR("InvalidAuthenticationToken"), ERR_DENIED, false,
            false },
        { UPSTREAM_GET_TASK, "", 403, ERROR("ErrorAccessDenied"), ERR_DENIED, false, false },
        { UPSTREAM_UPDATE_TASK, "", 403, ERROR("ErrorAccessDenied"), ERR_DENIED, false, false },
        { UPSTREAM_UPDATE_TASK, "", 403, "<html>", ERR_DENIED, false, false },
        { UPSTREAM_UPDATE_TASK, "", 403, ERROR("ErrorQuotaExceeded"), ERR_INVALID, false, false },
        { UPSTREAM_UPDATE_TASK, "", 409, "", ERR_CONFLICT, false, false },
        { UPSTREAM_UPDATE_TASK, "", 412, ERROR("ErrorIrresolvableConflict"), ERR_CONFLICT, false,
            false },
        { UPSTREAM_GET_TASK, "", 429, "", ERR_BUSY, false, false },
        { UPSTREAM_GET_TASK, "", 500, "<html>", ERR_BUSY, false, false },
        { UPSTREAM_GET_TASK, "", 503, "", ERR_BUSY, false, false },
        { UPSTREAM_GET_TASK, "", 509, "", ERR_BUSY, false, false },
        { UPSTREAM_GET_TASK, "", 501, "", ERR_UPSTREAM, false, false },
        { UPSTREAM_GET_TASK, "", 302, "", ERR_UPSTREAM, false, false },
        { UPSTREAM_GET_TASK, "", 304, "", ERR_UPSTREAM, false, false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct upstream_call call = { .kind = cases[i].kind, .link = str_from(cases[i].link) };
        struct upstream_reply reply =
            parse(&call, cases[i].status, NULL, 0, str_from(cases[i].body));

        if (reply.err.kind != cases[i].err || reply.is_forgotten != cases[i].is_forgotten ||
            reply.is_account_gone != cases[i].is_account_gone) {
            fail_msg("case %zu: %s, forgotten %d, gone %d", i, err_kind_name(reply.err.kind),
                reply.is_forgotten, reply.is_account_gone);
        }
        assert_int_equal(reply.err.code, cases[i].status);
        assert_null(reply.page);
    }
}

static void retry_after_is_read_and_texts_are_not_logged(void **state)
{
    const struct http_header after = { S("retry-after"), S("2.128") };
    struct upstream_call call = { .kind = UPSTREAM_GET_TASK };
    struct upstream_reply reply = parse(&call, 429, &after, 1, S(""));

    (void)state;
    assert_int_equal(reply.err.retry_after_s, 3);
    reply = parse(&call, 400, &after, 1,
        S("{\"error\":{\"code\":\"Buy milk, said she\",\"message\":\"secret\"}}"));
    assert_int_equal(reply.code.n, 0);
    assert_null(strstr(reply.err.text, "milk"));
    assert_null(strstr(reply.err.text, "secret"));
    reply = parse(&call, 400, &after, 1, S(ERROR("ErrorInvalidProperty")));
    assert_true(str_eq(reply.code, S("ErrorInvalidProperty")));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_full_entity_is_read_member_by_member),
        TEST(null_members_are_defaults_and_present),
        TEST(absent_members_are_not_present),
        TEST(unknown_values_are_tolerated),
        TEST(wrong_types_are_errors_of_the_entity),
        TEST(the_first_answer_of_a_round_is_never_its_end),
        TEST(broken_listings_are_the_fault_of_the_service),
        TEST(removed_entries_are_known_in_every_form),
        TEST(an_entry_that_cannot_be_read_is_an_error_of_the_page),
        TEST(folders_and_groups_are_read),
        TEST(only_what_shows_the_marker_is_found),
        TEST(completing_answers_with_both_tasks),
        TEST(single_answers_fill_in_the_item_or_the_folder),
        TEST(a_change_answered_with_204_is_done),
        TEST(what_a_single_get_leaves_out_is_not_set),
        TEST(a_404_that_nobody_stands_for_is_told_apart),
        TEST(refusals_become_what_the_caller_can_do),
        TEST(retry_after_is_read_and_texts_are_not_logged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
