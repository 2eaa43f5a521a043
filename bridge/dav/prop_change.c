#include "bridge/dav/prop_change.h"

#include "bridge/core/mem.h"
#include "ical/document.h"
#include "ical/zone.h"

/** Live properties (of RFC 4918, 4331, 4791, 6638 ...) that we do not have: to keep what a client
 * says of them would be to lie. */
static const struct fault_element protected_elsewhere[] = {
    { XML_DAV, "creationdate" },
    { XML_DAV, "lockdiscovery" },
    { XML_DAV, "supportedlock" },
    { XML_DAV, "quota-available-bytes" },
    { XML_DAV, "quota-used-bytes" },
    { XML_DAV, "acl" },
    { XML_DAV, "add-member" },
    { XML_DAV, "resource-id" },
    { XML_DAV, "supported-privilege-set" },
    { XML_CALDAV, "max-instances" },
    { XML_CALDAV, "max-attendees-per-instance" },
};

static bool is_protected_elsewhere(const struct xml_node *node)
{
    for (size_t i = 0; i < ARRAY_LEN(protected_elsewhere); i++) {
        const struct fault_element *row = &protected_elsewhere[i];

        if (xml_is(node, xml_ns_uri(row->ns), str_from(row->name))) {
            return true;
        }
    }
    return false;
}

/** RFC 4791 5.2.2: one VCALENDAR with exactly one VTIMEZONE. */
static bool is_timezone(const struct xml_node *node, struct arena *arena)
{
    struct document document;
    struct err err;

    if (!document_parse(str_trim(node->text), &document_default_limits, arena, &document, &err)) {
        return false;
    }
    const struct component *zone = document.calendar->children;

    return zone != NULL && zone->next == NULL && str_eq_nocase(zone->name, S("VTIMEZONE")) &&
           property_find(zone->properties, S("TZID")) != NULL;
}

/** Text and elements side by side: their order would be lost. */
static bool is_any_mixed(const struct xml_node *node)
{
    bool is_mixed = node->is_mixed;

    for (const struct xml_node *child = node->children; child != NULL && !is_mixed;
         child = child->next) {
        is_mixed = is_any_mixed(child);
    }
    return is_mixed;
}

static bool refuse(struct prop_change *change, int status, enum fault fault)
{
    change->status = status;
    change->fault = fault;
    return false;
}

static bool check_value(
    struct prop_change *change, const struct xml_node *node, struct arena *arena)
{
    struct str caldav = xml_ns_uri(XML_CALDAV);

    if (xml_is(node, caldav, S("calendar-timezone")) && !is_timezone(node, arena)) {
        return refuse(change, 403, FAULT_VALID_CALENDAR_DATA);
    }
    if (xml_is(node, caldav, S("calendar-timezone-id")) &&
        zone_find(str_trim(node->text)) == NULL) {
        return refuse(change, 403, FAULT_VALID_TIMEZONE);
    }
    return true;
}

struct prop_change prop_change_read(
    const struct xml_node *node, bool is_removal, enum route_kind kind, struct arena *arena)
{
    const struct prop_def *def = prop_find(node->ns, node->name);
    struct prop_change change = { .ns = node->ns, .name = node->name, .status = 200 };
    bool is_live = def != NULL || is_protected_elsewhere(node);
    bool is_kept = prop_may_be_kept(def, kind) && !is_protected_elsewhere(node);

    change.is_name =
        kind == ROUTE_COLLECTION && def != NULL && (def->flags & PROP_IS_WRITABLE) != 0;
    if (change.is_name) {
        size_t n = str_trim(node->text).n;

        if (is_removal) {
            refuse(&change, 403, FAULT_PROTECTED_PROPERTY);
        } else if (n == 0 || n > PROP_MAX_NAME) {
            refuse(&change, 403, FAULT_NONE);
        }
    } else if (!is_kept && is_removal && !is_live) {
        return change; /* what is not there need not be removed */
    } else if (!is_kept) {
        refuse(&change, 403, is_live ? FAULT_PROTECTED_PROPERTY : FAULT_NONE);
    } else if (!is_removal && check_value(&change, node, arena)) {
        struct err err;

        if (is_any_mixed(node)) {
            refuse(&change, 403, FAULT_NONE);
        } else if (!xml_serialize(node, SYNC_PROPERTY_BYTES_MAX, arena, &change.xml, &err)) {
            refuse(&change, 507, FAULT_NONE);
        }
    }
    return change;
}
