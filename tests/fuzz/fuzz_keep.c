/* What others may have written into the texts that are kept upstream. */
#include "bridge/sync/keep.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool keeps_all(struct str text)
{
    (void)text;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct dialect dialect = { .keeps = keeps_all };
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct str texts = { (const char *)data, size };
    struct str rest = texts;
    struct kept_below one;
    struct kept kept;
    size_t shortened;

    if (keep_parse(texts, &kept)) {
        assert(str_eq(keep_format(kept.href, kept.uid, kept.document, arena), texts));
    }
    while (keep_next_below(&rest, &one)) {
        struct str again = keep_format_below(&one, 1, &dialect, arena, &shortened);

        assert(shortened > 0 || str_eq(keep_find_below(again, one.id), one.text));
    }
    (void)keep_find_below(texts, S("1"));
    return 0;
}
