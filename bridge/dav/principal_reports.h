#pragma once
/** Reports that are about principals, wherever they are sent to. */
#include "bridge/dav/call.h"

/** More searches in one request are refused. */
#define PRINCIPAL_MAX_SEARCHES 50

dav_report_method report_principal_match, report_principal_search, report_search_properties;
/** expand-property (RFC 3253 3.8). */
dav_report_method report_expand_property;
