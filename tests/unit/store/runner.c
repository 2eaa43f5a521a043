#include "tests/unit/store/runner.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool runner_open(struct runner *runner, const char *path, struct err *err)
{
    *runner = (struct runner){ .loop = loop_new() };
    if (!store_open(runner->loop, path, &runner->store, err)) {
        loop_free(&runner->loop);
        return false;
    }
    return true;
}

void runner_close(struct runner *runner)
{
    store_close(&runner->store);
    assert_int_equal(runner->pending, 0);
    loop_free(&runner->loop);
}

static bool on_run(struct store_job *job, struct store_db *db, struct err *err)
{
    struct call *call = CONTAINER_OF(job, struct call, job);

    return call->run(db, call, err);
}

static void on_done(struct store_job *job)
{
    struct call *call = CONTAINER_OF(job, struct call, job);

    call->order = ++call->runner->finished;
    if (--call->runner->pending <= call->runner->stop_at) {
        loop_stop(call->runner->loop);
    }
}

static void prepare(struct runner *runner, struct call *call, call_run *run, int number)
{
    *call = (struct call){
        .job = { .run = on_run, .done = on_done }, .runner = runner, .run = run, .number = number
    };
    runner->pending++;
}

void runner_write(struct runner *runner, struct call *call, call_run *run, int number)
{
    prepare(runner, call, run, number);
    store_write(runner->store, &call->job);
}

void runner_read(struct runner *runner, struct call *call, call_run *run, int number)
{
    prepare(runner, call, run, number);
    store_read(runner->store, &call->job);
}

void runner_wait(struct runner *runner)
{
    runner->stop_at = 0;
    while (runner->pending > 0) {
        loop_run(runner->loop);
    }
}

void runner_wait_for(struct runner *runner, struct call *call)
{
    runner->stop_at = SIZE_MAX; /* look after each one */
    while (call->order == 0) {
        loop_run(runner->loop);
    }
}

static bool wait_at_gate(struct store_db *db, struct call *call, struct err *err)
{
    struct gate *gate = CONTAINER_OF(call, struct gate, call);

    (void)db;
    (void)err;
    eventfd_write(gate->is_there, 1);
    while (sem_wait(&gate->may_go) != 0) {
        assert_int_equal(errno, EINTR);
    }
    return true;
}

static void on_there(void *arg)
{
    loop_stop(arg);
}

void gate_close(struct gate *gate, struct runner *runner)
{
    struct loop_watch *watch;
    eventfd_t count = 0;

    gate->is_there = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sem_init(&gate->may_go, 0, 0);
    runner_write(runner, &gate->call, wait_at_gate, 0);
    watch = loop_watch_readable(runner->loop, gate->is_there, on_there, runner->loop);
    runner->stop_at = SIZE_MAX;
    while (eventfd_read(gate->is_there, &count) != 0 && gate->call.order == 0) {
        loop_run(runner->loop);
    }
    loop_unwatch(&watch);
}

void gate_lift(struct gate *gate)
{
    sem_post(&gate->may_go);
}

void gate_done(struct gate *gate)
{
    close(gate->is_there);
    sem_destroy(&gate->may_go);
}
