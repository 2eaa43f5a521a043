/* A process is killed while it writes; what it had acknowledged is there afterwards. */
#include "tests/unit/store/faulty_vfs.h"
#include "tests/unit/store/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* What the child acknowledges on. */
#define ACK_FD  3
#define IN_HAND 8     /* writes that wait at once */
#define MOST    20000 /* numbers that a test can hand out */

/* --- the child ---------------------------------------------------------------------------- */

/* A user and a password, which must live or die together. created_s is the number. */
static bool add_pair(struct store_db *db, struct call *call, struct err *err)
{
    char name[20];
    int64_t user, id;

    snprintf(name, sizeof(name), "user%d", call->number);
    return store_user_add(db, str_from(name), call->number, &user, err) &&
           store_password_add(db, user, S("phone"), S("h"), call->number, &id, err);
}

static void acknowledge(const struct call *call)
{
    int32_t number = call->number;

    if (call->job.err.kind != ERR_NONE || write(ACK_FD, &number, 4) != 4) {
        fprintf(stderr, "%d: %s\n", call->number, call->job.err.text);
        _exit(3);
    }
}

static int next_number, last_number;

static void write_next(struct runner *runner, struct call *call);

static void on_pair_done(struct store_job *job)
{
    struct call *call = CONTAINER_OF(job, struct call, job);

    acknowledge(call);
    call->runner->pending--;
    write_next(call->runner, call);
}

static void write_next(struct runner *runner, struct call *call)
{
    if (next_number < last_number) {
        runner_write(runner, call, add_pair, next_number++);
        call->job.done = on_pair_done;
    } else if (runner->pending == 0) {
        loop_stop(runner->loop);
    }
}

/* child PATH FIRST COUNT KILL_AT: open, write COUNT pairs, be killed at file operation KILL_AT. */
static int be_child(char **arguments)
{
    struct call calls[IN_HAND];
    struct runner runner;
    struct err err;

    next_number = atoi(arguments[1]);
    last_number = next_number + atoi(arguments[2]);
    faulty_install();
    faulty_arm(FAULT_KILL, atol(arguments[3]), true);
    if (!runner_open(&runner, arguments[0], &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    for (int i = 0; i < IN_HAND; i++) {
        write_next(&runner, &calls[i]);
    }
    if (runner.pending > 0) {
        loop_run(runner.loop);
    }
    store_close(&runner.store);
    loop_free(&runner.loop);
    return 0;
}

/* --- the parent --------------------------------------------------------------------------- */

struct witness {
    bool is_acknowledged[MOST];
    int acknowledged;
};

static pid_t spawn_child(
    const struct scratch *scratch, int first, int count, long kill_at, int *acks_out)
{
    char numbers[3][24];
    char *arguments[] = { (char *)"test_kill", (char *)"child", (char *)scratch->path, numbers[0],
        numbers[1], numbers[2], NULL };
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t child;

    snprintf(numbers[0], sizeof(numbers[0]), "%d", first);
    snprintf(numbers[1], sizeof(numbers[1]), "%d", count);
    snprintf(numbers[2], sizeof(numbers[2]), "%ld", kill_at);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], ACK_FD);
    assert_int_equal(posix_spawn(&child, "/proc/self/exe", &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *acks_out = ends[0];
    return child;
}

/* Reads acknowledgements until the end or until there are `enough`. */
static void read_acks(struct witness *witness, int acks, int enough)
{
    int32_t number;

    while (witness->acknowledged < enough) {
        ssize_t n = read(acks, &number, 4); /* written in one piece */

        if (n == 0) {
            return;
        }
        assert_int_equal(n, 4);
        assert_in_range(number, 0, MOST - 1);
        witness->is_acknowledged[number] = true;
        witness->acknowledged++;
    }
}

static bool was_killed(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) != child) {
        assert_int_equal(errno, EINTR);
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        return true;
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

struct seen {
    struct call call;
    bool has_user[MOST], has_password[MOST];
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

/* Everything acknowledged is there, no pair is torn, and the store works. The next free number. */
static int assert_survived(const struct scratch *scratch, const struct witness *witness)
{
    struct seen *seen = mem_alloc(sizeof(*seen));
    struct runner runner;
    struct call extra;
    struct err err;
    int next = 0;

    OK(runner_open(&runner, scratch->path, &err));
    runner_read(&runner, &seen->call, look, 0);
    runner_wait(&runner);
    assert_int_equal(seen->call.job.err.kind, ERR_NONE);
    for (int i = 0; i < MOST; i++) {
        assert_int_equal(seen->has_user[i], seen->has_password[i]);
        assert_true(seen->has_user[i] || !witness->is_acknowledged[i]);
        next = seen->has_user[i] ? i + 1 : next;
    }
    runner_write(&runner, &extra, add_pair, next);
    runner_wait(&runner);
    assert_int_equal(extra.job.err.kind, ERR_NONE);
    runner_close(&runner);
    mem_free(seen);
    return next + 1;
}

static void killed_in_the_middle_of_writing(void **state)
{
    static const int points[] = { 1, 2, 5, 20, 77, 300 };
    struct scratch *scratch = *state;
    struct witness *witness = mem_alloc(sizeof(*witness));
    int next = 0;

    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        int acks;
        pid_t child = spawn_child(scratch, next, MOST - next, 0, &acks);

        read_acks(witness, acks, witness->acknowledged + points[i]);
        assert_return_code(kill(child, SIGKILL), 0);
        assert_true(was_killed(child));
        read_acks(witness, acks, MOST); /* what it said in its last moments counts as well */
        close(acks);
        next = assert_survived(scratch, witness);
    }
    mem_free(witness);
}

static void remove_store(const struct scratch *scratch)
{
    char path[128];

    unlink(scratch->path);
    snprintf(path, sizeof(path), "%s-wal", scratch->path);
    unlink(path);
    snprintf(path, sizeof(path), "%s-shm", scratch->path);
    unlink(path);
    snprintf(path, sizeof(path), "%s-journal", scratch->path);
    unlink(path);
}

/* From the first byte of a new store to its closing, at each file operation. */
static void killed_at_every_file_operation(void **state)
{
    struct scratch *scratch = *state;
    long kill_at = 1, kills = 0;
    bool is_killed = true;

    for (; is_killed; kill_at += 1 + kill_at / 25) {
        struct witness *witness = mem_alloc(sizeof(*witness));
        int acks;
        pid_t child = spawn_child(scratch, 0, 20, kill_at, &acks);

        read_acks(witness, acks, MOST);
        close(acks);
        is_killed = was_killed(child);
        kills += is_killed;
        assert_true(is_killed || witness->acknowledged == 20);
        (void)assert_survived(scratch, witness);
        remove_store(scratch);
        mem_free(witness);
    }
    print_message("%ld kills up to operation %ld\n", kills, kill_at);
    assert_true(kills > 20);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        TEST(killed_in_the_middle_of_writing, scratch_set_up_folder),
        TEST(killed_at_every_file_operation, scratch_set_up_folder),
    };

    if (count == 6 && strcmp(arguments[1], "child") == 0) {
        return be_child(arguments + 2);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
