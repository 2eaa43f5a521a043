#include "bridge/sync/keep.h"
#include "bridge/sync/op_internal.h"

/**
 * [mapping] keep_upstream: a new task brings the text along, a changed one gets it by a request of
 * its own before the change is settled. Where that fails the write is none the worse: upstream
 * holds the text of the last one that went well.
 */
enum {
    KEEP_DEADLINE_MS = 10 * 1000
};

struct str op_kept(const struct op *op)
{
    struct str uid = op->row.id != 0 ? op->row.uid : op->object.uid;

    if (!account_keeps(op->account) || op_is_subtask(op)) {
        return S("");
    }
    return keep_format(op->href, uid, op->plan.document, op->arena);
}

static void send(struct op *op, enum upstream_kind kind, upstream_cb *cb)
{
    struct upstream_call call = {
        .kind = kind,
        .folder_id = text_str(&op->collection->upstream_id),
        .task_id = op->answer.id,
        .kept = op_kept(op),
        .zone = op->account->zone,
    };

    op->upstream_op = upstream_start(op->account->upstream, &call, false, KEEP_DEADLINE_MS, cb, op);
}

static void on_kept(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        log_warn("write.not_kept", LOG_HASH("task", op->answer.id),
            LOG_TEXT("kind", err_kind_name(reply->err.kind)), LOG_TEXT("why", reply->err.text));
    }
    if (op->is_kept_locally) {
        op_settle_locally(op);
    } else {
        op_settle(op, &op->answer);
    }
}

static void on_replaced(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind == ERR_NOT_FOUND) {
        send(op, UPSTREAM_KEEP_FIRST, on_kept);
    } else {
        on_kept(reply, arg);
    }
}

bool op_keep(struct op *op, struct str id, bool is_local)
{
    if (op->has_kept || op->account->lacks_markers || op_kept(op).n == 0) {
        return false;
    }
    op->has_kept = true;
    op->is_kept_locally = is_local;
    op->answer.id = id;
    send(op, UPSTREAM_KEEP, on_replaced);
    return true;
}
