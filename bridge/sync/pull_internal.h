#pragma once
/**
 * One delta round of one collection: page by page, each applied in one store transaction together
 * with the link to the next (design section 6); then, singly, what could not be believed from a
 * page: items older than a write, and rows that a full round did not see.
 *
 *   pull.c          the round: asking for pages and reading them
 *   pull_apply.c    what a page, or a single item, does to the list: one transaction
 *   pull_single.c   what must be read singly, and the end of a full round
 */
#include "bridge/sync/engine_internal.h"

enum {
    PAGE_DEADLINE_MS = 60 * 1000,
    SLICE = 25, /**< items worked through in one turn of the loop: about 2 ms */
};

enum change_kind {
    CHANGE_NONE,
    CHANGE_CONFIRM, /**< nothing that a client sees */
    CHANGE_PUT,
    CHANGE_BURY,
    CHANGE_REREAD, /**< to be read singly later */
};

struct change {
    enum change_kind kind;
    struct upstream_item item;
    struct store_resource row; /**< as the store has it; then as it shall be */
    bool is_known;
    struct change *onward; /**< to which the row went on, from this one: mapping.md 5.7 */
    bool is_unreadable;    /**< all that could be read of the entry is its id */
    bool is_later;         /**< to be read singly in the next round */
    bool is_kept_taken;    /**< another resource has the address or the UID that item.kept names */
    bool wants_parent;     /**< to be re-read: with its task, if it is a sub-task */
    struct str parent_uid; /**< of a new sub-task; empty: its task is in the page, or not served */
    struct store_version version;
};

struct pull {
    struct engine *engine;
    struct collection *collection; /**< NULL once aborted */
    int64_t account_id, collection_id;
    struct arena *arena; /**< of the page under way */
    struct upstream_op *op;
    const struct dialect *dialect;
    struct upstream_page *page; /**< whose entries are views into it */
    uint64_t asked_counter;     /**< write counter when the page was asked for */
    bool has_restarted;
    bool has_page; /**< the service has answered this pull with a page */
    bool is_job_running, is_posted;

    struct table by_id;
    struct change *changes;
    size_t count, capacity, position;
    struct table hrefs, uids;   /**< those that the merged ones have, if texts are kept upstream */
    size_t entries, unreadable; /**< of the page, so far */
    unsigned pages, empty_pages;

    bool is_page;                /**< a page moves the link; a single item does not */
    struct store_collection row; /**< the collection's row to save with a page */

    struct str *singles; /**< upstream ids to be read one by one */
    size_t single_count, single_position;
    struct arena *single_arena;
    struct str single_id;
    bool is_doubted;             /**< a 404 that nobody stands for has been asked about once more */
    struct upstream_item single; /**< while its attachments are listed */
    struct attachment_list *attachments;

    struct store_job job;
};

/* pull.c */
/** The round of this list has ended; err->kind ERR_NONE: well. Frees the pull. */
void pull_end(struct pull *pull, const struct err *err);
/** A store job ended; false when the pull was aborted meanwhile (and is freed here) or the job
 * failed (and the pull has ended). */
bool pull_job_ended(struct pull *pull);
void pull_job_start(struct pull *pull, bool is_write,
    bool (*run)(struct store_job *, struct store_db *, struct err *),
    void (*done)(struct store_job *));
/** Forget the page under way and make room for the next. */
void pull_page_reset(struct pull *pull);
/** An entry of the page; the last one of an id wins. */
void pull_add_item(struct pull *pull, const struct upstream_item *item, bool is_unreadable);
/** Take some entries of the page; true when there are no more, or more than any page has. */
bool pull_read_some(struct pull *pull);
/** Has it more? Then nothing is taken from it. err_out: says so. */
bool pull_is_endless(const struct pull *pull, struct err *err_out);
void pull_ask_page(struct pull *pull);

/* pull_apply.c */
/** Apply the items of the page to the list, then go on with the round. */
void pull_apply(struct pull *pull);

/* pull_single.c */
void pull_read_singles(struct pull *pull);
void pull_next_single(struct pull *pull);
