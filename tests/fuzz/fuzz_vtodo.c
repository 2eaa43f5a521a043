/*
 * A client's document through check, read, plan and merge, and for each dialect on to JSON, back
 * and into a document again. The first byte chooses the change that the service makes. Broken laws
 * abort: a merge without change must change nothing, what was merged must be readable, and JSON
 * must say all that a service can hold.
 */
#include "bridge/map/map.h"
#include "bridge/upstream/dialect.h"

#include <stdlib.h>

static struct task_date date_only(const struct task_date *date)
{
    return (struct task_date){ .is_set = date->is_set, .day = date->is_set ? date->day : 0 };
}

static void project(
    const struct task *task, const struct zone *zone, struct arena *arena, struct task *out)
{
    struct task p = *task;

    (void)zone;
    (void)arena;
    p.priority = p.priority == 0 ? 0 : p.priority < 5 ? 1 : 9;
    p.percent = -1;
    p.completed = date_only(&p.completed);
    p.start = date_only(&p.start);
    p.due = date_only(&p.due);
    if (p.start.is_set && !p.due.is_set) {
        p.due = p.start;
    }
    *out = p;
}

static void change(struct task *task, unsigned which)
{
    if (which & 1) {
        task->title = S("changed, upstream");
    }
    if (which & 2) {
        task->body = (struct task_body){ (which & 4) != 0, S("<p>new\nbody</p>") };
    }
    if (which & 8) {
        task->due = (struct task_date){ .is_set = true, .day = 20600 };
        task->start = (struct task_date){ .is_set = (which & 16) != 0, .day = 20590 };
    }
    if (which & 32) {
        task->status = TASK_DONE;
        task->completed = (struct task_date){ .is_set = true, .day = 20600 };
        task->reminder = (struct task_reminder){ 0 };
    } else if (which & 64) {
        task->reminder = (struct task_reminder){ .is_on = true, .instant_s = 1780000020 };
    }
    if (which & 128) {
        task->recurrence = (struct task_recurrence){
            .is_set = true, .pattern = TASK_WEEKLY, .interval = 2, .weekdays = 2, .start_day = 20600
        };
    }
}

static void check_laws(
    struct str document, const struct map_context *context, unsigned which, struct err *err)
{
    struct task task;
    struct task base;
    struct str out;

    if (!map_read(document, context, &task, err)) {
        abort();
    }
    context->project(&task, context->zone, context->arena, &base);
    if (!map_merge(document, &base, &base, context, &out, err) || out.p != document.p) {
        abort();
    }
    struct task returned = base;
    change(&returned, which);
    if (!map_merge(document, &base, &returned, context, &out, err) ||
        !map_read(out, context, &task, err)) {
        abort();
    }
    map_set_rev(out, 7, S("ab"), context);
}

/** VTODO to task, to JSON, to task, to VTODO. */
static void check_dialect(
    struct str document, const struct dialect *dialect, struct map_context context)
{
    struct task task;
    struct task projected;
    struct upstream_item item;
    struct str json;
    struct err err;

    context.project = dialect->project;
    if (!map_read(document, &context, &task, &err)) {
        abort();
    }
    dialect->project(&task, context.zone, context.arena, &projected);
    json = dialect->write_task(&projected, TASK_ALL_FIELDS, context.zone, true, context.arena);
    if (!dialect->read_task(json, context.zone, context.arena, &item, &err) ||
        task_diff(&projected, &item.task) != 0) {
        abort();
    }
    document = map_render(&item.task, S("u"), &context);
    if (!map_read(document, &context, &task, &err)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct map_context context = { .zone = zone_find(S("Europe/Paris")),
        .now_us = 1778000000000000,
        .project = project,
        .arena = arena };
    struct map_object object;
    struct map_plan plan;
    enum map_fault fault;
    struct err err;

    context.options.plans_steps = size > 0 && (data[0] & 4) != 0;
    if (size > 0 && map_check((struct str){ (const char *)data + 1, size - 1 }, &context, &object,
                        &fault, &err)) {
        if (!map_plan_create(&object, &context, &plan, &err) ||
            !map_plan_update(
                &object, plan.document, &plan.expected, NULL, 0, &context, &plan, &err) ||
            (plan.fields != 0 && plan.step_count == 0)) {
            abort();
        }
        check_laws(object.document, &context, data[0], &err);
        check_dialect(object.document, &dialect_outlook, context);
        check_dialect(object.document, &dialect_todo, context);
    }
    arena_free(&arena);
    return 0;
}
