#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/todo_internal.h"
#include "ical/zone.h"
#include "tests/unit/upstream/laws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct task projected(const struct task *task)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct task out;

    dialect_todo.project(task, zone_find(S("Europe/Paris")), arena, &out);
    out.title = str_eq(out.title, S("(no title)")) ? S("none") : (struct str){ 0 };
    return out;
}

/* V063: mapping.md 2.2 */
static void a_title_is_never_empty(void **state)
{
    static const char *const empty[] = { "", " ", "\r\n", "\x01" };
    struct task task;

    (void)state;
    task_init(&task);
    for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
        task.title = str_from(empty[i]);
        assert_true(str_eq(projected(&task).title, S("none")));
    }
    task.title = S("x");
    assert_int_equal(projected(&task).title.n, 0);
}

/* H.1 */
static void what_the_service_has_no_place_for_is_dropped(void **state)
{
    struct task task, out;

    (void)state;
    task_init(&task);
    task.sensitivity = TASK_PRIVATE;
    task.percent = 40;
    task.owner = task.assigned_to = S("x");
    task.url = S("no address");
    out = projected(&task);
    assert_int_equal(out.sensitivity, TASK_NORMAL);
    assert_int_equal(out.percent, -1);
    assert_int_equal(out.url.n + out.owner.n + out.assigned_to.n, 0);
    task.url = S("https://example.org/"); /* of a link: mapping.md 2.13 */
    assert_int_equal(projected(&task).url.n, task.url.n);
}

#define WEEK(day) ((uint8_t)(1u << (day)))

/* mapping.md 4.4, number 3: from start to due. pattern -1: no such rule. */
static const struct {
    struct task_recurrence rule;
    int32_t days;
    struct task_recurrence wanted;
} shifts[] = {
    /* V156 */
    { { .pattern = TASK_WEEKLY, .interval = 1, .weekdays = WEEK(1), .first_weekday = 1 }, 2,
        { .is_set = true, .weekdays = WEEK(3), .first_weekday = 1 } },
    /* with an interval the weeks must begin as much later */
    { { .pattern = TASK_WEEKLY, .interval = 2, .weekdays = WEEK(0) | WEEK(5), .first_weekday = 1 },
        9, { .is_set = true, .weekdays = WEEK(2) | WEEK(0), .first_weekday = 3 } },
    { { .pattern = TASK_DAILY, .interval = 3 }, 40, { .is_set = true } },
    { { .pattern = TASK_ABSOLUTE_MONTHLY, .interval = 1, .day_of_month = 26 }, 2,
        { .is_set = true, .day_of_month = 28 } },
    { { .pattern = TASK_ABSOLUTE_MONTHLY, .interval = 1, .day_of_month = 26 }, 3, { 0 } },
    { { .pattern = TASK_ABSOLUTE_MONTHLY, .interval = 1, .day_of_month = 31 }, 0,
        { .is_set = true, .day_of_month = 31 } },
    { { .pattern = TASK_ABSOLUTE_YEARLY, .interval = 1, .day_of_month = 1, .month = 2 }, 1,
        { .is_set = true, .day_of_month = 2 } },
    { { .pattern = TASK_RELATIVE_MONTHLY, .interval = 1, .weekdays = WEEK(1), .index = 2 }, 1,
        { 0 } },
    { { .pattern = TASK_RELATIVE_MONTHLY, .interval = 1, .weekdays = WEEK(1), .index = 2 }, 0,
        { .is_set = true, .weekdays = WEEK(1) } },
};

static void rules_hang_on_the_due_date(void **state)
{
    const int32_t start = civil_days(2026, 3, 2);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shifts); i++) {
        struct task_recurrence wanted = shifts[i].wanted, rule, back;
        struct task task;

        task_init(&task);
        task.start = (struct task_date){ .is_set = true, .day = start };
        task.due = (struct task_date){ .is_set = true, .day = start + shifts[i].days };
        task.recurrence = shifts[i].rule;
        task.recurrence.is_set = true;
        task.recurrence.start_day = start;
        assert_int_equal(projected(&task).recurrence.is_set, wanted.is_set);
        assert_int_equal(todo_rule_to_due(&task, &rule), wanted.is_set);
        if (!wanted.is_set) {
            continue;
        }
        assert_int_equal(rule.weekdays, wanted.weekdays);
        assert_int_equal(rule.first_weekday, wanted.first_weekday);
        assert_int_equal(rule.day_of_month, wanted.day_of_month);
        assert_int_equal(rule.start_day, start + shifts[i].days);
        back = task.recurrence;
        task.recurrence = rule;
        assert_true(todo_rule_from_due(&task, &rule));
        assert_memory_equal(&rule, &back, sizeof(rule));
    }
}

static void laws_hold_over_generated_tasks(void **state)
{
    (void)state;
    laws_check(&dialect_todo, "id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_title_is_never_empty),
        cmocka_unit_test(what_the_service_has_no_place_for_is_dropped),
        cmocka_unit_test(rules_hang_on_the_due_date),
        cmocka_unit_test(laws_hold_over_generated_tasks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
