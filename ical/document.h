#pragma once
/**
 * An iCalendar text that can be edited property by property while every other byte stays. Parsing
 * makes a tree of views into the text; nothing is unescaped or normalised. The text must outlive
 * the document; the tree lives in the arena.
 *
 * RFC 5545 3.1, 3.4, 3.6; read tolerantly (bare LF, long lines, a BOM, lower case) because clients
 * write all of that.
 */
#include "bridge/core/arena.h"
#include "bridge/core/buf.h"
#include "bridge/core/err.h"
#include "bridge/core/str.h"

struct property {
    struct str raw;    /**< the whole content line: folds and line end included, as written */
    struct str name;   /**< as written; compare with str_eq_nocase */
    struct str params; /**< unfolded, from the first ';' to before the ':'; empty if none */
    struct str value;  /**< unfolded, still escaped */
    size_t line;       /**< first physical line in the text, from 1 */
    struct property *next;
};

struct component {
    struct str raw;  /**< from BEGIN to the line end of END */
    struct str name; /**< "VTODO" ..., as written */
    size_t line;
    struct property *properties;
    struct component *children;
    struct component *next;
};

struct document {
    struct str text;
    struct component *calendar; /**< the one VCALENDAR */
    bool has_lf_only;           /**< lines end in a bare LF: inserted lines will too */
};

struct document_limits {
    size_t bytes;      /**< of the text */
    size_t properties; /**< in all */
    unsigned depth;    /**< of components */
};
extern const struct document_limits document_default_limits;

/**
 * fails: ERR_INVALID: not UTF-8, no VCALENDAR or several, BEGIN and END that do not match, a line
 *        that is no content line (err->text names the line); ERR_LIMIT: over a limit
 */
MUST_CHECK bool document_parse(struct str text, const struct document_limits *limits,
    struct arena *arena, struct document *out, struct err *err);

/** First child component of that name (any case) at or after `component` in the sibling list. */
struct component *component_find(struct component *first, struct str name);
/** First property of that name at or after `first`; NULL if none. Go on with found->next. */
struct property *property_find(struct property *first, struct str name);
/**
 * A parameter's value, unquoted (RFC 6868 undone); false when absent. For several values
 * (comma-separated) the whole list as written.
 */
bool property_param(
    const struct property *property, struct str name, struct arena *arena, struct str *value_out);
/** The parameters as written, but for those of that name. */
struct str property_params_without(
    const struct property *property, struct str name, struct arena *arena);
/** The value with TEXT escaping undone (RFC 5545 3.3.11). */
struct str property_text(const struct property *property, struct arena *arena);
/** Split a comma-separated TEXT value (CATEGORIES) and unescape each part. */
size_t property_text_list(
    const struct property *property, struct arena *arena, struct str **items_out);
