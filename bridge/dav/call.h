#pragma once
/**
 * One request on its way through dav/, and how it is answered. A call lives in its request's arena
 * and so as long as the answer is owed. Pointers to users and collections are looked up again
 * (call_user, call_collection) in every callback.
 */
#include "bridge/dav/dav.h"
#include "bridge/dav/route.h"
#include "bridge/dav/signin.h"
#include "bridge/dav/status.h"
#include "http/uri.h"
#include "http/xml.h"

struct dav {
    struct loop *loop;
    struct engine *engine;
    struct arena *arena;
    struct str prefix;
    struct str host; /**< of public_url; may be empty */
    struct uri_path prefix_path;
    struct str origin;       /**< "https://tasks.example.org", for addresses in documents */
    size_t object_bytes;     /**< max-resource-size */
    size_t attachment_bytes; /**< max-attachment-size */
    struct signin signin;
};

struct dav_call {
    struct dav *dav;
    struct http_request *request;
    struct route route;
    struct str user;       /**< the signed-in user's name; empty before */
    int64_t client;        /**< id of the app password */
    struct str principals; /**< hrefs */
    struct str principal;
    struct str home;
    bool is_minimal; /**< Prefer: return=minimal, or Brief: t */
    void *state;     /**< the method's own, in the arena */
};

/** A method: answers now, or starts something whose callback does. The user is signed in and the
 * route is his own. */
typedef void dav_method(struct dav_call *call);
dav_method dav_options_method, dav_propfind, dav_proppatch, dav_report, dav_get, dav_put,
    dav_delete, dav_copy_move, dav_make_collection, dav_post, dav_get_attachment;

/** The reports of report.c; root is the request body. */
typedef void dav_report_method(struct dav_call *call, const struct xml_node *root);
dav_report_method report_query, report_multiget, report_sync, report_sync_home, report_free_busy;

/** GET / without signing in. */
void dav_answer_page(struct dav_call *call);
/** GET of the home, or of what is above it: how the user's accounts are doing. */
void dav_answer_status(struct dav_call *call);

/** The value of Allow for a kind of resource. */
struct str dav_allow(enum route_kind kind, struct arena *arena);

/* --- looking up ---------------------------------------------------------------------------- */

/** NULL if removed meanwhile. Good until the loop turns. */
struct user *call_user(struct dav_call *call);
/** The collection of the route; NULL if there is none (any more). Good until the loop turns. */
struct collection *call_collection(struct dav_call *call);
/** For the callback of engine_open: the same, or NULL once the error or 404 is answered. */
struct collection *call_opened(struct dav_call *call, const struct err *err);
struct arena *call_arena(struct dav_call *call);
struct str call_header(const struct dav_call *call, struct str name);
/** The href of an object in the route's collection. */
struct str call_object_href(struct dav_call *call, struct str name);

/**
 * Read the request body as XML. *root_out is NULL when there is no body.
 * False: it was malformed and the answer (400; 415 if it claims to be something else) has been
 * given.
 */
MUST_CHECK bool call_parse_body(struct dav_call *call, struct xml_node **root_out);

/* --- answering ----------------------------------------------------------------------------- */

void call_respond_empty(struct dav_call *call, int code);
/** DAV:error with the fault's element (if any) and a line of text (if any). */
void call_respond_fault(struct dav_call *call, int code, enum fault fault, struct str text);
/** By the kind of err: 503 with Retry-After for busy, 404 when it has gone ... */
void call_respond_err(struct dav_call *call, const struct err *err);
/** By a write's outcome, with ETag. */
void call_respond_result(struct dav_call *call, const struct sync_result *result);
void call_respond_too_large(struct dav_call *call);
void call_respond_not_found(struct dav_call *call);
/** 405 with Allow. */
void call_respond_not_allowed(struct dav_call *call);
/** A whole XML body; takes it. */
void call_respond_xml(struct dav_call *call, int code, struct evbuffer *body);
/** Retry-After and 503 (or another code). seconds 0: a default. */
void call_respond_later(struct dav_call *call, int code, unsigned seconds, struct str text);
