#include "bridge/sandbox/state.h"

#include "bridge/core/mem.h"
#include "bridge/core/secret.h"
#include "bridge/sandbox/state_internal.h"

#include <string.h>

/* An id's bytes: its family, the mailbox, zeros as real ids have them, chance. */
#define ID_BYTES        47
#define ID_RANDOM_BYTES 16
#define LIST_FIRST_SIZE 16

void *sbx_state_grow(struct arena *arena, void *items, size_t count, size_t size)
{
    void *larger = NULL;

    if (count != 0 && (count < LIST_FIRST_SIZE || (count & (count - 1)) != 0)) {
        return items;
    }
    larger = arena_alloc_array(arena, count == 0 ? LIST_FIRST_SIZE : count * 2, size);
    if (count > 0) {
        memcpy(larger, items, count * size);
    }
    return larger;
}

struct str sbx_state_new_id(int64_t user, struct arena *arena)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char bytes[ID_BYTES + 1] = { 0x00, 0x03, 0x24, 0x00, 0x32 };
    char *out = (char *)arena_alloc(arena, (ID_BYTES + 1) / 3 * 4 + 1);
    size_t at = 0;

    bytes[5] = (unsigned char)(user >> 8);
    bytes[6] = (unsigned char)user;
    secret_random(bytes + ID_BYTES - ID_RANDOM_BYTES, ID_RANDOM_BYTES);
    for (size_t i = 0; i < ID_BYTES; i += 3) {
        uint32_t group =
            (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2];

        out[at++] = alphabet[group >> 18];
        out[at++] = alphabet[group >> 12 & 63];
        out[at++] = alphabet[group >> 6 & 63];
        out[at++] = alphabet[group & 63];
    }
    out[at - 1] = '='; /* the last group holds two bytes */
    return (struct str){ out, at };
}

int64_t sbx_state_next_seq(struct sbx_db *db, int64_t user)
{
    struct sqlite3_stmt *query =
        sbx_db_query(db, "UPDATE users SET seq = seq + 1 WHERE id = ?1 RETURNING seq", "i", user);
    int64_t seq = 0;

    while (sbx_db_step(db, query)) {
        seq = sbx_column_int(query, 0);
    }
    return seq;
}

void sbx_state_bury(struct sbx_db *db, int64_t user, int64_t folder, struct str id)
{
    sbx_db_run(db, "INSERT INTO gone(user, folder, seq, id) VALUES(?1, ?2, ?3, ?4)", "iiis", user,
        folder, sbx_state_next_seq(db, user), id);
}

static bool read_user(
    struct sbx_db *db, struct sqlite3_stmt *query, struct arena *arena, struct sbx_user *out)
{
    if (!sbx_db_step(db, query)) {
        return false;
    }
    out->id = sbx_column_int(query, 0);
    out->name = sbx_column_str(query, 1, arena);
    out->seq = sbx_column_int(query, 2);
    out->epoch = sbx_column_int(query, 3);
    sbx_db_end(query);
    return true;
}

bool sbx_state_find_token(
    struct sbx_db *db, struct str token, struct arena *arena, struct sbx_user *out)
{
    return read_user(db,
        sbx_db_query(db,
            "SELECT u.id, u.name, u.seq, u.epoch FROM tokens t JOIN users u ON u.id = t.user"
            " WHERE t.token = ?1",
            "s", token),
        arena, out);
}

bool sbx_state_find_user(
    struct sbx_db *db, struct str name, struct arena *arena, struct sbx_user *out)
{
    return read_user(db,
        sbx_db_query(db, "SELECT id, name, seq, epoch FROM users WHERE name = ?1", "s", name),
        arena, out);
}

void sbx_state_add_user(struct sbx_db *db, struct str name, struct str token, struct arena *arena)
{
    struct sbx_user user = { 0 };

    if (!sbx_state_find_user(db, name, arena, &user)) {
        struct sbx_group group = {
            .key = S(SBX_DEFAULT_GROUP_KEY), .name = S("My Tasks"), .is_default = true
        };
        struct sbx_folder folder = {
            .group_key = S(SBX_DEFAULT_GROUP_KEY), .name = S("Tasks"), .is_default = true
        };

        sbx_db_run(db, "INSERT INTO users(name, seq, epoch) VALUES(?1, 0, 0)", "s", name);
        user.id = sbx_db_last_row(db);
        sbx_state_put_group(db, user.id, arena, &group);
        sbx_state_put_folder(db, user.id, arena, &folder);
    }
    sbx_db_run(
        db, "INSERT OR REPLACE INTO tokens(token, user) VALUES(?1, ?2)", "si", token, user.id);
}

void sbx_state_expire_tokens(struct sbx_db *db, int64_t user)
{
    sbx_db_run(db, "UPDATE users SET epoch = epoch + 1 WHERE ?1 IN (0, id)", "i", user);
}

int64_t sbx_state_seq(struct sbx_db *db, int64_t user)
{
    struct sqlite3_stmt *query = sbx_db_query(db, "SELECT seq FROM users WHERE id = ?1", "i", user);
    int64_t seq = 0;

    while (sbx_db_step(db, query)) {
        seq = sbx_column_int(query, 0);
    }
    return seq;
}

struct str sbx_state_key(struct sbx_db *db, struct arena *arena)
{
    char text[SECRET_ID_TEXT];
    struct str key = { 0 };
    struct sqlite3_stmt *query = NULL;

    secret_random_id(text);
    sbx_db_run(
        db, "INSERT OR IGNORE INTO meta(name, value) VALUES('key', ?1)", "s", str_from(text));
    query = sbx_db_query(db, "SELECT value FROM meta WHERE name = 'key'", "");
    while (sbx_db_step(db, query)) {
        key = sbx_column_str(query, 0, arena);
    }
    return key;
}

size_t sbx_state_list_gone(struct sbx_db *db, int64_t user, int64_t folder, int64_t after,
    int64_t limit, struct arena *arena, struct sbx_gone **out)
{
    struct sqlite3_stmt *query = sbx_db_query(db,
        "SELECT id, seq FROM gone WHERE user = ?1 AND folder = ?2 AND seq > ?3 ORDER BY seq"
        " LIMIT ?4",
        "iiii", user, folder, after, limit);
    struct sbx_gone *items = NULL;
    size_t count = 0;

    while (sbx_db_step(db, query)) {
        items = (struct sbx_gone *)sbx_state_grow(arena, items, count, sizeof(*items));
        items[count].id = sbx_column_str(query, 0, arena);
        items[count++].seq = sbx_column_int(query, 1);
    }
    *out = items;
    return count;
}

void sbx_state_put_properties(
    struct sbx_db *db, struct str owner, const struct sbx_property *properties, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sbx_db_run(db,
            "INSERT OR REPLACE INTO properties(owner, name, is_multi, value)"
            " VALUES(?1, ?2, ?3, ?4)",
            "ssis", owner, properties[i].name, (int64_t)properties[i].is_multi,
            properties[i].value);
    }
}

void sbx_state_copy_properties(struct sbx_db *db, struct str from, struct str to)
{
    sbx_db_run(db,
        "INSERT INTO properties(owner, name, is_multi, value)"
        " SELECT ?2, name, is_multi, value FROM properties WHERE owner = ?1",
        "ss", from, to);
}

size_t sbx_state_list_properties(
    struct sbx_db *db, struct str owner, struct arena *arena, struct sbx_property **out)
{
    struct sqlite3_stmt *query = sbx_db_query(
        db, "SELECT name, is_multi, value FROM properties WHERE owner = ?1", "s", owner);
    struct sbx_property *items = NULL;
    size_t count = 0;

    while (sbx_db_step(db, query)) {
        items = (struct sbx_property *)sbx_state_grow(arena, items, count, sizeof(*items));
        items[count].name = sbx_column_str(query, 0, arena);
        items[count].is_multi = sbx_column_int(query, 1) != 0;
        items[count++].value = sbx_column_str(query, 2, arena);
    }
    *out = items;
    return count;
}
