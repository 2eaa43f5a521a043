#pragma once
/** The laws of design section 3 that a dialect alone can keep, over generated tasks. */
#include "bridge/upstream/dialect.h"

/** id_name: the member that the service adds to what was written. */
void laws_check(const struct dialect *dialect, const char *id_name);
