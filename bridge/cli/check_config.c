#include "bridge/cli/cli.h"

static int run(struct cli *cli, int argc, char **argv)
{
    bool wants_sample = false;
    bool wants_man = false;
    const struct cli_option options[] = {
        { "sample", NULL, "print a file with all settings and their defaults instead",
            .flag = &wants_sample },
        { "man", NULL, NULL, .flag = &wants_man }, /* for deploy/duedav.conf.5.scd */
        { 0 },
    };
    struct cli_args args;

    if (!cli_parse(cli, argc, argv, options, 0, 0, &args)) {
        return args.status;
    }
    if (wants_sample) {
        config_print_sample(stdout);
        return CLI_DONE;
    }
    if (wants_man) {
        config_print_man(stdout);
        return CLI_DONE;
    }
    return config_check(cli->config_path, stderr) == 0 ? CLI_DONE : CLI_FAILED;
}

const struct cli_command cli_check_config = {
    "check-config",
    "[--sample]",
    "say what is wrong with the configuration\n\n"
    "One line per mistake, with file and line, on standard error; nothing and exit status 0 if\n"
    "there is none. Touches nothing.",
    run,
};
