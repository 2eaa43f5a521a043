#include "bridge/core/loop.h"

#include "bridge/core/mem.h"
#include "bridge/core/str.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct post {
    struct post *next;
    loop_cb *cb;
    void *arg;
    uint64_t number;
};

struct loop_watch {
    struct loop_watch *next; /**< of the signals, which live as long as the loop */
    struct event *event;
    loop_cb *cb;
    void *arg;
};

/** The other end of loop_follow_test_clock. */
struct test_clock {
    struct loop *loop;
    struct loop_watch *watch;
    int fd;
    bool is_waiting; /**< for jobs to end */
    char line[64];
    size_t n;
};

/* Of the events. Those of equal rank come in the order in which they were seen. */
enum {
    RANK_ALL = 1, /* libevent's default where there are three; 0 is for the signals */
    RANK_CLOCK,
    RANK_COUNT
};

struct loop {
    struct event_base *base;
    struct loop_timer **heap; /**< the earliest first; children of i are 2i + 1 and 2i + 2 */
    size_t heap_count, heap_capacity;
    uint64_t timer_order;
    struct event *timer_event; /**< armed for heap[0] */
    struct post *posts, **posts_end;
    uint64_t post_number;
    struct event *post_event;
    struct loop_watch *signals;
    size_t jobs; /**< under way */
    uint64_t job_number;
    struct test_clock *test_clock;
};

static void *must(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "duedav: libevent does not start\n");
        abort();
    }
    return p;
}

/* Timers: a binary heap. */

static bool fires_before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void place(struct loop *loop, struct loop_timer *timer, size_t at)
{
    loop->heap[at] = timer;
    timer->slot = at + 1;
}

static void sift_up(struct loop *loop, struct loop_timer *timer, size_t at)
{
    while (at > 0 && fires_before(timer, loop->heap[(at - 1) / 2])) {
        place(loop, loop->heap[(at - 1) / 2], at);
        at = (at - 1) / 2;
    }
    place(loop, timer, at);
}

static void sift_down(struct loop *loop, struct loop_timer *timer, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < loop->heap_count &&
            fires_before(loop->heap[child + 1], loop->heap[child])) {
            child++;
        }
        if (child >= loop->heap_count || !fires_before(loop->heap[child], timer)) {
            break;
        }
        place(loop, loop->heap[child], at);
        at = child;
    }
    place(loop, timer, at);
}

static void heap_remove(struct loop *loop, struct loop_timer *timer)
{
    size_t at = timer->slot - 1;
    struct loop_timer *last = loop->heap[--loop->heap_count];

    timer->slot = 0;
    if (last == timer) {
        return;
    }
    if (at > 0 && fires_before(last, loop->heap[(at - 1) / 2])) {
        sift_up(loop, last, at);
    } else {
        sift_down(loop, last, at);
    }
}

/* A held clock does not reach a later timer by waiting; what is due already fires either way. */
static void arm(struct loop *loop)
{
    int64_t delay_ms = loop->heap_count > 0 ? loop->heap[0]->due_ms - clock_mono_ms() : 0;
    struct timeval delay = { 0 };

    if (loop->heap_count == 0 || (delay_ms > 0 && clock_is_held())) {
        event_del(loop->timer_event);
        return;
    }
    if (delay_ms > 0) {
        delay.tv_sec = (time_t)(delay_ms / 1000);
        delay.tv_usec = (suseconds_t)(delay_ms % 1000 * 1000);
    }
    event_add(loop->timer_event, &delay);
}

/* The earliest timer if it is due and was started before `order`; fires it. */
static bool fire_one(struct loop *loop, uint64_t order)
{
    struct loop_timer *timer = loop->heap_count > 0 ? loop->heap[0] : NULL;

    if (timer == NULL || timer->due_ms > clock_mono_ms() || timer->order >= order) {
        return false;
    }
    heap_remove(loop, timer);
    timer->cb(timer->arg); /* may free the timer */
    return true;
}

static void on_timer_event(evutil_socket_t fd, short what, void *arg)
{
    struct loop *loop = (struct loop *)arg;
    uint64_t order = loop->timer_order; /* later ones get the next turn, sockets between */

    (void)fd;
    (void)what;
    while (fire_one(loop, order)) {
    }
    arm(loop);
}

void loop_run_due(struct loop *loop)
{
    while (fire_one(loop, UINT64_MAX)) {
    }
    arm(loop);
}

void loop_timer_init(struct loop_timer *timer, struct loop *loop, loop_cb *cb, void *arg)
{
    *timer = (struct loop_timer){ .loop = loop, .cb = cb, .arg = arg };
}

void loop_timer_start(struct loop_timer *timer, int64_t delay_ms)
{
    struct loop *loop = timer->loop;

    if (timer->slot != 0) {
        heap_remove(loop, timer);
    }
    if (loop->heap_count == loop->heap_capacity) {
        loop->heap_capacity = loop->heap_capacity > 0 ? loop->heap_capacity * 2 : 64;
        loop->heap = (struct loop_timer **)mem_resize(
            loop->heap, loop->heap_capacity, sizeof(loop->heap[0]));
    }
    timer->due_ms = clock_mono_ms() + (delay_ms > 0 ? delay_ms : 0);
    timer->order = loop->timer_order++;
    sift_up(loop, timer, loop->heap_count++);
    if (loop->heap[0] == timer) {
        arm(loop);
    }
}

void loop_timer_stop(struct loop_timer *timer)
{
    /* an event armed too early finds nothing due and is armed again */
    if (timer->slot != 0) {
        heap_remove(timer->loop, timer);
    }
}

bool loop_timer_is_running(const struct loop_timer *timer)
{
    return timer->slot != 0;
}

/* Posts: one list; a turn runs what was in it when the turn began. */

static void on_post_event(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval at_once = { 0 };
    struct loop *loop = (struct loop *)arg;
    uint64_t end = loop->post_number;

    (void)fd;
    (void)what;
    while (loop->posts != NULL && loop->posts->number < end) {
        struct post *post = loop->posts;

        loop->posts = post->next;
        if (loop->posts == NULL) {
            loop->posts_end = &loop->posts;
        }
        post->cb(post->arg);
        mem_free(post);
    }
    if (loop->posts != NULL) {
        event_add(loop->post_event, &at_once);
    }
}

void loop_post(struct loop *loop, loop_cb *cb, void *arg)
{
    static const struct timeval at_once = { 0 };
    struct post *post = (struct post *)mem_alloc(sizeof(*post));

    post->cb = cb;
    post->arg = arg;
    post->number = loop->post_number++;
    if (loop->posts == NULL) {
        /* a time-out of zero and not event_active: it comes after the next look at the sockets */
        event_add(loop->post_event, &at_once);
    }
    *loop->posts_end = post;
    loop->posts_end = &post->next;
}

void loop_unpost(struct loop *loop, void *arg)
{
    struct post **link = &loop->posts;

    while (*link != NULL) {
        struct post *post = *link;

        if (post->arg == arg) {
            *link = post->next;
            mem_free(post);
        } else {
            link = &post->next;
        }
    }
    loop->posts_end = link;
}

/* Descriptors and signals. */

static void on_watch_event(evutil_socket_t fd, short what, void *arg)
{
    struct loop_watch *watch = (struct loop_watch *)arg;

    (void)fd;
    (void)what;
    watch->cb(watch->arg); /* may free the watch */
}

static struct loop_watch *watch_new(
    struct loop *loop, int number, short what, loop_cb *cb, void *arg)
{
    struct loop_watch *watch = (struct loop_watch *)mem_alloc(sizeof(*watch));

    watch->cb = cb;
    watch->arg = arg;
    watch->event = (struct event *)must(
        event_new(loop->base, number, (short)(what | EV_PERSIST), on_watch_event, watch));
    event_add(watch->event, NULL);
    return watch;
}

struct loop_watch *loop_watch_readable(struct loop *loop, int fd, loop_cb *cb, void *arg)
{
    return watch_new(loop, fd, EV_READ, cb, arg);
}

struct loop_watch *loop_watch_writable(struct loop *loop, int fd, loop_cb *cb, void *arg)
{
    return watch_new(loop, fd, EV_WRITE, cb, arg);
}

void loop_unwatch(struct loop_watch **watch)
{
    if (*watch != NULL) {
        event_free((*watch)->event);
        mem_free(*watch);
        *watch = NULL;
    }
}

void loop_on_signal(struct loop *loop, int signal_number, loop_cb *cb, void *arg)
{
    struct loop_watch *watch = watch_new(loop, signal_number, EV_SIGNAL, cb, arg);

    watch->next = loop->signals;
    loop->signals = watch;
}

/* The test clock. */

static bool answer(int fd, const char *word, int64_t number)
{
    char text[64];
    int n = snprintf(text, sizeof(text), "%s %lld\n", word, (long long)number);

    return send(fd, text, (size_t)n, MSG_NOSIGNAL) == n;
}

static void test_clock_free(struct test_clock **clock)
{
    if (*clock != NULL) {
        loop_unwatch(&(*clock)->watch);
        close((*clock)->fd);
        mem_free(*clock);
        *clock = NULL;
    }
}

/* Do what one line says. */
static bool obey(struct test_clock *clock, struct str line)
{
    const struct loop *loop = clock->loop;
    int64_t now_us;

    if (str_eq(line, S("idle"))) {
        return answer(
            clock->fd, "idle", (int64_t)(loop->timer_order + loop->post_number + loop->job_number));
    }
    if (!str_has_prefix(line, S("set ")) || !str_to_i64(str_skip(line, 4), &now_us)) {
        return false;
    }
    clock_hold(now_us);
    loop_run_due(clock->loop);
    return answer(clock->fd, "ok", now_us);
}

/* One read, then the lines that are complete. False: the other end is gone or talks nonsense. */
static bool read_lines(struct test_clock *clock, bool *has_line_out)
{
    ssize_t n;
    char *end;

    do {
        n = read(clock->fd, clock->line + clock->n, sizeof(clock->line) - clock->n);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return false;
    }
    clock->n += (size_t)n;
    while ((end = (char *)memchr(clock->line, '\n', clock->n)) != NULL) {
        size_t used = (size_t)(end - clock->line);

        if (!obey(clock, (struct str){ clock->line, used })) {
            return false;
        }
        clock->n -= used + 1;
        memmove(clock->line, end + 1, clock->n);
        *has_line_out = true;
    }
    return clock->n < sizeof(clock->line);
}

/* Comes when no other event is there (RANK_CLOCK). */
static void on_test_clock(void *arg)
{
    struct loop *loop = (struct loop *)arg;
    bool has_line = false;

    if (loop->jobs > 0) {
        loop->test_clock->is_waiting = true;
        event_del(loop->test_clock->watch->event);
        return;
    }
    if (!read_lines(loop->test_clock, &has_line)) {
        test_clock_free(&loop->test_clock); /* the clock stays where it is */
    }
}

bool loop_follow_test_clock(struct loop *loop, const char *path, struct err *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct test_clock *clock;
    bool has_line = false;
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        return err_set(err, ERR_INVALID, "test clock: path too long");
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        err_set_code(err, ERR_INTERNAL, errno, "test clock %s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    clock = (struct test_clock *)mem_alloc(sizeof(*clock));
    clock->loop = loop;
    clock->fd = fd;
    test_clock_free(&loop->test_clock);
    loop->test_clock = clock;
    while (!has_line) {
        if (!read_lines(clock, &has_line)) {
            test_clock_free(&loop->test_clock);
            return err_set(err, ERR_INVALID, "test clock %s: no 'set MICROS'", path);
        }
    }
    clock->watch = loop_watch_readable(loop, fd, on_test_clock, loop);
    event_priority_set(clock->watch->event, RANK_CLOCK);
    return true;
}

void loop_job_begins(struct loop *loop)
{
    loop->jobs++;
    loop->job_number++;
}

void loop_job_ends(struct loop *loop)
{
    struct test_clock *clock = loop->test_clock;

    if (--loop->jobs == 0 && clock != NULL && clock->is_waiting) {
        clock->is_waiting = false;
        event_add(clock->watch->event, NULL);
    }
}

/* The loop itself. */

struct loop *loop_new(void)
{
    struct loop *loop = (struct loop *)mem_alloc(sizeof(*loop));

    loop->base = (struct event_base *)must(event_base_new());
    event_base_priority_init(loop->base, RANK_COUNT);
    loop->timer_event = (struct event *)must(evtimer_new(loop->base, on_timer_event, loop));
    loop->post_event = (struct event *)must(evtimer_new(loop->base, on_post_event, loop));
    loop->posts_end = &loop->posts;
    return loop;
}

void loop_free(struct loop **loop_in)
{
    struct loop *loop = TAKE(*loop_in);

    if (loop == NULL) {
        return;
    }
    test_clock_free(&loop->test_clock);
    while (loop->signals != NULL) {
        struct loop_watch *signal = loop->signals;

        loop->signals = signal->next;
        loop_unwatch(&signal);
    }
    while (loop->posts != NULL) {
        struct post *post = loop->posts;

        loop->posts = post->next;
        mem_free(post);
    }
    event_free(loop->timer_event);
    event_free(loop->post_event);
    event_base_free(loop->base);
    mem_free(loop->heap);
    mem_free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

void loop_run(struct loop *loop)
{
    event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

void loop_stop(struct loop *loop)
{
    event_base_loopbreak(loop->base);
}
