/* The files of a task over the wire of Graph (upstream.md B.9). Links and items that the v2.0 side
 * has attached are not seen here. */
#include "bridge/core/mem.h"
#include "bridge/sandbox/attachment.h"
#include "bridge/sandbox/graph.h"

#include <cjson/cJSON.h>
#include <string.h>

#define FILE_TYPE    "#microsoft.graph.taskFileAttachment"
#define NAME_MOST    255
#define CONTENT_MOST ((int64_t)3 << 20) /**< in one POST */

static struct sbx_db *db_of(const struct sbx_call *call)
{
    return call->service->db;
}

static bool refuse(struct sbx_call *call, const char *name, const char *what)
{
    return sbx_refuse(
        &call->refusal, 400, "InvalidModel", "Invalid request: '%.60s' %s", name, what);
}

/* Writing. Content is shown singly alone. */

static cJSON *show(struct sbx_call *call, const struct sbx_attachment *attachment, bool is_whole)
{
    cJSON *json = cJSON_CreateObject();

    cJSON_AddStringToObject(json, "@odata.type", FILE_TYPE);
    sbx_add_str(call, json, "id", attachment->id);
    sbx_add_str(
        call, json, "lastModifiedDateTime", sbx_graph_stamp(attachment->modified_us, call->arena));
    sbx_add_str(call, json, "name", attachment->name);
    if (attachment->type.p != NULL) {
        sbx_add_str(call, json, "contentType", attachment->type);
    } else {
        cJSON_AddNullToObject(json, "contentType");
    }
    cJSON_AddNumberToObject(json, "size", (double)attachment->size);
    if (is_whole) {
        sbx_add_str(call, json, "contentBytes", attachment->content);
    }
    return json;
}

static cJSON *show_item(struct sbx_call *call, size_t index, void *items)
{
    return show(call, &((struct sbx_attachment *)items)[index], false);
}

/* Reading */

bool sbx_graph_read_file_name(struct sbx_call *call, const cJSON *from, struct str *out)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(from, "name");

    if (!cJSON_IsString(name) || *name->valuestring == '\0' ||
        strlen(name->valuestring) > NAME_MOST) {
        return refuse(call, "name", "must be a string that is not empty.");
    }
    *out = str_from(name->valuestring);
    return true;
}

bool sbx_graph_read_file_type(struct sbx_call *call, const cJSON *from, struct str *out)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(from, "contentType");

    if (type != NULL && !cJSON_IsNull(type) && !cJSON_IsString(type)) {
        return refuse(call, "contentType", "must be a string.");
    }
    *out = cJSON_IsString(type) ? str_from(type->valuestring) : S("application/octet-stream");
    return true;
}

static bool read_attachment(struct sbx_call *call, struct sbx_attachment *out)
{
    static const char *const names[] = { "@odata.type", "name", "contentType", "contentBytes" };
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(call->body, "@odata.type");
    const cJSON *content = cJSON_GetObjectItemCaseSensitive(call->body, "contentBytes");
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, call->body)
    {
        bool is_known = false;

        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            is_known = is_known || strcmp(names[i], member->string) == 0;
        }
        if (!is_known) {
            return refuse(call, member->string, "does not exist here or is read-only.");
        }
    }
    if (!cJSON_IsString(type) || strcmp(type->valuestring, FILE_TYPE) != 0) {
        return refuse(call, "@odata.type", "must be " FILE_TYPE ".");
    }
    if (!cJSON_IsString(content) || !sbx_attachment_set_file(out, str_from(content->valuestring))) {
        return refuse(call, "contentBytes", "must be base64.");
    }
    if ((int64_t)out->content.n / 4 * 3 > CONTENT_MOST + 2) {
        return sbx_refuse(
            &call->refusal, 413, "RequestEntityTooLarge", "More than 3 MB need an upload session.");
    }
    return sbx_graph_read_file_name(call, call->body, &out->name) &&
           sbx_graph_read_file_type(call, call->body, &out->type);
}

/* The handlers */

static const char *context_of(const struct sbx_call *call)
{
    return arena_printf(call->arena, "users('me')/todo/lists('%.*s')/tasks('%.*s')/attachments",
        STR_ARG(sbx_context_id(call, call->keys[0])), STR_ARG(sbx_context_id(call, call->keys[1])))
        .p;
}

bool sbx_graph_list_attachments(struct sbx_call *call)
{
    struct sbx_listing listing = { .kind = "Files", .show_cb = show_item };
    struct sbx_attachment *items = NULL;
    struct sbx_task task = { 0 };
    size_t count;

    if (!sbx_graph_find_task(call, &task)) {
        return false;
    }
    if (call->query.filter != NULL || call->query.orderby.n > 0 || call->query.parts != 0) {
        return sbx_refuse(&call->refusal, 400, "ErrorInvalidUrlQuery", "Invalid request");
    }
    count = sbx_state_list_attachments(db_of(call), task.row, call->arena, &items);
    for (size_t i = 0; i < count; i++) {
        if (items[i].kind == SBX_ATTACHED_FILE) {
            items[listing.count++] = items[i];
        }
    }
    listing.context = str_from(context_of(call));
    listing.path = arena_printf(call->arena, "me/todo/lists/%.*s/tasks/%.*s/attachments",
        STR_ARG(call->keys[0]), STR_ARG(call->keys[1]));
    listing.items = items;
    return sbx_list(call, &listing);
}

bool sbx_graph_add_attachment(struct sbx_call *call)
{
    struct sbx_attachment attachment = { .kind = SBX_ATTACHED_FILE };
    struct sbx_task task = { 0 };

    if (!sbx_graph_find_task(call, &task) || !read_attachment(call, &attachment)) {
        return false;
    }
    attachment.task = task.row;
    sbx_state_add_attachment(
        db_of(call), call->user.id, call->edit.now_us, call->arena, &attachment);
    sbx_graph_touch(call, &task);
    return sbx_answer_entity(call, 201, context_of(call), show(call, &attachment, false));
}

static bool find_file(struct sbx_call *call, struct sbx_task *task, struct sbx_attachment *out)
{
    return sbx_graph_find_task(call, task) &&
           ((sbx_state_find_attachment(db_of(call), task->row, call->keys[2], call->arena, out) &&
                out->kind == SBX_ATTACHED_FILE) ||
               sbx_refuse_missing(call, call->keys[2]));
}

bool sbx_graph_get_attachment(struct sbx_call *call)
{
    struct sbx_attachment attachment = { 0 };
    struct sbx_task task = { 0 };

    return find_file(call, &task, &attachment) && sbx_check_select(call, "Files") &&
           sbx_answer_entity(call, 200, context_of(call), show(call, &attachment, true));
}

bool sbx_graph_delete_attachment(struct sbx_call *call)
{
    struct sbx_attachment attachment = { 0 };
    struct sbx_task task = { 0 };

    if (!find_file(call, &task, &attachment)) {
        return false;
    }
    sbx_state_remove_attachment(db_of(call), task.row, attachment.id);
    sbx_graph_touch(call, &task);
    call->status = 204;
    return true;
}
