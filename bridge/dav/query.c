/** calendar-query (RFC 4791 7.8). */
#include "bridge/dav/filter.h"
#include "bridge/dav/multistatus.h"
#include "bridge/dav/report_props.h"

struct query {
    struct prop_request request;
    struct filter filter;
};

static void answer(struct dav_call *call, struct collection *collection)
{
    struct query *query = call->state;
    struct multistatus *multistatus = multistatus_begin(call, &query->request);
    struct resource *resource = NULL;

    multistatus_set_writable(multistatus, collection_is_writable(collection));
    if (!filter_is_trivial(&query->filter)) {
        multistatus_set_filter(multistatus, &query->filter);
    }
    if (call->route.kind == ROUTE_OBJECT) {
        resource = collection_find(collection, call->route.object);
        if (resource != NULL && !resource->is_removed) {
            multistatus_add_object(multistatus, resource);
        }
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
    struct collection *collection = call_collection(call);

    if (err->kind != ERR_NONE) {
        call_respond_err(call, err);
    } else if (collection == NULL) {
        call_respond_not_found(call);
    } else {
        answer(call, collection);
    }
}

#define CALDAV_NS S("urn:ietf:params:xml:ns:caldav")

/** The zone that a VCALENDAR with one VTIMEZONE names; NULL if we do not know it. */
static const struct zone *zone_of_calendar(struct str text, struct arena *arena)
{
    struct document document;
    struct err err;

    if (!document_parse(str_trim(text), &document_default_limits, arena, &document, &err)) {
        return NULL;
    }
    const struct component *zone = component_find(document.calendar->children, S("VTIMEZONE"));
    const struct property *tzid = zone == NULL ? NULL : property_find(zone->properties, S("TZID"));

    return tzid == NULL ? NULL : zone_find_tzid(str_trim(tzid->value));
}

/** By an element whose text names a zone or holds one; NULL if there is none that we know. */
static const struct zone *zone_of_node(const struct xml_node *node, struct arena *arena)
{
    struct str text = node == NULL ? S("") : str_trim(node->text);

    if (text.n == 0) {
        return NULL;
    }
    return str_has_prefix_nocase(text, S("BEGIN:")) ? zone_of_calendar(text, arena)
                                                    : zone_find_tzid(text);
}

/** By a property that a client has set on the list. */
static const struct zone *zone_of_property(
    const struct collection *collection, struct str name, struct arena *arena)
{
    struct str xml = collection_property(collection, CALDAV_NS, name);
    struct xml_node *root;
    struct err err;

    return xml.n > 0 && xml_parse(xml, &xml_default_limits, arena, &root, &err)
               ? zone_of_node(root, arena)
               : NULL;
}

/** The zone of floating times (RFC 4791 9.8): the request's, the list's, else the account's. */
static const struct zone *zone_of(
    const struct xml_node *root, const struct collection *collection, struct arena *arena)
{
    const struct zone *zone = zone_of_node(xml_child(root, CALDAV_NS, S("timezone-id")), arena);

    if (zone == NULL) {
        zone = zone_of_node(xml_child(root, CALDAV_NS, S("timezone")), arena);
    }
    if (zone == NULL) {
        zone = zone_of_property(collection, S("calendar-timezone-id"), arena);
    }
    if (zone == NULL) {
        zone = zone_of_property(collection, S("calendar-timezone"), arena);
    }
    return zone != NULL ? zone : collection_zone(collection);
}

void report_query(struct dav_call *call, const struct xml_node *root)
{
    struct query *query = ARENA_NEW(call_arena(call), struct query);
    const struct xml_node *filter = xml_child(root, CALDAV_NS, S("filter"));
    struct collection *collection = call_collection(call);
    enum fault fault = FAULT_VALID_FILTER;
    struct err err;

    call->state = query;
    if (!report_props(call, root, &query->request)) {
        return;
    }
    const struct zone *zone = zone_of(root, collection, call_arena(call));

    if (!filter_parse(filter, zone, call_arena(call), &query->filter, &fault, &err)) {
        call_respond_fault(call, 403, fault, str_from(err.text));
        return;
    }
    engine_open(call->dav->engine, collection, true, call->client, opened, call);
}
