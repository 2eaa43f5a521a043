#include "http/server_internal.h"

#include "bridge/core/mem.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>

/** A stream is asked for more when less than LOW waits to be written, until HIGH does. */
#define STREAM_LOW  (32 * 1024)
#define STREAM_HIGH (64 * 1024)
/** Shorter bodies go in a packet or two anyway. */
#define COMPRESS_MIN 1024

static struct http_exchange *exchange_of(struct http_request *request)
{
    return CONTAINER_OF(request, struct http_exchange, request);
}

struct str http_request_header(const struct http_request *request, struct str name)
{
    struct str value = { 0 };

    http_header_find(request->headers, request->header_count, name, &value);
    return value;
}

bool http_request_is_gone(const struct http_request *request)
{
    const struct http_conn *conn = CONTAINER_OF(request, const struct http_exchange, request)->conn;

    return conn == NULL || conn->is_eof;
}

void http_request_on_gone(struct http_request *request, loop_cb *cb, void *arg)
{
    struct http_exchange *exchange = exchange_of(request);

    exchange->gone_cb = cb;
    exchange->gone_arg = arg;
}

static bool is_printable(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

void http_respond_header(struct http_request *request, struct str name, struct str value)
{
    struct http_exchange *exchange = exchange_of(request);
    struct http_added *added = ARENA_NEW(request->arena, struct http_added);

    assert(is_printable(name) && is_printable(value) && !exchange->is_answered);
    added->header =
        (struct http_header){ arena_copy(request->arena, name), arena_copy(request->arena, value) };
    *exchange->added_end = added;
    exchange->added_end = &added->next;
}

/** The connection has gone: all that is left is the log. */
static void finish_orphan(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;

    if (server != NULL) {
        *(exchange->prev != NULL ? &exchange->prev->next : &server->orphans) = exchange->next;
        if (exchange->next != NULL) {
            exchange->next->prev = exchange->prev;
        }
        if (server->done_cb != NULL) {
            server->done_cb(&exchange->request, exchange->status, 0, server->arg);
        }
    }
    http_exchange_free(exchange);
}

/** Each answer begins here. False: nobody is left to be answered, and the exchange is freed. */
static bool begin_answer(struct http_exchange *exchange, int status)
{
    assert(!exchange->is_answered);
    exchange->is_answered = true;
    exchange->status = status;
    if (exchange->conn == NULL) {
        finish_orphan(exchange);
        return false;
    }
    assert(exchange->conn->state == CONN_HANDLING);
    exchange->conn->state = CONN_ANSWERING;
    http_conn_set_deadline(exchange->conn, exchange->server->limits.write_timeout_ms);
    return true;
}

static struct evbuffer *output_of(struct http_exchange *exchange)
{
    return bufferevent_get_output(exchange->conn->events);
}

static void put_header(struct evbuffer *out, struct str name, struct str value)
{
    evbuffer_add(out, name.p, name.n);
    evbuffer_add(out, ": ", 2);
    evbuffer_add(out, value.p, value.n);
    evbuffer_add(out, "\r\n", 2);
}

/** framing: the Content-Length or Transfer-Encoding line, or an empty text. */
static void put_head(struct http_exchange *exchange, struct str content_type, const char *framing)
{
    struct http_conn *conn = exchange->conn;
    struct evbuffer *out = output_of(exchange);
    char text[256];

    if (!exchange->keeps_alive || exchange->is_body_unread || conn->server->is_stopping) {
        conn->is_closing = true;
    }
    int n = snprintf(text, sizeof(text), "HTTP/1.1 %d %s\r\nDate: %s\r\n%s%s", exchange->status,
        http_reason(exchange->status), http_server_date(conn->server), framing,
        conn->is_closing      ? "Connection: close\r\n"
        : exchange->is_http10 ? "Connection: keep-alive\r\n"
                              : "");
    evbuffer_add(out, text, (size_t)n);
    if (content_type.n > 0) {
        put_header(out, S("Content-Type"), content_type);
    }
    for (struct http_added *added = exchange->added; added != NULL; added = added->next) {
        put_header(out, added->header.name, added->header.value);
    }
    evbuffer_add(out, "\r\n", 2);
}

/** The head of an answer whose body has that length. */
static void put_head_with_length(
    struct http_exchange *exchange, struct str content_type, size_t length)
{
    char framing[48] = "";

    if (exchange->status >= 200 && exchange->status != 204 && exchange->status != 304) {
        snprintf(framing, sizeof(framing), "Content-Length: %zu\r\n", length);
    }
    put_head(exchange, content_type, framing);
}

static bool may_have_body(const struct http_exchange *exchange)
{
    return exchange->request.method != HTTP_HEAD && exchange->status >= 200 &&
           exchange->status != 204 && exchange->status != 304;
}

/* Compression. */

void http_respond_compressed(struct http_request *request)
{
    exchange_of(request)->may_compress = true;
    http_respond_header(request, S("Vary"), S("Accept-Encoding"));
}

static bool compresses(const struct http_exchange *exchange)
{
    const struct http_request *request = &exchange->request;

    return exchange->may_compress && exchange->conn != NULL &&
           http_accepts_gzip(request->headers, request->header_count);
}

/** Takes the body and gives back what is to be sent. Before begin_answer: it adds a header. */
static struct evbuffer *compressed(struct http_exchange *exchange, struct evbuffer *body)
{
    if (!compresses(exchange) || evbuffer_get_length(body) < COMPRESS_MIN) {
        return body;
    }
    struct http_gzip *gzip = http_gzip_new();
    struct evbuffer *out = evbuffer_new();

    assert(out != NULL);
    http_gzip_add(gzip, body, true, out);
    http_gzip_free(&gzip);
    evbuffer_free(body);
    http_respond_header(&exchange->request, S("Content-Encoding"), S("gzip"));
    return out;
}

void http_respond(
    struct http_request *request, int status, struct str content_type, struct evbuffer *body)
{
    struct http_exchange *exchange = exchange_of(request);

    if (body != NULL) {
        body = compressed(exchange, body);
    }
    if (begin_answer(exchange, status)) {
        put_head_with_length(exchange, content_type, body != NULL ? evbuffer_get_length(body) : 0);
        if (body != NULL && may_have_body(exchange)) {
            evbuffer_add_buffer(output_of(exchange), body);
        }
    }
    if (body != NULL) {
        evbuffer_free(body);
    }
}

void http_respond_text(
    struct http_request *request, int status, struct str content_type, struct str body)
{
    if (compresses(exchange_of(request)) && body.n >= COMPRESS_MIN) {
        struct evbuffer *copy = evbuffer_new();

        assert(copy != NULL);
        evbuffer_add(copy, body.p, body.n);
        http_respond(request, status, content_type, copy);
    } else {
        http_respond_truncated(request, status, content_type, body, body.n);
    }
}

void http_respond_truncated(
    struct http_request *request, int status, struct str content_type, struct str body, size_t keep)
{
    struct http_exchange *exchange = exchange_of(request);

    if (!begin_answer(exchange, status)) {
        return;
    }
    if (keep < body.n) {
        exchange->conn->is_closing = true;
    }
    put_head_with_length(exchange, content_type, body.n);
    if (may_have_body(exchange)) {
        struct str kept = str_first(body, keep);
        evbuffer_add(output_of(exchange), kept.p, kept.n);
    }
}

void http_respond_cut(struct http_request *request)
{
    struct http_exchange *exchange = exchange_of(request);

    if (begin_answer(exchange, 0)) {
        exchange->conn->is_cut = true;
        http_conn_post(
            exchange->conn); /* not now: the connection may be in the middle of reading */
    }
}

/* Streams. */

void http_stream_end(struct http_exchange *exchange)
{
    if (exchange->produce_free != NULL) {
        void (*produce_free)(void *arg) = TAKE(exchange->produce_free);
        produce_free(exchange->produce_arg);
    }
    exchange->produce = NULL;
    http_gzip_free(&exchange->gzip);
    if (exchange->piece != NULL) {
        evbuffer_free(exchange->piece);
        exchange->piece = NULL;
    }
}

static void compress_piece(struct http_exchange *exchange, bool is_last)
{
    struct evbuffer *plain = TAKE(exchange->piece);

    exchange->piece = evbuffer_new();
    assert(exchange->piece != NULL);
    http_gzip_add(exchange->gzip, plain, is_last, exchange->piece);
    evbuffer_free(plain);
}

static void put_piece(struct http_exchange *exchange)
{
    struct evbuffer *out = output_of(exchange);
    size_t n = evbuffer_get_length(exchange->piece);

    if (n > 0 && exchange->is_chunked) {
        char size[24];
        evbuffer_add(out, size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", n));
    }
    evbuffer_add_buffer(out, exchange->piece);
    if (n > 0 && exchange->is_chunked) {
        evbuffer_add(out, "\r\n", 2);
    }
}

void http_stream_pump(struct http_exchange *exchange)
{
    struct evbuffer *out = output_of(exchange);

    if (exchange->produce != NULL && evbuffer_get_length(out) < STREAM_HIGH) {
        bool has_more = exchange->produce(exchange->piece, exchange->produce_arg);

        if (exchange->gzip != NULL) {
            compress_piece(exchange, !has_more);
        }
        put_piece(exchange);
        if (!has_more) {
            if (exchange->is_chunked) {
                evbuffer_add(out, "0\r\n\r\n", 5);
            }
            bufferevent_setwatermark(exchange->conn->events, EV_WRITE, 0, 0);
            http_stream_end(exchange);
            if (evbuffer_get_length(out) == 0) {
                http_conn_post(exchange->conn); /* no write will tell us that all is written */
            }
        } else if (evbuffer_get_length(out) < STREAM_HIGH) {
            http_conn_post(exchange->conn); /* it worked a while for little: others first */
        }
    }
}

void http_respond_stream(struct http_request *request, int status, struct str content_type,
    http_produce *produce, void (*free_cb)(void *arg), void *arg)
{
    struct http_exchange *exchange = exchange_of(request);
    bool is_compressed = compresses(exchange);

    if (is_compressed) {
        http_respond_header(request, S("Content-Encoding"), S("gzip"));
    }
    if (!begin_answer(exchange, status)) {
        free_cb(arg);
        return;
    }
    exchange->is_chunked = !exchange->is_http10;
    if (exchange->is_http10) {
        exchange->conn->is_closing = true; /* its end is the end of the connection */
    }
    put_head(exchange, content_type, exchange->is_chunked ? "Transfer-Encoding: chunked\r\n" : "");
    if (!may_have_body(exchange)) {
        free_cb(arg);
        return;
    }
    exchange->produce = produce;
    exchange->produce_free = free_cb;
    exchange->produce_arg = arg;
    exchange->gzip = is_compressed ? http_gzip_new() : NULL;
    exchange->piece = evbuffer_new();
    assert(exchange->piece != NULL);
    bufferevent_setwatermark(exchange->conn->events, EV_WRITE, STREAM_LOW, 0);
    http_stream_pump(exchange);
}
