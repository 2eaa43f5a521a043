#include "bridge/map/body.h"

#include "bridge/map/html.h"
#include <string.h>

/** Line breaks are LF, nothing blank at the end. */
static struct str normal_text(struct str text, struct arena *arena)
{
    while (text.n > 0 && strchr(" \t\r\n", text.p[text.n - 1]) != NULL) {
        text.n--;
    }
    if (text.n == 0 || memchr(text.p, '\r', text.n) == NULL) {
        return text;
    }
    char *copy = arena_alloc(arena, text.n);
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '\r') {
            copy[n++] = text.p[i];
        } else if (i + 1 == text.n || text.p[i + 1] != '\n') {
            copy[n++] = '\n';
        }
    }
    return (struct str){ copy, n };
}

static bool find_altrep(const struct vtodo *vtodo, struct str *html_out)
{
    const struct property *p = vtodo->first[VTODO_DESCRIPTION];
    struct str url;

    return p != NULL && p->params.n > 0 &&
           property_param(p, S("ALTREP"), vtodo->context->arena, &url) &&
           html_from_data_url(url, vtodo->context->arena, html_out);
}

bool body_find_html(const struct vtodo *vtodo, struct str *html_out)
{
    const struct property *p = vtodo->first[VTODO_ALT_DESC];
    struct arena *arena = vtodo->context->arena;
    struct str type;

    if (find_altrep(vtodo, html_out)) {
        return true;
    }
    if (p == NULL || (property_param(p, S("FMTTYPE"), arena, &type) &&
                         !str_has_prefix_nocase(type, S("text/html")))) {
        return false;
    }
    *html_out = normal_text(vtodo_text(vtodo, p), arena);
    return html_out->n > 0;
}

struct task_body body_read(const struct vtodo *vtodo)
{
    const struct property *p = vtodo->first[VTODO_DESCRIPTION];
    struct arena *arena = vtodo->context->arena;
    struct task_body body = { false, normal_text(vtodo_text(vtodo, p), arena) };
    struct str html;

    if (body_find_html(vtodo, &html) && (p == NULL || html_says(html, body.content, arena))) {
        body = (struct task_body){ true, html };
    }
    return body;
}

static void set_description(struct set *set, struct str text, struct str params)
{
    struct arena *arena = set->vtodo->context->arena;
    const struct property *p = set->vtodo->first[VTODO_DESCRIPTION];

    if (p == NULL) {
        if (text.n > 0) {
            edit_insert(&set->edit, set->vtodo->todo, S("DESCRIPTION"), params,
                edit_escape_text(arena, text));
        }
    } else if (text.n == 0) {
        edit_remove(&set->edit, p);
    } else if (!str_eq(vtodo_text(set->vtodo, p), text) || !str_eq(p->params, params)) {
        edit_replace(&set->edit, p, p->name, params, edit_escape_text(arena, text));
    }
}

void body_set(struct set *set, const struct task_body *body)
{
    const struct vtodo *vtodo = set->vtodo;
    struct arena *arena = vtodo->context->arena;
    const struct property *p = vtodo->first[VTODO_DESCRIPTION];
    const struct property *alternative = vtodo->first[VTODO_ALT_DESC];
    struct str params = p == NULL ? S("") : property_params_without(p, S("ALTREP"), arena);
    struct str text = normal_text(body->content, arena);
    struct str html;

    if (!body->is_html) {
        set_description(set, text, params);
        set_remove(set, VTODO_ALT_DESC);
        return;
    }
    text = html_to_text(body->content, true, arena);
    if (vtodo->context->options.altrep || (alternative == NULL && find_altrep(vtodo, &html))) {
        params = arena_printf(arena, "%.*s;ALTREP=\"%.*s\"", STR_ARG(params),
            STR_ARG(html_to_data_url(body->content, arena)));
        set_description(set, text, params);
        set_remove(set, VTODO_ALT_DESC);
        return;
    }
    set_description(set, text, params);
    html = edit_escape_text(arena, body->content);
    if (alternative != NULL) {
        edit_replace(&set->edit, alternative, alternative->name, alternative->params, html);
    } else {
        edit_insert(&set->edit, vtodo->todo, S("X-ALT-DESC"), S(";FMTTYPE=text/html"), html);
    }
}

/* ---- comparison ---- */

/** The next character of a body as it is compared: CR skipped, no-break space a space. */
static bool next_char(struct str *rest, char *out)
{
    while (rest->n > 0 && rest->p[0] == '\r') {
        *rest = str_skip(*rest, 1);
    }
    if (rest->n == 0) {
        return false;
    }
    bool is_nbsp = str_has_prefix(*rest, S("\xC2\xA0"));

    *out = (char)(is_nbsp ? ' ' : rest->p[0]);
    *rest = str_skip(*rest, is_nbsp ? 2 : 1);
    return true;
}

static bool is_rest_blank(struct str rest)
{
    char c;

    while (next_char(&rest, &c)) {
        if (c != ' ' && c != '\t' && c != '\n') {
            return false;
        }
    }
    return true;
}

static bool is_empty(const struct task_body *body, struct arena *arena)
{
    if (is_rest_blank(body->content)) {
        return true;
    }
    return body->is_html && str_find(body->content, S("<img")) == SIZE_MAX &&
           is_rest_blank(html_to_text(body->content, false, arena));
}

bool body_eq(const struct task_body *a, const struct task_body *b, struct arena *arena)
{
    struct str x = a->content;
    struct str y = b->content;

    if (a->is_html != b->is_html) {
        return is_empty(a, arena) && is_empty(b, arena);
    }
    for (;;) {
        struct str x_before = x;
        struct str y_before = y;
        char c = 0;
        char d = 0;
        bool has_c = next_char(&x, &c);
        bool has_d = next_char(&y, &d);

        if (!has_c || !has_d || c != d) {
            return (is_rest_blank(x_before) && is_rest_blank(y_before)) ||
                   (a->is_html && is_empty(a, arena) && is_empty(b, arena));
        }
    }
}
