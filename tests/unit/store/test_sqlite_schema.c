#include "bridge/store/sqlite_internal.h"

#include "tests/unit/store/faulty_vfs.h"
#include "tests/unit/store/scratch.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* The history of a small store, as a list of scripts. */
static const char *const history[] = {
    "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
    "CREATE TABLE b (a INTEGER NOT NULL REFERENCES a (id) ON DELETE CASCADE) STRICT;"
    "INSERT INTO a VALUES (1, 'one'), (2, 'two'); INSERT INTO b VALUES (1), (2);",
    "ALTER TABLE a ADD COLUMN size INTEGER NOT NULL DEFAULT 7;",
    /* a table is rebuilt: with foreign keys on, this would empty b */
    "CREATE TABLE a2 (id INTEGER PRIMARY KEY, title TEXT NOT NULL, size INTEGER) STRICT;"
    "INSERT INTO a2 SELECT id, upper(name), size FROM a;"
    "DROP TABLE a; ALTER TABLE a2 RENAME TO a;",
};

static bool open_at(struct scratch *scratch, size_t version, struct err *err)
{
    scratch_close(scratch);
    return sqlite_open_writer(scratch->path, history, version, &scratch->db.db, err);
}

static int64_t read_int(struct scratch *scratch, const char *sql)
{
    struct query query;
    struct err err;
    int64_t value = -1;
    bool is_found;

    query_start(&query, &scratch->db, sql, &err);
    OK(query_fetch(&query, &value, &is_found));
    return value;
}

static void assert_newest(struct scratch *scratch)
{
    assert_int_equal(read_int(scratch, "PRAGMA user_version"), 3);
    assert_int_equal(read_int(scratch, "PRAGMA foreign_keys"), 1);
    assert_int_equal(
        read_int(scratch, "SELECT count(*) FROM a WHERE title IN ('ONE', 'TWO') AND size = 7"), 2);
    assert_int_equal(read_int(scratch, "SELECT count(*) FROM b JOIN a ON a.id = b.a"), 2);
}

static void every_older_version_becomes_the_newest(void **state)
{
    struct scratch *scratch = *state;
    struct err err;

    for (size_t from = 0; from <= ARRAY_LEN(history); from++) {
        scratch->path[strlen(scratch->path) - 1] = (char)('0' + from); /* a file of its own */
        if (from > 0) {
            OK(open_at(scratch, from, &err));
            assert_int_equal(read_int(scratch, "PRAGMA user_version"), from);
        }
        OK(open_at(scratch, ARRAY_LEN(history), &err));
        assert_newest(scratch);
        OK(open_at(scratch, ARRAY_LEN(history), &err)); /* nothing is left to do */
        assert_newest(scratch);
    }
}

static void every_older_store_becomes_the_newest(void **state)
{
    struct scratch *scratch = *state;
    struct err err;

    for (size_t from = 1; from <= sqlite_script_count; from++) {
        scratch->path[strlen(scratch->path) - 1] = (char)('0' + from);
        OK(sqlite_open_writer(scratch->path, sqlite_scripts, from, &scratch->db.db, &err));
        scratch_close(scratch);
        scratch_open(scratch);
        add_account(&scratch->db, add_user(&scratch->db, "alice"), 1);
        scratch_close(scratch);
    }
}

static void run_sql(struct scratch *scratch, const char *sql)
{
    struct query query;
    struct err err;

    query_start(&query, &scratch->db, sql, &err);
    OK(query_run(&query));
}

static void tasks_of_a_store_without_due_times_are_looked_after_once(void **state)
{
    struct scratch *scratch = *state;
    struct err err;

    OK(sqlite_open_writer(scratch->path, sqlite_scripts, 3, &scratch->db.db, &err));
    run_sql(scratch, "INSERT INTO users (id, name, created_s) VALUES (1, 'alice', 0)");
    run_sql(scratch, "INSERT INTO accounts VALUES (1, 1, 'u', '', 'UTC', 0, 1, 0, 0, 0, 0, 0, 0, "
                     "'', x'')");
    run_sql(scratch, "INSERT INTO collections VALUES (1, 2, 'f', 's', 'n', 1, 0, 1, 0, '', 0, 0, "
                     "0, 0, 0, 1, 0, 0, '')");
    run_sql(scratch,
        "INSERT INTO resources SELECT 1, 2, id, id, id, up, '', '', 1, 1, 1, 0, 0, x'', '', "
        "removed, CAST(document AS BLOB), x'' FROM (SELECT 3 AS id, 'a' AS up, 0 AS removed, "
        "'SUMMARY:plain' AS document UNION ALL SELECT 4, 'b', 0, 'BEGIN:VALARM' UNION ALL "
        "SELECT 5, 'c', 0, 'rrule:FREQ=DAILY' UNION ALL SELECT 6, 'd', 1, 'BEGIN:VALARM' UNION ALL "
        "SELECT 7, '', 0, 'RRULE:FREQ=DAILY')");
    scratch_close(scratch);
    scratch_open(scratch);
    assert_int_equal(read_int(scratch, "SELECT count(*) FROM due"), 2);
    assert_int_equal(read_int(scratch, "SELECT count(*) FROM due WHERE account = 1 AND kind = 1 "
                                       "AND collection = 2 AND ref IN (4, 5) AND at_s = 1"),
        2);
    run_sql(scratch, "DELETE FROM due");
    scratch_close(scratch);
    scratch_open(scratch);
    assert_int_equal(read_int(scratch, "SELECT count(*) FROM due"), 0);
}

static void a_newer_version_is_refused_and_left_alone(void **state)
{
    struct scratch *scratch = *state;
    struct err err;

    OK(open_at(scratch, 3, &err));
    FAILS(ERR_INVALID, open_at(scratch, 2, &err));
    assert_non_null(strstr(err.text, "newer"));
    OK(open_at(scratch, 3, &err));
    assert_newest(scratch);
}

static void a_script_that_fails_changes_nothing(void **state)
{
    static const char *const bad[] = {
        "CREATE TABLE c (x) STRICT;",                       /* no type */
        "CREATE TABLE c (x TEXT) STRICT; SELECT nonsense;", /* half done */
        "DELETE FROM a WHERE id = 1;", /* leaves a row that refers to nothing */
    };
    struct scratch *scratch = *state;
    struct err err;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *const scripts[] = { history[0], bad[i] };

        OK(open_at(scratch, 1, &err));
        scratch_close(scratch);
        FAILS(ERR_INTERNAL, sqlite_open_writer(scratch->path, scripts, 2, &scratch->db.db, &err));
        assert_non_null(strstr(err.text, scratch->path));
        assert_non_null(strstr(err.text, "schema 1 to 2"));
        OK(open_at(scratch, 1, &err));
        assert_int_equal(read_int(scratch, "SELECT count(*) FROM a"), 2);
        assert_int_equal(read_int(scratch, "SELECT count(*) FROM sqlite_schema"), 2);
    }
}

/* Open the store in a child that is killed at its nth file operation. Was it? */
static bool is_killed_while_migrating(struct scratch *scratch, long nth)
{
    struct err err;
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        faulty_install();
        faulty_arm(FAULT_KILL, nth, true);
        _exit(sqlite_open_writer(scratch->path, history, ARRAY_LEN(history), &scratch->db.db, &err)
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return true;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

static void a_migration_that_is_killed_goes_on_next_time(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    bool is_killed = true;
    long nth = 1;

    for (; is_killed; nth++) {
        scratch->path[strlen(scratch->path) - 2] = (char)('a' + nth / 26);
        scratch->path[strlen(scratch->path) - 1] = (char)('a' + nth % 26);
        OK(open_at(scratch, 1, &err));
        scratch_close(scratch);
        is_killed = is_killed_while_migrating(scratch, nth);
        OK(open_at(scratch, ARRAY_LEN(history), &err));
        assert_newest(scratch);
        scratch_close(scratch);
    }
    assert_true(nth > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_older_version_becomes_the_newest, scratch_set_up_folder),
        TEST(every_older_store_becomes_the_newest, scratch_set_up_folder),
        TEST(tasks_of_a_store_without_due_times_are_looked_after_once, scratch_set_up_folder),
        TEST(a_newer_version_is_refused_and_left_alone, scratch_set_up_folder),
        TEST(a_script_that_fails_changes_nothing, scratch_set_up_folder),
        TEST(a_migration_that_is_killed_goes_on_next_time, scratch_set_up_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
