#include "bridge/sync/op_internal.h"

#include "bridge/core/civil.h"

/**
 * [sync] sign_in_task: a task in the default list that tells that the account needs a new sign-in.
 * It is a row that no client wrote and that no task upstream stands behind, so rounds never see it
 * and nothing sends it; reading is as of any other. It comes and goes in the transaction that saves
 * the account's state: dismissed (deleted, or ticked off), it stays away until the next trouble.
 */
#define NOTICE_HREF "duedav-sign-in.ics"
#define NOTICE_UID  "duedav-sign-in-"

static bool is_notice(const struct store_resource *row)
{
    return row->upstream_id.n == 0 && row->put_hash.n == 0;
}

static bool entry_is_notice(const struct resource *resource)
{
    const struct entry *entry = CONTAINER_OF(resource, struct entry, resource);

    return entry->is_waiting && entry->put_hash.n == 0;
}

bool notice_owns(struct str href, struct str uid)
{
    return str_eq(href, S(NOTICE_HREF)) || str_has_prefix(uid, S(NOTICE_UID));
}

/* --- its text ----------------------------------------------------------------------------- */

static struct str last_read(const struct account *account, struct arena *arena)
{
    struct civil at = civil_from_seconds(account->round_ended_s);

    return account->round_ended_s == 0
               ? S("when duedav could last read them")
               : arena_printf(arena, "on %04d-%02d-%02d at %02d:%02d UTC", (int)at.year,
                     (int)at.month, (int)at.day, (int)at.hour, (int)at.minute);
}

static void write_task(const struct account *account, struct arena *arena, struct task *out)
{
    task_init(out);
    out->title = arena_printf(
        arena, "duedav needs you to sign in again (%.*s)", STR_ARG(text_str(&account->label)));
    out->body.content = arena_printf(arena,
        "The service refuses the access that duedav was given to this account. You see its tasks "
        "as they were %.*s, and changes to them are not taken.\n\n"
        "Whoever runs the server has to link the account again:\n"
        "duedav account link %.*s --upstream %.*s\n\n"
        "This task goes by itself then. Delete it or tick it off to be told no more until it "
        "happens again.",
        STR_ARG(last_read(account, arena)), STR_ARG(text_str(&account->user->name)),
        STR_ARG(text_str(&account->upstream_name)));
    out->priority = 1;
    out->modified_us = clock_now_us();
}

/* --- it comes and goes -------------------------------------------------------------------- */

static const struct collection *default_list(const struct account *account)
{
    const struct collection *c = account->collections;

    while (c && !c->is_default) {
        c = c->next;
    }
    return c;
}

static bool plan_show(struct account *account, struct arena *arena, struct notice *out)
{
    const struct collection *c = default_list(account);
    struct map_context context;
    struct task task;
    struct err err;

    if (!account->engine->options.sign_in_task || !account->service || !c) {
        return false;
    }
    account_map_context(account, arena, &context);
    write_task(account, arena, &task);
    out->row = (struct store_resource){
        .account = account->id,
        .collection = c->id,
        .href = S(NOTICE_HREF),
        .uid = arena_printf(arena, NOTICE_UID "%.*s", STR_ARG(text_str(&c->slug))),
        .upstream_id = S(""),
        .upstream_etag = S(""),
        .round = c->round,
        .modified_s = out->now_s,
        .put_hash = S(""),
        .replaced_etag = S(""),
    };
    out->row.document = map_render(&task, out->row.uid, &context);
    if (!version_next(c, &out->row, &task, false, &context, &out->version, &err)) {
        log_error("account.notice", LOG_INT("account", account->id), LOG_TEXT("why", err.text));
        return false;
    }
    out->row.due_s = 0; /* nobody looks after it */
    return true;
}

void notice_plan(
    struct account *account, enum notice_change change, struct arena *arena, struct notice *out)
{
    *out = (struct notice){
        .account = account->id,
        .change = change,
        .run = str_from(account->engine->run),
        .now_s = clock_now_s(),
        .arena = arena,
    };
    if (change == NOTICE_SHOW && !plan_show(account, arena, out)) {
        out->change = NOTICE_LEAVE;
    }
}

static bool show(struct notice *notice, struct store_db *db, struct err *err)
{
    struct store_resource *row = &notice->row;
    bool is_taken;

    if (!store_resource_is_taken(
            db, row->account, row->collection, row->href, row->uid, &is_taken, err)) {
        return false;
    }
    if (is_taken) {
        return true;
    }
    if (!store_change_next(db, row->account, row->collection, notice->run, &row->change, err)) {
        bool is_gone = err->kind == ERR_NOT_FOUND;

        *err = is_gone ? err_none : *err;
        return is_gone;
    }
    notice->is_changed = true;
    return store_resource_put(db, row, &row->id, err) &&
           store_version_add(
               db, row->account, row->collection, row->id, &notice->version, VERSIONS_KEPT, err);
}

/** From one list. It may be gone already. */
static bool drop(struct store_db *db, int64_t account, int64_t collection, int64_t now_s,
    struct str run, struct arena *arena, struct store_resource *row, bool *is_dropped_out,
    struct err *err)
{
    bool is_found;

    if (!store_resource_find(db, account, collection, S(NOTICE_HREF), arena, row, &is_found, err)) {
        return false;
    }
    *is_dropped_out = is_found && is_notice(row);
    if (!*is_dropped_out) {
        return true;
    }
    row->is_removed = true;
    row->modified_s = now_s;
    row->document = row->etag = S("");
    return store_change_next(db, account, collection, run, &row->change, err) &&
           store_resource_bury(db, account, collection, row->id, row->change, now_s, err);
}

/** Wherever it is: another list may be the default one by now. */
static bool drop_anywhere(struct notice *notice, struct store_db *db, struct err *err)
{
    struct store_collection *lists;
    size_t count;

    if (!store_collection_list(db, notice->account, notice->arena, &lists, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count && !notice->is_changed; i++) {
        if (!drop(db, notice->account, lists[i].id, notice->now_s, notice->run, notice->arena,
                &notice->row, &notice->is_changed, err)) {
            return false;
        }
    }
    return true;
}

bool notice_save(struct notice *notice, struct store_db *db, struct err *err)
{
    switch (notice->change) {
    case NOTICE_LEAVE:
        return true;
    case NOTICE_SHOW:
        return show(notice, db, err);
    case NOTICE_DROP:
        return drop_anywhere(notice, db, err);
    }
    return err_set(err, ERR_INTERNAL, "no such change");
}

void notice_saved(struct notice *notice, struct engine *engine)
{
    struct collection *c =
        notice->is_changed ? engine_find_collection(engine, notice->account, notice->row.collection)
                           : NULL;

    if (c) {
        collection_publish(c, &notice->row);
    }
}

/* --- what clients do with it -------------------------------------------------------------- */

static bool dismiss_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);

    return drop(db, op->account_id, op->collection_id, op->result.modified_s,
        str_from(op->engine->run), op->arena, &op->result, &op->is_publishing, err);
}

static void dismiss_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind != ERR_NONE) {
        op_drop(op, &err);
        return;
    }
    if (op->is_publishing) { /* else it went by itself meanwhile */
        collection_publish(op->collection, &op->result);
    }
    op_answer(op, op->outcome, S(""), &err_none);
    op_end(op);
}

static void dismiss(struct op *op, enum sync_outcome outcome)
{
    op->outcome = outcome;
    op->result.modified_s = clock_now_s();
    op_job(op, true, dismiss_run, dismiss_done);
}

static void refuse(struct op *op)
{
    struct err err;

    err_set(&err, ERR_DENIED, "duedav's own task can only be completed or deleted");
    op_answer(op, SYNC_READ_ONLY, S(""), &err);
    op_end(op);
}

bool notice_takes_put(struct op *op, const struct resource *live)
{
    struct map_context context = op_context(op);
    struct task task;
    struct err err;

    if (!notice_owns(op->href, op->object.uid)) {
        return false;
    }
    if (live && entry_is_notice(live) && str_eq(live->uid, op->object.uid) &&
        map_read(op->object.document, &context, &task, &err) && task.status == TASK_DONE) {
        dismiss(op, SYNC_REPLACED);
    } else {
        refuse(op);
    }
    return true;
}

bool notice_takes_delete(struct op *op, const struct resource *live)
{
    if (!entry_is_notice(live)) {
        return false;
    }
    dismiss(op, SYNC_REMOVED);
    return true;
}

bool notice_takes_attach(struct op *op, const struct resource *live)
{
    if (!entry_is_notice(live)) {
        return false;
    }
    refuse(op);
    return true;
}
