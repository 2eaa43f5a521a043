/** PROPFIND (RFC 4918 9.1). */
#include "bridge/dav/subject.h"

enum depth {
    DEPTH_0,
    DEPTH_1,
    DEPTH_INFINITY,
};

struct propfind {
    struct prop_request request;
    enum depth depth;
};

static bool parse_depth(struct str header, enum depth *out)
{
    if (header.p == NULL || str_eq_nocase(header, S("infinity"))) {
        *out = DEPTH_INFINITY;
    } else if (str_eq(header, S("0"))) {
        *out = DEPTH_0;
    } else if (str_eq(header, S("1"))) {
        *out = DEPTH_1;
    } else {
        return false;
    }
    return true;
}

static void add_children(
    struct multistatus *multistatus, struct dav_call *call, const struct prop_subject *parent)
{
    struct collection *collection = NULL;
    struct resource *resource = NULL;

    switch (parent->kind) {
    case ROUTE_ROOT:
        subject_add_child(multistatus, call, parent, ROUTE_PRINCIPALS, NULL);
        if (!call->route.is_short) {
            subject_add_child(multistatus, call, parent, ROUTE_CALENDARS, NULL);
        }
        break;
    case ROUTE_PRINCIPALS:
        subject_add_child(multistatus, call, parent, ROUTE_PRINCIPAL, NULL);
        break;
    case ROUTE_CALENDARS:
        subject_add_child(multistatus, call, parent, ROUTE_HOME, NULL);
        break;
    case ROUTE_HOME:
        subject_add_collections(multistatus, call, parent);
        break;
    case ROUTE_COLLECTION:
        collection = call_collection(call);
        while ((resource = collection_next(collection, resource)) != NULL) {
            if (!resource->is_removed) {
                multistatus_add_object(multistatus, resource);
            }
        }
        break;
    default:
        break;
    }
}

static void answer_container(struct dav_call *call)
{
    struct propfind *propfind = call->state;
    struct prop_subject subject;

    if (!subject_of_route(call, &subject)) {
        call_respond_not_found(call);
        return;
    }
    struct multistatus *multistatus = multistatus_begin(call, &propfind->request);

    multistatus_set_writable(multistatus, subject.is_writable);
    subject_add(multistatus, call, &subject, &call->route);
    if (propfind->depth == DEPTH_1) {
        add_children(multistatus, call, &subject);
    }
    multistatus_send(&multistatus);
}

static void answer_object(struct dav_call *call)
{
    struct propfind *propfind = call->state;
    struct collection *collection = call_collection(call);
    struct resource *resource =
        collection == NULL ? NULL : collection_find(collection, call->route.object);

    if (resource == NULL || resource->is_removed) {
        call_respond_not_found(call);
        return;
    }
    struct multistatus *multistatus = multistatus_begin(call, &propfind->request);

    multistatus_set_writable(multistatus, collection_is_writable(collection));
    multistatus_add_object(multistatus, resource);
    multistatus_send(&multistatus);
}

static void opened(const struct err *err, void *arg)
{
    struct dav_call *call = arg;

    if (err->kind != ERR_NONE) {
        call_respond_err(call, err);
    } else if (call->route.kind == ROUTE_OBJECT) {
        answer_object(call);
    } else {
        answer_container(call);
    }
}

/** Whatever asks for changes may first wait a moment for a delta round (design section 6). */
static void start(struct dav_call *call)
{
    struct propfind *propfind = call->state;
    struct engine *engine = call->dav->engine;
    bool is_poll = propfind->request.is_poll || propfind->depth == DEPTH_1;
    struct user *user = call_user(call);
    struct collection *collection = NULL;

    if (user == NULL) {
        call_respond_not_found(call);
        return;
    }
    if (call->route.kind == ROUTE_COLLECTION || call->route.kind == ROUTE_OBJECT) {
        collection = user_find_collection(user, call->route.collection);
        if (collection == NULL) {
            call_respond_not_found(call);
            return;
        }
    }
    if (call->route.kind == ROUTE_OBJECT) {
        engine_open(engine, collection, false, call->client, opened, call);
    } else if (collection != NULL && is_poll) {
        engine_open(engine, collection, true, call->client, opened, call);
    } else if (call->route.kind == ROUTE_HOME && is_poll) {
        engine_open_home(engine, user, call->client, opened, call);
    } else {
        answer_container(call);
    }
}

void dav_propfind(struct dav_call *call)
{
    struct propfind *propfind = ARENA_NEW(call_arena(call), struct propfind);
    struct xml_node *root;
    struct err err;

    call->state = propfind;
    if (!parse_depth(call_header(call, S("Depth")), &propfind->depth)) {
        call_respond_fault(call, 400, FAULT_NONE, S("Depth is 0, 1 or infinity."));
        return;
    }
    if (!call_parse_body(call, &root)) {
        return;
    }
    if (root != NULL && !xml_is(root, S("DAV:"), S("propfind"))) {
        call_respond_fault(call, 400, FAULT_NONE, S("The body is no DAV:propfind."));
        return;
    }
    if (!prop_request_parse(
            root, false, call->is_minimal, call_arena(call), &propfind->request, &err)) {
        call_respond_fault(call, 400, FAULT_NONE, str_from(err.text));
        return;
    }
    if (call->route.kind != ROUTE_OBJECT && propfind->depth == DEPTH_INFINITY) {
        call_respond_fault(call, 403, FAULT_PROPFIND_FINITE_DEPTH, S("Ask with Depth 0 or 1."));
        return;
    }
    start(call);
}
