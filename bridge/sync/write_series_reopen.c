#include "bridge/sync/write_series_internal.h"

/** An occurrence that was completed and is a task of its own is open again (P4 of mapping.md 5.3).
 * Doing that twice does no harm, so an unclear one is simply done again. */

const struct resource *reopen_find(const struct op *op)
{
    struct map_context context = op_context(op);

    for (struct resource *r = collection_next(op->collection, NULL); r;
         r = collection_next(op->collection, r)) {
        if (!r->is_removed && str_find(r->document, S("COMPLETED")) != SIZE_MAX &&
            map_is_occurrence(r->document, op->row.document, step_of(op)->day, &context) &&
            !op_is_being_written(op, r->href)) {
            return r;
        }
    }
    return NULL;
}

static bool make_row(struct op *op, const struct upstream_item *item, struct err *err)
{
    struct map_context context = op_context(op);
    struct store_resource *row = &op->done_row;
    struct task base, returned;

    *row = op->other;
    if (!task_parse(row->base, op->arena, &base, err)) {
        return false;
    }
    task_copy(op->arena, &base, &returned);
    returned.status = TASK_NOT_STARTED;
    returned.completed = (struct task_date){ 0 };
    task_apply(&returned, &item->task, item->task.present);
    task_adopt_days(&returned, &base);
    returned.modified_us = item->task.modified_us;
    if (!map_merge(row->document, &base, &returned, &context, &row->document, err)) {
        return false;
    }
    row->upstream_etag = arena_copy(op->arena, item->etag);
    row->document = arena_copy(op->arena, row->document);
    row->round = op->collection->round;
    row->written_s = row->modified_s = clock_now_s();
    row->replaced_etag = S(MOVED_ON);
    op->has_done_row = true;
    return version_next(op->collection, row, &returned, true, &context, &op->done_version, err);
}

static void on_reopened(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    struct err err;

    op->upstream_op = NULL;
    if (reply->err.kind == ERR_NOT_FOUND) {
        op_settle_step(op, NULL); /* deleted there: a round will say so */
    } else if (reply->err.kind != ERR_NONE) {
        step_failed(op, reply);
    } else if (!make_row(op, &reply->item, &err)) {
        op_become_unclear(op, &err);
    } else {
        op_settle_step(op, NULL);
    }
}

static bool other_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    bool is_found;

    return store_resource_find(db, op->account_id, op->collection_id, op->other.href, op->arena,
        &op->other, &is_found, err);
}

static void other_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    const struct task open = { .status = TASK_NOT_STARTED };
    struct upstream_call request = {
        .kind = UPSTREAM_UPDATE_TASK,
        .task = &open,
        .fields = F(STATUS),
    };
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind != ERR_NONE) {
        op_become_unclear(op, &err);
        return;
    }
    if (op->other.upstream_id.n == 0) {
        op_settle_step(op, NULL);
        return;
    }
    request.task_id = op->other.upstream_id;
    step_call(op, &request, on_reopened);
}

void reopen_send(struct op *op)
{
    const struct resource *found = reopen_find(op);

    if (!found) {
        op_settle_step(op, NULL);
        return;
    }
    op->other.href = arena_copy(op->arena, found->href);
    op_job(op, false, other_run, other_done);
}
