#pragma once
/** A store with its loop, and jobs that are plain functions. */
#include "tests/unit/store/scratch.h"

#include "bridge/core/loop.h"

#include <semaphore.h>

struct runner {
    struct loop *loop;
    struct store *store;
    size_t pending;    /**< calls that are not done */
    size_t stop_at;    /**< runner_wait ends when pending is down to this */
    unsigned finished; /**< counts the calls that are done */
};

struct call;
typedef bool call_run(struct store_db *db, struct call *call, struct err *err);
struct call {
    struct store_job job;
    struct runner *runner;
    call_run *run;
    int number;     /**< for run's use */
    unsigned order; /**< 1 for the first that was done ... */
};

MUST_CHECK bool runner_open(struct runner *runner, const char *path, struct err *err);
/** Finishes all calls. */
void runner_close(struct runner *runner);
void runner_write(struct runner *runner, struct call *call, call_run *run, int number);
void runner_read(struct runner *runner, struct call *call, call_run *run, int number);
/** Run the loop until all calls are done. */
void runner_wait(struct runner *runner);
/** Until `call` is done. */
void runner_wait_for(struct runner *runner, struct call *call);

/**
 * Hold the writer: a call that runs until gate_lift. What is written meanwhile waits together.
 * Returns when the writer is at the gate, or when the call has failed (a disk that is gone).
 */
struct gate {
    struct call call;
    int is_there; /**< eventfd */
    sem_t may_go;
};
void gate_close(struct gate *gate, struct runner *runner);
void gate_lift(struct gate *gate);
/** After the call is done. */
void gate_done(struct gate *gate);
