#include "bridge/dav/precondition.h"

#include "bridge/core/mem.h"
#include "check.h"

static const struct {
    const char *value;
    bool is_any;
    const char *tags; /**< joined by blanks; NULL: refused */
} values[] = {
    { "*", true, "" },
    { " * ", true, "" },
    { "\"a\"", false, "\"a\"" },
    { "W/\"a\"", false, "\"a\"" },
    { "a", false, "\"a\"" },
    { "\"a\",\"b\" , W/\"c\"", false, "\"a\" \"b\" \"c\"" },
    { "\"a,b\", \"c\"", false, "\"a,b\" \"c\"" },
    { ",, \"a\" ,", false, "\"a\"" },
    { "\"a-gzip\"", false, "\"a\"" },
    { "\"a--gzip\"", false, "\"a\"" },
    { "W/\"a;gzip\"", false, "\"a\"" },
    { "", false, "" },
    { "\"\"", false, "\"\"" },
    { "\"a b\"", false, NULL },
    { "\"a\" \"b\"", false, NULL },
    { "\"a", false, NULL },
};

static struct str joined(const struct str *tags, size_t count, struct arena *arena)
{
    struct str list = S("");

    for (size_t i = 0; i < count; i++) {
        list = arena_printf(arena, "%.*s%s%.*s", STR_ARG(list), i > 0 ? " " : "", STR_ARG(tags[i]));
    }
    return list;
}

static void all_forms_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct arena *arena = arena_new();
        const struct http_header match = { S("if-MATCH"), str_from(values[i].value) };
        const struct http_header none = { S("If-None-Match"), str_from(values[i].value) };
        struct precondition a, b;
        struct err err;

        print_message("%s\n", values[i].value);
        bool is_read = precondition_parse(&match, 1, NULL, NULL, arena, &a, &err) &&
                       precondition_parse(&none, 1, NULL, NULL, arena, &b, &err);
        assert_int_equal(is_read, values[i].tags != NULL);
        if (is_read) {
            assert_int_equal(a.if_match_any, values[i].is_any);
            assert_false(a.if_none_match_any);
            assert_int_equal(a.if_none_match_count, 0);
            assert_str(joined(a.if_match, a.if_match_count, arena), values[i].tags);
            assert_int_equal(b.if_none_match_any, values[i].is_any);
            assert_false(b.if_match_any);
            assert_int_equal(b.if_match_count, 0);
            assert_str(joined(b.if_none_match, b.if_none_match_count, arena), values[i].tags);
        } else {
            assert_int_equal(err.kind, ERR_INVALID);
        }
        arena_free(&arena);
    }
}

static void headers_of_one_name_are_one_list(void **state)
{
    const struct http_header headers[] = {
        { S("If-Match"), S("\"a\"") },
        { S("If-None-Match"), S("*") },
        { S("X"), S("\"x\"") },
        { S("If-Match"), S("\"b\"") },
    };
    struct arena *arena = arena_new();
    struct precondition out;
    struct err err;

    (void)state;
    assert_true(precondition_parse(headers, ARRAY_LEN(headers), NULL, NULL, arena, &out, &err));
    assert_int_equal(out.if_match_count, 2);
    assert_str(out.if_match[1], "\"b\"");
    assert_true(out.if_none_match_any);
    arena_free(&arena);
}

static void too_many_tags_are_refused(void **state)
{
    struct arena *arena = arena_new();
    char list[2 * 101 + 1] = { 0 };
    struct precondition out;
    struct err err;

    (void)state;
    for (size_t i = 0; i < 101; i++) {
        memcpy(list + 2 * i, "a,", 2);
    }
    const struct http_header ok = { S("If-Match"), str_first(str_from(list), 200) };
    const struct http_header more = { S("If-Match"), str_from(list) };

    assert_true(precondition_parse(&ok, 1, NULL, NULL, arena, &out, &err));
    assert_false(precondition_parse(&more, 1, NULL, NULL, arena, &out, &err));
    arena_free(&arena);
}

/* RFC 4918 10.4 */
static void the_if_header_is_read_as_far_as_it_is_about_tags(void **state)
{
    static const struct {
        const char *value;
        const char *match, *none_match; /* NULL: refused */
    } cases[] = {
        { "([\"a\"])", "\"a\"", "" },
        { "( [W/\"a\"] ) ([\"b\"])", "\"a\" \"b\"", "" },
        { "(Not [\"a\"])", "", "\"a\"" },
        { "(not [\"a\"] Not [\"b\"])", "", "\"a\" \"b\"" },
        { "(Not <DAV:no-lock>)", "", "" },
        { "(Not <DAV:no-lock> [\"a\"])", "\"a\"", "" },
        { "([\"a\"]) (Not <DAV:no-lock>)", "", "" },
        { "(<opaquelocktoken:1>)", "\"\"", "" },
        { "(<opaquelocktoken:1>) ([\"a\"])", "\"a\"", "" },
        { "(<opaquelocktoken:1> [\"a\"])", "\"\"", "" },
        { "([\"a\"]) (Not [\"b\"])", "\"\"", "" },
        { "([\"a\"] [\"b\"])", "\"\"", "" },
        { "<http://h/other> ([\"a\"])", "\"\"", "" },
        { "", "", "" },
        { "()", "", "" },
        { "[\"a\"]", NULL, NULL },
        { "([\"a\"]", NULL, NULL },
        { "([\"a\"", NULL, NULL },
        { "(\"a\")", NULL, NULL },
        { "(Not)", NULL, NULL },
        { "<http://h/", NULL, NULL },
        { "<http://h/>", NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        const struct http_header header = { S("If"), str_from(cases[i].value) };
        struct precondition found;
        struct err err;

        print_message("%s\n", cases[i].value);
        bool is_read = precondition_parse(&header, 1, NULL, NULL, arena, &found, &err);
        assert_int_equal(is_read, cases[i].match != NULL);
        if (is_read) {
            assert_str(joined(found.if_match, found.if_match_count, arena), cases[i].match);
            assert_str(
                joined(found.if_none_match, found.if_none_match_count, arena), cases[i].none_match);
        }
        arena_free(&arena);
    }
}

static bool is_mine(struct str address, void *arg)
{
    return str_eq(address, str_from(arg));
}

/* RFC 4918 10.4.4 */
static void a_tagged_list_about_the_request_itself_counts(void **state)
{
    const struct http_header header = { S("If"),
        S("<http://h/other> ([\"x\"]) <http://h/own> ([\"a\"]) ([\"b\"])") };
    CLEANUP(arena_free) struct arena *arena = arena_new();
    char own[] = "http://h/own";
    struct precondition found;
    struct err err;

    (void)state;
    assert_true(precondition_parse(&header, 1, is_mine, own, arena, &found, &err));
    assert_str(joined(found.if_match, found.if_match_count, arena), "\"a\" \"b\"");
}

static void if_and_if_match_must_both_hold(void **state)
{
    static const struct {
        const char *match, *with_if, *want;
    } cases[] = {
        { "\"a\", \"b\"", "([\"b\"]) ([\"c\"])", "\"b\"" },
        { "\"a\"", "([\"b\"])", "\"\"" },
        { "*", "([\"b\"])", "\"b\"" },
        { "\"a\"", "(Not [\"b\"])", "\"a\"" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        const struct http_header headers[] = { { S("If-Match"), str_from(cases[i].match) },
            { S("If"), str_from(cases[i].with_if) } };
        struct precondition found;
        struct err err;

        assert_true(precondition_parse(headers, 2, NULL, NULL, arena, &found, &err));
        assert_str(joined(found.if_match, found.if_match_count, arena), cases[i].want);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_are_read),
        cmocka_unit_test(headers_of_one_name_are_one_list),
        cmocka_unit_test(the_if_header_is_read_as_far_as_it_is_about_tags),
        cmocka_unit_test(a_tagged_list_about_the_request_itself_counts),
        cmocka_unit_test(if_and_if_match_must_both_hold),
        cmocka_unit_test(too_many_tags_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
