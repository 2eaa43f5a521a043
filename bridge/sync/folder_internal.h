#pragma once
/** What folders.c (the folder list of an account) and link.c (a new account) share. */
#include "bridge/sync/engine_internal.h"

/**
 * One walk over the folder list (or its changes). Folders are few: all pages are gathered in memory
 * and applied in one transaction with the link, so a folder goes only when a whole round said so.
 */
struct folder_pull {
    struct engine *engine;
    struct account *account; /**< NULL once aborted: the job under way frees it */
    struct arena *arena;
    struct upstream_op *op;
    struct str link;
    bool is_full;
    bool has_restarted;
    unsigned pages;
    struct upstream_folder *folders;
    size_t count, capacity;
    enum upstream_link end;       /**< how the walk ended */
    struct link_request *request; /**< an account that is being linked; NULL: a round */

    struct store_job job;
    struct folder_change *changes;
    size_t change_count;
    struct store_account row;
};

struct folder_change {
    enum {
        FOLDER_ADD,
        FOLDER_UPDATE,
        FOLDER_REMOVE
    } kind;
    struct store_collection row;
};

struct link_request {
    int64_t *account_out;
    engine_cb *cb;
    void *arg;
    const struct store_operation *operations; /**< to be taken up again; in the pull's arena */
    size_t operation_count;
};

struct folder_pull *folder_pull_new(struct account *account);
void folder_pull_free(struct folder_pull *pull);
void folder_pull_ask(struct folder_pull *pull);
/** Write what was listed to store and memory. */
void folder_pull_apply(struct folder_pull *pull);
void folder_pull_end(struct folder_pull *pull, const struct err *err);

/* link.c */
/** All folders of an account that is being linked are listed. */
void link_listed(struct folder_pull *pull);
/** Tell who asked for the link; frees the pull, and on failure the account. */
void link_end(struct folder_pull *pull, const struct err *err);
