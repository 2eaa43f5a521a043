#include "bridge/dav/precondition.h"

#include "bridge/core/mem.h"

#define MAX_TAGS 100

struct tag_list {
    bool is_any;
    struct str *tags;
    size_t count;
};

/** The opaque part without what compressing proxies append to it. */
static struct str without_suffix(struct str opaque)
{
    static const struct str suffixes[] = { STR("--gzip"), STR("-gzip"), STR(";gzip") };

    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        if (str_has_suffix(opaque, suffixes[i])) {
            return str_first(opaque, opaque.n - suffixes[i].n);
        }
    }
    return opaque;
}

/** Takes one element off *rest: up to a comma outside quotes. */
static struct str next_element(struct str *rest)
{
    bool is_quoted = false;
    size_t end = 0;

    while (end < rest->n && (is_quoted || rest->p[end] != ',')) {
        if (rest->p[end] == '"') {
            is_quoted = !is_quoted;
        }
        end++;
    }
    struct str element = str_trim(str_first(*rest, end));

    *rest = str_skip(*rest, end + 1);
    return element;
}

static bool add_tag(struct str element, struct arena *arena, struct tag_list *list, struct err *err)
{
    if (str_has_prefix(element, S("W/"))) {
        element = str_skip(element, 2);
    }
    if (element.n >= 2 && element.p[0] == '"' && element.p[element.n - 1] == '"') {
        element = str_first(str_skip(element, 1), element.n - 2);
    }
    for (size_t i = 0; i < element.n; i++) {
        if ((unsigned char)element.p[i] <= 0x20 || element.p[i] == '"') {
            return err_set(err, ERR_INVALID, "an entity tag with blanks or quotes in it");
        }
    }
    if (list->count == MAX_TAGS) {
        return err_set(err, ERR_INVALID, "more than %d entity tags", MAX_TAGS);
    }
    if (list->tags == NULL) {
        list->tags = arena_alloc_array(arena, MAX_TAGS, sizeof(struct str));
    }
    element = without_suffix(element);
    list->tags[list->count++] = arena_printf(arena, "\"%.*s\"", STR_ARG(element));
    return true;
}

static bool parse_list(const struct http_header *headers, size_t header_count, struct str name,
    struct arena *arena, struct tag_list *out, struct err *err)
{
    for (size_t i = 0; i < header_count; i++) {
        if (!str_eq_nocase(headers[i].name, name)) {
            continue;
        }
        struct str rest = headers[i].value;

        while (rest.n > 0) {
            struct str element = next_element(&rest);

            if (str_eq(element, S("*"))) {
                out->is_any = true;
            } else if (element.n > 0 && !add_tag(element, arena, out, err)) {
                return err_wrap(err, "%.*s", STR_ARG(name));
            }
        }
    }
    return true;
}

bool precondition_parse(const struct http_header *headers, size_t header_count, struct arena *arena,
    struct precondition *out, struct err *err)
{
    struct tag_list match = { 0 };
    struct tag_list none_match = { 0 };

    if (!parse_list(headers, header_count, S("If-Match"), arena, &match, err) ||
        !parse_list(headers, header_count, S("If-None-Match"), arena, &none_match, err)) {
        return false;
    }
    *out = (struct precondition){
        .if_match_any = match.is_any,
        .if_match = match.tags,
        .if_match_count = match.count,
        .if_none_match_any = none_match.is_any,
        .if_none_match = none_match.tags,
        .if_none_match_count = none_match.count,
    };
    return true;
}
