#include "bridge/sync/roles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

enum {
    DAY = 20577 /* 2026-05-04 */
};

/** The series at `day`. */
static struct task at(int32_t day)
{
    struct task task;

    task_init(&task);
    task.title = S("x");
    task.start = task.due = (struct task_date){ .is_set = true, .day = day };
    task.recurrence = (struct task_recurrence){
        .is_set = true, .pattern = TASK_WEEKLY, .interval = 1, .start_day = day
    };
    return task;
}

static struct task done(int32_t day)
{
    struct task task = at(day);

    task.status = TASK_DONE;
    task.recurrence = (struct task_recurrence){ 0 };
    return task;
}

static void a_series_is_current_while_it_stands_at_its_dates(void **state)
{
    struct task base = at(DAY);
    struct task task = at(DAY);

    (void)state;
    task.title = S("renamed");
    assert_true(role_is_current(&base, &task));
    task = at(DAY + 7);
    assert_false(role_is_current(&base, &task));
    task = at(DAY);
    task.start.is_set = false;
    assert_false(role_is_current(&base, &task));
    task = done(DAY);
    assert_false(role_is_current(&base, &task));
}

static void the_completed_one_has_its_title_and_date(void **state)
{
    struct task base = at(DAY);
    struct task task = done(DAY);

    (void)state;
    assert_true(role_is_completed(&base, &task));
    task.recurrence = base.recurrence; /* a service may leave it there */
    assert_true(role_is_completed(&base, &task));
    task = done(DAY + 7);
    assert_false(role_is_completed(&base, &task));
    task = done(DAY);
    task.title = S("y");
    assert_false(role_is_completed(&base, &task));
    task = at(DAY);
    assert_false(role_is_completed(&base, &task));
}

static void the_moved_one_is_open_and_recurs_no_more(void **state)
{
    struct task base = at(DAY);
    struct task wanted = at(DAY + 3);
    struct task task = at(DAY + 3);

    (void)state;
    assert_false(role_is_moved(&base, &wanted, &task));
    task.recurrence = (struct task_recurrence){ 0 };
    assert_true(role_is_moved(&base, &wanted, &task));
    task.due.day++;
    assert_false(role_is_moved(&base, &wanted, &task));
}

static void the_next_one_goes_on_with_the_same_pattern(void **state)
{
    struct task base = at(DAY);
    struct task task = at(DAY + 7);

    (void)state;
    assert_true(role_is_next(&base, &task));
    task.recurrence.range = TASK_NUMBERED; /* the rest of it */
    assert_true(role_is_next(&base, &task));
    task.recurrence.interval = 2;
    assert_false(role_is_next(&base, &task));
    task = at(DAY);
    assert_false(role_is_next(&base, &task));
    task = done(DAY + 7);
    assert_false(role_is_next(&base, &task));
}

static void of_a_series_and_its_copy_the_new_rule_tells_which_is_which(void **state)
{
    struct task base = at(DAY);
    struct task wanted = at(DAY + 2);
    struct task task = at(DAY + 2);

    (void)state;
    wanted.recurrence.weekdays = task.recurrence.weekdays = 8;
    assert_true(role_is_rescheduled(&wanted, &task));
    assert_true(role_is_one_of_two(&base, &wanted, &task));
    task.recurrence.range = TASK_NUMBERED;
    assert_true(role_is_rescheduled(&wanted, &task));
    task.recurrence.weekdays = 2;
    assert_false(role_is_rescheduled(&wanted, &task));
    assert_false(role_is_one_of_two(&base, &wanted, &task));
    task = at(DAY);
    assert_false(role_is_rescheduled(&wanted, &task));
    assert_true(role_is_one_of_two(&base, &wanted, &task));
}

static void what_repeats_otherwise_has_other_content_or_is_done_is_no_copy(void **state)
{
    struct task base = at(DAY);
    struct task wanted = at(DAY + 2);
    struct task task = at(DAY);

    (void)state;
    task.priority = 1;
    assert_false(role_is_one_of_two(&base, &wanted, &task));
    wanted.priority = 1; /* the same change brought it */
    assert_true(role_is_one_of_two(&base, &wanted, &task));
    task.recurrence.interval = 2;
    assert_false(role_is_one_of_two(&base, &wanted, &task));
    task.recurrence = (struct task_recurrence){ 0 };
    assert_false(role_is_one_of_two(&base, &wanted, &task));
    task = done(DAY);
    task.recurrence = base.recurrence;
    assert_false(role_is_one_of_two(&base, &wanted, &task));
    task = at(DAY);
    task.title = S("another");
    assert_false(role_is_one_of_two(&base, &wanted, &task));
    task = at(DAY + 2);
    task.body.content = S("notes");
    assert_false(role_is_one_of_two(&base, &wanted, &task));
}

static void a_copy_came_to_be_within_two_seconds_of_the_change(void **state)
{
    struct task task = at(DAY);
    struct task copy = at(DAY);

    (void)state;
    assert_false(role_is_made_with(&task, &copy)); /* nobody knows when */
    task.modified_us = 1000000000;
    assert_false(role_is_made_with(&task, &copy));
    copy.modified_us = task.modified_us;
    copy.created_us = task.modified_us + 2000000;
    assert_true(role_is_made_with(&task, &copy));
    copy.created_us++;
    assert_false(role_is_made_with(&task, &copy));
    copy.created_us = task.modified_us - 2000001;
    assert_false(role_is_made_with(&task, &copy));
    task.modified_us = 0;
    assert_false(role_is_made_with(&task, &copy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_is_current_while_it_stands_at_its_dates),
        cmocka_unit_test(the_completed_one_has_its_title_and_date),
        cmocka_unit_test(the_moved_one_is_open_and_recurs_no_more),
        cmocka_unit_test(the_next_one_goes_on_with_the_same_pattern),
        cmocka_unit_test(of_a_series_and_its_copy_the_new_rule_tells_which_is_which),
        cmocka_unit_test(what_repeats_otherwise_has_other_content_or_is_done_is_no_copy),
        cmocka_unit_test(a_copy_came_to_be_within_two_seconds_of_the_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
