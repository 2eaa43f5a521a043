#include "ical/document.h"

#include <string.h>

const struct document_limits document_default_limits = {
    .bytes = 2 * 1024 * 1024,
    .properties = 20000,
    .depth = 16,
};

/* ---- content lines ---- */

struct reader {
    struct str text;
    size_t at;
    size_t line; /**< of the next physical line, from 1 */
    bool is_utf8;
    struct arena *arena;
};

struct content_line {
    struct str raw;
    struct str unfolded; /**< without folds and line end */
    size_t line;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/** The physical line at `at`: its bytes without the line end; *next_out is where the next begins.
 */
static struct str physical_line(struct str text, size_t at, size_t *next_out)
{
    const char *lf = memchr(text.p + at, '\n', text.n - at);
    size_t end = lf == NULL ? text.n : (size_t)(lf - text.p);

    *next_out = lf == NULL ? text.n : end + 1;
    if (end > at && text.p[end - 1] == '\r') {
        end--;
    }
    return (struct str){ text.p + at, end - at };
}

static bool is_continued(const struct reader *reader, size_t next)
{
    return next < reader->text.n && is_blank(reader->text.p[next]);
}

/** Joins a folded line that begins at `from` and whose raw length is n. */
static struct str unfold(struct reader *reader, size_t from, size_t n)
{
    struct str raw = { reader->text.p + from, n };
    char *joined = arena_alloc(reader->arena, n + 1);
    size_t length = 0;
    size_t at = 0;

    while (at < n) {
        size_t next;
        struct str line = physical_line(raw, at, &next);
        size_t skip = at > 0 ? 1 : 0;

        memcpy(joined + length, line.p + skip, line.n - skip);
        length += line.n - skip;
        at = next;
    }
    return (struct str){ joined, length };
}

/** The next line that is not empty; false at the end of the text. */
static bool next_line(struct reader *reader, struct content_line *out)
{
    while (reader->at < reader->text.n) {
        size_t from = reader->at;
        size_t next;
        struct str first = physical_line(reader->text, from, &next);
        bool is_folded = false;

        out->line = reader->line++;
        while (is_continued(reader, next)) {
            is_folded = true;
            physical_line(reader->text, next, &next);
            reader->line++;
        }
        reader->at = next;
        if (first.n == 0 && !is_folded) {
            continue;
        }
        out->raw = (struct str){ reader->text.p + from, next - from };
        out->unfolded = is_folded ? unfold(reader, from, next - from) : first;
        if (str_trim(out->unfolded).n > 0) {
            return true;
        }
    }
    return false;
}

/* RFC 5545 3.1 has letters, digits and '-'; '_' and '.' are written by Synology and by vCalendar.
 */
static bool is_name_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

/** Where the value's colon is; SIZE_MAX if there is none. */
static size_t find_colon(struct str line, size_t from)
{
    bool is_quoted = false;

    for (size_t i = from; i < line.n; i++) {
        if (line.p[i] == '"') {
            is_quoted = !is_quoted;
        } else if (line.p[i] == ':' && !is_quoted) {
            return i;
        }
    }
    /* A quote that never ends: take the first colon rather than lose the line. */
    size_t colon = is_quoted ? str_find_char(str_skip(line, from), ':') : SIZE_MAX;
    return colon == SIZE_MAX ? SIZE_MAX : from + colon;
}

static bool split_line(const struct reader *reader, const struct content_line *line,
    struct property *out, struct err *err)
{
    struct str s = line->unfolded;
    size_t name_end = 0;

    if (!reader->is_utf8 && !str_is_utf8(s)) {
        return err_set(err, ERR_INVALID, "line %zu: not UTF-8", line->line);
    }
    while (name_end < s.n && is_name_char(s.p[name_end])) {
        name_end++;
    }
    if (name_end == 0 || name_end == s.n || (s.p[name_end] != ':' && s.p[name_end] != ';')) {
        return err_set(err, ERR_INVALID, "line %zu: not a content line", line->line);
    }
    size_t colon = find_colon(s, name_end);
    if (colon == SIZE_MAX) {
        return err_set(err, ERR_INVALID, "line %zu: no ':' in it", line->line);
    }
    out->raw = line->raw;
    out->line = line->line;
    out->name = str_first(s, name_end);
    out->params = (struct str){ s.p + name_end, colon - name_end };
    out->value = str_skip(s, colon + 1);
    return true;
}

/* ---- the tree ---- */

struct level {
    struct component *component;
    struct property **properties_end;
    struct component **children_end;
};

struct tree {
    const struct document_limits *limits;
    struct level *levels;
    unsigned depth;
    size_t properties;
    struct component *calendar;
};

static bool open_component(
    struct tree *tree, const struct property *line, struct arena *arena, struct err *err)
{
    struct component *component;

    if (tree->depth == tree->limits->depth) {
        return err_set(
            err, ERR_LIMIT, "line %zu: nested deeper than %u", line->line, tree->limits->depth);
    }
    if (tree->depth == 0 &&
        (tree->calendar != NULL || !str_eq_nocase(str_trim(line->value), S("VCALENDAR")))) {
        return err_set(err, ERR_INVALID, "line %zu: %s", line->line,
            tree->calendar != NULL ? "a second VCALENDAR" : "not inside a VCALENDAR");
    }
    component = ARENA_NEW(arena, struct component);
    component->name = str_trim(line->value);
    component->line = line->line;
    component->raw = line->raw; /* its length is known at END */
    if (tree->depth == 0) {
        tree->calendar = component;
    } else {
        struct level *parent = &tree->levels[tree->depth - 1];

        *parent->children_end = component;
        parent->children_end = &component->next;
    }
    tree->levels[tree->depth++] =
        (struct level){ component, &component->properties, &component->children };
    return true;
}

static bool close_component(struct tree *tree, const struct property *line, struct err *err)
{
    struct component *component = tree->depth == 0 ? NULL : tree->levels[tree->depth - 1].component;

    if (component == NULL || !str_eq_nocase(component->name, str_trim(line->value))) {
        return err_set(err, ERR_INVALID, "line %zu: END without its BEGIN", line->line);
    }
    component->raw.n = (size_t)(line->raw.p + line->raw.n - component->raw.p);
    tree->depth--;
    return true;
}

static bool add_line(
    struct tree *tree, const struct property *line, struct arena *arena, struct err *err)
{
    if (str_eq_nocase(line->name, S("BEGIN")) && line->params.n == 0) {
        return open_component(tree, line, arena, err);
    }
    if (str_eq_nocase(line->name, S("END")) && line->params.n == 0) {
        return close_component(tree, line, err);
    }
    if (tree->depth == 0) {
        return err_set(err, ERR_INVALID, "line %zu: not inside a VCALENDAR", line->line);
    }
    if (tree->properties++ == tree->limits->properties) {
        return err_set(err, ERR_LIMIT, "line %zu: more than %zu properties", line->line,
            tree->limits->properties);
    }
    struct level *level = &tree->levels[tree->depth - 1];
    struct property *property = ARENA_NEW(arena, struct property);

    *property = *line;
    *level->properties_end = property;
    level->properties_end = &property->next;
    return true;
}

static bool has_lf_only(struct str text)
{
    size_t lf = str_find_char(text, '\n');

    return lf != SIZE_MAX && (lf == 0 || text.p[lf - 1] != '\r');
}

bool document_parse(struct str text, const struct document_limits *limits, struct arena *arena,
    struct document *out, struct err *err)
{
    struct reader reader = { .text = text, .line = 1, .arena = arena };
    struct tree tree = { .limits = limits };
    struct content_line line;

    if (text.n > limits->bytes) {
        return err_set(err, ERR_LIMIT, "longer than %zu bytes", limits->bytes);
    }
    /* A fold may cut a character in two: only then is each unfolded line checked by itself. */
    reader.is_utf8 = str_is_utf8(text);
    if (str_has_prefix(text, S("\xEF\xBB\xBF"))) {
        reader.at = 3;
    }
    tree.levels = arena_alloc_array(arena, limits->depth, sizeof *tree.levels);
    while (next_line(&reader, &line)) {
        struct property property = { 0 };

        if (!split_line(&reader, &line, &property, err) ||
            !add_line(&tree, &property, arena, err)) {
            return false;
        }
    }
    if (tree.calendar == NULL) {
        return err_set(err, ERR_INVALID, "line 1: no VCALENDAR");
    }
    if (tree.depth > 0) {
        return err_set(err, ERR_INVALID, "line %zu: BEGIN without its END",
            tree.levels[tree.depth - 1].component->line);
    }
    out->text = text;
    out->calendar = tree.calendar;
    out->has_lf_only = has_lf_only(text);
    return true;
}

struct component *component_find(struct component *first, struct str name)
{
    while (first != NULL && !str_eq_nocase(first->name, name)) {
        first = first->next;
    }
    return first;
}

struct property *property_find(struct property *first, struct str name)
{
    while (first != NULL && !str_eq_nocase(first->name, name)) {
        first = first->next;
    }
    return first;
}

/* ---- parameters ---- */

/** Takes ";NAME=VALUE" off the front of *rest; quotes stay. */
static bool next_param(struct str *rest, struct str *name_out, struct str *value_out)
{
    bool is_quoted = false;
    size_t end = 1;

    if (rest->n == 0) {
        return false;
    }
    while (end < rest->n && (is_quoted || rest->p[end] != ';')) {
        is_quoted ^= rest->p[end] == '"';
        end++;
    }
    struct str one = { rest->p + 1, end - 1 };
    size_t equals = str_find_char(one, '=');

    *name_out = equals == SIZE_MAX ? one : str_first(one, equals);
    *value_out = equals == SIZE_MAX ? S("") : str_skip(one, equals + 1);
    *rest = str_skip(*rest, end);
    return true;
}

/** RFC 6868: ^n ^^ ^' */
static struct str undo_carets(struct str s, struct arena *arena)
{
    if (str_find_char(s, '^') == SIZE_MAX) {
        return s;
    }
    char *copy = arena_alloc(arena, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        char next = (char)(s.p[i] == '^' && i + 1 < s.n ? s.p[i + 1] : 0);

        if (next == 'n' || next == '^' || next == '\'') {
            copy[n++] = (char)(next == 'n' ? '\n' : next == '\'' ? '"' : '^');
            i++;
        } else {
            copy[n++] = s.p[i];
        }
    }
    return (struct str){ copy, n };
}

bool property_param(
    const struct property *property, struct str name, struct arena *arena, struct str *value_out)
{
    struct str rest = property->params;
    struct str found;
    struct str value;

    while (next_param(&rest, &found, &value)) {
        if (!str_eq_nocase(str_trim(found), name)) {
            continue;
        }
        /* One quoted value loses its quotes; a list stays as written. */
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"' &&
            memchr(value.p + 1, '"', value.n - 2) == NULL) {
            value = (struct str){ value.p + 1, value.n - 2 };
        }
        *value_out = undo_carets(value, arena);
        return true;
    }
    return false;
}

struct str property_params_without(
    const struct property *property, struct str name, struct arena *arena)
{
    struct str rest = property->params;
    struct str found;
    struct str value;
    char *kept = arena_alloc(arena, rest.n + 1);
    size_t n = 0;

    for (struct str before = rest; next_param(&rest, &found, &value); before = rest) {
        size_t length = before.n - rest.n;

        if (!str_eq_nocase(str_trim(found), name)) {
            memcpy(kept + n, before.p, length);
            n += length;
        }
    }
    return (struct str){ kept, n };
}

/* ---- text values ---- */

static struct str unescape(struct str s, struct arena *arena)
{
    if (s.n == 0 || memchr(s.p, '\\', s.n) == NULL) {
        return s;
    }
    char *copy = arena_alloc(arena, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c == '\\' && i + 1 < s.n) {
            char next = s.p[i + 1];

            if (next == 'n' || next == 'N') {
                c = '\n';
                i++;
            } else if (next == '\\' || next == ',' || next == ';' || next == ':' || next == '"') {
                c = next; /* \: and \" are not in RFC 5545, but written */
                i++;
            }
        }
        copy[n++] = c;
    }
    return (struct str){ copy, n };
}

struct str property_text(const struct property *property, struct arena *arena)
{
    return unescape(property->value, arena);
}

/** The length of the part of a list that ends at the first comma which is not escaped. */
static size_t list_part(struct str s)
{
    size_t i = 0;

    while (i < s.n && s.p[i] != ',') {
        i += s.p[i] == '\\' ? 2 : 1;
    }
    return i < s.n ? i : s.n;
}

size_t property_text_list(
    const struct property *property, struct arena *arena, struct str **items_out)
{
    struct str rest = property->value;
    size_t count = 1;

    for (struct str s = rest; list_part(s) < s.n; s = str_skip(s, list_part(s) + 1)) {
        count++;
    }
    struct str *items = arena_alloc_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        size_t n = list_part(rest);

        items[i] = unescape(str_first(rest, n), arena);
        rest = str_skip(rest, n + 1);
    }
    *items_out = items;
    return count;
}
