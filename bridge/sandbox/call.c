#include "bridge/sandbox/call.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/graph.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool sbx_call_has_fault(const struct sbx_call *call, enum sbx_fault_kind kind)
{
    return call->fault != NULL && call->fault->kind == kind;
}

void sbx_call_done(struct sbx_call *call)
{
    cJSON_Delete(TAKE(call->body));
    cJSON_Delete(TAKE(call->json));
}

struct str sbx_user_id(const struct sbx_call *call)
{
    return str_first(call->mailbox.guids, str_find_char(call->mailbox.guids, '@'));
}

bool sbx_refuse_missing(struct sbx_call *call, struct str id)
{
    for (size_t i = 0; i < id.n; i++) {
        if (!isalnum((unsigned char)id.p[i]) && strchr("-_=", id.p[i]) == NULL) {
            return sbx_refuse(&call->refusal, 400, "ErrorInvalidIdMalformed", "Id is malformed.");
        }
    }
    return sbx_refuse(&call->refusal, 404, "ErrorItemNotFound",
        "The specified object was not found in the store.");
}

bool sbx_check_if_match(struct sbx_call *call, struct str etag)
{
    struct str list = http_request_header(call->request, S("If-Match"));
    struct str one = { 0 };

    if (list.p == NULL || sbx_call_has_fault(call, SBX_FAULT_IGNORE_IF_MATCH)) {
        return true;
    }
    while (str_next(&list, ',', &one)) {
        if (str_eq(str_trim(one), etag) || str_eq(str_trim(one), S("*"))) {
            return true;
        }
    }
    return sbx_refuse(&call->refusal, 412, "ErrorIrresolvableConflict",
        "The item was changed by another request: its etag is not the one in If-Match.");
}

/* Siblings whatever their groups are. Whether two lists may have one name in Graph is open
 * (upstream.md J 8); in one mailbox both sides agree. */
bool sbx_check_unique(struct sbx_call *call, struct str name, int64_t row)
{
    struct sbx_folder *folders = NULL;
    size_t count =
        sbx_state_list_folders(call->service->db, call->user.id, 0, call->arena, &folders);

    for (size_t i = 0; i < count; i++) {
        if (folders[i].row != row && str_eq_nocase(folders[i].name, name)) {
            return sbx_refuse(&call->refusal, 409, "ErrorFolderExists",
                "A folder with the specified name already exists.");
        }
    }
    return true;
}

bool sbx_remove_task(struct sbx_call *call, struct sbx_task *task)
{
    struct sbx_zones *zones = call->service->zones;

    call->status = 204;
    if (sbx_call_has_fault(call, SBX_FAULT_DELETE_OCCURRENCE) && task->has_series &&
        sbx_task_move_to(task, zones, sbx_task_anchor_day(task, zones) + 1)) {
        sbx_state_put_task(call->service->db, call->user.id, call->edit.now_us, call->arena, task);
    } else {
        sbx_state_remove_task(call->service->db, call->user.id, task);
    }
    return true;
}

void sbx_add_str(const struct sbx_call *call, cJSON *json, const char *name, struct str text)
{
    cJSON_AddStringToObject(json, name, arena_copy(call->arena, text).p);
}

void sbx_add_context(struct sbx_call *call, cJSON *json, const char *format, ...)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char tail[1024];
    va_list args;

    buf_init(&text, 4096);
    va_start(args, format);
    vsnprintf(tail, sizeof(tail), format, args);
    va_end(args);
    buf_printf(&text, "%.*s/$metadata#%s", STR_ARG(call->mailbox.base), tail);
    sbx_add_str(call, json, "@odata.context", buf_str(&text));
}

struct str sbx_context_id(const struct sbx_call *call, struct str id)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    buf_init(&text, 3 * id.n + 1);
    for (size_t i = 0; i < id.n; i++) {
        if (id.p[i] == '=') {
            buf_put(&text, S("%3D"));
        } else {
            buf_put_char(&text, id.p[i]);
        }
    }
    return arena_copy(call->arena, buf_str(&text));
}

static bool is_selected(const struct sbx_call *call, const char *name)
{
    for (size_t i = 0; i < call->query.select_count; i++) {
        if (str_eq(call->query.select[i], str_from(name))) {
            return true;
        }
    }
    return call->query.select_count == 0 || strncmp(name, "@odata.", 7) == 0;
}

static void drop_unselected(const struct sbx_call *call, cJSON *json)
{
    for (cJSON *member = json->child, *next = NULL; member != NULL; member = next) {
        next = member->next;
        if (!is_selected(call, member->string)) {
            cJSON_Delete(cJSON_DetachItemViaPointer(json, member));
        }
    }
}

/* Changed properties only, as far as a reader can tell (upstream.md A.10.4). */
static void drop_most(cJSON *json)
{
    static const char *const dropped[] = { "Body", "Categories", "DueDateTime", "Importance",
        "Recurrence", "ReminderDateTime", "Status" };

    for (size_t i = 0; i < ARRAY_LEN(dropped); i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(json, dropped[i]);
    }
}

static void show_properties(struct sbx_call *call, cJSON *json, struct str owner)
{
    struct sbx_property *properties = NULL;
    size_t count = 0;

    if (call->query.expand_count > 0) {
        count = sbx_state_list_properties(call->service->db, owner, call->arena, &properties);
    }
    for (size_t i = 0; i < count; i++) {
        const char *kind = properties[i].is_multi ? "MultiValueExtendedProperties"
                                                  : "SingleValueExtendedProperties";
        cJSON *list = NULL;
        cJSON *entry = NULL;
        bool is_wanted = false;

        for (size_t j = 0; j < call->query.expand_count; j++) {
            is_wanted = is_wanted || str_eq(call->query.expand[j], properties[i].name);
        }
        if (!is_wanted) {
            continue;
        }
        list = cJSON_GetObjectItemCaseSensitive(json, kind);
        if (list == NULL) {
            list = cJSON_AddArrayToObject(json, kind);
        }
        entry = cJSON_CreateObject();
        sbx_add_str(call, entry, "PropertyId", properties[i].name);
        if (properties[i].is_multi) {
            cJSON_AddItemToObject(entry, "Value",
                cJSON_ParseWithLength(properties[i].value.p, properties[i].value.n));
        } else {
            sbx_add_str(call, entry, "Value", properties[i].value);
        }
        cJSON_AddItemToArray(list, entry);
    }
}

cJSON *sbx_show_task(struct sbx_call *call, const struct sbx_task *task)
{
    cJSON *json = NULL;

    if (call->is_graph) {
        return sbx_graph_show_task(call, task);
    }
    json = sbx_task_write(task, &call->mailbox, call->edit.zone, call->arena);
    drop_unselected(call, json);
    if (sbx_call_has_fault(call, SBX_FAULT_PARTIAL_ITEMS)) {
        drop_most(json);
    }
    show_properties(call, json, task->id);
    return json;
}

static cJSON *show_container(
    struct sbx_call *call, const char *collection, struct str id, int64_t seq)
{
    cJSON *json = cJSON_CreateObject();

    sbx_add_str(call, json, "@odata.id",
        arena_printf(call->arena, "%.*s/Users('%.*s')/%s('%.*s')", STR_ARG(call->mailbox.base),
            STR_ARG(call->mailbox.guids), collection, STR_ARG(id)));
    sbx_add_str(call, json, "Id", id);
    sbx_add_str(call, json, "ChangeKey", sbx_change_key(&call->mailbox, seq, call->arena));
    return json;
}

cJSON *sbx_show_folder(struct sbx_call *call, const struct sbx_folder *folder)
{
    cJSON *json = NULL;

    if (call->is_graph) {
        return sbx_graph_show_list(call, folder);
    }
    json = show_container(call, "TaskFolders", folder->id, folder->seq);
    cJSON_AddBoolToObject(json, "IsDefaultFolder", folder->is_default);
    sbx_add_str(call, json, "Name", folder->name);
    sbx_add_str(call, json, "ParentGroupKey", folder->group_key);
    drop_unselected(call, json);
    show_properties(call, json, folder->id);
    return json;
}

cJSON *sbx_show_group(struct sbx_call *call, const struct sbx_group *group)
{
    cJSON *json = show_container(call, "TaskGroups", group->id, group->seq);

    cJSON_AddBoolToObject(json, "IsDefaultGroup", group->is_default);
    sbx_add_str(call, json, "Name", group->name);
    sbx_add_str(call, json, "GroupKey", group->key);
    drop_unselected(call, json);
    return json;
}

bool sbx_check_select(struct sbx_call *call, const char *kind)
{
    static const struct {
        const char *kind;
        const char *names[24];
    } kinds[] = {
        { "Tasks", { "Id", "CreatedDateTime", "LastModifiedDateTime", "ChangeKey", "Categories",
                       "AssignedTo", "Body", "CompletedDateTime", "DueDateTime", "HasAttachments",
                       "Importance", "IsReminderOn", "Owner", "ParentFolderId", "Recurrence",
                       "ReminderDateTime", "Sensitivity", "StartDateTime", "Status", "Subject" } },
        { "TaskFolders", { "Id", "ChangeKey", "IsDefaultFolder", "Name", "ParentGroupKey" } },
        { "Attachments",
            { "Id", "LastModifiedDateTime", "Name", "ContentType", "Size", "IsInline" } },
        { "Files", { NULL } }, /* of the To Do side: no select works there (B.11) */
        { "TaskGroups", { "Id", "ChangeKey", "IsDefaultGroup", "Name", "GroupKey" } },
    };

    for (size_t i = 0; i < call->query.select_count; i++) {
        bool is_known = false;

        for (size_t j = 0; j < ARRAY_LEN(kinds); j++) {
            for (size_t k = 0; strcmp(kinds[j].kind, kind) == 0 && kinds[j].names[k] != NULL; k++) {
                is_known = is_known || str_eq(call->query.select[i], str_from(kinds[j].names[k]));
            }
        }
        if (!is_known) {
            return sbx_refuse(&call->refusal, 400, "ErrorInvalidUrlQuery",
                "$select names a property that does not exist.");
        }
    }
    return true;
}

bool sbx_has_property(struct sbx_call *call, struct str owner, struct str name, struct str value)
{
    struct sqlite3_stmt *query = sbx_db_query(call->service->db,
        "SELECT 1 FROM properties WHERE owner = ?1 AND name = ?2 AND value = ?3 AND NOT is_multi",
        "sss", owner, name, value);
    bool has = sbx_db_step(call->service->db, query);

    if (has) {
        sbx_db_end(query);
    }
    return has;
}

bool sbx_answer_entity(struct sbx_call *call, int status, const char *context, cJSON *shown)
{
    call->status = status;
    call->json = cJSON_CreateObject();
    sbx_add_context(call, call->json, "%s/$entity", context);
    while (shown->child != NULL) {
        cJSON *member = shown->child;

        cJSON_DetachItemViaPointer(shown, member);
        cJSON_AddItemToObject(
            call->json, arena_copy(call->arena, str_from(member->string)).p, member);
    }
    cJSON_Delete(shown);
    return true;
}

bool sbx_put_properties(struct sbx_call *call, struct str owner)
{
    struct sbx_property *properties = NULL;
    size_t count = 0;

    if (!sbx_properties_read(call->body, call->arena, &properties, &count, &call->refusal)) {
        return false;
    }
    sbx_state_put_properties(call->service->db, owner, properties, count);
    return true;
}
