#pragma once
/** patternedRecurrence of the Microsoft services: upstream.md A.7, B.7. */
#include "bridge/task.h"
#include "bridge/upstream/json.h"
#include "bridge/upstream/service_names.h"

/** fails: ERR_UPSTREAM. A pattern that is not known counts as none. */
MUST_CHECK bool service_recurrence_read(const struct cJSON *value, enum service_spelling spelling,
    struct task_recurrence *out, struct err *err);
/** One that is set. Without a range for a service that refuses its dates (B.7). */
void service_recurrence_write(struct json_out *out, const struct task_recurrence *recurrence,
    enum service_spelling spelling, bool has_range);
/** What the service keeps of it: members that the pattern does not use become 0. */
void service_recurrence_keep(struct task_recurrence *recurrence);
