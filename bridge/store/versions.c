#include "bridge/store/store.h"

#include "bridge/store/store_internal.h"

static void start_of_resource(struct query *query, struct store_db *db, const char *sql,
    int64_t account, int64_t collection, int64_t resource, struct err *err)
{
    query_start(query, db, sql, err);
    query_int(query, account);
    query_int(query, collection);
    query_int(query, resource);
}

/* The newest `keep` versions stay, and the used revs that lead to one of them. */
static bool trim(struct store_db *db, int64_t account, int64_t collection, int64_t resource,
    unsigned keep, struct err *err)
{
    struct query query;

    start_of_resource(&query, db,
        "DELETE FROM versions WHERE account = ?1 AND collection = ?2 AND resource = ?3 "
        "AND rev <= (SELECT rev FROM versions WHERE account = ?1 AND collection = ?2 "
        "AND resource = ?3 ORDER BY rev DESC LIMIT 1 OFFSET ?4)",
        account, collection, resource, err);
    query_int(&query, keep);
    if (!query_run(&query)) {
        return false;
    }
    start_of_resource(&query, db,
        "DELETE FROM used_revs WHERE account = ?1 AND collection = ?2 AND resource = ?3 "
        "AND made_rev < (SELECT min(rev) FROM versions WHERE account = ?1 AND collection = ?2 "
        "AND resource = ?3)",
        account, collection, resource, err);
    return query_run(&query);
}

bool store_version_add(struct store_db *db, int64_t account, int64_t collection, int64_t resource,
    const struct store_version *version, unsigned keep, struct err *err)
{
    struct query query;

    start_of_resource(&query, db,
        "INSERT INTO versions (account, collection, resource, rev, etag, is_put, fields) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        account, collection, resource, err);
    query_int(&query, version->rev);
    query_text(&query, version->etag);
    query_int(&query, version->is_put);
    query_blob(&query, version->fields);
    return query_run(&query) && trim(db, account, collection, resource, keep, err);
}

static void read_version(struct query *query, struct arena *arena, void *row)
{
    struct store_version *version = row;

    version->rev = query_get_int(query);
    version->etag = query_get_bytes(query, arena);
    version->is_put = query_get_bool(query);
    version->fields = query_get_bytes(query, arena);
}

bool store_version_list(struct store_db *db, int64_t account, int64_t collection, int64_t resource,
    struct arena *arena, struct store_version **out, size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;

    start_of_resource(&query, db,
        "SELECT rev, etag, is_put, fields FROM versions "
        "WHERE account = ?1 AND collection = ?2 AND resource = ?3 ORDER BY rev DESC",
        account, collection, resource, err);
    if (!query_list(&query, arena, sizeof(**out), read_version, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}

bool store_rev_used(struct store_db *db, int64_t account, int64_t collection, int64_t resource,
    int64_t password, int64_t rev, struct str put_hash, int64_t made_rev, struct err *err)
{
    struct query query;

    start_of_resource(&query, db,
        "INSERT INTO used_revs (account, collection, resource, password, rev, made_rev, put_hash) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
        "ON CONFLICT (account, collection, resource, password, rev) DO UPDATE SET meant_rev = "
        "CASE WHEN used_revs.put_hash = excluded.put_hash THEN used_revs.meant_rev "
        "ELSE used_revs.made_rev END, "
        "made_rev = excluded.made_rev, put_hash = excluded.put_hash",
        account, collection, resource, err);
    query_int(&query, password);
    query_int(&query, rev);
    query_int(&query, made_rev);
    query_blob(&query, put_hash);
    return query_run(&query);
}

bool store_rev_find(struct store_db *db, int64_t account, int64_t collection, int64_t resource,
    int64_t password, int64_t rev, struct str put_hash, int64_t *meant_rev_out, struct err *err)
{
    struct query query;
    int64_t meant_rev = 0;
    bool is_found;

    start_of_resource(&query, db,
        "SELECT CASE WHEN put_hash = ?6 THEN meant_rev ELSE made_rev END FROM used_revs "
        "WHERE account = ?1 AND collection = ?2 AND resource = ?3 AND password = ?4 AND rev = ?5",
        account, collection, resource, err);
    query_int(&query, password);
    query_int(&query, rev);
    query_blob(&query, put_hash);
    if (!query_fetch(&query, &meant_rev, &is_found)) {
        return false;
    }
    *meant_rev_out = meant_rev;
    return true;
}
