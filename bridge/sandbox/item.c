#include "bridge/sandbox/item.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"

#include <cjson/cJSON.h>
#include <string.h>

void sbx_task_init(struct sbx_task *task)
{
    *task = (struct sbx_task){
        .subject = S(""),
        .body = S(""),
        .categories = S("[]"),
        .importance = 1,
        .start_s = SBX_NEVER,
        .due_s = SBX_NEVER,
        .completed_s = SBX_NEVER,
        .reminder_us = SBX_NEVER,
        .zone = S("UTC"),
    };
}

void sbx_task_complete(struct sbx_task *task, const struct sbx_edit *edit)
{
    int64_t now_s = edit->now_us / CIVIL_MICROS;

    task->status = SBX_COMPLETED;
    task->completed_s = sbx_zone_midnight(edit->zone, sbx_zone_day(edit->zone, now_s));
}

static const struct sbx_zone *zone_of(const struct sbx_task *task, struct sbx_zones *zones)
{
    const struct sbx_zone *zone = sbx_zones_find_any(zones, task->zone);

    return zone != NULL ? zone : sbx_zones_find(zones, S("UTC"));
}

int32_t sbx_task_anchor_day(const struct sbx_task *task, struct sbx_zones *zones)
{
    int64_t anchor_s =
        task->start_s != SBX_NEVER && !task->is_due_anchored ? task->start_s : task->due_s;

    return sbx_zone_day(zone_of(task, zones), anchor_s);
}

/* The same local time some days later. */
static int64_t move(int64_t instant_s, int32_t days, const struct sbx_zone *zone)
{
    if (instant_s == SBX_NEVER) {
        return instant_s;
    }
    return sbx_zone_to_utc(
        zone, sbx_zone_to_local(zone, instant_s) + (int64_t)days * CIVIL_SECONDS_A_DAY);
}

bool sbx_task_move_to(struct sbx_task *task, struct sbx_zones *zones, int32_t day)
{
    const struct sbx_zone *zone = zone_of(task, zones);
    int32_t to = 0;
    int32_t days = 0;

    if (!sbx_series_find(&task->series, day, &to)) {
        return false;
    }
    days = to - sbx_task_anchor_day(task, zones);
    task->start_s = move(task->start_s, days, zone);
    task->due_s = move(task->due_s, days, zone);
    if (task->reminder_us != SBX_NEVER) {
        int64_t fraction = task->reminder_us % CIVIL_MICROS;

        task->reminder_us =
            move(task->reminder_us / CIVIL_MICROS, days, zone) * CIVIL_MICROS + fraction;
    }
    return true;
}

struct str sbx_parent_id(struct str folder_id, struct arena *arena)
{
    return arena_printf(arena, "AQ%.*s", STR_ARG(str_skip(folder_id, 2)));
}

static struct str base64(const unsigned char *bytes, size_t n, struct arena *arena)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = (char *)arena_alloc(arena, (n + 2) / 3 * 4 + 1);
    size_t at = 0;

    for (size_t i = 0; i < n; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16 | (i + 1 < n ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (i + 2 < n ? bytes[i + 2] : 0);

        out[at++] = alphabet[group >> 18];
        out[at++] = alphabet[group >> 12 & 63];
        out[at++] = i + 1 < n ? alphabet[group >> 6 & 63] : '=';
        out[at++] = i + 2 < n ? alphabet[group & 63] : '=';
    }
    return (struct str){ out, at };
}

struct str sbx_change_key(const struct sbx_mailbox *mailbox, int64_t seq, struct arena *arena)
{
    unsigned char bytes[22] = { 0 };

    memcpy(bytes, mailbox->key.p, 16);
    for (size_t i = 0; i < 6; i++) {
        bytes[16 + i] = (unsigned char)(seq >> (40 - 8 * i));
    }
    return base64(bytes, sizeof(bytes), arena);
}

struct str sbx_etag(const struct sbx_mailbox *mailbox, int64_t seq, struct arena *arena)
{
    struct str key = sbx_change_key(mailbox, seq, arena);

    return arena_printf(arena, "W/\"%.*s\"", STR_ARG(key));
}

static void add(cJSON *json, const char *name, struct str text, struct arena *arena)
{
    cJSON_AddStringToObject(json, name, arena_copy(arena, text).p);
}

static struct str civil_text(int64_t local_s, struct arena *arena)
{
    struct civil c = civil_from_seconds(local_s);

    return arena_printf(
        arena, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

/* A dateTimeTimeZone: always seven digits, never an offset. */
static void add_time(cJSON *json, const char *name, int64_t instant_us, const struct sbx_zone *zone,
    struct arena *arena)
{
    int64_t fraction = 0;
    int64_t second = 0;
    cJSON *time = NULL;

    if (instant_us == SBX_NEVER) {
        cJSON_AddNullToObject(json, name);
        return;
    }
    fraction = (instant_us % CIVIL_MICROS + CIVIL_MICROS) % CIVIL_MICROS;
    second = (instant_us - fraction) / CIVIL_MICROS;
    time = cJSON_AddObjectToObject(json, name);
    add(time, "DateTime",
        arena_printf(
            arena, "%s.%06d0", civil_text(sbx_zone_to_local(zone, second), arena).p, (int)fraction),
        arena);
    add(time, "TimeZone", sbx_zone_name(zone), arena);
}

static void add_date(cJSON *json, const char *name, int64_t instant_s, const struct sbx_zone *zone,
    struct arena *arena)
{
    add_time(
        json, name, instant_s == SBX_NEVER ? SBX_NEVER : instant_s * CIVIL_MICROS, zone, arena);
}

/* A DateTimeOffset: Z, or the zone's offset; trailing zeros of the fraction are cut. The seventh
 * digit is finer than our clock: it is taken from the change number. */
static void add_stamp(cJSON *json, const char *name, int64_t instant_us, int64_t seq,
    const struct sbx_zone *zone, struct arena *arena)
{
    int64_t second = instant_us / CIVIL_MICROS;
    int32_t offset = sbx_zone_offset(zone, second);
    struct str text = arena_printf(arena, "%s.%06d%d", civil_text(second + offset, arena).p,
        (int)(instant_us % CIVIL_MICROS), (int)(seq % 10));

    while (text.n > 0 && text.p[text.n - 1] == '0') {
        text.n--;
    }
    if (text.n > 0 && text.p[text.n - 1] == '.') {
        text.n--;
    }
    if (str_eq(sbx_zone_name(zone), S("UTC"))) {
        text = arena_printf(arena, "%.*sZ", STR_ARG(text));
    } else {
        int32_t minutes = (offset < 0 ? -offset : offset) / 60;

        text = arena_printf(arena, "%.*s%c%02d:%02d", STR_ARG(text), offset < 0 ? '-' : '+',
            minutes / 60, minutes % 60);
    }
    add(json, name, text, arena);
}

cJSON *sbx_task_write(const struct sbx_task *task, const struct sbx_mailbox *mailbox,
    const struct sbx_zone *zone, struct arena *arena)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *body = NULL;

    add(json, "@odata.id",
        arena_printf(arena, "%.*s/Users('%.*s')/Tasks('%.*s')", STR_ARG(mailbox->base),
            STR_ARG(mailbox->guids), STR_ARG(task->id)),
        arena);
    add(json, "@odata.etag", sbx_etag(mailbox, task->seq, arena), arena);
    add(json, "Id", task->id, arena);
    add_stamp(json, "CreatedDateTime", task->created_us, task->row, zone, arena);
    add_stamp(json, "LastModifiedDateTime", task->modified_us, task->seq, zone, arena);
    add(json, "ChangeKey", sbx_change_key(mailbox, task->seq, arena), arena);
    cJSON_AddItemToObject(
        json, "Categories", cJSON_ParseWithLength(task->categories.p, task->categories.n));
    cJSON_AddNullToObject(json, "AssignedTo");
    body = cJSON_AddObjectToObject(json, "Body");
    cJSON_AddStringToObject(body, "ContentType", task->body_is_html ? "HTML" : "Text");
    add(body, "Content", task->body, arena);
    add_date(json, "CompletedDateTime", task->completed_s, zone, arena);
    add_date(json, "DueDateTime", task->due_s, zone, arena);
    cJSON_AddBoolToObject(json, "HasAttachments", task->has_attachments);
    cJSON_AddStringToObject(json, "Importance", sbx_importance_names[task->importance]);
    cJSON_AddBoolToObject(json, "IsReminderOn", task->is_reminder_on);
    add(json, "Owner", mailbox->owner, arena);
    add(json, "ParentFolderId", sbx_parent_id(task->folder_id, arena), arena);
    if (task->has_series) {
        cJSON_AddItemToObject(json, "Recurrence", sbx_series_write(&task->series));
    } else {
        cJSON_AddNullToObject(json, "Recurrence");
    }
    add_time(json, "ReminderDateTime", task->reminder_us, zone, arena);
    cJSON_AddStringToObject(json, "Sensitivity", sbx_sensitivity_names[task->sensitivity]);
    add_date(json, "StartDateTime", task->start_s, zone, arena);
    cJSON_AddStringToObject(json, "Status", sbx_status_names[task->status]);
    add(json, "Subject", task->subject, arena);
    return json;
}
