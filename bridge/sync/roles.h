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
