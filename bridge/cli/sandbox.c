#include "bridge/sandbox/sandbox.h"
#include "bridge/cli/cli.h"
#include "bridge/core/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DEFAULT_LISTEN "127.0.0.1:5253"
#define STATE_FILE     "sandbox.db"

struct options {
    const char *listen, *state, *users, *test_clock;
    bool has_admin;
};

/** The running program; state_path is the sandbox's own copy of --state. */
struct program {
    struct loop *loop;
    struct sandbox *sandbox;
};

static void on_stopped(void *arg)
{
    loop_stop(((struct program *)arg)->loop);
}

static void on_signal(void *arg)
{
    sandbox_stop(((struct program *)arg)->sandbox, on_stopped, arg);
}

/* NAME:TOKEN, several by commas. */
static bool add_users(struct sandbox *sandbox, const char *users, struct err *err)
{
    struct str rest = str_from(users);
    struct str user = { 0 };

    while (str_next(&rest, ',', &user)) {
        size_t colon = str_find_char(user, ':');

        if (colon == SIZE_MAX) {
            return err_set(err, ERR_INVALID, "--user wants NAME:TOKEN");
        }
        if (!sandbox_add_user(sandbox, str_first(user, colon), str_skip(user, colon + 1), err)) {
            return false;
        }
    }
    return true;
}

/* The state file in the directory, which is made if need be; false when the path is too long. */
static bool find_state(const char *directory, char path[4096], struct err *err)
{
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        return err_set_code(err, ERR_INTERNAL, errno, "%s: %s", directory, strerror(errno));
    }
    if (snprintf(path, 4096, "%s/" STATE_FILE, directory) >= 4096) {
        return err_set(err, ERR_INVALID, "--state: the path is too long");
    }
    return true;
}

static bool start(struct program *program, const struct options *options, struct err *err)
{
    char path[4096];
    char bound[128];
    struct sandbox_options sandbox = { .has_admin = options->has_admin };

    if (options->test_clock != NULL &&
        !loop_follow_test_clock(program->loop, options->test_clock, err)) {
        return false;
    }
    if (options->state != NULL) {
        if (!find_state(options->state, path, err)) {
            return false;
        }
        sandbox.state_path = path;
    }
    if (!sandbox_new(program->loop, &sandbox, &program->sandbox, err) ||
        !add_users(program->sandbox, options->users, err) ||
        !sandbox_listen(program->sandbox, str_from(options->listen), bound, err)) {
        return false;
    }
    printf("listening on http://%s/api/v2.0/me/\n"
           "as Microsoft To Do (dialect todo) at http://%s/v1.0/\n",
        bound, bound);
    fflush(stdout);
    return true;
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct options o = { .listen = DEFAULT_LISTEN, .users = "demo:demo" };
    const struct cli_option options[] = {
        { "listen", "ADDR:PORT", "where (" DEFAULT_LISTEN "); port 0 picks one",
            .text = &o.listen },
        { "state", "DIR", "keep the mailboxes there (else they are gone at the end)",
            .text = &o.state },
        { "user", "NAME:TOKEN", "mailboxes and their access tokens, several by commas (demo:demo)",
            .text = &o.users },
        { "admin", NULL, "open the administration under /admin/, for tests", .flag = &o.has_admin },
        { "test-clock", "SOCKET", NULL, .text = &o.test_clock },
        { 0 },
    };
    struct program program = { 0 };
    struct cli_args args;
    struct err err;
    int status = CLI_DONE;

    if (!cli_parse(cli, argc, argv, options, 0, 0, &args)) {
        return args.status;
    }
    program.loop = loop_new();
    if (start(&program, &o, &err)) {
        loop_on_signal(program.loop, SIGTERM, on_signal, &program);
        loop_on_signal(program.loop, SIGINT, on_signal, &program);
        loop_run(program.loop);
    } else {
        status = cli_fail(&err);
    }
    sandbox_free(&program.sandbox);
    loop_free(&program.loop);
    return status;
}

const struct cli_command cli_sandbox = {
    "sandbox",
    "[--listen ADDR:PORT] [--state DIR]",
    "run only the sandbox service (Outlook Tasks v2.0 and Microsoft To Do)\n\n"
    "A small, strict task service for trying duedav and for its tests; needs no Microsoft account.",
    run,
};
