#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/property.h"
#include "bridge/sandbox/query.h"

#include <ctype.h>
#include <string.h>

#define DEPTH_MAX 16

enum kind {
    FILTER_AND,
    FILTER_OR,
    FILTER_COMPARE,
    FILTER_MARK,
};

enum comparison {
    COMPARE_EQ,
    COMPARE_NE,
    COMPARE_GT,
    COMPARE_GE,
    COMPARE_LT,
    COMPARE_LE,
};

struct sbx_filter {
    enum kind kind;
    const struct sbx_filter *left, *right; /**< of and, or */
    enum comparison comparison;
    struct str path;
    struct sbx_value value;
    struct str name; /**< of FILTER_MARK; its value in value.text */
};

struct reader {
    struct str rest;
    struct arena *arena;
    struct sbx_refusal *refusal;
};

static bool refuse(struct reader *r)
{
    return sbx_refuse(r->refusal, 400, "ErrorInvalidUrlQueryFilter",
        "The $filter expression is not understood or not available here.");
}

/* A word up to a blank or parenthesis. */
static struct str next_word(struct reader *r)
{
    struct str word = str_trim(r->rest);
    size_t n = 0;

    while (n < word.n && word.p[n] != ' ' && word.p[n] != '(' && word.p[n] != ')') {
        n++;
    }
    r->rest = str_skip(word, n);
    return str_first(word, n);
}

static bool take(struct reader *r, struct str text)
{
    struct str rest = str_trim(r->rest);

    if (!str_has_prefix(rest, text)) {
        return false;
    }
    r->rest = str_skip(rest, text.n);
    return true;
}

/* 'text' with doubled quotes. */
static bool read_quoted(struct reader *r, struct str *out)
{
    struct str rest = str_trim(r->rest);
    char *p = (char *)arena_alloc(r->arena, rest.n + 1);
    size_t n = 0;
    size_t i = 1;

    if (rest.n == 0 || rest.p[0] != '\'') {
        return false;
    }
    for (; i < rest.n; i++) {
        if (rest.p[i] == '\'') {
            if (i + 1 >= rest.n || rest.p[i + 1] != '\'') {
                break;
            }
            i++;
        }
        p[n++] = rest.p[i];
    }
    if (i >= rest.n) {
        return false;
    }
    r->rest = str_skip(rest, i + 1);
    *out = (struct str){ p, n };
    return true;
}

static bool read_value(struct reader *r, struct sbx_value *out)
{
    struct str word = { 0 };
    bool has_offset = false;

    if (read_quoted(r, &out->text)) {
        out->kind = SBX_VALUE_TEXT;
        return true;
    }
    word = next_word(r);
    if (str_eq(word, S("null"))) {
        out->kind = SBX_VALUE_NULL;
        return true;
    }
    if (str_eq(word, S("true")) || str_eq(word, S("false"))) {
        out->kind = SBX_VALUE_BOOL;
        out->number = str_eq(word, S("true"));
        return true;
    }
    out->kind = SBX_VALUE_INSTANT;
    return civil_parse_iso(word, &out->number, &has_offset) && has_offset;
}

/* SingleValueExtendedProperties/Any(ep: ep/PropertyId eq '...' and ep/Value eq '...') */
static bool read_mark(struct reader *r, struct sbx_filter *out)
{
    struct str variable = { 0 };
    struct str colon = { 0 };
    struct str name = { 0 };

    if (!take(r, S("("))) {
        return refuse(r);
    }
    variable = next_word(r);
    colon = str_has_suffix(variable, S(":")) ? S(":") : next_word(r);
    if (str_has_suffix(variable, S(":"))) {
        variable = str_first(variable, variable.n - 1);
    }
    if (variable.n == 0 || !str_eq(colon, S(":"))) {
        return refuse(r);
    }
    if (!take(r, variable) || !take(r, S("/PropertyId eq ")) || !read_quoted(r, &name) ||
        !take(r, S("and ")) || !take(r, variable) || !take(r, S("/Value eq ")) ||
        !read_quoted(r, &out->value.text) || !take(r, S(")"))) {
        return refuse(r);
    }
    out->kind = FILTER_MARK;
    return sbx_property_name(name, false, r->arena, &out->name) || refuse(r);
}

static bool read_or(struct reader *r, int depth, const struct sbx_filter **out);

static bool read_term(struct reader *r, int depth, const struct sbx_filter **out)
{
    static const char *const names[] = { "eq", "ne", "gt", "ge", "lt", "le" };
    struct sbx_filter *filter = ARENA_NEW(r->arena, struct sbx_filter);
    struct str word = { 0 };

    if (take(r, S("("))) {
        return depth < DEPTH_MAX && read_or(r, depth + 1, out) && (take(r, S(")")) || refuse(r));
    }
    *out = filter;
    filter->path = next_word(r);
    if (str_eq_nocase(filter->path, S("SingleValueExtendedProperties/Any"))) {
        return read_mark(r, filter);
    }
    filter->kind = FILTER_COMPARE;
    word = next_word(r);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(word, str_from(names[i]))) {
            filter->comparison = (enum comparison)i;
            return read_value(r, &filter->value) || refuse(r);
        }
    }
    return refuse(r);
}

static bool read_and(struct reader *r, int depth, const struct sbx_filter **out)
{
    if (!read_term(r, depth, out)) {
        return false;
    }
    while (take(r, S("and "))) {
        struct sbx_filter *both = ARENA_NEW(r->arena, struct sbx_filter);

        both->kind = FILTER_AND;
        both->left = *out;
        if (!read_term(r, depth, &both->right)) {
            return false;
        }
        *out = both;
    }
    return true;
}

static bool read_or(struct reader *r, int depth, const struct sbx_filter **out)
{
    if (!read_and(r, depth, out)) {
        return false;
    }
    while (take(r, S("or "))) {
        struct sbx_filter *either = ARENA_NEW(r->arena, struct sbx_filter);

        either->kind = FILTER_OR;
        either->left = *out;
        if (!read_and(r, depth, &either->right)) {
            return false;
        }
        *out = either;
    }
    return true;
}

bool sbx_filter_read(struct str text, struct arena *arena, const struct sbx_filter **out,
    struct sbx_refusal *refusal)
{
    struct reader r = { .rest = text, .arena = arena, .refusal = refusal };

    refusal->status = 0;
    if (!read_or(&r, 0, out) || str_trim(r.rest).n > 0) {
        return refuse(&r);
    }
    return true;
}

int sbx_value_compare(const struct sbx_value *a, const struct sbx_value *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    if (a->kind == SBX_VALUE_TEXT) {
        return str_compare(a->text, b->text);
    }
    return (a->number > b->number) - (a->number < b->number);
}

static bool compare(
    enum comparison comparison, const struct sbx_value *a, const struct sbx_value *b)
{
    int order = sbx_value_compare(a, b);

    if (a->kind != b->kind) { /* null is neither before nor after anything */
        return comparison == COMPARE_NE;
    }
    switch (comparison) {
    case COMPARE_EQ:
        return order == 0;
    case COMPARE_NE:
        return order != 0;
    case COMPARE_GT:
        return order > 0;
    case COMPARE_GE:
        return order >= 0;
    case COMPARE_LT:
        return order < 0;
    case COMPARE_LE:
        return order <= 0;
    }
    return false;
}

bool sbx_filter_match(const struct sbx_filter *filter, const struct sbx_subject *subject,
    void *item, bool *match_out, struct sbx_refusal *refusal)
{
    struct sbx_value value = { 0 };
    bool left = false;
    bool right = false;

    switch (filter->kind) {
    case FILTER_AND:
    case FILTER_OR:
        if (!sbx_filter_match(filter->left, subject, item, &left, refusal) ||
            !sbx_filter_match(filter->right, subject, item, &right, refusal)) {
            return false;
        }
        *match_out = filter->kind == FILTER_AND ? left && right : left || right;
        return true;
    case FILTER_MARK:
        *match_out = subject->has_cb(item, filter->name, filter->value.text);
        return true;
    case FILTER_COMPARE:
        if (!subject->find_cb(item, filter->path, &value) ||
            (value.kind != filter->value.kind && value.kind != SBX_VALUE_NULL &&
                filter->value.kind != SBX_VALUE_NULL)) {
            return sbx_refuse(refusal, 400, "ErrorInvalidUrlQueryFilter",
                "The property cannot be filtered by, or the literal is of another type.");
        }
        *match_out = compare(filter->comparison, &value, &filter->value);
        return true;
    }
    return false;
}

bool sbx_filter_is_mark(
    const struct sbx_filter *filter, struct str *name_out, struct str *value_out)
{
    if (filter->kind != FILTER_MARK) {
        return false;
    }
    *name_out = filter->name;
    *value_out = filter->value.text;
    return true;
}
