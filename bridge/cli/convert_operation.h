#pragma once
/** Changes that are more than one body, as JSON for people and scripts. */
#include "bridge/cli/convert.h"

/**
 * The steps of a plan, each within the "then" of the one before, and the PATCH that is left (absent
 * when there is none) within the last:
 *
 *   {"operation":"complete","date":"2026-05-04","next":"2026-05-11","driven":true,
 *    "task":{...},"then":{...}}
 *
 * date      of the occurrence; next: where the series goes on, if it does
 * driven    only when the bridge makes the next task, not the service
 * task      what the client wrote about the occurrence: members of the completed task ("complete"),
 *           of the one that leaves the series ("move"), or a whole new task ("add")
 * then      absent when nothing is left; for "advance" it is what carries it out
 */
struct str convert_operation(const struct convert *convert, const struct map_plan *plan);
/** An item of a checklist becomes a task of its own: make that, then delete the item. */
struct str convert_promotion(const struct convert *convert, const struct map_plan *created);
