#include "http/xml.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "bridge/core/table.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

/** Between namespace and name in what expat hands us; no URI can hold it. */
#define SEPARATOR '\n'

const struct xml_limits xml_default_limits = {
    .depth = 32, .nodes = 50000, .arena_bytes = 32 * 1024 * 1024
};

/** An element that has begun and not ended. */
struct open_element {
    struct xml_node *node;
    struct xml_node *last_child;
    struct buf text;
};

struct reader {
    XML_Parser parser;
    struct arena *arena;
    const struct xml_limits *limits;
    struct open_element *stack; /**< limits->depth of them; their text buffers are used again */
    unsigned depth;
    size_t nodes;
    size_t arena_start;      /**< what was in the arena before */
    struct table namespaces; /**< struct str in the arena */
    struct xml_node *root;
    struct err *err; /**< filled when a handler stops the parser */
    bool is_stopped;
};

static void stop(struct reader *reader, enum err_kind kind, const char *what)
{
    if (!reader->is_stopped) {
        reader->is_stopped = true;
        err_set(reader->err, kind, "XML line %lu: %s",
            (unsigned long)XML_GetCurrentLineNumber(reader->parser), what);
        XML_StopParser(reader->parser, XML_FALSE);
    }
}

static struct str intern_namespace(struct reader *reader, struct str ns)
{
    struct str *known = table_find(&reader->namespaces, ns);

    if (known == NULL) {
        known = ARENA_NEW(reader->arena, struct str);
        *known = arena_copy(reader->arena, ns);
        table_put(&reader->namespaces, *known, known);
    }
    return *known;
}

/** "uri\nname" or "name"; none is long (check_start). */
static void split_name(
    struct reader *reader, const char *text, struct str *ns_out, struct str *name_out)
{
    struct str all = str_from(text);
    const char *separator = strrchr(text, SEPARATOR);
    size_t ns_bytes = separator != NULL ? (size_t)(separator - text) : 0;

    *ns_out = ns_bytes > 0 ? intern_namespace(reader, str_first(all, ns_bytes)) : (struct str){ 0 };
    *name_out = arena_copy(reader->arena, separator != NULL ? str_skip(all, ns_bytes + 1) : all);
}

static bool count_node(struct reader *reader)
{
    if (++reader->nodes > reader->limits->nodes) {
        stop(reader, ERR_LIMIT, "too many elements and attributes");
        return false;
    }
    return true;
}

static bool has_room(struct reader *reader)
{
    if (arena_size(reader->arena) - reader->arena_start > reader->limits->arena_bytes) {
        stop(reader, ERR_LIMIT, "too large a tree");
        return false;
    }
    return true;
}

static void read_attributes(struct reader *reader, struct xml_node *node, const char **pairs)
{
    struct xml_attribute **link = &node->attributes;

    for (; pairs[0] != NULL && has_room(reader); pairs += 2) {
        struct xml_attribute *attribute = ARENA_NEW(reader->arena, struct xml_attribute);
        split_name(reader, pairs[0], &attribute->ns, &attribute->name);
        attribute->value = arena_copy(reader->arena, str_from(pairs[1]));
        *link = attribute;
        link = &attribute->next;
    }
}

static void on_start(void *arg, const char *name, const char **attributes)
{
    struct reader *reader = arg;

    if (reader->is_stopped || !has_room(reader)) {
        return;
    }
    struct xml_node *node = ARENA_NEW(reader->arena, struct xml_node);
    split_name(reader, name, &node->ns, &node->name);
    read_attributes(reader, node, attributes);
    if (reader->depth == 0) {
        reader->root = node;
    } else {
        struct open_element *parent = &reader->stack[reader->depth - 1];
        node->parent = parent->node;
        if (parent->last_child == NULL) {
            parent->node->children = node;
        } else {
            parent->last_child->next = node;
        }
        parent->last_child = node;
    }
    struct open_element *open = &reader->stack[reader->depth++];
    open->node = node;
    open->last_child = NULL;
    buf_clear(&open->text);
}

static bool is_blank(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (str_find_char(S(" \t\r\n"), text.p[i]) == SIZE_MAX) {
            return false;
        }
    }
    return true;
}

static void on_end(void *arg, const char *name)
{
    struct reader *reader = arg;

    (void)name;
    if (reader->is_stopped) { /* expat still ends an empty element whose start stopped it */
        return;
    }
    struct open_element *open = &reader->stack[--reader->depth];
    open->node->text = arena_copy(reader->arena, buf_str(&open->text));
    open->node->is_mixed = open->node->children != NULL && !is_blank(open->node->text);
}

static void on_text(void *arg, const char *text, int n)
{
    struct reader *reader = arg;

    if (!reader->is_stopped) {
        struct str piece = { text, (size_t)n };
        buf_put(&reader->stack[reader->depth - 1].text, piece);
    }
}

static void on_doctype(
    void *arg, const char *name, const char *system_id, const char *public_id, int has_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_subset;
    stop(arg, ERR_INVALID, "a document type is not allowed");
}

/**
 * The first reading keeps the bounds. In it names are as written: with namespaces, expat puts the
 * whole one into the name of each attribute before any handler sees the element.
 */
static void check_start(void *arg, const char *name, const char **attributes)
{
    struct reader *reader = arg;
    bool is_short = str_from(name).n <= XML_MAX_NAME;

    if (reader->is_stopped || !count_node(reader)) {
        return;
    }
    if (reader->depth++ == reader->limits->depth) {
        stop(reader, ERR_LIMIT, "elements nested too deep");
    }
    for (const char **pair = attributes; pair[0] != NULL && count_node(reader); pair += 2) {
        bool is_namespace = str_has_prefix(str_from(pair[0]), S("xmlns"));
        is_short = is_short && str_from(pair[0]).n <= XML_MAX_NAME &&
                   (!is_namespace || str_from(pair[1]).n <= XML_MAX_NAME);
    }
    if (!is_short) {
        stop(reader, ERR_LIMIT, "a name or a namespace is too long");
    }
}

static void check_end(void *arg, const char *name)
{
    struct reader *reader = arg;

    (void)name;
    reader->depth--;
}

static void set_first_handlers(struct reader *reader)
{
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, check_start, check_end);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
}

static void set_handlers(struct reader *reader)
{
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
}

static bool run(struct reader *reader, struct str text, struct err *err)
{
    /* One call: expat scans a long token again for each piece that it is fed. */
    enum XML_Status status = XML_Parse(reader->parser, text.p, (int)text.n, 1);
    if (reader->is_stopped) {
        return false;
    }
    if (status != XML_STATUS_OK) {
        return err_set(err, ERR_INVALID, "XML line %lu: %s",
            (unsigned long)XML_GetCurrentLineNumber(reader->parser),
            XML_ErrorString(XML_GetErrorCode(reader->parser)));
    }
    return true;
}

/** Takes the parser. */
static bool run_parser(struct reader *reader, XML_Parser parser, void (*set)(struct reader *reader),
    struct str text, struct err *err)
{
    if (parser == NULL) {
        return err_set(err, ERR_INTERNAL, "no XML parser");
    }
    reader->parser = parser;
    reader->depth = 0;
    set(reader);
    bool is_ok = run(reader, text, err);
    XML_ParserFree(parser);
    return is_ok;
}

bool xml_parse(struct str text, const struct xml_limits *limits, struct arena *arena,
    struct xml_node **root_out, struct err *err)
{
    struct reader reader = { .arena = arena, .limits = limits, .err = err };

    if (text.n > INT_MAX / 4) {
        return err_set(err, ERR_LIMIT, "XML of %zu bytes", text.n);
    }
    text = text.n > 0 ? text : S("");
    reader.arena_start = arena_size(arena);
    if (!run_parser(&reader, XML_ParserCreate(NULL), set_first_handlers, text, err)) {
        return false;
    }
    table_init(&reader.namespaces);
    reader.stack = mem_alloc_array(limits->depth, sizeof(struct open_element));
    for (unsigned i = 0; i < limits->depth; i++) {
        buf_init(&reader.stack[i].text, SIZE_MAX); /* no entities: never more than the input grows
                                                      by becoming UTF-8 */
    }
    bool is_ok = run_parser(&reader, XML_ParserCreateNS(NULL, SEPARATOR), set_handlers, text, err);
    for (unsigned i = 0; i < limits->depth; i++) {
        buf_done(&reader.stack[i].text);
    }
    mem_free(reader.stack);
    table_done(&reader.namespaces);
    if (is_ok) {
        *root_out = reader.root;
    }
    return is_ok;
}

bool xml_is(const struct xml_node *node, struct str ns, struct str name)
{
    return str_eq(node->name, name) && str_eq(node->ns, ns);
}

struct xml_node *xml_child(const struct xml_node *node, struct str ns, struct str name)
{
    for (struct xml_node *child = node->children; child != NULL; child = child->next) {
        if (xml_is(child, ns, name)) {
            return child;
        }
    }
    return NULL;
}

struct str xml_attribute(const struct xml_node *node, struct str name)
{
    for (const struct xml_attribute *a = node->attributes; a != NULL; a = a->next) {
        if (a->ns.n == 0 && str_eq(a->name, name)) {
            return a->value;
        }
    }
    return (struct str){ 0 };
}

/** Escaped for both text and attribute values; white space that a reader would change is kept. */
static void put_escaped(struct buf *out, struct str s, bool is_attribute)
{
    size_t from = 0;

    for (size_t i = 0; i < s.n; i++) {
        const char *escape = NULL;
        switch (s.p[i]) {
        case '&':
            escape = "&amp;";
            break;
        case '<':
            escape = "&lt;";
            break;
        case '>':
            escape = "&gt;";
            break;
        case '\r':
            escape = "&#13;";
            break;
        case '"':
            escape = is_attribute ? "&quot;" : NULL;
            break;
        case '\n':
            escape = is_attribute ? "&#10;" : NULL;
            break;
        case '\t':
            escape = is_attribute ? "&#9;" : NULL;
            break;
        default:
            break;
        }
        if (escape != NULL) {
            buf_put(out, str_first(str_skip(s, from), i - from));
            buf_put_text(out, escape);
            from = i + 1;
        }
    }
    buf_put(out, str_skip(s, from));
}

static void put_attribute_value(struct buf *out, struct str value)
{
    buf_put_text(out, "=\"");
    put_escaped(out, value, true);
    buf_put_char(out, '"');
}

/** Attributes in a namespace get prefixes of their own: a default namespace does not reach them. */
static void put_attributes(struct buf *out, const struct xml_node *node)
{
    unsigned prefix = 0;

    for (const struct xml_attribute *a = node->attributes; a != NULL; a = a->next) {
        if (a->ns.n == 0) {
            buf_put_char(out, ' ');
        } else if (str_eq(a->ns, S(XML_NAMESPACE))) {
            buf_put_text(out, " xml:");
        } else {
            buf_printf(out, " xmlns:a%u", prefix);
            put_attribute_value(out, a->ns);
            buf_printf(out, " a%u:", prefix++);
        }
        buf_put(out, a->name);
        put_attribute_value(out, a->value);
    }
}

static void put_name(struct buf *out, const struct xml_node *node)
{
    if (str_eq(node->ns, S(XML_NAMESPACE))) { /* may not be a default namespace */
        buf_put_text(out, "xml:");
    }
    buf_put(out, node->name);
}

/** scope: the default namespace around the node. */
static void put_node(struct buf *out, const struct xml_node *node, struct str scope)
{
    buf_put_char(out, '<');
    put_name(out, node);
    if (!str_eq(node->ns, scope) && !str_eq(node->ns, S(XML_NAMESPACE))) {
        buf_put_text(out, " xmlns");
        put_attribute_value(out, node->ns);
        scope = node->ns;
    }
    put_attributes(out, node);
    if (node->text.n == 0 && node->children == NULL) {
        buf_put_text(out, "/>");
        return;
    }
    buf_put_char(out, '>');
    put_escaped(out, node->text, false);
    for (const struct xml_node *child = node->children; child != NULL; child = child->next) {
        put_node(out, child, scope);
    }
    buf_put_text(out, "</");
    put_name(out, node);
    buf_put_char(out, '>');
}

bool xml_serialize(const struct xml_node *node, size_t limit, struct arena *arena, struct str *out,
    struct err *err)
{
    CLEANUP(buf_done) struct buf text;

    buf_init(&text, limit);
    put_node(&text, node, (struct str){ 0 });
    if (!buf_ok(&text, err)) {
        return false;
    }
    *out = arena_copy(arena, buf_str(&text));
    return true;
}
