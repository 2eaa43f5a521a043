#pragma once
/**
 * The engine under the dialects: all the I/O to the services. One struct upstream per linked
 * account: its lane (4 requests in flight), its token, its rest after 429. Loop thread only.
 */
#include "bridge/core/loop.h"
#include "bridge/core/secret.h"
#include "bridge/upstream/dialect.h"
#include "http/client.h"

struct upstream;
struct upstream_op;

struct upstream_options {
    const struct dialect *dialect;
    struct str url;     /**< base URL; a '/' is added at the end if it is missing */
    struct str ca_file; /**< empty: the system's */
};

/** fails: ERR_INVALID: the URL (not http(s), or http to a host that is not loopback) */
MUST_CHECK bool upstream_new(struct loop *loop, struct http_client *client,
    const struct upstream_options *options, struct upstream **out, struct err *err);
/** Aborts what is under way. */
void upstream_free(struct upstream **upstream);
/** A fixed bearer token. OAuth, a later step, will set it here before each expiry. */
void upstream_set_token(struct upstream *upstream, struct str token);
const struct dialect *upstream_dialect(const struct upstream *upstream);

/** reply is valid during the callback. */
typedef void upstream_cb(struct upstream_reply *reply, void *arg);

/**
 * Send one call. The callback comes exactly once, never before this returns, unless aborted.
 *
 * Done here for every caller: the lane and its order (foreground first); a link or redirect to
 * another host is ERR_UPSTREAM without any request to it; after a 429 or 503 with Retry-After
 * nothing is sent until then (foreground calls fail at once with ERR_BUSY and the rest of the wait,
 * background ones wait); a GET whose connection broke is tried once more on a new one; nothing else
 * is repeated. is_unclear is set for a POST, PATCH or DELETE that may have arrived without a whole
 * answer, and for a POST answered with 500, 502 or 504.
 */
struct upstream_op *upstream_start(struct upstream *upstream, const struct upstream_call *call,
    bool is_background, int64_t deadline_ms, upstream_cb *cb, void *arg);
void upstream_abort(struct upstream_op **op);
/** Seconds until requests are sent again after throttling; 0: now. */
unsigned upstream_rest_s(const struct upstream *upstream);
/** Requests sent so far, for status. */
uint64_t upstream_request_count(const struct upstream *upstream);
