#pragma once
/**
 * All attachments of one task as the service has them now: the pages of the listing, and singly the
 * links, whose address a listing does not show. For reading (pull_single.c) and writing
 * (write_attach.c).
 */
#include "bridge/sync/engine_internal.h"

enum {
    ATTACHMENTS_LISTED_MAX = 500, /**< of one task; a service that shows more is broken */
};

struct attachment_list;

/** The task has knows_attachments and the attachments alone, in the caller's arena. */
typedef void attachment_list_cb(const struct err *err, const struct task *found, void *arg);

/** arena outlives the list. The callback comes once, unless it is aborted. */
struct attachment_list *attachment_list_start(struct account *account, struct str folder_id,
    struct str task_id, bool is_background, int64_t deadline_ms, struct arena *arena,
    attachment_list_cb *cb, void *arg);
/** Fine on NULL; leaves NULL behind. */
void attachment_list_abort(struct attachment_list **list);
