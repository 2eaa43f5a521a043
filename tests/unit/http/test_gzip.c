#include "http/gzip.h"

#include "bridge/core/mem.h"

#include <event2/buffer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
/* cmocka needs four of them */
#include <cmocka.h>

/* RFC 9110 12.5.3 */
static void gzip_is_taken_when_named_and_not_refused(void **state)
{
    static const struct {
        struct str value;
        bool is_taken;
    } cases[] = {
        { STR("gzip"), true },
        { STR("deflate, GZIP;q=0.5"), true },
        { STR("gzip; q=1.0"), true },
        { STR("x-gzip"), true },
        { STR("*"), true },
        { STR("gzip;q=0.001"), true },
        { STR("gzip;q=0"), false },
        { STR("gzip;q=0.000, *"), false },
        { STR("*;q=0"), false },
        { STR("identity"), false },
        { STR("br, deflate"), false },
        { STR(""), false },
        { STR(",,;,"), false },
        { STR("gzipped"), false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header header = { S("accept-encoding"), cases[i].value };

        if (http_accepts_gzip(&header, 1) != cases[i].is_taken) {
            fail_msg("%.*s", STR_ARG(cases[i].value));
        }
    }
    assert_false(http_accepts_gzip(NULL, 0));
    const struct http_header two[] = { { S("Accept-Encoding"), S("br") },
        { S("Accept"), S("gzip") }, { S("Accept-Encoding"), S("gzip") } };
    assert_false(http_accepts_gzip(two, 2));
    assert_true(http_accepts_gzip(two, 3));
}

/** Bytes that compress, but not to nothing. */
static void fill(char *p, size_t n)
{
    uint32_t random = 1;

    for (size_t i = 0; i < n; i++) {
        random = random * 1664525 + 1013904223;
        p[i] = (char)('a' + (random >> 28));
    }
}

static void what_goes_in_comes_out_in_pieces_of_any_size(void **state)
{
    static const size_t pieces[] = { 1, 7, 1000, 16384, 16385, 100000 };
    static char text[200000], back[200001];

    (void)state;
    fill(text, sizeof(text));
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct http_gzip *gzip = http_gzip_new();
        struct evbuffer *in = evbuffer_new();
        struct evbuffer *out = evbuffer_new();
        z_stream stream = { 0 };

        for (size_t at = 0; at < sizeof(text); at += pieces[i]) {
            size_t left = sizeof(text) - at;

            evbuffer_add(in, text + at, left < pieces[i] ? left : pieces[i]);
            http_gzip_add(gzip, in, left <= pieces[i], out);
            assert_int_equal(evbuffer_get_length(in), 0);
        }
        assert_true(evbuffer_get_length(out) < sizeof(text) * 3 / 4);
        assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
        stream.avail_in = (uInt)evbuffer_get_length(out);
        stream.next_in = evbuffer_pullup(out, -1);
        stream.next_out = (unsigned char *)back;
        stream.avail_out = sizeof(back);
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        assert_int_equal(stream.total_out, sizeof(text));
        assert_memory_equal(back, text, sizeof(text));
        inflateEnd(&stream);
        http_gzip_free(&gzip);
        evbuffer_free(in);
        evbuffer_free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_is_taken_when_named_and_not_refused),
        cmocka_unit_test(what_goes_in_comes_out_in_pieces_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
