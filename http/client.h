#pragma once
/**
 * The HTTP client: libcurl's multi interface on our loop. Nothing blocks; each transfer's callback
 * comes exactly once, never from inside http_lane_start, and not at all after http_transfer_abort.
 * Redirects are never followed. HTTP/2 where the server offers it, connections are reused. The
 * process must ignore SIGPIPE: libcurl is told to leave signals alone.
 */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"
#include "bridge/core/loop.h"
#include "http/message.h"

struct http_client;
struct http_lane;
struct http_transfer;

struct http_client_options {
    struct str user_agent;
    int64_t connect_timeout_ms; /**< 10 s */
    size_t answer_bytes;        /**< largest answer body; more is ERR_UPSTREAM */
};

MUST_CHECK bool http_client_new(struct loop *loop, const struct http_client_options *options,
    struct http_client **client_out, struct err *err);
/** All lanes and transfers must be gone. */
void http_client_free(struct http_client **client);

/**
 * A lane bounds the requests in flight to one mailbox. What waits is started foreground first, in
 * order. ca_file: extra trust anchors, or empty.
 */
struct http_lane *http_lane_new(
    struct http_client *client, unsigned max_in_flight, struct str ca_file);
/** No transfer may be left. */
void http_lane_free(struct http_lane **lane);

struct http_call {
    struct str method;
    struct str url;
    const struct http_header *headers;
    size_t header_count;
    struct str bearer; /**< Authorization: Bearer; a secret, empty for none */
    struct str body;
    bool has_body; /**< an empty body with has_body still sends Content-Length: 0 */
    bool is_background;
    bool wants_new_connection; /**< do not reuse one; for a repetition after a lost connection */
    int64_t deadline_ms;       /**< from start (waiting in the lane included) to the last byte */
};

/** How far a request got; decides whether it may be repeated. */
enum http_reach {
    HTTP_NOT_SENT,   /**< the service can't have seen it */
    HTTP_MAYBE_SENT, /**< some of it left, no whole answer came: unclear */
    HTTP_ANSWERED,   /**< a whole answer is here */
};

struct http_answer {
    enum http_reach reach;
    int status;                        /**< with HTTP_ANSWERED */
    const struct http_header *headers; /**< valid during the callback */
    size_t header_count;
    struct str body; /**< valid during the callback */
    int64_t sent_ms; /**< clock_mono_ms when it left the lane */
    /**
     * ERR_NONE with HTTP_ANSWERED, else what went wrong: ERR_BUSY no connection, a lost one, or no
     * answer in time; ERR_UPSTREAM not HTTP, or larger than answer_bytes; ERR_INVALID a call that
     * can't be sent
     */
    struct err err;
    bool is_late; /**< the deadline passed */
};

typedef void http_answer_cb(const struct http_answer *answer, void *arg);

/** Everything in call is copied. */
struct http_transfer *http_lane_start(
    struct http_lane *lane, const struct http_call *call, http_answer_cb *cb, void *arg);
/** The callback will not come; NULL is left behind. Fine on NULL. */
void http_transfer_abort(struct http_transfer **transfer);
/** Has it not left the lane yet? */
bool http_transfer_is_waiting(const struct http_transfer *transfer);
/** While held, nothing leaves the lane; what waits goes on waiting until its deadline. */
void http_lane_hold(struct http_lane *lane, bool is_held);
/** Requests waiting or in flight. */
unsigned http_lane_pending(const struct http_lane *lane);
