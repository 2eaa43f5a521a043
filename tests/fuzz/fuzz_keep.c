/* What others may have written into the texts that are kept upstream. */
#include "bridge/sync/keep.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned fills_little(struct str text)
{
    return text.n > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct dialect dialect = { .fills = fills_little };
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct str texts = { (const char *)data, size };
    struct str rest = texts;
    struct kept_below one, found;
    struct kept kept, again;
    size_t shortened;

    if (keep_parse(texts, &kept)) {
        assert(keep_parse(keep_format(kept.href, kept.uid, kept.document, arena), &again));
        assert(str_eq(again.href, kept.href) && str_eq(again.uid, kept.uid) &&
               str_eq(again.document, kept.document));
    }
    while (keep_next_below(&rest, &one)) {
        struct str text = keep_format_below(&one, 1, &dialect, arena, &shortened);

        assert(shortened > 0 || (keep_next_below(&text, &found) && text.n == 0 &&
                                    str_eq(found.id, one.id) && str_eq(found.text, one.text)));
    }
    rest = keep_merge_below(NULL, 0, texts, NULL, &dialect, arena, &shortened);
    while (keep_next_below(&rest, &one)) {
    }
    assert(rest.n == 0);
    return 0;
}
