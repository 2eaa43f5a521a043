#include "bridge/store/store_internal.h"

#include "bridge/core/mem.h"

#include <string.h>

static void note_failure(struct query *query)
{
    query->is_failed = true;
    query->statement = NULL;
}

void query_start(struct query *query, struct store_db *db, const char *sql, struct err *err)
{
    *query = (struct query){ .db = db, .err = err, .column = -1 };
    if (!db->class->prepare(db->db, sql, &query->statement, err)) {
        note_failure(query);
    }
}

void query_int(struct query *query, int64_t value)
{
    if (query->statement != NULL) {
        query->db->class->bind_int(query->statement, ++query->parameter, value);
    }
}

void query_text(struct query *query, struct str text)
{
    if (query->statement != NULL) {
        query->db->class->bind_text(query->statement, ++query->parameter, text);
    }
}

void query_blob(struct query *query, struct str bytes)
{
    if (query->statement != NULL) {
        query->db->class->bind_blob(query->statement, ++query->parameter, bytes);
    }
}

void query_optional(struct query *query, int64_t id)
{
    if (id != 0) {
        query_int(query, id);
    } else if (query->statement != NULL) {
        query->db->class->bind_null(query->statement, ++query->parameter);
    }
}

bool query_next(struct query *query)
{
    bool has_row = false;

    query->column = -1;
    if (query->statement == NULL) {
        return false;
    }
    if (!query->db->class->step(query->statement, &has_row, query->err)) {
        note_failure(query);
        return false;
    }
    if (!has_row) {
        query->statement = NULL;
    }
    return has_row;
}

int64_t query_get_int(struct query *query)
{
    return query->db->class->column_int(query->statement, ++query->column);
}

bool query_get_bool(struct query *query)
{
    return query_get_int(query) != 0;
}

struct str query_get_bytes(struct query *query, struct arena *arena)
{
    return query->db->class->column_bytes(query->statement, ++query->column, arena);
}

bool query_end(struct query *query)
{
    if (query->statement != NULL) {
        query->db->class->reset(query->statement);
        query->statement = NULL;
    }
    return !query->is_failed;
}

bool query_run(struct query *query)
{
    query_next(query);
    return query_end(query);
}

bool query_change(struct query *query, const char *what)
{
    if (!query_run(query)) {
        return false;
    }
    return query->db->class->changed_rows(query->db->db) > 0 ||
           err_set(query->err, ERR_NOT_FOUND, "store: no such %s", what);
}

bool query_fetch(struct query *query, int64_t *out, bool *found_out)
{
    int64_t value = 0;
    bool is_found = query_next(query);

    if (is_found) {
        value = query_get_int(query);
        query_next(query); /* to its end, which completes the change */
    }
    if (!query_end(query)) {
        return false;
    }
    *found_out = is_found;
    if (is_found) {
        *out = value;
    }
    return true;
}

bool query_list(struct query *query, struct arena *arena, size_t row_bytes, query_read *read,
    void **rows_out, size_t *count_out)
{
    char *rows = NULL;
    size_t count = 0, capacity = 0;
    bool is_ok;

    while (query_next(query)) {
        if (count == capacity) {
            capacity = capacity == 0 ? 16 : capacity * 2;
            rows = mem_resize(rows, capacity, row_bytes);
        }
        memset(rows + count * row_bytes, 0, row_bytes);
        read(query, arena, rows + count * row_bytes);
        count++;
    }
    is_ok = query_end(query);
    if (is_ok) {
        *rows_out = arena_alloc_array(arena, count, row_bytes);
        *count_out = count;
        if (count > 0) {
            memcpy(*rows_out, rows, count * row_bytes);
        }
    }
    mem_free(rows);
    return is_ok;
}
