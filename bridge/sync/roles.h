#pragma once
/**
 * Who is who once an occurrence of a series was dealt with (mapping.md 5.4, 5.7): a service may let
 * either task keep the id, so it is told by what the tasks are. `base` is the series' task as it
 * was before. Pure functions.
 */
#include "bridge/task.h"

/** The series still stands at the occurrence that base is. */
bool role_is_current(const struct task *base, const struct task *task);
/** The occurrence, completed: a task of its own. */
bool role_is_completed(const struct task *base, const struct task *task);
/** The occurrence, moved out of the series to the dates of `wanted`. */
bool role_is_moved(const struct task *base, const struct task *wanted, const struct task *task);
/** The task with which the series goes on. */
bool role_is_next(const struct task *base, const struct task *task);

/* A new rule, which may have left two tasks where there was one (mapping.md 5.4, RESCHEDULE): */

/** The one that has the rule and the date that were wanted. */
bool role_is_rescheduled(const struct task *wanted, const struct task *task);
/** It can be either: an open series of the content of before or of now, which stands where the
 * series stood or was to stand. */
bool role_is_one_of_two(
    const struct task *base, const struct task *wanted, const struct task *task);
/** Did `copy` come to be when `task` was last changed, by the service's own clock? Only if both say
 * when. */
bool role_is_made_with(const struct task *task, const struct task *copy);
