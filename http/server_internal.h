#pragma once
/**
 * What the files of the server share. server.c has the server and its bounds, listen.c the
 * listeners, conn.c a connection's life, respond.c the answers.
 *
 * A connection owns its request until the handler gets it; from then on the request lives until it
 * is answered and, if the connection is still there, until the answer is written. A request whose
 * connection has gone is an orphan: it only waits for its handler.
 */
#include "bridge/core/buf.h"
#include "bridge/core/table.h"
#include "http/gzip.h"
#include "http/parser.h"
#include "http/server.h"

#define HTTP_PEER_TEXT 46 /**< INET6_ADDRSTRLEN */

struct bufferevent;
struct evconnlistener;
struct sockaddr;

/** Connections from one address; forgotten when there are none, unless it is exempt. */
struct http_address {
    size_t count;
    bool is_exempt;
    char text[HTTP_PEER_TEXT];
};

struct http_listener {
    struct http_listener *next;
    struct http_server *server;
    struct evconnlistener *events;
    struct loop_timer
        pause;         /**< runs while accepting is off: descriptors are short, others' turn */
    unsigned accepted; /**< since the last pause */
    char *socket_path; /**< of a Unix socket, which goes with the listener */
};

struct http_server {
    struct loop *loop;
    struct http_server_limits limits;
    http_handler *handler;
    http_head_cb *head_cb; /**< NULL: none */
    http_done_cb *done_cb;
    void *arg;
    struct http_listener *listeners;
    struct http_conn *conns;
    struct http_exchange *orphans;
    struct table addresses; /**< struct http_address */
    struct http_server_counts counts;
    uint64_t next_id;
    bool is_stopping;
    struct loop_timer grace;
    loop_cb *stop_cb;
    void *stop_arg;
    int64_t date_s; /**< what date says */
    char date[30];
};

enum http_conn_state {
    CONN_IDLE,      /**< no byte of a request yet */
    CONN_READING,   /**< in a head or body */
    CONN_HANDLING,  /**< the handler has the request */
    CONN_ANSWERING, /**< the answer is on its way out */
    CONN_LINGERING, /**< our side is closed; what still comes is thrown away */
};

struct http_conn {
    struct http_server *server;
    struct http_conn *prev, *next;
    struct bufferevent *events;
    struct http_parser *parser;
    struct http_exchange *exchange; /**< NULL in CONN_IDLE and CONN_LINGERING */
    enum http_conn_state state;
    struct loop_timer timer;
    int64_t deadline_ms; /**< INT64_MAX: none. The timer may fire earlier and looks again */
    size_t body_mark;    /**< body bytes at the last progress */
    int64_t body_end_ms; /**< when the whole body is to be there */
    size_t lingered;     /**< bytes thrown away */
    bool is_eof;         /**< the client has closed its side */
    bool is_closing;     /**< close after this answer */
    bool is_posted;      /**< on_post is to be called */
    bool is_cut;         /**< http_respond_cut */
    bool is_body_too_large;
    struct http_address *address; /**< NULL for a Unix socket */
};

/** An added header. */
struct http_added {
    struct http_added *next;
    struct http_header header;
};

/** A request with its answer. Lives in its own arena, but for the body. */
struct http_exchange {
    struct http_request request;       /**< first: what handlers see */
    struct http_server *server;        /**< NULL when it has been freed */
    struct http_conn *conn;            /**< NULL when it has gone */
    struct http_exchange *prev, *next; /**< orphans */
    struct buf body;
    struct http_added *added, **added_end;
    loop_cb *gone_cb;
    void *gone_arg;
    bool is_head_known; /**< request holds what the parser knows */
    bool is_answered;
    bool is_http10;
    bool keeps_alive;
    bool continue_sent;
    bool is_body_unread; /**< an answer now comes before the body, which nobody reads then */
    int status;
    uint64_t sent_bytes;
    http_produce *produce; /**< while the answer is streamed */
    void (*produce_free)(void *arg);
    void *produce_arg;
    bool is_chunked;
    bool may_compress;
    struct http_gzip *gzip; /**< of a streamed answer */
    struct evbuffer *piece; /**< what produce appends to */
};

/* server.c */
/** The Date header of this second. */
const char *http_server_date(struct http_server *server);
/** Count a new connection; false if a bound forbids it. sockaddr: NULL for a Unix socket. */
bool http_server_admit(
    struct http_server *server, const struct sockaddr *peer, struct http_address **address_out);
/** The connection has gone; ends a stop when it was the last. */
void http_server_release(struct http_server *server, struct http_address *address);

/* listen.c */
void http_listener_free(struct http_listener **listener);

/* conn.c */
/** Takes fd. address: NULL for a Unix socket. */
void http_conn_start(struct http_server *server, int fd, struct http_address *address);
/** Close at once. A request in a handler becomes an orphan. */
void http_conn_free(struct http_conn *conn);
/** INT64_MAX: no deadline. */
void http_conn_set_deadline(struct http_conn *conn, int64_t delay_ms);
/** Go on in a later turn: a cut, or a stream that had nothing to say. */
void http_conn_post(struct http_conn *conn);
void http_exchange_free(struct http_exchange *exchange);

/* respond.c */
/** More of a streamed answer, until enough waits to be written. */
void http_stream_pump(struct http_exchange *exchange);
/** Calls free_cb if the answer is still being produced. */
void http_stream_end(struct http_exchange *exchange);
