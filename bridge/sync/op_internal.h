#pragma once
/**
 * One change by a client on its way upstream (design section 7). An operation waits for its turn
 * behind earlier ones on the same address, is planned, written down, sent, and settled in the
 * transaction that stores the result. It outlives the client's request when it is unclear.
 *
 *   write.c         the queue: turns, deadlines, answers
 *   write_put.c     preconditions and plans
 *   write_send.c    the upstream call and its answer
 *   write_settle.c  the transactions
 *   write_lookup.c  finding out what became of an unclear one
 *   write_fingerprint.c  ... where the service keeps no marker
 *   write_copy.c    the copies that some clients make of completed occurrences
 *   write_series.c  what a PUT does to a series, step by step
 *   write_subtask.c sub-tasks that are items of their parent's checklist upstream
 *   write_reschedule.c  the copy that a new rule may leave of a series
 *   write_discard.c what is left of something that has become something else
 *   write_tend.c    what the bridge does by itself when a time has come
 *   write_attach_plan.c  what a PUT or a POST does to attachments
 *   write_attach.c  ... one by one
 *   write_read.c    the content of one
 */
#include "bridge/sync/engine_internal.h"
#include "bridge/sync/version.h"

enum op_kind { /* stored: append only */
    OP_CREATE = 1,
    OP_UPDATE = 2,
    OP_DELETE = 3,
    OP_MAKE_FOLDER = 4,
    OP_STEP = 5,    /**< of an update: only as a row */
    OP_DISCARD = 6, /**< what something has left upstream when it became another thing there */
    OP_ATTACH = 7,  /**< an attachment comes: as a row, and at first for a POST */
    OP_DETACH = 8,  /**< an attachment goes: only as a row */
    OP_READ = 9,    /**< changes nothing, and is never a row */
};

enum op_state {
    OP_LOADING, /**< the collection is being brought into memory */
    OP_WAITING, /**< for its turn */
    OP_RUNNING,
    OP_UNCLEAR, /**< sent, and nobody knows whether it was done */
};

/** What is kept of an item of a checklist goes upstream with that of others of its task. */
enum op_below {
    OP_BELOW_NONE,
    OP_BELOW_WAITS, /**< one of them is on its way */
    OP_BELOW_SENT,
};

/** A task that may be the one that an unclear operation has made. */
struct candidate {
    struct str id;
    bool is_owned; /**< a resource has it */
    struct candidate *next;
};

struct op {
    struct op *next;
    struct engine *engine;
    struct account *account;
    struct collection *collection; /**< both NULL when abandoned: only the memory is left to free */
    int64_t account_id, collection_id; /**< for the workers, which must not follow the pointers */
    struct arena *arena;
    enum op_kind kind;
    enum op_state state;

    /* what the client asked for */
    struct str href;
    struct str body;
    struct str properties; /**< OP_MAKE_FOLDER: properties_format */
    struct precondition precondition;
    int64_t client;
    sync_cb *cb; /**< NULL once answered */
    void *arg;
    struct loop_timer deadline;

    /* the plan */
    struct map_object object;
    struct str put_hash;
    struct store_resource row;      /**< the resource as the store has it; id 0: new */
    struct task base;               /**< with row.id != 0 */
    struct store_version *versions; /**< newest first */
    size_t version_count;
    int64_t meant_rev; /**< by X-MSTASK-REV; 0: the one that it names */
    struct map_plan plan;
    struct str replaced_etag;
    struct str upstream_id;
    struct str parent_href; /**< of the resource below which the document says that it stands */
    struct str parent_id;   /**< that task upstream, if this is, or will be, an item of its list */
    struct str marker;
    bool is_own;     /**< the bridge's own change: no client, no PUT */
    bool is_reduced; /**< the service refused it, and what may be at fault is left out */
    bool has_merged; /**< upstream had moved on and the change was planned anew */

    /* the steps of the plan: write_series.c */
    bool is_stepping; /**< plan.steps[step] is under way */
    bool is_sent;     /**< it was asked for, perhaps by the last run: only looking tells */
    size_t step;
    struct upstream_item fresh;  /**< the series' task as it was read before the call */
    struct upstream_item done;   /**< what the step took out of the series; no id: nothing */
    struct upstream_item onward; /**< with which the series goes on */
    bool has_searched_all;       /**< not only among what has changed lately */
    task_fields creates;         /**< of plan.wanted, for the next task of a driven series */

    bool is_replay; /**< of the last accepted PUT, with attachments that may not have arrived */
    struct op_attach *attach; /**< write_attach.c; NULL: none */
    size_t held_bytes;        /**< of engine->held_bytes */
    struct op_source *source; /**< content of another task on its way */

    /* under way */
    int64_t row_id;         /**< of the operation in the store; 0: not written down */
    int64_t new_row_id;     /**< the worker's, while it writes it down */
    int64_t sent_s;         /**< when it was written down to be sent; 0: not yet */
    uint64_t sent_pages;    /**< pages of the list that were there by then */
    uint64_t settled_pages; /**< ... that were asked for when it was settled */
    struct upstream_op *upstream_op;
    struct upstream_item answer; /**< kept beyond its reply: op_keep_answer */
    struct store_job job;
    bool is_job_running;
    struct loop_timer lookup;
    unsigned misses, lookup_failures;
    struct str found_id; /**< bears the marker, but is completed: the rest of a series */
    struct candidate *candidates;
    bool has_chosen;           /**< one of them, `answer`: others keep away from it */
    bool has_kept;             /**< what is kept upstream was written, or could not be */
    bool is_kept_locally;      /**< nothing else is sent */
    struct str kept;           /**< what is to be kept */
    enum op_below below_state; /**< of an item of a checklist: write_keep.c */
    unsigned walked_pages;
    bool has_searched_copy; /**< write_reschedule.c */
    struct str link_before; /**< the list's before it was sent; empty: nobody knows any more */
    struct str series_marker;
    struct str copy_id; /**< of the one that may be the copy: others keep away from it */

    /* settling */
    struct store_resource result;
    struct store_version result_version;
    struct store_resource ours; /**< of an occurrence; a client's copy takes its place */
    /** A resource beside it that a step writes: a client's copy of the completed occurrence, the
     * occurrence that is open again. */
    struct store_resource other;
    struct store_resource *waiting; /**< the copies of this list that wait for a series */
    size_t waiting_count;
    struct store_resource done_row; /**< the resource of `done` */
    struct store_version done_version;
    bool has_done_row;
    bool goes_on;               /**< the step ends with it, not the operation */
    struct store_resource twin; /**< a resource that a page made of the very task being created */
    bool has_twin;
    struct store_resource *below; /**< the sub-tasks that went with the task */
    size_t below_count;
    struct str discard_id;  /**< upstream, of what goes once this is settled; empty: nothing */
    struct task discarded;  /**< what that was when it was judged: only this goes */
    int64_t discard_row_id; /**< of the OP_DISCARD that follows; 0: none */
    enum sync_outcome outcome;
    bool gives_etag;
    struct store_collection *made; /**< OP_MAKE_FOLDER: the new list's row */
    bool is_confirming;            /**< only what no client sees of result is stored */
    bool is_publishing; /**< result is to be published (as a tombstone if result.is_removed) */
};

/** Content that an operation waits for; it outlives the operation. */
struct op_source {
    struct op *op; /**< NULL: nobody waits any more */
};

/* write.c */
/** One for a client, waiting for its turn; copies everything that the caller lends. */
struct op *op_ask(struct collection *c, enum op_kind kind, struct str href,
    const struct precondition *precondition, int64_t deadline_ms, sync_cb *cb, void *arg);
/** Count content that the operation keeps in memory. fails: ERR_BUSY: too much is on its way */
MUST_CHECK bool op_hold_bytes(struct op *op, size_t bytes, struct err *err);
void op_answer_content(struct op *op, struct str content, struct str name, struct str type);
struct op *op_new(struct account *account, struct collection *collection, enum op_kind kind);
/** Answer the client, once; later calls do nothing. */
void op_answer(struct op *op, enum sync_outcome outcome, struct str etag, const struct err *err);
void op_answer_fault(struct op *op, enum map_fault fault, const struct err *err);
void op_answer_uid_conflict(struct op *op, struct str other_href);
/** It has ended: the next one on its address takes its turn. */
void op_end(struct op *op);
void op_job(struct op *op, bool is_write,
    bool (*run)(struct store_job *, struct store_db *, struct err *),
    void (*done)(struct store_job *));
/** To be called first in a job's done: false if the operation was abandoned (and is freed). */
bool op_job_ended(struct op *op);
/** The same for what came instead of a job: it was abandoned; free it. */
void op_abandoned(struct op *op);
struct map_context op_context(const struct op *op);
/** May a new task of that title be what this operation makes? */
bool op_may_make(const struct op *op, struct str title);

/** Answer in a later turn, without an operation. */
void sync_refuse_later(struct engine *engine, enum sync_outcome outcome, const struct err *err,
    sync_cb *cb, void *arg);

/* write_put.c */
void op_start_put(struct op *op);
void op_start_delete(struct op *op);
/** Make the plan of an update from row, base and versions. fails: ERR_INVALID */
MUST_CHECK bool op_plan_update(struct op *op, struct err *err);
/** Plan again upon what upstream has now; false if it can't be (answered and ended). */
bool op_replan(struct op *op, const struct task *returned, struct str current);
void op_plan_creation(struct op *op);

/* notice.c */
/** A client writes to what is ours: the operation is being, or has been, answered. */
bool notice_takes_put(struct op *op, const struct resource *live);
bool notice_takes_delete(struct op *op, const struct resource *live);
bool notice_takes_attach(struct op *op, const struct resource *live);

/* write_attach_plan.c */
/** Take what is inline out of the body. fails: ERR_LIMIT: one is too large */
MUST_CHECK bool op_attach_cut(struct op *op, struct err *err);
/** What the planned PUT does to attachments; op->plan.document loses what is not stored. fails:
 * ERR_INVALID */
MUST_CHECK bool op_attach_plan(struct op *op, bool is_new, struct err *err);
/** The same PUT once more: what of it has not arrived? fails: ERR_INVALID */
MUST_CHECK bool op_attach_replay(struct op *op, struct err *err);
void op_start_attach(struct op *op);

/* write_attach.c */
/** Begin the next step. false: there is none, and the operation has ended. */
bool op_attach_next(struct op *op);
/** op_begin, once the content of other tasks that it is to get is here: what can't be copied must
 * not leave a task without it. */
void op_attach_prepare(struct op *op);
bool op_is_attaching(const struct op *op);
void op_attach_describe(const struct op *op, struct store_operation *row);
void op_attach_send(struct op *op);
void op_attach_look(struct op *op);
MUST_CHECK bool op_attach_resume(struct op *op, const struct store_operation *row, struct err *err);
void op_attach_abandon(struct op *op);

/* write_read.c */
void op_start_read(struct op *op);

/* write_send.c */
/** Write the operation, or its step, down, then send it. */
void op_begin(struct op *op);
void op_keep_answer(struct op *op, const struct upstream_item *item);
/** The task of an update has vanished upstream (design section 7, 'Conflicts'). */
void op_vanished(struct op *op);

/* write_subtask.c */
/** Is it, or will it be, an item of a checklist? */
bool op_is_subtask(const struct op *op);
/** Where the document says that it stands: parent_href. */
void op_read_parent(struct op *op);
/** In a job: from parent_href to parent_id. */
MUST_CHECK bool op_find_parent(struct op *op, struct store_db *db, struct err *err);
/** A new resource, once its parent is known. */
void op_start_below(struct op *op);
/** Does the stored item have to become a task, or another task's item? */
bool op_leaves_list(const struct op *op);
/** ... by making that, then discarding the item; the plan of an ordinary update is there. */
void op_promote(struct op *op);
/** In the settlement: what goes or is left along with it. */
MUST_CHECK bool op_settle_below(struct op *op, struct store_db *db, struct err *err);
/** After its commit. */
void op_below_settled(struct op *op);

/* write_discard.c */
/** Has the task that was read what would be lost with it, as far as anybody can tell? */
bool op_holds_more(const struct op *op, struct upstream_reply *reply);
/** In the settlement: write down that discard_id goes. */
MUST_CHECK bool op_add_discard(struct op *op, struct store_db *db, struct err *err);
/** After its commit. */
void op_start_discard(struct op *op);
/** Take up an OP_DISCARD. */
void op_resume_discard(
    struct account *account, struct collection *collection, const struct store_operation *row);
void op_send_discard(struct op *op);

/* write_reschedule.c */
/** Does it give a series another rule, at a service that may leave a copy of it behind? */
bool op_reschedules(const struct op *op);
/** The same of one whose base may not have been read yet. */
bool op_may_reschedule(const struct op *op);
/** It is about to be sent: what changes in the list from now on is where the copy will be. */
void op_note_link(struct op *op);
/** Look for that copy: once, before the change is settled upon item. Ends in op_settle; or where
 * nobody knows whether the change was done, in op_missed or op_become_unclear. */
void op_search_copy(struct op *op, const struct upstream_item *item);

/* write_keep.c */
/** What is kept beside the task; empty: nothing. */
struct str op_kept(const struct op *op);
/** Write it first, beside `id`, then settle: upon op->answer, or locally. False: not wanted. */
bool op_keep(struct op *op, struct str id, bool is_local);

/* write_copy.c */
/** A new resource; or a client's own copy of a completed occurrence, which takes the place of ours.
 */
void op_start_creation(struct op *op);
/** Is there another operation on this address? */
bool op_is_being_written(const struct op *op, struct str href);

/* write_series.c */
/** Do what the plan says: its steps first, then its fields. */
void op_carry_out(struct op *op);
/** The step is written down. */
void op_send_step(struct op *op);
/** The settlement of a step is committed. */
void op_next_step(struct op *op);
/** The task that bears the marker of this step. */
void op_step_found(struct op *op, const struct upstream_item *item);
/** The occurrence is completed, and its next one was looked for in vain. */
bool op_step_wants_next(const struct op *op);
void op_create_next(struct op *op);
/** Planned again after a restart: which step was under way? false: none */
bool op_resume_steps(struct op *op);

/* write_settle.c */
/** The service took it: item is what it answered. */
void op_settle(struct op *op, const struct upstream_item *item);
/** A step is done, others or fields follow. item: of the series; NULL: it is as it was. */
void op_settle_step(struct op *op, const struct upstream_item *item);
/** A step of op->attach is done: returned is the task now, document what is to be stored. */
void op_settle_attachment(struct op *op, const struct task *returned, struct str document);
/** All is done: answer, and take its row from the store, if it has one. */
void op_finish(struct op *op);
/** Nothing had to be sent: store the document alone. */
void op_settle_locally(struct op *op);
/** The task is gone upstream: bury the resource and answer `outcome`. */
void op_settle_removed(struct op *op, enum sync_outcome outcome);
/** Nothing was sent, but the task was read: store it with `document`, which it is merged into. */
void op_settle_seen(struct op *op, const struct task *returned, struct str document);
/** Nothing is known yet: as it was, to be looked after again at due_s. */
void op_settle_later(struct op *op, int64_t due_s);
/** A new resource that is not sent before `due_s`. */
void op_settle_waiting(struct op *op, int64_t due_s);
/** Upstream's own change wins: store `document` and answer 412. */
void op_settle_conflict(
    struct op *op, const struct task *returned, struct str etag, struct str document);
/** Take its row from the store, if it has one, and end it; it has been answered. */
void op_forget(struct op *op);
/** It was not done: forget it. The client has been, or is now, answered with err (503 unless its
 * kind says otherwise). */
void op_drop(struct op *op, const struct err *err);

/* write_tend.c */
void op_start_tend(struct op *op);

/* write_lookup.c */
void op_become_unclear(struct op *op, const struct err *err);
/** An update: is task what was wanted? */
bool op_is_done(const struct op *op, const struct task *task);
/** Looked, and it was not done: look again later, or give up. */
void op_missed(struct op *op);
/** The task that a POST may have made: by its marker, else by what was sent. */
void op_find_new(struct op *op);
/** Nobody can say now: look again later. */
void op_lookup_failed(struct op *op, const struct err *err);
/** A new operation about which no client asked: look at once. */
void op_lookup_start(struct op *op);
/** Take up an operation on a task that the last run left open. */
void op_resume(
    struct account *account, struct collection *collection, const struct store_operation *row);

/* write_fingerprint.c */
/** OP_CREATE: ends in op_settle, op_missed or op_lookup_failed. */
void op_find_by_fingerprint(struct op *op);
void op_add_candidate(struct op *op, struct str id);
/** Does another operation stand for that task upstream? */
bool op_is_anothers(const struct op *op, struct str id);
