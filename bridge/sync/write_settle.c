#include "bridge/sync/op_internal.h"

#include "bridge/sync/op_attach.h"

enum {
    PACE_S = 10 * 60
};

/* --- the transaction ---------------------------------------------------------------------- */

/**
 * A page may have brought the new task before its POST was answered, under a title that did not
 * give it away: one task is one resource, so the one that the page made goes.
 */
static bool bury_twin(
    struct op *op, struct store_db *db, int64_t id, struct str upstream_id, struct err *err)
{
    struct store_resource *twin = &op->twin;

    if (!store_resource_find_upstream(db, op->account_id, op->collection_id, upstream_id, op->arena,
            twin, &op->has_twin, err)) {
        return false;
    }
    if (!op->has_twin || twin->id == id) {
        op->has_twin = false;
        return true;
    }
    if (op_reschedules(op) && twin->put_hash.n > 0) { /* a client's: the search was wrong */
        op->has_twin = false;
        return err_set(err, ERR_CONFLICT, "another resource has that task");
    }
    twin->modified_s = op->result.modified_s;
    return store_change_next(db, op->account_id, op->collection_id, str_from(op->engine->run),
               &twin->change, err) &&
           store_resource_bury(db, op->account_id, op->collection_id, twin->id, twin->change,
               twin->modified_s, err);
}

/** The result stands for a task that its row did not stand for. */
static bool has_new_task(const struct op *op)
{
    return !op->result.is_removed && op->result.upstream_id.n > 0 &&
           !str_eq(op->result.upstream_id, op->row.upstream_id);
}

/**
 * A page that was on its way meanwhile may come from after the new task was deleted again: it said
 * so of a task that nobody here knew yet, or did not list it, and no later one will mention it.
 */
static bool read_again_if_missed(
    struct op *op, struct store_db *db, struct str upstream_id, struct err *err)
{
    return op->settled_pages == op->sent_pages ||
           store_reread_add(db, op->account_id, op->collection_id, upstream_id, err);
}

/** What a step took out of a series, unless a page has brought it already. */
static bool put_done(struct op *op, struct store_db *db, struct err *err)
{
    struct store_resource *row = &op->done_row;
    struct store_resource known;
    bool is_known = false;

    if (row->id != 0 ? !bury_twin(op, db, row->id, row->upstream_id, err)
                     : !store_resource_find_upstream(db, op->account_id, op->collection_id,
                           row->upstream_id, op->arena, &known, &is_known, err)) {
        return false;
    }
    op->has_done_row = !is_known;
    return is_known || (store_change_next(db, op->account_id, op->collection_id,
                            str_from(op->engine->run), &row->change, err) &&
                           store_resource_put(db, row, &row->id, err) &&
                           store_version_add(db, op->account_id, op->collection_id, row->id,
                               &op->done_version, VERSIONS_KEPT, err) &&
                           read_again_if_missed(op, db, row->upstream_id, err));
}

static bool settle_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct store_resource *row = &op->result;

    if ((op->is_publishing || op->is_confirming) && has_new_task(op) &&
        (!bury_twin(op, db, row->id, row->upstream_id, err) ||
            !read_again_if_missed(op, db, row->upstream_id, err))) {
        return false;
    }
    if (op->is_publishing && !store_change_next(db, op->account_id, op->collection_id,
                                 str_from(op->engine->run), &row->change, err)) {
        return false;
    }
    if (op->is_publishing && row->is_removed &&
        !store_resource_bury(
            db, op->account_id, op->collection_id, row->id, row->change, row->modified_s, err)) {
        return false;
    }
    if (op->is_publishing && !row->is_removed &&
        (!store_resource_put(db, row, &row->id, err) ||
            !store_version_add(db, op->account_id, op->collection_id, row->id, &op->result_version,
                VERSIONS_KEPT, err) ||
            (op->object.has_rev && op->result_version.is_put &&
                !store_rev_used(db, op->account_id, op->collection_id, row->id, op->client,
                    (int64_t)op->object.rev, op->put_hash, row->rev, err)))) {
        return false;
    }
    if (op->is_confirming && !store_resource_put(db, row, &row->id, err)) {
        return false; /* with the change number that it has */
    }
    if ((op->has_done_row && !put_done(op, db, err)) || !op_settle_below(op, db, err)) {
        return false;
    }
    return op->row_id == 0 || store_operation_remove(db, op->account_id, op->row_id, err);
}

/** The fields are settled, or a step of op->attach: on to the next. */
static void attach_settled(struct op *op)
{
    struct op_attach *attach = op->attach;
    struct err err;

    op->row_id = 0;
    op->row = op->result;
    if (attach->has_settled) {
        attach->position++;
        op->base = attach->returned;
    } else if (!task_parse(op->row.base, op->arena, &op->base, &err)) {
        log_error("sync.settle", LOG_TEXT("why", err.text));
        attach->count = attach->position;
    }
    attach->has_settled = op->is_confirming = false;
    op_attach_next(op);
}

static void settle_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind != ERR_NONE) {
        /* The service has it, we could not write it down: the row stays, the client retries, and
         * the look-up adopts what is there. */
        log_error("store.settle", LOG_TEXT("why", err.text), LOG_INT("code", err.code));
        op_become_unclear(op, &err);
        return;
    }
    if (op->has_twin) {
        op->twin.is_removed = true;
        op->twin.document = op->twin.etag = S("");
        collection_publish(op->collection, &op->twin);
    }
    if (op->is_publishing) {
        if (op->result.is_removed) {
            op->result.document = op->result.etag = S("");
        }
        collection_publish(op->collection, &op->result);
    }
    if (op->is_confirming && collection_entry(op->collection, op->href)) {
        collection_entry(op->collection, op->href)->is_waiting = op->result.upstream_id.n == 0;
    }
    if (op->is_publishing || op->is_confirming) {
        timed_note(op->account, op->result.is_removed ? 0 : op->result.due_s);
    }
    if (op->has_done_row) {
        collection_publish(op->collection, &op->done_row);
        timed_note(op->account, op->done_row.due_s);
        op->has_done_row = false;
    }
    op_below_settled(op);
    if (op->done.id.n) {
        writes_note(op->account, op->done.id);
    }
    if (op->upstream_id.n) {
        writes_note(op->account, op->upstream_id);
    }
    if (op->goes_on) {
        op->goes_on = false;
        op->row = op->result;
        op->base = op->is_publishing ? op->onward.task : op->base;
        op->row_id = 0;
        op_next_step(op);
        return;
    }
    if (op->attach && !op->result.is_removed && op->outcome != SYNC_PRECONDITION) {
        attach_settled(op);
        return;
    }
    op_answer(op, op->outcome, op->gives_etag ? op->result.etag : S(""), &err_none);
    op_end(op);
}

static void settle(struct op *op, enum sync_outcome outcome)
{
    op->outcome = outcome;
    op->result.account = op->account_id;
    op->result.collection = op->collection_id;
    op->result.modified_s = clock_now_s();
    op->settled_pages = op->collection->pages_asked;
    op_job(op, true, settle_run, settle_done);
}

/** A problem of ours after the service took the change: as unclear as a lost answer. */
static void settle_failed(struct op *op, const struct err *err)
{
    log_error("sync.settle", LOG_TEXT("why", err->text));
    op_become_unclear(op, err);
}

/** The row as it will be, upon the one that is there. */
static void result_start(struct op *op, struct str document)
{
    op->result = op->row;
    op->result.href = op->href;
    op->result.uid = op->row.id != 0 ? op->row.uid : op->object.uid;
    op->result.document = document;
    op->result.upstream_id = op->upstream_id;
    op->result.written_s = clock_now_s();
    if (op->row.id == 0) {
        op->result.round = op->collection->round;
    } /* else a full round that is under way has not seen it by this */
    op->is_publishing = true;
    op->is_confirming = false;
}

/** What the bridge did by itself did not help (a service may ignore it): not again and again. */
static void pace(struct op *op)
{
    int64_t now_s = clock_now_s();

    if (op->is_own && op->result.due_s != 0 && op->result.due_s <= now_s) {
        op->result.due_s = now_s + PACE_S;
    }
}

/** Whose version it is: a client's PUT, or (as a change from upstream is) nobody's. */
static void sign_result(struct op *op, struct str document)
{
    if (!op->is_own) {
        op->result.put_hash = op->put_hash;
        op->result.replaced_etag = op->replaced_etag;
    } else if (!str_eq(document, op->row.document)) {
        op->result.replaced_etag = S(MOVED_ON);
    }
}

/** The service has taken it, and nobody can see that here. */
static void settle_unseen(struct op *op, const struct task *returned)
{
    struct map_context context = op_context(op);

    op->is_publishing = false;
    op->is_confirming = true;
    op->result.base = version_base(returned, op->arena);
    op->result.due_s = version_due(op->result.document, returned, &context);
    pace(op);
    op->gives_etag = false;
    settle(op, SYNC_REPLACED);
}

/* --- its forms ---------------------------------------------------------------------------- */

/** A service that refuses ranges lets the series go on for ever; where it ends stays in the
 * document (mapping.md V154). */
static void forgive_range(struct op *op, const struct task *returned)
{
    struct task_recurrence *expected = &op->plan.expected.recurrence;
    const struct task_recurrence *rule = &returned->recurrence;

    if (upstream_dialect(op->account->upstream)->refuses_ranges && expected->is_set &&
        rule->is_set && expected->range != TASK_NO_END && rule->range == TASK_NO_END) {
        expected->range = TASK_NO_END;
        expected->start_day = rule->start_day;
        expected->end_day = expected->count = 0;
    }
}

/** It has the formatting and does not show it (mapping.md 2.3): no change of the service's. */
static void forgive_text(struct op *op, const struct task *returned)
{
    if (upstream_dialect(op->account->upstream)->flattens_bodies &&
        op->plan.expected.body.is_html && !returned->body.is_html) {
        op->plan.expected.body = returned->body;
    }
}

/**
 * A new series whose first occurrence was completed upstream before anybody here knew of it. The
 * completed task may be all that was found of it: taken as it was asked for, and looked after at
 * once, it is led on as any that is completed upstream (write_tend.c).
 */
static bool is_left_behind(
    const struct op *op, const struct task *returned, const struct map_context *context)
{
    return op->kind == OP_CREATE && returned->status == TASK_DONE &&
           op->plan.expected.status != TASK_DONE && map_goes_on(op->plan.document, context);
}

void op_settle(struct op *op, const struct upstream_item *item)
{
    struct map_context context = op_context(op);
    bool is_behind = is_left_behind(op, &item->task, &context);
    bool is_new = op->replaced_etag.n == 0;
    struct task returned;
    struct str document;
    bool is_as_expected;
    struct err err;

    if (op_reschedules(op) && !op->has_searched_copy) {
        op_search_copy(op, item);
        return;
    }
    if ((op->kind == OP_UPDATE || op_is_subtask(op)) && !op->has_kept) {
        op_keep_answer(op, item);
        item = &op->answer;
        if (op_keep(op, item->id, false)) {
            return;
        }
    }
    task_copy(op->arena, &op->plan.expected, &returned);
    task_apply(&returned, &item->task, is_behind ? 0 : item->task.present);
    if (!str_eq(item->id, op->row.upstream_id)) { /* another task: what hung on the old one stays */
        returned.knows_attachments = op->kind == OP_CREATE && op->row.id == 0;
        returned.attachment_count = 0;
    }
    task_apply_attachments(&returned, &item->task);
    returned.modified_us = item->task.modified_us;
    returned.created_us = item->task.created_us;
    if (op->row.id != 0) {
        task_adopt_days(&returned, &op->base);
    }
    forgive_range(op, &returned);
    forgive_text(op, &returned);
    if (!map_merge(op->plan.document, &op->plan.expected, &returned, &context, &document, &err)) {
        /* too large for a document, say; the service has the change: keep what the client wrote */
        log_warn("write.unmergeable", LOG_INT("operation", op->row_id), LOG_TEXT("why", err.text));
        document = op->plan.document;
        op->object.is_verbatim = false;
    }
    is_as_expected = str_eq(document, op->plan.document);
    op->upstream_id = arena_copy(op->arena, item->id);
    result_start(op, document);
    op->result.upstream_etag = arena_copy(op->arena, item->etag);
    if (op->is_own && str_eq(document, op->row.document)) {
        settle_unseen(op, &returned);
        return;
    }
    sign_result(op, document);
    if (!version_next(op->collection, &op->result, &returned, op->is_own || !is_as_expected,
            &context, &op->result_version, &err)) {
        settle_failed(op, &err);
        return;
    }
    pace(op);
    op->result.due_s = is_behind ? clock_now_s() : op->result.due_s;
    op->result_version.is_put = !op->is_own;
    op->gives_etag = is_as_expected && op->plan.is_verbatim && op->object.is_verbatim;
    settle(op, is_new ? SYNC_CREATED : SYNC_REPLACED);
}

void op_settle_step(struct op *op, const struct upstream_item *item)
{
    struct map_context context = op_context(op);
    struct str document;
    struct err err;

    op->goes_on = true;
    if (!item) {
        op->result = op->row;
        op->is_publishing = op->is_confirming = false;
        settle(op, SYNC_REPLACED);
        return;
    }
    if (str_eq(item->id, op->row.upstream_id)) {
        task_keep_attachments(&op->onward.task, &op->base);
    }
    if (!map_merge(op->row.document, &op->base, &item->task, &context, &document, &err)) {
        settle_failed(op, &err);
        return;
    }
    op->upstream_id = item->id;
    result_start(op, document);
    op->result.upstream_etag = item->etag;
    op->result.replaced_etag = S(MOVED_ON);
    if (!version_next(
            op->collection, &op->result, &item->task, true, &context, &op->result_version, &err)) {
        settle_failed(op, &err);
        return;
    }
    settle(op, SYNC_REPLACED);
}

void op_settle_seen(struct op *op, const struct task *returned, struct str document)
{
    struct map_context context = op_context(op);
    struct err err;

    result_start(op, document);
    op->result.written_s = op->row.written_s;
    if (str_eq(document, op->row.document)) {
        settle_unseen(op, returned);
        return;
    }
    op->result.replaced_etag = S(MOVED_ON);
    if (!version_next(
            op->collection, &op->result, returned, true, &context, &op->result_version, &err)) {
        op_drop(op, &err);
        return;
    }
    settle(op, SYNC_REPLACED);
}

void op_settle_later(struct op *op, int64_t due_s)
{
    op->is_stepping = false;
    op->done = op->onward = (struct upstream_item){ 0 };
    op->result = op->row;
    op->result.due_s = due_s;
    op->is_publishing = false;
    op->is_confirming = true;
    settle(op, SYNC_REPLACED);
}

void op_settle_waiting(struct op *op, int64_t due_s)
{
    struct map_context context = op_context(op);
    struct err err;

    result_start(op, op->plan.document);
    op->result.upstream_etag = S("");
    op->result.put_hash = op->put_hash;
    op->result.replaced_etag = op->replaced_etag;
    op->gives_etag = op->plan.is_verbatim && op->object.is_verbatim;
    if (!version_next(op->collection, &op->result, &op->plan.expected, false, &context,
            &op->result_version, &err)) {
        op_drop(op, &err);
        return;
    }
    op->result.due_s = due_s;
    settle(op, SYNC_CREATED);
}

void op_settle_attachment(struct op *op, const struct task *returned, struct str document)
{
    struct map_context context = op_context(op);
    struct err err;

    op->attach->has_settled = true;
    op->is_publishing = false;
    if (str_eq(document, op->row.document)) {
        op->result = op->row;
        op->result.base = version_base(returned, op->arena);
        op->is_confirming = true;
        settle(op, op->outcome);
        return;
    }
    result_start(op, document);
    op->result.written_s = op->row.written_s;
    if (!op->attach->is_put) {
        op->result.replaced_etag = S(MOVED_ON);
    }
    if (!version_next(
            op->collection, &op->result, returned, true, &context, &op->result_version, &err)) {
        settle_failed(op, &err);
        return;
    }
    op->result_version.is_put = op->attach->is_put;
    op->gives_etag = op->gives_etag && !op->attach->is_put;
    settle(op, op->outcome);
}

void op_finish(struct op *op)
{
    op_answer(op, op->outcome, op->gives_etag ? op->result.etag : S(""), &err_none);
    op_forget(op);
}

void op_settle_locally(struct op *op)
{
    struct map_context context = op_context(op);
    struct err err;

    op->gives_etag = op->plan.is_verbatim && op->object.is_verbatim;
    if (str_eq(op->plan.document, op->row.document)) {
        op->outcome = SYNC_REPLACED;
        op->result = op->row;
        op_attach_next(op);
        return;
    }
    if (op_keep(op, op->upstream_id, true)) {
        return;
    }
    result_start(op, op->plan.document);
    op->result.round = op->row.round; /* nobody has seen the task upstream */
    op->result.written_s = op->row.written_s;
    op->result.put_hash = op->put_hash;
    op->result.replaced_etag = op->replaced_etag;
    if (!version_next(
            op->collection, &op->result, &op->base, false, &context, &op->result_version, &err)) {
        op_drop(op, &err);
        return;
    }
    settle(op, SYNC_REPLACED);
}

void op_settle_removed(struct op *op, enum sync_outcome outcome)
{
    op->result = op->row;
    op->result.is_removed = true;
    op->is_publishing = true;
    op->gives_etag = false;
    settle(op, outcome);
}

void op_settle_conflict(
    struct op *op, const struct task *returned, struct str etag, struct str document)
{
    struct map_context context = op_context(op);
    struct err err;

    op->gives_etag = true; /* the current one, for the 412 */
    if (str_eq(document, op->row.document)) {
        op->is_publishing = op->is_confirming = false;
        op->result = op->row;
        settle(op, SYNC_PRECONDITION);
        return;
    }
    result_start(op, document);
    op->result.written_s = op->row.written_s;
    op->result.upstream_etag = etag;
    op->result.replaced_etag = S(MOVED_ON);
    if (!version_next(
            op->collection, &op->result, returned, true, &context, &op->result_version, &err)) {
        op_drop(op, &err);
        return;
    }
    settle(op, SYNC_PRECONDITION);
}

/* --- it was not done ---------------------------------------------------------------------- */

static bool drop_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);

    return store_operation_remove(db, op->account_id, op->row_id, err);
}

static void drop_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);

    if (!op_job_ended(op)) {
        return;
    }
    if (base->err.kind != ERR_NONE) { /* the next start looks it up and drops it then */
        log_error("store.operation", LOG_TEXT("why", base->err.text));
    }
    op_end(op);
}

void op_forget(struct op *op)
{
    if (op->row_id != 0) {
        op_job(op, true, drop_run, drop_done);
    } else {
        op_end(op);
    }
}

void op_drop(struct op *op, const struct err *err)
{
    struct err told = *err;
    enum sync_outcome outcome = SYNC_BUSY;

    if (err->kind == ERR_INVALID) {
        outcome = SYNC_REFUSED;
    } else if (err->kind == ERR_NOT_FOUND) { /* the folder: the next round will say so itself */
        told.kind = ERR_BUSY;
    }
    if (outcome == SYNC_BUSY && told.retry_after_s == 0) {
        told.retry_after_s = 10;
    }
    if (op->cb) {
        log_warn("write.failed", LOG_STR("user", text_str(&op->account->user->name)),
            LOG_TEXT("kind", err_kind_name(err->kind)), LOG_INT("code", err->code),
            LOG_TEXT("why", err->text));
    }
    op_answer(op, outcome, S(""), &told);
    op_forget(op);
}
