#pragma once
/**
 * Sync tokens (RFC 6578): "urn:duedav:sync:LIST:STAMP". Evolution keeps a token only if it holds a
 * ':'; the list's name binds it to its collection. The stamp of a truncated answer is the one that
 * the list had at the last change given. That of a truncated first answer stands before ":NUMBER":
 * all changes up to NUMBER have been given, and of what was removed before the stamp the client
 * never had anything, so that it need not be told, even where that is forgotten by now.
 */
#include "bridge/sync/sync.h"

struct sync_token {
    int64_t since; /**< all changes up to this number have been given out */
    int64_t known; /**< removals up to this number are of no interest; at least `since` */
};

/** Of the list as it is now. */
struct str sync_token_format(const struct collection *collection, struct arena *arena);
/** Of an answer that stops earlier. Needs the collection in memory. */
struct str sync_token_format_partial(
    const struct collection *collection, const struct sync_token *token, struct arena *arena);
/** Is it one that this collection gave out and that can be continued? */
bool sync_token_parse(const struct collection *collection, struct str text, struct arena *arena,
    struct sync_token *out);
