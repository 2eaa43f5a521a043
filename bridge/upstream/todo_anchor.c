#include "bridge/upstream/service_date.h"
#include "bridge/upstream/todo_internal.h"

#define LAST_DAY_OF_ALL_MONTHS 28

/* A due date before the start is none to count from: the start is hidden then (mapping.md S6). */
static int32_t distance(const struct task *task)
{
    int32_t days = task->start.is_set && task->due.is_set ? task->due.day - task->start.day : 0;

    return days > 0 ? days : 0;
}

static int32_t in_week(int32_t day)
{
    return (day % 7 + 7) % 7;
}

static uint8_t shifted_weekdays(uint8_t weekdays, int32_t days)
{
    unsigned out = 0;

    for (int32_t day = 0; day < 7; day++) {
        if (weekdays & 1u << day) {
            out |= 1u << in_week(day + days);
        }
    }
    return (uint8_t)out;
}

/* Days that every month has can be shifted as long as they stay in their month. */
static bool shift_day_of_month(struct task_recurrence *rule, int32_t days)
{
    int32_t day = rule->day_of_month + days;

    if (rule->day_of_month > LAST_DAY_OF_ALL_MONTHS || day < 1 || day > LAST_DAY_OF_ALL_MONTHS) {
        return false;
    }
    rule->day_of_month = day;
    return true;
}

static bool shift_pattern(struct task_recurrence *rule, int32_t days)
{
    switch (rule->pattern) {
    case TASK_DAILY:
        return true;
    case TASK_WEEKLY:
        rule->weekdays = shifted_weekdays(rule->weekdays, days);
        if (rule->interval > 1) { /* else it does not matter where a week begins */
            rule->first_weekday = (int8_t)in_week(rule->first_weekday + days);
        }
        return true;
    case TASK_ABSOLUTE_MONTHLY:
    case TASK_ABSOLUTE_YEARLY:
        return shift_day_of_month(rule, days);
    case TASK_RELATIVE_MONTHLY:
    case TASK_RELATIVE_YEARLY:
        break;
    }
    return false;
}

static bool shift(const struct task_recurrence *in, int32_t days, struct task_recurrence *out)
{
    struct task_recurrence rule = *in;

    if (rule.is_set && days != 0) {
        rule.start_day += days;
        rule.end_day += rule.range == TASK_END_DATE ? days : 0;
        if (!shift_pattern(&rule, days) || !service_date_is_possible(rule.start_day) ||
            !service_date_is_possible(rule.end_day)) {
            return false;
        }
    }
    *out = rule;
    return true;
}

bool todo_rule_to_due(const struct task *task, struct task_recurrence *out)
{
    return shift(&task->recurrence, distance(task), out);
}

bool todo_rule_from_due(const struct task *task, struct task_recurrence *out)
{
    return shift(&task->recurrence, -distance(task), out);
}
