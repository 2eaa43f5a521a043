#include "bridge/store/store.h"

#include "bridge/store/store_internal.h"

bool store_collection_add(
    struct store_db *db, const struct store_collection *row, int64_t *id_out, struct err *err)
{
    struct query query;
    int64_t id;

    if (!account_next_id(db, row->account, &id, err)) {
        return false;
    }
    query_start(&query, db,
        "INSERT INTO collections (account, id, upstream_id, slug, name, is_default, is_hidden, "
        "is_writable, link, is_link_final, round, is_round_full, round_started_s, is_synced, "
        "seen_folder_round, removed_s, change, run) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 0, '')",
        err);
    query_int(&query, row->account);
    query_int(&query, id);
    query_text(&query, row->upstream_id);
    query_text(&query, row->slug);
    query_text(&query, row->name);
    query_int(&query, row->is_default);
    query_int(&query, row->is_hidden);
    query_int(&query, row->is_writable);
    query_text(&query, row->link);
    query_int(&query, row->is_link_final);
    query_int(&query, row->round);
    query_int(&query, row->is_round_full);
    query_int(&query, row->round_started_s);
    query_int(&query, row->is_synced);
    query_int(&query, row->seen_folder_round);
    query_int(&query, row->removed_s);
    if (!query_run(&query)) {
        return false;
    }
    const struct store_owner owner = { .account = row->account, .collection = id };

    for (size_t i = 0; i < row->property_count; i++) {
        if (!store_property_set(db, &owner, &row->properties[i], err)) {
            return false;
        }
    }
    *id_out = id;
    return true;
}

bool store_collection_update(
    struct store_db *db, const struct store_collection *row, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "UPDATE collections SET upstream_id = ?3, slug = ?4, name = ?5, is_default = ?6, "
        "is_hidden = ?7, is_writable = ?8, seen_folder_round = ?9, removed_s = ?10 "
        "WHERE account = ?1 AND id = ?2",
        err);
    query_int(&query, row->account);
    query_int(&query, row->id);
    query_text(&query, row->upstream_id);
    query_text(&query, row->slug);
    query_text(&query, row->name);
    query_int(&query, row->is_default);
    query_int(&query, row->is_hidden);
    query_int(&query, row->is_writable);
    query_int(&query, row->seen_folder_round);
    query_int(&query, row->removed_s);
    return query_change(&query, "collection");
}

bool store_collection_set_round(
    struct store_db *db, const struct store_collection *row, struct err *err)
{
    struct query query;

    query_start(&query, db,
        "UPDATE collections SET link = ?3, is_link_final = ?4, round = ?5, is_round_full = ?6, "
        "round_started_s = ?7, is_synced = ?8 WHERE account = ?1 AND id = ?2",
        err);
    query_int(&query, row->account);
    query_int(&query, row->id);
    query_text(&query, row->link);
    query_int(&query, row->is_link_final);
    query_int(&query, row->round);
    query_int(&query, row->is_round_full);
    query_int(&query, row->round_started_s);
    query_int(&query, row->is_synced);
    return query_change(&query, "collection");
}

static void read_collection(struct query *query, struct arena *arena, void *out)
{
    struct store_collection *row = out;

    row->account = query_get_int(query);
    row->id = query_get_int(query);
    row->upstream_id = query_get_bytes(query, arena);
    row->slug = query_get_bytes(query, arena);
    row->name = query_get_bytes(query, arena);
    row->is_default = query_get_bool(query);
    row->is_hidden = query_get_bool(query);
    row->is_writable = query_get_bool(query);
    row->change = query_get_int(query);
    row->run = query_get_bytes(query, arena);
    row->link = query_get_bytes(query, arena);
    row->is_link_final = query_get_bool(query);
    row->round = query_get_int(query);
    row->is_round_full = query_get_bool(query);
    row->round_started_s = query_get_int(query);
    row->is_synced = query_get_bool(query);
    row->seen_folder_round = query_get_int(query);
    row->removed_s = query_get_int(query);
    row->pruned_change = query_get_int(query);
}

/** Both are in order of the collection's id; properties of removed ones are passed over. */
static void share_properties(struct store_collection *rows, size_t count,
    struct store_property *properties, size_t property_count)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        while (at < property_count && properties[at].collection < rows[i].id) {
            at++;
        }
        rows[i].properties = &properties[at];
        while (at < property_count && properties[at].collection == rows[i].id) {
            rows[i].property_count++;
            at++;
        }
    }
}

bool store_collection_list(struct store_db *db, int64_t account, struct arena *arena,
    struct store_collection **out, size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;
    size_t count;
    struct store_property *properties;
    size_t property_count;

    query_start(&query, db,
        "SELECT account, id, upstream_id, slug, name, is_default, is_hidden, is_writable, "
        "change, run, link, is_link_final, round, is_round_full, round_started_s, is_synced, "
        "seen_folder_round, removed_s, pruned_change "
        "FROM collections WHERE account = ?1 AND removed_s = 0 ORDER BY id",
        err);
    query_int(&query, account);
    if (!query_list(&query, arena, sizeof(**out), read_collection, &rows, &count) ||
        !store_property_list(db, account, arena, &properties, &property_count, err)) {
        return false;
    }
    share_properties(rows, count, properties, property_count);
    *out = rows;
    *count_out = count;
    return true;
}

bool store_collection_remove(
    struct store_db *db, int64_t account, int64_t collection, struct err *err)
{
    struct query query;

    query_start(&query, db, "DELETE FROM collections WHERE account = ?1 AND id = ?2", err);
    query_int(&query, account);
    query_int(&query, collection);
    return query_run(&query);
}

/* --- change numbers ----------------------------------------------------------------------- */

bool store_change_next(struct store_db *db, int64_t account, int64_t collection, struct str run,
    int64_t *change_out, struct err *err)
{
    struct query query;
    bool is_found;

    query_start(&query, db,
        "INSERT INTO runs (account, collection, first_change, id) "
        "SELECT account, id, change + 1, ?3 FROM collections "
        "WHERE account = ?1 AND id = ?2 AND run <> ?3",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    query_text(&query, run);
    if (!query_run(&query)) {
        return false;
    }
    query_start(&query, db,
        "UPDATE collections SET change = change + 1, run = ?3 WHERE account = ?1 AND id = ?2 "
        "RETURNING change",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    query_text(&query, run);
    if (!query_fetch(&query, change_out, &is_found)) {
        return false;
    }
    return is_found || err_set(err, ERR_NOT_FOUND, "store: no such collection");
}

static void read_run(struct query *query, struct arena *arena, void *row)
{
    struct store_run *run = row;

    run->first = query_get_int(query);
    run->id = query_get_bytes(query, arena);
}

bool store_run_list(struct store_db *db, int64_t account, int64_t collection, struct arena *arena,
    struct store_run **out, size_t *count_out, struct err *err)
{
    struct query query;
    void *rows;

    query_start(&query, db,
        "SELECT first_change, id FROM runs WHERE account = ?1 AND collection = ?2 "
        "ORDER BY first_change",
        err);
    query_int(&query, account);
    query_int(&query, collection);
    if (!query_list(&query, arena, sizeof(**out), read_run, &rows, count_out)) {
        return false;
    }
    *out = rows;
    return true;
}
