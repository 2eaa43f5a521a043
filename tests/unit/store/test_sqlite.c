#include "tests/unit/store/scratch.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

/* --- opening what is no store ------------------------------------------------------------- */

static void assert_refused(struct scratch *scratch, enum err_kind kind, const char *reason)
{
    struct err err;

    FAILS(kind, db_sqlite.open(scratch->path, true, &scratch->db.db, &err));
    if (strstr(err.text, scratch->path) == NULL || strstr(err.text, reason) == NULL) {
        fail_msg("no path, or not '%s': %s", reason, err.text);
    }
    assert_null(strchr(err.text, '\n'));
    assert_null(scratch->db.db);
}

/* A whole store with a few pages of content. */
static void make_store(struct scratch *scratch, const char *last_words)
{
    struct err err;

    scratch_open(scratch);
    scratch->user = add_user(&scratch->db, "alice");
    scratch->account = add_account(&scratch->db, scratch->user, 1);
    scratch->collection = add_collection(&scratch->db, scratch->account, 1);
    OK(db_sqlite.execute(scratch->db.db, "BEGIN", &err));
    for (int i = 0; i < 200; i++) {
        add_resource(&scratch->db, scratch->account, scratch->collection, i);
    }
    OK(db_sqlite.execute(scratch->db.db, "COMMIT", &err));
    OK(db_sqlite.execute(scratch->db.db, last_words, &err));
    scratch_close(scratch);
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
    static const size_t sizes[] = { 10, 99, 100, 511, 512, 4096, 10000 };
    struct scratch *scratch = *state;
    char bytes[10000];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)('a' + i % 26);
    }
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *after;
        size_t n;

        write_file(scratch->path, bytes, sizes[i]);
        assert_refused(scratch, ERR_INVALID, "not a database");
        after = read_file(scratch->path, &n);
        assert_int_equal(n, sizes[i]);
        assert_memory_equal(after, bytes, n);
        mem_free(after);
    }
}

static void the_database_of_another_program_is_refused_and_left_alone(void **state)
{
    static const char *const signs[] = { "PRAGMA application_id = 0",
        "PRAGMA application_id = 1234", "PRAGMA application_id = 0; PRAGMA user_version = 0" };
    struct scratch *scratch = *state;

    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        char *before, *after;
        size_t n_before, n_after;

        make_store(scratch, signs[i]);
        before = read_file(scratch->path, &n_before);
        assert_refused(scratch, ERR_INVALID, "another program");
        after = read_file(scratch->path, &n_after);
        assert_int_equal(n_before, n_after);
        assert_memory_equal(before, after, n_after);
        mem_free(before);
        mem_free(after);
        assert_return_code(unlink(scratch->path), 0);
    }
}

static void a_newer_store_is_refused(void **state)
{
    struct scratch *scratch = *state;

    make_store(scratch, "PRAGMA user_version = 99");
    assert_refused(scratch, ERR_INVALID, "newer");
}

static void a_damaged_store_is_refused(void **state)
{
    struct scratch *scratch = *state;
    char *bytes;
    size_t n;

    make_store(scratch, "PRAGMA user_version"); /* changes nothing */
    bytes = read_file(scratch->path, &n);
    assert_true(n > 10 * 4096);
    for (size_t page = 1; page < n / 4096; page += 3) {
        char *copy = mem_alloc(n);

        memcpy(copy, bytes, n);
        memset(copy + page * 4096, 0xa5, 4096);
        write_file(scratch->path, copy, n);
        mem_free(copy);
        assert_refused(scratch, ERR_INVALID, "damaged");
    }
    write_file(scratch->path, bytes, n / 2);
    assert_refused(scratch, ERR_INVALID, "damaged");
    mem_free(bytes);
}

static void a_folder_is_refused(void **state)
{
    struct scratch *scratch = *state;

    assert_return_code(mkdir(scratch->path, 0700), 0);
    assert_refused(scratch, ERR_INVALID, "not a file");
    assert_return_code(rmdir(scratch->path), 0);
}

static void a_missing_folder_is_an_error(void **state)
{
    struct scratch *scratch = *state;

    snprintf(scratch->path, sizeof(scratch->path), "%s/missing/store.db", scratch->folder);
    assert_refused(scratch, ERR_INTERNAL, "directory");
}

/* Root may write everything, so this is tried as somebody else. */
static void what_cannot_be_written_is_refused(void **state)
{
    struct scratch *scratch = *state;
    bool is_root = geteuid() == 0;

    make_store(scratch, "PRAGMA user_version");
    assert_return_code(chmod(scratch->path, 0444), 0);
    assert_return_code(chmod(scratch->folder, 0777), 0);
    if (is_root) {
        assert_return_code(seteuid(NOBODY), 0);
    }
    assert_refused(scratch, ERR_DENIED, "cannot be written");
    if (is_root) {
        assert_return_code(seteuid(0), 0);
    }
    snprintf(scratch->path, sizeof(scratch->path), "%s/new.db", scratch->folder);
    assert_return_code(chmod(scratch->folder, 0555), 0);
    if (is_root) {
        assert_return_code(seteuid(NOBODY), 0);
    }
    assert_refused(scratch, ERR_DENIED, "cannot be made");
    if (is_root) {
        assert_return_code(seteuid(0), 0);
    }
}

static void a_reader_makes_nothing(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    size_t n;

    FAILS(ERR_INTERNAL, db_sqlite.open(scratch->path, false, &scratch->db.db, &err));
    assert_null(read_file(scratch->path, &n));
}

/* --- a good one --------------------------------------------------------------------------- */

static void a_new_store_is_private_and_comes_back(void **state)
{
    struct scratch *scratch = *state;
    struct stat status;
    struct store_user *users;
    struct err err;
    size_t count;

    scratch_open(scratch);
    add_user(&scratch->db, "alice");
    scratch_close(scratch);
    assert_return_code(stat(scratch->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    scratch_open(scratch);
    OK(store_user_list(&scratch->db, scratch->arena, &users, &count, &err));
    assert_int_equal(count, 1);
}

static void an_empty_file_becomes_a_store(void **state)
{
    struct scratch *scratch = *state;

    write_file(scratch->path, "", 0); /* killed right after it was made */
    scratch_open(scratch);
    add_user(&scratch->db, "alice");
}

static int64_t read_pragma(struct scratch *scratch, const char *sql)
{
    struct query query;
    struct err err;
    int64_t value = -1;
    bool is_found;

    query_start(&query, &scratch->db, sql, &err);
    OK(query_fetch(&query, &value, &is_found));
    return is_found ? value : -1;
}

static void settings_are_the_safe_ones(void **state)
{
    struct scratch *scratch = *state;

    assert_int_equal(read_pragma(scratch, "PRAGMA synchronous"), 2); /* FULL */
    assert_int_equal(read_pragma(scratch, "PRAGMA foreign_keys"), 1);
    assert_int_equal(read_pragma(scratch, "PRAGMA trusted_schema"), 0);
    assert_int_equal(read_pragma(scratch, "PRAGMA application_id"), 0x44444156);
    assert_int_equal(
        read_pragma(scratch, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"),
        1);
    assert_true(read_pragma(scratch, "PRAGMA busy_timeout") > 0);
}

static void a_reader_cannot_write(void **state)
{
    struct scratch *scratch = *state;
    struct store_db reader = { .class = &db_sqlite };
    struct store_user *users;
    struct err err;
    size_t count;
    int64_t id;

    add_user(&scratch->db, "alice");
    OK(db_sqlite.open(scratch->path, false, &reader.db, &err));
    OK(store_user_list(&reader, scratch->arena, &users, &count, &err));
    assert_int_equal(count, 1);
    FAILS(ERR_INTERNAL, store_user_add(&reader, S("bob"), 1, &id, &err));
    db_sqlite.close(&reader.db);
}

/* --- statements --------------------------------------------------------------------------- */

static void bad_sql_is_an_error_each_time(void **state)
{
    struct scratch *scratch = *state;
    struct db_statement *statement = NULL;
    struct query query;
    struct err err;

    for (int i = 0; i < 2; i++) {
        FAILS(ERR_INTERNAL,
            db_sqlite.prepare(scratch->db.db, "SELECT nothing FROM nowhere", &statement, &err));
        assert_null(statement);
        FAILS(ERR_INTERNAL, db_sqlite.execute(scratch->db.db, "SELECT", &err));
        query_start(&query, &scratch->db, "SELECT nothing FROM nowhere WHERE x = ?1", &err);
        query_int(&query, 1);
        assert_false(query_next(&query));
        assert_false(query_end(&query));
    }
}

static void a_statement_is_prepared_once_and_starts_afresh(void **state)
{
    static const char sql[] = "SELECT ?1, ?2, ?3 UNION ALL SELECT 1, 2, 3";
    struct scratch *scratch = *state;
    struct db_statement *first, *again;
    struct err err;
    bool has_row;

    OK(db_sqlite.prepare(scratch->db.db, sql, &first, &err));
    db_sqlite.bind_int(first, 1, INT64_MIN);
    db_sqlite.bind_text(first, 2, S("a\0b"));
    db_sqlite.bind_null(first, 3);
    OK(db_sqlite.step(first, &has_row, &err));
    assert_true(has_row);
    assert_true(db_sqlite.column_int(first, 0) == INT64_MIN);
    assert_same(db_sqlite.column_bytes(first, 1, scratch->arena), S("a\0b"));
    assert_null(db_sqlite.column_bytes(first, 2, scratch->arena).p);
    db_sqlite.reset(first); /* with a row to come */
    OK(db_sqlite.prepare(scratch->db.db, sql, &again, &err));
    assert_ptr_equal(first, again);
    OK(db_sqlite.step(again, &has_row, &err));
    assert_null(db_sqlite.column_bytes(again, 0, scratch->arena).p); /* the binding is gone */
    OK(db_sqlite.step(again, &has_row, &err));
    assert_true(has_row);
    OK(db_sqlite.step(again, &has_row, &err));
    assert_false(has_row);
}

static void another_program_that_writes_makes_it_busy_for_a_while(void **state)
{
    struct scratch *scratch = *state;
    struct db *other;
    struct err err;
    int64_t id;

    OK(db_sqlite.open(scratch->path, true, &other, &err));
    OK(db_sqlite.execute(other, "BEGIN IMMEDIATE", &err));
    OK(db_sqlite.execute(scratch->db.db, "PRAGMA busy_timeout = 1", &err));
    FAILS(ERR_BUSY, store_user_add(&scratch->db, S("alice"), 1, &id, &err));
    OK(db_sqlite.execute(other, "COMMIT", &err));
    OK(store_user_add(&scratch->db, S("alice"), 1, &id, &err));
    db_sqlite.close(&other);
}

/* --- a full disk -------------------------------------------------------------------------- */

static void a_full_store_says_so_and_goes_on_when_there_is_room(void **state)
{
    struct scratch *scratch = *state;
    struct store_resource row = sample_resource(scratch->account, scratch->collection, 1);
    struct store_resource *rows;
    char big[5000] = "";
    char href[20];
    struct err err = { 0 };
    size_t count = 0, added = 0;

    OK(db_sqlite.execute(scratch->db.db, "PRAGMA max_page_count = 100", &err));
    row.document = (struct str){ big, sizeof(big) };
    row.upstream_id = S("");
    for (;; added++) {
        snprintf(href, sizeof(href), "%zu", added);
        row.href = str_from(href);
        row.id = 0;
        if (!store_resource_put(&scratch->db, &row, &row.id, &err)) {
            break;
        }
        assert_true(added < 100);
    }
    assert_int_equal(err.kind, ERR_INTERNAL);
    assert_int_equal(err.code, 13); /* SQLITE_FULL */
    OK(store_resource_load(
        &scratch->db, scratch->account, scratch->collection, scratch->arena, &rows, &count, &err));
    assert_int_equal(count, added);
    OK(db_sqlite.execute(scratch->db.db, "PRAGMA max_page_count = 1000", &err));
    OK(store_resource_put(&scratch->db, &row, &row.id, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_is_no_database_is_refused_and_left_alone, scratch_set_up_folder),
        TEST(the_database_of_another_program_is_refused_and_left_alone, scratch_set_up_folder),
        TEST(a_newer_store_is_refused, scratch_set_up_folder),
        TEST(a_damaged_store_is_refused, scratch_set_up_folder),
        TEST(a_folder_is_refused, scratch_set_up_folder),
        TEST(a_missing_folder_is_an_error, scratch_set_up_folder),
        TEST(what_cannot_be_written_is_refused, scratch_set_up_folder),
        TEST(a_reader_makes_nothing, scratch_set_up_folder),
        TEST(a_new_store_is_private_and_comes_back, scratch_set_up_folder),
        TEST(an_empty_file_becomes_a_store, scratch_set_up_folder),
        TEST(settings_are_the_safe_ones, scratch_set_up),
        TEST(a_reader_cannot_write, scratch_set_up),
        TEST(bad_sql_is_an_error_each_time, scratch_set_up),
        TEST(a_statement_is_prepared_once_and_starts_afresh, scratch_set_up),
        TEST(another_program_that_writes_makes_it_busy_for_a_while, scratch_set_up),
        TEST(a_full_store_says_so_and_goes_on_when_there_is_room, scratch_set_up_populated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
