#include "bridge/sync/pull_internal.h"

#include "bridge/sync/keep.h"
#include "bridge/sync/roles.h"
#include "bridge/sync/version.h"

static void merge_slice(void *arg);

/* --- what the store knows of these items -------------------------------------------------- */

/** Of a sub-task that is new here. */
static bool find_parent(
    struct pull *pull, struct store_db *db, struct change *change, struct err *err)
{
    struct str parent = upstream_parent_of(change->item.id);
    struct store_resource row;
    bool is_found;

    if (parent.n == 0 || change->is_known || change->item.is_removed) {
        return true;
    }
    if (!store_resource_find_upstream(
            db, pull->account_id, pull->collection_id, parent, pull->arena, &row, &is_found, err)) {
        return false;
    }
    change->parent_uid = is_found ? row.uid : S("");
    return true;
}

/** What is kept of a sub-task stands beside its task, which comes with it. */
static void spread_kept(struct pull *pull, const struct upstream_item *parent)
{
    struct str texts = parent->kept_below;
    struct kept_below one;

    for (size_t i = 0; i < KEEP_BELOW_MOST && keep_next_below(&texts, &one); i++) {
        struct str id = arena_printf(
            pull->arena, "%.*s%c%.*s", STR_ARG(parent->id), UPSTREAM_SUBTASK, STR_ARG(one.id));
        uintptr_t place = (uintptr_t)table_find(&pull->by_id, id);

        if (place != 0 && pull->changes[place - 1].item.kept.n == 0) {
            pull->changes[place - 1].item.kept = one.text;
        }
    }
}

/** What is kept beside a task may be a copy of what is kept beside another. */
static bool check_kept(
    struct pull *pull, struct store_db *db, struct change *change, struct err *err)
{
    struct kept kept;

    change->is_kept_taken = false;
    if (change->is_known) {
        return true;
    }
    return !keep_parse(change->item.kept, &kept) ||
           store_resource_is_taken(db, pull->account_id, pull->collection_id, kept.href, kept.uid,
               &change->is_kept_taken, err);
}

/** The sub-tasks that a task has no more: it told all that there are, or has gone itself. */
static bool add_removed_subtasks(
    struct pull *pull, struct store_db *db, struct str id, struct err *err)
{
    struct str prefix = arena_printf(pull->arena, "%.*s%c", STR_ARG(id), UPSTREAM_SUBTASK);
    struct store_resource *rows;
    size_t count;

    if (!store_resource_below(
            db, pull->account_id, pull->collection_id, prefix, pull->arena, &rows, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct upstream_item gone = { .id = rows[i].upstream_id, .is_removed = true };

        if (table_find(&pull->by_id, gone.id) == NULL) {
            pull_add_item(pull, &gone, false);
            pull->changes[pull->count - 1].row = rows[i];
            pull->changes[pull->count - 1].is_known = true;
        }
    }
    return true;
}

static bool rows_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);
    size_t count = pull->count;

    for (size_t i = 0; i < count; i++) {
        spread_kept(pull, &pull->changes[i].item);
    }
    for (size_t i = 0; i < count; i++) {
        struct change *change = &pull->changes[i];

        if (!store_resource_find_upstream(db, pull->account_id, pull->collection_id,
                change->item.id, pull->arena, &change->row, &change->is_known, err) ||
            !find_parent(pull, db, change, err) || !check_kept(pull, db, change, err)) {
            return false;
        }
        if (pull->dialect->project_check &&
            (change->item.has_subtasks || change->item.is_removed) &&
            !add_removed_subtasks(pull, db, change->item.id, err)) {
            return false;
        }
    }
    return true;
}

static void rows_done(struct store_job *base)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);

    if (pull_job_ended(pull)) {
        pull->is_posted = true;
        loop_post(pull->engine->loop, merge_slice, pull);
    }
}

void pull_apply(struct pull *pull)
{
    pull_job_start(pull, false, rows_run, rows_done);
}

/* --- series ------------------------------------------------------------------------------- */

/** The row of a series goes to its next task, and the completed one is new; whichever comes first
 * keeps the place, so that the id is free when the other takes it. */
static void hand_over(struct pull *pull, struct change *series, struct change *next)
{
    struct change *first = series < next ? series : next;
    struct change *second = series < next ? next : series;
    struct store_resource row = series->row;
    struct upstream_item done = series->item, onward = next->item;

    row.upstream_id = onward.id;
    *first = (struct change){ .item = onward, .row = row, .is_known = true };
    *second = (struct change){ .item = done, .onward = first };
    table_put(&pull->by_id, first->item.id, (void *)(uintptr_t)(first - pull->changes + 1));
    table_put(&pull->by_id, second->item.id, (void *)(uintptr_t)(second - pull->changes + 1));
}

/**
 * A service may let the completed occurrence keep the id, and go on with a new task
 * (mapping.md 5.7): resources follow the role.
 */
static void follow_roles(struct pull *pull)
{
    struct task base;
    struct err err;

    for (size_t i = 0; i < pull->count; i++) {
        struct change *series = &pull->changes[i];

        if (!series->is_known || series->item.is_removed || series->item.task.status != TASK_DONE ||
            !task_parse(series->row.base, pull->arena, &base, &err) || !base.recurrence.is_set ||
            base.status == TASK_DONE) {
            continue;
        }
        for (size_t j = 0; j < pull->count; j++) {
            if (!pull->changes[j].is_known && !pull->changes[j].item.is_removed &&
                role_is_next(&base, &pull->changes[j].item.task)) {
                hand_over(pull, series, &pull->changes[j]);
                break;
            }
        }
    }
}

/* --- merging ------------------------------------------------------------------------------ */

static bool is_too_old(const struct pull *pull, const struct task *task)
{
    int64_t window_s = pull->engine->options.completed_s;

    return window_s != 0 && task->status == TASK_DONE && task->completed.is_set &&
           (int64_t)task->completed.day * CIVIL_SECONDS_A_DAY + window_s < clock_now_s();
}

/** UID of the task above a new sub-task; empty: that is not served. */
static struct str parent_uid(const struct pull *pull, const struct change *change)
{
    uintptr_t place;

    if (change->parent_uid.n) {
        return change->parent_uid;
    }
    place = (uintptr_t)table_find(&pull->by_id, upstream_parent_of(change->item.id));
    return place != 0 && pull->changes[place - 1].kind == CHANGE_PUT
               ? pull->changes[place - 1].row.uid
               : S("");
}

static struct str new_uid(const struct pull *pull, const struct change *change)
{
    return change->onward ? version_done_uid(change->item.id, pull->arena)
                          : version_uid(change->item.id, pull->arena);
}

static struct str new_href(const struct pull *pull, const struct change *change)
{
    return arena_printf(pull->arena, "%.*s.ics", STR_ARG(new_uid(pull, change)));
}

static bool is_in_page(const struct pull *pull, const struct kept *kept)
{
    return table_find(&pull->hrefs, kept->href) || table_find(&pull->uids, kept->uid);
}

/** What comes after it in the page takes neither its address nor its UID. */
static void note_in_page(struct pull *pull, struct change *change)
{
    if (change->kind == CHANGE_PUT && account_keeps(pull->collection->account)) {
        table_put(&pull->hrefs, change->row.href, change);
        table_put(&pull->uids, change->row.uid, change);
    }
}

/** Completed upstream, the text that is kept beside it went with the series to its next task. */
static bool is_left_over(
    const struct change *change, struct str document, const struct map_context *context)
{
    return change->item.task.status == TASK_DONE && map_goes_on(document, context);
}

/** Of a task of which no document is known. parent: UID of the task above it. */
static struct str new_document(const struct change *change, struct str parent, struct str uid,
    const struct map_context *context)
{
    return parent.n > 0 ? map_render_child(&change->item.task, parent, uid, context)
                        : map_render(&change->item.task, uid, context);
}

/** Its document; empty: what is kept can't be believed. */
static struct str kept_document(const struct change *change, const struct kept *kept,
    struct str parent, const struct map_context *context)
{
    bool is_whole = kept->document.n > 0; /* else it was too long */
    struct str text = is_whole ? kept->document : new_document(change, parent, kept->uid, context);
    struct map_object object;
    struct map_child child;
    enum map_fault fault;
    struct map_plan plan;
    struct str document;
    struct err ignored;

    if (!map_check(text, context, &object, &fault, &ignored) || !str_eq(object.uid, kept->uid) ||
        is_left_over(change, text, context) ||
        (parent.n > 0 && (!map_read_child(object.document, context, &child, &ignored) ||
                             !child.is_simple || !str_eq(child.parent, parent)))) {
        return S("");
    }
    if (!is_whole) {
        return text;
    }
    return map_plan_create(&object, context, &plan, &ignored) &&
                   map_merge(plan.document, &plan.expected, &change->item.task, context, &document,
                       &ignored)
               ? document
               : S("");
}

/**
 * A task that a client of ours has written, before this store began: as it was, but for what has
 * changed upstream since; or where its document was too long to be kept, at least at its address
 * and with its UID. Otherwise row stays empty.
 */
static void take_kept(const struct pull *pull, const struct change *change, struct str parent,
    const struct map_context *context, struct store_resource *row)
{
    struct map_context own = *context;
    struct kept kept;

    if (change->is_kept_taken || change->onward || !account_keeps(pull->collection->account) ||
        !keep_parse(change->item.kept, &kept) || is_in_page(pull, &kept) ||
        notice_owns(kept.href, kept.uid)) {
        return;
    }
    own.attachments_url = collection_attachments_url(pull->collection, kept.href, pull->arena);
    row->document = kept_document(change, &kept, parent, &own);
    if (row->document.n > 0) {
        row->href = kept.href;
        row->uid = kept.uid;
    }
}

/** A task that nobody here has seen: it was born upstream. */
static bool plan_new(
    struct pull *pull, struct change *change, struct map_context *context, struct err *err)
{
    bool is_subtask = upstream_parent_of(change->item.id).n > 0;
    struct str parent = is_subtask ? parent_uid(pull, change) : S("");
    struct store_resource kept = { .uid = S("") };

    if (is_subtask && parent.n == 0) {
        return true;
    }
    take_kept(pull, change, parent, context, &kept);
    if (kept.uid.n == 0 && !is_subtask && is_too_old(pull, &change->item.task)) {
        return true;
    }
    if (kept.uid.n == 0) {
        kept.href = new_href(pull, change);
        kept.uid = new_uid(pull, change);
        kept.document = new_document(change, parent, kept.uid, context);
    }
    change->row = (struct store_resource){
        .account = pull->account_id,
        .collection = pull->collection_id,
        .href = kept.href,
        .uid = kept.uid,
        .upstream_id = change->item.id,
        .upstream_etag = change->item.etag,
        .document = kept.document,
        .round = pull->collection->round,
        .put_hash = S(""),
        .replaced_etag = S(""),
    };
    change->kind = CHANGE_PUT;
    return version_next(
        pull->collection, &change->row, &change->item.task, false, context, &change->version, err);
}

/**
 * The occurrence of a series was completed upstream, and nobody can tell from this item whether and
 * where the series goes on: the resource stays as it is and is looked after at once (write_tend.c).
 */
static bool is_left_behind(
    const struct change *change, const struct map_context *context, const struct task *base)
{
    return base->status != TASK_DONE && change->item.task.status == TASK_DONE &&
           (change->item.task.present & TASK_FIELD(TASK_STATUS)) &&
           map_goes_on(change->row.document, context);
}

/** When what stays as it is wants looking after. */
static void keep_due(const struct pull *pull, struct change *change)
{
    struct map_context context;
    struct task base;
    struct err err;

    account_map_context(pull->collection->account, pull->arena, &context);
    if (task_parse(change->row.base, pull->arena, &base, &err)) {
        change->row.due_s = version_due(change->row.document, &base, &context);
    }
}

static bool plan_known(
    struct pull *pull, struct change *change, struct map_context *context, struct err *err)
{
    struct task base, returned;
    struct str document;

    if (!task_parse(change->row.base, pull->arena, &base, err)) {
        return false;
    }
    if (is_left_behind(change, context, &base)) {
        change->kind = CHANGE_CONFIRM;
        change->row.due_s = clock_now_s();
        return true;
    }
    task_copy(pull->arena, &base, &returned);
    task_apply(&returned, &change->item.task, change->item.task.present);
    task_apply_attachments(&returned, &change->item.task);
    returned.modified_us = change->item.task.modified_us;
    task_adopt_days(&returned, &base);
    if (!map_merge(change->row.document, &base, &returned, context, &document, err)) {
        /* too large for a document, say: the others go on, and this one keeps what it has */
        log_warn("sync.unmergeable", LOG_HASH("task", change->item.id), LOG_TEXT("why", err->text));
        change->kind = CHANGE_CONFIRM;
        keep_due(pull, change);
        return true;
    }
    change->row.upstream_etag = change->item.etag;
    if (str_eq(document, change->row.document)) {
        change->kind = CHANGE_CONFIRM;
        change->row.base = version_base(&returned, pull->arena);
        change->row.due_s = version_due(document, &returned, context);
        return true;
    }
    change->kind = CHANGE_PUT;
    change->row.document = document;
    change->row.replaced_etag = S(MOVED_ON);
    return version_next(
        pull->collection, &change->row, &returned, true, context, &change->version, err);
}

/** May the item be older than a write? */
static bool is_overtaken(const struct pull *pull, const struct change *change)
{
    const struct collection *c = pull->collection;

    return ops_touch(c, change->item.id, change->is_known ? change->row.href : S(""),
               change->item.task.title) ||
           writes_since(c->account, change->item.id, pull->asked_counter);
}

/** A delta entry may hold a few members only, or half a pair, or lack a rule that the task has. */
static bool is_partial(const struct pull *pull, const struct change *change)
{
    const struct upstream_item *item = &change->item;
    struct task base;
    struct err ignored;

    if ((item->task.present | pull->dialect->unlisted) != TASK_ALL_FIELDS) {
        return true;
    }
    return item->doubtful != 0 && change->is_known && item->task.status != TASK_DONE &&
           task_parse(change->row.base, pull->arena, &base, &ignored) &&
           (task_diff(&base, &item->task) & item->doubtful) != 0;
}

/** What hangs on a task is a request of its own: not made for one that is as it was, nor for one
 * that is not to be shown. */
static bool wants_attachments(const struct pull *pull, const struct change *change)
{
    const struct task *task = &change->item.task;
    struct task base;
    struct err ignored;

    if (!task->has_attachments || task->knows_attachments || pull->dialect->attachment_bytes == 0) {
        return false;
    }
    if (!change->is_known) {
        return !is_too_old(pull, task);
    }
    return change->item.etag.n == 0 || !str_eq(change->row.upstream_etag, change->item.etag) ||
           !task_parse(change->row.base, pull->arena, &base, &ignored) || !base.knows_attachments ||
           base.attachment_count == 0; /* it came without another etag */
}

static bool plan_change(struct pull *pull, struct change *change, struct err *err)
{
    const struct collection *c = pull->collection;
    struct map_context context;

    change->row.round = c->round;
    if (change->is_later || is_overtaken(pull, change)) {
        change->kind = CHANGE_REREAD;
        return true;
    }
    if (change->is_unreadable) {
        change->kind = change->is_known ? CHANGE_CONFIRM : CHANGE_NONE;
        if (change->is_known) {
            keep_due(pull, change);
        }
        return true;
    }
    if (change->item.is_removed) {
        change->kind = change->is_known ? CHANGE_BURY : CHANGE_NONE;
        return true;
    }
    if (pull->is_page && (is_partial(pull, change) || wants_attachments(pull, change))) {
        change->kind = CHANGE_REREAD;
        return true;
    }
    account_map_context(c->account, pull->arena, &context);
    context.attachments_url = collection_attachments_url(
        c, change->is_known ? change->row.href : new_href(pull, change), pull->arena);
    if (upstream_parent_of(change->item.id).n > 0) {
        context.project = pull->dialect->project_check;
    }
    return change->is_known ? plan_known(pull, change, &context, err)
                            : plan_new(pull, change, &context, err);
}

static void commit(struct pull *pull);

static void merge_slice(void *arg)
{
    struct pull *pull = arg;
    struct err err;

    pull->is_posted = false;
    if (pull->position == 0) {
        follow_roles(pull);
    }
    for (size_t n = 0; n < SLICE && pull->position < pull->count; n++, pull->position++) {
        struct change *change = &pull->changes[pull->position];

        if (!plan_change(pull, change, &err)) { /* one bad item holds up no list */
            log_error("sync.item", LOG_STR("list", text_str(&pull->collection->slug)),
                LOG_TEXT("why", err.text));
            change->kind = CHANGE_REREAD;
        }
        note_in_page(pull, change);
    }
    if (pull->position < pull->count) {
        pull->is_posted = true;
        loop_post(pull->engine->loop, merge_slice, pull);
        return;
    }
    commit(pull);
}

/* --- one transaction ---------------------------------------------------------------------- */

/** What is kept of a new sub-task comes with its task only. */
static struct str reread_id(const struct change *change)
{
    struct str parent = upstream_parent_of(change->item.id);

    return change->wants_parent && parent.n > 0 ? parent : change->item.id;
}

static bool commit_change(
    struct pull *pull, struct store_db *db, struct change *change, struct err *err)
{
    struct store_resource *row = &change->row;
    const char *run = pull->engine->run;

    switch (change->kind) {
    case CHANGE_NONE:
        return true;
    case CHANGE_CONFIRM:
        return store_resource_confirm(db, row, err);
    case CHANGE_REREAD:
        return store_reread_add(db, pull->account_id, pull->collection_id, reread_id(change), err);
    case CHANGE_BURY:
        return store_change_next(
                   db, pull->account_id, pull->collection_id, str_from(run), &row->change, err) &&
               store_resource_bury(db, pull->account_id, pull->collection_id, row->id, row->change,
                   row->modified_s, err);
    case CHANGE_PUT:
        return store_change_next(
                   db, pull->account_id, pull->collection_id, str_from(run), &row->change, err) &&
               store_resource_put(db, row, &row->id, err) &&
               store_version_add(db, pull->account_id, pull->collection_id, row->id,
                   &change->version, VERSIONS_KEPT, err);
    }
    return err_set(err, ERR_INTERNAL, "no such change");
}

static bool commit_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);

    for (size_t i = 0; i < pull->count && !pull->is_page; i++) { /* first: one may add another's */
        const struct change *change = &pull->changes[i];

        if ((change->kind != CHANGE_REREAD || !str_eq(reread_id(change), change->item.id)) &&
            !store_reread_remove(db, pull->account_id, pull->collection_id, change->item.id, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < pull->count; i++) {
        if (!commit_change(pull, db, &pull->changes[i], err)) {
            return false;
        }
    }
    return !pull->is_page || store_collection_set_round(db, &pull->row, err);
}

static void commit_done(struct store_job *base)
{
    struct pull *pull = CONTAINER_OF(base, struct pull, job);
    struct collection *c = pull->collection;

    if (c) {
        c->committing--;
    }
    if (!pull_job_ended(pull)) {
        if (c) {
            ops_wake(c);
        }
        return;
    }
    for (size_t i = 0; i < pull->count; i++) {
        struct change *change = &pull->changes[i];

        if (change->kind == CHANGE_PUT || change->kind == CHANGE_BURY) {
            change->row.is_removed = change->kind == CHANGE_BURY;
            if (change->row.is_removed) {
                change->row.document = change->row.etag = S("");
            }
            collection_publish(c, &change->row);
        }
        if (change->kind == CHANGE_PUT || change->kind == CHANGE_CONFIRM) {
            timed_note(c->account, change->row.due_s);
        }
    }
    ops_wake(c);
    if (!pull->is_page) {
        pull_next_single(pull);
        return;
    }
    pull->empty_pages = pull->count == 0 ? pull->empty_pages + 1 : 0;
    text_set(&c->link, pull->row.link);
    c->is_link_final = pull->row.is_link_final;
    round_progress(c->account, pull->count);
    if (c->is_link_final) {
        pull_read_singles(pull);
    } else {
        pull_ask_page(pull);
    }
}

/** Only together do the two halves of a series change places: the row has one id. */
static void keep_together(struct change *change)
{
    if (change->onward && (change->kind == CHANGE_REREAD || change->onward->kind != CHANGE_PUT)) {
        change->kind = change->onward->kind = CHANGE_REREAD;
    }
}

static void commit(struct pull *pull)
{
    int64_t now_s = clock_now_s();

    for (size_t i = 0; i < pull->count; i++) {
        struct change *change = &pull->changes[i];

        /* merging took a few turns of the loop: a write may have come in between */
        if (is_overtaken(pull, change)) {
            change->kind = CHANGE_REREAD;
        }
        change->row.modified_s = now_s;
    }
    for (size_t i = 0; i < pull->count; i++) {
        keep_together(&pull->changes[i]);
        pull->changes[i].wants_parent =
            !pull->changes[i].is_known && account_keeps(pull->collection->account);
    }
    pull->collection->committing++;
    pull_job_start(pull, true, commit_run, commit_done);
}
