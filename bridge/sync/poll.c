#include "bridge/sync/engine_internal.h"

/** A client was here: 'near' for so long (design section 6). */
enum {
    NEAR_FOR_MS = 10 * 60 * 1000
};

/** A poll that waits, at most `hold`, for the round under way. */
struct hold {
    struct account *account;
    int64_t collection; /**< 0: the whole round */
    struct loop_timer timer;
    engine_cb *cb;
    void *arg;
    struct hold *next;
};

/** Which round a client has waited for last. */
struct client_round {
    int64_t client;
    uint64_t round;
    struct client_round *next;
};

/* --- schedule ----------------------------------------------------------------------------- */

static int64_t with_jitter(int64_t delay_ms)
{
    uint32_t spread = (uint32_t)(delay_ms / 5) + 1;

    return delay_ms - delay_ms / 10 + secret_jitter_below(spread);
}

static bool is_near(const struct account *account)
{
    return account->seen_ms != 0 && clock_mono_ms() - account->seen_ms < NEAR_FOR_MS;
}

static void timer_fired(void *arg)
{
    round_start(arg, NULL);
}

void account_schedule(struct account *account)
{
    const struct engine_options *options = &account->engine->options;
    int64_t delay_ms = is_near(account) ? options->near_ms : options->far_ms;
    int64_t rest_ms;

    if (!account->upstream || account->is_closing || account->engine->is_stopping) {
        return;
    }
    if (account->round_number == 0) {
        delay_ms = options->near_ms; /* after a start: all accounts, spread over `near` */
        delay_ms = 1 + secret_jitter_below((uint32_t)delay_ms);
    }
    for (unsigned i = 0; i < account->failures && i < 10 && delay_ms < options->far_ms; i++) {
        delay_ms *= 2;
    }
    rest_ms = upstream_rest_s(account->upstream) * (int64_t)1000;
    delay_ms = with_jitter(delay_ms);
    if (!account->timer.cb) {
        loop_timer_init(&account->timer, account->engine->loop, timer_fired, account);
    }
    loop_timer_start(&account->timer, delay_ms > rest_ms ? delay_ms : rest_ms);
}

/* --- holds -------------------------------------------------------------------------------- */

static void hold_end(struct hold *hold, const struct err *err)
{
    for (struct hold **place = &hold->account->holds; *place; place = &(*place)->next) {
        if (*place == hold) {
            *place = hold->next;
            break;
        }
    }
    loop_timer_stop(&hold->timer);
    hold->cb(err, hold->arg);
    mem_free(hold);
}

static void hold_timed_out(void *arg)
{
    hold_end(arg, &err_none);
}

static void hold_start(struct account *account, int64_t collection, engine_cb *cb, void *arg)
{
    struct hold *hold = mem_alloc(sizeof(*hold));

    *hold = (struct hold){ .account = account, .collection = collection, .cb = cb, .arg = arg };
    hold->next = account->holds;
    account->holds = hold;
    loop_timer_init(&hold->timer, account->engine->loop, hold_timed_out, hold);
    loop_timer_start(&hold->timer, account->engine->options.hold_ms);
}

/** End the holds on one collection, or with collection 0 all of the account. */
static void holds_release(struct account *account, int64_t collection, const struct err *err)
{
    struct hold *hold = account->holds;

    while (hold) {
        struct hold *next = hold->next;

        if (collection == 0 || hold->collection == collection) {
            hold_end(hold, err);
        }
        hold = next;
    }
}

void poll_collection_done(struct collection *collection)
{
    holds_release(collection->account, collection->id, &err_none);
}

void poll_round_done(struct account *account)
{
    holds_release(account, 0, &err_none);
}

void poll_account_closed(struct account *account)
{
    struct err gone;

    err_set(&gone, ERR_NOT_FOUND, "the account has gone");
    holds_release(account, 0, &gone);
    loop_timer_stop(&account->timer);
    while (account->client_rounds) {
        struct client_round *next = account->client_rounds->next;

        mem_free(account->client_rounds);
        account->client_rounds = next;
    }
}

/** Once per client and round. */
static bool may_wait_again(struct account *account, int64_t client)
{
    struct client_round *known = account->client_rounds;

    while (known && known->client != client) {
        known = known->next;
    }
    if (!known) {
        known = mem_alloc(sizeof(*known));
        known->client = client;
        known->next = account->client_rounds;
        account->client_rounds = known;
    }
    if (known->round == account->round_number) {
        return false;
    }
    known->round = account->round_number;
    return true;
}

/** A client polls: start a round if what we have is old, and say whether to wait for it. */
static bool poll_begin(struct account *account, struct collection *c, int64_t client)
{
    const struct engine_options *options = &account->engine->options;
    int64_t now_ms = clock_mono_ms();
    int64_t known_ms = c ? c->pulled_ms : account->round_ended_ms;
    bool was_far = !is_near(account);

    account->seen_ms = now_ms;
    if (!account->upstream || account->engine->is_stopping) {
        return false;
    }
    if (known_ms != 0 && now_ms - known_ms <= options->fresh_ms) {
        return false;
    }
    if (upstream_rest_s(account->upstream) > 0) {
        return false;
    }
    if (account->failures > 0) { /* the schedule's back-off decides; data is served as it is */
        if (was_far && !account->is_round_running) {
            account_schedule(account);
        }
        return false;
    }
    round_start(account, c);
    return (account->round_ended_ms == 0 || account->round_took_ms < options->hold_ms) &&
           may_wait_again(account, client);
}

/* --- opening ------------------------------------------------------------------------------ */

struct open {
    struct engine *engine;
    int64_t account, collection;
    engine_cb *cb;
    void *arg;
};

static void open_held(const struct err *err, void *arg)
{
    struct open *open = arg;
    struct collection *c = engine_find_collection(open->engine, open->account, open->collection);
    struct err gone;

    (void)err;
    if (c) {
        collection_load(c, open->cb, open->arg);
    } else {
        err_set(&gone, ERR_NOT_FOUND, "the list has gone");
        open->cb(&gone, open->arg);
    }
    mem_free(open);
}

void engine_open(struct engine *engine, struct collection *c, bool is_poll, int64_t client,
    engine_cb *cb, void *arg)
{
    struct open *open;

    if (!is_poll || !poll_begin(c->account, c, client)) {
        collection_load(c, cb, arg);
        return;
    }
    open = mem_alloc(sizeof(*open));
    *open = (struct open){ engine, c->account->id, c->id, cb, arg };
    hold_start(c->account, c->id, open_held, open);
}

struct open_home {
    struct engine *engine;
    unsigned waiting;
    engine_cb *cb;
    void *arg;
};

static void home_held(const struct err *err, void *arg)
{
    struct open_home *open = arg;

    (void)err;
    if (--open->waiting == 0) {
        open->cb(&err_none, open->arg);
        mem_free(open);
    }
}

void engine_open_home(
    struct engine *engine, struct user *user, int64_t client, engine_cb *cb, void *arg)
{
    struct open_home *open = mem_alloc(sizeof(*open));

    *open = (struct open_home){ engine, 1, cb, arg };
    for (struct account *account = user->accounts; account; account = account->next) {
        if (poll_begin(account, NULL, client)) {
            open->waiting++;
            hold_start(account, 0, home_held, open);
        }
    }
    engine_call_later(engine, home_held, open, &err_none);
}
