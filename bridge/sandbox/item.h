#pragma once
/**
 * A task as the service stores it, and its two ways over the wire: what a POST or PATCH may say
 * (upstream.md A.4, A.5, A.7) and what answers show (A.6). No I/O.
 */
#include "bridge/core/arena.h"
#include "bridge/sandbox/refusal.h"
#include "bridge/sandbox/series.h"
#include "bridge/sandbox/zone.h"

struct cJSON;

/** "Not set" for instants. */
#define SBX_NEVER INT64_MIN

#define SBX_SUBJECT_MAX_UNITS 255 /**< UTF-16 code units */

enum sbx_status {
    SBX_NOT_STARTED,
    SBX_IN_PROGRESS,
    SBX_COMPLETED,
    SBX_WAITING,
    SBX_DEFERRED,
};

struct sbx_task {
    int64_t row;    /**< 0: not stored yet */
    int64_t folder; /**< row of its folder */
    struct str id;
    struct str folder_id;
    int64_t seq; /**< number of its last change in the mailbox */
    int64_t created_us, modified_us;
    struct str subject, body;
    bool body_is_html;
    struct str categories; /**< JSON array of strings */
    int importance, sensitivity, status;
    int64_t start_s, due_s, completed_s; /**< midnights of some zone, or SBX_NEVER */
    int64_t reminder_us;                 /**< or SBX_NEVER */
    bool is_reminder_on;
    struct str zone;      /**< in which Due was last said; decides the dates of a series */
    bool has_attachments; /**< read-only */
    bool has_series;
    bool is_due_anchored; /**< the series counts by Due, as To Do has it; else by Start */
    struct sbx_series series;
};

/** Which members a request named. */
enum {
    SBX_SET_SUBJECT = 1 << 0,
    SBX_SET_START = 1 << 1,
    SBX_SET_DUE = 1 << 2,
    SBX_SET_COMPLETED = 1 << 3,
    SBX_SET_STATUS = 1 << 4,
    SBX_SET_SERIES = 1 << 5,
};

struct sbx_edit {
    struct sbx_zones *zones;
    const struct sbx_zone *zone; /**< of Prefer: outlook.timezone, or UTC */
    int64_t now_us;
    bool is_due_anchored; /**< what a series said now counts by */
    struct arena *arena;  /**< texts of the edited task point into it or into the JSON */
};

/** The defaults of a new task (no id, no folder, no times). */
void sbx_task_init(struct sbx_task *task);
/**
 * Apply a request body to *task. Unknown, read-only and ill-typed members are refused, the date
 * rules are enforced. Extended properties are left to property.h. On refusal *task is half edited.
 * set_out: SBX_SET_*
 */
MUST_CHECK bool sbx_task_edit(struct sbx_task *task, const struct cJSON *body,
    const struct sbx_edit *edit, unsigned *set_out, struct sbx_refusal *refusal);
/** Status Completed, today's date in the zone; the series, if any, is not looked at. */
void sbx_task_complete(struct sbx_task *task, const struct sbx_edit *edit);
/**
 * Move start, due and reminder to the first date of the series on or after `day`, keeping their
 * distances; false if there is none.
 */
bool sbx_task_move_to(struct sbx_task *task, struct sbx_zones *zones, int32_t day);
/** The day (in the task's zone) that the series counts by: that of Start, if it may, else of Due.
 */
int32_t sbx_task_anchor_day(const struct sbx_task *task, struct sbx_zones *zones);

/** What identifies a mailbox in what it shows. */
struct sbx_mailbox {
    struct str base;  /**< "http://host:port/api/v2.0" */
    struct str guids; /**< "user@tenant" as in @odata.id */
    struct str owner;
    struct str key; /**< 16 bytes, base of the change keys */
};
/** Everything but @odata.context; the caller frees. */
struct cJSON *sbx_task_write(const struct sbx_task *task, const struct sbx_mailbox *mailbox,
    const struct sbx_zone *zone, struct arena *arena);
/** Base64 of a version of an item: folders show it, tasks also as the text of their etag. */
struct str sbx_change_key(const struct sbx_mailbox *mailbox, int64_t seq, struct arena *arena);
/** W/"..." */
struct str sbx_etag(const struct sbx_mailbox *mailbox, int64_t seq, struct arena *arena);
/** The other spelling of a folder id, which ParentFolderId uses (upstream.md A.1): AQMk for AAMk.
 */
struct str sbx_parent_id(struct str folder_id, struct arena *arena);

extern const char *const sbx_importance_names[3];
extern const char *const sbx_sensitivity_names[4];
extern const char *const sbx_status_names[5];
