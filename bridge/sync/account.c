#include "bridge/sync/engine_internal.h"

#include <string.h>

static const struct engine_service *service_find(const struct engine *engine, struct str name)
{
    for (size_t i = 0; i < engine->options.service_count; i++) {
        if (str_eq(engine->options.services[i].name, name)) {
            return &engine->options.services[i];
        }
    }
    return NULL;
}

/** The engine under the dialect; none when the section is gone from the configuration (the data
 * goes on being served). */
static void account_open_upstream(struct account *account)
{
    struct engine *engine = account->engine;
    struct upstream_options options;
    struct err err;

    account->service = service_find(engine, text_str(&account->upstream_name));
    if (!account->service) {
        err_set(&err, ERR_INVALID, "no section [upstream %.*s] in the configuration",
            STR_ARG(text_str(&account->upstream_name)));
    } else {
        options = (struct upstream_options){ account->service->dialect, account->service->url,
            account->service->ca_file };
        if (upstream_new(engine->loop, engine->http, &options, &account->upstream, &err)) {
            upstream_set_token(
                account->upstream, (struct str){ account->token.p, account->token.n });
            return;
        }
    }
    text_set(&account->last_error, str_from(err.text));
    log_error("account.unusable", LOG_STR("user", text_str(&account->user->name)),
        LOG_INT("account", account->id), LOG_TEXT("why", err.text));
}

struct account *account_new(struct user *user, const struct store_account *row)
{
    struct engine *engine = user->engine;
    struct account *account = mem_alloc(sizeof(*account));
    struct err err;

    account->engine = engine;
    account->user = user;
    account->id = row->id;
    account->created_s = row->created_s;
    text_set(&account->upstream_name, row->upstream);
    text_set(&account->label, row->label);
    text_set(&account->timezone, row->timezone);
    text_set(&account->folder_link, row->folder_link);
    account->is_folder_link_final = row->is_folder_link_final;
    account->folder_round = row->folder_round;
    account->is_zone_guessed = row->is_zone_guessed;
    account->is_default = row->is_default;
    account->is_read_only = row->is_read_only;
    account->needs_sign_in = row->needs_sign_in;
    account->zone = zone_find(row->timezone);
    if (!account->zone) {
        account->zone = zone_utc();
    }
    if (row->token.n && !secret_open(&engine->options.key, row->token, &account->token, &err)) {
        log_error("account.token_unreadable", LOG_INT("account", row->id),
            LOG_TEXT("why", "it was sealed under another key file"));
        account->needs_sign_in = true;
        text_set(&account->sealed, row->token);
    }
    account_open_upstream(account);
    return account;
}

static void unlist_from(struct account **place, const struct account *account)
{
    while (*place && *place != account) {
        place = &(*place)->next;
    }
    if (*place) {
        *place = account->next;
    }
}

void account_unlist(struct account *account)
{
    unlist_from(&account->user->accounts, account);
    unlist_from(&account->user->linking, account);
    account->next = NULL;
}

void account_free(struct account **account)
{
    struct account *gone = TAKE(*account);

    account_unlist(gone);
    gone->is_closing = true;
    round_abort(gone);
    poll_account_closed(gone);
    while (gone->collections) {
        struct collection *c = gone->collections;

        collection_free(&c);
    }
    folder_ops_abandon(gone);
    list_changes_abandon(gone);
    timed_stop(gone);
    writes_forget(gone);
    upstream_free(&gone->upstream);
    secret_done(&gone->token);
    text_done(&gone->sealed);
    text_done(&gone->upstream_name);
    text_done(&gone->label);
    text_done(&gone->timezone);
    text_done(&gone->folder_link);
    text_done(&gone->last_error);
    mem_free(gone);
}

void account_row(const struct account *account, struct store_account *out, struct arena *arena)
{
    CLEANUP(buf_done) struct buf sealed;

    buf_init(&sealed, 1 << 20);
    if (account->token.n) {
        secret_seal(&account->engine->options.key,
            (struct str){ account->token.p, account->token.n }, &sealed);
    }
    *out = (struct store_account){
        .id = account->id,
        .user = account->user->id,
        .upstream = text_str(&account->upstream_name),
        .label = text_str(&account->label),
        .timezone = text_str(&account->timezone),
        .is_zone_guessed = account->is_zone_guessed,
        .is_default = account->is_default,
        .is_read_only = account->is_read_only,
        .needs_sign_in = account->needs_sign_in,
        .token =
            arena_copy(arena, account->token.n ? buf_str(&sealed) : text_str(&account->sealed)),
        .created_s = account->created_s,
        .folder_link = text_str(&account->folder_link),
        .is_folder_link_final = account->is_folder_link_final,
        .folder_round = account->folder_round,
    };
}

const struct zone *collection_zone(const struct collection *c)
{
    return c->account->zone;
}

void account_map_context(
    const struct account *account, struct arena *arena, struct map_context *out)
{
    *out = (struct map_context){
        .zone = account->zone,
        .now_us = clock_now_us(),
        .project = account->service ? account->service->dialect->project : NULL,
        .options = account->engine->options.map,
        .arena = arena,
    };
    out->options.plans_steps =
        out->options.plans_steps && account->service && account->service->dialect->completes_series;
}

/* --- changing an account's row ------------------------------------------------------------ */

struct account_job {
    struct store_job job;
    enum {
        ACCOUNT_UPDATE,
        ACCOUNT_DEFAULT,
        ACCOUNT_PURGE
    } kind;
    struct engine *engine;
    struct arena *arena;
    struct store_account row;
    struct notice notice;
    engine_cb *cb;
    void *arg;
};

static bool account_job_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct account_job *job = CONTAINER_OF(base, struct account_job, job);

    if (job->kind == ACCOUNT_PURGE) {
        return store_account_purge(db, job->row.id, err);
    }
    return store_account_update(db, &job->row, err) && notice_save(&job->notice, db, err) &&
           (job->kind != ACCOUNT_DEFAULT ||
               store_account_set_default(db, job->row.user, job->row.id, err));
}

static void account_job_done(struct store_job *base)
{
    struct account_job *job = CONTAINER_OF(base, struct account_job, job);

    if (base->err.kind != ERR_NONE) {
        log_error(
            "store.account", LOG_INT("account", job->row.id), LOG_TEXT("why", base->err.text));
    } else {
        notice_saved(&job->notice, job->engine);
    }
    if (job->cb) {
        job->cb(&base->err, job->arg);
    }
    arena_free(&job->arena);
    mem_free(job);
}

/** Save the account as it is now. unlinked_s: 0 while it is linked. */
static void account_save(struct account *account, int kind, int64_t unlinked_s,
    enum notice_change notice, engine_cb *cb, void *arg)
{
    struct account_job *job = mem_alloc(sizeof(*job));

    job->job = (struct store_job){ .run = account_job_run, .done = account_job_done };
    job->kind = kind;
    job->engine = account->engine;
    job->arena = arena_new();
    account_row(account, &job->row, job->arena);
    job->row.unlinked_s = unlinked_s;
    job->row.upstream = arena_copy(job->arena, job->row.upstream);
    job->row.label = arena_copy(job->arena, job->row.label);
    job->row.timezone = arena_copy(job->arena, job->row.timezone);
    job->row.folder_link = arena_copy(job->arena, job->row.folder_link);
    notice_plan(account, notice, job->arena, &job->notice);
    job->cb = cb;
    job->arg = arg;
    store_write(account->engine->store, &job->job);
}

void account_set_sign_in(struct account *account, bool needed)
{
    if (account->needs_sign_in == needed) {
        return;
    }
    account->needs_sign_in = needed;
    if (needed) {
        log_error("account.needs_sign_in", LOG_STR("user", text_str(&account->user->name)),
            LOG_INT("account", account->id));
    }
    account_save(account, ACCOUNT_UPDATE, 0, needed ? NOTICE_SHOW : NOTICE_DROP, NULL, NULL);
}

void account_renew(struct account *account, const struct account *told, engine_cb *cb, void *arg)
{
    struct str token = { told->token.p, told->token.n };

    secret_set(&account->token, token);
    upstream_set_token(account->upstream, token);
    account->needs_sign_in = false;
    if (!str_eq(text_str(&told->label), text_str(&told->upstream_name))) { /* one was given */
        text_set(&account->label, text_str(&told->label));
    }
    if (!told->is_zone_guessed) {
        account->zone = told->zone;
        text_set(&account->timezone, text_str(&told->timezone));
        account->is_zone_guessed = false;
    }
    account_save(account, ACCOUNT_UPDATE, 0, NOTICE_DROP, cb, arg);
    round_renew(account);
}

void engine_set_account(struct engine *engine, struct account *account,
    const struct engine_account_change *change, engine_cb *cb, void *arg)
{
    const struct zone *zone = change->timezone.n ? zone_find(change->timezone) : NULL;
    struct err err;

    if (change->timezone.n && !zone) {
        err_set(&err, ERR_INVALID, "there is no time zone %.*s", STR_ARG(change->timezone));
        engine_call_later(engine, cb, arg, &err);
        return;
    }
    if (zone) {
        account->zone = zone;
        text_set(&account->timezone, zone_name(zone));
        account->is_zone_guessed = false;
    }
    if (change->label.n) {
        text_set(&account->label, change->label);
    }
    if (change->read_only >= 0) {
        account->is_read_only = change->read_only;
    }
    if (change->make_default) {
        for (struct account *other = account->user->accounts; other; other = other->next) {
            other->is_default = other == account;
        }
    }
    account_save(
        account, change->make_default ? ACCOUNT_DEFAULT : ACCOUNT_UPDATE, 0, NOTICE_LEAVE, cb, arg);
}

void engine_unlink_account(
    struct engine *engine, struct account *account, bool purge, engine_cb *cb, void *arg)
{
    (void)engine;
    account_save(
        account, purge ? ACCOUNT_PURGE : ACCOUNT_UPDATE, clock_now_s(), NOTICE_DROP, cb, arg);
    account_free(&account);
}

/* --- walking ------------------------------------------------------------------------------ */

struct account *user_next_account(struct user *user, struct account *before)
{
    return before ? before->next : user->accounts;
}

struct account *user_find_account(struct user *user, int64_t id)
{
    struct account *account = user->accounts;

    while (account && account->id != id) {
        account = account->next;
    }
    return account;
}

struct collection *account_next_collection(struct account *account, struct collection *before)
{
    return before ? before->next : account->collections;
}

struct collection *user_next_collection(struct user *user, struct collection *before)
{
    struct account *account = before ? before->account : user->accounts;
    struct collection *next = before ? before->next : account ? account->collections : NULL;

    for (;;) {
        if (next && !next->is_hidden) {
            return next;
        }
        if (next) {
            next = next->next;
        } else if (account && account->next) {
            account = account->next;
            next = account->collections;
        } else {
            return NULL;
        }
    }
}

struct collection *user_find_collection(struct user *user, struct str slug)
{
    struct collection *c = NULL;

    while ((c = user_next_collection(user, c))) {
        if (str_eq(text_str(&c->slug), slug)) {
            return c;
        }
    }
    return NULL;
}

struct str user_home_stamp(struct user *user, struct arena *arena)
{
    CLEANUP(buf_done) struct buf all;
    unsigned char hash[SECRET_HASH_BYTES];
    struct collection *c = NULL;

    buf_init(&all, SIZE_MAX / 2);
    while ((c = user_next_collection(user, c))) {
        buf_put(&all, text_str(&c->slug));
        buf_put_char(&all, '\n');
        buf_put(&all, collection_display_name(c, arena));
        buf_put_char(&all, '\n');
    }
    secret_hash(buf_str(&all), (struct str){ "", 0 }, hash);
    return arena_printf(arena, "home-%02x%02x%02x%02x%02x%02x%02x%02x", hash[0], hash[1], hash[2],
        hash[3], hash[4], hash[5], hash[6], hash[7]);
}

bool user_account_health(struct user *user, size_t index, struct account_health *out)
{
    struct engine_account_status status;
    struct account *account = user->accounts;

    for (; account && index > 0; index--) {
        account = account->next;
    }
    if (!account) {
        return false;
    }
    account_status(account, &status);
    *out = (struct account_health){
        .label = status.label,
        .needs_sign_in = status.needs_sign_in,
        .failures = status.failures,
        .last_round_s = status.last_round_s,
        .trouble = status.last_error,
        .open_operations = status.open_operations,
    };
    return true;
}

void account_status(const struct account *account, struct engine_account_status *out)
{
    unsigned operations = 0;

    for (const struct collection *c = account->collections; c; c = c->next) {
        operations += ops_count(c->ops);
    }
    operations += ops_count(account->folder_ops);
    *out = (struct engine_account_status){
        .id = account->id,
        .upstream = text_str(&account->upstream_name),
        .dialect = str_from(account->service ? account->service->dialect->name : "?"),
        .label = text_str(&account->label),
        .timezone = text_str(&account->timezone),
        .is_zone_guessed = account->is_zone_guessed,
        .is_default = account->is_default,
        .is_read_only = account->is_read_only,
        .needs_sign_in = account->needs_sign_in,
        .is_round_running = account->is_round_running,
        .last_round_s = account->round_ended_s,
        .last_round_ms = account->round_took_ms,
        .failures = account->failures,
        .rounds = account->rounds,
        .rounds_failed = account->rounds_failed,
        .last_error = text_str(&account->last_error),
        .open_operations = operations,
        .rest_s = account->upstream ? upstream_rest_s(account->upstream) : 0,
        .requests = account->upstream ? upstream_request_count(account->upstream) : 0,
    };
}
