#include "bridge/map/alarm.h"

#include "ical/value.h"

#define SECONDS_A_MINUTE 60
#define MAX_REPEAT       10000

/** The instants of one alarm: first, first + step, ... first + repeats * step. */
struct alarm_times {
    int64_t first;
    int64_t step;
    int64_t repeats;
};

static struct property *find(const struct component *alarm, const char *name)
{
    return property_find(alarm->properties, str_from(name));
}

static bool is_action(const struct component *alarm, const char *name)
{
    const struct property *action = find(alarm, "ACTION");

    return action != NULL && str_eq_nocase(str_trim(action->value), str_from(name));
}

/** RFC 9074 6: an alarm that stands for the snooze of another. */
static bool is_snooze(const struct vtodo *vtodo, const struct component *alarm)
{
    const struct property *related = find(alarm, "RELATED-TO");
    struct str type;

    return related != NULL && property_param(related, S("RELTYPE"), vtodo->context->arena, &type) &&
           str_eq_nocase(type, S("SNOOZE"));
}

static const struct vtodo_when *anchor_of(const struct vtodo *vtodo, const struct property *trigger)
{
    struct str related;

    if (property_param(trigger, S("RELATED"), vtodo->context->arena, &related) &&
        str_eq_nocase(related, S("END"))) {
        return vtodo->due.is_set ? &vtodo->due : NULL;
    }
    return vtodo->start.is_set ? &vtodo->start : vtodo->due.is_set ? &vtodo->due : NULL;
}

static bool trigger_instant(const struct vtodo *vtodo, const struct property *trigger, int64_t *out)
{
    struct value_duration duration;
    struct value_time time;

    if (value_parse_time(trigger->value, &time)) {
        /* Apple's "no alarm": a moment that is long over, kept as it is. */
        return !str_eq(str_trim(trigger->value), S("19760401T005545Z")) &&
               vtodo_instant(vtodo, trigger, out);
    }
    if (!value_parse_duration(trigger->value, &duration)) {
        return false;
    }
    const struct vtodo_when *anchor = anchor_of(vtodo, trigger);
    if (anchor == NULL) {
        return false;
    }
    struct vtodo_when day = vtodo_when_add(anchor, duration.days, 0);
    if (anchor->form == TASK_DATE_ONLY) {
        day.second = vtodo->context->options.all_day_alarm_minute * SECONDS_A_MINUTE;
    }
    *out = vtodo_when_instant(&day) + duration.seconds;
    return true;
}

/** False: this alarm never rings upstream. */
static bool times_of(
    const struct vtodo *vtodo, const struct component *alarm, struct alarm_times *out)
{
    const struct property *trigger = find(alarm, "TRIGGER");
    const struct property *repeat = find(alarm, "REPEAT");
    const struct property *duration = find(alarm, "DURATION");
    struct value_duration step;
    struct alarm_times times = { 0 };

    if (!str_eq_nocase(alarm->name, S("VALARM")) || trigger == NULL || is_action(alarm, "NONE") ||
        find(alarm, "PROXIMITY") != NULL || find(alarm, "X-APPLE-PROXIMITY") != NULL ||
        !trigger_instant(vtodo, trigger, &times.first)) {
        return false;
    }
    if (repeat != NULL && duration != NULL && str_to_i64(str_trim(repeat->value), &times.repeats) &&
        value_parse_duration(duration->value, &step)) {
        times.step = step.days * CIVIL_SECONDS_A_DAY + step.seconds;
    }
    if (times.step <= 0 || times.repeats < 0) {
        times.repeats = 0;
    } else if (times.repeats > MAX_REPEAT) {
        times.repeats = MAX_REPEAT;
    }
    *out = times;
    return true;
}

/** Until when (and with) the alarm counts as dealt with; INT64_MIN if it does not. */
static int64_t acknowledged_until(const struct vtodo *vtodo, const struct component *alarm)
{
    const struct property *own = alarm == NULL ? NULL : find(alarm, "ACKNOWLEDGED");
    int64_t until = INT64_MIN;
    int64_t instant;

    if (own != NULL && vtodo_instant(vtodo, own, &instant)) {
        until = instant;
    }
    if (vtodo->first[VTODO_MOZ_LASTACK] != NULL &&
        vtodo_instant(vtodo, vtodo->first[VTODO_MOZ_LASTACK], &instant) && instant > until) {
        until = instant;
    }
    return until;
}

bool alarm_is_acknowledged(
    const struct vtodo *vtodo, const struct component *alarm, int64_t instant_s)
{
    return acknowledged_until(vtodo, alarm) >= instant_s;
}

static int64_t now_s(const struct vtodo *vtodo)
{
    int64_t us = vtodo->context->now_us;
    return us / CIVIL_MICROS - (us % CIVIL_MICROS < 0);
}

/** The first ring after now that is not acknowledged; INT64_MAX if none. */
static int64_t next_ring(const struct vtodo *vtodo, const struct component *alarm)
{
    struct alarm_times times;
    int64_t after = acknowledged_until(vtodo, alarm);
    int64_t now = now_s(vtodo);

    after = after > now ? after : now;
    if (!times_of(vtodo, alarm, &times)) {
        return INT64_MAX;
    }
    if (times.first > after) {
        return times.first;
    }
    int64_t k = times.repeats == 0 ? 0 : (after - times.first) / times.step + 1;
    return k == 0 || k > times.repeats ? INT64_MAX : times.first + k * times.step;
}

static int64_t floor_minute(int64_t instant_s)
{
    int64_t rest = instant_s % SECONDS_A_MINUTE;
    return instant_s - (rest < 0 ? rest + SECONDS_A_MINUTE : rest);
}

/** An alarm that only a mail program acts on does not count beside one that people notice. */
static bool has_visible_alarm(const struct vtodo *vtodo)
{
    for (const struct component *c = vtodo->todo->children; c != NULL; c = c->next) {
        if (str_eq_nocase(c->name, S("VALARM")) &&
            (is_action(c, "DISPLAY") || is_action(c, "AUDIO"))) {
            return true;
        }
    }
    return false;
}

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct task_reminder alarm_next(const struct vtodo *vtodo)
{
    int64_t ring = INT64_MAX;
    int64_t snoozed = INT64_MAX;
    int64_t instant;

    for (const struct property *p = vtodo->first[VTODO_MOZ_SNOOZE]; p != NULL;
         p = vtodo_next(VTODO_MOZ_SNOOZE, p)) {
        if (vtodo_instant(vtodo, p, &instant) && instant > now_s(vtodo)) {
            snoozed = earliest(snoozed, instant);
        }
    }
    if (vtodo->todo->children != NULL) {
        bool skips_mail = has_visible_alarm(vtodo);

        for (const struct component *c = vtodo->todo->children; c != NULL; c = c->next) {
            if (skips_mail && (is_action(c, "EMAIL") || is_action(c, "PROCEDURE"))) {
                continue;
            }
            instant = next_ring(vtodo, c);
            if (instant != INT64_MAX && is_snooze(vtodo, c)) {
                snoozed = earliest(snoozed, instant);
            }
            ring = earliest(ring, instant);
        }
    }
    ring = snoozed != INT64_MAX ? snoozed : ring;
    if (ring == INT64_MAX) {
        return (struct task_reminder){ 0 };
    }
    return (struct task_reminder){ .is_on = true, .instant_s = floor_minute(ring) };
}

struct component *alarm_find(const struct vtodo *vtodo, int64_t instant_s)
{
    struct alarm_times times;

    for (struct component *c = vtodo->todo->children; c != NULL; c = c->next) {
        if (!times_of(vtodo, c, &times)) {
            continue;
        }
        int64_t k = times.repeats == 0 ? 0 : (instant_s - floor_minute(times.first)) / times.step;

        for (int64_t i = k; i <= k + 1; i++) {
            if (i >= 0 && i <= times.repeats &&
                floor_minute(times.first + i * times.step) == instant_s) {
                return c;
            }
        }
    }
    return NULL;
}

bool alarm_is_relative(const struct component *alarm)
{
    const struct property *trigger = find(alarm, "TRIGGER");
    struct value_duration duration;

    return trigger != NULL && value_parse_duration(trigger->value, &duration);
}

struct property *alarm_find_snooze(const struct vtodo *vtodo, int64_t instant_s)
{
    int64_t instant;

    for (struct property *p = vtodo->first[VTODO_MOZ_SNOOZE]; p != NULL;
         p = vtodo_next(VTODO_MOZ_SNOOZE, p)) {
        if (vtodo_instant(vtodo, p, &instant) && floor_minute(instant) == instant_s) {
            return p;
        }
    }
    return NULL;
}
