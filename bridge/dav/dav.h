#pragma once
/**
 * The CalDAV surface: from a parsed HTTP request to its answer. Knows sync/, map/, ical/ and http/;
 * loop thread only.
 */
#include "bridge/core/loop.h"
#include "bridge/sync/sync.h"
#include "http/server.h"

struct dav_options {
    struct str prefix;         /**< path of public_url without its last '/'; usually empty */
    struct str host;           /**< of public_url; empty without one */
    struct str origin;         /**< scheme, host and port by which clients reach us */
    size_t body_bytes;         /**< [limits] body; max-resource-size is no larger */
    size_t attachment_bytes;   /**< [limits] attachment */
    unsigned sign_in_failures; /**< [limits] sign_in_failures: so many ... */
    int64_t sign_in_window_ms; /**< ... in so long, per address */
};

struct dav;
struct dav *dav_new(struct loop *loop, struct engine *engine, const struct dav_options *options);
void dav_free(struct dav **dav);
/** The longest body that is ever let in: a task with an attachment of that size inline. */
size_t dav_largest_body(size_t body_bytes, size_t attachment_bytes);
/**
 * An http_head_cb: who may not go on is told so before the body is read. dav_handle goes on from
 * there.
 */
void dav_check_head(struct http_request *request, void *dav);
/** An http_handler; arg is the struct dav. Answers everything but /healthz, /readyz and /metrics.
 */
void dav_handle(struct http_request *request, void *dav);
/** The signed-in user's name and the collection of a request, for the access log; empty if none.
 * Valid until the request ends. */
struct str dav_request_user(const struct http_request *request);
struct str dav_request_collection(const struct http_request *request);
