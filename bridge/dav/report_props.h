#pragma once
/** What a report asks for, with the checks that calendar-data needs. */
#include "bridge/dav/props.h"

/** Its properties. False: it was wrong and the answer has been given. */
MUST_CHECK bool report_props(
    struct dav_call *call, const struct xml_node *root, struct prop_request *out);
/**
 * The zone of floating times and dates: what the report names (RFC 4791 9.8, RFC 7809 4.1.1), the
 * list's, else the account's. For calls about a list or its objects. False: it was wrong and the
 * answer has been given.
 */
MUST_CHECK bool report_zone(
    struct dav_call *call, const struct xml_node *root, const struct zone **zone_out);
