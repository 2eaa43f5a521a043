#include "bridge/sync/op_internal.h"
#include "bridge/sync/roles.h"

/**
 * Finding a new task of unknown fate without its marker: the service refuses extended properties,
 * does not search by them, or has silently dropped ours. All tasks of the folder are listed; one
 * that was made at about the time of our request, with the title and the dates that we sent, and
 * that no resource has, is ours (design section 7).
 */
enum {
    WALK_DEADLINE_MS = 60 * 1000,
    WALK_PAGES_MAX = 10000,
    AGE_S = 2 * 60,
    FLIGHT_S = 20, /**< how long the request may have been under way */
};

static void walk(struct op *op, struct str link);
static void candidate_next(struct op *op);

static bool is_of_that_time(const struct op *op, const struct task *task, int64_t service_s)
{
    int64_t now_s = clock_now_s();
    int64_t skew_s = service_s != 0 ? service_s - now_s : 0;
    int64_t age_s;

    if (task->created_us == 0) {
        return true; /* it does not say */
    }
    age_s = task->created_us / CIVIL_MICROS - skew_s - op->sent_s;
    return age_s >= -AGE_S && age_s <= AGE_S + FLIGHT_S;
}

static bool looks_the_same(const struct op *op, const struct task *task)
{
    const struct task *expected = &op->plan.expected;

    if (!(task->present & TASK_FIELD(TASK_TITLE)) || !task_field_eq(task, expected, TASK_TITLE)) {
        return false;
    }
    if (task->recurrence.is_set != expected->recurrence.is_set) {
        return expected->recurrence.is_set && role_is_completed(expected, task); /* meanwhile */
    }
    return expected->recurrence.is_set /* its dates move on when it is completed there */
           ||
           (task_field_eq(task, expected, TASK_START) && task_field_eq(task, expected, TASK_DUE));
}

/** A task, or an item of a checklist. */
static bool is_of_that_kind(const struct op *op, struct str id)
{
    bool is_item = upstream_parent_of(id).n > 0;

    return is_item == (op->parent_id.n > 0);
}

bool op_is_anothers(const struct op *op, struct str id)
{
    for (const struct op *other = op->collection->ops; other; other = other->next) {
        if (other != op && (str_eq(other->upstream_id, id) || str_eq(other->copy_id, id) ||
                               (other->has_chosen && str_eq(other->answer.id, id)))) {
            return true;
        }
    }
    return false;
}

void op_add_candidate(struct op *op, struct str id)
{
    struct candidate *candidate;

    for (candidate = op->candidates; candidate; candidate = candidate->next) {
        if (str_eq(candidate->id, id)) {
            return; /* pages may repeat entries */
        }
    }
    candidate = ARENA_NEW(op->arena, struct candidate);
    candidate->id = arena_copy(op->arena, id);
    candidate->next = op->candidates;
    op->candidates = candidate;
}

/* --- choosing one ------------------------------------------------------------------------- */

static bool owned_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct store_resource row;

    return store_resource_find_upstream(db, op->account_id, op->collection_id, op->answer.id,
        op->arena, &row, &op->candidates->is_owned, err);
}

static void owned_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind == ERR_NONE && !op->candidates->is_owned) {
        if (op->is_stepping) {
            op_step_found(op, &op->answer);
        } else {
            op_settle(op, &op->answer);
        }
        return;
    }
    op->has_chosen = false;
    if (err.kind != ERR_NONE) {
        op_lookup_failed(op, &err);
    } else {
        op->candidates = op->candidates->next;
        candidate_next(op);
    }
}

/**
 * It can be ours: not another operation's, by its marker or because that one has chosen it already.
 * It is chosen before the store is asked, so that whoever was faster is seen either there or here.
 */
static bool choose(struct op *op, const struct upstream_item *item)
{
    if ((item->marker.n > 0 && !str_eq(item->marker, op->marker)) || op_is_anothers(op, item->id)) {
        return false;
    }
    op_keep_answer(op, item);
    op->has_chosen = true;
    op_job(op, false, owned_run, owned_done);
    return true;
}

static void on_candidate(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    struct err err = reply->err;

    op->upstream_op = NULL;
    if (err.kind == ERR_NONE && choose(op, &reply->item)) {
        return;
    }
    if (err.kind == ERR_INVALID && !op->account->lacks_markers) {
        op->account->lacks_markers = true; /* it does not show them: the same once more */
    } else if (err.kind == ERR_NONE || err.kind == ERR_NOT_FOUND || reply->is_maybe_gone) {
        op->candidates = op->candidates->next;
    } else {
        op_lookup_failed(op, &err);
        return;
    }
    candidate_next(op);
}

static void candidate_next(struct op *op)
{
    struct upstream_call call = {
        .kind = UPSTREAM_GET_TASK,
        .folder_id = text_str(&op->collection->upstream_id),
        .marker = op->account->lacks_markers ? S("") : op->marker,
        .zone = op->account->zone,
    };

    if (!op->candidates) {
        op_missed(op);
        return;
    }
    call.task_id = op->candidates->id;
    op->upstream_op =
        upstream_start(op->account->upstream, &call, false, WALK_DEADLINE_MS, on_candidate, op);
}

/* --- listing ------------------------------------------------------------------------------ */

static void on_walked(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    const struct dialect *dialect = upstream_dialect(op->account->upstream);
    struct upstream_item item;
    struct err err = reply->err;
    CLEANUP(arena_free) struct arena *scratch = arena_new();

    op->upstream_op = NULL;
    while (err.kind == ERR_NONE && reply->page &&
           dialect->next_item(reply->page, scratch, &item, &err)) {
        if (!item.is_removed && is_of_that_kind(op, item.id) && looks_the_same(op, &item.task) &&
            is_of_that_time(op, &item.task, reply->service_date_s)) {
            op_add_candidate(op, item.id);
        }
    }
    if (err.kind == ERR_NONE && ++op->walked_pages > WALK_PAGES_MAX) {
        err_set(&err, ERR_UPSTREAM, "the folder does not end");
    }
    if (err.kind != ERR_NONE) {
        op_lookup_failed(op, &err);
    } else if (reply->link_kind == UPSTREAM_LINK_MORE) {
        walk(op, arena_copy(op->arena, reply->link));
    } else {
        candidate_next(op);
    }
}

static void walk(struct op *op, struct str link)
{
    struct upstream_call call = {
        .kind = op->parent_id.n ? UPSTREAM_LIST_SUBTASKS : UPSTREAM_SYNC_TASKS,
        .folder_id = text_str(&op->collection->upstream_id),
        .parent_id = op->parent_id,
        .link = link,
        .zone = op->account->zone,
    };

    op->upstream_op =
        upstream_start(op->account->upstream, &call, true, WALK_DEADLINE_MS, on_walked, op);
}

void op_find_by_fingerprint(struct op *op)
{
    op->candidates = NULL;
    op->has_chosen = false;
    op->walked_pages = 0;
    walk(op, S(""));
}
