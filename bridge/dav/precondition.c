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

/* --- If (RFC 4918 10.4) ----------------------------------------------------------------------- */

/** No resource has this tag. */
#define NO_TAG S("\"\"")

/** One parenthesised list: all of it must hold. */
struct if_list {
    struct tag_list tags;
    struct tag_list not_tags;
    bool is_false; /**< a state token: we give out none, so none can match */
};

/** Takes what stands up to `end` off *rest, and `end` with it. */
static bool take_until(struct str *rest, char end, struct str *out)
{
    size_t at = str_find_char(*rest, end);

    if (at == SIZE_MAX) {
        return false;
    }
    *out = str_first(*rest, at);
    *rest = str_trim(str_skip(*rest, at + 1));
    return true;
}

static bool take_condition(
    struct str *rest, struct arena *arena, struct if_list *list, struct err *err)
{
    bool is_not = str_has_prefix_nocase(*rest, S("Not"));
    struct str inner;

    if (is_not) {
        *rest = str_trim(str_skip(*rest, 3));
    }
    char first = rest->n > 0 ? rest->p[0] : '\0';

    *rest = str_skip(*rest, 1);
    if (first == '[' && take_until(rest, ']', &inner)) {
        return add_tag(str_trim(inner), arena, is_not ? &list->not_tags : &list->tags, err);
    }
    if (first == '<' && take_until(rest, '>', &inner)) {
        list->is_false = list->is_false || !is_not;
        return true;
    }
    return err_set(err, ERR_INVALID, "If: neither an entity tag nor a state token");
}

/** A list about another resource is taken not to hold: we look at one at a time. */
static bool take_list(
    struct str *rest, bool is_other, struct arena *arena, struct if_list *list, struct err *err)
{
    list->is_false = is_other;
    if (rest->n == 0 || rest->p[0] != '(') {
        return err_set(err, ERR_INVALID, "If: a list begins with '('");
    }
    *rest = str_trim(str_skip(*rest, 1));
    while (rest->n > 0 && rest->p[0] != ')') {
        if (!take_condition(rest, arena, list, err)) {
            return false;
        }
    }
    if (rest->n == 0) {
        return err_set(err, ERR_INVALID, "If: a list ends with ')'");
    }
    *rest = str_trim(str_skip(*rest, 1));
    return true;
}

/** What the lists come to. Mixtures that no client sends are taken not to hold, which is safe. */
struct if_sum {
    struct tag_list match;
    struct tag_list none_match;
    size_t not_lists;
    bool is_true;
};

static void add_list(struct if_sum *sum, const struct if_list *list, struct arena *arena)
{
    struct err err;

    if (list->is_false || list->tags.count > 1 ||
        (list->tags.count == 1 && list->not_tags.count > 0)) {
        return;
    }
    if (list->tags.count == 1) {
        if (!add_tag(list->tags.tags[0], arena, &sum->match, &err)) {
            return; /* too many */
        }
    } else if (list->not_tags.count > 0) {
        sum->none_match = list->not_tags;
        sum->not_lists++;
    } else {
        sum->is_true = true;
    }
}

static bool holds_tag(const struct tag_list *list, struct str tag)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_eq(list->tags[i], tag)) {
            return true;
        }
    }
    return false;
}

/** Both If-Match and If: what both name, else nothing that is. */
static void restrict_match(
    struct tag_list *match, const struct tag_list *other, struct arena *arena)
{
    struct tag_list both = { .is_any = match->is_any };
    struct err err;
    bool is_kept = true;

    for (size_t i = 0; i < other->count; i++) {
        if (match->count == 0 || holds_tag(match, other->tags[i])) {
            is_kept = add_tag(other->tags[i], arena, &both, &err) && is_kept;
        }
    }
    if (both.count == 0) {
        is_kept = add_tag(NO_TAG, arena, &both, &err) && is_kept;
    }
    *match = both;
}

static bool parse_if(struct str value, precondition_own_cb *is_own, void *arg, struct arena *arena,
    struct tag_list *match, struct tag_list *none_match, struct err *err)
{
    struct str rest = str_trim(value);
    struct if_sum sum = { 0 };
    bool is_other = false;
    struct str resource;

    while (rest.n > 0) {
        struct if_list list = { 0 };

        if (rest.p[0] == '<') {
            rest = str_skip(rest, 1);
            if (!take_until(&rest, '>', &resource)) {
                return err_set(err, ERR_INVALID, "If: an address without an end");
            }
            is_other = is_own == NULL || !is_own(str_trim(resource), arg);
        }
        if (!take_list(&rest, is_other, arena, &list, err)) {
            return false;
        }
        add_list(&sum, &list, arena);
    }
    if (sum.is_true || str_trim(value).n == 0) {
        return true;
    }
    if (sum.not_lists == 1 && sum.match.count == 0) {
        for (size_t i = 0; i < sum.none_match.count; i++) {
            if (!add_tag(sum.none_match.tags[i], arena, none_match, err)) {
                return false;
            }
        }
        return true;
    }
    sum.match.count = sum.not_lists > 0 ? 0 : sum.match.count;
    restrict_match(match, &sum.match, arena);
    return true;
}

bool precondition_parse(const struct http_header *headers, size_t header_count,
    precondition_own_cb *is_own, void *arg, struct arena *arena, struct precondition *out,
    struct err *err)
{
    struct tag_list match = { 0 };
    struct tag_list none_match = { 0 };
    struct str value;

    if (!parse_list(headers, header_count, S("If-Match"), arena, &match, err) ||
        !parse_list(headers, header_count, S("If-None-Match"), arena, &none_match, err)) {
        return false;
    }
    if (http_header_find(headers, header_count, S("If"), &value) &&
        !parse_if(value, is_own, arg, arena, &match, &none_match, err)) {
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
