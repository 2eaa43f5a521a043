#include "ical/edit.h"

#include <stdlib.h>
#include <string.h>

#define FOLD_OCTETS 75

struct edit_splice {
    size_t from;
    size_t removed;
    struct str inserted;
    size_t order; /**< insertions at one place stay in the order of the calls */
    struct edit_splice *next;
};

void edit_init(struct edit *edit, const struct document *document, struct arena *arena)
{
    *edit = (struct edit){ .document = document, .arena = arena };
}

static void splice(struct edit *edit, const char *from, size_t removed, struct str inserted)
{
    struct edit_splice *one = ARENA_NEW(edit->arena, struct edit_splice);

    one->from = (size_t)(from - edit->document->text.p);
    one->removed = removed;
    one->inserted = inserted;
    one->order = edit->count++;
    one->next = edit->first;
    edit->first = one;
}

/* ---- lines ---- */

/** How many bytes of s fit into `room` without cutting a character. */
static size_t fitting(struct str s, size_t room)
{
    size_t n = room;

    if (s.n <= room) {
        return s.n;
    }
    while (n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80) {
        n--;
    }
    return n == 0 ? room : n; /* not UTF-8: cut anywhere */
}

/** Appends what a line may hold: a control character would end it, or be refused by XML. */
static size_t put_clean(char *out, size_t n, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x20 || s.p[i] == '\t') {
            out[n++] = s.p[i];
        }
    }
    return n;
}

struct str edit_format_line(
    struct arena *arena, bool has_lf_only, struct str name, struct str params, struct str value)
{
    struct str end = has_lf_only ? S("\n") : S("\r\n");
    char *flat = arena_alloc(arena, name.n + params.n + value.n + 2);
    size_t length = put_clean(flat, 0, name);
    size_t n = 0;

    length = put_clean(flat, length, params);
    flat[length++] = ':';
    length = put_clean(flat, length, value);
    /* at most 3 octets of a fold are lost to a character that does not fit */
    size_t folds = length / (FOLD_OCTETS - 4) + 1;
    char *folded = arena_alloc(arena, length + folds * (end.n + 1) + end.n);
    for (struct str rest = { flat, length }; rest.n > 0;) {
        size_t part = fitting(rest, n == 0 ? FOLD_OCTETS : FOLD_OCTETS - 1);

        if (n > 0) {
            memcpy(folded + n, end.p, end.n);
            n += end.n;
            folded[n++] = ' ';
        }
        memcpy(folded + n, rest.p, part);
        n += part;
        rest = str_skip(rest, part);
    }
    memcpy(folded + n, end.p, end.n);
    return (struct str){ folded, n + end.n };
}

static struct str format_line(
    const struct edit *edit, struct str name, struct str params, struct str value)
{
    return edit_format_line(edit->arena, edit->document->has_lf_only, name, params, value);
}

void edit_replace(struct edit *edit, const struct property *property, struct str name,
    struct str params, struct str value)
{
    splice(edit, property->raw.p, property->raw.n, format_line(edit, name, params, value));
}

void edit_remove(struct edit *edit, const struct property *property)
{
    splice(edit, property->raw.p, property->raw.n, S(""));
}

/** Behind the last property, or behind the BEGIN line when there is none. */
static const char *insertion_point(const struct component *component)
{
    const struct property *last = component->properties;

    if (last == NULL) {
        const char *lf = memchr(component->raw.p, '\n', component->raw.n);

        while (lf + 1 < component->raw.p + component->raw.n && (lf[1] == ' ' || lf[1] == '\t')) {
            lf = memchr(lf + 1, '\n', (size_t)(component->raw.p + component->raw.n - lf - 1));
        }
        return lf + 1;
    }
    while (last->next != NULL) {
        last = last->next;
    }
    return last->raw.p + last->raw.n;
}

void edit_insert(struct edit *edit, const struct component *component, struct str name,
    struct str params, struct str value)
{
    edit_insert_raw(edit, component, format_line(edit, name, params, value));
}

void edit_insert_after(struct edit *edit, const struct property *property, struct str name,
    struct str params, struct str value)
{
    splice(edit, property->raw.p + property->raw.n, 0, format_line(edit, name, params, value));
}

void edit_insert_raw(struct edit *edit, const struct component *component, struct str lines)
{
    splice(edit, insertion_point(component), 0, lines);
}

void edit_append_raw(struct edit *edit, const struct component *component, struct str lines)
{
    const char *at = insertion_point(component);

    for (const struct component *child = component->children; child != NULL; child = child->next) {
        if (child->raw.p + child->raw.n > at) {
            at = child->raw.p + child->raw.n;
        }
    }
    splice(edit, at, 0, lines);
}

void edit_remove_component(struct edit *edit, const struct component *component)
{
    splice(edit, component->raw.p, component->raw.n, S(""));
}

bool edit_is_empty(const struct edit *edit)
{
    return edit->count == 0;
}

static int compare_splices(const void *a, const void *b)
{
    const struct edit_splice *x = *(const struct edit_splice *const *)a;
    const struct edit_splice *y = *(const struct edit_splice *const *)b;

    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

struct str edit_finish(struct edit *edit)
{
    struct str text = edit->document->text;
    size_t length = text.n;
    size_t count = 0;
    size_t at = 0;
    size_t n = 0;

    if (edit->count == 0) {
        return text;
    }
    struct edit_splice **all = arena_alloc_array(edit->arena, edit->count, sizeof *all);
    for (struct edit_splice *one = edit->first; one != NULL; one = one->next) {
        all[count++] = one;
        length += one->inserted.n;
    }
    qsort(all, count, sizeof *all, compare_splices);
    char *out = arena_alloc(edit->arena, length + 1);
    for (size_t i = 0; i < count; i++) {
        if (all[i]->from > at) {
            memcpy(out + n, text.p + at, all[i]->from - at);
            n += all[i]->from - at;
            at = all[i]->from;
        }
        if (all[i]->inserted.n > 0) {
            memcpy(out + n, all[i]->inserted.p, all[i]->inserted.n);
            n += all[i]->inserted.n;
        }
        if (all[i]->from + all[i]->removed > at) {
            at = all[i]->from + all[i]->removed;
        }
    }
    memcpy(out + n, text.p + at, text.n - at);
    return (struct str){ out, n + text.n - at };
}

/* ---- values ---- */

struct str edit_escape_text(struct arena *arena, struct str text)
{
    size_t extra = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        extra += c == '\\' || c == ',' || c == ';' || c == '\n' || c == '\r';
    }
    if (extra == 0) {
        return text;
    }
    char *out = arena_alloc(arena, text.n + extra + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == '\r') {
            continue;
        }
        if (c == '\\' || c == ',' || c == ';' || c == '\n') {
            out[n++] = '\\';
            c = (char)(c == '\n' ? 'n' : c);
        }
        out[n++] = c;
    }
    return (struct str){ out, n };
}

struct str edit_quote_param(struct arena *arena, struct str text)
{
    bool must_quote = false;
    char *out = arena_alloc(arena, text.n * 2 + 3);
    size_t n = 1;

    out[0] = '"';
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == '^' || c == '"' || c == '\n') {
            out[n++] = '^';
            c = (char)(c == '^' ? '^' : c == '"' ? '\'' : 'n');
        } else if ((unsigned char)c < 0x20) {
            continue;
        }
        must_quote |= c == ':' || c == ';' || c == ',' || c == ' ';
        out[n++] = c;
    }
    if (!must_quote) {
        return (struct str){ out + 1, n - 1 };
    }
    out[n++] = '"';
    return (struct str){ out, n };
}
