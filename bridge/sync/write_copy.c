#include "bridge/sync/op_internal.h"

/**
 * Clients of style C (mapping.md 5.6) move the series on and save the completed occurrence as a
 * task of their own. Where the series came first, the service has that task already and the bridge
 * made a resource of it: the client's takes its place. Where the copy comes first it waits, stored
 * here and not sent, for the series that follows.
 */
enum {
    WAIT_S = 10 * 60
};

bool op_is_being_written(const struct op *op, struct str href)
{
    for (const struct op *other = op->collection->ops; other; other = other->next) {
        if (other != op && str_eq(other->href, href)) {
            return true;
        }
    }
    return false;
}

/** The resource that the client's object is a copy of, if no client ever wrote it; else NULL. */
static const struct resource *find_made(const struct op *op)
{
    struct map_context context = op_context(op);
    struct task task;
    struct err err;

    if (!map_read(op->object.document, &context, &task, &err) || task.status != TASK_DONE) {
        return NULL;
    }
    for (struct resource *r = collection_next(op->collection, NULL); r;
         r = collection_next(op->collection, r)) {
        if (!r->is_removed && CONTAINER_OF(r, struct entry, resource)->put_hash.n == 0 &&
            map_is_same_occurrence(&op->object, r->document, &context) &&
            !op_is_being_written(op, r->href)) {
            return r;
        }
    }
    return NULL;
}

static bool made_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    bool is_found;

    return store_resource_find(
        db, op->account_id, op->collection_id, op->ours.href, op->arena, &op->ours, &is_found, err);
}

static void made_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    const task_fields kept = TASK_FIELD(TASK_RECURRENCE) | TASK_FIELD(TASK_REMINDER);
    struct map_context context = op_context(op);
    struct upstream_item item;
    char marker[SECRET_ID_TEXT];
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind != ERR_NONE || op->ours.upstream_id.n == 0 ||
        !task_parse(op->ours.base, op->arena, &op->base, &err) ||
        !map_plan_create(&op->object, &context, &op->plan, &err)) {
        op_plan_creation(op);
        return;
    }
    op->upstream_id = op->ours.upstream_id;
    op->plan.fields &= task_diff(&op->base, &op->plan.wanted) & ~kept;
    op->plan.expected = op->base;
    task_apply(&op->plan.expected, &op->plan.wanted, op->plan.fields);
    if (op->plan.fields != 0) {
        secret_random_id(marker); /* nothing bears it: an unclear change is made again */
        op->marker = arena_copy(op->arena, str_from(marker));
        op_begin(op);
        return;
    }
    item = (struct upstream_item){
        .id = op->ours.upstream_id,
        .etag = op->ours.upstream_etag,
        .task = op->base,
    };
    op_settle(op, &item);
}

/** Is it the completed current occurrence of a series of this list? */
static bool is_early_copy(const struct op *op)
{
    struct map_context context = op_context(op);
    struct task task;
    struct err err;

    if (!context.options.plans_steps || !map_read(op->object.document, &context, &task, &err) ||
        task.status != TASK_DONE) {
        return false;
    }
    for (struct resource *r = collection_next(op->collection, NULL); r;
         r = collection_next(op->collection, r)) {
        if (!r->is_removed && str_find(r->document, S("RRULE")) != SIZE_MAX &&
            map_is_copy(&op->object, r->document, &context)) {
            return true;
        }
    }
    return false;
}

static void wait_for_series(struct op *op)
{
    struct map_context context = op_context(op);
    struct err err;

    op->kind = OP_CREATE;
    if (!map_plan_create(&op->object, &context, &op->plan, &err)) {
        op_plan_creation(op); /* which says why */
        return;
    }
    op_settle_waiting(op, clock_now_s() + WAIT_S);
}

void op_start_creation(struct op *op)
{
    const struct resource *made = find_made(op);

    if (!made && is_early_copy(op)) {
        wait_for_series(op);
        return;
    }
    if (!made) {
        op_plan_creation(op);
        return;
    }
    op->ours.href = arena_copy(op->arena, made->href);
    op_job(op, false, made_run, made_done);
}
