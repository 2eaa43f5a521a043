#pragma once
/**
 * The dates and times of one document, each with the zone that it is meant in. Loop thread only
 * (the zones are cached); bounded work.
 */
#include "ical/document.h"
#include "ical/value.h"
#include "ical/zone.h"

struct when {
    bool is_set;
    struct value_time time;
    const struct zone *zone; /**< UTC for UTC times */
};

/* A document names few zones, but may name one in each of thousands of dates. */
#define WHEN_ZONES 4

/** Fill in the first four; the rest is its own. */
struct when_reader {
    const struct document *document;
    const struct zone *zone; /**< of dates, and of times that name none or one that nobody knows */
    int32_t year; /**< a zone that only the document defines is matched by this year's offsets */
    struct arena *arena;
    struct str tzid[WHEN_ZONES];
    const struct zone *known[WHEN_ZONES];
    unsigned used;
};

/** False if property is NULL or its value is neither a DATE nor a DATE-TIME. */
bool when_read(struct when_reader *reader, const struct property *property, struct when *out);
/** The same of one value of a list; of a PERIOD its start. */
bool when_read_value(struct when_reader *reader, const struct property *property, struct str value,
    struct when *out);

/** Wall clock seconds in its own zone. */
int64_t when_wall(const struct when *when);
/** The instant, moved by so much on the wall clock; a date by whole days. */
int64_t when_instant(const struct when *when, int64_t shift_s);
