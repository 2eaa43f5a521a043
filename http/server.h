#pragma once
/**
 * The HTTP/1.1 server on libevent bufferevents. Requests of one connection are handled one at a
 * time and answered in order (pipelined ones wait). A handler gets a whole request and answers now
 * or later, on the loop thread, exactly once; if the connection has gone meanwhile the answer is
 * dropped.
 *
 * RFC 9110, 9112. TLS is a later step; its place is http_server_listen.
 */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"
#include "bridge/core/loop.h"
#include "http/message.h"

struct evbuffer;
struct http_server;

struct http_request {
    enum http_method method;
    struct str method_text;
    struct str target;
    struct str path; /**< still percent-encoded */
    struct str query;
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    uint64_t announced_bytes; /**< Content-Length; 0 if there is none */
    size_t body_most; /**< a longer body is refused; the head callback may raise it to the server's
                           limits.large_body */
    struct str peer;  /**< numeric address of the other end; "unix" for a Unix socket */
    uint64_t id;      /**< for the log */
    int64_t started_ms;  /**< clock_mono_ms at the first byte */
    struct arena *arena; /**< lives until the answer is written */
    void *user;          /**< the handler's own */
};

struct http_server_limits {
    size_t request_line;       /**< bytes, 8 KiB */
    size_t headers;            /**< bytes, 32 KiB */
    size_t header_count;       /**< 100 */
    size_t body;               /**< [limits] body */
    size_t large_body;         /**< of requests for which the head callback says so; 0: as body */
    size_t buffered;           /**< [limits] buffered: bodies held over all connections; 503 */
    size_t connections;        /**< [limits] connections; more are closed at once */
    size_t per_address;        /**< [limits] per_address */
    int64_t header_timeout_ms; /**< first byte to whole head: 20 s */
    int64_t body_timeout_ms;   /**< without progress: 30 s */
    int64_t body_total_ms;     /**< for the whole body: 5 min */
    int64_t write_timeout_ms;  /**< without progress: 60 s */
    int64_t idle_timeout_ms;   /**< between requests: 120 s */
    size_t pipelined;          /**< bytes read ahead while a request is handled, 64 KiB */
};
extern const struct http_server_limits http_server_default_limits;

/** Called for each request; must lead to exactly one of the http_respond functions. */
typedef void http_handler(struct http_request *request, void *arg);
/**
 * Called before a body is waited for that is not small (or only comes on 100 Continue). It may
 * answer, at once or never: then the body is thrown away, the connection is closed behind the
 * answer, and the handler is not called. Otherwise the handler gets the same request later.
 */
typedef void http_head_cb(struct http_request *request, void *arg);
/**
 * Called once per answered (or failed) request, for the access log. After a protocol error the
 * request holds what was understood. status 0: no answer (cut, or the client went in the middle of
 * its body); sent_bytes 0 when the connection had gone before the answer.
 */
typedef void http_done_cb(
    const struct http_request *request, int status, uint64_t sent_bytes, void *arg);

struct http_server *http_server_new(struct loop *loop, const struct http_server_limits *limits,
    http_handler *handler, http_done_cb *done_cb, void *arg);
/**
 * Numeric address and port ("127.0.0.1:5252", "[::1]:0") or "unix:/path". Port 0 picks one. An
 * IPv6 address takes IPv6 alone, so that "0.0.0.0:80" and "[::]:80" go together. A Unix socket gets
 * mode 0660; a stale one is replaced, one that answers is not.
 * bound_out: the address as bound, NUL-terminated, at least 128 bytes. fails: ERR_INVALID,
 * ERR_INTERNAL
 */
MUST_CHECK bool http_server_listen(
    struct http_server *server, struct str address, char bound_out[128], struct err *err);
/** head_cb gets the server's arg. */
void http_server_check_heads(struct http_server *server, http_head_cb *head_cb);
/** Connections from this numeric address are not counted for per_address (a trusted proxy). */
void http_server_exempt(struct http_server *server, struct str address);

struct http_server_counts {
    uint64_t accepted;        /**< connections, since the start */
    uint64_t refused;         /**< closed at once: connections, per_address */
    uint64_t accept_failures; /**< accept had no descriptors left; it pauses after each */
    size_t connections;       /**< now */
    size_t buffered;          /**< body bytes, now */
};
struct http_server_counts http_server_counts(const struct http_server *server);
/** Stop accepting, finish requests in hand (at most grace_ms), close idle connections, call cb. */
void http_server_stop(struct http_server *server, int64_t grace_ms, loop_cb *cb, void *arg);
/**
 * Closes everything at once. Not from inside a handler. Requests still with handlers stay valid
 * until they are answered; done_cb does not come for them any more.
 */
void http_server_free(struct http_server **server);

/** First header of that name, or an empty view with p == NULL. */
struct str http_request_header(const struct http_request *request, struct str name);
/** Add a header to the coming answer. Bytes outside printable ASCII in the value are an assert. */
void http_respond_header(struct http_request *request, struct str name, struct str value);
/**
 * The coming answer may be in gzip if the client accepts that and the body is not small. Its ETag
 * stays the same: it names the text, and clients hand it back with or without the coding.
 */
void http_respond_compressed(struct http_request *request);
/**
 * Answer. body is taken (may be NULL); for HEAD only its length is used. 1xx, 204 and 304 have no
 * body. Date, Content-Length and Connection are added.
 */
void http_respond(
    struct http_request *request, int status, struct str content_type, struct evbuffer *body);
/** The same with a copy of a text. */
void http_respond_text(
    struct http_request *request, int status, struct str content_type, struct str body);
/**
 * Answer with a body made while the socket drains (chunked; close-delimited for HTTP/1.0). Called
 * whenever less than about 64 KiB wait to be written; appends some and returns whether there is
 * more. It may be called before http_respond_stream has returned.
 */
typedef bool http_produce(struct evbuffer *out, void *arg);
/** free_cb(arg) is called exactly once, at the end or when the connection has gone. */
void http_respond_stream(struct http_request *request, int status, struct str content_type,
    http_produce *produce, void (*free_cb)(void *arg), void *arg);
/**
 * Has the client closed the connection, or at least its sending side? Mostly it has left; the few
 * that only half-close still get the answer. It is owed in either case (it frees the request).
 */
bool http_request_is_gone(const struct http_request *request);
/** For the sandbox: close the connection without an answer, or after `keep` bytes of the body of an
 * answer that promised all of it. */
void http_respond_cut(struct http_request *request);
void http_respond_truncated(struct http_request *request, int status, struct str content_type,
    struct str body, size_t keep);
/** Call cb(arg), once, when that happens before the answer; for handlers that hold a request. */
void http_request_on_gone(struct http_request *request, loop_cb *cb, void *arg);
