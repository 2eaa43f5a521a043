#pragma once
/** Base64 as RFC 4648 4 has it: padded, without blanks. */
#include "bridge/core/arena.h"
#include "bridge/core/buf.h"
#include "bridge/core/str.h"

/** The bytes live in arena. False: not base64, or bits that do not count are not 0. */
bool base64_decode(struct str text, struct arena *arena, struct str *out);
void base64_put(struct buf *out, struct str bytes);
