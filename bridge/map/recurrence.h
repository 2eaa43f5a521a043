#pragma once
/** RRULE <-> the six patterns of the services (mapping.md 4.2 to 4.6). Pure. */
#include "bridge/task.h"
#include "ical/recur.h"

/**
 * The pattern that has exactly the dates of this rule, for a series whose anchor (DTSTART, or DUE)
 * is on `anchor`. Range and start_day are left to the caller. False: there is none, the bridge has
 * to drive the series.
 */
bool recurrence_from_rule(const struct recur *rule, int32_t anchor, struct task_recurrence *out);
/** The rule's text without COUNT and UNTIL (mapping.md 4.2, column "RRULE served"). */
struct str recurrence_to_rule(const struct task_recurrence *recurrence, struct arena *arena);
/** The rule's text with another COUNT; as it is if it has none. */
struct str recurrence_with_count(struct str rule, int32_t count, struct arena *arena);
/**
 * Occurrences that are left from `current` (a date of the series) on. A service either returns the
 * whole number with the original start, or counts down; `base`, what it said before, tells which.
 */
int32_t recurrence_remaining(const struct task_recurrence *recurrence,
    const struct task_recurrence *base, int32_t current, struct arena *arena);
/** The same dates from a current occurrence on? left_a, left_b: recurrence_remaining of each. */
bool recurrence_is_same(const struct task_recurrence *a, int32_t left_a,
    const struct task_recurrence *b, int32_t left_b);
