#pragma once
/**
 * Values of the bodies that the Microsoft services take (upstream.md A.4 to A.6, B.4 to B.6, G.8;
 * mapping.md 3.3). Which members a dialect writes, and when, is its own business.
 */
#include "bridge/task.h"
#include "bridge/upstream/json.h"
#include "bridge/upstream/service_names.h"
#include "ical/zone.h"

#define SERVICE_BODY_MOST ((size_t)64 << 20) /**< far over what a document can hold */

/** A member whose value is a name; `name` as it is spelt. */
void service_write_name(struct json_out *out, const char *name, const struct service_name *table,
    int value, enum service_spelling spelling);
/** Midnight of that date in the account zone, or null. */
void service_write_date(struct json_out *out, const struct task_date *date, const struct zone *zone,
    enum service_spelling spelling);
/** In UTC. */
void service_write_instant(struct json_out *out, int64_t instant_s, enum service_spelling spelling);
void service_write_body(
    struct json_out *out, const struct task_body *body, enum service_spelling spelling);
void service_write_categories(struct json_out *out, const struct task_list_of_text *list);
/** What is at its default need not be said to create. */
task_fields service_without_defaults(const struct task *task, task_fields fields);
