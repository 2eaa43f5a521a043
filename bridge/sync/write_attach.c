#include "bridge/sync/op_internal.h"

#include "bridge/sync/op_attach.h"

enum {
    ATTACH_MS = 120 * 1000, /**< a large file takes its time */
    READ_MS = 20 * 1000,
    INLINE_MAX = 1024 * 1024, /**< what stays with the document when the service refuses it */
    OURS_MAX = 20,            /**< files of one name that are read back to find ours */
};

struct op_attach *op_attach_of(struct op *op)
{
    if (!op->attach) {
        op->attach = arena_alloc(op->arena, sizeof(*op->attach));
    }
    return op->attach;
}

static struct attach_step *step_of(const struct op *op)
{
    return &op->attach->steps[op->attach->position];
}

bool op_is_attaching(const struct op *op)
{
    return op->attach && op->attach->is_under_way;
}

/* --- one step after the other ------------------------------------------------------------- */

static void fetch_source(struct op *op);

/** Is there nothing left to do in this step? */
static bool is_done(struct op *op)
{
    const struct attach_step *step = step_of(op);
    const struct task_attachment *have;

    if (step->is_lost) {
        return true;
    }
    if (step->is_removal) {
        return !task_find_attachment(&op->base, step->id);
    }
    have = map_find_content(&op->base, &step->upload.attachment);
    if (have) {
        op->attach->made_id = map_managed_id(have->id, op->arena);
    }
    return have != NULL;
}

bool op_attach_next(struct op *op)
{
    struct op_attach *attach = op->attach;

    while (attach && attach->position < attach->count && is_done(op)) {
        attach->position++;
    }
    if (!attach || attach->position >= attach->count) {
        op_finish(op);
        return false;
    }
    attach->made = (struct task_attachment){ 0 };
    if (op->cb) {
        loop_timer_start(&op->deadline, ATTACH_MS);
    }
    if (step_of(op)->upload.source.n > 0) {
        fetch_source(op);
        return true;
    }
    attach->is_under_way = true;
    op_begin(op);
    return true;
}

void op_attach_describe(const struct op *op, struct store_operation *row)
{
    const struct attach_step *step = step_of(op);
    struct task task;

    task_init(&task);
    if (!step->is_removal) {
        task.attachments = (struct task_attachment *)&step->upload.attachment;
        task.attachment_count = 1;
    }
    row->kind = step->is_removal ? OP_DETACH : OP_ATTACH;
    row->uid = op->row.uid;
    row->document = row->expected = S("");
    row->wanted = version_base(&task, op->arena);
    row->fields = 0;
    row->marker = step->id;
}

/** The rows of a step that is known to be over go; what it wanted does not come. */
static void end_step(struct op *op, const struct task *returned, struct str document)
{
    op->attach->is_under_way = false;
    op->attach->returned = *returned;
    op_settle_attachment(op, &op->attach->returned, document);
}

/** The step is done upstream: the document and the base say so. item: the task as it is now, or
 * NULL when it could not be read. */
static void settle_step(struct op *op, const struct upstream_item *item)
{
    struct op_attach *attach = op->attach;
    const struct attach_step *step = step_of(op);
    struct map_context context = op_context(op);
    struct map_upload fresh = step->upload;
    struct task fields, returned;
    struct str document = op->row.document;
    struct err err;

    task_copy(op->arena, &op->base, &fields);
    if (item) {
        task_apply(&fields, &item->task, item->task.present);
        fields.modified_us = item->task.modified_us;
        task_adopt_days(&fields, &op->base);
        op->row.upstream_etag = arena_copy(op->arena, item->etag);
    }
    returned = fields;
    returned.knows_attachments = true;
    if (step->is_removal) {
        task_drop_attachment(&returned, step->id, op->arena);
    } else {
        fresh.attachment = attach->made;
        task_add_attachment(&returned, &attach->made, op->arena);
    }
    returned.has_attachments = returned.attachment_count > 0;
    if (!map_merge(op->row.document, &op->base, &fields, &context, &document, &err) ||
        !map_merge_attachments(document, &op->base, &returned, &fresh, &context, &document, &err)) {
        log_warn("write.unmergeable", LOG_INT("operation", op->row_id), LOG_TEXT("why", err.text));
        document = op->row.document;
    }
    task_copy(op->arena, &returned, &returned);
    end_step(op, &returned, arena_copy(op->arena, document));
}

static void on_task(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    settle_step(op, reply->err.kind == ERR_NONE ? &reply->item : NULL);
}

/** What was added or removed gave the task another etag, and perhaps it has changed besides. */
static void read_task(struct op *op)
{
    struct upstream_call call = {
        .kind = UPSTREAM_GET_TASK,
        .folder_id = text_str(&op->collection->upstream_id),
        .task_id = op->upstream_id,
        .zone = op->account->zone,
    };

    op->upstream_op = upstream_start(op->account->upstream, &call, false, READ_MS, on_task, op);
}

static void on_made(struct op *op, const struct task_attachment *made)
{
    const struct task_attachment *sent = &step_of(op)->upload.attachment;
    struct task copy = { .attachments = (struct task_attachment *)made, .attachment_count = 1 };

    task_copy(op->arena, &copy, &copy);
    op->attach->made = copy.attachments[0];
    op->attach->made.kind = sent->kind;
    op->attach->made.name = sent->name;
    op->attach->made.hash = sent->hash;
    if (sent->kind == TASK_ATTACHED_LINK) {
        op->attach->made.url = sent->url;
    } else {
        op->attach->made.bytes = sent->bytes;
        op->attach->made.type = sent->type.n > 0 ? sent->type : op->attach->made.type;
    }
    op->attach->made_id = map_managed_id(op->attach->made.id, op->arena);
    read_task(op);
}

/* --- what the service refuses ------------------------------------------------------------- */

/** A small one stays inline with the client's document, as all that the service has no place for.
 */
static bool stays_inline(const struct op *op)
{
    const struct map_upload *upload = &step_of(op)->upload;

    return op->attach->is_put && upload->source.n == 0 && upload->content.n < INLINE_MAX;
}

static void on_refused(struct op *op, const struct err *err)
{
    struct map_context context = op_context(op);
    const struct map_upload *upload = &step_of(op)->upload;
    struct str document = op->row.document;
    struct err ignored;

    log_warn("write.attachment_refused", LOG_INT("code", err->code), LOG_TEXT("why", err->text));
    if (upload->attachment.kind == TASK_ATTACHED_LINK ||
        (stays_inline(op) &&
            map_put_inline(op->row.document, upload, &context, &document, &ignored))) {
        op->gives_etag = false;
        end_step(op, &op->base, document);
        return;
    }
    op->attach->is_under_way = false;
    if (err->code == 413) {
        op_answer_fault(op, MAP_FAULT_ATTACHMENT_SIZE, err);
    }
    op_drop(op, err);
}

static void on_reply(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    const struct attach_step *step = step_of(op);
    struct err err = reply->err;

    op->upstream_op = NULL;
    if (err.kind == ERR_DENIED) {
        account_set_sign_in(op->account, true);
    }
    if (reply->is_unclear) {
        op_become_unclear(op, &err);
    } else if (step->is_removal && (err.kind == ERR_NONE || err.kind == ERR_NOT_FOUND)) {
        read_task(op);
    } else if (err.kind == ERR_NONE) {
        on_made(op, &reply->attachment);
    } else if (err.kind == ERR_INVALID && !step->is_removal) {
        on_refused(op, &err);
    } else {
        op->attach->is_under_way = false;
        if (err.code == 507) {
            op_answer(op, SYNC_FULL, S(""), &err);
        }
        op_drop(op, &err);
    }
}

void op_attach_send(struct op *op)
{
    const struct attach_step *step = step_of(op);
    struct upstream_call call = {
        .kind = step->is_removal ? UPSTREAM_DELETE_ATTACHMENT : UPSTREAM_ADD_ATTACHMENT,
        .folder_id = text_str(&op->collection->upstream_id),
        .task_id = op->upstream_id,
        .attachment_id = step->id,
        .attachment = &step->upload.attachment,
        .content = step->upload.content,
        .zone = op->account->zone,
    };

    op->upstream_op = upstream_start(op->account->upstream, &call, false, ATTACH_MS, on_reply, op);
}

/* --- what became of one whose answer was lost --------------------------------------------- */

static void look_at_next(struct op *op);

static void on_content(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    struct op_attach *attach = op->attach;
    struct err err = reply->err;

    op->upstream_op = NULL;
    if (err.kind != ERR_NONE && err.kind != ERR_NOT_FOUND) {
        op_lookup_failed(op, &err);
        return;
    }
    if (err.kind == ERR_NONE &&
        str_eq(task_content_hash(reply->content, op->arena), step_of(op)->upload.attachment.hash)) {
        on_made(op, &attach->found.attachments[attach->found_position]);
        return;
    }
    attach->found_position++;
    look_at_next(op);
}

/** Of the attachments that no line of ours stands for. */
static void look_at_next(struct op *op)
{
    struct op_attach *attach = op->attach;
    const struct task_attachment *wanted = &step_of(op)->upload.attachment;
    struct upstream_call call = {
        .kind = UPSTREAM_GET_ATTACHMENT,
        .folder_id = text_str(&op->collection->upstream_id),
        .task_id = op->upstream_id,
        .zone = op->account->zone,
    };

    for (; attach->found_position < attach->found.attachment_count; attach->found_position++) {
        const struct task_attachment *found = &attach->found.attachments[attach->found_position];

        if (found->kind != wanted->kind || !str_eq(found->name, wanted->name) ||
            task_find_attachment(&op->base, found->id) || attach->found_position >= OURS_MAX) {
            continue;
        }
        if (found->kind != TASK_ATTACHED_LINK) {
            call.attachment_id = found->id;
            op->upstream_op =
                upstream_start(op->account->upstream, &call, false, ATTACH_MS, on_content, op);
            return;
        }
        if (str_eq(found->url, wanted->url)) {
            on_made(op, found);
            return;
        }
    }
    op_missed(op);
}

static void on_list(const struct err *err, const struct task *found, void *arg)
{
    struct op *op = arg;
    const struct attach_step *step = step_of(op);

    op->attach->list = NULL;
    if (err->kind == ERR_NOT_FOUND) { /* the task has gone; the next round says so */
        op->misses = 1;
        op_missed(op);
    } else if (err->kind != ERR_NONE) {
        op_lookup_failed(op, err);
    } else if (!step->is_removal) {
        op->attach->found = *found;
        op->attach->found_position = 0;
        look_at_next(op);
    } else if (task_find_attachment(found, step->id)) {
        op_missed(op);
    } else {
        read_task(op);
    }
}

void op_attach_look(struct op *op)
{
    op->attach->list = attachment_list_start(op->account, text_str(&op->collection->upstream_id),
        op->upstream_id, false, READ_MS, op->arena, on_list, op);
}

bool op_attach_resume(struct op *op, const struct store_operation *row, struct err *err)
{
    struct op_attach *attach = op_attach_of(op);
    struct task task;

    if (!task_parse(row->wanted, op->arena, &task, err)) {
        return false;
    }
    op->kind = OP_UPDATE;
    attach->steps = arena_alloc_array(op->arena, 1, sizeof(*attach->steps));
    attach->count = 1;
    attach->is_under_way = true;
    attach->is_put = true;
    attach->steps[0].is_removal = row->kind == OP_DETACH;
    attach->steps[0].id = arena_copy(op->arena, row->marker);
    if (!attach->steps[0].is_removal) {
        if (task.attachment_count == 0) {
            return err_set(err, ERR_INVALID, "an operation without its attachment");
        }
        attach->steps[0].upload.attachment = task.attachments[0];
    }
    return true;
}

void op_attach_abandon(struct op *op)
{
    if (op->attach) {
        attachment_list_abort(&op->attach->list);
    }
}

/* --- content of another task -------------------------------------------------------------- */

static void go_on(struct op *op)
{
    if (op->attach->is_preparing) {
        op_attach_prepare(op);
    } else {
        op_attach_next(op);
    }
}

static void on_source(const struct sync_result *result, void *arg)
{
    struct op_source *source = arg;
    struct op *op = source->op;
    struct attach_step *step;
    struct err err;

    mem_free(source);
    if (!op) {
        return; /* abandoned */
    }
    op->source = NULL;
    step = step_of(op);
    if (result->outcome == SYNC_READ && !op_hold_bytes(op, result->content.n, &err)) {
        op_drop(op, &err);
    } else if (result->outcome == SYNC_READ) {
        step->upload.source = S("");
        step->upload.content = arena_copy(op->arena, result->content);
        step->upload.attachment.bytes = (int64_t)result->content.n;
        step->upload.attachment.hash = task_content_hash(step->upload.content, op->arena);
        go_on(op);
    } else if (result->outcome == SYNC_FORBIDDEN) {
        op_answer(op, SYNC_FORBIDDEN, S(""), &result->err);
        op_drop(op, &result->err);
    } else if (result->outcome == SYNC_NOT_FOUND) {
        log_warn("write.attachment_lost", LOG_TEXT("why", result->err.text));
        step->upload.source = S("");
        step->is_lost = true; /* nobody has it any more */
        go_on(op);
    } else {
        err = result->err;
        op_drop(op, &err);
    }
}

/** It must be this user's own. */
static void fetch_source(struct op *op)
{
    const struct engine_addresses *addresses = &op->engine->addresses;
    struct op_source *source = mem_alloc(sizeof(*source));
    struct collection *collection = NULL;
    struct str part[4] = { { 0 } };

    source->op = op;
    op->source = source;
    if (addresses->parse(step_of(op)->upload.source, op->arena, part, addresses->arg) &&
        str_eq(part[0], text_str(&op->account->user->name))) {
        collection = user_find_collection(op->account->user, part[1]);
    }
    if (!collection) {
        struct err err;

        err_set(&err, ERR_NOT_FOUND, "there is no such list");
        sync_refuse_later(op->engine, SYNC_NOT_FOUND, &err, on_source, source);
        return;
    }
    sync_read_attachment(op->engine, collection, part[2], part[3], on_source, source);
}

void op_attach_prepare(struct op *op)
{
    struct op_attach *attach = op->attach;

    while (attach && attach->position < attach->count && step_of(op)->upload.source.n == 0) {
        attach->position++;
    }
    if (attach && attach->position < attach->count) {
        attach->is_preparing = true;
        if (op->cb) {
            loop_timer_start(&op->deadline, ATTACH_MS);
        }
        fetch_source(op);
        return;
    }
    if (attach) {
        attach->is_preparing = false;
        attach->position = 0;
    }
    op_begin(op);
}
