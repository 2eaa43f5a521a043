/** The request parser: random pieces must give what the whole gives. */
#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "http/parser.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct feed {
    struct http_parser *parser;
    struct arena *arena;
    struct buf transcript;
};

static bool on_body(struct str bytes, void *arg)
{
    struct feed *feed = arg;

    buf_put(&feed->transcript, bytes);
    return bytes.n == 0 || bytes.p[bytes.n - 1] != '\x03'; /* now and then: no room for it */
}

static void next_request(struct feed *feed)
{
    arena_free(&feed->arena);
    feed->arena = arena_new();
    http_parser_next(feed->parser, feed->arena);
}

static void describe(struct feed *feed, int status)
{
    const struct http_head *head = http_parser_head(feed->parser);

    buf_printf(&feed->transcript, "|%d %d %d %d %d %d %llu|", status, head->minor_version,
        head->is_chunked, head->has_body, head->wants_continue, head->keep_alive,
        (unsigned long long)head->content_length);
    buf_put(&feed->transcript, head->method_text);
    buf_put(&feed->transcript, head->target);
    buf_put(&feed->transcript, head->path);
    buf_put(&feed->transcript, head->query);
    for (size_t i = 0; i < head->header_count; i++) {
        buf_put(&feed->transcript, head->headers[i].name);
        buf_put_char(&feed->transcript, '=');
        buf_put(&feed->transcript, head->headers[i].value);
        buf_put_char(&feed->transcript, '\n');
    }
}

/** seed 0: whole. */
static void run(struct str input, unsigned seed, struct buf *transcript_out)
{
    const struct http_parser_limits limits = {
        .request_line = 200, .headers = 400, .header_count = 8, .body = 300
    };
    struct feed feed = { .parser = http_parser_new(&limits) };
    enum http_parse_state state = HTTP_PARSE_HEAD;

    buf_init(&feed.transcript, SIZE_MAX);
    next_request(&feed);
    while (input.n > 0 && state != HTTP_PARSE_ERROR) {
        struct str piece = input;
        size_t used = 0;
        struct err err;
        if (seed != 0) {
            seed = seed * 1103515245 + 12345;
            piece = str_first(input, 1 + (seed >> 16) % 9);
        }
        char *copy = mem_copy_text(piece.p, piece.n); /* its own block: overruns show */
        state = http_parser_feed(
            feed.parser, (struct str){ copy, piece.n }, on_body, &feed, &used, &err);
        mem_free(copy);
        if (used == 0 && state != HTTP_PARSE_ERROR) {
            abort();
        }
        input = str_skip(input, used);
        if (state == HTTP_PARSE_DONE) {
            describe(&feed, 0);
            next_request(&feed);
        }
    }
    if (state == HTTP_PARSE_ERROR) {
        struct err err;
        size_t used;
        http_parser_feed(feed.parser, S("x"), on_body, &feed, &used, &err);
        if (err.code < 400 || err.code > 599) {
            abort();
        }
        describe(&feed, err.code);
    }
    http_parser_free(&feed.parser);
    arena_free(&feed.arena);
    *transcript_out = feed.transcript;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = { (const char *)data, size };
    struct buf whole;
    unsigned seed = (unsigned)size + 1;

    run(input, 0, &whole);
    for (int i = 0; i < 2; i++) {
        struct buf pieces;
        run(input, seed + (unsigned)i * 7919, &pieces);
        /* what a failed body callback saw of the body differs: it stops in another place */
        if (!str_eq(buf_str(&whole), buf_str(&pieces)) && memchr(data, '\x03', size) == NULL) {
            abort();
        }
        buf_done(&pieces);
    }
    buf_done(&whole);
    return 0;
}
