#pragma once
/** A start behind its due date, which some clients write and others refuse to read. */
#include "bridge/map/vtodo.h"

/** Could one be in this VTODO? Looks at the digits alone; true also when it only may be. */
bool order_is_doubtful(const struct component *todo);
/**
 * The document with each DTSTART that is behind its DUE as X-MSTASK-DTSTART, and with one that is
 * no longer behind it (or stands without a DUE) as DTSTART again: DUE before DTSTART never leaves
 * the bridge, and nothing is lost. The document itself where that changes nothing.
 * fails: ERR_INVALID
 */
MUST_CHECK bool order_dates(
    struct str document, const struct map_context *context, struct str *out, struct err *err);
