#include "bridge/sync/write_series_internal.h"

bool driven_try_unmarked(struct op *op, const struct upstream_reply *reply)
{
    if (reply->err.kind != ERR_INVALID || op->marker.n == 0) {
        return false;
    }
    op->marker = S("");
    op->is_sent = false;
    op_begin(op);
    return true;
}

static void on_created_next(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind == ERR_NONE) {
        op->onward = step_keep_item(op, &reply->item);
        step_done(op);
    } else if (!driven_try_unmarked(op, reply)) {
        /* the occurrence is completed: without its next one the series would stop */
        reply->is_unclear = reply->err.kind != ERR_INVALID;
        step_failed(op, reply);
    }
}

void op_create_next(struct op *op)
{
    step_call(op,
        &(struct upstream_call){ .kind = UPSTREAM_CREATE_TASK,
            .marker = op->marker,
            .task = &op->plan.wanted,
            .fields = op->creates },
        on_created_next);
}

void driven_go_on(struct op *op)
{
    struct map_context context = op_context(op);
    struct map_object object = op->object;
    struct map_plan creation;
    struct err err;

    object.document = op->plan.document;
    if (!map_plan_create(&object, &context, &creation, &err)) {
        op_drop(op, &err);
        return;
    }
    op->plan.wanted = creation.wanted;
    op->plan.expected = creation.expected;
    op->plan.expected.recurrence = (struct task_recurrence){ 0 };
    op->plan.fields = 0;                            /* all of it is in the new task */
    op->creates = creation.fields & ~F(RECURRENCE); /* the service has none, or refused it */
    if (op->state == OP_UNCLEAR) {
        op_find_new(op);
    } else {
        op_create_next(op);
    }
}

static void on_driven(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        step_failed(op, reply);
        return;
    }
    op->done = step_keep_item(op, &reply->item);
    driven_go_on(op);
}

/** The occurrence is done: as the client says, else today. */
static void make_done(const struct op *op, struct task *task, task_fields *fields)
{
    *fields |= F(STATUS) | F(COMPLETED);
    task->status = TASK_DONE;
    if (!task->completed.is_set) {
        task->completed = (struct task_date){ .is_set = true,
            .day = civil_day_of_seconds(zone_to_wall(op->account->zone, clock_now_s())) };
    }
}

void driven_send(struct op *op)
{
    const struct map_step *step = step_of(op);
    struct task task = op->base;
    struct upstream_call request = {
        .kind = UPSTREAM_UPDATE_TASK,
        .task_id = op->upstream_id,
        .etag = op->fresh.etag,
        .task = &task,
    };

    if (step->document.n) {
        request.fields = task_diff(&op->base, &step->task) & CONTENT;
        task_apply(&task, &step->task, request.fields);
    }
    if (step->kind == MAP_STEP_COMPLETE) {
        make_done(op, &task, &request.fields);
    }
    op->is_sent = true;
    step_call(op, &request, on_driven);
}
