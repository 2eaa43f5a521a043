#pragma once
/**
 * Sync tokens (RFC 6578): "urn:duedav:sync:LIST:STAMP". Evolution keeps a token only if it holds a
 * ':'; the list's name binds it to its collection. The token of a truncated answer has ":NUMBER"
 * behind it: all changes up to NUMBER have been given out.
 */
#include "bridge/sync/sync.h"

struct str sync_token_format(const struct collection *collection, struct arena *arena);
/** The token of an answer that stops behind change `number`. */
struct str sync_token_format_partial(
    const struct collection *collection, int64_t number, struct arena *arena);
/** Is it one that this collection gave out and that can be continued? Then *since_out is set. */
bool sync_token_parse(
    const struct collection *collection, struct str token, struct arena *arena, int64_t *since_out);
