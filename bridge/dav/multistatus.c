#include "bridge/dav/multistatus.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "bridge/dav/filter_match.h"
#include "http/body.h"
#include "ical/document.h"

/** One call of produce writes about so much ... */
#define SLICE_BYTES (64 * 1024)
/** ... and does about so much work on calendar data: bytes that are read (some 2 ms). */
#define SLICE_WORK (128 * 1024)
/** Longest href of an object: every byte of a segment may need three. */
#define HREF_BYTES (64 * 1024)

enum item_kind {
    ITEM_OBJECT,
    ITEM_MISSING,
};

struct item {
    enum item_kind kind;
    struct resource *resource; /**< ITEM_OBJECT: a reference of ours */
    struct str href;           /**< ITEM_MISSING: in the call's arena */
};

struct multistatus {
    struct dav_call *call;
    const struct prop_request *request;
    const struct filter *filter;
    struct evbuffer *head; /**< what is written but not yet given to the server */
    struct xml_out xml;
    struct item *items;
    size_t count;
    size_t capacity;
    size_t next;
    struct str collection_href;
    struct str sync_token;
    struct buf href;          /**< scratch: of one object */
    struct arena *arena;      /**< likewise */
    struct document document; /**< of the object in hand, once it had to be read */
    bool has_document;
    struct filter_match *match; /**< likewise, while the filter is looked at */
    uint64_t work;              /**< done in this slice */
    bool is_writable;
    bool is_done;
};

/** The object in hand has been dealt with. */
static void drop_object(struct multistatus *multistatus)
{
    filter_match_free(&multistatus->match);
    arena_free(&multistatus->arena);
    multistatus->has_document = false;
}

static void free_multistatus(void *arg)
{
    struct multistatus *multistatus = arg;

    drop_object(multistatus);
    for (size_t i = 0; i < multistatus->count; i++) {
        if (multistatus->items[i].resource != NULL) {
            resource_release(&multistatus->items[i].resource);
        }
    }
    mem_free(multistatus->items);
    buf_done(&multistatus->href);
    http_body_free(&multistatus->head);
    mem_free(multistatus);
}

struct multistatus *multistatus_begin(struct dav_call *call, const struct prop_request *request)
{
    struct multistatus *multistatus = mem_alloc(sizeof(*multistatus));
    struct route route = call->route;

    multistatus->call = call;
    multistatus->request = request;
    multistatus->head = http_body_new();
    buf_init(&multistatus->href, HREF_BYTES);
    route.kind = ROUTE_COLLECTION;
    multistatus->collection_href = route_href(&route, call->dav->prefix, call_arena(call));
    xml_out_init(&multistatus->xml, multistatus->head);
    xml_open(&multistatus->xml, XML_DAV, "multistatus");
    return multistatus;
}

void multistatus_abort(struct multistatus **multistatus)
{
    if (*multistatus != NULL) {
        free_multistatus(*multistatus);
        *multistatus = NULL;
    }
}

static struct item *add_item(struct multistatus *multistatus, enum item_kind kind)
{
    if (multistatus->count == multistatus->capacity) {
        multistatus->capacity = multistatus->capacity == 0 ? 64 : multistatus->capacity * 2;
        multistatus->items =
            mem_resize(multistatus->items, multistatus->capacity, sizeof(struct item));
    }
    struct item *item = &multistatus->items[multistatus->count++];

    *item = (struct item){ .kind = kind };
    return item;
}

void multistatus_add_container(
    struct multistatus *multistatus, struct str href, const struct prop_subject *subject)
{
    struct xml_out *xml = &multistatus->xml;

    xml_open(xml, XML_DAV, "response");
    xml_text(xml, XML_DAV, "href", href);
    prop_write_propstats(xml, multistatus->request, subject);
    xml_close(xml, XML_DAV, "response");
}

void multistatus_add_object(struct multistatus *multistatus, struct resource *resource)
{
    add_item(multistatus, ITEM_OBJECT)->resource = resource_hold(resource);
}

void multistatus_add_missing(struct multistatus *multistatus, struct str href)
{
    add_item(multistatus, ITEM_MISSING)->href = href;
}

static void write_refused(struct xml_out *xml, struct str href)
{
    struct fault_element element = fault_element(FAULT_WITHIN_LIMITS);

    xml_open(xml, XML_DAV, "response");
    xml_text(xml, XML_DAV, "href", href);
    xml_text(xml, XML_DAV, "status", S("HTTP/1.1 507 Insufficient Storage"));
    xml_open(xml, XML_DAV, "error");
    xml_empty(xml, element.ns, element.name);
    xml_close(xml, XML_DAV, "error");
    xml_close(xml, XML_DAV, "response");
}

void multistatus_add_truncated(struct multistatus *multistatus, struct str href)
{
    write_refused(&multistatus->xml, href);
}

void multistatus_set_filter(struct multistatus *multistatus, const struct filter *filter)
{
    multistatus->filter = filter;
}

void multistatus_set_sync_token(struct multistatus *multistatus, struct str token)
{
    multistatus->sync_token = token;
}

void multistatus_set_writable(struct multistatus *multistatus, bool is_writable)
{
    multistatus->is_writable = is_writable;
}

static void write_missing(struct xml_out *xml, struct str href)
{
    xml_open(xml, XML_DAV, "response");
    xml_text(xml, XML_DAV, "href", href);
    xml_text(xml, XML_DAV, "status", S("HTTP/1.1 404 Not Found"));
    xml_close(xml, XML_DAV, "response");
}

/** Reads the object in hand, once; false if it is no calendar. */
static bool read_document(struct multistatus *multistatus, const struct resource *resource)
{
    struct err err;

    if (!multistatus->has_document) {
        multistatus->work += resource->document.n;
        multistatus->has_document = document_parse(resource->document, &document_default_limits,
            multistatus->arena, &multistatus->document, &err);
    }
    return multistatus->has_document;
}

/** The calendar data as it was asked for; what cannot be read, whole. False: it is too much. */
static bool write_data_part(
    struct multistatus *multistatus, const struct resource *resource, struct buf *out)
{
    const struct data_part *part = multistatus->request->part;

    if (!read_document(multistatus, resource)) {
        buf_put(out, resource->document);
        return true;
    }
    bool is_whole = data_part_write(part, &multistatus->document, multistatus->arena, out);

    multistatus->work += resource->document.n + out->n;
    return is_whole;
}

static void write_object(
    struct multistatus *multistatus, const struct collection *collection, struct resource *resource)
{
    struct xml_out *xml = &multistatus->xml;
    CLEANUP(buf_done) struct buf data;
    struct prop_subject subject = {
        .kind = ROUTE_OBJECT,
        .call = multistatus->call,
        .collection = collection,
        .resource = resource,
        .is_writable = multistatus->is_writable,
        .data = resource->document,
        .arena = multistatus->arena,
    };

    buf_init(&data, DATA_PART_MAX_BYTES);
    buf_clear(&multistatus->href);
    buf_put(&multistatus->href, multistatus->collection_href);
    uri_encode_segment(&multistatus->href, resource->href);
    if (resource->is_removed) {
        write_missing(xml, buf_str(&multistatus->href));
        return;
    }
    if (multistatus->request->part != NULL) {
        if (!write_data_part(multistatus, resource, &data)) {
            write_refused(xml, buf_str(&multistatus->href));
            return;
        }
        subject.data = buf_str(&data);
    }
    xml_open(xml, XML_DAV, "response");
    xml_text(xml, XML_DAV, "href", buf_str(&multistatus->href));
    prop_write_propstats(xml, multistatus->request, &subject);
    xml_close(xml, XML_DAV, "response");
}

/** Goes on with the filter on the object in hand, as far as this slice reaches. */
static enum filter_result look_at(struct multistatus *multistatus, const struct resource *resource)
{
    enum filter_result result;
    uint64_t spent;

    if (multistatus->filter == NULL || resource->is_removed) {
        return FILTER_MATCHES;
    }
    if (multistatus->match == NULL) {
        if (!read_document(multistatus, resource)) {
            return FILTER_MISSES;
        }
        multistatus->match =
            filter_match_new(multistatus->filter, &multistatus->document, multistatus->arena);
    }
    result = filter_match_go(multistatus->match,
        multistatus->work < SLICE_WORK ? SLICE_WORK - multistatus->work : 1, &spent);
    multistatus->work += spent;
    return result;
}

/** One item, or a part of the work on it. */
static void produce_item(struct multistatus *multistatus, const struct collection *collection)
{
    struct item *item = &multistatus->items[multistatus->next];
    enum filter_result result;

    if (item->kind == ITEM_MISSING) {
        write_missing(&multistatus->xml, item->href);
        multistatus->next++;
        return;
    }
    if (multistatus->arena == NULL) {
        multistatus->arena = arena_new();
    }
    result = look_at(multistatus, item->resource);
    if (result == FILTER_GOES_ON) {
        return;
    }
    if (result == FILTER_MATCHES) {
        write_object(multistatus, collection, item->resource);
    }
    resource_release(&item->resource);
    drop_object(multistatus);
    multistatus->next++;
}

/** Write items to `out` until a slice is full; whether there is more. */
static bool produce(struct evbuffer *out, void *arg)
{
    struct multistatus *multistatus = arg;
    struct xml_out *xml = &multistatus->xml;
    const struct collection *collection = call_collection(multistatus->call);
    size_t start = http_body_length(out);

    if (out != multistatus->head) {
        http_body_move(out, multistatus->head);
    }
    xml->out = out;
    multistatus->work = 0;
    while (multistatus->next < multistatus->count && http_body_length(out) - start < SLICE_BYTES &&
           multistatus->work < SLICE_WORK) {
        produce_item(multistatus, collection);
    }
    if (multistatus->next < multistatus->count) {
        if (http_body_length(out) == start) {
            xml_raw(xml, S("\n")); /* nothing matched yet: keep the socket going */
        }
        return true;
    }
    if (!multistatus->is_done) {
        multistatus->is_done = true;
        if (multistatus->sync_token.n > 0) {
            xml_text(xml, XML_DAV, "sync-token", multistatus->sync_token);
        }
        xml_close(xml, XML_DAV, "multistatus");
    }
    return false;
}

void multistatus_send(struct multistatus **taken)
{
    struct multistatus *multistatus = TAKE(*taken);
    struct dav_call *call = multistatus->call;

    if (multistatus->request->is_minimal) {
        http_respond_header(call->request, S("Preference-Applied"), S("return=minimal"));
    }
    if (!produce(multistatus->head, multistatus)) {
        /* It fits into one slice: with its length, in one piece. */
        call_respond_xml(call, 207, TAKE(multistatus->head));
        free_multistatus(multistatus);
        return;
    }
    http_respond_stream(call->request, 207, S("application/xml; charset=utf-8"), produce,
        free_multistatus, multistatus);
}
