#include "bridge/cli/control_server.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_LINE        ((size_t)64 * 1024)
#define MAX_ANSWER      ((size_t)64 * 1024 * 1024)
#define MAX_CONNECTIONS 64
#define BACKLOG         16

struct connection {
    struct control_server *server;
    struct connection *next;
    int fd;
    struct loop_watch *readable; /**< NULL once the other end has sent all */
    struct loop_watch *writable; /**< while something waits to be written */
    struct buf in;
    struct buf out;
    size_t written; /**< of out */
    bool is_broken; /**< a line could not be written whole: to be closed */
    struct control_call *call;
};

struct control_server {
    struct runtime *runtime;
    int fd;
    char *path;
    struct loop_watch *watch;
    struct connection *connections;
    unsigned count;
};

static void connection_free(struct connection *connection)
{
    struct control_server *server = connection->server;
    struct connection **place = &server->connections;

    while (*place != connection) {
        place = &(*place)->next;
    }
    *place = connection->next;
    server->count--;
    control_abandon(&connection->call);
    loop_unwatch(&connection->readable);
    loop_unwatch(&connection->writable);
    close(connection->fd);
    buf_done(&connection->in);
    buf_done(&connection->out);
    mem_free(connection);
}

static void on_writable(void *arg);

/* Write what waits. False after the connection was freed, as it is when nothing more can come. */
static bool flush(struct connection *connection)
{
    if (connection->is_broken) {
        connection_free(connection);
        return false;
    }
    while (connection->written < connection->out.n) {
        ssize_t n = send(connection->fd, connection->out.p + connection->written,
            connection->out.n - connection->written, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (connection->writable == NULL) {
                connection->writable = loop_watch_writable(
                    connection->server->runtime->loop, connection->fd, on_writable, connection);
            }
            return true;
        }
        if (n < 0) {
            connection_free(connection);
            return false;
        }
        connection->written += (size_t)n;
    }
    buf_clear(&connection->out);
    connection->written = 0;
    loop_unwatch(&connection->writable);
    if (connection->readable == NULL && connection->call == NULL) {
        connection_free(connection);
        return false;
    }
    return true;
}

static void on_writable(void *arg)
{
    (void)flush(arg);
}

static void put_line(struct connection *connection, const cJSON *line)
{
    char *text = cJSON_PrintUnformatted(line);

    if (text != NULL) {
        buf_put_text(&connection->out, text);
        buf_put_char(&connection->out, '\n');
    }
    if (text == NULL || connection->out.is_full) {
        connection->is_broken = true; /* half a line would leave the other end waiting */
    }
    cJSON_free(text);
}

static void serve_next(struct connection *connection);

static void on_answer(const cJSON *line, bool is_last, void *arg)
{
    struct connection *connection = arg;

    put_line(connection, line);
    if (is_last) {
        connection->call = NULL;
        serve_next(connection);
    } else {
        (void)flush(connection);
    }
}

static void refuse(struct connection *connection, const char *why)
{
    cJSON *line = cJSON_CreateObject();

    cJSON_AddFalseToObject(line, "ok");
    cJSON_AddStringToObject(line, "error", why);
    put_line(connection, line);
    cJSON_Delete(line);
}

static void serve_line(struct connection *connection, struct str text)
{
    cJSON *request = NULL;

    if (str_is_utf8(text) && memchr(text.p, '\0', text.n) == NULL) {
        request = cJSON_ParseWithLength(text.p, text.n);
    }
    if (cJSON_IsObject(request)) {
        connection->call =
            control_start(connection->server->runtime, request, on_answer, connection);
    } else {
        refuse(connection, "this is no JSON object");
    }
    cJSON_Delete(request);
}

/* Take lines until one is being worked on; then send what there is to be sent. */
static void serve_next(struct connection *connection)
{
    size_t used = 0;

    while (connection->call == NULL) {
        struct str rest = str_skip(buf_str(&connection->in), used);
        size_t end = str_find_char(rest, '\n');

        if (end == SIZE_MAX) {
            break;
        }
        used += end + 1;
        if (str_trim(str_first(rest, end)).n > 0) {
            serve_line(connection, str_first(rest, end));
        }
    }
    if (used > 0) {
        char *tail = mem_copy_text(connection->in.p + used, connection->in.n - used);

        used = connection->in.n - used;
        buf_clear(&connection->in);
        buf_put(&connection->in, (struct str){ tail, used });
        mem_free(tail);
    }
    (void)flush(connection);
}

static void on_readable(void *arg)
{
    struct connection *connection = arg;
    char bytes[4096];
    ssize_t n = recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) {
        return;
    }
    if (n < 0) {
        connection_free(connection);
        return;
    }
    if (n == 0) { /* it may only have shut down its sending side */
        loop_unwatch(&connection->readable);
        (void)flush(connection);
        return;
    }
    buf_put(&connection->in, (struct str){ bytes, (size_t)n });
    if (connection->in.is_full) {
        connection_free(connection);
        return;
    }
    serve_next(connection);
}

static void on_accept(void *arg)
{
    struct control_server *server = arg;
    struct connection *connection;
    int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0) {
        return;
    }
    if (server->count >= MAX_CONNECTIONS) {
        close(fd);
        return;
    }
    connection = mem_alloc(sizeof(*connection));
    connection->server = server;
    connection->fd = fd;
    buf_init(&connection->in, MAX_LINE);
    buf_init(&connection->out, MAX_ANSWER);
    connection->readable = loop_watch_readable(server->runtime->loop, fd, on_readable, connection);
    connection->next = server->connections;
    server->connections = connection;
    server->count++;
}

/* fchmod before bind: the file never has another mode. */
static bool listen_at(int fd, const char *path, struct err *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t n = strlen(path);

    if (n >= sizeof(address.sun_path)) {
        return err_set(err, ERR_INVALID,
            "%s: a path of over %zu bytes can't be a socket; choose a shorter [store] url", path,
            sizeof(address.sun_path) - 1);
    }
    memcpy(address.sun_path, path, n);
    if (unlink(path) != 0 && errno != ENOENT) {
        return err_set_code(err, ERR_INTERNAL, errno, "%s: %s", path, strerror(errno));
    }
    if (fchmod(fd, 0600) != 0 ||
        bind(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)) != 0 ||
        listen(fd, BACKLOG) != 0) {
        return err_set_code(err, ERR_INTERNAL, errno, "%s: %s", path, strerror(errno));
    }
    return true;
}

bool control_server_new(
    struct runtime *runtime, const char *path, struct control_server **out, struct err *err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct control_server *server;

    if (fd < 0) {
        return err_set_code(err, ERR_INTERNAL, errno, "socket: %s", strerror(errno));
    }
    if (!listen_at(fd, path, err)) {
        close(fd);
        return false;
    }
    server = mem_alloc(sizeof(*server));
    server->runtime = runtime;
    server->fd = fd;
    server->path = mem_copy_text(path, strlen(path));
    *out = server;
    return true;
}

void control_server_start(struct control_server *server)
{
    server->watch = loop_watch_readable(server->runtime->loop, server->fd, on_accept, server);
}

void control_server_free(struct control_server **server)
{
    struct control_server *gone = TAKE(*server);

    if (gone == NULL) {
        return;
    }
    while (gone->connections != NULL) {
        connection_free(gone->connections);
    }
    loop_unwatch(&gone->watch);
    unlink(gone->path);
    close(gone->fd);
    mem_free(gone->path);
    mem_free(gone);
}
