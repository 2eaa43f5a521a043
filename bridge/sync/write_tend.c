#include "bridge/sync/op_internal.h"

/**
 * Looking after a resource whose time has come (timed.c), without any client: its task is read
 * afresh, and what the bridge owes it is done (map_plan_tend): the next reminder, a date that is
 * excepted, the content of an override. A series whose occurrence was completed upstream and that
 * has not gone on there is led on; a copy that waited for its series in vain is sent.
 */
enum {
    READ_MS = 20 * 1000
};

/** The client's document to be is made here, and the plan from it as for any client, so that a
 * crash in the middle is taken up as for any client. */
static void lead_on(struct op *op, const struct task *returned)
{
    struct map_context context = op_context(op);
    struct err err;

    op->precondition.if_match = &op->replaced_etag;
    op->precondition.if_match_count = 1;
    if (!map_complete(
            op->row.document, &op->base, returned, &context, &op->object.document, &err) ||
        !op_plan_update(op, &err)) {
        op_drop(op, &err);
        return;
    }
    op_carry_out(op);
}

static void look_after(struct op *op, const struct upstream_item *item)
{
    struct map_context context = op_context(op);
    struct task returned;
    struct str current;
    int64_t at_us;
    struct err err;

    task_copy(op->arena, &item->task, &returned);
    task_adopt_days(&returned, &op->base);
    if (op->base.status != TASK_DONE && returned.status == TASK_DONE &&
        map_goes_on(op->row.document, &context)) {
        lead_on(op, &returned);
        return;
    }
    op->row.upstream_etag = arena_copy(op->arena, item->etag);
    if (!map_merge(op->row.document, &op->base, &returned, &context, &current, &err) ||
        !map_plan_tend(current, &returned, &context, &op->plan, &at_us, &err)) {
        op_drop(op, &err);
        return;
    }
    op->base = returned;
    if (op->plan.fields != 0) {
        op_begin(op);
    } else {
        op_settle_seen(op, &returned, op->plan.document);
    }
}

static void on_task(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    struct err err = reply->err;

    op->upstream_op = NULL;
    if (err.kind == ERR_NONE) {
        look_after(op, &reply->item);
    } else if (err.kind == ERR_NOT_FOUND || reply->is_maybe_gone) {
        err_set(&err, ERR_INVALID, "the task has gone; a round will say so");
        op_drop(op, &err);
    } else {
        op_drop(op, &err);
    }
}

static bool is_series_under_way(const struct op *op)
{
    for (const struct op *other = op->collection->ops; other; other = other->next) {
        if (other->is_stepping) {
            return true;
        }
    }
    return false;
}

/** Nobody has moved the series on: it was an ordinary completed task. */
static void send_copy(struct op *op)
{
    struct err err;

    if (is_series_under_way(op)) { /* perhaps just now */
        err_set(&err, ERR_BUSY, "a series is being written");
        op_drop(op, &err);
        return;
    }
    op->object = (struct map_object){
        .document = op->row.document, .is_verbatim = true, .uid = op->row.uid
    };
    op_plan_creation(op);
}

static bool read_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    bool is_found;

    return store_resource_find(
        db, op->account_id, op->collection_id, op->href, op->arena, &op->row, &is_found, err);
}

static void read_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct upstream_call call = { .kind = UPSTREAM_GET_TASK };
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind == ERR_NONE && op->row.id == 0) {
        op_answer(op, SYNC_NOT_FOUND, S(""), &err);
        op_end(op);
        return;
    }
    if (err.kind != ERR_NONE || !task_parse(op->row.base, op->arena, &op->base, &err)) {
        op_drop(op, &err);
        return;
    }
    op->upstream_id = op->row.upstream_id;
    op->replaced_etag = op->row.etag;
    op->object.uid = op->row.uid;
    if (op->upstream_id.n == 0) {
        send_copy(op);
        return;
    }
    call.folder_id = text_str(&op->collection->upstream_id);
    call.task_id = op->upstream_id;
    call.zone = op->account->zone;
    op->upstream_op = upstream_start(op->account->upstream, &call, true, READ_MS, on_task, op);
}

void op_start_tend(struct op *op)
{
    op_job(op, false, read_run, read_done);
}
