#pragma once
/**
 * What the query functions are written with. A query is one statement from start to end: bind its
 * parameters in order (?1 first), then run it or walk its rows, reading columns in order. It
 * remembers its first failure, so only the last call needs a check.
 */
#include "bridge/store/db.h"

/** A connection, as store.h hands it to jobs. */
struct store_db {
    const struct db_class *class;
    struct db *db;
};

struct query {
    struct store_db *db;
    struct db_statement *statement; /**< NULL: failed or at its end */
    struct err *err;
    int parameter; /**< bound last */
    int column;    /**< read last */
    bool is_failed;
};

/** sql must be a literal. */
void query_start(struct query *query, struct store_db *db, const char *sql, struct err *err);
void query_int(struct query *query, int64_t value);
void query_text(struct query *query, struct str text);
void query_blob(struct query *query, struct str bytes);
/** An id where 0 stands for none, which is NULL in the table. */
void query_optional(struct query *query, int64_t id);

/** A row is here. False at the end and after a failure: query_end tells which. */
bool query_next(struct query *query);
int64_t query_get_int(struct query *query);
bool query_get_bool(struct query *query);
struct str query_get_bytes(struct query *query, struct arena *arena);
/** False if anything has failed. Rows that were not read are dropped. */
MUST_CHECK bool query_end(struct query *query);

/** Run what gives no rows. */
MUST_CHECK bool query_run(struct query *query);
/** The same, but it must change a row. fails: ERR_NOT_FOUND: none, "no such WHAT" */
MUST_CHECK bool query_change(struct query *query, const char *what);
/** Run a statement for the one number that it returns. *found_out false: no row. */
MUST_CHECK bool query_fetch(struct query *query, int64_t *out, bool *found_out);

/** Reads the columns of the row that is here into row, which is zeros. */
typedef void query_read(struct query *query, struct arena *arena, void *row);
/** Run and read all rows into an array in arena. */
MUST_CHECK bool query_list(struct query *query, struct arena *arena, size_t row_bytes,
    query_read *read, void **rows_out, size_t *count_out);

/** An id in this account that was never given before. fails: ERR_NOT_FOUND: no such account */
MUST_CHECK bool account_next_id(
    struct store_db *db, int64_t account, int64_t *id_out, struct err *err);
