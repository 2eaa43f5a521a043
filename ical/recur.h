#pragma once
/**
 * Recurrence rules (RFC 5545 3.3.10) over civil dates. A rule is read into bit sets; an iterator
 * walks its dates in order, with a bound on its work, so that no rule that a client sends can cost
 * more than a few milliseconds. Times of day are the caller's: BYHOUR, BYMINUTE and BYSECOND are
 * kept, not applied. Pure functions, no allocation.
 */
#include "bridge/core/str.h"
#include "ical/value.h"

enum recur_frequency {
    RECUR_SECONDLY,
    RECUR_MINUTELY,
    RECUR_HOURLY,
    RECUR_DAILY,
    RECUR_WEEKLY,
    RECUR_MONTHLY,
    RECUR_YEARLY,
};

/** A set of the numbers 1 to 366 and -1 to -366. */
struct recur_set {
    uint64_t above[6]; /**< bit n: n */
    uint64_t below[6]; /**< bit n: -n */
    int count;         /**< different numbers in it */
};

struct recur {
    enum recur_frequency frequency;
    int32_t interval; /**< at least 1 */
    int32_t count;    /**< 0: none */
    bool has_until;
    struct value_time until;
    int first_weekday;       /**< WKST: 0 Sunday ...; Monday when absent */
    uint8_t weekdays;        /**< BYDAY without a number: bit 0 Sunday ... */
    struct recur_set nth[7]; /**< BYDAY with a number, by weekday */
    int nth_count;           /**< how many of those there are */
    struct recur_set months, month_days, year_days, weeks, positions;
    uint64_t hours, minutes, seconds; /**< bit n: n; 0: the part is missing */
    bool is_skip_backward;            /**< RFC 7529 SKIP=BACKWARD */
    bool is_foreign; /**< RSCALE other than GREGORIAN, SKIP=FORWARD, or a part unknown here */
};

bool recur_set_has(const struct recur_set *set, int number);
/** The only number in the set; 0 if there is not exactly one. */
int recur_set_only(const struct recur_set *set);

/** False: no rule (no FREQ, a number out of range, COUNT with UNTIL, a part twice ...). */
bool recur_parse(struct str value, struct recur *out);

/** Nothing is found beyond this year. */
#define RECUR_LAST_YEAR 4500

/**
 * Give a rule the dates that services give it: where a month (or the February of a year) lacks the
 * one day that the rule or its start names, its last day counts, as by SKIP=BACKWARD of RFC 7529.
 * Other rules stay as they are.
 */
void recur_clamp(struct recur *rule, int32_t start);

struct recur_iterator {
    const struct recur *rule;
    int32_t start;  /**< DTSTART: missing parts of the rule come from it */
    int32_t end;    /**< last day that counts */
    int32_t period; /**< how many periods after the one of start */
    int32_t found;  /**< dates given so far */
    int32_t work;   /**< days looked at */
    int32_t days[366];
    int day_count;
    int at;
    bool is_done;
    bool is_cut; /**< there may be more: the bound on work was reached, or the rule is not known */
};

/** Dates on or after start; until: the last day that can be one (INT32_MAX: no end). COUNT is kept,
 * UNTIL is the caller's: its meaning depends on zones. */
void recur_start(
    struct recur_iterator *iterator, const struct recur *rule, int32_t start, int32_t until);
/** Leave out the periods that end before `from`, without the work of looking at them: right behind
 * recur_start. Nothing is left out of a rule with COUNT, whose dates have to be counted. */
void recur_skip(struct recur_iterator *iterator, int32_t from);
/** False at the end, or when the bound on work is reached. */
bool recur_next(struct recur_iterator *iterator, int32_t *day_out);

/** The first date on or after `from`; false if there is none. */
bool recur_first_from(
    const struct recur *rule, int32_t start, int32_t until, int32_t from, int32_t *day_out);

#define RECUR_TIMES 96

/**
 * The times of day, in seconds and ascending, that the rule gives each of its dates; parts that it
 * lacks come from `second`, the start's. Returns how many there are: with more than RECUR_TIMES,
 * out is not filled in.
 */
size_t recur_times(const struct recur *rule, int32_t second, int32_t out[RECUR_TIMES]);
