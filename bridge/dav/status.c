#include "bridge/dav/status.h"

#include "bridge/core/mem.h"

#include <assert.h>

static const struct fault_element elements[FAULT_COUNT] = {
    [FAULT_VALID_CALENDAR_DATA] = { XML_CALDAV, "valid-calendar-data" },
    [FAULT_VALID_CALENDAR_OBJECT] = { XML_CALDAV, "valid-calendar-object-resource" },
    [FAULT_SUPPORTED_COMPONENT] = { XML_CALDAV, "supported-calendar-component" },
    [FAULT_SUPPORTED_CALENDAR_DATA] = { XML_CALDAV, "supported-calendar-data" },
    [FAULT_MAX_INSTANCES] = { XML_CALDAV, "max-instances" },
    [FAULT_MIN_DATE_TIME] = { XML_CALDAV, "min-date-time" },
    [FAULT_MAX_DATE_TIME] = { XML_CALDAV, "max-date-time" },
    [FAULT_MAX_RESOURCE_SIZE] = { XML_CALDAV, "max-resource-size" },
    [FAULT_NO_UID_CONFLICT] = { XML_CALDAV, "no-uid-conflict" },
    [FAULT_COLLECTION_LOCATION] = { XML_CALDAV, "calendar-collection-location-ok" },
    [FAULT_VALID_FILTER] = { XML_CALDAV, "valid-filter" },
    [FAULT_SUPPORTED_FILTER] = { XML_CALDAV, "supported-filter" },
    [FAULT_SUPPORTED_COLLATION] = { XML_CALDAV, "supported-collation" },
    [FAULT_NEED_PRIVILEGES] = { XML_DAV, "need-privileges" },
    [FAULT_RESOURCE_MUST_BE_NULL] = { XML_DAV, "resource-must-be-null" },
    [FAULT_VALID_RESOURCETYPE] = { XML_DAV, "valid-resourcetype" },
    [FAULT_VALID_SYNC_TOKEN] = { XML_DAV, "valid-sync-token" },
    [FAULT_SYNC_TRAVERSAL] = { XML_DAV, "sync-traversal-supported" },
    [FAULT_SUPPORTED_REPORT] = { XML_DAV, "supported-report" },
    [FAULT_PROPFIND_FINITE_DEPTH] = { XML_DAV, "propfind-finite-depth" },
    [FAULT_PROTECTED_PROPERTY] = { XML_DAV, "cannot-modify-protected-property" },
    [FAULT_WITHIN_LIMITS] = { XML_DAV, "number-of-matches-within-limits" },
    [FAULT_VALID_TIMEZONE] = { XML_CALDAV, "valid-timezone" },
    [FAULT_MAX_ATTACHMENT_SIZE] = { XML_CALDAV, "max-attachment-size" },
    [FAULT_MAX_ATTACHMENTS] = { XML_CALDAV, "max-attachments-per-resource" },
    [FAULT_VALID_ACTION] = { XML_CALDAV, "valid-action" },
    [FAULT_VALID_MANAGED_ID] = { XML_CALDAV, "valid-managed-id" },
    [FAULT_VALID_RID] = { XML_CALDAV, "valid-rid" },
};

static const enum fault map_faults[] = {
    [MAP_FAULT_NONE] = FAULT_VALID_CALENDAR_OBJECT,
    [MAP_FAULT_VALID_DATA] = FAULT_VALID_CALENDAR_DATA,
    [MAP_FAULT_VALID_OBJECT] = FAULT_VALID_CALENDAR_OBJECT,
    [MAP_FAULT_SUPPORTED_COMPONENT] = FAULT_SUPPORTED_COMPONENT,
    [MAP_FAULT_MAX_INSTANCES] = FAULT_MAX_INSTANCES,
    [MAP_FAULT_MIN_DATE] = FAULT_MIN_DATE_TIME,
    [MAP_FAULT_MAX_DATE] = FAULT_MAX_DATE_TIME,
    [MAP_FAULT_MAX_SIZE] = FAULT_MAX_RESOURCE_SIZE,
    [MAP_FAULT_ATTACHMENT_SIZE] = FAULT_MAX_ATTACHMENT_SIZE,
    [MAP_FAULT_ATTACHMENT_COUNT] = FAULT_MAX_ATTACHMENTS,
    [MAP_FAULT_MANAGED_ID] = FAULT_VALID_MANAGED_ID,
};

/* Trouble upstream is 503, never a 4xx: clients drop lists on 403, 404 and 410 (design section 7).
 */
static const struct status kinds[] = {
    [ERR_NONE] = { 200, FAULT_NONE },
    [ERR_INVALID] = { 400, FAULT_NONE },
    [ERR_NOT_FOUND] = { 404, FAULT_NONE },
    [ERR_CONFLICT] = { 412, FAULT_NONE },
    [ERR_DENIED] = { 403, FAULT_NEED_PRIVILEGES },
    [ERR_LIMIT] = { 503, FAULT_NONE },
    [ERR_BUSY] = { 503, FAULT_NONE },
    [ERR_UPSTREAM] = { 503, FAULT_NONE },
    [ERR_INTERNAL] = { 500, FAULT_NONE },
};

static const struct status outcomes[] = {
    [SYNC_CREATED] = { 201, FAULT_NONE },
    [SYNC_REPLACED] = { 204, FAULT_NONE },
    [SYNC_REMOVED] = { 204, FAULT_NONE },
    [SYNC_NOT_FOUND] = { 404, FAULT_NONE },
    [SYNC_PRECONDITION] = { 412, FAULT_NONE },
    [SYNC_INVALID] = { 403, FAULT_VALID_CALENDAR_OBJECT },
    [SYNC_UID_CONFLICT] = { 403, FAULT_NO_UID_CONFLICT },
    [SYNC_READ_ONLY] = { 403, FAULT_NEED_PRIVILEGES },
    [SYNC_REFUSED] = { 403, FAULT_VALID_CALENDAR_OBJECT },
    [SYNC_EXISTS] = { 403, FAULT_RESOURCE_MUST_BE_NULL },
    [SYNC_FORBIDDEN] = { 403, FAULT_NONE },
    [SYNC_FULL] = { 507, FAULT_NONE },
    [SYNC_BUSY] = { 503, FAULT_NONE },
    [SYNC_READ] = { 200, FAULT_NONE },
};

struct fault_element fault_element(enum fault fault)
{
    assert(fault > FAULT_NONE && fault < FAULT_COUNT);
    return elements[fault];
}

enum fault fault_of_map(enum map_fault fault)
{
    assert((size_t)fault < ARRAY_LEN(map_faults));
    return map_faults[fault];
}

struct status status_of_err(enum err_kind kind)
{
    assert((size_t)kind < ARRAY_LEN(kinds));
    return kinds[kind];
}

struct status status_of_outcome(enum sync_outcome outcome, enum map_fault fault)
{
    assert((size_t)outcome < ARRAY_LEN(outcomes));
    struct status status = outcomes[outcome];

    if (outcome == SYNC_INVALID) {
        status.fault = fault_of_map(fault);
    }
    return status;
}
