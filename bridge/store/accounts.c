#include "bridge/store/store.h"

#include "bridge/store/store_internal.h"

bool account_next_id(struct store_db *db, int64_t account, int64_t *id_out, struct err *err)
{
    struct query query;
    bool is_found;

    query_start(&query, db,
        "INSERT INTO counters (account, last_id) VALUES (?1, 1) "
        "ON CONFLICT (account) DO UPDATE SET last_id = counters.last_id + 1 RETURNING last_id",
        err);
    query_int(&query, account);
    return query_fetch(&query, id_out, &is_found);
}

/* The columns that account_add and account_update both write. */
static void bind_account(struct query *query, const struct store_account *account)
{
    query_text(query, account->label);
    query_text(query, account->timezone);
    query_int(query, account->is_zone_guessed);
    query_int(query, account->is_default);
    query_int(query, account->is_read_only);
    query_int(query, account->needs_sign_in);
    query_blob(query, account->token);
    query_int(query, account->unlinked_s);
    query_text(query, account->folder_link);
    query_int(query, account->is_folder_link_final);
    query_int(query, account->folder_round);
}

bool store_account_add(
    struct store_db *db, const struct store_account *account, int64_t *id_out, struct err *err)
{
    struct query query;
    bool is_added;

    query_start(&query, db,
        "INSERT INTO accounts (user_id, upstream, created_s, label, timezone, is_zone_guessed, "
        "is_default, is_read_only, needs_sign_in, token, unlinked_s, folder_link, "
        "is_folder_link_final, folder_round) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) RETURNING id",
        err);
    query_int(&query, account->user);
    query_text(&query, account->upstream);
    query_int(&query, account->created_s);
    bind_account(&query, account);
    return query_fetch(&query, id_out, &is_added);
}

bool store_account_update(struct store_db *db, const struct store_account *account, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "UPDATE accounts SET label = ?3, timezone = ?4, is_zone_guessed = ?5, is_default = ?6, "
        "is_read_only = ?7, needs_sign_in = ?8, token = ?9, unlinked_s = ?10, folder_link = ?11, "
        "is_folder_link_final = ?12, folder_round = ?13 WHERE id = ?1 AND user_id = ?2",
        err);
    query_int(&query, account->id);
    query_int(&query, account->user);
    bind_account(&query, account);
    return query_change(&query, "account of this user");
}

bool store_account_set_default(struct store_db *db, int64_t user, int64_t account, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "UPDATE accounts SET is_default = CASE WHEN id = ?2 THEN 1 ELSE 0 END "
        "WHERE user_id = ?1 AND EXISTS (SELECT 1 FROM accounts WHERE id = ?2 AND user_id = ?1)",
        err);
    query_int(&query, user);
    query_int(&query, account);
    return query_change(&query, "account of this user");
}

bool store_account_purge(struct store_db *db, int64_t account, struct err *err)
{
    struct query query;

    query_start(&query, db, "DELETE FROM accounts WHERE id = ?1", err);
    query_int(&query, account);
    return query_run(&query);
}

static void read_account(struct query *query, struct arena *arena, void *row)
{
    struct store_account *account = row;

    account->id = query_get_int(query);
    account->user = query_get_int(query);
    account->upstream = query_get_bytes(query, arena);
    account->label = query_get_bytes(query, arena);
    account->timezone = query_get_bytes(query, arena);
    account->is_zone_guessed = query_get_bool(query);
    account->is_default = query_get_bool(query);
    account->is_read_only = query_get_bool(query);
    account->needs_sign_in = query_get_bool(query);
    account->token = query_get_bytes(query, arena);
    account->created_s = query_get_int(query);
    account->unlinked_s = query_get_int(query);
    account->folder_link = query_get_bytes(query, arena);
    account->is_folder_link_final = query_get_bool(query);
    account->folder_round = query_get_int(query);
}

bool store_account_list(struct store_db *db, struct arena *arena, struct store_account **out,
    size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;

    query_start(&query, db,
        "SELECT id, user_id, upstream, label, timezone, is_zone_guessed, is_default, "
        "is_read_only, needs_sign_in, token, created_s, unlinked_s, folder_link, "
        "is_folder_link_final, folder_round FROM accounts ORDER BY id",
        err);
    if (!query_list(&query, arena, sizeof(**out), read_account, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}
