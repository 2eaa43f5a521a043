/* The disk fails, is full, or memory runs out, at every single point where it can. */
#include "tests/unit/store/faulty_vfs.h"
#include "tests/unit/store/runner.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* Each call adds two rows which must live or die together. */
static bool add_pair(struct store_db *db, struct call *call, struct err *err)
{
    char name[20], bytes[3000];
    int64_t user, id;

    memset(bytes, 'x', sizeof(bytes));
    snprintf(name, sizeof(name), "user%d", call->number);
    return store_user_add(db, str_from(name), call->number, &user, err) &&
           store_password_add(
               db, user, (struct str){ bytes, sizeof(bytes) }, S("h"), call->number, &id, err);
}

static bool add_pair_twice(struct store_db *db, struct call *call, struct err *err)
{
    return add_pair(db, call, err) && add_pair(db, call, err); /* the name is taken */
}

struct seen {
    struct call call;
    bool has_user[100], has_password[100];
};

static bool look(struct store_db *db, struct call *call, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct seen *seen = CONTAINER_OF(call, struct seen, call);
    struct store_user *users;
    struct store_password *passwords;
    size_t user_count, password_count;

    if (!store_user_list(db, arena, &users, &user_count, err) ||
        !store_password_list(db, arena, &passwords, &password_count, err)) {
        return false;
    }
    for (size_t i = 0; i < user_count; i++) {
        seen->has_user[users[i].created_s] = true;
    }
    for (size_t i = 0; i < password_count; i++) {
        seen->has_password[passwords[i].created_s] = true;
    }
    return true;
}

enum {
    ALONE = 3,   /* calls one after the other */
    GROUPED = 6, /* and so many at once, of which the third fails */
    CALLS = ALONE + GROUPED,
};

static void run_calls(struct runner *runner, struct call *calls)
{
    struct gate gate;
    struct seen seen = { 0 };

    for (int i = 0; i < ALONE; i++) {
        runner_write(runner, &calls[i], add_pair, i);
        runner_wait(runner);
    }
    runner_read(runner, &seen.call, look, 0);
    gate_close(&gate, runner);
    for (int i = ALONE; i < CALLS; i++) {
        runner_write(runner, &calls[i], i == ALONE + 2 ? add_pair_twice : add_pair, i);
    }
    gate_lift(&gate);
    runner_wait(runner);
    gate_done(&gate);
}

/* What was acknowledged is there, the rest is not, and no pair was torn. */
static void assert_kept(struct runner *runner, const struct call *calls, bool was_opened)
{
    struct seen seen = { 0 };

    runner_read(runner, &seen.call, look, 0);
    runner_wait(runner);
    assert_int_equal(seen.call.job.err.kind, ERR_NONE);
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(seen.has_user[i], seen.has_password[i]);
        assert_int_equal(seen.has_user[i], was_opened && calls[i].job.err.kind == ERR_NONE);
    }
}

/* One life of a store with a fault at its nth operation. False: the fault was never met. */
static bool live_with(struct scratch *scratch, void (*arm)(long), bool (*disarm)(void), long nth)
{
    struct call calls[CALLS] = { 0 };
    struct call extra;
    struct runner runner;
    struct err err = { 0 };
    bool is_open, was_hit;

    arm(nth);
    is_open = runner_open(&runner, scratch->path, &err);
    if (is_open) {
        run_calls(&runner, calls);
    }
    was_hit = disarm();
    if (is_open) {
        /* the same connection works again */
        runner_write(&runner, &extra, add_pair, CALLS);
        runner_wait(&runner);
        if (extra.job.err.kind != ERR_NONE) {
            fail_msg("after fault %ld: %s", nth, extra.job.err.text);
        }
        assert_kept(&runner, calls, true);
        runner_close(&runner);
    } else if (!was_hit || err.kind == ERR_NONE || err.kind == ERR_INVALID) {
        /* a disk that fails is not a damaged store */
        fail_msg("fault %ld: %s: %s", nth, err_kind_name(err.kind), err.text);
    }
    OK(runner_open(&runner, scratch->path, &err));
    assert_kept(&runner, calls, is_open);
    runner_close(&runner);
    unlink(scratch->path);
    return was_hit;
}

static void live_through(struct scratch *scratch, void (*arm)(long), bool (*disarm)(void))
{
    long nth = 1, lives = 0;

    while (live_with(scratch, arm, disarm, nth)) {
        lives++;
        nth += 1 + nth / 40; /* dense where it opens, then less */
    }
    assert_true(lives > 20);
    print_message("%ld lives up to operation %ld\n", lives, nth);
}

static bool disarm_disk(void)
{
    bool was_hit = faulty_has_hit();

    faulty_arm(FAULT_NONE, 0, false);
    return was_hit;
}

static void arm_full_disk(long nth)
{
    faulty_arm(FAULT_FULL, nth, true);
}

static void a_full_disk_loses_nothing_that_was_acknowledged(void **state)
{
    live_through(*state, arm_full_disk, disarm_disk);
}

static void arm_hiccup(long nth)
{
    faulty_arm(FAULT_IO, nth, false);
}

static void a_disk_that_fails_once_loses_nothing_that_was_acknowledged(void **state)
{
    live_through(*state, arm_hiccup, disarm_disk);
}

static void arm_dead_disk(long nth)
{
    faulty_arm(FAULT_IO, nth, true);
}

static void a_disk_that_fails_for_a_while_loses_nothing_that_was_acknowledged(void **state)
{
    live_through(*state, arm_dead_disk, disarm_disk);
}

/* --- memory ------------------------------------------------------------------------------- */

static sqlite3_mem_methods real_memory;
static atomic_long allocations, failing_allocation;

static bool memory_is_out(void)
{
    return ++allocations == failing_allocation;
}

static void *scarce_alloc(int n)
{
    return memory_is_out() ? NULL : real_memory.xMalloc(n);
}

static void *scarce_resize(void *p, int n)
{
    return memory_is_out() ? NULL : real_memory.xRealloc(p, n);
}

static void make_memory_scarce(void)
{
    sqlite3_mem_methods scarce;

    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
    scarce = real_memory;
    scarce.xMalloc = scarce_alloc;
    scarce.xRealloc = scarce_resize;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce);
}

static void arm_memory(long nth)
{
    allocations = 0;
    failing_allocation = nth;
}

static bool disarm_memory(void)
{
    bool was_hit = failing_allocation <= allocations;

    failing_allocation = 0;
    return was_hit;
}

static void running_out_of_memory_loses_nothing_that_was_acknowledged(void **state)
{
    live_through(*state, arm_memory, disarm_memory);
}

/* --- group commit ------------------------------------------------------------------------- */

static void jobs_that_wait_together_share_one_sync(void **state)
{
    struct scratch *scratch = *state;
    struct runner runner;
    struct call calls[50];
    struct gate gate;
    struct err err;
    long before;

    OK(runner_open(&runner, scratch->path, &err));
    runner_write(&runner, &calls[0], add_pair, 0);
    runner_wait(&runner);
    before = faulty_syncs();
    gate_close(&gate, &runner);
    for (int i = 1; i < (int)ARRAY_LEN(calls); i++) {
        runner_write(&runner, &calls[i], add_pair, i);
    }
    gate_lift(&gate);
    runner_wait(&runner);
    assert_int_equal(faulty_syncs() - before, 1);
    gate_done(&gate);
    runner_close(&runner);
}

static void a_commit_that_fails_fails_all_of_its_group(void **state)
{
    struct scratch *scratch = *state;
    struct runner runner;
    struct call calls[CALLS];
    struct gate gate;
    struct err err;

    OK(runner_open(&runner, scratch->path, &err));
    gate_close(&gate, &runner);
    for (int i = 0; i < CALLS; i++) {
        runner_write(&runner, &calls[i], i == 2 ? add_pair_twice : add_pair, i);
    }
    faulty_arm(FAULT_IO, 1, true);
    gate_lift(&gate);
    runner_wait(&runner);
    assert_true(disarm_disk());
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(calls[i].job.err.kind, i == 2 ? ERR_CONFLICT : ERR_INTERNAL);
        assert_true(i == 2 || (calls[i].job.err.code & 0xff) == SQLITE_IOERR);
    }
    assert_kept(&runner, calls, true);
    gate_done(&gate);
    runner_close(&runner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(jobs_that_wait_together_share_one_sync, scratch_set_up_folder),
        TEST(a_commit_that_fails_fails_all_of_its_group, scratch_set_up_folder),
        TEST(a_full_disk_loses_nothing_that_was_acknowledged, scratch_set_up_folder),
        TEST(a_disk_that_fails_once_loses_nothing_that_was_acknowledged, scratch_set_up_folder),
        TEST(a_disk_that_fails_for_a_while_loses_nothing_that_was_acknowledged,
            scratch_set_up_folder),
        TEST(running_out_of_memory_loses_nothing_that_was_acknowledged, scratch_set_up_folder),
    };

    make_memory_scarce();
    faulty_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
