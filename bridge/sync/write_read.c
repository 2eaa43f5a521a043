#include "bridge/sync/op_internal.h"

#include "bridge/map/attach.h"

/** Reading what hangs on a task: the one thing that the service keeps and we do not. An operation,
 * so that it ends with its list; it waits for nobody and nobody waits for it. */
enum {
    CONTENT_MS = 120 * 1000,
};

static bool read_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    bool is_found;

    return store_resource_find(
        db, op->account_id, op->collection_id, op->body, op->arena, &op->row, &is_found, err);
}

static void end_with(struct op *op, enum sync_outcome outcome, const struct err *err)
{
    op_answer(op, outcome, S(""), err);
    op_end(op);
}

static void on_content(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    struct err err = reply->err;

    op->upstream_op = NULL;
    if (err.kind == ERR_NONE) {
        op_answer_content(op, reply->content, reply->attachment.name, reply->attachment.type);
        op_end(op);
    } else if (err.kind == ERR_NOT_FOUND) {
        end_with(op, SYNC_NOT_FOUND, &err);
    } else {
        if (err.kind == ERR_DENIED) {
            account_set_sign_in(op->account, true);
        }
        err.retry_after_s = err.retry_after_s ? err.retry_after_s : 10;
        end_with(op, SYNC_BUSY, &err);
    }
}

static void read_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    const struct task_attachment *attachment = NULL;
    struct upstream_call call = { .kind = UPSTREAM_GET_ATTACHMENT };
    const int64_t most = (int64_t)op->engine->options.attachment_bytes;
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind == ERR_NONE && op->row.id != 0 &&
        task_parse(op->row.base, op->arena, &op->base, &err)) {
        attachment = map_find_managed(&op->base, op->marker, op->arena);
    }
    if (err.kind != ERR_NONE) {
        log_error("store.read", LOG_TEXT("why", err.text));
        err.retry_after_s = 10;
        end_with(op, SYNC_BUSY, &err);
        return;
    }
    if (!attachment || task_attachment_is_link(attachment)) {
        err_set(&err, ERR_NOT_FOUND, "there is no such attachment");
        end_with(op, SYNC_NOT_FOUND, &err);
        return;
    }
    if (attachment->kind == TASK_ATTACHED_ITEM) {
        err_set(&err, ERR_INVALID, "the service does not show what is in an attached item");
        end_with(op, SYNC_FORBIDDEN, &err);
        return;
    }
    /* a size that is a lie must not keep others from theirs; the answer has a bound of its own */
    if (!op_hold_bytes(op, (size_t)(attachment->bytes < most ? attachment->bytes : most), &err)) {
        end_with(op, SYNC_BUSY, &err);
        return;
    }
    call.folder_id = text_str(&op->collection->upstream_id);
    call.task_id = op->row.upstream_id;
    call.attachment_id = attachment->id;
    call.zone = op->account->zone;
    op->upstream_op =
        upstream_start(op->account->upstream, &call, false, CONTENT_MS, on_content, op);
}

void op_start_read(struct op *op)
{
    op_job(op, false, read_run, read_done);
}

void sync_read_attachment(struct engine *engine, struct collection *collection, struct str href,
    struct str managed_id, sync_cb *cb, void *arg)
{
    static const struct precondition none;
    struct op *op;
    struct err err;

    if (engine->is_stopping || !collection->account->upstream) {
        err_set(&err, ERR_BUSY, "the service is not within reach");
        err.retry_after_s = 10;
        sync_refuse_later(engine, SYNC_BUSY, &err, cb, arg);
        return;
    }
    op = op_ask(collection, OP_READ, S(""), &none, CONTENT_MS, cb, arg);
    op->body = arena_copy(op->arena, href);
    op->marker = arena_copy(op->arena, managed_id);
}
