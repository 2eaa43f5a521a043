#pragma once
/**
 * [mapping] keep_upstream: beside a task, upstream holds where it stands here, its UID and the
 * client's document, so that a lost store or a second bridge gives clients the same again
 * (mapping.md 1.1). What others may have written there is checked like a PUT.
 */
#include "bridge/sync/engine_internal.h"

/** What stands upstream; empty: it can't be kept. Views into arena. */
struct str keep_format(struct str href, struct str uid, struct str document, struct arena *arena);

struct kept {
    struct str href, uid, document;
};
/** False for what is not of that form. Views into text. */
bool keep_parse(struct str text, struct kept *out);

/** Is it asked for, and can this account's service do it? */
bool account_keeps(const struct account *account);
