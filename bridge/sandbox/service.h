#pragma once
/** From a request to its answer: the routes of upstream.md A.3 and what every one of them checks.
 */
#include "bridge/sandbox/call.h"

/**
 * Fill in status and json of a call whose user is known, in one transaction.
 * What it needs before: service, request, arena, method, user, mailbox, fault.
 */
void sbx_service_answer(struct sbx_call *call);
/** The JSON body of an error. The caller frees. */
struct cJSON *sbx_error_body(const struct sbx_refusal *refusal);

/* The handlers, each for one method and route; false: call->refusal says why. */
typedef bool sbx_handler(struct sbx_call *call);
sbx_handler sbx_list_tasks, sbx_create_task, sbx_get_task, sbx_update_task, sbx_delete_task,
    sbx_complete_task, sbx_list_folder_tasks;
sbx_handler sbx_list_folders, sbx_create_folder, sbx_update_folder, sbx_delete_folder;
sbx_handler sbx_list_groups, sbx_create_group, sbx_update_group, sbx_delete_group,
    sbx_list_group_folders;

/** A page of a sync (upstream.md A.10); folder NULL: of the folder list. */
bool sbx_sync(struct sbx_call *call, const struct sbx_folder *folder);
/** Is this GET part of a sync? */
bool sbx_is_sync(const struct sbx_call *call);

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
