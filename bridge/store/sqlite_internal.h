#pragma once
/**
 * The parts of the SQLite back end: sqlite.c speaks to the library, sqlite_schema.c knows what must
 * be in the file. Scripts are built in from schema/NNN_*.sql; tests bring lists of their own.
 */
#include "bridge/core/err.h"

#include <stddef.h>
#include <stdint.h>

struct db;

/** sqlite_scripts[i] leads from version i to version i + 1. */
extern const char *const sqlite_scripts[];
extern const size_t sqlite_script_count;

/** db_sqlite.open for a writer, with any list of scripts. */
MUST_CHECK bool sqlite_open_writer(const char *location, const char *const *scripts, size_t count,
    struct db **db_out, struct err *err);

/**
 * Is this file ours, whole, and of a version that we know? Changes nothing. *version_out: 0 for an
 * empty file. Damage is looked for where that is cheap: in files up to 64 MiB.
 * fails: ERR_INVALID, and as statements do
 */
MUST_CHECK bool sqlite_schema_check(
    struct db *db, const char *location, size_t newest, int64_t *version_out, struct err *err);
/**
 * Run the scripts from `version` on, each in a transaction that also sets the new version, so that
 * a process killed here goes on next time. Foreign keys are off meanwhile (a script may rebuild a
 * table) and are checked at the end of each script.
 */
MUST_CHECK bool sqlite_schema_migrate(
    struct db *db, const char *const *scripts, size_t count, int64_t version, struct err *err);
