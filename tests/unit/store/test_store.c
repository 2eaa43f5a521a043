#include "tests/unit/store/runner.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- what calls do ------------------------------------------------------------------------ */

static bool add_number(struct store_db *db, struct call *call, struct err *err)
{
    char name[20];
    int64_t id;

    snprintf(name, sizeof(name), "user%d", call->number);
    return store_user_add(db, str_from(name), 1, &id, err);
}

static bool add_number_and_fail(struct store_db *db, struct call *call, struct err *err)
{
    return add_number(db, call, err) && err_set(err, ERR_LIMIT, "changed its mind");
}

static bool add_number_and_cope(struct store_db *db, struct call *call, struct err *err)
{
    return !store_user_remove(db, 12345, err) && add_number(db, call, err);
}

/* number becomes the count of users */
static bool count_users(struct store_db *db, struct call *call, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct store_user *users;
    size_t count;

    if (!store_user_list(db, arena, &users, &count, err)) {
        return false;
    }
    call->number = (int)count;
    return true;
}

static int users_in(struct runner *runner)
{
    struct call call;

    runner_read(runner, &call, count_users, -1);
    runner_wait_for(runner, &call);
    assert_int_equal(call.job.err.kind, ERR_NONE);
    return call.number;
}

static void open_runner(struct runner *runner, struct scratch *scratch)
{
    struct err err;

    OK(runner_open(runner, scratch->path, &err));
}

/* --- jobs --------------------------------------------------------------------------------- */

static void writes_are_done_in_order_and_read_afterwards(void **state)
{
    struct runner runner;
    struct call calls[300]; /* more than one group */

    open_runner(&runner, *state);
    for (int i = 0; i < (int)ARRAY_LEN(calls); i++) {
        runner_write(&runner, &calls[i], add_number, i);
    }
    runner_wait(&runner);
    for (unsigned i = 0; i < ARRAY_LEN(calls); i++) {
        assert_int_equal(calls[i].job.err.kind, ERR_NONE);
        assert_int_equal(calls[i].order, i + 1);
    }
    assert_int_equal(users_in(&runner), ARRAY_LEN(calls));
    runner_close(&runner);
}

static void a_job_that_fails_among_others_fails_alone(void **state)
{
    struct runner runner;
    struct gate gate;
    struct call calls[40];

    open_runner(&runner, *state);
    gate_close(&gate, &runner);
    for (int i = 0; i < (int)ARRAY_LEN(calls); i++) {
        runner_write(&runner, &calls[i],
            i == 17   ? add_number_and_fail
            : i == 23 ? add_number_and_cope
                      : add_number,
            i == 30 ? 3 : i);
    }
    gate_lift(&gate);
    runner_wait(&runner);
    for (int i = 0; i < (int)ARRAY_LEN(calls); i++) {
        assert_int_equal(calls[i].job.err.kind, i == 17   ? ERR_LIMIT
                                                : i == 30 ? ERR_CONFLICT /* the name of number 3 */
                                                          : ERR_NONE);
    }
    assert_string_equal(calls[17].job.err.text, "changed its mind");
    assert_int_equal(users_in(&runner), ARRAY_LEN(calls) - 2);
    /* what was rolled back is free */
    runner_write(&runner, &calls[17], add_number, 17);
    runner_wait(&runner);
    assert_int_equal(calls[17].job.err.kind, ERR_NONE);
    gate_done(&gate);
    runner_close(&runner);
}

static void close_finishes_what_was_submitted(void **state)
{
    struct runner runner;
    struct call calls[50];

    open_runner(&runner, *state);
    for (int i = 0; i < (int)ARRAY_LEN(calls); i++) {
        runner_write(&runner, &calls[i], add_number, i);
    }
    runner_close(&runner);
    for (int i = 0; i < (int)ARRAY_LEN(calls); i++) {
        assert_true(calls[i].order > 0);
        assert_int_equal(calls[i].job.err.kind, ERR_NONE);
    }
    open_runner(&runner, *state);
    assert_int_equal(users_in(&runner), ARRAY_LEN(calls));
    runner_close(&runner);
}

static void reads_go_on_while_the_writer_works(void **state)
{
    struct runner runner;
    struct gate gate;
    struct call write;

    open_runner(&runner, *state);
    gate_close(&gate, &runner);
    runner_write(&runner, &write, add_number, 1);
    assert_int_equal(users_in(&runner), 0);
    assert_int_equal(write.order, 0);
    gate_lift(&gate);
    runner_wait(&runner);
    assert_int_equal(users_in(&runner), 1);
    gate_done(&gate);
    runner_close(&runner);
}

struct long_read {
    struct call call;
    sem_t has_begun, may_end;
    int before, after;
};

static bool count_twice(struct store_db *db, struct call *call, struct err *err)
{
    struct long_read *read = CONTAINER_OF(call, struct long_read, call);
    bool is_ok = count_users(db, call, err);

    read->before = call->number;
    sem_post(&read->has_begun);
    while (sem_wait(&read->may_end) != 0) {
    }
    is_ok = is_ok && count_users(db, call, err);
    read->after = call->number;
    return is_ok;
}

static void a_read_sees_one_moment(void **state)
{
    struct runner runner;
    struct long_read read;
    struct call write;

    open_runner(&runner, *state);
    sem_init(&read.has_begun, 0, 0);
    sem_init(&read.may_end, 0, 0);
    runner_read(&runner, &read.call, count_twice, 0);
    while (sem_wait(&read.has_begun) != 0) {
    }
    runner_write(&runner, &write, add_number, 1);
    runner_wait_for(&runner, &write);
    assert_int_equal(write.job.err.kind, ERR_NONE);
    sem_post(&read.may_end);
    runner_wait(&runner);
    assert_int_equal(read.before, 0);
    assert_int_equal(read.after, 0);
    assert_int_equal(users_in(&runner), 1);
    sem_destroy(&read.has_begun);
    sem_destroy(&read.may_end);
    runner_close(&runner);
}

static void a_read_job_cannot_write(void **state)
{
    struct runner runner;
    struct call call;

    open_runner(&runner, *state);
    runner_read(&runner, &call, add_number, 1);
    runner_wait(&runner);
    assert_int_equal(call.job.err.kind, ERR_INTERNAL);
    assert_int_equal(users_in(&runner), 0);
    runner_close(&runner);
}

/* --- the lock ----------------------------------------------------------------------------- */

static void one_engine_opens_a_store(void **state)
{
    struct scratch *scratch = *state;
    struct runner first, second;
    struct err err;
    char pid[32];

    open_runner(&first, scratch);
    FAILS(ERR_BUSY, runner_open(&second, scratch->path, &err));
    snprintf(pid, sizeof(pid), "process %d ", (int)getpid());
    assert_non_null(strstr(err.text, pid));
    assert_non_null(strstr(err.text, scratch->path));
    assert_int_equal(users_in(&first), 0); /* and the first does not mind */
    runner_close(&first);
    OK(runner_open(&second, scratch->path, &err));
    runner_close(&second);
}

static void a_store_that_cannot_be_opened_gives_its_lock_back(void **state)
{
    struct scratch *scratch = *state;
    struct runner runner;
    struct err err;

    write_file(scratch->path, "This is a text and by no means a database.", 42);
    FAILS(ERR_INVALID, runner_open(&runner, scratch->path, &err));
    assert_return_code(unlink(scratch->path), 0);
    open_runner(&runner, scratch);
    runner_close(&runner);
}

static void a_lock_that_cannot_be_made_is_an_error(void **state)
{
    struct scratch *scratch = *state;
    bool is_root = geteuid() == 0;
    struct runner runner;
    struct err err;

    assert_return_code(chmod(scratch->folder, 0555), 0);
    if (is_root) {
        assert_return_code(seteuid(65534), 0);
    }
    FAILS(ERR_DENIED, runner_open(&runner, scratch->path, &err));
    if (is_root) {
        assert_return_code(seteuid(0), 0);
    }
    assert_non_null(strstr(err.text, scratch->path));
    snprintf(scratch->path, sizeof(scratch->path), "%s/missing/store.db", scratch->folder);
    FAILS(ERR_INTERNAL, runner_open(&runner, scratch->path, &err));
    assert_non_null(strstr(err.text, scratch->path));
}

static void a_lock_that_is_a_link_is_not_followed(void **state)
{
    struct scratch *scratch = *state;
    CLEANUP(buf_done) struct buf lock;
    CLEANUP(buf_done) struct buf target;
    struct runner runner;
    struct stat status;
    struct err err;

    buf_init(&lock, 4096);
    buf_printf(&lock, "%s.lock", scratch->path);
    buf_init(&target, 4096);
    buf_printf(&target, "%s/precious", scratch->folder);
    write_file(target.p, "not to be truncated", 19);
    assert_return_code(symlink(target.p, lock.p), 0);
    FAILS(ERR_INTERNAL, runner_open(&runner, scratch->path, &err));
    assert_return_code(stat(target.p, &status), 0);
    assert_int_equal(status.st_size, 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_are_done_in_order_and_read_afterwards, scratch_set_up_folder),
        TEST(a_job_that_fails_among_others_fails_alone, scratch_set_up_folder),
        TEST(close_finishes_what_was_submitted, scratch_set_up_folder),
        TEST(reads_go_on_while_the_writer_works, scratch_set_up_folder),
        TEST(a_read_sees_one_moment, scratch_set_up_folder),
        TEST(a_read_job_cannot_write, scratch_set_up_folder),
        TEST(one_engine_opens_a_store, scratch_set_up_folder),
        TEST(a_store_that_cannot_be_opened_gives_its_lock_back, scratch_set_up_folder),
        TEST(a_lock_that_is_a_link_is_not_followed, scratch_set_up_folder),
        TEST(a_lock_that_cannot_be_made_is_an_error, scratch_set_up_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
