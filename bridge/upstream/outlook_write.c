/* Entities out: the bodies of POST and PATCH (upstream.md A.4 to A.7, A.12; mapping.md 3.3). */
#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/outlook_internal.h"
#include "bridge/upstream/outlook_names.h"
#include "bridge/upstream/service_date.h"

#include <string.h>

#define BODY_MOST ((size_t)64 << 20) /**< far over what a document can hold */

static void write_instant(struct json_out *out, const char *date_time, struct str zone_name)
{
    json_out_open(out, '{');
    json_out_member(out, "DateTime", str_from(date_time));
    json_out_member(out, "TimeZone", zone_name);
    json_out_close(out, '}');
}

/* Midnight of that date in the account zone, or null. */
static void write_date(
    struct json_out *out, const char *name, const struct task_date *date, const struct zone *zone)
{
    char text[24];

    json_out_name(out, name);
    if (!date->is_set) {
        json_out_null(out);
        return;
    }
    service_date_format(date->day, text);
    memcpy(text + 10, "T00:00:00", 10);
    write_instant(out, text, service_date_zone_name(zone));
}

static void write_content(struct json_out *out, const struct task_body *body)
{
    CLEANUP(buf_done) struct buf text;
    struct str rest = body->content, line;
    bool is_first = true;

    buf_init(&text, BODY_MOST);
    while (str_next(&rest, '\n', &line)) {
        if (!is_first) {
            buf_put_text(&text, "\r\n");
        }
        is_first = false;
        buf_put(&text, line);
    }
    json_out_open(out, '{');
    json_out_member(out, "ContentType", body->is_html ? S("HTML") : S("Text"));
    json_out_member(out, "Content", buf_str(&text));
    json_out_close(out, '}');
}

/* Switching off needs the flag alone (mapping.md 2.8). */
static void write_reminder(struct json_out *out, const struct task_reminder *reminder)
{
    char text[24];

    json_out_name(out, "IsReminderOn");
    json_out_bool(out, reminder->is_on);
    if (reminder->is_on) {
        civil_format_iso(reminder->instant_s, text);
        text[strlen(text) - 1] = '\0'; /* no Z here (G.8) */
        json_out_name(out, "ReminderDateTime");
        write_instant(out, text, S("UTC"));
    }
}

static void write_categories(struct json_out *out, const struct task_list_of_text *list)
{
    json_out_open(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        json_out_text(out, list->items[i]);
    }
    json_out_close(out, ']');
}

/*
 * A completion date is accepted together with Status only, and emptied by the service itself when
 * the task is opened again (seed 000; mapping.md 2.7).
 */
static void write_status(
    struct json_out *out, const struct task *task, task_fields fields, const struct zone *zone)
{
    bool has_completed = fields & TASK_FIELD(TASK_COMPLETED);

    if ((fields & TASK_FIELD(TASK_STATUS)) || (has_completed && task->completed.is_set)) {
        json_out_member(out, "Status", outlook_name_of(outlook_statuses, (int)task->status));
        has_completed = has_completed && task->completed.is_set;
    }
    if (has_completed) {
        write_date(out, "CompletedDateTime", &task->completed, zone);
    }
}

/*
 * Null for DueDateTime clears the start as well (A.5 rule 4), so it says both. That null works for
 * the start alone is unconfirmed (A.4).
 */
static void write_dates(
    struct json_out *out, const struct task *task, task_fields fields, const struct zone *zone)
{
    bool has_due = fields & TASK_FIELD(TASK_DUE);
    bool is_cleared = has_due && !task->due.is_set;

    if ((fields & TASK_FIELD(TASK_START)) && !is_cleared) {
        write_date(out, "StartDateTime", &task->start, zone);
    }
    if (has_due) {
        write_date(out, "DueDateTime", &task->due, zone);
    }
}

void outlook_write_members(struct json_out *out, const struct task *task, task_fields fields,
    const struct zone *zone, bool is_create)
{
    if ((fields & TASK_FIELD(TASK_TITLE)) || is_create) {
        json_out_member(out, "Subject", task->title);
    }
    if (fields & TASK_FIELD(TASK_BODY)) {
        json_out_name(out, "Body");
        write_content(out, &task->body);
    }
    if (fields & TASK_FIELD(TASK_PRIORITY)) {
        json_out_member(out, "Importance", outlook_name_of(outlook_importances, task->priority));
    }
    if (fields & TASK_FIELD(TASK_SENSITIVITY)) {
        json_out_member(
            out, "Sensitivity", outlook_name_of(outlook_sensitivities, (int)task->sensitivity));
    }
    write_status(out, task, fields, zone);
    write_dates(out, task, fields, zone);
    if (fields & TASK_FIELD(TASK_REMINDER)) {
        write_reminder(out, &task->reminder);
    }
    if (fields & TASK_FIELD(TASK_RECURRENCE)) {
        json_out_name(out, "Recurrence");
        if (task->recurrence.is_set) {
            outlook_write_recurrence(out, &task->recurrence);
        } else {
            json_out_null(out);
        }
    }
    if (fields & TASK_FIELD(TASK_CATEGORIES)) {
        json_out_name(out, "Categories");
        write_categories(out, &task->categories);
    }
}

void outlook_write_marker(struct json_out *out, struct str marker)
{
    json_out_name(out, "SingleValueExtendedProperties");
    json_out_open(out, '[');
    json_out_open(out, '{');
    json_out_member(out, "PropertyId", S(OUTLOOK_MARKER));
    json_out_member(out, "Value", marker);
    json_out_close(out, '}');
    json_out_close(out, ']');
}

/* What is at its default need not be said to create. */
static task_fields without_defaults(const struct task *task, task_fields fields)
{
    struct task empty;

    task_init(&empty);
    return fields & task_diff(task, &empty);
}

struct str outlook_write_task(const struct task *task, task_fields fields, const struct zone *zone,
    bool is_create, struct arena *arena)
{
    CLEANUP(buf_done) struct buf buf;
    struct json_out out;

    buf_init(&buf, BODY_MOST);
    json_out_init(&out, &buf);
    json_out_open(&out, '{');
    outlook_write_members(
        &out, task, is_create ? without_defaults(task, fields) : fields, zone, is_create);
    json_out_close(&out, '}');
    return arena_copy(arena, buf_str(&buf));
}
