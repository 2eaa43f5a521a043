#pragma once
/** Extended properties (upstream.md A.12): their names, and what a request says about them. */
#include "bridge/core/arena.h"
#include "bridge/core/str.h"
#include "bridge/sandbox/refusal.h"

struct cJSON;

struct sbx_property {
    struct str name; /**< as sbx_property_name makes it */
    bool is_multi;
    struct str value; /**< text; with is_multi a JSON array of strings */
};

/**
 * Bring a PropertyId, "<Type> {<guid>} Name <name>" or "<Type> {<guid>} Id 0x<hex>", into one
 * spelling (guid in lower case). False if it is not one, or its type is not of that kind.
 */
bool sbx_property_name(struct str text, bool is_multi, struct arena *arena, struct str *name_out);
/** Both extended-property members of a request body. Lives in arena and the JSON. */
MUST_CHECK bool sbx_properties_read(const struct cJSON *body, struct arena *arena,
    struct sbx_property **out, size_t *count_out, struct sbx_refusal *refusal);
