#include "bridge/core/worker.h"

#include "bridge/core/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

struct count_job {
    struct job job;
    struct loop *loop;
    int number;
    void *seen_context;
    pthread_t ran_on;
    int *done_count; /**< of all jobs; the loop stops at stop_at */
    int stop_at;
    int *last_done; /**< number of the job before; NULL: order does not matter */
};

static void on_run(struct job *job, void *context)
{
    struct count_job *self = CONTAINER_OF(job, struct count_job, job);

    self->seen_context = context;
    self->ran_on = pthread_self();
}

static void on_done(struct job *job)
{
    struct count_job *self = CONTAINER_OF(job, struct count_job, job);

    if (self->last_done != NULL) {
        assert_int_equal(self->number, *self->last_done + 1);
        *self->last_done = self->number;
    }
    if (++*self->done_count == self->stop_at) {
        loop_stop(self->loop);
    }
    mem_free(self);
}

static struct count_job *job_new(struct loop *loop, int number, int *done_count, int stop_at)
{
    struct count_job *self = (struct count_job *)mem_alloc(sizeof(*self));

    self->job.run = on_run;
    self->job.done = on_done;
    self->loop = loop;
    self->number = number;
    self->done_count = done_count;
    self->stop_at = stop_at;
    return self;
}

static void one_thread_keeps_the_order(void **state)
{
    struct loop *loop = loop_new();
    struct worker *worker = worker_new(loop, "test", 1, NULL, NULL, 0);
    int done = 0;
    int last = -1;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct count_job *job = job_new(loop, i, &done, 1000);

        job->last_done = &last;
        worker_submit(worker, &job->job);
    }
    assert_int_equal(worker_pending(worker), 1000);
    assert_int_equal(done, 0); /* done comes on the loop only */
    loop_run(loop);
    assert_int_equal(done, 1000);
    assert_int_equal(worker_pending(worker), 0);
    worker_free(&worker);
    assert_null(worker);
    worker_free(&worker);
    loop_free(&loop);
}

static int contexts[3];

static void on_done_check(struct job *job)
{
    struct count_job *self = CONTAINER_OF(job, struct count_job, job);
    int *context = (int *)self->seen_context;

    assert_true(context >= contexts && context < contexts + ARRAY_LEN(contexts));
    assert_false(pthread_equal(self->ran_on, pthread_self()));
    on_done(job);
}

static void each_thread_has_its_context(void **state)
{
    struct loop *loop = loop_new();
    void *borrowed[] = { &contexts[0], &contexts[1], &contexts[2] };
    struct worker *worker = worker_new(loop, "test", 3, borrowed, NULL, 0);
    int done = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct count_job *job = job_new(loop, i, &done, 1000);

        job->job.done = on_done_check;
        worker_submit(worker, &job->job);
    }
    loop_run(loop);
    worker_free(&worker);
    loop_free(&loop);
}

static void free_delivers_what_was_submitted(void **state)
{
    struct loop *loop = loop_new();
    struct worker *worker = worker_new(loop, "test", 2, NULL, NULL, 0);
    int done = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        worker_submit(worker, &job_new(loop, i, &done, -1)->job);
    }
    worker_free(&worker);
    assert_int_equal(done, 100);
    loop_free(&loop);
}

/* A gate that holds the thread until the test has filled the queue. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int batches, jobs_in_batches, largest;

static void on_batch(struct job *jobs, void *context)
{
    int n = 0;

    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    for (struct job *job = jobs; job != NULL; job = job->next) {
        job->run(job, context);
        n++;
    }
    atomic_fetch_add(&batches, 1);
    atomic_fetch_add(&jobs_in_batches, n);
    if (n > atomic_load(&largest)) {
        atomic_store(&largest, n);
    }
}

static void waiting_jobs_run_as_batches(void **state)
{
    struct loop *loop = loop_new();
    struct worker *worker = worker_new(loop, "test", 1, NULL, on_batch, 8);
    int done = 0;
    int last = -1;

    (void)state;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 100; i++) {
        struct count_job *job = job_new(loop, i, &done, 100);

        job->last_done = &last;
        worker_submit(worker, &job->job);
    }
    pthread_mutex_unlock(&gate);
    loop_run(loop);
    assert_int_equal(atomic_load(&jobs_in_batches), 100);
    assert_int_equal(atomic_load(&largest), 8);
    assert_true(atomic_load(&batches) <= 14); /* the first was taken before the rest came */
    worker_free(&worker);
    loop_free(&loop);
}

static struct worker *resubmit_worker;

static void on_done_submit(struct job *job)
{
    struct count_job *self = CONTAINER_OF(job, struct count_job, job);

    if (++*self->done_count == self->stop_at) {
        loop_stop(self->loop);
        mem_free(self);
        return;
    }
    worker_submit(resubmit_worker, job);
}

static void done_may_submit_again(void **state)
{
    struct loop *loop = loop_new();
    struct count_job *job;
    int done = 0;

    (void)state;
    resubmit_worker = worker_new(loop, "test", 1, NULL, NULL, 0);
    job = job_new(loop, 0, &done, 50);
    job->job.done = on_done_submit;
    worker_submit(resubmit_worker, &job->job);
    loop_run(loop);
    assert_int_equal(done, 50);
    worker_free(&resubmit_worker);
    loop_free(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_keeps_the_order),
        cmocka_unit_test(each_thread_has_its_context),
        cmocka_unit_test(free_delivers_what_was_submitted),
        cmocka_unit_test(waiting_jobs_run_as_batches),
        cmocka_unit_test(done_may_submit_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
