#include "tests/unit/http/server_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/core/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int set_up(void **state)
{
    struct http_server_limits limits = http_server_default_limits;

    limits.request_line = 100;
    limits.headers = 1000;
    limits.header_count = 10;
    limits.body = 1000;
    return fixture_set_up_with(state, &limits);
}

static void an_answer_has_date_and_length(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "GET /a?b HTTP/1.1\r\n" SERVER_HOST "User-Agent: me\r\n" END);
    peer_wait_for(&peer, "hello");
    assert_string_equal(peer.in.p,
        "HTTP/1.1 200 OK\r\nDate: Mon, 21 Sep 2026 14:13:20 GMT\r\nContent-Length: 5\r\n"
        "Content-Type: text/plain\r\nX-Agent: me\r\nX-Path: /a\r\n\r\nhello");
    fixture_settle(fixture);
    assert_string_equal(fixture->log.p, "GET /a 200 sent;");
    peer_close(&peer);
}

static void answers_without_body_have_none(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "HEAD / HTTP/1.1\r\n" SERVER_HOST END GET("/empty")
                         GET("/unmodified") "HEAD /stream HTTP/1.1\r\n" SERVER_HOST END GET("/"));
    peer_wait_for(&peer, "hello");
    assert_string_equal(peer.in.p,
        "HTTP/1.1 200 OK\r\nDate: Mon, 21 Sep 2026 14:13:20 GMT\r\nContent-Length: 5\r\n"
        "Content-Type: text/plain\r\nX-Agent: \r\nX-Path: /\r\n\r\n"
        "HTTP/1.1 204 No Content\r\nDate: Mon, 21 Sep 2026 14:13:20 GMT\r\n\r\n"
        "HTTP/1.1 304 Not Modified\r\nDate: Mon, 21 Sep 2026 14:13:20 GMT\r\n"
        "Content-Type: text/plain\r\n\r\n"
        "HTTP/1.1 200 OK\r\nDate: Mon, 21 Sep 2026 14:13:20 GMT\r\n"
        "Transfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n"
        "HTTP/1.1 200 OK\r\nDate: Mon, 21 Sep 2026 14:13:20 GMT\r\nContent-Length: 5\r\n"
        "Content-Type: text/plain\r\nX-Agent: \r\nX-Path: /\r\n\r\nhello");
    assert_int_equal(fixture->freed, 1);
    peer_close(&peer);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/1") GET("/hold") GET("/3") GET("/4") "GET /5 HT");
    peer_wait_for(&peer, "X-Path: /1\r\n\r\nhello");
    fixture_settle(fixture);
    assert_false(peer_has(&peer, "/3"));
    peer_forget(&peer);
    http_respond_text(fixture->held, 200, S("text/plain"), S("second"));
    peer_send(&peer, "TP/1.1\r\n" SERVER_HOST END);
    peer_wait_for(&peer, "X-Path: /5\r\n\r\nhello");
    const char *second = strstr(peer.in.p, "second");
    const char *third = strstr(peer.in.p, "/3");
    const char *fourth = strstr(peer.in.p, "/4");
    assert_true(second != NULL && second < third && third < fourth);
    fixture_settle(fixture);
    assert_string_equal(fixture->log.p,
        "GET /1 200 sent;GET /hold 200 sent;GET /3 200 sent;GET /4 200 sent;GET /5 200 sent;");
    peer_close(&peer);
}

static void reading_ahead_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    const size_t much = 64 << 20;
    struct peer peer;
    size_t sent = 0;
    int full = 0;
    char *bytes = mem_alloc(1 << 20);

    memset(bytes, 'x', 1 << 20);
    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/hold"));
    while (full < 100 && sent < much) {
        size_t n = peer_send_some(&peer, bytes, 1 << 20);
        sent += n;
        full = n > 0 ? 0 : full + 1;
        fixture_settle(fixture);
    }
    assert_true(sent < much); /* what the kernel's buffers hold, and 64 KiB */
    http_respond_text(fixture->held, 200, S(""), S("held"));
    peer_wait_for_end(&peer); /* the rest is no request: refused, and thrown away */
    assert_true(peer_has(&peer, "held"));
    assert_true(peer_has(&peer, "HTTP/1.1 414 "));
    peer_close(&peer);
    mem_free(bytes);
}

static void http10_closes_unless_it_asks_not_to(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n" END);
    peer_wait_for(&peer, "hello");
    assert_true(peer_has(&peer, "Connection: keep-alive\r\n"));
    peer_forget(&peer);
    peer_send(&peer, "GET / HTTP/1.0\r\n" END);
    peer_wait_for_end(&peer);
    assert_true(peer_has(&peer, "Connection: close\r\n"));
    assert_true(peer_has(&peer, "hello"));
    peer_close(&peer);
}

static void a_half_closed_connection_gets_all_its_answers(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/hold") GET("/last"));
    shutdown(peer.fd, SHUT_WR);
    fixture_settle(fixture);
    fixture_settle(fixture);
    assert_true(http_request_is_gone(fixture->held)); /* as far as one can see */
    assert_int_equal(fixture->gone, 1);
    http_respond_text(fixture->held, 200, S(""), S("held"));
    peer_wait_for_end(&peer);
    assert_true(peer_has(&peer, "held"));
    assert_true(peer_has(&peer, "hello"));
    assert_int_equal(fixture->gone, 1);
    assert_false(peer.is_reset);
    peer_close(&peer);
}

static void continue_is_sent_when_the_body_is_waited_for(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "PUT /echo HTTP/1.1\r\n" SERVER_HOST "Content-Length: 4\r\n"
                     "Expect: 100-continue\r\n" END);
    peer_wait_for(&peer, "HTTP/1.1 100 Continue\r\n\r\n");
    peer_forget(&peer);
    peer_send(&peer, "bo");
    fixture_settle(fixture);
    peer_send(&peer, "dy");
    peer_wait_for(&peer, "\r\n\r\nbody");
    assert_false(peer_has(&peer, "100"));
    peer_forget(&peer);
    peer_send(&peer, "PUT /echo HTTP/1.1\r\n" SERVER_HOST "Transfer-Encoding: chunked\r\n"
                     "Expect: 100-continue\r\n" END);
    peer_wait_for(&peer, "HTTP/1.1 100 Continue\r\n\r\n");
    peer_forget(&peer);
    peer_send(&peer, "4\r");
    fixture_settle(fixture);
    assert_string_equal(peer.in.p, ""); /* once is enough */
    peer_send(&peer, "\nmore\r\n0\r\nTrailer: dropped\r\n\r\n");
    peer_wait_for(&peer, "\r\n\r\nmore");
    peer_close(&peer);
}

static void continue_is_not_sent_when_the_body_is_there_or_refused(void **state)
{
    static const struct {
        const char *request, *answer;
    } cases[] = {
        { "PUT /echo HTTP/1.1\r\n" SERVER_HOST "Content-Length: 4\r\nExpect: 100-continue\r\n" END
          "body",
            "HTTP/1.1 200 " },
        { "PUT /echo HTTP/1.1\r\n" SERVER_HOST
          "Content-Length: 1001\r\nExpect: 100-continue\r\n" END,
            "HTTP/1.1 413 " },
        { "PUT /echo HTTP/1.1\r\n" SERVER_HOST "Content-Length: 4\r\nExpect: 200-maybe\r\n" END,
            "HTTP/1.1 417 " },
        { "PUT /echo HTTP/1.1\r\n" SERVER_HOST "Expect: 100-continue\r\n" END, "HTTP/1.1 200 " },
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct peer peer;
        peer_open(&peer, fixture->loop, fixture->address);
        peer_send(&peer, cases[i].request);
        peer_wait_for(&peer, cases[i].answer);
        assert_false(peer_has(&peer, " 100 "));
        peer_close(&peer);
    }
}

static void continue_is_not_sent_when_a_part_of_the_body_is_there(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "PUT /echo HTTP/1.1\r\n" SERVER_HOST "Content-Length: 4\r\n"
                     "Expect: 100-continue\r\n" END "bo");
    fixture_settle(fixture);
    peer_send(&peer, "dy");
    peer_wait_for(&peer, "\r\n\r\nbody");
    assert_false(peer_has(&peer, " 100 "));
    peer_close(&peer);
}

static void a_head_may_be_answered_before_its_body_is_kept(void **state)
{
    static const struct {
        const char *rest;
        unsigned heads;
        bool closes;
    } cases[] = {
        { "Content-Length: 1000\r\nExpect: 100-continue\r\n" END, 1, true },
        { "Transfer-Encoding: chunked\r\n" END "3E8\r\nmore", 1, true },
        { "Transfer-Encoding: chunked\r\n" END "2\r\nno chunk", 0, true },
        { "Content-Length: 4\r\n" END "body", 0, false }, /* it is all there */
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct peer peer;
        peer_open(&peer, fixture->loop, fixture->address);
        fixture->heads = 0;
        peer_send(&peer, "PUT /nobody HTTP/1.1\r\n" SERVER_HOST);
        peer_send(&peer, cases[i].rest);
        peer_wait_for(&peer, "HTTP/1.1 ");
        fixture_settle(fixture);
        assert_int_equal(fixture->heads, cases[i].heads);
        assert_int_equal(peer_has(&peer, "HTTP/1.1 401 "), cases[i].heads > 0);
        assert_int_equal(peer_has(&peer, "Connection: close\r\n"), cases[i].closes);
        assert_false(peer_has(&peer, " 100 "));
        assert_int_equal(http_server_counts(fixture->server).buffered, 0);
        if (cases[i].heads > 0) { /* the rest is read, so that nothing resets the answer */
            peer_send(&peer, "the rest of the body");
            peer_wait_for_end(&peer);
            assert_true(peer_has(&peer, "\r\n\r\nwho are you?"));
            assert_false(peer.is_reset);
        }
        peer_close(&peer);
    }
}

static void a_small_body_is_waited_for(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "PUT /nobody HTTP/1.1\r\n" SERVER_HOST "Content-Length: 4\r\n" END "bo");
    fixture_settle(fixture);
    peer_send(&peer, "dy");
    peer_wait_for(&peer, "hello");
    assert_int_equal(fixture->heads, 0);
    peer_close(&peer);
}

static void refused_requests_get_their_status_and_a_clean_end(void **state)
{
    static const struct {
        const char *request, *answer, *log;
    } cases[] = {
        { "nonsense\r\n", "HTTP/1.1 400 Bad Request\r\n", "  400 sent;" },
        { "GET /a HTTP/1.1\r\n" END, "HTTP/1.1 400 ", "GET /a 400 sent;" },
        { "GET /a HTTP/2.0\r\n", "HTTP/1.1 505 ", "GET  505 sent;" },
        { "PUT /a HTTP/1.1\r\n" SERVER_HOST "Transfer-Encoding: gzip\r\n" END, "HTTP/1.1 501 ",
            "PUT /a 501 sent;" },
        { "PUT /a HTTP/1.1\r\n" SERVER_HOST "Content-Length: 1001\r\n" END, "HTTP/1.1 413 ",
            "PUT /a 413 sent;" },
        { "PUT /a HTTP/1.1\r\n" SERVER_HOST "Transfer-Encoding: chunked\r\n" END "3E9\r\n",
            "HTTP/1.1 413 ", "PUT /a 413 sent;" },
        { "GET /a HTTP/1.1\r\n" SERVER_HOST "1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n8:\r\n9:\r\n"
          "10:\r\n" END,
            "HTTP/1.1 431 ", "GET /a 431 sent;" },
    };
    struct fixture *fixture = *state;
    char *junk = mem_alloc(100001);

    memset(junk, 'j', 100000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct peer peer;
        buf_clear(&fixture->log);
        peer_open(&peer, fixture->loop, fixture->address);
        peer_send(&peer, cases[i].request);
        peer_send(&peer, junk); /* without a lingering close this would destroy the answer */
        peer_wait_for_end(&peer);
        if (!str_has_prefix(buf_str(&peer.in), str_from(cases[i].answer))) {
            fail_msg("%s gives %s", cases[i].request, peer.in.p);
        }
        assert_true(peer_has(&peer, "Connection: close\r\n"));
        assert_true(peer_has(&peer, "Content-Length: 0\r\n"));
        assert_false(peer.is_reset);
        assert_string_equal(fixture->log.p, cases[i].log);
        peer_close(&peer);
    }
    mem_free(junk);
}

static void bodies_beyond_the_common_bound_get_503(void **state)
{
    struct fixture *fixture = *state;
    struct peer peers[3];

    fixture_done(fixture);
    fixture_init(fixture);
    fixture->limits.body = 1000;
    fixture->limits.buffered = 1500;
    fixture_start(fixture);
    char *body = mem_alloc(800);
    memset(body, 'b', 799);
    for (int i = 0; i < 3; i++) {
        peer_open(&peers[i], fixture->loop, fixture->address);
        peer_send(&peers[i], "PUT /echo HTTP/1.1\r\n" SERVER_HOST "Content-Length: 800\r\n" END);
        if (i < 2) {
            peer_send(&peers[i], body);
        }
        fixture_settle(fixture);
    }
    peer_wait_for(&peers[1], "HTTP/1.1 503 Service Unavailable\r\n");
    assert_true(peer_has(&peers[1], "Retry-After: 5\r\n"));
    assert_int_equal(http_server_counts(fixture->server).buffered, 799);
    peer_send(&peers[0], "b");
    peer_wait_for(&peers[0], "bbb");
    peer_send(&peers[2], body);
    peer_send(&peers[2], "b");
    peer_wait_for(&peers[2], "HTTP/1.1 200 OK\r\n");
    fixture_settle(fixture);
    assert_int_equal(http_server_counts(fixture->server).buffered, 0);
    for (int i = 0; i < 3; i++) {
        peer_close(&peers[i]);
    }
    mem_free(body);
}

static void the_sandbox_can_cut_answers(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/cut"));
    peer_wait_for_end(&peer);
    assert_int_equal(peer.total, 0);
    peer_close(&peer);
    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/truncated"));
    peer_wait_for_end(&peer);
    assert_true(peer_has(&peer, "Content-Length: 10\r\n"));
    assert_true(str_has_suffix(buf_str(&peer.in), S("\r\n\r\n0123")));
    assert_string_equal(fixture->log.p, "GET /cut 0 unsent;GET /truncated 200 sent;");
    peer_close(&peer);
}

static void an_answer_after_the_connection_has_gone_is_dropped(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    for (int i = 0; i < 2; i++) {
        peer_open(&peer, fixture->loop, fixture->address);
        peer_send(&peer, GET("/hold"));
        fixture_settle(fixture);
        assert_int_equal(fixture->gone, i);
        peer_reset(&peer);
        fixture_settle(fixture);
        assert_int_equal(fixture->gone, i + 1);
        assert_true(http_request_is_gone(fixture->held));
        http_respond_header(fixture->held, S("X"), S("y"));
        if (i == 0) {
            http_respond_text(fixture->held, 200, S(""), S("dropped"));
        } else {
            http_respond_cut(fixture->held);
        }
    }
    assert_string_equal(fixture->log.p, "GET /hold 200 unsent;GET /hold 0 unsent;");
}

static void a_client_that_closes_is_reported_and_can_be_cut_off(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/hold"));
    fixture_settle(fixture);
    peer_close(&peer);
    fixture_settle(fixture);
    assert_int_equal(fixture->gone, 1);
    http_respond_cut(fixture->held);
    fixture_settle(fixture);
    assert_int_equal(http_server_counts(fixture->server).connections, 1);
    assert_string_equal(fixture->log.p, "GET /hold 0 unsent;");
}

static void a_request_outlives_the_server_if_need_be(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/hold"));
    fixture_settle(fixture);
    http_server_free(&fixture->server);
    assert_int_equal(fixture->gone, 1);
    http_respond_text(fixture->held, 200, S(""), S("dropped"));
    assert_string_equal(fixture->log.p, "");
    peer_close(&peer);
}

static void a_client_that_leaves_in_its_body_is_reported(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "PUT /a HTTP/1.1\r\n" SERVER_HOST "Content-Length: 10\r\n" END "part");
    fixture_settle(fixture);
    peer_close(&peer);
    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "GET /b HTT"); /* nothing to report */
    fixture_settle(fixture);
    peer_close(&peer);
    fixture_settle(fixture);
    assert_string_equal(fixture->log.p, "PUT /a 0 unsent;");
    assert_int_equal(http_server_counts(fixture->server).connections, 1);
    assert_int_equal(http_server_counts(fixture->server).buffered, 0);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(an_answer_has_date_and_length),
        SERVER_TEST(answers_without_body_have_none),
        SERVER_TEST(pipelined_requests_are_answered_in_order),
        SERVER_TEST(reading_ahead_is_bounded),
        SERVER_TEST(http10_closes_unless_it_asks_not_to),
        SERVER_TEST(a_half_closed_connection_gets_all_its_answers),
        SERVER_TEST(continue_is_sent_when_the_body_is_waited_for),
        SERVER_TEST(continue_is_not_sent_when_the_body_is_there_or_refused),
        SERVER_TEST(continue_is_not_sent_when_a_part_of_the_body_is_there),
        SERVER_TEST(a_head_may_be_answered_before_its_body_is_kept),
        SERVER_TEST(a_small_body_is_waited_for),
        SERVER_TEST(refused_requests_get_their_status_and_a_clean_end),
        SERVER_TEST(bodies_beyond_the_common_bound_get_503),
        SERVER_TEST(the_sandbox_can_cut_answers),
        SERVER_TEST(an_answer_after_the_connection_has_gone_is_dropped),
        SERVER_TEST(a_client_that_closes_is_reported_and_can_be_cut_off),
        SERVER_TEST(a_request_outlives_the_server_if_need_be),
        SERVER_TEST(a_client_that_leaves_in_its_body_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
