#include "bridge/sandbox/db.h"

#include "bridge/core/mem.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>

#define STATEMENTS_MAX 128

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value BLOB);"
    "CREATE TABLE IF NOT EXISTS users(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " seq INTEGER NOT NULL, epoch INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS tokens(token TEXT PRIMARY KEY, user INTEGER NOT NULL"
    " REFERENCES users);"
    "CREATE TABLE IF NOT EXISTS groups(row INTEGER PRIMARY KEY, user INTEGER NOT NULL"
    " REFERENCES users, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL, name TEXT NOT NULL,"
    " is_default INTEGER NOT NULL, seq INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS folders(row INTEGER PRIMARY KEY, user INTEGER NOT NULL"
    " REFERENCES users, id TEXT NOT NULL UNIQUE, group_key TEXT NOT NULL, name TEXT NOT NULL,"
    " is_default INTEGER NOT NULL, seq INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS folders_seq ON folders(user, seq);"
    "CREATE TABLE IF NOT EXISTS tasks(row INTEGER PRIMARY KEY, user INTEGER NOT NULL"
    " REFERENCES users, folder INTEGER NOT NULL REFERENCES folders, id TEXT NOT NULL UNIQUE,"
    " seq INTEGER NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL,"
    " subject TEXT NOT NULL, body TEXT NOT NULL, html INTEGER NOT NULL,"
    " categories TEXT NOT NULL, importance INTEGER NOT NULL, sensitivity INTEGER NOT NULL,"
    " status INTEGER NOT NULL, start INTEGER, due INTEGER, completed INTEGER, reminder INTEGER,"
    " reminder_on INTEGER NOT NULL, zone TEXT NOT NULL, series TEXT);"
    "CREATE INDEX IF NOT EXISTS tasks_seq ON tasks(folder, seq);"
    "CREATE INDEX IF NOT EXISTS tasks_user ON tasks(user);"
    /* folder 0: removed folders */
    "CREATE TABLE IF NOT EXISTS gone(user INTEGER NOT NULL, folder INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, id TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS gone_seq ON gone(user, folder, seq);"
    "CREATE TABLE IF NOT EXISTS properties(owner TEXT NOT NULL, name TEXT NOT NULL,"
    " is_multi INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY(owner, name)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS properties_value ON properties(name, value);"
    /* of the To Do side: which folders are not plain ones, what tasks hold */
    "CREATE TABLE IF NOT EXISTS folder_kinds(folder INTEGER PRIMARY KEY, kind INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS children(row INTEGER PRIMARY KEY, owner TEXT NOT NULL,"
    " kind INTEGER NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, UNIQUE(owner, kind, id));"
    "CREATE TABLE IF NOT EXISTS attachments(row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " task INTEGER NOT NULL REFERENCES tasks ON DELETE CASCADE, kind INTEGER NOT NULL,"
    " name TEXT NOT NULL, type TEXT, size INTEGER NOT NULL, inline INTEGER NOT NULL,"
    " modified INTEGER NOT NULL, content TEXT NOT NULL, content_id TEXT, source TEXT NOT NULL,"
    " provider TEXT NOT NULL, permission TEXT NOT NULL, is_folder INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS attachments_task ON attachments(task);"
    "CREATE TABLE IF NOT EXISTS uploads(row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " task INTEGER NOT NULL REFERENCES tasks ON DELETE CASCADE, name TEXT NOT NULL, type TEXT,"
    " size INTEGER NOT NULL, expires INTEGER NOT NULL, content TEXT NOT NULL);";

struct sbx_db {
    sqlite3 *handle;
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } statements[STATEMENTS_MAX];
    size_t count;
    bool has_failed;
    struct err first;
};

static void fail(struct sbx_db *db)
{
    if (!db->has_failed) {
        db->has_failed = true;
        err_set_code(&db->first, ERR_INTERNAL, sqlite3_extended_errcode(db->handle),
            "sandbox state: %s", sqlite3_errmsg(db->handle));
    }
}

bool sbx_db_open(const char *path, struct sbx_db **out, struct err *err)
{
    static const char pragmas[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
                                  "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 2000;";
    CLEANUP(sbx_db_close) struct sbx_db *db = (struct sbx_db *)mem_alloc(sizeof(*db));

    if (sqlite3_open(path != NULL ? path : ":memory:", &db->handle) != SQLITE_OK ||
        sqlite3_exec(db->handle, pragmas, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db->handle, schema, NULL, NULL, NULL) != SQLITE_OK) {
        fail(db);
        *err = db->first;
        return false;
    }
    *out = TAKE(db);
    return true;
}

void sbx_db_close(struct sbx_db **db)
{
    if (*db == NULL) {
        return;
    }
    for (size_t i = 0; i < (*db)->count; i++) {
        sqlite3_finalize((*db)->statements[i].statement);
    }
    sqlite3_close((*db)->handle);
    mem_free(TAKE(*db));
}

/* Two literals with the same text may or may not share an address; either is fine. */
static sqlite3_stmt *prepare(struct sbx_db *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    for (size_t i = 0; i < db->count; i++) {
        if (db->statements[i].sql == sql) {
            return db->statements[i].statement;
        }
    }
    if (db->count == STATEMENTS_MAX ||
        sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
            SQLITE_OK) {
        fail(db);
        return NULL;
    }
    db->statements[db->count].sql = sql;
    db->statements[db->count++].statement = statement;
    return statement;
}

static sqlite3_stmt *bind(struct sbx_db *db, const char *sql, const char *format, va_list args)
{
    sqlite3_stmt *query = db->has_failed ? NULL : prepare(db, sql);

    for (int i = 0; query != NULL && format[i] != '\0'; i++) {
        int rc = SQLITE_OK;

        if (format[i] == 'i') {
            rc = sqlite3_bind_int64(query, i + 1, va_arg(args, int64_t));
        } else {
            struct str text = va_arg(args, struct str);

            rc = text.p == NULL && format[i] == 'p'
                     ? sqlite3_bind_null(query, i + 1)
                     : sqlite3_bind_text(query, i + 1, text.p != NULL ? text.p : "", (int)text.n,
                           SQLITE_TRANSIENT);
        }
        if (rc != SQLITE_OK) {
            fail(db);
            sbx_db_end(query);
            query = NULL;
        }
    }
    return query;
}

sqlite3_stmt *sbx_db_query(struct sbx_db *db, const char *sql, const char *format, ...)
{
    sqlite3_stmt *query = NULL;
    va_list args;

    va_start(args, format);
    query = bind(db, sql, format, args);
    va_end(args);
    return query;
}

bool sbx_db_step(struct sbx_db *db, sqlite3_stmt *query)
{
    int rc = query != NULL ? sqlite3_step(query) : SQLITE_DONE;

    if (rc == SQLITE_ROW) {
        return true;
    }
    if (rc != SQLITE_DONE) {
        fail(db);
    }
    sbx_db_end(query);
    return false;
}

void sbx_db_end(sqlite3_stmt *query)
{
    if (query != NULL) {
        sqlite3_reset(query);
        sqlite3_clear_bindings(query);
    }
}

void sbx_db_run(struct sbx_db *db, const char *sql, const char *format, ...)
{
    sqlite3_stmt *query = NULL;
    va_list args;

    va_start(args, format);
    query = bind(db, sql, format, args);
    va_end(args);
    while (sbx_db_step(db, query)) {
    }
}

int64_t sbx_db_last_row(struct sbx_db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int64_t sbx_column_int(sqlite3_stmt *query, int column)
{
    return sqlite3_column_int64(query, column);
}

struct str sbx_column_str(sqlite3_stmt *query, int column, struct arena *arena)
{
    const char *p = (const char *)sqlite3_column_text(query, column);
    int n = sqlite3_column_bytes(query, column);

    return arena_copy(arena, (struct str){ p != NULL ? p : "", p != NULL ? (size_t)n : 0 });
}

bool sbx_column_is_null(sqlite3_stmt *query, int column)
{
    return sqlite3_column_type(query, column) == SQLITE_NULL;
}

void sbx_db_begin(struct sbx_db *db)
{
    sbx_db_run(db, "BEGIN IMMEDIATE", "");
}

bool sbx_db_finish(struct sbx_db *db, bool keep, struct err *err)
{
    bool is_kept = false;

    if (keep && !db->has_failed) {
        sbx_db_run(db, "COMMIT", "");
    }
    is_kept = keep && !db->has_failed;
    if (!is_kept && !sqlite3_get_autocommit(db->handle)) {
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    if (db->has_failed) {
        *err = db->first;
        db->has_failed = false;
        return false;
    }
    return true;
}
