#pragma once
/** What properties a report asks for, with the checks that calendar-data needs. */
#include "bridge/dav/props.h"

/** False: it was wrong and the answer has been given. */
MUST_CHECK bool report_props(
    struct dav_call *call, const struct xml_node *root, struct prop_request *out);
