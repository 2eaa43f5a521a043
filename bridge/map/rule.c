#include "bridge/map/rule.h"

#include "bridge/core/mem.h"
#include "bridge/map/series.h"
#include "ical/value.h"

static void remove_overrides(struct set *set)
{
    struct component *first = component_find(set->vtodo->document.calendar->children, S("VTODO"));

    for (struct component *c = first; c != NULL; c = component_find(c->next, S("VTODO"))) {
        if (c != set->vtodo->todo && property_find(c->properties, S("RECURRENCE-ID")) != NULL) {
            edit_remove_component(&set->edit, c);
        }
    }
}

static void remove_rule(struct set *set)
{
    static const enum vtodo_name names[] = { VTODO_RRULE, VTODO_EXRULE, VTODO_RDATE, VTODO_EXDATE };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        set_remove(set, names[i]);
    }
    remove_overrides(set);
}

/** The occurrence on that day, as an instant. A series in UTC does not follow the clocks. */
static int64_t last_instant(const struct vtodo_when *anchor, int32_t end_day)
{
    struct vtodo_when last = *anchor;
    int64_t instant;

    last.day = end_day;
    if (anchor->form != TASK_TIME_UTC) {
        return vtodo_when_instant(&last);
    }
    instant = vtodo_when_instant(anchor) + (int64_t)(end_day - anchor->day) * CIVIL_SECONDS_A_DAY;
    int32_t day = civil_day_of_seconds(zone_to_wall(anchor->zone, instant));
    return instant + (int64_t)(end_day - day) * CIVIL_SECONDS_A_DAY;
}

/** mapping.md 4.5: a date for DATE; else that day at the anchor's time of day, in UTC. */
static struct str until_text(struct set *set, int32_t end_day)
{
    const struct vtodo_when *anchor = series_anchor(set->vtodo);
    struct value_time time = { .day = end_day };
    char text[VALUE_TIME_TEXT];

    if (anchor->is_set && anchor->form == TASK_TIME_FLOATING) {
        time.has_time = true;
        time.second = anchor->second;
    } else if (anchor->is_set && anchor->form != TASK_DATE_ONLY) {
        int64_t instant = last_instant(anchor, end_day);

        time.has_time = time.is_utc = true;
        time.day = civil_day_of_seconds(instant);
        time.second = (int32_t)(instant - (int64_t)time.day * CIVIL_SECONDS_A_DAY);
    }
    return arena_copy(set->vtodo->context->arena, value_format_time(&time, text));
}

static struct str rule_text(struct set *set, const struct task_recurrence *r, int32_t left)
{
    struct arena *arena = set->vtodo->context->arena;
    struct str rule = recurrence_to_rule(r, arena);

    if (r->range == TASK_NUMBERED) {
        return arena_printf(arena, "%.*s;COUNT=%d", STR_ARG(rule), (int)(left > 0 ? left : 1));
    }
    if (r->range == TASK_END_DATE) {
        return arena_printf(
            arena, "%.*s;UNTIL=%.*s", STR_ARG(rule), STR_ARG(until_text(set, r->end_day)));
    }
    return rule;
}

/** EXDATE lines of which no date is in the new rule mean nothing any more. */
static void drop_exceptions(struct set *set, const struct task_recurrence *r)
{
    struct series after = { .mode = SERIES_NATIVE, .anchor = r->start_day, .end = INT32_MAX };

    if (!recur_parse(recurrence_to_rule(r, set->vtodo->context->arena), &after.rule)) {
        return;
    }
    for (const struct property *p = set->vtodo->first[VTODO_EXDATE]; p != NULL;
         p = vtodo_next(VTODO_EXDATE, p)) {
        struct str rest = p->value;
        struct str item;
        bool is_member = false;

        while (!is_member && str_next(&rest, ',', &item)) {
            struct property one = *p;
            one.value = item;
            struct vtodo_when when = vtodo_when(set->vtodo, &one);
            int32_t day;

            is_member = when.is_set && series_next(&after, when.day - 1, &day) && day == when.day;
        }
        if (!is_member) {
            edit_remove(&set->edit, p);
        }
    }
}

static void write_rule(struct set *set, const struct task_recurrence *r, int32_t left)
{
    const struct property *p = set->vtodo->first[VTODO_RRULE];
    struct str text = rule_text(set, r, left);

    if (p == NULL) {
        edit_insert(&set->edit, set->vtodo->todo, S("RRULE"), S(""), text);
    } else {
        edit_replace(&set->edit, p, p->name, S(""), text);
        while ((p = vtodo_next(VTODO_RRULE, p)) != NULL) {
            edit_remove(&set->edit, p);
        }
    }
    set_remove(set, VTODO_EXRULE);
    set_remove(set, VTODO_RDATE);
    drop_exceptions(set, r);
}

/** The service repeats for ever and the document does not (mapping.md V154): the bridge counts. */
static bool keep_range(struct set *set, const struct series *series, const struct task *base,
    const struct task_recurrence *r, int32_t current)
{
    const struct task_date *was = base->start.is_set ? &base->start : &base->due;
    struct task_recurrence here = series->native;
    struct task_recurrence there = *r;
    struct arena *arena = set->vtodo->context->arena;
    int32_t left;

    here.range = TASK_NO_END;
    if (series->mode != SERIES_NATIVE || series->native.range == TASK_NO_END ||
        r->range != TASK_NO_END || !recurrence_is_same(&base->recurrence, 0, r, 0) ||
        !recurrence_is_same(&here, 0, r, 0)) {
        return false;
    }
    if (series->native.range == TASK_NUMBERED && was->is_set && was->day < current) {
        there.range = TASK_NUMBERED;
        there.count = series->rule.count;
        there.start_day = was->day;
        left = recurrence_remaining(&there, NULL, current, arena);
        set_value(set, VTODO_RRULE,
            recurrence_with_count(set->vtodo->first[VTODO_RRULE]->value, left, arena));
    }
    return true;
}

void rule_merge(
    struct set *set, bool has_changed, const struct task *base, const struct task *returned)
{
    const struct task_recurrence *r = &returned->recurrence;
    struct arena *arena = set->vtodo->context->arena;
    struct series series;

    if (!r->is_set) {
        if (base->recurrence.is_set && has_changed) {
            remove_rule(set);
        }
        return;
    }
    series_read(set->vtodo, &series);
    if (series.mode != SERIES_NATIVE && series.mode != SERIES_LAST && !has_changed) {
        return;
    }
    const struct vtodo_when *anchor = series_anchor(set->vtodo);
    int32_t current = anchor->is_set ? anchor->day : r->start_day;
    if (keep_range(set, &series, base, r, current)) {
        return;
    }
    int32_t left = recurrence_remaining(r, &base->recurrence, current, arena);
    bool is_same_pattern =
        series.mode == SERIES_NATIVE && recurrence_is_same(&series.native, left, r, left);
    bool is_last = series.mode == SERIES_LAST && series.rule.count == 1 && left == 1;
    if (is_last || (is_same_pattern && (r->range != TASK_NUMBERED || series.rule.count == left))) {
        return;
    }
    if (is_same_pattern) {
        set_value(set, VTODO_RRULE,
            recurrence_with_count(set->vtodo->first[VTODO_RRULE]->value, left, arena));
    } else if (has_changed || series.mode == SERIES_NATIVE || r->range == TASK_NUMBERED) {
        /* Without a change of the rule itself: the dates moved under what it leaves open. */
        write_rule(set, r, left);
    }
}
