#include "bridge/sync/properties.h"

#include <stdio.h>
#include <string.h>

/* --- resources ---------------------------------------------------------------------------- */

struct resource *resource_hold(struct resource *resource)
{
    resource->references++;
    return resource;
}

void resource_release(struct resource **resource)
{
    struct resource *gone = TAKE(*resource);

    if (gone && --gone->references == 0) {
        mem_free(gone); /* its strings are in the same block */
    }
}

static struct str pack(char **place, struct str s)
{
    struct str copy = { *place, s.n };

    if (s.n) {
        memcpy(*place, s.p, s.n);
    }
    *place += s.n;
    return copy;
}

static struct entry *entry_new(const struct store_resource *row)
{
    size_t text_bytes = row->href.n + row->uid.n + row->etag.n + row->document.n + row->put_hash.n +
                        row->replaced_etag.n;
    struct entry *entry = mem_alloc(sizeof(*entry) + text_bytes + 1);
    char *place = (char *)(entry + 1);

    entry->resource = (struct resource){
        .references = 1,
        .id = row->id,
        .href = pack(&place, row->href),
        .uid = pack(&place, row->is_removed ? (struct str){ "", 0 } : row->uid),
        .etag = pack(&place, row->etag),
        .document = pack(&place, row->document),
        .change = row->change,
        .modified_s = row->modified_s,
        .is_removed = row->is_removed,
    };
    entry->is_waiting = !row->is_removed && row->upstream_id.n == 0;
    entry->put_hash = pack(&place, row->put_hash);
    entry->replaced_etag = pack(&place, row->replaced_etag);
    return entry;
}

static size_t entry_bytes(const struct entry *entry)
{
    return sizeof(*entry) + entry->resource.href.n + entry->resource.uid.n +
           entry->resource.etag.n + entry->resource.document.n + 64;
}

void etag_of(struct str document, char out[36])
{
    unsigned char hash[SECRET_HASH_BYTES];
    static const char hex[] = "0123456789abcdef";

    secret_hash(document, (struct str){ "", 0 }, hash);
    out[0] = '"';
    for (size_t i = 0; i < 16; i++) {
        out[1 + 2 * i] = hex[hash[i] >> 4];
        out[2 + 2 * i] = hex[hash[i] & 15];
    }
    out[33] = '"';
    out[34] = '\0';
}

struct str collection_attachments_url(
    const struct collection *collection, struct str href, struct arena *arena)
{
    const struct engine_addresses *addresses = &collection->account->engine->addresses;

    return addresses->format ? addresses->format(text_str(&collection->account->user->name),
                                   text_str(&collection->slug), href, arena, addresses->arg)
                             : S("");
}

void rev_hash_of(const struct collection *collection, struct str uid, char out[17])
{
    unsigned char hash[SECRET_HASH_BYTES];
    struct str key = text_str(&collection->slug);

    secret_hash(uid, str_first(key, 64), hash);
    for (size_t i = 0; i < 8; i++) {
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
    }
}

/* --- the list and its tables -------------------------------------------------------------- */

static void entry_unlink(struct collection *c, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &c->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &c->oldest) = entry->newer;
    entry->newer = entry->older = NULL;
    c->bytes -= entry_bytes(entry);
    c->account->engine->bytes -= entry_bytes(entry);
    if (!entry->resource.is_removed) {
        c->count--;
        if (table_find(&c->by_uid, entry->resource.uid) == entry) {
            table_remove(&c->by_uid, entry->resource.uid);
        }
    }
}

static void entry_link(struct collection *c, struct entry *entry, bool at_newest)
{
    entry->older = at_newest ? c->newest : NULL;
    entry->newer = at_newest ? NULL : c->oldest;
    *(entry->older ? &entry->older->newer : &c->oldest) = entry;
    *(entry->newer ? &entry->newer->older : &c->newest) = entry;
    c->bytes += entry_bytes(entry);
    c->account->engine->bytes += entry_bytes(entry);
    if (!entry->resource.is_removed) {
        c->count++;
        table_put(&c->by_uid, entry->resource.uid, entry);
    }
}

static void entry_insert(struct collection *c, const struct store_resource *row, bool at_newest)
{
    struct entry *entry = entry_new(row);
    struct entry *old = table_remove(&c->by_href, row->href);

    if (old) {
        struct resource *resource = &old->resource;

        entry_unlink(c, old);
        resource_release(&resource);
    }
    entry_link(c, entry, at_newest);
    table_put(&c->by_href, entry->resource.href, entry);
}

void collection_unload(struct collection *c)
{
    while (c->newest) {
        struct entry *entry = c->newest;
        struct resource *resource = &entry->resource;

        entry_unlink(c, entry);
        resource_release(&resource);
    }
    table_done(&c->by_href);
    table_done(&c->by_uid);
    table_init(&c->by_href);
    table_init(&c->by_uid);
    c->is_loaded = false;
}

void collection_publish(struct collection *c, const struct store_resource *row)
{
    c->change = row->change;
    if (!str_eq(text_str(&c->run), str_from(c->account->engine->run))) {
        text_set(&c->run, str_from(c->account->engine->run));
        c->runs = mem_resize(c->runs, c->run_count + 1, sizeof(struct run));
        c->runs[c->run_count] = (struct run){ .first = row->change };
        text_set(&c->runs[c->run_count].id, text_str(&c->run));
        c->run_count++;
    }
    if (row->is_removed) {
        properties_forget_resource(c, row->id);
    }
    if (c->is_loaded) {
        entry_insert(c, row, true);
    }
}

void collection_touch(struct collection *c)
{
    c->last_used = ++c->account->engine->turn;
}

struct entry *collection_entry(const struct collection *c, struct str href)
{
    return table_find(&c->by_href, href);
}

/* --- loading ------------------------------------------------------------------------------ */

struct load_job {
    struct store_job job;
    struct engine *engine;
    int64_t user, account, collection; /* looked up again: it may go meanwhile */
    struct arena *arena;
    struct store_resource *rows;
    size_t count;
    struct store_run *runs;
    size_t run_count;
    int64_t change, pruned_change; /**< the collection's, as the read saw them */
    struct str run;
};

static bool load_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct load_job *job = CONTAINER_OF(base, struct load_job, job);
    struct store_collection *all;
    size_t count;

    if (!store_collection_list(db, job->account, job->arena, &all, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (all[i].id == job->collection) {
            job->change = all[i].change;
            job->run = all[i].run;
            job->pruned_change = all[i].pruned_change;
        }
    }
    return store_resource_load(
               db, job->account, job->collection, job->arena, &job->rows, &job->count, err) &&
           store_run_list(
               db, job->account, job->collection, job->arena, &job->runs, &job->run_count, err);
}

struct collection *engine_find_collection(
    struct engine *engine, int64_t account_id, int64_t collection_id)
{
    for (struct user *user = engine->users; user; user = user->next) {
        struct account *account = user_find_account(user, account_id);

        for (struct collection *c = account ? account->collections : NULL; c; c = c->next) {
            if (c->id == collection_id) {
                return c;
            }
        }
    }
    return NULL;
}

static void load_start(struct collection *c);

static void runs_forget(struct collection *c)
{
    for (size_t i = 0; i < c->run_count; i++) {
        text_done(&c->runs[i].id);
    }
    mem_free(c->runs);
    c->runs = NULL;
    c->run_count = 0;
}

static void load_fill(struct collection *c, const struct load_job *job)
{
    runs_forget(c);
    c->runs = mem_alloc_array(job->run_count, sizeof(struct run));
    c->run_count = job->run_count;
    for (size_t i = 0; i < job->run_count; i++) {
        c->runs[i].first = job->runs[i].first;
        text_set(&c->runs[i].id, job->runs[i].id);
    }
    for (size_t i = 0; i < job->count; i++) {
        entry_insert(c, &job->rows[i], false);
    }
    c->pruned_change = job->pruned_change;
    if (job->change > c->change) { /* of a commit whose end the loop has yet to hear of */
        c->change = job->change;
        text_set(&c->run, job->run);
    }
    c->is_loaded = true;
}

static void load_done(struct store_job *base)
{
    struct load_job *job = CONTAINER_OF(base, struct load_job, job);
    struct collection *c = engine_find_collection(job->engine, job->account, job->collection);

    if (c) {
        c->is_loading = false;
        if (base->err.kind == ERR_NONE && job->change < c->change) {
            load_start(c); /* a commit overtook the read */
        } else {
            if (base->err.kind == ERR_NONE) {
                load_fill(c, job);
                collection_touch(c);
            }
            waiters_call(&c->loading, &base->err);
        }
    }
    arena_free(&job->arena);
    mem_free(job);
}

static void load_start(struct collection *c)
{
    struct load_job *job = mem_alloc(sizeof(*job));

    *job = (struct load_job){
        .job = { .run = load_run, .done = load_done },
        .engine = c->account->engine,
        .account = c->account->id,
        .collection = c->id,
        .arena = arena_new(),
    };
    c->is_loading = true;
    store_read(c->account->engine->store, &job->job);
}

static void load_wait(struct collection *c, engine_cb *cb, void *arg)
{
    struct waiter *waiter = mem_alloc(sizeof(*waiter));
    struct waiter **end = &c->loading;

    *waiter = (struct waiter){ .cb = cb, .arg = arg };
    while (*end) {
        end = &(*end)->next;
    }
    *end = waiter;
    if (!c->is_loading) {
        load_start(c);
    }
}

struct loaded {
    struct engine *engine;
    int64_t account, collection;
    engine_cb *cb;
    void *arg;
};

/** A turn later it may have gone, or have been evicted. */
static void loaded_check(void *arg)
{
    struct loaded *loaded = arg;
    struct collection *c =
        engine_find_collection(loaded->engine, loaded->account, loaded->collection);
    struct err gone;

    if (c && c->is_loaded) {
        loaded->cb(&err_none, loaded->arg);
    } else if (c) {
        load_wait(c, loaded->cb, loaded->arg);
    } else {
        err_set(&gone, ERR_NOT_FOUND, "the list has gone");
        loaded->cb(&gone, loaded->arg);
    }
    mem_free(loaded);
}

void collection_load(struct collection *c, engine_cb *cb, void *arg)
{
    struct loaded *loaded;

    collection_touch(c);
    if (!c->is_loaded) {
        load_wait(c, cb, arg);
        return;
    }
    loaded = mem_alloc(sizeof(*loaded));
    *loaded = (struct loaded){ c->account->engine, c->account->id, c->id, cb, arg };
    loop_post(c->account->engine->loop, loaded_check, loaded);
}

/* --- life --------------------------------------------------------------------------------- */

struct collection *collection_new(struct account *account, const struct store_collection *row)
{
    struct collection *c = mem_alloc(sizeof(*c));
    struct collection **end = &account->collections;

    c->account = account;
    c->id = row->id;
    text_set(&c->upstream_id, row->upstream_id);
    text_set(&c->slug, row->slug);
    text_set(&c->name, row->name);
    text_set(&c->run, row->run);
    text_set(&c->link, row->link);
    c->is_default = row->is_default;
    c->is_hidden = row->is_hidden;
    c->is_writable = row->is_writable;
    c->is_link_final = row->is_link_final;
    c->is_round_full = row->is_round_full;
    c->is_synced = row->is_synced;
    c->change = row->change;
    c->pruned_change = row->pruned_change;
    c->round = row->round;
    c->round_started_s = row->round_started_s;
    c->seen_folder_round = row->seen_folder_round;
    properties_fill(c, row);
    table_init(&c->by_href);
    table_init(&c->by_uid);
    while (*end) {
        end = &(*end)->next;
    }
    *end = c;
    return c;
}

void collection_row(const struct collection *c, struct store_collection *out)
{
    *out = (struct store_collection){
        .account = c->account->id,
        .id = c->id,
        .upstream_id = text_str(&c->upstream_id),
        .slug = text_str(&c->slug),
        .name = text_str(&c->name),
        .is_default = c->is_default,
        .is_hidden = c->is_hidden,
        .is_writable = c->is_writable,
        .change = c->change,
        .run = text_str(&c->run),
        .link = text_str(&c->link),
        .is_link_final = c->is_link_final,
        .round = c->round,
        .is_round_full = c->is_round_full,
        .round_started_s = c->round_started_s,
        .is_synced = c->is_synced,
        .seen_folder_round = c->seen_folder_round,
    };
}

void collection_free(struct collection **collection)
{
    struct collection *c = TAKE(*collection);
    struct err gone;

    for (struct collection **place = &c->account->collections; *place; place = &(*place)->next) {
        if (*place == c) {
            *place = c->next;
            break;
        }
    }
    err_set(&gone, ERR_NOT_FOUND, "the list has gone");
    waiters_call(&c->loading, &gone);
    if (c->pull) {
        pull_abort(c);
        round_pull_gone(c->account);
    }
    ops_abandon(c);
    collection_unload(c);
    runs_forget(c);
    properties_forget(c);
    text_done(&c->upstream_id);
    text_done(&c->slug);
    text_done(&c->name);
    text_done(&c->run);
    text_done(&c->link);
    mem_free(c);
}

/* --- what dav/ reads ---------------------------------------------------------------------- */

struct str collection_slug(const struct collection *c)
{
    return text_str(&c->slug);
}

static bool name_is_ambiguous(const struct collection *c)
{
    for (struct account *a = c->account->user->accounts; a; a = a->next) {
        for (struct collection *other = a->collections; other; other = other->next) {
            if (a != c->account && str_eq(text_str(&other->name), text_str(&c->name))) {
                return true;
            }
        }
    }
    return false;
}

struct str collection_display_name(const struct collection *c, struct arena *arena)
{
    if (name_is_ambiguous(c)) {
        return arena_printf(arena, "%.*s (%.*s)", STR_ARG(text_str(&c->name)),
            STR_ARG(text_str(&c->account->label)));
    }
    return text_str(&c->name);
}

bool collection_is_default(const struct collection *c)
{
    return c->is_default;
}

bool collection_is_writable(const struct collection *c)
{
    return c->is_writable && !c->account->is_read_only;
}

struct user *collection_user(const struct collection *c)
{
    return c->account->user;
}

int64_t collection_change(const struct collection *c)
{
    return c->change;
}

struct str collection_stamp(const struct collection *c, struct arena *arena)
{
    struct str run = text_str(&c->run);

    return arena_printf(arena, "%.*s-%lld", STR_ARG(run.n ? run : S("0")), (long long)c->change);
}

/** The run that owns a number: the last one whose first is not beyond it. */
static struct str run_of(const struct collection *c, int64_t number)
{
    struct str owner = S("0");

    for (size_t i = 0; i < c->run_count && c->runs[i].first <= number; i++) {
        owner = text_str(&c->runs[i].id);
    }
    return owner;
}

struct str collection_stamp_at(const struct collection *c, int64_t number, struct arena *arena)
{
    struct str run = run_of(c, number);

    return arena_printf(arena, "%.*s-%lld", STR_ARG(run), (long long)number);
}

bool collection_check_stamp(const struct collection *c, struct str stamp, int64_t *since_out)
{
    size_t dash = str_find_char(stamp, '-');
    uint64_t number;

    if (dash == SIZE_MAX || !str_to_u64(str_skip(stamp, dash + 1), &number) ||
        number > (uint64_t)c->change || (int64_t)number < c->pruned_change ||
        !str_eq(run_of(c, (int64_t)number), str_first(stamp, dash))) {
        return false;
    }
    *since_out = (int64_t)number;
    return true;
}

size_t collection_count(const struct collection *c)
{
    return c->count;
}

struct resource *collection_find(const struct collection *c, struct str href)
{
    struct entry *entry = collection_entry(c, href);

    return entry && !entry->resource.is_removed ? &entry->resource : NULL;
}

struct resource *collection_find_uid(const struct collection *c, struct str uid)
{
    struct entry *entry = table_find(&c->by_uid, uid);

    return entry ? &entry->resource : NULL;
}

struct resource *collection_next(const struct collection *c, struct resource *before)
{
    struct entry *entry = before ? CONTAINER_OF(before, struct entry, resource)->older : c->newest;

    return entry ? &entry->resource : NULL;
}

void collection_status(const struct collection *c, struct engine_collection_status *out)
{
    *out = (struct engine_collection_status){ text_str(&c->slug), text_str(&c->name), c->is_synced,
        c->change };
}
