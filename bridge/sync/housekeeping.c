#include "bridge/sync/engine_internal.h"

/** What is kept for so long and then forgotten; looked at after the start and once a day. */
enum {
    EVERY_MS = 24 * 3600 * 1000,
    TOMBSTONES_S = 90 * 24 * 3600, /* design section 6 */
    UNLINKED_S = 30 * 24 * 3600,   /* design section 7 */
};

struct keep_job {
    struct store_job job;
    int64_t now_s;
};

static bool keep_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct keep_job *job = CONTAINER_OF(base, struct keep_job, job);
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct store_account *accounts;
    size_t count;

    if (!store_account_list(db, arena, &accounts, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_over =
            accounts[i].unlinked_s != 0 && accounts[i].unlinked_s < job->now_s - UNLINKED_S;

        if (is_over ? !store_account_purge(db, accounts[i].id, err)
                    : !store_tombstone_prune(db, accounts[i].id, job->now_s - TOMBSTONES_S, err)) {
            return false;
        }
    }
    return true;
}

static void keep_done(struct store_job *base)
{
    struct keep_job *job = CONTAINER_OF(base, struct keep_job, job);

    if (base->err.kind != ERR_NONE) {
        log_error("store.housekeeping", LOG_TEXT("why", base->err.text));
    }
    mem_free(job);
}

static void keep(void *arg)
{
    struct engine *engine = arg;
    struct keep_job *job = mem_alloc(sizeof(*job));

    *job = (struct keep_job){ { .run = keep_run, .done = keep_done }, clock_now_s() };
    store_write(engine->store, &job->job);
    loop_timer_start(&engine->keep_timer, EVERY_MS);
}

void housekeeping_start(struct engine *engine)
{
    loop_timer_init(&engine->keep_timer, engine->loop, keep, engine);
    keep(engine);
}
