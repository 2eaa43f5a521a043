#include "bridge/sandbox/query.h"

#include "bridge/core/mem.h"
#include "bridge/sandbox/property.h"
#include "http/uri.h"

#include <string.h>

#define LIST_MAX      40
#define TOP_MAX       50
#define GRAPH_TOP_MAX 999
#define SKIP_MAX      1000000

static bool refuse(struct sbx_refusal *refusal, const char *name, const char *what)
{
    return sbx_refuse(refusal, 400, "ErrorInvalidUrlQuery", "The query option '%s' %s", name, what);
}

/* '+' is a space in a query. */
static bool decode(struct str text, struct arena *arena, struct str *out)
{
    struct str copy = arena_copy(arena, text);
    char *p = (char *)arena_alloc(arena, copy.n + 1);

    for (size_t i = 0; i < copy.n; i++) {
        p[i] = copy.p[i] == '+' ? ' ' : copy.p[i];
    }
    return uri_decode((struct str){ p, copy.n }, arena, out) && str_is_utf8(*out);
}

static bool read_count(struct str value, int64_t high, int64_t *out)
{
    uint64_t number = 0;

    if (!str_to_u64(value, &number) || number > (uint64_t)high) {
        return false;
    }
    *out = (int64_t)number;
    return true;
}

static bool read_select(struct str value, struct arena *arena, struct sbx_query *out)
{
    struct str *names = (struct str *)arena_alloc_array(arena, LIST_MAX, sizeof(*names));
    struct str rest = value;
    struct str name = { 0 };

    while (str_next(&rest, ',', &name)) {
        if (out->select_count == LIST_MAX || str_trim(name).n == 0) {
            return false;
        }
        names[out->select_count++] = str_trim(name);
    }
    out->select = names;
    out->select_text = value;
    return out->select_count > 0;
}

/* The PropertyIds in "PropertyId eq 'a' or PropertyId eq 'b'". */
static bool read_property_ids(
    struct str text, bool is_multi, struct arena *arena, struct str *names, size_t *count)
{
    for (;;) {
        size_t end = 0;

        text = str_trim(text);
        if (!str_has_prefix(text, S("PropertyId eq '")) || *count == LIST_MAX) {
            return false;
        }
        text = str_skip(text, strlen("PropertyId eq '"));
        end = str_find_char(text, '\'');
        if (end == SIZE_MAX ||
            !sbx_property_name(str_first(text, end), is_multi, arena, &names[*count])) {
            return false;
        }
        (*count)++;
        text = str_trim(str_skip(text, end + 1));
        if (text.n == 0) {
            return true;
        }
        if (!str_has_prefix(text, S("or "))) {
            return false;
        }
        text = str_skip(text, 3);
    }
}

/* SingleValueExtendedProperties($filter=PropertyId eq '...'), and the multi-value kind, by commas.
 */
static bool read_expand(struct str value, struct arena *arena, struct sbx_query *out)
{
    static const struct str kinds[] = { STR("SingleValueExtendedProperties($filter="),
        STR("MultiValueExtendedProperties($filter=") };
    struct str *names = (struct str *)arena_alloc_array(arena, LIST_MAX, sizeof(*names));
    struct str rest = str_trim(value);

    while (rest.n > 0) {
        bool is_multi = str_has_prefix(rest, kinds[1]);
        size_t end = 0;

        if (!is_multi && !str_has_prefix(rest, kinds[0])) {
            return false;
        }
        rest = str_skip(rest, kinds[is_multi].n);
        end = str_find_char(rest, ')');
        if (end == SIZE_MAX ||
            !read_property_ids(str_first(rest, end), is_multi, arena, names, &out->expand_count)) {
            return false;
        }
        rest = str_trim(str_skip(rest, end + 1));
        if (rest.n > 0 && rest.p[0] == ',') {
            rest = str_trim(str_skip(rest, 1));
        } else if (rest.n > 0) {
            return false;
        }
    }
    out->expand = names;
    out->expand_text = value;
    return out->expand_count > 0;
}

/* extensions($filter=id eq '...') */
static bool read_extension_filter(struct str text, struct sbx_query *out)
{
    static const struct str head = STR("($filter=id eq '");

    if (!str_has_prefix(text, head) || !str_has_suffix(text, S("')")) ||
        text.n <= head.n + strlen("')")) {
        return text.n == 0;
    }
    out->extension = str_skip(str_first(text, text.n - strlen("')")), head.n);
    return true;
}

/* Names of collections by commas; no filter within holds one. */
static bool read_graph_expand(struct str value, struct sbx_query *out)
{
    struct str rest = value;
    struct str name = { 0 };

    while (str_next(&rest, ',', &name)) {
        name = str_trim(name);
        if (str_eq(name, S("checklistItems"))) {
            out->parts |= SBX_EXPAND_CHECKLIST;
        } else if (str_eq(name, S("linkedResources"))) {
            out->parts |= SBX_EXPAND_LINKS;
        } else if (str_has_prefix(name, S("extensions")) &&
                   read_extension_filter(str_skip(name, strlen("extensions")), out)) {
            out->parts |= SBX_EXPAND_EXTENSIONS;
        } else {
            return false;
        }
    }
    out->expand_text = value;
    return true;
}

static bool read_orderby(struct str value, struct sbx_query *out)
{
    struct str rest = str_trim(value);
    struct str path = { 0 };
    struct str direction = { 0 };

    if (!str_next(&rest, ' ', &path) || path.n == 0 || str_find_char(value, ',') != SIZE_MAX) {
        return false;
    }
    direction = rest.p != NULL ? str_trim(rest) : S("asc");
    out->orderby = path;
    out->orderby_text = value;
    out->is_descending = str_eq(direction, S("desc"));
    return out->is_descending || str_eq(direction, S("asc"));
}

static bool read_option(struct str name, struct str value, bool is_graph, struct arena *arena,
    struct sbx_query *out, struct sbx_refusal *refusal)
{
    if (is_graph && str_eq_nocase(name, S("$expand"))) {
        return read_graph_expand(value, out) || refuse(refusal, "$expand", "is not understood.");
    }
    if (is_graph && str_find(value, S("ExtendedProperties")) != SIZE_MAX) {
        return refuse(refusal, "$filter", "names a property that does not exist.");
    }
    if (str_eq_nocase(name, S("$select"))) {
        return read_select(value, arena, out) || refuse(refusal, "$select", "is not a list.");
    }
    if (str_eq_nocase(name, S("$expand"))) {
        return read_expand(value, arena, out) ||
               refuse(refusal, "$expand", "is not one for extended properties.");
    }
    if (str_eq_nocase(name, S("$filter"))) {
        out->filter_text = value;
        return sbx_filter_read(value, arena, &out->filter, refusal);
    }
    if (str_eq_nocase(name, S("$orderby"))) {
        return read_orderby(value, out) || refuse(refusal, "$orderby", "is not understood.");
    }
    if (str_eq_nocase(name, S("$top"))) {
        out->has_top = true;
        return (read_count(value, is_graph ? GRAPH_TOP_MAX : TOP_MAX, &out->top) && out->top > 0) ||
               refuse(refusal, "$top", "must be 1 to 50 (To Do: 999).");
    }
    if (str_eq_nocase(name, S("$skip"))) {
        out->has_skip = true;
        return read_count(value, SKIP_MAX, &out->skip) ||
               refuse(refusal, "$skip", "must be a number.");
    }
    if (str_eq_nocase(name, S("$deltatoken")) || str_eq_nocase(name, S("$skiptoken"))) {
        *(str_eq_nocase(name, S("$deltatoken")) ? &out->has_delta_token : &out->has_skip_token) =
            true;
        out->token = value;
        return true;
    }
    if (str_eq_nocase(name, S("$search"))) {
        out->has_search = true;
        return refuse(refusal, "$search", "is not available for tasks.");
    }
    if (str_has_prefix(name, S("$"))) {
        return refuse(refusal, "$...", "is not known.");
    }
    return true;
}

bool sbx_query_read(struct str query, bool is_graph, struct arena *arena, struct sbx_query *out,
    struct sbx_refusal *refusal)
{
    struct str rest = query;
    struct str pair = { 0 };

    *out = (struct sbx_query){ 0 };
    while (rest.p != NULL && str_next(&rest, '&', &pair)) {
        size_t equals = str_find_char(pair, '=');
        struct str name = { 0 };
        struct str value = { 0 };

        if (pair.n == 0) {
            continue;
        }
        if (!decode(str_first(pair, equals), arena, &name) ||
            !decode(equals == SIZE_MAX ? S("") : str_skip(pair, equals + 1), arena, &value)) {
            return refuse(refusal, "?", "is not percent-encoded UTF-8.");
        }
        if (!read_option(name, value, is_graph, arena, out, refusal)) {
            return false;
        }
    }
    if (out->has_delta_token && out->has_skip_token) {
        return refuse(refusal, "$deltatoken", "excludes $skiptoken.");
    }
    return true;
}
