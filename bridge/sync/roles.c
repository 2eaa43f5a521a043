#include "bridge/sync/roles.h"

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
