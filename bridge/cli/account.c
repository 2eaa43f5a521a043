#include "bridge/cli/cli.h"
#include "bridge/cli/control_client.h"
#include "bridge/cli/print.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_TOKEN 65536 /* bytes; they have some thousands */

/* The request for a command about the account args.values[1] of the user args.values[0]; NULL when
 * that is no id. */
static cJSON *account_request(const struct cli *cli, const struct cli_args *args)
{
    cJSON *request;
    int64_t id;

    if (!str_to_i64(str_from(args->values[1]), &id)) {
        cli_usage(cli, "%s is no id of an account", args->values[1]);
        return NULL;
    }
    request = control_request(cli->command->name);
    control_add_text(request, "user", args->values[0]);
    cJSON_AddNumberToObject(request, "id", (double)id);
    return request;
}

/* --- link --------------------------------------------------------------------------------- */

/* The file's first line. */
static bool read_token(const char *path, struct buf *out, struct err *err)
{
    FILE *file = fopen(path, "re");
    int c;

    if (file == NULL) {
        return err_set_code(err, ERR_INVALID, errno, "%s: %s", path, strerror(errno));
    }
    while ((c = fgetc(file)) > ' ' && c < 0x7F) {
        buf_put_char(out, (char)c);
    }
    fclose(file);
    if (out->n == 0 || out->is_full) {
        return err_set(err, ERR_INVALID, "%s: no access token on its first line", path);
    }
    return true;
}

static void print_linked(const struct cli *cli, const cJSON *account)
{
    bool is_guessed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(account, "timezone_guessed"));

    if (cli->as_json) {
        print_json(account);
        return;
    }
    printf("account %.0f, time zone %s%s\n", member_number(account, "id"),
        member_text(account, "timezone"),
        is_guessed ? " (guessed from this machine; duedav account set --timezone changes it)" : "");
}

static int run_link(struct cli *cli, int argc, char **argv)
{
    CLEANUP(buf_done) struct buf token;
    const char *upstream = NULL, *label = NULL, *timezone = NULL, *token_file = NULL;
    const struct cli_option options[] = {
        { "upstream", "NAME", "which service: a section [upstream NAME] of the configuration",
            .text = &upstream },
        { "label", "TEXT", "what to call the account (default: the service's name)",
            .text = &label },
        { "timezone", "ZONE", "which day a moment belongs to (Europe/Rome)", .text = &timezone },
        { "access-token-file", "FILE", "a fixed bearer token", .text = &token_file },
        CLI_OPTION_JSON(cli),
        { 0 },
    };
    struct cli_args args;
    cJSON *request;
    cJSON *result = NULL;
    struct err err;
    int status;

    buf_init(&token, MAX_TOKEN);
    if (!cli_parse(cli, argc, argv, options, 1, 1, &args)) {
        return args.status;
    }
    if (upstream == NULL) {
        return cli_usage(cli, "--upstream is missing");
    }
    if (token_file == NULL) {
        err_set(&err, ERR_INVALID,
            "signing in with OAuth is not in this version; give a token with --access-token-file");
        return cli_fail(&err);
    }
    if (!read_token(token_file, &token, &err)) {
        return cli_fail(&err);
    }
    request = control_request("account link");
    control_add_text(request, "user", args.values[0]);
    control_add_text(request, "upstream", upstream);
    control_add_text(request, "label", label);
    control_add_text(request, "timezone", timezone);
    control_add_text(request, "token", token.p);
    status = control_run(cli, request, NULL, NULL, &result);
    if (status == CLI_DONE) {
        print_linked(cli, cJSON_GetObjectItemCaseSensitive(result, "account"));
    }
    cJSON_Delete(result);
    return status;
}

/* --- list, set, unlink -------------------------------------------------------------------- */

static int run_list(struct cli *cli, int argc, char **argv)
{
    static const struct print_column columns[] = {
        { "USER", "user" },
        { "ID", "id" },
        { "UPSTREAM", "upstream" },
        { "DIALECT", "dialect" },
        { "TIME ZONE", "timezone" },
        { "GUESSED", "timezone_guessed" },
        { "DEFAULT", "default" },
        { "READ ONLY", "read_only" },
        { "LABEL", "label" },
        { 0 },
    };
    const struct cli_option options[] = { CLI_OPTION_JSON(cli), { 0 } };
    struct cli_args args;
    cJSON *request;
    cJSON *result = NULL;
    int status;

    if (!cli_parse(cli, argc, argv, options, 0, 1, &args)) {
        return args.status;
    }
    request = control_request("account list");
    control_add_text(request, "user", args.count > 0 ? args.values[0] : NULL);
    status = control_run(cli, request, NULL, NULL, &result);
    print_rows(cli, cJSON_GetObjectItemCaseSensitive(result, "accounts"), columns);
    cJSON_Delete(result);
    return status;
}

static int run_set(struct cli *cli, int argc, char **argv)
{
    const char *label = NULL, *timezone = NULL, *read_only = NULL;
    bool make_default = false;
    const struct cli_option options[] = {
        { "timezone", "ZONE", "which day a moment belongs to (Europe/Rome)", .text = &timezone },
        { "label", "TEXT", "what to call the account", .text = &label },
        { "default", NULL, "new lists are made in this one", .flag = &make_default },
        { "read-only", "yes|no", "refuse changes by clients", .text = &read_only },
        { 0 },
    };
    struct cli_args args;
    cJSON *request;

    if (!cli_parse(cli, argc, argv, options, 2, 2, &args)) {
        return args.status;
    }
    if (label == NULL && timezone == NULL && read_only == NULL && !make_default) {
        return cli_usage(cli, "nothing to set");
    }
    if (read_only != NULL && strcmp(read_only, "yes") != 0 && strcmp(read_only, "no") != 0) {
        return cli_usage(cli, "--read-only is yes or no");
    }
    request = account_request(cli, &args);
    if (request == NULL) {
        return CLI_USAGE;
    }
    control_add_text(request, "timezone", timezone);
    control_add_text(request, "label", label);
    cJSON_AddBoolToObject(request, "default", make_default);
    if (read_only != NULL) {
        cJSON_AddBoolToObject(request, "read_only", strcmp(read_only, "yes") == 0);
    }
    return control_run(cli, request, NULL, NULL, NULL);
}

static int run_unlink(struct cli *cli, int argc, char **argv)
{
    bool purge = false;
    const struct cli_option options[] = {
        { "purge", NULL, "delete what is stored of it now, not after 30 days", .flag = &purge },
        { 0 },
    };
    struct cli_args args;
    cJSON *request;

    if (!cli_parse(cli, argc, argv, options, 2, 2, &args)) {
        return args.status;
    }
    request = account_request(cli, &args);
    if (request == NULL) {
        return CLI_USAGE;
    }
    cJSON_AddBoolToObject(request, "purge", purge);
    return control_run(cli, request, NULL, NULL, NULL);
}

const struct cli_command cli_account_link = {
    "account link",
    "USER --upstream NAME --access-token-file FILE [--label TEXT] [--timezone ZONE]",
    "link an account at a service\n\n"
    "Reads the folders first, so that clients never see an empty home; then prints the account's\n"
    "id and time zone.",
    run_link,
};

const struct cli_command cli_account_list = {
    "account list",
    "[USER] [--json]",
    "list the linked accounts",
    run_list,
};

const struct cli_command cli_account_set = {
    "account set",
    "USER ID [--timezone ZONE] [--label TEXT] [--default] [--read-only yes|no]",
    "change what is known of an account",
    run_set,
};

const struct cli_command cli_account_unlink = {
    "account unlink",
    "USER ID [--purge]",
    "stop serving an account\n\n"
    "Nothing is deleted at the service.",
    run_unlink,
};
