#include "bridge/sync/engine_internal.h"

/** Lists pulled at the same time; leaves half of the mailbox's lane to waiting clients. */
enum {
    PULLS_AT_ONCE = 2
};

/** A `duedav sync` that waits for a full round. */
struct sync_request {
    engine_progress_cb *progress;
    engine_cb *cb;
    void *arg;
    bool is_late; /**< came while a round ran: the next one is its own */
    struct sync_request *next;
};

static unsigned count_collections(const struct account *account, unsigned *open_out)
{
    unsigned all = 0;

    *open_out = 0;
    for (const struct collection *c = account->collections; c; c = c->next) {
        all++;
        *open_out += c->wants_pull || c->pull;
    }
    return all;
}

void round_progress(struct account *account, size_t tasks)
{
    unsigned open;
    unsigned all = count_collections(account, &open);

    account->tasks_seen += tasks;
    for (struct sync_request *request = account->requests; request; request = request->next) {
        request->progress(account->tasks_seen, all - open, all, request->arg);
    }
}

static void requests_finish(struct account *account, const struct err *err)
{
    struct sync_request *request = TAKE(account->requests);

    while (request) {
        struct sync_request *next = request->next;

        if (request->is_late && !account->is_closing && !account->engine->is_stopping) {
            request->is_late = false;
            request->next = account->requests;
            account->requests = request;
        } else {
            request->cb(err, request->arg);
            mem_free(request);
        }
        request = next;
    }
    if (account->requests) {
        round_start(account, NULL);
    }
}

/** Those who wait for the round wait for the next one. */
static void requests_put_off(struct account *account)
{
    for (struct sync_request *request = account->requests; request; request = request->next) {
        request->is_late = true;
    }
}

static void round_finish(struct account *account, const struct err *err)
{
    bool is_outdated = account->has_new_token && err->kind != ERR_NONE;

    account->has_new_token = false;
    account->is_round_running = false;
    writes_forget(account);
    account->round_ended_ms = clock_mono_ms();
    account->round_took_ms = account->round_ended_ms - account->round_began_ms;
    if (err->kind == ERR_NONE) {
        account->failures = 0;
        account->rounds++;
        account->round_ended_s = clock_now_s();
        text_set(&account->last_error, S(""));
        account_set_sign_in(account, false);
        log_info("sync.round", LOG_STR("user", text_str(&account->user->name)),
            LOG_INT("account", account->id), LOG_INT("ms", account->round_took_ms));
    } else if (is_outdated) {
        requests_put_off(account);
    } else {
        account->failures++;
        account->rounds_failed++;
        text_set(&account->last_error, str_from(err->text));
        log_warn("sync.failed", LOG_STR("user", text_str(&account->user->name)),
            LOG_INT("account", account->id), LOG_TEXT("kind", err_kind_name(err->kind)),
            LOG_INT("code", err->code), LOG_INT("failures", account->failures),
            LOG_TEXT("why", err->text));
    }
    account_schedule(account);
    poll_round_done(account);
    requests_finish(account, err);
    if (is_outdated) {
        round_start(account, NULL);
    }
}

/** Start what may run now; the round ends when nothing is left. */
static void round_go_on(struct account *account)
{
    for (struct collection *c = account->collections; c && account->pulls_running < PULLS_AT_ONCE;
         c = c->next) {
        if (c->wants_pull && !c->pull) {
            c->wants_pull = false;
            account->pulls_running++;
            pull_start(c);
        }
    }
    if (account->pulls_running == 0 && !account->folder_pull) {
        round_finish(account, &account->round_err);
    }
}

static void round_part_done(struct account *account, const struct err *err)
{
    if (err->kind != ERR_NONE && account->round_err.kind == ERR_NONE) {
        account->round_err = *err;
    }
    if (err->kind == ERR_DENIED && !account->has_new_token) {
        account_set_sign_in(account, true);
    }
    if (err->kind != ERR_NONE && err->kind != ERR_NOT_FOUND) {
        for (struct collection *c = account->collections; c; c = c->next) {
            c->wants_pull = false; /* the service is not well: leave the rest to the next round */
        }
    }
    round_go_on(account);
}

void round_pull_done(struct account *account, const struct err *err)
{
    account->pulls_running--;
    round_part_done(account, err);
}

void round_pull_gone(struct account *account)
{
    account->pulls_running--;
    if (account->is_round_running && !account->is_closing) {
        round_go_on(account);
    }
}

void round_folders_done(struct account *account, const struct err *err)
{
    if (err->kind == ERR_NONE) {
        for (struct collection *c = account->collections; c; c = c->next) {
            c->wants_pull = c->pulled_round != account->round_number && !c->pull;
        }
    }
    round_part_done(account, err);
}

void round_start(struct account *account, struct collection *first)
{
    if (account->is_round_running || !account->upstream || account->is_closing ||
        account->engine->is_stopping) {
        return;
    }
    loop_timer_stop(&account->timer);
    account->is_round_running = true;
    account->round_err = err_none;
    account->round_number++;
    account->round_began_ms = clock_mono_ms();
    account->tasks_seen = 0;
    folder_pull_start(account);
    if (first) { /* a client waits for this one */
        account->pulls_running++;
        pull_start(first);
    }
}

void round_abort(struct account *account)
{
    struct err err;

    folder_pull_abort(account);
    for (struct collection *c = account->collections; c; c = c->next) {
        c->wants_pull = false;
        pull_abort(c);
    }
    writes_forget(account);
    account->pulls_running = 0;
    account->is_round_running = false;
    account->has_new_token = false;
    err_set(&err, ERR_BUSY, "broken off");
    requests_finish(account, &err);
}

void round_renew(struct account *account)
{
    account->has_new_token = account->is_round_running;
    round_start(account, NULL);
}

void engine_sync_account(struct engine *engine, struct account *account,
    engine_progress_cb *progress, engine_cb *cb, void *arg)
{
    struct sync_request *request;
    struct err err;

    if (!account->upstream) {
        err_set(&err, ERR_INVALID, "%.*s", STR_ARG(text_str(&account->last_error)));
        engine_call_later(engine, cb, arg, &err);
        return;
    }
    request = mem_alloc(sizeof(*request));
    *request =
        (struct sync_request){ progress, cb, arg, account->is_round_running, account->requests };
    account->requests = request;
    for (struct collection *c = account->collections; c; c = c->next) {
        if (!c->is_round_full && !c->pull) { /* one that was broken off goes on where it was */
            text_set(&c->link, S(""));
        }
    }
    round_start(account, NULL);
}
