#include "tests/unit/http/script_server.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 256

struct answer {
    char *text;
    enum script_then then;
};

struct connection {
    struct script *script;
    struct loop_watch *watch;
    int fd;
    struct buf in;
    bool is_waiting; /**< a request is here and has no answer yet */
};

struct script {
    struct loop *loop;
    struct loop_watch *watch;
    int fd;
    char url[64];
    struct answer answers[MOST];
    size_t answer_count, next_answer;
    char *requests[MOST];
    size_t request_count, stop_at;
    struct connection *connections[MOST];
    size_t connection_count;
    size_t open, most_open;
    bool is_holding;
};

static void hang_up(struct connection *connection)
{
    if (connection->fd >= 0) {
        loop_unwatch(&connection->watch);
        close(connection->fd);
        connection->fd = -1;
    }
}

static void answer(struct connection *connection)
{
    struct script *script = connection->script;

    assert(script->next_answer < script->answer_count);
    struct answer *next = &script->answers[script->next_answer++];

    connection->is_waiting = false;
    script->open--;
    if (next->text != NULL) {
        size_t n = strlen(next->text);
        ssize_t sent = send(connection->fd, next->text, n, MSG_NOSIGNAL);

        assert(sent == (ssize_t)n);
        (void)sent;
    }
    if (next->then == SCRIPT_CLOSE) {
        hang_up(connection);
    }
}

/* Length of the request at the start of the buffer; 0 while it is not all there. */
static size_t request_length(struct str in)
{
    size_t head = str_find(in, S("\r\n\r\n"));
    size_t at = str_find(in, S("\r\nContent-Length: "));
    size_t body = 0;

    if (head == SIZE_MAX) {
        return 0;
    }
    if (at < head) {
        body = strtoul(in.p + at + 18, NULL, 10);
    }
    return in.n >= head + 4 + body ? head + 4 + body : 0;
}

static void on_bytes(void *arg)
{
    struct connection *connection = (struct connection *)arg;
    struct script *script = connection->script;
    char bytes[65536];
    ssize_t n = recv(connection->fd, bytes, sizeof(bytes), 0);
    size_t length;

    if (n <= 0) {
        hang_up(connection);
        return;
    }
    buf_put(&connection->in, (struct str){ bytes, (size_t)n });
    length = request_length(buf_str(&connection->in));
    if (length == 0) {
        return;
    }
    assert(length == connection->in.n && script->request_count < MOST);
    script->requests[script->request_count++] = mem_copy_text(connection->in.p, length);
    buf_clear(&connection->in);
    connection->is_waiting = true;
    script->open++;
    if (script->open > script->most_open) {
        script->most_open = script->open;
    }
    if (!script->is_holding) {
        answer(connection);
    }
    if (script->request_count == script->stop_at) {
        loop_stop(script->loop);
    }
}

static void on_connection(void *arg)
{
    struct script *script = (struct script *)arg;
    struct connection *connection = (struct connection *)mem_alloc(sizeof(*connection));

    connection->script = script;
    connection->fd = accept(script->fd, NULL, NULL);
    assert(connection->fd >= 0 && script->connection_count < MOST);
    buf_init(&connection->in, (size_t)8 << 20);
    connection->watch = loop_watch_readable(script->loop, connection->fd, on_bytes, connection);
    script->connections[script->connection_count++] = connection;
}

struct script *script_new(struct loop *loop)
{
    struct script *script = (struct script *)mem_alloc(sizeof(*script));
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t n = sizeof(address);
    int result;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    script->loop = loop;
    script->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    result = bind(script->fd, (struct sockaddr *)&address, n);
    assert(result == 0);
    result = listen(script->fd, 64);
    assert(result == 0);
    result = getsockname(script->fd, (struct sockaddr *)&address, &n);
    assert(result == 0);
    (void)result;
    snprintf(script->url, sizeof(script->url), "http://127.0.0.1:%u/", ntohs(address.sin_port));
    script->watch = loop_watch_readable(loop, script->fd, on_connection, script);
    return script;
}

void script_free(struct script **script_in)
{
    struct script *script = TAKE(*script_in);

    for (size_t i = 0; i < script->connection_count; i++) {
        hang_up(script->connections[i]);
        buf_done(&script->connections[i]->in);
        mem_free(script->connections[i]);
    }
    for (size_t i = 0; i < script->answer_count; i++) {
        mem_free(script->answers[i].text);
    }
    for (size_t i = 0; i < script->request_count; i++) {
        mem_free(script->requests[i]);
    }
    loop_unwatch(&script->watch);
    close(script->fd);
    mem_free(script);
}

struct str script_url(const struct script *script)
{
    return str_from(script->url);
}

void script_add(struct script *script, const char *text, enum script_then then)
{
    assert(script->answer_count < MOST);
    script->answers[script->answer_count++] = (struct answer){
        text != NULL ? mem_copy_text(text, strlen(text)) : NULL,
        then,
    };
}

void script_add_json(
    struct script *script, const char *status, const char *headers, const char *json)
{
    CLEANUP(buf_done) struct buf text;

    buf_init(&text, (size_t)8 << 20);
    buf_printf(&text,
        "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n%s", status,
        strlen(json), headers, json);
    script_add(script, text.p, SCRIPT_KEEP);
}

void script_stop_at(struct script *script, size_t requests)
{
    script->stop_at = requests;
}

size_t script_requests(const struct script *script)
{
    return script->request_count;
}

size_t script_connections(const struct script *script)
{
    return script->connection_count;
}

const char *script_request(const struct script *script, size_t index)
{
    assert(index < script->request_count);
    return script->requests[index];
}

size_t script_most_open(const struct script *script)
{
    return script->most_open;
}

void script_hold(struct script *script)
{
    script->is_holding = true;
}

void script_release_one(struct script *script)
{
    for (size_t i = 0; i < script->connection_count; i++) {
        if (script->connections[i]->is_waiting) {
            answer(script->connections[i]);
            return;
        }
    }
}

void script_release(struct script *script)
{
    script->is_holding = false;
    for (size_t i = 0; i < script->connection_count; i++) {
        if (script->connections[i]->is_waiting) {
            answer(script->connections[i]);
        }
    }
}
