/* Calls out (upstream.md B.2, B.8, B.10, G.4). Ids in URLs are percent-encoded. */
#include "bridge/core/mem.h"
#include "bridge/upstream/service_request.h"
#include "bridge/upstream/todo_internal.h"
#include "http/uri.h"

#define DEFAULT_PAGE 200 /**< entries; about a quarter of a megabyte */
#define LARGEST_PAGE 1000
#define LISTED       "100" /**< tasks on a page of an ordinary listing, which has some ten by itself */

/* There are no groups, no action that completes, and no markers on lists: those are found by name
 * among all. */
bool todo_can(enum upstream_kind kind)
{
    switch (kind) {
    case UPSTREAM_SYNC_FOLDERS:
    case UPSTREAM_SYNC_TASKS:
    case UPSTREAM_GET_TASK:
    case UPSTREAM_CREATE_TASK:
    case UPSTREAM_UPDATE_TASK:
    case UPSTREAM_DELETE_TASK:
    case UPSTREAM_FIND_TASK:
    case UPSTREAM_LIST_SUBTASKS:
    case UPSTREAM_KEEP:
    case UPSTREAM_KEEP_FIRST:
    case UPSTREAM_CREATE_FOLDER:
    case UPSTREAM_RENAME_FOLDER:
    case UPSTREAM_DELETE_FOLDER:
    case UPSTREAM_LIST_ATTACHMENTS:
    case UPSTREAM_GET_ATTACHMENT:
    case UPSTREAM_ADD_ATTACHMENT:
    case UPSTREAM_DELETE_ATTACHMENT:
        return true;
    case UPSTREAM_LIST_GROUPS:
    case UPSTREAM_COMPLETE_TASK:
    case UPSTREAM_FIND_FOLDER:
    case UPSTREAM_KIND_COUNT:
        break;
    }
    return false;
}

/* The id of a sub-task names its task and its own. */
static void put_task(struct service_making *making, struct str id)
{
    struct str parent = upstream_parent_of(id);

    if (parent.n > 0) {
        uri_encode_segment(&making->url, parent);
        buf_put_text(&making->url, "/checklistItems/");
        id = str_skip(id, parent.n + 1);
    }
    uri_encode_segment(&making->url, id);
}

void todo_put_path(struct service_making *making, struct str folder_id, struct str task_id)
{
    buf_put_text(&making->url, "me/todo/lists");
    if (folder_id.n > 0) {
        buf_put_char(&making->url, '/');
        uri_encode_segment(&making->url, folder_id);
    }
    if (task_id.n > 0) {
        buf_put_text(&making->url, "/tasks/");
        put_task(making, task_id);
    }
}

/* The documented form asks for our extension alone (B.8). */
#define OUR_EXTENSION \
    "extensions($filter=id eq 'microsoft.graph.openTypeExtension." TODO_EXTENSION "')"

static void put_expand(struct service_making *making, const char *what)
{
    buf_put_text(&making->url, "?$expand=");
    uri_encode_segment(&making->url, str_from(what));
}

/* What belongs to a task and stands beside it. */
static void put_expand_whole(struct service_making *making)
{
    bool has_ours = making->call->marker.n > 0 || making->call->wants_kept;

    put_expand(making, has_ours ? "checklistItems,linkedResources," OUR_EXTENSION
                                : "checklistItems,linkedResources");
}

/* Links carry every option of the first request but the headers. No $select, which is broken for
 * tasks (B.11). */
static bool build_listing(struct service_making *making, struct err *err)
{
    const struct upstream_call *call = making->call;
    unsigned size = call->page_size > 0 ? call->page_size : DEFAULT_PAGE;

    if (call->kind == UPSTREAM_FIND_TASK && call->marker.n == 0) {
        return err_set(err, ERR_INVALID, "no marker to find by");
    }
    making->request.method = S("GET");
    service_add_header(making, S("Prefer"),
        arena_printf(
            making->arena, "odata.maxpagesize=%u", size < LARGEST_PAGE ? size : LARGEST_PAGE));
    if (call->link.n > 0) {
        buf_clear(&making->url);
        buf_put(&making->url, call->link);
        return true;
    }
    todo_put_path(making, call->kind == UPSTREAM_SYNC_FOLDERS ? S("") : call->folder_id, S(""));
    if (call->kind == UPSTREAM_SYNC_FOLDERS) {
        buf_put_text(&making->url, "/delta");
    } else if (call->kind == UPSTREAM_SYNC_TASKS) {
        buf_put_text(&making->url, "/tasks/delta");
        put_expand_whole(making);
    } else if (call->kind == UPSTREAM_LIST_SUBTASKS) {
        buf_put_text(&making->url, "/tasks/");
        put_task(making, call->parent_id);
        buf_put_text(&making->url, "/checklistItems");
    } else { /* by walking the list: that it can be filtered by an extension is not documented */
        buf_put_text(&making->url, "/tasks");
        put_expand(making, OUR_EXTENSION);
        buf_put_text(&making->url, "&$top=" LISTED);
    }
    return true;
}

static struct str create_body(const struct service_making *making)
{
    CLEANUP(buf_done) struct buf buf;
    const struct upstream_call *call = making->call;
    struct json_out out;
    struct str task = todo_write_task(
        call->task, call->fields, call->zone, true, !call->has_no_range, making->arena);

    buf_init(&buf, SIZE_MAX / 2);
    if (call->marker.n == 0) {
        return task;
    }
    json_out_init(&out, &buf);
    buf_put(&buf, str_first(task, task.n - 1)); /* its last brace: members follow */
    out.needs_comma = true;
    json_out_name(&out, "extensions");
    json_out_open(&out, '[');
    todo_write_extension(&out, call, making->arena);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    return arena_copy(making->arena, buf_str(&buf));
}

static void build_create_task(struct service_making *making)
{
    const struct upstream_call *call = making->call;

    making->request.method = S("POST");
    if (call->parent_id.n > 0) {
        todo_put_path(making, call->folder_id, call->parent_id);
        buf_put_text(&making->url, "/checklistItems");
        service_set_json(making, todo_write_check(call->task, 0, true, making->arena));
        return;
    }
    todo_put_path(making, call->folder_id, S(""));
    buf_put_text(&making->url, "/tasks");
    service_set_json(making, create_body(making));
}

static void build_keep(struct service_making *making)
{
    CLEANUP(buf_done) struct buf buf;
    const struct upstream_call *call = making->call;
    bool is_first = call->kind == UPSTREAM_KEEP_FIRST;
    struct json_out out;

    making->request.method = is_first ? S("POST") : S("PATCH");
    todo_put_path(making, call->folder_id, call->task_id);
    buf_put_text(&making->url, is_first ? "/extensions" : "/extensions/" TODO_EXTENSION);
    buf_init(&buf, SIZE_MAX / 2);
    json_out_init(&out, &buf);
    todo_write_extension(&out, call, making->arena);
    service_set_json(making, arena_copy(making->arena, buf_str(&buf)));
}

static void build_task_call(struct service_making *making)
{
    const struct upstream_call *call = making->call;

    bool is_subtask = upstream_parent_of(call->task_id).n > 0;

    todo_put_path(making, call->folder_id, call->task_id);
    if (call->kind == UPSTREAM_GET_TASK) {
        making->request.method = S("GET");
        if (!is_subtask) {
            put_expand_whole(making);
        }
        return;
    }
    if (call->kind == UPSTREAM_UPDATE_TASK) {
        making->request.method = S("PATCH");
        service_set_json(
            making, is_subtask ? todo_write_check(call->task, call->fields, false, making->arena)
                               : todo_write_task(call->task, call->fields, call->zone, false,
                                     !call->has_no_range, making->arena));
    } else {
        making->request.method = S("DELETE");
    }
    if (call->etag.n > 0 && !is_subtask) { /* it has none */
        service_add_header(making, S("If-Match"), call->etag);
    }
}

static void build_folder_call(struct service_making *making)
{
    bool is_create = making->call->kind == UPSTREAM_CREATE_FOLDER;

    todo_put_path(making, is_create ? S("") : making->call->folder_id, S(""));
    if (making->call->kind == UPSTREAM_DELETE_FOLDER) {
        making->request.method = S("DELETE");
        return;
    }
    making->request.method = is_create ? S("POST") : S("PATCH");
    service_set_json(making, service_name_body(making, "displayName"));
}

/* An item of a checklist has nothing attached to it. */
static bool is_task(struct str id)
{
    return id.n > 0 && upstream_parent_of(id).n == 0;
}

/* An empty id would turn the path of one thing into that of many. */
static bool has_ids(const struct upstream_call *call)
{
    switch (call->kind) {
    case UPSTREAM_SYNC_FOLDERS:
    case UPSTREAM_CREATE_FOLDER:
        return true;
    case UPSTREAM_GET_TASK:
    case UPSTREAM_UPDATE_TASK:
    case UPSTREAM_DELETE_TASK:
    case UPSTREAM_KEEP:
    case UPSTREAM_KEEP_FIRST:
        return call->folder_id.n > 0 && call->task_id.n > 0;
    case UPSTREAM_LIST_SUBTASKS:
        return (call->folder_id.n > 0 && call->parent_id.n > 0) || call->link.n > 0;
    case UPSTREAM_LIST_ATTACHMENTS:
    case UPSTREAM_ADD_ATTACHMENT:
        return (call->folder_id.n > 0 && is_task(call->task_id)) || call->link.n > 0;
    case UPSTREAM_GET_ATTACHMENT:
    case UPSTREAM_DELETE_ATTACHMENT:
        return call->folder_id.n > 0 && is_task(call->task_id) && call->attachment_id.n > 0;
    default:
        return call->folder_id.n > 0 || call->link.n > 0;
    }
}

static bool build_kind(struct service_making *making, struct err *err)
{
    if (!todo_can(making->call->kind) || !has_ids(making->call)) {
        return err_set(err, ERR_INVALID, "no such call in this dialect");
    }
    switch (making->call->kind) {
    case UPSTREAM_SYNC_FOLDERS:
    case UPSTREAM_SYNC_TASKS:
    case UPSTREAM_FIND_TASK:
    case UPSTREAM_LIST_SUBTASKS:
        return build_listing(making, err);
    case UPSTREAM_CREATE_TASK:
        build_create_task(making);
        break;
    case UPSTREAM_KEEP:
    case UPSTREAM_KEEP_FIRST:
        build_keep(making);
        break;
    case UPSTREAM_GET_TASK:
    case UPSTREAM_UPDATE_TASK:
    case UPSTREAM_DELETE_TASK:
        build_task_call(making);
        break;
    case UPSTREAM_LIST_ATTACHMENTS:
    case UPSTREAM_GET_ATTACHMENT:
    case UPSTREAM_ADD_ATTACHMENT:
    case UPSTREAM_DELETE_ATTACHMENT:
        todo_build_attachment(making);
        break;
    default:
        build_folder_call(making);
        break;
    }
    return true;
}

bool todo_build(const struct upstream_call *call, struct str base_url, struct arena *arena,
    struct upstream_request *out, struct err *err)
{
    struct service_making making;

    service_making_init(&making, call, base_url, arena);
    service_add_header(&making, S("Prefer"), S("IdType=\"ImmutableId\""));
    service_add_header(&making, S("Prefer"), S("outlook.body-content-type=\"text\""));
    return service_making_finish(&making, build_kind(&making, err), out, err);
}
