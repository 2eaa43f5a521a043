#pragma once
/** Properties of collections that only we keep: in memory beside the collection's row. */
#include "bridge/sync/engine_internal.h"

/** From the row as loaded. */
void properties_fill(struct collection *collection, const struct store_collection *row);
void properties_forget(struct collection *collection);

/** As bytes in the row of the operation that makes a list, and back; borrows from text. */
struct str properties_format(
    const struct sync_property *properties, size_t count, struct arena *arena);
size_t properties_parse(struct str text, struct arena *arena, struct store_property **out);
