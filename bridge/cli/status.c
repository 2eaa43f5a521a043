#include "bridge/cli/cli.h"
#include "bridge/cli/control_client.h"
#include "bridge/cli/print.h"

#include <stdio.h>

static bool is_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void print_round(const cJSON *account)
{
    const char *last = member_text(account, "last_round");

    fputs("  last round   ", stdout);
    if (*last != '\0') {
        printf("%s, %.0f s ago, took %.0f ms", last, member_number(account, "lag_s"),
            member_number(account, "last_round_ms"));
    } else {
        fputs("none yet", stdout);
    }
    puts(is_true(account, "round_running") ? "; one is running" : "");
    printf("  rounds       %.0f well, %.0f failed since the start\n",
        member_number(account, "rounds"), member_number(account, "rounds_failed"));
    if (member_number(account, "failures") > 0) {
        printf("  failed       %.0f since then: %s\n", member_number(account, "failures"),
            member_text(account, "last_error"));
    } else if (*member_text(account, "last_error") != '\0') {
        printf("  trouble      %s\n", member_text(account, "last_error"));
    }
}

static void print_account(const cJSON *account)
{
    const cJSON *lists = cJSON_GetObjectItemCaseSensitive(account, "lists");
    const cJSON *list;

    printf("%s, account %.0f: %s (%s at %s)%s%s\n", member_text(account, "user"),
        member_number(account, "id"), member_text(account, "label"),
        member_text(account, "dialect"), member_text(account, "upstream"),
        is_true(account, "default") ? ", default" : "",
        is_true(account, "read_only") ? ", read only" : "");
    printf("  time zone    %s%s\n", member_text(account, "timezone"),
        is_true(account, "timezone_guessed") ? " (guessed)" : "");
    printf("  token        %s\n",
        is_true(account, "needs_sign_in") ? "refused: the account needs a new sign-in" : "works");
    print_round(account);
    printf("  requests     %.0f since the start", member_number(account, "requests"));
    if (member_number(account, "rest_s") > 0) {
        printf("; throttled for %.0f s", member_number(account, "rest_s"));
    }
    if (member_number(account, "open_operations") > 0) {
        printf("; %.0f changes on their way", member_number(account, "open_operations"));
    }
    putchar('\n');
    cJSON_ArrayForEach(list, lists)
    {
        printf("  list         %s  %s%s\n", member_text(list, "list"), member_text(list, "name"),
            is_true(list, "synced") ? "" : "  (being read for the first time)");
    }
}

static int run(struct cli *cli, int argc, char **argv)
{
    const struct cli_option options[] = { CLI_OPTION_JSON(cli), { 0 } };
    const cJSON *accounts, *account;
    struct cli_args args;
    cJSON *request;
    cJSON *result = NULL;
    int status;

    if (!cli_parse(cli, argc, argv, options, 0, 1, &args)) {
        return args.status;
    }
    request = control_request("status");
    control_add_text(request, "user", args.count > 0 ? args.values[0] : NULL);
    status = control_run(cli, request, NULL, NULL, &result);
    accounts = cJSON_GetObjectItemCaseSensitive(result, "accounts");
    if (status == CLI_DONE && cli->as_json) {
        print_json(accounts);
    } else if (status == CLI_DONE) {
        cJSON_ArrayForEach(account, accounts)
        {
            print_account(account);
        }
    }
    cJSON_Delete(result);
    return status;
}

const struct cli_command cli_status = {
    "status",
    "[USER] [--json]",
    "tell how accounts and lists are doing\n\n"
    "Their last round, errors, the state of their tokens. Without a server running it tells what\n"
    "is stored.",
    run,
};
