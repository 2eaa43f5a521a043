#pragma once
/**
 * The one event loop (libevent). All of a program's state belongs to the thread that runs it.
 * Timers follow core/clock, so a held clock holds them too (they fire when clock_hold moves it and
 * loop_run_due is called, which the test clock does).
 */
#include "bridge/core/clock.h"
#include "bridge/core/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct event_base;

typedef void loop_cb(void *arg);

/** Ends the process if libevent has no working back end. */
struct loop *loop_new(void);
void loop_free(struct loop **loop);
/** For http/ alone: the libevent base beneath. */
struct event_base *loop_base(struct loop *loop);
/** Run until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/** A timer that its owner embeds. Zeroed memory plus loop_timer_init; stop it before it is freed.
 */
struct loop_timer {
    struct loop *loop;
    loop_cb *cb;
    void *arg;
    int64_t due_ms; /**< on clock_mono_ms */
    uint64_t order; /**< ties fire in the order in which they were started */
    size_t slot;    /**< place in the heap + 1; 0: not running */
};
void loop_timer_init(struct loop_timer *timer, struct loop *loop, loop_cb *cb, void *arg);
/** Start, or start again, to fire once in delay_ms. */
void loop_timer_start(struct loop_timer *timer, int64_t delay_ms);
void loop_timer_stop(struct loop_timer *timer);
bool loop_timer_is_running(const struct loop_timer *timer);

/** Call cb(arg) in a later turn of the loop, in the order of the calls. Loop thread only. */
void loop_post(struct loop *loop, loop_cb *cb, void *arg);
/** Drop the posted calls with this arg that have not run. */
void loop_unpost(struct loop *loop, void *arg);
/** Call cb(arg) on the loop when the signal comes. */
void loop_on_signal(struct loop *loop, int signal_number, loop_cb *cb, void *arg);
/** Call cb(arg) whenever fd can be read, until loop_unwatch. Borrowed fd. */
struct loop_watch;
struct loop_watch *loop_watch_readable(struct loop *loop, int fd, loop_cb *cb, void *arg);
/** The same while it can be written. */
struct loop_watch *loop_watch_writable(struct loop *loop, int fd, loop_cb *cb, void *arg);
void loop_unwatch(struct loop_watch **watch);

/**
 * Take the time from a test: connect to the Unix socket `path`, read lines "set MICROS" (wall
 * clock), hold the clock there, run what is due until nothing is, answer "ok MICROS". The first
 * line is waited for; a later one is read when no event is there and no job under way, so that the
 * time does not jump in the middle of something. "idle" is answered "idle N", with how much has
 * been begun so far (timers, posts, jobs): as long as N stays, nothing new was begun. Hidden option
 * --test-clock.
 */
MUST_CHECK bool loop_follow_test_clock(struct loop *loop, const char *path, struct err *err);
/** Something is done elsewhere (worker.h) whose end will wake the loop. Loop thread only. */
void loop_job_begins(struct loop *loop);
void loop_job_ends(struct loop *loop);
/** Fire all timers that are due by the clock as it stands now. */
void loop_run_due(struct loop *loop);
