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
};

/**
 * The JSON body that creates the task of `document`; or with a `base` (p not NULL), a document too,
 * the body of the smallest PATCH that leads from there, "{}" when nothing is to be sent.
 * fails: ERR_INVALID, naming the line; ERR_LIMIT
 */
MUST_CHECK bool convert_to_json(const struct convert *convert, struct str document, struct str base,
    struct str *out, struct err *err);
/**
 * The document of `json`, a task as the service returns it; or with `base` and `document` (p not
 * NULL) that document changed by what differs between base and json.
 * fails: ERR_INVALID
 */
MUST_CHECK bool convert_to_vtodo(const struct convert *convert, struct str json, struct str base,
    struct str document, struct str *out, struct err *err);
