/** REPORT (RFC 3253 3.6): the root element decides. Its Depth header is wrong in half of the
 * clients and decides nothing here, but one that says nothing at all is refused. */
#include "bridge/core/mem.h"
#include "bridge/dav/principal_reports.h"
#include "bridge/dav/subject.h"

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

struct report_row {
    const char *ns;
    const char *name;
    unsigned kinds;
    dav_report_method *run;
};

static const struct report_row reports[] = {
    { CALDAV_NS, "calendar-query", KIND(ROUTE_COLLECTION) | KIND(ROUTE_OBJECT), report_query },
    { CALDAV_NS, "calendar-multiget", KIND(ROUTE_COLLECTION) | KIND(ROUTE_OBJECT),
        report_multiget },
    { "DAV:", "sync-collection", KIND(ROUTE_COLLECTION), report_sync },
    { "DAV:", "sync-collection", KIND(ROUTE_HOME), report_sync_home },
    { CALDAV_NS, "free-busy-query", KIND(ROUTE_COLLECTION) | KIND(ROUTE_HOME), report_free_busy },
    { "DAV:", "expand-property", ANY, report_expand_property },
    { "DAV:", "acl-principal-prop-set", ANY, answer_empty },
    { "DAV:", "principal-match", ANY, report_principal_match },
    { "DAV:", "principal-property-search", ANY, report_principal_search },
    { "DAV:", "principal-search-property-set", ANY, report_search_properties },
    { CS_NS, "calendarserver-principal-search", ANY, answer_empty },
};

void dav_report(struct dav_call *call)
{
    enum route_kind kind = call->route.kind;
    struct str depth = call_header(call, S("Depth"));
    struct xml_node *root;

    if (depth.p != NULL && !str_eq(depth, S("0")) && !str_eq(depth, S("1")) &&
        !str_eq_nocase(depth, S("infinity"))) {
        call_respond_fault(call, 400, FAULT_NONE, S("Depth is 0, 1 or infinity."));
        return;
    }
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
