/** time-range of RFC 4791 9.9. */
#include "bridge/core/civil.h"
#include "bridge/dav/filter.h"
#include "ical/value.h"

static int64_t wall_of(const struct value_time *time)
{
    return (int64_t)time->day * CIVIL_SECONDS_A_DAY + time->second;
}

static bool parse_bound(struct str text, int64_t open, int64_t *out, struct err *err)
{
    struct value_time time;

    if (text.p == NULL) {
        *out = open;
        return true;
    }
    if (!value_parse_time(text, &time) || !time.has_time || !time.is_utc) {
        return err_set(err, ERR_INVALID, "a bound of a time-range is no UTC time");
    }
    *out = wall_of(&time);
    return true;
}

bool time_range_parse(
    const struct xml_node *node, struct arena *arena, struct time_range **out, struct err *err)
{
    struct str start = xml_attribute(node, S("start"));
    struct str end = xml_attribute(node, S("end"));
    struct time_range *range = ARENA_NEW(arena, struct time_range);

    if (start.p == NULL && end.p == NULL) {
        return err_set(err, ERR_INVALID, "a time-range without start and end");
    }
    if (!parse_bound(start, INT64_MIN, &range->start, err) ||
        !parse_bound(end, INT64_MAX, &range->end, err)) {
        return false;
    }
    if (range->start >= range->end) {
        return err_set(err, ERR_INVALID, "a time-range that ends before it starts");
    }
    *out = range;
    return true;
}

/** The instant of a DATE or DATE-TIME property; false if it is neither. */
static bool instant_of(
    const struct property *property, const struct zone *zone, struct arena *arena, int64_t *out)
{
    struct value_time time;
    struct str tzid;

    if (property == NULL || !value_parse_time(str_trim(property->value), &time)) {
        return false;
    }
    if (time.is_utc) {
        *out = wall_of(&time);
        return true;
    }
    if (time.has_time && property_param(property, S("TZID"), arena, &tzid)) {
        const struct zone *named = zone_find(tzid);

        zone = named != NULL ? named : zone;
    }
    *out = zone_to_instant(zone, wall_of(&time));
    return true;
}

bool time_range_has_property(const struct time_range *range, const struct property *property,
    const struct zone *zone, struct arena *arena)
{
    int64_t instant;

    return instant_of(property, zone, arena, &instant) && range->start <= instant &&
           range->end > instant;
}

/** What the table of RFC 4791 9.9 looks at. */
struct todo_times {
    bool has_start, has_due, has_end, has_completed, has_created;
    int64_t start, due, end, completed, created; /**< end: DTSTART + DURATION */
};

static bool find_instant(const struct component *todo, struct str name, const struct zone *zone,
    struct arena *arena, int64_t *out)
{
    return instant_of(property_find(todo->properties, name), zone, arena, out);
}

static void read_times(const struct component *todo, const struct zone *zone, struct arena *arena,
    struct todo_times *times)
{
    struct property *property = property_find(todo->properties, S("DURATION"));
    struct value_duration duration;

    times->has_start = find_instant(todo, S("DTSTART"), zone, arena, &times->start);
    times->has_due = find_instant(todo, S("DUE"), zone, arena, &times->due);
    times->has_completed = find_instant(todo, S("COMPLETED"), zone, arena, &times->completed);
    times->has_created = find_instant(todo, S("CREATED"), zone, arena, &times->created);
    if (times->has_start && !times->has_due && property != NULL &&
        value_parse_duration(str_trim(property->value), &duration)) {
        times->has_end = true;
        times->end = times->start + duration.days * CIVIL_SECONDS_A_DAY + duration.seconds;
    }
}

static bool is_in_table(const struct time_range *range, const struct todo_times *t)
{
    int64_t s = range->start;
    int64_t e = range->end;

    if (t->has_start && t->has_end) {
        return s <= t->end && (e > t->start || e >= t->end);
    }
    if (t->has_start && t->has_due) {
        return (s < t->due || s <= t->start) && (e > t->start || e >= t->due);
    }
    if (t->has_start) {
        return s <= t->start && e > t->start;
    }
    if (t->has_due) {
        return s < t->due && e >= t->due;
    }
    if (t->has_completed && t->has_created) {
        return (s <= t->created || s <= t->completed) && (e >= t->created || e >= t->completed);
    }
    if (t->has_completed) {
        return s <= t->completed && e >= t->completed;
    }
    return !t->has_created || e > t->created;
}

/** The instant of RRULE's UNTIL; INT64_MAX if it has none. */
static int64_t until_of(const struct property *rule, const struct zone *zone)
{
    struct str rest = rule->value;
    struct str part;
    struct value_time time;

    while (str_next(&rest, ';', &part)) {
        if (!str_has_prefix_nocase(part, S("UNTIL="))) {
            continue;
        }
        if (!value_parse_time(str_trim(str_skip(part, 6)), &time)) {
            break;
        }
        if (!time.has_time) {
            return zone_to_instant(zone, wall_of(&time) + CIVIL_SECONDS_A_DAY);
        }
        return time.is_utc ? wall_of(&time) : zone_to_instant(zone, wall_of(&time));
    }
    return INT64_MAX;
}

bool time_range_has_todo(const struct time_range *range, const struct component *todo,
    const struct zone *zone, struct arena *arena)
{
    struct property *rule = property_find(todo->properties, S("RRULE"));
    struct todo_times times = { 0 };

    read_times(todo, zone, arena, &times);
    if (is_in_table(range, &times)) {
        return true;
    }
    if (rule == NULL || !(times.has_start || times.has_due)) {
        return false;
    }
    /* Without expansion: too many rather than too few, since clients drop what is left out. */
    int64_t first = times.has_start ? times.start : times.due;
    int64_t last = until_of(rule, zone);
    int64_t length = times.has_start && times.has_due ? times.due - times.start
                     : times.has_end                  ? times.end - times.start
                                                      : 0;

    if (last < INT64_MAX && length > 0) {
        last += length;
    }
    return range->end > first && range->start <= last;
}
