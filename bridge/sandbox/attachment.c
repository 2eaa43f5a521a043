/* The attachments of a task over the wire of REST v2.0 (upstream.md A.11, seed 000). */
#include "bridge/sandbox/attachment.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/service.h"

#include <cjson/cJSON.h>
#include <string.h>

#define TYPE_PREFIX "#Microsoft.OutlookServices."
/* The sample shows a link as 850. */
#define ITEM_OVERHEAD      2000
#define REFERENCE_OVERHEAD 500
#define NAME_MOST          255

static const char *const kind_names[] = {
    [SBX_ATTACHED_FILE] = TYPE_PREFIX "FileAttachment",
    [SBX_ATTACHED_ITEM] = TYPE_PREFIX "ItemAttachment",
    [SBX_ATTACHED_REFERENCE] = TYPE_PREFIX "ReferenceAttachment",
};

static const char *const providers[] = { "Other", "OneDriveBusiness", "OneDriveConsumer",
    "Dropbox" };
static const char *const permissions[] = { "Other", "View", "Edit", "AnonymousView",
    "AnonymousEdit", "OrganizationView", "OrganizationEdit" };

static struct sbx_db *db_of(const struct sbx_call *call)
{
    return call->service->db;
}

static bool refuse(struct sbx_call *call, const char *text)
{
    return sbx_refuse(&call->refusal, 400, "ErrorInvalidRequest", "%s", text);
}

/* Writing */

static void add_optional(
    const struct sbx_call *call, cJSON *json, const char *name, struct str text)
{
    if (text.p == NULL) {
        cJSON_AddNullToObject(json, name);
    } else {
        sbx_add_str(call, json, name, text);
    }
}

static struct str stamp_text(const struct sbx_call *call, int64_t instant_us)
{
    struct civil c = civil_from_seconds(instant_us / CIVIL_MICROS);

    return arena_printf(call->arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day,
        c.hour, c.minute, c.second);
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

static cJSON *show(struct sbx_call *call, const struct sbx_attachment *attachment)
{
    cJSON *json = cJSON_CreateObject();

    cJSON_AddStringToObject(json, "@odata.type", kind_names[attachment->kind]);
    sbx_add_str(call, json, "@odata.id",
        arena_printf(call->arena, "%.*s/Users('%.*s')/Tasks('%.*s')/Attachments('%.*s')",
            STR_ARG(call->mailbox.base), STR_ARG(call->mailbox.guids), STR_ARG(call->key),
            STR_ARG(attachment->id)));
    sbx_add_str(call, json, "Id", attachment->id);
    sbx_add_str(call, json, "LastModifiedDateTime", stamp_text(call, attachment->modified_us));
    sbx_add_str(call, json, "Name", attachment->name);
    add_optional(call, json, "ContentType", attachment->type);
    cJSON_AddNumberToObject(json, "Size", (double)attachment->size);
    cJSON_AddBoolToObject(json, "IsInline", attachment->is_inline);
    if (attachment->kind == SBX_ATTACHED_FILE) {
        add_optional(call, json, "ContentId", attachment->content_id);
        cJSON_AddNullToObject(json, "ContentLocation");
        sbx_add_str(call, json, "ContentBytes", attachment->content);
    } else if (attachment->kind == SBX_ATTACHED_REFERENCE) {
        sbx_add_str(call, json, "SourceUrl", attachment->source_url);
        sbx_add_str(call, json, "ProviderType", attachment->provider);
        cJSON_AddNullToObject(json, "ThumbnailUrl");
        cJSON_AddNullToObject(json, "PreviewUrl");
        sbx_add_str(call, json, "Permission", attachment->permission);
        cJSON_AddBoolToObject(json, "IsFolder", attachment->is_folder);
    }
    for (cJSON *member = json->child, *next = NULL; member != NULL; member = next) {
        next = member->next;
        if (!is_selected(call, member->string)) {
            cJSON_Delete(cJSON_DetachItemViaPointer(json, member));
        }
    }
    return json;
}

static cJSON *show_item(struct sbx_call *call, size_t index, void *items)
{
    return show(call, &((struct sbx_attachment *)items)[index]);
}

/* Reading */

static bool read_text(struct sbx_call *call, const char *name, bool may_be_null, struct str *out)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(call->body, name);

    if (value == NULL || (may_be_null && cJSON_IsNull(value))) {
        return true;
    }
    if (!cJSON_IsString(value)) {
        return refuse(call, "A member has a value of the wrong type.");
    }
    *out = str_from(value->valuestring);
    return true;
}

static bool read_bool(struct sbx_call *call, const char *name, bool *out)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(call->body, name);

    if (value != NULL && !cJSON_IsBool(value)) {
        return refuse(call, "A member has a value of the wrong type.");
    }
    *out = cJSON_IsTrue(value);
    return true;
}

/* Enumerations are compared without regard to case (A.11). */
static bool read_name_of(struct sbx_call *call, const char *name, const char *const *names,
    size_t count, struct str *out)
{
    struct str text = str_from(names[0]);

    if (!read_text(call, name, false, &text)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (str_eq_nocase(text, str_from(names[i]))) {
            *out = str_from(names[i]);
            return true;
        }
    }
    return refuse(call, "A member has a value that is not one of its names.");
}

static bool knows_members(struct sbx_call *call, enum sbx_attachment_kind kind)
{
    static const char *const members[][8] = {
        [SBX_ATTACHED_FILE] = { "ContentBytes", "ContentId", "ContentType", "IsInline" },
        [SBX_ATTACHED_ITEM] = { "Item", "IsInline" },
        [SBX_ATTACHED_REFERENCE] = { "SourceUrl", "ProviderType", "Permission", "IsFolder",
            "ThumbnailUrl", "PreviewUrl", "IsInline" },
    };

    for (const cJSON *member = call->body->child; member != NULL; member = member->next) {
        bool is_known =
            strcmp(member->string, "@odata.type") == 0 || strcmp(member->string, "Name") == 0;

        for (size_t i = 0; i < ARRAY_LEN(members[kind]) && members[kind][i] != NULL; i++) {
            is_known = is_known || strcmp(member->string, members[kind][i]) == 0;
        }
        if (!is_known) {
            return refuse(call, "The attachment has a member that cannot be set.");
        }
    }
    return true;
}

static bool read_file(struct sbx_call *call, struct sbx_attachment *out)
{
    out->type = S("application/octet-stream");
    if (!read_text(call, "ContentBytes", false, &out->content) ||
        !read_text(call, "ContentType", true, &out->type) ||
        !read_text(call, "ContentId", true, &out->content_id)) {
        return false;
    }
    if (cJSON_GetObjectItemCaseSensitive(call->body, "ContentBytes") == NULL) {
        return refuse(call, "A file attachment needs ContentBytes.");
    }
    return sbx_attachment_set_file(out, out->content) ||
           refuse(call, "ContentBytes is not base64.");
}

static bool read_item(struct sbx_call *call, struct sbx_attachment *out)
{
    static const char *const types[] = { "Microsoft.OutlookServices.Message",
        "Microsoft.OutlookServices.Event", "Microsoft.OutlookServices.Contact" };
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(call->body, "Item");
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(item, "@odata.type");
    char *text = NULL;
    bool is_known = false;

    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        is_known = is_known || (cJSON_IsString(type) && strcmp(type->valuestring, types[i]) == 0);
    }
    if (!is_known) {
        return refuse(call, "An item attachment needs an Item: a message, event or contact.");
    }
    text = cJSON_PrintUnformatted(item);
    out->content = arena_copy(call->arena, str_from(text));
    cJSON_free(text);
    out->size = (int64_t)out->content.n + ITEM_OVERHEAD;
    return true;
}

static bool read_reference(struct sbx_call *call, struct sbx_attachment *out)
{
    if (!read_text(call, "SourceUrl", false, &out->source_url) ||
        !read_name_of(call, "ProviderType", providers, ARRAY_LEN(providers), &out->provider) ||
        !read_name_of(call, "Permission", permissions, ARRAY_LEN(permissions), &out->permission) ||
        !read_bool(call, "IsFolder", &out->is_folder)) {
        return false;
    }
    out->size = (int64_t)out->source_url.n + REFERENCE_OVERHEAD;
    out->is_inline = true; /* as the sample shows it */
    return out->source_url.n > 0 || refuse(call, "A reference attachment needs a SourceUrl.");
}

static bool read_kind(struct sbx_call *call, enum sbx_attachment_kind *out)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(call->body, "@odata.type");

    for (size_t i = 0; cJSON_IsString(type) && i < ARRAY_LEN(kind_names); i++) {
        if (strcmp(type->valuestring, kind_names[i]) == 0) {
            *out = (enum sbx_attachment_kind)i;
            return true;
        }
    }
    return refuse(call, "@odata.type names no kind of attachment.");
}

static bool read_attachment(struct sbx_call *call, struct sbx_attachment *out)
{
    if (!read_kind(call, &out->kind) || !knows_members(call, out->kind) ||
        !read_text(call, "Name", false, &out->name) ||
        !read_bool(call, "IsInline", &out->is_inline)) {
        return false;
    }
    if (out->name.n == 0 || out->name.n > NAME_MOST) {
        return refuse(call, "An attachment needs a Name.");
    }
    return out->kind == SBX_ATTACHED_FILE   ? read_file(call, out)
           : out->kind == SBX_ATTACHED_ITEM ? read_item(call, out)
                                            : read_reference(call, out);
}

/* The handlers */

static bool find_task(struct sbx_call *call, struct sbx_task *out)
{
    return sbx_state_find_task(db_of(call), call->user.id, call->key, call->arena, out) ||
           sbx_refuse_missing(call, call->key);
}

static const char *context_of(const struct sbx_call *call)
{
    return arena_printf(
        call->arena, "Me/Tasks('%.*s')/Attachments", STR_ARG(sbx_context_id(call, call->key)))
        .p;
}

/* HasAttachments may have changed; that the task's ChangeKey does is unconfirmed (A.11). */
static void touch(struct sbx_call *call, struct sbx_task *task)
{
    sbx_state_put_task(db_of(call), call->user.id, call->edit.now_us, call->arena, task);
}

bool sbx_list_attachments(struct sbx_call *call)
{
    struct sbx_listing listing = { .kind = "Attachments", .show_cb = show_item };
    struct sbx_attachment *items = NULL;
    struct sbx_task task = { 0 };

    if (!find_task(call, &task)) {
        return false;
    }
    if (call->query.filter != NULL || call->query.orderby.n > 0) {
        return sbx_refuse(&call->refusal, 400, "ErrorInvalidUrlQuery",
            "Attachments are neither filtered nor sorted.");
    }
    listing.context = str_from(context_of(call));
    listing.path = arena_printf(call->arena, "me/Tasks('%.*s')/Attachments", STR_ARG(task.id));
    listing.count = sbx_state_list_attachments(db_of(call), task.row, call->arena, &items);
    listing.items = items;
    return sbx_list(call, &listing);
}

bool sbx_add_attachment(struct sbx_call *call)
{
    struct sbx_attachment attachment = { 0 };
    struct sbx_task task = { 0 };

    if (!find_task(call, &task) || !read_attachment(call, &attachment)) {
        return false;
    }
    attachment.task = task.row;
    sbx_state_add_attachment(
        db_of(call), call->user.id, call->edit.now_us, call->arena, &attachment);
    touch(call, &task);
    return sbx_answer_entity(call, 201, context_of(call), show(call, &attachment));
}

static bool find_attachment(
    struct sbx_call *call, struct sbx_task *task, struct sbx_attachment *out)
{
    return find_task(call, task) &&
           (sbx_state_find_attachment(db_of(call), task->row, call->keys[1], call->arena, out) ||
               sbx_refuse_missing(call, call->keys[1]));
}

bool sbx_get_attachment(struct sbx_call *call)
{
    struct sbx_attachment attachment = { 0 };
    struct sbx_task task = { 0 };

    return sbx_check_select(call, "Attachments") && find_attachment(call, &task, &attachment) &&
           sbx_answer_entity(call, 200, context_of(call), show(call, &attachment));
}

bool sbx_delete_attachment(struct sbx_call *call)
{
    struct sbx_attachment attachment = { 0 };
    struct sbx_task task = { 0 };

    if (!find_attachment(call, &task, &attachment)) {
        return false;
    }
    sbx_state_remove_attachment(db_of(call), task.row, attachment.id);
    touch(call, &task);
    call->status = 204;
    return true;
}
