#pragma once
/** From a request to its answer: the routes of upstream.md A.3 and what every one of them checks.
 */
#include "bridge/sandbox/call.h"
#include "bridge/sandbox/token.h"

/**
 * Fill in status and json of a call whose user is known, in one transaction.
 * What it needs before: service, request, arena, method, user, mailbox, fault.
 */
void sbx_service_answer(struct sbx_call *call);
/** The JSON body of an error, as the call's side of the service or v2.0 spells it. The caller
 * frees.
 */
struct cJSON *sbx_call_error(const struct sbx_call *call);
struct cJSON *sbx_error_body(const struct sbx_refusal *refusal);

/* The handlers, each for one method and route; false: call->refusal says why. */
typedef bool sbx_handler(struct sbx_call *call);

/** A path without its case and its spelling of ids. */
struct sbx_route {
    const char *pattern; /**< '*' stands for an id */
    sbx_handler *get, *post, *patch, *remove, *put;
};

sbx_handler sbx_list_tasks, sbx_create_task, sbx_get_task, sbx_update_task, sbx_delete_task,
    sbx_complete_task, sbx_list_folder_tasks;
sbx_handler sbx_list_attachments, sbx_add_attachment, sbx_get_attachment, sbx_delete_attachment;
sbx_handler sbx_list_folders, sbx_create_folder, sbx_update_folder, sbx_delete_folder;
sbx_handler sbx_list_groups, sbx_create_group, sbx_update_group, sbx_delete_group,
    sbx_list_group_folders;

/** A page of a sync (upstream.md A.10); folder NULL: of the folder list. */
bool sbx_sync(struct sbx_call *call, const struct sbx_folder *folder);
/** Is this GET part of a sync? */
bool sbx_is_sync(const struct sbx_call *call);

/** What a page tells, in the order of change: an item as it is now, or that one is gone. */
struct sbx_page {
    struct sbx_task *tasks; /**< one of these two */
    struct sbx_folder *folders;
    size_t item_count;
    struct sbx_gone *gone;
    size_t gone_count;
};

struct sbx_token_owner sbx_sync_owner(const struct sbx_call *call, const struct sbx_folder *folder);
/** The sync token of the request; a stale or wrong one is refused. */
bool sbx_sync_read_token(
    struct sbx_call *call, const struct sbx_folder *folder, struct sbx_token *out);
/** What is there to tell after the token, at least `limit` entries if there are so many. */
void sbx_sync_load(struct sbx_call *call, const struct sbx_folder *folder,
    const struct sbx_token *token, int64_t limit, struct sbx_page *out);
/** Put at most limit entries into value; *position_out is the last one's. Is there more? */
bool sbx_sync_show(struct sbx_call *call, const struct sbx_folder *folder,
    const struct sbx_page *page, int64_t limit, struct cJSON *value, int64_t *position_out);
/** Entries that a page of this request may have. */
int64_t sbx_sync_limit(const struct sbx_call *call);

/** A page of an ordinary listing of tasks. folder: row, or 0 for all. */
bool sbx_list_tasks_of(struct sbx_call *call, int64_t folder, struct str context, struct str path);
/**
 * Take one occurrence out of a series: `single` gets a new id and no series, the task moves to its
 * next date, as `old` had them. False if the series has no next date.
 */
bool sbx_split_off(struct sbx_call *call, const struct sbx_task *old, struct sbx_task *task,
    struct sbx_task *single);

/** A page of an ordinary listing: at most $top of the items from $skip on. */
struct sbx_listing {
    const char *kind;   /**< "Tasks", "TaskFolders", "TaskGroups" */
    struct str context; /**< "Me/Tasks" */
    struct str path;    /**< "me/Tasks", for the nextLink */
    size_t count;       /**< items there are, of those from `first` on */
    int64_t first;      /**< number of items before items[0] */
    struct cJSON *(*show_cb)(struct sbx_call *call, size_t index, void *items);
    void *items;
};
bool sbx_list(struct sbx_call *call, const struct sbx_listing *listing);
/** First item and one more than the length of the page that is asked for. */
int64_t sbx_page_size(const struct sbx_call *call);
