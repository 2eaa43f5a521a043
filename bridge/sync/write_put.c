#include "bridge/sync/op_internal.h"

#include "bridge/map/attach.h"

/* --- preconditions ------------------------------------------------------------------------ */

static bool lists(const struct str *etags, size_t count, struct str etag)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(etags[i], etag)) {
            return true;
        }
    }
    return false;
}

bool precondition_holds(const struct precondition *precondition, struct str etag)
{
    bool exists = etag.n > 0;

    if (precondition->if_match_any && !exists) {
        return false;
    }
    if (precondition->if_match_count > 0 &&
        !(exists && lists(precondition->if_match, precondition->if_match_count, etag))) {
        return false;
    }
    if (precondition->if_none_match_any && exists) {
        return false;
    }
    return !(exists && lists(precondition->if_none_match, precondition->if_none_match_count, etag));
}

/**
 * A retry after a lost answer (design section 7): the bytes of the PUT that made this very version,
 * under a precondition that held then. Without a precondition also if upstream has changed it
 * since: who sends the same bytes again has seen nothing of that and wants nothing new.
 */
static bool is_replay(const struct op *op, const struct entry *entry)
{
    const struct precondition *precondition = &op->precondition;

    if (!str_eq(entry->put_hash, op->put_hash)) {
        return false;
    }
    if (!precondition->if_match_any && precondition->if_match_count == 0 &&
        !precondition->if_none_match_any && precondition->if_none_match_count == 0) {
        return true;
    }
    return (precondition->if_none_match_any && entry->replaced_etag.n == 0) ||
           (entry->replaced_etag.n > 0 &&
               lists(precondition->if_match, precondition->if_match_count, entry->replaced_etag));
}

static bool is_stored_verbatim(const struct op *op, const struct entry *entry)
{
    return str_eq(version_put_hash(entry->resource.document, op->arena), op->put_hash);
}

static void answer_precondition(struct op *op, struct str etag)
{
    struct err err;

    err_set(&err, ERR_CONFLICT, "the object is not what the precondition says");
    op_answer(op, SYNC_PRECONDITION, etag, &err);
    op_end(op);
}

/* --- reading what is stored --------------------------------------------------------------- */

static bool read_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct op *op = CONTAINER_OF(base, struct op, job);
    bool is_found;

    if (!store_resource_find(
            db, op->account_id, op->collection_id, op->href, op->arena, &op->row, &is_found, err)) {
        return false;
    }
    if (!is_found) {
        return err_set(err, ERR_INTERNAL, "a resource in memory is not in the store");
    }
    if (!op_find_parent(op, db, err)) {
        return false;
    }
    if (!store_version_list(db, op->account_id, op->collection_id, op->row.id, op->arena,
            &op->versions, &op->version_count, err)) {
        return false;
    }
    return !op->object.has_rev ||
           store_rev_find(db, op->account_id, op->collection_id, op->row.id, op->client,
               (int64_t)op->object.rev, op->put_hash, &op->meant_rev, err);
}

/** A store failure before anything was sent: the client tries again. */
static void fail_early(struct op *op, const struct err *err)
{
    log_error("store.read", LOG_TEXT("why", err->text));
    op_drop(op, err);
}

/* --- PUT ---------------------------------------------------------------------------------- */

static void answer_invalid(struct op *op, enum map_fault fault, const struct err *err)
{
    op_answer_fault(op, fault, err);
    op_forget(op);
}

static struct op *other_open_op_with_uid(const struct op *op)
{
    for (struct op *other = op->collection->ops; other; other = other->next) {
        if (other != op && (other->state == OP_RUNNING || other->state == OP_UNCLEAR) &&
            other->kind != OP_DELETE && !str_eq(other->href, op->href) &&
            str_eq(other->object.uid, op->object.uid)) {
            return other;
        }
    }
    return NULL;
}

/** Which versions the client may have seen (mapping.md 1.3). */
static size_t choose_versions(const struct op *op, struct map_version *out)
{
    bool names_one = op->precondition.if_match_count > 0;
    int64_t rev = 0;
    size_t count = 0;

    if (names_one) {
        return 0; /* If-Match holds, so it is the current one */
    }
    if (op->object.has_rev) {
        rev = op->meant_rev ? op->meant_rev : (int64_t)op->object.rev;
    }
    for (size_t i = 0; rev != 0 && i < op->version_count; i++) {
        if (op->versions[i].rev == rev && version_read(&op->versions[i], &out[0])) {
            return 1;
        }
    }
    for (size_t i = 0; i < op->version_count; i++) {
        if (version_read(&op->versions[i], &out[count])) {
            count++;
        }
        if (op->versions[i].is_put) {
            break; /* the last PUT's own version is the oldest that counts */
        }
    }
    return count;
}

/**
 * A rule of the client's own stays here where no steps are planned (the dialect cannot complete one
 * occurrence of a series, or the household's clients keep completed ones within it): the task
 * upstream is a plain one. A rule that the service has is its own.
 */
static void keep_rule_here(struct op *op)
{
    bool is_native = op->kind != OP_CREATE && op->base.recurrence.is_set;

    if (is_native || op_context(op).options.plans_steps) {
        return;
    }
    op->plan.fields &= ~TASK_FIELD(TASK_RECURRENCE);
    op->plan.wanted.recurrence = op->plan.expected.recurrence = (struct task_recurrence){ 0 };
}

bool op_plan_update(struct op *op, struct err *err)
{
    struct map_context context = op_context(op);
    struct map_version *versions =
        arena_alloc_array(op->arena, op->version_count + 1, sizeof(struct map_version));
    size_t count = choose_versions(op, versions);

    if (!task_parse(op->row.base, op->arena, &op->base, err) ||
        !map_plan_update(
            &op->object, op->row.document, &op->base, versions, count, &context, &op->plan, err)) {
        return false;
    }
    op->plan.is_driven |= !op->base.recurrence.is_set; /* the service may have refused the rule */
    return true;
}

static void plan_update(struct op *op)
{
    struct err err;

    op->upstream_id = op->row.upstream_id;
    op->replaced_etag = op->row.etag;
    if (op->row.upstream_id.n == 0) { /* a copy that waits: now it is a task of its own */
        op_plan_creation(op);
        return;
    }
    if (!op_plan_update(op, &err)) {
        if (err.kind == ERR_INVALID) {
            answer_invalid(op, MAP_FAULT_VALID_DATA, &err);
        } else {
            fail_early(op, &err);
        }
        return;
    }
    if (op_leaves_list(op)) {
        op_promote(op);
        return;
    }
    op->kind = OP_UPDATE;
    op->parent_id = S("");
    keep_rule_here(op);
    if (!op_attach_plan(op, false, &err)) {
        fail_early(op, &err);
        return;
    }
    op_carry_out(op);
}

/** The PUT is done, but for attachments that may not have arrived. */
static void replay(struct op *op)
{
    struct err err;

    if (!op_attach_replay(op, &err)) {
        fail_early(op, &err);
        return;
    }
    op->outcome = op->row.replaced_etag.n ? SYNC_REPLACED : SYNC_CREATED;
    op->gives_etag = str_eq(version_put_hash(op->row.document, op->arena), op->put_hash);
    op_attach_next(op);
}

static void read_for_put(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);

    if (!op_job_ended(op)) {
        return;
    }
    if (base->err.kind != ERR_NONE) {
        struct err err = base->err;

        fail_early(op, &err);
        return;
    }
    if (op->is_replay) {
        replay(op);
        return;
    }
    plan_update(op);
}

void op_plan_creation(struct op *op)
{
    struct map_context context;
    char marker[SECRET_ID_TEXT];
    struct err err;

    op->kind = OP_CREATE;
    op->upstream_id = S("");
    context = op_context(op); /* of what it will be */
    if (!map_plan_create(&op->object, &context, &op->plan, &err)) {
        answer_invalid(op, MAP_FAULT_VALID_DATA, &err);
        return;
    }
    keep_rule_here(op);
    if (!op_attach_plan(op, true, &err)) {
        fail_early(op, &err);
        return;
    }
    secret_random_id(marker);
    op->marker = op->account->lacks_markers || op->parent_id.n
                     ? S("")
                     : arena_copy(op->arena, str_from(marker));
    op_attach_prepare(op);
}

bool op_replan(struct op *op, const struct task *returned, struct str current)
{
    struct map_context context = op_context(op);
    struct map_version *seen =
        arena_alloc_array(op->arena, op->version_count + 1, sizeof(struct map_version));
    size_t count = choose_versions(op, seen);
    struct task served;
    struct err err;

    /* the client saw what was served until now, or without an If-Match something older: fields that
     * still mean that are not its change */
    if (count == 0) {
        if (!map_read(op->row.document, &context, &served, &err)) {
            fail_early(op, &err);
            return false;
        }
        task_hash_fields(&served, seen[0].fields);
        count = 1;
    }
    task_copy(op->arena, returned, &op->base);
    if (!map_plan_update(&op->object, current, &op->base, seen, count, &context, &op->plan, &err)) {
        fail_early(op, &err);
        return false;
    }
    keep_rule_here(op);
    if (!op_attach_plan(op, false, &err)) {
        fail_early(op, &err);
        return false;
    }
    return true;
}

/** One of another list or task, as a copy brings it, names no version of this one. */
static void forget_foreign_rev(struct op *op)
{
    char hash[17];

    if (op->object.has_rev) {
        rev_hash_of(op->collection, op->object.uid, hash);
        op->object.has_rev = str_eq(op->object.rev_hash, str_from(hash));
    }
}

void op_start_put(struct op *op)
{
    struct collection *c = op->collection;
    struct entry *entry = collection_entry(c, op->href);
    struct entry *live = entry && !entry->resource.is_removed ? entry : NULL;
    struct map_context context = op_context(op);
    enum map_fault fault = MAP_FAULT_NONE;
    struct resource *same_uid;
    bool has_attachments;
    struct op *other;
    struct err err;

    has_attachments = map_mentions_attachments(op->body);
    if (!op_attach_cut(op, &err)) {
        if (err.kind == ERR_LIMIT) {
            answer_invalid(op, MAP_FAULT_ATTACHMENT_SIZE, &err);
        } else {
            fail_early(op, &err);
        }
        return;
    }
    op->is_replay = live && is_replay(op, live);
    if (op->is_replay && (!has_attachments || str_eq(live->replaced_etag, S(MOVED_ON)))) {
        op_answer(op, live->replaced_etag.n ? SYNC_REPLACED : SYNC_CREATED,
            is_stored_verbatim(op, live) ? live->resource.etag : S(""), &err_none);
        op_end(op);
        return;
    }
    if (!op->is_replay &&
        !precondition_holds(&op->precondition, live ? live->resource.etag : S(""))) {
        answer_precondition(op, live ? live->resource.etag : S(""));
        return;
    }
    if (!map_check(op->body, &context, &op->object, &fault, &err)) {
        answer_invalid(op, fault, &err);
        return;
    }
    if (notice_takes_put(op, live ? &live->resource : NULL)) {
        return;
    }
    forget_foreign_rev(op);
    op->object.is_verbatim = op->object.is_verbatim && !op->attach;
    same_uid = collection_find_uid(c, op->object.uid);
    other = other_open_op_with_uid(op);
    if ((same_uid && !str_eq(same_uid->href, op->href)) || other) {
        op_answer_uid_conflict(op, other ? other->href : same_uid->href);
        op_end(op);
        return;
    }
    if (live && !str_eq(live->resource.uid, op->object.uid)) {
        op_answer_uid_conflict(op, op->href);
        op_end(op);
        return;
    }
    op_read_parent(op);
    if (live) {
        op_job(op, false, read_run, read_for_put);
    } else if (op->parent_href.n) {
        op_start_below(op);
    } else {
        op_start_creation(op);
    }
}

/* --- DELETE ------------------------------------------------------------------------------- */

static void read_for_delete(struct store_job *base)
{
    struct op *op = CONTAINER_OF(base, struct op, job);

    if (!op_job_ended(op)) {
        return;
    }
    if (base->err.kind != ERR_NONE) {
        struct err err = base->err;

        fail_early(op, &err);
        return;
    }
    if (!task_parse(op->row.base, op->arena, &op->base, &base->err)) {
        struct err err = base->err;

        fail_early(op, &err);
        return;
    }
    op->upstream_id = op->row.upstream_id;
    op->replaced_etag = op->row.etag;
    if (op->upstream_id.n == 0) { /* it was never sent */
        op_settle_removed(op, SYNC_REMOVED);
        return;
    }
    op_begin(op);
}

void op_start_delete(struct op *op)
{
    struct resource *live = collection_find(op->collection, op->href);

    if (!live) { /* whatever the precondition says: RFC 9110 13.2.1 */
        struct err err;

        err_set(&err, ERR_NOT_FOUND, "there is no such object");
        op_answer(op, SYNC_NOT_FOUND, S(""), &err);
        op_end(op);
        return;
    }
    if (!precondition_holds(&op->precondition, live->etag)) {
        answer_precondition(op, live->etag);
        return;
    }
    if (!notice_takes_delete(op, live)) {
        op_job(op, false, read_run, read_for_delete);
    }
}
