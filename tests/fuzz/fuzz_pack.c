/* What others may have put where we keep packed text. */
#include "bridge/core/mem.h"
#include "http/pack.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define MOST ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct str text, packed, again;
    struct err err;

    if (unpack_text((struct str){ (const char *)data, size }, MOST, arena, &text, &err)) {
        assert(text.n <= MOST);
        if (!pack_text(text, 2 * MOST, arena, &packed, &err) ||
            !unpack_text(packed, MOST, arena, &again, &err) || !str_eq(text, again)) {
            assert(false);
        }
    }
    return 0;
}
