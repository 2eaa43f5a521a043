#include "bridge/sync/op_internal.h"

#include "bridge/sync/op_attach.h"

/* --- what a PUT says ---------------------------------------------------------------------- */

bool op_attach_cut(struct op *op, struct err *err)
{
    size_t most = op->engine->options.attachment_bytes;
    struct map_upload *cut = NULL;
    struct str document;
    size_t count;

    if (op->account->service->dialect->attachment_bytes == 0) {
        return true; /* all of it stays here */
    }
    if (!map_cut_attachments(op->body, most, op->arena, &document, &cut, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!op_hold_bytes(op, cut[i].content.n, err)) {
            return false;
        }
    }
    op->body = document;
    if (count > 0) {
        struct op_attach *attach = op_attach_of(op);

        attach->cut = cut;
        attach->cut_count = count;
    }
    return true;
}

/** The client has seen what is served now, and knows what an ATTACH is (mapping.md 2.11). */
static bool may_remove(const struct op *op)
{
    bool has_seen = op->precondition.if_match_count > 0;

    if (!has_seen && op->object.has_rev) {
        has_seen = (int64_t)op->object.rev == op->row.rev || op->meant_rev == op->row.rev;
    }
    return has_seen && user_knows_attachments(op->account->user, op->client);
}

static void add_steps(struct op *op, const struct map_attach_plan *plan)
{
    struct op_attach *attach;

    if (plan->upload_count + plan->removed_count == 0) {
        return;
    }
    attach = op_attach_of(op);
    attach->is_put = true;
    attach->count = attach->position = 0;
    attach->steps = arena_alloc_array(
        op->arena, plan->upload_count + plan->removed_count, sizeof(*attach->steps));
    for (size_t i = 0; i < plan->upload_count; i++) {
        attach->steps[attach->count++] = (struct attach_step){ .upload = plan->uploads[i] };
    }
    for (size_t i = 0; i < plan->removed_count; i++) {
        attach->steps[attach->count++] =
            (struct attach_step){ .is_removal = true, .id = plan->removed[i] };
    }
}

static bool has_source(const struct map_attach_plan *plan)
{
    for (size_t i = 0; i < plan->upload_count; i++) {
        if (plan->uploads[i].source.n > 0) {
            return true;
        }
    }
    return false;
}

/** base: what the service has; current: what is served, or empty. *document: to be stored. */
static bool plan(struct op *op, const struct task *base, struct str current, bool removes,
    struct str *document, struct err *err)
{
    const struct dialect *dialect = op->account->service->dialect;
    struct map_context context = op_context(op);
    struct map_attach_plan planned;
    size_t cut_count = op->attach ? op->attach->cut_count : 0;

    if (dialect->attachment_bytes == 0 && !map_mentions_attachments(*document)) {
        return true;
    }
    if (!map_plan_attachments(*document, current, base, op->attach ? op->attach->cut : NULL,
            cut_count, removes, dialect->attaches_links, &context, &planned, err)) {
        return false;
    }
    if (dialect->attachment_bytes == 0) {
        return !has_source(&planned) ||
               err_set(err, ERR_INVALID, "the service holds no attachments, and the task has some");
    }
    *document = planned.document;
    if (planned.has_lines) {
        user_note_attachments(op->account->user, op->client);
    }
    add_steps(op, &planned);
    return true;
}

bool op_attach_plan(struct op *op, bool is_new, struct err *err)
{
    struct str document = op->plan.document;
    struct task nothing;

    task_init(&nothing);
    if (!plan(op, is_new ? &nothing : &op->base, is_new ? S("") : op->row.document,
            !is_new && may_remove(op), &document, err)) {
        return false;
    }
    op->plan.is_verbatim = op->plan.is_verbatim && document.p == op->plan.document.p &&
                           !(op->attach && op->attach->cut_count > 0);
    op->plan.document = document;
    op->plan.expected.knows_attachments = op->plan.expected.knows_attachments || is_new;
    return true;
}

bool op_attach_replay(struct op *op, struct err *err)
{
    struct str document = op->object.document;

    op->upstream_id = op->row.upstream_id;
    op->replaced_etag = op->row.etag;
    op->kind = OP_UPDATE;
    op->result = op->row;
    return task_parse(op->row.base, op->arena, &op->base, err) &&
           plan(op, &op->base, S(""), false, &document, err);
}

/* --- what a POST says --------------------------------------------------------------------- */

static void refuse(struct op *op, enum map_fault fault, const char *why)
{
    struct err err;

    err_set(&err, ERR_INVALID, "%s", why);
    op_answer_fault(op, fault, &err);
    op_forget(op);
}

/** Steps of the POST; false: it was refused. */
static bool plan_asked(struct op *op)
{
    struct op_attach *attach = op->attach;
    const struct sync_attachment *asked = &attach->asked;
    const struct task_attachment *known = map_find_managed(&op->base, asked->managed_id, op->arena);
    struct attach_step add = { .upload = {
        .attachment = {
            .kind = TASK_ATTACHED_FILE,
            .name = map_file_name(asked->name, op->arena),
            .type = map_media_type(asked->type, op->arena),
            .bytes = (int64_t)asked->content.n,
            .hash = task_content_hash(asked->content, op->arena),
        },
        .content = asked->content,
    } };

    if (asked->action != SYNC_ATTACH_ADD && (!known || known->kind == TASK_ATTACHED_ITEM)) {
        refuse(op, MAP_FAULT_MANAGED_ID, "there is no such attachment");
        return false;
    }
    if (asked->action == SYNC_ATTACH_ADD && op->base.attachment_count >= SYNC_ATTACHMENTS_MAX &&
        !map_find_content(&op->base, &add.upload.attachment)) {
        refuse(op, MAP_FAULT_ATTACHMENT_COUNT, "the task has too many attachments");
        return false;
    }
    if (asked->action == SYNC_ATTACH_UPDATE && asked->name.n == 0) {
        add.upload.attachment.name = known->name; /* the file goes on under its name */
    }
    attach->steps = arena_alloc_array(op->arena, 2, sizeof(*attach->steps));
    if (asked->action != SYNC_ATTACH_REMOVE) {
        attach->steps[attach->count++] = add;
    }
    if (asked->action != SYNC_ATTACH_ADD) {
        bool is_same = known == map_find_content(&op->base, &add.upload.attachment);

        if (asked->action == SYNC_ATTACH_REMOVE || !is_same) {
            attach->steps[attach->count++] =
                (struct attach_step){ .is_removal = true, .id = known->id };
        }
    }
    return true;
}

static bool read_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    bool is_found;

    return store_resource_find(
        db, op->account_id, op->collection_id, op->href, op->arena, &op->row, &is_found, err);
}

static void read_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind == ERR_NONE && !task_parse(op->row.base, op->arena, &op->base, &err)) {
        err.kind = ERR_INTERNAL;
    }
    if (err.kind != ERR_NONE) {
        log_error("store.read", LOG_TEXT("why", err.text));
        op_drop(op, &err);
        return;
    }
    op->kind = OP_UPDATE;
    op->upstream_id = op->row.upstream_id;
    op->object.uid = op->row.uid;
    op->result = op->row;
    op->outcome = SYNC_REPLACED;
    op->gives_etag = true;
    if (!plan_asked(op)) {
        return;
    }
    if (op->attach->asked.action == SYNC_ATTACH_ADD) {
        op->outcome = SYNC_CREATED;
    }
    op_attach_next(op);
}

void op_start_attach(struct op *op)
{
    struct resource *live = collection_find(op->collection, op->href);
    struct err err;

    if (op->attach->held_err.kind != ERR_NONE) {
        op_answer(op, SYNC_BUSY, S(""), &op->attach->held_err);
        op_end(op);
    } else if (!live) {
        err_set(&err, ERR_NOT_FOUND, "there is no such object");
        op_answer(op, SYNC_NOT_FOUND, S(""), &err);
        op_end(op);
    } else if (!precondition_holds(&op->precondition, live->etag)) {
        err_set(&err, ERR_CONFLICT, "the object is not what the precondition says");
        op_answer(op, SYNC_PRECONDITION, live->etag, &err);
        op_end(op);
    } else if (!notice_takes_attach(op, live)) {
        op_job(op, false, read_run, read_done);
    }
}
