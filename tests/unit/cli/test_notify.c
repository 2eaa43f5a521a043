#include "bridge/cli/notify.h"

#include <stddef.h>
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

/* name: as in $NOTIFY_SOCKET */
static void expect_news(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char bytes[100];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, name, strlen(name));
    if (*name == '@') {
        address.sun_path[0] = '\0';
    }
    assert_int_equal(bind(fd, (struct sockaddr *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
        0);
    setenv("NOTIFY_SOCKET", name, 1);
    notify_systemd("READY=1");
    assert_int_equal(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT), 7);
    assert_memory_equal(bytes, "READY=1", 7);
    close(fd);
}

static void news_arrive_at_a_path_and_at_an_abstract_name(void **state)
{
    char name[64];

    (void)state;
    snprintf(name, sizeof(name), "/tmp/duedav-notify-%d", (int)getpid());
    expect_news(name);
    unlink(name);
    snprintf(name, sizeof(name), "@duedav-notify-%d", (int)getpid());
    expect_news(name);
}

static void without_a_listener_nothing_happens(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    notify_systemd("READY=1");
    setenv("NOTIFY_SOCKET", "/tmp/duedav-nobody-listens", 1);
    notify_systemd("READY=1");
    setenv("NOTIFY_SOCKET", "", 1);
    notify_systemd("READY=1");
    setenv("NOTIFY_SOCKET", "vsock:1:2", 1);
    notify_systemd("READY=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(news_arrive_at_a_path_and_at_an_abstract_name),
        cmocka_unit_test(without_a_listener_nothing_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
