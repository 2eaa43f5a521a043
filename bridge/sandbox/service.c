#include "bridge/sandbox/service.h"

#include "bridge/core/clock.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/graph.h"
#include "http/uri.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>

#define PATH_SEGMENTS_MAX 12

static const struct sbx_route routes[] = {
    { "tasks", sbx_list_tasks, sbx_create_task, NULL, NULL, NULL },
    { "tasks/*", sbx_get_task, NULL, sbx_update_task, sbx_delete_task, NULL },
    { "tasks/*/complete", NULL, sbx_complete_task, NULL, NULL, NULL },
    { "tasks/*/attachments", sbx_list_attachments, sbx_add_attachment, NULL, NULL, NULL },
    { "tasks/*/attachments/*", sbx_get_attachment, NULL, NULL, sbx_delete_attachment, NULL },
    { "taskfolders", sbx_list_folders, sbx_create_folder, NULL, NULL, NULL },
    { "taskfolders/*", NULL, NULL, sbx_update_folder, sbx_delete_folder, NULL },
    { "taskfolders/*/tasks", sbx_list_folder_tasks, sbx_create_task, NULL, NULL, NULL },
    { "taskgroups", sbx_list_groups, sbx_create_group, NULL, NULL, NULL },
    { "taskgroups/*", NULL, NULL, sbx_update_group, sbx_delete_group, NULL },
    { "taskgroups/*/taskfolders", sbx_list_group_folders, sbx_create_folder, NULL, NULL, NULL },
};

/* "tasks('x')" gives two segments, as "tasks/x" does. */
static size_t split_segments(const struct uri_path *path, struct str *out)
{
    size_t count = 0;

    for (size_t i = 0; i < path->count; i++) {
        struct str segment = path->segments[i];
        size_t at = str_find(segment, S("('"));

        if (at != SIZE_MAX && str_has_suffix(segment, S("')")) && segment.n >= at + 4) {
            out[count++] = str_first(segment, at);
            segment = str_skip(str_first(segment, segment.n - 2), at + 2);
        }
        out[count++] = segment;
    }
    return count;
}

/* The v2.0 side takes path segments in any case (upstream.md A.1). */
static bool matches(
    struct sbx_call *call, const struct sbx_route *route, const struct str *segments, size_t count)
{
    struct str rest = str_from(route->pattern);
    struct str part = { 0 };
    size_t key_count = 0;
    size_t at = 0;

    while (str_next(&rest, '/', &part)) {
        if (at == count) {
            return false;
        }
        if (str_eq(part, S("*"))) {
            call->keys[key_count++] = segments[at];
        } else if (!(call->is_graph ? str_eq : str_eq_nocase)(part, segments[at])) {
            return false;
        }
        at++;
    }
    call->key = call->keys[0];
    return at == count;
}

static bool find_among(struct sbx_call *call, const struct sbx_route *list, size_t list_count,
    const struct str *segments, size_t count, const struct sbx_route **out)
{
    for (size_t i = 0; i < list_count; i++) {
        if (matches(call, &list[i], segments, count)) {
            *out = &list[i];
            return true;
        }
    }
    return false;
}

/* users/ID, as addresses of upload sessions have it (upstream.md B.1, B.9). */
static bool is_own(const struct sbx_call *call, const struct str *segments, size_t count)
{
    return count > 2 && str_eq(segments[1], S("users")) &&
           (str_eq(segments[2], sbx_user_id(call)) || str_eq(segments[2], call->user.name));
}

static bool find_route(struct sbx_call *call, const struct sbx_route **out)
{
    struct str segments[2 * PATH_SEGMENTS_MAX];
    struct uri_path path = { 0 };
    struct err err = { 0 };
    size_t count = 0;

    if (uri_parse_path(call->request->path, PATH_SEGMENTS_MAX, call->arena, &path, &err)) {
        count = split_segments(&path, segments);
    }
    if (call->is_graph) {
        size_t skipped = count > 1 && str_eq(segments[1], S("me")) ? 2
                         : is_own(call, segments, count)           ? 3
                                                                   : 0;

        return (skipped > 0 && count >= skipped + 2 && str_eq(segments[skipped], S("todo")) &&
                   find_among(call, sbx_graph_routes, sbx_graph_route_count, segments + skipped + 1,
                       count - skipped - 1, out)) ||
               sbx_refuse(&call->refusal, 400, "BadRequest", "Resource not found for the segment.");
    }
    if (count >= 4 && str_eq_nocase(segments[0], S("api")) &&
        str_eq_nocase(segments[1], S("v2.0")) && str_eq_nocase(segments[2], S("me"))) {
        if (find_among(call, routes, ARRAY_LEN(routes), segments + 3, count - 3, out)) {
            return true;
        }
    }
    return sbx_refuse(&call->refusal, 404, "ResourceNotFound", "There is no such resource.");
}

static sbx_handler *handler_of(const struct sbx_route *route, enum http_method method)
{
    switch (method) {
    case HTTP_GET:
        return route->get;
    case HTTP_POST:
        return route->post;
    case HTTP_PATCH:
        return route->patch;
    case HTTP_DELETE:
        return route->remove;
    case HTTP_PUT:
        return route->put;
    default:
        return NULL;
    }
}

/* Preferences (upstream.md A.5, A.6, A.10.1) */

static bool apply_preference(struct sbx_call *call, struct str name, struct str value)
{
    if (str_eq_nocase(name, S("odata.track-changes"))) {
        call->tracks_changes = true;
    } else if (str_eq_nocase(name, S("odata.maxpagesize"))) {
        if (!str_to_i64(value, &call->max_page_size) || call->max_page_size < 1) {
            return sbx_refuse(&call->refusal, 400, "ErrorInvalidRequest",
                "Prefer: odata.maxpagesize must be a positive number.");
        }
    } else if (str_eq_nocase(name, S("outlook.timezone"))) {
        const struct sbx_zone *zone = sbx_zones_find(call->service->zones, value);

        if (zone == NULL) {
            return sbx_refuse(&call->refusal, 400, "InvalidDateTime",
                "Prefer: outlook.timezone names a zone that is not known here.");
        }
        call->edit.zone =
            call->is_graph && call->service->personality.ignores_timezone ? call->edit.zone : zone;
    } else if (call->is_graph) {
        return sbx_graph_apply_preference(call, name, value);
    }
    return true; /* other preferences are not ours */
}

static bool read_preferences(struct sbx_call *call)
{
    for (size_t i = 0; i < call->request->header_count; i++) {
        struct str rest = call->request->headers[i].value;
        struct str one = { 0 };

        if (!str_eq_nocase(call->request->headers[i].name, S("Prefer"))) {
            continue;
        }
        while (str_next(&rest, ',', &one)) { /* no value here holds a comma */
            size_t equals = str_find_char(one, '=');
            struct str value = equals == SIZE_MAX ? S("") : str_trim(str_skip(one, equals + 1));

            if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"') {
                value = str_skip(str_first(value, value.n - 1), 1);
            }
            if (!apply_preference(call, str_trim(str_first(one, equals)), value)) {
                return false;
            }
        }
    }
    return true;
}

/* Bodies */

/* \u0000 would cut a text short. */
static bool has_nul_escape(struct str text)
{
    for (size_t i = 0; i + 5 < text.n; i++) {
        if (text.p[i] != '\\') {
            continue;
        }
        if (memcmp(text.p + i + 1, "u0000", 5) == 0) {
            return true;
        }
        i++;
    }
    return false;
}

static bool read_body(struct sbx_call *call, bool must_have)
{
    const struct http_request *request = call->request;
    struct str type = http_request_header(request, S("Content-Type"));
    const char *end = NULL;

    if (http_request_header(request, S("Content-Length")).p == NULL &&
        http_request_header(request, S("Transfer-Encoding")).p == NULL) {
        return sbx_refuse(&call->refusal, 411, "ErrorInvalidRequest",
            "A Content-Length is required, also for an empty body.");
    }
    if (request->body.n == 0 && !must_have) {
        return true;
    }
    if (!str_eq_nocase(
            str_trim(str_first(type, str_find_char(type, ';'))), S("application/json"))) {
        return sbx_refuse(&call->refusal, 415, "ErrorInvalidRequest",
            "The Content-Type must be application/json.");
    }
    if (!str_is_utf8(request->body) || has_nul_escape(request->body) ||
        str_find_char(request->body, '\0') != SIZE_MAX) {
        return sbx_refuse(
            &call->refusal, 400, "RequestBodyRead", "The body holds characters it must not.");
    }
    call->body = cJSON_ParseWithLengthOpts(request->body.p, request->body.n, &end, false);
    while (end != NULL && end < request->body.p + request->body.n && isspace((unsigned char)*end)) {
        end++;
    }
    if (!cJSON_IsObject(call->body) || end != request->body.p + request->body.n) {
        return sbx_refuse(&call->refusal, 400, "RequestBodyRead", "The body is not a JSON object.");
    }
    if (!must_have && call->body->child != NULL) {
        return sbx_refuse(&call->refusal, 400, "RequestBodyRead", "This action takes no body.");
    }
    return true;
}

static bool run(struct sbx_call *call)
{
    const struct sbx_route *route = NULL;
    sbx_handler *handler = NULL;

    if (!find_route(call, &route)) {
        return false;
    }
    handler = handler_of(route, call->method);
    if (handler == NULL) {
        return sbx_refuse(&call->refusal, 405, "ErrorInvalidRequest",
            "The resource does not support this method.");
    }
    return read_preferences(call) &&
           sbx_query_read(
               call->request->query, call->is_graph, call->arena, &call->query, &call->refusal) &&
           ((call->method != HTTP_POST && call->method != HTTP_PATCH) ||
               read_body(call, handler != sbx_complete_task)) &&
           handler(call);
}

void sbx_service_answer(struct sbx_call *call)
{
    struct sbx_db *db = call->service->db;
    struct err err = { 0 };
    bool is_done = false;

    call->edit = (struct sbx_edit){
        .zones = call->service->zones,
        .zone = sbx_zones_find(call->service->zones, S("UTC")),
        .now_us = clock_now_us(),
        .is_due_anchored = call->is_graph,
        .arena = call->arena,
    };
    call->refusal = (struct sbx_refusal){ 0 };
    sbx_db_begin(db);
    is_done = run(call);
    if (!sbx_db_finish(db, is_done, &err)) {
        is_done = sbx_refuse(&call->refusal, 500, "ErrorInternalServerError", "%s", err.text);
    }
    if (!is_done) {
        cJSON_Delete(TAKE(call->json));
        call->status = call->refusal.status;
        call->json = sbx_call_error(call);
    }
}

cJSON *sbx_call_error(const struct sbx_call *call)
{
    return call->is_graph ? sbx_graph_error(call) : sbx_error_body(&call->refusal);
}

cJSON *sbx_error_body(const struct sbx_refusal *refusal)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *error = cJSON_AddObjectToObject(json, "error");

    cJSON_AddStringToObject(error, "code", refusal->code);
    cJSON_AddStringToObject(error, "message", refusal->text);
    return json;
}
