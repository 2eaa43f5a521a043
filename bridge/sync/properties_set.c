/** Setting properties that only we keep: one small transaction, then memory. */
#include "bridge/sync/properties.h"

struct set_job {
    struct store_job job;
    struct engine *engine;
    struct store_owner owner;
    struct arena *arena;
    struct sync_property *changes;
    size_t count;
    sync_cb *cb;
    void *arg;
};

static bool set_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct set_job *job = CONTAINER_OF(base, struct set_job, job);
    int64_t count;

    for (size_t i = 0; i < job->count; i++) {
        const struct sync_property *p = &job->changes[i];
        struct store_property row = { .ns = p->ns, .name = p->name, .xml = p->xml };
        bool is_ok = p->xml.n > 0 ? store_property_set(db, &job->owner, &row, err)
                                  : store_property_remove(db, &job->owner, p->ns, p->name, err);

        if (!is_ok) {
            return false;
        }
    }
    if (!store_property_count(db, &job->owner, &count, err)) {
        return false;
    }
    return count <= SYNC_PROPERTIES_MAX ||
           err_set(err, ERR_LIMIT, "more than %d properties", SYNC_PROPERTIES_MAX);
}

static enum sync_outcome set_outcome(enum err_kind kind)
{
    switch (kind) {
    case ERR_NONE:
        return SYNC_REPLACED;
    case ERR_NOT_FOUND:
        return SYNC_NOT_FOUND;
    case ERR_LIMIT:
        return SYNC_FULL;
    default:
        return SYNC_BUSY;
    }
}

static void set_done(struct store_job *base)
{
    struct set_job *job = CONTAINER_OF(base, struct set_job, job);
    const struct store_owner *owner = &job->owner;
    struct user *user = owner->user ? user_by_id(job->engine, owner->user) : NULL;
    struct collection *c =
        owner->user ? NULL : engine_find_collection(job->engine, owner->account, owner->collection);
    struct sync_result result = { .outcome = set_outcome(base->err.kind), .err = base->err };

    for (size_t i = 0; (c || user) && base->err.kind == ERR_NONE && i < job->count; i++) {
        properties_apply(user, c, owner->resource, &job->changes[i]);
    }
    if (result.outcome == SYNC_BUSY) {
        log_error("store.properties", LOG_TEXT("why", base->err.text));
    }
    job->cb(&result, job->arg);
    arena_free(&job->arena);
    mem_free(job);
}

static struct store_owner row_of(const struct kept_owner *owner)
{
    if (!owner->collection) {
        return (struct store_owner){ .user = owner->user->id };
    }
    return (struct store_owner){ .account = owner->collection->account->id,
        .collection = owner->collection->id,
        .resource = owner->object ? owner->object->id : 0 };
}

void sync_set_properties(struct engine *engine, const struct kept_owner *owner,
    const struct sync_property *changes, size_t count, sync_cb *cb, void *arg)
{
    struct set_job *job = mem_alloc(sizeof(*job));
    struct arena *arena = arena_new();

    *job = (struct set_job){
        .job = { .run = set_run, .done = set_done },
        .engine = engine,
        .owner = row_of(owner),
        .arena = arena,
        .changes = arena_alloc_array(arena, count, sizeof(*changes)),
        .count = count,
        .cb = cb,
        .arg = arg,
    };
    for (size_t i = 0; i < count; i++) {
        job->changes[i] = (struct sync_property){ arena_copy(arena, changes[i].ns),
            arena_copy(arena, changes[i].name), arena_copy(arena, changes[i].xml) };
    }
    store_write(engine->store, &job->job);
}
