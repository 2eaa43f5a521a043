#include "bridge/store/store.h"

#include "bridge/store/store_internal.h"

/* Homes have a table of their own: their key is the user's. */

static void bind_owner(struct query *query, const struct store_owner *owner)
{
    if (owner->user != 0) {
        query_int(query, owner->user);
        return;
    }
    query_int(query, owner->account);
    query_int(query, owner->collection);
    query_int(query, owner->resource);
}

bool store_property_set(struct store_db *db, const struct store_owner *owner,
    const struct store_property *property, struct err *err)
{
    struct query query;

    query_start(&query, db,
        owner->user != 0 ? "INSERT INTO home_properties (namespace, name, xml, user_id) "
                           "VALUES (?1, ?2, ?3, ?4) "
                           "ON CONFLICT (user_id, namespace, name) DO UPDATE SET xml = excluded.xml"
                         : "INSERT INTO properties "
                           "(namespace, name, xml, account, collection, resource) "
                           "SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?6 = 0 OR EXISTS ("
                           "SELECT 1 FROM resources WHERE account = ?4 AND collection = ?5 "
                           "AND id = ?6 AND is_removed = 0) "
                           "ON CONFLICT (account, collection, resource, namespace, name) "
                           "DO UPDATE SET xml = excluded.xml",
        err);
    query_text(&query, property->ns);
    query_text(&query, property->name);
    query_text(&query, property->xml);
    bind_owner(&query, owner);
    return query_change(&query, "resource");
}

bool store_property_remove(struct store_db *db, const struct store_owner *owner, struct str ns,
    struct str name, struct err *err)
{
    struct query query;

    query_start(&query, db,
        owner->user != 0 ? "DELETE FROM home_properties "
                           "WHERE namespace = ?1 AND name = ?2 AND user_id = ?3"
                         : "DELETE FROM properties WHERE namespace = ?1 AND name = ?2 "
                           "AND account = ?3 AND collection = ?4 AND resource = ?5",
        err);
    query_text(&query, ns);
    query_text(&query, name);
    bind_owner(&query, owner);
    return query_run(&query);
}

bool store_property_clear(struct store_db *db, const struct store_owner *owner, struct err *err)
{
    struct query query;

    query_start(&query, db,
        owner->user != 0 ? "DELETE FROM home_properties WHERE user_id = ?1"
                         : "DELETE FROM properties "
                           "WHERE account = ?1 AND collection = ?2 AND resource = ?3",
        err);
    bind_owner(&query, owner);
    return query_run(&query);
}

bool store_property_count(
    struct store_db *db, const struct store_owner *owner, int64_t *count_out, struct err *err)
{
    struct query query;
    bool is_found;

    query_start(&query, db,
        owner->user != 0 ? "SELECT count(*) FROM home_properties WHERE user_id = ?1"
                         : "SELECT count(*) FROM properties "
                           "WHERE account = ?1 AND collection = ?2 AND resource = ?3",
        err);
    bind_owner(&query, owner);
    return query_fetch(&query, count_out, &is_found);
}

static void read_property(struct query *query, struct arena *arena, void *out)
{
    struct store_property *property = out;

    property->user = query_get_int(query);
    property->collection = query_get_int(query);
    property->resource = query_get_int(query);
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
        "SELECT 0, collection, resource, namespace, name, xml FROM properties "
        "WHERE account = ?1 ORDER BY collection, resource, namespace, name",
        err);
    query_int(&query, account);
    if (!query_list(&query, arena, sizeof(**out), read_property, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}

bool store_home_property_list(struct store_db *db, struct arena *arena, struct store_property **out,
    size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;

    query_start(&query, db,
        "SELECT user_id, 0, 0, namespace, name, xml FROM home_properties "
        "ORDER BY user_id, namespace, name",
        err);
    if (!query_list(&query, arena, sizeof(**out), read_property, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}
