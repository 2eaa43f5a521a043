#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "http/xml.h"

#include <string.h>

/** "{ns}name[ns|attribute=value](text)<children>" of the whole tree, for comparisons. */
static void dump(struct buf *out, const struct xml_node *node)
{
    buf_printf(out, "{%.*s}%.*s", STR_ARG(node->ns), STR_ARG(node->name));
    for (const struct xml_attribute *a = node->attributes; a != NULL; a = a->next) {
        buf_printf(out, "[%.*s|%.*s=%.*s]", STR_ARG(a->ns), STR_ARG(a->name), STR_ARG(a->value));
    }
    buf_printf(out, "(%.*s)", STR_ARG(node->text));
    for (const struct xml_node *child = node->children; child != NULL; child = child->next) {
        assert_ptr_equal(child->parent, node);
        buf_put_char(out, '<');
        dump(out, child);
        buf_put_char(out, '>');
    }
}

static void assert_dump(const struct xml_node *node, const char *want)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    dump(&out, node);
    assert_string_equal(out.p, want);
    buf_done(&out);
}

/** Also the inputs of the round trip. */
static const struct {
    const char *text, *want;
} good[] = {
    { "<a/>", "{}a()" },
    { "<a>x<b/>y<c/>z</a>", "{}a(xyz)<{}b()><{}c()>" },
    { "<?xml version='1.0' encoding='utf-8'?>\n<D:a xmlns:D='DAV:'><D:b/></D:a>\n",
        "{DAV:}a()<{DAV:}b()>" },
    { "<a xmlns='DAV:'><b xmlns='urn:x'><c xmlns=''/></b><d/></a>",
        "{DAV:}a()<{urn:x}b()<{}c()>><{DAV:}d()>" },
    { "<a b='1' x:c='2' xmlns:x='urn:x' xml:lang='de'/>",
        "{}a[|b=1][urn:x|c=2][http://www.w3.org/XML/1998/namespace|lang=de]()" },
    { "<a>&lt;&amp;&gt;&#13;&#x41;\r\n\t\"</a>", "{}a(<&>\rA\n\t\")" },
    { "<a b='&lt;&quot;&#9;&#10;&#13; &amp;'/>", "{}a[|b=<\"\t\n\r &]()" },
    { "<a><![CDATA[<b>&amp;]]>c</a>", "{}a(<b>&amp;c)" },
    { "<a><!-- no --><?pi no?>yes</a>", "{}a(yes)" },
    { "<\xc3\xa4 \xc3\xb6='\xe2\x82\xac'>\xf0\x9f\x98\x80</\xc3\xa4>",
        "{}\xc3\xa4[|\xc3\xb6=\xe2\x82\xac](\xf0\x9f\x98\x80)" },
    { "<?xml version='1.0' encoding='iso-8859-1'?><a>\xe4</a>", "{}a(\xc3\xa4)" },
    { "<a xmlns='urn:&quot;&amp;&lt;'/>", "{urn:\"&<}a()" },
    { "<xml:a/>", "{http://www.w3.org/XML/1998/namespace}a()" },
    { "<x:a xmlns:x='urn:x' xmlns:y='urn:y' x:p='1' y:p='2' p='3'><y:b x:q='4'/></x:a>",
        "{urn:x}a[urn:x|p=1][urn:y|p=2][|p=3]()<{urn:y}b[urn:x|q=4]()>" },
};

static void documents_become_trees(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct arena *arena = arena_new();
        struct xml_node *root;
        struct err err = { 0 };
        if (!xml_parse(str_from(good[i].text), &xml_default_limits, arena, &root, &err)) {
            fail_msg("%s: %s", good[i].text, err.text);
        }
        assert_null(root->parent);
        assert_dump(root, good[i].want);
        arena_free(&arena);
    }
}

static void a_serialized_tree_reads_back_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct arena *arena = arena_new();
        struct xml_node *root;
        struct xml_node *again;
        struct err err = { 0 };
        assert_true(xml_parse(str_from(good[i].text), &xml_default_limits, arena, &root, &err));
        struct str text;
        struct str text_again;
        assert_true(xml_serialize(root, 1000, arena, &text, &err));
        if (!xml_parse(text, &xml_default_limits, arena, &again, &err)) {
            fail_msg("%s: %s", text.p, err.text);
        }
        assert_dump(again, good[i].want);
        assert_true(xml_serialize(again, text.n, arena, &text_again, &err));
        assert_true(str_eq(text_again, text));
        assert_false(xml_serialize(again, text.n - 1, arena, &text_again, &err));
        assert_int_equal(err.kind, ERR_LIMIT);
        arena_free(&arena);
    }
}

static void utf16_is_read(void **state)
{
    static const char text[] = "\xfe\xff\0<\0a\0>\0\xe4\0<\0/\0a\0>";
    struct arena *arena = arena_new();
    struct xml_node *root;
    struct err err;
    (void)state;
    assert_true(
        xml_parse((struct str){ text, sizeof(text) - 1 }, &xml_default_limits, arena, &root, &err));
    assert_dump(root, "{}a(\xc3\xa4)");
    arena_free(&arena);
}

static void malformed_documents_are_refused(void **state)
{
    static const char *const cases[] = { "", " ", "x", "<a>", "<a></b>", "<a/><b/>", "</a>",
        "<a/>x", "<a b/>", "<a b=c/>", "<a b='1' b='2'/>", "<x:a/>", "<a x:b='1'/>",
        "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>&#8;</a>", "<a>\x01</a>", "<a>\xff</a>", "<a>\xc3</a>",
        "<a>]]></a>", "<a xmlns:x=''/>", "<a xmlns='urn:\n'><b/></a",
        "<?xml version='1.0' encoding='ebcdic'?><a/>", "<a xmlns:xml='urn:x'/>",
        "<a x:b='1' y:b='2' xmlns:x='urn:x' xmlns:y='urn:x'/>", "<!DOCTYPE a><a/>",
        "<!DOCTYPE a SYSTEM 'http://x/y'><a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<!DOCTYPE a [<!ENTITY % b SYSTEM 'file:///etc/passwd'>%b;]><a/>",
        "<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        struct xml_node *root;
        struct err err = { 0 };
        if (xml_parse(str_from(cases[i]), &xml_default_limits, arena, &root, &err)) {
            fail_msg("accepted: %s", cases[i]);
        }
        assert_int_equal(err.kind, ERR_INVALID);
        assert_true(err.text[0] != '\0');
        arena_free(&arena);
    }
}

static void depth_and_nodes_are_bounded(void **state)
{
    static const struct {
        const char *text;
        bool is_ok;
    } cases[] = {
        { "<a><b><c/></b></a>", true },
        { "<a><b><c><d/></c></b></a>", false },
        { "<a><b/><b/><b/><b/></a>", true },
        { "<a><b/><b/><b/><b/><b/></a>", false },
        { "<a b='1' c='2' d='3' e='4'/>", true },
        { "<a b='1' c='2' d='3' e='4' f='5'/>", false },
        { "<a><b/></a><", false },
    };
    const struct xml_limits limits = { .depth = 3, .nodes = 5, .arena_bytes = SIZE_MAX };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        struct xml_node *root;
        struct err err = { 0 };
        bool is_ok = xml_parse(str_from(cases[i].text), &limits, arena, &root, &err);
        assert_int_equal(is_ok, cases[i].is_ok);
        if (!is_ok) {
            assert_int_equal(err.kind, i + 1 == ARRAY_LEN(cases) ? ERR_INVALID : ERR_LIMIT);
        }
        arena_free(&arena);
    }
}

/** {head}{unit * times}{tail} */
static struct str repeated(
    struct arena *arena, const char *head, const char *unit, size_t times, const char *tail)
{
    CLEANUP(buf_done) struct buf out;

    buf_init(&out, SIZE_MAX);
    buf_put_text(&out, head);
    for (size_t i = 0; i < times; i++) {
        buf_put_text(&out, unit);
    }
    buf_put_text(&out, tail);
    return arena_copy(arena, buf_str(&out));
}

static void long_names_and_namespaces_are_refused(void **state)
{
    static const struct {
        const char *head;
        const char *tail;
    } cases[] = {
        { "<", "/>" },
        { "<a ", "='1'/>" },
        { "<a xmlns='", "'/>" },
        { "<a xmlns:x='", "'/>" },
        { "<a xmlns:x='", "' x:b='1' x:c='2'><x:d/></a>" },
    };
    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        struct xml_node *root;
        struct err err = { 0 };
        bool is_short = i % 2 == 0;
        struct str text = repeated(arena, cases[i / 2].head, "u",
            is_short ? XML_MAX_NAME : XML_MAX_NAME + 1, cases[i / 2].tail);
        assert_int_equal(xml_parse(text, &xml_default_limits, arena, &root, &err), is_short);
        assert_true(is_short || err.kind == ERR_LIMIT);
        arena_free(&arena);
    }
}

static void the_tree_is_bounded_in_bytes(void **state)
{
    struct arena *arena = arena_new();
    struct str ns = repeated(arena, "<a xmlns='", "u", XML_MAX_NAME, "'>");
    struct str text = repeated(arena, ns.p, "<b/>", 10000, "</a>");
    struct xml_limits limits = xml_default_limits;
    struct xml_node *root;
    struct err err;
    size_t before = arena_size(arena);
    (void)state;
    assert_true(xml_parse(text, &limits, arena, &root, &err));
    size_t taken = arena_size(arena) - before;
    assert_true(taken < 10000 * 200); /* the namespace is there once */
    assert_ptr_equal(root->ns.p, root->children->next->ns.p);
    limits.arena_bytes = taken / 2;
    assert_false(xml_parse(text, &limits, arena, &root, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    arena_free(&arena);
}

static void text_between_elements_is_noticed(void **state)
{
    static const struct {
        const char *text;
        bool is_mixed;
    } cases[] = {
        { "<a/>", false },
        { "<a>b</a>", false },
        { "<a> <b/>\n<c/> </a>", false },
        { "<a>b<c/></a>", true },
        { "<a><c/>b</a>", true },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        struct xml_node *root;
        struct err err;
        assert_true(xml_parse(str_from(cases[i].text), &xml_default_limits, arena, &root, &err));
        assert_int_equal(root->is_mixed, cases[i].is_mixed);
        arena_free(&arena);
    }
}

static void children_and_attributes_are_found_by_name(void **state)
{
    struct arena *arena = arena_new();
    struct xml_node *root;
    struct err err;
    (void)state;
    assert_true(xml_parse(S("<a xmlns:x='urn:x' x:n='0' n='1'><x:b/><b i='1'/><b i='2'/></a>"),
        &xml_default_limits, arena, &root, &err));
    assert_true(xml_is(root, S(""), S("a")));
    assert_false(xml_is(root, S("urn:x"), S("a")));
    assert_true(str_eq(xml_attribute(root, S("n")), S("1")));
    assert_null(xml_attribute(root, S("m")).p);
    assert_true(str_eq(xml_attribute(xml_child(root, S(""), S("b")), S("i")), S("1")));
    assert_non_null(xml_child(root, S("urn:x"), S("b")));
    assert_null(xml_child(root, S("urn:y"), S("b")));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_become_trees),
        cmocka_unit_test(a_serialized_tree_reads_back_the_same),
        cmocka_unit_test(utf16_is_read),
        cmocka_unit_test(malformed_documents_are_refused),
        cmocka_unit_test(depth_and_nodes_are_bounded),
        cmocka_unit_test(long_names_and_namespaces_are_refused),
        cmocka_unit_test(the_tree_is_bounded_in_bytes),
        cmocka_unit_test(text_between_elements_is_noticed),
        cmocka_unit_test(children_and_attributes_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
