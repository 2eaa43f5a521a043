#include "bridge/cli/convert.h"

#include "bridge/cli/convert_checklist.h"
#include "bridge/cli/convert_operation.h"
#include "bridge/map/attach.h"
#include "bridge/sync/version.h"

/* Nobody serves files here. */
#define ATTACHMENTS S("https://duedav.invalid" MAP_ATTACHMENTS "user/list/task/")

static bool check(
    const struct convert *convert, struct str document, struct map_object *out, struct err *err)
{
    enum map_fault fault;

    return map_check(document, &convert->context, out, &fault, err);
}

/* ---- to JSON ---- */

/* An item of the parent's checklist, as far as it can be told without its own children. */
static bool fits_checklist(const struct convert *convert, struct str document)
{
    struct map_child child;
    struct err err;

    return convert->parent.n > 0 && convert->dialect->project_check != NULL &&
           map_read_child(document, &convert->context, &child, &err) && child.is_simple &&
           str_eq(child.parent, convert->parent);
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

static bool item_to_json(const struct convert *convert, struct str document, struct str base,
    struct str *out, struct err *err)
{
    struct convert items = convert_for_items(convert);
    bool is_create = base.p == NULL;
    struct map_object object;
    struct map_plan plan;

    if (!check(&items, document, &object, err) ||
        !(is_create ? map_plan_create(&object, &items.context, &plan, err)
                    : plan_patch(&items, &object, base, &plan, err))) {
        return false;
    }
    *out =
        convert->dialect->write_check(&plan.wanted, plan.fields, is_create, convert->context.arena);
    return true;
}

static bool create_to_json(
    const struct convert *convert, struct str text, struct str *out, struct err *err)
{
    struct convert_family family = convert_split(convert, text);
    struct map_object object;
    struct map_plan plan;

    if (!check(convert, family.document, &object, err) ||
        !map_plan_create(&object, &convert->context, &plan, err)) {
        return false;
    }
    *out = convert->dialect->write_task(
        &plan.wanted, plan.fields, convert->context.zone, true, convert->context.arena);
    return convert_add_items(convert, &family, out, err);
}

static bool patch_to_json(const struct convert *convert, struct str text, struct str base,
    struct str *out, struct err *err)
{
    struct str document = convert_split(convert, text).document;
    bool was_item = fits_checklist(convert, base);
    struct map_object object;
    struct map_plan plan;

    if (!check(convert, document, &object, err)) {
        return false;
    }
    if (was_item) {
        if (!map_plan_create(&object, &convert->context, &plan, err)) {
            return false;
        }
        *out = convert_promotion(convert, &plan);
        return true;
    }
    if (!plan_patch(convert, &object, convert_split(convert, base).document, &plan, err)) {
        return false;
    }
    *out = plan.step_count > 0 ? convert_operation(convert, &plan)
                               : convert->dialect->write_task(&plan.wanted, plan.fields,
                                     convert->context.zone, false, convert->context.arena);
    return true;
}

bool convert_to_json(const struct convert *convert, struct str document, struct str base,
    struct str *out, struct err *err)
{
    bool is_create = base.p == NULL;

    if (fits_checklist(convert, document) && (is_create || fits_checklist(convert, base))) {
        return item_to_json(convert, document, base, out, err);
    }
    return is_create ? create_to_json(convert, document, out, err)
                     : patch_to_json(convert, document, base, out, err);
}

/* ---- to VTODO ---- */

static bool read_item(
    const struct convert *convert, struct str json, struct upstream_item *out, struct err *err)
{
    const struct dialect *dialect = convert->dialect;
    const struct zone *zone = convert->context.zone;
    struct arena *arena = convert->context.arena;

    return convert_is_item(convert, json) ? dialect->read_check(json, zone, arena, out, err)
                                          : dialect->read_task(json, zone, arena, out, err);
}

static bool render(const struct convert *convert, struct str json, const struct upstream_item *item,
    struct str *out, struct err *err)
{
    const struct map_context *context = &convert->context;
    struct str uid = version_uid(item->id, context->arena);

    *out = convert->parent.n > 0 ? map_render_child(&item->task, convert->parent, uid, context)
                                 : map_render(&item->task, uid, context);
    return convert_add_children(convert, json, uid, out, err);
}

bool convert_to_vtodo(const struct convert *convert, struct str json, struct str base,
    struct str document, struct str *out, struct err *err)
{
    struct convert items = convert_is_item(convert, json) ? convert_for_items(convert) : *convert;
    struct map_context *context = &items.context;
    struct upstream_item item, old;
    struct task returned;

    context->attachments_url = ATTACHMENTS;
    if (!read_item(convert, json, &item, err)) {
        return false;
    }
    if (base.p == NULL) {
        return render(&items, json, &item, out, err);
    }
    if (!read_item(convert, base, &old, err)) {
        return err_wrap(err, "--base");
    }
    old.task.present = TASK_ALL_FIELDS; /* what is not there is at its default */
    task_copy(context->arena, &old.task, &returned);
    task_apply(&returned, &item.task, item.task.present);
    task_apply_attachments(&returned, &item.task);
    returned.modified_us = item.task.modified_us;
    task_adopt_days(&returned, &old.task);
    if (!map_merge(document, &old.task, &returned, context, out, err)) {
        return err_wrap(err, "--document");
    }
    return true;
}
