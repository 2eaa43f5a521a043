#pragma once
/**
 * A zone that only a client knows, by its VTIMEZONE: matched with one of the zone database that has
 * the same offsets through the year. For TZIDs that name no zone ("Customized Time Zone").
 */
#include "ical/document.h"
#include "ical/zone.h"

/**
 * year: the offsets of this year are compared, twice a month. preferred: tried first. NULL if no
 * zone has these offsets, or the definition can't be read. Bounded work.
 */
const struct zone *timezone_match(
    const struct component *vtimezone, int32_t year, const struct zone *preferred);
/**
 * What a TZID of this document means: the zone of that name, else what its VTIMEZONE calls itself
 * (X-LIC-LOCATION) or is like. NULL if there is nothing to go by.
 */
const struct zone *timezone_find(const struct document *document, struct str tzid, int32_t year,
    const struct zone *preferred, struct arena *arena);
