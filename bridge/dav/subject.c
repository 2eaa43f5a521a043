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

void subject_add_child(struct multistatus *multistatus, struct dav_call *call,
    const struct prop_subject *parent, enum route_kind kind, struct collection *collection)
{
    struct route route = { .kind = kind, .is_short = call->route.is_short, .user = call->user };
    struct prop_subject child = *parent;

    child.kind = kind;
    if (collection != NULL) {
        route.collection = collection_slug(collection);
        child.collection = collection;
        child.is_writable = collection_is_writable(collection);
    }
    subject_add(multistatus, call, &child, &route);
}

void subject_add_collections(
    struct multistatus *multistatus, struct dav_call *call, const struct prop_subject *home)
{
    struct collection *collection = NULL;

    while ((collection = user_next_collection(home->user, collection)) != NULL) {
        subject_add_child(multistatus, call, home, ROUTE_COLLECTION, collection);
    }
}
