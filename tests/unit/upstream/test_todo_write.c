#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/todo_internal.h"
#include "ical/zone.h"
#include "tests/unit/upstream/driver.h"

#define F(name)        TASK_FIELD(TASK_##name)
#define MIDNIGHT(date) "{\"dateTime\":\"" date "T00:00:00\",\"timeZone\":\"Romance Standard Time\"}"

static void assert_body(
    const struct task *task, task_fields fields, bool is_create, const char *wanted, int line)
{
    struct str json =
        dialect_todo.write_task(task, fields, zone_find(S("Europe/Paris")), is_create, arena);

    if (!str_eq(json, str_from(wanted))) {
        fail_msg("line %d: %.*s", line, STR_ARG(json));
    }
}
#define assert_patch(task, fields, wanted) assert_body((task), (fields), false, (wanted), __LINE__)
#define assert_post(task, wanted)          assert_body((task), TASK_ALL_FIELDS, true, (wanted), __LINE__)

static struct task_date on(int32_t year, int32_t month, int32_t day)
{
    return (struct task_date){ .is_set = true, .day = civil_days(year, month, day) };
}

static struct task rich_task(void)
{
    static struct str categories[] = { STR("Home"), STR("Tom, Dick") };
    struct task task;

    task_init(&task);
    task.title = S("a \"b\"");
    task.body = (struct task_body){ .is_html = true, .content = S("<p>x\ny</p>") };
    task.priority = 9;
    task.sensitivity = TASK_PRIVATE; /* not this service's */
    task.status = TASK_DONE;
    task.completed = on(2026, 5, 6);
    task.start = on(2026, 5, 4);
    task.due = on(2026, 5, 7);
    task.reminder = (struct task_reminder){ .is_on = true, .instant_s = 1778054400 };
    task.recurrence = (struct task_recurrence){ .is_set = true,
        .pattern = TASK_RELATIVE_YEARLY,
        .interval = 1,
        .month = 5,
        .weekdays = 1 << 4,
        .index = -1,
        .range = TASK_NUMBERED,
        .count = 3,
        .start_day = civil_days(2026, 5, 7) };
    task.categories = (struct task_list_of_text){ categories, ARRAY_LEN(categories) };
    return task;
}

static void members_and_values_are_spelt_in_camel_case(void **state)
{
    struct task task = rich_task();

    (void)state;
    task.start.is_set = false;
    assert_post(&task, "{\"title\":\"a "
                       "\\\"b\\\"\",\"body\":{\"contentType\":\"html\",\"content\":\"<p>x\\r\\n"
                       "y</"
                       "p>\"},\"importance\":\"low\",\"status\":\"completed\","
                       "\"completedDateTime\":" MIDNIGHT("2026-05-06") ",\"dueDateTime\":" MIDNIGHT(
                           "2026-05-07") ",\"isReminderOn\":true,"
                                         "\"reminderDateTime\":{\"dateTime\":\"2026-05-06T08:00:"
                                         "00\",\"timeZone\":\"UTC\"},"
                                         "\"recurrence\":{\"pattern\":{\"type\":\"relativeYearly\","
                                         "\"interval\":1,\"month\":5,"
                                         "\"daysOfWeek\":[\"thursday\"],\"index\":\"last\"},"
                                         "\"range\":{\"type\":\"numbered\","
                                         "\"startDate\":\"2026-05-07\",\"numberOfOccurrences\":3}},"
                                         "\"categories\":[\"Home\",\"Tom, Dick\"]}");
}

static void what_is_unset_is_sent_as_a_value_that_clears(void **state)
{
    struct task task;

    (void)state;
    task_init(&task);
    assert_post(&task, "{\"title\":\"\"}");
    assert_patch(&task, 0, "{}");
    assert_patch(&task, F(CATEGORIES), "{\"categories\":[]}");
    assert_patch(/* V104 */
        &task, F(REMINDER), "{\"isReminderOn\":false,\"reminderDateTime\":null}");
    assert_patch(&task, F(BODY), "{\"body\":{\"contentType\":\"text\",\"content\":\"\"}}");
    assert_patch(&task, F(DUE) | F(START), "{\"startDateTime\":null,\"dueDateTime\":null}");
    assert_patch(&task, F(START), "{\"startDateTime\":null}");
    assert_patch(&task, F(RECURRENCE), "{\"recurrence\":null}");
    assert_patch(&task, F(STATUS) | F(COMPLETED),
        "{\"status\":\"notStarted\",\"completedDateTime\":null}"); /* V052 */
    task.status = TASK_IN_PROGRESS;
    assert_patch(&task, F(STATUS), "{\"status\":\"inProgress\"}");
    task.status = TASK_DONE;
    assert_patch(&task, F(STATUS) | F(COMPLETED), "{\"status\":\"completed\"}");
    assert_patch(&task, F(SENSITIVITY) | F(PERCENT) | F(URL) | F(OWNER), "{}");
}

/* B.5, B.7: nothing documents that a start brings its due date along, or a rule both */
static void dates_go_with_what_needs_them(void **state)
{
    struct task task;

    (void)state;
    task_init(&task);
    task.start = task.due = on(2026, 5, 4);
    assert_patch(&task, F(START),
        "{\"startDateTime\":" MIDNIGHT("2026-05-04") ",\"dueDateTime\":" MIDNIGHT(
            "2026-05-04") "}");
    task.due = on(2026, 5, 6);
    assert_patch(&task, F(START), "{\"startDateTime\":" MIDNIGHT("2026-05-04") "}");
    task.recurrence = (struct task_recurrence){
        .is_set = true, .pattern = TASK_DAILY, .interval = 2, .start_day = task.start.day
    };
    assert_patch(&task, F(RECURRENCE),
        "{\"startDateTime\":" MIDNIGHT("2026-05-04") ",\"dueDateTime\":" MIDNIGHT(
            "2026-05-06") ",\"recurrence\":{\"pattern\":{\"type\":"
                          "\"daily\",\"interval\":2},\"range\":{\"type\":"
                          "\"noEnd\",\"startDate\":\"2026-05-06\"}}}");
}

/* V154 */
static void a_rule_can_go_without_its_range(void **state)
{
    CLEANUP(buf_done) struct buf buf;
    struct json_out out;
    struct task task = rich_task();

    (void)state;
    task.start.is_set = false;
    task.due.is_set = false;
    buf_init(&buf, 4096);
    json_out_init(&out, &buf);
    todo_write_members(&out, &task, F(RECURRENCE), zone_utc(), false, false);
    assert_string_equal(buf.p,
        "\"recurrence\":{\"pattern\":{\"type\":\"relativeYearly\",\"interval\":1,\"month\":5,"
        "\"daysOfWeek\":[\"thursday\"],\"index\":\"last\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_and_values_are_spelt_in_camel_case),
        cmocka_unit_test(what_is_unset_is_sent_as_a_value_that_clears),
        cmocka_unit_test(dates_go_with_what_needs_them),
        cmocka_unit_test(a_rule_can_go_without_its_range),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
