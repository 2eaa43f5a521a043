#include "bridge/sandbox/state_child.h"

#include "bridge/sandbox/state_internal.h"

#define COLUMNS "row, id, json"

static void read_child(struct sqlite3_stmt *query, struct arena *arena, struct sbx_child *out)
{
    out->row = sbx_column_int(query, 0);
    out->id = sbx_column_str(query, 1, arena);
    out->json = sbx_column_str(query, 2, arena);
}

size_t sbx_child_list(struct sbx_db *db, struct str owner, enum sbx_child_kind kind,
    struct arena *arena, struct sbx_child **out)
{
    struct sqlite3_stmt *query = sbx_db_query(db,
        "SELECT " COLUMNS " FROM children WHERE owner = ?1 AND kind = ?2 ORDER BY row", "si", owner,
        (int64_t)kind);
    struct sbx_child *items = NULL;
    size_t count = 0;

    while (sbx_db_step(db, query)) {
        items = (struct sbx_child *)sbx_state_grow(arena, items, count, sizeof(*items));
        read_child(query, arena, &items[count++]);
    }
    *out = items;
    return count;
}

bool sbx_child_find(struct sbx_db *db, struct str owner, enum sbx_child_kind kind, struct str id,
    struct arena *arena, struct sbx_child *out)
{
    struct sqlite3_stmt *query = sbx_db_query(db,
        "SELECT " COLUMNS " FROM children WHERE owner = ?1 AND kind = ?2 AND id = ?3", "sis", owner,
        (int64_t)kind, id);

    if (!sbx_db_step(db, query)) {
        return false;
    }
    read_child(query, arena, out);
    sbx_db_end(query);
    return true;
}

void sbx_child_put(struct sbx_db *db, struct str owner, enum sbx_child_kind kind,
    struct arena *arena, struct sbx_child *child)
{
    if (child->row != 0) {
        sbx_db_run(
            db, "UPDATE children SET json = ?2 WHERE row = ?1", "is", child->row, child->json);
        return;
    }
    if (child->id.n == 0) {
        child->id = sbx_state_new_guid(arena);
    }
    sbx_db_run(db, "INSERT INTO children(owner, kind, id, json) VALUES(?1, ?2, ?3, ?4)", "siss",
        owner, (int64_t)kind, child->id, child->json);
    child->row = sbx_db_last_row(db);
}

void sbx_child_remove(struct sbx_db *db, const struct sbx_child *child)
{
    sbx_db_run(db, "DELETE FROM children WHERE row = ?1", "i", child->row);
}

void sbx_child_remove_all(struct sbx_db *db, struct str owner)
{
    sbx_db_run(db, "DELETE FROM children WHERE owner = ?1", "s", owner);
}

void sbx_child_copy_all(struct sbx_db *db, struct str from, struct str to, struct arena *arena)
{
    for (enum sbx_child_kind kind = SBX_CHECKLIST_ITEM; kind <= SBX_EXTENSION; kind++) {
        struct sbx_child *items = NULL;
        size_t count = sbx_child_list(db, from, kind, arena, &items);

        for (size_t i = 0; i < count; i++) {
            struct sbx_child copy = items[i];

            copy.row = 0;
            copy.id = kind == SBX_EXTENSION ? copy.id : (struct str){ 0 };
            sbx_child_put(db, to, kind, arena, &copy);
        }
    }
}
