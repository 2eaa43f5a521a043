#include "bridge/sync/op_internal.h"
#include "bridge/sync/roles.h"

/**
 * A new rule for a series may leave it behind as it was, beside the one that was asked for
 * (mapping.md 5.4, RESCHEDULE; upstream.md B.7). When a service does so, and which of the two keeps
 * the id, is not documented. So the list's latest changes are looked through for an open series of
 * the same content that came to be with the change; the one of the two that stands where the series
 * stood is discarded, as a step of its own that is written down with the result. No page gives
 * either a resource meanwhile (ops_touch).
 *
 * A double can be seen and a deletion can't: where somebody else may have made the other one, or
 * something hangs on the one that would go, both stay.
 */
enum {
    LOOK_MS = 20 * 1000,
    PAGES_MAX = 1000,
    CANDIDATES_MAX = 16,
};

bool op_may_reschedule(const struct op *op)
{
    return op->kind == OP_UPDATE && !op->is_stepping && op->account->upstream &&
           upstream_dialect(op->account->upstream)->copies_series &&
           (op->plan.fields & TASK_FIELD(TASK_RECURRENCE)) && op->plan.wanted.recurrence.is_set &&
           (op->base.title.n == 0 || (op->base.recurrence.is_set && op->base.status != TASK_DONE));
}

bool op_reschedules(const struct op *op)
{
    return op_may_reschedule(op) && op->base.recurrence.is_set;
}

/** The series' task, as `answer` shows it, is the new one. */
static bool id_went_along(const struct op *op)
{
    return role_is_rescheduled(&op->plan.wanted, &op->answer.task);
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

static void log_left(struct op *op, const char *why)
{
    log_warn("write.left_double", LOG_HASH("task", op->upstream_id), LOG_HASH("copy", op->copy_id),
        LOG_TEXT("why", why));
    op->copy_id = S("");
}

static void leave_both(struct op *op, const char *why)
{
    log_left(op, why);
    go_on(op);
}

/** If the id stayed behind, nobody knows what has become of the change: it is unclear. */
static void on_failed(struct op *op, const struct err *err)
{
    bool may_pass =
        err->kind != ERR_INVALID && err->kind != ERR_NOT_FOUND && op->walked_pages <= PAGES_MAX;

    log_warn("write.copy_not_sought", LOG_HASH("task", op->upstream_id),
        LOG_TEXT("kind", err_kind_name(err->kind)), LOG_TEXT("why", err->text));
    op->copy_id = S("");
    if (id_went_along(op) || (op->state == OP_UNCLEAR && !may_pass)) {
        go_on(op);
    } else {
        op_become_unclear(op, err);
    }
}

/* --- judging one -------------------------------------------------------------------------- */

static void one_failed(struct op *op, const struct err *err)
{
    if (err->kind == ERR_INVALID) {
        op->account->lacks_markers = true;
        leave_both(op, "the service shows no markers");
    } else {
        on_failed(op, err);
    }
}

static void read_one(struct op *op, struct str id, upstream_cb *cb)
{
    struct upstream_call call = {
        .kind = UPSTREAM_GET_TASK,
        .folder_id = text_str(&op->collection->upstream_id),
        .task_id = id,
        .marker = S("any"),
        .zone = op->account->zone,
    };

    op->upstream_op = upstream_start(op->account->upstream, &call, false, LOOK_MS, cb, op);
}

/** Is it, beside the series' task as `answer` shows it, the other of the two? */
static bool is_copy(const struct op *op, const struct upstream_item *item)
{
    const struct task *base = &op->base;
    const struct task *wanted = &op->plan.wanted;

    return !item->is_removed && upstream_parent_of(item->id).n == 0 &&
           !str_eq(item->id, op->upstream_id) && role_is_one_of_two(base, wanted, &item->task) &&
           role_is_made_with(&op->answer.task, &item->task) &&
           (id_went_along(op) || (role_is_one_of_two(base, wanted, &op->answer.task) &&
                                     role_is_rescheduled(wanted, &item->task)));
}

/** As the list shows it, which may be without its rule (B.7); on_copy looks at all of it. */
static bool may_be_copy(const struct op *op, const struct upstream_item *item)
{
    struct upstream_item shown = *item;

    if (!(item->doubtful & TASK_FIELD(TASK_RECURRENCE))) {
        return is_copy(op, item);
    }
    shown.task.recurrence = op->plan.wanted.recurrence;
    if (is_copy(op, &shown)) {
        return true;
    }
    shown.task.recurrence = op->base.recurrence;
    return is_copy(op, &shown);
}

static void on_copy(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    struct upstream_item item = reply->item;
    bool is_whole;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        one_failed(op, &reply->err);
        return;
    }
    task_adopt_days(&item.task, &op->base);
    is_whole = task_field_eq(&item.task, &op->discarded, TASK_URL) &&
               !(id_went_along(op) && op_holds_more(op, reply));
    if (!is_copy(op, &item)) {
        leave_both(op, "the other one may be somebody's");
    } else if (op_is_anothers(op, item.id) || !is_whole ||
               (item.marker.n > 0 && !str_eq(item.marker, op->series_marker))) {
        log_left(op, is_whole ? "the other one may be somebody's" : "something hangs on it");
        op_settle(op, &op->answer); /* that there are two shows that the change was done */
    } else {
        log_info("write.copied", LOG_HASH("task", op->upstream_id), LOG_HASH("copy", item.id));
        if (id_went_along(op)) {
            op->discard_id = op->copy_id;
            task_copy(op->arena, &reply->item.task, &op->discarded);
        } else {
            op->discard_id = op->upstream_id;
            op_keep_answer(op, &item);
        }
        go_on(op);
    }
}

static void on_series(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        one_failed(op, &reply->err);
    } else if (reply->item.task.modified_us != op->answer.task.modified_us) {
        leave_both(op, "the series has changed again");
    } else if (!id_went_along(op) && op_holds_more(op, reply)) {
        leave_both(op, "something hangs on the series");
    } else {
        op->series_marker = arena_copy(op->arena, reply->item.marker);
        task_copy(op->arena, &reply->item.task, &op->discarded);
        read_one(op, op->copy_id, on_copy);
    }
}

/* --- finding it --------------------------------------------------------------------------- */

static bool owners_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct store_resource row;

    for (struct candidate *one = op->candidates; one; one = one->next) {
        if (!store_resource_find_upstream(db, op->account_id, op->collection_id, one->id, op->arena,
                &row, &one->is_owned, err)) {
            return false;
        }
    }
    return true;
}

static void owners_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct err err = base->err;
    unsigned count = 0;

    if (!op_job_ended(op)) {
        return;
    }
    for (const struct candidate *one = op->candidates; one; one = one->next) {
        if (!one->is_owned && !op_is_anothers(op, one->id)) {
            op->copy_id = one->id;
            count++;
        }
    }
    if (err.kind != ERR_NONE) {
        on_failed(op, &err);
    } else if (count > 1) {
        leave_both(op, "there are several");
    } else if (count == 0) {
        go_on(op);
    } else {
        read_one(op, op->upstream_id, on_series);
    }
}

/** Another change that is open may have made it, or hang something on what would go. */
static bool is_alone(const struct op *op)
{
    for (const struct op *other = op->collection->ops; other; other = other->next) {
        if (other != op &&
            (op_may_make(other, op->base.title) || op_may_make(other, op->plan.wanted.title) ||
                str_eq(other->parent_id, op->upstream_id))) {
            return false;
        }
    }
    return true;
}

static void choose(struct op *op)
{
    if (!op->candidates) {
        go_on(op);
    } else if (op->account->lacks_markers) {
        leave_both(op, "the service shows no markers");
    } else if (!is_alone(op)) {
        leave_both(op, "another change is on its way");
    } else {
        op_job(op, false, owners_run, owners_done);
    }
}

static bool has_too_many(const struct op *op)
{
    unsigned count = 0;

    for (const struct candidate *one = op->candidates; one; one = one->next) {
        count++;
    }
    return count > CANDIDATES_MAX;
}

static void find_in_page(struct op *op, struct upstream_reply *reply)
{
    const struct dialect *dialect = upstream_dialect(op->account->upstream);
    struct upstream_item item = { 0 };
    struct err err = { 0 };
    CLEANUP(arena_free) struct arena *scratch = arena_new();

    while (reply->page && !has_too_many(op) &&
           (dialect->next_item(reply->page, scratch, &item, &err) ||
               err.kind != ERR_NONE)) { /* one that can't be read is not it */
        if (err.kind == ERR_NONE) {
            task_adopt_days(&item.task, &op->base);
            if (may_be_copy(op, &item)) {
                op_add_candidate(op, item.id);
            }
        }
        item = (struct upstream_item){ 0 };
    }
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
        return;
    }
    find_in_page(op, reply);
    if (has_too_many(op)) {
        leave_both(op, "there are too many");
    } else if (reply->link_kind == UPSTREAM_LINK_MORE) {
        search(op, arena_copy(op->arena, reply->link));
    } else {
        choose(op);
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
    op->copy_id = op->discard_id = S("");
    op->candidates = NULL;
    op->walked_pages = 0;
    op_keep_answer(op, item);
    task_adopt_days(&op->answer.task, &op->base);
    search(op, op->link_before);
}
