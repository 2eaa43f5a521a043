#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/graph.h"
#include "bridge/sandbox/state_child.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>

#define EXTENSION_TYPE   "microsoft.graph.openTypeExtension"
#define CHILDREN_MAX     100 /* in one POST of a task */
#define NAME_MAX_BYTES   150
#define MEMBER_MAX_BYTES 4096

static struct sbx_db *db_of(const struct sbx_call *call)
{
    return call->service->db;
}

static bool refuse(struct sbx_call *call, const char *name, const char *what)
{
    return sbx_refuse(
        &call->refusal, 400, "InvalidModel", "Invalid request: '%.60s' %s", name, what);
}

static struct str print(struct sbx_call *call, const cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);
    struct str copy = arena_copy(call->arena, str_from(text));

    cJSON_free(text);
    return copy;
}

/* One kind each: what a body may say, applied to the members that are stored */

static bool read_checked(struct sbx_call *call, const cJSON *value, cJSON *stored)
{
    bool was_checked = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(stored, "isChecked"));

    if (!cJSON_IsBool(value)) {
        return refuse(call, "isChecked", "must be true or false.");
    }
    cJSON_ReplaceItemInObjectCaseSensitive(stored, "isChecked", cJSON_Duplicate(value, true));
    if (cJSON_IsTrue(value) && !was_checked) {
        sbx_add_str(
            call, stored, "checkedDateTime", sbx_graph_stamp(call->edit.now_us, call->arena));
    } else if (!cJSON_IsTrue(value)) {
        cJSON_DeleteItemFromObjectCaseSensitive(stored, "checkedDateTime");
    }
    return true;
}

static bool read_checked_time(struct sbx_call *call, const cJSON *value, cJSON *stored)
{
    bool is_checked = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(stored, "isChecked"));
    bool has_offset = false;
    int64_t micros = 0;

    if (cJSON_IsNull(value) && !is_checked) {
        return true;
    }
    if (!is_checked || !cJSON_IsString(value) ||
        !civil_parse_iso(str_from(value->valuestring), &micros, &has_offset) || !has_offset) {
        return refuse(call, "checkedDateTime", "must be a time, of an item that is checked.");
    }
    cJSON_DeleteItemFromObjectCaseSensitive(stored, "checkedDateTime");
    sbx_add_str(call, stored, "checkedDateTime", sbx_graph_stamp(micros, call->arena));
    return true;
}

static bool read_item(struct sbx_call *call, const cJSON *body, cJSON *stored)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(body, "displayName");
    const cJSON *checked = cJSON_GetObjectItemCaseSensitive(body, "isChecked");
    const cJSON *time = cJSON_GetObjectItemCaseSensitive(body, "checkedDateTime");
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, body)
    {
        if (member != name && member != checked && member != time &&
            strncmp(member->string, "@odata.", 7) != 0) {
            return refuse(call, member->string, "does not exist here or is read-only.");
        }
    }
    if (stored->child == NULL) {
        cJSON_AddStringToObject(stored, "displayName", "");
        sbx_add_str(
            call, stored, "createdDateTime", sbx_graph_stamp(call->edit.now_us, call->arena));
        cJSON_AddFalseToObject(stored, "isChecked");
        if (name == NULL) {
            return refuse(call, "displayName", "is needed.");
        }
    }
    if (name != NULL) {
        if (!cJSON_IsString(name) || str_trim(str_from(name->valuestring)).n == 0 ||
            strlen(name->valuestring) > MEMBER_MAX_BYTES) {
            return refuse(call, "displayName", "must be a string that is not empty.");
        }
        cJSON_ReplaceItemInObjectCaseSensitive(
            stored, "displayName", cJSON_CreateString(name->valuestring));
    }
    return (checked == NULL || read_checked(call, checked, stored)) &&
           (time == NULL || read_checked_time(call, time, stored));
}

static bool read_link(struct sbx_call *call, const cJSON *body, cJSON *stored)
{
    static const char *const names[] = { "webUrl", "applicationName", "displayName", "externalId" };
    const cJSON *member = NULL;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (cJSON_GetObjectItemCaseSensitive(stored, names[i]) == NULL) {
            cJSON_AddNullToObject(stored, names[i]);
        }
    }
    cJSON_ArrayForEach(member, body)
    {
        bool is_known = false;

        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            is_known = is_known || strcmp(names[i], member->string) == 0;
        }
        if (strncmp(member->string, "@odata.", 7) == 0) {
            continue;
        }
        if (!is_known) {
            return refuse(call, member->string, "does not exist here or is read-only.");
        }
        if (!cJSON_IsNull(member) &&
            (!cJSON_IsString(member) || strlen(member->valuestring) > MEMBER_MAX_BYTES)) {
            return refuse(call, member->string, "must be a string.");
        }
        cJSON_ReplaceItemInObjectCaseSensitive(
            stored, member->string, cJSON_Duplicate(member, true));
    }
    return true;
}

/* An open type: any members, of simple values (upstream.md B.8). */
static bool read_extension(struct sbx_call *call, const cJSON *body, cJSON *stored)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(body, "@odata.type");
    const cJSON *member = NULL;

    if (call->service->personality.refuses_extensions) {
        return refuse(call, "extensions", "are not available here.");
    }
    if ((type == NULL && stored->child == NULL) ||
        (type != NULL &&
            (!cJSON_IsString(type) || (strcmp(type->valuestring, EXTENSION_TYPE) != 0 &&
                                          strcmp(type->valuestring, "#" EXTENSION_TYPE) != 0)))) {
        return refuse(call, "@odata.type", "must be " EXTENSION_TYPE ".");
    }
    cJSON_ArrayForEach(member, body)
    {
        const cJSON *old = cJSON_GetObjectItemCaseSensitive(stored, member->string);

        if (member == type) {
            continue;
        }
        if (strcmp(member->string, "id") == 0 || cJSON_IsObject(member)) {
            return refuse(call, member->string, "cannot be said here.");
        }
        if (strcmp(member->string, "extensionName") == 0 && old != NULL) {
            if (!cJSON_Compare(old, member, true)) {
                return refuse(call, "extensionName", "cannot change.");
            }
            continue;
        }
        cJSON_DeleteItemFromObjectCaseSensitive(stored, member->string);
        if (!cJSON_IsNull(member)) {
            cJSON_AddItemToObject(stored, member->string, cJSON_Duplicate(member, true));
        }
    }
    return true;
}

static bool read_extension_name(struct sbx_call *call, const cJSON *stored, struct str *out)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(stored, "extensionName");

    if (name == NULL || !cJSON_IsString(name) || *name->valuestring == '\0' ||
        strlen(name->valuestring) > NAME_MAX_BYTES) {
        return refuse(call, "extensionName", "must be a name.");
    }
    for (const char *p = name->valuestring; *p != '\0'; p++) {
        if (!isalnum((unsigned char)*p) && *p != '.' && *p != '_' && *p != '-') {
            return refuse(call, "extensionName", "must be letters, digits, dots and dashes.");
        }
    }
    *out = arena_copy(call->arena, str_from(name->valuestring));
    return true;
}

static const struct kind {
    const char *name;
    bool (*read)(struct sbx_call *call, const cJSON *body, cJSON *stored);
    unsigned part;
} kinds[] = {
    [SBX_CHECKLIST_ITEM] = { "checklistItems", read_item, SBX_EXPAND_CHECKLIST },
    [SBX_LINKED_RESOURCE] = { "linkedResources", read_link, SBX_EXPAND_LINKS },
    [SBX_EXTENSION] = { "extensions", read_extension, SBX_EXPAND_EXTENSIONS },
};

/* All kinds */

static cJSON *show(struct sbx_call *call, enum sbx_child_kind kind, const struct sbx_child *child)
{
    cJSON *json = cJSON_ParseWithLength(child->json.p, child->json.n);

    if (kind == SBX_EXTENSION) {
        cJSON_AddStringToObject(json, "@odata.type", "#" EXTENSION_TYPE);
        sbx_add_str(call, json, "id",
            arena_printf(call->arena, EXTENSION_TYPE ".%.*s", STR_ARG(child->id)));
    } else {
        sbx_add_str(call, json, "id", child->id);
    }
    return json;
}

/* An extension goes by its name and by its whole id. */
static struct str bare_name(struct str id)
{
    struct str head = S(EXTENSION_TYPE ".");

    return str_has_prefix(id, head) ? str_skip(id, head.n) : id;
}

static cJSON *show_all(struct sbx_call *call, enum sbx_child_kind kind, struct str owner)
{
    cJSON *list = cJSON_CreateArray();
    struct sbx_child *items = NULL;
    size_t count = sbx_child_list(db_of(call), owner, kind, call->arena, &items);

    for (size_t i = 0; i < count; i++) {
        if (kind != SBX_EXTENSION || call->query.extension.n == 0 ||
            str_eq(bare_name(call->query.extension), items[i].id)) {
            cJSON_AddItemToArray(list, show(call, kind, &items[i]));
        }
    }
    return list;
}

void sbx_graph_add_children(struct sbx_call *call, cJSON *json, struct str owner)
{
    for (enum sbx_child_kind kind = SBX_CHECKLIST_ITEM; kind <= SBX_EXTENSION; kind++) {
        bool is_hidden = kind == SBX_EXTENSION && call->service->personality.hides_extensions;

        if ((call->query.parts & kinds[kind].part) != 0 && !is_hidden) {
            cJSON_AddItemToObject(json, kinds[kind].name, show_all(call, kind, owner));
        }
    }
}

/* A new one, from its body. */
static bool add(struct sbx_call *call, enum sbx_child_kind kind, struct str owner,
    const cJSON *body, struct sbx_child *child)
{
    cJSON *stored = cJSON_CreateObject();
    struct sbx_child old = { 0 };
    bool is_good = cJSON_IsObject(body) ? kinds[kind].read(call, body, stored)
                                        : refuse(call, kinds[kind].name, "must hold objects.");

    *child = (struct sbx_child){ 0 };
    if (is_good && kind == SBX_EXTENSION) {
        is_good = read_extension_name(call, stored, &child->id);
        if (is_good && sbx_child_find(db_of(call), owner, kind, child->id, call->arena, &old)) {
            is_good = sbx_refuse(&call->refusal, 409, "nameAlreadyExists",
                "An extension of that name exists already.");
        }
    }
    if (is_good) {
        child->json = print(call, stored);
        sbx_child_put(db_of(call), owner, kind, call->arena, child);
    }
    cJSON_Delete(stored);
    return is_good;
}

bool sbx_graph_put_children(struct sbx_call *call, struct str owner)
{
    for (enum sbx_child_kind kind = SBX_CHECKLIST_ITEM; kind <= SBX_EXTENSION; kind++) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(call->body, kinds[kind].name);
        const cJSON *entry = NULL;
        struct sbx_child child = { 0 };

        if (list == NULL) {
            continue;
        }
        if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > CHILDREN_MAX ||
            (kind == SBX_CHECKLIST_ITEM && !call->service->personality.inline_checklist)) {
            return refuse(call, kinds[kind].name, "cannot be given with the task like this.");
        }
        cJSON_ArrayForEach(entry, list)
        {
            if (!add(call, kind, owner, entry, &child)) {
                return false;
            }
        }
    }
    return true;
}

void sbx_graph_reset_checklist(struct sbx_call *call, struct str owner)
{
    struct sbx_child *items = NULL;
    size_t count = sbx_child_list(db_of(call), owner, SBX_CHECKLIST_ITEM, call->arena, &items);

    for (size_t i = 0; i < count; i++) {
        cJSON *stored = cJSON_ParseWithLength(items[i].json.p, items[i].json.n);

        cJSON_ReplaceItemInObjectCaseSensitive(stored, "isChecked", cJSON_CreateFalse());
        cJSON_DeleteItemFromObjectCaseSensitive(stored, "checkedDateTime");
        items[i].json = print(call, stored);
        sbx_child_put(db_of(call), owner, SBX_CHECKLIST_ITEM, call->arena, &items[i]);
        cJSON_Delete(stored);
    }
}

/* The five requests, for each kind */

void sbx_graph_touch(struct sbx_call *call, struct sbx_task *task)
{
    if (!call->service->personality.silent_children) {
        sbx_state_put_task(db_of(call), call->user.id, call->edit.now_us, call->arena, task);
    }
}

static bool find(
    struct sbx_call *call, enum sbx_child_kind kind, struct sbx_task *task, struct sbx_child *child)
{
    struct str id = kind == SBX_EXTENSION ? bare_name(call->keys[2]) : call->keys[2];

    return sbx_graph_find_task(call, task) &&
           (sbx_child_find(db_of(call), task->id, kind, id, call->arena, child) ||
               sbx_refuse(&call->refusal, 404, "ErrorItemNotFound",
                   "The specified object was not found in the store."));
}

static bool answer(
    struct sbx_call *call, int status, enum sbx_child_kind kind, const struct sbx_child *child)
{
    return sbx_answer_entity(call, status, kinds[kind].name, show(call, kind, child));
}

static bool list(struct sbx_call *call, enum sbx_child_kind kind)
{
    struct sbx_task task = { 0 };

    if (!sbx_graph_find_task(call, &task)) {
        return false;
    }
    call->status = 200;
    call->json = cJSON_CreateObject();
    sbx_add_context(call, call->json, "%s", kinds[kind].name);
    cJSON_AddItemToObject(call->json, "value", show_all(call, kind, task.id));
    return true;
}

static bool create(struct sbx_call *call, enum sbx_child_kind kind)
{
    struct sbx_task task = { 0 };
    struct sbx_child child = { 0 };

    if (!sbx_graph_find_task(call, &task) || !add(call, kind, task.id, call->body, &child)) {
        return false;
    }
    sbx_graph_touch(call, &task);
    return answer(call, 201, kind, &child);
}

static bool get(struct sbx_call *call, enum sbx_child_kind kind)
{
    struct sbx_task task = { 0 };
    struct sbx_child child = { 0 };

    return find(call, kind, &task, &child) && answer(call, 200, kind, &child);
}

static bool update(struct sbx_call *call, enum sbx_child_kind kind)
{
    struct sbx_task task = { 0 };
    struct sbx_child child = { 0 };
    cJSON *stored = NULL;
    bool is_good = false;

    if (!find(call, kind, &task, &child)) {
        return false;
    }
    stored = cJSON_ParseWithLength(child.json.p, child.json.n);
    is_good = kinds[kind].read(call, call->body, stored);
    if (is_good) {
        child.json = print(call, stored);
        sbx_child_put(db_of(call), task.id, kind, call->arena, &child);
        sbx_graph_touch(call, &task);
    }
    cJSON_Delete(stored);
    return is_good && answer(call, 200, kind, &child);
}

static bool delete_one(struct sbx_call *call, enum sbx_child_kind kind)
{
    struct sbx_task task = { 0 };
    struct sbx_child child = { 0 };

    if (!find(call, kind, &task, &child)) {
        return false;
    }
    sbx_child_remove(db_of(call), &child);
    sbx_graph_touch(call, &task);
    call->status = 204;
    return true;
}

#define HANDLER(name, what, kind)    \
    bool name(struct sbx_call *call) \
    {                                \
        return what(call, kind);     \
    }

HANDLER(sbx_graph_list_checklist, list, SBX_CHECKLIST_ITEM)
HANDLER(sbx_graph_create_checklist, create, SBX_CHECKLIST_ITEM)
HANDLER(sbx_graph_get_checklist, get, SBX_CHECKLIST_ITEM)
HANDLER(sbx_graph_update_checklist, update, SBX_CHECKLIST_ITEM)
HANDLER(sbx_graph_delete_checklist, delete_one, SBX_CHECKLIST_ITEM)
HANDLER(sbx_graph_list_links, list, SBX_LINKED_RESOURCE)
HANDLER(sbx_graph_create_link, create, SBX_LINKED_RESOURCE)
HANDLER(sbx_graph_get_link, get, SBX_LINKED_RESOURCE)
HANDLER(sbx_graph_update_link, update, SBX_LINKED_RESOURCE)
HANDLER(sbx_graph_delete_link, delete_one, SBX_LINKED_RESOURCE)
HANDLER(sbx_graph_list_extensions, list, SBX_EXTENSION)
HANDLER(sbx_graph_create_extension, create, SBX_EXTENSION)
HANDLER(sbx_graph_get_extension, get, SBX_EXTENSION)
HANDLER(sbx_graph_update_extension, update, SBX_EXTENSION)
HANDLER(sbx_graph_delete_extension, delete_one, SBX_EXTENSION)
