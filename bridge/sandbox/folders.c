#include "bridge/sandbox/service.h"

#include "bridge/core/mem.h"

#include <cjson/cJSON.h>
#include <string.h>

#define NAME_MAX_BYTES 255

static struct sbx_db *db_of(const struct sbx_call *call)
{
    return call->service->db;
}

static bool find_group(struct sbx_call *call, struct sbx_group *out)
{
    return sbx_state_find_group(db_of(call), call->user.id, call->key, call->arena, out) ||
           sbx_refuse_missing(call, call->key);
}

static bool find_folder(struct sbx_call *call, struct sbx_folder *out)
{
    return (sbx_state_find_folder(db_of(call), call->user.id, call->key, call->arena, out) &&
               sbx_folder_is_in_outlook(out)) ||
           sbx_refuse_missing(call, call->key);
}

/* The body of a folder or group: Name, and extended properties of a folder. */
static bool read_name(struct sbx_call *call, bool may_have_properties, struct str *name_out)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(call->body, "Name");
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, call->body)
    {
        bool is_property = strcmp(member->string, "SingleValueExtendedProperties") == 0 ||
                           strcmp(member->string, "MultiValueExtendedProperties") == 0;

        if (member != name && strncmp(member->string, "@odata.", 7) != 0 &&
            !(is_property && may_have_properties)) {
            return sbx_refuse(&call->refusal, 400, "ErrorInvalidProperty",
                "The property '%.60s' does not exist here or is read-only.", member->string);
        }
    }
    if (name == NULL && call->method == HTTP_PATCH) {
        *name_out = (struct str){ NULL, 0 };
        return true;
    }
    if (name == NULL || !cJSON_IsString(name) || str_trim(str_from(name->valuestring)).n == 0 ||
        strlen(name->valuestring) > NAME_MAX_BYTES) {
        return sbx_refuse(&call->refusal, 400, "ErrorInvalidProperty",
            "Name must be a string of 1 to 255 bytes.");
    }
    *name_out = str_from(name->valuestring);
    return true;
}

/** What the filter callbacks get. */
struct candidate {
    struct sbx_call *call;
    const struct sbx_folder *folder;
};

static bool find_value(void *item, struct str path, struct sbx_value *out)
{
    const struct sbx_folder *folder = ((const struct candidate *)item)->folder;

    *out = (struct sbx_value){ .kind = SBX_VALUE_TEXT, .text = folder->name };
    if (str_eq(path, S("IsDefaultFolder"))) {
        *out = (struct sbx_value){ .kind = SBX_VALUE_BOOL, .number = folder->is_default };
        return true;
    }
    return str_eq(path, S("Name"));
}

static bool has_property(void *item, struct str name, struct str value)
{
    const struct candidate *candidate = (const struct candidate *)item;

    return sbx_has_property(candidate->call, candidate->folder->id, name, value);
}

static cJSON *show_folder_item(struct sbx_call *call, size_t index, void *items)
{
    return sbx_show_folder(call, &((struct sbx_folder *)items)[index]);
}

/* group_key: only those of that group, unless it is empty. */
static bool list_folders(
    struct sbx_call *call, struct str group_key, struct str context, struct str path)
{
    static const struct sbx_subject subject = { find_value, has_property };
    struct sbx_folder *folders = NULL;
    size_t count = sbx_state_list_folders(db_of(call), call->user.id, 0, call->arena, &folders);
    struct sbx_listing listing = {
        .kind = "TaskFolders", .context = context, .path = path, .show_cb = show_folder_item
    };

    if (call->query.orderby.n > 0) {
        return sbx_refuse(
            &call->refusal, 400, "ErrorInvalidUrlQuery", "$orderby is not available here.");
    }
    for (size_t i = 0; i < count; i++) {
        struct candidate candidate = { call, &folders[i] };
        bool matches = sbx_folder_is_in_outlook(&folders[i]) &&
                       (group_key.n == 0 || str_eq(folders[i].group_key, group_key));

        if (matches && call->query.filter != NULL &&
            !sbx_filter_match(call->query.filter, &subject, &candidate, &matches, &call->refusal)) {
            return false;
        }
        if (matches) {
            folders[listing.count++] = folders[i];
        }
    }
    listing.items = folders;
    return sbx_list(call, &listing);
}

bool sbx_list_folders(struct sbx_call *call)
{
    if (sbx_is_sync(call)) {
        return sbx_sync(call, NULL);
    }
    return list_folders(call, S(""), S("Me/TaskFolders"), S("me/TaskFolders"));
}

bool sbx_list_group_folders(struct sbx_call *call)
{
    struct sbx_group group = { 0 };

    return find_group(call, &group) &&
           list_folders(call, group.key,
               arena_printf(call->arena, "Me/TaskGroups('%.*s')/TaskFolders",
                   STR_ARG(sbx_context_id(call, group.id))),
               arena_printf(call->arena, "me/TaskGroups('%.*s')/TaskFolders", STR_ARG(group.id)));
}

bool sbx_create_folder(struct sbx_call *call)
{
    struct sbx_group group = { .key = S(SBX_DEFAULT_GROUP_KEY) };
    struct sbx_folder folder = { 0 };

    if ((call->key.n > 0 && !find_group(call, &group)) || !read_name(call, true, &folder.name) ||
        !sbx_check_unique(call, folder.name, 0)) {
        return false;
    }
    folder.group_key = group.key;
    sbx_state_put_folder(db_of(call), call->user.id, call->arena, &folder);
    return sbx_put_properties(call, folder.id) &&
           sbx_answer_entity(call, 201, "Me/TaskFolders", sbx_show_folder(call, &folder));
}

bool sbx_update_folder(struct sbx_call *call)
{
    struct sbx_folder folder = { 0 };
    struct str name = { 0 };

    if (!find_folder(call, &folder) || !read_name(call, true, &name)) {
        return false;
    }
    if (name.p != NULL) {
        if (folder.is_default) {
            return sbx_refuse(&call->refusal, 400, "ErrorInvalidProperty",
                "The default folder cannot be renamed.");
        }
        if (!sbx_check_unique(call, name, folder.row)) {
            return false;
        }
        folder.name = name;
    }
    sbx_state_put_folder(db_of(call), call->user.id, call->arena, &folder);
    return sbx_put_properties(call, folder.id) &&
           sbx_answer_entity(call, 200, "Me/TaskFolders", sbx_show_folder(call, &folder));
}

bool sbx_delete_folder(struct sbx_call *call)
{
    struct sbx_folder folder = { 0 };

    if (!find_folder(call, &folder)) {
        return false;
    }
    if (folder.is_default) {
        return sbx_refuse(&call->refusal, 400, "ErrorDeleteDistinguishedFolder",
            "The default folder cannot be deleted.");
    }
    sbx_state_remove_folder(db_of(call), call->user.id, &folder);
    call->status = 204;
    return true;
}

static cJSON *show_group_item(struct sbx_call *call, size_t index, void *items)
{
    return sbx_show_group(call, &((struct sbx_group *)items)[index]);
}

bool sbx_list_groups(struct sbx_call *call)
{
    struct sbx_group *groups = NULL;
    struct sbx_listing listing = {
        .kind = "TaskGroups",
        .context = S("Me/TaskGroups"),
        .path = S("me/TaskGroups"),
        .show_cb = show_group_item,
    };

    if (call->query.filter != NULL || call->query.orderby.n > 0) {
        return sbx_refuse(&call->refusal, 400, "ErrorInvalidUrlQuery",
            "$filter and $orderby are not available here.");
    }
    listing.count = sbx_state_list_groups(db_of(call), call->user.id, call->arena, &groups);
    listing.items = groups;
    return sbx_list(call, &listing);
}

bool sbx_create_group(struct sbx_call *call)
{
    struct sbx_group group = { 0 };

    if (!read_name(call, false, &group.name)) {
        return false;
    }
    sbx_state_put_group(db_of(call), call->user.id, call->arena, &group);
    return sbx_answer_entity(call, 201, "Me/TaskGroups", sbx_show_group(call, &group));
}

bool sbx_update_group(struct sbx_call *call)
{
    struct sbx_group group = { 0 };
    struct str name = { 0 };

    if (!find_group(call, &group) || !read_name(call, false, &name)) {
        return false;
    }
    if (name.p != NULL) {
        if (group.is_default) {
            return sbx_refuse(&call->refusal, 400, "ErrorInvalidProperty",
                "The default group cannot be renamed.");
        }
        group.name = name;
    }
    sbx_state_put_group(db_of(call), call->user.id, call->arena, &group);
    return sbx_answer_entity(call, 200, "Me/TaskGroups", sbx_show_group(call, &group));
}

/* What becomes of the folders of a deleted group is not documented: refused while it has any. */
bool sbx_delete_group(struct sbx_call *call)
{
    struct sbx_folder *folders = NULL;
    struct sbx_group group = { 0 };
    size_t count = 0;

    if (!find_group(call, &group)) {
        return false;
    }
    if (group.is_default) {
        return sbx_refuse(&call->refusal, 400, "ErrorDeleteDistinguishedFolder",
            "The default group cannot be deleted.");
    }
    count = sbx_state_list_folders(db_of(call), call->user.id, 0, call->arena, &folders);
    for (size_t i = 0; i < count; i++) {
        if (str_eq(folders[i].group_key, group.key)) {
            return sbx_refuse(
                &call->refusal, 400, "ErrorInvalidRequest", "The group still has folders.");
        }
    }
    sbx_state_remove_group(db_of(call), call->user.id, &group);
    call->status = 204;
    return true;
}
