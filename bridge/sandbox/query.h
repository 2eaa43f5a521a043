#pragma once
/** The OData query options that the service takes (upstream.md A.10.5, A.12, A.13; B.10, B.11). */
#include "bridge/core/arena.h"
#include "bridge/core/str.h"
#include "bridge/sandbox/refusal.h"
#include <stdint.h>

struct sbx_filter;

/** What $expand of the To Do side may name. */
enum {
    SBX_EXPAND_CHECKLIST = 1 << 0,
    SBX_EXPAND_LINKS = 1 << 1,
    SBX_EXPAND_EXTENSIONS = 1 << 2,
};

struct sbx_query {
    const struct str *select; /**< property names; none: all */
    size_t select_count;
    struct str select_text; /**< for links */
    struct str expand_text;
    const struct str *expand; /**< names of extended properties to show */
    size_t expand_count;
    unsigned parts;                  /**< SBX_EXPAND_* */
    struct str extension;            /**< the only one to show; empty: all */
    const struct sbx_filter *filter; /**< NULL: none */
    struct str filter_text;
    struct str orderby_text;
    struct str orderby; /**< property path, "DueDateTime/DateTime"; empty: none */
    bool is_descending;
    bool has_top, has_skip, has_search;
    int64_t top, skip;
    bool has_delta_token, has_skip_token;
    struct str token;
};

/** A query string, still encoded. Option names in any case, '$' also as %24. */
MUST_CHECK bool sbx_query_read(struct str query, bool is_graph, struct arena *arena,
    struct sbx_query *out, struct sbx_refusal *refusal);

/** Filters: comparisons joined by and, or, parentheses; Any() over extended properties. */
enum sbx_value_kind {
    SBX_VALUE_NULL,
    SBX_VALUE_TEXT,
    SBX_VALUE_BOOL,
    SBX_VALUE_INSTANT, /**< microseconds since 1970 */
};

struct sbx_value {
    enum sbx_value_kind kind;
    struct str text;
    int64_t number;
};

/** What a filter looks at. */
struct sbx_subject {
    /** The value of a property path; false if the property cannot be filtered by. */
    bool (*find_cb)(void *item, struct str path, struct sbx_value *out);
    /** Has the item this extended property with this value? */
    bool (*has_cb)(void *item, struct str name, struct str value);
};

MUST_CHECK bool sbx_filter_read(struct str text, struct arena *arena, const struct sbx_filter **out,
    struct sbx_refusal *refusal);
/** fails: a path that cannot be filtered by, or a literal of another kind */
MUST_CHECK bool sbx_filter_match(const struct sbx_filter *filter, const struct sbx_subject *subject,
    void *item, bool *match_out, struct sbx_refusal *refusal);
/** Is it nothing but one extended property with one value (the lookup that has an index)? */
bool sbx_filter_is_mark(
    const struct sbx_filter *filter, struct str *name_out, struct str *value_out);
/** For $orderby: <0, 0, >0; null comes first. */
int sbx_value_compare(const struct sbx_value *a, const struct sbx_value *b);
