#include "bridge/store/store.h"

#include "bridge/store/store_internal.h"

bool store_due_set(struct store_db *db, int64_t account, int64_t collection, int64_t resource,
    int64_t at_s, struct err *err)
{
    struct query query;

    if (at_s == 0) {
        query_start(
            &query, db, "DELETE FROM due WHERE account = ?1 AND kind = ?2 AND ref = ?3", err);
        query_int(&query, account);
        query_int(&query, STORE_DUE_RESOURCE);
        query_int(&query, resource);
        return query_run(&query);
    }
    query_start(&query, db,
        "INSERT INTO due (account, kind, ref, collection, at_s) VALUES (?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT (account, kind, ref) DO UPDATE SET collection = excluded.collection, "
        "at_s = excluded.at_s",
        err);
    query_int(&query, account);
    query_int(&query, STORE_DUE_RESOURCE);
    query_int(&query, resource);
    query_int(&query, collection);
    query_int(&query, at_s);
    return query_run(&query);
}

static void read_due(struct query *query, struct arena *arena, void *out)
{
    struct store_due *row = out;

    row->collection = query_get_int(query);
    row->resource = query_get_int(query);
    row->at_s = query_get_int(query);
    row->href = query_get_bytes(query, arena);
}

bool store_due_list(struct store_db *db, int64_t account, int64_t until_s, int64_t most,
    struct arena *arena, struct store_due **out, size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;

    query_start(&query, db,
        "SELECT d.collection, d.ref, d.at_s, r.href FROM due d JOIN resources r "
        "ON r.account = d.account AND r.collection = d.collection AND r.id = d.ref "
        "WHERE d.account = ?1 AND d.kind = ?2 AND d.at_s <= ?3 ORDER BY d.at_s, d.ref LIMIT ?4",
        err);
    query_int(&query, account);
    query_int(&query, STORE_DUE_RESOURCE);
    query_int(&query, until_s);
    query_int(&query, most);
    if (!query_list(&query, arena, sizeof(**out), read_due, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}

bool store_due_next(struct store_db *db, int64_t account, int64_t *at_s_out, struct err *err)
{
    struct query query;
    bool is_found;

    *at_s_out = 0;
    query_start(&query, db, "SELECT at_s FROM due WHERE account = ?1 ORDER BY at_s LIMIT 1", err);
    query_int(&query, account);
    return query_fetch(&query, at_s_out, &is_found);
}
