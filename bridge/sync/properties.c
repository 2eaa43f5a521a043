#include "bridge/sync/properties.h"

/** Properties of collections that only we keep. Memory follows the store. */
struct kept_property {
    struct kept_property *next;
    struct text ns, name, xml;
};

static struct kept_property **property_place(struct collection *c, struct str ns, struct str name)
{
    struct kept_property **place = &c->properties;

    while (*place &&
           !(str_eq(text_str(&(*place)->name), name) && str_eq(text_str(&(*place)->ns), ns))) {
        place = &(*place)->next;
    }
    return place;
}

static void property_drop(struct kept_property **place)
{
    struct kept_property *gone = *place;

    *place = gone->next;
    text_done(&gone->ns);
    text_done(&gone->name);
    text_done(&gone->xml);
    mem_free(gone);
}

static void property_apply(struct collection *c, const struct sync_property *change)
{
    struct kept_property **place = property_place(c, change->ns, change->name);

    if (change->xml.n == 0) {
        if (*place) {
            property_drop(place);
        }
        return;
    }
    if (!*place) {
        *place = mem_alloc(sizeof(**place));
        text_set(&(*place)->ns, change->ns);
        text_set(&(*place)->name, change->name);
    }
    text_set(&(*place)->xml, change->xml);
}

void properties_fill(struct collection *c, const struct store_collection *row)
{
    for (size_t i = 0; i < row->property_count; i++) {
        const struct store_property *p = &row->properties[i];

        property_apply(c, &(struct sync_property){ p->ns, p->name, p->xml });
    }
}

void properties_forget(struct collection *c)
{
    while (c->properties) {
        property_drop(&c->properties);
    }
}

/* --- what dav/ reads ---------------------------------------------------------------------- */

struct str collection_property(const struct collection *c, struct str ns, struct str name)
{
    for (const struct kept_property *p = c->properties; p; p = p->next) {
        if (str_eq(text_str(&p->name), name) && str_eq(text_str(&p->ns), ns)) {
            return text_str(&p->xml);
        }
    }
    return S("");
}

static size_t property_count(const struct collection *c)
{
    size_t count = 0;

    for (const struct kept_property *p = c->properties; p; p = p->next) {
        count++;
    }
    return count;
}

bool collection_property_at(const struct collection *c, size_t index, struct sync_property *out)
{
    const struct kept_property *p = c->properties;

    while (p && index > 0) {
        p = p->next;
        index--;
    }
    if (!p) {
        return false;
    }
    *out = (struct sync_property){ text_str(&p->ns), text_str(&p->name), text_str(&p->xml) };
    return true;
}

/* --- in an operation's row ---------------------------------------------------------------- */

struct str properties_format(
    const struct sync_property *properties, size_t count, struct arena *arena)
{
    struct buf out;
    struct str text;

    buf_init(&out, SIZE_MAX); /* bounded by the request they come from */
    for (size_t i = 0; i < count; i++) {
        const struct sync_property *p = &properties[i];

        buf_printf(&out, "%zu %zu %zu ", p->ns.n, p->name.n, p->xml.n);
        buf_put(&out, p->ns);
        buf_put(&out, p->name);
        buf_put(&out, p->xml);
    }
    text = arena_copy(arena, buf_str(&out));
    buf_done(&out);
    return text;
}

static bool take(struct str *rest, struct str *out)
{
    struct str length;
    uint64_t n;

    if (!str_next(rest, ' ', &length) || !str_to_u64(length, &n)) {
        return false;
    }
    *out = (struct str){ NULL, (size_t)n };
    return true;
}

/** The next n bytes. */
static bool cut(struct str *rest, struct str *out)
{
    if (out->n > rest->n) {
        return false;
    }
    out->p = rest->p;
    *rest = str_skip(*rest, out->n);
    return true;
}

size_t properties_parse(struct str text, struct arena *arena, struct store_property **out)
{
    size_t count = 0;

    *out = arena_alloc_array(arena, SYNC_PROPERTIES_MAX, sizeof(struct store_property));
    while (text.n > 0 && count < SYNC_PROPERTIES_MAX) {
        struct store_property *p = &(*out)[count];

        if (!take(&text, &p->ns) || !take(&text, &p->name) || !take(&text, &p->xml) ||
            !cut(&text, &p->ns) || !cut(&text, &p->name) || !cut(&text, &p->xml)) {
            break; /* a row that we did not write: a list without a colour is still a list */
        }
        count++;
    }
    return count;
}

/* --- setting ------------------------------------------------------------------------------ */

struct set_job {
    struct store_job job;
    struct engine *engine;
    int64_t account, collection;
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
        bool is_ok = p->xml.n > 0 ? store_property_set(db, job->account, job->collection, &row, err)
                                  : store_property_remove(
                                        db, job->account, job->collection, p->ns, p->name, err);

        if (!is_ok) {
            return false;
        }
    }
    if (!store_property_count(db, job->account, job->collection, &count, err)) {
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
    struct collection *c = engine_find_collection(job->engine, job->account, job->collection);
    struct sync_result result = { .outcome = set_outcome(base->err.kind), .err = base->err };

    for (size_t i = 0; c && base->err.kind == ERR_NONE && i < job->count; i++) {
        property_apply(c, &job->changes[i]);
    }
    if (result.outcome == SYNC_BUSY) {
        log_error("store.properties", LOG_TEXT("why", base->err.text));
    }
    job->cb(&result, job->arg);
    arena_free(&job->arena);
    mem_free(job);
}

bool collection_has_room(
    const struct collection *c, const struct sync_property *changes, size_t count)
{
    size_t total = property_count(c);

    for (size_t i = 0; i < count; i++) {
        if (changes[i].xml.n > 0 && collection_property(c, changes[i].ns, changes[i].name).n == 0) {
            total++;
        }
    }
    return total <= SYNC_PROPERTIES_MAX;
}

void sync_set_properties(struct engine *engine, struct collection *collection,
    const struct sync_property *changes, size_t count, sync_cb *cb, void *arg)
{
    struct set_job *job = mem_alloc(sizeof(*job));
    struct arena *arena = arena_new();

    *job = (struct set_job){
        .job = { .run = set_run, .done = set_done },
        .engine = engine,
        .account = collection->account->id,
        .collection = collection->id,
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
