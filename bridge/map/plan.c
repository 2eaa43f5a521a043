#include "bridge/map/plan_internal.h"

#include "bridge/map/alarm.h"
#include "bridge/map/html.h"
#include "bridge/map/read.h"
#include "bridge/map/series.h"
#include "bridge/map/transplant.h"

/* Names, and a link that the client may keep for itself (mapping.md 2.10, 2.13): never sent. */
#define READ_ONLY_FIELDS \
    (TASK_FIELD(TASK_ASSIGNED_TO) | TASK_FIELD(TASK_OWNER) | TASK_FIELD(TASK_URL))

#define HAS(fields, field) (((fields)&TASK_FIELD(field)) != 0)

static struct task_date today(const struct map_context *context)
{
    int64_t now_s = context->now_us / CIVIL_MICROS - (context->now_us % CIVIL_MICROS < 0);

    return (struct task_date){ .is_set = true,
        .day = civil_day_of_seconds(zone_to_wall(context->zone, now_s)) };
}

/** mapping.md 2.7: done without a COMPLETED: the day of the last change if that is today, which is
 * today either way. */
static void supply_completed(struct task *projected, const struct map_context *context)
{
    if (projected->status == TASK_DONE && !projected->completed.is_set) {
        projected->completed = today(context);
    }
}

/** mapping.md 4.4.4: a series goes upstream at its first date, wherever the client's anchor is. */
static void move_to_series(const struct vtodo *vtodo, struct task *projected)
{
    struct series series;

    series_read(vtodo, &series);
    if (series.mode == SERIES_NONE) {
        return;
    }
    if (projected->start.is_set) {
        projected->start.day += series.first - series.anchor;
    }
    if (projected->due.is_set) {
        projected->due.day += series.first - series.anchor;
    }
}

/* ---- create ---- */

bool map_plan_create(const struct map_object *object, const struct map_context *context,
    struct map_plan *out, struct err *err)
{
    struct vtodo vtodo;
    struct map_plan plan = { 0 };
    struct task task;
    struct task nothing;

    if (!vtodo_open(object->document, context, &vtodo, err)) {
        return false;
    }
    read_task(&vtodo, &task);
    read_project(&task, context, &plan.wanted);
    move_to_series(&vtodo, &plan.wanted);
    supply_completed(&plan.wanted, context);
    task_init(&nothing);
    plan.fields = read_diff(&nothing, &plan.wanted, context->arena);
    plan.fields &= ~READ_ONLY_FIELDS | TASK_FIELD(TASK_URL); /* a link can be made, not changed */
    plan.fields |= TASK_FIELD(TASK_TITLE);
    if (!task.due.is_set && !plan.wanted.recurrence.is_set) {
        plan.fields &= ~TASK_FIELD(TASK_DUE); /* the service sets it from the start */
    }
    plan.expected = plan.wanted;
    plan.document = object->document;
    plan.is_verbatim = object->is_verbatim;
    *out = plan;
    return true;
}

/* ---- after a refusal ---- */

task_fields map_plan_reduce(
    struct map_plan *plan, const struct task *base, const struct map_context *context)
{
    task_fields given_up =
        plan->fields &
        (TASK_FIELD(TASK_RECURRENCE) | TASK_FIELD(TASK_CATEGORIES) | TASK_FIELD(TASK_REMINDER));
    struct task nothing;

    task_init(&nothing);
    plan->fields &= ~given_up;
    task_apply(&plan->wanted, base != NULL ? base : &nothing, given_up);
    task_apply(&plan->expected, base != NULL ? base : &nothing, given_up);
    if (HAS(plan->fields, TASK_BODY) && plan->wanted.body.is_html) {
        struct task_body text = { false,
            html_to_text(plan->wanted.body.content, true, context->arena) };

        plan->wanted.body = plan->expected.body = text;
        given_up |= TASK_FIELD(TASK_BODY);
    }
    return given_up;
}

/* ---- update ---- */

static bool was_seen(const struct update *update, unsigned field, uint64_t hash)
{
    for (size_t i = 0; i < update->version_count; i++) {
        if (update->versions[i].fields[field] == hash) {
            return true;
        }
    }
    return false;
}

/** The ring that upstream holds was dealt with in the client's document, and not before. What rings
 * next is the same in both, so the values alone do not tell (mapping.md 2.8). */
static bool has_dismissed(const struct update *update)
{
    int64_t rang = update->base.reminder.instant_s;

    return update->base.reminder.is_on &&
           alarm_is_acknowledged(&update->vtodo, alarm_find(&update->vtodo, rang), rang) &&
           !alarm_is_acknowledged(
               &update->current_vtodo, alarm_find(&update->current_vtodo, rang), rang);
}

static void split_fields(
    struct update *update, task_fields *changed, task_fields *moved_on, task_fields *overlapping)
{
    task_fields differing = read_diff(&update->current, &update->task, update->context->arena);

    *moved_on = *overlapping = 0;
    *changed = has_dismissed(update) ? TASK_FIELD(TASK_REMINDER) : 0;
    if (differing != 0) {
        task_hash_fields(&update->task, update->hashes);
    }
    for (unsigned f = 0; f < TASK_FIELD_COUNT; f++) {
        if (!(differing & TASK_FIELD(f))) {
            continue;
        }
        if ((TASK_FIELD(f) & (TASK_FIELD(TASK_OWNER) | TASK_FIELD(TASK_ASSIGNED_TO))) ||
            was_seen(update, f, update->hashes[f])) {
            *moved_on |= TASK_FIELD(f); /* not the client's change */
            continue;
        }
        *changed |= TASK_FIELD(f);
        /* which alarm is next changes with the time alone: no sign of a change elsewhere */
        if (f != TASK_REMINDER && update->version_count > 0 &&
            !was_seen(update, f, update->current_hashes[f])) {
            *overlapping |= TASK_FIELD(f);
        }
    }
}

/** The document has a DTSTART on the due date only because a rule needs one. */
static bool is_start_synthetic(const struct update *update)
{
    const struct task *now = &update->current;
    const struct task *new = &update->task;

    return !update->base.start.is_set && update->base.due.is_set &&
           update->current_vtodo.first[VTODO_RRULE] != NULL && now->start.is_set &&
           now->due.is_set && now->start.day == now->due.day &&
           new->start.is_set &&new->due.is_set &&new->start.day == new->due.day;
}

/** The members that upstream ties to each other (mapping.md 3.3, 3.4). */
static void couple(const struct update *update, struct map_plan *plan)
{
    const struct task *base = &update->base;
    struct task *wanted = &plan->wanted;

    if (HAS(plan->fields, TASK_DUE)) {
        bool starts_on_due = base->start.is_set && base->due.is_set &&
                             base->start.day == base->due.day && !update->current.start.is_set &&
                             !update->task.start.is_set;

        if (!wanted->due.is_set) {
            plan->expected.start = (struct task_date){ 0 };
        } else if (starts_on_due) {
            wanted->start = wanted->due; /* S5 */
            plan->fields |= TASK_FIELD(TASK_START);
        }
    }
    if (HAS(plan->fields, TASK_START) && wanted->start.is_set && !base->due.is_set &&
        !update->task.due.is_set) {
        plan->fields &= ~TASK_FIELD(TASK_DUE); /* the service sets it from the start */
        plan->expected.due = wanted->due;
    }
    if (HAS(plan->fields, TASK_START) && is_start_synthetic(update)) {
        plan->fields &= ~TASK_FIELD(TASK_START); /* S9 */
        wanted->start = base->start;
    }
    if (HAS(plan->fields, TASK_STATUS) && (wanted->status == TASK_DONE || base->completed.is_set)) {
        plan->fields |= TASK_FIELD(TASK_COMPLETED);
    } else if (wanted->status != TASK_DONE) {
        plan->fields &= ~TASK_FIELD(TASK_COMPLETED); /* goes with the status only */
    }
    if (wanted->status != TASK_DONE) {
        wanted->completed = plan->expected.completed = (struct task_date){ 0 };
    }
}

/** An exception on the current date of a series that the bridge drives moves the plain task. */
static bool has_new_first(const struct update *update)
{
    struct series now;
    struct series new;

    series_read(&update->current_vtodo, &now);
    series_read(&update->vtodo, &new);
    return new.mode == SERIES_DRIVEN &&now.mode != SERIES_NONE &&new.first != now.first;
}

/**
 * The client completes an open task and takes its rule off in one go (todoman, which saves the next
 * occurrence as a task of its own): the service must not make a next one too.
 */
static bool takes_rule_off(const struct update *update)
{
    return update->current.status != TASK_DONE && update->current.recurrence.is_set &&
           update->vtodo.first[VTODO_RRULE] == NULL;
}

/** The document has come to the last date of a rule that upstream repeats for ever (mapping.md
 * V154). */
static bool ends_here(const struct update *update)
{
    struct series series;

    series_read(&update->vtodo, &series);
    return series.mode == SERIES_LAST && update->base.recurrence.is_set &&
           update->base.recurrence.range == TASK_NO_END;
}

static void decide(struct update *update, task_fields changed, struct map_plan *plan)
{
    read_project(&update->task, update->context, &plan->wanted);
    move_to_series(&update->vtodo, &plan->wanted);
    if (update->base.status == TASK_DONE && !plan->wanted.completed.is_set) {
        plan->wanted.completed = update->base.completed; /* a client without the line */
    }
    supply_completed(&plan->wanted, update->context);
    plan->expected = update->base;
    if (has_new_first(update)) {
        changed |= TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE);
    }
    /* A start or due decides the other where only one is written. */
    if (HAS(changed, TASK_START)) {
        changed |= TASK_FIELD(TASK_DUE);
    }
    if (HAS(changed, TASK_DUE) && update->task.start.is_set) {
        changed |= TASK_FIELD(TASK_START);
    }
    if (ends_here(update)) {
        changed |= TASK_FIELD(TASK_RECURRENCE);
    }
    if (update->task.status == TASK_DONE && !takes_rule_off(update)) {
        changed &= ~TASK_FIELD(TASK_RECURRENCE); /* kept, though not served: mapping.md 4.7 */
    }
    plan->fields = read_diff(&update->base, &plan->wanted, update->context->arena) & changed &
                   ~READ_ONLY_FIELDS;
    couple(update, plan);
    task_apply(&plan->expected, &plan->wanted, plan->fields);
    if (HAS(plan->fields, TASK_RECURRENCE) && plan->wanted.recurrence.is_set) {
        /* the service moves both to the start of the range */
        task_apply(&plan->expected, &plan->wanted, TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE));
    }
}

bool plan_take_client(struct update *update, struct str text, struct err *err)
{
    if (text.p != update->vtodo.document.text.p &&
        !vtodo_open(text, update->context, &update->vtodo, err)) {
        return false;
    }
    read_task(&update->vtodo, &update->task);
    return true;
}

bool plan_take_current(struct update *update, struct str text, struct err *err)
{
    if (text.p != update->current_vtodo.document.text.p &&
        !vtodo_open(text, update->context, &update->current_vtodo, err)) {
        return false;
    }
    read_task(&update->current_vtodo, &update->current);
    return true;
}

bool map_plan_update(const struct map_object *object, struct str current, const struct task *base,
    const struct map_version *versions, size_t version_count, const struct map_context *context,
    struct map_plan *out, struct err *err)
{
    struct update update = { context, versions, version_count, *base, .hashes = { 0 } };
    struct map_plan plan = { 0 };
    task_fields changed;
    task_fields moved_on;

    if (!vtodo_open(current, context, &update.current_vtodo, err) ||
        !vtodo_open(object->document, context, &update.vtodo, err) ||
        !plan_take_current(&update, current, err)) {
        return false;
    }
    task_hash_fields(&update.current, update.current_hashes); /* before any step moves it */
    if (!plan_take_client(&update, transplant_extras(&update.vtodo, &update.current_vtodo), err) ||
        !plan_series(&update, &plan, err)) {
        return false;
    }
    split_fields(&update, &changed, &moved_on, &plan.overlapping);
    if (moved_on != 0 &&
        !plan_take_client(
            &update, transplant_fields(&update.vtodo, &update.current_vtodo, moved_on), err)) {
        return false;
    }
    decide(&update, changed, &plan);
    plan.document = update.vtodo.document.text;
    plan.is_verbatim = object->is_verbatim && plan.document.p == object->document.p;
    *out = plan;
    return true;
}
