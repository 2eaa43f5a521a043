#pragma once
/** RRULE and its kin in a document when the service changed the series (mapping.md 4.7). */
#include "bridge/map/set.h"

/**
 * set's document has its dates merged already. has_changed: the service's recurrence differs from
 * base; else only a count that went down with the current date is looked at.
 */
void rule_merge(
    struct set *set, bool has_changed, const struct task *base, const struct task *returned);
