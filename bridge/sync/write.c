#include "bridge/sync/op_internal.h"

#include "bridge/sync/op_attach.h"

#include <string.h>

enum {
    INTERACTIVE_MS = 20 * 1000, /* design section 7 */
    OPERATIONS_MAX = 256,       /* open and waiting ones of a list; more are asked to come back */
};

/* --- life --------------------------------------------------------------------------------- */

static void deadline_passed(void *arg);

struct op *op_new(struct account *account, struct collection *collection, enum op_kind kind)
{
    struct op *op = mem_alloc(sizeof(*op));
    struct op **end = collection ? &collection->ops : &account->folder_ops;

    op->engine = account->engine;
    op->account = account;
    op->collection = collection;
    op->account_id = account->id;
    op->collection_id = collection ? collection->id : 0;
    op->arena = arena_new();
    op->kind = kind;
    loop_timer_init(&op->deadline, op->engine->loop, deadline_passed, op);
    while (*end) {
        end = &(*end)->next;
    }
    *end = op;
    op->engine->open_ops++;
    return op;
}

static void op_free(struct op *op)
{
    if (op->source) {
        op->source->op = NULL;
    }
    op_attach_abandon(op);
    op->engine->held_bytes -= op->held_bytes;
    loop_timer_stop(&op->deadline);
    if (op->lookup.cb) {
        loop_timer_stop(&op->lookup);
    }
    arena_free(&op->arena);
    mem_free(op);
}

static void op_unlist(struct op *op)
{
    struct op **place = op->collection ? &op->collection->ops : &op->account->folder_ops;

    while (*place && *place != op) {
        place = &(*place)->next;
    }
    if (*place) {
        *place = op->next;
    }
}

void op_end(struct op *op)
{
    struct engine *engine = op->engine;
    struct collection *c = op->collection;
    bool was_counted = op->state != OP_UNCLEAR;

    op_unlist(op);
    op_free(op);
    if (c) {
        ops_wake(c);
    }
    if (was_counted) {
        engine_op_ended(engine);
    }
}

bool op_hold_bytes(struct op *op, size_t bytes, struct err *err)
{
    struct engine *engine = op->engine;
    size_t most = engine->options.buffered_bytes;

    if (engine->held_bytes > 0 &&
        bytes > most - (engine->held_bytes < most ? engine->held_bytes : most)) {
        err_set(err, ERR_BUSY, "too many attachments are on their way");
        err->retry_after_s = 5;
        return false;
    }
    engine->held_bytes += bytes;
    op->held_bytes += bytes;
    return true;
}

struct map_context op_context(const struct op *op)
{
    struct map_context context;

    account_map_context(op->account, op->arena, &context);
    if (op_is_subtask(op)) {
        context.project = op->account->service->dialect->project_check;
    }
    if (op->collection) {
        context.attachments_url = collection_attachments_url(op->collection, op->href, op->arena);
    }
    return context;
}

/* --- answers ------------------------------------------------------------------------------ */

static void answer(struct op *op, const struct sync_result *result)
{
    sync_cb *cb = TAKE(op->cb);

    loop_timer_stop(&op->deadline);
    if (cb) {
        cb(result, op->arg);
    }
}

void op_answer(struct op *op, enum sync_outcome outcome, struct str etag, const struct err *err)
{
    struct sync_result result = { .outcome = outcome, .etag = etag, .err = *err };

    if (op->attach) {
        result.managed_id = op->attach->made_id;
        result.document = op->result.document;
    }
    answer(op, &result);
}

void op_answer_content(struct op *op, struct str content, struct str name, struct str type)
{
    answer(op, &(struct sync_result){
                   .outcome = SYNC_READ, .content = content, .name = name, .type = type });
}

void op_answer_fault(struct op *op, enum map_fault fault, const struct err *err)
{
    answer(op, &(struct sync_result){ .outcome = SYNC_INVALID, .fault = fault, .err = *err });
}

void op_answer_uid_conflict(struct op *op, struct str other_href)
{
    struct sync_result result = { .outcome = SYNC_UID_CONFLICT, .other_href = other_href };

    err_set(&result.err, ERR_CONFLICT, "another object of this list has the UID");
    answer(op, &result);
}

static void deadline_passed(void *arg)
{
    struct op *op = arg;
    struct err err;

    err_set(&err, ERR_BUSY, "the service did not answer in time");
    err.retry_after_s = 10;
    op_answer(op, SYNC_BUSY, S(""), &err);
    if (op->state == OP_WAITING) {
        op_end(op);
    } /* a running one goes on; its result is what the client's next try will meet */
}

/* --- store jobs --------------------------------------------------------------------------- */

void op_job(struct op *op, bool is_write,
    bool (*run)(struct store_job *, struct store_db *, struct err *),
    void (*done)(struct store_job *))
{
    op->job = (struct store_job){ .run = run, .done = done };
    op->is_job_running = true;
    if (is_write) {
        store_write(op->engine->store, &op->job);
    } else {
        store_read(op->engine->store, &op->job);
    }
}

void op_abandoned(struct op *op)
{
    op_free(op);
}

bool op_job_ended(struct op *op)
{
    op->is_job_running = false;
    if (!op->account) {
        op_free(op);
        return false;
    }
    return true;
}

/* --- turns -------------------------------------------------------------------------------- */

static bool has_turn(const struct collection *c, const struct op *op)
{
    for (const struct op *earlier = c->ops; earlier != op; earlier = earlier->next) {
        if (op->href.n > 0 && earlier->state != OP_LOADING && str_eq(earlier->href, op->href)) {
            return false;
        }
    }
    return c->committing == 0 && c->is_loaded;
}

static void give_turns(struct collection *c)
{
    struct op *op = c->ops;

    while (op) {
        struct op *next = op->next;

        if (op->state == OP_WAITING && has_turn(c, op)) {
            op->state = OP_RUNNING;
            if (op->kind == OP_READ) {
                op_start_read(op);
            } else if (op->kind == OP_ATTACH) {
                op_start_attach(op);
            } else if (op->kind == OP_DELETE) {
                op_start_delete(op);
            } else if (op->is_own) {
                op_start_tend(op);
            } else {
                op_start_put(op);
            }
            op = c->ops; /* the list may have changed: from the start */
        } else {
            op = next;
        }
    }
}

/** Not nested: an operation that ends at once asks for the next while this runs. */
void ops_wake(struct collection *c)
{
    c->wants_wake = true;
    if (c->is_waking) {
        return;
    }
    c->is_waking = true;
    while (c->wants_wake) {
        c->wants_wake = false;
        give_turns(c);
    }
    c->is_waking = false;
}

static void on_loaded(const struct err *err, void *arg)
{
    struct op *op = arg;

    if (!op->account) {
        op_free(op);
        return;
    }
    op->state = OP_WAITING;
    if (err->kind != ERR_NONE) {
        op_answer(op, err->kind == ERR_NOT_FOUND ? SYNC_NOT_FOUND : SYNC_BUSY, S(""), err);
        op_end(op);
        return;
    }
    ops_wake(op->collection);
}

struct op *op_ask(struct collection *c, enum op_kind kind, struct str href,
    const struct precondition *precondition, int64_t deadline_ms, sync_cb *cb, void *arg)
{
    struct op *op = op_new(c->account, c, kind);
    struct precondition *own = &op->precondition;

    op->cb = cb;
    op->arg = arg;
    op->href = arena_copy(op->arena, href);
    *own = *precondition;
    own->if_match = arena_alloc_array(op->arena, own->if_match_count, sizeof(struct str));
    own->if_none_match = arena_alloc_array(op->arena, own->if_none_match_count, sizeof(struct str));
    for (size_t i = 0; i < own->if_match_count; i++) {
        own->if_match[i] = arena_copy(op->arena, precondition->if_match[i]);
    }
    for (size_t i = 0; i < own->if_none_match_count; i++) {
        own->if_none_match[i] = arena_copy(op->arena, precondition->if_none_match[i]);
    }
    loop_timer_start(&op->deadline, deadline_ms);
    collection_load(c, on_loaded, op);
    return op;
}

struct refusal {
    sync_cb *cb;
    void *arg;
    enum sync_outcome outcome;
};

static void refuse_now(const struct err *err, void *arg)
{
    struct refusal *refusal = arg;

    refusal->cb(&(struct sync_result){ .outcome = refusal->outcome, .err = *err }, refusal->arg);
    mem_free(refusal);
}

void sync_refuse_later(
    struct engine *engine, enum sync_outcome outcome, const struct err *err, sync_cb *cb, void *arg)
{
    struct refusal *refusal = mem_alloc(sizeof(*refusal));

    *refusal = (struct refusal){ cb, arg, outcome };
    engine_call_later(engine, refuse_now, refusal, err);
}

/** A write that can't even begin; answered in a later turn. */
static bool refuse_early(struct engine *engine, struct collection *c, sync_cb *cb, void *arg)
{
    enum sync_outcome outcome = SYNC_BUSY;
    struct err err;

    if (engine->is_stopping) {
        err_set(&err, ERR_BUSY, "the server is stopping");
        err.retry_after_s = 5;
    } else if (!collection_is_writable(c)) {
        err_set(&err, ERR_DENIED, "this list is read-only");
        outcome = SYNC_READ_ONLY;
    } else if (!c->account->upstream) {
        err_set(&err, ERR_BUSY, "%.*s", STR_ARG(text_str(&c->account->last_error)));
        err.retry_after_s = 300;
    } else if (ops_count(c->ops) >= OPERATIONS_MAX) {
        err_set(&err, ERR_BUSY, "too many changes wait in this list");
        err.retry_after_s = 5;
    } else {
        return false;
    }
    sync_refuse_later(engine, outcome, &err, cb, arg);
    return true;
}

void sync_put(struct engine *engine, struct collection *collection, struct str href,
    struct str body, const struct precondition *precondition, int64_t client, sync_cb *cb,
    void *arg)
{
    struct op *op;

    if (refuse_early(engine, collection, cb, arg)) {
        return;
    }
    op = op_ask(collection, OP_CREATE, href, precondition, INTERACTIVE_MS, cb, arg);
    op->body = arena_copy(op->arena, body);
    op->put_hash = version_put_hash(body, op->arena);
    op->client = client;
}

void sync_delete(struct engine *engine, struct collection *collection, struct str href,
    const struct precondition *precondition, sync_cb *cb, void *arg)
{
    if (!refuse_early(engine, collection, cb, arg)) {
        op_ask(collection, OP_DELETE, href, precondition, INTERACTIVE_MS, cb, arg);
    }
}

void sync_tend(struct collection *c, struct str href, sync_cb *cb, void *arg)
{
    struct precondition none = { 0 };
    struct op *op = op_ask(c, OP_UPDATE, href, &none, INTERACTIVE_MS, cb, arg);

    op->is_own = true;
    op->put_hash = S("");
}

void sync_attach(struct engine *engine, struct collection *collection, struct str href,
    const struct sync_attachment *attachment, const struct precondition *precondition,
    int64_t client, sync_cb *cb, void *arg)
{
    struct sync_attachment *asked;
    struct op *op;
    struct err err;

    if (refuse_early(engine, collection, cb, arg)) {
        return;
    }
    if (collection->account->service->dialect->attachment_bytes == 0) {
        err_set(&err, ERR_INVALID, "this service holds no attachments");
        sync_refuse_later(engine, SYNC_FORBIDDEN, &err, cb, arg);
        return;
    }
    op = op_ask(collection, OP_ATTACH, href, precondition, INTERACTIVE_MS, cb, arg);
    op->client = client;
    op->attach = arena_alloc(op->arena, sizeof(*op->attach));
    if (!op_hold_bytes(op, attachment->content.n, &op->attach->held_err)) {
        return; /* told when its turn comes */
    }
    asked = &op->attach->asked;
    asked->action = attachment->action;
    asked->managed_id = arena_copy(op->arena, attachment->managed_id);
    asked->name = arena_copy(op->arena, attachment->name);
    asked->type = arena_copy(op->arena, attachment->type);
    asked->content = arena_copy(op->arena, attachment->content);
    user_note_attachments(collection->account->user, client);
}

/* --- the account goes --------------------------------------------------------------------- */

static void op_abandon(struct op *op)
{
    bool was_counted = op->state != OP_UNCLEAR;
    struct engine *engine = op->engine;
    struct err err;

    err_set(&err, ERR_NOT_FOUND, "the list has gone");
    op_answer(op, SYNC_NOT_FOUND, S(""), &err);
    if (op->upstream_op) {
        upstream_abort(&op->upstream_op);
    }
    op_attach_abandon(op);
    op->account = NULL;
    op->collection = NULL;
    loop_timer_stop(&op->deadline);
    if (op->lookup.cb) {
        loop_timer_stop(&op->lookup);
    }
    if (op->source) { /* its own operation answers it */
        op->source->op = NULL;
        op->source = NULL;
    }
    if (!op->is_job_running && op->state != OP_LOADING) {
        op_free(op);
    } /* else who holds it frees it */
    if (was_counted) {
        engine_op_ended(engine);
    }
}

static void abandon_all(struct op **list)
{
    struct op *op = TAKE(*list);

    while (op) {
        struct op *next = op->next;

        op_abandon(op);
        op = next;
    }
}

void ops_abandon(struct collection *collection)
{
    abandon_all(&collection->ops);
}

void folder_ops_abandon(struct account *account)
{
    abandon_all(&account->folder_ops);
}

unsigned ops_count(const struct op *first)
{
    unsigned count = 0;

    for (; first; first = first->next) {
        count++;
    }
    return count;
}

/* --- what reading must know of writing ---------------------------------------------------- */

/** A task written while a page was under way. */
struct recent {
    uint64_t counter;
    struct text upstream_id;
    struct recent *next;
};

bool op_may_make(const struct op *op, struct str title)
{
    if (op->state != OP_RUNNING && op->state != OP_UNCLEAR) {
        return false;
    }
    if (op->kind == OP_CREATE && op->row_id != 0 && str_eq(op->plan.wanted.title, title)) {
        return true; /* the very task that is being made */
    }
    if (op->is_stepping || op_may_reschedule(op)) {
        bool is_of_title = op->base.title.n == 0 || str_eq(op->base.title, title);

        /* what a step takes out of a series, or the copy that a new rule leaves behind */
        return is_of_title || (!op->is_stepping && str_eq(op->plan.wanted.title, title));
    }
    return false;
}

bool ops_touch(
    const struct collection *collection, struct str upstream_id, struct str href, struct str title)
{
    for (const struct op *op = collection->ops; op; op = op->next) {
        if (op->state != OP_RUNNING && op->state != OP_UNCLEAR) {
            continue;
        }
        if (op->upstream_id.n && str_eq(op->upstream_id, upstream_id)) {
            return true;
        }
        if (href.n && str_eq(op->href, href)) {
            return true; /* it is just reading the row, or making the task anew */
        }
        if (!href.n && op_may_make(op, title)) {
            return true;
        }
    }
    return false;
}

bool writes_since(const struct account *account, struct str upstream_id, uint64_t counter)
{
    for (const struct recent *recent = account->recent; recent; recent = recent->next) {
        if (recent->counter > counter && str_eq(text_str(&recent->upstream_id), upstream_id)) {
            return true;
        }
    }
    return false;
}

void writes_note(struct account *account, struct str upstream_id)
{
    struct recent *recent;

    account->write_counter++;
    if (!account->is_round_running) {
        return; /* no page is under way that could be older */
    }
    recent = mem_alloc(sizeof(*recent));
    recent->counter = account->write_counter;
    text_set(&recent->upstream_id, upstream_id);
    recent->next = account->recent;
    account->recent = recent;
}

void writes_forget(struct account *account)
{
    while (account->recent) {
        struct recent *next = account->recent->next;

        text_done(&account->recent->upstream_id);
        mem_free(account->recent);
        account->recent = next;
    }
}
