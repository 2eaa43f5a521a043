#include "bridge/core/worker.h"

#include "bridge/core/mem.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct jobs {
    struct job *first, **end;
};

struct thread {
    struct worker *worker;
    void *context;
    pthread_t id;
};

struct worker {
    /* the loop's */
    struct loop *loop;
    struct loop_watch *watch;
    size_t pending;
    /* fixed after worker_new */
    worker_batch_cb *batch_cb;
    size_t batch_max;
    struct thread *threads;
    size_t thread_count;
    int done_fd; /**< eventfd: there are done jobs */
    /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t has_work;
    struct jobs waiting, done;
    bool is_stopping;
};

static void jobs_init(struct jobs *jobs)
{
    jobs->first = NULL;
    jobs->end = &jobs->first;
}

/* Appends the list from first to last. */
static void jobs_append(struct jobs *jobs, struct job *first, struct job *last)
{
    last->next = NULL;
    *jobs->end = first;
    jobs->end = &last->next;
}

/* Takes the first jobs, at most max; the last of them ends the list. */
static struct job *jobs_take(struct jobs *jobs, size_t max, struct job **last_out)
{
    struct job *first = jobs->first;
    struct job *last = first;

    for (size_t n = 1; n < max && last->next != NULL; n++) {
        last = last->next;
    }
    jobs->first = last->next;
    if (jobs->first == NULL) {
        jobs->end = &jobs->first;
    }
    last->next = NULL;
    *last_out = last;
    return first;
}

static void tell_loop(struct worker *worker)
{
    uint64_t one = 1;
    ssize_t n = write(worker->done_fd, &one, sizeof(one));

    (void)n; /* fails only when 2^64 - 2 wake-ups are unread: then it will wake as well */
}

static void *run_thread(void *arg)
{
    struct thread *thread = (struct thread *)arg;
    struct worker *worker = thread->worker;

    pthread_mutex_lock(&worker->lock);
    for (;;) {
        struct job *first, *last;

        while (worker->waiting.first == NULL && !worker->is_stopping) {
            pthread_cond_wait(&worker->has_work, &worker->lock);
        }
        if (worker->waiting.first == NULL) {
            break;
        }
        first = jobs_take(&worker->waiting, worker->batch_max, &last);
        pthread_mutex_unlock(&worker->lock);
        if (worker->batch_cb != NULL) {
            worker->batch_cb(first, thread->context);
        } else {
            first->run(first, thread->context);
        }
        pthread_mutex_lock(&worker->lock);
        jobs_append(&worker->done, first, last);
        tell_loop(worker);
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

/* On the loop: hand back what is done. */
static void on_done(void *arg)
{
    struct worker *worker = (struct worker *)arg;
    struct job *job;
    uint64_t count;
    ssize_t n = read(worker->done_fd, &count, sizeof(count));

    (void)n; /* nothing to read: the jobs were handed back already */
    pthread_mutex_lock(&worker->lock);
    job = worker->done.first;
    jobs_init(&worker->done);
    pthread_mutex_unlock(&worker->lock);
    while (job != NULL) {
        struct job *next = job->next;

        job->next = NULL;
        worker->pending--;
        job->done(job);
        loop_job_ends(worker->loop);
        job = next;
    }
}

/* Signals are the loop's business. */
static void start_thread(struct thread *thread, const char *name)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread->id, NULL, run_thread, thread) != 0) {
        fprintf(stderr, "duedav: cannot start a thread\n");
        abort();
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_setname_np(thread->id, name);
}

struct worker *worker_new(struct loop *loop, const char *name, size_t threads, void **contexts,
    worker_batch_cb *batch_cb, size_t batch_max)
{
    struct worker *worker = (struct worker *)mem_alloc(sizeof(*worker));

    assert(threads > 0 && (batch_cb == NULL || (threads == 1 && batch_max > 0)));
    worker->batch_cb = batch_cb;
    worker->batch_max = batch_cb == NULL ? 1 : batch_max;
    worker->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (worker->done_fd < 0) {
        fprintf(stderr, "duedav: cannot make an eventfd\n");
        abort();
    }
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->has_work, NULL);
    jobs_init(&worker->waiting);
    jobs_init(&worker->done);
    worker->loop = loop;
    worker->watch = loop_watch_readable(loop, worker->done_fd, on_done, worker);
    worker->threads = (struct thread *)mem_alloc_array(threads, sizeof(struct thread));
    worker->thread_count = threads;
    for (size_t i = 0; i < threads; i++) {
        worker->threads[i].worker = worker;
        worker->threads[i].context = contexts == NULL ? NULL : contexts[i];
        start_thread(&worker->threads[i], name);
    }
    return worker;
}

void worker_free(struct worker **worker_in)
{
    struct worker *worker = TAKE(*worker_in);

    if (worker == NULL) {
        return;
    }
    pthread_mutex_lock(&worker->lock);
    worker->is_stopping = true;
    pthread_cond_broadcast(&worker->has_work);
    pthread_mutex_unlock(&worker->lock);
    for (size_t i = 0; i < worker->thread_count; i++) {
        pthread_join(worker->threads[i].id, NULL);
    }
    on_done(worker);
    assert(worker->pending == 0);
    loop_unwatch(&worker->watch);
    close(worker->done_fd);
    pthread_cond_destroy(&worker->has_work);
    pthread_mutex_destroy(&worker->lock);
    mem_free(worker->threads);
    mem_free(worker);
}

void worker_submit(struct worker *worker, struct job *job)
{
    worker->pending++;
    loop_job_begins(worker->loop);
    pthread_mutex_lock(&worker->lock);
    assert(!worker->is_stopping);
    jobs_append(&worker->waiting, job, job);
    pthread_cond_signal(&worker->has_work);
    pthread_mutex_unlock(&worker->lock);
}

size_t worker_pending(const struct worker *worker)
{
    return worker->pending;
}
