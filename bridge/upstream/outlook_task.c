/* Entities in: Task and TaskFolder (upstream.md A.4, A.9, A.10.4, A.12). */
#include "bridge/core/mem.h"
#include "bridge/upstream/outlook_internal.h"
#include "bridge/upstream/service_read.h"
#include "http/uri.h"

#include <cjson/cJSON.h>

#define MOST_ID_BYTES 2048

/** Null means that the field is at its default (for a delta entity: was cleared). */
static const struct service_member members[] = {
    { "Subject", SERVICE_TEXT, TASK_FIELD(TASK_TITLE), service_read_title },
    { "Body", SERVICE_OBJECT, TASK_FIELD(TASK_BODY), service_read_body },
    { "Importance", SERVICE_TEXT, TASK_FIELD(TASK_PRIORITY), service_read_importance },
    { "Sensitivity", SERVICE_TEXT, TASK_FIELD(TASK_SENSITIVITY), service_read_sensitivity },
    { "Status", SERVICE_TEXT, TASK_FIELD(TASK_STATUS), service_read_status },
    { "CompletedDateTime", SERVICE_OBJECT, TASK_FIELD(TASK_COMPLETED), service_read_completed },
    { "StartDateTime", SERVICE_OBJECT, TASK_FIELD(TASK_START), service_read_start },
    { "DueDateTime", SERVICE_OBJECT, TASK_FIELD(TASK_DUE), service_read_due },
    { "Recurrence", SERVICE_OBJECT, TASK_FIELD(TASK_RECURRENCE), service_read_recurrence },
    { "Categories", SERVICE_LIST, TASK_FIELD(TASK_CATEGORIES), service_read_categories },
    { "AssignedTo", SERVICE_TEXT, TASK_FIELD(TASK_ASSIGNED_TO), service_read_assigned_to },
    { "Owner", SERVICE_TEXT, TASK_FIELD(TASK_OWNER), service_read_owner },
    { "CreatedDateTime", SERVICE_TEXT, 0, service_read_created },
    { "LastModifiedDateTime", SERVICE_TEXT, 0, service_read_modified },
    { "HasAttachments", SERVICE_BOOLEAN, 0, service_read_has_attachments },
};

/* ---- what tasks and folders share ---- */

/*
 * What A.10.4 knows of removed entries, none of which seed 000 shows (unconfirmed): `reason`, the
 * Graph form, or a context of its own.
 */
static bool is_removed(const struct cJSON *entity)
{
    return cJSON_GetObjectItemCaseSensitive(entity, "reason") != NULL ||
           cJSON_GetObjectItemCaseSensitive(entity, "@removed") != NULL ||
           str_has_suffix(json_member_text(entity, "@odata.context"), S("$deletedEntity"));
}

/* Tasks('AAMk=') or .../Users('u')/Tasks('AAMk%3D') -> AAMk=; a bare id stays as it is. */
static struct str unwrapped(struct str id, struct arena *arena)
{
    struct str inner = id, decoded;
    size_t from;

    if (!str_has_suffix(id, S("')"))) {
        return id;
    }
    while ((from = str_find(inner, S("('"))) != SIZE_MAX) {
        inner = str_skip(inner, from + 2);
    }
    inner = str_first(inner, inner.n >= 2 ? inner.n - 2 : 0);
    return uri_decode(inner, arena, &decoded) ? decoded : inner;
}

static bool read_id(const struct cJSON *entity, bool is_reference, struct arena *arena,
    struct str *id_out, struct err *err)
{
    struct str id = json_member_text(entity, "Id");

    if (id.p == NULL && is_reference) {
        id = json_member_text(entity, "id");
    }
    if (is_reference) {
        id = unwrapped(id, arena);
    }
    if (id.n == 0 || id.n > MOST_ID_BYTES) {
        return err_set(err, ERR_UPSTREAM, "entity without a usable Id");
    }
    *id_out = arena_copy(arena, id);
    return true;
}

struct str outlook_read_marker(const struct cJSON *entity)
{
    const struct cJSON *list =
        cJSON_GetObjectItemCaseSensitive(entity, "SingleValueExtendedProperties");
    const struct cJSON *property;

    if (cJSON_IsArray(list)) {
        cJSON_ArrayForEach(property, list)
        {
            if (str_eq_nocase(json_member_text(property, "PropertyId"), S(OUTLOOK_MARKER))) {
                return json_member_text(property, "Value");
            }
        }
    }
    return (struct str){ 0 };
}

bool outlook_read_item(const struct cJSON *entity, const struct zone *zone, struct arena *arena,
    struct upstream_item *out, struct err *err)
{
    struct upstream_item item = { 0 };
    struct service_reading reading = {
        .spelling = SERVICE_PASCAL,
        .zone = zone != NULL ? zone : zone_utc(),
        .arena = arena,
        .task = &item.task,
        .err = err,
    };

    if (!cJSON_IsObject(entity)) {
        return err_set(err, ERR_UPSTREAM, "entity is no object");
    }
    task_init(&item.task);
    item.is_removed = is_removed(entity);
    item.task.present = 0;
    if (!read_id(entity, item.is_removed, arena, &item.id, err)) {
        return false;
    }
    out->id = item.id; /* also when the rest can't be read */
    if (!item.is_removed) {
        item.etag = arena_copy(arena, json_member_text(entity, "@odata.etag"));
        item.marker = arena_copy(arena, outlook_read_marker(entity));
        item.task.present = OUTLOOK_NEVER;
        if (!service_read_members(entity, members, ARRAY_LEN(members), &reading) ||
            !service_read_reminder(entity, &reading)) {
            return false;
        }
    }
    *out = item;
    return true;
}

static bool read_flag(const struct cJSON *entity, const char *name, bool *out, struct err *err)
{
    const struct cJSON *value = cJSON_GetObjectItemCaseSensitive(entity, name);

    if (value != NULL && !cJSON_IsBool(value) && !cJSON_IsNull(value)) {
        return err_set(err, ERR_UPSTREAM, "%s: wrong type", name);
    }
    *out = cJSON_IsTrue(value);
    return true;
}

bool outlook_read_folder(const struct cJSON *entity, bool is_group, struct arena *arena,
    struct upstream_folder *out, struct err *err)
{
    struct upstream_folder folder = { .is_writable = true };
    const struct cJSON *name = cJSON_GetObjectItemCaseSensitive(entity, "Name");

    if (!cJSON_IsObject(entity)) {
        return err_set(err, ERR_UPSTREAM, "entity is no object");
    }
    if (name != NULL && !cJSON_IsString(name) && !cJSON_IsNull(name)) {
        return err_set(err, ERR_UPSTREAM, "Name: wrong type");
    }
    folder.is_removed = is_removed(entity);
    folder.says_default = cJSON_IsBool(
        cJSON_GetObjectItemCaseSensitive(entity, is_group ? "IsDefaultGroup" : "IsDefaultFolder"));
    if (!read_id(entity, folder.is_removed, arena, &folder.id, err) ||
        !read_flag(
            entity, is_group ? "IsDefaultGroup" : "IsDefaultFolder", &folder.is_default, err)) {
        return false;
    }
    if (cJSON_IsString(name)) {
        folder.name = arena_copy(arena, json_text(name));
    }
    folder.group =
        arena_copy(arena, json_member_text(entity, is_group ? "GroupKey" : "ParentGroupKey"));
    *out = folder;
    return true;
}
