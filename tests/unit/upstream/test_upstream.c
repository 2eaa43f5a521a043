#include "bridge/upstream/upstream.h"

#include "bridge/core/log.h"
#include "bridge/core/mem.h"
#include "ical/zone.h"
#include "tests/unit/http/script_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define START_US     1800000000000000
#define MOST_REPLIES 64
#define DEADLINE_MS  20000
#define TASK_JSON    "{\"Id\":\"T1\",\"Subject\":\"x\"}"

struct seen {
    char tag;
    enum err_kind kind;
    int code;
    unsigned retry_after_s;
    bool is_unclear, is_forgotten;
    enum upstream_link link_kind;
    char link[256];
    size_t items;
};

struct bench {
    struct loop *loop;
    struct http_client *client;
    struct script *script;
    struct upstream *upstream;
    struct seen seen[MOST_REPLIES];
    size_t seen_count, stop_at;
    void (*then)(struct bench *bench); /**< run inside the next callback */
};

struct mark {
    struct bench *bench;
    char tag;
};

static void on_reply(struct upstream_reply *reply, void *arg)
{
    struct mark *mark = (struct mark *)arg;
    struct bench *bench = mark->bench;
    struct seen *seen = &bench->seen[bench->seen_count++];
    struct arena *arena = arena_new();
    struct upstream_item item;
    struct err err;

    *seen = (struct seen){ .tag = mark->tag,
        .kind = reply->err.kind,
        .code = reply->err.code,
        .retry_after_s = reply->err.retry_after_s,
        .is_unclear = reply->is_unclear,
        .is_forgotten = reply->is_forgotten,
        .link_kind = reply->link_kind };
    snprintf(seen->link, sizeof(seen->link), "%.*s", STR_ARG(reply->link));
    while (reply->page != NULL && dialect_outlook.next_item(reply->page, arena, &item, &err)) {
        seen->items++;
    }
    arena_free(&arena);
    if (bench->then != NULL) {
        bench->then(bench);
    }
    if (bench->seen_count == bench->stop_at) {
        loop_stop(bench->loop);
    }
}

static int set_up(void **state)
{
    struct bench *bench = (struct bench *)mem_alloc(sizeof(*bench));
    struct http_client_options options = {
        .user_agent = S("duedav-test"), .connect_timeout_ms = 10000, .answer_bytes = 65536
    };
    struct upstream_options target = { .dialect = &dialect_outlook };
    struct err err;

    alarm(100);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    secret_start();
    secret_seed(1);
    log_start(LOG_LEVEL_ERROR, false, 2);
    clock_hold(START_US);
    bench->loop = loop_new();
    bench->script = script_new(bench->loop);
    assert_true(http_client_new(bench->loop, &options, &bench->client, &err));
    target.url = script_url(bench->script);
    assert_true(upstream_new(bench->loop, bench->client, &target, &bench->upstream, &err));
    upstream_set_token(bench->upstream, S("the-token"));
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = (struct bench *)*state;

    upstream_free(&bench->upstream);
    http_client_free(&bench->client);
    script_free(&bench->script);
    loop_free(&bench->loop);
    mem_free(bench);
    return 0;
}

static const struct upstream_call get_call = { .kind = UPSTREAM_GET_TASK, .task_id = STR("T1") };
static const struct upstream_call complete_call = { .kind = UPSTREAM_COMPLETE_TASK,
    .task_id = STR("T1") };
static const struct upstream_call delete_call = { .kind = UPSTREAM_DELETE_TASK,
    .task_id = STR("T1") };
static const struct upstream_call sync_call = { .kind = UPSTREAM_SYNC_TASKS,
    .folder_id = STR("F1") };

static struct upstream_op *start(
    struct bench *bench, const struct upstream_call *call, bool is_background, struct mark *mark)
{
    mark->bench = bench;
    return upstream_start(bench->upstream, call, is_background, DEADLINE_MS, on_reply, mark);
}

/* Run until so many callbacks have come in all. */
static void run_until(struct bench *bench, size_t count)
{
    bench->stop_at = count;
    if (bench->seen_count < count) {
        loop_run(bench->loop);
    }
    assert_int_equal(bench->seen_count, count);
}

static void run_until_requests(struct bench *bench, size_t count)
{
    script_stop_at(bench->script, count);
    loop_run(bench->loop);
    assert_int_equal(script_requests(bench->script), count);
}

static struct seen *ask(struct bench *bench, const struct upstream_call *call)
{
    struct mark mark = { .tag = 'a' };
    size_t before = bench->seen_count;

    (void)start(bench, call, false, &mark);
    assert_int_equal(bench->seen_count, before);
    run_until(bench, before + 1);
    return &bench->seen[before];
}

static void a_round_goes_through_its_links(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct upstream_call call = sync_call;
    struct seen *seen;
    char json[1000], link[256];
    const char *url = script_url(bench->script).p;

    snprintf(json, sizeof(json),
        "{\"value\":[{\"Id\":\"a\"}],\"@odata.deltaLink\":\"%sT/?%%24deltatoken=1\"}", url);
    script_add_json(bench->script, "200 OK", "Preference-Applied: odata.track-changes\r\n", json);
    snprintf(json, sizeof(json),
        "{\"value\":[{\"Id\":\"b\"},{\"Id\":\"c\"}],\"@odata.nextLink\":\"%sT/?%%24skipToken=2\"}",
        url);
    script_add_json(bench->script, "200 OK", "", json);
    snprintf(
        json, sizeof(json), "{\"value\":[],\"@odata.deltaLink\":\"%sT/?%%24deltaToken=3\"}", url);
    script_add_json(bench->script, "200 OK", "", json);

    seen = ask(bench, &call);
    assert_int_equal(seen->link_kind, UPSTREAM_LINK_MORE);
    assert_int_equal(seen->items, 1);
    snprintf(link, sizeof(link), "%s", seen->link);
    call.link = str_from(link);
    seen = ask(bench, &call);
    assert_int_equal(seen->link_kind, UPSTREAM_LINK_MORE);
    assert_int_equal(seen->items, 2);
    snprintf(link, sizeof(link), "%s", seen->link);
    call.link = str_from(link);
    seen = ask(bench, &call);
    assert_int_equal(seen->link_kind, UPSTREAM_LINK_DONE);

    assert_non_null(strstr(script_request(bench->script, 0), "GET /TaskFolders('F1')/Tasks HTTP"));
    assert_non_null(strstr(script_request(bench->script, 0), "Prefer: odata.track-changes\r\n"));
    assert_non_null(strstr(script_request(bench->script, 1), "GET /T/?%24deltatoken=1 HTTP"));
    assert_non_null(strstr(script_request(bench->script, 1), "Prefer: odata.track-changes\r\n"));
    assert_non_null(strstr(script_request(bench->script, 2), "GET /T/?%24skipToken=2 HTTP"));
    assert_null(strstr(script_request(bench->script, 2), "track-changes"));
    assert_non_null(
        strstr(script_request(bench->script, 2), "Authorization: Bearer the-token\r\n"));
    assert_int_equal(upstream_request_count(bench->upstream), 3);
}

static void a_link_to_another_host_is_never_followed(void **state)
{
    static const char *const links[] = { "https://outlook.office.com/api/v2.0/me/x",
        "http://127.0.0.1:1/x", "https://evil.example/x", "http://user@127.0.0.1/x", "/x",
        "file:///etc/passwd", "http://127.0.0.1/x", "#links", "#more-links" };
    struct bench *bench = (struct bench *)*state;
    char json[1000];

    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        struct upstream_call call = sync_call;
        struct seen *seen;

        snprintf(json, sizeof(json), "{\"value\":[{\"Id\":\"a\"}],\"@odata.%s\":\"%s\"}",
            i % 2 ? "nextLink" : "deltaLink", links[i]);
        script_add_json(bench->script, "200 OK", "", json);
        seen = ask(bench, &call);
        assert_int_equal(seen->kind, ERR_UPSTREAM);
        assert_int_equal(seen->items, 0);
        assert_int_equal(seen->link_kind, UPSTREAM_LINK_NONE);
        call.link = str_from(links[i]);
        seen = ask(bench, &call);
        assert_int_equal(seen->kind, ERR_UPSTREAM);
    }
    assert_int_equal(script_requests(bench->script), ARRAY_LEN(links));
}

/* Seen from a proxy, which is asked for the host and never gets to see the token. */
static void both_hosts_of_the_service_are_one_and_no_other(void **state)
{
    static const struct {
        const char *base, *link, *connect;
    } cases[] = {
        { "https://outlook.office.com/api/v2.0/me", "https://outlook.office365.com/api/v2.0/x",
            "CONNECT outlook.office365.com:443 " },
        { "https://outlook.office365.com/api/v2.0/me", "https://outlook.office.com/x",
            "CONNECT outlook.office.com:443 " },
        { "https://outlook.office.com/api/v2.0/me", "https://outlook.office.com:444/x", NULL },
        { "https://outlook.office.com/api/v2.0/me", "http://outlook.office.com/x", NULL },
        { "https://outlook.office.com/api/v2.0/me", "https://outlook.office.com.evil.example/x",
            NULL },
        { "https://tasks.example/me", "https://outlook.office.com/api/v2.0/x", NULL },
    };
    struct bench *bench = (struct bench *)*state;
    size_t requests = 0;

    setenv("https_proxy", script_url(bench->script).p, 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct upstream_options options = { .dialect = &dialect_outlook,
            .url = str_from(cases[i].base) };
        struct upstream_call call = sync_call;
        struct mark mark = { bench, 'a' };
        struct upstream *upstream;
        struct err err;

        call.link = str_from(cases[i].link);
        assert_true(upstream_new(bench->loop, bench->client, &options, &upstream, &err));
        upstream_set_token(upstream, S("the-token"));
        if (cases[i].connect != NULL) {
            script_add_json(bench->script, "403 Forbidden", "", "");
        }
        (void)upstream_start(upstream, &call, true, DEADLINE_MS, on_reply, &mark);
        run_until(bench, i + 1);
        upstream_free(&upstream);
        if (cases[i].connect == NULL) {
            assert_int_equal(bench->seen[i].kind, ERR_UPSTREAM);
        } else {
            const char *request = script_request(bench->script, requests++);

            assert_int_equal(strncmp(request, cases[i].connect, strlen(cases[i].connect)), 0);
            assert_null(strstr(request, "the-token"));
            assert_int_equal(bench->seen[i].kind, ERR_BUSY);
        }
        assert_int_equal(script_requests(bench->script), requests);
    }
    unsetenv("https_proxy");
}

static void a_redirect_is_not_followed_with_the_token(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct script *other = script_new(bench->loop);
    char header[200];

    snprintf(header, sizeof(header), "Location: %s\r\n", script_url(other).p);
    script_add_json(bench->script, "307 Temporary Redirect", header, "");
    script_add_json(bench->script, "302 Found", "Location: /x\r\n", "");
    assert_int_equal(ask(bench, &get_call)->kind, ERR_UPSTREAM);
    assert_int_equal(ask(bench, &get_call)->kind, ERR_UPSTREAM);
    assert_int_equal(script_requests(bench->script), 2);
    assert_int_equal(script_connections(other), 0);
    script_free(&other);
}

static void a_get_whose_connection_broke_is_tried_once_more(void **state)
{
    struct bench *bench = (struct bench *)*state;

    script_add(bench->script, NULL, SCRIPT_CLOSE);
    script_add_json(bench->script, "200 OK", "", TASK_JSON);
    assert_int_equal(ask(bench, &get_call)->kind, ERR_NONE);
    assert_int_equal(script_connections(bench->script), 2);

    script_add(bench->script, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", SCRIPT_CLOSE);
    script_add(bench->script, NULL, SCRIPT_CLOSE);
    assert_int_equal(ask(bench, &get_call)->kind, ERR_BUSY);
    assert_int_equal(script_requests(bench->script), 4);
}

static void a_refusal_of_a_token_that_was_replaced_meanwhile_is_no_answer(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { .tag = 'a' };

    script_add_json(bench->script, "401 Unauthorized", "", "");
    script_add_json(bench->script, "204 No Content", "", "");
    script_add_json(bench->script, "401 Unauthorized", "", "");
    script_hold(bench->script);
    (void)start(bench, &delete_call, false, &mark);
    run_until_requests(bench, 1);
    upstream_set_token(bench->upstream, S("new-token"));
    script_release(bench->script);
    run_until(bench, 1);
    assert_int_equal(bench->seen[0].kind, ERR_NONE);
    assert_non_null(strstr(script_request(bench->script, 0), "Bearer the-token\r\n"));
    assert_non_null(strstr(script_request(bench->script, 1), "Bearer new-token\r\n"));
    assert_int_equal(ask(bench, &delete_call)->kind, ERR_DENIED);
    assert_int_equal(script_requests(bench->script), 3);
}

static void writes_that_got_no_whole_answer_are_unclear_and_not_repeated(void **state)
{
    static const struct {
        const struct upstream_call *call;
        const char *answer;
        enum err_kind kind;
        bool is_unclear;
    } cases[] = {
        { &complete_call, NULL, ERR_BUSY, true },
        { &delete_call, NULL, ERR_BUSY, true },
        { &complete_call, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", ERR_BUSY, true },
        { &complete_call, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{", ERR_UPSTREAM, true },
        { &complete_call, "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{", ERR_UPSTREAM,
            true },
        { &complete_call, "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", ERR_BUSY, true },
        { &complete_call, "HTTP/1.1 502 X\r\nContent-Length: 0\r\n\r\n", ERR_BUSY, true },
        { &complete_call, "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n", ERR_BUSY, false },
        { &complete_call, "HTTP/1.1 504 X\r\nContent-Length: 0\r\n\r\n", ERR_BUSY, true },
        { &complete_call, "HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n", ERR_INVALID, false },
        { &delete_call, "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", ERR_BUSY, false },
        { &get_call, "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", ERR_BUSY, false },
        { &get_call, "HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\n{", ERR_UPSTREAM, false },
    };
    struct bench *bench = (struct bench *)*state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct seen *seen;

        script_add(bench->script, cases[i].answer, SCRIPT_CLOSE);
        seen = ask(bench, cases[i].call);
        if (seen->kind != cases[i].kind || seen->is_unclear != cases[i].is_unclear) {
            fail_msg("case %zu: %s, unclear %d", i, err_kind_name(seen->kind), seen->is_unclear);
        }
        assert_int_equal(script_requests(bench->script), i + 1);
    }
}

static void what_could_not_be_sent_is_clear(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct upstream_options options = { .dialect = &dialect_outlook,
        .url = S("http://127.0.0.1:1/me") };
    struct upstream *nobody;
    struct mark mark = { bench, 'a' };
    struct err err;

    assert_true(upstream_new(bench->loop, bench->client, &options, &nobody, &err));
    (void)upstream_start(nobody, &complete_call, false, DEADLINE_MS, on_reply, &mark);
    run_until(bench, 1);
    assert_int_equal(bench->seen[0].kind, ERR_BUSY);
    assert_false(bench->seen[0].is_unclear);
    upstream_free(&nobody);
}

static void throttling_rests_the_whole_mailbox(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark background = { .tag = 'b' };
    struct seen *seen;

    script_add_json(bench->script, "429 Too Many Requests", "Retry-After: 9.2\r\n", "");
    seen = ask(bench, &get_call);
    assert_int_equal(seen->kind, ERR_BUSY);
    assert_int_equal(seen->retry_after_s, 10);
    assert_int_equal(upstream_rest_s(bench->upstream), 10);

    clock_hold(START_US + 4000000);
    seen = ask(bench, &get_call); /* at once, without a request */
    assert_int_equal(seen->kind, ERR_BUSY);
    assert_int_equal(seen->retry_after_s, 6);
    (void)start(bench, &get_call, true, &background);
    assert_int_equal(script_requests(bench->script), 1);

    script_add_json(bench->script, "200 OK", "", TASK_JSON);
    clock_hold(START_US + 10000000);
    loop_run_due(bench->loop);
    run_until(bench, 3);
    assert_int_equal(bench->seen[2].tag, 'b');
    assert_int_equal(bench->seen[2].kind, ERR_NONE);
    assert_int_equal(upstream_rest_s(bench->upstream), 0);
}

static void a_rest_longer_than_the_deadline_ends_the_background_call(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark background = { .tag = 'b' };

    script_add_json(bench->script, "503 Service Unavailable", "Retry-After: 60\r\n", "");
    assert_int_equal(ask(bench, &get_call)->retry_after_s, 60);
    (void)start(bench, &get_call, true, &background);
    clock_hold(START_US + 20000000);
    loop_run_due(bench->loop);
    run_until(bench, 2);
    assert_int_equal(bench->seen[1].kind, ERR_BUSY);
    assert_int_equal(bench->seen[1].retry_after_s, 40);
    assert_int_equal(script_requests(bench->script), 1);
}

static void throttling_without_a_time_backs_off(void **state)
{
    struct bench *bench = (struct bench *)*state;
    int64_t now_us = START_US;
    unsigned least = 5;

    for (int i = 0; i < 7; i++) {
        struct seen *seen;

        script_add_json(bench->script, "429 Too Many Requests", "", "");
        seen = ask(bench, &get_call);
        assert_in_range(seen->retry_after_s, least, least + least / 2);
        least = least * 2 < 120 ? least * 2 : 120;
        now_us += (int64_t)seen->retry_after_s * 1000000;
        clock_hold(now_us);
        loop_run_due(bench->loop);
    }
}

static void throttling_fails_what_waits_in_the_foreground(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark marks[6];

    script_hold(bench->script);
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        marks[i].tag = (char)('a' + i);
        (void)start(bench, &get_call, i == 5, &marks[i]);
    }
    run_until_requests(bench, 4);
    script_add_json(bench->script, "429 Too Many Requests", "Retry-After: 5\r\n", "");
    for (int i = 0; i < 4; i++) {
        script_add_json(bench->script, "200 OK", "", TASK_JSON);
    }
    script_release_one(bench->script);
    run_until(bench, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(bench->seen[i].tag != 'f'); /* the background one waits */
        assert_int_equal(bench->seen[i].kind, ERR_BUSY);
        assert_int_equal(bench->seen[i].retry_after_s, 5);
    }
    assert_true(bench->seen[0].tag == 'e' || bench->seen[1].tag == 'e');
    script_release(bench->script);
    run_until(bench, 5);
    assert_int_equal(script_requests(bench->script), 4);
    clock_hold(START_US + 5000000);
    loop_run_due(bench->loop);
    run_until(bench, 6);
    assert_int_equal(bench->seen[5].tag, 'f');
    assert_int_equal(bench->seen[5].kind, ERR_NONE);
    assert_int_equal(script_most_open(bench->script), 4);
}

static void the_deadline_makes_a_write_unclear(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { .tag = 'a' };

    script_hold(bench->script);
    (void)start(bench, &complete_call, false, &mark);
    run_until_requests(bench, 1);
    clock_hold(START_US + 20000000);
    loop_run_due(bench->loop);
    run_until(bench, 1);
    assert_int_equal(bench->seen[0].kind, ERR_BUSY);
    assert_true(bench->seen[0].is_unclear);
}

static void what_a_dialect_cannot_say_fails_later_not_at_once(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct upstream_call call = { .kind = UPSTREAM_FIND_TASK };

    assert_int_equal(ask(bench, &call)->kind, ERR_INVALID);
}

static void aborted_calls_do_not_come_back(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark mark = { .tag = 'a' }, last = { .tag = 'z' };
    struct upstream_call unsayable = { .kind = UPSTREAM_FIND_TASK };
    struct upstream_op *ops[3];

    ops[0] = start(bench, &get_call, false, &mark);
    ops[1] = start(bench, &unsayable, false, &mark);
    ops[2] = start(bench, &get_call, true, &mark);
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        upstream_abort(&ops[i]);
        assert_null(ops[i]);
    }
    script_add_json(bench->script, "200 OK", "", TASK_JSON);
    (void)start(bench, &get_call, false, &last);
    run_until(bench, 1);
    assert_int_equal(bench->seen[0].tag, 'z');
}

static void free_everything(struct bench *bench)
{
    upstream_free(&bench->upstream);
}

static void an_upstream_may_be_freed_in_a_callback(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct mark marks[6];

    bench->then = free_everything;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        script_add_json(bench->script, "200 OK", "", TASK_JSON);
        (void)start(bench, &get_call, false, &marks[i]);
    }
    run_until(bench, 1);
    assert_null(bench->upstream);
}

static void only_loopback_may_do_without_tls(void **state)
{
    static const struct {
        const char *url;
        bool is_fine;
    } cases[] = {
        { "https://outlook.office.com/api/v2.0/me", true },
        { "https://outlook.example/", true },
        { "http://127.0.0.1:8080/me/", true },
        { "http://localhost/me", true },
        { "http://[::1]:1/me", true },
        { "http://outlook.office.com/api/v2.0/me/", false },
        { "http://127.evil.com/", false },
        { "http://localhost.evil.com/", false },
        { "ftp://127.0.0.1/", false },
        { "https://h/?x=1", false },
        { "nonsense", false },
    };
    struct bench *bench = (struct bench *)*state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct upstream_options options = { .dialect = &dialect_outlook,
            .url = str_from(cases[i].url) };
        struct upstream *upstream = NULL;
        struct err err = { 0 };

        if (upstream_new(bench->loop, bench->client, &options, &upstream, &err) !=
            cases[i].is_fine) {
            fail_msg("%s: %s", cases[i].url, err.text);
        }
        assert_true(cases[i].is_fine || err.kind == ERR_INVALID);
        upstream_free(&upstream);
    }
}

static void dialects_are_found_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(dialect_find(S("outlook")), &dialect_outlook);
    assert_null(dialect_find(S("Outlook")));
    assert_null(dialect_find(S("")));
}

int main(void)
{
#define BENCH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        BENCH(a_round_goes_through_its_links),
        BENCH(a_link_to_another_host_is_never_followed),
        BENCH(both_hosts_of_the_service_are_one_and_no_other),
        BENCH(a_redirect_is_not_followed_with_the_token),
        BENCH(a_get_whose_connection_broke_is_tried_once_more),
        BENCH(a_refusal_of_a_token_that_was_replaced_meanwhile_is_no_answer),
        BENCH(writes_that_got_no_whole_answer_are_unclear_and_not_repeated),
        BENCH(what_could_not_be_sent_is_clear),
        BENCH(throttling_rests_the_whole_mailbox),
        BENCH(a_rest_longer_than_the_deadline_ends_the_background_call),
        BENCH(throttling_without_a_time_backs_off),
        BENCH(throttling_fails_what_waits_in_the_foreground),
        BENCH(the_deadline_makes_a_write_unclear),
        BENCH(what_a_dialect_cannot_say_fails_later_not_at_once),
        BENCH(aborted_calls_do_not_come_back),
        BENCH(an_upstream_may_be_freed_in_a_callback),
        BENCH(only_loopback_may_do_without_tls),
        cmocka_unit_test(dialects_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
