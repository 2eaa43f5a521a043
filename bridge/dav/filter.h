#pragma once
/**
 * The filter of calendar-query (RFC 4791 9.7) over a calendar object. Pure; the parsed filter lives
 * in the arena and borrows from the XML tree.
 */
#include "bridge/dav/status.h"
#include "ical/document.h"
#include "ical/zone.h"

/** Start and end of a time-range, seconds since 1970 UTC. */
struct time_range {
    int64_t start; /**< INT64_MIN if open */
    int64_t end;   /**< INT64_MAX if open */
};

struct text_match {
    struct str needle; /**< folded, unless is_octet */
    bool is_octet;
    bool is_negated;
};

struct param_filter {
    struct str name;
    bool is_not_defined;
    struct text_match *match; /**< may be NULL */
    struct param_filter *next;
};

struct prop_filter {
    struct str name;
    bool is_not_defined;
    struct time_range *range; /**< may be NULL */
    struct text_match *match; /**< may be NULL */
    struct param_filter *params;
    struct prop_filter *next;
};

struct comp_filter {
    struct str name;
    bool is_not_defined;
    struct time_range *range; /**< may be NULL */
    struct prop_filter *props;
    struct comp_filter *children;
    struct comp_filter *next;
};

struct filter {
    struct comp_filter calendar; /**< name is VCALENDAR */
    const struct zone *zone;     /**< for floating times and dates */
};

/** More elements in one filter are refused. */
#define FILTER_MAX_ELEMENTS 100

/**
 * node  the CALDAV:filter element
 * fails ERR_INVALID with *fault_out: valid-filter, supported-filter or supported-collation
 */
MUST_CHECK bool filter_parse(const struct xml_node *node, const struct zone *zone,
    struct arena *arena, struct filter *out, enum fault *fault_out, struct err *err);

/** Does it match every task, so that none need be read? */
bool filter_is_trivial(const struct filter *filter);
/** Can it match no task, whatever is in it (VEVENT)? */
bool filter_is_hopeless(const struct filter *filter);
bool filter_matches(
    const struct filter *filter, const struct document *document, struct arena *arena);
/** The same from the text; a text that cannot be read matches nothing. */
bool filter_matches_text(const struct filter *filter, struct str text);

/** Reads start and end of a time-range. ERR_INVALID: neither is there, or one is no UTC time. */
MUST_CHECK bool time_range_parse(
    const struct xml_node *node, struct arena *arena, struct time_range **out, struct err *err);
/** RFC 4791 9.9: does a VTODO overlap the range? Of a repeating one, what is known without
 * expansion: from its first start to its UNTIL. */
bool time_range_has_todo(const struct time_range *range, const struct component *todo,
    const struct zone *zone, struct arena *arena);
/** Is the property's date or time in the range? False if it has none. */
bool time_range_has_property(const struct time_range *range, const struct property *property,
    const struct zone *zone, struct arena *arena);
