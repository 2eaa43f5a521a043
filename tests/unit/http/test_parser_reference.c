/**
 * Differential test: whatever we take for a request, libhttp-parser takes for the same request,
 * with the same body. We may refuse more than it does, never less, but for the exceptions that
 * is_known_exception names.
 */
#include "tests/unit/http/reference_parser.h"

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

#define HOST          "Host: h\r\n"
#define END           "\r\n"
#define MOST_REQUESTS 20
#define MOST_BYTES    2000

struct ours {
    struct http_parser *parser;
    struct arena *arena;
    struct buf body;
};

static bool on_body(struct str bytes, void *arg)
{
    struct ours *ours = arg;

    buf_put(&ours->body, bytes);
    return true;
}

static bool has_byte_beyond_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80) {
            return true;
        }
    }
    return false;
}

/** Where it refuses what we accept on purpose. */
static bool is_known_exception(const struct http_head *head, struct str input)
{
    /* it knows a fixed list of methods; a method we don't know gets 405 from the handler */
    if (head->method == HTTP_OTHER) {
        return true;
    }
    /* blanks behind a value may be tabs (RFC 9110 5.6.3), which it forgets for Content-Length */
    if (str_find_char(input, '\t') != SIZE_MAX) {
        return true;
    }
    /* it takes Transfer-EncodingX for Transfer-Encoding when there is a Content-Length */
    for (size_t i = 0; i < head->header_count; i++) {
        struct str name = head->headers[i].name;
        if (str_has_prefix_nocase(name, S("Transfer-Encoding")) && name.n > 17) {
            return true;
        }
    }
    /* clients send names as raw UTF-8 (caldav.md 4.11); uri_parse_path checks them */
    return has_byte_beyond_ascii(head->target);
}

/** In 1.1, without lists: it forgets empty elements and tabs, and knows Proxy-Connection. */
static bool is_persistence_comparable(const struct http_head *head, struct str input)
{
    for (size_t i = 0; i < head->header_count; i++) {
        const struct http_header *header = &head->headers[i];
        if (str_eq_nocase(header->name, S("Proxy-Connection")) ||
            (str_eq_nocase(header->name, S("Connection")) &&
                !str_eq_nocase(header->value, S("close")) &&
                !str_eq_nocase(header->value, S("keep-alive")))) {
            return false;
        }
    }
    return head->minor_version > 0 && str_find_char(input, '\t') == SIZE_MAX;
}

static void show(const char *why, struct str input)
{
    print_message("%s: \"", why);
    for (size_t i = 0; i < input.n; i++) {
        unsigned char c = (unsigned char)input.p[i];
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
            print_message("\\%03o", (unsigned)c);
        } else {
            print_message("%c", c);
        }
    }
    print_message("\"\n");
    fail();
}

/** Compare one whole request; false if the rest cannot be compared. */
static bool compare(
    const struct ours *ours, const struct reference_request *theirs, struct str input)
{
    const struct http_head *head = http_parser_head(ours->parser);

    if (theirs == NULL) {
        if (!is_known_exception(head, input)) {
            show("only we accept", input);
        }
        return false;
    }
    struct str url = { theirs->url, theirs->url_bytes };
    struct str body = { theirs->body, theirs->body_bytes };
    if (!str_eq(head->method_text, str_from(theirs->method)) || !str_eq(head->target, url) ||
        !str_eq(buf_str(&ours->body), body)) {
        show("we read it otherwise", input);
    }
    if (is_persistence_comparable(head, input) && head->keep_alive != theirs->keep_alive) {
        show("we keep the connection otherwise", input);
    }
    return head->keep_alive && theirs->keep_alive; /* it reads nothing behind a closing request */
}

/** Returns how many requests we accepted. */
static size_t check(struct str input)
{
    const struct http_parser_limits limits = {
        .request_line = 1000, .headers = 2000, .header_count = 50, .body = 2000
    };
    static struct reference_request theirs[MOST_REQUESTS];
    bool has_failed;
    size_t their_count = reference_parse(input.p, input.n, theirs, MOST_REQUESTS, &has_failed);
    struct ours ours = { .parser = http_parser_new(&limits), .arena = arena_new() };
    struct str rest = input;
    size_t count = 0;
    bool goes_on = true;

    buf_init(&ours.body, MOST_BYTES * 2);
    http_parser_next(ours.parser, ours.arena);
    while (goes_on && rest.n > 0 && count < MOST_REQUESTS) {
        size_t used;
        struct err err;
        enum http_parse_state state =
            http_parser_feed(ours.parser, rest, on_body, &ours, &used, &err);
        rest = str_skip(rest, used);
        if (state != HTTP_PARSE_DONE) {
            break;
        }
        goes_on = compare(&ours, count < their_count ? &theirs[count] : NULL, input);
        count++;
        buf_clear(&ours.body);
        http_parser_next(ours.parser, ours.arena);
    }
    http_parser_free(&ours.parser);
    arena_free(&ours.arena);
    buf_done(&ours.body);
    return count;
}

static const struct {
    const char *input;
    size_t accepted;
} seeds[] = {
    { "GET / HTTP/1.1\r\n" HOST END, 1 },
    { "GET /a?b HTTP/1.1\r\n" HOST "Accept: */*\r\nAuthorization: Basic YTpi\r\n" END
      "HEAD /c HTTP/1.1\r\n" HOST "Connection: close\r\n" END,
        2 },
    { "PROPFIND /dav/ HTTP/1.1\r\n" HOST "Depth: 1\r\nContent-Length: 11\r\n" END
      "<propfind/>GET / HTTP/1.1\r\n" HOST END,
        2 },
    { "PUT /x.ics HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END
      "5\r\nabcde\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n" END
      "DELETE /x HTTP/1.1\r\n" HOST END,
        2 },
    { "REPORT http://h:80/a?b HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END
      "OPTIONS * HTTP/1.1\r\n" HOST END,
        2 },
    { "GET / HTTP/1.0\r\nConnection: keep-alive\r\n" END "GET /2 HTTP/1.0\r\n" END, 2 },
    { "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n" END "ab", 1 },
    { "\r\nMKCALENDAR /c/ HTTP/1.1\r\n" HOST END, 1 },
    { "GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n" END
      "GET / HTTP/1.1\r\n" HOST END,
        2 },
    /* refused by us: must not get through in a mutated form either */
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END
      "0\r\n\r\nGET / HTTP/1.1\r\n" HOST END,
        0 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n" END "abcdef", 0 },
    { "GET / HTTP/1.1\n" HOST "\n", 0 },
    { "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n" END, 0 },
    { "CONNECT h:443 HTTP/1.1\r\n" HOST END, 0 },
    /* the known exceptions */
    { "FOO / HTTP/1.1\r\n" HOST END, 1 },
    { "GET /\xc3\xa4 HTTP/1.1\r\n" HOST END, 1 },
};

static void seeds_are_read_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
        assert_int_equal(check(str_from(seeds[i].input)), seeds[i].accepted);
    }
}

static uint32_t next_random(void)
{
    static uint32_t x = 2463534242;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

/** Overwrite, insert or remove at a random place; the pieces are what parsers trip over. */
static size_t mutate(char *text, size_t n)
{
    static const char *const pieces[] = { "\r\n", "\n", "\r", " ", "\t", ":", ",", ";", "0", "1",
        "9", "a", "F", "-", "+", "x", "#", "%", "/", "?", "\x80", "\x7f", "\x01", "\r\n\r\n",
        "chunked", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "identity", "close",
        "keep-alive", "HTTP/1.0", "HTTP/1.1", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "0\r\n\r\n",
        "\r\n ", "http://", "Connection: ", "\xff", "\"", "00000000", "ffffffff" };
    struct str piece = str_from(pieces[next_random() % ARRAY_LEN(pieces)]);
    size_t at = next_random() % (n + 1);
    size_t removed = next_random() % 3 == 0 ? next_random() % 8 : 0;

    if (next_random() % 4 == 0) {
        piece.n = 0; /* only remove */
        removed++;
    }
    removed = removed < n - at ? removed : n - at;
    if (n + piece.n > MOST_BYTES) {
        return n;
    }
    memmove(text + at + piece.n, text + at + removed, n - at - removed);
    memcpy(text + at, piece.p, piece.n);
    return n + piece.n - removed;
}

static void mutated_requests_are_never_read_more_laxly(void **state)
{
    size_t accepted = 0;

    (void)state;
    for (int round = 0; round < 40000; round++) {
        char text[MOST_BYTES];
        struct str seed = str_from(seeds[next_random() % ARRAY_LEN(seeds)].input);
        size_t n = seed.n;
        memcpy(text, seed.p, n);
        for (uint32_t times = 1 + next_random() % 4; times > 0; times--) {
            n = mutate(text, n);
        }
        accepted += check((struct str){ text, n });
    }
    assert_true(accepted > 5000); /* else nothing was tested */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_read_alike),
        cmocka_unit_test(mutated_requests_are_never_read_more_laxly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
