#include "bridge/sync/roles.h"
#include "bridge/sync/write_series_internal.h"

/**
 * What a PUT does to a series beyond a change of fields (mapping.md 5.3, 5.4): the steps of its
 * plan, one after the other. Each is written down, then looked at with a fresh reading of the
 * series' task (M): completing an occurrence is not repeatable, and its date alone tells whether it
 * was done.
 */
enum {
    CALL_MS = 20 * 1000
};

static void step_begin(struct op *op);

const struct map_step *step_of(const struct op *op)
{
    return &op->plan.steps[op->step];
}

bool step_is_driven(const struct op *op)
{
    enum map_step_kind kind = step_of(op)->kind;

    return op->plan.is_driven && (kind == MAP_STEP_COMPLETE || kind == MAP_STEP_MOVE);
}

void step_call(struct op *op, struct upstream_call *call, upstream_cb *cb)
{
    if (!upstream_dialect(op->account->upstream)->sends_if_match) {
        call->etag = S("");
    }
    call->folder_id = text_str(&op->collection->upstream_id);
    call->zone = op->account->zone;
    op->upstream_op = upstream_start(op->account->upstream, call, false, CALL_MS, cb, op);
}

struct upstream_item step_keep_item(const struct op *op, const struct upstream_item *item)
{
    struct upstream_item kept = *item;

    kept.id = arena_copy(op->arena, item->id);
    kept.etag = arena_copy(op->arena, item->etag);
    task_copy(op->arena, &item->task, &kept.task);
    task_adopt_days(&kept.task, &op->base);
    return kept;
}

void step_failed(struct op *op, const struct upstream_reply *reply)
{
    struct err err = reply->err;

    if (err.kind == ERR_DENIED) {
        account_set_sign_in(op->account, true);
    }
    if (err.kind == ERR_NOT_FOUND) {
        op->is_stepping = false;
        op_vanished(op);
    } else if (reply->is_unclear || op->state == OP_UNCLEAR) {
        op_become_unclear(op, &err);
    } else {
        op_drop(op, &err);
    }
}

/* --- one step ----------------------------------------------------------------------------- */

/** Of a series that the bridge drives: its task is that of the occurrence now. */
static bool is_dealt_with(const struct op *op, const struct task *task)
{
    const struct map_step *step = step_of(op);

    return step->kind == MAP_STEP_MOVE ? role_is_moved(&op->base, &step->task, task)
                                       : task->status == TASK_DONE;
}

static void on_fresh(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    const struct task *task = &op->fresh.task;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        step_failed(op, reply);
        return;
    }
    op->fresh = step_keep_item(op, &reply->item);
    if (role_is_current(&op->base, task)) {
        if (op->is_sent) {
            op_missed(op);
        } else if (step_is_driven(op)) {
            driven_send(op);
        } else {
            native_send(op);
        }
    } else if (step_is_driven(op) && is_dealt_with(op, task)) {
        op->done = op->fresh;
        driven_go_on(op);
    } else {
        native_look(op);
    }
}

static void on_added(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind == ERR_NONE) {
        op_step_found(op, &reply->item);
    } else if (!driven_try_unmarked(op, reply)) {
        step_failed(op, reply);
    }
}

void op_send_step(struct op *op)
{
    const struct map_step *step = step_of(op);

    op->done = op->onward = (struct upstream_item){ 0 };
    op->other = (struct store_resource){ 0 };
    op->candidates = NULL;
    op->goes_on = op->has_done_row = false;
    if (step->kind == MAP_STEP_REOPEN) {
        reopen_send(op);
    } else if (step->kind != MAP_STEP_ADD_DONE) {
        step_call(op,
            &(struct upstream_call){ .kind = UPSTREAM_GET_TASK, .task_id = op->upstream_id },
            on_fresh);
    } else if (op->is_sent) {
        op_find_new(op);
    } else {
        op->is_sent = true;
        step_call(op,
            &(struct upstream_call){ .kind = UPSTREAM_CREATE_TASK,
                .marker = op->marker,
                .task = &step->task,
                .fields = CONTENT | F(STATUS) },
            on_added);
    }
}

void op_step_found(struct op *op, const struct upstream_item *item)
{
    if (step_of(op)->kind == MAP_STEP_ADD_DONE) {
        op->done = step_keep_item(op, item);
    } else {
        op->onward = step_keep_item(op, item);
    }
    step_done(op);
}

bool op_step_wants_next(const struct op *op)
{
    return op->is_stepping && step_is_driven(op) && op->done.id.n > 0;
}

/* --- the steps of a plan ------------------------------------------------------------------ */

/** A client of style C (mapping.md 5.6) saved the completed occurrence itself, as a task of its
 * own: completing it here as well would double it. */
static bool has_copy(const struct op *op, const struct map_step *step)
{
    struct map_context context = op_context(op);
    struct civil day = civil_from_days(step->day);
    struct str date =
        arena_printf(op->arena, ":%04d%02d%02d", (int)day.year, (int)day.month, (int)day.day);

    for (struct resource *r = collection_next(op->collection, NULL); r;
         r = collection_next(op->collection, r)) {
        struct map_object object = { .document = r->document, .uid = r->uid };

        bool is_waiting = CONTAINER_OF(r, struct entry, resource)->is_waiting;

        /* one that waits is bound to what the service completes */
        if (!r->is_removed && str_find(r->document, date) != SIZE_MAX &&
            (!is_waiting || op_is_being_written(op, r->href)) &&
            map_is_copy(&object, op->row.document, &context)) {
            return true;
        }
    }
    return false;
}

/** Nothing to be done for it, or done by the fields that follow. */
static bool is_void(struct op *op)
{
    struct map_context context = op_context(op);
    const struct map_step *step = step_of(op);
    struct map_object object;
    enum map_fault fault;
    struct err err;

    switch (step->kind) {
    case MAP_STEP_ADVANCE:
        return true;
    case MAP_STEP_REOPEN:
        return reopen_find(op) == NULL;
    case MAP_STEP_ADD_DONE:
        return map_check(step->document, &context, &object, &fault, &err) &&
               collection_find_uid(op->collection, object.uid) != NULL;
    case MAP_STEP_COMPLETE:
        if (step->document.n == 0 && has_copy(op, step)) {
            step_skip(op);
            return true;
        }
        return false;
    case MAP_STEP_MOVE:
        return false;
    }
    return true;
}

static void step_begin(struct op *op)
{
    char marker[SECRET_ID_TEXT];

    while (op->step < op->plan.step_count && is_void(op)) {
        op->step++;
    }
    op->is_stepping = op->step < op->plan.step_count;
    op->is_sent = false;
    if (op->is_stepping) {
        secret_random_id(marker);
        op->marker = op->account->lacks_markers ? S("") : arena_copy(op->arena, str_from(marker));
    }
    if (op->is_stepping || op->plan.fields != 0) {
        op_begin(op);
    } else {
        op_settle_locally(op);
    }
}

void op_carry_out(struct op *op)
{
    op->step = 0;
    step_begin(op);
}

void op_next_step(struct op *op)
{
    op->step++;
    step_begin(op);
}

bool op_resume_steps(struct op *op)
{
    op->step = 0;
    while (op->step < op->plan.step_count && is_void(op)) {
        op->step++;
    }
    op->is_sent = true;
    return op->step < op->plan.step_count;
}
