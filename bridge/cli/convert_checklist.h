#pragma once
/** A task together with the items of its checklist, in one text on either side (mapping.md 2.12).
 */
#include "bridge/cli/convert.h"

/** Several VTODOs of one VCALENDAR, taken apart. */
struct convert_family {
    struct str document;  /**< without the children */
    struct str *children; /**< a document for each */
    size_t count;
};

/** Children are the VTODOs that name the first one as their parent and fit an item of its
 * checklist. Any other document is left as it is; so is one of a service without checklists. */
struct convert_family convert_split(const struct convert *convert, struct str document);
/** The same body with the children as "checklistItems". fails: ERR_INVALID: one of them */
MUST_CHECK bool convert_add_items(const struct convert *convert,
    const struct convert_family *family, struct str *body, struct err *err);

/** Is it an item of a checklist, by its members? */
bool convert_is_item(const struct convert *convert, struct str json);
/** The same document with a VTODO for each of the checklistItems in json. fails: ERR_INVALID */
MUST_CHECK bool convert_add_children(const struct convert *convert, struct str json, struct str uid,
    struct str *document, struct err *err);
/** The convert whose task is an item of a checklist. */
struct convert convert_for_items(const struct convert *convert);
