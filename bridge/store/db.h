#pragma once
/**
 * A database behind a table of functions, so that each query is written once (store.c) and runs on
 * SQLite now and PostgreSQL later. Parameters are ?1, ?2 ...; columns count from 0. All calls are
 * made on one worker thread per connection.
 */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"
#include "bridge/core/str.h"

struct db;
struct db_statement;

struct db_class {
    const char *name;
    /**
     * Open, and make or migrate the schema when `is_writer`.
     * fails: ERR_INVALID: damaged, no database, written by a newer program; ERR_DENIED: read-only;
     *        ERR_INTERNAL: the machine
     */
    bool (*open)(const char *location, bool is_writer, struct db **db_out, struct err *err);
    void (*close)(struct db **db);
    /** Several statements without parameters. */
    bool (*execute)(struct db *db, const char *sql, struct err *err);
    /** From a cache keyed by the address of sql, which must be a literal. Ready to bind. */
    bool (*prepare)(struct db *db, const char *sql, struct db_statement **out, struct err *err);
    void (*bind_int)(struct db_statement *statement, int index, int64_t value);
    void (*bind_text)(struct db_statement *statement, int index, struct str text);
    void (*bind_blob)(struct db_statement *statement, int index, struct str bytes);
    void (*bind_null)(struct db_statement *statement, int index);
    /** *has_row_out: a row is here; after the last one the statement is reset. */
    bool (*step)(struct db_statement *statement, bool *has_row_out, struct err *err);
    int64_t (*column_int)(struct db_statement *statement, int column);
    /** Copied into arena; p == NULL for NULL. */
    struct str (*column_bytes)(struct db_statement *statement, int column, struct arena *arena);
    /** Reset before the last row was reached. */
    void (*reset)(struct db_statement *statement);
    int64_t (*last_id)(struct db *db);
    int64_t (*changed_rows)(struct db *db);
};

extern const struct db_class db_sqlite;
