#include "bridge/store/store.h"

#include "bridge/store/store_internal.h"

bool store_user_add(
    struct store_db *db, struct str name, int64_t now_s, int64_t *id_out, struct err *err)
{
    struct query query;
    bool is_added;

    query_start(
        &query, db, "INSERT INTO users (name, created_s) VALUES (?1, ?2) RETURNING id", err);
    query_text(&query, name);
    query_int(&query, now_s);
    return query_fetch(&query, id_out, &is_added);
}

bool store_user_remove(struct store_db *db, int64_t user, struct err *err)
{
    struct query query;

    query_start(&query, db, "DELETE FROM users WHERE id = ?1", err);
    query_int(&query, user);
    return query_change(&query, "user");
}

static void read_user(struct query *query, struct arena *arena, void *row)
{
    struct store_user *user = row;

    user->id = query_get_int(query);
    user->name = query_get_bytes(query, arena);
    user->created_s = query_get_int(query);
}

bool store_user_list(struct store_db *db, struct arena *arena, struct store_user **out,
    size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;

    query_start(&query, db, "SELECT id, name, created_s FROM users ORDER BY id", err);
    if (!query_list(&query, arena, sizeof(**out), read_user, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}

bool store_password_add(struct store_db *db, int64_t user, struct str label, struct str hash,
    int64_t now_s, int64_t *id_out, struct err *err)
{
    struct query query;
    bool is_added;

    query_start(&query, db,
        "INSERT INTO passwords (user_id, label, hash, created_s, used_s) "
        "VALUES (?1, ?2, ?3, ?4, 0) RETURNING id",
        err);
    query_int(&query, user);
    query_text(&query, label);
    query_blob(&query, hash);
    query_int(&query, now_s);
    return query_fetch(&query, id_out, &is_added);
}

bool store_password_revoke(struct store_db *db, int64_t user, int64_t password, struct err *err)
{
    struct query query;

    query_start(&query, db, "DELETE FROM passwords WHERE user_id = ?1 AND id = ?2", err);
    query_int(&query, user);
    query_int(&query, password);
    return query_change(&query, "password of this user");
}

bool store_password_used(
    struct store_db *db, int64_t user, int64_t password, int64_t now_s, struct err *err)
{
    struct query query;

    query_start(&query, db, "UPDATE passwords SET used_s = ?3 WHERE user_id = ?1 AND id = ?2", err);
    query_int(&query, user);
    query_int(&query, password);
    query_int(&query, now_s);
    return query_run(&query);
}

bool store_password_attaches(struct store_db *db, int64_t user, int64_t password, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "UPDATE passwords SET knows_attachments = 1 WHERE user_id = ?1 AND id = ?2", err);
    query_int(&query, user);
    query_int(&query, password);
    return query_run(&query);
}

static void read_password(struct query *query, struct arena *arena, void *row)
{
    struct store_password *password = row;

    password->id = query_get_int(query);
    password->user = query_get_int(query);
    password->label = query_get_bytes(query, arena);
    password->hash = query_get_bytes(query, arena);
    password->created_s = query_get_int(query);
    password->used_s = query_get_int(query);
    password->knows_attachments = query_get_bool(query);
}

bool store_password_list(struct store_db *db, struct arena *arena, struct store_password **out,
    size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;

    query_start(&query, db,
        "SELECT id, user_id, label, hash, created_s, used_s, knows_attachments FROM "
        "passwords ORDER BY id",
        err);
    if (!query_list(&query, arena, sizeof(**out), read_password, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}
