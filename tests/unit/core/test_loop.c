#include "bridge/core/loop.h"

#include "bridge/core/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

/* What happened, as letters. */
static char trace[200];

struct actor {
    struct loop *loop;
    struct loop_timer timer;
    char letter;
    int left; /**< so often more */
    struct loop_watch *watch;
};

static void note(char letter)
{
    size_t n = strlen(trace);

    assert_true(n + 1 < sizeof(trace));
    trace[n] = letter;
    trace[n + 1] = '\0';
}

static void on_actor(void *arg)
{
    note(((struct actor *)arg)->letter);
}

static void on_stop(void *arg)
{
    loop_stop((struct loop *)arg);
}

static void timers_fire_in_order_of_time_then_start(void **state)
{
    static const int64_t delays[] = { 3, 1, 0, 2, 1, 3, -5, 0 };
    struct actor actors[ARRAY_LEN(delays)];
    struct loop *loop = loop_new();
    struct loop_timer stop;

    (void)state;
    trace[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
        actors[i].letter = (char)('a' + i);
        loop_timer_init(&actors[i].timer, loop, on_actor, &actors[i]);
        loop_timer_start(&actors[i].timer, delays[i]);
        assert_true(loop_timer_is_running(&actors[i].timer));
    }
    loop_timer_init(&stop, loop, on_stop, loop);
    loop_timer_start(&stop, 4);
    loop_run(loop);
    /* the millisecond may change between two starts, but not the order of unequal delays */
    assert_int_equal(strlen(trace), ARRAY_LEN(delays));
    assert_true(strchr(trace, 'c') < strchr(trace, 'd'));
    assert_true(strchr(trace, 'c') < strchr(trace, 'g'));
    assert_true(strchr(trace, 'g') < strchr(trace, 'h'));
    assert_true(strchr(trace, 'b') < strchr(trace, 'a'));
    assert_true(strchr(trace, 'a') < strchr(trace, 'f'));
    assert_false(loop_timer_is_running(&actors[0].timer));
    loop_free(&loop);
    assert_null(loop);
    loop_free(&loop);
}

static void on_post_again(void *arg)
{
    struct actor *actor = (struct actor *)arg;

    note(actor->letter);
    if (--actor->left > 0) {
        loop_post(actor->loop, on_post_again, actor);
    } else {
        loop_stop(actor->loop);
    }
}

static void on_readable(void *arg)
{
    struct actor *actor = (struct actor *)arg;

    note('r');
    if (--actor->left == 0) {
        loop_unwatch(&actor->watch);
        loop_stop(actor->loop);
    }
}

static void posts_run_in_order_and_let_sockets_in_between(void **state)
{
    struct loop *loop = loop_new();
    struct actor a = { .letter = 'a' };
    struct actor b = { .letter = 'b', .left = 5, .loop = loop };
    struct actor reader = { .left = 50, .loop = loop };
    int ends[2];

    (void)state;
    trace[0] = '\0';
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    reader.watch = loop_watch_readable(loop, ends[0], on_readable, &reader);
    loop_post(loop, on_actor, &a);
    loop_post(loop, on_post_again, &b);
    loop_post(loop, on_actor, &a);
    assert_string_equal(trace, ""); /* not before loop_run */
    loop_run(loop);
    assert_null(strstr(trace, "bb")); /* two turns without a look at the socket */
    assert_non_null(strstr(trace, "aba"));
    loop_run(loop);
    assert_null(reader.watch); /* unwatched by its own call */
    loop_free(&loop);
    close(ends[0]);
    close(ends[1]);
}

static void on_timer_again(void *arg)
{
    struct actor *actor = (struct actor *)arg;

    note(actor->letter);
    loop_timer_start(&actor->timer, 0);
}

static void timer_that_starts_itself_lets_sockets_in(void **state)
{
    struct loop *loop = loop_new();
    struct actor a = { .letter = 'a' };
    struct actor reader = { .left = 3, .loop = loop };
    int ends[2];

    (void)state;
    trace[0] = '\0';
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    reader.watch = loop_watch_readable(loop, ends[0], on_readable, &reader);
    loop_timer_init(&a.timer, loop, on_timer_again, &a);
    loop_timer_start(&a.timer, 0);
    loop_run(loop);
    assert_null(reader.watch);
    assert_true(strlen(trace) <= 8);
    loop_timer_stop(&a.timer);
    loop_free(&loop);
    close(ends[0]);
    close(ends[1]);
}

static void on_unpost_b(void *arg)
{
    struct actor *actors = (struct actor *)arg;

    note('u');
    loop_unpost(actors[0].loop, &actors[1]);
    loop_post(actors[0].loop, on_stop, actors[0].loop);
}

static void unposted_calls_do_not_come(void **state)
{
    struct loop *loop = loop_new();
    struct actor actors[2] = { { .letter = 'a', .loop = loop }, { .letter = 'b', .loop = loop } };

    (void)state;
    trace[0] = '\0';
    loop_post(loop, on_actor, &actors[0]);
    loop_post(loop, on_actor, &actors[1]);
    loop_unpost(loop, &actors[1]);
    loop_post(loop, on_actor, &actors[1]);
    loop_unpost(loop, &actors[1]);
    loop_post(loop, on_unpost_b, actors); /* also those of the same turn */
    loop_post(loop, on_actor, &actors[1]);
    loop_run(loop);
    assert_string_equal(trace, "au");
    loop_post(loop, on_actor, &actors[0]); /* freed with the loop, not called */
    loop_free(&loop);
    assert_string_equal(trace, "au");
}

static void signal_arrives_on_the_loop(void **state)
{
    struct loop *loop = loop_new();

    (void)state;
    loop_on_signal(loop, SIGUSR1, on_stop, loop);
    raise(SIGUSR1);
    loop_run(loop);
    loop_free(&loop);
}

/* The following hold the clock, which stays held. */

static void on_again(void *arg)
{
    struct actor *actor = (struct actor *)arg;

    note(actor->letter);
    if (--actor->left > 0) {
        loop_timer_start(&actor->timer, 10);
    }
}

static void held_clock_fires_by_hand_only(void **state)
{
    struct loop *loop = loop_new();
    struct actor a = { .letter = 'a', .left = 1 };
    struct actor b = { .letter = 'b', .left = 5 };
    int64_t now_us = 1000000;

    (void)state;
    trace[0] = '\0';
    clock_hold(now_us);
    loop_timer_init(&a.timer, loop, on_again, &a);
    loop_timer_init(&b.timer, loop, on_again, &b);
    loop_timer_start(&a.timer, 25);
    loop_timer_start(&b.timer, 10);
    loop_run_due(loop);
    assert_string_equal(trace, "");
    clock_hold(now_us + 9999);
    loop_run_due(loop);
    assert_string_equal(trace, "");
    clock_hold(now_us + 10000);
    loop_run_due(loop);
    assert_string_equal(trace, "b");
    clock_hold(now_us + 1000000); /* b starts again from now, not from when it was due */
    loop_run_due(loop);
    assert_string_equal(trace, "bba");
    loop_timer_start(&a.timer, 0);
    loop_timer_stop(&a.timer);
    loop_timer_stop(&a.timer);
    loop_timer_stop(&b.timer);
    clock_hold(now_us + 2000000);
    loop_run_due(loop);
    assert_string_equal(trace, "bba");
    loop_free(&loop);
}

static void held_clock_still_fires_what_is_due(void **state)
{
    struct loop *loop = loop_new();
    struct loop_timer stop, later;
    struct actor a = { .letter = 'a' };

    (void)state;
    trace[0] = '\0';
    clock_hold(clock_now_us());
    loop_timer_init(&later, loop, on_actor, &a);
    loop_timer_start(&later, 1);
    loop_timer_init(&stop, loop, on_stop, loop);
    loop_timer_start(&stop, 0);
    loop_run(loop);
    assert_string_equal(trace, "");
    loop_free(&loop);
}

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t bound)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % bound;
}

static int64_t last_due_ms;
static uint64_t last_order;

static void on_check_order(void *arg)
{
    struct loop_timer *timer = (struct loop_timer *)arg;

    assert_true(
        timer->due_ms > last_due_ms || (timer->due_ms == last_due_ms && timer->order > last_order));
    last_due_ms = timer->due_ms;
    last_order = timer->order;
}

static void many_timers_keep_their_order(void **state)
{
    static struct loop_timer timers[500];
    struct loop *loop = loop_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(timers); i++) {
        loop_timer_init(&timers[i], loop, on_check_order, &timers[i]);
    }
    for (int round = 0; round < 20; round++) {
        size_t running = 0;

        for (int i = 0; i < 3000; i++) {
            struct loop_timer *timer = &timers[random_below(ARRAY_LEN(timers))];

            if (random_below(3) == 0) {
                loop_timer_stop(timer);
            } else {
                loop_timer_start(timer, 1 + random_below(100));
            }
        }
        last_due_ms = 0;
        clock_hold(clock_now_us() + 50000);
        loop_run_due(loop);
        for (size_t i = 0; i < ARRAY_LEN(timers); i++) {
            running += loop_timer_is_running(&timers[i]);
            assert_true(!loop_timer_is_running(&timers[i]) || timers[i].due_ms > clock_mono_ms());
        }
        assert_true(running > 0);
    }
    clock_hold(clock_now_us() + 1000000);
    loop_run_due(loop);
    for (size_t i = 0; i < ARRAY_LEN(timers); i++) {
        assert_false(loop_timer_is_running(&timers[i]));
    }
    loop_free(&loop);
}

/* The test's side of the clock's socket, in a thread of its own. */
struct peer {
    int listener;
    const char *lines[4]; /**< each is sent when the answer before has come */
    const char *answers[4];
};

static void *run_peer(void *arg)
{
    struct peer *peer = (struct peer *)arg;
    int fd = accept(peer->listener, NULL, NULL);

    for (size_t i = 0; peer->lines[i] != NULL; i++) {
        char text[100] = "";
        size_t n = 0;

        if (write(fd, peer->lines[i], strlen(peer->lines[i])) < 0) {
            break;
        }
        while (n < strlen(peer->answers[i])) {
            ssize_t got = read(fd, text + n, strlen(peer->answers[i]) - n);

            if (got <= 0) {
                break;
            }
            n += (size_t)got;
        }
        if (strcmp(text, peer->answers[i]) != 0) {
            break;
        }
        if (peer->lines[i + 1] == NULL) {
            close(fd);
            return NULL;
        }
    }
    close(fd);
    return peer; /* not NULL: something went wrong */
}

static void listen_at(struct peer *peer, char path[64])
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    snprintf(path, 64, "/tmp/duedav-clock-%d", (int)getpid());
    memcpy(address.sun_path, path, strlen(path));
    unlink(path);
    peer->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
}

static void test_clock_sets_the_time_and_waits_for_what_is_due(void **state)
{
    struct loop *loop = loop_new();
    struct actor a = { .letter = 'a' };
    struct actor again = { .letter = 'p', .left = 3, .loop = loop };
    struct loop_timer stop;
    struct peer peer = {
        .lines = { "set 5000000\n", "set 6000000\nidle\n", "set 7000000\nset 8000000\n" },
        .answers = { "ok 5000000\n", "ok 6000000\nidle 2\n", "ok 7000000\nok 8000000\n" },
    };
    char path[64];
    pthread_t thread;
    void *failed;
    struct err err;

    (void)state;
    trace[0] = '\0';
    listen_at(&peer, path);
    pthread_create(&thread, NULL, run_peer, &peer);
    assert_true(loop_follow_test_clock(loop, path, &err));
    assert_int_equal(clock_now_us(), 5000000);
    loop_timer_init(&a.timer, loop, on_actor, &a);
    loop_timer_start(&a.timer, 1000);
    loop_timer_init(&stop, loop, on_stop, loop);
    loop_timer_start(&stop, 3000);
    loop_run(loop);
    assert_string_equal(trace, "a");
    assert_int_equal(clock_now_us(), 8000000);
    pthread_join(thread, &failed);
    assert_null(failed);
    loop_post(loop, on_post_again, &again);
    loop_run(loop); /* meets the end of the connection */
    assert_true(clock_is_held());
    assert_int_equal(clock_now_us(), 8000000);
    loop_free(&loop);
    close(peer.listener);
    unlink(path);
}

static void test_clock_refuses_nonsense(void **state)
{
    static const char *const lines[] = { "", "go 1\n", "set x\n", "set 99999999999999999999\n",
        "set 1 and a line which is far longer than any line of this protocol could be ...\n" };
    struct loop *loop = loop_new();
    struct err err;

    (void)state;
    assert_false(loop_follow_test_clock(loop, "/nonexistent/clock", &err));
    assert_int_equal(err.kind, ERR_INTERNAL);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct peer peer = { .lines = { lines[i] }, .answers = { "" } };
        char path[64];
        pthread_t thread;

        listen_at(&peer, path);
        pthread_create(&thread, NULL, run_peer, &peer);
        assert_false(loop_follow_test_clock(loop, path, &err));
        assert_int_equal(err.kind, ERR_INVALID);
        pthread_join(thread, NULL);
        close(peer.listener);
        unlink(path);
    }
    loop_free(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_of_time_then_start),
        cmocka_unit_test(posts_run_in_order_and_let_sockets_in_between),
        cmocka_unit_test(timer_that_starts_itself_lets_sockets_in),
        cmocka_unit_test(unposted_calls_do_not_come),
        cmocka_unit_test(signal_arrives_on_the_loop),
        cmocka_unit_test(held_clock_fires_by_hand_only),
        cmocka_unit_test(held_clock_still_fires_what_is_due),
        cmocka_unit_test(many_timers_keep_their_order),
        cmocka_unit_test(test_clock_sets_the_time_and_waits_for_what_is_due),
        cmocka_unit_test(test_clock_refuses_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
