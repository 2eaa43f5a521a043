#pragma once
/**
 * Sync tokens (upstream.md A.10.3). They hold their position themselves, masked and signed, so that
 * polling writes nothing; their text differs in every answer. Tasks have 32 hex digits, folders
 * base64url.
 */
#include "bridge/core/arena.h"
#include "bridge/core/str.h"

struct sbx_token_owner {
    struct str key; /**< of the service */
    int64_t user;
    int64_t folder; /**< 0: the folder list */
    int64_t epoch;
    int32_t today; /**< days since 1970; tokens end after 30 */
};

struct sbx_token {
    bool is_skip;
    int64_t position; /**< changes after this seq are still to be told */
    int64_t floor;    /**< removals up to this seq never concerned the client */
};

enum sbx_token_state {
    SBX_TOKEN_GOOD,
    SBX_TOKEN_EXPIRED,
    SBX_TOKEN_WRONG, /**< not one of ours, or for something else */
};

struct str sbx_token_write(
    const struct sbx_token_owner *owner, const struct sbx_token *token, struct arena *arena);
/** is_skip says which kind is expected. */
enum sbx_token_state sbx_token_read(
    const struct sbx_token_owner *owner, struct str text, bool is_skip, struct sbx_token *out);
