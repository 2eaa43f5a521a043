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
    KEEP_DEADLINE_MS = 10 * 1000
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
    if (text.n > 0 && !op->account->service->dialect->keeps(text)) {
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

static struct op *find_below(struct collection *c, struct str parent, enum op_below state)
{
    for (struct op *op = c->ops; op; op = op->next) {
        if (op->below_state == state && str_eq(upstream_parent_of(op->answer.id), parent)) {
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

static bool is_listed(const struct kept_below *list, size_t count, struct str id)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(list[i].id, id)) {
            return true;
        }
    }
    return false;
}

/** The ids of the items that the task has; false: it does not tell. */
static bool read_items(struct upstream_reply *reply, const struct dialect *dialect,
    struct arena *arena, struct table *out)
{
    bool tells_all = reply->item.has_subtasks;
    struct upstream_item item = { 0 };
    struct err err = { 0 };

    while (reply->page &&
           (dialect->next_item(reply->page, arena, &item, &err) || err.kind != ERR_NONE)) {
        if (item.id.n > 0) {
            table_put(out, item.id, out);
        } else {
            tells_all = false;
        }
        item = (struct upstream_item){ 0 };
    }
    return tells_all;
}

/** What upstream shall hold: ours first, then of what is there those that still have an item. */
static struct str merge_below(struct op *op, struct upstream_reply *reply)
{
    const struct dialect *dialect = op->account->service->dialect;
    struct str parent = upstream_parent_of(op->answer.id);
    struct str texts = reply->item.kept_below;
    struct kept_below *list =
        arena_alloc_array(op->arena, 2 * KEEP_BELOW_MOST, sizeof(struct kept_below));
    struct table items;
    struct kept_below one;
    size_t count = 0, shortened;
    bool tells_items;

    table_init(&items);
    tells_items = read_items(reply, dialect, op->arena, &items);
    for (struct op *other = op->collection->ops; other && count < KEEP_BELOW_MOST;
         other = other->next) {
        if (other->below_state == OP_BELOW_SENT &&
            str_eq(upstream_parent_of(other->answer.id), parent)) {
            list[count++] = (struct kept_below){ other->answer.id, other->kept };
        }
    }
    while (count < 2 * KEEP_BELOW_MOST && keep_next_below(&texts, &one)) {
        one.id = arena_printf(
            op->arena, "%.*s%c%.*s", STR_ARG(parent), UPSTREAM_SUBTASK, STR_ARG(one.id));
        if (!is_listed(list, count, one.id) && (!tells_items || table_find(&items, one.id))) {
            list[count++] = one;
        }
    }
    table_done(&items);
    for (size_t i = 0; i < count; i++) {
        list[i].id = str_skip(list[i].id, parent.n + 1);
    }
    texts = keep_format_below(list, count, dialect, op->arena, &shortened);
    if (shortened > 0) {
        log_warn("write.kept_without", LOG_STR("list", text_str(&op->collection->slug)),
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
