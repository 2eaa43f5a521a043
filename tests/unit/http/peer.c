#include "tests/unit/http/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/** Is what is waited for in the bytes from `from` on? */
static bool has_wanted(const struct peer *peer, size_t from)
{
    return peer->wanted != NULL &&
           str_find(str_skip(buf_str(&peer->in), from), str_from(peer->wanted)) != SIZE_MAX;
}

static void on_readable(void *arg)
{
    struct peer *peer = arg;
    char bytes[65536];
    ssize_t n = recv(peer->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    size_t wanted_bytes = peer->wanted != NULL ? strlen(peer->wanted) : 0;
    size_t from = peer->in.n > wanted_bytes ? peer->in.n - wanted_bytes : 0;

    if (n > 0) {
        buf_put(&peer->in, (struct str){ bytes, (size_t)n });
        peer->total += (uint64_t)n;
    } else if (n == 0 || errno != EAGAIN) {
        peer->is_eof = true;
        peer->is_reset = n < 0;
        loop_unwatch(&peer->watch);
    }
    if (peer->is_waiting && (peer->is_eof || has_wanted(peer, from))) {
        peer->is_waiting = false;
        loop_stop(peer->loop);
    }
}

void peer_open(struct peer *peer, struct loop *loop, const char *address)
{
    const char *colon = strrchr(address, ':');
    int result;

    *peer = (struct peer){ .loop = loop };
    buf_init(&peer->in, 1 << 28);
    buf_put_text(&peer->in, "");
    if (strncmp(address, "unix:", 5) == 0) {
        struct sockaddr_un to = { .sun_family = AF_UNIX };
        strncpy(to.sun_path, address + 5, sizeof(to.sun_path) - 1);
        peer->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        result = connect(peer->fd, (struct sockaddr *)&to, sizeof(to));
    } else if (address[0] == '[') {
        struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
        to.sin6_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
        peer->fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        result = connect(peer->fd, (struct sockaddr *)&to, sizeof(to));
    } else {
        struct sockaddr_in to = { .sin_family = AF_INET };
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
        peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        result = connect(peer->fd, (struct sockaddr *)&to, sizeof(to));
    }
    assert_int_equal(result, 0);
    peer_read_on(peer);
}

void peer_close(struct peer *peer)
{
    loop_unwatch(&peer->watch);
    close(peer->fd);
    buf_done(&peer->in);
}

void peer_reset(struct peer *peer)
{
    const struct linger at_once = { .l_onoff = 1 };

    setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    peer_close(peer);
}

size_t peer_send_some(struct peer *peer, const char *p, size_t n)
{
    ssize_t sent = send(peer->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

    return sent > 0 ? (size_t)sent : 0;
}

void peer_send(struct peer *peer, const char *text)
{
    assert_int_equal(peer_send_some(peer, text, strlen(text)), strlen(text));
}

void peer_stop_reading(struct peer *peer)
{
    loop_unwatch(&peer->watch);
}

void peer_read_on(struct peer *peer)
{
    peer->watch = loop_watch_readable(peer->loop, peer->fd, on_readable, peer);
}

bool peer_gets(struct peer *peer, const char *text)
{
    peer->wanted = text;
    if (!peer->is_eof && !has_wanted(peer, 0)) {
        peer->is_waiting = true;
        loop_run(peer->loop);
    }
    return has_wanted(peer, 0);
}

void peer_wait_for(struct peer *peer, const char *text)
{
    if (!peer_gets(peer, text)) {
        fail_msg("no '%s' in '%s'", text, peer->in.p);
    }
}

void peer_wait_for_end(struct peer *peer)
{
    peer_gets(peer, NULL);
    assert_true(peer->is_eof);
}

bool peer_has(const struct peer *peer, const char *text)
{
    return str_find(buf_str(&peer->in), str_from(text)) != SIZE_MAX;
}

void peer_forget(struct peer *peer)
{
    buf_clear(&peer->in);
}
