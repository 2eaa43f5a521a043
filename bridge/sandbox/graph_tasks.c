#include "bridge/core/mem.h"
#include "bridge/sandbox/graph.h"
#include "bridge/sandbox/state_child.h"

#include <cjson/cJSON.h>

static struct sbx_db *db_of(const struct sbx_call *call)
{
    return call->service->db;
}

static void put(struct sbx_call *call, struct sbx_task *task)
{
    sbx_state_put_task(db_of(call), call->user.id, call->edit.now_us, call->arena, task);
}

bool sbx_graph_find_task(struct sbx_call *call, struct sbx_task *out)
{
    struct sbx_folder folder = { 0 };
    struct str id = call->keys[1];
    struct str stored = str_has_prefix(id, S("AAkALg"))
                            ? arena_printf(call->arena, "AAMk%.*s", STR_ARG(str_skip(id, 6)))
                            : id;

    if (!sbx_graph_find_list(call, &folder)) {
        return false;
    }
    return (sbx_state_find_task(db_of(call), call->user.id, stored, call->arena, out) &&
               out->folder == folder.row) ||
           sbx_refuse_missing(call, id);
}

static bool find_current(struct sbx_call *call, struct sbx_task *out)
{
    return sbx_graph_find_task(call, out) &&
           sbx_check_if_match(call, sbx_etag(&call->mailbox, out->seq, call->arena));
}

bool sbx_graph_find_value(
    struct sbx_call *call, const struct sbx_task *task, struct str path, struct sbx_value *out)
{
    static const char *const statuses[] = {
        [SBX_NOT_STARTED] = "notStarted",
        [SBX_IN_PROGRESS] = "inProgress",
        [SBX_COMPLETED] = "completed",
        [SBX_WAITING] = "waitingOnOthers",
        [SBX_DEFERRED] = "deferred",
    };
    static const char *const importances[] = { "low", "normal", "high" };

    *out = (struct sbx_value){ .kind = SBX_VALUE_TEXT };
    if (str_eq(path, S("title"))) {
        out->text = task->subject;
    } else if (str_eq(path, S("status"))) {
        out->text = str_from(statuses[task->status]);
    } else if (str_eq(path, S("importance"))) {
        out->text = str_from(importances[task->importance]);
    } else if (str_eq(path, S("createdDateTime"))) {
        *out = (struct sbx_value){ .kind = SBX_VALUE_INSTANT, .number = task->created_us };
    } else if (str_eq(path, S("lastModifiedDateTime"))) {
        *out = (struct sbx_value){ .kind = SBX_VALUE_INSTANT, .number = task->modified_us };
    } else if (str_eq(path, S("startDateTime/dateTime"))) {
        return sbx_find_time(call, task->start_s, out);
    } else if (str_eq(path, S("dueDateTime/dateTime"))) {
        return sbx_find_time(call, task->due_s, out);
    } else if (str_eq(path, S("completedDateTime/dateTime"))) {
        return sbx_find_time(call, task->completed_s, out);
    } else {
        return false;
    }
    return true;
}

/* $select is broken for tasks (upstream.md B.11). */
static bool check_select(struct sbx_call *call)
{
    return call->query.select_count == 0 ||
           sbx_refuse(&call->refusal, 400, "ErrorInvalidUrlQuery", "Invalid request");
}

static struct str context_of(const struct sbx_call *call)
{
    return arena_printf(call->arena, "users('me')/todo/lists('%.*s')/tasks",
        STR_ARG(sbx_context_id(call, call->keys[0])));
}

static bool answer_task(struct sbx_call *call, int status, const struct sbx_task *task)
{
    return sbx_answer_entity(call, status, context_of(call).p, sbx_graph_show_task(call, task));
}

bool sbx_graph_list_tasks(struct sbx_call *call)
{
    struct sbx_folder folder = { 0 };

    if (!check_select(call) || !sbx_graph_find_list(call, &folder)) {
        return false;
    }
    call->hides_recurrence =
        call->query.filter == NULL && !call->service->personality.lists_recurrence;
    return sbx_list_tasks_of(call, folder.row, context_of(call),
        arena_printf(call->arena, "me/todo/lists/%.*s/tasks", STR_ARG(folder.id)));
}

bool sbx_graph_get_task(struct sbx_call *call)
{
    struct sbx_task task = { 0 };

    return check_select(call) && sbx_graph_find_task(call, &task) && answer_task(call, 200, &task);
}

static bool edit_task(struct sbx_call *call, struct sbx_task *task, unsigned *set_out)
{
    cJSON *body = sbx_graph_read_task(call, task);
    bool is_edited =
        body != NULL && sbx_task_edit(task, body, &call->edit, set_out, &call->refusal);

    if (is_edited) { /* the texts of the task lie in the JSON */
        task->subject = arena_copy(call->arena, task->subject);
        task->body = arena_copy(call->arena, task->body);
        task->categories = arena_copy(call->arena, task->categories);
    }
    cJSON_Delete(body);
    return is_edited;
}

bool sbx_graph_create_task(struct sbx_call *call)
{
    struct sbx_folder folder = { 0 };
    struct sbx_task task = { 0 };
    unsigned set = 0;

    if (!sbx_graph_find_list(call, &folder)) {
        return false;
    }
    if (folder.kind == SBX_FOLDER_FLAGGED) {
        return sbx_refuse(&call->refusal, 400, "ErrorInvalidRequest",
            "Tasks of this list are made by flagging mails.");
    }
    sbx_task_init(&task);
    task.folder = folder.row;
    task.folder_id = folder.id;
    if (!edit_task(call, &task, &set)) {
        return false;
    }
    if ((set & SBX_SET_SUBJECT) == 0) {
        return sbx_refuse(&call->refusal, 400, "InvalidModel", "A task needs a title.");
    }
    put(call, &task);
    return sbx_graph_put_children(call, task.id) && answer_task(call, 201, &task);
}

/**
 * The task keeps its id, is completed and repeats no more; the next one of the series is new
 * (upstream.md B.7). At the end of the series there is no next one.
 */
static void spawn_next(struct sbx_call *call, const struct sbx_task *old, struct sbx_task *task)
{
    struct sbx_task next = *old;
    int32_t day = sbx_task_anchor_day(old, call->service->zones) + 1;

    next.row = 0;
    next.status = SBX_NOT_STARTED;
    next.completed_s = SBX_NEVER;
    task->has_series = false;
    put(call, task);
    if (sbx_task_move_to(&next, call->service->zones, day)) {
        put(call, &next);
        sbx_state_copy_properties(db_of(call), task->id, next.id);
        sbx_child_copy_all(db_of(call), task->id, next.id, call->arena);
        sbx_graph_reset_checklist(call, next.id);
    }
}

static void put_beside(struct sbx_call *call, const struct sbx_task *task, struct sbx_task *beside)
{
    beside->row = 0;
    put(call, beside);
    sbx_state_copy_properties(db_of(call), task->id, beside->id);
    sbx_child_copy_all(db_of(call), task->id, beside->id, call->arena);
}

/**
 * "A duplicate" is all that the reports say of a series with new dates (B.7). As when an occurrence
 * is completed, the id stays with the old date and the series goes on as a new task; or it goes
 * with the series, and what it was stays behind as a series of its own.
 */
static void put_copied(struct sbx_call *call, const struct sbx_task *old, struct sbx_task *task)
{
    struct sbx_task other = *task;

    if (call->service->personality.moves_series) {
        other = *old;
    } else {
        *task = *old;
    }
    put(call, task);
    put_beside(call, task, &other);
}

/* New dates without a recurrence split the occurrence off, as on the v2.0 side (B.7). */
bool sbx_graph_update_task(struct sbx_call *call)
{
    struct sbx_task old = { 0 };
    struct sbx_task task = { 0 };
    struct sbx_task single = { 0 };
    unsigned set = 0;
    bool becomes_completed = false;
    bool moves = false;

    if (!find_current(call, &old)) {
        return false;
    }
    task = old;
    if (!edit_task(call, &task, &set)) {
        return false;
    }
    becomes_completed = task.status == SBX_COMPLETED && old.status != SBX_COMPLETED;
    moves = task.start_s != old.start_s || task.due_s != old.due_s;
    if (old.has_series && task.has_series && (set & SBX_SET_SERIES) != 0 &&
        call->service->personality.copies_series) {
        put_copied(call, &old, &task);
    } else if (!old.has_series || (set & SBX_SET_SERIES) != 0 || old.status == SBX_COMPLETED ||
               (!becomes_completed && !moves)) {
        put(call, &task);
    } else if (becomes_completed && !call->service->personality.moves_series) {
        spawn_next(call, &old, &task);
    } else {
        struct sbx_task edited = task;

        if (!sbx_split_off(call, &old, &task, &single)) {
            task = edited;
            task.has_series = false; /* the last one */
            put(call, &task);
        }
    }
    return answer_task(call, 200, &task);
}

bool sbx_graph_delete_task(struct sbx_call *call)
{
    struct sbx_task task = { 0 };

    return find_current(call, &task) && sbx_remove_task(call, &task);
}
