/** The XML reader: what it reads, written and read again, is the same tree. */
#include "bridge/core/mem.h"
#include "http/xml.h"

#include <event2/buffer.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static void compare(const struct xml_node *a, const struct xml_node *b)
{
    const struct xml_attribute *x = a->attributes;
    const struct xml_attribute *y = b->attributes;
    const struct xml_node *child = b->children;

    must(str_eq(a->ns, b->ns) && str_eq(a->name, b->name) && str_eq(a->text, b->text));
    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        must(str_eq(x->ns, y->ns) && str_eq(x->name, y->name) && str_eq(x->value, y->value));
    }
    must(x == NULL && y == NULL);
    for (const struct xml_node *node = a->children; node != NULL; node = node->next) {
        must(child != NULL);
        compare(node, child);
        child = child->next;
    }
    must(child == NULL);
}

/** The writer's escapes read back as what went in. */
static void check_writer(struct str text, struct arena *arena)
{
    struct evbuffer *out = evbuffer_new();
    struct xml_out xml;
    struct xml_node *root;
    struct err err;

    xml_out_init(&xml, out);
    xml_text(&xml, XML_DAV, "a", text);
    struct str written = { (const char *)evbuffer_pullup(out, -1), evbuffer_get_length(out) };
    must(xml_parse(written, &xml_default_limits, arena, &root, &err) && str_eq(root->text, text));
    evbuffer_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct xml_limits limits = { .depth = 12, .nodes = 200, .arena_bytes = 1 << 20 };
    struct arena *arena = arena_new();
    struct xml_node *root;
    struct xml_node *again;
    struct err err;

    if (xml_parse((struct str){ (const char *)data, size }, &limits, arena, &root, &err)) {
        struct str text;
        if (xml_serialize(root, size + 1000, arena, &text, &err)) {
            must(text.n <= size + 1000);
            must(xml_parse(text, &xml_default_limits, arena, &again, &err));
            compare(root, again);
        }
        check_writer(root->text, arena);
    } else {
        must(err.kind == ERR_INVALID || err.kind == ERR_LIMIT);
    }
    arena_free(&arena);
    return 0;
}
