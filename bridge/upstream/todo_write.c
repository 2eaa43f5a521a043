/* Entities out: the bodies of POST and PATCH (upstream.md B.4 to B.8; mapping.md 3.3). */
#include "bridge/core/mem.h"
#include "bridge/upstream/service_recurrence.h"
#include "bridge/upstream/service_write.h"
#include "bridge/upstream/todo_internal.h"
#include "http/pack.h"

#include <limits.h>
#include <string.h>

#define HAS(fields, field) (((fields)&TASK_FIELD(field)) != 0)

static void write_date(
    struct json_out *out, const char *name, const struct task_date *date, const struct zone *zone)
{
    json_out_name(out, name);
    service_write_date(out, date, zone, SERVICE_CAMEL);
}

/* Unlike Outlook's, this service does not empty the completion date by itself (mapping.md 2.7). */
static void write_status(
    struct json_out *out, const struct task *task, task_fields fields, const struct zone *zone)
{
    bool has_completed = HAS(fields, TASK_COMPLETED);

    if (HAS(fields, TASK_STATUS) || (has_completed && task->completed.is_set)) {
        service_write_name(out, "status", service_statuses, (int)task->status, SERVICE_CAMEL);
    }
    if (has_completed && (task->completed.is_set || task->status != TASK_DONE)) {
        write_date(out, "completedDateTime", &task->completed, zone);
    }
}

/*
 * That a start alone sets the due date, null for the due date clears the start, and a new rule
 * moves both, is documented for Outlook only (B.5): here both are said.
 */
static void write_dates(
    struct json_out *out, const struct task *task, task_fields fields, const struct zone *zone)
{
    bool has_start = HAS(fields, TASK_START) && task->start.is_set;
    bool has_rule = HAS(fields, TASK_RECURRENCE) && task->recurrence.is_set; /* needs one (B.7) */
    bool is_due_too =
        task->due.is_set && (has_rule || (has_start && task->start.day == task->due.day));

    if (HAS(fields, TASK_START) || (has_rule && task->start.is_set)) {
        write_date(out, "startDateTime", &task->start, zone);
    }
    if (HAS(fields, TASK_DUE) || is_due_too) {
        write_date(out, "dueDateTime", &task->due, zone);
    }
}

/* The flag alone was reported not to clear it (B.5). */
static void write_reminder(struct json_out *out, const struct task_reminder *reminder)
{
    json_out_name(out, "isReminderOn");
    json_out_bool(out, reminder->is_on);
    json_out_name(out, "reminderDateTime");
    if (reminder->is_on) {
        service_write_instant(out, reminder->instant_s, SERVICE_CAMEL);
    } else {
        json_out_null(out);
    }
}

static void write_rule(struct json_out *out, const struct task *task, bool has_range)
{
    struct task_recurrence rule;

    json_out_name(out, "recurrence");
    if (todo_rule_to_due(task, &rule) && rule.is_set) {
        service_recurrence_write(out, &rule, SERVICE_CAMEL, has_range);
    } else {
        json_out_null(out);
    }
}

/* "https://example.org/x": "example.org"; what has no host is shown whole. */
struct str todo_host_of(struct str url)
{
    size_t slashes = str_find(url, S("://"));
    struct str rest = slashes == SIZE_MAX ? url : str_skip(url, slashes + 3);
    size_t n = 0;

    while (slashes != SIZE_MAX && n < rest.n && strchr("/?#", rest.p[n]) == NULL) {
        n++;
    }
    return n == 0 ? url : str_first(rest, n);
}

/* mapping.md 2.13; they can be made with the task, but not changed with it (B.8). */
static void write_link(struct json_out *out, const struct task *task)
{
    json_out_name(out, "linkedResources");
    json_out_open(out, '[');
    json_out_open(out, '{');
    json_out_member(out, "webUrl", task->url);
    json_out_member(out, "displayName", todo_host_of(task->url));
    json_out_member(out, "applicationName", S("duedav"));
    if (task->uid.n > 0) {
        json_out_member(out, "externalId", task->uid);
    }
    json_out_close(out, '}');
    json_out_close(out, ']');
}

void todo_write_members(struct json_out *out, const struct task *task, task_fields fields,
    const struct zone *zone, bool is_create, bool has_range)
{
    if (HAS(fields, TASK_TITLE) || is_create) {
        json_out_member(out, "title", task->title);
    }
    if (HAS(fields, TASK_BODY)) {
        json_out_name(out, "body");
        service_write_body(out, &task->body, SERVICE_CAMEL);
    }
    if (HAS(fields, TASK_PRIORITY)) {
        service_write_name(
            out, "importance", service_importances, (int)task->priority, SERVICE_CAMEL);
    }
    write_status(out, task, fields, zone);
    write_dates(out, task, fields, zone);
    if (HAS(fields, TASK_REMINDER)) {
        write_reminder(out, &task->reminder);
    }
    if (HAS(fields, TASK_RECURRENCE)) {
        write_rule(out, task, has_range);
    }
    if (HAS(fields, TASK_CATEGORIES)) {
        json_out_name(out, "categories");
        service_write_categories(out, &task->categories);
    }
    if (HAS(fields, TASK_URL) && is_create && task->url.n > 0) {
        write_link(out, task);
    }
}

unsigned todo_fills(struct str text)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct str packed;
    struct err ignored;

    return text.n <= TODO_TEXT_MOST && pack_text(text, SIZE_MAX, arena, &packed, &ignored)
               ? (unsigned)((packed.n * 100 + TODO_KEPT_MOST - 1) / TODO_KEPT_MOST)
               : UINT_MAX;
}

static void write_kept(struct json_out *out, const char *name, struct str text, struct arena *arena)
{
    struct str packed = S(""); /* what was there before is no longer true */
    struct err ignored;

    if (text.n > 0) {
        (void)!pack_text(text, TODO_KEPT_MOST, arena, &packed, &ignored);
        json_out_member(out, name, packed);
    }
}

void todo_write_extension(
    struct json_out *out, const struct upstream_call *call, struct arena *arena)
{
    json_out_open(out, '{');
    json_out_member(out, "@odata.type", S("microsoft.graph.openTypeExtension"));
    json_out_member(out, "extensionName", S(TODO_EXTENSION));
    if (call->marker.n > 0) {
        json_out_member(out, "marker", call->marker);
    }
    write_kept(out, TODO_KEPT, call->kept, arena);
    write_kept(out, TODO_KEPT_BELOW, call->kept_below, arena);
    json_out_close(out, '}');
}

struct str todo_write_task(const struct task *task, task_fields fields, const struct zone *zone,
    bool is_create, bool has_range, struct arena *arena)
{
    CLEANUP(buf_done) struct buf buf;
    struct json_out out;

    buf_init(&buf, SERVICE_BODY_MOST);
    json_out_init(&out, &buf);
    json_out_open(&out, '{');
    todo_write_members(&out, task, is_create ? service_without_defaults(task, fields) : fields,
        zone, is_create, has_range);
    json_out_close(&out, '}');
    return arena_copy(arena, buf_str(&buf));
}
