#include "bridge/core/mem.h"
#include "bridge/sandbox/graph.h"

#include <cjson/cJSON.h>
#include <string.h>

#define NAME_MAX_BYTES 255

static struct sbx_db *db_of(const struct sbx_call *call)
{
    return call->service->db;
}

cJSON *sbx_graph_show_list(struct sbx_call *call, const struct sbx_folder *folder)
{
    const char *name = folder->is_default                   ? "defaultList"
                       : folder->kind == SBX_FOLDER_FLAGGED ? "flaggedEmails"
                                                            : "none";
    cJSON *json = cJSON_CreateObject();

    sbx_add_str(call, json, "@odata.etag", sbx_etag(&call->mailbox, folder->seq, call->arena));
    sbx_add_str(call, json, "displayName", folder->name);
    cJSON_AddBoolToObject(json, "isOwner", folder->kind != SBX_FOLDER_SHARED_WITH);
    cJSON_AddBoolToObject(json, "isShared",
        folder->kind == SBX_FOLDER_SHARED_WITH || folder->kind == SBX_FOLDER_SHARED_BY);
    cJSON_AddStringToObject(json, "wellknownListName", name);
    sbx_add_str(call, json, "id", folder->id);
    return json;
}

bool sbx_graph_find_list(struct sbx_call *call, struct sbx_folder *out)
{
    return sbx_state_find_folder(db_of(call), call->user.id, call->keys[0], call->arena, out) ||
           sbx_refuse_missing(call, call->keys[0]);
}

static bool answer_list(struct sbx_call *call, int status, const struct sbx_folder *folder)
{
    return sbx_answer_entity(
        call, status, "users('me')/todo/lists", sbx_graph_show_list(call, folder));
}

static cJSON *show_item(struct sbx_call *call, size_t index, void *items)
{
    return sbx_graph_show_list(call, &((struct sbx_folder *)items)[index]);
}

bool sbx_graph_list_lists(struct sbx_call *call)
{
    struct sbx_folder *folders = NULL;
    size_t count = sbx_state_list_folders(db_of(call), call->user.id, 0, call->arena, &folders);
    struct sbx_listing listing = {
        .kind = "TaskFolders",
        .context = S("users('me')/todo/lists"),
        .path = S("me/todo/lists"),
        .show_cb = show_item,
        .count = count,
        .items = folders,
    };

    if (call->query.select_count > 0 || call->query.parts != 0 || call->query.filter != NULL ||
        call->query.orderby.n > 0) {
        return sbx_refuse(&call->refusal, 400, "ErrorInvalidUrlQuery", "Invalid request");
    }
    return sbx_list(call, &listing);
}

/* A body knows displayName alone. */
static bool read_name(struct sbx_call *call, struct str *name_out)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(call->body, "displayName");
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, call->body)
    {
        if (member != name && strncmp(member->string, "@odata.", 7) != 0) {
            return sbx_refuse(&call->refusal, 400, "ErrorInvalidProperty",
                "The property '%.60s' does not exist here or is read-only.", member->string);
        }
    }
    if (name == NULL || !cJSON_IsString(name) || str_trim(str_from(name->valuestring)).n == 0 ||
        strlen(name->valuestring) > NAME_MAX_BYTES) {
        return sbx_refuse(&call->refusal, 400, "ErrorInvalidProperty",
            "displayName must be a string of 1 to 255 bytes.");
    }
    *name_out = str_from(name->valuestring);
    return true;
}

bool sbx_graph_create_list(struct sbx_call *call)
{
    struct sbx_folder folder = { .group_key = S(SBX_DEFAULT_GROUP_KEY) };

    if (!read_name(call, &folder.name) || !sbx_check_unique(call, folder.name, 0)) {
        return false;
    }
    sbx_state_put_folder(db_of(call), call->user.id, call->arena, &folder);
    return answer_list(call, 201, &folder);
}

bool sbx_graph_get_list(struct sbx_call *call)
{
    struct sbx_folder folder = { 0 };

    return sbx_graph_find_list(call, &folder) && answer_list(call, 200, &folder);
}

/* Built-in lists stay, and others' are not ours to change (upstream.md B.3). */
static bool find_own(struct sbx_call *call, struct sbx_folder *out)
{
    if (!sbx_graph_find_list(call, out)) {
        return false;
    }
    if (out->is_default || out->kind == SBX_FOLDER_FLAGGED) {
        return sbx_refuse(
            &call->refusal, 400, "ErrorInvalidRequest", "A built-in list stays as it is.");
    }
    if (out->kind == SBX_FOLDER_SHARED_WITH) {
        return sbx_refuse(
            &call->refusal, 403, "ErrorAccessDenied", "The list belongs to somebody else.");
    }
    return sbx_check_if_match(call, sbx_etag(&call->mailbox, out->seq, call->arena));
}

bool sbx_graph_update_list(struct sbx_call *call)
{
    struct sbx_folder folder = { 0 };

    if (!find_own(call, &folder) || !read_name(call, &folder.name) ||
        !sbx_check_unique(call, folder.name, folder.row)) {
        return false;
    }
    sbx_state_put_folder(db_of(call), call->user.id, call->arena, &folder);
    return answer_list(call, 200, &folder);
}

bool sbx_graph_delete_list(struct sbx_call *call)
{
    struct sbx_folder folder = { 0 };

    if (!find_own(call, &folder)) {
        return false;
    }
    sbx_state_remove_folder(db_of(call), call->user.id, &folder);
    call->status = 204;
    return true;
}
