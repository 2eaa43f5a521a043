#include "ical/when.h"

#include "ical/timezone.h"

/* More different zones in one document are unknown: a bound on work. */
#define MOST_LOOKUPS 64

static const struct zone *find_zone(struct when_reader *reader, struct str tzid)
{
    unsigned slot;

    for (unsigned i = 0; i < WHEN_ZONES && i < reader->used; i++) {
        if (str_eq(reader->tzid[i], tzid)) {
            return reader->known[i];
        }
    }
    if (reader->used == MOST_LOOKUPS) {
        return reader->zone;
    }
    const struct zone *zone =
        timezone_find(reader->document, tzid, reader->year, reader->zone, reader->arena);

    slot = reader->used++ % WHEN_ZONES;
    reader->tzid[slot] = tzid;
    reader->known[slot] = zone != NULL ? zone : reader->zone;
    return reader->known[slot];
}

bool when_read_value(
    struct when_reader *reader, const struct property *property, struct str value, struct when *out)
{
    struct when when = { .is_set = true, .zone = reader->zone };
    size_t slash = str_find_char(value, '/');
    struct str tzid;

    if (!value_parse_time(str_first(value, slash), &when.time)) {
        return false;
    }
    if (when.time.is_utc) {
        when.zone = zone_utc();
    } else if (when.time.has_time && property->params.n > 0 &&
               property_param(property, S("TZID"), reader->arena, &tzid)) {
        when.zone = find_zone(reader, tzid);
    }
    *out = when;
    return true;
}

bool when_read(struct when_reader *reader, const struct property *property, struct when *out)
{
    return property != NULL && when_read_value(reader, property, property->value, out);
}

int64_t when_wall(const struct when *when)
{
    return (int64_t)when->time.day * CIVIL_SECONDS_A_DAY + when->time.second;
}

int64_t when_instant(const struct when *when, int64_t shift_s)
{
    if (!when->time.has_time) {
        shift_s = (int64_t)civil_day_of_seconds(shift_s) * CIVIL_SECONDS_A_DAY;
    }
    return zone_to_instant(when->zone, when_wall(when) + shift_s);
}
