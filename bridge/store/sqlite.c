#include "bridge/store/db.h"

#include "bridge/core/mem.h"
#include "bridge/store/sqlite_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long another program (a backup, the sqlite3 shell) may hold the file. */
#define BUSY_TIMEOUT_MS 5000

struct db_statement {
    sqlite3_stmt *handle;
    struct db *db;
    const char *sql; /**< borrowed; its address is the key */
    int bind_result; /**< the first bind that failed; told by step */
};

struct db {
    sqlite3 *handle;
    struct db_statement **statements;
    size_t count, capacity;
};

static enum err_kind kind_of(int result)
{
    switch (result) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return ERR_CONFLICT;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return ERR_NOT_FOUND;
    default:
        break;
    }
    switch (result & 0xff) { /* the primary code */
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    default:
        return ERR_INTERNAL;
    }
}

/* The text names tables and columns, never values. */
static bool fail(struct db *db, int result, struct err *err)
{
    return err_set_code(err, kind_of(result), result, "store: %s (SQLite code %d)",
        db->handle == NULL ? sqlite3_errstr(result) : sqlite3_errmsg(db->handle), result);
}

/* --- statements --------------------------------------------------------------------------- */

static bool sqlite_execute(struct db *db, const char *sql, struct err *err)
{
    int result = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return result == SQLITE_OK || fail(db, result, err);
}

static bool sqlite_prepare(
    struct db *db, const char *sql, struct db_statement **out, struct err *err)
{
    struct db_statement *statement;
    sqlite3_stmt *handle = NULL;
    int result;

    for (size_t i = 0; i < db->count; i++) { /* some dozens: cheaper than it looks */
        if (db->statements[i]->sql == sql) {
            *out = db->statements[i];
            return true;
        }
    }
    result = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);
    if (result != SQLITE_OK) {
        return fail(db, result, err);
    }
    if (db->count == db->capacity) {
        db->capacity = db->capacity == 0 ? 32 : db->capacity * 2;
        db->statements = mem_resize(db->statements, db->capacity, sizeof(db->statements[0]));
    }
    statement = mem_alloc(sizeof(*statement));
    statement->handle = handle;
    statement->db = db;
    statement->sql = sql;
    db->statements[db->count++] = statement;
    *out = statement;
    return true;
}

static void note_bind(struct db_statement *statement, int result)
{
    assert(result != SQLITE_RANGE && result != SQLITE_MISUSE);
    if (statement->bind_result == SQLITE_OK) {
        statement->bind_result = result;
    }
}

static void sqlite_bind_int(struct db_statement *statement, int index, int64_t value)
{
    note_bind(statement, sqlite3_bind_int64(statement->handle, index, value));
}

/* A view of nothing is an empty text, not NULL. */
static void sqlite_bind_text(struct db_statement *statement, int index, struct str text)
{
    note_bind(statement, sqlite3_bind_text64(statement->handle, index, text.p == NULL ? "" : text.p,
                             text.n, SQLITE_STATIC, SQLITE_UTF8));
}

static void sqlite_bind_blob(struct db_statement *statement, int index, struct str bytes)
{
    note_bind(statement, sqlite3_bind_blob64(statement->handle, index,
                             bytes.p == NULL ? "" : bytes.p, bytes.n, SQLITE_STATIC));
}

static void sqlite_bind_null(struct db_statement *statement, int index)
{
    note_bind(statement, sqlite3_bind_null(statement->handle, index));
}

static void sqlite_reset(struct db_statement *statement)
{
    sqlite3_reset(statement->handle); /* repeats what step has told */
    sqlite3_clear_bindings(statement->handle);
    statement->bind_result = SQLITE_OK;
}

static bool sqlite_step(struct db_statement *statement, bool *has_row_out, struct err *err)
{
    int result = statement->bind_result;

    if (result == SQLITE_OK) {
        result = sqlite3_step(statement->handle);
    }
    if (result == SQLITE_ROW) {
        *has_row_out = true;
        return true;
    }
    if (result != SQLITE_DONE) {
        fail(statement->db, result, err);
        sqlite_reset(statement);
        return false;
    }
    sqlite_reset(statement);
    *has_row_out = false;
    return true;
}

static int64_t sqlite_column_int(struct db_statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

static struct str sqlite_column_bytes(
    struct db_statement *statement, int column, struct arena *arena)
{
    struct str bytes;

    if (sqlite3_column_type(statement->handle, column) == SQLITE_NULL) {
        return (struct str){ NULL, 0 };
    }
    bytes.p = sqlite3_column_blob(statement->handle, column);
    bytes.n = (size_t)sqlite3_column_bytes(statement->handle, column);
    return arena_copy(arena, bytes);
}

static int64_t sqlite_changed_rows(struct db *db)
{
    return sqlite3_changes64(db->handle);
}

static bool sqlite_is_in_transaction(struct db *db)
{
    return sqlite3_get_autocommit(db->handle) == 0;
}

/* --- open and close ----------------------------------------------------------------------- */

static void sqlite_close(struct db **db_in)
{
    struct db *db = TAKE(*db_in);
    int result;

    if (db == NULL) {
        return;
    }
    for (size_t i = 0; i < db->count; i++) {
        sqlite3_finalize(db->statements[i]->handle);
        mem_free(db->statements[i]);
    }
    mem_free(db->statements);
    result = sqlite3_close(db->handle);
    assert(result == SQLITE_OK); /* else a statement was not finalized */
    (void)result;
    mem_free(db);
}

/* What went wrong while opening, in words that tell what to do. *err holds what SQLite said. */
static bool fail_open(const char *location, struct err *err)
{
    struct err cause = *err;

    switch (cause.code & 0xff) {
    case SQLITE_NOTADB:
        return err_set_code(err, ERR_INVALID, cause.code,
            "%s is not a database: it is damaged or some other file; restore a backup or move it "
            "away",
            location);
    case SQLITE_CORRUPT:
        return err_set_code(err, ERR_INVALID, cause.code,
            "%s is damaged; restore a backup, or save what can be read with 'sqlite3 %s .recover'",
            location, location);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return err_set_code(err, ERR_DENIED, cause.code,
            "%s cannot be written by user id %u; check owner and mode of the file and its "
            "directory",
            location, (unsigned)geteuid());
    case SQLITE_BUSY:
        return err_set_code(err, ERR_BUSY, cause.code,
            "%s is locked by another program; end that and try again", location);
    default:
        if (err->kind == ERR_INVALID || err->kind == ERR_DENIED) {
            return false; /* says it all */
        }
        return err_set_code(
            err, ERR_INTERNAL, cause.code, "%s cannot be opened: %s", location, cause.text);
    }
}

/* An empty file with mode 0600 and a durable name; SQLite would ask the umask only. */
static bool make_file(const char *location, struct err *err)
{
    const char *slash = strrchr(location, '/');
    char *folder = slash == NULL ? mem_copy_text(".", 1)
                                 : mem_copy_text(location, (size_t)(slash - location) + 1);
    int fd = open(location, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int code = errno;

    if (fd >= 0) {
        int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        close(fd);
        if (folder_fd >= 0) {
            fsync(folder_fd);
            close(folder_fd);
        }
    }
    mem_free(folder);
    if (fd >= 0 || code == EEXIST) {
        return true;
    }
    if (code == EACCES || code == EPERM || code == EROFS) {
        return err_set_code(err, ERR_DENIED, code,
            "%s cannot be made by user id %u: %s; check "
            "owner and mode of its directory",
            location, (unsigned)geteuid(), strerror(code));
    }
    return err_set_code(err, ERR_INTERNAL, code, "%s cannot be made: %s; does its directory exist?",
        location, strerror(code));
}

static bool check_file(const char *location, struct err *err)
{
    struct stat status;

    if (stat(location, &status) != 0) {
        return err_set_code(err, errno == EACCES ? ERR_DENIED : ERR_INTERNAL, errno,
            "%s cannot be reached: %s", location, strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return err_set(err, ERR_INVALID,
            "%s is not a file; name a file for the store (it is made when missing)", location);
    }
    return true;
}

/* A connection with nothing done on it yet, so that a foreign file stays as it is. */
static bool connect_file(const char *location, struct db **db_out, struct err *err)
{
    CLEANUP(sqlite_close) struct db *db = mem_alloc(sizeof(*db));
    int result;

    assert(sqlite3_threadsafe() != 0);
    result = sqlite3_open_v2(location, &db->handle,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (result != SQLITE_OK) {
        return fail(db, result, err);
    }
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (sqlite3_db_readonly(db->handle, "main") != 0) { /* SQLite falls back to reading alone */
        return err_set_code(err, ERR_DENIED, SQLITE_READONLY, "store: read-only");
    }
    *db_out = TAKE(db);
    return true;
}

/* mmap off: a disk that fails would end the process with SIGBUS instead of an error. */
#define COMMON_SETTINGS                                                           \
    "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;" \
    "PRAGMA cell_size_check = ON;"

static bool set_up_writer(
    struct db *db, const char *location, const char *const *scripts, size_t count, struct err *err)
{
    int64_t version;

    return sqlite_schema_check(db, location, count, &version, err) &&
           sqlite_execute(db,
               "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
               "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384;",
               err) &&
           sqlite_schema_migrate(db, scripts, count, version, err) &&
           sqlite_execute(db, COMMON_SETTINGS, err);
}

bool sqlite_open_writer(const char *location, const char *const *scripts, size_t count,
    struct db **db_out, struct err *err)
{
    CLEANUP(sqlite_close) struct db *db = NULL;

    if (!make_file(location, err) || !check_file(location, err)) {
        return false;
    }
    if (!connect_file(location, &db, err) || !set_up_writer(db, location, scripts, count, err)) {
        return fail_open(location, err);
    }
    *db_out = TAKE(db);
    return true;
}

static bool open_reader(const char *location, struct db **db_out, struct err *err)
{
    CLEANUP(sqlite_close) struct db *db = NULL;

    if (!connect_file(location, &db, err) ||
        !sqlite_execute(db, COMMON_SETTINGS "PRAGMA query_only = ON;", err)) {
        return fail_open(location, err);
    }
    *db_out = TAKE(db);
    return true;
}

static bool sqlite_open(const char *location, bool is_writer, struct db **db_out, struct err *err)
{
    return is_writer
               ? sqlite_open_writer(location, sqlite_scripts, sqlite_script_count, db_out, err)
               : open_reader(location, db_out, err);
}

const struct db_class db_sqlite = {
    .name = "sqlite",
    .begin_write = "BEGIN IMMEDIATE",
    .begin_read = "BEGIN",
    .open = sqlite_open,
    .close = sqlite_close,
    .execute = sqlite_execute,
    .prepare = sqlite_prepare,
    .bind_int = sqlite_bind_int,
    .bind_text = sqlite_bind_text,
    .bind_blob = sqlite_bind_blob,
    .bind_null = sqlite_bind_null,
    .step = sqlite_step,
    .column_int = sqlite_column_int,
    .column_bytes = sqlite_column_bytes,
    .reset = sqlite_reset,
    .changed_rows = sqlite_changed_rows,
    .is_in_transaction = sqlite_is_in_transaction,
};
