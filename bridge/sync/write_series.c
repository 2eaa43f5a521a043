#include "bridge/sync/op_internal.h"

#include "bridge/core/civil.h"

/**
 * What a PUT does to a series beyond a change of fields (mapping.md 5.3, 5.4): the steps of its
 * plan, one after the other. Each is written down, then looked at with a fresh reading of the
 * series' task (M): completing an occurrence is not repeatable, and its date alone tells whether it
 * was done. What a step leaves are two tasks: the one that it took out of the series (X), which
 * gets a resource of its own, and the one with which the series goes on (N). Either may have M's
 * id.
 */
enum {
    CALL_MS = 20 * 1000
};

#define F(field) TASK_FIELD(TASK_##field)
/** What of a completed occurrence the client may have said, and the service takes. */
#define CONTENT                                                                             \
    (F(TITLE) | F(BODY) | F(PRIORITY) | F(SENSITIVITY) | F(COMPLETED) | F(START) | F(DUE) | \
        F(CATEGORIES))

static void step_begin(struct op *op);
static void step_done(struct op *op);

static const struct map_step *step_of(const struct op *op)
{
    return &op->plan.steps[op->step];
}

static bool is_driven_completion(const struct op *op)
{
    return op->plan.is_driven && step_of(op)->kind == MAP_STEP_COMPLETE;
}

static const struct dialect *dialect_of(const struct op *op)
{
    return upstream_dialect(op->account->upstream);
}

static void call(struct op *op, struct upstream_call *call, upstream_cb *cb)
{
    if (!dialect_of(op)->sends_if_match) {
        call->etag = S("");
    }
    call->folder_id = text_str(&op->collection->upstream_id);
    call->zone = op->account->zone;
    op->upstream_op = upstream_start(op->account->upstream, call, false, CALL_MS, cb, op);
}

/** A copy that outlives the reply, its days read as the base's are. */
static struct upstream_item keep_item(const struct op *op, const struct upstream_item *item)
{
    struct upstream_item kept = *item;

    kept.id = arena_copy(op->arena, item->id);
    kept.etag = arena_copy(op->arena, item->etag);
    task_copy(op->arena, &item->task, &kept.task);
    task_adopt_days(&kept.task, &op->base);
    return kept;
}

/** The step failed, or nobody knows. */
static void step_failed(struct op *op, const struct upstream_reply *reply)
{
    struct err err = reply->err;

    if (err.kind == ERR_DENIED) {
        account_set_sign_in(op->account, true);
    }
    if (err.kind == ERR_NOT_FOUND) {
        op->is_stepping = false;
        op_vanished(op);
    } else if (reply->is_unclear || op->state == OP_UNCLEAR) {
        op_become_unclear(op, &err);
    } else {
        op_drop(op, &err);
    }
}

/* --- who is who --------------------------------------------------------------------------- */

/** The occurrence of the step is still the series' current one. */
static bool is_current(const struct op *op, const struct task *task)
{
    return task->status != TASK_DONE && task_field_eq(task, &op->base, TASK_DUE) &&
           task_field_eq(task, &op->base, TASK_START);
}

/** X of a native series. */
static bool is_taken_out(const struct op *op, const struct task *task)
{
    if (step_of(op)->kind == MAP_STEP_MOVE) {
        return task->status != TASK_DONE && !task->recurrence.is_set &&
               str_eq(task->title, op->base.title) &&
               task_field_eq(task, &step_of(op)->task, TASK_DUE);
    }
    return task->status == TASK_DONE && str_eq(task->title, op->base.title) &&
           task_field_eq(task, &op->base, TASK_DUE);
}

/** N of a native series. */
static bool is_next(const struct op *op, const struct task *task)
{
    const struct task_recurrence *a = &op->base.recurrence;
    const struct task_recurrence *b = &task->recurrence;

    return task->status != TASK_DONE && b->is_set && str_eq(task->title, op->base.title) &&
           task->due.day > op->base.due.day && a->pattern == b->pattern &&
           a->interval == b->interval && a->weekdays == b->weekdays;
}

/** Found to be another resource's: a series that looks like this one. */
static bool is_foreign(const struct op *op, struct str id)
{
    for (const struct candidate *other = op->candidates; other; other = other->next) {
        if (str_eq(other->id, id)) {
            return true;
        }
    }
    return false;
}

/** Of several the next to come; but the task itself, if it is still in the series. */
static bool is_better(const struct op *op, const struct upstream_item *item)
{
    return op->onward.id.n == 0 || str_eq(item->id, op->upstream_id) ||
           (!str_eq(op->onward.id, op->upstream_id) &&
               item->task.due.day < op->onward.task.due.day);
}

static void note_item(struct op *op, const struct upstream_item *item)
{
    struct upstream_item kept = keep_item(op, item);

    if (is_foreign(op, item->id)) {
        return;
    }
    if (is_taken_out(op, &kept.task)) {
        op->done = kept;
    } else if (is_next(op, &kept.task) && is_better(op, &kept)) {
        op->onward = kept;
    }
}

static bool note_page(struct op *op, struct upstream_reply *reply, struct err *err)
{
    const struct dialect *dialect = upstream_dialect(op->account->upstream);
    struct upstream_item item;

    *err = (struct err){ 0 };
    while (reply->page && dialect->next_item(reply->page, op->arena, &item, err)) {
        if (!item.is_removed) {
            note_item(op, &item);
        }
    }
    return err->kind == ERR_NONE;
}

/* --- looking for X and N ------------------------------------------------------------------ */

/** The series stands elsewhere, and no task says that its occurrence was dealt with: it was
 * rescheduled. Upstream wins. */
static void step_overtaken(struct op *op)
{
    struct map_context context = op_context(op);
    struct str current;
    struct err err;

    op->is_stepping = false;
    if (!map_merge(op->row.document, &op->base, &op->fresh.task, &context, &current, &err)) {
        op_drop(op, &err);
        return;
    }
    op_settle_conflict(op, &op->fresh.task, op->fresh.etag, current);
}

static void search(struct op *op, struct str link);
static void search_all(struct op *op);

static bool owner_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct store_resource row;

    return store_resource_find_upstream(db, op->account_id, op->collection_id, op->onward.id,
        op->arena, &row, &op->candidates->is_owned, err);
}

static void owner_done(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    struct err err = base->err;

    if (!op_job_ended(op)) {
        return;
    }
    if (err.kind != ERR_NONE) {
        op_become_unclear(op, &err);
    } else if (op->candidates->is_owned) { /* it stays on the list of those that are foreign */
        op->onward = (struct upstream_item){ 0 };
        search_all(op);
    } else {
        op->candidates = op->candidates->next;
        step_done(op);
    }
}

/** N is a task that nobody knows yet, or M itself. */
static void check_owner(struct op *op)
{
    struct candidate *candidate;

    if (str_eq(op->onward.id, op->upstream_id)) {
        step_done(op);
        return;
    }
    candidate = ARENA_NEW(op->arena, struct candidate);
    *candidate = (struct candidate){ .id = op->onward.id, .next = op->candidates };
    op->candidates = candidate;
    op_job(op, false, owner_run, owner_done);
}

static void on_search(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    bool is_over = reply->link_kind != UPSTREAM_LINK_MORE;

    op->upstream_op = NULL;
    if (reply->is_forgotten) {
        search_all(op);
    } else if (reply->err.kind != ERR_NONE || !note_page(op, reply, &reply->err)) {
        reply->is_unclear = op->is_sent;
        step_failed(op, reply);
    } else if (op->done.id.n && op->onward.id.n) {
        check_owner(op);
    } else if (!is_over) {
        search(op, arena_copy(op->arena, reply->link));
    } else if (!op->has_searched_all) {
        search_all(op);
    } else if (op->done.id.n) { /* no next one: the series has ended */
        op->onward = op->done;
        op->done = (struct upstream_item){ 0 };
        step_done(op);
    } else {
        step_overtaken(op);
    }
}

static void search(struct op *op, struct str link)
{
    call(op, &(struct upstream_call){ .kind = UPSTREAM_SYNC_TASKS, .link = link }, on_search);
}

static void search_all(struct op *op)
{
    op->has_searched_all = true;
    search(op, S(""));
}

/** First among what has changed since the last round; its link stays where it is. */
static void search_first(struct op *op)
{
    const struct collection *c = op->collection;

    op->has_searched_all = false;
    if (c->is_link_final && c->link.n) {
        search(op, text_str(&c->link));
    } else {
        search_all(op);
    }
}

/* --- a native series ---------------------------------------------------------------------- */

static void on_completed(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    struct err err;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        step_failed(op, reply);
    } else if (!note_page(op, reply, &err) || !op->done.id.n) {
        err_set(&reply->err, ERR_UPSTREAM, "the answer has no completed task");
        reply->is_unclear = true;
        step_failed(op, reply);
    } else if (op->onward.id.n) {
        step_done(op);
    } else {
        op->onward = op->done;
        op->done = (struct upstream_item){ 0 };
        step_done(op);
    }
}

/** The answer shows one task only; nobody told the id of the other. */
static void on_moved(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        step_failed(op, reply);
        return;
    }
    op->fresh = keep_item(op, &reply->item);
    note_item(op, &reply->item);
    search_first(op);
}

static void send_native(struct op *op)
{
    const struct map_step *step = step_of(op);
    struct upstream_call request = { .task_id = op->upstream_id };

    struct task done = op->base;

    op->is_sent = true;
    if (step->kind == MAP_STEP_COMPLETE && dialect_of(op)->can(UPSTREAM_COMPLETE_TASK)) {
        request.kind = UPSTREAM_COMPLETE_TASK;
        call(op, &request, on_completed);
        return;
    }
    request.kind = UPSTREAM_UPDATE_TASK;
    request.etag = op->fresh.etag;
    if (step->kind == MAP_STEP_COMPLETE) {
        done.status = TASK_DONE;
        request.task = &done;
        request.fields = F(STATUS);
    } else {
        request.task = &step->task;
        request.fields = task_diff(&op->base, &step->task) & (F(START) | F(DUE));
    }
    call(op, &request, on_moved);
}

/* --- a series that the bridge drives ------------------------------------------------------ */

/** Perhaps it takes no extended properties: once more without. */
static bool try_unmarked(struct op *op, const struct upstream_reply *reply)
{
    if (reply->err.kind != ERR_INVALID || op->marker.n == 0) {
        return false;
    }
    op->marker = S("");
    op->is_sent = false;
    op_begin(op);
    return true;
}

static void on_created_next(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind == ERR_NONE) {
        op->onward = keep_item(op, &reply->item);
        step_done(op);
    } else if (!try_unmarked(op, reply)) {
        /* the occurrence is completed: without its next one the series would stop */
        reply->is_unclear = reply->err.kind != ERR_INVALID;
        step_failed(op, reply);
    }
}

void op_create_next(struct op *op)
{
    call(op,
        &(struct upstream_call){ .kind = UPSTREAM_CREATE_TASK,
            .marker = op->marker,
            .task = &op->plan.wanted,
            .fields = op->creates },
        on_created_next);
}

/** M is completed: the next occurrence is a new task, made from the document. */
static void drive_on(struct op *op)
{
    struct map_context context = op_context(op);
    struct map_object object = op->object;
    struct map_plan creation;
    struct err err;

    object.document = op->plan.document;
    if (!map_plan_create(&object, &context, &creation, &err)) {
        op_drop(op, &err);
        return;
    }
    op->plan.wanted = creation.wanted;
    op->plan.expected = creation.expected;
    op->plan.fields = 0; /* all of it is in the new task */
    op->creates = creation.fields;
    if (op->state == OP_UNCLEAR) {
        op_find_new(op);
    } else {
        op_create_next(op);
    }
}

static void on_driven(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        step_failed(op, reply);
        return;
    }
    op->done = keep_item(op, &reply->item);
    drive_on(op);
}

static void send_driven(struct op *op)
{
    const struct map_step *step = step_of(op);
    struct task task = op->base;
    struct upstream_call request = {
        .kind = UPSTREAM_UPDATE_TASK,
        .task_id = op->upstream_id,
        .etag = op->fresh.etag,
        .task = &task,
        .fields = F(STATUS) | F(COMPLETED),
    };

    if (step->document.n) {
        request.fields |= task_diff(&op->base, &step->task) & CONTENT;
        task_apply(&task, &step->task, request.fields);
    }
    task.status = TASK_DONE;
    if (!task.completed.is_set) {
        task.completed = (struct task_date){ .is_set = true,
            .day = civil_day_of_seconds(zone_to_wall(op->account->zone, clock_now_s())) };
    }
    op->is_sent = true;
    call(op, &request, on_driven);
}

/* --- one step ----------------------------------------------------------------------------- */

static void on_fresh(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;
    const struct task *task = &op->fresh.task;

    op->upstream_op = NULL;
    if (reply->err.kind != ERR_NONE) {
        step_failed(op, reply);
        return;
    }
    op->fresh = keep_item(op, &reply->item);
    if (is_current(op, task)) {
        if (op->is_sent) {
            op_missed(op);
        } else if (is_driven_completion(op)) {
            send_driven(op);
        } else {
            send_native(op);
        }
    } else if (is_driven_completion(op) && task->status == TASK_DONE) {
        op->done = op->fresh;
        drive_on(op);
    } else {
        note_item(op, &op->fresh);
        search_first(op);
    }
}

static void on_added(struct upstream_reply *reply, void *arg)
{
    struct op *op = arg;

    op->upstream_op = NULL;
    if (reply->err.kind == ERR_NONE) {
        op_step_found(op, &reply->item);
    } else if (!try_unmarked(op, reply)) {
        step_failed(op, reply);
    }
}

void op_send_step(struct op *op)
{
    const struct map_step *step = step_of(op);

    op->done = op->onward = (struct upstream_item){ 0 };
    op->candidates = NULL;
    op->goes_on = op->has_done_row = false;
    if (step->kind != MAP_STEP_ADD_DONE) {
        call(op, &(struct upstream_call){ .kind = UPSTREAM_GET_TASK, .task_id = op->upstream_id },
            on_fresh);
    } else if (op->is_sent) {
        op_find_new(op);
    } else {
        op->is_sent = true;
        call(op,
            &(struct upstream_call){ .kind = UPSTREAM_CREATE_TASK,
                .marker = op->marker,
                .task = &step->task,
                .fields = CONTENT | F(STATUS) },
            on_added);
    }
}

void op_step_found(struct op *op, const struct upstream_item *item)
{
    if (step_of(op)->kind == MAP_STEP_ADD_DONE) {
        op->done = keep_item(op, item);
    } else {
        op->onward = keep_item(op, item);
    }
    step_done(op);
}

bool op_step_wants_next(const struct op *op)
{
    return op->is_stepping && is_driven_completion(op) && op->done.id.n > 0;
}

/* --- after the call ----------------------------------------------------------------------- */

/** The series goes on later than the service thinks: dates that the client excepts. */
static void skip_to(struct op *op)
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

/** The resource of what left the series. */
static bool make_done_row(struct op *op, struct err *err)
{
    struct map_context context = op_context(op);
    const struct map_step *step = step_of(op);
    struct task task = op->done.task;
    struct map_object object = { 0 };
    enum map_fault fault;

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
        skip_to(op);
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
        op->done = keep_item(op, &reply->item);
    } else { /* what is missing upstream stays in the document */
        log_warn("write.described", LOG_TEXT("why", reply->err.text));
    }
    step_settle(op);
}

/** What the client said of the completed occurrence, and the service could not know. */
static void step_done(struct op *op)
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
    call(op, &request, on_described);
}

/* --- the steps of a plan ------------------------------------------------------------------ */

/** A client of style C (mapping.md 5.6) saved the completed occurrence itself, as a task of its
 * own: completing it here as well would double it. */
static bool has_copy(const struct op *op, const struct map_step *step)
{
    struct map_context context = op_context(op);
    struct civil day = civil_from_days(step->day);
    struct str date =
        arena_printf(op->arena, ":%04d%02d%02d", (int)day.year, (int)day.month, (int)day.day);

    for (struct resource *r = collection_next(op->collection, NULL); r;
         r = collection_next(op->collection, r)) {
        struct map_object object = { .document = r->document, .uid = r->uid };

        if (!r->is_removed && str_find(r->document, date) != SIZE_MAX &&
            map_is_copy(&object, op->row.document, &context)) {
            return true;
        }
    }
    return false;
}

/** Nothing to be done for it, or done by the fields that follow. */
static bool is_void(struct op *op)
{
    struct map_context context = op_context(op);
    const struct map_step *step = step_of(op);
    struct map_object object;
    enum map_fault fault;
    struct err err;

    switch (step->kind) {
    case MAP_STEP_ADVANCE:
    case MAP_STEP_REOPEN: /* the resource of the completed task is where it is reopened */
        return true;
    case MAP_STEP_ADD_DONE:
        return map_check(step->document, &context, &object, &fault, &err) &&
               collection_find_uid(op->collection, object.uid) != NULL;
    case MAP_STEP_COMPLETE:
        if (step->document.n == 0 && has_copy(op, step)) {
            skip_to(op);
            return true;
        }
        return false;
    case MAP_STEP_MOVE:
        return false;
    }
    return true;
}

static void step_begin(struct op *op)
{
    char marker[SECRET_ID_TEXT];

    while (op->step < op->plan.step_count && is_void(op)) {
        op->step++;
    }
    op->is_stepping = op->step < op->plan.step_count;
    op->is_sent = false;
    if (op->is_stepping) {
        secret_random_id(marker);
        op->marker = op->account->lacks_markers ? S("") : arena_copy(op->arena, str_from(marker));
    }
    if (op->is_stepping || op->plan.fields != 0) {
        op_begin(op);
    } else {
        op_settle_locally(op);
    }
}

void op_carry_out(struct op *op)
{
    op->step = 0;
    step_begin(op);
}

void op_next_step(struct op *op)
{
    op->step++;
    step_begin(op);
}

bool op_resume_steps(struct op *op)
{
    op->step = 0;
    while (op->step < op->plan.step_count && is_void(op)) {
        op->step++;
    }
    op->is_sent = true;
    return op->step < op->plan.step_count;
}
