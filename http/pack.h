#pragma once
/** Text as a short line of ASCII, for places that hold no more: zlib, then base64. Pure. */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"
#include "bridge/core/str.h"

/** fails: ERR_LIMIT: packed it is longer than `most` bytes */
MUST_CHECK bool pack_text(
    struct str text, size_t most, struct arena *arena, struct str *out, struct err *err);
/** Of any origin. fails: ERR_INVALID: not packed, or text of more than `most` bytes, or no UTF-8 */
MUST_CHECK bool unpack_text(
    struct str packed, size_t most, struct arena *arena, struct str *out, struct err *err);
