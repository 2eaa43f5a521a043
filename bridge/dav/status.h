#pragma once
/**
 * The one table from what went wrong to the HTTP status and the precondition element (RFC 4791
 * 5.3.2.1, RFC 4918 16, RFC 3744, RFC 6578) of the answer. Pure.
 */
#include "bridge/sync/sync.h"
#include "http/xml.h"

/** The elements that go into DAV:error. */
enum fault {
    FAULT_NONE,
    FAULT_VALID_CALENDAR_DATA,
    FAULT_VALID_CALENDAR_OBJECT,
    FAULT_SUPPORTED_COMPONENT,
    FAULT_SUPPORTED_CALENDAR_DATA,
    FAULT_MAX_INSTANCES,
    FAULT_MIN_DATE_TIME,
    FAULT_MAX_DATE_TIME,
    FAULT_MAX_RESOURCE_SIZE,
    FAULT_NO_UID_CONFLICT,
    FAULT_COLLECTION_LOCATION,
    FAULT_VALID_FILTER,
    FAULT_SUPPORTED_FILTER,
    FAULT_SUPPORTED_COLLATION,
    FAULT_NEED_PRIVILEGES,
    FAULT_RESOURCE_MUST_BE_NULL,
    FAULT_VALID_RESOURCETYPE,
    FAULT_VALID_SYNC_TOKEN,
    FAULT_SYNC_TRAVERSAL,
    FAULT_SUPPORTED_REPORT,
    FAULT_PROPFIND_FINITE_DEPTH,
    FAULT_PROTECTED_PROPERTY,
    FAULT_WITHIN_LIMITS,
    FAULT_VALID_TIMEZONE,
    FAULT_MAX_ATTACHMENT_SIZE,
    FAULT_MAX_ATTACHMENTS,
    FAULT_VALID_ACTION,
    FAULT_VALID_MANAGED_ID,
    FAULT_VALID_RID,
    FAULT_COUNT,
};

struct fault_element {
    enum xml_ns ns;
    const char *name;
};
/** Not for FAULT_NONE. */
struct fault_element fault_element(enum fault fault);
enum fault fault_of_map(enum map_fault fault);

struct status {
    int code;
    enum fault fault;
};
struct status status_of_err(enum err_kind kind);
/** fault: the result's, used with SYNC_INVALID. */
struct status status_of_outcome(enum sync_outcome outcome, enum map_fault fault);
