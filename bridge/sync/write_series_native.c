#include "bridge/sync/roles.h"
#include "bridge/sync/write_series_internal.h"

enum {
    TWIN_WITHIN_S = 3600,
    LOOK_AGAIN_S = 30,
    NEXT_WITHIN_S = 5 * 60,
};

/* --- who is who --------------------------------------------------------------------------- */

static bool is_taken_out(const struct op *op, const struct task *task)
{
    const struct map_step *step = step_of(op);

    return step->kind == MAP_STEP_MOVE ? role_is_moved(&op->base, &step->task, task)
                                       : role_is_completed(&op->base, task);
}

/** Found to be another resource's: a series that looks like this one. */
static bool is_foreign(const struct op *op, struct str id)
{
    for (const struct candidate *other = op->candidates; other; other = other->next) {
        if (str_eq(other->id, id)) {
            return true;
        }
    }
    return false;
}

/** Of several the next to come; but the task itself, if it is still in the series. */
static bool is_better(const struct op *op, const struct upstream_item *item)
{
    return op->onward.id.n == 0 || str_eq(item->id, op->upstream_id) ||
           (!str_eq(op->onward.id, op->upstream_id) &&
               item->task.due.day < op->onward.task.due.day);
}

static void note_item(struct op *op, const struct upstream_item *item)
{
    struct upstream_item kept = step_keep_item(op, item);

    if (is_foreign(op, item->id)) {
        return;
    }
    if (is_taken_out(op, &kept.task)) {
        op->done = kept;
    } else if (role_is_next(&op->base, &kept.task) && is_better(op, &kept)) {
        op->onward = kept;
    }
}

static bool note_page(struct op *op, struct upstream_reply *reply, struct err *err)
{
    const struct dialect *dialect = upstream_dialect(op->account->upstream);
    struct upstream_item item;

    *err = (struct err){ 0 };
    while (reply->page && dialect->next_item(reply->page, op->arena, &item, err)) {
        if (!item.is_removed) {
            note_item(op, &item);
        }
    }
    return err->kind == ERR_NONE;
}

/* --- looking for X and N ------------------------------------------------------------------ */

/** The series stands elsewhere, and no task says that its occurrence was dealt with: it was
 * rescheduled. Upstream wins. */
static void step_overtaken(struct op *op)
{
    struct map_context context = op_context(op);
    struct str current;
    struct err err;

    op->is_stepping = false;
    task_keep_attachments(&op->fresh.task, &op->base);
    if (!map_merge(op->row.document, &op->base, &op->fresh.task, &context, &current, &err)) {
        op_drop(op, &err);
        return;
    }
    op_settle_conflict(op, &op->fresh.task, op->fresh.etag, current);
}

static void search(struct op *op, struct str link);
static void search_all(struct op *op);

/** Is the resource that has it one that a page has just made of it? */
static bool is_twin(const struct op *op, const struct store_resource *row)
{
    int64_t age_s = (op->done.task.modified_us - op->onward.task.created_us) / CIVIL_MICROS;

    return op->is_own && row->id > op->row.id && row->put_hash.n == 0 && age_s > -TWIN_WITHIN_S &&
           age_s < TWIN_WITHIN_S;
}

static bool owner_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct store_resource row = { 0 };
    bool is_found;

    if (!store_resource_find_upstream(db, op->account_id, op->collection_id, op->onward.id,
            op->arena, &row, &is_found, err)) {
        return false;
    }
    op->candidates->is_owned = is_found && !is_twin(op, &row);
    return true;
}

static void owner_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind != ERR_NONE) {
        op_become_unclear(op, &err);
    } else if (op->candidates->is_owned) { /* it stays on the list of those that are foreign */
        op->onward = (struct upstream_item){ 0 };
        search_all(op);
    } else {
        op->candidates = op->candidates->next;
        step_done(op);
    }
}

/** N is a task that nobody knows yet, or M itself. */
static void check_owner(struct op *op)
{
    struct candidate *candidate;

    if (str_eq(op->onward.id, op->upstream_id)) {
        step_done(op);
        return;
    }
    candidate = ARENA_NEW(op->arena, struct candidate);
    *candidate = (struct candidate){ .id = op->onward.id, .next = op->candidates };
    op->candidates = candidate;
    op_job(op, false, owner_run, owner_done);
}

/** Completed upstream a short while ago: its next task may not be listed yet. */
static bool may_come_later(const struct op *op)
{
    int64_t age_s = clock_now_s() - op->done.task.modified_us / CIVIL_MICROS;

    return op->is_own && age_s < NEXT_WITHIN_S;
}

static void on_search(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    bool is_over = reply->link_kind != UPSTREAM_LINK_MORE;

    op->upstream_op = NULL;
    if (reply->is_forgotten) {
        search_all(op);
    } else if (reply->err.kind != ERR_NONE || !note_page(op, reply, &reply->err)) {
        reply->is_unclear = op->is_sent;
        step_failed(op, reply);
    } else if (op->done.id.n && op->onward.id.n) {
        check_owner(op);
    } else if (!is_over) {
        search(op, arena_copy(op->arena, reply->link));
    } else if (!op->has_searched_all) {
        search_all(op);
    } else if (op->done.id.n && may_come_later(op)) {
        op_settle_later(op, clock_now_s() + LOOK_AGAIN_S);
    } else if (op->done.id.n) { /* no next one: the series has ended */
        op->onward = op->done;
        op->done = (struct upstream_item){ 0 };
        step_done(op);
    } else {
        step_overtaken(op);
    }
}

static void search(struct op *op, struct str link)
{
    step_call(op, &(struct upstream_call){ .kind = UPSTREAM_SYNC_TASKS, .link = link }, on_search);
}

static void search_all(struct op *op)
{
    op->has_searched_all = true;
    search(op, S(""));
}

/** First among what has changed since the last round; its link stays where it is. */
void native_look(struct op *op)
{
    const struct collection *c = op->collection;

    note_item(op, &op->fresh);
    op->has_searched_all = false;
    if (c->is_link_final && c->link.n) {
        search(op, text_str(&c->link));
    } else {
        search_all(op);
    }
}

/* --- asking ------------------------------------------------------------------------------- */

static void on_completed(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    struct err err;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        step_failed(op, reply);
    } else if (!note_page(op, reply, &err) || !op->done.id.n) {
        err_set(&reply->err, ERR_UPSTREAM, "the answer has no completed task");
        reply->is_unclear = true;
        step_failed(op, reply);
    } else if (op->onward.id.n) {
        step_done(op);
    } else {
        op->onward = op->done;
        op->done = (struct upstream_item){ 0 };
        step_done(op);
    }
}

/** The answer shows one task only; nobody told the id of the other. */
static void on_moved(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        step_failed(op, reply);
        return;
    }
    op->fresh = step_keep_item(op, &reply->item);
    native_look(op);
}

void native_send(struct op *op)
{
    const struct map_step *step = step_of(op);
    struct upstream_call request = { .task_id = op->upstream_id };
    struct task done = op->base;

    op->is_sent = true;
    if (step->kind == MAP_STEP_COMPLETE &&
        upstream_dialect(op->account->upstream)->can(UPSTREAM_COMPLETE_TASK)) {
        request.kind = UPSTREAM_COMPLETE_TASK;
        step_call(op, &request, on_completed);
        return;
    }
    request.kind = UPSTREAM_UPDATE_TASK;
    request.etag = op->fresh.etag;
    if (step->kind == MAP_STEP_COMPLETE) {
        done.status = TASK_DONE;
        request.task = &done;
        request.fields = F(STATUS);
    } else {
        request.task = &step->task;
        request.fields = task_diff(&op->base, &step->task) & (F(START) | F(DUE));
    }
    step_call(op, &request, on_moved);
}
