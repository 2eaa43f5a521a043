#include "bridge/sync/op_internal.h"
#include "bridge/sync/properties.h"

/**
 * Making a list: not repeatable, so it is an operation like a task's, written down and looked up
 * when unclear.
 */
enum {
    FOLDER_MS = 20 * 1000,
    LOOK_AGAIN_MS = 5 * 1000,
    MISSES = 2,
    PAGES_MAX = 1000,
};

bool folder_ops_touch(const struct account *account, struct str name)
{
    for (const struct op *op = account->folder_ops; op; op = op->next) {
        if (str_eq(op->body, name)) {
            return true;
        }
    }
    return false;
}

static void answer_busy(struct op *op, const struct err *err)
{
    struct err told = *err;

    if (told.retry_after_s == 0) {
        told.retry_after_s = 10;
    }
    op_answer(op, err->kind == ERR_INVALID ? SYNC_REFUSED : SYNC_BUSY, S(""), &told);
}

static void look(void *arg);

static bool forget_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);

    return store_operation_remove(db, op->account_id, op->row_id, err);
}

static void forget_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);

    if (op_job_ended(op)) {
        op_end(op);
    }
}

static void give_up(struct op *op, const struct err *err)
{
    answer_busy(op, err);
    op_job(op, true, forget_run, forget_done);
}

static bool made_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct store_collection *row = op->made;

    return store_collection_add(db, row, &row->id, err) &&
           store_operation_remove(db, op->account_id, op->row_id, err);
}

static void made_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind != ERR_NONE) {
        log_error("store.settle", LOG_TEXT("why", err.text));
        give_up(op, &err); /* the next folder round brings the folder, under an address of ours */
        return;
    }
    collection_new(op->account, op->made);
    op_answer(op, SYNC_CREATED, S(""), &err_none);
    op_end(op);
}

static void adopt(struct op *op, const struct upstream_folder *folder)
{
    struct store_collection *row = ARENA_NEW(op->arena, struct store_collection);

    *row = (struct store_collection){
        .account = op->account_id,
        .upstream_id = arena_copy(op->arena, folder->id),
        .slug = op->href,
        .name = arena_copy(op->arena, folder->name.n > 0 ? folder->name : op->body),
        .is_default = folder->is_default,
        .is_writable = folder->is_writable,
        .run = S(""),
        .link = S(""),
    };
    row->property_count = properties_parse(op->properties, op->arena, &row->properties);
    op->made = row;
    op_job(op, true, made_run, made_done);
}

static void miss(struct op *op)
{
    struct err err;

    if (++op->misses < MISSES) {
        loop_timer_start(&op->lookup, LOOK_AGAIN_MS);
        return;
    }
    err_set(&err, ERR_BUSY, "the service did not make the list");
    give_up(op, &err);
}

static bool is_known(const struct account *account, struct str id)
{
    const struct collection *c = account->collections;

    while (c && !str_eq(text_str(&c->upstream_id), id)) {
        c = c->next;
    }
    return c != NULL;
}

static void find_by_name(struct op *op, struct str link);

/** Without a marker: a folder that is not known here and bears the name is the one. */
static void on_listed(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    const struct dialect *dialect = upstream_dialect(op->account->upstream);
    struct upstream_folder folder;
    struct err err = reply->err;

    op->upstream_op = NULL;
    while (err.kind == ERR_NONE && reply->page &&
           dialect->next_folder(reply->page, op->arena, &folder, &err)) {
        if (!folder.is_removed && str_eq(folder.name, op->body) &&
            !is_known(op->account, folder.id)) {
            adopt(op, &folder);
            return;
        }
    }
    if (err.kind != ERR_NONE) {
        loop_timer_start(&op->lookup, LOOK_AGAIN_MS);
    } else if (reply->link_kind == UPSTREAM_LINK_MORE && ++op->walked_pages < PAGES_MAX) {
        find_by_name(op, arena_copy(op->arena, reply->link));
    } else {
        miss(op);
    }
}

static void find_by_name(struct op *op, struct str link)
{
    struct upstream_call call = {
        .kind = UPSTREAM_SYNC_FOLDERS,
        .link = link,
        .zone = op->account->zone,
    };

    op->upstream_op = upstream_start(op->account->upstream, &call, false, FOLDER_MS, on_listed, op);
}

static void on_found(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    const struct dialect *dialect = upstream_dialect(op->account->upstream);
    struct upstream_folder folder;
    struct err err = reply->err;

    op->upstream_op = NULL;
    if (err.kind == ERR_NONE && reply->page &&
        dialect->next_folder(reply->page, op->arena, &folder, &err)) {
        adopt(op, &folder);
    } else if (err.kind != ERR_NONE && err.kind != ERR_INVALID) {
        loop_timer_start(&op->lookup, LOOK_AGAIN_MS);
    } else { /* this service may have dropped the marker, or not search by it */
        find_by_name(op, S(""));
    }
}

static void look(void *arg)
{
    struct op *op = arg;
    struct upstream_call call = {
        .kind = UPSTREAM_FIND_FOLDER,
        .marker = op->marker,
        .name = op->body,
        .zone = op->account->zone,
    };

    op->walked_pages = 0;
    if (op->engine->is_stopping) {
        return;
    }
    if (op->marker.n == 0) {
        find_by_name(op, S(""));
    } else {
        op->upstream_op =
            upstream_start(op->account->upstream, &call, false, FOLDER_MS, on_found, op);
    }
}

static void note(struct op *op);

static void on_made(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    struct err err = reply->err;

    op->upstream_op = NULL;
    if (err.kind == ERR_NONE) {
        op->account->lacks_markers |= op->marker.n == 0; /* refused with it, taken without */
        adopt(op, &reply->folder);
    } else if (reply->is_unclear) {
        op->state = OP_UNCLEAR;
        engine_op_ended(op->engine);
        answer_busy(op, &err);
        loop_timer_start(&op->lookup, 0);
    } else if (err.kind == ERR_INVALID && op->marker.n > 0) {
        op->marker = S(""); /* perhaps it takes no extended properties: once more without */
        note(op);
    } else {
        if (err.kind == ERR_CONFLICT) {
            err.kind = ERR_INVALID; /* the name is taken there: trying again will not help */
        }
        give_up(op, &err);
    }
}

static bool note_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct store_operation row = {
        .account = op->account_id,
        .kind = OP_MAKE_FOLDER,
        .href = op->href,
        .document = op->body,
        .wanted = op->properties,
        .marker = op->marker,
        .created_s = clock_now_s(),
    };

    if (op->row_id != 0 && !store_operation_remove(db, row.account, op->row_id, err)) {
        return false;
    }
    return store_operation_add(db, &row, &op->row_id, err);
}

static void note_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct upstream_call call = {
        .kind = UPSTREAM_CREATE_FOLDER, .marker = op->marker, .name = op->body
    };
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind != ERR_NONE) {
        answer_busy(op, &err);
        op_end(op);
        return;
    }
    call.zone = op->account->zone;
    op->upstream_op = upstream_start(op->account->upstream, &call, false, FOLDER_MS, on_made, op);
}

/** Write it down, then send it. */
static void note(struct op *op)
{
    op_job(op, true, note_run, note_done);
}

static struct op *make_op(struct account *account, struct str slug, struct str name)
{
    struct op *op = op_new(account, NULL, OP_MAKE_FOLDER);

    op->state = OP_RUNNING;
    op->href = arena_copy(op->arena, slug);
    op->body = arena_copy(op->arena, name);
    loop_timer_init(&op->lookup, account->engine->loop, look, op);
    return op;
}

static struct account *default_account(struct user *user)
{
    struct account *account = user->accounts;

    while (account && !account->is_default) {
        account = account->next;
    }
    return account ? account : user->accounts;
}

static bool slug_is_taken(struct user *user, struct str slug)
{
    for (struct account *account = user->accounts; account; account = account->next) {
        for (struct collection *c = account->collections; c; c = c->next) {
            if (str_eq(text_str(&c->slug), slug)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_being_made(const struct user *user, struct str slug)
{
    for (const struct account *account = user->accounts; account; account = account->next) {
        for (const struct op *op = account->folder_ops; op; op = op->next) {
            if (str_eq(op->href, slug)) {
                return true;
            }
        }
    }
    return false;
}

void sync_make_collection(struct engine *engine, struct user *user, struct str slug,
    struct str name, const struct sync_property *properties, size_t property_count, sync_cb *cb,
    void *arg)
{
    struct account *account = default_account(user);
    char marker[SECRET_ID_TEXT];
    struct err err = err_none;
    struct op *op;

    if (slug_is_taken(user, slug)) {
        err_set(&err, ERR_CONFLICT, "there is a list at this address");
        sync_refuse_later(engine, SYNC_EXISTS, &err, cb, arg);
        return;
    }
    if (is_being_made(user, slug)) { /* and may not come to be: the client has to ask again */
        err_set(&err, ERR_BUSY, "a list is being made at this address");
        err.retry_after_s = 10;
        sync_refuse_later(engine, SYNC_BUSY, &err, cb, arg);
        return;
    }
    if (!account || account->is_read_only) {
        err_set(&err, ERR_DENIED,
            account ? "this account is read-only"
                    : "no account is linked: run 'duedav account link'");
        sync_refuse_later(engine, SYNC_READ_ONLY, &err, cb, arg);
        return;
    }
    if (!account->upstream || engine->is_stopping) {
        err_set(&err, ERR_BUSY, "the service can't be reached now");
        err.retry_after_s = 10;
        sync_refuse_later(engine, SYNC_BUSY, &err, cb, arg);
        return;
    }
    op = make_op(account, slug, name);
    op->properties = properties_format(properties, property_count, op->arena);
    op->cb = cb;
    op->arg = arg;
    secret_random_id(marker);
    op->marker = op->account->lacks_markers ? S("") : arena_copy(op->arena, str_from(marker));
    note(op);
}

static void op_resume_folder(struct account *account, const struct store_operation *row)
{
    struct op *op = make_op(account, row->href, row->document);

    op->state = OP_UNCLEAR;
    engine_op_ended(account->engine);
    op->row_id = row->id;
    op->marker = arena_copy(op->arena, row->marker);
    op->properties = arena_copy(op->arena, row->wanted);
    loop_timer_start(&op->lookup, 0);
}

void ops_resume(struct account *account, const struct store_operation *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct collection *c = account->collections;

        while (c && c->id != rows[i].collection) {
            c = c->next;
        }
        if (!account->upstream) {
            continue; /* stays open until its service is configured again */
        }
        if (rows[i].kind == OP_MAKE_FOLDER) {
            op_resume_folder(account, &rows[i]);
        } else if (c) {
            op_resume(account, c, &rows[i]);
        }
    }
}
