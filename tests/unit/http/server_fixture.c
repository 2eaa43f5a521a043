#include "tests/unit/http/server_fixture.h"

#include "bridge/core/clock.h"
#include "bridge/core/mem.h"
#include "bridge/core/secret.h"

#include <event2/buffer.h>
#include <stdlib.h>

static bool produce(struct evbuffer *out, void *arg)
{
    static const char bytes[10000];
    struct fixture *fixture = arg;
    size_t left = fixture->produce_total - fixture->produced;
    size_t n = left < sizeof(bytes) ? left : sizeof(bytes);

    evbuffer_add(out, bytes, n);
    fixture->produced += n;
    return n < left;
}

/** Appends something only each third time, and nothing in the end: a search that finds little. */
static bool produce_slowly(struct evbuffer *out, void *arg)
{
    struct fixture *fixture = arg;

    if (++fixture->produced % 3 == 0) {
        evbuffer_add(out, "x", 1);
    }
    return fixture->produced < 11;
}

/** Nothing until it may go on. */
static bool produce_when_told(struct evbuffer *out, void *arg)
{
    struct fixture *fixture = arg;

    if (fixture->may_produce) {
        evbuffer_add(out, "told", 4);
    }
    return !fixture->may_produce;
}

/** A byte at a time, until it may end: a search that finds something now and then. */
static bool produce_a_byte(struct evbuffer *out, void *arg)
{
    struct fixture *fixture = arg;

    evbuffer_add(out, "x", 1);
    fixture->produced++;
    return !fixture->may_produce;
}

static void produce_freed(void *arg)
{
    struct fixture *fixture = arg;

    fixture->freed++;
}

static void on_gone(void *arg)
{
    struct fixture *fixture = arg;

    fixture->gone++;
}

static void handle(struct http_request *request, void *arg)
{
    struct fixture *fixture = arg;
    struct str type = S("text/plain");

    if (str_eq(request->query, S("gzip"))) {
        http_respond_compressed(request);
    }
    if (str_eq(request->path, S("/hold"))) {
        fixture->held = request;
        http_request_on_gone(request, on_gone, fixture);
    } else if (str_eq(request->path, S("/echo"))) {
        http_respond_text(request, 200, type, request->body);
    } else if (str_eq(request->path, S("/empty"))) {
        http_respond(request, 204, (struct str){ 0 }, NULL);
    } else if (str_eq(request->path, S("/unmodified"))) {
        http_respond_text(request, 304, type, S("not sent"));
    } else if (str_eq(request->path, S("/stream"))) {
        http_respond_stream(request, 200, type, produce, produce_freed, fixture);
    } else if (str_eq(request->path, S("/slow"))) {
        http_respond_stream(request, 200, type, produce_slowly, produce_freed, fixture);
    } else if (str_eq(request->path, S("/wait"))) {
        http_respond_stream(request, 200, type, produce_when_told, produce_freed, fixture);
    } else if (str_eq(request->path, S("/drip"))) {
        http_respond_stream(request, 200, type, produce_a_byte, produce_freed, fixture);
    } else if (str_eq(request->path, S("/cut"))) {
        http_respond_cut(request);
    } else if (str_eq(request->path, S("/truncated"))) {
        http_respond_truncated(request, 200, type, S("0123456789"), 4);
    } else if (str_eq(request->path, S("/peer"))) {
        http_respond_text(request, 200, type, request->peer);
    } else {
        http_respond_header(request, S("X-Agent"), http_request_header(request, S("user-agent")));
        http_respond_header(request, S("X-Path"), request->path);
        http_respond_text(request, 200, type, S("hello"));
    }
}

static void check_head(struct http_request *request, void *arg)
{
    struct fixture *fixture = arg;

    fixture->heads++;
    if (str_eq(request->path, S("/nobody"))) {
        http_respond_text(request, 401, S("text/plain"), S("who are you?"));
    }
}

static void on_done(const struct http_request *request, int status, uint64_t sent_bytes, void *arg)
{
    struct fixture *fixture = arg;

    if (str_eq(request->path, S("/probe"))) {
        return;
    }
    buf_printf(&fixture->log, "%.*s %.*s %d %s;", STR_ARG(request->method_text),
        STR_ARG(request->path), status, sent_bytes > 0 ? "sent" : "unsent");
}

void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){ .limits = http_server_default_limits,
        .produce_total = 100000,
        .now_us = INT64_C(1790000000) * 1000000 };
    secret_start();
    clock_hold(fixture->now_us);
    buf_init(&fixture->log, 1 << 16);
    buf_put_text(&fixture->log, "");
}

void fixture_start(struct fixture *fixture)
{
    struct err err;

    fixture->loop = loop_new();
    fixture->server = http_server_new(fixture->loop, &fixture->limits, handle, on_done, fixture);
    http_server_check_heads(fixture->server, check_head);
    if (!http_server_listen(fixture->server, S("127.0.0.1:0"), fixture->address, &err)) {
        abort();
    }
    peer_open(&fixture->probe, fixture->loop, fixture->address);
}

void fixture_done(struct fixture *fixture)
{
    http_server_free(&fixture->server);
    peer_close(&fixture->probe);
    loop_free(&fixture->loop);
    buf_done(&fixture->log);
}

int fixture_set_up_with(void **state, const struct http_server_limits *limits)
{
    struct fixture *fixture = mem_alloc(sizeof(*fixture));

    fixture_init(fixture);
    if (limits != NULL) {
        fixture->limits = *limits;
    }
    fixture_start(fixture);
    *state = fixture;
    return 0;
}

int fixture_set_up(void **state)
{
    return fixture_set_up_with(state, NULL);
}

int fixture_tear_down(void **state)
{
    struct fixture *fixture = *state;

    fixture_done(fixture);
    mem_free(fixture);
    return 0;
}

static const char probe[] = "GET /probe HTTP/1.1\r\n" SERVER_HOST "\r\n";

void fixture_settle(struct fixture *fixture)
{
    peer_forget(&fixture->probe);
    peer_send_some(&fixture->probe, probe, sizeof(probe) - 1);
    if (!peer_gets(&fixture->probe, "hello")) { /* it had been idle for too long */
        peer_close(&fixture->probe);
        peer_open(&fixture->probe, fixture->loop, fixture->address);
        peer_send(&fixture->probe, probe);
        peer_wait_for(&fixture->probe, "hello");
    }
}

void fixture_advance(struct fixture *fixture, int64_t ms)
{
    fixture->now_us += ms * 1000;
    clock_hold(fixture->now_us);
    loop_run_due(fixture->loop);
}

static void on_turn_over(void *arg)
{
    loop_stop(arg);
}

void fixture_turn(struct fixture *fixture)
{
    for (int i = 0; i < 3; i++) { /* a post runs after one look at the sockets */
        loop_post(fixture->loop, on_turn_over, fixture->loop);
        loop_run(fixture->loop);
    }
}

static void on_stopped(void *arg)
{
    struct fixture *fixture = arg;

    fixture->is_stopped = true;
}

void fixture_stop(struct fixture *fixture, int64_t grace_ms)
{
    http_server_stop(fixture->server, grace_ms, on_stopped, fixture);
}
