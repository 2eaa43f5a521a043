#include "bridge/dav/address.h"

static bool is_host(struct dav_call *call, struct str header, struct str host)
{
    struct str value = call_header(call, header);
    struct str own, port;

    return value.n > 0 && uri_split_authority(str_trim(value), &own, &port) &&
           str_eq_nocase(own, host);
}

static bool is_this_server(struct dav_call *call, struct str host)
{
    return is_host(call, S("Host"), host) || is_host(call, S("X-Forwarded-Host"), host) ||
           (call->dav->host.n > 0 && str_eq_nocase(call->dav->host, host));
}

int address_route(struct dav_call *call, struct str text, struct route *out)
{
    struct uri uri = { .path = str_trim(text) };
    struct err err;

    if (uri.path.n == 0 || uri.path.p[0] != '/') {
        if (!uri_parse(str_trim(text), call_arena(call), &uri, &err)) {
            return 400;
        }
        if (!is_this_server(call, uri.host)) {
            return 502;
        }
    }
    if (!route_parse(&call->dav->prefix_path, uri.path, call_arena(call), out, &err)) {
        return err.code == 403 ? 403 : 400;
    }
    return 0;
}

static bool is_own(struct str address, void *arg)
{
    struct dav_call *call = arg;
    const struct route *own = &call->route;
    struct route route;

    return address_route(call, address, &route) == 0 && route.kind == own->kind &&
           str_eq(route.user, own->user) && str_eq(route.collection, own->collection) &&
           str_eq(route.object, own->object);
}

bool address_precondition(struct dav_call *call, struct precondition *out)
{
    struct http_request *request = call->request;
    struct err err;

    if (precondition_parse(
            request->headers, request->header_count, is_own, call, call_arena(call), out, &err)) {
        return true;
    }
    call_respond_fault(call, 400, FAULT_NONE, str_from(err.text));
    return false;
}
