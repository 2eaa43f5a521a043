#pragma once
/**
 * The strict, incremental HTTP/1.1 request parser (RFC 9112): no obs-fold, no bare LF, no
 * conflicting or doubled Content-Length, no Content-Length with Transfer-Encoding, bounded
 * everything. It has no I/O; the server feeds it what the socket brought.
 */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"
#include "http/message.h"

struct http_parser_limits {
    size_t request_line; /**< bytes */
    size_t headers;      /**< bytes of all header lines together */
    size_t header_count;
    size_t body; /**< bytes after chunked decoding */
};

struct http_head {
    enum http_method method;
    struct str method_text;
    struct str target; /**< as sent; origin-form, absolute-form or "*" */
    struct str path;   /**< of the target, still percent-encoded; "*" for the asterisk form */
    struct str query;  /**< without '?' */
    int minor_version; /**< HTTP/1.x */
    struct http_header *headers;
    size_t header_count;
    bool is_chunked;
    uint64_t content_length; /**< 0 when absent or chunked */
    bool has_body;
    bool wants_continue; /**< Expect: 100-continue */
    bool keep_alive;
};

enum http_parse_state {
    HTTP_PARSE_HEAD,  /**< wants more bytes of the head */
    HTTP_PARSE_BODY,  /**< head complete, wants body bytes */
    HTTP_PARSE_DONE,  /**< a whole request; http_parser_next starts the one behind it */
    HTTP_PARSE_ERROR, /**< err->code is the HTTP status to answer; then close */
};

struct http_parser;
struct http_parser *http_parser_new(const struct http_parser_limits *limits);
void http_parser_free(struct http_parser **parser);
/**
 * Consume bytes; *used_out says how many (the rest belongs to a later request or call).
 * body_cb gets decoded body bytes; it returns false to stop with 503.
 */
typedef bool http_body_cb(struct str bytes, void *arg);
enum http_parse_state http_parser_feed(struct http_parser *parser, struct str bytes,
    http_body_cb *body_cb, void *arg, size_t *used_out, struct err *err);
/**
 * Valid from HTTP_PARSE_BODY or DONE on; its strings live in the request's arena. After an error:
 * what was understood by then, the rest zeros.
 */
const struct http_head *http_parser_head(const struct http_parser *parser);
/**
 * Forget the finished request; needed before the first one too. arena: where the next one's head
 * goes; borrowed.
 */
void http_parser_next(struct http_parser *parser, struct arena *arena);
/** Has a byte of the request itself come (not just the blank line that may stand before it)? */
bool http_parser_has_begun(const struct http_parser *parser);
