#include "ical/document.h"

#include "bridge/core/mem.h"
#include "ical/edit.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define CALENDAR(lines) "BEGIN:VCALENDAR\r\n" lines "END:VCALENDAR\r\n"

static struct arena *arena;

static int start(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct document parse(struct str text)
{
    struct document document;
    struct err err;

    if (!document_parse(text, &document_default_limits, arena, &document, &err)) {
        fail_msg("%s", err.text);
    }
    return document;
}

static void assert_str(struct str s, const char *expected)
{
    if (!str_eq(s, str_from(expected))) {
        fail_msg("'%.*s' is not '%s'", STR_ARG(s), expected);
    }
}

static void parse_gives_views_of_lines_as_written(void **state)
{
    struct document d = parse(S(CALENDAR("BEGIN:VTODO\r\n"
                                         "dtstart;TZID=\"A:B;C\";VALUE=DATE-TIME:20260506T\r\n"
                                         " 180000\r\n"
                                         "\r\n"
                                         "SUMMARY:\r\n"
                                         "END:VTODO\r\n")));
    struct component *todo = component_find(d.calendar->children, S("vtodo"));
    struct property *p = todo->properties;
    struct str value;

    (void)state;
    assert_str(p->name, "dtstart");
    assert_str(p->params, ";TZID=\"A:B;C\";VALUE=DATE-TIME");
    assert_str(p->value, "20260506T180000");
    assert_str(p->raw, "dtstart;TZID=\"A:B;C\";VALUE=DATE-TIME:20260506T\r\n 180000\r\n");
    assert_int_equal(p->line, 3);
    assert_true(property_param(p, S("tzid"), arena, &value));
    assert_str(value, "A:B;C");
    assert_false(property_param(p, S("X"), arena, &value));
    assert_int_equal(p->next->line, 6);
    assert_str(p->next->value, "");
    assert_null(p->next->next);
    assert_str(todo->raw, "BEGIN:VTODO\r\ndtstart;TZID=\"A:B;C\";VALUE=DATE-TIME:20260506T\r\n "
                          "180000\r\n\r\nSUMMARY:\r\nEND:VTODO\r\n");
    assert_false(d.has_lf_only);
}

static void parse_takes_what_clients_really_write(void **state)
{
    struct document d;

    (void)state;
    d = parse(S("\xEF\xBB\xBF"
                "begin:vcalendar\nPERCENT_COMPLETE:5\nend:vcalendar"));
    assert_true(d.has_lf_only);
    /* a fold inside a character */
    d = parse(S(CALENDAR("X:a\xC3\r\n \xA9z\r\n")));
    assert_str(d.calendar->properties->value, "a\xC3\xA9z");
    /* a quote that never ends */
    d = parse(S(CALENDAR("X;A=\"b:c\r\n")));
    assert_str(d.calendar->properties->value, "c");
}

struct refusal {
    const char *text;
    const char *reason;
};

static void parse_refuses_with_the_line(void **state)
{
    static const struct refusal rows[] = {
        { "", "line 1: no VCALENDAR" },
        { "BEGIN:VTODO\r\nEND:VTODO\r\n", "line 1: not inside a VCALENDAR" },
        { "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR\r\n", "line 3: a second VCALENDAR" },
        { "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nEND:VCALENDAR\r\n", "line 3: END without its BEGIN" },
        { "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\n", "line 2: BEGIN without its END" },
        { "BEGIN:VCALENDAR\r\nno colon\r\nEND:VCALENDAR\r\n", "line 2: not a content line" },
        { "BEGIN:VCALENDAR\r\nNO;COLON\r\nEND:VCALENDAR\r\n", "line 2: no ':' in it" },
        { "BEGIN:VCALENDAR\r\nX:a\r\n b\r\nY:\xFF\r\nEND:VCALENDAR\r\n", "line 4: not UTF-8" },
        { "END:VCALENDAR\r\n", "line 1: END without its BEGIN" },
        { " BEGIN:VCALENDAR\r\n", "line 1: not a content line" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct document d;
        struct err err;

        assert_false(
            document_parse(str_from(rows[i].text), &document_default_limits, arena, &d, &err));
        assert_int_equal(err.kind, ERR_INVALID);
        assert_string_equal(err.text, rows[i].reason);
    }
}

static void limits_are_kept(void **state)
{
    static const struct document_limits limits = { .bytes = 200, .properties = 2, .depth = 2 };
    struct document d;
    struct err err;
    char large[300];

    (void)state;
    memset(large, 'x', sizeof large);
    assert_false(document_parse((struct str){ large, sizeof large }, &limits, arena, &d, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_false(document_parse(S(CALENDAR("A:1\r\nB:2\r\nC:3\r\n")), &limits, arena, &d, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_false(document_parse(
        S(CALENDAR("BEGIN:A\r\nBEGIN:B\r\nEND:B\r\nEND:A\r\n")), &limits, arena, &d, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
}

static void text_is_unescaped_and_split(void **state)
{
    struct document d = parse(S(CALENDAR("A:a\\, b\\; c\\\\d\\ne\\Nf\\x\r\n"
                                         "B:one,t\\,wo,,\\\\,end\\\r\n"
                                         "C;P=\"x^ny^^z^'\":v\r\n")));
    struct property *p = d.calendar->properties;
    struct str *items;
    struct str value;

    (void)state;
    assert_str(property_text(p, arena), "a, b; c\\d\ne\nf\\x");
    assert_int_equal(property_text_list(p->next, arena, &items), 5);
    assert_str(items[0], "one");
    assert_str(items[1], "t,wo");
    assert_str(items[2], "");
    assert_str(items[3], "\\");
    assert_str(items[4], "end\\");
    assert_true(property_param(p->next->next, S("P"), arena, &value));
    assert_str(value, "x\ny^z\"");
}

static void edits_leave_every_other_byte(void **state)
{
    struct document d = parse(S(CALENDAR("A:1\r\n"
                                         "LONG:x\r\n"
                                         "  y\r\n"
                                         "BEGIN:VTODO\r\n"
                                         "END:VTODO\r\n"
                                         "Z:9\r\n")));
    struct edit edit;
    struct property *p = d.calendar->properties;

    (void)state;
    edit_init(&edit, &d, arena);
    assert_true(edit_is_empty(&edit));
    assert_ptr_equal(edit_finish(&edit).p, d.text.p);
    edit_insert(&edit, d.calendar->children, S("NEW"), S(";P=1"), S("n"));
    edit_insert(&edit, d.calendar->children, S("NEW2"), S(""), S(""));
    edit_remove(&edit, p);
    edit_replace(&edit, p->next, p->next->name, S(""), S("short"));
    assert_str(edit_finish(&edit), CALENDAR("LONG:short\r\n"
                                            "BEGIN:VTODO\r\n"
                                            "NEW;P=1:n\r\n"
                                            "NEW2:\r\n"
                                            "END:VTODO\r\n"
                                            "Z:9\r\n"));
    edit_init(&edit, &d, arena);
    edit_remove_component(&edit, d.calendar->children);
    edit_insert_after(&edit, p, S("B"), S(""), S("2"));
    edit_append_raw(&edit, d.calendar, S("BEGIN:X\r\nEND:X\r\n"));
    assert_str(edit_finish(&edit), CALENDAR("A:1\r\nB:2\r\nLONG:x\r\n  y\r\nZ:9\r\n"
                                            "BEGIN:X\r\nEND:X\r\n"));
}

static void long_lines_are_folded_between_characters(void **state)
{
    char value[400];

    (void)state;
    for (size_t i = 0; i < sizeof value - 2; i += 3) {
        memcpy(value + i, "\xE2\x82\xAC", 3); /* three octets each */
    }
    for (size_t n = 0; n < 390; n += 3) {
        struct str line = edit_format_line(arena, false, S("X"), S(""), (struct str){ value, n });
        struct str rest = line;
        struct str physical;
        struct str text =
            arena_printf(arena, "BEGIN:VCALENDAR\r\n%.*sEND:VCALENDAR\r\n", STR_ARG(line));
        struct document d = parse(text);

        assert_true(str_eq(d.calendar->properties->value, (struct str){ value, n }));
        while (str_next(&rest, '\n', &physical)) {
            assert_true(physical.n <= 76); /* with CR */
            assert_true(str_is_utf8(physical));
        }
    }
    assert_str(edit_format_line(arena, true, S("A"), S(""), S("b")), "A:b\n");
    assert_str(edit_format_line(arena, true, S("URL"), S(""), S("x:\r\nEND:VTODO\001")),
        "URL:x:END:VTODO\n");
    assert_str(edit_escape_text(arena, S("a,b;c\\d\r\ne")), "a\\,b\\;c\\\\d\\ne");
    assert_str(edit_quote_param(arena, S("a b\"^\n")), "\"a b^'^^^n\"");
    assert_str(edit_quote_param(arena, S("plain")), "plain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parse_gives_views_of_lines_as_written, start, stop),
        cmocka_unit_test_setup_teardown(parse_takes_what_clients_really_write, start, stop),
        cmocka_unit_test_setup_teardown(parse_refuses_with_the_line, start, stop),
        cmocka_unit_test_setup_teardown(limits_are_kept, start, stop),
        cmocka_unit_test_setup_teardown(text_is_unescaped_and_split, start, stop),
        cmocka_unit_test_setup_teardown(edits_leave_every_other_byte, start, stop),
        cmocka_unit_test_setup_teardown(long_lines_are_folded_between_characters, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
