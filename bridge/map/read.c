#include "bridge/map/read.h"

#include "bridge/map/alarm.h"
#include "bridge/map/body.h"
#include "bridge/map/series.h"

static struct str value_of(const struct vtodo *vtodo, enum vtodo_name name)
{
    return vtodo->first[name] == NULL ? S("") : str_trim(vtodo->first[name]->value);
}

static bool is_value(const struct vtodo *vtodo, enum vtodo_name name, const char *value)
{
    return str_eq_nocase(value_of(vtodo, name), str_from(value));
}

/** -1: none. */
static int32_t read_percent(const struct vtodo *vtodo)
{
    int64_t percent;

    return str_to_i64(value_of(vtodo, VTODO_PERCENT), &percent) && percent >= 0 && percent <= 100
               ? (int32_t)percent
               : -1;
}

enum task_status read_status(const struct vtodo *vtodo)
{
    int32_t percent = read_percent(vtodo);
    bool is_under_way = percent > 0 && percent < 100;

    if (is_value(vtodo, VTODO_STATUS, "COMPLETED")) {
        return TASK_DONE;
    }
    if (is_value(vtodo, VTODO_STATUS, "CANCELLED")) {
        return TASK_CANCELLED;
    }
    if (is_value(vtodo, VTODO_STATUS, "IN-PROCESS")) {
        return TASK_IN_PROGRESS;
    }
    if (is_value(vtodo, VTODO_STATUS, "NEEDS-ACTION")) {
        return is_under_way ? TASK_IN_PROGRESS : TASK_NOT_STARTED;
    }
    /* No STATUS: iOS and others send only one of the two. */
    if (vtodo->first[VTODO_COMPLETED] != NULL || percent == 100) {
        return TASK_DONE;
    }
    return is_under_way ? TASK_IN_PROGRESS : TASK_NOT_STARTED;
}

enum task_status read_ms_status(const struct vtodo *vtodo, enum task_status plain)
{
    bool is_silent = vtodo->first[VTODO_STATUS] == NULL && plain == TASK_NOT_STARTED;

    if (is_value(vtodo, VTODO_MS_STATUS, "WAITINGONOTHERS") &&
        (plain == TASK_IN_PROGRESS || is_silent)) {
        return TASK_WAITING;
    }
    if (is_value(vtodo, VTODO_MS_STATUS, "DEFERRED") && plain == TASK_NOT_STARTED) {
        return TASK_DEFERRED;
    }
    return plain;
}

static int32_t read_priority(const struct vtodo *vtodo)
{
    struct str value = value_of(vtodo, VTODO_PRIORITY);

    return value.n == 1 && value.p[0] >= '0' && value.p[0] <= '9' ? value.p[0] - '0' : 0;
}

static enum task_sensitivity read_sensitivity(const struct vtodo *vtodo)
{
    if (value_of(vtodo, VTODO_CLASS).n == 0 || is_value(vtodo, VTODO_CLASS, "PUBLIC")) {
        return TASK_NORMAL;
    }
    if (is_value(vtodo, VTODO_CLASS, "CONFIDENTIAL")) {
        return TASK_CONFIDENTIAL;
    }
    if (is_value(vtodo, VTODO_CLASS, "PRIVATE") &&
        is_value(vtodo, VTODO_MS_SENSITIVITY, "PERSONAL")) {
        return TASK_PERSONAL;
    }
    return TASK_PRIVATE; /* an unknown token too: RFC 5545 3.8.1.3 */
}

static struct task_date read_date(const struct vtodo_when *when)
{
    struct task_date date = { .is_set = when->is_set };

    if (!when->is_set) {
        return date;
    }
    date.form = when->form;
    date.day = when->day;
    date.second = when->second;
    if (when->form == TASK_TIME_UTC) {
        /* Its day is the one on the hint zone's wall (mapping.md W4), so that is what it says. */
        date.form = TASK_TIME_ZONED;
        date.zone = zone_name(when->zone);
    } else if (when->form == TASK_TIME_ZONED) {
        date.zone = when->tzid;
    }
    return date;
}

static struct task_date read_completed(const struct vtodo *vtodo)
{
    struct vtodo_when when = vtodo_when(vtodo, vtodo->first[VTODO_COMPLETED]);
    struct task_date date = { .is_set = when.is_set };
    int64_t instant;

    if (!when.is_set) {
        return date;
    }
    if (when.form == TASK_DATE_ONLY) {
        date.day = when.day;
        return date;
    }
    if (!vtodo_instant(vtodo, vtodo->first[VTODO_COMPLETED], &instant)) {
        return (struct task_date){ 0 };
    }
    date.form = TASK_TIME_UTC;
    date.day = civil_day_of_seconds(instant);
    date.second = (int32_t)(instant - (int64_t)date.day * CIVIL_SECONDS_A_DAY);
    return date;
}

static bool list_has(const struct task_list_of_text *list, struct str item)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_eq_nocase(list->items[i], item)) {
            return true;
        }
    }
    return false;
}

/* More categories than this do not go upstream; comparing each with each stays cheap. */
#define MAX_CATEGORIES 256

static struct task_list_of_text read_categories(const struct vtodo *vtodo)
{
    struct arena *arena = vtodo->context->arena;
    struct task_list_of_text list = { 0 };

    if (vtodo->first[VTODO_CATEGORIES] == NULL) {
        return list;
    }
    size_t most = 0;
    for (const struct property *p = vtodo->first[VTODO_CATEGORIES]; p != NULL;
         p = vtodo_next(VTODO_CATEGORIES, p)) {
        most += p->value.n / 2 + 1;
    }
    most = most < MAX_CATEGORIES ? most : MAX_CATEGORIES;
    list.items = arena_alloc_array(arena, most, sizeof *list.items);
    for (const struct property *p = vtodo->first[VTODO_CATEGORIES]; p != NULL;
         p = vtodo_next(VTODO_CATEGORIES, p)) {
        struct str *items;
        size_t count = property_text_list(p, arena, &items);

        for (size_t i = 0; i < count && list.count < most; i++) {
            struct str item = str_trim(items[i]);

            if (item.n > 0 && !list_has(&list, item)) {
                list.items[list.count++] = item;
            }
        }
    }
    return list;
}

static int64_t read_micros(const struct vtodo *vtodo, enum vtodo_name name)
{
    int64_t instant;

    return vtodo->first[name] != NULL && vtodo_instant(vtodo, vtodo->first[name], &instant)
               ? instant * CIVIL_MICROS
               : 0;
}

void read_task(const struct vtodo *vtodo, struct task *out)
{
    struct series series;
    struct task task;
    bool is_open;

    task_init(&task);
    task.title = vtodo_text(vtodo, vtodo->first[VTODO_SUMMARY]);
    task.body = body_read(vtodo);
    task.priority = read_priority(vtodo);
    task.sensitivity = read_sensitivity(vtodo);
    task.status = read_ms_status(vtodo, read_status(vtodo));
    task.percent = read_percent(vtodo);
    if (task.status == TASK_DONE) {
        task.completed = read_completed(vtodo);
    }
    task.start = read_date(&vtodo->start);
    task.due = read_date(&vtodo->due);
    is_open = task.status != TASK_DONE && task.status != TASK_CANCELLED;
    if (is_open) {
        task.reminder = alarm_next(vtodo);
    }
    if (task.status != TASK_DONE && vtodo->first[VTODO_RRULE] != NULL) {
        series_read(vtodo, &series);
        task.recurrence = series.native;
    }
    task.categories = read_categories(vtodo);
    task.url = value_of(vtodo, VTODO_URL);
    task.uid = value_of(vtodo, VTODO_UID);
    task.assigned_to = vtodo_text(vtodo, vtodo->first[VTODO_MS_ASSIGNED_TO]);
    task.owner = vtodo_text(vtodo, vtodo->first[VTODO_MS_OWNER]);
    task.created_us = read_micros(vtodo, VTODO_CREATED);
    task.modified_us = read_micros(vtodo, VTODO_LAST_MODIFIED);
    *out = task;
}

void read_project(const struct task *task, const struct map_context *context, struct task *out)
{
    struct task copy = *task;

    if (copy.status == TASK_CANCELLED && context->options.cancelled_as_done) {
        copy.status = TASK_DONE;
    }
    context->project(&copy, context->zone, context->arena, out);
    if (!context->options.url_as_link) {
        out->url = S("");
    }
}

bool map_read(
    struct str document, const struct map_context *context, struct task *out, struct err *err)
{
    struct vtodo vtodo;

    if (!vtodo_open(document, context, &vtodo, err)) {
        return false;
    }
    read_task(&vtodo, out);
    return true;
}

/* ---- comparison ---- */

task_fields read_diff(const struct task *a, const struct task *b, struct arena *arena)
{
    task_fields fields = task_diff(a, b);

    if ((fields & TASK_FIELD(TASK_BODY)) && body_eq(&a->body, &b->body, arena)) {
        fields &= ~TASK_FIELD(TASK_BODY);
    }
    return fields;
}
