#include "bridge/cli/cli.h"

#include "bridge/core/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

/* What the command below was called with. */
static struct {
    int calls;
    const char *command, *config_path, *label;
    char values[3][20];
    int count;
    bool is_quick, as_json;
} seen;

static int run_paint(struct cli *cli, int argc, char **argv)
{
    const char *label = NULL;
    bool is_quick = false;
    const struct cli_option options[] = {
        { "label", "TEXT", "what it is called", .text = &label, .letter = 'l' },
        { "quick", NULL, "hurry", .flag = &is_quick },
        { "hidden", NULL, NULL, .flag = &is_quick },
        CLI_OPTION_JSON(cli),
        { 0 },
    };
    struct cli_args args;

    if (!cli_parse(cli, argc, argv, options, 1, 2, &args)) {
        return args.status;
    }
    seen.calls++;
    seen.command = cli->command->name;
    seen.config_path = cli->config_path;
    seen.label = label;
    seen.count = args.count;
    for (int i = 0; i < args.count; i++) {
        snprintf(seen.values[i], sizeof(seen.values[i]), "%s", args.values[i]);
    }
    seen.is_quick = is_quick;
    seen.as_json = cli->as_json;
    return CLI_DONE;
}

static int run_load(struct cli *cli, int argc, char **argv)
{
    struct err err;

    (void)argc;
    (void)argv;
    return cli_load_config(cli, &err) && cli_load_config(cli, &err) ? CLI_DONE : cli_fail(&err);
}

static const struct cli_command paint = { "paint", "[--label TEXT] WALL [COLOUR]",
    "paint a wall\n\nTwice is better.", run_paint };
static const struct cli_command wall_add = { "wall add", "NAME", "build a wall", run_paint };
static const struct cli_command wall_list = { "wall list", "NAME", "show walls", run_paint };
static const struct cli_command load = { "load", "", "read the configuration", run_load };

const struct cli_command *const cli_commands[] = { &paint, &wall_add, &wall_list, &load, NULL };

static char output[8192], errors[8192];

static void redirect(int fd, FILE *file, int *saved_out)
{
    fflush(NULL);
    *saved_out = dup(fd);
    dup2(fileno(file), fd);
}

static void restore(int fd, FILE *file, int saved, char *out, size_t room)
{
    fflush(NULL);
    dup2(saved, fd);
    close(saved);
    rewind(file);
    out[fread(out, 1, room - 1, file)] = '\0';
    fclose(file);
}

/* Run `duedav LINE`; what it prints goes to output and errors. */
static int duedav(const char *line)
{
    char copy[200];
    char *argv[20] = { "duedav" };
    int argc = 1;
    int saved[2];
    FILE *files[2] = { tmpfile(), tmpfile() };
    int status;

    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = copy, *next; word != NULL && *word != '\0'; word = next) {
        next = strchr(word, ' ');
        if (next != NULL) {
            *next++ = '\0';
        }
        argv[argc++] = word;
    }
    memset(&seen, 0, sizeof(seen));
    redirect(STDOUT_FILENO, files[0], &saved[0]);
    redirect(STDERR_FILENO, files[1], &saved[1]);
    status = cli_main(argc, argv);
    restore(STDOUT_FILENO, files[0], saved[0], output, sizeof(output));
    restore(STDERR_FILENO, files[1], saved[1], errors, sizeof(errors));
    return status;
}

static void command_gets_its_arguments(void **state)
{
    (void)state;
    assert_int_equal(duedav("paint north --label=x green --quick --json"), CLI_DONE);
    assert_int_equal(seen.calls, 1);
    assert_string_equal(seen.command, "paint");
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.values[0], "north");
    assert_string_equal(seen.values[1], "green");
    assert_true(seen.is_quick);
    assert_true(seen.as_json);
    assert_string_equal(errors, "");
    assert_int_equal(duedav("paint -l y -- --quick"), CLI_DONE);
    assert_string_equal(seen.values[0], "--quick");
    assert_false(seen.is_quick);
    assert_false(seen.as_json);
    assert_int_equal(duedav("wall add east"), CLI_DONE);
    assert_string_equal(seen.command, "wall add");
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.values[0], "east");
}

static void help_goes_to_stdout(void **state)
{
    static const struct {
        const char *line, *shows;
    } cases[] = {
        { "--help", "  paint              paint a wall\n" },
        { "-h", "  wall add           build a wall\n" },
        { "--version", "duedav " DUEDAV_VERSION "\n" },
        { "paint --help", "usage: duedav paint [--label TEXT] WALL [COLOUR]\n" },
        { "paint --help", "Twice is better." },
        { "paint --help", "-l, --label TEXT" },
        { "paint --help", "--config FILE" },
        { "paint x y z --help", "usage: duedav paint" },
        { "wall --help", "usage: duedav wall add NAME\n       duedav wall list NAME\n" },
        { "wall list -h", "show walls" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(duedav(cases[i].line), CLI_DONE);
        assert_string_equal(errors, "");
        if (strstr(output, cases[i].shows) == NULL) {
            fail_msg("duedav %s: %s", cases[i].line, output);
        }
        assert_null(strstr(output, "hidden"));
        assert_int_equal(seen.calls, 0);
    }
}

static void wrong_usage_is_status_2(void **state)
{
    static const struct {
        const char *line, *tells;
    } cases[] = {
        { "", "usage: duedav " },
        { "nope", "there is no command \"nope\"" },
        { "nope --help", "there is no command \"nope\"" },
        { "wall", "usage: duedav wall add NAME\n" },
        { "wall paint", "usage: duedav wall add NAME\n" },
        { "--nope", "--nope is no option" },
        { "-x paint a", "-x is no option" },
        { "-c", "-c needs a value" },
        { "--config", "--config needs a value" },
        { "paint", "something is missing\nusage: duedav paint " },
        { "paint a b c", "c is too much" },
        { "paint --nope a", "duedav paint: --nope is no option" },
        { "paint a -x", "-x is no option" },
        { "paint a -xq", "-x is no option" },
        { "paint a --label", "--label needs a value" },
        { "paint a -l", "-l needs a value" },
        { "paint a --quick=3", "--quick=3 takes no value" },
        { "paint a -c", "-c needs a value" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(duedav(cases[i].line), CLI_USAGE);
        assert_string_equal(output, "");
        if (strstr(errors, cases[i].tells) == NULL) {
            fail_msg("duedav %s: %s", cases[i].line, errors);
        }
        assert_int_equal(seen.calls, 0);
    }
}

static void configuration_comes_from_option_environment_or_usual_place(void **state)
{
    (void)state;
    unsetenv("DUEDAV_CONFIG");
    duedav("paint a");
    assert_string_equal(seen.config_path, "/etc/duedav/duedav.conf");
    setenv("DUEDAV_CONFIG", "", 1);
    duedav("paint a");
    assert_string_equal(seen.config_path, "/etc/duedav/duedav.conf");
    setenv("DUEDAV_CONFIG", "/env.conf", 1);
    duedav("paint a");
    assert_string_equal(seen.config_path, "/env.conf");
    duedav("-c /a.conf paint a");
    assert_string_equal(seen.config_path, "/a.conf");
    duedav("--config=/a.conf paint a --config /b.conf");
    assert_string_equal(seen.config_path, "/b.conf");
    unsetenv("DUEDAV_CONFIG");
}

static void failure_is_one_line_and_status_1(void **state)
{
    (void)state;
    assert_int_equal(duedav("load -c /nonexistent.conf"), CLI_FAILED);
    assert_int_equal(duedav("-c /nonexistent.conf load"), CLI_FAILED);
    assert_string_equal(output, "");
    assert_string_equal(errors, "duedav: /nonexistent.conf: No such file or directory\n");
    assert_int_equal(duedav("-c /dev/null load"), CLI_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_gets_its_arguments),
        cmocka_unit_test(help_goes_to_stdout),
        cmocka_unit_test(wrong_usage_is_status_2),
        cmocka_unit_test(configuration_comes_from_option_environment_or_usual_place),
        cmocka_unit_test(failure_is_one_line_and_status_1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
