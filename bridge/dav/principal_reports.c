/** The reports about principals (RFC 3744 9.2 to 9.5). A user sees one: himself. */
#include "bridge/dav/principal_reports.h"

#include "bridge/dav/subject.h"
#include "http/body.h"

#define DAV_NS    S("DAV:")
#define CALDAV_NS S("urn:ietf:params:xml:ns:caldav")
#define CS_NS     S("http://calendarserver.org/ns/")

/** The caller's own principal with the properties asked for, or nothing. */
static void answer_principal(struct dav_call *call, const struct xml_node *root, bool is_found)
{
    struct route route = { .kind = ROUTE_PRINCIPAL, .user = call->user };
    struct prop_request *request = ARENA_NEW(call_arena(call), struct prop_request);
    struct prop_subject subject = {
        .kind = ROUTE_PRINCIPAL, .call = call, .user = call_user(call), .arena = call_arena(call)
    };
    struct err err;

    if (!prop_request_parse(root, true, call->is_minimal, call_arena(call), request, &err)) {
        call_respond_fault(call, 400, FAULT_NONE, str_from(err.text));
        return;
    }
    struct multistatus *multistatus = multistatus_begin(call, request);

    if (is_found && subject.user != NULL) {
        subject_add(multistatus, call, &subject, &route);
    }
    multistatus_send(&multistatus);
}

/** RFC 3744 9.3 */
void report_principal_match(struct dav_call *call, const struct xml_node *root)
{
    bool is_self = xml_child(root, DAV_NS, S("self")) != NULL;

    if (!is_self && xml_child(root, DAV_NS, S("principal-property")) == NULL) {
        call_respond_fault(call, 400, FAULT_NONE, S("Neither self nor principal-property."));
        return;
    }
    answer_principal(call, root, is_self);
}

/* --- principal-property-search ---------------------------------------------------------------- */

static bool contains_nocase(struct str text, struct str needle)
{
    for (size_t i = 0; i + needle.n <= text.n; i++) {
        if (str_eq_nocase(str_first(str_skip(text, i), needle.n), needle)) {
            return true;
        }
    }
    return false;
}

/** Is the text in this property of the caller's principal? */
static bool has_text(struct dav_call *call, const struct xml_node *property, struct str text)
{
    bool is_address = xml_is(property, CALDAV_NS, S("calendar-user-address-set"));

    if (xml_is(property, DAV_NS, S("displayname")) ||
        xml_is(property, CS_NS, S("email-address-set"))) {
        return contains_nocase(call->user, text);
    }
    return is_address &&
           (contains_nocase(call->principal, text) ||
               contains_nocase(
                   arena_printf(call_arena(call), "mailto:%.*s", STR_ARG(call->user)), text));
}

/** RFC 3744 9.4: found in all properties that one property-search names. */
static bool search_holds(
    struct dav_call *call, const struct xml_node *properties, const struct xml_node *match)
{
    struct str text = str_trim(match->text);

    for (const struct xml_node *one = properties->children; one != NULL; one = one->next) {
        if (!has_text(call, one, text)) {
            return false;
        }
    }
    return properties->children != NULL;
}

/** All searches have to hold; with test="anyof", of Apple's calendarserver, one. */
void report_principal_search(struct dav_call *call, const struct xml_node *root)
{
    bool is_any = str_eq_nocase(xml_attribute(root, S("test")), S("anyof"));
    size_t searches = 0;
    size_t held = 0;

    for (const struct xml_node *node = root->children; node != NULL; node = node->next) {
        if (!xml_is(node, DAV_NS, S("property-search"))) {
            continue;
        }
        const struct xml_node *properties = xml_child(node, DAV_NS, S("prop"));
        const struct xml_node *match = xml_child(node, DAV_NS, S("match"));

        if (properties == NULL || match == NULL || ++searches > PRINCIPAL_MAX_SEARCHES) {
            searches = 0;
            break;
        }
        held += search_holds(call, properties, match) ? 1 : 0;
    }
    if (searches == 0) {
        call_respond_fault(call, 400, FAULT_NONE, S("No property-search with prop and match."));
        return;
    }
    answer_principal(call, root, is_any ? held > 0 : held == searches);
}

static void write_search_property(
    struct xml_out *xml, enum xml_ns ns, const char *name, const char *description)
{
    xml_open(xml, XML_DAV, "principal-search-property");
    xml_open(xml, XML_DAV, "prop");
    xml_empty(xml, ns, name);
    xml_close(xml, XML_DAV, "prop");
    xml_raw(xml, S("<D:description xml:lang=\"en\">"));
    xml_chars(xml, str_from(description));
    xml_close(xml, XML_DAV, "description");
    xml_close(xml, XML_DAV, "principal-search-property");
}

/** RFC 3744 9.5 */
void report_search_properties(struct dav_call *call, const struct xml_node *root)
{
    struct evbuffer *body = http_body_new();
    struct xml_out xml;

    (void)root;
    xml_out_init(&xml, body);
    xml_open(&xml, XML_DAV, "principal-search-property-set");
    write_search_property(&xml, XML_DAV, "displayname", "Name");
    write_search_property(&xml, XML_CALDAV, "calendar-user-address-set", "Calendar address");
    write_search_property(&xml, XML_CS, "email-address-set", "Mail address");
    xml_close(&xml, XML_DAV, "principal-search-property-set");
    call_respond_xml(call, 200, body);
}
