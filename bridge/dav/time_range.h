#pragma once
/** time-range (RFC 4791 9.9) over the components and properties of a calendar object. */
#include "bridge/dav/status.h"
#include "ical/instances.h"

/** Start and end, seconds since 1970 UTC. */
struct time_range {
    int64_t start; /**< INT64_MIN if open */
    int64_t end;   /**< INT64_MAX if open */
};

/** What min-date-time and max-date-time say: what map_check accepts. */
#define TIME_RANGE_MIN "16010101T000000Z"
#define TIME_RANGE_MAX "45001231T235959Z"

/**
 * Reads start and end of a time-range, expand or limit-recurrence-set.
 * fails: ERR_INVALID with *fault_out: valid-filter (neither is there, one is no UTC time, the end
 *        is not behind the start), or min- or max-date-time (all of it is out of bounds)
 */
MUST_CHECK bool time_range_parse(const struct xml_node *node, struct arena *arena,
    struct time_range **out, enum fault *fault_out, struct err *err);

/** Reads the dates of one document; keeps the occurrences of the series that was asked for last. */
struct range_reader {
    struct when_reader when;
    const struct component *first; /**< VTODO without RECURRENCE-ID */
    const struct component *series;
    struct arena *series_arena;
    struct instances instances;
    uint64_t work; /**< spent so far; about 30 ns each */
};

void range_reader_init(struct range_reader *reader, const struct document *document,
    const struct zone *zone, struct arena *arena);
void range_reader_done(struct range_reader *reader);
/** The occurrences that this component is one of or stands for; NULL if nothing repeats. */
const struct instances *range_reader_series(
    struct range_reader *reader, const struct component *todo);

/** RFC 4791 9.9: does a VTODO, or one of its occurrences, overlap the range? Of a rule that cannot
 * be followed: yes, from its start to its UNTIL. */
bool time_range_has_todo(
    const struct time_range *range, struct range_reader *reader, const struct component *todo);
/** The same of the one that is so far behind its dates. */
bool time_range_has_occurrence(const struct time_range *range, struct range_reader *reader,
    const struct component *todo, int64_t shift_s);
/** Does a VALARM of this component ring in the range? */
bool time_range_has_alarm(const struct time_range *range, struct range_reader *reader,
    const struct component *alarm, const struct component *parent);
/** Is a date or time of the property in the range? False if it has none. */
bool time_range_has_property(
    const struct time_range *range, struct range_reader *reader, const struct property *property);

/** Called with each occurrence of `todo` that overlaps; shift_s as of instances_next. */
typedef void time_range_cb(int64_t shift_s, void *arg);
/** Not for rules that cannot be followed: those give false, with what was found so far. */
bool time_range_each(const struct time_range *range, struct range_reader *reader,
    const struct component *todo, time_range_cb *cb, void *arg);
