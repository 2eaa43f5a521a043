#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/todo_internal.h"
#include "http/pack.h"
#include "ical/zone.h"
#include "tests/unit/upstream/driver.h"

#include <string.h>

#include <cjson/cJSON.h>

static struct upstream_item read(struct str json, const char *zone)
{
    struct upstream_item item;
    struct err err = { 0 };

    if (!dialect_todo.read_task(json, zone_find(str_from(zone)), arena, &item, &err)) {
        fail_msg("%.*s: %s", STR_ARG(json), err.text);
    }
    return item;
}

/* {"id":"a", ...} */
static struct task read_members(const char *members)
{
    return read(arena_printf(arena, "{\"id\":\"a\",%s}", members), "Europe/Paris").task;
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
    struct upstream_item item = read(fixture("todo/task.json"), "America/New_York");
    const struct task *task = &item.task;

    (void)state;
    assert_true(str_eq(item.id, S("AQMkT1=")));
    assert_true(str_eq(item.etag, S("W/\"nT4kPw2cD9==\"")));
    assert_true(str_eq(item.marker, S("m1")));
    assert_int_equal(task->present, TASK_ALL_FIELDS);
    assert_true(str_eq(task->title, S("Shop for the weekend")));
    assert_true(str_eq(task->body.content, S("l1\nl2")));
    assert_false(task->body.is_html);
    assert_int_equal(task->priority, 1);
    assert_int_equal(task->sensitivity, TASK_NORMAL);
    assert_int_equal(task->status, TASK_WAITING);
    assert_day(&task->start, 2016, 5, 3); /* R3 */
    assert_day(&task->due, 2016, 5, 5);   /* R1, then R3: midnight in New York told in Pacific */
    assert_int_equal(task->reminder.instant_s, 1462437000);
    assert_int_equal(task->categories.count, 2);
    assert_true(str_eq(task->url, S("https://a"))); /* V078, V079: the first that has one */
    assert_int_equal(task->created_us, INT64_C(1461363558952600));
    assert_int_equal(task->modified_us, INT64_C(1461363559015101));
    assert_true(task->has_attachments);
}

/* mapping.md 4.4: due two days after the start, so the rule of the start is two days earlier */
static void a_rule_is_told_from_the_start(void **state)
{
    struct upstream_item item = read(fixture("todo/task.json"), "America/New_York");
    const struct task_recurrence *rule = &item.task.recurrence;

    (void)state;
    assert_true(rule->is_set);
    assert_int_equal(rule->weekdays, 1 << 0 | 1 << 2); /* Sunday, Tuesday */
    assert_int_equal(rule->first_weekday, 1);
    assert_int_equal(rule->start_day, civil_days(2016, 5, 3));
    assert_int_equal(rule->end_day, civil_days(2016, 12, 29));
}

static void absent_dates_are_unset_in_a_full_entity(void **state)
{
    struct task task = read(fixture("todo/task_unset.json"), "UTC").task;

    (void)state;
    assert_int_equal(task.present, TASK_ALL_FIELDS & ~TASK_FIELD(TASK_URL)); /* not asked for */
    assert_false(task.due.is_set || task.start.is_set || task.completed.is_set);
    assert_false(task.reminder.is_on || task.recurrence.is_set);
    assert_int_equal(task.body.content.n, 0);
}

static void null_is_unset_for_every_member(void **state)
{
    struct task task = read_members(
        "\"title\":null,\"body\":null,\"importance\":null,\"status\":null,\"categories\":null,"
        "\"completedDateTime\":null,\"startDateTime\":null,\"dueDateTime\":null,"
        "\"recurrence\":null,\"isReminderOn\":null,\"reminderDateTime\":null,"
        "\"linkedResources\":null,\"createdDateTime\":null,\"lastModifiedDateTime\":null,"
        "\"hasAttachments\":null,\"extensions\":null,\"checklistItems\":null");
    struct task empty;

    (void)state;
    task_init(&empty);
    assert_int_equal(task_diff(&task, &empty), 0);
    assert_int_equal(task.present, TASK_ALL_FIELDS);
}

static void what_the_future_brings_is_at_its_default(void **state)
{
    struct task task = read_members(
        "\"status\":\"delegated\",\"importance\":\"unknownFutureValue\","
        "\"recurrence\":{\"pattern\":{\"type\":\"hourly\",\"interval\":1},\"range\":null},"
        "\"body\":{\"contentType\":\"markdown\",\"content\":\"*x*\"},"
        "\"dueDateTime\":{\"dateTime\":\"2026-05-06T22:00:00.0000000\",\"timeZone\":\"Mars\"}");

    (void)state;
    assert_int_equal(task.status, TASK_NOT_STARTED);
    assert_int_equal(task.priority, 0);
    assert_false(task.recurrence.is_set);
    assert_false(task.body.is_html);
    assert_day(&task.due, 2026, 5, 7); /* R4: a zone without a name we know is the account's */
}

static void a_left_over_reminder_does_not_ring(void **state)
{
    static const char time[] =
        "\"reminderDateTime\":{\"dateTime\":\"2026-05-06T08:00:00\",\"timeZone\":\"UTC\"}";

    (void)state;
    assert_false(read_members(time).reminder.is_on);
    assert_false(
        read_members(arena_printf(arena, "%s,\"isReminderOn\":false", time).p).reminder.is_on);
    assert_true(
        read_members(arena_printf(arena, "%s,\"isReminderOn\":true", time).p).reminder.is_on);
    assert_false(read_members("\"isReminderOn\":true").reminder.is_on);
}

/* V078, V079; what is no address must not break the document's lines */
static void the_first_link_with_an_address_counts(void **state)
{
    static const struct {
        const char *links, *url;
    } cases[] = {
        { "[{\"webUrl\":\"https://a\",\"displayName\":null}]", "https://a" },
        { "[{\"webUrl\":null,\"displayName\":\"SMS\"}]", "" },
        { "[]", "" },
        { "[null,1,\"x\",{}]", "" },
        { "[{\"webUrl\":\"https://a\\r\\nX:y\"},{\"webUrl\":\"\"},{\"webUrl\":\"https://b\"}]",
            "https://b" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct task task =
            read_members(arena_printf(arena, "\"linkedResources\":%s", cases[i].links).p);

        assert_true(str_eq(task.url, str_from(cases[i].url)));
    }
}

static void broken_entities_are_refused(void **state)
{
    static const char *const cases[] = { "", "[]", "null", "{}", "{\"Id\":\"a\"}",
        "{\"id\":\"\",\"title\":\"x\"}", "{\"Subject\":\"x\"}", "{\"id\":\"a\",\"title\":1}",
        "{\"id\":\"a\",\"dueDateTime\":\"2026-05-06\"}",
        "{\"id\":\"a\",\"dueDateTime\":{\"dateTime\":\"soon\",\"timeZone\":\"UTC\"}}",
        "{\"id\":\"a\",\"categories\":[1]}", "{\"id\":\"a\",\"isReminderOn\":1}",
        "{\"id\":\"a\",\"recurrence\":{}}", "{\"id\":\"a\",\"linkedResources\":{}}" };
    struct upstream_item item;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        err = (struct err){ 0 };
        if (dialect_todo.read_task(str_from(cases[i]), zone_utc(), arena, &item, &err)) {
            fail_msg("%s", cases[i]);
        }
        assert_int_equal(err.kind, ERR_INVALID);
    }
    assert_true(dialect_todo.read_task(S("{\"title\":\"x\"}"), zone_utc(), arena, &item, &err));
}

static task_fields doubtful; /**< of the entity that present_in read last */

static task_fields present_in(const char *json, enum todo_source source)
{
    struct cJSON *root = NULL;
    struct upstream_item item;
    struct err err;

    assert_true(json_parse(str_from(json), &root, &err));
    assert_true(todo_read_item(root, zone_utc(), arena, &item, &err));
    todo_add_unset(root, source, &item);
    json_free(&root);
    doubtful = item.doubtful;
    return item.task.present & ~TODO_NEVER;
}

/* B.4, V155 */
static void what_an_absent_member_means_depends_on_where_it_is_absent(void **state)
{
    static const char full[] =
        "{\"id\":\"a\",\"title\":\"x\",\"status\":\"notStarted\","
        "\"importance\":\"low\",\"createdDateTime\":\"2026-05-01T00:00:00Z\"}";
    static const char part[] = "{\"id\":\"a\",\"title\":\"x\"}";
    task_fields said = TASK_FIELD(TASK_TITLE) | TASK_FIELD(TASK_STATUS) | TASK_FIELD(TASK_PRIORITY);
    task_fields unset = TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE) | TASK_FIELD(TASK_COMPLETED) |
                        TASK_FIELD(TASK_REMINDER);

    (void)state;
    assert_int_equal(present_in(full, TODO_SINGLE), said | unset | TASK_FIELD(TASK_RECURRENCE));
    assert_int_equal(doubtful, 0);
    assert_int_equal(present_in(full, TODO_ENTRY), said | unset | TASK_FIELD(TASK_RECURRENCE));
    assert_int_equal(doubtful, TASK_FIELD(TASK_RECURRENCE));
    assert_int_equal(present_in(part, TODO_ENTRY), TASK_FIELD(TASK_TITLE));
    assert_int_equal(
        present_in("{\"id\":\"a\",\"@removed\":{\"reason\":\"changed\"}}", TODO_ENTRY), 0);
}

static size_t kept_bytes(struct str packed, size_t *left)
{
    struct str text = arena_printf(arena,
        "{\"extensions\":[{\"extensionName\":\"" TODO_EXTENSION "\",\"kept\":\"%.*s\"}]}",
        STR_ARG(packed));
    struct upstream_item item;
    struct cJSON *root = NULL;
    struct err err;

    assert_true(json_parse(text, &root, &err));
    todo_read_kept(root, left, arena, &item);
    json_free(&root);
    return item.kept.n;
}

static void few_bytes_that_stand_for_many_are_bounded_over_a_page(void **state)
{
    const size_t n = 200 * 1024;
    char *spaces = arena_alloc(arena, n);
    size_t left = 3 * n + 10;
    struct str packed;
    struct err err;

    (void)state;
    memset(spaces, ' ', n);
    assert_true(pack_text((struct str){ spaces, n }, TODO_KEPT_MOST, arena, &packed, &err));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(kept_bytes(packed, &left), n);
    }
    assert_int_equal(left, 10);
    assert_int_equal(kept_bytes(packed, &left), 0);
    assert_int_equal(left, 0);
    assert_int_equal(kept_bytes(packed, &left), 0);
    left = TODO_TEXTS_MOST;
    assert_int_equal(kept_bytes(S("AAAA"), &left), 0);
    assert_int_equal(left, TODO_TEXTS_MOST - TODO_TEXT_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_entity_is_read_member_by_member),
        cmocka_unit_test(a_rule_is_told_from_the_start),
        cmocka_unit_test(absent_dates_are_unset_in_a_full_entity),
        cmocka_unit_test(null_is_unset_for_every_member),
        cmocka_unit_test(what_the_future_brings_is_at_its_default),
        cmocka_unit_test(a_left_over_reminder_does_not_ring),
        cmocka_unit_test(the_first_link_with_an_address_counts),
        cmocka_unit_test(broken_entities_are_refused),
        cmocka_unit_test(what_an_absent_member_means_depends_on_where_it_is_absent),
        cmocka_unit_test(few_bytes_that_stand_for_many_are_bounded_over_a_page),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
