#include "bridge/cli/cli.h"
#include "bridge/cli/control_client.h"
#include "bridge/cli/print.h"

/* add and remove differ in nothing but their word. */
static int run_change(struct cli *cli, int argc, char **argv)
{
    const struct cli_option options[] = { { 0 } };
    struct cli_args args;
    cJSON *request;

    if (!cli_parse(cli, argc, argv, options, 1, 1, &args)) {
        return args.status;
    }
    request = control_request(cli->command->name);
    control_add_text(request, "user", args.values[0]);
    return control_run(cli, request, NULL, NULL, NULL);
}

static int run_list(struct cli *cli, int argc, char **argv)
{
    static const struct print_column columns[] = {
        { "USER", "user" },
        { "ACCOUNTS", "accounts" },
        { "PASSWORDS", "passwords" },
        { 0 },
    };
    const struct cli_option options[] = { CLI_OPTION_JSON(cli), { 0 } };
    struct cli_args args;
    cJSON *result = NULL;
    int status;

    if (!cli_parse(cli, argc, argv, options, 0, 0, &args)) {
        return args.status;
    }
    status = control_run(cli, control_request("user list"), NULL, NULL, &result);
    print_rows(cli, cJSON_GetObjectItemCaseSensitive(result, "users"), columns);
    cJSON_Delete(result);
    return status;
}

const struct cli_command cli_user_add = {
    "user add",
    "NAME",
    "add a user\n\n"
    "A name has up to 64 characters of A-Z a-z 0-9 . _ - @. To sign in, the user needs an app\n"
    "password (duedav password add).",
    run_change,
};

const struct cli_command cli_user_remove = {
    "user remove",
    "NAME",
    "remove a user\n\n"
    "With all app passwords, linked accounts and what is stored of them, at once and without a\n"
    "question. Nothing is deleted at the services.",
    run_change,
};

const struct cli_command cli_user_list = {
    "user list",
    "[--json]",
    "list the users",
    run_list,
};
