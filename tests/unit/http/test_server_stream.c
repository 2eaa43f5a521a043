#include "tests/unit/http/server_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/core/mem.h"

#include <stdlib.h>

/** The length of a chunked body, or SIZE_MAX if it is not whole. */
static size_t chunked_length(struct str answer)
{
    size_t total = 0;
    struct str rest = str_skip(answer, str_find(answer, S("\r\n\r\n")) + 4);

    for (;;) {
        size_t n = strtoul(rest.p, NULL, 16);
        size_t line = str_find(rest, S("\r\n"));
        if (line == SIZE_MAX || rest.n < line + 2 + n + 2) {
            return SIZE_MAX;
        }
        rest = str_skip(rest, line + 2 + n);
        if (!str_has_prefix(rest, S("\r\n"))) {
            return SIZE_MAX;
        }
        rest = str_skip(rest, 2);
        total += n;
        if (n == 0) {
            return rest.n == 0 ? total : SIZE_MAX;
        }
    }
}

static void a_stream_arrives_in_chunks(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/stream"));
    peer_wait_for(&peer, "\r\n0\r\n\r\n");
    assert_true(peer_has(&peer, "Transfer-Encoding: chunked\r\n"));
    assert_false(peer_has(&peer, "Content-Length"));
    assert_int_equal(chunked_length(buf_str(&peer.in)), 100000);
    assert_int_equal(fixture->freed, 1);
    peer_forget(&peer);
    peer_send(&peer, GET("/")); /* the connection goes on */
    peer_wait_for(&peer, "hello");
    fixture_settle(fixture);
    assert_string_equal(fixture->log.p, "GET /stream 200 sent;GET / 200 sent;");
    peer_close(&peer);
}

static void http10_gets_it_until_the_end_of_the_connection(void **state)
{
    static const size_t totals[] = { 100000, 0 };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < ARRAY_LEN(totals); i++) {
        struct peer peer;
        fixture->produced = 0;
        fixture->produce_total = totals[i];
        peer_open(&peer, fixture->loop, fixture->address);
        peer_send(&peer, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n" END);
        peer_wait_for_end(&peer);
        assert_false(peer_has(&peer, "Transfer-Encoding"));
        assert_true(peer_has(&peer, "Connection: close\r\n"));
        size_t head = str_find(buf_str(&peer.in), S("\r\n\r\n")) + 4;
        assert_int_equal(peer.in.n - head, totals[i]);
        assert_int_equal(fixture->freed, i + 1);
        peer_close(&peer);
    }
}

static void an_empty_stream_is_one_empty_chunk(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    fixture->produce_total = 0;
    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/stream") GET("/"));
    peer_wait_for(&peer, "hello");
    assert_true(peer_has(&peer, "\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK"));
    peer_close(&peer);
}

static void a_stream_may_work_without_a_result(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/slow"));
    peer_wait_for(&peer, "\r\n0\r\n\r\n");
    assert_int_equal(chunked_length(buf_str(&peer.in)), 3);
    peer_forget(&peer);
    fixture->produced = 0;
    peer_send(&peer, "GET /slow HTTP/1.0\r\n" END);
    peer_wait_for_end(&peer);
    assert_true(str_has_suffix(buf_str(&peer.in), S("\r\n\r\nxxx")));
    peer_close(&peer);
}

static void a_stream_without_a_result_lets_others_work(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/wait"));
    fixture_settle(fixture);
    fixture->may_produce = true;
    peer_wait_for(&peer, "told\r\n0\r\n\r\n");
    peer_close(&peer);
}

static void a_stream_of_little_results_lets_others_work(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/drip"));
    while (fixture->produced == 0) {
        fixture_turn(fixture);
    }
    assert_true(fixture->produced < 10); /* not until the socket is full */
    fixture->may_produce = true;
    peer_wait_for(&peer, "x\r\n0\r\n\r\n");
    peer_close(&peer);
}

static void a_slow_reader_does_not_fill_the_memory(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    fixture->produce_total = 32 << 20;
    peer_open(&peer, fixture->loop, fixture->address);
    peer_stop_reading(&peer);
    peer_send(&peer, GET("/stream"));
    size_t before = 0;
    do {
        before = fixture->produced;
        fixture_settle(fixture);
    } while (fixture->produced != before);
    assert_true(before < 8 << 20); /* the kernel's buffers and 64 KiB, not the whole */
    peer_read_on(&peer);
    peer_wait_for(&peer, "\r\n0\r\n\r\n");
    assert_int_equal(chunked_length(buf_str(&peer.in)), 32 << 20);
    peer_close(&peer);
}

static void a_stream_is_freed_when_its_reader_goes(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    fixture->produce_total = 32 << 20;
    peer_open(&peer, fixture->loop, fixture->address);
    peer_stop_reading(&peer);
    peer_send(&peer, GET("/stream"));
    fixture_settle(fixture);
    assert_int_equal(fixture->freed, 0);
    peer_reset(&peer);
    fixture_settle(fixture);
    assert_int_equal(fixture->freed, 1);
    assert_string_equal(fixture->log.p, "GET /stream 200 sent;");
}

static void a_stream_is_freed_with_the_server(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    fixture->produce_total = 32 << 20;
    peer_open(&peer, fixture->loop, fixture->address);
    peer_stop_reading(&peer);
    peer_send(&peer, GET("/stream"));
    fixture_settle(fixture);
    http_server_free(&fixture->server);
    assert_int_equal(fixture->freed, 1);
    peer_close(&peer);
}

static bool never(struct evbuffer *out, void *arg)
{
    (void)out;
    (void)arg;
    fail_msg("produced for nobody");
    return false;
}

static void count_free(void *arg)
{
    ++*(int *)arg;
}

static void a_stream_for_nobody_is_freed_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;
    int freed = 0;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/hold"));
    fixture_settle(fixture);
    peer_reset(&peer);
    fixture_settle(fixture);
    http_respond_stream(fixture->held, 200, S(""), never, count_free, &freed);
    assert_int_equal(freed, 1);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

#define ACCEPTS "Accept-Encoding: gzip\r\n"

/* design section 4: what waits to be sent stays bounded, also where little comes out */
static void a_compressed_stream_is_whole_and_small(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "GET /stream?gzip HTTP/1.1\r\n" SERVER_HOST ACCEPTS END);
    peer_wait_for(&peer, "\r\n0\r\n\r\n");
    assert_true(peer_has(&peer, "Content-Encoding: gzip\r\n"));
    assert_true(peer_has(&peer, "Vary: Accept-Encoding\r\n"));
    assert_in_range(chunked_length(buf_str(&peer.in)), 100, 2000);
    assert_int_equal(fixture->produced, fixture->produce_total);
    assert_int_equal(fixture->freed, 1);
    peer_forget(&peer);
    fixture->produced = 0;
    peer_send(&peer, "GET /stream?gzip HTTP/1.1\r\n" SERVER_HOST END);
    peer_wait_for(&peer, "\r\n0\r\n\r\n");
    assert_false(peer_has(&peer, "Content-Encoding"));
    assert_true(peer_has(&peer, "Vary: Accept-Encoding\r\n"));
    assert_int_equal(chunked_length(buf_str(&peer.in)), 100000);
    peer_close(&peer);
}

static void a_compressed_stream_whose_client_has_gone_is_freed(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "GET /wait?gzip HTTP/1.1\r\n" SERVER_HOST ACCEPTS END);
    peer_wait_for(&peer, "\r\n\r\n");
    peer_reset(&peer);
    fixture_settle(fixture);
    assert_int_equal(fixture->freed, 1);
}

/** The head of the answer to a body of n bytes that /echo sends back. */
static void echo(struct fixture *fixture, size_t n, struct peer *peer)
{
    CLEANUP(buf_done) struct buf request;

    buf_init(&request, 1 << 20);
    buf_printf(&request,
        "PUT /echo?gzip HTTP/1.1\r\n" SERVER_HOST ACCEPTS "Content-Length: %zu\r\n\r\n", n);
    for (size_t i = 0; i < n; i++) {
        buf_put_char(&request, 'x');
    }
    peer_open(peer, fixture->loop, fixture->address);
    peer_send(peer, request.p);
    peer_wait_for(peer, "\r\n\r\n");
}

static void only_bodies_worth_it_are_compressed(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    echo(fixture, 1023, &peer);
    assert_false(peer_has(&peer, "Content-Encoding"));
    assert_true(peer_has(&peer, "Content-Length: 1023\r\n"));
    peer_close(&peer);
    echo(fixture, 50000, &peer);
    assert_true(peer_has(&peer, "Content-Encoding: gzip\r\n"));
    assert_false(peer_has(&peer, "Content-Length: 50000\r\n"));
    peer_close(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(a_compressed_stream_is_whole_and_small),
        SERVER_TEST(a_compressed_stream_whose_client_has_gone_is_freed),
        SERVER_TEST(only_bodies_worth_it_are_compressed),
        SERVER_TEST(a_stream_arrives_in_chunks),
        SERVER_TEST(http10_gets_it_until_the_end_of_the_connection),
        SERVER_TEST(an_empty_stream_is_one_empty_chunk),
        SERVER_TEST(a_stream_may_work_without_a_result),
        SERVER_TEST(a_stream_without_a_result_lets_others_work),
        SERVER_TEST(a_stream_of_little_results_lets_others_work),
        SERVER_TEST(a_slow_reader_does_not_fill_the_memory),
        SERVER_TEST(a_stream_is_freed_when_its_reader_goes),
        SERVER_TEST(a_stream_is_freed_with_the_server),
        SERVER_TEST(a_stream_for_nobody_is_freed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
