#include "bridge/core/buf.h"
#include "bridge/core/log.h"
#include "bridge/core/mem.h"
#include "bridge/core/secret.h"
#include "bridge/sandbox/graph.h"
#include "bridge/sandbox/sandbox_internal.h"
#include "bridge/sandbox/service.h"
#include "http/uri.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>

#define CONCURRENT_MAX 4 /* per mailbox: upstream.md G.1 */
#define JSON_TYPE      "application/json; odata.metadata=minimal; charset=utf-8"

/* The end of a request. Whoever calls these must not touch the exchange afterwards. */

/* What is left behind by every exchange, before its request is answered. */
static void settle(struct sbx_exchange *exchange, int status)
{
    struct sandbox *sandbox = exchange->sandbox;

    loop_timer_stop(&exchange->timer);
    if (exchange->load != NULL) {
        exchange->load->now--;
    }
    if (exchange->record != 0) {
        sbx_records_answer(sandbox->records, exchange->record, status);
    }
    sbx_call_done(&exchange->call);
    sbx_check_waits(sandbox);
}

static void end_cut(struct sbx_exchange *exchange)
{
    settle(exchange, 0);
    http_respond_cut(exchange->request);
}

static void end_with_fault_status(struct sbx_exchange *exchange)
{
    struct http_request *request = exchange->request;
    const struct sbx_fault *fault = &exchange->fault;
    int status = fault->status != 0 ? fault->status : 503;
    struct str body =
        arena_printf(request->arena, "{\"error\":{\"code\":\"%s\",\"message\":\"told to fail\"}}",
            fault->code != NULL ? fault->code : "ErrorInternalServerError");

    if (fault->body != NULL) {
        body = arena_copy(request->arena, str_from(fault->body));
    }
    if (fault->retry_after != NULL) {
        http_respond_header(
            request, S("Retry-After"), arena_copy(request->arena, str_from(fault->retry_after)));
    }
    if (fault->host != NULL) {
        http_respond_header(request, S("Location"),
            arena_printf(request->arena, "%s%.*s", fault->host, STR_ARG(request->target)));
    }
    settle(exchange, status);
    http_respond_text(request, status, S(JSON_TYPE), body);
}

static void add_trace_headers(struct http_request *request)
{
    struct str id = http_request_header(request, S("client-request-id"));
    struct str wants = http_request_header(request, S("return-client-request-id"));
    char text[SECRET_ID_TEXT];

    secret_random_id(text);
    http_respond_header(request, S("request-id"), arena_copy(request->arena, str_from(text)));
    http_respond_header(request, S("OData-Version"), S("4.0"));
    for (size_t i = 0; i < id.n; i++) {
        if (!isalnum((unsigned char)id.p[i]) && id.p[i] != '-') {
            return;
        }
    }
    if (id.n > 0 && str_eq_nocase(wants, S("true"))) {
        http_respond_header(request, S("client-request-id"), id);
    }
}

static struct str rewrite(struct str text, const struct sbx_fault *fault, struct arena *arena)
{
    struct str find = str_from(fault->find != NULL ? fault->find : "");
    struct buf out;
    size_t at;

    buf_init(&out, SIZE_MAX / 2);
    while (find.n > 0 && (at = str_find(text, find)) != SIZE_MAX) {
        buf_put(&out, str_first(text, at));
        buf_put_text(&out, fault->put != NULL ? fault->put : "");
        text = str_skip(text, at + find.n);
    }
    buf_put(&out, text);
    text = arena_copy(arena, buf_str(&out));
    buf_done(&out);
    return text;
}

/* Answer with what the call holds, or with what its fault makes of it. */
static void end_with_answer(struct sbx_exchange *exchange)
{
    struct http_request *request = exchange->request;
    struct sbx_call *call = &exchange->call;
    int status = call->status;
    struct str body = S("");
    struct str type = { 0 };
    bool is_truncated = sbx_call_has_fault(call, SBX_FAULT_TRUNCATE);

    if (call->json != NULL) {
        char *text = cJSON_PrintUnformatted(call->json);

        body = arena_copy(request->arena, str_from(text));
        cJSON_free(text);
    }
    if (sbx_call_has_fault(call, SBX_FAULT_MALFORMED)) {
        body = str_first(body, body.n / 2);
    } else if (sbx_call_has_fault(call, SBX_FAULT_REWRITE)) {
        body = rewrite(body, call->fault, request->arena);
    }
    if (call->location.n > 0 && (status == 410 || status == 201)) {
        http_respond_header(request, S("Location"), call->location);
    }
    if (call->has_applied_tracking) {
        http_respond_header(request, S("Preference-Applied"), S("odata.track-changes"));
    }
    if (status == 401) {
        http_respond_header(request, S("WWW-Authenticate"), S("Bearer realm=\"\""));
    } else if (status == 429) {
        http_respond_header(request, S("Retry-After"), call->is_graph ? S("0.875") : S("1"));
    }
    add_trace_headers(request);
    type = body.n == 0 ? S("") : call->is_graph ? S(SBX_GRAPH_JSON_TYPE) : S(JSON_TYPE);
    settle(exchange, is_truncated ? 0 : status);
    if (is_truncated && body.n > 0) {
        http_respond_truncated(request, status, type, body, body.n / 2);
    } else if (is_truncated) {
        http_respond_cut(request);
    } else {
        http_respond_text(request, status, type, body);
    }
}

static void refuse(struct sbx_exchange *exchange, int status, const char *code, const char *text)
{
    sbx_refuse(&exchange->call.refusal, status, code, "%s", text);
    exchange->call.status = status;
    exchange->call.json = sbx_call_error(&exchange->call);
    end_with_answer(exchange);
}

/* Holding */

static void unlink_held(struct sbx_exchange *exchange)
{
    struct sbx_exchange **at = &exchange->sandbox->held;

    while (*at != NULL && *at != exchange) {
        at = &(*at)->next;
    }
    if (*at == exchange) {
        *at = exchange->next;
    }
}

/* Whoever stalls has no reason to outlive the client; a held request goes on without it, as in a
 * service that is only slow. */
static void on_gone(void *arg)
{
    struct sbx_exchange *exchange = (struct sbx_exchange *)arg;

    if (exchange->fault.kind == SBX_FAULT_STALL || exchange->fault.kind == SBX_FAULT_STALL_AFTER) {
        unlink_held(exchange);
        end_cut(exchange);
    }
}

static void hold(struct sbx_exchange *exchange)
{
    struct sbx_exchange **end = &exchange->sandbox->held;

    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = exchange;
    http_request_on_gone(exchange->request, on_gone, exchange);
}

static void apply(struct sbx_exchange *exchange);

static void go_on(struct sbx_exchange *exchange)
{
    switch (exchange->fault.kind) {
    case SBX_FAULT_HOLD:
    case SBX_FAULT_DELAY:
        loop_timer_stop(&exchange->timer);
        apply(exchange);
        break;
    case SBX_FAULT_HOLD_AFTER:
        end_with_answer(exchange);
        break;
    default:
        end_cut(exchange);
        break;
    }
}

size_t sbx_release(struct sandbox *sandbox, struct str path, size_t count)
{
    size_t released = 0;
    struct sbx_exchange *next = NULL;

    for (struct sbx_exchange *held = sandbox->held; held != NULL && released < count; held = next) {
        next = held->next;
        if (path.n == 0 || str_find(held->target, path) != SIZE_MAX) {
            unlink_held(held);
            go_on(held);
            released++;
        }
    }
    return released;
}

void sbx_cut_all(struct sandbox *sandbox)
{
    while (sandbox->held != NULL) {
        struct sbx_exchange *held = sandbox->held;

        sandbox->held = held->next;
        end_cut(held);
    }
    while (sandbox->waits != NULL) {
        struct sbx_wait *wait = sandbox->waits;

        sandbox->waits = wait->next;
        http_respond_cut(wait->request);
    }
}

void sbx_check_waits(struct sandbox *sandbox)
{
    struct sbx_wait **at = &sandbox->waits;

    while (*at != NULL) {
        struct sbx_wait *wait = *at;
        size_t count = sbx_records_count(sandbox->records, &wait->match);

        if (count < wait->count) {
            at = &wait->next;
            continue;
        }
        *at = wait->next;
        http_respond_text(wait->request, 200, S("application/json"),
            arena_printf(wait->request->arena, "{\"count\":%zu}", count));
    }
}

/* The way of a request through the service */

static void apply(struct sbx_exchange *exchange)
{
    sbx_service_answer(&exchange->call);
    switch (exchange->fault.kind) {
    case SBX_FAULT_CUT_AFTER:
        end_cut(exchange);
        break;
    case SBX_FAULT_STATUS_AFTER:
        end_with_fault_status(exchange);
        break;
    case SBX_FAULT_STALL_AFTER:
    case SBX_FAULT_HOLD_AFTER:
        hold(exchange);
        break;
    default:
        end_with_answer(exchange);
        break;
    }
}

static void on_delay(void *arg)
{
    struct sbx_exchange *exchange = (struct sbx_exchange *)arg;

    unlink_held(exchange);
    apply(exchange);
}

static void strike(struct sbx_exchange *exchange)
{
    switch (exchange->fault.kind) {
    case SBX_FAULT_STATUS:
        end_with_fault_status(exchange);
        break;
    case SBX_FAULT_CUT_BEFORE:
        end_cut(exchange);
        break;
    case SBX_FAULT_STALL:
    case SBX_FAULT_HOLD:
        hold(exchange);
        break;
    case SBX_FAULT_DELAY:
        hold(exchange);
        loop_timer_start(&exchange->timer, exchange->fault.delay_ms);
        break;
    default:
        apply(exchange);
        break;
    }
}

static struct sbx_load *load_of(struct sandbox *sandbox, int64_t user)
{
    struct sbx_load *load = sandbox->loads;

    while (load != NULL && load->user != user) {
        load = load->next;
    }
    if (load == NULL) {
        load = (struct sbx_load *)mem_alloc(sizeof(*load));
        load->user = user;
        load->next = sandbox->loads;
        sandbox->loads = load;
    }
    return load;
}

/* Path and query, decoded and in lower case, for matching by the administration. */
static struct str target_of(const struct http_request *request)
{
    struct str decoded = request->target;
    char *p = NULL;

    if (!uri_decode(request->target, request->arena, &decoded)) {
        decoded = request->target;
    }
    p = (char *)arena_alloc(request->arena, decoded.n + 1);
    for (size_t i = 0; i < decoded.n; i++) {
        p[i] = (char)tolower((unsigned char)decoded.p[i]);
    }
    return (struct str){ p, decoded.n };
}

static bool find_user(struct sandbox *sandbox, struct http_request *request, struct sbx_user *out)
{
    struct str header = http_request_header(request, S("Authorization"));
    struct err err = { 0 };
    bool is_found = false;

    if (!str_has_prefix_nocase(header, S("Bearer "))) {
        return false;
    }
    is_found =
        sbx_state_find_token(sandbox->db, str_trim(str_skip(header, 7)), request->arena, out);
    return sbx_db_finish(sandbox->db, false, &err) && is_found;
}

struct sbx_mailbox sbx_mailbox_of(const struct sbx_user *user, struct str base, struct arena *arena)
{
    unsigned char h[SECRET_HASH_BYTES];
    char *key = (char *)arena_alloc(arena, 17);

    secret_hash(user->name, S("mailbox"), h);
    memcpy(key, h, 16);
    return (struct sbx_mailbox){
        .base = base,
        .guids = arena_printf(arena,
            "%02x%02x%02x%02x-%02x%02x-4%02x0-a%02x0-%02x%02x%02x%02x%02x%02x"
            "@5d8f7a1c-0b6e-4c3d-9a51-2f4e6b8c0d17",
            h[16], h[17], h[18], h[19], h[20], h[21], h[22], h[23], h[24], h[25], h[26], h[27],
            h[28], h[29]),
        .owner = user->name,
        .key = { key, 16 },
    };
}

/* Links name the host that the client asked for. */
static struct str base_of(struct http_request *request, bool is_graph)
{
    struct str host = http_request_header(request, S("Host"));

    for (size_t i = 0; i < host.n; i++) {
        if (!isalnum((unsigned char)host.p[i]) && strchr(".-:[]", host.p[i]) == NULL) {
            host = S("localhost");
        }
    }
    return arena_printf(
        request->arena, "http://%.*s/%s", STR_ARG(host), is_graph ? "v1.0" : "api/v2.0");
}

static void begin(struct sbx_exchange *exchange, bool is_known)
{
    struct sandbox *sandbox = exchange->sandbox;
    struct http_request *request = exchange->request;
    const struct sbx_fault *fault = NULL;

    if (is_known) {
        struct sbx_load *load = load_of(sandbox, exchange->call.user.id);

        if (load->now >= CONCURRENT_MAX) {
            load->refused++;
            refuse(exchange, 429,
                exchange->call.is_graph ? "TooManyRequests" : "ErrorTooManyObjectsOpened",
                "More than 4 requests of this mailbox are in flight.");
            return;
        }
        exchange->load = load;
        load->now++;
        load->most = load->now > load->most ? load->now : load->most;
    }
    fault = sbx_faults_match(
        &sandbox->faults, request->method_text, exchange->target, exchange->call.user.name);
    if (fault != NULL) {
        exchange->fault = *fault;
        exchange->call.fault = &exchange->fault;
    }
    if (!is_known && exchange->fault.kind != SBX_FAULT_STATUS) {
        refuse(exchange, 401, "InvalidAuthenticationToken",
            "The access token is missing, expired or not valid.");
        return;
    }
    strike(exchange);
}

void sbx_on_request(struct http_request *request, void *arg)
{
    struct sandbox *sandbox = (struct sandbox *)arg;
    struct sbx_exchange *exchange = NULL;
    bool is_known = false;

    if (str_has_prefix(request->path, S("/admin/"))) {
        if (sandbox->has_admin) {
            sbx_admin_answer(sandbox, request);
        } else {
            http_respond_text(request, 404, S("text/plain"), S("not found\n"));
        }
        return;
    }
    exchange = ARENA_NEW(request->arena, struct sbx_exchange);
    exchange->sandbox = sandbox;
    exchange->request = request;
    exchange->target = target_of(request);
    loop_timer_init(&exchange->timer, sandbox->loop, on_delay, exchange);
    exchange->call.service = &sandbox->service;
    exchange->call.request = request;
    exchange->call.arena = request->arena;
    exchange->call.method = request->method;
    exchange->call.is_graph = str_has_prefix(request->path, S("/v1.0/"));
    is_known = find_user(sandbox, request, &exchange->call.user);
    if (is_known) {
        exchange->call.mailbox = sbx_mailbox_of(
            &exchange->call.user, base_of(request, exchange->call.is_graph), request->arena);
    }
    if (sandbox->records != NULL) {
        exchange->record =
            sbx_records_add(sandbox->records, request, exchange->target, exchange->call.user.name);
        sbx_check_waits(sandbox);
    }
    log_debug("sandbox.request", LOG_STR("method", request->method_text),
        LOG_STR("user", exchange->call.user.name));
    begin(exchange, is_known);
}
