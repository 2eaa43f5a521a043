#include "bridge/cli/cli.h"
#include "bridge/cli/demo_state.h"
#include "bridge/cli/server.h"

#include "bridge/core/mem.h"
#include "bridge/sandbox/sandbox.h"
#include "ical/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEMO_USER      "demo"
#define DEMO_LISTEN    "127.0.0.1:5252"
#define SANDBOX_LISTEN "127.0.0.1:0"

struct demo {
    struct demo_state state;
    struct config config;
    struct loop *loop;
    struct sandbox *sandbox;
    struct server *server;
    int64_t account;
    const char *upstream; /**< of duedav.conf: what a new account is linked to */
    bool has_synced;      /**< this run has tried the first sync */
    bool is_stopping;
    int status;
};

/* --- stop --------------------------------------------------------------------------------- */

static void on_sandbox_stopped(void *arg)
{
    struct demo *demo = arg;

    loop_stop(demo->loop);
}

static void on_server_stopped(void *arg)
{
    struct demo *demo = arg;

    sandbox_stop(demo->sandbox, on_sandbox_stopped, demo);
}

static void stop(struct demo *demo)
{
    demo->is_stopping = true;
    server_stop(demo->server, on_server_stopped, demo);
}

static void on_end_signal(void *arg)
{
    struct demo *demo = arg;

    if (demo->is_stopping) {
        _exit(CLI_FAILED);
    }
    puts("\nstopping");
    fflush(stdout);
    stop(demo);
}

/* --- what there has to be before it is ready, made in steps ------------------------------- */

/* How to call this program: it need not be in $PATH. */
static const char *own_path(struct arena *arena)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

    return n > 0 ? arena_copy(arena, (struct str){ path, (size_t)n }).p : "duedav";
}

static void print_welcome(const struct demo *demo)
{
    const char *address = server_address(demo->server, 0);

    printf("listening on %s\n\n"
           "  Address       %s\n"
           "  User          " DEMO_USER "\n"
           "  App password  %s\n\n",
        address, address, demo->state.password);
    printf("Thunderbird   File > New > Calendar, On the Network; user name " DEMO_USER
           ", location\n"
           "              %s; Find Calendars, then the password\n"
           "Evolution     File > New > Task List, type CalDAV; URL %s, user " DEMO_USER ";\n"
           "              Find Task Lists, then the password\n"
           "Apple Reminders and DAVx5 send no password without TLS: put a reverse proxy in front\n"
           "(deploy/nginx.conf) and use its https address.\n\n",
        address, address);
    printf("The other side is a sandbox in place of Microsoft's service. Look into it, change it:\n"
           "  curl -H 'Authorization: Bearer %s' http://%s/api/v2.0/me/tasks\n"
           "  curl -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' \\\n"
           "       -d '{\"Subject\": \"Feed the cat\"}' http://%s/api/v2.0/me/tasks\n"
           "The same mailbox, as Microsoft To Do has it (--dialect todo links that):\n"
           "  curl -H 'Authorization: Bearer %s' http://%s/v1.0/me/todo/lists\n\n",
        demo->state.token, demo->state.sandbox, demo->state.token, demo->state.sandbox,
        demo->state.token, demo->state.sandbox);
    printf("Other commands  %s -c %s status\n"
           "Log             %s\n"
           "Ctrl-C ends it; the next start has the same tasks, address and password.\n",
        own_path(demo->state.arena), demo_state_path(&demo->state, "duedav.conf"),
        demo_state_path(&demo->state, "demo.log"));
    fflush(stdout);
}

static void step(struct demo *demo);

static void fail(struct demo *demo, const struct err *err)
{
    demo->status = cli_fail(err);
    stop(demo);
}

static void on_step(const struct err *err, void *arg)
{
    struct demo *demo = arg;

    if (demo->is_stopping) {
        return;
    }
    if (err->kind != ERR_NONE) {
        fail(demo, err);
        return;
    }
    step(demo);
}

static void on_password(const struct err *err, void *arg)
{
    struct demo *demo = arg;
    struct err failure;

    if (err->kind == ERR_NONE && !demo_state_save(&demo->state, &failure)) {
        on_step(&failure, demo);
    } else {
        on_step(err, demo);
    }
}

static void link_account(struct demo *demo, struct engine *engine, struct user *user)
{
    const struct engine_link link = {
        .upstream = str_from(demo->upstream),
        .timezone = zone_name(zone_of_host()),
        .token = str_from(demo->state.token),
    };

    engine_link_account(engine, user, &link, &demo->account, on_step, demo);
}

static bool is_all_synced(struct account *account)
{
    struct collection *collection = NULL;

    while ((collection = account_next_collection(account, collection)) != NULL) {
        struct engine_collection_status status;

        collection_status(collection, &status);
        if (!status.is_synced) {
            return false;
        }
    }
    return true;
}

static void no_progress(uint64_t tasks, unsigned lists_done, unsigned lists, void *arg)
{
    (void)tasks, (void)lists_done, (void)lists, (void)arg;
}

/* Whatever is still missing; each comes back here. */
static void step(struct demo *demo)
{
    struct engine *engine = server_runtime(demo->server)->engine;
    struct user *user = engine_find_user(engine, S(DEMO_USER));
    struct str password = str_from(demo->state.password);
    struct account *account;
    int64_t id;

    if (user == NULL) {
        engine_add_user(engine, S(DEMO_USER), on_step, demo);
        return;
    }
    if (engine_sign_in(engine, S(DEMO_USER), password, &id) == NULL) {
        engine_add_password(engine, user, S("demo"), demo->state.password, on_password, demo);
        return;
    }
    account = user_next_account(user, NULL);
    if (account == NULL) {
        link_account(demo, engine, user);
    } else if (!demo->has_synced && !is_all_synced(account)) {
        demo->has_synced = true;
        engine_sync_account(engine, account, no_progress, on_step, demo);
    } else {
        print_welcome(demo);
    }
}

/* --- start -------------------------------------------------------------------------------- */

static bool open_log(const struct demo_state *state, struct err *err)
{
    const char *path = demo_state_path(state, "demo.log");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

    if (fd < 0) {
        return err_set_code(err, ERR_INTERNAL, errno, "%s: %s", path, strerror(errno));
    }
    log_start(LOG_LEVEL_INFO, false, fd); /* open until the process ends */
    return true;
}

/* Always at the same address: the links that the bridge has stored lead there. */
static bool open_sandbox(struct demo *demo, struct err *err)
{
    const struct sandbox_options options = {
        .state_path = demo_state_path(&demo->state, "sandbox.db"),
    };
    const char *address = *demo->state.sandbox != '\0' ? demo->state.sandbox : SANDBOX_LISTEN;
    char bound[128];

    if (!sandbox_new(demo->loop, &options, &demo->sandbox, err) ||
        !sandbox_add_user(demo->sandbox, S(DEMO_USER), str_from(demo->state.token), err) ||
        !sandbox_seed_demo(demo->sandbox, S(DEMO_USER), zone_name(zone_of_host()), err)) {
        return err_wrap(err, "sandbox");
    }
    if (!sandbox_listen(demo->sandbox, str_from(address), bound, err)) {
        return err_wrap(err,
            "the sandbox of %s needs its address %s again (end what has it, or use another "
            "--state)",
            demo->state.directory, address);
    }
    demo->state.sandbox = arena_copy(demo->state.arena, str_from(bound)).p;
    return true;
}

static bool open_server(struct demo *demo, struct err *err)
{
    const char *path = demo_state_path(&demo->state, "duedav.conf");
    struct str bound;

    if (!demo_state_write_config(&demo->state, path, err) ||
        !config_load(path, &demo->config, err) ||
        !server_new(demo->loop, &demo->config, &demo->server, err)) {
        return false;
    }
    bound = str_skip(str_from(server_address(demo->server, 0)), strlen("http://"));
    bound.n--; /* its last '/' */
    demo->state.listen = arena_copy(demo->state.arena, bound).p;
    return demo_state_save(&demo->state, err);
}

static bool start(struct demo *demo, const char *directory, const char *listen, struct err *err)
{
    if (!demo_state_open(directory, &demo->state, err) || !open_log(&demo->state, err)) {
        return false;
    }
    if (listen != NULL) {
        demo->state.listen = listen;
    } else if (*demo->state.listen == '\0') {
        demo->state.listen = DEMO_LISTEN;
    }
    demo->loop = loop_new();
    return open_sandbox(demo, err) && open_server(demo, err);
}

/* The upstream of duedav.conf that speaks this; NULL: none. */
static const char *find_upstream(const char *dialect)
{
    if (dialect == NULL || strcmp(dialect, "outlook") == 0) {
        return "sandbox";
    }
    return strcmp(dialect, "todo") == 0 ? "sandbox-todo" : NULL;
}

static int run(struct cli *cli, int argc, char **argv)
{
    const char *listen = NULL, *directory = NULL, *dialect = NULL;
    const struct cli_option options[] = {
        { "listen", "ADDR:PORT", "where clients connect (the last one, at first " DEMO_LISTEN ")",
            .text = &listen },
        { "state", "DIR", "where everything is kept (~/.local/state/duedav-demo)",
            .text = &directory },
        { "dialect", "D", "what the first start links: outlook or todo (outlook)",
            .text = &dialect },
        { 0 },
    };
    struct demo demo = { .state.lock_fd = -1 };
    struct cli_args args;
    struct err err;

    if (!cli_parse(cli, argc, argv, options, 0, 0, &args)) {
        return args.status;
    }
    demo.upstream = find_upstream(dialect);
    if (demo.upstream == NULL) {
        return cli_usage(cli, "--dialect is outlook or todo");
    }
    if (start(&demo, directory, listen, &err)) {
        loop_on_signal(demo.loop, SIGINT, on_end_signal, &demo);
        loop_on_signal(demo.loop, SIGTERM, on_end_signal, &demo);
        server_start(demo.server, on_step, &demo);
        loop_run(demo.loop);
    } else {
        demo.status = cli_fail(&err);
    }
    server_free(&demo.server);
    sandbox_free(&demo.sandbox);
    loop_free(&demo.loop);
    config_done(&demo.config);
    demo_state_done(&demo.state);
    return demo.status;
}

const struct cli_command cli_demo = {
    "demo",
    "[--listen ADDR:PORT] [--state DIR] [--dialect D]",
    "try duedav without any account at Microsoft\n\n"
    "A sandbox service, the server and a user with sample tasks, all in one. Prints what to type\n"
    "into clients. Its state survives a restart; Ctrl-C ends it.",
    run,
};
