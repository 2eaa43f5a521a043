#include "http/server_internal.h"

#include "bridge/core/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX_PREFIX S("unix:")
#define BACKLOG     1024
/** How long accepting rests when descriptors or memory for sockets have run out. */
#define ACCEPT_PAUSE_MS 100
/** Connections taken between two pauses: libevent goes on for as long as more come, and nobody else
 * is served meanwhile. */
#define ACCEPTS_AT_ONCE 32

union socket_address {
    struct sockaddr any;
    struct sockaddr_in ip4;
    struct sockaddr_in6 ip6;
    struct sockaddr_un local;
};

static void on_accept(struct evconnlistener *events, evutil_socket_t fd, struct sockaddr *peer,
    int peer_bytes, void *arg)
{
    struct http_listener *listener = arg;
    struct http_address *address;

    (void)peer_bytes;
    if (++listener->accepted == ACCEPTS_AT_ONCE) {
        evconnlistener_disable(events);
        loop_timer_start(&listener->pause, 0);
    }
    if (http_server_admit(
            listener->server, listener->socket_path == NULL ? peer : NULL, &address)) {
        http_conn_start(listener->server, fd, address);
    } else {
        close(fd);
    }
}

/** The waiting connection stays in the queue, so that accepting at once would fail for ever. */
static void on_accept_error(struct evconnlistener *events, void *arg)
{
    struct http_listener *listener = arg;

    listener->server->counts.accept_failures++;
    evconnlistener_disable(events);
    loop_timer_start(&listener->pause, ACCEPT_PAUSE_MS);
}

static void on_pause_over(void *arg)
{
    struct http_listener *listener = arg;

    listener->accepted = 0;
    evconnlistener_enable(listener->events);
}

void http_listener_free(struct http_listener **listener)
{
    loop_timer_stop(&(*listener)->pause);
    if ((*listener)->events != NULL) {
        evconnlistener_free((*listener)->events);
    }
    if ((*listener)->socket_path != NULL) {
        unlink((*listener)->socket_path);
        mem_free((*listener)->socket_path);
    }
    mem_free(*listener);
    *listener = NULL;
}

/** "127.0.0.1:80" or "[::1]:80" */
static bool parse_ip(struct str text, union socket_address *out, int *bytes_out)
{
    char host[INET6_ADDRSTRLEN];
    bool is_ip6 = str_has_prefix(text, S("["));
    size_t end = str_find_char(text, is_ip6 ? ']' : ':');
    uint64_t port;

    if (end == SIZE_MAX || end >= sizeof(host)) {
        return false;
    }
    struct str port_text = str_skip(text, is_ip6 ? end + 1 : end);
    if (!str_has_prefix(port_text, S(":")) || !str_to_u64(str_skip(port_text, 1), &port) ||
        port > UINT16_MAX) {
        return false;
    }
    snprintf(host, sizeof(host), "%.*s", STR_ARG(str_skip(str_first(text, end), is_ip6 ? 1 : 0)));
    if (is_ip6) {
        out->ip6 =
            (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
        *bytes_out = (int)sizeof(out->ip6);
        return inet_pton(AF_INET6, host, &out->ip6.sin6_addr) == 1;
    }
    out->ip4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    *bytes_out = (int)sizeof(out->ip4);
    return inet_pton(AF_INET, host, &out->ip4.sin_addr) == 1;
}

static bool parse_unix(struct str path, union socket_address *out, int *bytes_out)
{
    if (path.n == 0 || path.n >= sizeof(out->local.sun_path) ||
        str_find_char(path, '\0') != SIZE_MAX) {
        return false;
    }
    out->local = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(out->local.sun_path, path.p, path.n);
    *bytes_out = (int)sizeof(out->local);
    return true;
}

static bool fail(struct err *err, const char *what)
{
    int code = errno;

    return err_set_code(err, ERR_INTERNAL, code, "%s: %s", what, strerror(code));
}

/** Take away a socket file that nobody listens behind. */
static bool remove_stale_socket(const union socket_address *address, struct err *err)
{
    struct stat status;

    if (lstat(address->local.sun_path, &status) != 0) {
        return errno == ENOENT || fail(err, "socket file");
    }
    if (!S_ISSOCK(status.st_mode)) {
        return err_set(err, ERR_INTERNAL, "socket file: there is another file of that name");
    }
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) {
        return fail(err, "socket");
    }
    bool is_alive = connect(probe, &address->any, sizeof(address->local)) == 0 || errno == EAGAIN;
    close(probe);
    if (is_alive) {
        return err_set_code(err, ERR_INTERNAL, EADDRINUSE, "socket file: somebody listens there");
    }
    return unlink(address->local.sun_path) == 0 || fail(err, "stale socket file");
}

static bool bind_socket(int fd, const union socket_address *address, int bytes, struct err *err)
{
    const int on = 1;
    bool is_unix = address->any.sa_family == AF_UNIX;

    if (is_unix) {
        if (!remove_stale_socket(address, err)) {
            return false;
        }
        fchmod(fd, 0600); /* the file is made with this mode: closed until chmod below opens it */
    } else {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    if (address->any.sa_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(fd, &address->any, (socklen_t)bytes) != 0) {
        return fail(err, "bind");
    }
    return !is_unix || chmod(address->local.sun_path, 0660) == 0 || fail(err, "socket file");
}

static void format_bound(int fd, const struct http_listener *listener, char out[128])
{
    union socket_address bound = { 0 };

    socklen_t bytes = sizeof(bound);
    char host[INET6_ADDRSTRLEN] = "";
    if (listener->socket_path != NULL) {
        snprintf(out, 128, "unix:%s", listener->socket_path);
        return;
    }
    getsockname(fd, &bound.any, &bytes);
    if (bound.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &bound.ip6.sin6_addr, host, sizeof(host));
        snprintf(out, 128, "[%s]:%u", host, (unsigned)ntohs(bound.ip6.sin6_port));
    } else {
        inet_ntop(AF_INET, &bound.ip4.sin_addr, host, sizeof(host));
        snprintf(out, 128, "%s:%u", host, (unsigned)ntohs(bound.ip4.sin_port));
    }
}

static struct http_listener *listener_new(struct http_server *server)
{
    struct http_listener *listener = mem_alloc(sizeof(*listener));

    listener->server = server;
    loop_timer_init(&listener->pause, server->loop, on_pause_over, listener);
    return listener;
}

bool http_server_listen(
    struct http_server *server, struct str address, char bound_out[128], struct err *err)
{
    union socket_address parsed;
    int bytes;
    bool is_unix = str_has_prefix(address, UNIX_PREFIX);

    if (!(is_unix ? parse_unix(str_skip(address, UNIX_PREFIX.n), &parsed, &bytes)
                  : parse_ip(address, &parsed, &bytes))) {
        return err_set(err, ERR_INVALID,
            "listen address '%.*s': want a numeric ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH",
            STR_ARG(str_first(address, 120)));
    }
    int fd = socket(parsed.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail(err, "socket");
    }
    if (!bind_socket(fd, &parsed, bytes, err)) {
        close(fd);
        return err_wrap(err, "listen address '%.*s'", STR_ARG(str_first(address, 120)));
    }
    struct http_listener *listener = listener_new(server);
    if (is_unix) {
        listener->socket_path = mem_copy_text(parsed.local.sun_path, strlen(parsed.local.sun_path));
    }
    listener->events = evconnlistener_new(loop_base(server->loop), on_accept, listener,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
    if (listener->events == NULL) {
        fail(err, "listen");
        close(fd);
        http_listener_free(&listener);
        return err_wrap(err, "listen address '%.*s'", STR_ARG(str_first(address, 120)));
    }
    evconnlistener_set_error_cb(listener->events, on_accept_error);
    format_bound(fd, listener, bound_out);
    listener->next = server->listeners;
    server->listeners = listener;
    return true;
}
