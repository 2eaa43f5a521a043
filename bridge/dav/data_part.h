#pragma once
/**
 * The part of a calendar object that a CALDAV:calendar-data element asks for (RFC 4791 9.6.1 to
 * 9.6.4). Pure; a parsed part lives in the arena and borrows from the XML tree.
 */
#include "bridge/core/buf.h"
#include "http/xml.h"

struct data_part;

/** More elements in one calendar-data are refused. */
#define DATA_PART_MAX_ELEMENTS 200

/**
 * node: the calendar-data element. *out is NULL if it asks for the whole object.
 * fails: ERR_INVALID: a comp or prop without a name, a root that is not VCALENDAR, too many
 * elements
 */
MUST_CHECK bool data_part_parse(
    const struct xml_node *node, struct arena *arena, struct data_part **out, struct err *err);
/** Of a text that cannot be read, all. */
void data_part_write(
    const struct data_part *part, struct str document, struct arena *arena, struct buf *out);
