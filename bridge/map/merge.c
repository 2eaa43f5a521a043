#include "bridge/map/merge.h"

#include "bridge/core/secret.h"
#include "bridge/map/alarm.h"
#include "bridge/map/attach.h"
#include "bridge/map/body.h"
#include "bridge/map/dates.h"
#include "bridge/map/read.h"
#include "bridge/map/rule.h"

#define SCHEDULE_FIELDS \
    (TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE) | TASK_FIELD(TASK_RECURRENCE))

struct merge {
    const struct map_context *context;
    const struct task *base;
    const struct task *returned;
    task_fields fields;
    bool is_render;
    struct vtodo vtodo;
    struct task projected; /**< what the document means to the service before the edits */
    struct set set;
    bool is_stamped;
};

static int64_t seconds_of(int64_t micros)
{
    return micros / CIVIL_MICROS - (micros % CIVIL_MICROS < 0);
}

static int64_t modified_s(const struct merge *merge)
{
    int64_t us = merge->returned->modified_us;
    return seconds_of(us != 0 ? us : merge->context->now_us);
}

/** The text with its edits; the stamps move with the first that there are. */
static struct str finish(struct merge *merge, struct set *set, bool has_new_schedule)
{
    if (!edit_is_empty(&set->edit) && !merge->is_stamped) {
        set_stamps(set, merge->returned->modified_us, has_new_schedule);
        merge->is_stamped = true;
    }
    return edit_finish(&set->edit);
}

/* ---- one field ---- */

/** mapping.md 2.7: the moment if the service tells it, else that of the last change if it fell on
 * that day, else noon. */
static void merge_completed(struct merge *merge)
{
    const struct task_date *completed = &merge->returned->completed;
    const struct zone *zone = merge->context->zone;
    int64_t instant = modified_s(merge);

    if (merge->returned->status != TASK_DONE || !completed->is_set) {
        set_remove(&merge->set, VTODO_COMPLETED);
        return;
    }
    if (completed->is_moment) {
        instant = completed->instant_s;
    } else if (merge->returned->modified_us == 0 ||
               civil_day_of_seconds(zone_to_wall(zone, instant)) != completed->day) {
        instant = zone_to_instant(
            zone, (int64_t)completed->day * CIVIL_SECONDS_A_DAY + CIVIL_SECONDS_A_DAY / 2);
    }
    set_instant(&merge->set, VTODO_COMPLETED, instant);
}

static void merge_percent(struct merge *merge)
{
    int32_t percent = merge->returned->percent;

    set_value(&merge->set, VTODO_PERCENT,
        percent < 0 ? S("") : arena_printf(merge->context->arena, "%d", (int)percent));
}

/** Names of people go into documents that were born upstream; in a client's own, Owner would make
 * the answer to each PUT differ from what was sent. */
static bool wants_person(const struct merge *merge, enum task_field field)
{
    if (field == TASK_OWNER) {
        return merge->is_render || merge->vtodo.first[VTODO_MS_OWNER] != NULL;
    }
    return true;
}

/** mapping.md 2.13: the first link is shown as URL unless a client has one of its own there. */
static bool merge_url(struct merge *merge)
{
    const struct property *p = merge->vtodo.first[VTODO_URL];
    struct str url = p == NULL ? S("") : str_trim(p->value);

    if (url.n > 0 && !str_eq(url, merge->base->url)) {
        return false;
    }
    set_value(&merge->set, VTODO_URL, merge->returned->url);
    return true;
}

static bool merge_field(struct merge *merge, enum task_field field)
{
    struct set *set = &merge->set;
    const struct task *returned = merge->returned;

    switch (field) {
    case TASK_TITLE:
        set_text(set, VTODO_SUMMARY, returned->title);
        return true;
    case TASK_BODY:
        body_set(set, &returned->body);
        return true;
    case TASK_PRIORITY:
        set_priority(set, returned->priority);
        return true;
    case TASK_SENSITIVITY:
        set_sensitivity(set, returned->sensitivity);
        return true;
    case TASK_STATUS:
        set_status(set, returned->status, (merge->fields & TASK_FIELD(TASK_PERCENT)) != 0);
        return true;
    case TASK_PERCENT:
        merge_percent(merge);
        return true;
    case TASK_COMPLETED:
        merge_completed(merge);
        return true;
    case TASK_CATEGORIES:
        set_categories(set, &returned->categories);
        return true;
    case TASK_URL:
        return merge_url(merge);
    case TASK_ASSIGNED_TO:
        set_text(set, VTODO_MS_ASSIGNED_TO, returned->assigned_to);
        return true;
    case TASK_OWNER:
        set_text(set, VTODO_MS_OWNER, returned->owner);
        return wants_person(merge, field);
    case TASK_START:
    case TASK_DUE:
    case TASK_REMINDER:
    case TASK_RECURRENCE:
    case TASK_FIELD_COUNT:
        break;
    }
    return false;
}

static bool is_same(const struct merge *merge, enum task_field field)
{
    const struct task *a = &merge->projected;

    switch (field) {
    case TASK_BODY:
        return body_eq(&a->body, &merge->returned->body, merge->context->arena);
    case TASK_PERCENT:
    case TASK_ASSIGNED_TO:
    case TASK_OWNER:
    case TASK_URL:
        return false; /* no projection keeps these; the change itself is what counts */
    default:
        return task_field_eq(a, merge->returned, field);
    }
}

/* ---- the rule, in a second pass: dates have moved the anchor by then ---- */

/** mapping.md 4.7: a completed task is served without its rule. */
static bool hide_or_show_rule(struct merge *merge, struct set *set)
{
    if (!(merge->fields & TASK_FIELD(TASK_STATUS))) {
        return merge->returned->status == TASK_DONE;
    }
    if (merge->returned->status == TASK_DONE) {
        set_rename(set, VTODO_RRULE, VTODO_MS_RRULE);
        return true;
    }
    if (merge->base->status == TASK_DONE && set->vtodo->first[VTODO_RRULE] == NULL) {
        set_rename(set, VTODO_MS_RRULE, VTODO_RRULE);
        return set->vtodo->first[VTODO_MS_RRULE] != NULL;
    }
    return false;
}

static bool merge_rule(struct merge *merge, struct str *text, struct err *err)
{
    struct vtodo vtodo;
    struct set set;

    if (!vtodo_open(*text, merge->context, &vtodo, err)) {
        return false;
    }
    set_init(&set, &vtodo);
    if (!hide_or_show_rule(merge, &set)) {
        rule_merge(
            &set, (merge->fields & TASK_FIELD(TASK_RECURRENCE)) != 0, merge->base, merge->returned);
    }
    *text = finish(merge, &set, true);
    return true;
}

/* ---- the reminder, in a third pass: dates have moved relative alarms by then ---- */

static struct str trigger_text(struct arena *arena, int64_t instant_s)
{
    struct civil c = civil_from_seconds(instant_s);

    return arena_printf(arena, "%04d%02d%02dT%02d%02d%02dZ", (int)c.year, (int)c.month, (int)c.day,
        (int)c.hour, (int)c.minute, (int)c.second);
}

/** A name for our alarm that is the same whenever this document is made. */
static struct str alarm_uid(const struct vtodo *vtodo)
{
    unsigned char hash[SECRET_HASH_BYTES];

    secret_hash(vtodo->first[VTODO_UID]->value, S("alarm"), hash);
    return arena_printf(vtodo->context->arena,
        "%02X%02X%02X%02X-%02X%02X-5%01X%02X-A%01X%02X-%02X%02X%02X%02X%02X%02X", hash[0], hash[1],
        hash[2], hash[3], hash[4], hash[5], hash[6] & 15, hash[7], hash[8] & 15, hash[9], hash[10],
        hash[11], hash[12], hash[13], hash[14], hash[15]);
}

static void append_alarm(struct set *set, int64_t instant_s, struct str title)
{
    const struct vtodo *vtodo = set->vtodo;
    struct arena *arena = vtodo->context->arena;
    bool lf = vtodo->document.has_lf_only;
    struct str text = edit_escape_text(arena, title.n > 0 ? title : S("Reminder"));
    struct str uid = edit_format_line(arena, lf, S("UID"), S(""), alarm_uid(vtodo));
    struct str description = edit_format_line(arena, lf, S("DESCRIPTION"), S(""), text);
    const char *end = lf ? "\n" : "\r\n";

    edit_append_raw(&set->edit, vtodo->todo,
        arena_printf(arena,
            "BEGIN:VALARM%s%.*sACTION:DISPLAY%s%.*sTRIGGER;VALUE=DATE-TIME:%.*s%sEND:VALARM%s", end,
            STR_ARG(uid), end, STR_ARG(description), STR_ARG(trigger_text(arena, instant_s)), end,
            end));
}

static void turn_off(struct set *set, const struct task *base, int64_t modified)
{
    const struct vtodo *vtodo = set->vtodo;
    struct arena *arena = vtodo->context->arena;
    int64_t rang = base->reminder.instant_s;
    struct component *alarm = alarm_find(vtodo, rang);
    struct property *snooze = alarm_find_snooze(vtodo, rang);

    if (snooze != NULL) {
        edit_remove(&set->edit, snooze);
    }
    if (rang > seconds_of(vtodo->context->now_us)) {
        if (alarm != NULL && snooze == NULL) {
            edit_remove_component(&set->edit, alarm);
        }
        return;
    }
    /* It rang and was dismissed there. */
    modified = modified > rang ? modified : rang;
    if (alarm != NULL) {
        struct property *old = property_find(alarm->properties, S("ACKNOWLEDGED"));
        struct str text = trigger_text(arena, modified);

        if (old != NULL) {
            edit_replace(&set->edit, old, old->name, S(""), text);
        } else {
            edit_insert(&set->edit, alarm, S("ACKNOWLEDGED"), S(""), text);
        }
    }
    if (alarm != NULL || snooze != NULL) {
        set_instant(set, VTODO_MOZ_LASTACK, modified);
    }
}

static void turn_on(struct set *set, const struct task *base, const struct task *returned)
{
    const struct vtodo *vtodo = set->vtodo;
    int64_t wanted = returned->reminder.instant_s;
    int64_t old = base->reminder.instant_s;
    struct str text = trigger_text(vtodo->context->arena, wanted);
    struct component *alarm = base->reminder.is_on ? alarm_find(vtodo, old) : NULL;
    struct property *snooze = base->reminder.is_on ? alarm_find_snooze(vtodo, old) : NULL;
    struct component *there = alarm_find(vtodo, wanted);

    if (snooze != NULL) {
        edit_replace(&set->edit, snooze, snooze->name, S(""), text);
    } else if (there != NULL && !alarm_is_acknowledged(vtodo, there, wanted)) {
        return; /* another alarm of the document rings earlier, or this one has just rung */
    } else if (alarm != NULL && !alarm_is_acknowledged(vtodo, alarm, wanted)) {
        struct property *trigger = property_find(alarm->properties, S("TRIGGER"));

        edit_replace(&set->edit, trigger, trigger->name, S(";VALUE=DATE-TIME"), text);
    } else {
        append_alarm(set, wanted, returned->title);
    }
}

static int32_t days_moved(const struct merge *merge)
{
    const struct task *a = merge->base;
    const struct task *b = merge->returned;

    return a->due.is_set && b->due.is_set ? b->due.day - a->due.day : 0;
}

/**
 * The reminder went along with the due date, and the alarm that it stands for is relative: nothing
 * to write. A service that counts in hours is off by the change of clocks; then upstream is to be
 * corrected, not the document (map_roll_reminder).
 */
static bool has_moved_along(const struct merge *merge)
{
    const struct task_reminder *a = &merge->base->reminder;
    const struct task_reminder *b = &merge->returned->reminder;
    int32_t days = days_moved(merge);
    struct component *alarm;
    int64_t off;

    if (!a->is_on || !b->is_on || days == 0) {
        return false;
    }
    off = b->instant_s - a->instant_s - (int64_t)days * CIVIL_SECONDS_A_DAY;
    alarm = alarm_find(&merge->vtodo, a->instant_s);
    return off >= -7200 && off <= 7200 && alarm != NULL && alarm_is_relative(alarm);
}

/** mapping.md 2.8, "Upstream to VTODO". */
static bool merge_reminder(struct merge *merge, struct str *text, struct err *err)
{
    struct vtodo vtodo;
    struct task task;
    struct task projected;
    struct set set;

    if (!vtodo_open(*text, merge->context, &vtodo, err)) {
        return false;
    }
    read_task(&vtodo, &task);
    read_project(&task, merge->context, &projected);
    if (task_field_eq(&projected, merge->returned, TASK_REMINDER) || has_moved_along(merge)) {
        return true;
    }
    set_init(&set, &vtodo);
    if (merge->returned->reminder.is_on) {
        turn_on(&set, merge->base, merge->returned);
    } else if (merge->base->reminder.is_on) {
        turn_off(&set, merge->base, modified_s(merge));
    }
    *text = finish(merge, &set, false);
    return true;
}

/* ---- all of them ---- */

bool merge_fields(struct str document, task_fields fields, const struct task *base,
    const struct task *returned, bool is_render, const struct map_context *context, struct str *out,
    struct err *err)
{
    struct merge merge = { context, base, returned, fields, is_render, .set = { 0 } };
    task_fields changed = 0;
    struct str text = document;
    struct task task;

    if (fields == 0) {
        *out = document;
        return true;
    }
    if ((fields & TASK_FIELD(TASK_STATUS)) && returned->status == TASK_DONE) {
        fields |= TASK_FIELD(TASK_COMPLETED);
    }
    if (!vtodo_open(document, context, &merge.vtodo, err)) {
        return false;
    }
    read_task(&merge.vtodo, &task);
    read_project(&task, context, &merge.projected);
    set_init(&merge.set, &merge.vtodo);
    for (unsigned f = 0; f < TASK_FIELD_COUNT; f++) {
        enum task_field field = (enum task_field)f;

        if ((fields & TASK_FIELD(f)) && wants_person(&merge, field) && !is_same(&merge, field) &&
            merge_field(&merge, field)) {
            changed |= TASK_FIELD(f);
        }
    }
    if ((fields & SCHEDULE_FIELDS) &&
        dates_merge(&merge.set, fields, &merge.projected, base, returned)) {
        changed |= fields & SCHEDULE_FIELDS;
    }
    merge.is_stamped = is_render;
    text = finish(&merge, &merge.set, (changed & SCHEDULE_FIELDS) != 0);
    if (((fields & (SCHEDULE_FIELDS | TASK_FIELD(TASK_STATUS))) &&
            !merge_rule(&merge, &text, err)) ||
        ((fields & TASK_FIELD(TASK_REMINDER)) && !merge_reminder(&merge, &text, err))) {
        return false;
    }
    *out = text;
    return true;
}

bool map_merge(struct str document, const struct task *base, const struct task *returned,
    const struct map_context *context, struct str *out, struct err *err)
{
    task_fields fields = read_diff(base, returned, context->arena) & returned->present;

    return merge_fields(document, fields, base, returned, false, context, out, err) &&
           map_merge_attachments(*out, base, returned, NULL, context, out, err);
}
