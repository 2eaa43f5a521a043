#include "bridge/map/map.h"

#include "bridge/map/alarm.h"
#include "bridge/map/read.h"

/* How long before the next alarm one that rang, and that nobody dismissed, gives way to it. */
#define ROLL_EARLY_S (5 * 60)

static struct task_reminder next_at(
    const struct vtodo *vtodo, const struct map_context *context, int64_t now_us)
{
    struct map_context later = *context;
    struct vtodo copy = *vtodo;

    later.now_us = now_us;
    copy.context = &later;
    return alarm_next(&copy);
}

bool map_roll_reminder(struct str document, const struct task *base,
    const struct map_context *context, struct map_roll *out, struct err *err)
{
    struct map_roll roll = { 0 };
    struct vtodo vtodo;
    struct task task;
    struct task projected;

    if (!vtodo_open(document, context, &vtodo, err)) {
        return false;
    }
    read_task(&vtodo, &task);
    read_project(&task, context, &projected);
    roll.wanted = projected.reminder;
    if (roll.wanted.is_on) {
        int64_t early_us = (roll.wanted.instant_s - ROLL_EARLY_S) * CIVIL_MICROS;
        bool has_rung =
            base->reminder.is_on && base->reminder.instant_s * CIVIL_MICROS <= context->now_us;

        roll.is_due = !task_field_eq(&projected, base, TASK_REMINDER) &&
                      (!has_rung || early_us <= context->now_us);
        if (has_rung && !roll.is_due) {
            roll.check_at_us = early_us;
        } else {
            struct task_reminder after =
                next_at(&vtodo, context, roll.wanted.instant_s * CIVIL_MICROS);

            roll.check_at_us = after.is_on ? (after.instant_s - ROLL_EARLY_S) * CIVIL_MICROS : 0;
        }
    }
    *out = roll;
    return true;
}
