#include "http/pack.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"

#include <limits.h>
#include <openssl/evp.h>
#include <zlib.h>

#define CHUNK ((size_t)4096)

bool pack_text(struct str text, size_t most, struct arena *arena, struct str *out, struct err *err)
{
    uLongf n = compressBound((uLong)text.n);
    unsigned char *bytes = (unsigned char *)arena_alloc(arena, n);
    char *line;

    if (text.n > INT_MAX / 4 ||
        compress2(bytes, &n, (const Bytef *)text.p, (uLong)text.n, Z_BEST_SPEED) != Z_OK) {
        return err_set(err, ERR_LIMIT, "too long to be packed");
    }
    if ((n + 2) / 3 * 4 > most) {
        return err_set(err, ERR_LIMIT, "packed it is longer than %zu bytes", most);
    }
    line = (char *)arena_alloc(arena, (n + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)line, bytes, (int)n);
    *out = (struct str){ line, (n + 2) / 3 * 4 };
    return true;
}

/** Piece by piece, so that a few bytes that stand for very many stop at the limit. */
static bool inflate_into(z_stream *stream, struct buf *text, size_t most)
{
    char chunk[CHUNK];
    int result;

    do {
        stream->next_out = (Bytef *)chunk;
        stream->avail_out = sizeof(chunk);
        result = inflate(stream, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END) {
            return false;
        }
        if (text->n + sizeof(chunk) - stream->avail_out > most) {
            return false;
        }
        buf_put(text, (struct str){ chunk, sizeof(chunk) - stream->avail_out });
    } while (result != Z_STREAM_END);
    return true;
}

bool unpack_text(
    struct str packed, size_t most, struct arena *arena, struct str *out, struct err *err)
{
    CLEANUP(buf_done) struct buf text;
    z_stream stream = { 0 };
    unsigned char *bytes;
    bool is_whole;
    int n;

    buf_init(&text, most + CHUNK);
    if (packed.n == 0 || packed.n % 4 != 0 || packed.n > INT_MAX / 2) {
        return err_set(err, ERR_INVALID, "not packed");
    }
    bytes = (unsigned char *)arena_alloc(arena, packed.n);
    n = EVP_DecodeBlock(bytes, (const unsigned char *)packed.p, (int)packed.n);
    if (n <= 0 || inflateInit(&stream) != Z_OK) {
        return err_set(err, ERR_INVALID, "not packed");
    }
    stream.next_in = bytes;
    stream.avail_in = (uInt)n; /* what base64 fills up with comes after the end */
    is_whole = inflate_into(&stream, &text, most);
    inflateEnd(&stream);
    if (!is_whole || !buf_ok(&text, err) || !str_is_utf8(buf_str(&text))) {
        return err_set(err, ERR_INVALID, "not packed, or too much");
    }
    *out = arena_copy(arena, buf_str(&text));
    return true;
}
