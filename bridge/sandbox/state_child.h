#pragma once
/**
 * What only the To Do side shows of a task (upstream.md B.8): checklist items, linked resources and
 * open extensions. They go with their task (state_task.c removes them), and an extension may belong
 * to a list. Results live in the caller's arena.
 */
#include "bridge/sandbox/db.h"

/** A checklist item or a linked resource, which are kept as the JSON they show. */
struct sbx_child {
    int64_t row; /**< 0: not stored yet */
    struct str id;
    struct str json; /**< its members without id */
};

enum sbx_child_kind {
    SBX_CHECKLIST_ITEM,
    SBX_LINKED_RESOURCE,
    SBX_EXTENSION, /**< its id is its name */
};

/** owner: id of the task or list. In the order in which they were made. */
size_t sbx_child_list(struct sbx_db *db, struct str owner, enum sbx_child_kind kind,
    struct arena *arena, struct sbx_child **out);
bool sbx_child_find(struct sbx_db *db, struct str owner, enum sbx_child_kind kind, struct str id,
    struct arena *arena, struct sbx_child *out);
/** row 0 inserts; an empty id becomes a new GUID. */
void sbx_child_put(struct sbx_db *db, struct str owner, enum sbx_child_kind kind,
    struct arena *arena, struct sbx_child *child);
void sbx_child_remove(struct sbx_db *db, const struct sbx_child *child);
/** Everything of a task, or of a list itself. */
void sbx_child_remove_all(struct sbx_db *db, struct str owner);
/** A copy of everything of one task for another. */
void sbx_child_copy_all(struct sbx_db *db, struct str from, struct str to, struct arena *arena);
