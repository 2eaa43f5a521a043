#include "bridge/sync/roles.h"

#include "bridge/core/civil.h"

enum {
    TOGETHER_S = 2
};

/** What a rule repeats, whatever it says of its end. */
static bool repeats_alike(const struct task *a, const struct task *b)
{
    const struct task_recurrence *x = &a->recurrence;
    const struct task_recurrence *y = &b->recurrence;

    return x->is_set && y->is_set && x->pattern == y->pattern && x->interval == y->interval &&
           x->weekdays == y->weekdays && x->month == y->month &&
           x->day_of_month == y->day_of_month && x->index == y->index;
}

static bool has_content_of(const struct task *task, const struct task *other)
{
    return (task_diff(task, other) &
               (TASK_FIELD(TASK_TITLE) | TASK_FIELD(TASK_BODY) | TASK_FIELD(TASK_PRIORITY) |
                   TASK_FIELD(TASK_CATEGORIES))) == 0;
}

bool role_is_current(const struct task *base, const struct task *task)
{
    return task->status != TASK_DONE && task_field_eq(task, base, TASK_DUE) &&
           task_field_eq(task, base, TASK_START);
}

bool role_is_completed(const struct task *base, const struct task *task)
{
    return task->status == TASK_DONE && str_eq(task->title, base->title) &&
           task_field_eq(task, base, TASK_DUE);
}

bool role_is_moved(const struct task *base, const struct task *wanted, const struct task *task)
{
    return task->status != TASK_DONE && !task->recurrence.is_set &&
           str_eq(task->title, base->title) && task_field_eq(task, wanted, TASK_DUE);
}

bool role_is_next(const struct task *base, const struct task *task)
{
    return task->status != TASK_DONE && task->recurrence.is_set &&
           task->recurrence.pattern == base->recurrence.pattern &&
           task->recurrence.interval == base->recurrence.interval &&
           task->recurrence.weekdays == base->recurrence.weekdays &&
           str_eq(task->title, base->title) && task->due.day > base->due.day;
}

bool role_is_rescheduled(const struct task *wanted, const struct task *task)
{
    return task->status != TASK_DONE && task_field_eq(task, wanted, TASK_DUE) &&
           repeats_alike(task, wanted);
}

bool role_is_one_of_two(const struct task *base, const struct task *wanted, const struct task *task)
{
    return task->status != TASK_DONE &&
           (has_content_of(task, base) || has_content_of(task, wanted)) &&
           (role_is_rescheduled(wanted, task) || role_is_rescheduled(base, task));
}

bool role_is_made_with(const struct task *task, const struct task *copy)
{
    int64_t apart_us = copy->created_us - task->modified_us;

    return task->modified_us != 0 && copy->created_us != 0 &&
           apart_us <= TOGETHER_S * CIVIL_MICROS && apart_us >= -TOGETHER_S * CIVIL_MICROS;
}
