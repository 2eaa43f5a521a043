#include "bridge/cli/cli.h"
#include "bridge/cli/control_client.h"
#include "bridge/cli/print.h"

#include "bridge/core/str.h"

#include <stdio.h>

static int run_add(struct cli *cli, int argc, char **argv)
{
    const char *label = NULL;
    const struct cli_option options[] = {
        { "label", "TEXT", "which device or program it is for", .text = &label },
        { 0 },
    };
    struct cli_args args;
    cJSON *request;
    cJSON *result = NULL;
    int status;

    if (!cli_parse(cli, argc, argv, options, 1, 1, &args)) {
        return args.status;
    }
    if (label == NULL) {
        return cli_usage(cli, "--label is missing");
    }
    request = control_request("password add");
    control_add_text(request, "user", args.values[0]);
    control_add_text(request, "label", label);
    status = control_run(cli, request, NULL, NULL, &result);
    if (status == CLI_DONE) {
        puts(member_text(result, "password"));
    }
    cJSON_Delete(result);
    return status;
}

static int run_list(struct cli *cli, int argc, char **argv)
{
    static const struct print_column columns[] = {
        { "ID", "id" },
        { "CREATED", "created" },
        { "LAST USED", "used" },
        { "LABEL", "label" },
        { 0 },
    };
    const struct cli_option options[] = { CLI_OPTION_JSON(cli), { 0 } };
    struct cli_args args;
    cJSON *request;
    cJSON *result = NULL;
    int status;

    if (!cli_parse(cli, argc, argv, options, 1, 1, &args)) {
        return args.status;
    }
    request = control_request("password list");
    control_add_text(request, "user", args.values[0]);
    status = control_run(cli, request, NULL, NULL, &result);
    print_rows(cli, cJSON_GetObjectItemCaseSensitive(result, "passwords"), columns);
    cJSON_Delete(result);
    return status;
}

static int run_revoke(struct cli *cli, int argc, char **argv)
{
    const struct cli_option options[] = { { 0 } };
    struct cli_args args;
    cJSON *request;
    int64_t id;

    if (!cli_parse(cli, argc, argv, options, 2, 2, &args)) {
        return args.status;
    }
    if (!str_to_i64(str_from(args.values[1]), &id)) {
        return cli_usage(cli, "%s is no id of a password", args.values[1]);
    }
    request = control_request("password revoke");
    control_add_text(request, "user", args.values[0]);
    cJSON_AddNumberToObject(request, "id", (double)id);
    return control_run(cli, request, NULL, NULL, NULL);
}

const struct cli_command cli_password_add = {
    "password add",
    "USER --label TEXT",
    "make an app password\n\n"
    "Prints it, alone, on standard output, this one time: only a hash is stored.",
    run_add,
};

const struct cli_command cli_password_list = {
    "password list",
    "USER [--json]",
    "list a user's app passwords\n\n"
    "The last use is kept to the hour.",
    run_list,
};

const struct cli_command cli_password_revoke = {
    "password revoke",
    "USER ID",
    "make an app password worthless, at once",
    run_revoke,
};
