#include "bridge/cli/server.h"
#include "bridge/cli/control_server.h"
#include "bridge/cli/metrics.h"

#include "bridge/core/log.h"
#include "bridge/core/mem.h"
#include "bridge/dav/dav.h"
#include "http/server.h"
#include "http/uri.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define HTTP_GRACE_MS   10000
#define ENGINE_GRACE_MS 10000
#define TEXT_PLAIN      S("text/plain; charset=utf-8")

struct address {
    char text[160];
};

struct server {
    struct runtime runtime;
    const struct config *config;
    struct arena *arena; /**< for what lives as long as the server */
    struct http_server *http;
    struct dav *dav;
    struct control_server *control;
    struct address *addresses;
    size_t address_count;
    struct metrics metrics;
    enum {
        SERVER_STARTING,
        SERVER_READY,
        SERVER_STOPPING
    } state;
    engine_cb *started_cb;
    void *started_arg;
    loop_cb *stopped_cb;
    void *stopped_arg;
};

/* --- requests ----------------------------------------------------------------------------- */

/* Can the store be read? */
struct probe {
    struct store_job job;
    struct arena *arena;
    struct http_request *request;
};

static bool probe_run(struct store_job *base, struct store_db *db, struct err *err)
{
    struct probe *probe = CONTAINER_OF(base, struct probe, job);
    struct store_user *users;
    size_t count;

    return store_user_list(db, probe->arena, &users, &count, err);
}

static void probe_done(struct store_job *base)
{
    struct probe *probe = CONTAINER_OF(base, struct probe, job);
    bool is_fine = base->err.kind == ERR_NONE;

    if (!is_fine) {
        log_error("store.probe", LOG_TEXT("why", base->err.text));
    }
    http_respond_text(probe->request, is_fine ? 200 : 503, TEXT_PLAIN,
        is_fine ? S("ready\n") : S("the store fails\n"));
    arena_free(&probe->arena);
    mem_free(probe);
}

static void answer_ready(struct server *server, struct http_request *request)
{
    struct probe *probe;

    if (server->state != SERVER_READY) {
        http_respond_text(request, 503, TEXT_PLAIN,
            server->state == SERVER_STARTING ? S("starting\n") : S("stopping\n"));
        return;
    }
    probe = mem_alloc(sizeof(*probe));
    *probe = (struct probe){
        .job = { .run = probe_run, .done = probe_done }, .arena = arena_new(), .request = request
    };
    store_read(server->runtime.store, &probe->job);
}

static bool is_trusted(const struct server *server, struct str address)
{
    for (size_t i = 0; i < server->config->server.trusted_proxies.count; i++) {
        if (str_eq(str_from(server->config->server.trusted_proxies.items[i]), address)) {
            return true;
        }
    }
    return str_eq(address, S("unix"));
}

static bool is_address(struct str text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    char copy[INET6_ADDRSTRLEN];

    if (text.n >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return inet_pton(AF_INET, copy, bytes) == 1 || inet_pton(AF_INET6, copy, bytes) == 1;
}

/* Back through one X-Forwarded-For, as long as it was a trusted proxy that wrote it. */
static void follow(const struct server *server, struct http_request *request, struct str list)
{
    while (list.n > 0 && is_trusted(server, request->peer)) {
        size_t start = list.n;
        struct str address;

        while (start > 0 && list.p[start - 1] != ',') {
            start--;
        }
        address = str_trim(str_skip(list, start));
        if (!is_address(address)) {
            return;
        }
        request->peer = address;
        list = str_first(list, start > 0 ? start - 1 : 0);
    }
}

/*
 * Behind a proxy the peer is the last address in X-Forwarded-For that is not a trusted proxy's;
 * what stands before it, anybody could have written.
 */
static void find_peer(const struct server *server, struct http_request *request)
{
    for (size_t i = request->header_count; i > 0; i--) {
        if (str_eq_nocase(request->headers[i - 1].name, S("X-Forwarded-For"))) {
            follow(server, request, request->headers[i - 1].value);
        }
    }
}

static bool is_own(const struct http_request *request)
{
    return str_eq(request->path, S("/healthz")) || str_eq(request->path, S("/readyz")) ||
           str_eq(request->path, S("/metrics"));
}

static void answer_metrics(struct server *server, struct http_request *request)
{
    const struct config_list *from = &server->config->server.metrics_from;
    const struct http_server_counts counts = http_server_counts(server->http);
    CLEANUP(buf_done) struct buf text = { 0 };
    bool is_allowed = false;

    for (size_t i = 0; i < from->count; i++) {
        is_allowed = is_allowed || str_eq(str_from(from->items[i]), request->peer);
    }
    if (!is_allowed) {
        http_respond_text(request, 403, TEXT_PLAIN, S("not from here: [server] metrics_from\n"));
        return;
    }
    buf_init(&text, SIZE_MAX / 2);
    metrics_write(&server->metrics, server->runtime.engine, &counts, &text);
    http_respond_text(request, 200, S("text/plain; version=0.0.4; charset=utf-8"), buf_str(&text));
}

static void answer_starting(struct http_request *request)
{
    http_respond_header(request, S("Retry-After"), S("1"));
    http_respond_text(request, 503, TEXT_PLAIN, S("starting\n"));
}

/** What needs no sign-in. False: it is for dav/. */
static bool answer_own(struct server *server, struct http_request *request)
{
    bool is_health = str_eq(request->path, S("/healthz"));

    if (is_own(request)) {
        if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
            http_respond_header(request, S("Allow"), S("GET, HEAD"));
            http_respond_text(request, 405, TEXT_PLAIN, S("only GET and HEAD\n"));
        } else if (is_health) {
            http_respond_text(request, 200, TEXT_PLAIN, S("alive\n"));
        } else if (str_eq(request->path, S("/readyz"))) {
            answer_ready(server, request);
        } else {
            answer_metrics(server, request);
        }
    } else if (server->state == SERVER_STARTING) {
        answer_starting(request);
    } else {
        return false;
    }
    return true;
}

static void check_head(struct http_request *request, void *arg)
{
    struct server *server = arg;

    find_peer(server, request);
    if (is_own(request)) {
        http_respond_text(request, 413, TEXT_PLAIN, S("no body is read here\n"));
    } else if (server->state == SERVER_STARTING) {
        answer_starting(request);
    } else {
        dav_check_head(request, server->dav);
    }
}

static void handle(struct http_request *request, void *arg)
{
    struct server *server = arg;
    bool is_checked = request->user != NULL;

    if (!is_checked) {
        find_peer(server, request);
    }
    if (is_checked || !answer_own(server, request)) {
        dav_handle(request, server->dav);
    }
}

/* The access log. No paths: the last segment is what a client made of a task's title. */
static void log_request(
    const struct http_request *request, int status, uint64_t sent_bytes, void *arg)
{
    struct server *server = arg;

    metrics_count(&server->metrics, request->method, status);
    log_info("http.request", LOG_INT("req", request->id), LOG_STR("peer", request->peer),
        LOG_STR("method", request->method_text), LOG_STR("user", dav_request_user(request)),
        LOG_STR("list", dav_request_collection(request)), LOG_INT("status", status),
        LOG_INT("bytes", sent_bytes), LOG_INT("ms", clock_mono_ms() - request->started_ms));
}

/* --- start -------------------------------------------------------------------------------- */

static bool check_settings(const struct config *config, struct err *err)
{
    if (*config->server.tls_certificate != '\0' || *config->server.tls_key != '\0') {
        return err_set(err, ERR_INVALID,
            "[server] tls_certificate, tls_key: TLS is not in this version; put a reverse proxy in "
            "front (deploy/nginx.conf) and remove them");
    }
    return true;
}

static struct http_server_limits limits_of(const struct config *config)
{
    struct http_server_limits limits = http_server_default_limits;

    limits.body = (size_t)config->limits.body_bytes;
    limits.buffered = (size_t)config->limits.buffered_bytes;
    limits.large_body = dav_largest_body(limits.body, (size_t)config->limits.attachment_bytes);
    limits.connections = (size_t)config->limits.connections;
    limits.per_address = (size_t)config->limits.per_address;
    return limits;
}

static bool listen_all(struct server *server, struct err *err)
{
    const struct config *config = server->config;

    server->addresses =
        arena_alloc_array(server->arena, config->server.listen.count, sizeof(*server->addresses));
    for (size_t i = 0; i < config->server.listen.count; i++) {
        struct str address = str_from(config->server.listen.items[i]);
        char bound[128];

        if (!http_server_listen(server->http, address, bound, err)) {
            return false;
        }
        snprintf(server->addresses[i].text, sizeof(server->addresses[i].text),
            str_has_prefix(address, S("unix:")) ? "%s" : "http://%s/", bound);
        server->address_count++;
    }
    for (size_t i = 0; i < config->server.trusted_proxies.count; i++) {
        http_server_exempt(server->http, str_from(config->server.trusted_proxies.items[i]));
    }
    return true;
}

/** Without public_url: as we listen, which is right for clients on this machine. */
static struct str own_origin(const struct server *server)
{
    struct str url = server->address_count > 0 ? str_from(server->addresses[0].text) : S("");

    return str_has_prefix(url, S("http://")) ? str_first(url, url.n - 1) : S("http://localhost");
}

static bool open_dav(struct server *server, struct err *err)
{
    const struct config *config = server->config;
    struct dav_options options = {
        .body_bytes = (size_t)config->limits.body_bytes,
        .attachment_bytes = (size_t)config->limits.attachment_bytes,
        .origin = own_origin(server),
        .sign_in_failures = (unsigned)config->limits.sign_in_failures.count,
        .sign_in_window_ms = config->limits.sign_in_failures.per_ms,
    };

    if (*config->server.public_url != '\0') {
        struct uri uri;

        if (!uri_parse(str_from(config->server.public_url), server->arena, &uri, err)) {
            return err_wrap(err, "[server] public_url");
        }
        options.host = uri.host;
        options.prefix = uri.path;
        options.origin = str_first(
            str_from(config->server.public_url), strlen(config->server.public_url) - uri.path.n);
        if (str_has_suffix(options.prefix, S("/"))) {
            options.prefix.n--;
        }
    }
    server->dav = dav_new(server->runtime.loop, server->runtime.engine, &options);
    return true;
}

bool server_new(
    struct loop *loop, const struct config *config, struct server **out, struct err *err)
{
    CLEANUP(server_free) struct server *server = mem_alloc(sizeof(*server));
    struct http_server_limits limits = limits_of(config);

    server->config = config;
    server->arena = arena_new();
    server->http = http_server_new(loop, &limits, handle, log_request, server);
    http_server_check_heads(server->http, check_head);
    if (!check_settings(config, err) || !listen_all(server, err) ||
        !runtime_drop_privileges(config, err) ||
        !runtime_open(loop, config, &server->runtime, err) || !open_dav(server, err) ||
        !control_server_new(&server->runtime, runtime_socket_path(config, server->arena).p,
            &server->control, err)) {
        return false;
    }
    *out = TAKE(server);
    return true;
}

static void on_started(const struct err *err, void *arg)
{
    struct server *server = arg;

    if (err->kind == ERR_NONE && server->state == SERVER_STARTING) {
        server->state = SERVER_READY;
        control_server_start(server->control);
    }
    server->started_cb(err, server->started_arg);
}

void server_start(struct server *server, engine_cb *cb, void *arg)
{
    server->started_cb = cb;
    server->started_arg = arg;
    engine_start(server->runtime.engine, on_started, server);
}

/* --- stop --------------------------------------------------------------------------------- */

static void on_engine_stopped(void *arg)
{
    struct server *server = arg;

    server->stopped_cb(server->stopped_arg);
}

static void on_http_stopped(void *arg)
{
    struct server *server = arg;

    engine_stop(server->runtime.engine, ENGINE_GRACE_MS, on_engine_stopped, server);
}

void server_stop(struct server *server, loop_cb *cb, void *arg)
{
    server->state = SERVER_STOPPING;
    server->stopped_cb = cb;
    server->stopped_arg = arg;
    control_server_free(&server->control);
    http_server_stop(server->http, HTTP_GRACE_MS, on_http_stopped, server);
}

void server_free(struct server **server)
{
    struct server *gone = TAKE(*server);

    if (gone == NULL) {
        return;
    }
    control_server_free(&gone->control);
    http_server_free(&gone->http);
    runtime_close(&gone->runtime); /* answers what is still asked, which dav passes on to nobody */
    dav_free(&gone->dav);
    arena_free(&gone->arena);
    mem_free(gone);
}

struct runtime *server_runtime(struct server *server)
{
    return &server->runtime;
}

const char *server_address(const struct server *server, size_t i)
{
    return i < server->address_count ? server->addresses[i].text : NULL;
}
