#pragma once
/** The series that a document holds: its rule, its dates, and what a service can say of it. */
#include "bridge/map/recurrence.h"
#include "bridge/map/vtodo.h"

enum series_mode {
    SERIES_NONE,   /**< no rule, or none that can be placed */
    SERIES_NATIVE, /**< a pattern of the services has exactly these dates */
    SERIES_DRIVEN, /**< the bridge makes each next occurrence (mapping.md 4.6) */
    SERIES_LAST,   /**< this occurrence is the only one that is left */
};

struct series {
    enum series_mode mode;
    struct recur rule;
    int32_t anchor;   /**< the day of DTSTART, else of DUE */
    int32_t end;      /**< last day by UNTIL; INT32_MAX */
    int32_t first;    /**< first date on or after the anchor: the current occurrence */
    int32_t *skipped; /**< EXDATE, ascending */
    size_t skipped_count;
    int32_t *extra; /**< RDATE, ascending */
    size_t extra_count;
    struct task_recurrence native;
};

void series_read(const struct vtodo *vtodo, struct series *out);
/** Is this day excepted by an EXDATE? */
bool series_is_skipped(const struct series *series, int32_t day);
/** The first date after `day`, EXDATE and RDATE counted in; false: the series ends. */
bool series_next(const struct series *series, int32_t day, int32_t *out);
/** How many dates there are from `from` (counted) to `to` (not counted); -1: `to` is no date. */
int32_t series_distance(const struct series *series, int32_t from, int32_t to);
/** The last day that UNTIL allows for a series with this anchor (mapping.md 4.5). */
int32_t series_until(const struct recur *rule, const struct vtodo_when *anchor);
/** DTSTART, else DUE; unset if there is neither. */
const struct vtodo_when *series_anchor(const struct vtodo *vtodo);
