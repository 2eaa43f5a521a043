#include "bridge/sync/engine_internal.h"

#include <string.h>

enum {
    FOLDER_DEADLINE_MS = 60 * 1000,
    FOLDER_PAGES_MAX = 1000,
    FOLDERS_MAX = 2000,
};

/**
 * One walk over the folder list (or its changes). Folders are few: all pages are gathered in memory
 * and applied in one transaction with the link, so a folder goes only when a whole round said so.
 */
struct folder_pull {
    struct engine *engine;
    struct account *account; /**< NULL once aborted: the job under way frees it */
    struct arena *arena;
    struct upstream_op *op;
    struct str link;
    bool is_full;
    bool has_restarted;
    unsigned pages;
    struct upstream_folder *folders;
    size_t count, capacity;
    enum upstream_link end;       /**< how the walk ended */
    struct link_request *request; /**< an account that is being linked; NULL: a round */

    struct store_job job;
    struct folder_change *changes;
    size_t change_count;
    struct store_account row;
};

struct folder_change {
    enum {
        FOLDER_ADD,
        FOLDER_UPDATE,
        FOLDER_REMOVE
    } kind;
    struct store_collection row;
};

struct link_request {
    int64_t *account_out;
    engine_cb *cb;
    void *arg;
};

static void folder_pull_end(struct folder_pull *pull, const struct err *err);
static void ask_page(struct folder_pull *pull);

/* --- gathering ---------------------------------------------------------------------------- */

static struct upstream_folder *folder_place(struct folder_pull *pull, struct str id)
{
    for (size_t i = 0; i < pull->count; i++) {
        if (str_eq(pull->folders[i].id, id)) {
            return &pull->folders[i]; /* the last word on a folder wins */
        }
    }
    if (pull->count == pull->capacity) {
        pull->capacity = pull->capacity ? 2 * pull->capacity : 32;
        pull->folders = mem_resize(pull->folders, pull->capacity, sizeof(struct upstream_folder));
    }
    return &pull->folders[pull->count++];
}

static bool gather(struct folder_pull *pull, struct upstream_reply *reply, struct err *err)
{
    const struct dialect *dialect = pull->account->service->dialect;
    struct upstream_folder folder;

    *err = err_none;
    if (pull->count > FOLDERS_MAX) {
        return err_set(err, ERR_UPSTREAM, "more than %d folders", FOLDERS_MAX);
    }
    while (reply->page && pull->count <= FOLDERS_MAX &&
           dialect->next_folder(reply->page, pull->arena, &folder, err)) {
        struct upstream_folder copy = {
            .is_removed = folder.is_removed,
            .id = arena_copy(pull->arena, folder.id),
            .name = folder.name.p ? arena_copy(pull->arena, folder.name) : folder.name,
            .is_default = folder.is_default,
            .says_default = folder.says_default,
            .is_writable = folder.is_writable,
        };

        *folder_place(pull, copy.id) = copy;
    }
    return err->kind == ERR_NONE;
}

static void folder_apply(struct folder_pull *pull);
static void link_pulled(struct folder_pull *pull);

static void on_page(struct upstream_reply *reply, void *arg)
{
    struct folder_pull *pull = arg;
    struct err err = reply->err;

    pull->op = NULL;
    if (reply->is_forgotten && !pull->has_restarted) {
        pull->has_restarted = true;
        pull->is_full = true;
        pull->count = 0;
        pull->link = S("");
        ask_page(pull);
        return;
    }
    if (err.kind == ERR_NONE && ++pull->pages > FOLDER_PAGES_MAX) {
        err_set(&err, ERR_UPSTREAM, "the folder list does not end");
    }
    if (err.kind != ERR_NONE || !gather(pull, reply, &err)) {
        folder_pull_end(pull, &err);
        return;
    }
    pull->link = arena_copy(pull->arena, reply->link);
    if (reply->link_kind == UPSTREAM_LINK_MORE) {
        ask_page(pull);
        return;
    }
    pull->end = reply->link_kind;
    if (pull->request) {
        link_pulled(pull);
    } else {
        folder_apply(pull);
    }
}

static void ask_page(struct folder_pull *pull)
{
    struct upstream_call call = {
        .kind = UPSTREAM_SYNC_FOLDERS,
        .link = pull->link,
        .zone = pull->account->zone,
    };

    pull->op = upstream_start(
        pull->account->upstream, &call, !pull->request, FOLDER_DEADLINE_MS, on_page, pull);
}

static struct folder_pull *folder_pull_new(struct account *account)
{
    struct folder_pull *pull = mem_alloc(sizeof(*pull));

    pull->engine = account->engine;
    pull->account = account;
    pull->arena = arena_new();
    if (account->is_folder_link_final) {
        pull->link = arena_copy(pull->arena, text_str(&account->folder_link));
    }
    pull->is_full = pull->link.n == 0;
    return pull;
}

static void folder_pull_free(struct folder_pull *pull)
{
    mem_free(pull->folders);
    arena_free(&pull->arena);
    mem_free(pull);
}

/* --- applying ----------------------------------------------------------------------------- */

static struct collection *find_by_upstream(const struct account *account, struct str id)
{
    struct collection *c = account->collections;

    while (c && !str_eq(text_str(&c->upstream_id), id)) {
        c = c->next;
    }
    return c;
}

/** The last segment of a folder's address: the same whenever the same folder is seen again. */
static struct str slug_of(struct arena *arena, const struct account *account, struct str id)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char hash[SECRET_HASH_BYTES];
    char slug[17];
    struct str key = arena_printf(arena, "slug %lld", (long long)account->id);

    secret_hash(id, key, hash);
    for (size_t i = 0; i < 16; i++) {
        slug[i] = letters[hash[i] & 31];
    }
    slug[16] = '\0';
    return arena_copy(arena, str_from(slug));
}

static void plan_folder(struct folder_pull *pull, const struct upstream_folder *folder)
{
    struct account *account = pull->account;
    struct collection *c = find_by_upstream(account, folder->id);
    struct folder_change *change = &pull->changes[pull->change_count];

    if (folder->is_removed) {
        if (c) {
            change->kind = FOLDER_REMOVE;
            collection_row(c, &change->row);
            pull->change_count++;
        }
        return;
    }
    if (c) {
        collection_row(c, &change->row);
        change->kind = FOLDER_UPDATE;
    } else {
        change->kind = FOLDER_ADD;
        change->row = (struct store_collection){
            .account = account->id,
            .upstream_id = folder->id,
            .slug = slug_of(pull->arena, account, folder->id),
            .name = S("?"),
            .run = S(""),
            .link = S(""),
        };
    }
    if (folder->name.p) { /* else this entry does not say: it keeps the name that it has */
        change->row.name = folder->name;
    }
    if (folder->says_default || pull->is_full || !c) {
        change->row.is_default = folder->is_default;
        change->row.is_writable = folder->is_writable;
    }
    pull->change_count++;
}

static bool was_listed(const struct folder_pull *pull, struct str id)
{
    for (size_t i = 0; i < pull->count; i++) {
        if (str_eq(pull->folders[i].id, id) && !pull->folders[i].is_removed) {
            return true;
        }
    }
    return false;
}

static bool plan_changes(struct folder_pull *pull, struct err *err)
{
    struct account *account = pull->account;
    size_t most = pull->count;
    bool has_default = false;

    for (struct collection *c = account->collections; c; c = c->next) {
        most++;
    }
    pull->changes = arena_alloc_array(pull->arena, most, sizeof(struct folder_change));
    for (size_t i = 0; i < pull->count; i++) {
        has_default = has_default || (pull->folders[i].is_default && !pull->folders[i].is_removed);
        plan_folder(pull, &pull->folders[i]);
    }
    if (pull->is_full && !has_default) {
        /* each mailbox has one: a list without it is not the whole truth, and believing it would
         * make clients drop their lists */
        return err_set(err, ERR_UPSTREAM, "the folder list lacks the default folder");
    }
    for (struct collection *c = account->collections; pull->is_full && c; c = c->next) {
        if (!was_listed(pull, text_str(&c->upstream_id))) {
            struct folder_change *change = &pull->changes[pull->change_count++];

            change->kind = FOLDER_REMOVE;
            collection_row(c, &change->row);
        }
    }
    return true;
}

static bool apply_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct folder_pull *pull = CONTAINER_OF(base, struct folder_pull, job);

    if (pull->row.id == 0) {
        if (!store_account_add(db, &pull->row, &pull->row.id, err)) {
            return false;
        }
    } else if (!store_account_update(db, &pull->row, err)) {
        return false;
    }
    if (pull->row.is_default && !store_account_set_default(db, pull->row.user, pull->row.id, err)) {
        return false;
    }
    for (size_t i = 0; i < pull->change_count; i++) {
        struct folder_change *change = &pull->changes[i];
        bool is_ok = true;

        change->row.account = pull->row.id;
        switch (change->kind) {
        case FOLDER_ADD:
            is_ok = store_collection_add(db, &change->row, &change->row.id, err);
            break;
        case FOLDER_UPDATE:
            is_ok = store_collection_update(db, &change->row, err);
            break;
        case FOLDER_REMOVE:
            is_ok = store_collection_remove(db, pull->row.id, change->row.id, err);
            break;
        }
        if (!is_ok) {
            return false;
        }
    }
    return true;
}

static void apply_to_memory(struct folder_pull *pull)
{
    struct account *account = pull->account;

    for (size_t i = 0; i < pull->change_count; i++) {
        struct folder_change *change = &pull->changes[i];
        struct collection *c = find_by_upstream(account, change->row.upstream_id);

        if (change->kind == FOLDER_ADD && !c) {
            collection_new(account, &change->row);
        } else if (change->kind == FOLDER_UPDATE && c) {
            text_set(&c->name, change->row.name);
            c->is_default = change->row.is_default;
            c->is_writable = change->row.is_writable;
        } else if (change->kind == FOLDER_REMOVE && c) {
            log_info("list.removed", LOG_STR("user", text_str(&account->user->name)),
                LOG_STR("list", text_str(&c->slug)));
            collection_free(&c);
        }
    }
    text_set(&account->folder_link, pull->link);
    account->is_folder_link_final = pull->end == UPSTREAM_LINK_DONE;
}

static void apply_done(struct store_job *base)
{
    struct folder_pull *pull = CONTAINER_OF(base, struct folder_pull, job);

    if (!pull->account) {
        folder_pull_free(pull);
        return;
    }
    if (base->err.kind == ERR_NONE) {
        apply_to_memory(pull);
    }
    folder_pull_end(pull, &base->err);
}

static void folder_apply(struct folder_pull *pull)
{
    struct account *account = pull->account;
    struct err err;

    for (size_t i = 0; i < pull->count; i++) {
        if (!pull->folders[i].is_removed && !find_by_upstream(account, pull->folders[i].id) &&
            pull->folders[i].name.p && folder_ops_touch(account, pull->folders[i].name)) {
            folder_pull_end(pull, &err_none); /* it may be the one being made: look again later */
            return;
        }
    }
    if (!plan_changes(pull, &err)) {
        folder_pull_end(pull, &err);
        return;
    }
    account_row(account, &pull->row, pull->arena);
    pull->row.upstream = arena_copy(pull->arena, pull->row.upstream);
    pull->row.label = arena_copy(pull->arena, pull->row.label);
    pull->row.timezone = arena_copy(pull->arena, pull->row.timezone);
    pull->row.folder_link = pull->end == UPSTREAM_LINK_DONE ? pull->link : S("");
    pull->row.is_folder_link_final = pull->end == UPSTREAM_LINK_DONE;
    for (size_t i = 0; i < pull->change_count; i++) {
        struct store_collection *row = &pull->changes[i].row;

        row->upstream_id = arena_copy(pull->arena, row->upstream_id);
        row->slug = arena_copy(pull->arena, row->slug);
        row->name = arena_copy(pull->arena, row->name);
        row->link = arena_copy(pull->arena, row->link);
        row->run = arena_copy(pull->arena, row->run);
    }
    pull->job = (struct store_job){ .run = apply_run, .done = apply_done };
    store_write(pull->engine->store, &pull->job);
}

/* --- a round's part ----------------------------------------------------------------------- */

void folder_pull_start(struct account *account)
{
    account->folder_pull = folder_pull_new(account);
    ask_page(account->folder_pull);
}

void folder_pull_abort(struct account *account)
{
    struct folder_pull *pull = TAKE(account->folder_pull);

    if (!pull) {
        return;
    }
    pull->account = NULL;
    if (pull->request) {
        struct err err;

        err_set(&err, ERR_BUSY, "broken off");
        pull->request->cb(&err, pull->request->arg);
        mem_free(TAKE(pull->request));
    }
    if (pull->op) {
        upstream_abort(&pull->op);
        folder_pull_free(pull);
    } /* else the job under way frees it */
}

/* --- linking an account ------------------------------------------------------------------- */

static struct str default_folder(const struct folder_pull *pull)
{
    for (size_t i = 0; i < pull->count; i++) {
        if (pull->folders[i].is_default && !pull->folders[i].is_removed) {
            return pull->folders[i].id;
        }
    }
    return S("");
}

static void link_finish(struct folder_pull *pull, const struct err *err);

/**
 * The same mailbox linked again keeps lists, hrefs and ctags: if the store knows an account of this
 * user and service whose default folder is the one just listed, that account takes the new token.
 */
struct relink_job {
    struct store_job job;
    struct folder_pull *pull;
    struct str folder;
    struct store_account account;
    struct store_collection *collections;
    size_t collection_count;
    bool is_found;
};

static bool relink_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct relink_job *job = CONTAINER_OF(base, struct relink_job, job);
    struct arena *arena = job->pull->arena;
    struct store_account *accounts;
    size_t count;

    if (!store_account_list(db, arena, &accounts, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count && !job->is_found; i++) {
        struct store_collection *rows;
        size_t rows_count;

        if (accounts[i].user != job->pull->row.user ||
            !str_eq(accounts[i].upstream, job->pull->row.upstream)) {
            continue;
        }
        if (!store_collection_list(db, accounts[i].id, arena, &rows, &rows_count, err)) {
            return false;
        }
        for (size_t k = 0; k < rows_count; k++) {
            if (str_eq(rows[k].upstream_id, job->folder)) {
                job->is_found = true;
                job->account = accounts[i];
                job->collections = rows;
                job->collection_count = rows_count;
            }
        }
    }
    return true;
}

static void relink_done(struct store_job *base)
{
    struct relink_job *job = CONTAINER_OF(base, struct relink_job, job);
    struct folder_pull *pull = job->pull;
    struct account *account = pull->account;
    struct account *linked;

    if (!account) {
        folder_pull_free(pull);
        mem_free(job);
        return;
    }
    if (base->err.kind != ERR_NONE) {
        folder_pull_end(pull, &base->err);
        mem_free(job);
        return;
    }
    linked = job->is_found ? user_find_account(account->user, job->account.id) : NULL;
    if (linked) {
        account_free(&linked); /* replaced by the new one, with the same rows */
    }
    if (job->is_found) {
        account->id = job->account.id;
        account->created_s = job->account.created_s;
        account->is_default = job->account.is_default;
        account->folder_round = job->account.folder_round;
        for (size_t i = 0; i < job->collection_count; i++) {
            collection_new(account, &job->collections[i]);
        }
    }
    mem_free(job);
    folder_apply(pull);
}

static void link_pulled(struct folder_pull *pull)
{
    struct relink_job *job = mem_alloc(sizeof(*job));

    job->job = (struct store_job){ .run = relink_run, .done = relink_done };
    job->pull = pull;
    job->folder = default_folder(pull);
    account_row(pull->account, &pull->row, pull->arena);
    pull->row.upstream = arena_copy(pull->arena, pull->row.upstream); /* a worker reads it */
    store_read(pull->engine->store, &job->job);
}

static void folder_pull_end(struct folder_pull *pull, const struct err *err)
{
    struct account *account = pull->account;
    struct err result = *err; /* it may be the job's, which goes with the pull */

    if (pull->request) {
        link_finish(pull, &result);
        return;
    }
    account->folder_pull = NULL;
    folder_pull_free(pull);
    round_folders_done(account, &result);
}

static void link_finish(struct folder_pull *pull, const struct err *err)
{
    struct account *account = pull->account;
    struct link_request *request = pull->request;

    account->folder_pull = NULL;
    if (err->kind == ERR_NONE) {
        struct account **end = &account->user->accounts;

        account_unlist(account);
        account->id = pull->row.id;
        while (*end && (*end)->id < account->id) {
            end = &(*end)->next;
        }
        account->next = *end;
        *end = account;
        *request->account_out = account->id;
        round_start(account, NULL);
    } else {
        account_free(&account);
    }
    request->cb(err, request->arg);
    mem_free(request);
    folder_pull_free(pull);
}

void engine_link_account(struct engine *engine, struct user *user, const struct engine_link *link,
    int64_t *account_out, engine_cb *cb, void *arg)
{
    const struct zone *zone = link->timezone.n ? zone_find(link->timezone) : zone_of_host();
    struct account *account;
    struct folder_pull *pull;
    struct err err;

    if (!zone) {
        err_set(&err, ERR_INVALID, "there is no time zone %.*s", STR_ARG(link->timezone));
        engine_call_later(engine, cb, arg, &err);
        return;
    }
    if (user->linking) { /* it may be the same mailbox, which must not come twice */
        err_set(&err, ERR_BUSY, "another account of this user is being linked");
        engine_call_later(engine, cb, arg, &err);
        return;
    }
    account = account_new(user, &(struct store_account){ .user = user->id,
                                    .upstream = link->upstream,
                                    .label = link->label.n ? link->label : link->upstream,
                                    .timezone = zone_name(zone),
                                    .is_zone_guessed = link->timezone.n == 0,
                                    .is_default = !user->accounts,
                                    .created_s = clock_now_s() });
    secret_set(&account->token, link->token);
    if (!account->upstream) {
        err_set(&err, ERR_INVALID, "%.*s", STR_ARG(text_str(&account->last_error)));
        account_free(&account);
        engine_call_later(engine, cb, arg, &err);
        return;
    }
    upstream_set_token(account->upstream, link->token);
    pull = folder_pull_new(account);
    pull->request = mem_alloc(sizeof(struct link_request));
    *pull->request = (struct link_request){ account_out, cb, arg };
    account->folder_pull = pull;
    account->next = user->linking;
    user->linking = account;
    ask_page(pull);
}
