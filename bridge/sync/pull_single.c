#include "bridge/sync/pull_internal.h"

#include "bridge/sync/attachment_list.h"
#include "bridge/sync/keep.h"

/* --- what must be read singly ------------------------------------------------------------- */

static bool singles_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);
    struct arena *arena = pull->single_arena;
    struct store_reread *rereads;
    struct store_resource *unseen = NULL;
    size_t count, unseen_count = 0;

    if (!store_reread_list(db, pull->account_id, arena, &rereads, &count, err)) {
        return false;
    }
    if (pull->row.is_round_full &&
        !store_resource_unseen(db, pull->account_id, pull->collection_id, pull->row.round,
            INT64_MAX, arena, &unseen, &unseen_count, err)) {
        return false;
    }
    pull->singles = arena_alloc_array(arena, count + unseen_count, sizeof(struct str));
    for (size_t i = 0; i < count; i++) {
        if (rereads[i].collection == pull->collection_id) {
            pull->singles[pull->single_count++] = rereads[i].upstream_id;
        }
    }
    for (size_t i = 0; i < unseen_count; i++) {
        pull->singles[pull->single_count++] = unseen[i].upstream_id;
    }
    return true;
}

static void singles_done(struct store_job *base)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);

    if (pull_job_ended(pull)) {
        pull_next_single(pull);
    }
}

void pull_read_singles(struct pull *pull)
{
    arena_free(&pull->single_arena);
    pull->single_arena = arena_new();
    pull->single_count = pull->single_position = 0;
    collection_row(pull->collection, &pull->row);
    pull_job_start(pull, false, singles_run, singles_done);
}

/** Not now: it goes, or stays, on the list of the next round (a row that a full round did not see
 * is on no list yet). */
static void single_later(struct pull *pull)
{
    struct upstream_item item = { .id = pull->single_id };

    pull_add_item(pull, &item, true);
    pull->changes[0].is_later = true;
    pull->is_page = false;
    pull_apply(pull);
}

static void ask_single(struct pull *pull);

/** The item is whole. */
static void apply_single(struct pull *pull, const struct upstream_item *item)
{
    struct err err;

    pull_add_item(pull, item, false);
    pull->is_page = false;
    while (pull->page && !pull_read_some(pull)) { /* sub-tasks came with it */
    }
    if (pull_is_endless(pull, &err)) { /* those that were not read are not gone */
        pull_end(pull, &err);
    } else {
        pull_apply(pull);
    }
}

/** A list that can't be read holds up neither its task nor others. */
static void on_attachments(const struct err *err, const struct task *found, void *arg)
{
    struct pull *pull = arg;
    bool is_broken =
        err->kind == ERR_UPSTREAM || err->kind == ERR_INVALID || err->kind == ERR_NOT_FOUND;

    pull->attachments = NULL;
    if (err->kind != ERR_NONE && !is_broken) {
        pull_end(pull, err);
        return;
    }
    if (is_broken) {
        log_warn("sync.unreadable_attachments", LOG_STR("list", text_str(&pull->collection->slug)),
            LOG_HASH("task", pull->single_id), LOG_TEXT("why", err->text));
    } else {
        task_apply_attachments(&pull->single.task, found);
        pull->single.task.has_attachments = true;
    }
    apply_single(pull, &pull->single);
}

static bool wants_attachments(const struct pull *pull, const struct upstream_item *item)
{
    return !item->is_removed && item->task.has_attachments && !item->task.knows_attachments &&
           pull->dialect->attachment_bytes > 0;
}

static void on_single(struct upstream_reply *reply, void *arg)
{
    struct pull *pull = arg;
    struct upstream_item item = reply->item;
    struct err err = reply->err;

    pull->op = NULL;
    if (reply->is_maybe_gone && !pull->is_doubted) {
        pull->is_doubted = true; /* a proxy that had a bad moment does not say so twice */
        ask_single(pull);
        return;
    }
    if (err.kind == ERR_NOT_FOUND || (reply->is_maybe_gone && pull->has_page)) {
        /* no proxy's page: the service itself has just answered at this address */
        item = (struct upstream_item){ .is_removed = true };
        err = err_none;
    }
    if (err.kind == ERR_UPSTREAM || err.kind == ERR_INVALID) { /* it stops no other */
        log_warn("sync.unreadable", LOG_STR("list", text_str(&pull->collection->slug)),
            LOG_HASH("task", pull->single_id), LOG_TEXT("why", err.text));
        single_later(pull);
        return;
    }
    if (err.kind != ERR_NONE) {
        pull_end(pull, &err);
        return;
    }
    item.id = pull->single_id;
    item.etag = arena_copy(pull->arena, item.etag);
    item.kept = arena_copy(pull->arena, item.kept);
    item.kept_below = arena_copy(pull->arena, item.kept_below);
    if (!item.is_removed) {
        task_copy(pull->arena, &item.task, &item.task);
    }
    pull->page = TAKE(reply->page); /* its sub-tasks */
    if (wants_attachments(pull, &item)) {
        pull->single = item;
        pull->attachments = attachment_list_start(pull->collection->account,
            text_str(&pull->collection->upstream_id), item.id,
            pull->collection->account->holds == NULL, PAGE_DEADLINE_MS, pull->arena, on_attachments,
            pull);
        return;
    }
    apply_single(pull, &item);
}

static bool round_over_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);

    return store_collection_set_round(db, &pull->row, err);
}

static void round_over_done(struct store_job *base)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);

    if (pull_job_ended(pull)) {
        pull->collection->is_round_full = false;
        pull->collection->is_synced = true;
        pull_end(pull, &err_none);
    }
}

/** Everything is read: a full round ends here, durably. */
static void round_over(struct pull *pull)
{
    struct collection *c = pull->collection;

    if (!c->is_round_full) {
        pull_end(pull, &err_none);
        return;
    }
    pull_page_reset(pull);
    collection_row(c, &pull->row);
    pull->row.is_round_full = false;
    pull->row.is_synced = true;
    pull->row.link = arena_copy(pull->arena, pull->row.link);
    pull_job_start(pull, true, round_over_run, round_over_done);
}

static void ask_single(struct pull *pull)
{
    struct collection *c = pull->collection;
    struct upstream_call call = {
        .kind = UPSTREAM_GET_TASK,
        .folder_id = text_str(&c->upstream_id),
        .task_id = pull->single_id,
        .wants_kept = account_keeps(c->account),
        .zone = c->account->zone,
    };

    pull->op = upstream_start(
        c->account->upstream, &call, c->account->holds == NULL, PAGE_DEADLINE_MS, on_single, pull);
}

void pull_next_single(struct pull *pull)
{
    struct collection *c = pull->collection;

    if (pull->single_position < pull->single_count) {
        pull->single_id = pull->singles[pull->single_position++];
        pull_page_reset(pull);
        if (ops_touch(c, pull->single_id, S(""), S(""))) {
            single_later(pull); /* when its operation has ended */
            return;
        }
        pull->is_doubted = false;
        ask_single(pull);
        return;
    }
    round_over(pull);
}
