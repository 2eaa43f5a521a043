#include "bridge/sync/op_internal.h"

/**
 * OP_DISCARD: what is left upstream of something that has become another thing there: the item of a
 * sub-task that is a task now, the copy that a new rule left of a series. It is written down in the
 * transaction that settles the other, and taken up at every start until it is gone.
 */
enum {
    DISCARD_DEADLINE_MS = 20 * 1000
};

bool op_holds_more(const struct op *op, struct upstream_reply *reply)
{
    const struct dialect *dialect = upstream_dialect(op->account->upstream);
    const struct task *task = &reply->item.task;
    struct upstream_item item = { 0 };
    struct err err = { 0 };
    CLEANUP(arena_free) struct arena *scratch = arena_new();

    return !reply->item.has_subtasks || !task->knows_attachments || task->has_attachments ||
           task->attachment_count > 0 ||
           (reply->page &&
               (dialect->next_item(reply->page, scratch, &item, &err) || err.kind != ERR_NONE));
}

/** What a task was then; an item of a checklist goes in any case. */
static struct str judged(const struct op *op)
{
    return upstream_parent_of(op->discard_id).n ? S("") : version_base(&op->discarded, op->arena);
}

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
        .expected = judged(op),
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

static void leave(struct op *op)
{
    log_warn("write.not_discarded", LOG_HASH("task", op->upstream_id),
        LOG_TEXT("why", "it has changed since"));
    op_forget(op);
}

static bool is_as_judged(const struct op *op, const struct upstream_item *item, task_fields but)
{
    return (task_diff(&item->task, &op->base) & item->task.present & ~but) == 0;
}

/** A repetition that is asked for again later finds what this made of it. */
static void on_ended(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        on_discarded(reply, arg);
    } else if (!is_as_judged(op, &reply->item, TASK_FIELD(TASK_RECURRENCE))) {
        leave(op);
    } else {
        op->base.recurrence = (struct task_recurrence){ 0 };
        op->base.modified_us = reply->item.task.modified_us;
        send(op, UPSTREAM_DELETE_TASK, NULL, 0, on_discarded);
    }
}

/** That it has no rule any more may be of our doing: the answer was lost. */
static bool is_untouched(const struct op *op, const struct upstream_item *item)
{
    return op->is_sent && !item->task.recurrence.is_set
               ? is_as_judged(op, item, TASK_FIELD(TASK_RECURRENCE))
               : item->task.modified_us == op->base.modified_us && is_as_judged(op, item, 0);
}

/** Days may have gone by. One that was touched meanwhile is somebody's; of a series a DELETE may
 * take one occurrence only (mapping.md 5.1). */
static void on_fresh(struct upstream_reply *reply, void *arg)
{
    const struct task plain = { .percent = -1 };
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        on_discarded(reply, arg);
    } else if (!is_untouched(op, &reply->item) || op_holds_more(op, reply)) {
        leave(op);
    } else if (reply->item.task.recurrence.is_set) {
        op->is_sent = true;
        send(op, UPSTREAM_UPDATE_TASK, &plain, TASK_FIELD(TASK_RECURRENCE), on_ended);
    } else {
        send(op, UPSTREAM_DELETE_TASK, NULL, 0, on_discarded);
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
    struct err err;

    if (row->expected.n && !task_parse(row->expected, op->arena, &op->base, &err)) {
        log_error("write.resume", LOG_INT("operation", row->id), LOG_TEXT("why", err.text));
    } /* without it nothing is as it was judged */
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
        .expected = judged(op),
    };

    if (op->discard_row_id != 0) {
        op_resume_discard(op->account, op->collection, &row);
    }
    op->discard_row_id = 0;
    op->discard_id = S("");
}
