/** DELETE of an object or a collection (RFC 4918 9.6). */
#include "bridge/dav/address.h"

static void answer(const struct sync_result *result, void *arg)
{
    call_respond_result(arg, result);
}

void dav_delete(struct dav_call *call)
{
    struct collection *collection = call_collection(call);
    struct precondition precondition;

    if (collection == NULL) {
        call_respond_not_found(call);
        return;
    }
    if (!address_precondition(call, &precondition)) {
        return;
    }
    if (call->route.kind == ROUTE_COLLECTION) {
        sync_remove_collection(call->dav->engine, collection, answer, call);
    } else {
        sync_delete(call->dav->engine, collection, call->route.object, &precondition, answer, call);
    }
}
