#include "bridge/cli/convert.h"

#include "bridge/sync/version.h"

static bool check(
    const struct convert *convert, struct str document, struct map_object *out, struct err *err)
{
    enum map_fault fault;

    return map_check(document, &convert->context, out, &fault, err);
}

/* base: what the service would have answered to it. */
static bool plan_patch(const struct convert *convert, const struct map_object *object,
    struct str base, struct map_plan *out, struct err *err)
{
    struct map_object old;
    struct map_plan created;

    if (!check(convert, base, &old, err) ||
        !map_plan_create(&old, &convert->context, &created, err)) {
        return err_wrap(err, "--base");
    }
    return map_plan_update(
        object, old.document, &created.expected, NULL, 0, &convert->context, out, err);
}

bool convert_to_json(const struct convert *convert, struct str document, struct str base,
    struct str *out, struct err *err)
{
    bool is_create = base.p == NULL;
    struct map_object object;
    struct map_plan plan;

    if (!check(convert, document, &object, err)) {
        return false;
    }
    if (is_create ? !map_plan_create(&object, &convert->context, &plan, err)
                  : !plan_patch(convert, &object, base, &plan, err)) {
        return false;
    }
    *out = convert->dialect->write_task(
        &plan.wanted, plan.fields, convert->context.zone, is_create, convert->context.arena);
    return true;
}

static bool read_item(
    const struct convert *convert, struct str json, struct upstream_item *out, struct err *err)
{
    return convert->dialect->read_task(
        json, convert->context.zone, convert->context.arena, out, err);
}

bool convert_to_vtodo(const struct convert *convert, struct str json, struct str base,
    struct str document, struct str *out, struct err *err)
{
    const struct map_context *context = &convert->context;
    struct upstream_item item, old;
    struct task returned;

    if (!read_item(convert, json, &item, err)) {
        return false;
    }
    if (base.p == NULL) {
        *out = map_render(&item.task, version_uid(item.id, context->arena), context);
        return true;
    }
    if (!read_item(convert, base, &old, err)) {
        return err_wrap(err, "--base");
    }
    old.task.present = TASK_ALL_FIELDS; /* what is not there is at its default */
    task_copy(context->arena, &old.task, &returned);
    task_apply(&returned, &item.task, item.task.present);
    returned.modified_us = item.task.modified_us;
    task_adopt_days(&returned, &old.task);
    if (!map_merge(document, &old.task, &returned, context, out, err)) {
        return err_wrap(err, "--document");
    }
    return true;
}
