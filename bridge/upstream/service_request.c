#include "bridge/upstream/service_request.h"

#include "bridge/core/mem.h"
#include "bridge/upstream/json.h"
#include "bridge/upstream/service_date.h"

#include <assert.h>

#define MOST_HEADERS 8
#define URL_MOST     65536

void service_making_init(struct service_making *making, const struct upstream_call *call,
    struct str base_url, struct arena *arena)
{
    *making = (struct service_making){ .call = call, .arena = arena };
    making->request.headers =
        (struct http_header *)arena_alloc_array(arena, MOST_HEADERS, sizeof(struct http_header));
    buf_init(&making->url, URL_MOST);
    buf_put(&making->url, base_url);
    service_add_header(making, S("Accept"), S("application/json"));
    service_add_header(making, S("Prefer"),
        arena_printf(
            arena, "outlook.timezone=\"%.*s\"", STR_ARG(service_date_zone_name(call->zone))));
}

bool service_making_finish(
    struct service_making *making, bool is_built, struct upstream_request *out, struct err *err)
{
    is_built = is_built && buf_ok(&making->url, err);
    if (is_built) {
        making->request.url = arena_copy(making->arena, buf_str(&making->url));
        *out = making->request;
    }
    buf_done(&making->url);
    return is_built;
}

void service_add_header(struct service_making *making, struct str name, struct str value)
{
    struct upstream_request *request = &making->request;

    assert(request->header_count < MOST_HEADERS);
    request->headers[request->header_count++] = (struct http_header){ name, value };
}

void service_set_json(struct service_making *making, struct str body)
{
    making->request.body = body;
    making->request.has_body = true;
    service_add_header(making, S("Content-Type"), S("application/json"));
}

struct str service_name_body(const struct service_making *making, const char *member)
{
    CLEANUP(buf_done) struct buf buf;
    struct json_out out;

    buf_init(&buf, SIZE_MAX / 2);
    json_out_init(&out, &buf);
    json_out_open(&out, '{');
    json_out_member(&out, member, making->call->name);
    json_out_close(&out, '}');
    return arena_copy(making->arena, buf_str(&buf));
}
