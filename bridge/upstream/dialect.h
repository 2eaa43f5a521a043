#pragma once
/**
 * One driver per service dialect, translation only: `build` turns a call into an HTTP request,
 * `parse` its answer into a reply. No I/O, no state, no clock. What every dialect shares (lanes,
 * tokens, deadlines, retries, checking of links) is in upstream.h.
 *
 * Designed over all five dialects of reference/upstream.md section H: a kind that a dialect does
 * not have is refused by build with ERR_INVALID, and `can` says so beforehand.
 */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"
#include "bridge/task.h"
#include "http/message.h"

enum upstream_kind {
    UPSTREAM_SYNC_FOLDERS, /**< one page of the folder list, or of its changes */
    UPSTREAM_LIST_GROUPS,  /**< one page */
    UPSTREAM_SYNC_TASKS,   /**< one page of a folder's tasks, or of their changes */
    UPSTREAM_GET_TASK,
    UPSTREAM_CREATE_TASK,
    UPSTREAM_UPDATE_TASK, /**< a minimal PATCH */
    UPSTREAM_DELETE_TASK,
    UPSTREAM_COMPLETE_TASK, /**< the action: advances a series */
    UPSTREAM_FIND_TASK,     /**< by the marker that a create carried, within one folder */
    UPSTREAM_LIST_SUBTASKS, /**< one page of a task's sub-tasks */
    UPSTREAM_KEEP,          /**< put our own text beside a task, in place of what is there */
    UPSTREAM_KEEP_FIRST,    /**< ... where nothing is yet: UPSTREAM_KEEP said ERR_NOT_FOUND */
    UPSTREAM_CREATE_FOLDER,
    UPSTREAM_RENAME_FOLDER,
    UPSTREAM_DELETE_FOLDER,
    UPSTREAM_FIND_FOLDER, /**< by the marker that a create carried (or by name where it can't) */
    UPSTREAM_LIST_ATTACHMENTS, /**< one page of a task's, without their content */
    UPSTREAM_GET_ATTACHMENT,   /**< with its content */
    UPSTREAM_ADD_ATTACHMENT,   /**< a file or a link; not repeatable */
    UPSTREAM_DELETE_ATTACHMENT,
    UPSTREAM_KIND_COUNT,
};

/**
 * A sub-task that has no existence of its own upstream (an item of a checklist) goes by an id that
 * names its task as well: GET, UPDATE and DELETE work with it as with any other. A task itself
 * never has this character in its id.
 */
#define UPSTREAM_SUBTASK '|'

/** The task that this is a sub-task of; empty: it is a task. A view of id. */
struct str upstream_parent_of(struct str id);

struct upstream_call {
    enum upstream_kind kind;
    struct str folder_id;
    struct str task_id;
    struct str parent_id; /**< CREATE_TASK: as a sub-task of this; LIST_SUBTASKS: whose */
    struct str attachment_id;
    const struct task_attachment *attachment; /**< ADD_ATTACHMENT */
    struct str content;    /**< ADD_ATTACHMENT: of a file, as bytes; both stay the caller's until
                              the callback */
    struct str session;    /**< ADD_ATTACHMENT in pieces: where they go; the engine's to fill in */
    size_t sent;           /**< ... how much of the content is there */
    struct str link;       /**< SYNC_*, FIND_*, LIST_*: where to go on; empty: from the start */
    struct str etag;       /**< UPDATE, DELETE: If-Match; empty: none */
    struct str marker;     /**< CREATE_*, FIND_*; GET_TASK: show the marker (any will do) */
    struct str kept;       /**< KEEP*, CREATE_TASK with a marker: the text; empty: it stays */
    struct str kept_below; /**< KEEP*: the text about the task's sub-tasks; empty: it stays */
    bool wants_kept;       /**< SYNC_TASKS, GET_TASK: show them */
    struct str name;       /**< folders */
    const struct task *task; /**< CREATE, UPDATE: projected values */
    task_fields fields;      /**< CREATE, UPDATE: which of them are sent */
    bool has_no_range;       /**< CREATE, UPDATE: say of a rule only what repeats, not how long */
    const struct zone *zone; /**< account zone */
    unsigned page_size;      /**< SYNC_*: entries per answer wanted; 0: the dialect's default */
};

struct upstream_request {
    struct str method;
    struct str url;
    struct http_header *headers;
    size_t header_count;
    struct str body;
    bool has_body;
    bool is_part; /**< changes nothing that can be seen: another request has to follow */
};

struct upstream_item {
    bool is_removed; /**< only id is filled in */
    struct str id;
    struct str etag;   /**< for If-Match; empty if the service gave none */
    struct str marker; /**< ours, where the answer shows it */
    struct str kept; /**< our text, if it was asked for and is there; anybody may have changed it */
    struct str kept_below; /**< the same about its sub-tasks */
    bool shows_kept;       /**< what is not there is not there: both stand in one place, which the
                              answer shows */
    struct task task; /**< task.present says which fields the entity carried: TASK_ALL_FIELDS for a
                         full one; an entry of a delta page that lacks some wants to be re-read */
    task_fields doubtful; /**< of those, what this kind of entry is known to leave out at times: to
                             be re-read before a value is dropped for it */
    bool has_subtasks;    /**< its sub-tasks follow in the same page, all that there are */
};

struct upstream_folder {
    bool is_removed;
    struct str id;
    struct str name;  /**< p == NULL: an entry of a delta page does not say; it stays as it was */
    struct str group; /**< key of its group; empty: none */
    bool is_default;
    bool says_default; /**< is_default is known; an entry of a delta page may leave it out */
    bool is_writable;  /**< tasks can be created in it; says_default goes for this as well */
};

enum upstream_link {
    UPSTREAM_LINK_NONE, /**< this service gave no link: a full listing without tracking has ended */
    UPSTREAM_LINK_MORE, /**< the round is not over: go on there (it may carry a delta token) */
    UPSTREAM_LINK_DONE, /**< the round has ended: the next one starts there */
};

/** The parsed body of a listing; items are taken one by one so that a large page can be worked
 * through in slices. */
struct upstream_page;

struct upstream_reply {
    /**
     * ERR_NONE, or by what the caller can do:
     * ERR_NOT_FOUND no such item or folder; ERR_CONFLICT 412, 409; ERR_INVALID the service refuses
     * this value (400, 403 for a fixed reason ...); ERR_DENIED the token (401) or its scope (403);
     * ERR_BUSY 429, 5xx, no connection, time-out; ERR_UPSTREAM a broken answer
     */
    struct err err;
    bool is_unclear;   /**< the service may have done it all the same */
    bool is_forgotten; /**< SYNC_*: the delta token is no longer known: start from the beginning */
    bool is_account_gone; /**< the mailbox is not reachable by this API at all */
    bool is_maybe_gone;   /**< a 404 that the service itself does not stand for: a page of HTML, an
                             empty body; err is ERR_UPSTREAM then */
    struct str code;      /**< the service's own error code, for the log */
    int64_t service_date_s; /**< its Date header; 0 if none */
    int64_t asked_ms;       /**< clock_mono_ms when the request left */

    enum upstream_link link_kind; /**< SYNC_*, FIND_*, LIST_* */
    bool is_range_refused;        /**< CREATE, UPDATE: it may take the rule without its range */
    struct str
        link; /**< opaque: a URL, perhaps with a note of the dialect's behind '#', or one alone */
    struct upstream_page *page; /**< listings, COMPLETE_TASK, a GET_TASK's sub-tasks; owned by the
                                   reply */
    struct upstream_item item;  /**< GET, CREATE, UPDATE */
    struct upstream_folder folder;     /**< CREATE_FOLDER, RENAME_FOLDER */
    struct task_attachment attachment; /**< GET_ATTACHMENT, ADD_ATTACHMENT */
    struct str content;                /**< GET_ATTACHMENT: bytes; of an item: a text of `type` */
    struct str session; /**< ADD_ATTACHMENT: not over yet; build the next request with this ... */
    size_t sent;        /**< ... and this */
};

struct upstream_answer {
    int status;
    const struct http_header *headers;
    size_t header_count;
    struct str body;
};

struct dialect {
    const char *name;  /**< "outlook" */
    const char *title; /**< for people: "Outlook Tasks (REST v2.0)" */
    struct str default_url;
    /** Origins besides the configured one to which its links may lead and its token may go (both
     * hosts of Outlook v2.0); only when the configured URL is one of them. */
    const struct str *hosts;
    size_t host_count;
    bool sends_if_match; /**< If-Match goes upstream by default */
    /** To complete one occurrence of a series makes the next: by UPSTREAM_COMPLETE_TASK, or where
     * it can't, by the status alone. */
    bool completes_series;
    bool copies_series;   /**< a new rule may leave an open copy of the series as it was */
    bool refuses_ranges;  /**< some of its servers take a rule only without a range */
    bool flattens_bodies; /**< notes come back as text, also those that were sent as HTML */
    task_fields fields;   /**< that it can hold at all */
    /** A listing leaves these out where nothing is wrong: no reason to read an entry singly. */
    task_fields unlisted;
    /** Most bytes that a file may have; 0: it has no attachments. */
    size_t attachment_bytes;
    bool attaches_links; /**< a link can be an attachment */

    bool (*can)(enum upstream_kind kind);
    /** base_url ends in '/'. fails: ERR_INVALID: can't be said in this dialect */
    bool (*build)(const struct upstream_call *call, struct str base_url, struct arena *arena,
        struct upstream_request *out, struct err *err);
    /**
     * Fill in everything of *reply that the answer tells (err included). Strings live in arena or
     * in the page. Never fails otherwise: nonsense is ERR_UPSTREAM in reply->err.
     */
    void (*parse)(const struct upstream_call *call, const struct upstream_answer *answer,
        int64_t now_s, struct arena *arena, struct upstream_reply *reply);
    /** The next entry; false at the end. An entry that can't be read is an error of its own: err is
     * filled in, and out->id if that much could be told; the next call goes on behind it. */
    bool (*next_item)(struct upstream_page *page, struct arena *arena, struct upstream_item *out,
        struct err *err);
    bool (*next_folder)(struct upstream_page *page, struct arena *arena,
        struct upstream_folder *out, struct err *err);
    /** Those that belong into the text of the body are skipped. NULL: it has no attachments. */
    bool (*next_attachment)(struct upstream_page *page, struct arena *arena,
        struct task_attachment *out, struct err *err);
    void (*page_free)(struct upstream_page **page);

    /** Percent of the room for a kept text that this one takes. With UPSTREAM_KEEP. */
    unsigned (*fills)(struct str text);

    task_project *project;
    /** JSON text of one task (full entity) to the model. fails: ERR_INVALID */
    bool (*read_task)(struct str json, const struct zone *zone, struct arena *arena,
        struct upstream_item *out, struct err *err);
    /** The body that creates (fields = what is not at its default) or patches; "{}" for none. */
    struct str (*write_task)(const struct task *task, task_fields fields, const struct zone *zone,
        bool is_create, struct arena *arena);

    /* The same for an item of a task's checklist, a task of which only TITLE, STATUS, COMPLETED and
     * created_us are ever set (mapping.md 2.12). NULL: the service has no checklists. */
    task_project *project_check;
    bool (*read_check)(struct str json, const struct zone *zone, struct arena *arena,
        struct upstream_item *out, struct err *err);
    /** "{}" when nothing of `fields` can be said: COMPLETED is the service's own. */
    struct str (*write_check)(
        const struct task *task, task_fields fields, bool is_create, struct arena *arena);
};

/** NULL if there is no such dialect (yet). */
const struct dialect *dialect_find(struct str name);
extern const struct dialect dialect_outlook;
extern const struct dialect dialect_todo;
