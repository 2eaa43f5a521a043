#pragma once
/** The resources of the tree as subjects of properties, shared by PROPFIND and the reports. */
#include "bridge/dav/multistatus.h"

/** The container of the call's route; false if it does not exist (any more). */
MUST_CHECK bool subject_of_route(struct dav_call *call, struct prop_subject *out);
/** A container as a response, under its own address. */
void subject_add(struct multistatus *multistatus, struct dav_call *call,
    const struct prop_subject *subject, const struct route *route);
