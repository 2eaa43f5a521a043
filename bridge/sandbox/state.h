#pragma once
/**
 * What the service keeps: users, groups, folders, tasks, extended properties, and what is gone.
 * Every change takes the next number of its mailbox (seq), by which change keys and sync tokens are
 * made. Results live in the caller's arena. Failures are remembered by the db (db.h).
 */
#include "bridge/sandbox/db.h"
#include "bridge/sandbox/item.h"
#include "bridge/sandbox/property.h"

struct sbx_user {
    int64_t id;
    struct str name;
    int64_t seq;
    int64_t epoch; /**< goes up when its sync tokens are made to expire */
};

struct sbx_group {
    int64_t row;
    struct str id, key, name;
    bool is_default;
    int64_t seq;
};

/** Only the To Do side tells them apart (upstream.md B.3). */
enum sbx_folder_kind {
    SBX_FOLDER_OWN,
    SBX_FOLDER_SHARED_BY,   /**< the user's own, shared with others */
    SBX_FOLDER_SHARED_WITH, /**< another's, shared with the user; not on the v2.0 side */
    SBX_FOLDER_FLAGGED,     /**< tasks made of flagged mails; not on the v2.0 side */
};

struct sbx_folder {
    int64_t row;
    struct str id, group_key, name;
    bool is_default;
    enum sbx_folder_kind kind;
    int64_t seq;
};

struct sbx_gone {
    struct str id;
    int64_t seq;
};

#define SBX_DEFAULT_GROUP_KEY "0006f0b7-0000-0000-c000-000000000046"

/* Users */

/** Make the user, with its default group and folder, unless there is one; then the token is its. */
void sbx_state_add_user(struct sbx_db *db, struct str name, struct str token, struct arena *arena);
bool sbx_state_find_token(
    struct sbx_db *db, struct str token, struct arena *arena, struct sbx_user *out);
bool sbx_state_find_user(
    struct sbx_db *db, struct str name, struct arena *arena, struct sbx_user *out);
/** user 0: everybody. */
void sbx_state_expire_tokens(struct sbx_db *db, int64_t user);
int64_t sbx_state_seq(struct sbx_db *db, int64_t user);
/** A random text that stays with the file. */
struct str sbx_state_key(struct sbx_db *db, struct arena *arena);

/* Groups and folders. put: row 0 inserts (row and id are filled in); takes a new seq. */

size_t sbx_state_list_groups(
    struct sbx_db *db, int64_t user, struct arena *arena, struct sbx_group **out);
bool sbx_state_find_group(
    struct sbx_db *db, int64_t user, struct str id, struct arena *arena, struct sbx_group *out);
void sbx_state_put_group(
    struct sbx_db *db, int64_t user, struct arena *arena, struct sbx_group *group);
void sbx_state_remove_group(struct sbx_db *db, int64_t user, const struct sbx_group *group);

/** after: only those with a higher seq. In the order of their changes. */
size_t sbx_state_list_folders(
    struct sbx_db *db, int64_t user, int64_t after, struct arena *arena, struct sbx_folder **out);
/** id: also its AQMk spelling, or "Tasks" (any case) for the default folder. */
bool sbx_state_find_folder(
    struct sbx_db *db, int64_t user, struct str id, struct arena *arena, struct sbx_folder *out);
void sbx_state_put_folder(
    struct sbx_db *db, int64_t user, struct arena *arena, struct sbx_folder *folder);
/** With its tasks. */
void sbx_state_remove_folder(struct sbx_db *db, int64_t user, const struct sbx_folder *folder);
/** Does the v2.0 side show it? */
bool sbx_folder_is_in_outlook(const struct sbx_folder *folder);

/* Tasks */

/** The newest first. folder 0: all of the mailbox. limit -1: all. */
size_t sbx_state_list_tasks(struct sbx_db *db, int64_t user, int64_t folder, int64_t offset,
    int64_t limit, struct arena *arena, struct sbx_task **out);
/** In the order of their changes. */
size_t sbx_state_list_changed_tasks(struct sbx_db *db, int64_t folder, int64_t after, int64_t limit,
    struct arena *arena, struct sbx_task **out);
/** Those with that value of an extended property. folder 0: all. */
size_t sbx_state_list_marked_tasks(struct sbx_db *db, int64_t user, int64_t folder, struct str name,
    struct str value, struct arena *arena, struct sbx_task **out);
bool sbx_state_find_task(
    struct sbx_db *db, int64_t user, struct str id, struct arena *arena, struct sbx_task *out);
/** row 0 inserts (row, id and created_us are filled in); takes a new seq and the time. */
void sbx_state_put_task(
    struct sbx_db *db, int64_t user, int64_t now_us, struct arena *arena, struct sbx_task *task);
void sbx_state_remove_task(struct sbx_db *db, int64_t user, const struct sbx_task *task);

/** Removed items of a folder (0: removed folders) with a seq above `after`, in order. */
size_t sbx_state_list_gone(struct sbx_db *db, int64_t user, int64_t folder, int64_t after,
    int64_t limit, struct arena *arena, struct sbx_gone **out);

/* Extended properties of the task or folder with that id */

void sbx_state_put_properties(
    struct sbx_db *db, struct str owner, const struct sbx_property *properties, size_t count);
void sbx_state_copy_properties(struct sbx_db *db, struct str from, struct str to);
size_t sbx_state_list_properties(
    struct sbx_db *db, struct str owner, struct arena *arena, struct sbx_property **out);
