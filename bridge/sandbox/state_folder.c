#include "bridge/core/secret.h"
#include "bridge/sandbox/state_internal.h"

#define FOLDER_COLUMNS                           \
    "row, id, group_key, name, is_default, seq," \
    " (SELECT kind FROM folder_kinds k WHERE k.folder = folders.row)"
#define GROUP_COLUMNS "row, id, key, name, is_default, seq"

struct str sbx_state_new_guid(struct arena *arena)
{
    unsigned char b[16];

    secret_random(b, sizeof(b));
    return arena_printf(arena,
        "%02x%02x%02x%02x-%02x%02x-4%01x%02x-a%01x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
        b[3], b[4], b[5], b[6] & 15u, b[7], b[8] & 15u, b[9], b[10], b[11], b[12], b[13], b[14],
        b[15]);
}

static void read_group(struct sqlite3_stmt *query, struct arena *arena, struct sbx_group *out)
{
    out->row = sbx_column_int(query, 0);
    out->id = sbx_column_str(query, 1, arena);
    out->key = sbx_column_str(query, 2, arena);
    out->name = sbx_column_str(query, 3, arena);
    out->is_default = sbx_column_int(query, 4) != 0;
    out->seq = sbx_column_int(query, 5);
}

static void read_folder(struct sqlite3_stmt *query, struct arena *arena, struct sbx_folder *out)
{
    out->row = sbx_column_int(query, 0);
    out->id = sbx_column_str(query, 1, arena);
    out->group_key = sbx_column_str(query, 2, arena);
    out->name = sbx_column_str(query, 3, arena);
    out->is_default = sbx_column_int(query, 4) != 0;
    out->seq = sbx_column_int(query, 5);
    out->kind = (enum sbx_folder_kind)sbx_column_int(query, 6);
}

size_t sbx_state_list_groups(
    struct sbx_db *db, int64_t user, struct arena *arena, struct sbx_group **out)
{
    struct sqlite3_stmt *query = sbx_db_query(
        db, "SELECT " GROUP_COLUMNS " FROM groups WHERE user = ?1 ORDER BY row", "i", user);
    struct sbx_group *items = NULL;
    size_t count = 0;

    while (sbx_db_step(db, query)) {
        items = (struct sbx_group *)sbx_state_grow(arena, items, count, sizeof(*items));
        read_group(query, arena, &items[count++]);
    }
    *out = items;
    return count;
}

bool sbx_state_find_group(
    struct sbx_db *db, int64_t user, struct str id, struct arena *arena, struct sbx_group *out)
{
    struct sqlite3_stmt *query = sbx_db_query(
        db, "SELECT " GROUP_COLUMNS " FROM groups WHERE user = ?1 AND id = ?2", "is", user, id);

    if (!sbx_db_step(db, query)) {
        return false;
    }
    read_group(query, arena, out);
    sbx_db_end(query);
    return true;
}

void sbx_state_put_group(
    struct sbx_db *db, int64_t user, struct arena *arena, struct sbx_group *group)
{
    bool is_new = group->row == 0;

    group->seq = sbx_state_next_seq(db, user);
    if (!is_new) {
        sbx_db_run(db, "UPDATE groups SET name = ?2, seq = ?3 WHERE row = ?1", "isi", group->row,
            group->name, group->seq);
        return;
    }
    group->id = sbx_state_new_id(user, arena);
    if (group->key.n == 0) {
        group->key = sbx_state_new_guid(arena);
    }
    sbx_db_run(db,
        "INSERT INTO groups(user, id, key, name, is_default, seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        "isssii", user, group->id, group->key, group->name, (int64_t)group->is_default, group->seq);
    group->row = sbx_db_last_row(db);
}

void sbx_state_remove_group(struct sbx_db *db, int64_t user, const struct sbx_group *group)
{
    sbx_db_run(db, "DELETE FROM groups WHERE user = ?1 AND row = ?2", "ii", user, group->row);
}

size_t sbx_state_list_folders(
    struct sbx_db *db, int64_t user, int64_t after, struct arena *arena, struct sbx_folder **out)
{
    struct sqlite3_stmt *query = sbx_db_query(db,
        "SELECT " FOLDER_COLUMNS " FROM folders WHERE user = ?1 AND seq > ?2 ORDER BY seq", "ii",
        user, after);
    struct sbx_folder *items = NULL;
    size_t count = 0;

    while (sbx_db_step(db, query)) {
        items = (struct sbx_folder *)sbx_state_grow(arena, items, count, sizeof(*items));
        read_folder(query, arena, &items[count++]);
    }
    *out = items;
    return count;
}

bool sbx_state_find_folder(
    struct sbx_db *db, int64_t user, struct str id, struct arena *arena, struct sbx_folder *out)
{
    struct str other =
        str_has_prefix(id, S("AQ")) ? arena_printf(arena, "AA%.*s", STR_ARG(str_skip(id, 2))) : id;
    struct sqlite3_stmt *query = sbx_db_query(db,
        "SELECT " FOLDER_COLUMNS
        " FROM folders WHERE user = ?1 AND (id = ?2 OR (?3 AND is_default))",
        "isi", user, other, (int64_t)str_eq_nocase(id, S("Tasks")));

    if (!sbx_db_step(db, query)) {
        return false;
    }
    read_folder(query, arena, out);
    sbx_db_end(query);
    return true;
}

void sbx_state_put_folder(
    struct sbx_db *db, int64_t user, struct arena *arena, struct sbx_folder *folder)
{
    folder->seq = sbx_state_next_seq(db, user);
    if (folder->row != 0) {
        sbx_db_run(db, "UPDATE folders SET name = ?2, seq = ?3 WHERE row = ?1", "isi", folder->row,
            folder->name, folder->seq);
        return;
    }
    folder->id = sbx_state_new_id(user, arena);
    sbx_db_run(db,
        "INSERT INTO folders(user, id, group_key, name, is_default, seq)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        "isssii", user, folder->id, folder->group_key, folder->name, (int64_t)folder->is_default,
        folder->seq);
    folder->row = sbx_db_last_row(db);
    if (folder->kind != SBX_FOLDER_OWN) {
        sbx_db_run(db, "INSERT INTO folder_kinds(folder, kind) VALUES(?1, ?2)", "ii", folder->row,
            (int64_t)folder->kind);
    }
}

void sbx_state_remove_folder(struct sbx_db *db, int64_t user, const struct sbx_folder *folder)
{
    sbx_db_run(db,
        "DELETE FROM properties WHERE owner IN (SELECT id FROM tasks WHERE folder = ?1)"
        " OR owner = ?2",
        "is", folder->row, folder->id);
    sbx_db_run(db,
        "DELETE FROM children WHERE owner IN (SELECT id FROM tasks WHERE folder = ?1)"
        " OR owner = ?2",
        "is", folder->row, folder->id);
    sbx_db_run(db, "DELETE FROM folder_kinds WHERE folder = ?1", "i", folder->row);
    sbx_db_run(db, "DELETE FROM tasks WHERE folder = ?1", "i", folder->row);
    sbx_db_run(db, "DELETE FROM folders WHERE row = ?1", "i", folder->row);
    sbx_state_bury(db, user, 0, folder->id);
}

bool sbx_folder_is_in_outlook(const struct sbx_folder *folder)
{
    return folder->kind == SBX_FOLDER_OWN || folder->kind == SBX_FOLDER_SHARED_BY;
}
