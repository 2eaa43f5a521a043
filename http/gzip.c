#include "http/gzip.h"

#include "bridge/core/mem.h"

#include <assert.h>
#include <event2/buffer.h>
#include <zlib.h>

/** XML gets hardly smaller above, and the loop waits meanwhile. */
#define LEVEL       3
#define WINDOW_BITS (15 + 16) /* + 16: gzip, not zlib */
#define MEMORY      8
#define PIECE       (16 * 1024)

struct http_gzip {
    z_stream stream;
};

/* --- negotiation ------------------------------------------------------------------------------ */

/** Is the weight behind the coding's name zero? */
static bool is_refused(struct str parameters)
{
    struct str part;

    while (str_next(&parameters, ';', &part)) {
        part = str_trim(part);
        if (str_has_prefix_nocase(part, S("q="))) {
            part = str_skip(part, 2);
            while (part.n > 0 && (part.p[0] == '0' || part.p[0] == '.')) {
                part = str_skip(part, 1);
            }
            return part.n == 0;
        }
    }
    return false;
}

bool http_accepts_gzip(const struct http_header *headers, size_t count)
{
    bool is_any = false;

    for (size_t i = 0; i < count; i++) {
        struct str rest = headers[i].value;
        struct str element;

        if (!str_eq_nocase(headers[i].name, S("Accept-Encoding"))) {
            continue;
        }
        while (str_next(&rest, ',', &element)) {
            struct str coding;

            if (!str_next(&element, ';', &coding)) {
                continue;
            }
            coding = str_trim(coding);
            if (str_eq_nocase(coding, S("gzip")) || str_eq_nocase(coding, S("x-gzip"))) {
                return !is_refused(element);
            }
            is_any = is_any || (str_eq(coding, S("*")) && !is_refused(element));
        }
    }
    return is_any;
}

/* --- compression ------------------------------------------------------------------------------ */

static voidpf allocate(voidpf opaque, uInt count, uInt size)
{
    (void)opaque;
    return mem_alloc_array(count, size);
}

static void release(voidpf opaque, voidpf p)
{
    (void)opaque;
    mem_free(p);
}

struct http_gzip *http_gzip_new(void)
{
    struct http_gzip *gzip = mem_alloc(sizeof(*gzip));

    gzip->stream.zalloc = allocate;
    gzip->stream.zfree = release;
    int result =
        deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY, Z_DEFAULT_STRATEGY);

    assert(result == Z_OK); /* memory does not run out, and the rest is constant */
    (void)result;
    return gzip;
}

void http_gzip_free(struct http_gzip **gzip)
{
    struct http_gzip *gone = TAKE(*gzip);

    if (gone != NULL) {
        deflateEnd(&gone->stream);
        mem_free(gone);
    }
}

/** Compress what the stream has been given. */
static void run(struct http_gzip *gzip, int flush, struct evbuffer *out)
{
    unsigned char piece[PIECE];

    do {
        gzip->stream.next_out = piece;
        gzip->stream.avail_out = sizeof(piece);
        int result = deflate(&gzip->stream, flush);

        assert(result != Z_STREAM_ERROR);
        (void)result;
        evbuffer_add(out, piece, sizeof(piece) - gzip->stream.avail_out);
    } while (gzip->stream.avail_out == 0);
}

void http_gzip_add(
    struct http_gzip *gzip, struct evbuffer *from, bool is_last, struct evbuffer *out)
{
    size_t n;

    while ((n = evbuffer_get_contiguous_space(from)) > 0) {
        n = n < PIECE ? n : PIECE;
        gzip->stream.next_in = evbuffer_pullup(from, (ev_ssize_t)n);
        gzip->stream.avail_in = (uInt)n;
        run(gzip, Z_NO_FLUSH, out);
        evbuffer_drain(from, n);
    }
    if (is_last) {
        gzip->stream.next_in = NULL;
        gzip->stream.avail_in = 0;
        run(gzip, Z_FINISH, out);
    }
}
