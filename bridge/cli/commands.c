#include "bridge/cli/cli.h"

extern const struct cli_command cli_check_config;

const struct cli_command *const cli_commands[] = {
    &cli_check_config,
    NULL,
};
