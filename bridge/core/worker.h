#pragma once
/**
 * A thread (or a few) that does what may block. The loop submits jobs; each job's run is called on
 * a worker thread, then its done on the loop. A job owns its inputs; between submit and done nobody
 * else touches it. Jobs of one worker with one thread run in the order of submission.
 */
#include "bridge/core/loop.h"

struct worker;

struct job {
    void (*run)(struct job *job, void *context); /**< on the worker's thread */
    void (*done)(struct job *job);               /**< on the loop; may free the job */
    struct job *next;
};

/** Runs a list of waiting jobs at once (linked by next), for group commit. Must not unlink them. */
typedef void worker_batch_cb(struct job *jobs, void *context);

/**
 * contexts: one per thread, borrowed, handed to run. batch_cb: NULL, or called instead of each
 * job's run with all jobs that wait (at most batch_max); only with one thread.
 */
struct worker *worker_new(struct loop *loop, const char *name, size_t threads, void **contexts,
    worker_batch_cb *batch_cb, size_t batch_max);
/** Runs what was submitted, joins the threads, delivers the remaining done calls, frees. */
void worker_free(struct worker **worker);
void worker_submit(struct worker *worker, struct job *job);
/** Jobs submitted whose done has not been called. */
size_t worker_pending(const struct worker *worker);
