#include "bridge/sync/pull_internal.h"

#include "bridge/sync/attachment_list.h"
#include "bridge/sync/keep.h"

enum {
    PAGES_MAX = 20000,    /**< in one round of a list: a service that goes on for ever is broken */
    EMPTY_PAGES_MAX = 50, /**< one after the other, each with a link to the next */
    ENTRIES_MAX = 50000,  /**< of one page; 200 are asked for, and each may have 100 sub-tasks */
    UNREADABLE_LOGGED = 10, /**< of one page */
};

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
    table_done(&pull->hrefs);
    table_done(&pull->uids);
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
    attachment_list_abort(&pull->attachments);
    if (pull->is_posted) {
        loop_unpost(pull->engine->loop, pull);
    }
    if (!pull->is_job_running) {
        pull_free(pull);
    }
}

void pull_end(struct pull *pull, const struct err *err)
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

bool pull_job_ended(struct pull *pull)
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

void pull_job_start(struct pull *pull, bool is_write,
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

void pull_page_reset(struct pull *pull)
{
    page_drop(pull);
    arena_free(&pull->arena);
    pull->arena = arena_new();
    table_done(&pull->by_id);
    table_done(&pull->hrefs);
    table_done(&pull->uids);
    table_init(&pull->by_id);
    pull->count = pull->position = 0;
    pull->entries = pull->unreadable = 0;
    pull->asked_counter = pull->collection->account->write_counter;
}

/** An item of a checklist may change without a word of it in the list's changes (upstream.md B.8):
 * all is read now and then. */
static bool wants_all(const struct collection *c)
{
    int64_t full_s = c->account->engine->options.full_s;

    return full_s != 0 && c->account->service->dialect->project_check && c->is_synced &&
           !c->is_round_full && clock_now_s() - c->round_started_s >= full_s;
}

void pull_start(struct collection *c)
{
    struct pull *pull = mem_alloc(sizeof(*pull));

    if (wants_all(c)) {
        text_set(&c->link, S(""));
    }

    pull->engine = c->account->engine;
    pull->collection = c;
    pull->account_id = c->account->id;
    pull->collection_id = c->id;
    pull->dialect = c->account->service->dialect;
    table_init(&pull->by_id);
    c->pull = pull;
    c->pulled_round = c->account->round_number;
    pull_ask_page(pull);
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

void pull_add_item(struct pull *pull, const struct upstream_item *item, bool is_unreadable)
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

static void note_unreadable(struct pull *pull, struct str id, const struct err *err)
{
    if (++pull->unreadable <= UNREADABLE_LOGGED) {
        log_warn("sync.unreadable", LOG_STR("list", text_str(&pull->collection->slug)),
            LOG_HASH("task", id), LOG_TEXT("why", err->text));
    }
}

/* One that can't be read stops no other. */
bool pull_read_some(struct pull *pull)
{
    for (size_t n = 0; n < SLICE; n++, pull->entries++) {
        struct upstream_item item = { 0 };
        struct err err = err_none;

        if (pull->entries > ENTRIES_MAX) {
            return true;
        }
        if (pull->dialect->next_item(pull->page, pull->arena, &item, &err)) {
            pull_add_item(pull, &item, false);
        } else if (err.kind == ERR_NONE) {
            return true;
        } else {
            note_unreadable(pull, item.id, &err);
            if (item.id.n) {
                pull_add_item(pull, &item, true);
            }
        }
    }
    return false;
}

bool pull_is_endless(const struct pull *pull, struct err *err_out)
{
    return pull->entries > ENTRIES_MAX && !err_set(err_out, ERR_UPSTREAM, "a page without end");
}

static void read_slice(void *arg)
{
    struct pull *pull = arg;
    bool is_read = pull_read_some(pull);
    struct err err;

    pull->is_posted = false;
    if (pull_is_endless(pull, &err)) {
        pull_end(pull, &err);
    } else if (is_read) {
        pull_apply(pull);
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
        pull_ask_page(pull);
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
        pull_apply(pull);
    }
}

void pull_ask_page(struct pull *pull)
{
    struct collection *c = pull->collection;
    struct upstream_call call = {
        .kind = UPSTREAM_SYNC_TASKS,
        .wants_kept = account_keeps(c->account),
        .zone = c->account->zone,
    };

    if (c->link.n == 0) {
        full_round_begin(c);
    }
    c->pages_asked++;
    pull_page_reset(pull);
    call.folder_id = text_str(&c->upstream_id);
    call.link = text_str(&c->link);
    pull->op = upstream_start(
        c->account->upstream, &call, c->account->holds == NULL, PAGE_DEADLINE_MS, on_page, pull);
}
