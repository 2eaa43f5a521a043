#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/graph.h"
#include "bridge/sandbox/state_child.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

static struct sbx_db *db_of(const struct sbx_call *call)
{
    return call->service->db;
}

static void put(struct sbx_call *call, struct sbx_task *task)
{
    sbx_state_put_task(db_of(call), call->user.id, call->edit.now_us, call->arena, task);
}

static bool find_task(struct sbx_call *call, struct sbx_task *out)
{
    return sbx_state_find_task(db_of(call), call->user.id, call->key, call->arena, out) ||
           sbx_refuse_missing(call, call->key);
}

static bool find_folder(struct sbx_call *call, struct str id, struct sbx_folder *out)
{
    return (sbx_state_find_folder(db_of(call), call->user.id, id, call->arena, out) &&
               sbx_folder_is_in_outlook(out)) ||
           sbx_refuse_missing(call, id);
}

/* Filters and sorting */

/** What the filter callbacks get. */
struct candidate {
    struct sbx_call *call;
    const struct sbx_task *task;
};

bool sbx_find_time(const struct sbx_call *call, int64_t instant_s, struct sbx_value *out)
{
    struct civil c = { 0 };

    out->kind = instant_s == SBX_NEVER ? SBX_VALUE_NULL : SBX_VALUE_TEXT;
    if (instant_s != SBX_NEVER) {
        c = civil_from_seconds(sbx_zone_to_local(call->edit.zone, instant_s));
        out->text = arena_printf(call->arena, "%04d-%02d-%02dT%02d:%02d:%02d.0000000", c.year,
            c.month, c.day, c.hour, c.minute, c.second);
    }
    return true;
}

static bool find_value(void *item, struct str path, struct sbx_value *out)
{
    const struct candidate *candidate = (const struct candidate *)item;
    const struct sbx_task *task = candidate->task;

    if (candidate->call->is_graph) {
        return sbx_graph_find_value(candidate->call, task, path, out);
    }
    *out = (struct sbx_value){ .kind = SBX_VALUE_TEXT };
    if (str_eq(path, S("Subject"))) {
        out->text = task->subject;
    } else if (str_eq(path, S("Status"))) {
        out->text = str_from(sbx_status_names[task->status]);
    } else if (str_eq(path, S("Importance"))) {
        out->text = str_from(sbx_importance_names[task->importance]);
    } else if (str_eq(path, S("Owner"))) {
        out->text = candidate->call->mailbox.owner;
    } else if (str_eq(path, S("AssignedTo"))) {
        out->kind = SBX_VALUE_NULL;
    } else if (str_eq(path, S("CreatedDateTime"))) {
        *out = (struct sbx_value){ .kind = SBX_VALUE_INSTANT, .number = task->created_us };
    } else if (str_eq(path, S("LastModifiedDateTime"))) {
        *out = (struct sbx_value){ .kind = SBX_VALUE_INSTANT, .number = task->modified_us };
    } else if (str_eq(path, S("StartDateTime/DateTime"))) {
        return sbx_find_time(candidate->call, task->start_s, out);
    } else if (str_eq(path, S("DueDateTime/DateTime"))) {
        return sbx_find_time(candidate->call, task->due_s, out);
    } else if (str_eq(path, S("CompletedDateTime/DateTime"))) {
        return sbx_find_time(candidate->call, task->completed_s, out);
    } else {
        return false;
    }
    return true;
}

static bool has_property(void *item, struct str name, struct str value)
{
    const struct candidate *candidate = (const struct candidate *)item;

    return sbx_has_property(candidate->call, candidate->task->id, name, value);
}

static bool filter_tasks(struct sbx_call *call, struct sbx_task *tasks, size_t *count)
{
    static const struct sbx_subject subject = { find_value, has_property };
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        struct candidate candidate = { call, &tasks[i] };
        bool matches = false;

        if (!sbx_filter_match(call->query.filter, &subject, &candidate, &matches, &call->refusal)) {
            return false;
        }
        if (matches) {
            tasks[kept++] = tasks[i];
        }
    }
    *count = kept;
    return true;
}

static int compare_tasks(const void *a, const void *b, void *arg)
{
    struct sbx_call *call = (struct sbx_call *)arg;
    struct candidate first = { call, (const struct sbx_task *)a };
    struct candidate second = { call, (const struct sbx_task *)b };
    struct sbx_value value_a = { 0 };
    struct sbx_value value_b = { 0 };
    int order = 0;

    find_value(&first, call->query.orderby, &value_a);
    find_value(&second, call->query.orderby, &value_b);
    order = sbx_value_compare(&value_a, &value_b);
    if (order == 0) {
        order = first.task->row < second.task->row ? -1 : 1;
    }
    return call->query.is_descending ? -order : order;
}

static bool sort_tasks(struct sbx_call *call, struct sbx_task *tasks, size_t count)
{
    struct sbx_task none = { 0 };
    struct candidate probe = { call, &none };
    struct sbx_value value = { 0 };

    if (!find_value(&probe, call->query.orderby, &value)) {
        return sbx_refuse(&call->refusal, 400, "ErrorInvalidUrlQuery",
            "$orderby names a property that cannot be sorted by.");
    }
    if (count > 1) {
        qsort_r(tasks, count, sizeof(*tasks), compare_tasks, call);
    }
    return true;
}

static cJSON *show_item(struct sbx_call *call, size_t index, void *items)
{
    return sbx_show_task(call, &((struct sbx_task *)items)[index]);
}

bool sbx_list_tasks_of(struct sbx_call *call, int64_t folder, struct str context, struct str path)
{
    struct sbx_listing listing = {
        .kind = "Tasks", .context = context, .path = path, .show_cb = show_item
    };
    struct sbx_task *tasks = NULL;
    struct str name = { 0 };
    struct str value = { 0 };

    if (call->query.filter != NULL && sbx_filter_is_mark(call->query.filter, &name, &value)) {
        listing.count = sbx_state_list_marked_tasks(
            db_of(call), call->user.id, folder, name, value, call->arena, &tasks);
    } else if (call->query.filter == NULL && call->query.orderby.n == 0) {
        listing.first = call->query.skip;
        listing.count = sbx_state_list_tasks(db_of(call), call->user.id, folder, call->query.skip,
            sbx_page_size(call) + 1, call->arena, &tasks);
    } else {
        listing.count =
            sbx_state_list_tasks(db_of(call), call->user.id, folder, 0, -1, call->arena, &tasks);
        if (call->query.filter != NULL && !filter_tasks(call, tasks, &listing.count)) {
            return false;
        }
    }
    if (call->query.orderby.n > 0 && !sort_tasks(call, tasks, listing.count)) {
        return false;
    }
    listing.items = tasks;
    return sbx_list(call, &listing);
}

bool sbx_list_tasks(struct sbx_call *call)
{
    return sbx_list_tasks_of(call, 0, S("Me/Tasks"), S("me/Tasks"));
}

bool sbx_list_folder_tasks(struct sbx_call *call)
{
    struct sbx_folder folder = { 0 };

    if (!find_folder(call, call->key, &folder)) {
        return false;
    }
    if (sbx_is_sync(call)) {
        return sbx_sync(call, &folder);
    }
    return sbx_list_tasks_of(call, folder.row,
        arena_printf(
            call->arena, "Me/TaskFolders('%.*s')/Tasks", STR_ARG(sbx_context_id(call, folder.id))),
        arena_printf(call->arena, "me/TaskFolders('%.*s')/Tasks", STR_ARG(folder.id)));
}

/* One task */

static bool answer_task(struct sbx_call *call, int status, const struct sbx_task *task)
{
    return sbx_answer_entity(call, status, "Me/Tasks", sbx_show_task(call, task));
}

bool sbx_get_task(struct sbx_call *call)
{
    struct sbx_task task = { 0 };

    return sbx_check_select(call, "Tasks") && find_task(call, &task) &&
           answer_task(call, 200, &task);
}

bool sbx_create_task(struct sbx_call *call)
{
    struct sbx_folder folder = { 0 };
    struct sbx_task task = { 0 };
    unsigned set = 0;

    if (!find_folder(call, call->key.n > 0 ? call->key : S("Tasks"), &folder)) {
        return false;
    }
    sbx_task_init(&task);
    task.folder = folder.row;
    task.folder_id = folder.id;
    if (!sbx_task_edit(&task, call->body, &call->edit, &set, &call->refusal)) {
        return false;
    }
    put(call, &task);
    return sbx_put_properties(call, task.id) && answer_task(call, 201, &task);
}

bool sbx_split_off(struct sbx_call *call, const struct sbx_task *old, struct sbx_task *task,
    struct sbx_task *single)
{
    *single = *task;
    single->row = 0;
    single->has_series = false;
    task->start_s = old->start_s;
    task->due_s = old->due_s;
    task->reminder_us = old->reminder_us;
    task->zone = old->zone;
    task->status = SBX_NOT_STARTED;
    task->completed_s = SBX_NEVER;
    if (!sbx_task_move_to(
            task, call->service->zones, sbx_task_anchor_day(old, call->service->zones) + 1)) {
        return false;
    }
    put(call, single);
    put(call, task);
    sbx_state_copy_properties(db_of(call), task->id, single->id);
    sbx_child_copy_all(db_of(call), task->id, single->id, call->arena);
    return true;
}

/**
 * PATCH. In a series, becoming Completed finishes the occurrence (the task lives on as the next
 * one), and new dates without a new Recurrence make this occurrence a task of its own
 * (mapping.md 5.1).
 */
bool sbx_update_task(struct sbx_call *call)
{
    struct sbx_task old = { 0 };
    struct sbx_task task = { 0 };
    struct sbx_task single = { 0 };
    unsigned set = 0;
    bool becomes_completed = false;
    bool moves = false;

    if (!find_task(call, &old) ||
        !sbx_check_if_match(call, sbx_etag(&call->mailbox, old.seq, call->arena))) {
        return false;
    }
    task = old;
    if (!sbx_task_edit(&task, call->body, &call->edit, &set, &call->refusal) ||
        !sbx_put_properties(call, task.id)) {
        return false;
    }
    becomes_completed = task.status == SBX_COMPLETED && old.status != SBX_COMPLETED;
    moves = task.start_s != old.start_s || task.due_s != old.due_s;
    if (old.has_series && (set & SBX_SET_SERIES) == 0 && old.status != SBX_COMPLETED &&
        (becomes_completed || moves)) {
        struct sbx_task edited = task;

        if (!sbx_split_off(call, &old, &task, &single)) {
            task = edited;
            task.has_series = becomes_completed; /* the last one, moved: no series any more */
            put(call, &task);
        }
    } else {
        put(call, &task);
    }
    return answer_task(call, 200, &task);
}

bool sbx_complete_task(struct sbx_call *call)
{
    struct sbx_task old = { 0 };
    struct sbx_task task = { 0 };
    struct sbx_task single = { 0 };
    cJSON *value = NULL;
    bool is_split = false;

    if (!find_task(call, &old) ||
        !sbx_check_if_match(call, sbx_etag(&call->mailbox, old.seq, call->arena))) {
        return false;
    }
    task = old;
    if (old.status != SBX_COMPLETED) {
        sbx_task_complete(&task, &call->edit);
        is_split = old.has_series && sbx_split_off(call, &old, &task, &single);
        if (!is_split) {
            task = old;
            sbx_task_complete(&task, &call->edit);
            put(call, &task);
        }
    }
    call->status = 200;
    call->json = cJSON_CreateObject();
    sbx_add_context(call, call->json, "Me/Tasks");
    value = cJSON_AddArrayToObject(call->json, "value");
    if (is_split) {
        cJSON_AddItemToArray(value, sbx_show_task(call, &single));
    }
    cJSON_AddItemToArray(value, sbx_show_task(call, &task));
    return true;
}

bool sbx_delete_task(struct sbx_call *call)
{
    struct sbx_task task = { 0 };

    return find_task(call, &task) &&
           sbx_check_if_match(call, sbx_etag(&call->mailbox, task.seq, call->arena)) &&
           sbx_remove_task(call, &task);
}
