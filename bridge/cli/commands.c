#include "bridge/cli/cli.h"

extern const struct cli_command cli_check_config;
extern const struct cli_command cli_sandbox;

const struct cli_command *const cli_commands[] = {
    &cli_check_config,
    &cli_sandbox,
    NULL,
};
