#pragma once
/**
 * The rules of one zone as a TZif file (RFC 8536) holds them: a table of past changes and a rule
 * for the years after it. Only zone.c uses this.
 */
#include "bridge/core/str.h"

/** When daylight saving time begins or ends, in a POSIX TZ string. */
struct tzif_change {
    enum {
        TZIF_MONTH_WEEK_DAY,
        TZIF_JULIAN,
        TZIF_DAY_OF_YEAR
    } type;
    int32_t month, week, day;
    int32_t second; /**< of that day; may be negative or beyond the day */
};

struct tzif {
    size_t count;
    int64_t *at;     /**< instants of change, ascending */
    int32_t *offset; /**< seconds east of UTC from that instant on */
    int32_t first;   /**< offset before the first change */
    bool has_rule;   /**< for instants behind the last change */
    bool has_dst;
    int32_t standard; /**< offsets of the rule */
    int32_t daylight;
    struct tzif_change start, end;
};

/** False if data is no TZif file. Heap memory; tzif_done frees it. */
bool tzif_parse(struct str data, struct tzif *out);
void tzif_done(struct tzif *tzif);
int32_t tzif_offset_at(const struct tzif *tzif, int64_t instant_s);
