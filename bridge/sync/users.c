#include "bridge/sync/properties.h"

#include <string.h>

/* Users and their app passwords: a table in memory, changed after the store. */

void user_add(struct engine *engine, int64_t id, struct str name)
{
    struct user *user = mem_alloc(sizeof(*user));
    struct user **end = &engine->users;

    user->engine = engine;
    user->id = id;
    text_set(&user->name, name);
    while (*end) {
        end = &(*end)->next;
    }
    *end = user;
    table_put(&engine->users_by_name, text_str(&user->name), user);
}

struct user *user_by_id(struct engine *engine, int64_t id)
{
    for (struct user *user = engine->users; user; user = user->next) {
        if (user->id == id) {
            return user;
        }
    }
    return NULL;
}

void user_add_password(struct user *user, const struct store_password *row)
{
    struct password *password = mem_alloc(sizeof(*password));

    password->id = row->id;
    text_set(&password->label, row->label);
    memcpy(password->hash, row->hash.p, row->hash.n < SECRET_HASH_BYTES ? 0 : SECRET_HASH_BYTES);
    password->created_s = row->created_s;
    password->used_s = row->used_s;
    password->knows_attachments = row->knows_attachments;
    password->next = user->passwords;
    user->passwords = password;
}

void user_free(struct user *user)
{
    while (user->accounts || user->linking) {
        struct account *account = user->accounts ? user->accounts : user->linking;

        account_free(&account);
    }
    while (user->passwords) {
        struct password *next = user->passwords->next;

        text_done(&user->passwords->label);
        mem_free(user->passwords);
        user->passwords = next;
    }
    properties_forget_home(user);
    text_done(&user->name);
    mem_free(user);
}

struct user *engine_find_user(struct engine *engine, struct str name)
{
    return table_find(&engine->users_by_name, name);
}

struct user *engine_next_user(struct engine *engine, struct user *before)
{
    return before ? before->next : engine->users;
}

struct str user_name(const struct user *user)
{
    return text_str(&user->name);
}

bool user_password(const struct user *user, size_t i, struct engine_password *out)
{
    const struct password *password = user->passwords;

    while (password && i > 0) {
        password = password->next;
        i--;
    }
    if (!password) {
        return false;
    }
    *out = (struct engine_password){ password->id, text_str(&password->label), password->created_s,
        password->used_s };
    return true;
}

static void password_hash(const struct engine *engine, struct str password, unsigned char *out)
{
    struct str key = { (const char *)engine->options.key.bytes, SECRET_KEY_BYTES };

    secret_hash(password, key, out);
}

struct used_job {
    struct store_job job;
    int64_t user, password, now_s;
};

static bool used_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct used_job *job = CONTAINER_OF(base, struct used_job, job);

    return store_password_used(db, job->user, job->password, job->now_s, err);
}

static void used_done(struct store_job *base)
{
    mem_free(CONTAINER_OF(base, struct used_job, job));
}

/** Last use is kept to the hour, so that a poll costs no write. */
static void password_note_use(struct user *user, struct password *password)
{
    int64_t now_s = clock_now_s();
    struct used_job *job;

    if (now_s - password->used_s < 3600) {
        return;
    }
    password->used_s = now_s;
    job = mem_alloc(sizeof(*job));
    *job =
        (struct used_job){ { .run = used_run, .done = used_done }, user->id, password->id, now_s };
    store_write(user->engine->store, &job->job);
}

/* --- attachments -------------------------------------------------------------------------- */

static struct password *password_by_id(const struct user *user, int64_t id)
{
    struct password *password = user->passwords;

    while (password && password->id != id) {
        password = password->next;
    }
    return password;
}

bool user_knows_attachments(const struct user *user, int64_t password)
{
    const struct password *found = password_by_id(user, password);

    return found && found->knows_attachments;
}

static bool attaches_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct used_job *job = CONTAINER_OF(base, struct used_job, job);

    return store_password_attaches(db, job->user, job->password, err);
}

void user_note_attachments(struct user *user, int64_t password)
{
    struct password *found = password_by_id(user, password);
    struct used_job *job;

    if (!found || found->knows_attachments) {
        return;
    }
    found->knows_attachments = true;
    job = mem_alloc(sizeof(*job));
    *job = (struct used_job){ { .run = attaches_run, .done = used_done }, user->id, password, 0 };
    store_write(user->engine->store, &job->job);
}

struct user *engine_sign_in(
    struct engine *engine, struct str name, struct str password, int64_t *password_out)
{
    struct user *user = table_find(&engine->users_by_name, name);
    unsigned char hash[SECRET_HASH_BYTES];
    struct str given = { (const char *)hash, sizeof(hash) };
    struct password *found = NULL;

    password_hash(engine, password, hash);
    for (struct password *p = user ? user->passwords : NULL; p; p = p->next) {
        if (secret_eq(given, (struct str){ (const char *)p->hash, sizeof(p->hash) })) {
            found = p;
        }
    }
    if (!found) {
        return NULL;
    }
    password_note_use(user, found);
    *password_out = found->id;
    return user;
}

/** Adding or removing a user or a password: one small transaction, then memory. */
struct user_job {
    struct store_job job;
    enum {
        USER_ADD,
        USER_REMOVE,
        PASSWORD_ADD,
        PASSWORD_REVOKE
    } kind;
    struct engine *engine;
    struct text name; /**< user's name, or label */
    int64_t user, id, now_s;
    unsigned char hash[SECRET_HASH_BYTES];
    engine_cb *cb;
    void *arg;
};

static bool user_job_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct user_job *job = CONTAINER_OF(base, struct user_job, job);
    struct str hash = { (const char *)job->hash, sizeof(job->hash) };

    switch (job->kind) {
    case USER_ADD:
        return store_user_add(db, text_str(&job->name), job->now_s, &job->user, err);
    case USER_REMOVE:
        return store_user_remove(db, job->user, err);
    case PASSWORD_ADD:
        return store_password_add(
            db, job->user, text_str(&job->name), hash, job->now_s, &job->id, err);
    case PASSWORD_REVOKE:
        return store_password_revoke(db, job->user, job->id, err);
    }
    return err_set(err, ERR_INTERNAL, "no such job");
}

static void forget_user(struct engine *engine, int64_t id)
{
    for (struct user **place = &engine->users; *place; place = &(*place)->next) {
        struct user *user = *place;

        if (user->id == id) {
            *place = user->next;
            table_remove(&engine->users_by_name, text_str(&user->name));
            user_free(user);
            return;
        }
    }
}

static void forget_password(struct user *user, int64_t id)
{
    for (struct password **place = &user->passwords; *place; place = &(*place)->next) {
        struct password *password = *place;

        if (password->id == id) {
            *place = password->next;
            text_done(&password->label);
            mem_free(password);
            return;
        }
    }
}

static void user_job_done(struct store_job *base)
{
    struct user_job *job = CONTAINER_OF(base, struct user_job, job);
    struct user *user = user_by_id(job->engine, job->user);

    if (base->err.kind == ERR_NONE && job->kind == USER_ADD) {
        user_add(job->engine, job->user, text_str(&job->name));
    } else if (base->err.kind == ERR_NONE && job->kind == USER_REMOVE) {
        forget_user(job->engine, job->user);
    } else if (base->err.kind == ERR_NONE && user && job->kind == PASSWORD_ADD) {
        user_add_password(user, &(struct store_password){ .id = job->id,
                                    .label = text_str(&job->name),
                                    .hash = { (const char *)job->hash, sizeof(job->hash) },
                                    .created_s = job->now_s });
    } else if (base->err.kind == ERR_NONE && user && job->kind == PASSWORD_REVOKE) {
        forget_password(user, job->id);
    }
    job->cb(&base->err, job->arg);
    text_done(&job->name);
    mem_free(job);
}

static struct user_job *user_job_new(struct engine *engine, int kind, engine_cb *cb, void *arg)
{
    struct user_job *job = mem_alloc(sizeof(*job));

    job->job = (struct store_job){ .run = user_job_run, .done = user_job_done };
    job->kind = kind;
    job->engine = engine;
    job->now_s = clock_now_s();
    job->cb = cb;
    job->arg = arg;
    return job;
}

/** What can stand in an address and in HTTP Basic without surprises. */
static bool user_name_is_valid(struct str name)
{
    if (name.n == 0 || name.n > 64 || name.p[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '@';

        if (!is_plain) {
            return false;
        }
    }
    return true;
}

void engine_add_user(struct engine *engine, struct str name, engine_cb *cb, void *arg)
{
    struct user_job *job;
    struct err err;

    if (!user_name_is_valid(name)) {
        err_set(&err, ERR_INVALID,
            "a user name has 1 to 64 characters of A-Z a-z 0-9 . _ - @ and does not begin with a "
            "dot");
        engine_call_later(engine, cb, arg, &err);
        return;
    }
    job = user_job_new(engine, USER_ADD, cb, arg);
    text_set(&job->name, name);
    store_write(engine->store, &job->job);
}

void engine_remove_user(struct engine *engine, struct str name, engine_cb *cb, void *arg)
{
    struct user *user = engine_find_user(engine, name);
    struct user_job *job;
    struct err err;

    if (!user) {
        err_set(&err, ERR_NOT_FOUND, "there is no user %.*s", STR_ARG(name));
        engine_call_later(engine, cb, arg, &err);
        return;
    }
    job = user_job_new(engine, USER_REMOVE, cb, arg);
    job->user = user->id;
    store_write(engine->store, &job->job);
}

void engine_add_password(struct engine *engine, struct user *user, struct str label,
    char password_out[SECRET_ID_TEXT], engine_cb *cb, void *arg)
{
    struct user_job *job = user_job_new(engine, PASSWORD_ADD, cb, arg);

    secret_random_id(password_out);
    password_hash(engine, str_from(password_out), job->hash);
    text_set(&job->name, label);
    job->user = user->id;
    store_write(engine->store, &job->job);
}

void engine_revoke_password(
    struct engine *engine, struct user *user, int64_t password, engine_cb *cb, void *arg)
{
    struct user_job *job = user_job_new(engine, PASSWORD_REVOKE, cb, arg);

    job->user = user->id;
    job->id = password;
    store_write(engine->store, &job->job);
}
