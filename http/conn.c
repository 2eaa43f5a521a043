#include "http/server_internal.h"

#include "bridge/core/mem.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/** One read or write at most; libevent's own 16 KiB costs four times the calls. */
#define IO_BYTES (64 * 1024)
/** Body bytes that count as progress: one byte now and then does not hold a connection. */
#define PROGRESS_BYTES 1024
/** A body that is waited for without asking head_cb: so small that one for each connection fits
 * into [limits] buffered, and the connection can be used again when the answer is 401. */
#define SMALL_BODY_BYTES 4096
/** How long and for how much we go on reading after our last answer. */
#define LINGER_MS    5000
#define LINGER_BYTES (16 * 1024 * 1024)

void http_conn_set_deadline(struct http_conn *conn, int64_t delay_ms)
{
    if (delay_ms == INT64_MAX) {
        conn->deadline_ms = INT64_MAX;
        return;
    }
    conn->deadline_ms = clock_mono_ms() + delay_ms;
    if (!loop_timer_is_running(&conn->timer) || conn->timer.due_ms > conn->deadline_ms) {
        loop_timer_start(&conn->timer, delay_ms);
    }
}

/* An exchange. */

static size_t largest_body(const struct http_server *server)
{
    return server->limits.large_body > server->limits.body ? server->limits.large_body
                                                           : server->limits.body;
}

static struct http_exchange *exchange_new(struct http_conn *conn)
{
    struct http_server *server = conn->server;
    struct arena *arena = arena_new();
    struct http_exchange *exchange = ARENA_NEW(arena, struct http_exchange);

    exchange->server = server;
    exchange->conn = conn;
    exchange->added_end = &exchange->added;
    buf_init(&exchange->body, largest_body(server));
    exchange->request = (struct http_request){
        .method = HTTP_OTHER,
        .peer =
            conn->address == NULL ? S("unix") : arena_copy(arena, str_from(conn->address->text)),
        .id = ++server->next_id,
        .body_most = server->limits.body,
        .started_ms = clock_mono_ms(),
        .arena = arena,
    };
    return exchange;
}

void http_exchange_free(struct http_exchange *exchange)
{
    struct arena *arena = exchange->request.arena;

    http_stream_end(exchange);
    if (exchange->server != NULL) {
        exchange->server->counts.buffered -= exchange->body.n;
    }
    buf_done(&exchange->body);
    arena_free(&arena); /* the exchange itself is in there */
}

/** What the parser knows by now. */
static void fill_request(struct http_exchange *exchange, const struct http_head *head)
{
    struct http_request *request = &exchange->request;

    request->method = head->method_text.n > 0 ? head->method : HTTP_OTHER;
    request->method_text = head->method_text;
    request->target = head->target;
    request->path = head->path;
    request->query = head->query;
    request->headers = head->headers;
    request->header_count = head->header_count;
    request->announced_bytes = head->content_length;
    exchange->is_http10 = head->minor_version == 0;
    exchange->keeps_alive = head->keep_alive;
    exchange->is_head_known = true;
}

/* The end of a connection. */

static void report_done(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;

    if (server != NULL && server->done_cb != NULL) {
        server->done_cb(&exchange->request, exchange->status, exchange->sent_bytes, server->arg);
    }
}

/** The handler may answer at once, which frees an orphan. */
static void report_gone(struct http_exchange *exchange)
{
    loop_cb *gone_cb = TAKE(exchange->gone_cb);

    if (gone_cb != NULL) {
        gone_cb(exchange->gone_arg);
    }
}

static void make_orphan(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;

    exchange->next = server->orphans;
    if (exchange->next != NULL) {
        exchange->next->prev = exchange;
    }
    server->orphans = exchange;
}

void http_conn_free(struct http_conn *conn)
{
    struct http_server *server = conn->server;
    struct http_exchange *exchange = TAKE(conn->exchange);
    enum http_conn_state state = conn->state;

    *(conn->prev != NULL ? &conn->prev->next : &server->conns) = conn->next;
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    }
    loop_timer_stop(&conn->timer);
    if (conn->is_posted) {
        loop_unpost(server->loop, conn);
    }
    bufferevent_free(conn->events);
    http_parser_free(&conn->parser);
    struct http_address *address = conn->address;
    mem_free(conn);
    if (exchange != NULL) {
        exchange->conn = NULL;
        if (state == CONN_HANDLING) {
            make_orphan(exchange);
            report_gone(exchange);
        } else {
            if (exchange->is_head_known) {
                report_done(exchange);
            }
            http_exchange_free(exchange);
        }
    }
    http_server_release(server, address);
}

/** Our side is done: the client still gets to read what we wrote, because a close with unread input
 * would reset the connection and destroy the answer (RFC 9112 9.6). */
static void start_linger(struct http_conn *conn)
{
    struct evbuffer *input = bufferevent_get_input(conn->events);

    if (conn->is_eof) {
        http_conn_free(conn);
        return;
    }
    conn->state = CONN_LINGERING;
    shutdown(bufferevent_getfd(conn->events), SHUT_WR);
    conn->lingered = evbuffer_get_length(input);
    evbuffer_drain(input, conn->lingered);
    http_conn_set_deadline(conn, LINGER_MS);
}

/* Reading. */

/** Answer a request that cannot be handed to the handler, and close. */
static void refuse(struct http_conn *conn, int status)
{
    struct http_exchange *exchange = conn->exchange;

    if (!exchange->is_head_known) {
        fill_request(exchange, http_parser_head(conn->parser));
    }
    conn->is_closing = true;
    conn->state = CONN_HANDLING;
    if (status == 503) {
        http_respond_header(&exchange->request, S("Retry-After"), S("5"));
    }
    http_respond(&exchange->request, status, (struct str){ 0 }, NULL);
}

static void set_body_deadline(struct http_conn *conn)
{
    int64_t left_ms = conn->body_end_ms - clock_mono_ms();
    int64_t timeout_ms = conn->server->limits.body_timeout_ms;

    http_conn_set_deadline(conn, left_ms < timeout_ms ? left_ms : timeout_ms);
}

/** False: head_cb has answered, and the body is nobody's any more. */
static bool check_head(struct http_conn *conn)
{
    struct http_exchange *exchange = conn->exchange;
    struct http_server *server = conn->server;
    const struct http_head *head = http_parser_head(conn->parser);
    bool is_small = !head->is_chunked && head->content_length <= SMALL_BODY_BYTES;

    if (server->head_cb == NULL || (is_small && !head->wants_continue)) {
        return true;
    }
    conn->state = CONN_HANDLING;
    exchange->is_body_unread = true;
    server->head_cb(&exchange->request, server->arg);
    if (exchange->is_answered) {
        server->counts.buffered -= exchange->body.n;
        buf_done(&exchange->body);
        return false;
    }
    exchange->is_body_unread = false;
    return true;
}

/** The head is complete and more of the body is to come. False: it was answered without. */
static bool begin_body(struct http_conn *conn)
{
    struct http_server *server = conn->server;

    fill_request(conn->exchange, http_parser_head(conn->parser));
    if (!check_head(conn)) {
        return false;
    }
    if (conn->exchange->request.announced_bytes > conn->exchange->request.body_most) {
        refuse(conn, 413);
        return false;
    }
    conn->state = CONN_READING;
    conn->body_mark = 0;
    conn->body_end_ms = clock_mono_ms() + server->limits.body_total_ms;
    set_body_deadline(conn);
    return true;
}

static bool on_body(struct str bytes, void *arg)
{
    struct http_conn *conn = arg;
    struct http_server *server = conn->server;

    if (bytes.n > conn->exchange->request.body_most - conn->exchange->body.n) {
        conn->is_body_too_large = true;
        return false;
    }
    if (bytes.n > server->limits.buffered - server->counts.buffered) {
        return false;
    }
    buf_put(&conn->exchange->body, bytes); /* the parser keeps to limits.body */
    server->counts.buffered += bytes.n;
    return true;
}

static void continue_head(struct http_conn *conn)
{
    if (conn->state == CONN_IDLE && http_parser_has_begun(conn->parser)) {
        conn->state = CONN_READING;
        conn->exchange->request.started_ms = clock_mono_ms();
        http_conn_set_deadline(conn, conn->server->limits.header_timeout_ms);
    }
}

static void continue_body(struct http_conn *conn)
{
    struct http_exchange *exchange = conn->exchange;
    const struct http_head *head = http_parser_head(conn->parser);

    if (!exchange->is_head_known && !begin_body(conn)) {
        return;
    }
    if (exchange->body.n - conn->body_mark >= PROGRESS_BYTES) {
        conn->body_mark = exchange->body.n;
        set_body_deadline(conn);
    }
    if (head->wants_continue && !exchange->continue_sent && exchange->body.n == 0 &&
        evbuffer_get_length(bufferevent_get_input(conn->events)) == 0) {
        static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
        exchange->continue_sent = true;
        bufferevent_write(conn->events, text, sizeof(text) - 1);
    }
}

static void handle(struct http_conn *conn)
{
    struct http_exchange *exchange = conn->exchange;

    if (!exchange->is_head_known) {
        fill_request(exchange, http_parser_head(conn->parser));
    }
    exchange->request.body = buf_str(&exchange->body);
    conn->state = CONN_HANDLING;
    http_conn_set_deadline(conn, INT64_MAX);
    conn->server->handler(&exchange->request, conn->server->arg);
}

/** Parse what is there, up to the end of one request. */
static void read_input(struct http_conn *conn)
{
    struct evbuffer *input = bufferevent_get_input(conn->events);
    struct err err;

    while ((conn->state == CONN_IDLE || conn->state == CONN_READING) &&
           evbuffer_get_length(input) > 0) {
        size_t n = evbuffer_get_contiguous_space(input);
        size_t used;
        if (conn->exchange == NULL) {
            conn->exchange = exchange_new(conn);
            http_parser_next(conn->parser, conn->exchange->request.arena);
        }
        n = n > 0 ? n : 1; /* the first chunk may be empty */
        struct str bytes = { (const char *)evbuffer_pullup(input, (ev_ssize_t)n), n };
        enum http_parse_state state =
            http_parser_feed(conn->parser, bytes, on_body, conn, &used, &err);
        evbuffer_drain(input, used);
        switch (state) {
        case HTTP_PARSE_HEAD:
            continue_head(conn);
            break;
        case HTTP_PARSE_BODY:
            continue_body(conn);
            break;
        case HTTP_PARSE_DONE:
            handle(conn);
            break;
        case HTTP_PARSE_ERROR:
            refuse(conn, conn->is_body_too_large ? 413 : err.code);
            break;
        }
    }
}

/** After reading, and after each answer: nothing more can come of a half-closed connection. */
static void go_on(struct http_conn *conn)
{
    read_input(conn);
    if (conn->is_eof && (conn->state == CONN_IDLE || conn->state == CONN_READING)) {
        http_conn_free(conn);
    }
}

static void on_read(struct bufferevent *events, void *arg)
{
    struct http_conn *conn = arg;

    if (conn->state == CONN_LINGERING) {
        struct evbuffer *input = bufferevent_get_input(events);
        conn->lingered += evbuffer_get_length(input);
        evbuffer_drain(input, evbuffer_get_length(input));
        if (conn->lingered > LINGER_BYTES) {
            http_conn_free(conn);
        }
        return;
    }
    go_on(conn);
}

static void on_event(struct bufferevent *events, short what, void *arg)
{
    struct http_conn *conn = arg;

    (void)events;
    if ((what & BEV_EVENT_EOF) == 0 || conn->state == CONN_LINGERING) {
        http_conn_free(conn);
        return;
    }
    conn->is_eof = true;
    if (conn->state == CONN_HANDLING) {
        report_gone(conn->exchange);
    }
    go_on(conn);
}

/* Writing. */

/** The whole answer is with the kernel. */
static void end_exchange(struct http_conn *conn)
{
    struct http_exchange *exchange = TAKE(conn->exchange);

    conn->state = CONN_IDLE;
    report_done(exchange);
    http_exchange_free(exchange);
    if (conn->is_closing || conn->server->is_stopping) {
        start_linger(conn);
        return;
    }
    http_conn_set_deadline(conn, conn->server->limits.idle_timeout_ms);
    go_on(conn);
}

/** The socket wants more, or has it all. */
static void continue_answer(struct http_conn *conn)
{
    if (conn->state != CONN_ANSWERING) {
        return; /* 100 Continue */
    }
    if (conn->exchange->produce != NULL) {
        http_stream_pump(conn->exchange);
    } else if (evbuffer_get_length(bufferevent_get_output(conn->events)) == 0) {
        end_exchange(conn);
    }
}

static void on_write(struct bufferevent *events, void *arg)
{
    (void)events;
    continue_answer(arg);
}

/** Counts what the socket took, which is also what keeps a slow reader alive. */
static void on_output_change(
    struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
    struct http_conn *conn = arg;

    (void)output;
    if (info->n_deleted > 0 && conn->state == CONN_ANSWERING) {
        conn->exchange->sent_bytes += info->n_deleted;
        http_conn_set_deadline(conn, conn->server->limits.write_timeout_ms);
    }
}

/* Time. */

static void on_post(void *arg)
{
    struct http_conn *conn = arg;

    conn->is_posted = false;
    if (conn->is_cut) {
        http_conn_free(conn);
    } else {
        continue_answer(conn);
    }
}

void http_conn_post(struct http_conn *conn)
{
    if (!conn->is_posted) {
        conn->is_posted = true;
        loop_post(conn->server->loop, on_post, conn);
    }
}

static void on_timer(void *arg)
{
    struct http_conn *conn = arg;
    int64_t now_ms = clock_mono_ms();

    if (conn->deadline_ms == INT64_MAX) {
        return;
    }
    if (now_ms < conn->deadline_ms) {
        loop_timer_start(&conn->timer, conn->deadline_ms - now_ms);
    } else if (conn->state == CONN_READING) {
        refuse(conn, 408);
    } else {
        http_conn_free(conn);
    }
}

void http_conn_start(struct http_server *server, int fd, struct http_address *address)
{
    struct http_conn *conn = mem_alloc(sizeof(*conn));
    const int on = 1;

    if (address != NULL) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    conn->server = server;
    conn->address = address;
    conn->events = bufferevent_socket_new(loop_base(server->loop), fd, BEV_OPT_CLOSE_ON_FREE);
    assert(conn->events != NULL); /* fails for want of memory alone */
    conn->parser = http_parser_new((&(struct http_parser_limits){
        .request_line = server->limits.request_line,
        .headers = server->limits.headers,
        .header_count = server->limits.header_count,
        .body = largest_body(server),
    }));
    loop_timer_init(&conn->timer, server->loop, on_timer, conn);
    conn->next = server->conns;
    if (conn->next != NULL) {
        conn->next->prev = conn;
    }
    server->conns = conn;
    bufferevent_setcb(conn->events, on_read, on_write, on_event, conn);
    bufferevent_setwatermark(conn->events, EV_READ, 0, server->limits.pipelined);
    bufferevent_set_max_single_read(conn->events, IO_BYTES);
    bufferevent_set_max_single_write(conn->events, IO_BYTES);
    evbuffer_add_cb(bufferevent_get_output(conn->events), on_output_change, conn);
    http_conn_set_deadline(conn, server->limits.idle_timeout_ms);
    bufferevent_enable(conn->events, EV_READ | EV_WRITE);
}
