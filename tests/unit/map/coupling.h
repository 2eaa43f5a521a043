#pragma once
/** What a change of a field upstream may touch in a document, and what it must leave alone. */
#include "bridge/task.h"

/** mapping.md 2.6, 2.8, 3.4: the fields, and what may move along with them. */
task_fields coupling_of(task_fields fields);
/** All lines of `before` that the fields do not own are in `after`, in the same order. */
bool coupling_keeps_lines(struct str before, struct str after, task_fields fields);
