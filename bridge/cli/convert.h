#pragma once
/**
 * Conversion without a server: VTODO to the JSON of a dialect and back, for `duedav convert`. Pure
 * functions over texts; results live in the context's arena.
 */
#include "bridge/map/map.h"
#include "bridge/upstream/dialect.h"

struct convert {
    const struct dialect *dialect;
    struct map_context context;
    /** UID of the task above the one that is converted (mapping.md 2.12): a simple one is an item
     * of its checklist then, where the service has them. Empty: nobody said so. */
    struct str parent;
};

/**
 * The JSON body that creates the task of `document`; or with a `base` (p not NULL), a document too,
 * the body of the smallest PATCH that leads from there, "{}" when nothing is to be sent. What is
 * an operation on a series is told as such (convert_operation.h). VTODOs below the first one that
 * fit its checklist become its "checklistItems".
 * fails: ERR_INVALID, naming the line; ERR_LIMIT
 */
MUST_CHECK bool convert_to_json(const struct convert *convert, struct str document, struct str base,
    struct str *out, struct err *err);
/**
 * The document of `json`, a task (or an item of a checklist) as the service returns it; or with
 * `base` and `document` (p not NULL) that document changed by what differs between base and json.
 * Without a base the items of the task's checklist follow as VTODOs of their own.
 * fails: ERR_INVALID
 */
MUST_CHECK bool convert_to_vtodo(const struct convert *convert, struct str json, struct str base,
    struct str document, struct str *out, struct err *err);
