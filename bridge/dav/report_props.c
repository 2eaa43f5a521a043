#include "bridge/dav/report_props.h"

static const struct xml_node *find_data(const struct xml_node *root)
{
    const struct xml_node *prop = xml_child(root, S("DAV:"), S("prop"));

    return prop == NULL ? NULL
                        : xml_child(prop, S("urn:ietf:params:xml:ns:caldav"), S("calendar-data"));
}

/** RFC 4791 9.6: another media type or version than ours? Absent ones are the defaults. */
static bool is_other_type(const struct xml_node *data)
{
    struct str type = xml_attribute(data, S("content-type"));
    struct str version = xml_attribute(data, S("version"));

    return (type.n > 0 && !str_eq_nocase(type, S("text/calendar"))) ||
           (version.n > 0 && !str_eq(version, S("2.0")));
}

bool report_props(struct dav_call *call, const struct xml_node *root, struct prop_request *out)
{
    const struct xml_node *data = find_data(root);
    struct data_part *part = NULL;
    struct err err;

    if (data != NULL && is_other_type(data)) {
        call_respond_fault(
            call, 403, FAULT_SUPPORTED_CALENDAR_DATA, S("The data is text/calendar, 2.0."));
        return false;
    }
    if (!prop_request_parse(root, true, call->is_minimal, call_arena(call), out, &err) ||
        (data != NULL && !data_part_parse(data, call_arena(call), &part, &err))) {
        call_respond_fault(call, 400, FAULT_NONE, str_from(err.text));
        return false;
    }
    out->part = part;
    return true;
}
