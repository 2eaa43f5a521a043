/**
 * MKCALENDAR (RFC 4791 5.3.1) and MKCOL, plain (RFC 4918 9.3) or extended (RFC 5689): a folder
 * upstream. In a home everything is a list, so a plain MKCOL makes one, too.
 */
#include "bridge/dav/prop_change.h"

#define CALDAV_NS S("urn:ietf:params:xml:ns:caldav")

/** What the body asks for. */
struct wish {
    bool is_calendar; /**< resourcetype names CALDAV:calendar */
    bool has_components;
    bool has_todo;
    struct str name;
    struct sync_property *kept;
    size_t kept_count;
    int status;       /**< 200, or why a property can't be set ... */
    enum fault fault; /**< ... and its precondition */
};

static void read_components(const struct xml_node *set, struct wish *wish)
{
    wish->has_components = true;
    for (const struct xml_node *comp = set->children; comp != NULL; comp = comp->next) {
        if (xml_is(comp, CALDAV_NS, S("comp")) &&
            str_eq_nocase(xml_attribute(comp, S("name")), S("VTODO"))) {
            wish->has_todo = true;
        }
    }
}

/** Anything else than what decides about the list itself. */
static void read_kept(struct wish *wish, const struct xml_node *node, struct arena *arena)
{
    struct prop_change change = prop_change_read(node, false, ROUTE_COLLECTION, arena);
    size_t at = 0;

    while (at < wish->kept_count &&
           !(str_eq(wish->kept[at].name, change.name) && str_eq(wish->kept[at].ns, change.ns))) {
        at++;
    }
    if (at == SYNC_PROPERTIES_MAX && change.status == 200) {
        change.status = 507;
    }
    if (change.status != 200) {
        wish->status = change.status;
        wish->fault = change.fault;
        return;
    }
    wish->kept[at] = (struct sync_property){ change.ns, change.name, change.xml };
    wish->kept_count += at == wish->kept_count ? 1 : 0;
}

static void read_prop(const struct xml_node *prop, struct wish *wish, struct arena *arena)
{
    for (const struct xml_node *node = prop->children; node != NULL; node = node->next) {
        if (xml_is(node, S("DAV:"), S("displayname"))) {
            wish->name = str_trim(node->text);
        } else if (xml_is(node, S("DAV:"), S("resourcetype"))) {
            wish->is_calendar = xml_child(node, CALDAV_NS, S("calendar")) != NULL;
        } else if (xml_is(node, CALDAV_NS, S("supported-calendar-component-set"))) {
            read_components(node, wish);
        } else {
            read_kept(wish, node, arena);
        }
    }
}

static void read_body(const struct xml_node *root, struct wish *wish, struct arena *arena)
{
    wish->kept = arena_alloc_array(arena, SYNC_PROPERTIES_MAX, sizeof(struct sync_property));
    for (const struct xml_node *set = root->children; set != NULL; set = set->next) {
        if (!xml_is(set, S("DAV:"), S("set"))) {
            continue;
        }
        for (const struct xml_node *prop = set->children; prop != NULL; prop = prop->next) {
            if (xml_is(prop, S("DAV:"), S("prop"))) {
                read_prop(prop, wish, arena);
            }
        }
    }
}

/** RFC 4918 9.3 wants 405 for MKCOL, RFC 4791 5.3.1.1 the precondition for MKCALENDAR. */
static void answer_exists(struct dav_call *call)
{
    if (call->request->method == HTTP_MKCOL) {
        call_respond_not_allowed(call);
    } else {
        call_respond_fault(
            call, 403, FAULT_RESOURCE_MUST_BE_NULL, S("There is a list at this address."));
    }
}

static void answer(const struct sync_result *result, void *arg)
{
    struct dav_call *call = arg;

    if (result->outcome == SYNC_EXISTS) {
        answer_exists(call);
    } else {
        call_respond_result(call, result);
    }
}

/** False: the body does not ask for a list that we can make; the answer has been given. */
static bool check_wish(struct dav_call *call, const struct xml_node *root, struct wish *wish)
{
    bool is_mkcol = call->request->method == HTTP_MKCOL;

    if (root != NULL && !(is_mkcol ? xml_is(root, S("DAV:"), S("mkcol"))
                                   : xml_is(root, CALDAV_NS, S("mkcalendar")))) {
        call_respond_fault(call, 415, FAULT_NONE, S("The body does not belong to the method."));
        return false;
    }
    if (root != NULL) {
        read_body(root, wish, call_arena(call));
    }
    if (is_mkcol && root != NULL && !wish->is_calendar) {
        call_respond_fault(
            call, 403, FAULT_VALID_RESOURCETYPE, S("Only calendar collections can be made here."));
        return false;
    }
    if (wish->has_components && !wish->has_todo) {
        /* Apple's Calendar asks for a list of events on every server that has none. */
        call_respond_fault(call, 403, FAULT_SUPPORTED_COMPONENT, S("Lists here hold VTODO only."));
        return false;
    }
    if (wish->name.n > PROP_MAX_NAME) {
        call_respond_fault(call, 403, FAULT_NONE, S("The name is too long."));
        return false;
    }
    if (wish->status != 200) {
        call_respond_fault(call, wish->status, wish->fault, S("A property can't be set."));
        return false;
    }
    return true;
}

void dav_make_collection(struct dav_call *call)
{
    struct wish wish = { .status = 200 };
    struct xml_node *root;
    struct user *user = call_user(call);

    if (!call_parse_body(call, &root) || !check_wish(call, root, &wish)) {
        return;
    }
    if (call->route.kind == ROUTE_OBJECT) {
        call_respond_fault(call, 403, FAULT_COLLECTION_LOCATION,
            S("A list can't be made inside a list, only in the calendar home."));
        return;
    }
    if (user == NULL) {
        call_respond_not_found(call);
        return;
    }
    if (user_find_collection(user, call->route.collection) != NULL) {
        answer_exists(call);
        return;
    }
    sync_make_collection(call->dav->engine, user, call->route.collection,
        wish.name.n > 0 ? wish.name : call->route.collection, wish.kept, wish.kept_count, answer,
        call);
}
