#include "bridge/sync/op_internal.h"
#include "bridge/sync/roles.h"

/**
 * A new rule for a series may leave it behind as it was, beside the one that was asked for
 * (mapping.md 5.4, RESCHEDULE; upstream.md B.7). When a service does so, and which of the two keeps
 * the id, is not documented. So the list's latest changes are looked through for an open task of
 * the same content that was written with ours and has no resource; the one of the two that stands
 * where the series stood is discarded, as a step of its own that is written down with the result.
 * No page gives either a resource meanwhile (ops_touch).
 */
enum {
    LOOK_MS = 20 * 1000,
    PAGES_MAX = 1000,
};

bool op_reschedules(const struct op *op)
{
    return op->kind == OP_UPDATE && !op->is_stepping && op->account->upstream &&
           upstream_dialect(op->account->upstream)->copies_series && op->base.recurrence.is_set &&
           op->base.status != TASK_DONE && (op->plan.fields & TASK_FIELD(TASK_RECURRENCE)) &&
           op->plan.wanted.recurrence.is_set;
}

/** op->answer is what the series' task is now: settle upon it, or upon what took its place. */
static void go_on(struct op *op)
{
    if (op->state == OP_UNCLEAR && !op_is_done(op, &op->answer.task)) {
        op->has_searched_copy = false;
        op_missed(op);
    } else {
        op_settle(op, &op->answer);
    }
}

/** Nobody waits for one that is unclear: it is looked for until the service is well again. */
static void on_failed(struct op *op, const struct err *err)
{
    bool may_pass = err->kind == ERR_BUSY || err->kind == ERR_DENIED || err->kind == ERR_INTERNAL;

    if (op->state == OP_UNCLEAR && may_pass) {
        op->has_searched_copy = false;
        op_lookup_failed(op, err);
        return;
    }
    log_warn("write.copy_not_sought", LOG_HASH("task", op->upstream_id),
        LOG_TEXT("kind", err_kind_name(err->kind)), LOG_TEXT("why", err->text));
    go_on(op);
}

static bool owner_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct store_resource row;

    return store_resource_find_upstream(db, op->account_id, op->collection_id, op->copy.id,
        op->arena, &row, &op->is_copy_owned, err);
}

static void owner_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct upstream_item copy = op->copy;
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind != ERR_NONE) {
        on_failed(op, &err);
        return;
    }
    if (!op->is_copy_owned) {
        log_info("write.copied", LOG_HASH("task", op->upstream_id), LOG_HASH("copy", copy.id));
        if (role_is_rescheduled(&op->plan.wanted, &op->answer.task)) {
            op->discard_id = copy.id;
        } else {
            op->discard_id = op->upstream_id;
            op->answer = copy;
        }
    }
    go_on(op);
}

/** Is it, beside the series' task as `answer` shows it, the other of the two? */
static bool is_copy(const struct op *op, const struct upstream_item *item)
{
    const struct task *task = &item->task;
    const struct task *answer = &op->answer.task;

    if (item->is_removed || str_eq(item->id, op->upstream_id) ||
        !role_is_written_together(answer, task)) {
        return false;
    }
    return role_is_rescheduled(&op->plan.wanted, answer)
               ? role_is_left_behind(&op->base, &op->plan.wanted, task)
               : role_is_left_behind(&op->base, &op->plan.wanted, answer) &&
                     role_is_rescheduled(&op->plan.wanted, task);
}

static bool find_in_page(struct op *op, struct upstream_reply *reply)
{
    const struct dialect *dialect = upstream_dialect(op->account->upstream);
    struct upstream_item item;
    struct err err = { 0 };

    while (reply->page && (dialect->next_item(reply->page, op->arena, &item, &err) ||
                              err.kind != ERR_NONE)) { /* one that can't be read is not it */
        if (err.kind == ERR_NONE) {
            task_adopt_days(&item.task, &op->base);
            if (is_copy(op, &item)) {
                op->copy = item;
                task_copy(op->arena, &item.task, &op->copy.task);
                return true;
            }
        }
        item = (struct upstream_item){ 0 };
    }
    return false;
}

static void search(struct op *op, struct str link);

static void on_page(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    struct err err = reply->err;

    op->upstream_op = NULL;
    if (reply->is_forgotten && op->walked_pages == 0) {
        op->walked_pages++;
        search(op, S(""));
        return;
    }
    if (err.kind == ERR_NONE && ++op->walked_pages > PAGES_MAX) {
        err_set(&err, ERR_UPSTREAM, "a search without end");
    }
    if (err.kind != ERR_NONE) {
        on_failed(op, &err);
    } else if (find_in_page(op, reply)) {
        op_job(op, false, owner_run, owner_done);
    } else if (reply->link_kind == UPSTREAM_LINK_MORE) {
        search(op, arena_copy(op->arena, reply->link));
    } else {
        go_on(op);
    }
}

static void search(struct op *op, struct str link)
{
    struct upstream_call call = {
        .kind = UPSTREAM_SYNC_TASKS,
        .folder_id = text_str(&op->collection->upstream_id),
        .link = link,
        .zone = op->account->zone,
    };

    op->upstream_op = upstream_start(op->account->upstream, &call, false, LOOK_MS, on_page, op);
}

void op_note_link(struct op *op)
{
    const struct collection *c = op->collection;

    if (op_reschedules(op) && c->is_link_final) {
        op->link_before = arena_copy(op->arena, text_str(&c->link));
    }
}

void op_search_copy(struct op *op, const struct upstream_item *item)
{
    op->has_searched_copy = true;
    op_keep_answer(op, item);
    task_adopt_days(&op->answer.task, &op->base);
    op->walked_pages = 0;
    search(op, op->link_before);
}
