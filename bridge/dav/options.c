/** OPTIONS: the same on every kind of resource, because clients ask principals, homes and lists. */
#include "bridge/dav/call.h"

/* 1 first: Thunderbird throws the first token away. Never calendar-schedule or
 * calendar-auto-schedule: they make clients look for an inbox and an outbox. */
#define CAPABILITIES                                            \
    S("1, 3, access-control, calendar-access, extended-mkcol, " \
      "calendar-managed-attachments, calendar-managed-attachments-no-recurrence")

void dav_options_method(struct dav_call *call)
{
    http_respond_header(call->request, S("DAV"), CAPABILITIES);
    http_respond_header(call->request, S("Allow"), dav_allow(call->route.kind, call_arena(call)));
    call_respond_empty(call, 200);
}
