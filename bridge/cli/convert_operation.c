#include "bridge/cli/convert_operation.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"

static const char *const names[] = {
    [MAP_STEP_COMPLETE] = "complete",
    [MAP_STEP_ADVANCE] = "advance",
    [MAP_STEP_MOVE] = "move",
    [MAP_STEP_ADD_DONE] = "add",
    [MAP_STEP_REOPEN] = "reopen",
};

static struct str date_text(struct arena *arena, int32_t day)
{
    struct civil c = civil_from_days(day);

    return arena_printf(arena, "%04d-%02d-%02d", (int)c.year, (int)c.month, (int)c.day);
}

static struct str write_task(
    const struct convert *convert, const struct task *task, task_fields fields, bool is_create)
{
    return convert->dialect->write_task(
        task, fields, convert->context.zone, is_create, convert->context.arena);
}

/* What of the occurrence is to be sent; empty: nothing was written about it. */
static struct str step_task(const struct convert *convert, const struct map_step *step)
{
    const task_fields dates =
        TASK_FIELD(TASK_DUE) | (step->task.start.is_set ? TASK_FIELD(TASK_START) : 0);

    if (step->document.n == 0) {
        return S("");
    }
    switch (step->kind) {
    case MAP_STEP_COMPLETE:
        return step->task.completed.is_set
                   ? write_task(convert, &step->task, TASK_FIELD(TASK_COMPLETED), false)
                   : S("");
    case MAP_STEP_MOVE:
        return write_task(convert, &step->task, dates, false);
    case MAP_STEP_ADD_DONE:
        return write_task(convert, &step->task, convert->dialect->fields, true);
    case MAP_STEP_ADVANCE:
    case MAP_STEP_REOPEN:
        break;
    }
    return S("");
}

static struct str member(struct arena *arena, const char *name, struct str json)
{
    return json.n == 0 ? S("") : arena_printf(arena, ",\"%s\":%.*s", name, STR_ARG(json));
}

struct str convert_operation(const struct convert *convert, const struct map_plan *plan)
{
    struct arena *arena = convert->context.arena;
    struct str then =
        plan->fields == 0 ? S("") : write_task(convert, &plan->wanted, plan->fields, false);

    for (size_t i = plan->step_count; i-- > 0;) {
        const struct map_step *step = &plan->steps[i];
        bool goes_on = step->kind == MAP_STEP_COMPLETE || step->kind == MAP_STEP_ADVANCE ||
                       step->kind == MAP_STEP_MOVE;
        struct str next = goes_on ? arena_printf(arena, ",\"next\":\"%.*s\"",
                                        STR_ARG(date_text(arena, step->to_day)))
                                  : S("");

        then = arena_printf(arena, "{\"operation\":\"%s\",\"date\":\"%.*s\"%.*s%s%.*s%.*s}",
            names[step->kind], STR_ARG(date_text(arena, step->day)), STR_ARG(next),
            plan->is_driven ? ",\"driven\":true" : "",
            STR_ARG(member(arena, "task", step_task(convert, step))),
            STR_ARG(member(arena, "then", then)));
    }
    return then;
}

struct str convert_promotion(const struct convert *convert, const struct map_plan *created)
{
    struct str task = write_task(convert, &created->wanted, created->fields, true);

    return arena_printf(
        convert->context.arena, "{\"operation\":\"promote\",\"task\":%.*s}", STR_ARG(task));
}
