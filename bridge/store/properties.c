#include "bridge/store/store.h"

#include "bridge/store/store_internal.h"

bool store_property_set(struct store_db *db, int64_t account, int64_t collection,
    const struct store_property *property, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "INSERT INTO properties (account, collection, namespace, name, xml) "
        "VALUES (?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT (account, collection, namespace, name) DO UPDATE SET xml = excluded.xml",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    query_text(&query, property->ns);
    query_text(&query, property->name);
    query_text(&query, property->xml);
    return query_run(&query);
}

bool store_property_remove(struct store_db *db, int64_t account, int64_t collection, struct str ns,
    struct str name, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "DELETE FROM properties "
        "WHERE account = ?1 AND collection = ?2 AND namespace = ?3 AND name = ?4",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    query_text(&query, ns);
    query_text(&query, name);
    return query_run(&query);
}

bool store_property_count(
    struct store_db *db, int64_t account, int64_t collection, int64_t *count_out, struct err *err)
{
    struct query query;
    bool is_found;

    query_start(
        &query, db, "SELECT count(*) FROM properties WHERE account = ?1 AND collection = ?2", err);
    query_int(&query, account);
    query_int(&query, collection);
    return query_fetch(&query, count_out, &is_found);
}

static void read_property(struct query *query, struct arena *arena, void *out)
{
    struct store_property *property = out;

    property->collection = query_get_int(query);
    property->ns = query_get_bytes(query, arena);
    property->name = query_get_bytes(query, arena);
    property->xml = query_get_bytes(query, arena);
}

bool store_property_list(struct store_db *db, int64_t account, struct arena *arena,
    struct store_property **out, size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;

    query_start(&query, db,
        "SELECT collection, namespace, name, xml FROM properties WHERE account = ?1 "
        "ORDER BY collection, namespace, name",
        err);
    query_int(&query, account);
    if (!query_list(&query, arena, sizeof(**out), read_property, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}
