/* Entities out: the bodies of POST and PATCH (upstream.md A.4 to A.7, A.12; mapping.md 3.3). */
#include "bridge/core/mem.h"
#include "bridge/upstream/outlook_internal.h"
#include "bridge/upstream/service_names.h"
#include "bridge/upstream/service_recurrence.h"
#include "bridge/upstream/service_write.h"

static void write_date(
    struct json_out *out, const char *name, const struct task_date *date, const struct zone *zone)
{
    json_out_name(out, name);
    service_write_date(out, date, zone, SERVICE_PASCAL);
}

/* Switching off needs the flag alone (mapping.md 2.8). */
static void write_reminder(struct json_out *out, const struct task_reminder *reminder)
{
    json_out_name(out, "IsReminderOn");
    json_out_bool(out, reminder->is_on);
    if (reminder->is_on) {
        json_out_name(out, "ReminderDateTime");
        service_write_instant(out, reminder->instant_s, SERVICE_PASCAL);
    }
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
        service_write_name(out, "Status", service_statuses, (int)task->status, SERVICE_PASCAL);
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
        service_write_body(out, &task->body, SERVICE_PASCAL);
    }
    if (fields & TASK_FIELD(TASK_PRIORITY)) {
        service_write_name(out, "Importance", service_importances, task->priority, SERVICE_PASCAL);
    }
    if (fields & TASK_FIELD(TASK_SENSITIVITY)) {
        service_write_name(
            out, "Sensitivity", service_sensitivities, (int)task->sensitivity, SERVICE_PASCAL);
    }
    write_status(out, task, fields, zone);
    write_dates(out, task, fields, zone);
    if (fields & TASK_FIELD(TASK_REMINDER)) {
        write_reminder(out, &task->reminder);
    }
    if (fields & TASK_FIELD(TASK_RECURRENCE)) {
        json_out_name(out, "Recurrence");
        if (task->recurrence.is_set) {
            service_recurrence_write(out, &task->recurrence, SERVICE_PASCAL, true);
        } else {
            json_out_null(out);
        }
    }
    if (fields & TASK_FIELD(TASK_CATEGORIES)) {
        json_out_name(out, "Categories");
        service_write_categories(out, &task->categories);
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

struct str outlook_write_task(const struct task *task, task_fields fields, const struct zone *zone,
    bool is_create, struct arena *arena)
{
    CLEANUP(buf_done) struct buf buf;
    struct json_out out;

    buf_init(&buf, SERVICE_BODY_MOST);
    json_out_init(&out, &buf);
    json_out_open(&out, '{');
    outlook_write_members(
        &out, task, is_create ? service_without_defaults(task, fields) : fields, zone, is_create);
    json_out_close(&out, '}');
    return arena_copy(arena, buf_str(&buf));
}
