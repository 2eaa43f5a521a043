#pragma once
/**
 * What makes the next version of a resource: its number, ETag, X-MSTASK-REV, field values for the
 * store, and the task model as bytes.
 */
#include "bridge/map/map.h"
#include "bridge/store/store.h"

struct collection;

enum {
    VERSIONS_KEPT = 8
}; /**< per resource (design section 3) */

/** replaced_etag of a resource that upstream has changed since the last PUT; no ETag of ours. */
#define MOVED_ON "-"

/** UID of a task that was born upstream: a UUID (RFC 9562 version 8) made from its id, so that it
 * is the same in every database. */
struct str version_uid(struct str upstream_id, struct arena *arena);
/** UID of a completed occurrence that kept the id of its series. */
struct str version_done_uid(struct str upstream_id, struct arena *arena);
/** task_format into the arena. */
struct str version_base(const struct task *task, struct arena *arena);
/** BLAKE2b of a PUT's body, as bytes. */
struct str version_put_hash(struct str body, struct arena *arena);
/** When a resource wants looking after (map_plan_tend), in seconds; 0: never. */
int64_t version_due(
    struct str document, const struct task *base, const struct map_context *context);
/**
 * row->document is the new text, base what the service returned. Fills in rev, etag, base, due_s
 * and (for with_rev: a change that is not the client's own) X-MSTASK-REV in the document; *out is
 * the row for the store's versions. fails: ERR_INVALID: the document can't be read
 */
MUST_CHECK bool version_next(const struct collection *collection, struct store_resource *row,
    const struct task *base, bool with_rev, struct map_context *context, struct store_version *out,
    struct err *err);
/** The field values in a store_version; false if they were written by another model. */
bool version_read(const struct store_version *version, struct map_version *out);
