#include "bridge/store/store.h"

#include "bridge/store/store_internal.h"

bool store_operation_add(
    struct store_db *db, const struct store_operation *row, int64_t *id_out, struct err *err)
{
    struct query query;
    int64_t id;

    if (!account_next_id(db, row->account, &id, err)) {
        return false;
    }
    query_start(&query, db,
        "INSERT INTO operations (account, id, collection, kind, resource, href, uid, "
        "upstream_id, replaced_etag, document, put_hash, wanted, expected, fields, marker, "
        "password, named_rev, created_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
        "?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        err);
    query_int(&query, row->account);
    query_int(&query, id);
    query_optional(&query, row->collection);
    query_int(&query, row->kind);
    query_int(&query, row->resource);
    query_text(&query, row->href);
    query_text(&query, row->uid);
    query_text(&query, row->upstream_id);
    query_text(&query, row->replaced_etag);
    query_blob(&query, row->document);
    query_blob(&query, row->put_hash);
    query_blob(&query, row->wanted);
    query_blob(&query, row->expected);
    query_int(&query, row->fields);
    query_text(&query, row->marker);
    query_int(&query, row->password);
    query_int(&query, row->named_rev);
    query_int(&query, row->created_s);
    if (!query_run(&query)) {
        return false;
    }
    *id_out = id;
    return true;
}

bool store_operation_remove(struct store_db *db, int64_t account, int64_t id, struct err *err)
{
    struct query query;

    query_start(&query, db, "DELETE FROM operations WHERE account = ?1 AND id = ?2", err);
    query_int(&query, account);
    query_int(&query, id);
    return query_run(&query);
}

static void read_operation(struct query *query, struct arena *arena, void *out)
{
    struct store_operation *row = out;

    row->account = query_get_int(query);
    row->id = query_get_int(query);
    row->collection = query_get_int(query);
    row->kind = query_get_int(query);
    row->resource = query_get_int(query);
    row->href = query_get_bytes(query, arena);
    row->uid = query_get_bytes(query, arena);
    row->upstream_id = query_get_bytes(query, arena);
    row->replaced_etag = query_get_bytes(query, arena);
    row->document = query_get_bytes(query, arena);
    row->put_hash = query_get_bytes(query, arena);
    row->wanted = query_get_bytes(query, arena);
    row->expected = query_get_bytes(query, arena);
    row->fields = query_get_int(query);
    row->marker = query_get_bytes(query, arena);
    row->password = query_get_int(query);
    row->named_rev = query_get_int(query);
    row->created_s = query_get_int(query);
}

bool store_operation_list(struct store_db *db, int64_t account, struct arena *arena,
    struct store_operation **out, size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;

    query_start(&query, db,
        "SELECT account, id, coalesce(collection, 0), kind, resource, href, uid, upstream_id, "
        "replaced_etag, document, put_hash, wanted, expected, fields, marker, password, "
        "named_rev, created_s FROM operations WHERE account = ?1 ORDER BY id",
        err);
    query_int(&query, account);
    if (!query_list(&query, arena, sizeof(**out), read_operation, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}

/* --- items to be read singly -------------------------------------------------------------- */

bool store_reread_add(struct store_db *db, int64_t account, int64_t collection,
    struct str upstream_id, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "INSERT INTO rereads (account, collection, upstream_id) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (account, collection, upstream_id) DO NOTHING",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    query_text(&query, upstream_id);
    return query_run(&query);
}

bool store_reread_remove(struct store_db *db, int64_t account, int64_t collection,
    struct str upstream_id, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "DELETE FROM rereads WHERE account = ?1 AND collection = ?2 AND upstream_id = ?3", err);
    query_int(&query, account);
    query_int(&query, collection);
    query_text(&query, upstream_id);
    return query_run(&query);
}

static void read_reread(struct query *query, struct arena *arena, void *row)
{
    struct store_reread *reread = row;

    reread->collection = query_get_int(query);
    reread->upstream_id = query_get_bytes(query, arena);
}

bool store_reread_list(struct store_db *db, int64_t account, struct arena *arena,
    struct store_reread **out, size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;

    query_start(&query, db,
        "SELECT collection, upstream_id FROM rereads WHERE account = ?1 "
        "ORDER BY collection, upstream_id",
        err);
    query_int(&query, account);
    if (!query_list(&query, arena, sizeof(**out), read_reread, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}
