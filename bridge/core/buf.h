#pragma once
/**
 * A growing buffer with an upper limit. It remembers its first failure (limit reached) and ignores
 * what follows, so that a writer is straight code with one buf_ok at its end. The bytes are always
 * followed by a NUL that does not count.
 */
#include "bridge/core/err.h"
#include "bridge/core/str.h"

struct buf {
    char *p;
    size_t n;
    size_t capacity;
    size_t limit;
    bool is_full; /**< something did not fit */
};

/** limit: most bytes it may ever hold. Allocates nothing yet. */
void buf_init(struct buf *buf, size_t limit);
/** Free the bytes and zero the struct. Fine on zeros. */
void buf_done(struct buf *buf);
void buf_put(struct buf *buf, struct str s);
void buf_put_text(struct buf *buf, const char *text);
void buf_put_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Forget the content, keep the memory. */
void buf_clear(struct buf *buf);
/** View of the content; valid until the next write. */
struct str buf_str(const struct buf *buf);
/** ERR_LIMIT if anything did not fit. */
MUST_CHECK bool buf_ok(const struct buf *buf, struct err *err);
/** The bytes as a NUL-terminated heap string that the caller frees (mem_free); empties buf. */
char *buf_take(struct buf *buf);
