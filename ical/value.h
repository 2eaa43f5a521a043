#pragma once
/** The values of RFC 5545 3.3 that are no text: DATE, DATE-TIME, DURATION. Pure, no allocation. */
#include "bridge/core/str.h"

struct value_time {
    int32_t day;    /**< since 1970-01-01, as written */
    int32_t second; /**< of the day; 0 when has_time is false */
    bool has_time;
    bool is_utc; /**< ended in Z */
};

/** "20260506", "20260506T180000", "20260506T180000Z". False on anything else. */
bool value_parse_time(struct str s, struct value_time *out);
/** Writes what value_parse_time reads; out: at least VALUE_TIME_TEXT bytes. */
#define VALUE_TIME_TEXT 24
struct str value_format_time(const struct value_time *time, char out[VALUE_TIME_TEXT]);

/** A duration: days are nominal (weeks are seven of them), seconds exact. RFC 5545 3.3.6 */
struct value_duration {
    int64_t days; /**< both carry the sign */
    int64_t seconds;
};

/** Accepts also "-P0D", "PT0S" and a trailing T. False on nonsense. */
bool value_parse_duration(struct str s, struct value_duration *out);
