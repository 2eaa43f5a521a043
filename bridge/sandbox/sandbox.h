#pragma once
/**
 * A small, strict task service that speaks the Outlook Tasks REST API v2.0 (seed 000,
 * reference/upstream.md A) and, over the same mailboxes, Microsoft Graph To Do v1.0 (B), so that
 * the bridge runs and is tested without a Microsoft account. It is written from those documents
 * alone and shares no conversion code with the bridge. Runs on the
 * given loop, also in the same process as the bridge (`duedav demo`); all its times come from
 * core/clock.
 *
 * The services are below /api/v2.0/me/ and /v1.0/me/todo/ (graph.h), the administration (admin.h)
 * below /admin/.
 *
 * Where the documents leave a behaviour open, the sandbox takes the one that asks most of a client:
 * - ParentFolderId is spelled AQMk..., TaskFolder.Id AAMk...; both lead to the folder
 * - one folder or group cannot be read singly (405); a group with folders is not deleted (400)
 * - folder names are unique in the mailbox, without regard to case (409 ErrorFolderExists)
 * - a stale sync token is 410 SyncStateNotFound, one that was never given 400 with a code that
 * holds SyncState; a delta token without Prefer: odata.track-changes is refused
 * - a deleted folder takes its tasks along without telling of each
 * - every PATCH makes a new version, also one that changes nothing
 * - Recurrence needs a DueDateTime; the first date of the series on or after Range.StartDate
 * becomes the date of the task; what was not said in the pattern must not be said otherwise
 * - a finished occurrence is a copy with a new id, without Recurrence, with all extended
 * properties; Status Completed by PATCH advances a series as the action does; new dates by PATCH
 * without Recurrence split the occurrence off (mapping.md 5.1)
 * - an unknown zone in Prefer is refused rather than ignored
 * and on the To Do side, but for what personality.h switches:
 * - a title must not be empty; $select is refused; unknown and read-only members are refused
 * - a completed occurrence keeps its id and loses its rule, the next one is a new task
 * - the due date is what a rule counts by; a rule needs one
 * - names of lists are unique (409 nameAlreadyExists); built-in lists stay (400), those of others
 * are not renamed or deleted (403); flagged mails are not made here (400)
 * - with Prefer: IdType="ImmutableId" every id of a task is another; both forms are understood
 */
#include "bridge/core/err.h"
#include "bridge/core/loop.h"
#include "bridge/core/str.h"

struct sandbox;

struct sandbox_options {
    const char *state_path; /**< an SQLite file, made if need be; NULL: nothing is kept */
    bool has_admin;         /**< is the administration reachable? */
};

/** loop is borrowed. fails: ERR_INTERNAL: the state file cannot be opened */
MUST_CHECK bool sandbox_new(struct loop *loop, const struct sandbox_options *options,
    struct sandbox **out, struct err *err);
/** As http_server_listen; may be called for several addresses. */
MUST_CHECK bool sandbox_listen(
    struct sandbox *sandbox, struct str address, char bound_out[128], struct err *err);
/**
 * Make a mailbox (with its default group and folder) unless there is one of that name, and let the
 * token open it too.
 */
MUST_CHECK bool sandbox_add_user(
    struct sandbox *sandbox, struct str name, struct str token, struct err *err);
/**
 * A dozen varied tasks in three folders, with dates around today in the zone (IANA or Windows name;
 * empty: UTC). Does nothing in a mailbox that holds tasks or folders already.
 * fails: ERR_NOT_FOUND: no such user or zone
 */
MUST_CHECK bool sandbox_seed_demo(
    struct sandbox *sandbox, struct str user, struct str zone, struct err *err);
/** Stop accepting, cut held requests, finish the others, call cb. */
void sandbox_stop(struct sandbox *sandbox, loop_cb *cb, void *arg);
/** Closes everything at once. Fine on NULL; leaves NULL behind. */
void sandbox_free(struct sandbox **sandbox);
