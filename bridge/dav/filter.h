#pragma once
/**
 * The filter of calendar-query (RFC 4791 9.7), read and checked. Pure; it lives in the arena and
 * borrows from the XML tree. filter_match.h holds it against calendar objects.
 */
#include "bridge/dav/collation.h"
#include "bridge/dav/time_range.h"

struct text_match {
    struct str needle; /**< folded */
    enum collation collation;
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
/** Filters for components inside of components that no object has are refused. */
#define FILTER_MAX_DEPTH 16

/**
 * node  the CALDAV:filter element
 * fails ERR_INVALID with *fault_out: valid-filter, supported-filter, supported-collation, or the
 *       faults of time_range_parse
 */
MUST_CHECK bool filter_parse(const struct xml_node *node, const struct zone *zone,
    struct arena *arena, struct filter *out, enum fault *fault_out, struct err *err);

/** Does it match every task, so that none need be read? */
bool filter_is_trivial(const struct filter *filter);
/** Can it match no task, whatever is in it (VEVENT)? */
bool filter_is_hopeless(const struct filter *filter);
