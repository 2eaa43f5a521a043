#pragma once
/**
 * The sandbox's SQLite file. It remembers its first failure and ignores what follows, so that a
 * handler is straight code and its end decides between COMMIT and 500.
 *
 * The calls run on the loop, unlike the bridge's store: the sandbox is a test service, and waiting
 * for a disk here delays nobody but the tests (it does not sync either).
 */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"

struct sbx_db;
struct sqlite3_stmt;

/** path: a file, or NULL for memory. fails: ERR_INTERNAL */
MUST_CHECK bool sbx_db_open(const char *path, struct sbx_db **out, struct err *err);
void sbx_db_close(struct sbx_db **db);

/**
 * Start a statement. sql is a literal: statements are kept by its address. format has a letter per
 * parameter: i int64_t, s struct str, p struct str or NULL when its p is NULL.
 */
struct sqlite3_stmt *sbx_db_query(struct sbx_db *db, const char *sql, const char *format, ...);
/** The next row; false at the end (then the statement is reset). */
bool sbx_db_step(struct sbx_db *db, struct sqlite3_stmt *query);
/** Leave a statement before its end. */
void sbx_db_end(struct sqlite3_stmt *query);
/** A statement without rows. */
void sbx_db_run(struct sbx_db *db, const char *sql, const char *format, ...);
int64_t sbx_db_last_row(struct sbx_db *db);

int64_t sbx_column_int(struct sqlite3_stmt *query, int column);
/** A copy; empty for NULL. */
struct str sbx_column_str(struct sqlite3_stmt *query, int column, struct arena *arena);
bool sbx_column_is_null(struct sqlite3_stmt *query, int column);

void sbx_db_begin(struct sbx_db *db);
/** Commit, or roll back if anything failed or keep is false; forgets the failure. */
MUST_CHECK bool sbx_db_finish(struct sbx_db *db, bool keep, struct err *err);
