#pragma once
/** The resources of the tree as subjects of properties, shared by PROPFIND and the reports. */
#include "bridge/dav/multistatus.h"

/** The container of the call's route; false if it does not exist (any more). */
MUST_CHECK bool subject_of_route(struct dav_call *call, struct prop_subject *out);
/** A container as a response, under its own address. */
void subject_add(struct multistatus *multistatus, struct dav_call *call,
    const struct prop_subject *subject, const struct route *route);
/** A child of a container. collection: NULL unless kind is ROUTE_COLLECTION. */
void subject_add_child(struct multistatus *multistatus, struct dav_call *call,
    const struct prop_subject *parent, enum route_kind kind, struct collection *collection);
/** All lists of the home. */
void subject_add_collections(
    struct multistatus *multistatus, struct dav_call *call, const struct prop_subject *home);
