#include "bridge/cli/control.h"
#include "bridge/cli/control_server.h"

#include "bridge/core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static char scratch[64];
static char socket_path[96];
static struct loop *loop;
static struct config config;
static struct runtime runtime;

static void on_started(const struct err *err, void *arg)
{
    (void)arg;
    assert_int_equal(err->kind, ERR_NONE);
    loop_stop(loop);
}

static int start(void **state)
{
    char text[256];
    struct err err;

    (void)state;
    snprintf(scratch, sizeof(scratch), "/tmp/duedav-control-XXXXXX");
    assert_non_null(mkdtemp(scratch));
    snprintf(socket_path, sizeof(socket_path), "%s/db.sock", scratch);
    snprintf(
        text, sizeof(text), "[store]\nurl = sqlite:%s/db\nkey_file = %s/key\n", scratch, scratch);
    loop = loop_new();
    if (!config_parse(str_from(text), "test", &config, &err) ||
        !runtime_open(loop, &config, &runtime, &err)) {
        fail_msg("%s", err.text);
    }
    engine_start(runtime.engine, on_started, NULL);
    loop_run(loop);
    return 0;
}

static int end(void **state)
{
    char command[128];

    (void)state;
    runtime_close(&runtime);
    loop_free(&loop);
    config_done(&config);
    snprintf(command, sizeof(command), "rm -r '%s'", scratch);
    return system(command);
}

/* --- calls -------------------------------------------------------------------------------- */

static struct {
    int calls;
    cJSON *last;
} answered;

static void on_answer(const cJSON *line, bool is_last, void *arg)
{
    (void)arg;
    assert_true(is_last);
    answered.calls++;
    answered.last = cJSON_Duplicate(line, true);
    loop_stop(loop);
}

/* The caller deletes. */
static cJSON *ask(const char *request)
{
    cJSON *json = cJSON_Parse(request);

    answered.calls = 0;
    (void)control_start(&runtime, json, on_answer, NULL);
    cJSON_Delete(json); /* it was copied */
    assert_int_equal(answered.calls, 0);
    loop_run(loop);
    assert_int_equal(answered.calls, 1);
    return answered.last;
}

static const char *error_of(const cJSON *answer)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "error"));

    return text != NULL ? text : "";
}

static void a_call_is_answered_once_and_later(void **state)
{
    cJSON *answer = ask("{\"command\": \"user add\", \"user\": \"alice\"}");

    (void)state;
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok")));
    assert_non_null(engine_find_user(runtime.engine, S("alice")));
    cJSON_Delete(answer);
}

static void calls_that_fail_say_why(void **state)
{
    static const struct {
        const char *request, *error;
    } cases[] = {
        { "{}", "there is no command \"\"" },
        { "{\"command\": \"user\"}", "there is no command \"user\"" },
        { "{\"command\": \"user remove\", \"user\": \"x\"}", "there is no user \"x\"" },
        { "{\"command\": \"status\", \"user\": \"x\"}", "there is no user \"x\"" },
        { "{\"command\": \"password add\", \"user\": \"a\"}", "1 to 200 bytes" },
        { "{\"command\": \"password revoke\", \"user\": \"a\", \"id\": 1.5}", "no password 0" },
        { "{\"command\": \"account link\", \"user\": \"a\"}", "an access token is needed" },
        { "{\"command\": \"account set\", \"user\": \"a\", \"id\": 9007199254740993e9}",
            "no account 0" },
        { "{\"command\": \"sync\", \"user\": \"a\", \"id\": 3}", "no account 3" },
    };

    (void)state;
    cJSON_Delete(ask("{\"command\": \"user add\", \"user\": \"a\"}"));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cJSON *answer = ask(cases[i].request);

        assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(answer, "ok")));
        if (strstr(error_of(answer), cases[i].error) == NULL) {
            fail_msg("%s: %s", cases[i].request, error_of(answer));
        }
        cJSON_Delete(answer);
    }
}

static void an_abandoned_call_is_done_all_the_same(void **state)
{
    cJSON *json = cJSON_Parse("{\"command\": \"user add\", \"user\": \"bob\"}");
    struct control_call *call;

    (void)state;
    answered.calls = 0;
    call = control_start(&runtime, json, on_answer, NULL);
    control_abandon(&call);
    assert_null(call);
    cJSON_Delete(json);
    cJSON_Delete(ask("{\"command\": \"user add\", \"user\": \"carol\"}")); /* behind it */
    assert_non_null(engine_find_user(runtime.engine, S("bob")));
}

/* --- the socket --------------------------------------------------------------------------- */

static int connected(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void on_readable(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

/* Run the loop until something can be read; returns how much was. */
static ssize_t received(int fd, char *out, size_t room)
{
    struct loop_watch *watch = loop_watch_readable(loop, fd, on_readable, NULL);

    loop_run(loop);
    loop_unwatch(&watch);
    return recv(fd, out, room, MSG_DONTWAIT);
}

static void requests_wait_until_the_start(void **state)
{
    struct control_server *server;
    char bytes[200];
    struct err err;
    int fd;

    (void)state;
    assert_true(control_server_new(&runtime, socket_path, &server, &err));
    fd = connected();
    assert_int_equal(send(fd, "{\"command\":\"user list\"}\n", 24, 0), 24);
    control_server_start(server);
    assert_int_equal(received(fd, bytes, sizeof(bytes)), strlen("{\"users\":[],\"ok\":true}\n"));
    control_server_free(&server);
    assert_int_equal(received(fd, bytes, sizeof(bytes)), 0);
    assert_int_equal(access(socket_path, F_OK), -1);
    close(fd);
}

static void a_large_answer_waits_for_its_reader(void **state)
{
    struct control_server *server;
    static char bytes[1 << 20];
    size_t asked = 0, lines = 0;
    struct err err;
    int fd;

    (void)state;
    for (int i = 0; i < 100; i++) {
        char request[100];

        snprintf(request, sizeof(request), "{\"command\":\"user add\",\"user\":\"%064d\"}", i);
        cJSON_Delete(ask(request));
    }
    assert_true(control_server_new(&runtime, socket_path, &server, &err));
    control_server_start(server);
    fd = connected();
    for (; asked < 200; asked++) { /* some megabytes of answers */
        assert_int_equal(send(fd, "{\"command\":\"user list\"}\n", 24, 0), 24);
    }
    while (lines < asked) {
        ssize_t n = received(fd, bytes, sizeof(bytes));

        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++) {
            lines += bytes[i] == '\n';
        }
    }
    close(fd);
    control_server_free(&server);
}

static void a_client_that_goes_harms_nobody(void **state)
{
    struct control_server *server;
    struct err err;
    int fd;

    (void)state;
    assert_true(control_server_new(&runtime, socket_path, &server, &err));
    control_server_start(server);
    fd = connected();
    assert_int_equal(send(fd, "{\"command\":\"user add\",\"user\":\"d\"}\n", 34, 0), 34);
    close(fd);
    fd = connected();
    assert_int_equal(send(fd, "{\"command\":\"user list\"}\n", 24, 0), 24);
    assert_true(received(fd, (char[999]){ 0 }, 999) > 0);
    cJSON_Delete(ask("{\"command\": \"user add\", \"user\": \"e\"}")); /* behind the first */
    assert_non_null(engine_find_user(runtime.engine, S("d")));
    close(fd);
    control_server_free(&server);
}

static void a_long_path_is_refused(void **state)
{
    struct control_server *server;
    char path[200];
    struct err err;

    (void)state;
    snprintf(path, sizeof(path), "%s/%0100d.sock", scratch, 1);
    assert_false(control_server_new(&runtime, path, &server, &err));
    assert_int_equal(err.kind, ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_is_answered_once_and_later, start, end),
        cmocka_unit_test_setup_teardown(calls_that_fail_say_why, start, end),
        cmocka_unit_test_setup_teardown(an_abandoned_call_is_done_all_the_same, start, end),
        cmocka_unit_test_setup_teardown(requests_wait_until_the_start, start, end),
        cmocka_unit_test_setup_teardown(a_large_answer_waits_for_its_reader, start, end),
        cmocka_unit_test_setup_teardown(a_client_that_goes_harms_nobody, start, end),
        cmocka_unit_test_setup_teardown(a_long_path_is_refused, start, end),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
