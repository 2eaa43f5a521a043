/** calendar-query (RFC 4791 7.8). */
#include "bridge/dav/filter_match.h"
#include "bridge/dav/multistatus.h"
#include "bridge/dav/report_props.h"

struct query {
    struct prop_request request;
    struct filter filter;
};

static void answer(struct dav_call *call, struct collection *collection)
{
    struct query *query = call->state;
    struct resource *resource = NULL;

    if (call->route.kind == ROUTE_OBJECT) {
        resource = collection_find(collection, call->route.object);
        if (resource == NULL || resource->is_removed) {
            call_respond_not_found(call);
            return;
        }
    }
    struct multistatus *multistatus = multistatus_begin(call, &query->request);

    multistatus_set_writable(multistatus, collection_is_writable(collection));
    if (!filter_is_trivial(&query->filter)) {
        multistatus_set_filter(multistatus, &query->filter);
    }
    if (resource != NULL) {
        multistatus_add_object(multistatus, resource);
    } else if (!filter_is_hopeless(&query->filter)) {
        while ((resource = collection_next(collection, resource)) != NULL) {
            if (!resource->is_removed) {
                multistatus_add_object(multistatus, resource);
            }
        }
    }
    multistatus_send(&multistatus);
}

static void opened(const struct err *err, void *arg)
{
    struct dav_call *call = arg;
    struct collection *collection = call_opened(call, err);

    if (collection != NULL) {
        answer(call, collection);
    }
}

#define CALDAV_NS S("urn:ietf:params:xml:ns:caldav")

void report_query(struct dav_call *call, const struct xml_node *root)
{
    struct query *query = ARENA_NEW(call_arena(call), struct query);
    const struct xml_node *filter = xml_child(root, CALDAV_NS, S("filter"));
    struct collection *collection = call_collection(call);
    const struct zone *zone;
    enum fault fault;
    struct err err;

    call->state = query;
    if (!report_props(call, root, &query->request) || !report_zone(call, root, &zone)) {
        return;
    }
    if (!filter_parse(filter, zone, call_arena(call), &query->filter, &fault, &err)) {
        call_respond_fault(call, 403, fault, str_from(err.text));
        return;
    }
    engine_open(call->dav->engine, collection, true, call->client, opened, call);
}
