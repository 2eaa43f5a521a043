#pragma once
/** Properties that only we keep, of homes, collections and objects: in memory beside the rows. */
#include "bridge/sync/engine_internal.h"

/** From the row as loaded. */
void properties_fill(struct collection *collection, const struct store_collection *row);
void properties_forget(struct collection *collection);
/** With its resource. */
void properties_forget_resource(struct collection *collection, int64_t resource);
void properties_forget_home(struct user *user);
/** What the store has committed. collection NULL: of the user's home; resource 0: of the collection
 * itself. */
void properties_apply(struct user *user, struct collection *collection, int64_t resource,
    const struct sync_property *change);

/** As bytes in the row of the operation that makes a list, and back; borrows from text. */
struct str properties_format(
    const struct sync_property *properties, size_t count, struct arena *arena);
size_t properties_parse(struct str text, struct arena *arena, struct store_property **out);
