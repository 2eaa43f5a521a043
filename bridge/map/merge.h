#pragma once
/** The document merge, as far as map_render and map_plan_update share it. */
#include "bridge/map/vtodo.h"

/**
 * As map_merge for the given fields only. is_render: `document` is a skeleton of ours, so read-only
 * names are put in and no stamps are touched.
 */
MUST_CHECK bool merge_fields(struct str document, task_fields fields, const struct task *base,
    const struct task *returned, bool is_render, const struct map_context *context, struct str *out,
    struct err *err);
