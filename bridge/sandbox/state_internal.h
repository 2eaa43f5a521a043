#pragma once
/** What the files of the state share. */
#include "bridge/sandbox/state.h"

/** Make room for one more of `count` items in an array that grows in the arena. */
void *sbx_state_grow(struct arena *arena, void *items, size_t count, size_t size);
/** A new id of the mailbox: base64url, beginning with AAMk, ending in '='. */
struct str sbx_state_new_id(int64_t user, struct arena *arena);
/** A random GUID. */
struct str sbx_state_new_guid(struct arena *arena);
/** The mailbox's next change number. */
int64_t sbx_state_next_seq(struct sbx_db *db, int64_t user);
void sbx_state_bury(struct sbx_db *db, int64_t user, int64_t folder, struct str id);
