#pragma once
/** GET of a list. */
#include "bridge/dav/call.h"

/** Answers with all tasks of the collection, which is in memory. */
void get_collection(struct dav_call *call, struct collection *collection);
