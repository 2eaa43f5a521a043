/*
 * A resolver that does not answer must block nothing: libcurl without CURLOPT_QUICK_EXIT joins its
 * resolver thread when a transfer is taken out. getaddrinfo is ours here and returns only when the
 * test says so; if anything on the loop waited for it, the test would hang.
 */
#include "bridge/core/mem.h"
#include "http/client.h"

#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool may_return;
static unsigned inside;
static int entered_fd;

int getaddrinfo(
    const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    uint64_t one = 1;

    (void)node;
    (void)service;
    (void)hints;
    (void)result;
    pthread_mutex_lock(&lock);
    inside++;
    if (write(entered_fd, &one, sizeof(one)) != sizeof(one)) {
        _exit(99);
    }
    while (!may_return) {
        pthread_cond_wait(&changed, &lock);
    }
    inside--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return EAI_AGAIN;
}

static void on_answer(const struct http_answer *answer, void *arg)
{
    (void)answer;
    (void)arg;
    fail_msg("an aborted transfer called back");
}

static void stop(void *arg)
{
    loop_stop((struct loop *)arg);
}

static void a_slow_resolver_blocks_neither_abort_nor_end(void **state)
{
    struct http_client_options options = { .connect_timeout_ms = 10000, .answer_bytes = 4096 };
    struct http_call call = {
        .method = S("GET"), .url = S("http://slow.example/"), .deadline_ms = 20000
    };
    struct loop *loop = loop_new();
    struct http_client *client;
    struct err err;

    (void)state;
    alarm(100);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    entered_fd = eventfd(0, 0);
    assert_true(http_client_new(loop, &options, &client, &err));
    struct http_lane *lane = http_lane_new(client, 4, S(""));
    struct http_transfer *transfer = http_lane_start(lane, &call, on_answer, NULL);
    struct loop_watch *watch = loop_watch_readable(loop, entered_fd, stop, loop);
    loop_run(loop); /* until the resolver is at work */
    http_transfer_abort(&transfer);
    loop_post(loop, stop, loop); /* the loop still turns */
    loop_run(loop);
    http_lane_free(&lane);
    http_client_free(&client);
    pthread_mutex_lock(&lock);
    assert_int_equal(inside, 1);
    may_return = true;
    pthread_cond_broadcast(&changed);
    while (inside > 0) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    loop_unwatch(&watch);
    loop_free(&loop);
    close(entered_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_resolver_blocks_neither_abort_nor_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
