#include "tests/unit/http/server_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/core/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct err listen_error(struct fixture *fixture, const char *address)
{
    char bound[128];
    struct err err = { 0 };

    if (http_server_listen(fixture->server, str_from(address), bound, &err)) {
        fail_msg("listens at %s", address);
    }
    return err;
}

static void ask_for_peer(struct fixture *fixture, const char *address, const char *want)
{
    struct peer peer;

    peer_open(&peer, fixture->loop, address);
    peer_send(&peer, GET("/peer"));
    peer_wait_for(&peer, want);
    peer_close(&peer);
}

static void addresses_of_three_kinds_are_listened_at(void **state)
{
    struct fixture *fixture = *state;
    struct err err;
    char bound[128];

    assert_true(str_has_prefix(str_from(fixture->address), S("127.0.0.1:")));
    assert_string_not_equal(fixture->address, "127.0.0.1:0");
    ask_for_peer(fixture, fixture->address, "\r\n\r\n127.0.0.1");
    if (http_server_listen(fixture->server, S("[::1]:0"), bound, &err)) { /* if there is IPv6 */
        assert_true(str_has_prefix(str_from(bound), S("[::1]:")));
        ask_for_peer(fixture, bound, "\r\n\r\n::1");
    }
}

static void odd_addresses_are_refused(void **state)
{
    static const char *const cases[] = { "", ":", "80", "127.0.0.1", "127.0.0.1:", ":80",
        "localhost:80", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x", "::1:80", "[::1]",
        "[::1]80", "[::1:80", "[127.0.0.1]:80", "1.2.3:80", "unix:", " 127.0.0.1:80" };
    struct fixture *fixture = *state;
    char longer[300] = "unix:/";

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(listen_error(fixture, cases[i]).kind, ERR_INVALID);
    }
    memset(longer + 6, 'x', sizeof(longer) - 7);
    assert_int_equal(listen_error(fixture, longer).kind, ERR_INVALID);
    struct err err = listen_error(fixture, fixture->address);
    assert_int_equal(err.kind, ERR_INTERNAL);
    assert_int_equal(err.code, EADDRINUSE);
}

static void a_unix_socket_is_private_to_its_group_and_goes_with_the_server(void **state)
{
    struct fixture *fixture = *state;
    char folder[] = "/tmp/duedav-test-XXXXXX";
    char address[64];
    char bound[128];
    struct stat status;
    struct err err;

    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof(address), "unix:%s/http", folder);
    const char *path = address + 5;
    /* one that a killed process left behind */
    struct sockaddr_un stale = { .sun_family = AF_UNIX };
    strncpy(stale.sun_path, path, sizeof(stale.sun_path) - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&stale, sizeof(stale)), 0);
    close(fd);
    if (!http_server_listen(fixture->server, str_from(address), bound, &err)) {
        fail_msg("%s", err.text);
    }
    assert_string_equal(bound, address);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
    ask_for_peer(fixture, address, "\r\n\r\nunix");
    assert_int_equal(listen_error(fixture, address).code, EADDRINUSE); /* somebody listens */
    ask_for_peer(fixture, address, "\r\n\r\nunix");
    http_server_free(&fixture->server);
    assert_int_not_equal(stat(path, &status), 0);
    rmdir(folder);
}

static void another_file_is_never_replaced_by_a_socket(void **state)
{
    struct fixture *fixture = *state;
    char path[] = "/tmp/duedav-test-XXXXXX";
    char address[64];
    struct stat status;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    close(fd);
    snprintf(address, sizeof(address), "unix:%s", path);
    assert_int_equal(listen_error(fixture, address).kind, ERR_INTERNAL);
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISREG(status.st_mode));
    unlink(path);
}

static void connections_beyond_the_bounds_are_closed_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct peer peers[4];

    fixture_done(fixture);
    fixture_init(fixture);
    fixture->limits.per_address = 3; /* the probe is one of them */
    fixture->limits.connections = 4;
    fixture_start(fixture);
    fixture_settle(fixture);
    for (int i = 0; i < 3; i++) {
        peer_open(&peers[i], fixture->loop, fixture->address);
    }
    peer_wait_for_end(&peers[2]);
    assert_int_equal(http_server_counts(fixture->server).refused, 1);
    peer_close(&peers[2]);
    http_server_exempt(fixture->server, S("127.0.0.1"));
    peer_open(&peers[2], fixture->loop, fixture->address);
    peer_open(&peers[3], fixture->loop, fixture->address);
    peer_wait_for_end(&peers[3]); /* the bound over all has no exemptions */
    peer_send(&peers[2], GET("/"));
    peer_wait_for(&peers[2], "hello");
    struct http_server_counts counts = http_server_counts(fixture->server);
    assert_int_equal(counts.refused, 2);
    assert_int_equal(counts.accepted, 4);
    assert_int_equal(counts.connections, 4);
    for (int i = 0; i < 4; i++) {
        peer_close(&peers[i]);
    }
    fixture_settle(fixture);
    assert_int_equal(http_server_counts(fixture->server).connections, 1);
}

static void running_out_of_descriptors_does_not_spin(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before;
    struct peer peer;

    fixture_settle(fixture);
    peer_open(&peer, fixture->loop, fixture->address);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = { .rlim_cur = (rlim_t)peer.fd + 1, .rlim_max = before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int i = 0; i < 10; i++) {
        fixture_settle(fixture);
    }
    assert_int_equal(http_server_counts(fixture->server).accept_failures, 1);
    fixture_advance(fixture, 100);
    fixture_settle(fixture);
    assert_int_equal(http_server_counts(fixture->server).accept_failures, 2);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    fixture_advance(fixture, 100);
    peer_send(&peer, GET("/"));
    peer_wait_for(&peer, "hello");
    assert_int_equal(http_server_counts(fixture->server).accept_failures, 2);
    peer_close(&peer);
}

static void a_flood_of_connections_leaves_turns_to_others(void **state)
{
    enum {
        WAITING = 100
    };
    struct fixture *fixture = *state;
    struct peer peers[WAITING];
    size_t accepted = 0, turns = 0;

    for (int i = 0; i < WAITING; i++) {
        peer_open(&peers[i], fixture->loop, fixture->address);
    }
    while (accepted < WAITING) {
        fixture_turn(fixture);
        size_t now = http_server_counts(fixture->server).accepted;
        assert_in_range(now, accepted + 1, accepted + WAITING - 1);
        accepted = now;
        turns++;
    }
    assert_true(turns > 1);
    for (int i = 0; i < WAITING; i++) {
        peer_close(&peers[i]);
    }
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(addresses_of_three_kinds_are_listened_at),
        SERVER_TEST(odd_addresses_are_refused),
        SERVER_TEST(a_unix_socket_is_private_to_its_group_and_goes_with_the_server),
        SERVER_TEST(another_file_is_never_replaced_by_a_socket),
        SERVER_TEST(connections_beyond_the_bounds_are_closed_at_once),
        SERVER_TEST(running_out_of_descriptors_does_not_spin),
        SERVER_TEST(a_flood_of_connections_leaves_turns_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
