#include "bridge/sync/folder_internal.h"

#include "bridge/sync/op_internal.h"

static struct str default_folder(const struct folder_pull *pull)
{
    for (size_t i = 0; i < pull->count; i++) {
        if (pull->folders[i].is_default && !pull->folders[i].is_removed) {
            return pull->folders[i].id;
        }
    }
    return S("");
}

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
    struct store_operation *operations; /**< left open when it was unlinked */
    size_t operation_count;
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
    return !job->is_found || store_operation_list(db, job->account.id, arena, &job->operations,
                                 &job->operation_count, err);
}

static bool is_known(const struct relink_job *job, struct str folder)
{
    for (size_t i = 0; i < job->collection_count; i++) {
        if (str_eq(job->collections[i].upstream_id, folder)) {
            return true;
        }
    }
    return false;
}

/** A list that was being made when the account was unlinked gets the address that its client chose:
 * it is left to the operation, and all lists are listed again when that has ended. */
static void leave_to_operations(struct folder_pull *pull, const struct relink_job *job)
{
    for (size_t i = 0; i < job->operation_count; i++) {
        for (size_t k = 0; k < pull->count; k++) {
            struct upstream_folder *folder = &pull->folders[k];

            if (job->operations[i].kind == OP_MAKE_FOLDER &&
                str_eq(job->operations[i].document, folder->name) && !is_known(job, folder->id)) {
                folder->is_removed = true;
                pull->end = UPSTREAM_LINK_NONE;
            }
        }
    }
}

/** It is linked: it goes on, with its lists and what is under way, and takes what is new. */
static void renew(struct folder_pull *pull, struct account *linked)
{
    struct account *told = pull->account;
    struct link_request *request = pull->request;

    told->folder_pull = NULL;
    *request->account_out = linked->id;
    account_renew(linked, told, request->cb, request->arg);
    mem_free(request);
    account_free(&told);
    folder_pull_free(pull);
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
        mem_free(job);
        renew(pull, linked);
        return;
    }
    if (job->is_found) {
        account->id = job->account.id;
        account->created_s = job->account.created_s;
        account->is_default = job->account.is_default;
        account->folder_round = job->account.folder_round;
        for (size_t i = 0; i < job->collection_count; i++) {
            collection_new(account, &job->collections[i]);
        }
        leave_to_operations(pull, job);
        pull->request->operations = job->operations;
        pull->request->operation_count = job->operation_count;
    }
    mem_free(job);
    folder_pull_apply(pull);
}

void link_listed(struct folder_pull *pull)
{
    struct relink_job *job = mem_alloc(sizeof(*job));

    job->job = (struct store_job){ .run = relink_run, .done = relink_done };
    job->pull = pull;
    job->folder = default_folder(pull);
    account_row(pull->account, &pull->row, pull->arena);
    pull->row.upstream = arena_copy(pull->arena, pull->row.upstream); /* a worker reads it */
    store_read(pull->engine->store, &job->job);
}

void link_end(struct folder_pull *pull, const struct err *err)
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
        ops_resume(account, request->operations, request->operation_count);
        timed_start(account, clock_now_s()); /* it may have been linked before */
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
    *pull->request = (struct link_request){ .account_out = account_out, .cb = cb, .arg = arg };
    account->folder_pull = pull;
    account->next = user->linking;
    user->linking = account;
    folder_pull_ask(pull);
}
