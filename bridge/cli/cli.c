#include "bridge/cli/cli.h"

#include "bridge/core/mem.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_CONFIG "/etc/duedav/duedav.conf"
#define MAX_OPTIONS  32 /* of one command, with the common ones */

/* Returned by getopt_long: the first letters are free for short forms. */
#define FIRST_OPTION 256

static struct str first_line(const char *text)
{
    struct str all = str_from(text);

    return str_first(all, str_find_char(all, '\n'));
}

static void print_overview(FILE *out)
{
    fputs("usage: duedav [-c FILE] COMMAND ...\n\n"
          "Shows Microsoft task folders as CalDAV collections.\n\n",
        out);
    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        fprintf(out, "  %-18s %.*s\n", cli_commands[i]->name,
            STR_ARG(first_line(cli_commands[i]->help)));
    }
    fputs("\n  -c, --config FILE  the configuration ($DUEDAV_CONFIG, else " USUAL_CONFIG ")\n"
          "      --version      print the version\n"
          "  -h, --help         this; duedav COMMAND --help tells more\n",
        out);
}

static void print_option(FILE *out, const struct cli_option *option)
{
    char left[64];

    if (option->help == NULL) {
        return;
    }
    snprintf(left, sizeof(left), "%c%c%s --%s%s%s", option->letter != 0 ? '-' : ' ',
        option->letter != 0 ? option->letter : ' ', option->letter != 0 ? "," : " ", option->name,
        option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    fprintf(out, "  %-28s %s\n", left, option->help);
}

static void print_synopsis(FILE *out, const struct cli_command *command)
{
    fprintf(out, "usage: duedav %s%s%s\n", command->name, command->synopsis[0] != '\0' ? " " : "",
        command->synopsis);
}

static void print_help(const struct cli_command *command, const struct cli_option *options)
{
    static const struct cli_option common[] = {
        { .name = "config", .value = "FILE", .help = "the configuration", .letter = 'c' },
        { .name = "help", .help = "this", .letter = 'h' },
    };

    print_synopsis(stdout, command);
    printf("\n%s\n\n", command->help);
    for (; options->name != NULL; options++) {
        print_option(stdout, options);
    }
    for (size_t i = 0; i < ARRAY_LEN(common); i++) {
        print_option(stdout, &common[i]);
    }
}

int cli_usage(const struct cli *cli, const char *format, ...)
{
    const char *name = cli->command != NULL ? cli->command->name : "";
    va_list arguments;

    fprintf(stderr, "duedav%s%s: ", *name != '\0' ? " " : "", name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    if (cli->command != NULL) {
        print_synopsis(stderr, cli->command);
    }
    fprintf(stderr, "try: duedav%s%s --help\n", *name != '\0' ? " " : "", name);
    return CLI_USAGE;
}

int cli_fail(const struct err *err)
{
    fprintf(stderr, "duedav: %s\n", err->text);
    return CLI_FAILED;
}

bool cli_load_config(struct cli *cli, struct err *err)
{
    if (!cli->has_config) {
        cli->has_config = config_load(cli->config_path, &cli->config, err);
    }
    return cli->has_config;
}

/* What getopt_long wants to know of the options. */
struct option_table {
    struct option rows[MAX_OPTIONS + 1];
    char letters[2 * MAX_OPTIONS + 3];
};

static void add_letter(struct option_table *table, char letter, bool has_value)
{
    size_t n = strlen(table->letters);

    table->letters[n++] = letter;
    if (has_value) {
        table->letters[n] = ':';
    }
}

static void fill_table(struct option_table *table, const struct cli_option *options)
{
    int count = 0;

    *table = (struct option_table){ .letters = ":" }; /* tell a missing value from all else */
    for (; options[count].name != NULL; count++) {
        const struct cli_option *option = &options[count];

        if (count == MAX_OPTIONS - 2) {
            abort(); /* a table of ours has outgrown its limit */
        }
        table->rows[count] = (struct option){ option->name,
            option->value != NULL ? required_argument : no_argument, NULL, FIRST_OPTION + count };
        if (option->letter != 0) {
            add_letter(table, option->letter, option->value != NULL);
        }
    }
    table->rows[count] = (struct option){ "config", required_argument, NULL, 'c' };
    table->rows[count + 1] = (struct option){ "help", no_argument, NULL, 'h' };
    add_letter(table, 'c', true);
    add_letter(table, 'h', false);
}

static const struct cli_option *find_option(const struct cli_option *options, int found)
{
    for (int i = 0; options[i].name != NULL; i++) {
        if (found == FIRST_OPTION + i || (found > 0 && found == options[i].letter)) {
            return &options[i];
        }
    }
    return NULL;
}

/* getopt leaves optind behind a long option, and on the word of a short one. */
static int tell_bad_option(const struct cli *cli, int found, char **argv)
{
    const char *what = found == ':' ? "needs a value" : "is no option of this command";

    if (optopt > 0 && optopt < FIRST_OPTION && strncmp(argv[optind - 1], "--", 2) != 0) {
        return cli_usage(cli, "-%c %s", optopt, what);
    }
    if (found == '?' && optopt != 0) {
        what = "takes no value";
    }
    return cli_usage(cli, "%s %s", argv[optind - 1], what);
}

bool cli_parse(struct cli *cli, int argc, char **argv, const struct cli_option *options, int least,
    int most, struct cli_args *args_out)
{
    struct option_table table;
    int found;

    fill_table(&table, options);
    *args_out = (struct cli_args){ .status = CLI_DONE };
    optind = 0; /* glibc: begin anew */
    opterr = 0;
    while ((found = getopt_long(argc, argv, table.letters, table.rows, NULL)) != -1) {
        const struct cli_option *option = find_option(options, found);

        if (option != NULL && option->value != NULL) {
            *option->text = optarg;
        } else if (option != NULL) {
            *option->flag = true;
        } else if (found == 'c') {
            cli->config_path = optarg;
            cli->names_config = true;
        } else if (found == 'h') {
            print_help(cli->command, options);
            return false;
        } else {
            args_out->status = tell_bad_option(cli, found, argv);
            return false;
        }
    }
    args_out->values = argv + optind;
    args_out->count = argc - optind;
    if (args_out->count < least || args_out->count > most) {
        args_out->status = args_out->count < least
                               ? cli_usage(cli, "something is missing")
                               : cli_usage(cli, "%s is too much", args_out->values[most]);
        return false;
    }
    return true;
}

/* Words of the command's name that the arguments begin with; 0 if it is another command. */
static int match(const struct cli_command *command, int argc, char **argv)
{
    struct str rest = str_from(command->name);
    struct str word;
    int words = 0;

    while (str_next(&rest, ' ', &word)) {
        if (words == argc || !str_eq(word, str_from(argv[words]))) {
            return 0;
        }
        words++;
    }
    return words;
}

/* "duedav user": the commands that begin so. False if there are none. */
static bool print_group(FILE *out, const char *word)
{
    bool is_group = false;

    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        struct str name = str_from(cli_commands[i]->name);
        size_t space = str_find_char(name, ' ');

        if (space != SIZE_MAX && str_eq(str_first(name, space), str_from(word))) {
            fprintf(out, "%s duedav %s %s\n", is_group ? "      " : "usage:", cli_commands[i]->name,
                cli_commands[i]->synopsis);
            is_group = true;
        }
    }
    return is_group;
}

static int run_command(struct cli *cli, int argc, char **argv)
{
    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        int words = match(cli_commands[i], argc, argv);

        if (words > 0) {
            cli->command = cli_commands[i];
            return cli->command->run(cli, argc - (words - 1), argv + (words - 1));
        }
    }
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) &&
        print_group(stdout, argv[0])) {
        return CLI_DONE;
    }
    if (!print_group(stderr, argv[0])) {
        return cli_usage(cli, "there is no command \"%s\"", argv[0]);
    }
    return CLI_USAGE;
}

/* What comes before the command. Returns the place of the command, or -1 with *status_out set. */
static int parse_global(struct cli *cli, int argc, char **argv, int *status_out)
{
    static const struct option rows[] = { { "config", required_argument, NULL, 'c' },
        { "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 } };
    int found;

    optind = 0;
    opterr = 0;
    while ((found = getopt_long(argc, argv, "+:c:hV", rows, NULL)) != -1) { /* +: stop at a word */
        switch (found) {
        case 'c':
            cli->config_path = optarg;
            cli->names_config = true;
            break;
        case 'h':
            print_overview(stdout);
            *status_out = CLI_DONE;
            return -1;
        case 'V':
            printf("duedav %s\n", DUEDAV_VERSION);
            *status_out = CLI_DONE;
            return -1;
        default:
            *status_out = tell_bad_option(cli, found, argv);
            return -1;
        }
    }
    if (optind == argc) {
        print_overview(stderr);
        *status_out = CLI_USAGE;
        return -1;
    }
    return optind;
}

int cli_main(int argc, char **argv)
{
    const char *from_environment = getenv("DUEDAV_CONFIG");
    struct cli cli = { .config_path = USUAL_CONFIG };
    int status = CLI_FAILED;
    int at;

    if (from_environment != NULL && *from_environment != '\0') {
        cli.config_path = from_environment;
        cli.names_config = true;
    }
    at = parse_global(&cli, argc, argv, &status);
    if (at >= 0) {
        status = run_command(&cli, argc - at, argv + at);
    }
    if (fflush(stdout) != 0 && status == CLI_DONE) {
        perror("duedav: standard output");
        status = CLI_FAILED;
    }
    config_done(&cli.config);
    return status;
}
