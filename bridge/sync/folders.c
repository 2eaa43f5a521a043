#include "bridge/sync/folder_internal.h"

#include <string.h>

enum {
    FOLDER_DEADLINE_MS = 60 * 1000,
    FOLDER_PAGES_MAX = 1000,
    FOLDERS_MAX = 2000,
};

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
        folder_pull_ask(pull);
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
        folder_pull_ask(pull);
        return;
    }
    pull->end = reply->link_kind;
    if (pull->request) {
        link_listed(pull);
    } else {
        folder_pull_apply(pull);
    }
}

void folder_pull_ask(struct folder_pull *pull)
{
    struct upstream_call call = {
        .kind = UPSTREAM_SYNC_FOLDERS,
        .link = pull->link,
        .zone = pull->account->zone,
    };

    pull->op = upstream_start(
        pull->account->upstream, &call, !pull->request, FOLDER_DEADLINE_MS, on_page, pull);
}

struct folder_pull *folder_pull_new(struct account *account)
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

void folder_pull_free(struct folder_pull *pull)
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

void folder_pull_apply(struct folder_pull *pull)
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
    folder_pull_ask(account->folder_pull);
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

void folder_pull_end(struct folder_pull *pull, const struct err *err)
{
    struct account *account = pull->account;
    struct err result = *err; /* it may be the job's, which goes with the pull */

    if (pull->request) {
        link_end(pull, &result);
        return;
    }
    account->folder_pull = NULL;
    folder_pull_free(pull);
    round_folders_done(account, &result);
}
