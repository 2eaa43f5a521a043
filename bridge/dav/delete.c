/** DELETE of an object or a collection (RFC 4918 9.6). */
#include "bridge/dav/call.h"
#include "bridge/dav/precondition.h"

static void answer(const struct sync_result *result, void *arg)
{
    call_respond_result(arg, result);
}

void dav_delete(struct dav_call *call)
{
    struct http_request *request = call->request;
    struct collection *collection = call_collection(call);
    struct precondition precondition;
    struct err err;

    if (collection == NULL) {
        call_respond_not_found(call);
        return;
    }
    if (!precondition_parse(
            request->headers, request->header_count, call_arena(call), &precondition, &err)) {
        call_respond_fault(call, 400, FAULT_NONE, str_from(err.text));
        return;
    }
    if (call->route.kind == ROUTE_COLLECTION) {
        sync_remove_collection(call->dav->engine, collection, answer, call);
    } else {
        sync_delete(call->dav->engine, collection, call->route.object, &precondition, answer, call);
    }
}
