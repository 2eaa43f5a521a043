#include "bridge/sync/keep.h"
#include "bridge/sync/op_internal.h"

/**
 * [mapping] keep_upstream: a new task brings the text along, a changed one gets it by a request of
 * its own before the change is settled. Where that fails the write is none the worse: upstream
 * holds the text of the last one that went well.
 *
 * The texts of sub-tasks that are items of a checklist stand in one, beside their task. It is read,
 * changed and written back: another bridge may have written there. Only one operation of a task's
 * items does so at a time; those that come meanwhile go together, in one request.
 */
enum {
    KEEP_DEADLINE_MS = 10 * 1000,
    ITEMS_MOST = 2 * KEEP_BELOW_MOST, /**< of a checklist that are looked at for one write */
};

static void below_next(struct collection *c, struct str parent);

struct str op_kept(const struct op *op)
{
    struct str uid = op->row.id != 0 ? op->row.uid : op->object.uid;
    struct str text;

    if (!account_keeps(op->account)) {
        return S("");
    }
    text = keep_format(op->href, uid, op->plan.document, op->arena);
    if (text.n > 0 && op->account->service->dialect->fills(text) > 100) {
        log_warn("write.kept_without_document", LOG_STR("list", text_str(&op->collection->slug)),
            LOG_HASH("object", op->href), LOG_INT("bytes", (int64_t)text.n));
        text = keep_format(op->href, uid, S(""), op->arena);
    }
    return text;
}

/* --- beside a task ------------------------------------------------------------------------ */

static bool is_item(const struct op *op)
{
    return upstream_parent_of(op->answer.id).n > 0;
}

static void send(struct op *op, enum upstream_kind kind, upstream_cb *cb)
{
    struct upstream_call call = {
        .kind = kind,
        .folder_id = text_str(&op->collection->upstream_id),
        .task_id = is_item(op) ? upstream_parent_of(op->answer.id) : op->answer.id,
        .kept = is_item(op) ? S("") : op->kept,
        .kept_below = is_item(op) ? op->kept : S(""),
        .wants_kept = kind == UPSTREAM_GET_TASK,
        .zone = op->account->zone,
    };

    op->upstream_op = upstream_start(op->account->upstream, &call, false, KEEP_DEADLINE_MS, cb, op);
}

static void go_on(struct op *op)
{
    if (op->is_kept_locally) {
        op_settle_locally(op);
    } else {
        op_settle(op, &op->answer);
    }
}

static bool is_below(const struct op *op, struct str parent, enum op_below state)
{
    return op->below_state == state && str_eq(upstream_parent_of(op->answer.id), parent);
}

static struct op *find_below(struct collection *c, struct str parent, enum op_below state)
{
    for (struct op *op = c->ops; op; op = op->next) {
        if (is_below(op, parent, state)) {
            return op;
        }
    }
    return NULL;
}

/** Those that went together go on; then those that have come meanwhile. */
static void below_ended(struct op *op)
{
    struct collection *c = op->collection;
    struct text parent = { 0 };

    text_set(&parent, upstream_parent_of(op->answer.id));
    while ((op = find_below(c, text_str(&parent), OP_BELOW_SENT)) != NULL) {
        op->below_state = OP_BELOW_NONE;
        go_on(op);
    }
    below_next(c, text_str(&parent));
    text_done(&parent);
}

static void on_kept(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        log_warn("write.not_kept", LOG_HASH("task", op->answer.id),
            LOG_TEXT("kind", err_kind_name(reply->err.kind)), LOG_TEXT("why", reply->err.text));
    }
    if (op->below_state != OP_BELOW_NONE) {
        below_ended(op);
    } else {
        go_on(op);
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

/* --- beside the task of an item ----------------------------------------------------------- */

/** The ids of the items that the task has; false: it does not tell, or there are too many. */
static bool read_items(struct upstream_reply *reply, struct str parent,
    const struct dialect *dialect, struct arena *arena, struct table *out)
{
    bool tells_all = reply->item.has_subtasks;
    struct upstream_item item = { 0 };
    struct err err = { 0 };

    while (tells_all && reply->page &&
           (dialect->next_item(reply->page, arena, &item, &err) || err.kind != ERR_NONE)) {
        tells_all = item.id.n > 0 && out->count < ITEMS_MOST;
        table_put(out, str_skip(item.id, parent.n + 1), out);
        item = (struct upstream_item){ 0 };
    }
    return tells_all;
}

/** What those that go together have written: the last of them first. */
static struct kept_below *read_written(struct op *op, struct str parent, size_t *count_out)
{
    size_t count = 0, place;
    struct kept_below *list;

    for (struct op *other = op->collection->ops; other; other = other->next) {
        count += is_below(other, parent, OP_BELOW_SENT);
    }
    list = arena_alloc_array(op->arena, count, sizeof(struct kept_below));
    place = count;
    for (struct op *other = op->collection->ops; other; other = other->next) {
        if (is_below(other, parent, OP_BELOW_SENT)) {
            list[--place] =
                (struct kept_below){ str_skip(other->answer.id, parent.n + 1), other->kept };
        }
    }
    *count_out = count;
    return list;
}

/** What upstream shall hold. */
static struct str merge_below(struct op *op, struct upstream_reply *reply)
{
    const struct dialect *dialect = op->account->service->dialect;
    struct str parent = upstream_parent_of(op->answer.id);
    size_t count, shortened;
    struct kept_below *written = read_written(op, parent, &count);
    struct table items;
    struct str texts;
    bool tells_items;

    table_init(&items);
    tells_items = read_items(reply, parent, dialect, op->arena, &items);
    texts = keep_merge_below(written, count, reply->item.kept_below, tells_items ? &items : NULL,
        dialect, op->arena, &shortened);
    table_done(&items);
    if (shortened > 0) {
        log_info("write.kept_without", LOG_STR("list", text_str(&op->collection->slug)),
            LOG_HASH("task", parent), LOG_INT("subtasks", (int64_t)shortened));
    }
    return texts;
}

static void on_parent(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        on_kept(reply, arg);
        return;
    }
    op->kept = merge_below(op, reply);
    if (op->kept.n == 0) { /* not even one */
        below_ended(op);
    } else if (!reply->item.shows_kept) { /* what others have there is not replaced unseen */
        send(op, UPSTREAM_KEEP_FIRST, on_kept);
    } else {
        send(op, UPSTREAM_KEEP, on_replaced);
    }
}

static void below_next(struct collection *c, struct str parent)
{
    struct op *first = find_below(c, parent, OP_BELOW_WAITS);
    struct op *op = first;

    if (!first || find_below(c, parent, OP_BELOW_SENT)) {
        return;
    }
    while (op) {
        op->below_state = OP_BELOW_SENT;
        op = find_below(c, parent, OP_BELOW_WAITS);
    }
    send(first, UPSTREAM_GET_TASK, on_parent);
}

/* --- both --------------------------------------------------------------------------------- */

bool op_keep(struct op *op, struct str id, bool is_local)
{
    if (op->has_kept || op->account->lacks_markers) {
        return false;
    }
    op->kept = op_kept(op);
    if (op->kept.n == 0) {
        return false;
    }
    op->has_kept = true;
    op->is_kept_locally = is_local;
    op->answer.id = id;
    if (is_item(op)) {
        op->below_state = OP_BELOW_WAITS;
        below_next(op->collection, upstream_parent_of(id));
    } else {
        send(op, UPSTREAM_KEEP, on_replaced);
    }
    return true;
}
