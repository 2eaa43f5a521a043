#include "bridge/cli/cli.h"
#include "bridge/cli/notify.h"
#include "bridge/cli/server.h"

#include "bridge/core/mem.h"
#include "bridge/core/secret.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

struct serve {
    struct cli *cli;
    struct loop *loop;
    struct server *server;
    bool is_stopping;
    int status;
};

static void on_stopped(void *arg)
{
    struct serve *serve = arg;

    log_info("server.stopped", LOG_INT("status", serve->status));
    loop_stop(serve->loop);
}

static void on_end_signal(void *arg)
{
    struct serve *serve = arg;

    if (serve->is_stopping) {
        /* The operations in hand are looked up at the next start. */
        log_warn("server.stopped", LOG_TEXT("why", "asked twice"));
        _exit(CLI_FAILED);
    }
    serve->is_stopping = true;
    notify_systemd("STOPPING=1");
    log_info("server.stopping", LOG_INT("pid", getpid()));
    server_stop(serve->server, on_stopped, serve);
}

/* Of the configuration only the log can change alive, so far. */
static void on_reload_signal(void *arg)
{
    struct serve *serve = arg;
    struct config config = { 0 };
    struct err err;

    if (!config_load(serve->cli->config_path, &config, &err)) {
        log_error("config.reload", LOG_TEXT("why", err.text));
        return;
    }
    log_start(config.log.level, config.log.format == CONFIG_LOG_JSON, STDERR_FILENO);
    log_info("config.reload", LOG_INT("level", config.log.level));
    config_done(&config);
}

static void on_started(const struct err *err, void *arg)
{
    struct serve *serve = arg;
    const char *address;

    if (serve->is_stopping) {
        return;
    }
    if (err->kind != ERR_NONE) {
        serve->status = cli_fail(err);
        loop_stop(serve->loop);
        return;
    }
    for (size_t i = 0; (address = server_address(serve->server, i)) != NULL; i++) {
        printf("listening on %s\n", address);
        log_info("server.listening", LOG_TEXT("address", address));
    }
    fflush(stdout);
    notify_systemd("READY=1");
}

/* Hidden options, for tests: time and random numbers from outside. */
struct seams {
    const char *test_clock;
    const char *seed;
};

static bool use_seams(const struct seams *seams, struct loop *loop, struct err *err)
{
    uint64_t seed;

    if (seams->seed != NULL) {
        if (!str_to_u64(str_from(seams->seed), &seed)) {
            return err_set(err, ERR_INVALID, "--seed: not a number");
        }
        secret_seed(seed);
    }
    return seams->test_clock == NULL || loop_follow_test_clock(loop, seams->test_clock, err);
}

static int serve(struct cli *cli, const struct seams *seams)
{
    CLEANUP(loop_free) struct loop *loop = loop_new();
    struct serve serve = { .cli = cli, .loop = loop };
    struct err err;

    log_start(cli->config.log.level, cli->config.log.format == CONFIG_LOG_JSON, STDERR_FILENO);
    if (!use_seams(seams, loop, &err) || !server_new(loop, &cli->config, &serve.server, &err)) {
        return cli_fail(&err);
    }
    loop_on_signal(loop, SIGTERM, on_end_signal, &serve);
    loop_on_signal(loop, SIGINT, on_end_signal, &serve);
    loop_on_signal(loop, SIGHUP, on_reload_signal, &serve);
    server_start(serve.server, on_started, &serve);
    loop_run(loop);
    server_free(&serve.server);
    return serve.status;
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct seams seams = { 0 };
    const struct cli_option options[] = {
        { "test-clock", "SOCKET", NULL, .text = &seams.test_clock },
        { "seed", "NUMBER", NULL, .text = &seams.seed },
        { 0 },
    };
    struct cli_args args;
    struct err err;

    if (!cli_parse(cli, argc, argv, options, 0, 0, &args)) {
        return args.status;
    }
    if (!cli_load_config(cli, &err)) {
        return cli_fail(&err);
    }
    return serve(cli, &seams);
}

const struct cli_command cli_serve = {
    "serve",
    "",
    "run the server in the foreground\n\n"
    "Prints \"listening on http://ADDRESS:PORT/\" on standard output when it is ready, and tells\n"
    "systemd so. Logs on standard error. SIGTERM and SIGINT finish the requests in hand, then\n"
    "stop; a second one stops at once. SIGHUP reads [log] again.",
    run,
};
