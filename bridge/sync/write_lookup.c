#include "bridge/sync/op_internal.h"

/**
 * An unclear operation is looked up at once and again some seconds after its request ended (it may
 * still be running there). Found: adopted. Only the second miss allows a repeat, by the client.
 */
enum {
    LOOK_AGAIN_MS = 5 * 1000,
    LOOK_DEADLINE_MS = 20 * 1000,
    LOOK_FAILED_MAX_MS = 60 * 1000,
    MISSES = 2,
    PAGES_MAX = 1000, /**< of one search */
};

static void look(void *arg);

static void look_in(struct op *op, int64_t delay_ms)
{
    loop_timer_start(&op->lookup, delay_ms);
}

void op_missed(struct op *op)
{
    struct err err;

    if (++op->misses < MISSES) {
        look_in(op, LOOK_AGAIN_MS);
        return;
    }
    if (op_step_wants_next(op)) {
        op_create_next(op);
        return;
    }
    log_info("write.not_done", LOG_INT("operation", op->row_id));
    err_set(&err, ERR_BUSY, "the service did not do it");
    op_drop(op, &err);
}

void op_lookup_failed(struct op *op, const struct err *err)
{
    int64_t delay_ms = LOOK_AGAIN_MS << (op->lookup_failures < 4 ? op->lookup_failures : 4);

    op->lookup_failures++;
    log_warn("write.lookup", LOG_INT("operation", op->row_id),
        LOG_TEXT("kind", err_kind_name(err->kind)), LOG_TEXT("why", err->text));
    look_in(op, delay_ms < LOOK_FAILED_MAX_MS ? delay_ms : LOOK_FAILED_MAX_MS);
}

bool op_is_done(const struct op *op, const struct task *task)
{
    for (int field = 0; field < TASK_FIELD_COUNT; field++) {
        if ((op->plan.fields & TASK_FIELD(field)) &&
            !task_field_eq(task, &op->plan.wanted, (enum task_field)field)) {
            return false;
        }
    }
    return true;
}

static void on_task(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind == ERR_NONE && op->is_stepping) {
        op_step_found(op, &reply->item);
    } else if (reply->is_maybe_gone ||
               (reply->err.kind == ERR_NOT_FOUND && (op->kind == OP_CREATE || op->is_stepping))) {
        /* found by its marker and deleted since; or nobody stands for it that it is gone: the
         * client tries again, and the next round tells */
        op_missed(op);
    } else if (reply->err.kind == ERR_NOT_FOUND) {
        op_settle_removed(op, op->kind == OP_DELETE ? SYNC_REMOVED : SYNC_PRECONDITION);
    } else if (reply->err.kind != ERR_NONE) {
        op_lookup_failed(op, &reply->err);
    } else if (op->kind == OP_CREATE) {
        op_settle(op, &reply->item);
    } else if (op->kind == OP_UPDATE && (op_is_done(op, &reply->item.task) || op_reschedules(op))) {
        op_settle(op, &reply->item);
    } else {
        op_missed(op);
    }
}

static void read_task(struct op *op, struct str id)
{
    struct upstream_call call = {
        .kind = UPSTREAM_GET_TASK,
        .folder_id = text_str(&op->collection->upstream_id),
        .task_id = id,
        .zone = op->account->zone,
    };

    op->upstream_op =
        upstream_start(op->account->upstream, &call, false, LOOK_DEADLINE_MS, on_task, op);
}

static void find_by_marker(struct op *op, struct str link);

/**
 * The one to adopt; empty if the page shows none. When a series was completed meanwhile, the
 * completed copy bears the marker too: the live one is ours, wherever it stands.
 */
static struct str choose_found(struct op *op, struct upstream_reply *reply, struct err *err)
{
    const struct dialect *dialect = upstream_dialect(op->account->upstream);
    struct upstream_item item;
    CLEANUP(arena_free) struct arena *scratch = arena_new();

    while (reply->page && dialect->next_item(reply->page, scratch, &item, err)) {
        if (item.task.status != TASK_DONE) {
            return arena_copy(op->arena, item.id);
        }
        op->found_id = arena_copy(op->arena, item.id);
    }
    return S("");
}

/** Nothing bears the marker. A service that drops it silently would let the repeat make a second.
 */
static void on_unmarked(struct op *op)
{
    if (op->kind != OP_CREATE || op->misses + 1 < MISSES) {
        op_missed(op);
    } else {
        op_find_by_fingerprint(op);
    }
}

static void on_found(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    struct err err = reply->err;
    struct str id = S("");

    op->upstream_op = NULL;
    if (err.kind == ERR_INVALID && (op->kind == OP_CREATE || op->is_stepping)) {
        op_find_by_fingerprint(op); /* this service can't search by it */
        return;
    }
    if (err.kind == ERR_NONE && ++op->walked_pages > PAGES_MAX) {
        err_set(&err, ERR_UPSTREAM, "a search without end");
    }
    if (err.kind == ERR_NONE) {
        id = choose_found(op, reply, &err);
    }
    if (err.kind != ERR_NONE) {
        op_lookup_failed(op, &err);
    } else if (id.n == 0 && reply->link_kind == UPSTREAM_LINK_MORE) {
        find_by_marker(op, arena_copy(op->arena, reply->link));
    } else if (id.n > 0 || op->found_id.n > 0) {
        read_task(op, id.n > 0 ? id : op->found_id);
    } else {
        on_unmarked(op);
    }
}

static void find_by_marker(struct op *op, struct str link)
{
    struct upstream_call call = {
        .kind = UPSTREAM_FIND_TASK,
        .folder_id = text_str(&op->collection->upstream_id),
        .link = link,
        .marker = op->marker,
        .zone = op->account->zone,
    };

    op->upstream_op =
        upstream_start(op->account->upstream, &call, false, LOOK_DEADLINE_MS, on_found, op);
}

void op_find_new(struct op *op)
{
    if (op->marker.n == 0) {
        op_find_by_fingerprint(op);
    } else {
        op->walked_pages = 0;
        find_by_marker(op, S(""));
    }
}

static void look(void *arg)
{
    struct op *op = arg;

    if (op->engine->is_stopping) {
        return; /* the next start takes it up */
    }
    op->found_id = S("");
    if (op->kind == OP_DISCARD) {
        op_send_discard(op);
    } else if (op_is_attaching(op)) {
        op_attach_look(op);
    } else if (op->is_stepping) {
        op_send_step(op);
    } else if (op->kind == OP_CREATE) {
        op_find_new(op);
    } else {
        read_task(op, op->upstream_id);
    }
}

void op_become_unclear(struct op *op, const struct err *err)
{
    struct err told = *err;
    bool was_running = op->state != OP_UNCLEAR;

    op->state = OP_UNCLEAR;
    loop_timer_init(&op->lookup, op->engine->loop, look, op);
    if (told.retry_after_s == 0) {
        told.retry_after_s = 10;
    }
    log_warn("write.unclear", LOG_STR("user", text_str(&op->account->user->name)),
        LOG_INT("operation", op->row_id), LOG_TEXT("why", err->text));
    op_answer(op, SYNC_BUSY, S(""), &told);
    op->misses = 0;
    op->has_searched_copy = false;
    if (was_running) {
        look_in(op, 0);
        engine_op_ended(op->engine); /* a stop does not wait for it */
    } else {
        op_lookup_failed(op, err);
    }
}

/* --- what the last run left open ---------------------------------------------------------- */

/** The resource must be as it was when the operation began: nothing else changes one meanwhile. If
 * it is not, the operation ended long ago, and only its row could not be removed then. */
static bool resume_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct store_resource row = { 0 };
    bool is_found;

    if (!store_resource_find(
            db, op->account_id, op->collection_id, op->href, op->arena, &row, &is_found, err)) {
        return false;
    }
    if (!str_eq(row.etag, op->replaced_etag)) {
        return err_set(err, ERR_CONFLICT, "the object is not what the operation began with");
    }
    op->row = row;
    return !op->is_stepping || store_version_list(db, op->account_id, op->collection_id, op->row.id,
                                   op->arena, &op->versions, &op->version_count, err);
}

static void resume_done(struct store_job *base);
static void resume_again(void *arg);

/** A step looks at the other resources of the list. */
static void resume_loaded(const struct err *err, void *arg)
{
    struct op *op = arg;
    struct err broken = *err;

    op->is_job_running = false;
    if (!op->account) {
        op_abandoned(op);
    } else if (err->kind != ERR_NONE) {
        log_error("write.resume", LOG_INT("operation", op->row_id), LOG_TEXT("why", err->text));
        if (err->kind != ERR_NOT_FOUND) { /* else the list goes, and this with it */
            loop_timer_init(&op->lookup, op->engine->loop, resume_again, op);
            look_in(op, LOOK_AGAIN_MS);
        }
    } else if (op_plan_update(op, &broken) && op_resume_steps(op)) {
        look(op);
    } else {
        log_warn("write.stale", LOG_INT("operation", op->row_id), LOG_TEXT("why", "no such step"));
        op->is_stepping = false;
        op_forget(op);
    }
}

/** The store could not be read: once more. */
static void resume_again(void *arg)
{
    struct op *op = arg;

    loop_timer_init(&op->lookup, op->engine->loop, look, op);
    if (!op->engine->is_stopping) {
        op_job(op, false, resume_run, resume_done);
    }
}

static void resume_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind == ERR_NONE && op->row.id != 0 && op->row.base.n &&
        !task_parse(op->row.base, op->arena, &op->base, &err)) {
        op_drop(op, &err);
    } else if (err.kind == ERR_CONFLICT) {
        log_warn("write.stale", LOG_INT("operation", op->row_id), LOG_TEXT("why", err.text));
        op_forget(op);
    } else if (err.kind != ERR_NONE) {
        log_error("write.resume", LOG_INT("operation", op->row_id), LOG_TEXT("why", err.text));
        loop_timer_init(&op->lookup, op->engine->loop, resume_again, op);
        look_in(op, LOOK_AGAIN_MS); /* nobody can write there until it is settled */
    } else if (op->is_stepping) {
        op->is_job_running = true; /* resume_loaded frees it if it is abandoned meanwhile */
        collection_load(op->collection, resume_loaded, op);
    } else {
        look(op);
    }
}

/** A step is planned again, from what it was planned from. */
static void resume_step(struct op *op, const struct store_operation *row)
{
    op->kind = OP_UPDATE;
    op->is_stepping = true;
    op->object.document = arena_copy(op->arena, row->document);
    if (row->fields != 0) {
        op->precondition.if_match = &op->replaced_etag;
        op->precondition.if_match_count = 1;
    }
}

static bool resume_plan(struct op *op, const struct store_operation *row, struct err *err)
{
    op->plan.document = arena_copy(op->arena, row->document);
    op->plan.fields = (task_fields)row->fields;
    op->plan.is_verbatim = op->object.is_verbatim =
        str_eq(version_put_hash(row->document, op->arena), row->put_hash);
    task_init(&op->plan.wanted);
    task_init(&op->plan.expected);
    if (row->kind == OP_STEP) {
        resume_step(op, row);
        return true;
    }
    if (row->kind == OP_ATTACH || row->kind == OP_DETACH) {
        return op_attach_resume(op, row, err);
    }
    return row->kind == OP_DELETE ||
           (task_parse(row->wanted, op->arena, &op->plan.wanted, err) &&
               task_parse(row->expected, op->arena, &op->plan.expected, err));
}

/** Nobody waits for it. */
static void begin_unclear(struct op *op)
{
    op->state = OP_UNCLEAR;
    engine_op_ended(op->engine);
    loop_timer_init(&op->lookup, op->engine->loop, look, op);
}

void op_lookup_start(struct op *op)
{
    begin_unclear(op);
    look(op);
}

void op_resume(struct account *account, struct collection *c, const struct store_operation *row)
{
    struct op *op;
    struct err err;

    if (row->kind == OP_DISCARD) {
        op_resume_discard(account, c, row);
        return;
    }
    op = op_new(account, c, (enum op_kind)row->kind);
    begin_unclear(op);
    op->row_id = row->id;
    op->row.id = row->resource;
    op->href = arena_copy(op->arena, row->href);
    op->object.uid = arena_copy(op->arena, row->uid);
    op->upstream_id = arena_copy(op->arena, row->upstream_id);
    if (row->kind == OP_CREATE && upstream_parent_of(op->upstream_id).n) {
        op->parent_id = upstream_parent_of(op->upstream_id);
        op->upstream_id = S("");
    }
    op->replaced_etag = arena_copy(op->arena, row->replaced_etag);
    op->put_hash = arena_copy(op->arena, row->put_hash);
    op->marker = arena_copy(op->arena, row->marker);
    op->sent_s = row->created_s;
    op->sent_pages = UINT64_MAX; /* another run's */
    op->client = row->password;
    op->is_own = row->kind != OP_DELETE && row->put_hash.n == 0;
    op->object.has_rev = row->named_rev != 0;
    op->object.rev = (uint64_t)row->named_rev;
    if (!resume_plan(op, row, &err)) {
        log_error("write.resume", LOG_INT("operation", row->id), LOG_TEXT("why", err.text));
        op_drop(op, &err);
        return;
    }
    op_job(op, false, resume_run, resume_done);
}
