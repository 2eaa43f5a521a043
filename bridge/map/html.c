#include "bridge/map/html.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include <gumbo.h>
#include <string.h>

/* The parser frees its tree by recursion and repairs nesting at a cost that grows with the square
 * of it: HTML with more tags than any note has is not given to it. */
#define MAX_TAGS 4000
#define MAX_TEXT (8 * 1024 * 1024)

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* ---- the tree to text ---- */

struct writer {
    struct buf out;
    bool needs_blank; /**< collapsed white space waits for the next word */
    bool with_targets;
};

/** A new line unless we are at the beginning of one. */
static void break_line(struct writer *w)
{
    w->needs_blank = false;
    if (w->out.n > 0 && w->out.p[w->out.n - 1] != '\n') {
        buf_put_char(&w->out, '\n');
    }
}

static void put_words(struct writer *w, const char *text, bool is_preformatted)
{
    for (; *text != '\0'; text++) {
        if (is_preformatted) {
            if (*text != '\r') {
                buf_put_char(&w->out, *text);
            }
        } else if (is_blank(*text)) {
            w->needs_blank = w->out.n > 0 && w->out.p[w->out.n - 1] != '\n';
        } else {
            if (w->needs_blank) {
                buf_put_char(&w->out, ' ');
                w->needs_blank = false;
            }
            buf_put_char(&w->out, *text);
        }
    }
}

static bool is_hidden(GumboTag tag)
{
    return tag == GUMBO_TAG_HEAD || tag == GUMBO_TAG_STYLE || tag == GUMBO_TAG_SCRIPT ||
           tag == GUMBO_TAG_TEMPLATE || tag == GUMBO_TAG_TITLE;
}

static bool is_block(GumboTag tag)
{
    static const GumboTag blocks[] = { GUMBO_TAG_P, GUMBO_TAG_DIV, GUMBO_TAG_LI, GUMBO_TAG_UL,
        GUMBO_TAG_OL, GUMBO_TAG_H1, GUMBO_TAG_H2, GUMBO_TAG_H3, GUMBO_TAG_H4, GUMBO_TAG_H5,
        GUMBO_TAG_H6, GUMBO_TAG_TR, GUMBO_TAG_TABLE, GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_PRE,
        GUMBO_TAG_HR, GUMBO_TAG_DL, GUMBO_TAG_DT, GUMBO_TAG_DD, GUMBO_TAG_SECTION,
        GUMBO_TAG_ARTICLE, GUMBO_TAG_HEADER, GUMBO_TAG_FOOTER, GUMBO_TAG_ADDRESS };

    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        if (tag == blocks[i]) {
            return true;
        }
    }
    return false;
}

static bool is_element(const GumboNode *node)
{
    return node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE;
}

static bool is_in_pre(const GumboNode *node)
{
    return node->parent != NULL && is_element(node->parent) &&
           node->parent->v.element.tag == GUMBO_TAG_PRE;
}

static void enter(struct writer *w, const GumboNode *node)
{
    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE ||
        node->type == GUMBO_NODE_CDATA) {
        put_words(w, node->v.text.text, is_in_pre(node));
        return;
    }
    if (!is_element(node)) {
        return;
    }
    if (node->v.element.tag == GUMBO_TAG_BR) {
        w->needs_blank = false;
        buf_put_char(&w->out, '\n');
    } else if (is_block(node->v.element.tag)) {
        break_line(w);
        if (node->v.element.tag == GUMBO_TAG_LI) {
            buf_put_text(&w->out, "- ");
        }
    } else if (node->v.element.tag == GUMBO_TAG_TD || node->v.element.tag == GUMBO_TAG_TH) {
        w->needs_blank = w->out.n > 0 && w->out.p[w->out.n - 1] != '\n';
    }
}

/** "text (target)", unless the text is the target. */
static void put_target(struct writer *w, const GumboNode *link)
{
    const GumboAttribute *href = gumbo_get_attribute(&link->v.element.attributes, "href");
    struct str target = href == NULL ? S("") : str_trim(str_from(href->value));

    if (str_has_prefix_nocase(target, S("mailto:"))) {
        target = str_skip(target, sizeof "mailto:" - 1);
    }
    if (target.n > 0 && target.p[0] != '#' && !str_has_suffix(buf_str(&w->out), target)) {
        buf_put_text(&w->out, " (");
        buf_put(&w->out, target);
        buf_put_char(&w->out, ')');
    }
}

static void leave(struct writer *w, const GumboNode *node)
{
    if (!is_element(node)) {
        return;
    }
    if (node->v.element.tag == GUMBO_TAG_A && w->with_targets) {
        put_target(w, node);
    } else if (is_block(node->v.element.tag)) {
        break_line(w);
    }
}

static const GumboVector *children_of(const GumboNode *node)
{
    if (node->type == GUMBO_NODE_DOCUMENT) {
        return &node->v.document.children;
    }
    return is_element(node) && !is_hidden(node->v.element.tag) ? &node->v.element.children : NULL;
}

/** In document order, without recursion: the tree may be deep. */
static void walk(struct writer *w, const GumboNode *root)
{
    const GumboNode *node = root;

    for (;;) {
        const GumboVector *children = children_of(node);

        enter(w, node);
        if (children != NULL && children->length > 0) {
            node = children->data[0];
            continue;
        }
        leave(w, node);
        while (node != root) {
            const GumboVector *siblings = children_of(node->parent);
            size_t next = node->index_within_parent + 1;

            if (next < siblings->length) {
                node = siblings->data[next];
                break;
            }
            node = node->parent;
            leave(w, node);
        }
        if (node == root) {
            return;
        }
    }
}

/** For HTML that is not parsed: what is between < and > goes. */
static void strip_tags(struct writer *w, struct str html)
{
    bool is_tag = false;
    char text[2] = { 0 };

    for (size_t i = 0; i < html.n; i++) {
        if (html.p[i] == '<') {
            is_tag = true;
            w->needs_blank = w->out.n > 0;
        } else if (html.p[i] == '>' && is_tag) {
            is_tag = false;
        } else if (!is_tag && html.p[i] != '\0') {
            text[0] = html.p[i];
            put_words(w, text, false);
        }
    }
}

static bool is_too_much(struct str html)
{
    size_t tags = 0;

    for (size_t i = 0; i < html.n; i++) {
        tags += html.p[i] == '<';
    }
    return tags > MAX_TAGS;
}

struct str html_to_text(struct str html, bool with_targets, struct arena *arena)
{
    struct writer w = { .with_targets = with_targets };
    struct str text;

    buf_init(&w.out, MAX_TEXT);
    if (is_too_much(html)) {
        strip_tags(&w, html);
    } else {
        GumboOutput *output = gumbo_parse_with_options(&kGumboDefaultOptions, html.p, html.n);

        walk(&w, output->document);
        gumbo_destroy_output(&kGumboDefaultOptions, output);
    }
    text = buf_str(&w.out);
    while (text.n > 0 && is_blank(text.p[text.n - 1])) {
        text.n--;
    }
    text = arena_copy(arena, text);
    buf_done(&w.out);
    return text;
}

/* ---- the same words? ---- */

/** Letters, digits and all that is not ASCII: what no conversion to plain text changes. */
static bool next_word_char(struct str *rest, char *out)
{
    while (rest->n > 0) {
        unsigned char c = (unsigned char)rest->p[0];
        bool is_nbsp = str_has_prefix(*rest, S("\xC2\xA0"));

        *rest = str_skip(*rest, is_nbsp ? 2 : 1);
        if (!is_nbsp && (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                            (c >= 'a' && c <= 'z'))) {
            *out = (char)c;
            return true;
        }
    }
    return false;
}

static bool has_same_words(struct str a, struct str b)
{
    char c = 0;
    char d = 0;

    for (;;) {
        bool has_c = next_word_char(&a, &c);
        bool has_d = next_word_char(&b, &d);

        if (!has_c || !has_d) {
            return has_c == has_d;
        }
        if (c != d) {
            return false;
        }
    }
}

bool html_says(struct str html, struct str text, struct arena *arena)
{
    return has_same_words(html_to_text(html, true, arena), text) ||
           has_same_words(html_to_text(html, false, arena), text);
}

/* ---- data: URLs ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

static struct str percent_decode(struct str s, struct arena *arena)
{
    char *out = arena_alloc(arena, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%' && i + 2 < s.n && hex_digit(s.p[i + 1]) >= 0 &&
            hex_digit(s.p[i + 2]) >= 0) {
            out[n++] = (char)(hex_digit(s.p[i + 1]) * 16 + hex_digit(s.p[i + 2]));
            i += 2;
        } else {
            out[n++] = s.p[i];
        }
    }
    return (struct str){ out, n };
}

static struct str base64_decode(struct str s, struct arena *arena)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = arena_alloc(arena, s.n + 1);
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        const char *digit = s.p[i] == '\0' ? NULL : strchr(digits, s.p[i]);

        if (digit == NULL) {
            continue;
        }
        bits = (bits << 6 | (uint32_t)(digit - digits)) & 0xFFFFFF;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[n++] = (char)(bits >> held & 0xFF);
        }
    }
    return (struct str){ out, n };
}

bool html_from_data_url(struct str url, struct arena *arena, struct str *html_out)
{
    size_t comma = str_find_char(url, ',');
    struct str html;

    if (!str_has_prefix_nocase(url, S("data:text/html")) || comma == SIZE_MAX) {
        return false;
    }
    html = str_skip(url, comma + 1);
    html = str_has_suffix(str_first(url, comma), S(";base64"))
               ? base64_decode(percent_decode(html, arena), arena)
               : percent_decode(html, arena);
    if (!str_is_utf8(html)) {
        return false;
    }
    *html_out = html;
    return true;
}

struct str html_to_data_url(struct str html, struct arena *arena)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char prefix[] = "data:text/html,";
    char *out = arena_alloc(arena, sizeof prefix + html.n * 3);
    size_t n = sizeof prefix - 1;

    memcpy(out, prefix, n);
    for (size_t i = 0; i < html.n; i++) {
        unsigned char c = (unsigned char)html.p[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            (c != '\0' && strchr("-_.~/=!*()", c) != NULL)) {
            out[n++] = (char)c;
        } else {
            out[n++] = '%';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        }
    }
    return (struct str){ out, n };
}
