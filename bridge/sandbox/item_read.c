#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/item.h"

#include <cjson/cJSON.h>
#include <string.h>

#define TEXT_MAX_BYTES ((size_t)2 * 1024 * 1024)

const char *const sbx_importance_names[3] = { "Low", "Normal", "High" };
const char *const sbx_sensitivity_names[4] = { "Normal", "Personal", "Private", "Confidential" };
const char *const sbx_status_names[5] = {
    [SBX_NOT_STARTED] = "NotStarted",
    [SBX_IN_PROGRESS] = "InProgress",
    [SBX_COMPLETED] = "Completed",
    [SBX_WAITING] = "WaitingOnOthers",
    [SBX_DEFERRED] = "Deferred",
};

/** A request in the middle of being applied. */
struct reading {
    struct sbx_task *task;
    const struct sbx_edit *edit;
    unsigned set;
    int32_t start_day, due_day; /**< the civil dates that were said, if any */
    struct sbx_refusal *refusal;
};

static bool refuse(struct reading *r, const char *name, const char *what)
{
    return sbx_refuse(
        r->refusal, 400, "ErrorInvalidProperty", "The property '%.60s' %s", name, what);
}

static size_t utf16_units(struct str s)
{
    size_t units = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        units += (c & 0xc0) != 0x80; /* each character once ... */
        units += c >= 0xf0;          /* ... and those outside the BMP twice */
    }
    return units;
}

static bool read_subject(struct reading *r, const cJSON *json)
{
    struct str text = str_from(cJSON_IsString(json) ? json->valuestring : "");

    if (!cJSON_IsString(json) && !cJSON_IsNull(json)) {
        return refuse(r, json->string, "must be a string.");
    }
    if (utf16_units(text) > SBX_SUBJECT_MAX_UNITS) {
        return refuse(r, json->string, "is longer than 255 characters.");
    }
    r->task->subject = text;
    r->set |= SBX_SET_SUBJECT;
    return true;
}

static bool read_body(struct reading *r, const cJSON *json)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(json, "ContentType");
    const cJSON *content = cJSON_GetObjectItemCaseSensitive(json, "Content");
    const cJSON *member = NULL;

    if (cJSON_IsNull(json)) {
        r->task->body = str_from("");
        r->task->body_is_html = false;
        return true;
    }
    if (!cJSON_IsObject(json)) {
        return refuse(r, json->string, "must be an object.");
    }
    cJSON_ArrayForEach(member, json)
    {
        if (member != type && member != content && strncmp(member->string, "@odata.", 7) != 0) {
            return refuse(r, member->string, "does not exist on type 'ItemBody'.");
        }
    }
    if (type == NULL || !cJSON_IsString(type) ||
        (strcmp(type->valuestring, "Text") != 0 && strcmp(type->valuestring, "HTML") != 0)) {
        return refuse(r, "Body.ContentType", "must be Text or HTML.");
    }
    if (content == NULL || !cJSON_IsString(content) ||
        strlen(content->valuestring) > TEXT_MAX_BYTES) {
        return refuse(r, "Body.Content", "must be a string of at most 2 MB.");
    }
    r->task->body = str_from(content->valuestring);
    r->task->body_is_html = strcmp(type->valuestring, "HTML") == 0;
    return true;
}

static bool read_categories(struct reading *r, const cJSON *json)
{
    const cJSON *entry = NULL;
    char *text = NULL;

    if (!cJSON_IsArray(json)) {
        return refuse(r, json->string, "must be a list of strings.");
    }
    cJSON_ArrayForEach(entry, json)
    {
        if (!cJSON_IsString(entry) || *entry->valuestring == '\0' ||
            utf16_units(str_from(entry->valuestring)) > 255) {
            return refuse(r, json->string, "must be a list of strings of 1 to 255 characters.");
        }
    }
    text = cJSON_PrintUnformatted(json);
    r->task->categories = arena_copy(r->edit->arena, str_from(text));
    cJSON_free(text);
    return true;
}

static bool read_enum(
    struct reading *r, const cJSON *json, const char *const *names, size_t count, int *out)
{
    for (size_t i = 0; cJSON_IsString(json) && i < count; i++) {
        if (strcmp(json->valuestring, names[i]) == 0) {
            *out = (int)i;
            return true;
        }
    }
    return refuse(r, json->string, "has a value that its type does not know.");
}

static bool read_importance(struct reading *r, const cJSON *json)
{
    return read_enum(r, json, sbx_importance_names, 3, &r->task->importance);
}

static bool read_sensitivity(struct reading *r, const cJSON *json)
{
    return read_enum(r, json, sbx_sensitivity_names, 4, &r->task->sensitivity);
}

static bool read_status(struct reading *r, const cJSON *json)
{
    r->set |= SBX_SET_STATUS;
    return read_enum(r, json, sbx_status_names, 5, &r->task->status);
}

/** A dateTimeTimeZone, or null (then *zone_out is NULL). */
static bool read_time(
    struct reading *r, const cJSON *json, int64_t *local_us_out, const struct sbx_zone **zone_out)
{
    const cJSON *time = cJSON_GetObjectItemCaseSensitive(json, "DateTime");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(json, "TimeZone");
    const cJSON *member = NULL;
    bool has_offset = false;

    *zone_out = NULL;
    if (cJSON_IsNull(json)) {
        return true;
    }
    if (!cJSON_IsObject(json)) {
        return refuse(r, json->string, "must be an object with DateTime and TimeZone, or null.");
    }
    cJSON_ArrayForEach(member, json)
    {
        if (member != time && member != name && strncmp(member->string, "@odata.", 7) != 0) {
            return refuse(r, member->string, "does not exist on type 'DateTimeTimeZone'.");
        }
    }
    if (time == NULL || !cJSON_IsString(time) || strlen(time->valuestring) > 27 ||
        !civil_parse_iso(str_from(time->valuestring), local_us_out, &has_offset) || has_offset ||
        *local_us_out < (int64_t)civil_days(1601, 1, 1) * CIVIL_SECONDS_A_DAY * CIVIL_MICROS) {
        return sbx_refuse(r->refusal, 400, "InvalidDateTime",
            "'%.60s' needs a DateTime like 2016-04-23T18:00:00.", json->string);
    }
    if (name != NULL && cJSON_IsString(name)) {
        *zone_out = sbx_zones_find(r->edit->zones, str_from(name->valuestring));
    }
    if (*zone_out == NULL) {
        return sbx_refuse(r->refusal, 400, "InvalidDateTime",
            "'%.60s' needs a TimeZone that is known here.", json->string);
    }
    return true;
}

/* upstream.md A.5 rule 5: the time of day is thrown away, midnight in the given zone is stored. */
static bool read_date(struct reading *r, const cJSON *json, int64_t *out_s, int32_t *day_out,
    const struct sbx_zone **zone_out)
{
    int64_t local_us = 0;
    int64_t day_us = (int64_t)CIVIL_SECONDS_A_DAY * CIVIL_MICROS;

    if (!read_time(r, json, &local_us, zone_out)) {
        return false;
    }
    if (*zone_out == NULL) {
        *out_s = SBX_NEVER;
        return true;
    }
    *day_out = (int32_t)(local_us / day_us - (local_us % day_us < 0));
    *out_s = sbx_zone_midnight(*zone_out, *day_out);
    return true;
}

static bool read_start(struct reading *r, const cJSON *json)
{
    const struct sbx_zone *zone = NULL;

    r->set |= SBX_SET_START;
    if (!read_date(r, json, &r->task->start_s, &r->start_day, &zone)) {
        return false;
    }
    if (zone != NULL && r->task->due_s == SBX_NEVER) {
        r->task->zone = sbx_zone_name(zone); /* Due may follow from it */
    }
    return true;
}

static bool read_due(struct reading *r, const cJSON *json)
{
    const struct sbx_zone *zone = NULL;

    r->set |= SBX_SET_DUE;
    if (!read_date(r, json, &r->task->due_s, &r->due_day, &zone)) {
        return false;
    }
    if (zone != NULL) {
        r->task->zone = sbx_zone_name(zone);
    }
    return true;
}

static bool read_completed(struct reading *r, const cJSON *json)
{
    const struct sbx_zone *zone = NULL;
    int32_t day = 0;

    r->set |= SBX_SET_COMPLETED;
    return read_date(r, json, &r->task->completed_s, &day, &zone);
}

static bool read_reminder(struct reading *r, const cJSON *json)
{
    const struct sbx_zone *zone = NULL;
    int64_t local_us = 0;
    int64_t fraction = 0;

    if (!read_time(r, json, &local_us, &zone)) {
        return false;
    }
    fraction = (local_us % CIVIL_MICROS + CIVIL_MICROS) % CIVIL_MICROS;
    r->task->reminder_us =
        zone == NULL
            ? SBX_NEVER
            : sbx_zone_to_utc(zone, (local_us - fraction) / CIVIL_MICROS) * CIVIL_MICROS + fraction;
    return true;
}

static bool read_is_reminder_on(struct reading *r, const cJSON *json)
{
    if (!cJSON_IsBool(json)) {
        return refuse(r, json->string, "must be true or false.");
    }
    r->task->is_reminder_on = cJSON_IsTrue(json);
    return true;
}

static bool read_series(struct reading *r, const cJSON *json)
{
    r->set |= SBX_SET_SERIES;
    r->task->has_series = !cJSON_IsNull(json);
    r->task->is_due_anchored = r->task->has_series && r->edit->is_due_anchored;
    return !r->task->has_series || sbx_series_read(json, &r->task->series, r->refusal);
}

static bool read_nothing(struct reading *r, const cJSON *json)
{
    (void)r;
    (void)json;
    return true;
}

static bool read_only(struct reading *r, const cJSON *json)
{
    return refuse(r, json->string, "is read-only.");
}

static const struct {
    const char *name;
    bool (*read)(struct reading *r, const cJSON *json);
} members[] = {
    { "Subject", read_subject },
    { "Body", read_body },
    { "Categories", read_categories },
    { "Importance", read_importance },
    { "Sensitivity", read_sensitivity },
    { "Status", read_status },
    { "StartDateTime", read_start },
    { "DueDateTime", read_due },
    { "CompletedDateTime", read_completed },
    { "ReminderDateTime", read_reminder },
    { "IsReminderOn", read_is_reminder_on },
    { "Recurrence", read_series },
    { "SingleValueExtendedProperties", read_nothing },
    { "MultiValueExtendedProperties", read_nothing },
    { "Id", read_only },
    { "ChangeKey", read_only },
    { "CreatedDateTime", read_only },
    { "LastModifiedDateTime", read_only },
    { "HasAttachments", read_only },
    { "ParentFolderId", read_only },
    { "AssignedTo", read_only },
    { "Owner", read_only },
};

static bool read_member(struct reading *r, const cJSON *json)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (strcmp(members[i].name, json->string) == 0) {
            return members[i].read(r, json);
        }
    }
    return strncmp(json->string, "@odata.", 7) == 0 ||
           refuse(r, json->string, "does not exist on type 'Task'.");
}

/* upstream.md A.5 rules 2 to 4. */
static bool couple_dates(struct reading *r)
{
    struct sbx_task *task = r->task;
    bool has_both = (r->set & SBX_SET_START) != 0 && (r->set & SBX_SET_DUE) != 0;

    if (task->due_s == SBX_NEVER && (r->set & SBX_SET_DUE) != 0) {
        if ((r->set & SBX_SET_START) != 0 && task->start_s != SBX_NEVER) {
            return refuse(r, "StartDateTime", "needs a DueDateTime.");
        }
        task->start_s = SBX_NEVER;
    }
    if (task->start_s == SBX_NEVER) {
        return true;
    }
    if (task->due_s == SBX_NEVER) {
        task->due_s = task->start_s;
    } else if (has_both ? r->due_day < r->start_day : task->due_s < task->start_s) {
        return refuse(r, "DueDateTime", "must not be earlier than StartDateTime.");
    }
    return true;
}

static bool couple_status(struct reading *r, int old_status)
{
    struct sbx_task *task = r->task;
    bool says_completed = (r->set & SBX_SET_COMPLETED) != 0 && task->completed_s != SBX_NEVER;

    if (task->status != SBX_COMPLETED) {
        if (says_completed) {
            return refuse(r, "CompletedDateTime", "needs Status to be Completed.");
        }
        task->completed_s = SBX_NEVER;
        return true;
    }
    if ((r->set & SBX_SET_COMPLETED) != 0 && !says_completed) {
        return refuse(r, "CompletedDateTime", "must not be null when Status is Completed.");
    }
    if (!says_completed && old_status != SBX_COMPLETED) {
        sbx_task_complete(task, r->edit);
    }
    return true;
}

/* The first date must belong to the series, and the range starts there (mapping.md 4.4). */
static bool couple_series(struct reading *r)
{
    struct sbx_task *task = r->task;

    if (!task->has_series || (r->set & (SBX_SET_SERIES | SBX_SET_DUE)) == 0) {
        return true;
    }
    if (task->due_s == SBX_NEVER) {
        return refuse(r, "Recurrence", "needs a DueDateTime.");
    }
    if ((r->set & SBX_SET_SERIES) != 0 &&
        !sbx_task_move_to(task, r->edit->zones, task->series.start_day)) {
        return refuse(r, "Recurrence", "has no date within its range.");
    }
    return true;
}

bool sbx_task_edit(struct sbx_task *task, const cJSON *body, const struct sbx_edit *edit,
    unsigned *set_out, struct sbx_refusal *refusal)
{
    struct reading r = { .task = task, .edit = edit, .refusal = refusal };
    int old_status = task->status;
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, body)
    {
        if (!read_member(&r, member)) {
            return false;
        }
    }
    *set_out = r.set;
    return couple_dates(&r) && couple_status(&r, old_status) && couple_series(&r);
}
