#pragma once
/**
 * The task model: the one currency between upstream, store and calendar. It knows neither JSON nor
 * iCalendar. A struct task is a plain value; its strings are views into an arena or a text that the
 * caller keeps alive for as long as the task.
 *
 * A task read from a client's document may hold more than a service can (a due time, nine
 * priorities); a dialect's project() says what a service would answer to it.
 */
#include "bridge/core/arena.h"
#include "bridge/core/buf.h"
#include "bridge/core/err.h"
#include "bridge/core/str.h"

/** The fields that are compared, merged and sent one by one. Order is stored: append only. */
enum task_field {
    TASK_TITLE,
    TASK_BODY,
    TASK_PRIORITY,
    TASK_SENSITIVITY,
    TASK_STATUS,
    TASK_PERCENT,
    TASK_COMPLETED,
    TASK_START,
    TASK_DUE,
    TASK_REMINDER,
    TASK_RECURRENCE,
    TASK_CATEGORIES,
    TASK_ASSIGNED_TO, /**< read-only upstream */
    TASK_OWNER,       /**< read-only upstream */
    TASK_URL,         /**< first link of services that have links */
    TASK_FIELD_COUNT,
};

/** A set of fields: bit TASK_X of the mask. */
typedef uint32_t task_fields;
#define TASK_FIELD(field) ((task_fields)1 << (field))
#define TASK_ALL_FIELDS   ((task_fields)((1u << TASK_FIELD_COUNT) - 1))

enum task_status {
    TASK_NOT_STARTED,
    TASK_IN_PROGRESS,
    TASK_DONE,
    TASK_WAITING, /**< waiting on others */
    TASK_DEFERRED,
    TASK_CANCELLED, /**< clients only; no service has it */
};

enum task_sensitivity {
    TASK_NORMAL,
    TASK_PERSONAL,
    TASK_PRIVATE,
    TASK_CONFIDENTIAL,
};

struct task_body {
    bool is_html;
    struct str content; /**< line breaks are LF; empty: no body */
};

/** How a client wrote the time of a date. */
enum task_time_form {
    TASK_DATE_ONLY,
    TASK_TIME_FLOATING,
    TASK_TIME_UTC,
    TASK_TIME_ZONED, /**< in `zone` */
};

/**
 * A start, due or completion date: a civil date, with a time of day where a client gave one.
 * Services keep the date only. For TASK_COMPLETED of a client's document the form is UTC. A start
 * or due that a client wrote in UTC has the day of its hint zone (mapping.md 3.3, W4): map/ gives
 * it as TASK_TIME_ZONED there, so that `day` is always the date that counts.
 */
struct task_date {
    bool is_set;
    enum task_time_form form;
    int32_t day;     /**< days since 1970-01-01, in the date's own zone (mapping.md 3.2, 3.3) */
    int32_t second;  /**< second of the day; 0 with TASK_DATE_ONLY */
    struct str zone; /**< TZID as written; with TASK_TIME_ZONED */
    /** Service side only, and not part of equality: the instant that the service keeps for it (T of
     * mapping.md 3.2), in seconds, when has_instant. */
    bool has_instant;
    int64_t instant_s;
    /** Of a completion, with has_instant: the instant is the very moment, no midnight that stands
     * for the day (items of a checklist: mapping.md 2.12). */
    bool is_moment;
};

struct task_reminder {
    bool is_on;
    int64_t instant_s; /**< UTC seconds, whole minutes; 0 when off */
};

enum task_pattern {
    TASK_DAILY,
    TASK_WEEKLY,
    TASK_ABSOLUTE_MONTHLY,
    TASK_RELATIVE_MONTHLY,
    TASK_ABSOLUTE_YEARLY,
    TASK_RELATIVE_YEARLY,
};

enum task_range {
    TASK_NO_END,
    TASK_END_DATE,
    TASK_NUMBERED,
};

/** mapping.md 4.2; members that the pattern does not use are 0. */
struct task_recurrence {
    bool is_set;
    enum task_pattern pattern;
    int32_t interval;
    int32_t month;        /**< 1 to 12 */
    int32_t day_of_month; /**< 1 to 31 */
    uint8_t weekdays;     /**< bit 0 Sunday ... bit 6 Saturday */
    int8_t first_weekday; /**< 0 Sunday ... */
    int8_t index;         /**< 1 to 4, -1 last */
    enum task_range range;
    int32_t start_day; /**< days since 1970 */
    int32_t end_day;
    int32_t count;
};

struct task_list_of_text {
    struct str *items;
    size_t count;
};

enum task_attachment_kind {
    TASK_ATTACHED_FILE,
    TASK_ATTACHED_LINK,  /**< a link to a file that somebody else keeps */
    TASK_ATTACHED_ITEM,  /**< a message, event or contact; can be read only */
    TASK_ATTACHED_PLACE, /**< a link that some program has tied the task to (To Do) */
};

/** What hangs on a task. It never changes upstream: another content is another attachment. */
struct task_attachment {
    enum task_attachment_kind kind;
    struct str id; /**< the service's; empty before it has it */
    struct str name;
    struct str type; /**< media type; empty: unknown */
    struct str url;  /**< of a link */
    int64_t bytes;   /**< as the service counts, which may be more than the content has */
    struct str hash; /**< of the content (task_content_hash) where it went through our hands */
};

struct task {
    struct str title;
    struct task_body body;
    int32_t priority; /**< RFC 5545 3.8.1.9: 0 none, 1 highest to 9 lowest */
    enum task_sensitivity sensitivity;
    enum task_status status;
    int32_t percent; /**< 0 to 100; -1: none */
    struct task_date completed;
    struct task_date start;
    struct task_date due;
    struct task_reminder reminder;
    struct task_recurrence recurrence;
    struct task_list_of_text categories; /**< in order, no duplicates without regard to case */
    struct str assigned_to;
    struct str owner;
    struct str url;

    /* Not fields: never merged, never a change by themselves. Microseconds since 1970; 0: unknown.
     */
    int64_t created_us;
    int64_t modified_us;
    bool has_attachments; /**< as the service says; the list is a request of its own */
    bool knows_attachments;
    struct task_attachment *attachments; /**< with knows_attachments */
    size_t attachment_count;
    struct str uid; /**< of the document that it was read from; a service gets it with a link */
    /** Which fields the source really carried (a delta entry may hold a few only). A task read from
     * a document or a full entity has TASK_ALL_FIELDS. */
    task_fields present;
};

/** A task with nothing set: percent -1, all fields present. */
void task_init(struct task *task);

/** "title", "due" ...: for logs. */
const char *task_field_name(enum task_field field);

/** Equal in this one field? (categories: same set without regard to order and case) */
bool task_field_eq(const struct task *a, const struct task *b, enum task_field field);
/** The fields in which a and b differ. */
task_fields task_diff(const struct task *a, const struct task *b);
/** Copy the named fields of source into task (views are shared, not copied). */
void task_apply(struct task *task, const struct task *source, task_fields fields);
/** A deep copy whose strings live in arena. */
void task_copy(struct arena *arena, const struct task *source, struct task *out);

/**
 * Rule R2 of mapping.md 3.2: where a date of `task` (as a service returned it) stands for the same
 * instant as the date of `base`, it means base's day, whatever the zone suggests.
 */
void task_adopt_days(struct task *task, const struct task *base);

/** Has it an address instead of content? */
bool task_attachment_is_link(const struct task_attachment *attachment);
/** The attachment with that id of the service's; NULL if there is none. */
const struct task_attachment *task_find_attachment(const struct task *task, struct str id);
/** The same attachments, without regard to their order? */
bool task_has_same_attachments(const struct task *a, const struct task *b);
/** task with one attachment more, or without the one of that id; the new list lives in arena. */
void task_add_attachment(
    struct task *task, const struct task_attachment *attachment, struct arena *arena);
void task_drop_attachment(struct task *task, struct str id, struct arena *arena);
/** Take over what source knows of attachments (views are shared), if it knows them. */
void task_apply_attachments(struct task *task, const struct task *source);
/** The same the other way round: what old knows, if task knows nothing itself. */
void task_keep_attachments(struct task *task, const struct task *old);
/** 64 hexadecimal digits. */
struct str task_content_hash(struct str content, struct arena *arena);

/** A hash of each field's value, the same on every machine and in every run. */
void task_hash_fields(const struct task *task, uint64_t out[TASK_FIELD_COUNT]);

/** Write the task as text for the store: one "name value" line per field that is set, versioned. */
void task_format(const struct task *task, struct buf *out);
/**
 * Read what task_format wrote; strings are copied into arena. Unknown names (a newer program wrote
 * them) are skipped.
 * fails: ERR_INVALID
 */
MUST_CHECK bool task_parse(struct str text, struct arena *arena, struct task *out, struct err *err);

struct zone;
/**
 * What a service will say back when given this task: one pure function per dialect. zone is the
 * account zone. Strings of *out are views of the input or live in arena. project(project(t)) equals
 * project(t).
 */
typedef void task_project(
    const struct task *task, const struct zone *zone, struct arena *arena, struct task *out);
