#pragma once
/**
 * VTODO document <-> struct task, and the document merge (design section 3, mapping.md 1). Pure
 * functions: no I/O, no clock (the caller gives `now_us`), no state. Results live in the context's
 * arena.
 */
#include "bridge/task.h"
#include "ical/document.h"
#include "ical/zone.h"

/** The options of [mapping] that decide a conversion. */
struct map_options {
    bool altrep;            /**< HTML bodies as DESCRIPTION;ALTREP instead of X-ALT-DESC */
    int normal_priority;    /**< 0: no PRIORITY line for ordinary tasks; or 5 */
    bool cancelled_as_done; /**< CANCELLED goes upstream as completed instead of deferred */
    /** From when on the day of a date without a time an alarm relative to it counts. */
    int32_t all_day_alarm_minute;
    /** URL goes upstream with a new task, where services have links. */
    bool url_as_link;
    /** A series on the 31st falls on the last day of months without one, as at the services. */
    bool clamps_month_end;
    /** How the PRODID of a client begins whose dates in DUE mean the day before; borrowed. */
    const char *const *due_exclusive;
    size_t due_exclusive_count;
    /** The caller carries out the steps of a plan. Without it a PUT on a series is planned as an
     * ordinary change of fields. */
    bool plans_steps;
};

/** What every conversion needs to know; made once per account and call. */
struct map_context {
    const struct zone *zone; /**< the account zone Z */
    int64_t now_us;
    task_project *project; /**< of the account's dialect */
    /** Where clients read the attachments of this resource (map/attach.h); ends in '/'. */
    struct str attachments_url;
    struct map_options options;
    struct arena *arena;
};

/** Why a document can't be stored, in the words of RFC 4791 5.3.2.1; dav/ turns it into a status.
 */
enum map_fault {
    MAP_FAULT_NONE,
    MAP_FAULT_VALID_DATA,          /**< CALDAV:valid-calendar-data */
    MAP_FAULT_VALID_OBJECT,        /**< CALDAV:valid-calendar-object-resource */
    MAP_FAULT_SUPPORTED_COMPONENT, /**< CALDAV:supported-calendar-component */
    MAP_FAULT_MAX_INSTANCES,       /**< CALDAV:max-instances */
    MAP_FAULT_MIN_DATE,            /**< CALDAV:min-date-time */
    MAP_FAULT_MAX_DATE,            /**< CALDAV:max-date-time */
    MAP_FAULT_MAX_SIZE,            /**< CALDAV:max-resource-size */
    MAP_FAULT_ATTACHMENT_SIZE,     /**< CALDAV:max-attachment-size */
    MAP_FAULT_ATTACHMENT_COUNT,    /**< CALDAV:max-attachments-per-resource */
    MAP_FAULT_MANAGED_ID,          /**< CALDAV:valid-managed-id */
};

/** What a PUT body is, once checked. */
struct map_object {
    struct str document; /**< what to store: the body, but for repairs that must be made */
    bool is_verbatim;    /**< document is the body byte for byte: an ETag may be returned */
    struct str uid;
    /** The rev and the hash of X-MSTASK-REV (mapping.md 1.3.6), which is already stripped from
     * document; has_rev is false if it was absent or malformed. */
    bool has_rev;
    uint64_t rev;
    struct str rev_hash;
};

/**
 * Check a PUT body and take from it what the engine needs.
 * fails: ERR_INVALID (or ERR_LIMIT), with *fault_out set and err->text naming the line
 */
MUST_CHECK bool map_check(struct str body, const struct map_context *context,
    struct map_object *out, enum map_fault *fault_out, struct err *err);

/** read(D): the task that a stored document expresses. fails: ERR_INVALID */
MUST_CHECK bool map_read(
    struct str document, const struct map_context *context, struct task *out, struct err *err);

/** The document of a task that was born upstream. uid: its UID. */
struct str map_render(const struct task *task, struct str uid, const struct map_context *context);

/**
 * merge(D, base, returned): apply what the service changed, field by field (mapping.md 1.2), and
 * nothing else. Returns `document` itself (same pointer and length) when no field changes it.
 * LAST-MODIFIED, DTSTAMP (and SEQUENCE as mapping.md 2.14 says) are rewritten only when a field
 * was. fails: ERR_INVALID: the document can't be read
 */
MUST_CHECK bool map_merge(struct str document, const struct task *base, const struct task *returned,
    const struct map_context *context, struct str *out, struct err *err);

/** The field values of a version that was served (design section 3, 'versions'). */
struct map_version {
    uint64_t fields[TASK_FIELD_COUNT]; /**< task_hash_fields */
};

/** What a PUT on a series asks for, in the words of mapping.md 5.4. */
enum map_step_kind {
    MAP_STEP_COMPLETE, /**< complete the occurrence of `day`; not repeatable: 5.4 tells how */
    MAP_STEP_ADVANCE, /**< `day` is skipped: the series goes on at `to_day`, nothing is completed */
    MAP_STEP_MOVE,    /**< the occurrence of `day` alone gets other dates and leaves the series */
    MAP_STEP_ADD_DONE, /**< `day` is yet to come and done already: a completed task of its own */
    MAP_STEP_REOPEN,   /**< the task that was completed for `day` is open again, if it is known */
};

struct map_step {
    enum map_step_kind kind;
    int32_t day;    /**< of the occurrence, days since 1970 */
    int32_t to_day; /**< COMPLETE, ADVANCE: where the series goes on */
    /** COMPLETE, MOVE, ADD_DONE: the occurrence by itself, projected, and the document of the
     * resource that it gets: a UID of its own (the same for the same occurrence), no rule,
     * RELATED-TO the series. Empty when the client wrote nothing about the occurrence (styles A
     * and F of mapping.md 5.2): the service's completed task is rendered then. */
    struct task task;
    struct str document;
};

/** What a PUT asks of the service. */
struct map_plan {
    task_fields fields;   /**< to be sent, already minimal; 0: nothing to send */
    struct task wanted;   /**< their values, projected for the dialect */
    struct task expected; /**< the whole task as the service should answer; the merge base then */
    struct str document;  /**< to store: the client's, with fields that were not its change brought
                               to their current value */
    bool is_verbatim;
    /** the client's change touches a field in which the current document has moved on from the
     * version that the client saw (a conflict when the client gave an If-Match) */
    task_fields overlapping;
    /**
     * To be done before `fields` are sent, in order; none for what is no series. fields, wanted,
     * expected and document are those after the steps: expected is what the series' open task
     * should be then.
     */
    struct map_step *steps;
    size_t step_count;
    /** The bridge makes each next occurrence: COMPLETE is `Completed` on the task and a new task
     * made from `document`; ADVANCE is in `fields`. */
    bool is_driven;
};

/** A new resource: everything is wanted. fails: ERR_INVALID */
MUST_CHECK bool map_plan_create(const struct map_object *object, const struct map_context *context,
    struct map_plan *out, struct err *err);

/**
 * Rule PUT (mapping.md 1.3).
 * current   the document served now
 * base      the task as the service last returned it
 * versions  what the client may have seen: the one version that it named, or all that were served
 *           since the last PUT; none: the current one only
 * fails     ERR_INVALID
 */
MUST_CHECK bool map_plan_update(const struct map_object *object, struct str current,
    const struct task *base, const struct map_version *versions, size_t version_count,
    const struct map_context *context, struct map_plan *out, struct err *err);

/**
 * The service refused the values of a plan (400): leave out what may be at fault and what the
 * document can keep alone (mapping.md 1.3.5): the rule, HTML (its text is sent instead),
 * categories, the reminder. To be tried once.
 *
 * base     of the resource; NULL: the plan is that of a create
 * returns  the fields that were given up; 0: there is nothing to leave out
 */
task_fields map_plan_reduce(
    struct map_plan *plan, const struct task *base, const struct map_context *context);

/**
 * A series that has come to a date which the document excepts (a service knows no exceptions) has
 * to go on to the next: a plan without any client, to be carried out after each change of the
 * current date (mapping.md 5.5). No step in it: nothing to do. fails: ERR_INVALID
 */
MUST_CHECK bool map_plan_skip(struct str document, const struct task *base,
    const struct map_context *context, struct map_plan *out, struct err *err);

/** Whether the one reminder that a service holds has to move on (mapping.md 2.8, rule 7; also after
 * a service moved a series over a change of clocks). */
struct map_roll {
    bool is_due; /**< `wanted` should be sent now: TASK_REMINDER alone */
    struct task_reminder wanted;
    int64_t check_at_us; /**< ask again then; 0: not before the document or base changes */
};
/** fails: ERR_INVALID */
MUST_CHECK bool map_roll_reminder(struct str document, const struct task *base,
    const struct map_context *context, struct map_roll *out, struct err *err);

/**
 * What the bridge does for a task by itself, without any client: a series goes on over an exception
 * (map_plan_skip), an override's content is applied when the series has come to it and taken back
 * afterwards, the next reminder is due. Nothing to do: no fields, and plan.document is `document`.
 * at_us_out: look again then; 0: not before the document or base changes. fails: ERR_INVALID
 */
MUST_CHECK bool map_plan_tend(struct str document, const struct task *base,
    const struct map_context *context, struct map_plan *out, int64_t *at_us_out, struct err *err);

/** Is this an open series that has another occurrence after the current one? */
bool map_goes_on(struct str document, const struct map_context *context);

/**
 * The current occurrence of such a series was completed upstream, as `returned` says: the document
 * that a client of style D (mapping.md 5.2) would write. fails: ERR_INVALID
 */
MUST_CHECK bool map_complete(struct str document, const struct task *base,
    const struct task *returned, const struct map_context *context, struct str *out,
    struct err *err);

/** Is `document` a completed occurrence of this series: of `day`, and by its UID or its RELATED-TO?
 */
bool map_is_occurrence(
    struct str document, struct str series, int32_t day, const struct map_context *context);

/**
 * Is a new resource the copy by which a client (style C of mapping.md 5.6) says that the current
 * occurrence of this series is done: not recurring, completed, of the same title and date?
 */
bool map_is_copy(
    const struct map_object *object, struct str series, const struct map_context *context);

/** Is a new resource such a copy that comes late: of an occurrence that was completed already and
 * has a resource, `made` by the bridge? */
bool map_is_same_occurrence(
    const struct map_object *object, struct str made, const struct map_context *context);

/** map_render for what a service took out of a series: RELATED-TO;RELTYPE=SIBLING the series. */
struct str map_render_occurrence(
    const struct task *task, struct str series, struct str uid, const struct map_context *context);

/** Put (or with rev 0 take out) X-MSTASK-REV:<rev>-<hash> in a document. */
struct str map_set_rev(
    struct str document, uint64_t rev, struct str hash, const struct map_context *context);

/*
 * Sub-tasks that a service keeps as items of their parent's checklist (mapping.md 2.12). Such an
 * item is a resource like any other: a document of its own, and a base in which TITLE, STATUS
 * (TASK_NOT_STARTED or TASK_DONE), COMPLETED (with its moment) and created_us are all that there
 * is. With the dialect's project_check as the context's projection, map_plan_create,
 * map_plan_update and map_merge do for it what they do for a task; what an item cannot hold stays
 * in the document.
 */

/** What a document says about its place in a tree, and what kind of sub-task it can be. */
struct map_child {
    /** UID of the task above it, unescaped: of the first RELATED-TO without a RELTYPE or with
     * PARENT. Empty: none, or it names itself. Nobody has checked that there is such a task, nor
     * for cycles: both make it a task (of its own, with the link kept in the document). */
    struct str parent;
    /** Nothing in it needs a task of its own: it can be an item of a checklist, if its parent is a
     * task of the service and it has no children itself, which the caller knows. */
    bool is_simple;
    struct str obstacle; /**< name of the first property or component that needs one; for logs */
};
/** fails: ERR_INVALID: the document can't be read */
MUST_CHECK bool map_read_child(
    struct str document, const struct map_context *context, struct map_child *out, struct err *err);

/** map_render for an item that was born upstream: RELATED-TO;RELTYPE=PARENT the task with the UID
 * `parent`. LAST-MODIFIED is the later of created and completed where the service tells no other.
 */
struct str map_render_child(
    const struct task *task, struct str parent, struct str uid, const struct map_context *context);
