#include "bridge/map/plan_internal.h"

#include "bridge/map/merge.h"
#include "bridge/map/occurrence.h"
#include "bridge/map/read.h"
#include "bridge/map/series.h"
#include "bridge/map/set.h"
#include "bridge/map/transplant.h"

#define MAX_STEPS       16
#define DATE_FIELDS     (TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE))
#define SCHEDULE_FIELDS (DATE_FIELDS | TASK_FIELD(TASK_RECURRENCE))
#define STATUS_FIELDS \
    (TASK_FIELD(TASK_STATUS) | TASK_FIELD(TASK_PERCENT) | TASK_FIELD(TASK_COMPLETED))

struct series_plan {
    struct update *update;
    struct map_plan *plan;
    struct series series; /**< of the served document */
    int32_t current;      /**< C of mapping.md section 5 */
    unsigned taken;       /**< overrides dealt with */
    struct err *err;
};

static struct map_step *add_step(struct series_plan *p, enum map_step_kind kind, int32_t day)
{
    struct map_plan *plan = p->plan;
    struct map_step *step;

    if (plan->steps == NULL) {
        plan->steps = arena_alloc_array(p->update->context->arena, MAX_STEPS, sizeof *plan->steps);
    }
    step = &plan->steps[plan->step_count < MAX_STEPS ? plan->step_count++ : MAX_STEPS - 1];
    *step = (struct map_step){ .kind = kind, .day = day };
    return step;
}

static bool set_occurrence(struct series_plan *p, struct map_step *step, struct str document)
{
    const struct map_context *context = p->update->context;
    struct task task;

    if (!map_read(document, context, &task, p->err)) {
        return false;
    }
    read_project(&task, context, &step->task);
    step->document = document;
    return true;
}

/* ---- the state after a step ---- */

static int64_t move_instant(const struct map_context *context, int64_t instant_s, int32_t days)
{
    int64_t wall = zone_to_wall(context->zone, instant_s) + (int64_t)days * CIVIL_SECONDS_A_DAY;

    return zone_to_instant(context->zone, wall);
}

struct task plan_moved_base(
    const struct map_context *context, const struct task *base, int32_t days)
{
    struct task moved = *base;

    if (moved.start.is_set) {
        moved.start.day += days;
        moved.start.has_instant = false;
    }
    if (moved.due.is_set) {
        moved.due.day += days;
        moved.due.has_instant = false;
    }
    if (moved.reminder.is_on) {
        moved.reminder.instant_s = move_instant(context, moved.reminder.instant_s, days);
    }
    return moved;
}

/** The document as the service's own step would change it: dates, and a COUNT that goes down. */
static bool move_document(
    const struct series_plan *p, struct str document, const struct task *moved, struct str *out)
{
    return merge_fields(
        document, DATE_FIELDS, &p->update->base, moved, true, p->update->context, out, p->err);
}

/** How many dates of the rule itself, excepted ones too, lie from C to before `day`. */
static int32_t dates_before(const struct series_plan *p, int32_t day)
{
    struct recur_iterator iterator;
    int32_t count = 0;
    int32_t one;

    recur_start(&iterator, &p->series.rule, p->series.anchor, day - 1);
    while (recur_next(&iterator, &one)) {
        count += one >= p->current;
    }
    return count;
}

/** A rule that the bridge drives counts down here; no service does it. */
static bool lower_count(const struct series_plan *p, int32_t day, struct str *document)
{
    struct arena *arena = p->update->context->arena;
    struct vtodo vtodo;
    struct recur rule;
    struct set set;

    if (p->series.mode != SERIES_DRIVEN || p->series.rule.count == 0) {
        return true;
    }
    if (!vtodo_open(*document, p->update->context, &vtodo, p->err)) {
        return false;
    }
    const struct property *line = vtodo.first[VTODO_RRULE];
    if (line == NULL || !recur_parse(line->value, &rule) || rule.count != p->series.rule.count) {
        return true; /* the client did it */
    }
    set_init(&set, &vtodo);
    set_value(&set, VTODO_RRULE,
        recurrence_with_count(line->value, rule.count - dates_before(p, day), arena));
    *document = edit_finish(&set.edit);
    return true;
}

/** Both documents and base go on to `day`; the client's only if its dates are still those of C. */
static bool go_on(struct series_plan *p, int32_t day, bool moves_client)
{
    struct update *update = p->update;
    struct task moved = plan_moved_base(update->context, &update->base, day - p->current);
    struct str current = update->current_vtodo.document.text;
    struct str client = update->vtodo.document.text;

    if (!move_document(p, current, &moved, &current) || !lower_count(p, day, &current) ||
        !plan_take_current(update, current, p->err)) {
        return false;
    }
    if (moves_client &&
        (!move_document(p, client, &moved, &client) || !lower_count(p, day, &client) ||
            !plan_take_client(update, client, p->err))) {
        return false;
    }
    update->base = moved;
    p->current = day;
    return true;
}

/** The last occurrence is done: an ordinary completion, and the rule goes out of sight (4.7). */
static bool end_series(struct series_plan *p, const struct vtodo *completed)
{
    struct update *update = p->update;
    struct str text = update->vtodo.document.text;
    struct set set;

    if (completed != &update->vtodo) {
        text = transplant_fields(&update->vtodo, completed, STATUS_FIELDS);
    }
    if (!plan_take_client(update, text, p->err)) {
        return false;
    }
    set_init(&set, &update->vtodo);
    set_rename(&set, VTODO_RRULE, VTODO_MS_RRULE);
    return plan_take_client(update, edit_finish(&set.edit), p->err);
}

/**
 * COMPLETE(C). completed: the VTODO in which the client says so; NULL: it only moved on.
 * moves_client: its dates are still those of C.
 */
static bool complete(struct series_plan *p, const struct vtodo *completed, bool moves_client)
{
    struct map_step *step;
    int32_t to_day;

    if (!series_next(&p->series, p->current, &to_day)) {
        return end_series(p, completed);
    }
    step = add_step(p, MAP_STEP_COMPLETE, p->current);
    step->to_day = to_day;
    if (completed != NULL &&
        !set_occurrence(p, step, occurrence_extract(&p->update->vtodo, completed, p->current))) {
        return false;
    }
    return go_on(p, to_day, moves_client);
}

/* ---- overrides: style B ---- */

/** A line for the master: this date is not one of the series any more. */
static bool except_day(struct series_plan *p, int32_t day)
{
    struct vtodo *vtodo = &p->update->vtodo;
    struct vtodo_when when = *series_anchor(vtodo);
    struct set set;

    when.day = day;
    set_init(&set, vtodo);
    set_add_when(&set, VTODO_EXDATE, &when);
    return plan_take_client(p->update, edit_finish(&set.edit), p->err);
}

static bool has_other_dates(const struct series_plan *p, const struct occurrence *one)
{
    const struct vtodo *master = &p->update->vtodo;
    int32_t days = one->day - series_anchor(master)->day;
    const struct vtodo *o = &one->vtodo;

    return (o->start.is_set && master->start.is_set && o->start.day != master->start.day + days) ||
           (o->due.is_set && master->due.is_set && o->due.day != master->due.day + days);
}

/** P3: done before its day: a completed task of its own, and an exception in the series. */
static bool add_done(struct series_plan *p, const struct occurrence *one)
{
    struct map_step *step;
    int32_t day;

    if (!series_next(&p->series, one->day - 1, &day) || day != one->day) {
        return true; /* no date of the series any more: done before */
    }
    step = add_step(p, MAP_STEP_ADD_DONE, one->day);
    return set_occurrence(p, step, occurrence_extract(&p->update->vtodo, &one->vtodo, one->day)) &&
           except_day(p, one->day);
}

/** P9 */
static bool move_occurrence(struct series_plan *p, const struct occurrence *one)
{
    struct map_step *step;
    int32_t to_day;

    if (!series_next(&p->series, p->current, &to_day)) {
        return true; /* the last one: its dates are the master's business */
    }
    step = add_step(p, MAP_STEP_MOVE, one->day);
    step->to_day = to_day;
    return set_occurrence(p, step, occurrence_extract(&p->update->vtodo, &one->vtodo, one->day)) &&
           go_on(p, to_day, true);
}

/** One override of the client's document; *is_done_out: the current occurrence was dealt with. */
static bool take_override(struct series_plan *p, const struct occurrence *one, bool *is_done_out)
{
    struct update *update = p->update;
    bool is_completed = read_status(&one->vtodo) == TASK_DONE;
    bool is_moved = one->day == p->current && has_other_dates(p, one);

    if (!is_completed && one->day >= p->current && !is_moved) {
        return true; /* other content: waits in the document until its day comes */
    }
    if (p->taken == MAX_STEPS) {
        return true; /* stays in the document, for the next PUT */
    }
    p->taken++;
    if (!plan_take_client(update, occurrence_remove(&update->vtodo, one->day), p->err)) {
        return false;
    }
    if (one->day < p->current) {
        if (!is_completed) {
            add_step(p, MAP_STEP_REOPEN, one->day); /* P4 */
        }
        return true; /* P2 */
    }
    if (one->day > p->current) {
        return add_done(p, one);
    }
    *is_done_out = true;
    return is_completed ? complete(p, &one->vtodo, true) /* P1 */ : move_occurrence(p, one);
}

static bool take_overrides(struct series_plan *p, bool *is_done_out)
{
    struct occurrence *list = occurrence_list(&p->update->vtodo);
    bool had_past = false;

    for (struct occurrence *one = list; one != NULL; one = one->next) {
        bool is_past = one->day < p->current && read_status(&one->vtodo) == TASK_DONE;

        if (one->is_for_future) {
            continue;
        }
        had_past = had_past || (is_past && one->day == series_anchor(&p->update->vtodo)->day);
        if (!take_override(p, one, is_done_out)) {
            return false;
        }
    }
    /* The master stands where it stood when that occurrence was completed: it was left alone. */
    if (had_past && !*is_done_out) {
        return plan_take_client(p->update,
            transplant_fields(&p->update->vtodo, &p->update->current_vtodo, SCHEDULE_FIELDS),
            p->err);
    }
    return true;
}

/* ---- the master: styles A, D and F ---- */

/** P5: the whole VTODO completed, its rule still there. */
static bool take_completed_master(struct series_plan *p)
{
    struct update *update = p->update;
    int32_t day = series_anchor(&update->vtodo)->day;
    bool is_stale = day < p->series.anchor;
    struct vtodo completed = update->vtodo;
    task_fields fields = STATUS_FIELDS | (is_stale ? SCHEDULE_FIELDS : 0);

    if (!is_stale && p->series.mode == SERIES_LAST) {
        return end_series(p, &update->vtodo);
    }
    return plan_take_client(
               update, transplant_fields(&update->vtodo, &update->current_vtodo, fields), p->err) &&
           (is_stale || complete(p, &completed, true));
}

static bool is_same_rule(const struct series_plan *p, const struct series *client)
{
    struct recur a = p->series.rule;
    struct recur b = client->rule;
    struct task_recurrence x;
    struct task_recurrence y;

    a.count = b.count = 0;
    if (p->series.mode == SERIES_NATIVE && client->mode == SERIES_NATIVE) {
        x = p->series.native;
        y = client->native;
        x.range = x.range == TASK_NUMBERED ? TASK_NO_END : x.range;
        y.range = y.range == TASK_NUMBERED ? TASK_NO_END : y.range;
        return recurrence_is_same(&x, 0, &y, 0);
    }
    return a.frequency == b.frequency && a.interval == b.interval && a.weekdays == b.weekdays &&
           a.nth_count == b.nth_count && a.months.count == b.months.count &&
           a.month_days.count == b.month_days.count && a.positions.count == b.positions.count &&
           a.has_until == b.has_until && a.until.day == b.until.day;
}

/** P6, P7: the dates moved along the series. */
static bool take_moved_master(struct series_plan *p, const struct series *client)
{
    int32_t to = client->anchor;
    int32_t members = to > p->current ? series_distance(&p->series, p->current, to) : -1;
    int32_t counted = p->series.rule.count - client->rule.count;

    if (members < 1 || !is_same_rule(p, client)) {
        return true; /* P8, or nothing: an ordinary change of dates and rule */
    }
    if (members == 1 || counted == members) {
        if (!complete(p, NULL, false)) {
            return false;
        }
        if (members == 1) {
            return true;
        }
    }
    struct map_step *step = add_step(p, MAP_STEP_ADVANCE, p->current);
    step->to_day = to;
    return true;
}

/** P11: the client excepts the date on which the series stands; the ordinary change moves it on. */
static void note_skip(struct series_plan *p, const struct series *client)
{
    if (client->mode != SERIES_NONE && client->anchor == p->series.anchor &&
        client->first > p->current) {
        struct map_step *step = add_step(p, MAP_STEP_ADVANCE, p->current);

        step->to_day = client->first;
    }
}

/** P10: KOrganizer and Merkuro move a marker of their own. */
static int32_t pending_day(const struct vtodo *vtodo)
{
    const struct property *p =
        property_find(vtodo->todo->properties, S("X-KDE-LIBKCAL-DTRECURRENCE"));
    struct vtodo_when when = vtodo_when(vtodo, p);

    return when.is_set ? when.day : INT32_MIN;
}

static bool take_master(struct series_plan *p)
{
    struct update *update = p->update;
    struct series client;
    int32_t next;
    int32_t pending = pending_day(&update->vtodo);

    series_read(&update->vtodo, &client);
    if (update->task.status == TASK_DONE && update->vtodo.first[VTODO_RRULE] != NULL) {
        return take_completed_master(p);
    }
    if (client.mode == SERIES_NONE && update->vtodo.first[VTODO_RRULE] == NULL) {
        return true; /* the rule was taken away: an ordinary change */
    }
    if (client.anchor == p->series.anchor && pending != pending_day(&update->current_vtodo) &&
        series_next(&p->series, p->current, &next) && pending == next) {
        return complete(p, NULL, true);
    }
    if (client.anchor < p->series.anchor && pending == p->current) { /* said again: P2 */
        return plan_take_client(update,
            transplant_fields(&update->vtodo, &update->current_vtodo, SCHEDULE_FIELDS), p->err);
    }
    if (client.anchor != p->series.anchor) {
        return client.mode == SERIES_NONE || take_moved_master(p, &client);
    }
    note_skip(p, &client);
    return true;
}

bool plan_series(struct update *update, struct map_plan *plan, struct err *err)
{
    struct series_plan p = { .update = update, .plan = plan, .err = err };
    bool is_done = false;

    if (!update->context->options.plans_steps || update->current.status == TASK_DONE ||
        update->current_vtodo.first[VTODO_RRULE] == NULL) {
        return true;
    }
    series_read(&update->current_vtodo, &p.series);
    if (p.series.mode == SERIES_NONE) {
        return true;
    }
    p.current = p.series.first;
    plan->is_driven = p.series.mode == SERIES_DRIVEN;
    return take_overrides(&p, &is_done) && (is_done || take_master(&p));
}

bool map_plan_skip(struct str document, const struct task *base, const struct map_context *context,
    struct map_plan *out, struct err *err)
{
    struct update update = { .context = context, .base = *base };
    struct map_plan plan = { .expected = *base, .document = document };
    struct series_plan p = { .update = &update, .plan = &plan, .err = err };

    if (!vtodo_open(document, context, &update.vtodo, err) ||
        !vtodo_open(document, context, &update.current_vtodo, err)) {
        return false;
    }
    series_read(&update.vtodo, &p.series);
    bool stands_there = (base->start.is_set ? base->start.day : base->due.day) == p.series.anchor;
    if (p.series.mode != SERIES_NONE && stands_there &&
        series_is_skipped(&p.series, p.series.anchor)) {
        struct map_step *step = add_step(&p, MAP_STEP_ADVANCE, p.series.anchor);

        step->to_day = p.series.first;
        p.current = p.series.anchor;
        plan.is_driven = p.series.mode == SERIES_DRIVEN;
        if (!go_on(&p, p.series.first, true)) {
            return false;
        }
        read_project(&update.task, context, &plan.wanted);
        plan.expected = update.base;
        plan.document = update.vtodo.document.text;
        plan.fields = plan.wanted.recurrence.is_set
                          ? TASK_FIELD(TASK_RECURRENCE)
                          : read_diff(base, &plan.wanted, context->arena) & DATE_FIELDS;
        task_apply(&plan.expected, &plan.wanted, plan.fields);
    }
    *out = plan;
    return true;
}
