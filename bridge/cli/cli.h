#pragma once
/**
 * The command line: a table of subcommands and one option parser for all of them. A command is a
 * file of this folder with a `const struct cli_command cli_NAME`, listed in commands.c.
 *
 *   static int run(struct cli *cli, int argc, char **argv)
 *   {
 *       const char *label = NULL;
 *       const struct cli_option options[] = {
 *           { "label", "TEXT", "a name for the device", .text = &label },
 *           CLI_OPTION_JSON(cli),
 *           { 0 },
 *       };
 *       struct cli_args args;
 *       struct err err;
 *
 *       if (!cli_parse(cli, argc, argv, options, 1, 1, &args)) {
 *           return args.status;
 *       }
 *       if (!cli_load_config(cli, &err)) {
 *           return cli_fail(&err);
 *       }
 *       ... args.values[0] ...
 *       return CLI_DONE;
 *   }
 */
#include "bridge/config.h"
#include "bridge/core/err.h"

/** Exit status. */
enum {
    CLI_DONE = 0,
    CLI_FAILED = 1, /**< after one line on stderr */
    CLI_USAGE = 2,  /**< wrong usage */
};

struct cli_command;

struct cli {
    const struct cli_command *command; /**< the one that runs */
    const char *config_path;           /**< --config, $DUEDAV_CONFIG or the usual place */
    bool names_config;                 /**< it was named: not the usual place */
    struct config config;              /**< after cli_load_config */
    bool has_config;
    bool as_json; /**< --json, where a command has it */
};

struct cli_command {
    const char *name;     /**< one or two words: "serve", "user add" */
    const char *synopsis; /**< what follows the name: "USER [--label TEXT]"; "" for nothing */
    const char *help;     /**< first line: what it does, for the overview; more for its --help */
    int (*run)(struct cli *cli, int argc, char **argv); /**< argv[0] is the (last) word of name */
};

/** All commands in the order of the overview; NULL ends them. */
extern const struct cli_command *const cli_commands[];

/** One option of a command. Exactly one of flag, text is set. A row of zeros ends a list. */
struct cli_option {
    const char *name;  /**< without the dashes */
    const char *value; /**< what the help calls its value; NULL for a flag */
    const char *help;  /**< NULL: not shown */
    bool *flag;
    const char **text;
    char letter; /**< a short form; 0: none */
};
#define CLI_OPTION_JSON(cli)                                \
    {                                                       \
        "json", NULL, "print JSON", .flag = &(cli)->as_json \
    }

struct cli_args {
    char **values; /**< what is no option; in argv */
    int count;
    int status; /**< what to return when cli_parse returned false */
};

/**
 * Read a command's options (also --help, -c and --config, which all have) and least to most other
 * arguments. False when the command should end: after --help (CLI_DONE), or after it was told on
 * stderr what is wrong (CLI_USAGE).
 */
MUST_CHECK bool cli_parse(struct cli *cli, int argc, char **argv, const struct cli_option *options,
    int least, int most, struct cli_args *args_out);
/** Say on stderr what is wrong with the usage, and where help is. Returns CLI_USAGE. */
int cli_usage(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Read cli->config_path once. Wrong usage is not told from other failures here. */
MUST_CHECK bool cli_load_config(struct cli *cli, struct err *err);
/** Print "duedav: TEXT" on stderr. Returns CLI_FAILED. */
int cli_fail(const struct err *err);

/** The whole program but for main's own start. Returns the exit status. */
int cli_main(int argc, char **argv);
