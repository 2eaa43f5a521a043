#include "bridge/core/buf.h"

#include "bridge/core/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_CAPACITY 64

/* Room for n more bytes and the NUL; false (and the mark) if the limit forbids it. */
static bool reserve(struct buf *buf, size_t n)
{
    size_t needed;
    size_t capacity = buf->capacity > 0 ? buf->capacity : FIRST_CAPACITY;

    if (buf->is_full || n > buf->limit || buf->n > buf->limit - n) {
        buf->is_full = true;
        return false;
    }
    needed = buf->n + n + 1;
    if (needed <= buf->capacity) {
        return true;
    }
    while (capacity < needed) {
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    }
    buf->p = (char *)mem_resize(buf->p, capacity, 1);
    buf->capacity = capacity;
    return true;
}

void buf_init(struct buf *buf, size_t limit)
{
    /* the NUL needs a byte too */
    *buf = (struct buf){ .limit = limit == SIZE_MAX ? SIZE_MAX - 1 : limit };
}

void buf_done(struct buf *buf)
{
    mem_free(buf->p);
    *buf = (struct buf){ 0 };
}

void buf_put(struct buf *buf, struct str s)
{
    if (!reserve(buf, s.n)) {
        return;
    }
    if (s.n > 0) {
        memcpy(buf->p + buf->n, s.p, s.n);
    }
    buf->n += s.n;
    buf->p[buf->n] = '\0';
}

void buf_put_text(struct buf *buf, const char *text)
{
    buf_put(buf, str_from(text));
}

void buf_put_char(struct buf *buf, char c)
{
    buf_put(buf, (struct str){ &c, 1 });
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list arguments;
    va_list again;
    int n;

    va_start(arguments, format);
    va_copy(again, arguments);
    n = vsnprintf(NULL, 0, format, arguments);
    if (n < 0) {
        buf->is_full = true;
    } else if (reserve(buf, (size_t)n)) {
        vsnprintf(buf->p + buf->n, (size_t)n + 1, format, again);
        buf->n += (size_t)n;
    }
    va_end(again);
    va_end(arguments);
}

void buf_clear(struct buf *buf)
{
    buf->n = 0;
    buf->is_full = false;
    if (buf->p != NULL) {
        buf->p[0] = '\0';
    }
}

struct str buf_str(const struct buf *buf)
{
    return buf->p == NULL ? S("") : (struct str){ buf->p, buf->n };
}

bool buf_ok(const struct buf *buf, struct err *err)
{
    if (buf->is_full) {
        return err_set(err, ERR_LIMIT, "more than %zu bytes", buf->limit);
    }
    return true;
}

char *buf_take(struct buf *buf)
{
    char *p = buf->p != NULL ? buf->p : mem_copy_text("", 0);

    buf_init(buf, buf->limit);
    return p;
}
