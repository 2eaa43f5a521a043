#include "bridge/cli/demo_state.h"

#include "bridge/config.h"
#include "bridge/core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static char scratch[64];
static char directory[96];

static int start(void **state)
{
    (void)state;
    snprintf(scratch, sizeof(scratch), "/tmp/duedav-demo-XXXXXX");
    assert_non_null(mkdtemp(scratch));
    snprintf(directory, sizeof(directory), "%s/not yet/there", scratch);
    return 0;
}

static int end(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r '%s'", scratch);
    return system(command);
}

static struct demo_state opened(const char *path)
{
    struct demo_state state;
    struct err err;

    if (!demo_state_open(path, &state, &err)) {
        fail_msg("%s", err.text);
    }
    return state;
}

static void what_was_saved_is_there_again(void **unused)
{
    CLEANUP(demo_state_done) struct demo_state first = opened(directory);
    struct demo_state second;
    struct stat status;
    char token[SECRET_ID_TEXT];
    struct err err;

    (void)unused;
    assert_string_equal(first.listen, "");
    assert_string_equal(first.password, "");
    assert_int_equal(strlen(first.token), SECRET_ID_TEXT - 1);
    memcpy(token, first.token, sizeof(token));
    first.listen = "127.0.0.1:5252";
    first.sandbox = "127.0.0.1:5253";
    snprintf(first.password, sizeof(first.password), "abc");
    assert_true(demo_state_save(&first, &err));
    assert_int_equal(stat(demo_state_path(&first, "demo.json"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(directory, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    demo_state_done(&first);

    second = opened(directory);
    assert_string_equal(second.listen, "127.0.0.1:5252");
    assert_string_equal(second.sandbox, "127.0.0.1:5253");
    assert_string_equal(second.token, token);
    assert_string_equal(second.password, "abc");
    demo_state_done(&second);
}

static void only_one_demo_has_a_directory(void **unused)
{
    CLEANUP(demo_state_done) struct demo_state first = opened(directory);
    struct demo_state second;
    struct err err;

    (void)unused;
    assert_false(demo_state_open(directory, &second, &err));
    assert_int_equal(err.kind, ERR_BUSY);
    assert_non_null(strstr(err.text, directory));
    demo_state_done(&first);
    second = opened(directory);
    demo_state_done(&second);
}

static void the_usual_place_follows_the_environment(void **unused)
{
    CLEANUP(demo_state_done) struct demo_state state = { .lock_fd = -1 };
    char expected[128];

    (void)unused;
    setenv("XDG_STATE_HOME", scratch, 1);
    state = opened(NULL);
    snprintf(expected, sizeof(expected), "%s/duedav-demo", scratch);
    assert_string_equal(state.directory, expected);
    demo_state_done(&state);
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", scratch, 1);
    state = opened(NULL);
    snprintf(expected, sizeof(expected), "%s/.local/state/duedav-demo", scratch);
    assert_string_equal(state.directory, expected);
}

static void refusals_say_why(void **unused)
{
    char path[160];
    struct demo_state state;
    struct err err;
    FILE *file;

    (void)unused;
    assert_false(demo_state_open("/tmp/a;b", &state, &err));
    assert_int_equal(err.kind, ERR_INVALID);
    assert_false(demo_state_open("/proc/nowhere", &state, &err));
    assert_int_equal(err.kind, ERR_INTERNAL);
    assert_non_null(strstr(err.text, "/proc/nowhere"));
    snprintf(path, sizeof(path), "%s/demo.json", scratch);
    file = fopen(path, "we");
    assert_non_null(file);
    fputs("{\"listen\":", file);
    fclose(file);
    assert_false(demo_state_open(scratch, &state, &err));
    assert_non_null(strstr(err.text, "damaged"));
}

static void the_configuration_can_be_read(void **unused)
{
    CLEANUP(demo_state_done) struct demo_state state = opened(directory);
    struct config config;
    const char *path = demo_state_path(&state, "duedav.conf");
    const struct config_upstream *upstream;
    char expected[160];
    struct err err;

    (void)unused;
    state.listen = "0.0.0.0:5252";
    state.sandbox = "127.0.0.1:4242";
    assert_true(demo_state_write_config(&state, path, &err));
    if (!config_load(path, &config, &err)) {
        fail_msg("%s", err.text);
    }
    assert_string_equal(config.server.listen.items[0], "0.0.0.0:5252");
    snprintf(expected, sizeof(expected), "sqlite:%s/duedav.db", directory);
    assert_string_equal(config.store.url, expected);
    upstream = config_find_upstream(&config, S("sandbox"));
    assert_non_null(upstream);
    assert_string_equal(upstream->url, "http://127.0.0.1:4242/api/v2.0/me/");
    config_done(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_saved_is_there_again, start, end),
        cmocka_unit_test_setup_teardown(only_one_demo_has_a_directory, start, end),
        cmocka_unit_test_setup_teardown(the_usual_place_follows_the_environment, start, end),
        cmocka_unit_test_setup_teardown(refusals_say_why, start, end),
        cmocka_unit_test_setup_teardown(the_configuration_can_be_read, start, end),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
