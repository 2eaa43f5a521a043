#include "bridge/sync/engine.h"
#include "bridge/sync/properties.h"

#include <string.h>

const struct err err_none = { .kind = ERR_NONE };

void text_set(struct text *text, struct str value)
{
    char *copy = value.n ? mem_copy_text(value.p, value.n) : NULL;

    mem_free(text->p);
    text->p = copy;
    text->n = value.n;
}

void text_done(struct text *text)
{
    mem_free(text->p);
    *text = (struct text){ 0 };
}

struct str text_str(const struct text *text)
{
    return (struct str){ text->p ? text->p : "", text->n };
}

void waiters_call(struct waiter **list, const struct err *err)
{
    struct waiter *waiter = TAKE(*list);

    while (waiter) {
        struct waiter *next = waiter->next;

        waiter->cb(err, waiter->arg);
        mem_free(waiter);
        waiter = next;
    }
}

struct later {
    engine_cb *cb;
    void *arg;
    struct err err;
};

static void later_run(void *arg)
{
    struct later *later = arg;

    later->cb(&later->err, later->arg);
    mem_free(later);
}

void engine_call_later(struct engine *engine, engine_cb *cb, void *arg, const struct err *err)
{
    struct later *later = mem_alloc(sizeof(*later));

    *later = (struct later){ .cb = cb, .arg = arg, .err = *err };
    loop_post(engine->loop, later_run, later);
}

/* --- start -------------------------------------------------------------------------------- */

struct loaded_account {
    struct store_account row;
    struct store_collection *collections;
    size_t collection_count;
    struct store_operation *operations;
    size_t operation_count;
    int64_t due_s;
};

struct start_job {
    struct store_job job;
    struct engine *engine;
    struct arena *arena;
    struct store_user *users;
    size_t user_count;
    struct store_password *passwords;
    size_t password_count;
    struct store_property *home_properties;
    size_t home_property_count;
    struct loaded_account *accounts;
    size_t account_count;
    engine_cb *cb;
    void *arg;
};

static bool start_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct start_job *job = CONTAINER_OF(base, struct start_job, job);
    struct store_account *rows;

    if (!store_user_list(db, job->arena, &job->users, &job->user_count, err) ||
        !store_password_list(db, job->arena, &job->passwords, &job->password_count, err) ||
        !store_home_property_list(
            db, job->arena, &job->home_properties, &job->home_property_count, err) ||
        !store_account_list(db, job->arena, &rows, &job->account_count, err)) {
        return false;
    }
    job->accounts =
        arena_alloc_array(job->arena, job->account_count, sizeof(struct loaded_account));
    for (size_t i = 0; i < job->account_count; i++) {
        struct loaded_account *account = &job->accounts[i];

        account->row = rows[i];
        if (!store_collection_list(db, rows[i].id, job->arena, &account->collections,
                &account->collection_count, err) ||
            !store_operation_list(
                db, rows[i].id, job->arena, &account->operations, &account->operation_count, err) ||
            !store_due_next(db, rows[i].id, &account->due_s, err)) {
            return false;
        }
    }
    return true;
}

static void start_account(struct engine *engine, const struct loaded_account *loaded)
{
    struct user *user = user_by_id(engine, loaded->row.user);
    struct account *account;
    struct account **end;

    if (!user || loaded->row.unlinked_s != 0) {
        return;
    }
    account = account_new(user, &loaded->row);
    for (size_t i = 0; i < loaded->collection_count; i++) {
        collection_new(account, &loaded->collections[i]);
    }
    end = &user->accounts;
    while (*end) {
        end = &(*end)->next;
    }
    *end = account;
    ops_resume(account, loaded->operations, loaded->operation_count);
    timed_start(account, loaded->due_s);
    account_schedule(account);
}

static void start_done(struct store_job *base)
{
    struct start_job *job = CONTAINER_OF(base, struct start_job, job);
    struct engine *engine = job->engine;

    if (base->err.kind == ERR_NONE) {
        for (size_t i = 0; i < job->user_count; i++) {
            user_add(engine, job->users[i].id, job->users[i].name);
        }
        for (size_t i = 0; i < job->password_count; i++) {
            struct user *user = user_by_id(engine, job->passwords[i].user);

            if (user) {
                user_add_password(user, &job->passwords[i]);
            }
        }
        for (size_t i = 0; i < job->home_property_count; i++) {
            const struct store_property *p = &job->home_properties[i];
            struct user *user = user_by_id(engine, p->user);

            if (user) {
                properties_apply(user, NULL, 0, &(struct sync_property){ p->ns, p->name, p->xml });
            }
        }
        for (size_t i = 0; i < job->account_count; i++) {
            start_account(engine, &job->accounts[i]);
        }
        housekeeping_start(engine);
    }
    job->cb(&base->err, job->arg);
    arena_free(&job->arena);
    mem_free(job);
}

void engine_start(struct engine *engine, engine_cb *cb, void *arg)
{
    struct start_job *job = mem_alloc(sizeof(*job));

    *job = (struct start_job){
        .job = { .run = start_run, .done = start_done },
        .engine = engine,
        .arena = arena_new(),
        .cb = cb,
        .arg = arg,
    };
    store_read(engine->store, &job->job);
}

/* --- memory budget ------------------------------------------------------------------------ */

static struct collection *least_recently_used(struct engine *engine)
{
    struct collection *found = NULL;

    for (struct user *user = engine->users; user; user = user->next) {
        for (struct account *account = user->accounts; account; account = account->next) {
            for (struct collection *c = account->collections; c; c = c->next) {
                if (c->is_loaded && !c->ops && !c->pull && c->committing == 0 &&
                    (!found || c->last_used < found->last_used)) {
                    found = c;
                }
            }
        }
    }
    return found;
}

static void evict(void *arg)
{
    struct engine *engine = arg;

    while (engine->bytes > engine->options.memory_bytes) {
        struct collection *victim = least_recently_used(engine);

        if (!victim) {
            break;
        }
        collection_unload(victim);
    }
    loop_timer_start(&engine->evict_timer, 1000);
}

/* --- life --------------------------------------------------------------------------------- */

static void stop_given_up(void *arg);

void engine_set_addresses(struct engine *engine, const struct engine_addresses *addresses)
{
    engine->addresses = *addresses;
}

struct engine *engine_new(struct loop *loop, struct store *store, struct http_client *client,
    const struct engine_options *options)
{
    struct engine *engine = mem_alloc(sizeof(*engine));

    engine->loop = loop;
    engine->store = store;
    engine->http = client;
    engine->options = *options;
    secret_random_id(engine->run);
    table_init(&engine->users_by_name);
    loop_timer_init(&engine->evict_timer, loop, evict, engine);
    loop_timer_init(&engine->stop_timer, loop, stop_given_up, engine);
    loop_timer_start(&engine->evict_timer, 1000);
    return engine;
}

static void stop_check(struct engine *engine)
{
    if (engine->is_stopping && engine->open_ops == 0 && engine->stopped) {
        loop_timer_stop(&engine->stop_timer);
        waiters_call(&engine->stopped, &err_none);
    }
}

void engine_op_ended(struct engine *engine)
{
    engine->open_ops--;
    stop_check(engine);
}

static void stop_given_up(void *arg)
{
    struct engine *engine = arg;

    waiters_call(&engine->stopped, &err_none);
}

struct stop_call {
    loop_cb *cb;
    void *arg;
};

static void stop_called(const struct err *err, void *arg)
{
    struct stop_call *call = arg;

    (void)err;
    call->cb(call->arg);
    mem_free(call);
}

void engine_stop(struct engine *engine, int64_t grace_ms, loop_cb *cb, void *arg)
{
    struct stop_call *call = mem_alloc(sizeof(*call));
    struct waiter *waiter = mem_alloc(sizeof(*waiter));

    *call = (struct stop_call){ .cb = cb, .arg = arg };
    *waiter = (struct waiter){ .cb = stop_called, .arg = call };
    engine->is_stopping = true;
    engine->stopped = waiter;
    for (struct user *user = engine->users; user; user = user->next) {
        for (struct account *account = user->accounts; account; account = account->next) {
            loop_timer_stop(&account->timer);
            round_abort(account);
        }
    }
    loop_timer_start(&engine->stop_timer, grace_ms);
    stop_check(engine);
}

void engine_free(struct engine **engine)
{
    struct engine *gone = TAKE(*engine);

    if (!gone) {
        return;
    }
    while (gone->users) {
        struct user *next = gone->users->next;

        user_free(gone->users);
        gone->users = next;
    }
    loop_timer_stop(&gone->evict_timer);
    if (gone->keep_timer.cb) {
        loop_timer_stop(&gone->keep_timer);
    }
    loop_timer_stop(&gone->stop_timer);
    table_done(&gone->users_by_name);
    mem_free(gone);
}
