/* Entities in: Task and TaskFolder (upstream.md A.4, A.9, A.10.4, A.12). */
#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/outlook_internal.h"
#include "bridge/upstream/outlook_names.h"
#include "bridge/upstream/service_date.h"
#include "http/uri.h"

#include <cjson/cJSON.h>

#define MOST_ID_BYTES 2048

/** Where the value of a member goes. */
struct reading {
    const struct zone *zone;
    struct arena *arena;
    struct task *task;
    struct err *err;
};

typedef bool read_value(const struct cJSON *value, const struct reading *reading);

static struct str copied(const struct cJSON *value, const struct reading *reading)
{
    return arena_copy(reading->arena, json_text(value));
}

static bool read_subject(const struct cJSON *value, const struct reading *reading)
{
    reading->task->title = copied(value, reading);
    return true;
}

static bool read_body(const struct cJSON *value, const struct reading *reading)
{
    struct str content = json_member_text(value, "Content");
    struct str type = json_member_text(value, "ContentType");

    reading->task->body.content = outlook_clean_body(content, reading->arena);
    reading->task->body.is_html =
        str_eq_nocase(type, S("HTML")) && reading->task->body.content.n > 0;
    return true;
}

static bool read_importance(const struct cJSON *value, const struct reading *reading)
{
    int number = 0;

    (void)outlook_name_find(outlook_importances, json_text(value), &number);
    reading->task->priority = number;
    return true;
}

static bool read_sensitivity(const struct cJSON *value, const struct reading *reading)
{
    int number = TASK_NORMAL;

    (void)outlook_name_find(outlook_sensitivities, json_text(value), &number);
    reading->task->sensitivity = (enum task_sensitivity)number;
    return true;
}

static bool read_status(const struct cJSON *value, const struct reading *reading)
{
    int number = TASK_NOT_STARTED;

    (void)outlook_name_find(outlook_statuses, json_text(value), &number);
    reading->task->status = (enum task_status)number;
    return true;
}

/* A dateTimeTimeZone as an instant. */
static bool read_instant(const struct cJSON *value, const struct reading *reading,
    bool *has_instant_out, int64_t *instant_out)
{
    const struct cJSON *text = cJSON_GetObjectItemCaseSensitive(value, "DateTime");
    const struct cJSON *name = cJSON_GetObjectItemCaseSensitive(value, "TimeZone");

    *has_instant_out = false;
    if (text == NULL || cJSON_IsNull(text)) {
        return true;
    }
    if (!cJSON_IsString(text) || (name != NULL && !cJSON_IsString(name) && !cJSON_IsNull(name))) {
        return err_set(reading->err, ERR_UPSTREAM, "not a date with time zone");
    }
    return service_date_read(json_text(text), json_text(name), reading->zone, has_instant_out,
        instant_out, reading->err);
}

static bool read_date(
    const struct cJSON *value, const struct reading *reading, struct task_date *out)
{
    struct task_date date = { .form = TASK_DATE_ONLY };

    if (!read_instant(value, reading, &date.is_set, &date.instant_s)) {
        return false;
    }
    if (date.is_set) {
        date.has_instant = true;
        date.day = service_date_day(date.instant_s, reading->zone);
        *out = date;
    }
    return true;
}

static bool read_start(const struct cJSON *value, const struct reading *reading)
{
    return read_date(value, reading, &reading->task->start);
}

static bool read_due(const struct cJSON *value, const struct reading *reading)
{
    return read_date(value, reading, &reading->task->due);
}

static bool read_completed(const struct cJSON *value, const struct reading *reading)
{
    return read_date(value, reading, &reading->task->completed);
}

static bool read_recurrence(const struct cJSON *value, const struct reading *reading)
{
    return outlook_read_recurrence(value, &reading->task->recurrence, reading->err);
}

static bool read_categories(const struct cJSON *value, const struct reading *reading)
{
    size_t count = (size_t)cJSON_GetArraySize(value);
    struct task_list_of_text list = {
        .items = (struct str *)arena_alloc_array(reading->arena, count, sizeof(*list.items)),
    };
    const struct cJSON *item;

    cJSON_ArrayForEach(item, value)
    {
        if (!cJSON_IsString(item)) {
            return err_set(reading->err, ERR_UPSTREAM, "holds no text");
        }
        list.items[list.count++] = json_text(item);
    }
    reading->task->categories = outlook_clean_categories(&list, reading->arena);
    return true;
}

static bool read_assigned_to(const struct cJSON *value, const struct reading *reading)
{
    reading->task->assigned_to = copied(value, reading);
    return true;
}

static bool read_owner(const struct cJSON *value, const struct reading *reading)
{
    reading->task->owner = copied(value, reading);
    return true;
}

static bool read_micros(const struct cJSON *value, const struct reading *reading, int64_t *out)
{
    bool has_offset;

    return civil_parse_iso(json_text(value), out, &has_offset) ||
           err_set(reading->err, ERR_UPSTREAM, "not an instant");
}

static bool read_created(const struct cJSON *value, const struct reading *reading)
{
    return read_micros(value, reading, &reading->task->created_us);
}

static bool read_modified(const struct cJSON *value, const struct reading *reading)
{
    return read_micros(value, reading, &reading->task->modified_us);
}

static bool read_has_attachments(const struct cJSON *value, const struct reading *reading)
{
    reading->task->has_attachments = cJSON_IsTrue(value);
    return true;
}

enum value_type {
    VALUE_TEXT,
    VALUE_OBJECT,
    VALUE_LIST,
    VALUE_BOOLEAN,
};

static bool has_type(const struct cJSON *value, enum value_type type)
{
    switch (type) {
    case VALUE_TEXT:
        return cJSON_IsString(value);
    case VALUE_OBJECT:
        return cJSON_IsObject(value);
    case VALUE_LIST:
        return cJSON_IsArray(value);
    case VALUE_BOOLEAN:
        return cJSON_IsBool(value);
    }
    return false;
}

/** Null means that the field is at its default (for a delta entity: was cleared). */
static const struct {
    const char *name;
    enum value_type type;
    task_fields field;
    read_value *read;
} members[] = {
    { "Subject", VALUE_TEXT, TASK_FIELD(TASK_TITLE), read_subject },
    { "Body", VALUE_OBJECT, TASK_FIELD(TASK_BODY), read_body },
    { "Importance", VALUE_TEXT, TASK_FIELD(TASK_PRIORITY), read_importance },
    { "Sensitivity", VALUE_TEXT, TASK_FIELD(TASK_SENSITIVITY), read_sensitivity },
    { "Status", VALUE_TEXT, TASK_FIELD(TASK_STATUS), read_status },
    { "CompletedDateTime", VALUE_OBJECT, TASK_FIELD(TASK_COMPLETED), read_completed },
    { "StartDateTime", VALUE_OBJECT, TASK_FIELD(TASK_START), read_start },
    { "DueDateTime", VALUE_OBJECT, TASK_FIELD(TASK_DUE), read_due },
    { "Recurrence", VALUE_OBJECT, TASK_FIELD(TASK_RECURRENCE), read_recurrence },
    { "Categories", VALUE_LIST, TASK_FIELD(TASK_CATEGORIES), read_categories },
    { "AssignedTo", VALUE_TEXT, TASK_FIELD(TASK_ASSIGNED_TO), read_assigned_to },
    { "Owner", VALUE_TEXT, TASK_FIELD(TASK_OWNER), read_owner },
    { "CreatedDateTime", VALUE_TEXT, 0, read_created },
    { "LastModifiedDateTime", VALUE_TEXT, 0, read_modified },
    { "HasAttachments", VALUE_BOOLEAN, 0, read_has_attachments },
};

/*
 * Flag and time are one field. A delta entity that carries only one of the two does not tell what
 * the reminder is now, unless the flag says that there is none.
 */
static bool read_reminder(const struct cJSON *entity, const struct reading *reading)
{
    const struct cJSON *flag = cJSON_GetObjectItemCaseSensitive(entity, "IsReminderOn");
    const struct cJSON *time = cJSON_GetObjectItemCaseSensitive(entity, "ReminderDateTime");
    struct task *task = reading->task;
    bool is_on = cJSON_IsTrue(flag), has_instant = false;
    int64_t instant_s = 0;

    if ((flag != NULL && !cJSON_IsBool(flag) && !cJSON_IsNull(flag)) ||
        (time != NULL && !cJSON_IsObject(time) && !cJSON_IsNull(time))) {
        return err_set(reading->err, ERR_UPSTREAM, "reminder: wrong type");
    }
    if (cJSON_IsObject(time) && !read_instant(time, reading, &has_instant, &instant_s)) {
        return err_wrap(reading->err, "ReminderDateTime");
    }
    if (flag == NULL || (is_on && time == NULL)) {
        return true;
    }
    task->present |= TASK_FIELD(TASK_REMINDER);
    if (is_on && has_instant) {
        task->reminder.is_on = true;
        task->reminder.instant_s = instant_s - (instant_s % 60 + 60) % 60;
    }
    return true;
}

static bool read_members(const struct cJSON *entity, const struct reading *reading)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const struct cJSON *value = cJSON_GetObjectItemCaseSensitive(entity, members[i].name);

        if (value == NULL) {
            continue;
        }
        if (!cJSON_IsNull(value)) {
            if (!has_type(value, members[i].type)) {
                return err_set(reading->err, ERR_UPSTREAM, "%s: wrong type", members[i].name);
            }
            if (!members[i].read(value, reading)) {
                return err_wrap(reading->err, "%s", members[i].name);
            }
        }
        reading->task->present |= members[i].field;
    }
    return read_reminder(entity, reading);
}

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
    struct reading reading = {
        .zone = zone != NULL ? zone : zone_utc(), .arena = arena, .task = &item.task, .err = err
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
    if (!item.is_removed) {
        item.etag = arena_copy(arena, json_member_text(entity, "@odata.etag"));
        item.marker = arena_copy(arena, outlook_read_marker(entity));
        item.task.present = TASK_FIELD(TASK_PERCENT) | TASK_FIELD(TASK_URL); /* never there */
        if (!read_members(entity, &reading)) {
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
