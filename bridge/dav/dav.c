#include "bridge/dav/dav.h"

#include "bridge/core/log.h"
#include "bridge/core/mem.h"
#include "bridge/dav/attachment.h"
#include "bridge/dav/call.h"
#include "http/auth.h"
#include "ical/document.h"

#include <assert.h>

/** The realm never changes: clients store passwords under it. */
#define CHALLENGE S("Basic realm=\"duedav\", charset=\"UTF-8\"")

struct dav *dav_new(struct loop *loop, struct engine *engine, const struct dav_options *options)
{
    struct dav *dav = mem_alloc(sizeof(*dav));
    struct err err;

    dav->loop = loop;
    dav->engine = engine;
    dav->arena = arena_new();
    dav->prefix = arena_copy(dav->arena, options->prefix);
    dav->host = arena_copy(dav->arena, options->host);
    dav->origin = arena_copy(dav->arena, options->origin);
    dav->attachment_bytes = options->attachment_bytes;
    dav->object_bytes = options->body_bytes < document_default_limits.bytes
                            ? options->body_bytes
                            : document_default_limits.bytes;
    signin_init(&dav->signin, options->sign_in_failures, options->sign_in_window_ms);
    if (dav->prefix.n > 0) {
        /* The configuration was checked: public_url is a URL. */
        bool is_path = uri_parse_path(dav->prefix, 8, dav->arena, &dav->prefix_path, &err);

        assert(is_path);
        (void)is_path;
    }
    attachment_set_addresses(dav);
    return dav;
}

size_t dav_largest_body(size_t body_bytes, size_t attachment_bytes)
{
    return body_bytes + attachment_bytes / 2 * 3; /* base64, folded */
}

void dav_free(struct dav **dav)
{
    if (*dav == NULL) {
        return;
    }
    signin_done(&(*dav)->signin);
    arena_free(&(*dav)->arena);
    mem_free(*dav);
    *dav = NULL;
}

/* --- which kind of resource knows which method ------------------------------------------------ */

struct method_row {
    enum http_method method;
    dav_method *run;
    unsigned kinds;   /**< bits of enum route_kind */
    unsigned refused; /**< not known there, but refused in better words than 405 */
};

#define KIND(kind) (1u << (kind))
#define CONTAINERS                                                                               \
    (KIND(ROUTE_ROOT) | KIND(ROUTE_PRINCIPALS) | KIND(ROUTE_PRINCIPAL) | KIND(ROUTE_CALENDARS) | \
        KIND(ROUTE_HOME))
#define ALL_KINDS (CONTAINERS | KIND(ROUTE_COLLECTION) | KIND(ROUTE_OBJECT))

/* In the order in which Allow names them. */
static const struct method_row methods[] = {
    { HTTP_OPTIONS, dav_options_method, ALL_KINDS | KIND(ROUTE_ATTACHMENT), 0 },
    { HTTP_GET, dav_get, ALL_KINDS, 0 },
    { HTTP_HEAD, dav_get, ALL_KINDS, 0 },
    { HTTP_GET, dav_get_attachment, KIND(ROUTE_ATTACHMENT), 0 },
    { HTTP_HEAD, dav_get_attachment, KIND(ROUTE_ATTACHMENT), 0 },
    { HTTP_PUT, dav_put, KIND(ROUTE_OBJECT), 0 },
    { HTTP_POST, dav_post, KIND(ROUTE_OBJECT), 0 },
    { HTTP_DELETE, dav_delete, KIND(ROUTE_COLLECTION) | KIND(ROUTE_OBJECT), 0 },
    { HTTP_COPY, dav_copy_move, KIND(ROUTE_OBJECT), KIND(ROUTE_COLLECTION) },
    { HTTP_MOVE, dav_copy_move, KIND(ROUTE_OBJECT), KIND(ROUTE_COLLECTION) },
    { HTTP_PROPFIND, dav_propfind, ALL_KINDS, 0 },
    { HTTP_PROPPATCH, dav_proppatch, ALL_KINDS, 0 },
    { HTTP_REPORT, dav_report, ALL_KINDS, 0 },
    { HTTP_MKCALENDAR, dav_make_collection, KIND(ROUTE_COLLECTION), KIND(ROUTE_OBJECT) },
    { HTTP_MKCOL, dav_make_collection, KIND(ROUTE_COLLECTION), KIND(ROUTE_OBJECT) },
};

static dav_method *find_method(enum http_method method, enum route_kind kind)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (methods[i].method == method &&
            ((methods[i].kinds | methods[i].refused) & KIND(kind)) != 0) {
            return methods[i].run;
        }
    }
    return NULL;
}

struct str dav_allow(enum route_kind kind, struct arena *arena)
{
    struct str list = S("");

    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if ((methods[i].kinds & KIND(kind)) != 0) {
            list = arena_printf(arena, "%.*s%s%s", STR_ARG(list), list.n > 0 ? ", " : "",
                http_method_name(methods[i].method));
        }
    }
    return list;
}

/* --- signing in ------------------------------------------------------------------------------- */

static void answer_challenge(struct dav_call *call)
{
    http_respond_header(call->request, S("WWW-Authenticate"), CHALLENGE);
    call_respond_fault(call, 401, FAULT_NONE, S("Sign in with your user name and app password."));
}

static void fill_hrefs(struct dav_call *call)
{
    struct route route = { .kind = ROUTE_PRINCIPALS, .user = call->user };
    struct arena *arena = call_arena(call);

    call->principals = route_href(&route, call->dav->prefix, arena);
    route.kind = ROUTE_PRINCIPAL;
    call->principal = route_href(&route, call->dav->prefix, arena);
    route.kind = ROUTE_HOME;
    call->home = route_href(&route, call->dav->prefix, arena);
}

/** False: the answer has been given. */
static bool sign_in(struct dav_call *call)
{
    struct str header = call_header(call, S("Authorization"));
    struct http_basic basic;
    struct user *user = NULL;

    if (header.p == NULL) {
        answer_challenge(call);
        return false;
    }
    if (http_basic_parse(header, call_arena(call), &basic)) {
        user = engine_sign_in(call->dav->engine, basic.user, basic.password, &call->client);
    }
    if (user == NULL) {
        unsigned wait_s =
            signin_count_failure(&call->dav->signin, call->request->peer, clock_mono_ms());

        log_info("auth.failed", LOG_INT("req", call->request->id),
            LOG_STR("peer", call->request->peer), LOG_INT("throttled", wait_s > 0));
        if (wait_s > 0) {
            call_respond_later(call, 429, wait_s, S("Too many failed attempts to sign in."));
        } else {
            answer_challenge(call);
        }
        return false;
    }
    call->user = arena_copy(call_arena(call), user_name(user));
    fill_hrefs(call);
    return true;
}

/* --- the way of a request ------------------------------------------------------------------ */

static bool has_token(struct dav_call *call, struct str name, struct str token)
{
    return http_header_has_token(call->request->headers, call->request->header_count, name, token);
}

static void answer_well_known(struct dav_call *call)
{
    http_respond_header(call->request, S("Location"),
        arena_printf(call_arena(call), "%.*s/dav/", STR_ARG(call->dav->prefix)));
    http_respond_header(call->request, S("Cache-Control"), S("max-age=3600"));
    call_respond_empty(call, 301);
}

static bool is_making(enum http_method method)
{
    return method == HTTP_PUT || method == HTTP_MKCALENDAR || method == HTTP_MKCOL;
}

static void run_method(struct dav_call *call)
{
    struct http_request *request = call->request;
    struct route *route = &call->route;

    if (route->is_too_long && is_making(request->method)) {
        /* Not 404: clients take that as 'the list has gone'. */
        call_respond_fault(call, 403, FAULT_NONE, S("The name is too long."));
        return;
    }
    if (route->is_too_deep && is_making(request->method)) {
        /* RFC 4918 9.3.1, 9.7.1: what it would be made in is not there. */
        call_respond_fault(call, 409, FAULT_NONE, S("There is no such collection."));
        return;
    }
    if (route->kind == ROUTE_OTHER) {
        call_respond_not_found(call);
        return;
    }
    /* Another user's address looks like one that does not exist. */
    if (route->user.n > 0 && !str_eq(route->user, call->user)) {
        call_respond_not_found(call);
        return;
    }
    dav_method *method = find_method(request->method, route->kind);

    if (method == NULL) {
        call_respond_not_allowed(call);
        return;
    }
    call->is_minimal = has_token(call, S("Prefer"), S("return=minimal")) ||
                       has_token(call, S("Prefer"), S("return-minimal")) ||
                       has_token(call, S("Brief"), S("t"));
    http_respond_header(request, S("Cache-Control"), S("private, no-cache"));
    if (route->kind != ROUTE_ATTACHMENT) { /* mostly packed already */
        http_respond_compressed(request);
    }
    method(call);
}

/** What is decided by the head alone. False: the answer has been given. */
static bool begin(struct dav_call *call)
{
    struct http_request *request = call->request;
    struct dav *dav = call->dav;
    struct err err;

    if (str_eq(request->path, S("*"))) {
        call->route = (struct route){ .kind = ROUTE_ROOT };
        if (request->method == HTTP_OPTIONS) {
            dav_options_method(call);
        } else {
            call_respond_not_allowed(call);
        }
        return false;
    }
    if (!route_parse(&dav->prefix_path, request->path, request->arena, &call->route, &err)) {
        call_respond_fault(call, err.code == 403 ? 403 : 400, FAULT_NONE, str_from(err.text));
        return false;
    }
    if (call->route.kind == ROUTE_WELL_KNOWN) {
        answer_well_known(call);
        return false;
    }
    if (call->route.kind == ROUTE_ROOT &&
        (request->method == HTTP_GET || request->method == HTTP_HEAD)) {
        dav_answer_page(call);
        return false;
    }
    return sign_in(call);
}

static struct dav_call *new_call(struct dav *dav, struct http_request *request)
{
    struct dav_call *call = ARENA_NEW(request->arena, struct dav_call);

    call->dav = dav;
    call->request = request;
    request->user = call;
    return call;
}

void dav_check_head(struct http_request *request, void *arg)
{
    struct dav_call *call = new_call(arg, request);

    if (!begin(call) || call->route.kind != ROUTE_OBJECT) {
        return;
    }
    if (request->method == HTTP_PUT) {
        size_t most = dav_largest_body(call->dav->object_bytes, call->dav->attachment_bytes);

        if (request->announced_bytes > most) {
            call_respond_too_large(call);
        } else if (request->body_most < most) {
            request->body_most = most;
        }
    } else if (request->method == HTTP_POST) {
        if (request->announced_bytes > call->dav->attachment_bytes) {
            attachment_respond_too_large(call);
        } else if (request->body_most < call->dav->attachment_bytes) {
            request->body_most = call->dav->attachment_bytes;
        }
    }
}

void dav_handle(struct http_request *request, void *arg)
{
    bool is_begun = request->user != NULL;
    struct dav_call *call = is_begun ? request->user : new_call(arg, request);

    if (is_begun && call_user(call) == NULL) { /* removed while the body came */
        answer_challenge(call);
    } else if (is_begun || begin(call)) {
        run_method(call);
    }
}

struct str dav_request_user(const struct http_request *request)
{
    const struct dav_call *call = request->user;

    return call == NULL ? S("") : call->user;
}

struct str dav_request_collection(const struct http_request *request)
{
    const struct dav_call *call = request->user;

    /* Only once signed in: before, the path may hold anything. */
    return call == NULL || call->user.n == 0 ? S("") : call->route.collection;
}
