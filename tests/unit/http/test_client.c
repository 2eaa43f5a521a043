#include "http/client.h"

#include "bridge/core/mem.h"
#include "tests/unit/http/script_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MOST_ANSWERS 64

/** One test: client, lane and server on one loop, and what came back. */
struct bench {
    struct loop *loop;
    struct http_client *client;
    struct http_lane *lane;
    struct script *script;
    struct {
        enum http_reach reach;
        int status;
        struct err err;
        bool is_late;
        char body[256];
        char type[64];
        char tag;
    } answers[MOST_ANSWERS];
    size_t answer_count, stop_at;
};

/** The argument of a transfer: which bench, and a letter to know it by. */
struct mark {
    struct bench *bench;
    char tag;
};

static void on_answer(const struct http_answer *answer, void *arg)
{
    struct mark *mark = (struct mark *)arg;
    struct bench *bench = mark->bench;
    size_t i = bench->answer_count++;
    struct str type;

    bench->answers[i].reach = answer->reach;
    bench->answers[i].status = answer->status;
    bench->answers[i].err = answer->err;
    bench->answers[i].is_late = answer->is_late;
    bench->answers[i].tag = mark->tag;
    snprintf(bench->answers[i].body, sizeof(bench->answers[i].body), "%.*s", STR_ARG(answer->body));
    if (http_header_find(answer->headers, answer->header_count, S("content-type"), &type)) {
        snprintf(bench->answers[i].type, sizeof(bench->answers[i].type), "%.*s", STR_ARG(type));
    }
    if (bench->answer_count == bench->stop_at) {
        loop_stop(bench->loop);
    }
}

static int set_up(void **state)
{
    struct bench *bench = (struct bench *)mem_alloc(sizeof(*bench));
    struct http_client_options options = {
        .user_agent = S("duedav-test"), .connect_timeout_ms = 10000, .answer_bytes = 4096
    };
    struct err err;

    alarm(100); /* a test that hangs is ended */
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    clock_hold(1800000000000000);
    bench->loop = loop_new();
    bench->script = script_new(bench->loop);
    assert_true(http_client_new(bench->loop, &options, &bench->client, &err));
    bench->lane = http_lane_new(bench->client, 4, S(""));
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = (struct bench *)*state;

    http_lane_free(&bench->lane);
    http_client_free(&bench->client);
    script_free(&bench->script);
    loop_free(&bench->loop);
    mem_free(bench);
    return 0;
}

static struct http_call call_of(struct bench *bench, const char *method)
{
    return (struct http_call){
        .method = str_from(method), .url = script_url(bench->script), .deadline_ms = 20000
    };
}

static void run_until_answers(struct bench *bench, size_t count)
{
    bench->stop_at = count;
    loop_run(bench->loop);
    assert_int_equal(bench->answer_count, count);
}

static void run_until_requests(struct bench *bench, size_t count)
{
    script_stop_at(bench->script, count);
    loop_run(bench->loop);
    assert_int_equal(script_requests(bench->script), count);
}

static void get_brings_status_headers_and_body(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { bench, 'a' };
    struct http_header headers[] = { { S("Prefer"), S("a=1") }, { S("Prefer"), S("b") } };
    struct http_call call = call_of(bench, "GET");

    call.headers = headers;
    call.header_count = 2;
    call.bearer = S("secret-token");
    script_add_json(bench->script, "200 OK", "", "{}");
    (void)http_lane_start(bench->lane, &call, on_answer, &mark);
    assert_int_equal(bench->answer_count, 0);
    assert_int_equal(http_lane_pending(bench->lane), 1);
    run_until_answers(bench, 1);
    assert_int_equal(bench->answers[0].reach, HTTP_ANSWERED);
    assert_int_equal(bench->answers[0].status, 200);
    assert_string_equal(bench->answers[0].body, "{}");
    assert_string_equal(bench->answers[0].type, "application/json");
    const char *request = script_request(bench->script, 0);
    assert_non_null(strstr(request, "GET / HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "Prefer: a=1\r\nPrefer: b\r\n"));
    assert_non_null(strstr(request, "Authorization: Bearer secret-token\r\n"));
    assert_non_null(strstr(request, "User-Agent: duedav-test\r\n"));
    assert_null(strstr(request, "Content-Type"));
    assert_null(strstr(request, "Expect"));
    assert_int_equal(http_lane_pending(bench->lane), 0);
}

static void body_is_sent_with_its_method_and_length(void **state)
{
    static const struct {
        const char *method, *body, *length;
    } cases[] = {
        { "POST", "{\"a\":1}", "Content-Length: 7\r\n" },
        { "PATCH", "{}", "Content-Length: 2\r\n" },
        { "POST", "", "Content-Length: 0\r\n" },
    };
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { bench, 'a' };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_call call = call_of(bench, cases[i].method);

        call.body = str_from(cases[i].body);
        call.has_body = true;
        script_add_json(bench->script, "201 Created", "", "{}");
        (void)http_lane_start(bench->lane, &call, on_answer, &mark);
        run_until_answers(bench, i + 1);
        const char *request = script_request(bench->script, i);
        assert_int_equal(strncmp(request, cases[i].method, strlen(cases[i].method)), 0);
        assert_non_null(strstr(request, cases[i].length));
        assert_null(strstr(request, "x-www-form-urlencoded"));
        assert_string_equal(strstr(request, "\r\n\r\n") + 4, cases[i].body);
    }
    assert_int_equal(script_connections(bench->script), 1); /* reused */
}

static void redirect_is_an_answer_and_is_not_followed(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { bench, 'a' };
    struct http_call call = call_of(bench, "GET");

    script_add_json(bench->script, "302 Found", "Location: /elsewhere\r\n", "");
    (void)http_lane_start(bench->lane, &call, on_answer, &mark);
    run_until_answers(bench, 1);
    assert_int_equal(bench->answers[0].status, 302);
    assert_int_equal(script_requests(bench->script), 1);
}

static void cut_connections_are_told_apart_from_answers(void **state)
{
    static const struct {
        const char *answer;
        enum http_reach reach;
        enum err_kind kind;
    } cases[] = {
        { NULL, HTTP_MAYBE_SENT, ERR_BUSY },
        { "HTTP/1.1 200 OK\r\nContent-Le", HTTP_MAYBE_SENT, ERR_BUSY },
        { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", HTTP_MAYBE_SENT, ERR_BUSY },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", HTTP_MAYBE_SENT,
            ERR_BUSY },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            HTTP_ANSWERED, ERR_NONE },
        { "HTTP/1.1 204 No Content\r\n\r\n", HTTP_ANSWERED, ERR_NONE },
        { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            HTTP_ANSWERED, ERR_NONE },
        { "nonsense\r\n\r\n", HTTP_MAYBE_SENT, ERR_UPSTREAM },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{}", HTTP_MAYBE_SENT, ERR_UPSTREAM },
    };
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { bench, 'a' };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_call call = call_of(bench, "POST");

        call.has_body = true;
        script_add(bench->script, cases[i].answer, SCRIPT_CLOSE);
        (void)http_lane_start(bench->lane, &call, on_answer, &mark);
        run_until_answers(bench, i + 1);
        if (bench->answers[i].reach != cases[i].reach ||
            bench->answers[i].err.kind != cases[i].kind) {
            fail_msg("case %zu: reach %d, %s: %s", i, (int)bench->answers[i].reach,
                err_kind_name(bench->answers[i].err.kind), bench->answers[i].err.text);
        }
    }
    assert_int_equal(script_requests(bench->script), ARRAY_LEN(cases));
}

/* libcurl 7.88 by itself repeats any request on a reused connection that turns out to be dead */
static void what_was_sent_on_a_reused_connection_is_not_sent_again(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { bench, 'a' };
    struct http_call call = call_of(bench, "POST");

    call.has_body = true;
    script_add_json(bench->script, "200 OK", "", "{}");
    script_add(bench->script, NULL, SCRIPT_CLOSE); /* done, then cut */
    script_add_json(bench->script, "200 OK", "", "{}");
    (void)http_lane_start(bench->lane, &call, on_answer, &mark);
    run_until_answers(bench, 1);
    (void)http_lane_start(bench->lane, &call, on_answer, &mark);
    run_until_answers(bench, 2);
    assert_int_equal(script_requests(bench->script), 2);
    assert_int_equal(bench->answers[1].reach, HTTP_MAYBE_SENT);
    assert_int_equal(bench->answers[1].err.kind, ERR_BUSY);
}

static void refused_connection_was_not_sent(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { bench, 'a' };
    struct http_call call = call_of(bench, "POST");

    call.url = S("http://127.0.0.1:1/");
    (void)http_lane_start(bench->lane, &call, on_answer, &mark);
    run_until_answers(bench, 1);
    assert_int_equal(bench->answers[0].reach, HTTP_NOT_SENT);
    assert_int_equal(bench->answers[0].err.kind, ERR_BUSY);
}

static void calls_that_cannot_be_sent_are_invalid(void **state)
{
    static const struct {
        const char *method, *url, *value;
    } cases[] = {
        { "GET", "http://127.0.0.1:1/", "a\r\nEvil: 1" },
        { "GE\nT", "http://127.0.0.1:1/", "a" },
        { "GET", "http://127.0.0.1:1/\r\n", "a" },
    };
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { bench, 'a' };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header header = { S("X-A"), str_from(cases[i].value) };
        struct http_call call = call_of(bench, cases[i].method);

        call.url = str_from(cases[i].url);
        call.headers = &header;
        call.header_count = 1;
        (void)http_lane_start(bench->lane, &call, on_answer, &mark);
        assert_int_equal(bench->answer_count, i);
        run_until_answers(bench, i + 1);
        assert_int_equal(bench->answers[i].reach, HTTP_NOT_SENT);
        assert_int_equal(bench->answers[i].err.kind, ERR_INVALID);
    }
}

static void other_protocols_are_refused(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { bench, 'a' };
    struct http_call call = call_of(bench, "GET");

    call.url = S("file:///etc/passwd");
    (void)http_lane_start(bench->lane, &call, on_answer, &mark);
    run_until_answers(bench, 1);
    assert_int_equal(bench->answers[0].reach, HTTP_NOT_SENT);
    assert_int_equal(bench->answers[0].err.kind, ERR_UPSTREAM);
}

static void lane_sends_four_at_a_time_and_the_foreground_first(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark marks[12];

    script_hold(bench->script);
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        struct http_call call = call_of(bench, "GET");

        marks[i] = (struct mark){ bench, (char)('a' + i) };
        call.is_background = i < 8;
        script_add_json(bench->script, "200 OK", "", "{}");
        (void)http_lane_start(bench->lane, &call, on_answer, &marks[i]);
    }
    assert_int_equal(http_lane_pending(bench->lane), 12);
    run_until_requests(bench, 4);
    script_release(bench->script);
    run_until_answers(bench, 12);
    assert_int_equal(script_most_open(bench->script), 4);
    /* a to d were on their way when the foreground came */
    for (size_t i = 4; i < 8; i++) {
        assert_in_range(bench->answers[i].tag, 'i', 'l');
    }
}

static void held_lane_sends_nothing_until_released(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { bench, 'a' };
    struct http_call call = call_of(bench, "GET");

    http_lane_hold(bench->lane, true);
    struct http_transfer *transfer = http_lane_start(bench->lane, &call, on_answer, &mark);
    assert_true(http_transfer_is_waiting(transfer));
    script_add_json(bench->script, "200 OK", "", "{}");
    http_lane_hold(bench->lane, false);
    assert_false(http_transfer_is_waiting(transfer));
    run_until_answers(bench, 1);
}

static void deadline_ends_what_waits_and_what_flies(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark marks[5];

    script_hold(bench->script);
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        struct http_call call = call_of(bench, "POST");

        call.has_body = true;
        marks[i] = (struct mark){ bench, (char)('a' + i) };
        (void)http_lane_start(bench->lane, &call, on_answer, &marks[i]);
    }
    run_until_requests(bench, 4);
    clock_hold(1800000000000000 + 20000000);
    bench->stop_at = 5;
    loop_run_due(bench->loop);
    run_until_answers(bench, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(bench->answers[i].err.kind, ERR_BUSY);
        assert_true(bench->answers[i].is_late);
        assert_int_equal(bench->answers[i].reach,
            bench->answers[i].tag == 'e' ? HTTP_NOT_SENT : HTTP_MAYBE_SENT);
    }
}

static void aborted_transfers_do_not_call_back(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { bench, 'a' }, other = { bench, 'z' };
    struct http_transfer *transfers[6];

    script_hold(bench->script);
    for (size_t i = 0; i < ARRAY_LEN(transfers); i++) {
        struct http_call call = call_of(bench, "GET");

        transfers[i] = http_lane_start(bench->lane, &call, on_answer, &mark);
    }
    run_until_requests(bench, 4);
    for (size_t i = 0; i < ARRAY_LEN(transfers); i++) {
        http_transfer_abort(&transfers[i]);
        assert_null(transfers[i]);
    }
    assert_int_equal(http_lane_pending(bench->lane), 0);

    struct http_call bad = call_of(bench, "G T\n");
    struct http_transfer *over = http_lane_start(bench->lane, &bad, on_answer, &mark);
    http_transfer_abort(&over); /* its callback was posted already */

    struct http_call refused = call_of(bench, "GET");
    refused.url = S("http://127.0.0.1:1/");
    (void)http_lane_start(bench->lane, &refused, on_answer, &other);
    run_until_answers(bench, 1);
    assert_int_equal(bench->answers[0].tag, 'z');
}

int main(void)
{
#define BENCH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        BENCH(get_brings_status_headers_and_body),
        BENCH(body_is_sent_with_its_method_and_length),
        BENCH(redirect_is_an_answer_and_is_not_followed),
        BENCH(cut_connections_are_told_apart_from_answers),
        BENCH(what_was_sent_on_a_reused_connection_is_not_sent_again),
        BENCH(refused_connection_was_not_sent),
        BENCH(calls_that_cannot_be_sent_are_invalid),
        BENCH(other_protocols_are_refused),
        BENCH(lane_sends_four_at_a_time_and_the_foreground_first),
        BENCH(held_lane_sends_nothing_until_released),
        BENCH(deadline_ends_what_waits_and_what_flies),
        BENCH(aborted_transfers_do_not_call_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
