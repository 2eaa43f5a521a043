#include "bridge/dav/call.h"

#include "http/body.h"

#define XML_TYPE      S("application/xml; charset=utf-8")
#define RETRY_DEFAULT 10 /* seconds */

struct user *call_user(struct dav_call *call)
{
    return engine_find_user(call->dav->engine, call->user);
}

struct collection *call_collection(struct dav_call *call)
{
    struct user *user = call_user(call);

    return user == NULL ? NULL : user_find_collection(user, call->route.collection);
}

struct arena *call_arena(struct dav_call *call)
{
    return call->request->arena;
}

struct str call_header(const struct dav_call *call, struct str name)
{
    return http_request_header(call->request, name);
}

struct str call_object_href(struct dav_call *call, struct str name)
{
    struct route route = call->route;

    route.kind = ROUTE_OBJECT;
    route.object = name;
    return route_href(&route, call->dav->prefix, call_arena(call));
}

/** Does the request say that its body is something else than XML? Curl's default says nothing. */
static bool is_other_type(struct dav_call *call)
{
    struct str type = call_header(call, S("Content-Type"));

    return type.n > 0 && str_find(type, S("xml")) == SIZE_MAX &&
           !str_has_prefix_nocase(type, S("application/x-www-form-urlencoded"));
}

bool call_parse_body(struct dav_call *call, struct xml_node **root_out)
{
    struct str body = call->request->body;
    struct err err;

    /* vdirsyncer's bodies begin with line breaks, which no XML declaration may follow. */
    while (body.n > 0 &&
           (body.p[0] == ' ' || body.p[0] == '\n' || body.p[0] == '\r' || body.p[0] == '\t')) {
        body = str_skip(body, 1);
    }
    if (body.n == 0) {
        *root_out = NULL;
        return true;
    }
    if (!xml_parse(body, &xml_default_limits, call_arena(call), root_out, &err)) {
        call_respond_fault(call, is_other_type(call) ? 415 : 400, FAULT_NONE, str_from(err.text));
        return false;
    }
    return true;
}

void call_respond_empty(struct dav_call *call, int code)
{
    http_respond(call->request, code, S(""), NULL);
}

void call_respond_xml(struct dav_call *call, int code, struct evbuffer *body)
{
    http_respond(call->request, code, XML_TYPE, body);
}

/** What some elements hold. */
static void write_fault(
    struct xml_out *xml, enum fault fault, struct dav_call *call, struct str other_href)
{
    struct fault_element element = fault_element(fault);

    if (fault == FAULT_NO_UID_CONFLICT && other_href.n > 0) {
        xml_open(xml, element.ns, element.name);
        xml_text(xml, XML_DAV, "href", other_href);
        xml_close(xml, element.ns, element.name);
    } else if (fault == FAULT_NEED_PRIVILEGES) {
        /* DAVx5 takes back the local change when it sees exactly this. */
        struct route parent = call->route;

        parent.kind = parent.kind == ROUTE_OBJECT ? ROUTE_COLLECTION : parent.kind;
        xml_open(xml, element.ns, element.name);
        xml_open(xml, XML_DAV, "resource");
        xml_text(xml, XML_DAV, "href", route_href(&parent, call->dav->prefix, call_arena(call)));
        xml_raw(xml, S("<D:privilege><D:write-content/></D:privilege>"));
        xml_close(xml, XML_DAV, "resource");
        xml_close(xml, element.ns, element.name);
    } else {
        xml_empty(xml, element.ns, element.name);
    }
}

static void respond_error(
    struct dav_call *call, int code, enum fault fault, struct str text, struct str other_href)
{
    struct evbuffer *body = http_body_new();
    struct xml_out xml;

    xml_out_init(&xml, body);
    xml_open(&xml, XML_DAV, "error");
    if (fault != FAULT_NONE) {
        write_fault(&xml, fault, call, other_href);
    }
    if (text.n > 0) {
        xml_text(&xml, XML_DAV, "responsedescription", text);
    }
    xml_close(&xml, XML_DAV, "error");
    call_respond_xml(call, code, body);
}

void call_respond_fault(struct dav_call *call, int code, enum fault fault, struct str text)
{
    respond_error(call, code, fault, text, S(""));
}

void call_respond_later(struct dav_call *call, int code, unsigned seconds, struct str text)
{
    http_respond_header(call->request, S("Retry-After"),
        arena_printf(call_arena(call), "%u", seconds == 0 ? RETRY_DEFAULT : seconds));
    respond_error(call, code, FAULT_NONE, text, S(""));
}

void call_respond_too_large(struct dav_call *call)
{
    call_respond_fault(call, 403, FAULT_MAX_RESOURCE_SIZE, S("The task is too large."));
}

void call_respond_not_found(struct dav_call *call)
{
    respond_error(call, 404, FAULT_NONE, S("No such resource."), S(""));
}

struct collection *call_opened(struct dav_call *call, const struct err *err)
{
    struct collection *collection = call_collection(call);

    if (err->kind != ERR_NONE) {
        call_respond_err(call, err);
        return NULL;
    }
    if (collection == NULL) {
        call_respond_not_found(call);
    }
    return collection;
}

void call_respond_not_allowed(struct dav_call *call)
{
    http_respond_header(call->request, S("Allow"), dav_allow(call->route.kind, call_arena(call)));
    respond_error(call, 405, FAULT_NONE, S("This resource does not know the method."), S(""));
}

void call_respond_err(struct dav_call *call, const struct err *err)
{
    struct status status = status_of_err(err->kind);

    if (status.code == 503) {
        call_respond_later(call, 503, err->retry_after_s, str_from(err->text));
    } else {
        respond_error(call, status.code, status.fault, str_from(err->text), S(""));
    }
}

void call_respond_result(struct dav_call *call, const struct sync_result *result)
{
    struct status status = status_of_outcome(result->outcome, result->fault);
    struct str other_href = S("");

    if (status.code == 503) {
        call_respond_later(call, 503, result->err.retry_after_s, str_from(result->err.text));
        return;
    }
    if (result->etag.n > 0) {
        http_respond_header(call->request, S("ETag"), result->etag);
    }
    if (status.code < 300) {
        call_respond_empty(call, status.code);
        return;
    }
    if (result->other_href.n > 0) {
        other_href = call_object_href(call, result->other_href);
    }
    respond_error(call, status.code, status.fault, str_from(result->err.text), other_href);
}
