#include "bridge/sync/op_internal.h"

enum {
    SEND_MS = 20 * 1000, /**< also for one whose client has waited long: what is given up early may
                              still be done long after both looks */
};

static void op_send(struct op *op);

/** What is needed to plan a step again. */
static void describe_step(const struct op *op, struct store_operation *row)
{
    row->kind = OP_STEP;
    row->document = op->object.document;
    row->wanted = row->expected = S("");
    row->fields = op->precondition.if_match_count > 0;
}

/** Where a new sub-task will stand: an id that names its task alone. */
static struct str subtask_place(const struct op *op)
{
    return arena_printf(op->arena, "%.*s%c", STR_ARG(op->parent_id), UPSTREAM_SUBTASK);
}

/* --- writing it down ---------------------------------------------------------------------- */

static bool begin_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct arena *arena = op->arena;
    bool has_task = op->kind != OP_DELETE;
    struct store_operation row = {
        .account = op->account_id,
        .collection = op->collection_id,
        .kind = op->kind,
        .resource = op->row.id,
        .href = op->href,
        .uid = op->kind == OP_DELETE ? op->row.uid : op->object.uid,
        .upstream_id = op->parent_id.n ? subtask_place(op) : op->upstream_id,
        .replaced_etag = op->row.id != 0 ? op->row.etag : S(""),
        .document = has_task ? op->plan.document : S(""),
        .put_hash = op->put_hash,
        .wanted = has_task ? version_base(&op->plan.wanted, arena) : S(""),
        .expected = has_task ? version_base(&op->plan.expected, arena) : S(""),
        .fields = has_task ? op->plan.fields : 0,
        .marker = op->marker,
        .password = op->client,
        .named_rev = op->object.has_rev ? (int64_t)op->object.rev : 0,
        .created_s = op->sent_s,
    };

    if (op_is_attaching(op)) {
        op_attach_describe(op, &row);
    } else if (op->is_stepping) {
        describe_step(op, &row);
    }
    if (op->row_id != 0 && !store_operation_remove(db, row.account, op->row_id, err)) {
        return false;
    }
    return store_operation_add(db, &row, &op->new_row_id, err);
}

static void begin_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);

    if (!op_job_ended(op)) {
        return;
    }
    op->row_id = base->err.kind == ERR_NONE ? op->new_row_id : op->row_id;
    if (base->err.kind != ERR_NONE) {
        struct err err = base->err;

        log_error("store.operation", LOG_TEXT("why", err.text));
        op_drop(op, &err);
    } else if (op_is_attaching(op)) {
        op_attach_send(op);
    } else if (op->is_stepping) {
        op_send_step(op);
    } else {
        op_send(op);
    }
}

void op_begin(struct op *op)
{
    op->sent_s = clock_now_s();
    op_note_link(op);
    op->sent_pages = op->collection->pages_asked - (op->collection->pull ? 1 : 0);
    op_job(op, true, begin_run, begin_done);
}

/* --- sending ------------------------------------------------------------------------------ */

static void on_current(struct upstream_reply *reply, void *arg);

/** Upstream has moved on: read what it has now. */
static void read_current(struct op *op)
{
    struct upstream_call call = {
        .kind = UPSTREAM_GET_TASK,
        .folder_id = text_str(&op->collection->upstream_id),
        .task_id = op->upstream_id,
        .zone = op->account->zone,
    };

    op->upstream_op = upstream_start(op->account->upstream, &call, false, SEND_MS, on_current, op);
}

void op_vanished(struct op *op)
{
    bool names_version = op->precondition.if_match_count > 0 || op->precondition.if_match_any;
    struct err err;

    if (op->is_own) { /* a round will say that it has gone */
        err_set(&err, ERR_BUSY, "the task has gone");
        op_drop(op, &err);
    } else if (op->kind == OP_UPDATE && !names_version) {
        op_plan_creation(op); /* the row keeps its address and UID */
    } else {
        op_settle_removed(op, op->kind == OP_DELETE ? SYNC_REMOVED : SYNC_PRECONDITION);
    }
}

static void on_conflict(struct op *op, const struct err *err)
{
    if (op->has_merged || op->is_own) { /* twice in a row: let the client come back */
        struct err busy = *err;

        busy.kind = ERR_BUSY;
        busy.retry_after_s = 2;
        op_drop(op, &busy);
    } else {
        read_current(op);
    }
}

/** The fields that upstream has changed as well, and not to what the client wants (as a first try
 * whose answer was lost has done). */
static task_fields overlap(
    const struct op *op, const struct task *base, const struct task *returned)
{
    task_fields fields = task_diff(base, returned) & op->plan.fields;

    for (unsigned f = 0; f < TASK_FIELD_COUNT; f++) {
        if (task_field_eq(returned, &op->plan.wanted, (enum task_field)f)) {
            fields &= ~TASK_FIELD(f);
        }
    }
    return fields;
}

static void on_current(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    struct map_context context = op_context(op);
    struct task base, returned;
    struct str current;
    struct err err = reply->err;

    op->upstream_op = NULL;
    if (err.kind == ERR_NOT_FOUND) {
        op_vanished(op);
        return;
    }
    if (err.kind != ERR_NONE) {
        op_drop(op, &err); /* the change itself was refused with 412: nothing is unclear */
        return;
    }
    task_copy(op->arena, &reply->item.task, &returned);
    if (!task_parse(op->row.base, op->arena, &base, &err)) {
        op_drop(op, &err);
        return;
    }
    task_adopt_days(&returned, &base);
    task_keep_attachments(&returned, &base);
    if (!map_merge(op->row.document, &base, &returned, &context, &current, &err)) {
        op_drop(op, &err);
        return;
    }
    op->row.upstream_etag = arena_copy(op->arena, reply->item.etag);
    if (op->kind == OP_DELETE ? task_diff(&base, &returned) != 0
                              : overlap(op, &base, &returned) != 0) {
        op_settle_conflict(op, &returned, op->row.upstream_etag, current);
        return;
    }
    op->has_merged = true;
    if (op->kind == OP_DELETE) {
        op_send(op);
    } else if (op_replan(op, &returned, current)) {
        op_carry_out(op);
    }
}

void op_keep_answer(struct op *op, const struct upstream_item *item)
{
    op->answer = *item;
    op->answer.id = arena_copy(op->arena, item->id);
    op->answer.etag = arena_copy(op->arena, item->etag);
    op->answer.marker = S("");
    task_copy(op->arena, &item->task, &op->answer.task);
}

static void on_whole(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    op_settle(op, reply->err.kind == ERR_NONE ? &reply->item : &op->answer);
}

/**
 * It is done. Where the answer leaves out what the task is now (204, or a few members), it is read,
 * so that a decision of the service's shows at once; if that fails, what was sent stands until the
 * next round.
 */
static void on_success(struct op *op, const struct upstream_item *item)
{
    const task_fields untold = TASK_FIELD(TASK_ASSIGNED_TO) | TASK_FIELD(TASK_OWNER) |
                               upstream_dialect(op->account->upstream)->unlisted;
    struct upstream_call call = {
        .kind = UPSTREAM_GET_TASK,
        .folder_id = text_str(&op->collection->upstream_id),
        .task_id = item->id,
        .zone = op->account->zone,
    };

    if (op->kind == OP_CREATE && op->marker.n == 0 && op->parent_id.n == 0 && !op->is_reduced) {
        op->account->lacks_markers = true; /* refused with it, taken without */
    }
    if ((item->task.present | untold) == TASK_ALL_FIELDS) {
        op_settle(op, item);
        return;
    }
    op_keep_answer(op, item);
    op->upstream_op = upstream_start(op->account->upstream, &call, false, SEND_MS, on_whole, op);
}

/** A DELETE may take away one occurrence only (mapping.md 5.1): first the series becomes a task. */
static bool ends_series(const struct op *op)
{
    return op->kind == OP_DELETE && op->base.recurrence.is_set && op->base.status != TASK_DONE;
}

/** mapping.md 1.3.5: once more without what may be at fault. */
static bool reduce(struct op *op)
{
    struct map_context context = op_context(op);

    if (op->is_reduced || op->is_own || op->kind == OP_DELETE) {
        return false;
    }
    op->is_reduced = true;
    return map_plan_reduce(&op->plan, op->kind == OP_CREATE ? NULL : &op->base, &context) != 0;
}

static void on_reply(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind == ERR_DENIED) {
        account_set_sign_in(op->account, true);
    }
    if (reply->is_unclear) {
        op_become_unclear(op, &reply->err);
    } else if (reply->err.kind == ERR_NONE && ends_series(op)) {
        op->base.recurrence = (struct task_recurrence){ 0 };
        op->row.upstream_etag = arena_copy(op->arena, reply->item.etag);
        op_send(op);
    } else if (reply->err.kind == ERR_NONE && op->kind == OP_DELETE) {
        op_settle_removed(op, SYNC_REMOVED);
    } else if (reply->err.kind == ERR_NONE) {
        on_success(op, &reply->item);
    } else if (reply->err.kind == ERR_INVALID && op->kind == OP_CREATE && op->marker.n > 0) {
        op->marker = S(""); /* perhaps it takes no extended properties: once more without */
        op_begin(op);
    } else if (reply->err.kind == ERR_INVALID && reduce(op)) {
        if (op->plan.fields != 0) {
            op_begin(op);
        } else {
            op_settle_locally(op); /* all of it is kept here */
        }
    } else if (reply->err.kind == ERR_NOT_FOUND && op->kind != OP_CREATE) {
        op_vanished(op);
    } else if (reply->err.kind == ERR_CONFLICT && op->kind != OP_CREATE) {
        on_conflict(op, &reply->err);
    } else {
        struct err err = reply->err;

        op_drop(op, &err);
    }
}

static void op_send(struct op *op)
{
    const struct dialect *dialect = upstream_dialect(op->account->upstream);
    /* DELETE without If-Match wins, whatever happened upstream */
    bool wants_match =
        dialect->sends_if_match &&
        (op->kind == OP_UPDATE || (op->kind == OP_DELETE && op->precondition.if_match_count > 0));
    struct upstream_call call = {
        .kind = op->kind == OP_CREATE && op->upstream_id.n == 0 ? UPSTREAM_CREATE_TASK
                : op->kind != OP_DELETE                         ? UPSTREAM_UPDATE_TASK
                                                                : UPSTREAM_DELETE_TASK,
        .folder_id = text_str(&op->collection->upstream_id),
        .task_id = op->upstream_id,
        .parent_id = op->parent_id,
        .etag = wants_match ? op->row.upstream_etag : S(""),
        .marker = op->marker,
        .kept = op->kind == OP_CREATE && op->marker.n ? op_kept(op) : S(""),
        .task = op->kind == OP_DELETE ? NULL : &op->plan.wanted,
        .fields = op->plan.fields,
        .zone = op->account->zone,
    };
    const struct task plain = { .percent = -1 };

    if (ends_series(op)) {
        call.kind = UPSTREAM_UPDATE_TASK;
        call.task = &plain;
        call.fields = TASK_FIELD(TASK_RECURRENCE);
    }
    op->upstream_op = upstream_start(op->account->upstream, &call, false, SEND_MS, on_reply, op);
}
