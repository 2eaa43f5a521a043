#include "bridge/dav/report_props.h"

#include "bridge/core/clock.h"
#include "ical/timezone.h"

#define CALDAV_NS S("urn:ietf:params:xml:ns:caldav")

/* --- the zone --------------------------------------------------------------------------------- */

/** The one VTIMEZONE of a calendar (RFC 4791 5.2.2); NULL if it is none such. */
static const struct component *only_timezone(
    struct str text, struct arena *arena, struct document *document)
{
    struct err err;

    if (!document_parse(str_trim(text), &document_default_limits, arena, document, &err)) {
        return NULL;
    }
    const struct component *zone = document->calendar->children;

    return zone != NULL && zone->next == NULL && str_eq_nocase(zone->name, S("VTIMEZONE")) &&
                   property_find(zone->properties, S("TZID")) != NULL
               ? zone
               : NULL;
}

/** False: no valid calendar. *out is left alone where it names a zone that is like none we know. */
static bool zone_of_calendar(struct str text, struct arena *arena, const struct zone **out)
{
    struct document document;
    const struct component *timezone = only_timezone(text, arena, &document);
    int32_t year = civil_from_seconds(clock_now_s()).year;
    const struct zone *zone;

    if (timezone == NULL) {
        return false;
    }
    const struct property *tzid = property_find(timezone->properties, S("TZID"));

    zone = timezone_find(&document, property_text(tzid, arena), year, *out, arena);
    *out = zone != NULL ? zone : *out;
    return true;
}

/** What a client has set on the list, else the account's. */
static const struct zone *zone_of_list(const struct collection *collection, struct arena *arena)
{
    static const struct str names[] = { STR("calendar-timezone"), STR("calendar-timezone-id") };
    const struct zone *zone = collection_zone(collection);
    struct xml_node *root;
    struct err err;

    for (size_t i = 0; i < 2; i++) {
        struct str xml = collection_property(collection, CALDAV_NS, names[i]);

        if (xml.n == 0 || !xml_parse(xml, &xml_default_limits, arena, &root, &err)) {
            continue;
        }
        const struct zone *named = i == 1 ? zone_find_tzid(str_trim(root->text)) : NULL;

        if (i == 0) {
            (void)zone_of_calendar(root->text, arena, &zone);
        }
        zone = named != NULL ? named : zone;
    }
    return zone;
}

bool report_zone(struct dav_call *call, const struct xml_node *root, const struct zone **zone_out)
{
    const struct xml_node *id = xml_child(root, CALDAV_NS, S("timezone-id"));
    const struct xml_node *calendar = xml_child(root, CALDAV_NS, S("timezone"));
    const struct zone *zone = zone_of_list(call_collection(call), call_arena(call));

    if (id != NULL && calendar != NULL) {
        call_respond_fault(call, 400, FAULT_NONE, S("timezone and timezone-id in one report."));
        return false;
    }
    if (id != NULL) {
        zone = zone_find(str_trim(id->text));
        if (zone == NULL) {
            call_respond_fault(
                call, 403, FAULT_VALID_TIMEZONE, S("timezone-id is the name of no zone."));
            return false;
        }
    } else if (calendar != NULL && !zone_of_calendar(calendar->text, call_arena(call), &zone)) {
        call_respond_fault(
            call, 403, FAULT_VALID_CALENDAR_DATA, S("timezone is no calendar with a VTIMEZONE."));
        return false;
    }
    *zone_out = zone;
    return true;
}

/* --- the properties --------------------------------------------------------------------------- */

static const struct xml_node *find_data(const struct xml_node *root)
{
    const struct xml_node *prop = xml_child(root, S("DAV:"), S("prop"));

    return prop == NULL ? NULL : xml_child(prop, CALDAV_NS, S("calendar-data"));
}

/** RFC 4791 9.6: another media type or version than ours? Absent ones are the defaults. */
static bool is_other_type(const struct xml_node *data)
{
    struct str type = xml_attribute(data, S("content-type"));
    struct str version = xml_attribute(data, S("version"));

    type = str_trim(str_first(type, str_find_char(type, ';')));
    return (type.n > 0 && !str_eq_nocase(type, S("text/calendar"))) ||
           (version.n > 0 && !str_eq(version, S("2.0")));
}

/** What it asks for of calendar-data. False: it was wrong and the answer has been given. */
static bool read_data(struct dav_call *call, const struct xml_node *root,
    const struct xml_node *data, struct data_part **out)
{
    const struct zone *zone;
    enum fault fault;
    struct err err;

    if (is_other_type(data)) {
        call_respond_fault(
            call, 403, FAULT_SUPPORTED_CALENDAR_DATA, S("The data is text/calendar, 2.0."));
        return false;
    }
    if (!report_zone(call, root, &zone)) {
        return false;
    }
    if (!data_part_parse(data, zone, call_arena(call), out, &fault, &err)) {
        call_respond_fault(call, fault == FAULT_NONE ? 400 : 403, fault, str_from(err.text));
        return false;
    }
    return true;
}

bool report_props(struct dav_call *call, const struct xml_node *root, struct prop_request *out)
{
    const struct xml_node *data = find_data(root);
    struct data_part *part = NULL;
    struct err err;

    if (!prop_request_parse(root, true, call->is_minimal, call_arena(call), out, &err)) {
        call_respond_fault(call, 400, FAULT_NONE, str_from(err.text));
        return false;
    }
    if (data != NULL && call->route.kind != ROUTE_HOME && !read_data(call, root, data, &part)) {
        return false;
    }
    out->part = part;
    return true;
}
