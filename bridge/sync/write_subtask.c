#include "bridge/sync/op_internal.h"

#include "bridge/sync/op_attach.h"

/**
 * Sub-tasks (mapping.md 2.12). Where the service has checklists, a child that needs no more than a
 * name and a tick is an item of its parent's; its id names both (dialect.h). An item that gains
 * what only a task can hold, or goes to another parent, is made anew there, and what it was is
 * dropped: two steps, the second one written down in the transaction that ends the first. Address,
 * UID and document stay.
 */

static bool is_item(struct str upstream_id)
{
    return upstream_parent_of(upstream_id).n > 0;
}

bool op_is_subtask(const struct op *op)
{
    return op->parent_id.n > 0 || is_item(op->upstream_id);
}

/* --- its place ---------------------------------------------------------------------------- */

void op_read_parent(struct op *op)
{
    struct map_context context = op_context(op);
    struct map_child child;
    struct resource *parent;
    struct err err;

    if (!upstream_dialect(op->account->upstream)->project_check ||
        !map_read_child(op->object.document, &context, &child, &err) || !child.is_simple ||
        child.parent.n == 0 || (op->attach && op->attach->cut_count > 0)) {
        return;
    }
    parent = collection_find_uid(op->collection, child.parent);
    if (parent && !str_eq(parent->href, op->href)) {
        op->parent_href = arena_copy(op->arena, parent->href);
    }
}

bool op_find_parent(struct op *op, struct store_db *db, struct err *err)
{
    struct store_resource row;
    bool is_found = false;

    if (op->parent_href.n && !store_resource_find(db, op->account_id, op->collection_id,
                                 op->parent_href, op->arena, &row, &is_found, err)) {
        return false;
    }
    /* one level is all that there is, and a task that is there stays one */
    if (is_found && !is_item(row.upstream_id) &&
        (op->row.id == 0 || is_item(op->row.upstream_id))) {
        op->parent_id = row.upstream_id;
    }
    return true;
}

static bool parent_run(struct store_job *base, struct store_db *db, struct err *err)
{
    return op_find_parent(CONTAINER_OF(base, struct op, job), db, err);
}

static void parent_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind != ERR_NONE) {
        op_drop(op, &err);
    } else if (op->parent_id.n) {
        op_plan_creation(op);
    } else {
        op_start_creation(op);
    }
}

void op_start_below(struct op *op)
{
    op_job(op, false, parent_run, parent_done);
}

/* --- becoming something else -------------------------------------------------------------- */

bool op_leaves_list(const struct op *op)
{
    return is_item(op->row.upstream_id) &&
           !str_eq(upstream_parent_of(op->row.upstream_id), op->parent_id);
}

void op_promote(struct op *op)
{
    /* with what has changed upstream since the client looked */
    op->object.is_verbatim = op->plan.is_verbatim;
    op->object.document = op->plan.document;
    op_plan_creation(op);
}

/* --- what goes along ---------------------------------------------------------------------- */

/** With a task its items are gone. */
static bool bury_below(struct op *op, struct store_db *db, struct err *err)
{
    struct str prefix =
        arena_printf(op->arena, "%.*s%c", STR_ARG(op->row.upstream_id), UPSTREAM_SUBTASK);

    if (!store_resource_below(db, op->account_id, op->collection_id, prefix, op->arena, &op->below,
            &op->below_count, err)) {
        return false;
    }
    for (size_t i = 0; i < op->below_count; i++) {
        struct store_resource *row = &op->below[i];

        row->modified_s = op->result.modified_s;
        if (!store_change_next(db, op->account_id, op->collection_id, str_from(op->engine->run),
                &row->change, err) ||
            !store_resource_bury(db, op->account_id, op->collection_id, row->id, row->change,
                row->modified_s, err)) {
            return false;
        }
    }
    return true;
}

/** An item that is made anew elsewhere. */
static bool leaves_item(const struct op *op)
{
    return op->is_publishing && !op->result.is_removed && op->kind == OP_CREATE &&
           is_item(op->row.upstream_id) && !str_eq(op->row.upstream_id, op->result.upstream_id);
}

bool op_settle_below(struct op *op, struct store_db *db, struct err *err)
{
    bool is_task = op->row.upstream_id.n > 0 && !is_item(op->row.upstream_id);

    op->below_count = 0;
    op->discard_row_id = 0;
    if (!upstream_dialect(op->account->upstream)->project_check) {
        return true;
    }
    if (op->is_publishing && op->result.is_removed && is_task) {
        return bury_below(op, db, err);
    }
    if (leaves_item(op)) {
        op->discard_id = op->row.upstream_id;
    }
    return op->discard_id.n == 0 || op_add_discard(op, db, err);
}

void op_below_settled(struct op *op)
{
    for (size_t i = 0; i < op->below_count; i++) {
        struct store_resource *row = &op->below[i];

        row->is_removed = true;
        row->document = row->etag = S("");
        collection_publish(op->collection, row);
        writes_note(op->account, row->upstream_id);
    }
    op_start_discard(op);
}
