#pragma once
/** HTTP Basic (RFC 7617). */
#include "bridge/core/arena.h"
#include "bridge/core/str.h"

struct http_basic {
    struct str user;     /**< UTF-8 */
    struct str password; /**< a secret: never logged */
};
/** Authorization: Basic ...; false when it is another scheme or malformed. */
bool http_basic_parse(struct str header, struct arena *arena, struct http_basic *out);
