#include "bridge/cli/cli.h"

extern const struct cli_command cli_serve, cli_demo, cli_sandbox;
extern const struct cli_command cli_check_config;
extern const struct cli_command cli_user_add, cli_user_remove, cli_user_list;
extern const struct cli_command cli_password_add, cli_password_list, cli_password_revoke;
extern const struct cli_command cli_account_link, cli_account_list, cli_account_set,
    cli_account_unlink;
extern const struct cli_command cli_status, cli_sync, cli_convert;

const struct cli_command *const cli_commands[] = {
    &cli_serve,
    &cli_demo,
    &cli_sandbox,
    &cli_check_config,
    &cli_user_add,
    &cli_user_remove,
    &cli_user_list,
    &cli_password_add,
    &cli_password_list,
    &cli_password_revoke,
    &cli_account_link,
    &cli_account_list,
    &cli_account_set,
    &cli_account_unlink,
    &cli_status,
    &cli_sync,
    &cli_convert,
    NULL,
};
