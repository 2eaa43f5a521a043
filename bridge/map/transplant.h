#pragma once
/** Bring the lines of one document that express a field into another (mapping.md 1.3). */
#include "bridge/map/vtodo.h"

/** The text of `to` with the lines that say `fields` in `from` in the place of its own. */
struct str transplant_fields(const struct vtodo *to, const struct vtodo *from, task_fields fields);
/**
 * What clients drop because they don't understand it, though they did not change what it belongs
 * to: put back from `from`, the document that is served (mapping.md 1.3.4). `to`'s own text if
 * there is nothing to put back.
 */
struct str transplant_extras(const struct vtodo *to, const struct vtodo *from);
