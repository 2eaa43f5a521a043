#pragma once
/** What the files of the PUT rule share. */
#include "bridge/map/vtodo.h"

struct update {
    const struct map_context *context;
    const struct map_version *versions;
    size_t version_count;
    struct task base; /**< as the service last returned it; after the steps: as it should be then */
    struct vtodo current_vtodo;
    struct vtodo vtodo; /**< the client's document, with its extras back */
    struct task current;
    struct task task;
    uint64_t current_hashes[TASK_FIELD_COUNT];
    uint64_t hashes[TASK_FIELD_COUNT];
};

/**
 * Find in the client's document what it does to the series (mapping.md 5.3): fills in plan's steps
 * and brings both documents and base to the state after them, so that what is left is an ordinary
 * change. Does nothing where there is no series.
 */
MUST_CHECK bool plan_series(struct update *update, struct map_plan *plan, struct err *err);
/** Take this text for the client's document. */
MUST_CHECK bool plan_take_client(struct update *update, struct str text, struct err *err);
/** Take this text for the served document. */
MUST_CHECK bool plan_take_current(struct update *update, struct str text, struct err *err);
/** What the service should hold when a series that it has as `base` has moved by so many days. */
struct task plan_moved_base(
    const struct map_context *context, const struct task *base, int32_t days);
