#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/dialect.h"
#include "ical/zone.h"
#include "tests/unit/upstream/driver.h"
#include "tests/unit/upstream/laws.h"

#include <string.h>

static struct task projected(const struct task *task, const char *zone)
{
    struct task out;

    dialect_outlook.project(task, zone_find(str_from(zone)), arena, &out);
    return out;
}

static struct task_date at(int32_t year, int32_t month, int32_t day)
{
    return (struct task_date){ .is_set = true, .day = civil_days(year, month, day) };
}

static void titles_are_cut_and_cleaned(void **state)
{
    char longest[300 * 4 + 1] = "";
    struct task task;

    (void)state;
    task_init(&task);
    task.title = S("a\r\nb\nc\x01\td\x1f");
    assert_true(str_eq(projected(&task, "UTC").title, S("a b c\td")));
    for (int i = 0; i < 300; i++) {
        strcat(longest, i == 0 ? "x" : "\xf0\x9f\x98\x80"); /* two units each, from an odd place */
    }
    task.title = str_from(longest);
    assert_int_equal(projected(&task, "UTC").title.n, 1 + 127 * 4);
    task.title = str_first(task.title, 1 + 126 * 4);
    assert_int_equal(projected(&task, "UTC").title.n, 1 + 126 * 4);
}

static void values_fall_into_the_buckets_of_the_service(void **state)
{
    static const int32_t priorities[10] = { 0, 1, 1, 1, 1, 0, 9, 9, 9, 9 };
    struct task task, out;

    (void)state;
    task_init(&task);
    for (int32_t i = 0; i < 10; i++) {
        task.priority = i;
        assert_int_equal(projected(&task, "UTC").priority, priorities[i]);
    }
    task.status = TASK_CANCELLED;
    task.percent = 40;
    task.reminder = (struct task_reminder){ .is_on = true, .instant_s = 600 };
    task.body = (struct task_body){ .is_html = true, .content = S(" \r\n\xc2\xa0\t\n") };
    out = projected(&task, "UTC");
    assert_int_equal(out.status, TASK_DEFERRED);
    assert_false(out.reminder.is_on);
    assert_int_equal(out.percent, -1);
    assert_false(out.body.is_html);
    assert_int_equal(out.body.content.n, 0);
    task.status = TASK_IN_PROGRESS;
    task.reminder.instant_s = -61;
    task.body = (struct task_body){ .content = S("a\r\nb\rc\n\n") };
    out = projected(&task, "UTC");
    assert_int_equal(out.reminder.instant_s, -120);
    assert_true(str_eq(out.body.content, S("a\nb\nc")));
}

static void dates_follow_the_coupling_rules(void **state)
{
    struct task task, out;

    (void)state;
    task_init(&task);
    task.start = at(2026, 5, 4);
    out = projected(&task, "Europe/Paris"); /* A.5 rule 3 */
    assert_int_equal(out.due.day, task.start.day);
    task.due = at(2026, 5, 3);
    out = projected(&task, "Europe/Paris"); /* mapping.md 3.3 */
    assert_false(out.start.is_set);
    assert_int_equal(out.due.day, task.due.day);
    task.due = (struct task_date){ .is_set = true,
        .form = TASK_TIME_ZONED,
        .zone = S("Asia/Tokyo"),
        .day = civil_days(2026, 5, 6),
        .second = 8 * 3600 };
    out = projected(&task, "America/Los_Angeles"); /* W2: its own date */
    assert_int_equal(out.due.day, civil_days(2026, 5, 6));
    assert_int_equal(out.due.form, TASK_DATE_ONLY);
    assert_int_equal(out.due.second, 0);
    task.due = at(5000, 1, 1);
    assert_false(
        projected(&task, "UTC").due.is_set && projected(&task, "UTC").due.day == task.due.day);
}

/* V041, V042 */
static void completion_is_the_date_in_the_account_zone(void **state)
{
    struct task task;

    (void)state;
    task_init(&task);
    task.status = TASK_DONE;
    task.completed = at(2026, 5, 6);
    task.completed.form = TASK_TIME_UTC;
    task.completed.second = 22 * 3600 + 1800;
    assert_int_equal(projected(&task, "Europe/Paris").completed.day, civil_days(2026, 5, 7));
    assert_int_equal(projected(&task, "America/New_York").completed.day, civil_days(2026, 5, 6));
    task.status = TASK_NOT_STARTED;
    assert_false(projected(&task, "Europe/Paris").completed.is_set);
}

static void categories_are_each_named_once(void **state)
{
    struct str items[] = { S(" Home "), S("work"), S(""), S("HOME"), S("Tom, Dick"), S(" ") };
    struct task task, out;

    (void)state;
    task_init(&task);
    task.categories = (struct task_list_of_text){ items, ARRAY_LEN(items) };
    out = projected(&task, "UTC");
    assert_int_equal(out.categories.count, 3);
    assert_true(str_eq(out.categories.items[0], S("Home")));
    assert_true(str_eq(out.categories.items[2], S("Tom, Dick")));
}

static void laws_hold_over_generated_tasks(void **state)
{
    (void)state;
    laws_check(&dialect_outlook, "Id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(titles_are_cut_and_cleaned),
        cmocka_unit_test(values_fall_into_the_buckets_of_the_service),
        cmocka_unit_test(dates_follow_the_coupling_rules),
        cmocka_unit_test(completion_is_the_date_in_the_account_zone),
        cmocka_unit_test(categories_are_each_named_once),
        cmocka_unit_test(laws_hold_over_generated_tasks),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
