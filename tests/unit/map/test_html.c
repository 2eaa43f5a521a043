#include "bridge/map/html.h"

#include "bridge/core/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

struct text_case {
    const char *html;
    const char *text;
};

static void html_becomes_readable_text(void **state)
{
    static const struct text_case rows[] = {
        { "<html><body><p>Buy <b>milk</b></p><p>&amp; eggs</p></body></html>", "Buy milk\n& eggs" },
        { "a<br>b<br/><br>c", "a\nb\n\nc" },
        { "<ul><li>one</li><li>two <i>and</i> three</li></ul>end", "- one\n- two and three\nend" },
        { "<head><title>t</title><style>p{}</style></head>x<script>y()</script>", "x" },
        { "  many \n\t blanks   here ", "many blanks here" },
        { "<a href=\"https://e.org/\">site</a>", "site (https://e.org/)" },
        { "<a href=\"https://e.org/\">https://e.org/</a>", "https://e.org/" },
        { "<a href=\"mailto:a@e.org\">a@e.org</a>", "a@e.org" },
        { "<a href=\"#top\">up</a>", "up" },
        { "<pre>  two\n  lines</pre>", "  two\n  lines" },
        { "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc" },
        { "&lt;tag&gt; &#8364; &nbsp;", "<tag> \xE2\x82\xAC \xC2\xA0" },
        { "<div><div><div>deep</div></div></div>", "deep" },
        { "", "" },
        { "<p></p><p>&nbsp;</p>", "\xC2\xA0" },
        { "plain & simple", "plain & simple" },
        { "<p>broken <b>tags", "broken tags" },
    };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str text = html_to_text(str_from(rows[i].html), true, arena);

        if (!str_eq(text, str_from(rows[i].text))) {
            fail_msg("%s gave '%.*s'", rows[i].html, STR_ARG(text));
        }
    }
    arena_free(&arena);
}

static void too_many_tags_are_stripped_without_a_tree(void **state)
{
    struct arena *arena = arena_new();
    size_t n = 300000;
    char *deep = mem_alloc(n + 10);

    (void)state;
    for (size_t i = 0; i + 3 <= n; i += 3) {
        memcpy(deep + i, "<b>", 3);
    }
    memcpy(deep + n, "at last", 7);
    assert_true(str_eq(html_to_text((struct str){ deep, n + 7 }, true, arena), S("at last")));
    mem_free(deep);
    arena_free(&arena);
}

static void text_of_other_programs_is_recognised(void **state)
{
    static const char html[] = "<p>Buy <b>milk</b></p><ul><li>one</li></ul>"
                               "<a href=\"https://e.org\">site</a>";
    struct arena *arena = arena_new();

    (void)state;
    assert_true(html_says(S(html), S("Buy *milk*\n\n  * one\n\nsite <https://e.org>"), arena));
    assert_true(html_says(S(html), S("Buy milk\none\nsite"), arena));
    assert_false(html_says(S(html), S("Buy bread\none\nsite"), arena));
    assert_false(html_says(S(html), S("Buy milk"), arena));
    arena_free(&arena);
}

static void data_urls_go_both_ways(void **state)
{
    struct arena *arena = arena_new();
    struct str html;

    (void)state;
    assert_true(html_from_data_url(S("data:text/html,%3Cb%3Ehi%3C%2Fb%3E"), arena, &html));
    assert_true(str_eq(html, S("<b>hi</b>")));
    assert_true(html_from_data_url(
        S("data:text/html;charset=utf-8;base64,PGI+aMOpPC9iPg=="), arena, &html));
    assert_true(str_eq(html, S("<b>h\xC3\xA9</b>")));
    assert_true(html_from_data_url(
        html_to_data_url(S("<p>a,b;\"c\" %41 \xC3\xA9</p>"), arena), arena, &html));
    assert_true(str_eq(html, S("<p>a,b;\"c\" %41 \xC3\xA9</p>")));
    assert_false(html_from_data_url(S("CID:part1@host"), arena, &html));
    assert_false(html_from_data_url(S("data:text/html"), arena, &html));
    assert_false(html_from_data_url(S("data:text/html,%FF"), arena, &html));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_becomes_readable_text),
        cmocka_unit_test(too_many_tags_are_stripped_without_a_tree),
        cmocka_unit_test(text_of_other_programs_is_recognised),
        cmocka_unit_test(data_urls_go_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
