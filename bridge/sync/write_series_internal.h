#pragma once
/**
 * What the files of write_series_*.c share: one step of a plan (mapping.md 5.4). What a step leaves
 * are two tasks: the one that it took out of the series (X), which gets a resource of its own, and
 * the one with which the series goes on (N). Either may have the id that the series' task (M) had.
 *
 *   write_series.c         the steps one after the other, each with a fresh reading of M
 *   write_series_native.c  the service does it: asking for it, and who is who afterwards
 *   write_series_driven.c  the bridge does it: completing M, making the next task
 *   write_series_reopen.c  an occurrence that was completed is open again
 *   write_series_done.c    after the call: what the client said of X, its resource, settling
 */
#include "bridge/core/civil.h"
#include "bridge/sync/op_internal.h"

#define F(field) TASK_FIELD(TASK_##field)
/** What of a completed occurrence the client may have said, and the service takes. */
#define CONTENT                                                                             \
    (F(TITLE) | F(BODY) | F(PRIORITY) | F(SENSITIVITY) | F(COMPLETED) | F(START) | F(DUE) | \
        F(CATEGORIES))

/* write_series.c */
const struct map_step *step_of(const struct op *op);
bool step_is_driven(const struct op *op);
/** Send a call about this list; a client waits for it. */
void step_call(struct op *op, struct upstream_call *call, upstream_cb *cb);
/** A copy that outlives the reply, its days read as the base's are. */
struct upstream_item step_keep_item(const struct op *op, const struct upstream_item *item);
/** The step failed, or nobody knows. */
void step_failed(struct op *op, const struct upstream_reply *reply);

/* write_series_native.c */
/** Ask the service to take the occurrence out of the series. */
void native_send(struct op *op);
/** M stands elsewhere: `fresh` is one of X and N, or neither; look for them in the whole list. */
void native_look(struct op *op);

/* write_series_driven.c */
/** Complete M, or move it. */
void driven_send(struct op *op);
/** M is dealt with (`done`): the next occurrence is a new task, made from the document. */
void driven_go_on(struct op *op);
/** Perhaps the service takes no extended properties: once more without. False: that was not it. */
bool driven_try_unmarked(struct op *op, const struct upstream_reply *reply);

/* write_series_reopen.c */
/** The resource of the occurrence that the step opens again: NULL if there is none. */
const struct resource *reopen_find(const struct op *op);
void reopen_send(struct op *op);

/* write_series_done.c */
/** The series goes on later than the service thinks: over dates that the client excepts. */
void step_skip(struct op *op);
/** X and N are known (no N: the series has ended; no X: nothing was taken out). */
void step_done(struct op *op);
