/** expand-property (RFC 3253 3.8): properties, and those of the resources that they refer to. */
#include "bridge/core/mem.h"
#include "bridge/dav/principal_reports.h"
#include "bridge/dav/subject.h"
#include "http/body.h"

/** Properties that refer to a resource of ours. */
static const struct {
    enum xml_ns ns;
    const char *name;
    enum route_kind kind;
} references[] = {
    { XML_DAV, "current-user-principal", ROUTE_PRINCIPAL },
    { XML_DAV, "principal-URL", ROUTE_PRINCIPAL },
    { XML_DAV, "owner", ROUTE_PRINCIPAL },
    { XML_DAV, "principal-collection-set", ROUTE_PRINCIPALS },
    { XML_CALDAV, "calendar-home-set", ROUTE_HOME },
};

static bool is_property(const struct xml_node *node)
{
    return xml_is(node, S("DAV:"), S("property"));
}

static struct prop_wanted wanted_of(const struct xml_node *node)
{
    struct str ns = xml_attribute(node, S("namespace"));
    struct prop_wanted wanted = { .ns = ns.p == NULL ? S("DAV:") : ns,
        .name = xml_attribute(node, S("name")) };

    wanted.def = prop_find(wanted.ns, wanted.name);
    return wanted;
}

/** May an element have this name? A stricter rule than XML's: ASCII alone. */
static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        bool is_other = (c >= '0' && c <= '9') || c == '-' || c == '.';

        if (!is_letter && (!is_other || i == 0)) {
            return false;
        }
    }
    return name.n > 0 && name.n <= XML_MAX_NAME;
}

/** May it be in this namespace? One is there to declare the others (Namespaces in XML 3). */
static bool is_namespace(struct str ns)
{
    return ns.n <= XML_MAX_NAME && !str_eq(ns, S("http://www.w3.org/2000/xmlns/"));
}

/** All have a name, and there are not too many of them. Depth is bounded by the XML reader. */
static bool check_properties(const struct xml_node *node, size_t *count)
{
    for (const struct xml_node *child = node->children; child != NULL; child = child->next) {
        if (!is_property(child)) {
            continue;
        }
        if (!is_name(xml_attribute(child, S("name"))) ||
            !is_namespace(xml_attribute(child, S("namespace"))) || ++*count > PROP_MAX_WANTED ||
            !check_properties(child, count)) {
            return false;
        }
    }
    return true;
}

static void write_response(struct xml_out *xml, struct str href, const struct prop_subject *subject,
    const struct xml_node *properties);

/** The resource that a property refers to, in its place; false if it refers to none. */
static bool write_reference(struct xml_out *xml, const struct prop_wanted *wanted,
    const struct prop_subject *subject, const struct xml_node *node)
{
    struct prop_subject target = { .call = subject->call, .arena = subject->arena };
    struct route route = { .user = subject->call->user };

    if (xml_child(node, S("DAV:"), S("property")) == NULL) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(references); i++) {
        if (!str_eq(wanted->name, str_from(references[i].name)) ||
            !str_eq(wanted->ns, xml_ns_uri(references[i].ns))) {
            continue;
        }
        target.kind = route.kind = references[i].kind;
        target.user = engine_find_user(subject->call->dav->engine, subject->call->user);
        if (target.user == NULL) {
            return false;
        }
        xml_open(xml, references[i].ns, references[i].name);
        write_response(
            xml, route_href(&route, subject->call->dav->prefix, subject->arena), &target, node);
        xml_close(xml, references[i].ns, references[i].name);
        return true;
    }
    return false;
}

static void write_propstat(struct xml_out *xml, const struct prop_subject *subject,
    const struct xml_node *properties, bool is_for_found)
{
    static const struct prop_request request = { .mode = PROP_NAMED };

    xml_open(xml, XML_DAV, "propstat");
    xml_open(xml, XML_DAV, "prop");
    for (const struct xml_node *node = properties->children; node != NULL; node = node->next) {
        struct prop_wanted wanted = wanted_of(node);

        if (!is_property(node) || prop_is_found(&request, &wanted, subject) != is_for_found) {
            continue;
        }
        if (!is_for_found) {
            xml_empty_any(xml, wanted.ns, wanted.name);
        } else if (!write_reference(xml, &wanted, subject, node)) {
            prop_write_found(xml, &wanted, subject);
        }
    }
    xml_close(xml, XML_DAV, "prop");
    xml_text(
        xml, XML_DAV, "status", is_for_found ? S("HTTP/1.1 200 OK") : S("HTTP/1.1 404 Not Found"));
    xml_close(xml, XML_DAV, "propstat");
}

static bool has_missing(const struct prop_subject *subject, const struct xml_node *properties)
{
    static const struct prop_request request = { .mode = PROP_NAMED };

    for (const struct xml_node *node = properties->children; node != NULL; node = node->next) {
        struct prop_wanted wanted = wanted_of(node);

        if (is_property(node) && !prop_is_found(&request, &wanted, subject)) {
            return true;
        }
    }
    return false;
}

static void write_response(struct xml_out *xml, struct str href, const struct prop_subject *subject,
    const struct xml_node *properties)
{
    xml_open(xml, XML_DAV, "response");
    xml_text(xml, XML_DAV, "href", href);
    write_propstat(xml, subject, properties, true);
    if (!subject->call->is_minimal && has_missing(subject, properties)) {
        write_propstat(xml, subject, properties, false);
    }
    xml_close(xml, XML_DAV, "response");
}

static void answer(struct dav_call *call, const struct prop_subject *subject)
{
    struct evbuffer *body = http_body_new();
    struct xml_out xml;

    xml_out_init(&xml, body);
    xml_open(&xml, XML_DAV, "multistatus");
    write_response(
        &xml, route_href(&call->route, call->dav->prefix, call_arena(call)), subject, call->state);
    xml_close(&xml, XML_DAV, "multistatus");
    call_respond_xml(call, 207, body);
}

static void opened(const struct err *err, void *arg)
{
    struct dav_call *call = arg;
    struct collection *collection = call_collection(call);
    struct prop_subject subject = { .kind = ROUTE_OBJECT, .call = call, .arena = call_arena(call) };

    if (err->kind != ERR_NONE) {
        call_respond_err(call, err);
        return;
    }
    if (collection != NULL) {
        subject.collection = collection;
        subject.resource = collection_find(collection, call->route.object);
        subject.is_writable = collection_is_writable(collection);
    }
    if (subject.resource == NULL || subject.resource->is_removed) {
        call_respond_not_found(call);
        return;
    }
    answer(call, &subject);
}

void report_expand_property(struct dav_call *call, const struct xml_node *root)
{
    struct prop_subject subject;
    size_t count = 0;

    if (!check_properties(root, &count)) {
        call_respond_fault(
            call, 400, FAULT_NONE, S("A property without a name, or too many of them."));
        return;
    }
    call->state = (void *)root;
    if (call->route.kind == ROUTE_OBJECT) {
        engine_open(call->dav->engine, call_collection(call), false, call->client, opened, call);
    } else if (subject_of_route(call, &subject)) {
        answer(call, &subject);
    } else {
        call_respond_not_found(call);
    }
}
