#pragma once
/**
 * Recurrence of a task as the service understands it (upstream.md A.7): six patterns, three ranges,
 * and which date comes next. Pure functions over civil days (days since 1970).
 */
#include "bridge/sandbox/refusal.h"
#include <stdint.h>

struct cJSON;

enum sbx_pattern {
    SBX_DAILY,
    SBX_WEEKLY,
    SBX_ABSOLUTE_MONTHLY,
    SBX_RELATIVE_MONTHLY,
    SBX_ABSOLUTE_YEARLY,
    SBX_RELATIVE_YEARLY,
};

enum sbx_range {
    SBX_END_DATE,
    SBX_NO_END,
    SBX_NUMBERED,
};

struct sbx_series {
    enum sbx_pattern pattern;
    int interval;
    int day_of_month;  /**< 1 to 31, or 0: unused; beyond the month's end: its last day */
    int month;         /**< 1 to 12, or 0: unused */
    unsigned weekdays; /**< bit 0 Sunday to bit 6 Saturday; 0: unused */
    int first_weekday; /**< 0 Sunday */
    int index;         /**< 0 First to 3 Fourth, 4 Last */
    enum sbx_range range;
    int32_t start_day;
    int32_t end_day; /**< with SBX_END_DATE; inclusive */
    int count;       /**< with SBX_NUMBERED; else 0 */
};

/**
 * Read a PatternedRecurrence object. A member that the pattern or range does not use must be absent
 * or have the value that answers show for 'unused'.
 */
MUST_CHECK bool sbx_series_read(
    const struct cJSON *json, struct sbx_series *out, struct sbx_refusal *refusal);
/** As answers show it: every member, unused ones at 0, [], Sunday, First, 0001-01-01. */
struct cJSON *sbx_series_write(const struct sbx_series *series);

/** The first date of the series on or after `day`; false if it has ended by then. */
bool sbx_series_find(const struct sbx_series *series, int32_t day, int32_t *day_out);
