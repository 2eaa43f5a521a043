#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/core/mem.h"
#include "http/xml.h"

#include <event2/buffer.h>
#include <string.h>

#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define NAMESPACES                                                \
    " xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"" \
    " xmlns:CS=\"http://calendarserver.org/ns/\" xmlns:A=\"http://apple.com/ns/ical/\""

static struct str content(struct evbuffer *out)
{
    size_t n = evbuffer_get_length(out);
    return (struct str){ (const char *)evbuffer_pullup(out, -1), n };
}

static void the_root_declares_all_prefixes_once(void **state)
{
    struct evbuffer *out = evbuffer_new();
    struct xml_out xml;
    (void)state;
    xml_out_init(&xml, out);
    xml_open(&xml, XML_DAV, "multistatus");
    xml_text(&xml, XML_CALDAV, "calendar-data", S("a<b"));
    xml_empty(&xml, XML_CS, "getctag");
    xml_empty(&xml, XML_APPLE, "calendar-color");
    xml_raw(&xml, S("<raw/>"));
    xml_close(&xml, XML_DAV, "multistatus");
    assert_true(str_eq(content(out),
        S(DECLARATION "<D:multistatus" NAMESPACES "><C:calendar-data>a&lt;b</C:calendar-data>"
                      "<CS:getctag/><A:calendar-color/><raw/></D:multistatus>")));
    evbuffer_free(out);
}

static void an_empty_root_declares_them_too(void **state)
{
    struct evbuffer *out = evbuffer_new();
    struct xml_out xml;
    (void)state;
    xml_out_init(&xml, out);
    xml_empty(&xml, XML_CALDAV, "a");
    assert_true(str_eq(content(out), S(DECLARATION "<C:a" NAMESPACES "/>")));
    evbuffer_free(out);
}

static void text_is_escaped_and_cleaned(void **state)
{
    static const struct {
        struct str text;
        const char *want;
    } cases[] = {
        { STR(""), "" },
        { STR("plain \xc3\xa4\xf0\x9f\x98\x80"), "plain \xc3\xa4\xf0\x9f\x98\x80" },
        { STR("<&>\""), "&lt;&amp;&gt;&quot;" },
        { STR("a\r\nb\tc"), "a&#13;\nb\tc" },
        { STR("a\0\x01\x1f\x7f"
              "b"),
            "a\x7f"
            "b" },
        { STR("a\xef\xbf\xbe"
              "b\xef\xbf\xbf"
              "c\xef\xbf\xbd"),
            "abc\xef\xbf\xbd" },
        { STR("\xef\xbb\xbf"), "\xef\xbb\xbf" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct evbuffer *out = evbuffer_new();
        struct xml_out xml;
        xml_out_init(&xml, out);
        evbuffer_drain(out, evbuffer_get_length(out));
        xml_chars(&xml, cases[i].text);
        assert_int_equal(content(out).n, strlen(cases[i].want));
        assert_true(str_eq(content(out), str_from(cases[i].want)));
        evbuffer_free(out);
    }
}

static void written_text_is_read_back(void **state)
{
    static const char text[] = "a\r\nb\tc <&>\"' ]]> \xc3\xa4\xf0\x9f\x98\x80";
    struct evbuffer *out = evbuffer_new();
    struct arena *arena = arena_new();
    struct xml_out xml;
    struct xml_node *root;
    struct err err;
    (void)state;
    xml_out_init(&xml, out);
    xml_open(&xml, XML_DAV, "prop");
    xml_text(&xml, XML_APPLE, "b", str_from(text));
    xml_empty_any(&xml, S("urn:a\"&<"), S("odd"));
    xml_empty_any(&xml, S(XML_NAMESPACE), S("lang"));
    xml_empty_any(&xml, S("DAV:"), S("known"));
    xml_empty_any(&xml, S(""), S("none"));
    xml_close(&xml, XML_DAV, "prop");
    assert_true(xml_parse(content(out), &xml_default_limits, arena, &root, &err));
    struct xml_node *b = xml_child(root, xml_ns_uri(XML_APPLE), S("b"));
    assert_non_null(b);
    assert_true(str_eq(b->text, str_from(text)));
    assert_non_null(xml_child(root, S("urn:a\"&<"), S("odd")));
    assert_non_null(xml_child(root, S(XML_NAMESPACE), S("lang")));
    assert_non_null(xml_child(root, xml_ns_uri(XML_DAV), S("known")));
    assert_non_null(xml_child(root, S(""), S("none")));
    arena_free(&arena);
    evbuffer_free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_declares_all_prefixes_once),
        cmocka_unit_test(an_empty_root_declares_them_too),
        cmocka_unit_test(text_is_escaped_and_cleaned),
        cmocka_unit_test(written_text_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
