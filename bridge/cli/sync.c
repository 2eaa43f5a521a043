#include "bridge/cli/cli.h"
#include "bridge/cli/control_client.h"
#include "bridge/cli/print.h"

#include "bridge/core/str.h"

#include <stdio.h>
#include <unistd.h>

#define BAR_WIDTH 30

struct meter {
    bool is_terminal;
    bool is_open; /**< the cursor stands behind a bar */
    double account;
};

static void close_bar(struct meter *meter)
{
    if (meter->is_open) {
        putchar('\n');
        meter->is_open = false;
    }
}

static void show(const cJSON *progress, void *arg)
{
    struct meter *meter = arg;
    double account = member_number(progress, "account");
    double tasks = member_number(progress, "tasks");
    double done = member_number(progress, "lists_done");
    double lists = member_number(progress, "lists");

    if (!meter->is_terminal) {
        printf("account %.0f: %.0f tasks, %.0f of %.0f lists\n", account, tasks, done, lists);
        fflush(stdout);
        return;
    }
    if (account != meter->account) {
        close_bar(meter);
        meter->account = account;
    }
    printf("\raccount %.0f [", account);
    for (int i = 0; i < BAR_WIDTH; i++) {
        putchar(lists > 0 && i < done / lists * BAR_WIDTH ? '#' : '.');
    }
    printf("] %.0f of %.0f lists, %.0f tasks\033[K", done, lists, tasks);
    fflush(stdout);
    meter->is_open = true;
}

static int run(struct cli *cli, int argc, char **argv)
{
    const struct cli_option options[] = { { 0 } };
    struct meter meter = { .is_terminal = isatty(STDOUT_FILENO) == 1 };
    struct cli_args args;
    cJSON *request;
    int status;
    int64_t id = 0;

    if (!cli_parse(cli, argc, argv, options, 1, 2, &args)) {
        return args.status;
    }
    if (args.count > 1 && !str_to_i64(str_from(args.values[1]), &id)) {
        return cli_usage(cli, "%s is no id of an account", args.values[1]);
    }
    request = control_request("sync");
    control_add_text(request, "user", args.values[0]);
    if (args.count > 1) {
        cJSON_AddNumberToObject(request, "id", (double)id);
    }
    status = control_run(cli, request, show, &meter, NULL);
    close_bar(&meter);
    return status;
}

const struct cli_command cli_sync = {
    "sync",
    "USER [ID]",
    "read an account from the service now, in full\n\n"
    "All accounts of the user, or the one with this id. Shows how far it is. A round that was\n"
    "broken off goes on where it was.",
    run,
};
