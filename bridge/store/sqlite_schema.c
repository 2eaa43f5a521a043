#include "bridge/store/sqlite_internal.h"

#include "bridge/core/arena.h"
#include "bridge/core/mem.h"
#include "bridge/store/db.h"

#include <stdio.h>

/* In the file's header: tells our files from those of other programs. "DDAV" */
#define APPLICATION_ID 0x44444156
#define CHECKED_BYTES  (INT64_C(64) << 20)

/* The first column of the only row; 0 if there is none. */
static bool read_int(struct db *db, const char *sql, int64_t *out, struct err *err)
{
    struct db_statement *statement;
    bool has_row;

    if (!db_sqlite.prepare(db, sql, &statement, err) || !db_sqlite.step(statement, &has_row, err)) {
        return false;
    }
    *out = has_row ? db_sqlite.column_int(statement, 0) : 0;
    if (has_row) {
        db_sqlite.reset(statement);
    }
    return true;
}

/* Its one row is "ok", or the first thing that is wrong. */
static bool check_quickly(struct db *db, const char *location, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct db_statement *statement;
    struct str finding;
    bool has_row;

    if (!db_sqlite.prepare(db, "PRAGMA quick_check(1)", &statement, err) ||
        !db_sqlite.step(statement, &has_row, err)) {
        return false;
    }
    finding = has_row ? db_sqlite.column_bytes(statement, 0, arena) : S("ok");
    if (has_row) {
        db_sqlite.reset(statement);
    }
    return str_eq(finding, S("ok")) ||
           err_set(err, ERR_INVALID,
               "%s is damaged (%.*s); restore a backup, or save what can be read with "
               "'sqlite3 %s .recover'",
               location, STR_ARG(str_first(finding, 120)), location);
}

bool sqlite_schema_check(
    struct db *db, const char *location, size_t newest, int64_t *version_out, struct err *err)
{
    int64_t application, version, objects, pages, page_bytes;

    if (!read_int(db, "PRAGMA application_id", &application, err) ||
        !read_int(db, "PRAGMA user_version", &version, err) ||
        !read_int(db, "SELECT count(*) FROM sqlite_schema", &objects, err) ||
        !read_int(db, "PRAGMA page_count", &pages, err) ||
        !read_int(db, "PRAGMA page_size", &page_bytes, err)) {
        return false;
    }
    if (application == 0 && version == 0 && objects == 0) {
        *version_out = 0;
        return true;
    }
    if (application != APPLICATION_ID) {
        return err_set(err, ERR_INVALID,
            "%s is the database of another program; name another file for the store", location);
    }
    if (version < 1 || version > (int64_t)newest) {
        return err_set(err, ERR_INVALID,
            "%s was written by a newer duedav (schema %lld, this one knows up to %zu); use that "
            "version, or restore an older backup",
            location, (long long)version, newest);
    }
    if (pages * page_bytes <= CHECKED_BYTES && !check_quickly(db, location, err)) {
        return false;
    }
    *version_out = version;
    return true;
}

static bool run_script(struct db *db, const char *script, size_t version, struct err *err)
{
    char seal[100];
    int64_t broken;

    snprintf(seal, sizeof(seal), "PRAGMA application_id = %d; PRAGMA user_version = %zu",
        APPLICATION_ID, version);
    if (!db_sqlite.execute(db, script, err) ||
        !read_int(db, "SELECT count(*) FROM pragma_foreign_key_check", &broken, err)) {
        return false;
    }
    if (broken != 0) {
        return err_set(err, ERR_INTERNAL, "%lld rows refer to nothing", (long long)broken);
    }
    return db_sqlite.execute(db, seal, err) && db_sqlite.execute(db, "COMMIT", err);
}

bool sqlite_schema_migrate(
    struct db *db, const char *const *scripts, size_t count, int64_t version, struct err *err)
{
    struct err ignored = { 0 };

    if (!db_sqlite.execute(db, "PRAGMA foreign_keys = OFF", err)) {
        return false;
    }
    for (size_t i = (size_t)version; i < count; i++) {
        if (!db_sqlite.execute(db, db_sqlite.begin_write, err)) {
            return false;
        }
        if (!run_script(db, scripts[i], i + 1, err)) {
            if (db_sqlite.is_in_transaction(db) && !db_sqlite.execute(db, "ROLLBACK", &ignored)) {
                return false; /* the connection is closed next, which rolls back as well */
            }
            return err_wrap(err, "going from schema %zu to %zu", i, i + 1);
        }
    }
    return true;
}
