#include "bridge/sync/op_internal.h"

/**
 * Renaming and removing lists. Both are repeatable; the next folder round shows what came of one
 * whose answer was lost.
 */
enum {
    FOLDER_MS = 20 * 1000,
    EMPTY_PAGES_MAX = 50, /**< of a list that is to be removed, each with a link to the next */
};

struct list_change {
    struct list_change *next, **link; /**< of its account while a request is under way */
    struct engine *engine;
    int64_t account, collection;
    struct text name;
    struct upstream_op *op;
    struct store_job job;
    struct arena *arena;
    struct store_collection row;
    unsigned pages;
    bool is_removal;
    sync_cb *cb;
    void *arg;
};

static void change_unlist(struct list_change *change)
{
    if (change->link) {
        *change->link = change->next;
        if (change->next) {
            change->next->link = change->link;
        }
        change->link = NULL;
    }
}

static void change_end(struct list_change *change, enum sync_outcome outcome, const struct err *err)
{
    change_unlist(change);
    change->cb(&(struct sync_result){ .outcome = outcome, .err = *err }, change->arg);
    text_done(&change->name);
    arena_free(&change->arena);
    mem_free(change);
}

static void change_failed(struct list_change *change, const struct err *err)
{
    struct err told = *err;
    enum sync_outcome outcome = SYNC_BUSY;

    if (err->kind == ERR_INVALID || err->kind == ERR_CONFLICT) {
        outcome = SYNC_FORBIDDEN;
    } else if (err->kind == ERR_NOT_FOUND) {
        outcome = SYNC_NOT_FOUND;
    } else if (told.retry_after_s == 0) {
        told.retry_after_s = 10;
    }
    change_end(change, outcome, &told);
}

static bool change_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct list_change *change = CONTAINER_OF(base, struct list_change, job);

    return change->is_removal
               ? store_collection_remove(db, change->row.account, change->row.id, err)
               : store_collection_update(db, &change->row, err);
}

static void change_done(struct store_job *base)
{
    struct list_change *change = CONTAINER_OF(base, struct list_change, job);
    struct collection *c =
        engine_find_collection(change->engine, change->account, change->collection);

    if (base->err.kind != ERR_NONE) { /* it is done upstream: the next folder round repeats this */
        log_error("store.collection", LOG_TEXT("why", base->err.text));
    }
    if (c && change->is_removal) {
        collection_free(&c);
    } else if (c) {
        text_set(&c->name, text_str(&change->name));
    }
    change_end(change, change->is_removal ? SYNC_REMOVED : SYNC_REPLACED, &err_none);
}

static void on_changed(struct upstream_reply *reply, void *arg)
{
    struct list_change *change = arg;
    struct collection *c =
        engine_find_collection(change->engine, change->account, change->collection);
    bool is_done =
        reply->err.kind == ERR_NONE || (change->is_removal && reply->err.kind == ERR_NOT_FOUND);

    change->op = NULL;
    if (!c || !is_done) {
        change_failed(change, &reply->err);
        return;
    }
    change_unlist(change); /* the store's answer comes also when the account has gone */
    change->arena = arena_new();
    collection_row(c, &change->row);
    change->row.upstream_id = arena_copy(change->arena, change->row.upstream_id);
    change->row.slug = arena_copy(change->arena, change->row.slug);
    change->row.name =
        arena_copy(change->arena, change->is_removal ? change->row.name : text_str(&change->name));
    change->job = (struct store_job){ .run = change_run, .done = change_done };
    store_write(change->engine->store, &change->job);
}

static struct list_change *change_new(struct collection *c, bool is_removal, sync_cb *cb, void *arg)
{
    struct list_change *change = mem_alloc(sizeof(*change));

    *change = (struct list_change){ .engine = c->account->engine,
        .account = c->account->id,
        .collection = c->id,
        .is_removal = is_removal,
        .cb = cb,
        .arg = arg,
        .next = c->account->list_changes,
        .link = &c->account->list_changes };
    if (change->next) {
        change->next->link = &change->next;
    }
    c->account->list_changes = change;
    return change;
}

void list_changes_abandon(struct account *account)
{
    struct err err;

    err_set(&err, ERR_NOT_FOUND, "the list has gone");
    while (account->list_changes) {
        struct list_change *change = account->list_changes;

        upstream_abort(&change->op);
        change_end(change, SYNC_NOT_FOUND, &err);
    }
}

static void change_send(struct list_change *change, const struct collection *c)
{
    struct upstream_call call = {
        .kind = change->is_removal ? UPSTREAM_DELETE_FOLDER : UPSTREAM_RENAME_FOLDER,
        .folder_id = text_str(&c->upstream_id),
        .name = text_str(&change->name),
        .zone = c->account->zone,
    };

    change->op = upstream_start(c->account->upstream, &call, false, FOLDER_MS, on_changed, change);
}

/** Refused before anything is sent; answered in a later turn. */
static bool refuse_change(struct engine *engine, struct collection *c, sync_cb *cb, void *arg)
{
    enum sync_outcome outcome = SYNC_BUSY;
    struct err err;

    if (c->account->is_read_only) {
        outcome = SYNC_READ_ONLY;
        err_set(&err, ERR_DENIED, "this account is read-only");
    } else if (c->is_default) {
        outcome = SYNC_FORBIDDEN;
        err_set(&err, ERR_DENIED, "the service does not let its default list be changed");
    } else if (!c->account->upstream || engine->is_stopping) {
        err_set(&err, ERR_BUSY, "the service can't be reached now");
        err.retry_after_s = 10;
    } else {
        return false;
    }
    sync_refuse_later(engine, outcome, &err, cb, arg);
    return true;
}

/** Without the ' (LABEL)' that tells two accounts' lists apart. */
static struct str without_label(const struct collection *c, struct str name, struct arena *arena)
{
    struct str label = arena_printf(arena, " (%.*s)", STR_ARG(text_str(&c->account->label)));

    return str_has_suffix(name, label) ? str_first(name, name.n - label.n) : name;
}

void sync_rename_collection(
    struct engine *engine, struct collection *collection, struct str name, sync_cb *cb, void *arg)
{
    struct arena *arena;
    struct list_change *change;

    if (refuse_change(engine, collection, cb, arg)) {
        return;
    }
    arena = arena_new();
    change = change_new(collection, false, cb, arg);
    text_set(&change->name, without_label(collection, name, arena));
    arena_free(&arena);
    change_send(change, collection);
}

/** `delete_lists = empty`: also what is not served (old completed tasks) keeps a folder. */
static void on_content(struct upstream_reply *reply, void *arg)
{
    struct list_change *change = arg;
    struct collection *c =
        engine_find_collection(change->engine, change->account, change->collection);
    struct upstream_call call = { .kind = UPSTREAM_SYNC_TASKS };
    struct upstream_item item;
    struct err err = reply->err;
    CLEANUP(arena_free) struct arena *arena = arena_new();

    change->op = NULL;
    if (!c && err.kind == ERR_NONE) {
        err_set(&err, ERR_NOT_FOUND, "the list has gone");
    }
    if (err.kind == ERR_NONE && ++change->pages > EMPTY_PAGES_MAX) {
        err_set(&err, ERR_UPSTREAM, "a list without end");
    }
    if (err.kind != ERR_NONE) {
        change_failed(change, &err);
        return;
    }
    if (reply->page &&
        upstream_dialect(c->account->upstream)->next_item(reply->page, arena, &item, &err)) {
        err_set(&err, ERR_DENIED, "the list still holds tasks; [mapping] delete_lists = empty");
        change_end(change, SYNC_FORBIDDEN, &err);
    } else if (err.kind != ERR_NONE) {
        change_failed(change, &err);
    } else if (reply->link_kind == UPSTREAM_LINK_MORE) {
        call.folder_id = text_str(&c->upstream_id);
        call.link = reply->link;
        call.zone = c->account->zone;
        change->op =
            upstream_start(c->account->upstream, &call, false, FOLDER_MS, on_content, change);
    } else {
        change_send(change, c);
    }
}

void sync_remove_collection(
    struct engine *engine, struct collection *collection, sync_cb *cb, void *arg)
{
    struct list_change *change;
    struct err err;

    if (refuse_change(engine, collection, cb, arg)) {
        return;
    }
    if (engine->options.delete_lists == ENGINE_DELETE_NO) {
        err_set(&err, ERR_DENIED, "lists are not deleted here; [mapping] delete_lists = no");
        sync_refuse_later(engine, SYNC_FORBIDDEN, &err, cb, arg);
        return;
    }
    change = change_new(collection, true, cb, arg);
    if (engine->options.delete_lists == ENGINE_DELETE_YES) {
        change_send(change, collection);
    } else {
        struct upstream_call call = { .kind = UPSTREAM_SYNC_TASKS,
            .folder_id = text_str(&collection->upstream_id),
            .zone = collection->account->zone };

        change->op = upstream_start(
            collection->account->upstream, &call, false, FOLDER_MS, on_content, change);
    }
}
