#pragma once
/**
 * What a CALDAV:calendar-data element asks for of a calendar object (RFC 4791 9.6): parts of it,
 * its occurrences one by one, or fewer overrides. Pure but for the zone cache; a parsed part lives
 * in the arena and borrows from the XML tree.
 */
#include "bridge/core/buf.h"
#include "bridge/dav/status.h"
#include "ical/document.h"
#include "ical/zone.h"

struct data_part;

/** More elements in one calendar-data are refused. */
#define DATA_PART_MAX_ELEMENTS 200
/** An object that expands to more is answered with 507. */
#define DATA_PART_MAX_INSTANCES 5000
#define DATA_PART_MAX_BYTES     (4 * 1024 * 1024)

/**
 * node: the calendar-data element. zone: of floating times and dates. *out is NULL if it asks for
 * the whole object as it is.
 * fails: ERR_INVALID: a comp or prop without a name, a root that is not VCALENDAR, too many
 *        elements, expand beside limit-recurrence-set, a bad range; *fault_out is min- or
 *        max-date-time where that is what is wrong, else FAULT_NONE
 */
MUST_CHECK bool data_part_parse(const struct xml_node *node, const struct zone *zone,
    struct arena *arena, struct data_part **out, enum fault *fault_out, struct err *err);
/** out: empty. False: more than the bounds above. An object whose rule cannot be followed is not
 * expanded. */
MUST_CHECK bool data_part_write(const struct data_part *part, const struct document *document,
    struct arena *arena, struct buf *out);
