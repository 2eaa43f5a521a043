#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "http/parser.h"

#include <stdlib.h>
#include <string.h>

#define HOST "Host: h\r\n"
#define END  "\r\n"

static const struct http_parser_limits limits = {
    .request_line = 64,
    .headers = 128,
    .header_count = 5,
    .body = 20,
};

struct feed {
    struct http_parser *parser;
    struct arena *arena;
    struct buf body;
    struct buf transcript; /**< one piece of text for each request, then how it ended */
};

static bool on_body(struct str bytes, void *arg)
{
    struct feed *feed = arg;
    buf_put(&feed->body, bytes);
    return !str_eq(buf_str(&feed->body), S("full"));
}

static void next_request(struct feed *feed)
{
    arena_free(&feed->arena);
    feed->arena = arena_new();
    http_parser_next(feed->parser, feed->arena);
    buf_clear(&feed->body);
}

static void describe(struct feed *feed)
{
    const struct http_head *head = http_parser_head(feed->parser);
    struct buf *out = &feed->transcript;
    buf_printf(out, "%.*s %.*s?%.*s %d%s%s%s%s", STR_ARG(head->method_text), STR_ARG(head->path),
        STR_ARG(head->query), head->minor_version, head->keep_alive ? "" : " close",
        head->has_body ? " body" : "", head->is_chunked ? " chunked" : "",
        head->wants_continue ? " continue" : "");
    for (size_t i = 0; i < head->header_count; i++) {
        if (!str_eq(head->headers[i].name, S("Host"))) {
            buf_printf(
                out, " %.*s=%.*s", STR_ARG(head->headers[i].name), STR_ARG(head->headers[i].value));
        }
    }
    if (feed->body.n > 0) {
        buf_printf(out, " (%.*s)", STR_ARG(buf_str(&feed->body)));
    }
    buf_put_text(out, "; ");
}

/** Feeds one piece; false after an error. */
static bool feed_piece(struct feed *feed, struct str piece)
{
    while (piece.n > 0) {
        size_t used;
        struct err err;
        enum http_parse_state state =
            http_parser_feed(feed->parser, piece, on_body, feed, &used, &err);
        if (state == HTTP_PARSE_ERROR) {
            assert_int_equal(err.kind, ERR_INVALID);
            assert_true(err.text[0] != '\0');
            buf_printf(&feed->transcript, "%d", err.code);
            return false;
        }
        assert_true(state == HTTP_PARSE_DONE || used == piece.n);
        piece = str_skip(piece, used);
        if (state == HTTP_PARSE_DONE) {
            describe(feed);
            next_request(feed);
        }
    }
    return true;
}

/** piece_bytes 0: pieces of random length. The transcript is the caller's (mem_free). */
static char *transcript_of(struct str input, size_t piece_bytes)
{
    struct feed feed = { .parser = http_parser_new(&limits) };
    bool is_ok = true;
    buf_init(&feed.body, 1000);
    buf_init(&feed.transcript, 10000);
    buf_put_text(&feed.transcript, "");
    next_request(&feed);
    while (is_ok && input.n > 0) {
        /* a copy of just that size, so that the sanitizer sees a read beyond it */
        struct str piece =
            str_first(input, piece_bytes > 0 ? piece_bytes : (size_t)(1 + rand() % 7));
        char *copy = malloc(piece.n);
        memcpy(copy, piece.p, piece.n);
        is_ok = feed_piece(&feed, (struct str){ copy, piece.n });
        free(copy);
        input = str_skip(input, piece.n);
    }
    if (is_ok && http_parser_has_begun(feed.parser)) {
        buf_put_text(&feed.transcript, "...");
    }
    http_parser_free(&feed.parser);
    arena_free(&feed.arena);
    buf_done(&feed.body);
    return buf_take(&feed.transcript);
}

static void check(const char *input, const char *want)
{
    static const size_t pieces[] = { 100000, 1, 2, 3, 0, 0, 0, 0, 0 };
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        char *got = transcript_of(str_from(input), pieces[i]);
        if (strcmp(got, want) != 0) {
            fail_msg("in pieces of %zu: %s\ngives %s\nnot   %s", pieces[i], input, got, want);
        }
        mem_free(got);
    }
}

static void requests_are_read_alike_in_any_pieces(void **state)
{
    static const struct {
        const char *input, *want;
    } cases[] = {
        { "", "" },
        { "GET / HTTP/1.1\r\n" HOST END, "GET /? 1; " },
        { "GET / HTTP/1.1\r\n" HOST, "..." },
        { "G", "..." },
        { "GET /a?b?c=%41 HTTP/1.1\r\n" HOST END, "GET /a?b?c=%41 1; " },
        { "PROPFIND /dav/ HTTP/1.1\r\n" HOST "Depth: 1\r\n" END, "PROPFIND /dav/? 1 Depth=1; " },
        { "FOO-bar_1! / HTTP/1.1\r\n" HOST END, "FOO-bar_1! /? 1; " },
        { "GET / HTTP/1.1\r\nHOST:h:80\r\n" END, "GET /? 1 HOST=h:80; " },
        { "GET / HTTP/1.1\r\n" HOST "a: \t b c \t \r\nb:\r\nc: \xe4\r\n" END,
            "GET /? 1 a=b c b= c=\xe4; " },
        { "GET /\xc3\xa4{} HTTP/1.1\r\n" HOST END, "GET /\xc3\xa4{}? 1; " },
        /* versions and persistence */
        { "GET / HTTP/1.0\r\n" END, "GET /? 0 close; " },
        { "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n" END, "GET /? 0 Connection=Keep-Alive; " },
        { "GET / HTTP/1.1\r\n" HOST "Connection: x, close\r\n" END,
            "GET /? 1 close Connection=x, close; " },
        { "GET / HTTP/1.7\r\n" HOST END, "GET /? 7; " },
        /* forms of the target */
        { "OPTIONS * HTTP/1.1\r\n" HOST END, "OPTIONS *? 1; " },
        { "GET http://h/a?b HTTP/1.1\r\n" HOST END, "GET /a?b 1; " },
        { "GET HTTPS://h:1 HTTP/1.1\r\n" HOST END, "GET /? 1; " },
        { "GET http://h?b HTTP/1.1\r\n" HOST END, "GET /?b 1; " },
        { "OPTIONS http://h HTTP/1.1\r\n" HOST END, "OPTIONS *? 1; " },
        { "GET //h/a HTTP/1.1\r\n" HOST END, "GET //h/a? 1; " },
        /* bodies */
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n" END "abc",
            "PUT /? 1 body Content-Length=3 (abc); " },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 003\r\n" END "abcGET / HTTP/1.1\r\n" HOST END,
            "PUT /? 1 body Content-Length=003 (abc); GET /? 1; " },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END, "PUT /? 1 Content-Length=0; " },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n" END "ab", "..." },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 20\r\nExpect: 100-Continue\r\n" END, "..." },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nExpect: 100-Continue\r\n" END "a",
            "PUT /? 1 body continue Content-Length=1 Expect=100-Continue (a); " },
        { "PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n" END,
            "PUT /? 1 Expect=100-continue; " },
        { "PUT / HTTP/1.0\r\nContent-Length: 1\r\nExpect: x\r\n" END "a",
            "PUT /? 0 close body Content-Length=1 Expect=x (a); " },
        { "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END
          "3\r\nabc\r\n0A;x=\"y\";z\r\n0123456789\r\n000\r\n" END,
            "PUT /? 1 body chunked Transfer-Encoding=chunked (abc0123456789); " },
        { "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n" END "0\r\nA: b\r\nc:\r\n" END
          "GET / HTTP/1.1\r\n" HOST END,
            "PUT /? 1 body chunked Transfer-Encoding=Chunked; GET /? 1; " },
        { "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END
          "9\r\n\r\n23456\r\n\r\n0\r\n\r\n",
            "PUT /? 1 body chunked Transfer-Encoding=chunked (\r\n23456\r\n); " },
        /* one blank line before a request is ignored */
        { "\r\nGET / HTTP/1.1\r\n" HOST END "\r\nGET / HTTP/1.1\r\n" HOST END "\r\n",
            "GET /? 1; GET /? 1; " },
    };
    (void)state;
    srand(1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check(cases[i].input, cases[i].want);
    }
}

static void bad_requests_get_the_right_status_in_any_pieces(void **state)
{
    static const struct {
        const char *input, *want;
    } cases[] = {
        /* request line */
        { "GET /\r\n", "400" },
        { "GET / HTTP/1.1 \r\n", "400" },
        { "GET  / HTTP/1.1\r\n", "400" },
        { "GET /  HTTP/1.1\r\n", "400" },
        { "GET  HTTP/1.1\r\n", "400" },
        { " GET / HTTP/1.1\r\n", "400" },
        { "GET\t/ HTTP/1.1\r\n", "400" },
        { "GET / http/1.1\r\n", "400" },
        { "GET / HTTP/11\r\n", "400" },
        { "GET / HTTP/1.10\r\n", "400" },
        { "G(T / HTTP/1.1\r\n", "400" },
        { "/ HTTP/1.1\r\n", "400" },
        { "GET / HTTP/1.1\n" HOST "\n", "400" },
        { "GET / HTTP/1.1\r" HOST END, "400" },
        { "GET /\r/ HTTP/1.1\r\n", "400" },
        { "GET /\x01 HTTP/1.1\r\n", "400" },
        { "GET /\x7f HTTP/1.1\r\n", "400" },
        { "GET /a#b HTTP/1.1\r\n", "400" },
        { "GET a HTTP/1.1\r\n", "400" },
        { "GET ?a HTTP/1.1\r\n", "400" },
        { "GET * HTTP/1.1\r\n", "400" },
        { "OPTIONS *? HTTP/1.1\r\n", "400" },
        { "CONNECT h:443 HTTP/1.1\r\n", "400" },
        { "GET ftp://h/ HTTP/1.1\r\n", "400" },
        { "GET http:///a HTTP/1.1\r\n", "400" },
        { "GET http://u@h/a HTTP/1.1\r\n", "400" },
        { "\r\n\r\nGET / HTTP/1.1\r\n", "400" },
        { "\x16\x03\x01\x02", "400" }, /* TLS */
        { "PRI * HTTP/2.0\r\n", "505" },
        { "GET / HTTP/0.9\r\n", "505" },
        { "GET / HTTP/3.0\r\n", "505" },
        /* header lines */
        { "GET / HTTP/1.1\r\nHost : h\r\n", "400" },
        { "GET / HTTP/1.1\r\n Host: h\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "a: b\r\n c\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "a: b\r\n\tc\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "nonsense\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST ": b\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "a(b: c\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "\xc3\xa4: c\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "a: b\x01\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "a: b\rc: d\r\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "a: b\n", "400" },
        { "GET / HTTP/1.1\r\n" HOST "\r\r\n", "400" },
        /* Host */
        { "GET / HTTP/1.1\r\n" END, "400" },
        { "GET / HTTP/1.1\r\n" HOST HOST END, "400" },
        { "GET / HTTP/1.0\r\n" HOST HOST END, "400" },
        { "GET / HTTP/1.1\r\nHost:\r\n" END, "400" },
        { "GET / HTTP/1.1\r\nHost: a b\r\n" END, "400" },
        { "GET / HTTP/1.1\r\nHost: a, b\r\n" END, "400" },
        { "GET / HTTP/1.1\r\nHost: a/b\r\n" END, "400" },
        { "GET / HTTP/1.1\r\nHost: u@a\r\n" END, "400" },
        { "GET / HTTP/1.1\r\nHost: a:b\r\n" END, "400" },
        /* framing */
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n" END,
            "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: -0\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1 1\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length:\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551616\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551615\r\n" END, "413" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 21\r\n" END, "413" },
        { "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n" END, "501" },
        { "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n" END, "501" },
        { "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n" END, "501" },
        { "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n" END, "501" },
        { "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;q=1\r\n" END, "501" },
        { "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END,
            "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked,\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n" END, "400" },
        { "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END, "400" },
        { "PUT / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\n" END, "417" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 21\r\nExpect: 100-continue\r\n" END, "413" },
        { "PUT / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END "full", "503" },
    };
    (void)state;
    srand(2);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check(cases[i].input, cases[i].want);
    }
}

static void bad_chunks_are_refused_in_any_pieces(void **state)
{
    static const struct {
        const char *chunks, *want;
    } cases[] = {
        { "x\r\n", "400" }, { "\r\n", "400" }, { ";a\r\n", "400" }, { "-1\r\n", "400" },
        { "0x1\r\na\r\n", "400" }, { "1 \r\na\r\n", "400" }, { " 1\r\na\r\n", "400" },
        { "1 ;a\r\n", "400" }, { "1\na\r\n", "400" }, { "1\r\nab\r\n", "400" },
        { "1\r\na\n", "400" }, { "1\r\na\r\r\n", "400" }, { "1;\x01\r\n", "400" },
        { "00000000000000001\r\n", "400" }, { "ffffffffffffffff\r\n", "413" }, { "15\r\n", "413" },
        { "14\r\n01234567890123456789\r\n1\r\n", "413" }, { "0\r\n bad\r\n", "400" },
        { "0\r\nbad\r\n", "400" }, { "0\r\na: b\n", "400" },
        { "0\r\na:\r\na:\r\na:\r\na:\r\n", "431" }, /* trailers count as headers */
    };
    (void)state;
    srand(3);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char input[256] = "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END;
        strncat(input, cases[i].chunks, sizeof(input) - strlen(input) - 1);
        check(input, cases[i].want);
    }
}

/** before, n times 'x', after. */
static void check_long(const char *before, size_t n, const char *after, const char *want)
{
    struct buf input;
    buf_init(&input, 100000);
    buf_put_text(&input, before);
    for (size_t i = 0; i < n; i++) {
        buf_put_char(&input, 'x');
    }
    buf_put_text(&input, after);
    static const size_t pieces[] = { 100000, 1, 0 };
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        char *got = transcript_of(buf_str(&input), pieces[i]);
        if (strncmp(got, want, strlen(want)) != 0) {
            fail_msg("%s + %zu: %s", before, n, got);
        }
        mem_free(got);
    }
    buf_done(&input);
}

static void every_length_is_bounded_to_the_byte(void **state)
{
    (void)state;
    check_long("GET /", 64 - 14, " HTTP/1.1\r\n" HOST END, "GET /x");
    check_long("GET /", 65 - 14, " HTTP/1.1\r\n" HOST END, "414");
    check_long("GET /", 5000, "", "414");
    check_long("GET / HTTP/1.1\r\n" HOST "a:", 128 - 11, "\r\n" END, "GET /? 1 a=x");
    check_long("GET / HTTP/1.1\r\n" HOST "a:", 128 - 10, "\r\n" END, "431");
    check_long("GET / HTTP/1.1\r\n" HOST "a", 5000, "", "431");
    check_long("GET / HTTP/1.1\r\n" HOST "a:\r\na:\r\na:\r\na:\r\n", 0, END, "GET ");
    check_long("GET / HTTP/1.1\r\n" HOST "a:\r\na:\r\na:\r\na:\r\na:\r\n", 0, END, "431");
#define CHUNKED "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END
    check_long(CHUNKED "0;", 254, "\r\n" END, "PUT ");
    check_long(CHUNKED "0;", 255, "\r\n" END, "400");
    check_long(CHUNKED "0\r\na:", 100, "\r\n", "431"); /* headers and trailers together */
}

static void chunk_extensions_are_bounded_over_a_request(void **state)
{
    struct http_parser_limits large = limits;
    struct buf input;
    (void)state;
    large.body = 1000;
    buf_init(&input, 100000);
    buf_put_text(&input, CHUNKED);
    for (int i = 0; i < 100; i++) {
        buf_put_text(&input, "1;");
        for (int k = 0; k < 99; k++) {
            buf_put_char(&input, 'x');
        }
        buf_put_text(&input, "\r\na\r\n");
    }
    struct feed feed = { .parser = http_parser_new(&large) };
    buf_init(&feed.body, 1000);
    buf_init(&feed.transcript, 1000);
    next_request(&feed);
    assert_false(feed_piece(&feed, buf_str(&input)));
    assert_string_equal(feed.transcript.p, "400");
    assert_int_equal(feed.body.n, 40);
    http_parser_free(&feed.parser);
    arena_free(&feed.arena);
    buf_done(&feed.body);
    buf_done(&feed.transcript);
    buf_done(&input);
}

static void an_error_leaves_what_was_understood(void **state)
{
    struct feed feed = { .parser = http_parser_new(&limits) };
    (void)state;
    buf_init(&feed.transcript, 1000);
    next_request(&feed);
    assert_false(feed_piece(&feed, S("PUT /a?b HTTP/1.1\r\nHost : x\r\n")));
    assert_true(str_eq(http_parser_head(feed.parser)->method_text, S("PUT")));
    assert_true(str_eq(http_parser_head(feed.parser)->path, S("/a")));
    assert_false(feed_piece(&feed, S("GET / HTTP/1.1\r\n" HOST END))); /* it stays an error */
    assert_string_equal(feed.transcript.p, "400400");
    http_parser_free(&feed.parser);
    arena_free(&feed.arena);
    buf_done(&feed.transcript);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read_alike_in_any_pieces),
        cmocka_unit_test(bad_requests_get_the_right_status_in_any_pieces),
        cmocka_unit_test(bad_chunks_are_refused_in_any_pieces),
        cmocka_unit_test(every_length_is_bounded_to_the_byte),
        cmocka_unit_test(chunk_extensions_are_bounded_over_a_request),
        cmocka_unit_test(an_error_leaves_what_was_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
