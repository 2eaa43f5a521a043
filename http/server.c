#include "http/server.h"

#include "bridge/core/mem.h"
#include "http/date.h"
#include "http/server_internal.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>

const struct http_server_limits http_server_default_limits = {
    .request_line = 8 * 1024,
    .headers = 32 * 1024,
    .header_count = 100,
    .body = 4 * 1024 * 1024,
    .buffered = 64 * 1024 * 1024,
    .connections = 10000,
    .per_address = 200,
    .header_timeout_ms = 20 * 1000,
    .body_timeout_ms = 30 * 1000,
    .body_total_ms = 5 * 60 * 1000,
    .write_timeout_ms = 60 * 1000,
    .idle_timeout_ms = 120 * 1000,
    .pipelined = 64 * 1024,
};

static void on_grace_over(void *arg)
{
    struct http_server *server = arg;

    while (server->conns != NULL) {
        http_conn_free(server->conns); /* the last one ends the stop */
    }
}

struct http_server *http_server_new(struct loop *loop, const struct http_server_limits *limits,
    http_handler *handler, http_done_cb *done_cb, void *arg)
{
    struct http_server *server = mem_alloc(sizeof(*server));

    server->loop = loop;
    server->limits = *limits;
    server->handler = handler;
    server->done_cb = done_cb;
    server->arg = arg;
    server->date_s = INT64_MIN;
    table_init(&server->addresses);
    loop_timer_init(&server->grace, loop, on_grace_over, server);
    return server;
}

void http_server_check_heads(struct http_server *server, http_head_cb *head_cb)
{
    server->head_cb = head_cb;
}

static void close_listeners(struct http_server *server)
{
    while (server->listeners != NULL) {
        struct http_listener *listener = server->listeners;
        server->listeners = listener->next;
        http_listener_free(&listener);
    }
}

void http_server_free(struct http_server **server)
{
    struct http_server *dying = *server;

    if (dying == NULL) {
        return;
    }
    close_listeners(dying);
    while (dying->conns != NULL) {
        http_conn_free(dying->conns);
    }
    for (struct http_exchange *orphan = dying->orphans; orphan != NULL; orphan = orphan->next) {
        orphan->server = NULL;
    }
    size_t cursor = 0;
    struct http_address *address;
    while ((address = table_next(&dying->addresses, &cursor)) != NULL) {
        table_remove(&dying->addresses, str_from(address->text));
        mem_free(address);
    }
    table_done(&dying->addresses);
    loop_timer_stop(&dying->grace);
    mem_free(dying);
    *server = NULL;
}

static void end_stop(struct http_server *server)
{
    loop_cb *cb = TAKE(server->stop_cb);

    loop_timer_stop(&server->grace);
    if (cb != NULL) {
        loop_post(server->loop, cb, server->stop_arg);
    }
}

void http_server_stop(struct http_server *server, int64_t grace_ms, loop_cb *cb, void *arg)
{
    assert(!server->is_stopping);
    server->is_stopping = true;
    server->stop_cb = cb;
    server->stop_arg = arg;
    close_listeners(server);
    struct http_conn *next;
    for (struct http_conn *conn = server->conns; conn != NULL; conn = next) {
        next = conn->next;
        if (conn->state == CONN_IDLE) {
            http_conn_free(conn);
        }
    }
    if (server->conns == NULL) {
        end_stop(server);
    } else {
        loop_timer_start(&server->grace, grace_ms);
    }
}

struct http_server_counts http_server_counts(const struct http_server *server)
{
    return server->counts;
}

const char *http_server_date(struct http_server *server)
{
    int64_t now_s = clock_now_s();

    if (server->date_s != now_s) {
        server->date_s = now_s;
        http_date_format(now_s, server->date);
    }
    return server->date;
}

/** Numeric text; an IPv4 address that came through an IPv6 socket is written as IPv4. */
static void format_peer(const struct sockaddr *peer, char out[HTTP_PEER_TEXT])
{
    if (peer->sa_family == AF_INET6) {
        const struct in6_addr *address =
            &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(address)) {
            inet_ntop(AF_INET, &address->s6_addr[12], out, HTTP_PEER_TEXT);
        } else {
            inet_ntop(AF_INET6, address, out, HTTP_PEER_TEXT);
        }
    } else {
        const struct in_addr *address = &((const struct sockaddr_in *)(const void *)peer)->sin_addr;
        inet_ntop(AF_INET, address, out, HTTP_PEER_TEXT);
    }
}

static struct http_address *find_or_add_address(struct http_server *server, struct str text)
{
    struct http_address *address = table_find(&server->addresses, text);

    if (address == NULL) {
        address = mem_alloc(sizeof(*address));
        for (size_t i = 0; i < text.n && i + 1 < sizeof(address->text); i++) {
            address->text[i] = text.p[i];
        }
        table_put(&server->addresses, str_from(address->text), address);
    }
    return address;
}

static void forget_address(struct http_server *server, struct http_address *address)
{
    if (address->count == 0 && !address->is_exempt) {
        table_remove(&server->addresses, str_from(address->text));
        mem_free(address);
    }
}

void http_server_exempt(struct http_server *server, struct str address)
{
    assert(address.n < HTTP_PEER_TEXT);
    find_or_add_address(server, address)->is_exempt = true;
}

bool http_server_admit(
    struct http_server *server, const struct sockaddr *peer, struct http_address **address_out)
{
    struct http_address *address = NULL;

    if (peer != NULL) {
        char text[HTTP_PEER_TEXT];
        format_peer(peer, text);
        address = find_or_add_address(server, str_from(text));
    }
    bool is_over =
        server->counts.connections >= server->limits.connections ||
        (address != NULL && !address->is_exempt && address->count >= server->limits.per_address);
    if (is_over) {
        server->counts.refused++;
        if (address != NULL) {
            forget_address(server, address);
        }
        return false;
    }
    server->counts.accepted++;
    server->counts.connections++;
    if (address != NULL) {
        address->count++;
    }
    *address_out = address;
    return true;
}

void http_server_release(struct http_server *server, struct http_address *address)
{
    server->counts.connections--;
    if (address != NULL) {
        address->count--;
        forget_address(server, address);
    }
    if (server->is_stopping && server->conns == NULL) {
        end_stop(server);
    }
}
