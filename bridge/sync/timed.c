#include "bridge/sync/engine_internal.h"

/**
 * Timed work (design section 7): the store's table `due` says which resources want looking after,
 * and when. Memory holds the next time of each account and one timer; what is due is read when the
 * time has come and looked after one by one (write_tend.c), whether its list is in memory or not.
 *
 * What is read gets a later time in the same transaction, so nothing can be tried again and again
 * without a pause; whoever looks after it writes its true next time.
 */
enum {
    AT_ONCE = 16, /* rows read at a time */
    LEASE_S = 2 * 60,
    PAUSE_S = 30, /* after trouble, doubled each time */
    PAUSE_MAX_S = 10 * 60,
    TIMER_MAX_S = 3600,   /* the clock on the wall may be set meanwhile */
    BUSY_S = LEASE_S + 1, /* after what was read with it and waits behind it */
    REFUSED_S = 24 * 3600,
};

struct timed {
    struct engine *engine;
    struct account *account; /**< NULL once stopped: the job under way frees it */
    int64_t account_id;
    struct loop_timer timer;
    int64_t next_s; /**< 0: nothing is due */
    unsigned failures;
    bool is_working;
    bool is_pausing; /**< once the row is put off */

    struct store_job job;
    bool is_job_running;
    struct arena *arena;
    struct store_due *rows;
    size_t count, position;
    int64_t now_s, found_next_s, put_off_s;
};

static void timed_free(struct timed *timed)
{
    arena_free(&timed->arena);
    mem_free(timed);
}

/* --- when --------------------------------------------------------------------------------- */

static void arm(struct timed *timed, int64_t least_s)
{
    int64_t delay_s = timed->next_s - clock_now_s();

    timed->is_working = false;
    if (timed->next_s == 0 || timed->engine->is_stopping) {
        loop_timer_stop(&timed->timer);
        return;
    }
    delay_s = delay_s > TIMER_MAX_S ? TIMER_MAX_S : delay_s;
    loop_timer_start(&timed->timer, 1000 * (delay_s > least_s ? delay_s : least_s));
}

/** The service is not well, or there was trouble here. */
static void pause_work(struct timed *timed)
{
    int64_t pause_s = (int64_t)PAUSE_S << (timed->failures < 5 ? timed->failures : 5);

    timed->failures++;
    timed->next_s = timed->next_s ? timed->next_s : clock_now_s();
    arm(timed, pause_s < PAUSE_MAX_S ? pause_s : PAUSE_MAX_S);
}

void timed_note(struct account *account, int64_t at_s)
{
    struct timed *timed = account->timed;

    if (timed && at_s != 0 && (timed->next_s == 0 || at_s < timed->next_s)) {
        timed->next_s = at_s;
        if (!timed->is_working) {
            arm(timed, 0);
        }
    }
}

/* --- what --------------------------------------------------------------------------------- */

static void read_due(struct timed *timed);
static void tend_next(struct timed *timed);

static bool put_off_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct timed *timed = CONTAINER_OF(base, struct timed, job);
    const struct store_due *row = &timed->rows[timed->position];

    return store_due_set(
        db, timed->account_id, row->collection, row->resource, timed->put_off_s, err);
}

static void put_off_done(struct store_job *base)
{
    struct timed *timed = CONTAINER_OF(base, struct timed, job);

    timed->is_job_running = false;
    if (!timed->account) {
        timed_free(timed);
        return;
    } /* it may have gone meanwhile, and its row with it: nothing to do about an error */
    timed->position++;
    if (timed->is_pausing) {
        pause_work(timed);
    } else {
        tend_next(timed);
    }
}

/** One that goes on failing must not keep the others from their turn. */
static void put_off(struct timed *timed, int64_t delay_s, bool is_pausing)
{
    timed->is_pausing = is_pausing;
    timed->put_off_s = clock_now_s() + delay_s;
    timed->job = (struct store_job){ .run = put_off_run, .done = put_off_done };
    timed->is_job_running = true;
    store_write(timed->engine->store, &timed->job);
}

static void on_tended(const struct sync_result *result, void *arg)
{
    struct timed *timed = arg;

    if (timed->account->is_closing) {
        return;
    }
    if (result->outcome == SYNC_BUSY) {
        put_off(timed, BUSY_S, true);
    } else if (result->outcome == SYNC_REFUSED || result->outcome == SYNC_INVALID) {
        log_warn("timed.refused", LOG_INT("account", timed->account_id),
            LOG_TEXT("why", result->err.text));
        put_off(timed, REFUSED_S, false);
    } else {
        timed->failures = 0;
        timed->position++;
        tend_next(timed);
    }
}

static void tend_next(struct timed *timed)
{
    for (; timed->position < timed->count; timed->position++) {
        const struct store_due *row = &timed->rows[timed->position];
        struct collection *c =
            engine_find_collection(timed->engine, timed->account_id, row->collection);

        if (timed->engine->is_stopping) {
            return;
        }
        if (c && collection_is_writable(c)) {
            sync_tend(c, row->href, on_tended, timed);
            return;
        }
    }
    read_due(timed);
}

static bool read_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct timed *timed = CONTAINER_OF(base, struct timed, job);

    if (!store_due_list(db, timed->account_id, timed->now_s, AT_ONCE, timed->arena, &timed->rows,
            &timed->count, err)) {
        return false;
    }
    for (size_t i = 0; i < timed->count; i++) {
        if (!store_due_set(db, timed->account_id, timed->rows[i].collection,
                timed->rows[i].resource, timed->now_s + LEASE_S, err)) {
            return false;
        }
    }
    return store_due_next(db, timed->account_id, &timed->found_next_s, err);
}

static void read_done(struct store_job *base)
{
    struct timed *timed = CONTAINER_OF(base, struct timed, job);

    timed->is_job_running = false;
    if (!timed->account) {
        timed_free(timed);
        return;
    }
    if (base->err.kind != ERR_NONE) {
        log_error("store.due", LOG_TEXT("why", base->err.text));
        pause_work(timed);
        return;
    }
    if (timed->next_s == 0 || (timed->found_next_s != 0 && timed->found_next_s < timed->next_s)) {
        timed->next_s = timed->found_next_s; /* else one was noted while this was read */
    }
    timed->position = 0;
    if (timed->count > 0) {
        tend_next(timed);
    } else {
        arm(timed, 0);
    }
}

static void read_due(struct timed *timed)
{
    arena_free(&timed->arena);
    timed->arena = arena_new();
    timed->count = 0;
    timed->now_s = clock_now_s();
    timed->next_s = 0;
    timed->is_working = true;
    timed->job = (struct store_job){ .run = read_run, .done = read_done };
    timed->is_job_running = true;
    store_write(timed->engine->store, &timed->job);
}

static void fired(void *arg)
{
    struct timed *timed = arg;
    const struct account *account = timed->account;

    if (!account->upstream || timed->engine->is_stopping) {
        return;
    }
    if (timed->next_s > clock_now_s()) {
        arm(timed, 0);
    } else if (account->needs_sign_in || account->is_read_only ||
               upstream_rest_s(account->upstream) > 0) {
        pause_work(timed);
    } else {
        read_due(timed);
    }
}

/* --- life --------------------------------------------------------------------------------- */

void timed_start(struct account *account, int64_t next_s)
{
    struct timed *timed = mem_alloc(sizeof(*timed));
    uint32_t spread_s = (uint32_t)(account->engine->options.near_ms / 1000) + 1;

    timed->engine = account->engine;
    timed->account = account;
    timed->account_id = account->id;
    timed->next_s = next_s;
    loop_timer_init(&timed->timer, account->engine->loop, fired, timed);
    account->timed = timed;
    arm(timed, secret_jitter_below(spread_s)); /* what was missed: not all accounts at once */
}

void timed_stop(struct account *account)
{
    struct timed *timed = TAKE(account->timed);

    if (!timed) {
        return;
    }
    loop_timer_stop(&timed->timer);
    timed->account = NULL;
    if (!timed->is_job_running) {
        timed_free(timed);
    }
}
