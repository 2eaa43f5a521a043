#include "bridge/sync/op_internal.h"

/**
 * OP_DISCARD: what is left upstream of something that has become another thing there: the item of a
 * sub-task that is a task now, the copy that a new rule left of a series. It is written down in the
 * transaction that settles the other, and taken up at every start until it is gone.
 */
enum {
    DISCARD_DEADLINE_MS = 20 * 1000
};

bool op_add_discard(struct op *op, struct store_db *db, struct err *err)
{
    struct store_operation row = {
        .account = op->account_id,
        .collection = op->collection_id,
        .kind = OP_DISCARD,
        .href = S(""),
        .uid = S(""),
        .upstream_id = op->discard_id,
        .replaced_etag = S(""),
        .marker = S(""),
        .created_s = clock_now_s(),
    };

    return store_operation_add(db, &row, &op->discard_row_id, err);
}

/** Nothing is asked for again once the service has said what there is to say. */
static void on_discarded(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    enum err_kind kind = reply->err.kind;

    op->upstream_op = NULL;
    if (kind == ERR_NONE || kind == ERR_NOT_FOUND) {
        writes_note(op->account, op->upstream_id);
        op_forget(op);
    } else if (kind == ERR_INVALID) { /* it stays, and becomes a resource of its own */
        log_warn("write.not_discarded", LOG_HASH("task", op->upstream_id),
            LOG_TEXT("why", reply->err.text));
        op_forget(op);
    } else {
        op_lookup_failed(op, &reply->err);
    }
}

static void send(struct op *op, enum upstream_kind kind, const struct task *task,
    task_fields fields, upstream_cb *cb)
{
    struct upstream_call call = {
        .kind = kind,
        .folder_id = text_str(&op->collection->upstream_id),
        .task_id = op->upstream_id,
        .task = task,
        .fields = fields,
        .zone = op->account->zone,
    };

    op->upstream_op =
        upstream_start(op->account->upstream, &call, true, DISCARD_DEADLINE_MS, cb, op);
}

static void on_ended(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    if (reply->err.kind != ERR_NONE) {
        on_discarded(reply, arg);
    } else {
        op->upstream_op = NULL;
        send(op, UPSTREAM_DELETE_TASK, NULL, 0, on_discarded);
    }
}

/** Days may have gone by. One that was completed meanwhile is somebody's; of a series a DELETE may
 * take one occurrence only (mapping.md 5.1). */
static void on_fresh(struct upstream_reply *reply, void *arg)
{
    const struct task plain = { .percent = -1 };
    struct op *op = arg;

    if (reply->err.kind != ERR_NONE || reply->item.task.status == TASK_DONE) {
        on_discarded(reply, arg);
    } else if (reply->item.task.recurrence.is_set) {
        op->upstream_op = NULL;
        send(op, UPSTREAM_UPDATE_TASK, &plain, TASK_FIELD(TASK_RECURRENCE), on_ended);
    } else {
        on_ended(reply, arg);
    }
}

void op_send_discard(struct op *op)
{
    if (upstream_parent_of(op->upstream_id).n) {
        send(op, UPSTREAM_DELETE_TASK, NULL, 0, on_discarded);
    } else {
        send(op, UPSTREAM_GET_TASK, NULL, 0, on_fresh);
    }
}

void op_resume_discard(
    struct account *account, struct collection *c, const struct store_operation *row)
{
    struct op *op = op_new(account, c, OP_DISCARD);

    op->row_id = row->id;
    op->href = S("");
    op->object.uid = S("");
    op->upstream_id = arena_copy(op->arena, row->upstream_id);
    op_lookup_start(op);
}

void op_start_discard(struct op *op)
{
    struct store_operation row = {
        .id = op->discard_row_id,
        .kind = OP_DISCARD,
        .upstream_id = op->discard_id,
    };

    if (op->discard_row_id != 0) {
        op_resume_discard(op->account, op->collection, &row);
    }
    op->discard_row_id = 0;
    op->discard_id = S("");
}
