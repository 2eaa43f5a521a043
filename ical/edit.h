#pragma once
/**
 * Changes to a document, property by property: collect them, then edit_finish writes the new text.
 * Every byte that no change names stays as it is. New lines are folded at 75 octets, never inside a
 * character, and end as the document's lines do. Everything lives in the arena; the document is not
 * changed.
 */
#include "ical/document.h"

struct edit_splice;

struct edit {
    const struct document *document;
    struct arena *arena;
    struct edit_splice *first; /**< newest first */
    size_t count;
};

void edit_init(struct edit *edit, const struct document *document, struct arena *arena);
/** Replace the content line. params: as in struct property (";A=B" or empty), value: escaped. */
void edit_replace(struct edit *edit, const struct property *property, struct str name,
    struct str params, struct str value);
void edit_remove(struct edit *edit, const struct property *property);
/** A new line behind the last property of the component; several keep the order of the calls. */
void edit_insert(struct edit *edit, const struct component *component, struct str name,
    struct str params, struct str value);
/** A new line behind a property. */
void edit_insert_after(struct edit *edit, const struct property *property, struct str name,
    struct str params, struct str value);
/** Raw lines (of another document, line ends included) behind the last property. */
void edit_insert_raw(struct edit *edit, const struct component *component, struct str lines);
/** Raw lines in front of the component's END line: for sub-components. */
void edit_append_raw(struct edit *edit, const struct component *component, struct str lines);
void edit_remove_component(struct edit *edit, const struct component *component);
/** Has any change been collected? */
bool edit_is_empty(const struct edit *edit);
/** The new text; the document's own text when nothing was changed. */
struct str edit_finish(struct edit *edit);

/** name + params + ":" + value, folded, with its line end. Control characters are left out, so that
 * no value can end its line. */
struct str edit_format_line(
    struct arena *arena, bool has_lf_only, struct str name, struct str params, struct str value);
/** TEXT escaping of RFC 5545 3.3.11; CR is dropped, so that CRLF becomes one \n. */
struct str edit_escape_text(struct arena *arena, struct str text);
/** A parameter value: quoted where it must be, with RFC 6868 carets. */
struct str edit_quote_param(struct arena *arena, struct str text);
