#include "tests/unit/http/server_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/core/mem.h"

#include <sys/socket.h>

static void an_idle_connection_is_closed_without_a_word(void **state)
{
    struct fixture *fixture = *state;
    struct peer fresh;
    struct peer used;

    peer_open(&fresh, fixture->loop, fixture->address);
    peer_open(&used, fixture->loop, fixture->address);
    fixture_settle(fixture);
    fixture_advance(fixture, 60000);
    peer_send(&used, GET("/"));
    peer_wait_for(&used, "hello");
    peer_send(&used, "\r\n"); /* a stray line end begins no request */
    fixture_settle(fixture);
    fixture_advance(fixture, 60000);
    peer_wait_for_end(&fresh);
    assert_int_equal(fresh.total, 0);
    fixture_settle(fixture);
    assert_false(used.is_eof);
    peer_forget(&used);
    fixture_advance(fixture, 59999);
    fixture_settle(fixture);
    assert_false(used.is_eof);
    fixture_advance(fixture, 1);
    peer_wait_for_end(&used);
    assert_string_equal(used.in.p, "");
    peer_close(&fresh);
    peer_close(&used);
}

static void a_slow_head_gets_408_however_it_drips(void **state)
{
    struct fixture *fixture = *state;
    const char *drips[] = { "G", "ET /a", " HTTP/1.1\r\n", "Host: h\r\n" };
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    for (size_t i = 0; i < ARRAY_LEN(drips); i++) {
        peer_send(&peer, drips[i]);
        fixture_settle(fixture);
        assert_int_equal(peer.total, 0);
        fixture_advance(fixture, 5000);
    }
    peer_wait_for_end(&peer);
    assert_true(peer_has(&peer, "HTTP/1.1 408 Request Timeout\r\n"));
    assert_true(peer_has(&peer, "Connection: close\r\n"));
    assert_string_equal(fixture->log.p, "GET /a 408 sent;");
    peer_close(&peer);
}

static void the_head_timer_starts_anew_for_each_request(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    for (int i = 0; i < 3; i++) {
        peer_send(&peer, "GET / HTTP/1.1\r\n");
        fixture_settle(fixture);
        fixture_advance(fixture, 15000);
        peer_send(&peer, SERVER_HOST END);
        peer_wait_for(&peer, "hello");
        peer_forget(&peer);
        fixture_advance(fixture, 15000);
        fixture_settle(fixture);
        assert_false(peer.is_eof);
    }
    peer_close(&peer);
}

static void a_body_without_progress_gets_408(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;
    char piece[1025] = "";

    for (int i = 0; i < 1024; i++) {
        piece[i] = 'b';
    }
    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "PUT /a HTTP/1.1\r\n" SERVER_HOST "Content-Length: 100000\r\n" END);
    for (int i = 0; i < 3; i++) { /* real progress */
        fixture_settle(fixture);
        fixture_advance(fixture, 29000);
        peer_send(&peer, piece);
    }
    for (int i = 0; i < 3; i++) { /* none to speak of */
        fixture_settle(fixture);
        assert_int_equal(peer.total, 0);
        fixture_advance(fixture, 10000);
        peer_send(&peer, "b");
    }
    peer_wait_for_end(&peer);
    assert_true(peer_has(&peer, "HTTP/1.1 408 Request Timeout\r\n"));
    assert_string_equal(fixture->log.p, "PUT /a 408 sent;");
    peer_close(&peer);
}

static void a_body_has_its_time_however_it_drips(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;
    char piece[1025] = "";

    for (int i = 0; i < 1024; i++) {
        piece[i] = 'b';
    }
    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "PUT /a HTTP/1.1\r\n" SERVER_HOST "Content-Length: 100000\r\n" END);
    for (int i = 0; i < 14; i++) {
        fixture_settle(fixture);
        assert_int_equal(peer.total, 0);
        fixture_advance(fixture, 20000);
        peer_send(&peer, piece);
    }
    fixture_settle(fixture);
    assert_int_equal(http_server_counts(fixture->server).buffered, 14 * 1024);
    fixture_advance(fixture, 20000);
    peer_wait_for_end(&peer);
    assert_true(peer_has(&peer, "HTTP/1.1 408 Request Timeout\r\n"));
    assert_int_equal(http_server_counts(fixture->server).buffered, 0);
    peer_close(&peer);
}

static void a_handler_may_take_its_time(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, GET("/hold"));
    fixture_settle(fixture);
    fixture_advance(fixture, 1000000);
    fixture_settle(fixture);
    assert_false(http_request_is_gone(fixture->held));
    http_respond_text(fixture->held, 200, S(""), S("late"));
    peer_wait_for(&peer, "late");
    peer_close(&peer);
}

static void a_reader_that_stalls_is_dropped(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    fixture->produce_total = 64 << 20;
    peer_open(&peer, fixture->loop, fixture->address);
    peer_stop_reading(&peer);
    peer_send(&peer, GET("/stream"));
    fixture_settle(fixture);
    for (int i = 0; i < 5; i++) { /* it takes some */
        char some[65536];
        fixture_advance(fixture, 59000);
        while (recv(peer.fd, some, sizeof(some), MSG_DONTWAIT) > 0) {
        }
        fixture_settle(fixture);
        assert_int_equal(fixture->freed, 0);
    }
    fixture_settle(fixture);
    fixture_advance(fixture, 60000);
    assert_int_equal(fixture->freed, 1);
    assert_true(fixture->produced < fixture->produce_total);
    assert_string_equal(fixture->log.p, "GET /stream 200 sent;");
    peer_close(&peer);
}

static void a_lingering_connection_ends_with_its_time(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    peer_open(&peer, fixture->loop, fixture->address);
    peer_send(&peer, "nonsense\r\n");
    peer_wait_for_end(&peer); /* its side is closed, ours is not */
    fixture_settle(fixture);
    assert_int_equal(http_server_counts(fixture->server).connections, 2);
    fixture_advance(fixture, 5000);
    assert_int_equal(http_server_counts(fixture->server).connections, 1);
    peer_close(&peer);
}

static void stopping_finishes_what_has_begun(void **state)
{
    struct fixture *fixture = *state;
    struct peer idle;
    struct peer held;
    struct peer reading;

    peer_open(&idle, fixture->loop, fixture->address);
    peer_open(&held, fixture->loop, fixture->address);
    peer_open(&reading, fixture->loop, fixture->address);
    peer_send(&held, GET("/hold") GET("/never"));
    peer_send(&reading, "PUT /echo HTTP/1.1\r\n" SERVER_HOST "Content-Length: 4\r\n" END "bo");
    fixture_settle(fixture);
    fixture_stop(fixture, 10000);
    peer_wait_for_end(&idle);
    assert_int_equal(idle.total, 0);
    peer_send(&reading, "dy");
    peer_wait_for_end(&reading);
    assert_true(peer_has(&reading, "Connection: close\r\n"));
    assert_true(peer_has(&reading, "\r\n\r\nbody"));
    peer_close(&reading);
    assert_false(fixture->is_stopped);
    http_respond_text(fixture->held, 200, S(""), S("held"));
    peer_wait_for_end(&held);
    assert_true(peer_has(&held, "held"));
    assert_false(peer_has(&held, "/never"));
    assert_false(fixture->is_stopped); /* it lingers for the client to close */
    peer_close(&held);
    fixture_turn(fixture);
    assert_true(fixture->is_stopped);
    assert_int_equal(http_server_counts(fixture->server).connections, 0);
    peer_close(&idle);
}

static void stopping_ends_a_connection_after_the_answer_being_written(void **state)
{
    struct fixture *fixture = *state;
    struct peer peer;

    fixture->produce_total = 32 << 20;
    peer_open(&peer, fixture->loop, fixture->address);
    peer_stop_reading(&peer);
    peer_send(&peer, GET("/stream") GET("/never"));
    fixture_settle(fixture);
    fixture_stop(fixture, 10000);
    peer_read_on(&peer);
    peer_wait_for_end(&peer);
    assert_false(peer.is_reset);
    assert_true(str_has_suffix(buf_str(&peer.in), S("\r\n0\r\n\r\n")));
    peer_close(&peer);
}

static void stopping_ends_with_its_grace(void **state)
{
    struct fixture *fixture = *state;
    struct peer held;

    peer_open(&held, fixture->loop, fixture->address);
    peer_send(&held, GET("/hold"));
    fixture_settle(fixture);
    fixture_stop(fixture, 10000);
    fixture_advance(fixture, 9999);
    fixture_turn(fixture);
    assert_false(fixture->is_stopped);
    fixture_advance(fixture, 1);
    fixture_turn(fixture);
    assert_true(fixture->is_stopped);
    assert_int_equal(fixture->gone, 1);
    peer_wait_for_end(&held);
    assert_int_equal(held.total, 0);
    http_respond_text(fixture->held, 200, S(""), S("dropped"));
    assert_string_equal(fixture->log.p, "GET /hold 200 unsent;");
    peer_close(&held);
}

static void stopping_with_nothing_in_hand_ends_at_once_but_later(void **state)
{
    struct fixture *fixture = *state;

    fixture_settle(fixture);
    fixture_stop(fixture, 10000);
    assert_false(fixture->is_stopped); /* never from inside the call */
    fixture_turn(fixture);
    assert_true(fixture->is_stopped);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(an_idle_connection_is_closed_without_a_word),
        SERVER_TEST(a_slow_head_gets_408_however_it_drips),
        SERVER_TEST(the_head_timer_starts_anew_for_each_request),
        SERVER_TEST(a_body_without_progress_gets_408),
        SERVER_TEST(a_body_has_its_time_however_it_drips),
        SERVER_TEST(a_handler_may_take_its_time),
        SERVER_TEST(a_reader_that_stalls_is_dropped),
        SERVER_TEST(a_lingering_connection_ends_with_its_time),
        SERVER_TEST(stopping_finishes_what_has_begun),
        SERVER_TEST(stopping_ends_a_connection_after_the_answer_being_written),
        SERVER_TEST(stopping_ends_with_its_grace),
        SERVER_TEST(stopping_with_nothing_in_hand_ends_at_once_but_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
