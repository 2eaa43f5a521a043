#include "bridge/dav/subject.h"

bool subject_of_route(struct dav_call *call, struct prop_subject *out)
{
    struct prop_subject subject = {
        .kind = call->route.kind,
        .call = call,
        .user = call_user(call),
        .arena = call_arena(call),
    };

    if (subject.user == NULL) {
        return false;
    }
    if (subject.kind == ROUTE_COLLECTION) {
        struct collection *collection = call_collection(call);

        if (collection == NULL) {
            return false;
        }
        subject.collection = collection;
        subject.is_writable = collection_is_writable(collection);
    }
    *out = subject;
    return true;
}

void subject_add(struct multistatus *multistatus, struct dav_call *call,
    const struct prop_subject *subject, const struct route *route)
{
    multistatus_add_container(
        multistatus, route_href(route, call->dav->prefix, call_arena(call)), subject);
}
