#pragma once
/**
 * The occurrences of a repeating component (RFC 5545 3.8.5): its own date, its rules and single
 * dates, without those that are excepted or have a component of their own. An occurrence is told by
 * its distance from the component's date on the wall clock of that date's zone. All is bounded; a
 * walk that could not see everything says so.
 */
#include "ical/recur.h"
#include "ical/when.h"

#define INSTANCES_RULES  4     /**< RRULEs that are looked at */
#define INSTANCES_DATES  10000 /**< of EXDATE and RECURRENCE-ID, and of RDATE */
#define INSTANCES_LATERS 16    /**< overrides for this and future occurrences */

struct instances_rule {
    struct recur recur;
    int64_t until; /**< wall clock of the anchor; INT64_MAX: none */
};

/** A component for one occurrence and those behind it (RANGE=THISANDFUTURE). */
struct instances_later {
    int64_t id; /**< RECURRENCE-ID, wall clock of the anchor */
    const struct component *component;
};

struct instances {
    const struct component *master;
    struct when anchor; /**< DTSTART, else DUE: what rule and RECURRENCE-ID are about */
    int64_t *skipped;   /**< wall clock of the anchor, ascending */
    size_t skipped_count;
    int64_t *extra; /**< RDATEs */
    size_t extra_count;
    struct instances_rule rules[INSTANCES_RULES];
    size_t rule_count;
    struct instances_later laters[INSTANCES_LATERS]; /**< ascending */
    size_t later_count;
    bool is_cut; /**< there is more than these tables hold */
};

/** DTSTART, else DUE; false if it has neither. */
bool instances_anchor(
    struct when_reader *reader, const struct component *component, struct when *out);
/** Has it a rule or single dates, and something that they count from? */
bool instances_repeats(struct when_reader *reader, const struct component *component);
/** master repeats. siblings: where its overrides are; NULL: none. The tables go into the arena. */
void instances_read(struct when_reader *reader, const struct component *master,
    const struct component *siblings, struct arena *arena, struct instances *out);
/** Is this override one for all that follow, too? */
bool instances_is_later(const struct instances *set, const struct component *override);
/** How far behind the master's date the occurrence is that an override stands for; false if its
 * RECURRENCE-ID is not to be read. */
bool instances_override_shift(struct when_reader *reader, const struct instances *set,
    const struct component *override, int64_t *shift_out);
/** When the last rule ends, as an instant: with is_cut, all that is known. INT64_MAX: never. */
int64_t instances_end(const struct instances *set);

struct instances_walk {
    const struct instances *set;
    const struct component *component;
    int64_t own;      /**< the component's own occurrence, wall clock of the anchor */
    int64_t from, to; /**< likewise */
    size_t extra, rule;
    struct recur_iterator iterator; /**< of recur */
    struct recur recur;             /**< the rule; without COUNT when that counts times of day */
    int32_t left;                   /**< of COUNT then; INT32_MAX: all */
    int32_t times[RECUR_TIMES];     /**< of each of its dates */
    size_t time_count, time;
    int32_t day;
    bool has_own, has_iterator;
    bool is_cut;   /**< there may be more than was given */
    uint64_t work; /**< days looked at so far */
};

/**
 * Occurrences whose properties are those of `component` (the master, or one for this and future)
 * and whose anchor date, as that component has it, is between from and to, wall clock; in no
 * order, perhaps twice.
 */
void instances_start(struct instances_walk *walk, struct when_reader *reader,
    const struct instances *set, const struct component *component, int64_t from, int64_t to);
/** *shift_out: how far behind the component's own dates it is, in wall clock seconds. */
bool instances_next(struct instances_walk *walk, int64_t *shift_out);
