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
    /** The statements that start a transaction which writes, and one which sees one moment. */
    const char *begin_write, *begin_read;
    /**
     * Open, and make or migrate the schema when `is_writer`.
     * fails: ERR_INVALID: damaged, no database, written by a newer program; ERR_DENIED: read-only;
     *        ERR_INTERNAL: the machine
     */
    bool (*open)(const char *location, bool is_writer, struct db **db_out, struct err *err);
    void (*close)(struct db **db);
    /** Several statements without parameters. */
    bool (*execute)(struct db *db, const char *sql, struct err *err);
    /** From a cache keyed by the address of sql, which must be a literal. Ready to bind. What is
     * bound is borrowed until the statement is reset. */
    bool (*prepare)(struct db *db, const char *sql, struct db_statement **out, struct err *err);
    void (*bind_int)(struct db_statement *statement, int index, int64_t value);
    /** A view of nothing is bound as an empty value. */
    void (*bind_text)(struct db_statement *statement, int index, struct str text);
    void (*bind_blob)(struct db_statement *statement, int index, struct str bytes);
    void (*bind_null)(struct db_statement *statement, int index);
    /**
     * *has_row_out: a row is here. After the last one, and on failure, the statement is reset.
     * fails: ERR_CONFLICT: a unique key is taken; ERR_NOT_FOUND: a foreign key refers to nothing;
     *        ERR_BUSY: another program holds the database; ERR_INTERNAL: the machine (code tells)
     */
    bool (*step)(struct db_statement *statement, bool *has_row_out, struct err *err);
    int64_t (*column_int)(struct db_statement *statement, int column);
    /** Copied into arena; p == NULL for NULL. */
    struct str (*column_bytes)(struct db_statement *statement, int column, struct arena *arena);
    /** Reset before the last row was reached. */
    void (*reset)(struct db_statement *statement);
    /** By the last statement that changes rows and was stepped to its end. */
    int64_t (*changed_rows)(struct db *db);
    /** A disk that is full or fails may end a transaction before its time. */
    bool (*is_in_transaction)(struct db *db);
};

extern const struct db_class db_sqlite;
