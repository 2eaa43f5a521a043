#include "bridge/upstream/service_read.h"

#include "bridge/core/civil.h"
#include "bridge/upstream/json.h"
#include "bridge/upstream/service_date.h"
#include "bridge/upstream/service_project.h"
#include "bridge/upstream/service_recurrence.h"

#include <cjson/cJSON.h>

static const struct cJSON *member_of(
    const struct cJSON *object, const char *name, const struct service_reading *reading)
{
    return cJSON_GetObjectItemCaseSensitive(object, service_spell(name, reading->spelling).text);
}

static struct str member_text(
    const struct cJSON *object, const char *name, const struct service_reading *reading)
{
    return json_text(member_of(object, name, reading));
}

static struct str copied(const struct cJSON *value, const struct service_reading *reading)
{
    return arena_copy(reading->arena, json_text(value));
}

bool service_read_title(const struct cJSON *value, const struct service_reading *reading)
{
    reading->task->title = copied(value, reading);
    return true;
}

bool service_read_body(const struct cJSON *value, const struct service_reading *reading)
{
    struct str content = member_text(value, "Content", reading);
    struct str type = member_text(value, "ContentType", reading);

    reading->task->body.content = service_clean_body(content, reading->arena);
    reading->task->body.is_html =
        str_eq_nocase(type, S("HTML")) && reading->task->body.content.n > 0;
    return true;
}

bool service_read_importance(const struct cJSON *value, const struct service_reading *reading)
{
    int number = 0;

    (void)service_name_find(service_importances, json_text(value), &number);
    reading->task->priority = number;
    return true;
}

bool service_read_sensitivity(const struct cJSON *value, const struct service_reading *reading)
{
    int number = TASK_NORMAL;

    (void)service_name_find(service_sensitivities, json_text(value), &number);
    reading->task->sensitivity = (enum task_sensitivity)number;
    return true;
}

bool service_read_status(const struct cJSON *value, const struct service_reading *reading)
{
    int number = TASK_NOT_STARTED;

    (void)service_name_find(service_statuses, json_text(value), &number);
    reading->task->status = (enum task_status)number;
    return true;
}

/* A dateTimeTimeZone as an instant. */
static bool read_instant(const struct cJSON *value, const struct service_reading *reading,
    bool *has_instant_out, int64_t *instant_out)
{
    const struct cJSON *text = member_of(value, "DateTime", reading);
    const struct cJSON *name = member_of(value, "TimeZone", reading);

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
    const struct cJSON *value, const struct service_reading *reading, struct task_date *out)
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

bool service_read_start(const struct cJSON *value, const struct service_reading *reading)
{
    return read_date(value, reading, &reading->task->start);
}

bool service_read_due(const struct cJSON *value, const struct service_reading *reading)
{
    return read_date(value, reading, &reading->task->due);
}

bool service_read_completed(const struct cJSON *value, const struct service_reading *reading)
{
    return read_date(value, reading, &reading->task->completed);
}

bool service_read_recurrence(const struct cJSON *value, const struct service_reading *reading)
{
    return service_recurrence_read(
        value, reading->spelling, &reading->task->recurrence, reading->err);
}

bool service_read_categories(const struct cJSON *value, const struct service_reading *reading)
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
    reading->task->categories = service_clean_categories(&list, reading->arena);
    return true;
}

bool service_read_assigned_to(const struct cJSON *value, const struct service_reading *reading)
{
    reading->task->assigned_to = copied(value, reading);
    return true;
}

bool service_read_owner(const struct cJSON *value, const struct service_reading *reading)
{
    reading->task->owner = copied(value, reading);
    return true;
}

static bool read_micros(
    const struct cJSON *value, const struct service_reading *reading, int64_t *out)
{
    bool has_offset;

    return civil_parse_iso(json_text(value), out, &has_offset) ||
           err_set(reading->err, ERR_UPSTREAM, "not an instant");
}

bool service_read_created(const struct cJSON *value, const struct service_reading *reading)
{
    return read_micros(value, reading, &reading->task->created_us);
}

bool service_read_modified(const struct cJSON *value, const struct service_reading *reading)
{
    return read_micros(value, reading, &reading->task->modified_us);
}

bool service_read_has_attachments(const struct cJSON *value, const struct service_reading *reading)
{
    reading->task->has_attachments = cJSON_IsTrue(value);
    reading->task->knows_attachments = cJSON_IsFalse(value); /* there are none */
    return true;
}

static bool has_type(const struct cJSON *value, enum service_type type)
{
    switch (type) {
    case SERVICE_TEXT:
        return cJSON_IsString(value);
    case SERVICE_OBJECT:
        return cJSON_IsObject(value);
    case SERVICE_LIST:
        return cJSON_IsArray(value);
    case SERVICE_BOOLEAN:
        return cJSON_IsBool(value);
    }
    return false;
}

/*
 * Flag and time are one field. A delta entity that carries only one of the two does not tell what
 * the reminder is now, unless the flag says that there is none.
 */
bool service_read_reminder(const struct cJSON *entity, const struct service_reading *reading)
{
    const struct cJSON *flag = member_of(entity, "IsReminderOn", reading);
    const struct cJSON *time = member_of(entity, "ReminderDateTime", reading);
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

bool service_read_members(const struct cJSON *entity, const struct service_member *members,
    size_t count, const struct service_reading *reading)
{
    for (size_t i = 0; i < count; i++) {
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
    return true;
}

bool service_read_file(struct str json, const char *id_name, service_read_entity *read,
    task_fields never_there, const struct zone *zone, struct arena *arena,
    struct upstream_item *out, struct err *err)
{
    struct cJSON *root = NULL;
    struct upstream_item item;
    bool is_read = json_parse(json, &root, err);
    bool lacks_id =
        is_read && cJSON_IsObject(root) && !cJSON_GetObjectItemCaseSensitive(root, id_name);

    if (lacks_id) {
        cJSON_AddStringToObject(root, id_name, "none");
    }
    is_read = is_read && read(root, zone, arena, &item, err);
    if (is_read && lacks_id && (item.task.present & ~never_there) == 0) {
        is_read = err_set(err, ERR_INVALID, "no member of a task of this dialect in it");
    }
    json_free(&root);
    if (!is_read) {
        err->kind = ERR_INVALID; /* a file of the caller's, not an answer of the service */
        return false;
    }
    *out = item;
    return true;
}
