#include "bridge/sync/engine_internal.h"
#include "bridge/sync/version.h"

/**
 * One delta round of one collection: page by page, each applied in one store transaction together
 * with the link to the next (design section 6); then, singly, what could not be believed from a
 * page: items older than a write, and rows that a full round did not see.
 */
enum {
    PAGE_DEADLINE_MS = 60 * 1000,
    SLICE = 25,           /**< items worked through in one turn of the loop: about 2 ms */
    PAGES_MAX = 20000,    /**< in one round of a list: a service that goes on for ever is broken */
    EMPTY_PAGES_MAX = 50, /**< one after the other, each with a link to the next */
};

enum change_kind {
    CHANGE_NONE,
    CHANGE_CONFIRM, /**< nothing that a client sees */
    CHANGE_PUT,
    CHANGE_BURY,
    CHANGE_REREAD, /**< to be read singly later */
};

struct change {
    enum change_kind kind;
    struct upstream_item item;
    struct store_resource row; /**< as the store has it; then as it shall be */
    bool is_known;
    bool was_series;    /**< the row went on to another task: mapping.md 5.7 */
    bool is_unreadable; /**< all that could be read of the entry is its id */
    bool is_later;      /**< to be read singly in the next round */
    struct store_version version;
};

struct pull {
    struct engine *engine;
    struct collection *collection; /**< NULL once aborted */
    int64_t account_id, collection_id;
    struct arena *arena; /**< of the page under way */
    struct upstream_op *op;
    const struct dialect *dialect;
    struct upstream_page *page; /**< whose entries are views into it */
    uint64_t asked_counter;     /**< write counter when the page was asked for */
    bool has_restarted;
    bool has_page; /**< the service has answered this pull with a page */
    bool is_job_running, is_posted;

    struct table by_id;
    struct change *changes;
    size_t count, capacity, position;
    unsigned pages, empty_pages;

    bool is_page;                /**< a page moves the link; a single item does not */
    struct store_collection row; /**< the collection's row to save with a page */

    struct str *singles; /**< upstream ids to be read one by one */
    size_t single_count, single_position;
    struct arena *single_arena;
    struct str single_id;

    struct store_job job;
};

static void ask_page(struct pull *pull);
static void merge_slice(void *arg);
static void singles_find(struct pull *pull);
static void single_next(struct pull *pull);

/* --- life --------------------------------------------------------------------------------- */

static void page_drop(struct pull *pull)
{
    if (pull->page) {
        pull->dialect->page_free(&pull->page);
    }
}

static void pull_free(struct pull *pull)
{
    page_drop(pull);
    table_done(&pull->by_id);
    mem_free(pull->changes);
    arena_free(&pull->arena);
    arena_free(&pull->single_arena);
    mem_free(pull);
}

void pull_abort(struct collection *collection)
{
    struct pull *pull = TAKE(collection->pull);

    if (!pull) {
        return;
    }
    pull->collection = NULL;
    if (pull->op) {
        upstream_abort(&pull->op);
    }
    if (pull->is_posted) {
        loop_unpost(pull->engine->loop, pull);
    }
    if (!pull->is_job_running) {
        pull_free(pull);
    }
}

static void pull_end(struct pull *pull, const struct err *err)
{
    struct collection *c = pull->collection;
    struct account *account = c->account;
    struct err result = *err; /* it may be the job's, which goes with the pull */

    c->pull = NULL;
    pull_free(pull);
    if (result.kind == ERR_NONE) {
        c->pulled_ms = clock_mono_ms();
        poll_collection_done(c);
    }
    round_pull_done(account, &result);
}

/** A store job ended; false when the pull was aborted meanwhile (and is freed here) or the job
 * failed (and the pull has ended). */
static bool job_ended(struct pull *pull)
{
    pull->is_job_running = false;
    if (!pull->collection) {
        pull_free(pull);
        return false;
    }
    if (pull->job.err.kind != ERR_NONE) {
        struct err err = pull->job.err;

        pull_end(pull, &err);
        return false;
    }
    return true;
}

static void job_start(struct pull *pull, bool is_write,
    bool (*run)(struct store_job *, struct store_db *, struct err *),
    void (*done)(struct store_job *))
{
    pull->job = (struct store_job){ .run = run, .done = done };
    pull->is_job_running = true;
    if (is_write) {
        store_write(pull->engine->store, &pull->job);
    } else {
        store_read(pull->engine->store, &pull->job);
    }
}

static void page_reset(struct pull *pull)
{
    page_drop(pull);
    arena_free(&pull->arena);
    pull->arena = arena_new();
    table_done(&pull->by_id);
    table_init(&pull->by_id);
    pull->count = pull->position = 0;
    pull->asked_counter = pull->collection->account->write_counter;
}

void pull_start(struct collection *c)
{
    struct pull *pull = mem_alloc(sizeof(*pull));

    pull->engine = c->account->engine;
    pull->collection = c;
    pull->account_id = c->account->id;
    pull->collection_id = c->id;
    pull->dialect = c->account->service->dialect;
    table_init(&pull->by_id);
    c->pull = pull;
    c->pulled_round = c->account->round_number;
    ask_page(pull);
}

/* --- asking for a page -------------------------------------------------------------------- */

static void full_round_begin(struct collection *c)
{
    text_set(&c->link, S(""));
    c->is_link_final = false;
    c->is_round_full = true;
    c->round++;
    c->round_started_s = clock_now_s();
}

/** An entry of the page; the last one of an id wins. */
static void add_item(struct pull *pull, const struct upstream_item *item, bool is_unreadable)
{
    uintptr_t place = (uintptr_t)table_find(&pull->by_id, item->id); /* index + 1 */

    if (place == 0) {
        if (pull->count == pull->capacity) {
            pull->capacity = pull->capacity ? 2 * pull->capacity : 64;
            pull->changes = mem_resize(pull->changes, pull->capacity, sizeof(struct change));
        }
        place = ++pull->count;
        table_put(&pull->by_id, item->id, (void *)place);
    }
    pull->changes[place - 1] = (struct change){ .item = *item, .is_unreadable = is_unreadable };
}

static void rows_find(struct pull *pull);

/** Some entries of the page; true when there are no more. One that can't be read stops no other. */
static bool read_some(struct pull *pull)
{
    for (size_t n = 0; n < SLICE; n++) {
        struct upstream_item item = { 0 };
        struct err err = err_none;

        if (pull->dialect->next_item(pull->page, pull->arena, &item, &err)) {
            add_item(pull, &item, false);
        } else if (err.kind == ERR_NONE) {
            return true;
        } else {
            log_warn("sync.unreadable", LOG_STR("list", text_str(&pull->collection->slug)),
                LOG_HASH("task", item.id), LOG_TEXT("why", err.text));
            if (item.id.n) {
                add_item(pull, &item, true);
            }
        }
    }
    return false;
}

static void read_slice(void *arg)
{
    struct pull *pull = arg;

    pull->is_posted = false;
    if (read_some(pull)) {
        rows_find(pull);
    } else {
        pull->is_posted = true;
        loop_post(pull->engine->loop, read_slice, pull);
    }
}

/** A service may lie about the end of a list, too. */
static bool has_no_end(struct pull *pull, const struct upstream_reply *reply)
{
    return reply->link_kind == UPSTREAM_LINK_MORE &&
           (++pull->pages > PAGES_MAX || pull->empty_pages > EMPTY_PAGES_MAX);
}

static void on_page(struct upstream_reply *reply, void *arg)
{
    struct pull *pull = arg;
    struct collection *c = pull->collection;
    struct err err = reply->err;

    pull->op = NULL;
    if (reply->is_forgotten && !pull->has_restarted) {
        log_info("sync.delta_forgotten", LOG_STR("list", text_str(&c->slug)));
        pull->has_restarted = true;
        text_set(&c->link, S(""));
        ask_page(pull);
        return;
    }
    if (err.kind == ERR_NONE && has_no_end(pull, reply)) {
        err_set(&err, ERR_UPSTREAM, "a list without end");
    }
    if (err.kind != ERR_NONE) {
        pull_end(pull, &err);
        return;
    }
    pull->has_page = true;
    collection_row(c, &pull->row);
    pull->row.link = arena_copy(pull->arena, reply->link);
    pull->row.is_link_final = reply->link_kind != UPSTREAM_LINK_MORE;
    pull->is_page = true;
    pull->page = TAKE(reply->page);
    if (pull->page) {
        read_slice(pull);
    } else {
        rows_find(pull);
    }
}

static void ask_page(struct pull *pull)
{
    struct collection *c = pull->collection;
    struct upstream_call call = { .kind = UPSTREAM_SYNC_TASKS, .zone = c->account->zone };

    if (c->link.n == 0) {
        full_round_begin(c);
    }
    page_reset(pull);
    call.folder_id = text_str(&c->upstream_id);
    call.link = text_str(&c->link);
    pull->op = upstream_start(
        c->account->upstream, &call, c->account->holds == NULL, PAGE_DEADLINE_MS, on_page, pull);
}

/* --- what the store knows of these items -------------------------------------------------- */

static bool rows_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);

    for (size_t i = 0; i < pull->count; i++) {
        struct change *change = &pull->changes[i];

        if (!store_resource_find_upstream(db, pull->account_id, pull->collection_id,
                change->item.id, pull->arena, &change->row, &change->is_known, err)) {
            return false;
        }
    }
    return true;
}

static void rows_done(struct store_job *base)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);

    if (job_ended(pull)) {
        pull->is_posted = true;
        loop_post(pull->engine->loop, merge_slice, pull);
    }
}

static void rows_find(struct pull *pull)
{
    job_start(pull, false, rows_run, rows_done);
}

/* --- series ------------------------------------------------------------------------------- */

/** Is `item` the task with which the series of base goes on? */
static bool is_next_of(const struct task *base, const struct upstream_item *item)
{
    const struct task *task = &item->task;

    return !item->is_removed && task->status != TASK_DONE && task->recurrence.is_set &&
           task->recurrence.pattern == base->recurrence.pattern &&
           task->recurrence.interval == base->recurrence.interval &&
           str_eq(task->title, base->title) && task->due.day > base->due.day;
}

/** The row of a series goes to its next task, and the completed one is new; whichever comes first
 * keeps the place, so that the id is free when the other takes it. */
static void hand_over(struct pull *pull, struct change *series, struct change *next)
{
    struct change *first = series < next ? series : next;
    struct change *second = series < next ? next : series;
    struct store_resource row = series->row;
    struct upstream_item done = series->item, onward = next->item;

    row.upstream_id = onward.id;
    *first = (struct change){ .item = onward, .row = row, .is_known = true };
    *second = (struct change){ .item = done, .was_series = true };
    table_put(&pull->by_id, first->item.id, first);
    table_put(&pull->by_id, second->item.id, second);
}

/**
 * A service may let the completed occurrence keep the id, and go on with a new task
 * (mapping.md 5.7): resources follow the role.
 */
static void follow_roles(struct pull *pull)
{
    struct task base;
    struct err err;

    for (size_t i = 0; i < pull->count; i++) {
        struct change *series = &pull->changes[i];

        if (!series->is_known || series->item.is_removed || series->item.task.status != TASK_DONE ||
            !task_parse(series->row.base, pull->arena, &base, &err) || !base.recurrence.is_set ||
            base.status == TASK_DONE) {
            continue;
        }
        for (size_t j = 0; j < pull->count; j++) {
            if (!pull->changes[j].is_known && is_next_of(&base, &pull->changes[j].item)) {
                hand_over(pull, series, &pull->changes[j]);
                break;
            }
        }
    }
}

/* --- merging ------------------------------------------------------------------------------ */

static bool is_too_old(const struct pull *pull, const struct task *task)
{
    int64_t window_s = pull->engine->options.completed_s;

    return window_s != 0 && task->status == TASK_DONE && task->completed.is_set &&
           (int64_t)task->completed.day * CIVIL_SECONDS_A_DAY + window_s < clock_now_s();
}

/** A task that nobody here has seen: it was born upstream. */
static bool plan_new(
    struct pull *pull, struct change *change, struct map_context *context, struct err *err)
{
    struct str uid;

    if (is_too_old(pull, &change->item.task)) {
        return true;
    }
    uid = change->was_series ? version_done_uid(change->item.id, pull->arena)
                             : version_uid(change->item.id, pull->arena);
    change->row = (struct store_resource){
        .account = pull->account_id,
        .collection = pull->collection_id,
        .href = arena_printf(pull->arena, "%.*s.ics", STR_ARG(uid)),
        .uid = uid,
        .upstream_id = change->item.id,
        .upstream_etag = change->item.etag,
        .document = map_render(&change->item.task, uid, context),
        .round = pull->collection->round,
        .put_hash = S(""),
        .replaced_etag = S(""),
    };
    change->kind = CHANGE_PUT;
    return version_next(
        pull->collection, &change->row, &change->item.task, false, context, &change->version, err);
}

static bool plan_known(
    struct pull *pull, struct change *change, struct map_context *context, struct err *err)
{
    struct task base, returned;
    struct str document;

    if (!task_parse(change->row.base, pull->arena, &base, err)) {
        return false;
    }
    task_copy(pull->arena, &base, &returned);
    task_apply(&returned, &change->item.task, change->item.task.present);
    returned.modified_us = change->item.task.modified_us;
    task_adopt_days(&returned, &base);
    if (!map_merge(change->row.document, &base, &returned, context, &document, err)) {
        /* too large for a document, say: the others go on, and this one keeps what it has */
        log_warn("sync.unmergeable", LOG_HASH("task", change->item.id), LOG_TEXT("why", err->text));
        change->kind = CHANGE_CONFIRM;
        return true;
    }
    change->row.upstream_etag = change->item.etag;
    if (str_eq(document, change->row.document)) {
        change->kind = CHANGE_CONFIRM;
        change->row.base = version_base(&returned, pull->arena);
        return true;
    }
    change->kind = CHANGE_PUT;
    change->row.document = document;
    change->row.replaced_etag = S(MOVED_ON);
    return version_next(
        pull->collection, &change->row, &returned, true, context, &change->version, err);
}

/** May the item be older than a write? */
static bool is_overtaken(const struct pull *pull, const struct change *change)
{
    const struct collection *c = pull->collection;

    return ops_touch(c, change->item.id, change->is_known ? change->row.href : S(""),
               change->item.task.title) ||
           writes_since(c->account, change->item.id, pull->asked_counter);
}

static bool plan_change(struct pull *pull, struct change *change, struct err *err)
{
    const struct collection *c = pull->collection;
    struct map_context context;

    change->row.round = c->round;
    if (change->is_later || is_overtaken(pull, change)) {
        change->kind = CHANGE_REREAD;
        return true;
    }
    if (change->is_unreadable) {
        change->kind = change->is_known ? CHANGE_CONFIRM : CHANGE_NONE;
        return true;
    }
    if (change->item.is_removed) {
        change->kind = change->is_known ? CHANGE_BURY : CHANGE_NONE;
        return true;
    }
    if (pull->is_page && change->item.task.present != TASK_ALL_FIELDS) {
        change->kind =
            CHANGE_REREAD; /* a delta entry may hold a few members only, or half a pair */
        return true;
    }
    account_map_context(c->account, pull->arena, &context);
    return change->is_known ? plan_known(pull, change, &context, err)
                            : plan_new(pull, change, &context, err);
}

static void commit(struct pull *pull);

static void merge_slice(void *arg)
{
    struct pull *pull = arg;
    struct err err;

    pull->is_posted = false;
    if (pull->position == 0) {
        follow_roles(pull);
    }
    for (size_t n = 0; n < SLICE && pull->position < pull->count; n++, pull->position++) {
        struct change *change = &pull->changes[pull->position];

        if (!plan_change(pull, change, &err)) { /* one bad item holds up no list */
            log_error("sync.item", LOG_STR("list", text_str(&pull->collection->slug)),
                LOG_TEXT("why", err.text));
            change->kind = CHANGE_REREAD;
        }
    }
    if (pull->position < pull->count) {
        pull->is_posted = true;
        loop_post(pull->engine->loop, merge_slice, pull);
        return;
    }
    commit(pull);
}

/* --- one transaction ---------------------------------------------------------------------- */

static bool commit_change(
    struct pull *pull, struct store_db *db, struct change *change, struct err *err)
{
    struct store_resource *row = &change->row;
    const char *run = pull->engine->run;

    switch (change->kind) {
    case CHANGE_NONE:
        return true;
    case CHANGE_CONFIRM:
        return store_resource_confirm(db, pull->account_id, pull->collection_id, row->id,
            row->upstream_etag, row->base, row->round, err);
    case CHANGE_REREAD:
        return store_reread_add(db, pull->account_id, pull->collection_id, change->item.id, err);
    case CHANGE_BURY:
        return store_change_next(
                   db, pull->account_id, pull->collection_id, str_from(run), &row->change, err) &&
               store_resource_bury(db, pull->account_id, pull->collection_id, row->id, row->change,
                   row->modified_s, err);
    case CHANGE_PUT:
        return store_change_next(
                   db, pull->account_id, pull->collection_id, str_from(run), &row->change, err) &&
               store_resource_put(db, row, &row->id, err) &&
               store_version_add(db, pull->account_id, pull->collection_id, row->id,
                   &change->version, VERSIONS_KEPT, err);
    }
    return err_set(err, ERR_INTERNAL, "no such change");
}

static bool commit_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);

    for (size_t i = 0; i < pull->count; i++) {
        if (!commit_change(pull, db, &pull->changes[i], err)) {
            return false;
        }
    }
    if (pull->is_page) {
        return store_collection_set_round(db, &pull->row, err);
    }
    for (size_t i = 0; i < pull->count; i++) {
        if (pull->changes[i].kind != CHANGE_REREAD &&
            !store_reread_remove(
                db, pull->account_id, pull->collection_id, pull->changes[i].item.id, err)) {
            return false;
        }
    }
    return true;
}

static void commit_done(struct store_job *base)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);
    struct collection *c = pull->collection;

    if (c) {
        c->committing--;
    }
    if (!job_ended(pull)) {
        if (c) {
            ops_wake(c);
        }
        return;
    }
    for (size_t i = 0; i < pull->count; i++) {
        struct change *change = &pull->changes[i];

        if (change->kind == CHANGE_PUT || change->kind == CHANGE_BURY) {
            change->row.is_removed = change->kind == CHANGE_BURY;
            if (change->row.is_removed) {
                change->row.document = change->row.etag = S("");
            }
            collection_publish(c, &change->row);
        }
    }
    ops_wake(c);
    if (!pull->is_page) {
        single_next(pull);
        return;
    }
    pull->empty_pages = pull->count == 0 ? pull->empty_pages + 1 : 0;
    text_set(&c->link, pull->row.link);
    c->is_link_final = pull->row.is_link_final;
    round_progress(c->account, pull->count);
    if (c->is_link_final) {
        singles_find(pull);
    } else {
        ask_page(pull);
    }
}

static void commit(struct pull *pull)
{
    int64_t now_s = clock_now_s();

    for (size_t i = 0; i < pull->count; i++) {
        struct change *change = &pull->changes[i];

        /* merging took a few turns of the loop: a write may have come in between */
        if (is_overtaken(pull, change)) {
            change->kind = CHANGE_REREAD;
        }
        change->row.modified_s = now_s;
    }
    pull->collection->committing++;
    job_start(pull, true, commit_run, commit_done);
}

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

    if (job_ended(pull)) {
        single_next(pull);
    }
}

static void singles_find(struct pull *pull)
{
    arena_free(&pull->single_arena);
    pull->single_arena = arena_new();
    pull->single_count = pull->single_position = 0;
    collection_row(pull->collection, &pull->row);
    job_start(pull, false, singles_run, singles_done);
}

/** Not now: it goes, or stays, on the list of the next round (a row that a full round did not see
 * is on no list yet). */
static void single_later(struct pull *pull)
{
    struct upstream_item item = { .id = pull->single_id };

    add_item(pull, &item, true);
    pull->changes[0].is_later = true;
    pull->is_page = false;
    rows_find(pull);
}

static void on_single(struct upstream_reply *reply, void *arg)
{
    struct pull *pull = arg;
    struct upstream_item item = reply->item;
    struct err err = reply->err;

    pull->op = NULL;
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
    if (!item.is_removed) {
        task_copy(pull->arena, &item.task, &item.task);
    }
    add_item(pull, &item, false);
    pull->is_page = false;
    rows_find(pull);
}

static bool round_over_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);

    return store_collection_set_round(db, &pull->row, err);
}

static void round_over_done(struct store_job *base)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);

    if (job_ended(pull)) {
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
    page_reset(pull);
    collection_row(c, &pull->row);
    pull->row.is_round_full = false;
    pull->row.is_synced = true;
    pull->row.link = arena_copy(pull->arena, pull->row.link);
    job_start(pull, true, round_over_run, round_over_done);
}

static void single_next(struct pull *pull)
{
    struct collection *c = pull->collection;
    struct upstream_call call = { .kind = UPSTREAM_GET_TASK, .zone = c->account->zone };

    if (pull->single_position < pull->single_count) {
        pull->single_id = pull->singles[pull->single_position++];
        page_reset(pull);
        if (ops_touch(c, pull->single_id, S(""), S(""))) {
            single_later(pull); /* when its operation has ended */
            return;
        }
        call.folder_id = text_str(&c->upstream_id);
        call.task_id = pull->single_id;
        pull->op = upstream_start(c->account->upstream, &call, c->account->holds == NULL,
            PAGE_DEADLINE_MS, on_single, pull);
        return;
    }
    round_over(pull);
}
