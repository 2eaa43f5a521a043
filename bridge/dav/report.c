/** REPORT (RFC 3253 3.6): the root element decides. Its Depth header is wrong in half of the
 * clients and decides nothing here. */
#include "bridge/core/mem.h"
#include "bridge/dav/subject.h"
#include "http/body.h"

#define CALDAV_NS "urn:ietf:params:xml:ns:caldav"
#define CS_NS     "http://calendarserver.org/ns/"

#define KIND(kind) (1u << (kind))
#define ANY        (~0u)

static void answer_empty(struct dav_call *call, const struct xml_node *root)
{
    static const struct prop_request nothing = { .mode = PROP_NAMED };
    struct multistatus *multistatus = multistatus_begin(call, &nothing);

    (void)root;
    multistatus_send(&multistatus);
}

/** RFC 3744 9.5 */
static void answer_search_properties(struct dav_call *call, const struct xml_node *root)
{
    struct evbuffer *body = http_body_new();
    struct xml_out xml;

    (void)root;
    xml_out_init(&xml, body);
    xml_open(&xml, XML_DAV, "principal-search-property-set");
    xml_open(&xml, XML_DAV, "principal-search-property");
    xml_open(&xml, XML_DAV, "prop");
    xml_empty(&xml, XML_DAV, "displayname");
    xml_close(&xml, XML_DAV, "prop");
    xml_raw(&xml, S("<D:description xml:lang=\"en\">Name</D:description>"));
    xml_close(&xml, XML_DAV, "principal-search-property");
    xml_close(&xml, XML_DAV, "principal-search-property-set");
    call_respond_xml(call, 200, body);
}

/** The caller's own principal with the properties asked for, or nothing: users see no others. */
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
static void answer_principal_match(struct dav_call *call, const struct xml_node *root)
{
    answer_principal(call, root, xml_child(root, S("DAV:"), S("self")) != NULL);
}

static bool contains_nocase(struct str text, struct str needle)
{
    for (size_t i = 0; i + needle.n <= text.n; i++) {
        if (str_eq_nocase(str_first(str_skip(text, i), needle.n), needle)) {
            return true;
        }
    }
    return false;
}

/** RFC 3744 9.4: every search has to be found in the user's name. */
static void answer_principal_search(struct dav_call *call, const struct xml_node *root)
{
    bool is_found = false;

    for (const struct xml_node *node = root->children; node != NULL; node = node->next) {
        if (!xml_is(node, S("DAV:"), S("property-search"))) {
            continue;
        }
        const struct xml_node *match = xml_child(node, S("DAV:"), S("match"));

        is_found = match != NULL && contains_nocase(call->user, str_trim(match->text));
        if (!is_found) {
            break;
        }
    }
    answer_principal(call, root, is_found);
}

struct report_row {
    const char *ns;
    const char *name;
    unsigned kinds;
    dav_report_method *run;
};

static const struct report_row reports[] = {
    { CALDAV_NS, "calendar-query", KIND(ROUTE_COLLECTION) | KIND(ROUTE_OBJECT), report_query },
    { CALDAV_NS, "calendar-query", KIND(ROUTE_HOME), answer_empty },
    { CALDAV_NS, "calendar-multiget", KIND(ROUTE_COLLECTION) | KIND(ROUTE_OBJECT),
        report_multiget },
    { "DAV:", "sync-collection", KIND(ROUTE_COLLECTION), report_sync },
    { "DAV:", "sync-collection", KIND(ROUTE_HOME), report_sync_home },
    { CALDAV_NS, "free-busy-query", KIND(ROUTE_COLLECTION) | KIND(ROUTE_HOME), report_free_busy },
    { "DAV:", "expand-property", ANY, answer_empty },
    { "DAV:", "acl-principal-prop-set", ANY, answer_empty },
    { "DAV:", "principal-match", ANY, answer_principal_match },
    { "DAV:", "principal-property-search", ANY, answer_principal_search },
    { "DAV:", "principal-search-property-set", ANY, answer_search_properties },
    { CS_NS, "calendarserver-principal-search", ANY, answer_empty },
};

void dav_report(struct dav_call *call)
{
    enum route_kind kind = call->route.kind;
    struct xml_node *root;

    if (!call_parse_body(call, &root)) {
        return;
    }
    if (root == NULL) {
        call_respond_fault(call, 400, FAULT_NONE, S("A REPORT needs a body."));
        return;
    }
    if ((kind == ROUTE_COLLECTION || kind == ROUTE_OBJECT) && call_collection(call) == NULL) {
        call_respond_not_found(call);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(reports); i++) {
        if ((reports[i].kinds & KIND(kind)) != 0 &&
            xml_is(root, str_from(reports[i].ns), str_from(reports[i].name))) {
            reports[i].run(call, root);
            return;
        }
    }
    call_respond_fault(call, 403, FAULT_SUPPORTED_REPORT, S("This report is not known here."));
}
