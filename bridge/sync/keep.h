#pragma once
/**
 * [mapping] keep_upstream: beside a task, upstream holds where it stands here, its UID and the
 * client's document, so that a lost store or a second bridge gives clients the same again
 * (mapping.md 1.1). Sub-tasks that are items of a checklist have no room of their own: theirs is
 * held beside their task, in one text. What others may have written there is checked like a PUT.
 */
#include "bridge/sync/engine_internal.h"

/** What stands upstream; empty: it can't be kept. Views into arena. document: empty if only the
 * address and the UID are kept. */
struct str keep_format(struct str href, struct str uid, struct str document, struct arena *arena);

struct kept {
    struct str href, uid, document; /**< document: may be empty */
};
/** False for what is not of that form. Views into text. */
bool keep_parse(struct str text, struct kept *out);

/** Of the sub-tasks of one task; reading, merging and packing them takes a turn of the loop. */
enum {
    KEEP_BELOW_MOST = 1000,           /**< how many, also of those that a text is read for */
    KEEP_BELOW_BYTES_MOST = 64 * 1024 /**< the text, before it is packed */
};

/** One sub-task of those that a text holds, the one that was written last first. */
struct kept_below {
    struct str id; /**< upstream */
    struct str text;
};
/** The next of them, taken off *texts; false at the end, and for what is not of that form. */
bool keep_next_below(struct str *texts, struct kept_below *out);
/**
 * What this dialect can keep of them: the documents of the first ones that have room, of others the
 * address and the UID, and if there are very many, nothing of the last.
 * shortened_out: how many have not all that is in list
 */
struct str keep_format_below(const struct kept_below *list, size_t count,
    const struct dialect *dialect, struct arena *arena, size_t *shortened_out);
/**
 * Those that were just written (the last first), then those that stand in texts, each id once; of
 * the latter only those that still have an item.
 * items: their ids, with any value; NULL: nobody knows
 */
struct str keep_merge_below(const struct kept_below *written, size_t count, struct str texts,
    const struct table *items, const struct dialect *dialect, struct arena *arena,
    size_t *shortened_out);

/** Is it asked for, and can this account's service do it? */
bool account_keeps(const struct account *account);
