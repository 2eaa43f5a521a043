#include "bridge/store/store.h"

#include "bridge/store/store_internal.h"

#include <assert.h>

#define RESOURCE_COLUMNS                                                                         \
    "account, collection, id, href, uid, upstream_id, upstream_etag, etag, rev, change, round, " \
    "written_s, modified_s, put_hash, replaced_etag, is_removed, document, base"

static void read_resource(struct query *query, struct arena *arena, void *out)
{
    struct store_resource *row = out;

    row->account = query_get_int(query);
    row->collection = query_get_int(query);
    row->id = query_get_int(query);
    row->href = query_get_bytes(query, arena);
    row->uid = query_get_bytes(query, arena);
    row->upstream_id = query_get_bytes(query, arena);
    row->upstream_etag = query_get_bytes(query, arena);
    row->etag = query_get_bytes(query, arena);
    row->rev = query_get_int(query);
    row->change = query_get_int(query);
    row->round = query_get_int(query);
    row->written_s = query_get_int(query);
    row->modified_s = query_get_int(query);
    row->put_hash = query_get_bytes(query, arena);
    row->replaced_etag = query_get_bytes(query, arena);
    row->is_removed = query_get_bool(query);
    row->document = query_get_bytes(query, arena);
    row->base = query_get_bytes(query, arena);
}

static void read_loaded(struct query *query, struct arena *arena, void *out)
{
    struct store_resource *row = out;

    row->id = query_get_int(query);
    row->href = query_get_bytes(query, arena);
    row->uid = query_get_bytes(query, arena);
    row->etag = query_get_bytes(query, arena);
    row->rev = query_get_int(query);
    row->change = query_get_int(query);
    row->modified_s = query_get_int(query);
    row->put_hash = query_get_bytes(query, arena);
    row->replaced_etag = query_get_bytes(query, arena);
    row->is_removed = query_get_bool(query);
    row->upstream_id = query_get_bytes(query, arena);
    row->document = query_get_bytes(query, arena);
}

bool store_resource_load(struct store_db *db, int64_t account, int64_t collection,
    struct arena *arena, struct store_resource **out, size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;

    query_start(&query, db,
        "SELECT id, href, uid, etag, rev, change, modified_s, put_hash, replaced_etag, "
        "is_removed, upstream_id, document FROM resources WHERE account = ?1 AND collection = ?2 "
        "ORDER BY change DESC",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    if (!query_list(&query, arena, sizeof(**out), read_loaded, &rows, count_out)) {
        return false;
    }
    *out = rows;
    for (size_t i = 0; i < *count_out; i++) {
        (*out)[i].account = account;
        (*out)[i].collection = collection;
    }
    return true;
}

/* The one row of a query over RESOURCE_COLUMNS, or none. */
static bool fetch_resource(
    struct query *query, struct arena *arena, struct store_resource *out, bool *found_out)
{
    struct store_resource row = { 0 };
    bool is_found = query_next(query);

    if (is_found) {
        read_resource(query, arena, &row);
    }
    if (!query_end(query)) {
        return false;
    }
    *found_out = is_found;
    if (is_found) {
        *out = row;
    }
    return true;
}

bool store_resource_find(struct store_db *db, int64_t account, int64_t collection, struct str href,
    struct arena *arena, struct store_resource *out, bool *found_out, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "SELECT " RESOURCE_COLUMNS " FROM resources "
        "WHERE account = ?1 AND collection = ?2 AND href = ?3 AND is_removed = 0",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    query_text(&query, href);
    return fetch_resource(&query, arena, out, found_out);
}

bool store_resource_find_upstream(struct store_db *db, int64_t account, int64_t collection,
    struct str upstream_id, struct arena *arena, struct store_resource *out, bool *found_out,
    struct err *err)
{
    struct query query;

    query_start(&query, db,
        "SELECT " RESOURCE_COLUMNS " FROM resources WHERE account = ?1 AND collection = ?2 "
        "AND upstream_id = ?3 AND upstream_id <> '' AND is_removed = 0",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    query_text(&query, upstream_id);
    return fetch_resource(&query, arena, out, found_out);
}

bool store_resource_is_taken(struct store_db *db, int64_t account, int64_t collection,
    struct str href, struct str uid, bool *is_taken_out, struct err *err)
{
    struct query query;
    int64_t one;

    query_start(&query, db,
        "SELECT 1 FROM resources WHERE account = ?1 AND collection = ?2 "
        "AND (href = ?3 OR uid = ?4) AND is_removed = 0 LIMIT 1",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    query_text(&query, href);
    query_text(&query, uid);
    return query_fetch(&query, &one, is_taken_out);
}

bool store_resource_below(struct store_db *db, int64_t account, int64_t collection,
    struct str prefix, struct arena *arena, struct store_resource **out, size_t *count_out,
    struct err *err)
{
    struct str end = arena_copy(arena, prefix);
    struct query query;
    void *rows;

    assert(end.n > 0 && (unsigned char)end.p[end.n - 1] < 0x7f);
    ((char *)end.p)[end.n - 1]++;
    query_start(&query, db,
        "SELECT " RESOURCE_COLUMNS " FROM resources WHERE account = ?1 AND collection = ?2 "
        "AND upstream_id >= ?3 AND upstream_id < ?4 AND upstream_id <> '' AND is_removed = 0 "
        "ORDER BY upstream_id",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    query_text(&query, prefix);
    query_text(&query, end);
    if (!query_list(&query, arena, sizeof(**out), read_resource, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}

static void bind_resource(struct query *query, const struct store_resource *row, int64_t id)
{
    query_int(query, row->account);
    query_int(query, row->collection);
    query_int(query, id);
    query_text(query, row->href);
    query_text(query, row->uid);
    query_text(query, row->upstream_id);
    query_text(query, row->upstream_etag);
    query_text(query, row->etag);
    query_int(query, row->rev);
    query_int(query, row->change);
    query_int(query, row->round);
    query_int(query, row->written_s);
    query_int(query, row->modified_s);
    query_blob(query, row->put_hash);
    query_text(query, row->replaced_etag);
    query_blob(query, row->document);
    query_blob(query, row->base);
}

/* A tombstone of the same href gives its row (and id) to the new resource. */
static bool insert_resource(
    struct store_db *db, const struct store_resource *row, int64_t *id_out, struct err *err)
{
    struct query query;
    int64_t id;
    bool is_inserted;

    if (!account_next_id(db, row->account, &id, err)) {
        return false;
    }
    query_start(&query, db,
        "INSERT INTO resources (" RESOURCE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
        "?9, ?10, ?11, ?12, ?13, ?14, ?15, 0, ?16, ?17) "
        "ON CONFLICT (account, collection, href) DO UPDATE SET uid = excluded.uid, "
        "upstream_id = excluded.upstream_id, upstream_etag = excluded.upstream_etag, "
        "etag = excluded.etag, rev = excluded.rev, change = excluded.change, "
        "round = excluded.round, written_s = excluded.written_s, "
        "modified_s = excluded.modified_s, put_hash = excluded.put_hash, "
        "replaced_etag = excluded.replaced_etag, is_removed = 0, "
        "document = excluded.document, base = excluded.base "
        "WHERE resources.is_removed = 1 RETURNING id",
        err);
    bind_resource(&query, row, id);
    if (!query_fetch(&query, id_out, &is_inserted)) {
        return false;
    }
    return is_inserted || err_set(err, ERR_CONFLICT, "store: the href is taken");
}

static bool update_resource(
    struct store_db *db, const struct store_resource *row, int64_t *id_out, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "UPDATE resources SET uid = ?5, upstream_id = ?6, upstream_etag = ?7, etag = ?8, "
        "rev = ?9, change = ?10, round = ?11, written_s = ?12, modified_s = ?13, "
        "put_hash = ?14, replaced_etag = ?15, document = ?16, base = ?17 "
        "WHERE account = ?1 AND collection = ?2 AND id = ?3 AND href = ?4 AND is_removed = 0",
        err);
    bind_resource(&query, row, row->id);
    if (!query_change(&query, "resource")) {
        return false;
    }
    *id_out = row->id;
    return true;
}

bool store_resource_put(
    struct store_db *db, const struct store_resource *row, int64_t *id_out, struct err *err)
{
    assert(!row->is_removed); /* that is store_resource_bury */
    return (row->id == 0 ? insert_resource(db, row, id_out, err)
                         : update_resource(db, row, id_out, err)) &&
           store_due_set(db, row->account, row->collection, *id_out, row->due_s, err);
}

bool store_resource_confirm(struct store_db *db, const struct store_resource *row, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "UPDATE resources SET upstream_etag = ?4, base = ?5, round = ?6 "
        "WHERE account = ?1 AND collection = ?2 AND id = ?3 AND is_removed = 0",
        err);
    query_int(&query, row->account);
    query_int(&query, row->collection);
    query_int(&query, row->id);
    query_text(&query, row->upstream_etag);
    query_blob(&query, row->base);
    query_int(&query, row->round);
    return query_change(&query, "resource") &&
           store_due_set(db, row->account, row->collection, row->id, row->due_s, err);
}

/* What it was served as is of no use to anybody any more; a new one at its address starts without
 * its properties. */
static bool drop_history(
    struct store_db *db, int64_t account, int64_t collection, int64_t id, struct err *err)
{
    const struct store_owner owner = {
        .account = account, .collection = collection, .resource = id
    };
    struct query query;

    query_start(&query, db,
        "DELETE FROM versions WHERE account = ?1 AND collection = ?2 AND resource = ?3", err);
    query_int(&query, account);
    query_int(&query, collection);
    query_int(&query, id);
    if (!query_run(&query)) {
        return false;
    }
    query_start(&query, db,
        "DELETE FROM used_revs WHERE account = ?1 AND collection = ?2 AND resource = ?3", err);
    query_int(&query, account);
    query_int(&query, collection);
    query_int(&query, id);
    return query_run(&query) && store_property_clear(db, &owner, err);
}

bool store_resource_bury(struct store_db *db, int64_t account, int64_t collection, int64_t id,
    int64_t change, int64_t now_s, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "UPDATE resources SET is_removed = 1, change = ?4, modified_s = ?5, upstream_etag = '', "
        "etag = '', put_hash = x'', replaced_etag = '', document = x'', base = x'' "
        "WHERE account = ?1 AND collection = ?2 AND id = ?3 AND is_removed = 0",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    query_int(&query, id);
    query_int(&query, change);
    query_int(&query, now_s);
    return query_change(&query, "resource") && drop_history(db, account, collection, id, err) &&
           store_due_set(db, account, collection, id, 0, err);
}

bool store_resource_unseen(struct store_db *db, int64_t account, int64_t collection, int64_t round,
    int64_t before_s, struct arena *arena, struct store_resource **out, size_t *count_out,
    struct err *err)
{
    struct query query;
    void *rows;

    query_start(&query, db,
        "SELECT " RESOURCE_COLUMNS " FROM resources WHERE account = ?1 AND collection = ?2 "
        "AND is_removed = 0 AND round < ?3 AND written_s < ?4 AND upstream_id <> '' ORDER BY id",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    query_int(&query, round);
    query_int(&query, before_s);
    if (!query_list(&query, arena, sizeof(**out), read_resource, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}

bool store_resource_waiting(struct store_db *db, int64_t account, int64_t collection,
    struct arena *arena, struct store_resource **out, size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;

    query_start(&query, db,
        "SELECT " RESOURCE_COLUMNS " FROM resources WHERE account = ?1 AND collection = ?2 "
        "AND is_removed = 0 AND upstream_id = '' ORDER BY id",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    if (!query_list(&query, arena, sizeof(**out), read_resource, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}

bool store_tombstone_prune(struct store_db *db, int64_t account, int64_t before_s, struct err *err)
{
    struct query query;

    /* the plus keeps SQLite from walking all changes instead of the tombstones */
    query_start(&query, db,
        "UPDATE collections SET pruned_change = coalesce((SELECT max(+r.change) "
        "FROM resources r WHERE r.account = ?1 AND r.collection = collections.id "
        "AND r.is_removed = 1 AND r.modified_s < ?2 AND +r.change > collections.pruned_change), "
        "pruned_change) WHERE account = ?1",
        err);
    query_int(&query, account);
    query_int(&query, before_s);
    if (!query_run(&query)) {
        return false;
    }
    query_start(&query, db,
        "DELETE FROM resources WHERE account = ?1 AND is_removed = 1 AND modified_s < ?2", err);
    query_int(&query, account);
    query_int(&query, before_s);
    return query_run(&query);
}
