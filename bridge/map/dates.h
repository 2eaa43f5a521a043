#pragma once
/** What start and due become when the service moved them (mapping.md 3.4, S1 to S10). */
#include "bridge/map/set.h"

/**
 * fields: TASK_FIELD(TASK_START) and TASK_FIELD(TASK_DUE), as far as the service changed them.
 * projected: what the document means to the service now. True if an edit was made.
 */
bool dates_merge(struct set *set, task_fields fields, const struct task *projected,
    const struct task *base, const struct task *returned);
