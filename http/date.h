#pragma once
/** HTTP dates (RFC 9110 5.6.7): all three forms are read, IMF-fixdate is written. */
#include "bridge/core/str.h"

/** Seconds since 1970. False on anything else. */
bool http_date_parse(struct str text, int64_t *seconds_out);
/** "Sun, 06 Nov 1994 08:49:37 GMT" into out (at least 30 bytes). */
void http_date_format(int64_t seconds, char out[30]);
/**
 * Retry-After (RFC 9110 10.2.3): seconds, also fractional (rounded up), or a date relative to
 * now_s. False when it is neither; at most one day comes out.
 */
bool http_retry_after_parse(struct str value, int64_t now_s, unsigned *seconds_out);
