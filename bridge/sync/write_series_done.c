#include "bridge/sync/write_series_internal.h"

void step_skip(struct op *op)
{
    struct map_plan *plan = &op->plan;
    task_fields fields = F(DUE) | (plan->wanted.start.is_set ? F(START) : 0);

    if (!plan->is_driven) {
        fields |= F(RECURRENCE);
    }
    plan->fields |= fields;
    task_apply(&plan->expected, &plan->wanted, fields);
}

static bool is_behind(const struct op *op)
{
    const struct task *task = &op->onward.task;
    int32_t day = task->start.is_set ? task->start.day : task->due.day;

    return !op->plan.is_driven && task->status != TASK_DONE && op->onward.id.n > 0 &&
           op->plan.wanted.recurrence.is_set && day < step_of(op)->to_day;
}

/** The copy that waited for it. */
static bool bind_copy(struct op *op, struct err *err)
{
    struct map_context context = op_context(op);
    const struct map_step *step = step_of(op);
    struct task task = op->done.task;
    bool is_same;

    task.recurrence = (struct task_recurrence){ 0 };
    task.reminder = step->task.reminder;
    op->done_row = op->other;
    if (!map_merge(step->document, &step->task, &task, &context, &op->done_row.document, err)) {
        return false;
    }
    is_same = str_eq(op->done_row.document, op->other.document);
    op->done_row.upstream_id = op->done.id;
    op->done_row.upstream_etag = op->done.etag;
    op->done_row.round = op->collection->round;
    op->done_row.written_s = op->done_row.modified_s = clock_now_s();
    op->done_row.replaced_etag = is_same ? op->other.replaced_etag : S(MOVED_ON);
    op->has_done_row = true;
    return version_next(
        op->collection, &op->done_row, &op->done.task, !is_same, &context, &op->done_version, err);
}

/** The resource of what left the series. */
static bool make_done_row(struct op *op, struct err *err)
{
    struct map_context context = op_context(op);
    const struct map_step *step = step_of(op);
    struct task task = op->done.task;
    struct map_object object = { 0 };
    enum map_fault fault;

    if (op->other.id != 0) {
        return bind_copy(op, err);
    }
    task.recurrence = (struct task_recurrence){ 0 };
    if (step->document.n && !map_check(step->document, &context, &object, &fault, err)) {
        return false;
    }
    if (object.uid.n == 0 || collection_find_uid(op->collection, object.uid)) {
        object.uid = str_eq(op->done.id, op->row.upstream_id)
                         ? version_done_uid(op->done.id, op->arena)
                         : version_uid(op->done.id, op->arena);
        object.document = map_render_occurrence(&task, op->row.document, object.uid, &context);
    } else {
        task.reminder = step->task.reminder;
        if (!map_merge(step->document, &step->task, &task, &context, &object.document, err)) {
            return false;
        }
    }
    op->done_row = (struct store_resource){
        .account = op->account_id,
        .collection = op->collection_id,
        .href = arena_printf(op->arena, "%.*s.ics", STR_ARG(object.uid)),
        .uid = object.uid,
        .upstream_id = op->done.id,
        .upstream_etag = op->done.etag,
        .document = object.document,
        .round = op->collection->round,
        .written_s = clock_now_s(),
        .modified_s = clock_now_s(),
        .put_hash = S(""),
        .replaced_etag = S(""),
    };
    op->has_done_row = true;
    return version_next(
        op->collection, &op->done_row, &op->done.task, false, &context, &op->done_version, err);
}

static bool is_last(const struct op *op)
{
    return op->step + 1 == op->plan.step_count && op->plan.fields == 0 &&
           step_of(op)->kind != MAP_STEP_ADD_DONE;
}

static void step_settle(struct op *op)
{
    struct err err;

    if (op->done.id.n && !make_done_row(op, &err)) {
        log_error("sync.settle", LOG_TEXT("why", err.text));
        op_become_unclear(op, &err);
        return;
    }
    if (is_behind(op)) {
        step_skip(op);
    }
    if (is_last(op)) {
        op->is_stepping = false;
        op_settle(op, &op->onward);
    } else {
        op_settle_step(op, step_of(op)->kind == MAP_STEP_ADD_DONE ? NULL : &op->onward);
    }
}

static void on_described(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind == ERR_NONE) {
        op->done = step_keep_item(op, &reply->item);
    } else { /* what is missing upstream stays in the document */
        log_warn("write.described", LOG_TEXT("why", reply->err.text));
    }
    step_settle(op);
}

/** What the client said of the completed occurrence, and the service could not know. */
static void describe(struct op *op)
{
    const struct map_step *step = step_of(op);
    struct task wanted = step->task;
    struct upstream_call request = { .kind = UPSTREAM_UPDATE_TASK };

    if (op->done.id.n && step->document.n && step->kind != MAP_STEP_ADD_DONE) {
        request.fields = task_diff(&op->done.task, &step->task) & CONTENT;
        if (!wanted.completed.is_set) {
            request.fields &= ~F(COMPLETED);
        }
        if (request.fields & F(COMPLETED)) {
            request.fields |= F(STATUS);
        }
    }
    if (request.fields == 0) {
        step_settle(op);
        return;
    }
    request.task_id = op->done.id;
    request.etag = op->done.etag;
    request.task = &wanted;
    step_call(op, &request, on_described);
}

/* --- a copy that waits -------------------------------------------------------------------- */

static bool waiting_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);

    return store_resource_waiting(
        db, op->account_id, op->collection_id, op->arena, &op->waiting, &op->waiting_count, err);
}

static bool take_copy(struct op *op, const struct store_resource *row)
{
    struct map_context context = op_context(op);
    struct map_object object = { .document = row->document, .is_verbatim = true, .uid = row->uid };
    struct map_step *step = &op->plan.steps[op->step];
    struct map_plan creation;
    struct err err;

    if (op_is_being_written(op, row->href) || !map_is_copy(&object, op->row.document, &context) ||
        !map_plan_create(&object, &context, &creation, &err)) {
        return false;
    }
    op->other = *row;
    step->document = row->document;
    step->task = creation.wanted;
    return true;
}

static void waiting_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind != ERR_NONE) {
        op_become_unclear(op, &err);
        return;
    }
    for (size_t i = 0; i < op->waiting_count && op->other.id == 0; i++) {
        take_copy(op, &op->waiting[i]);
    }
    describe(op);
}

void step_done(struct op *op)
{
    const struct map_step *step = step_of(op);

    if (step->kind == MAP_STEP_COMPLETE && op->done.id.n && step->document.n == 0) {
        op_job(op, false, waiting_run, waiting_done); /* the client may have said it elsewhere */
    } else {
        describe(op);
    }
}
