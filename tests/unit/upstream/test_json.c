#include "bridge/upstream/json.h"

#include "bridge/core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool parses(struct str text)
{
    struct cJSON *json = NULL;
    struct err err = { 0 };
    bool is_parsed = json_parse(text, &json, &err);

    assert_true(is_parsed ? err.kind == ERR_NONE : err.kind == ERR_UPSTREAM);
    json_free(&json);
    return is_parsed;
}

static void parse_takes_json_and_nothing_else(void **state)
{
    static const struct {
        struct str text;
        bool is_json;
    } cases[] = {
        { STR("{}"), true },
        { STR(" [1, true, null, \"a\\u00e9\\\\u0000\"] \r\n"), true },
        { STR("\"\\ud83d\\ude00\""), true },
        { STR("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"), true },
        { STR(""), false },
        { STR("{} x"), false },
        { STR("{"), false },
        { STR("{\"a\":\"\\u0000\"}"), false },
        { STR("{\"a\\u0000\":1}"), false },
        { STR("{\"a\":\"\0\"}"), false },
        { STR("\"\xff\""), false },
        { STR("<html>"), false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (parses(cases[i].text) != cases[i].is_json) {
            fail_msg("case %zu: %.*s", i, STR_ARG(cases[i].text));
        }
    }
}

static void half_a_surrogate_pair_becomes_the_replacement_character(void **state)
{
    static const struct {
        const char *json, *text;
    } cases[] = {
        { "\"\\ud83d\"", "\xef\xbf\xbd" },
        { "\"\\uDE00x\"", "\xef\xbf\xbdx" },
        { "\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80" },
        { "\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                                "A" },
        { "\"\\\\ud83d\"", "\\ud83d" },
        { "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cJSON *json = NULL;
        struct err err;

        assert_true(json_parse(str_from(cases[i].json), &json, &err));
        assert_true(str_eq(json_text(json), str_from(cases[i].text)));
        json_free(&json);
    }
}

static void parse_bounds_the_depth(void **state)
{
    char text[2 * JSON_DEPTH + 2];

    (void)state;
    memset(text, '[', JSON_DEPTH);
    memset(text + JSON_DEPTH, ']', JSON_DEPTH);
    assert_true(parses((struct str){ text, 2 * JSON_DEPTH }));
    memset(text, '[', JSON_DEPTH + 1);
    memset(text + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
    assert_false(parses((struct str){ text, 2 * JSON_DEPTH + 2 }));
}

static void members_are_found_with_regard_to_case(void **state)
{
    struct cJSON *json = NULL;
    struct err err;
    int32_t number = 7;

    (void)state;
    assert_true(
        json_parse(S("{\"id\":\"a\",\"Id\":\"b\",\"Id\":\"c\",\"n\":3,\"f\":1.5,\"s\":\"3\","
                     "\"big\":1e99,\"null\":null}"),
            &json, &err));
    assert_true(str_eq(json_member_text(json, "Id"), S("b")));
    assert_null(json_member_text(json, "ID").p);
    assert_null(json_member_text(json, "n").p);
    assert_true(json_member_int(json, "null", 0, 9, &number, &err));
    assert_true(json_member_int(json, "absent", 0, 9, &number, &err));
    assert_int_equal(number, 7);
    assert_true(json_member_int(json, "n", 0, 9, &number, &err));
    assert_int_equal(number, 3);
    assert_false(json_member_int(json, "n", 0, 2, &number, &err));
    assert_false(json_member_int(json, "f", 0, 9, &number, &err));
    assert_false(json_member_int(json, "s", 0, 9, &number, &err));
    assert_false(json_member_int(json, "big", 0, 9, &number, &err));
    json_free(&json);
}

static void writer_escapes_and_separates(void **state)
{
    CLEANUP(buf_done) struct buf buf;
    struct json_out out;

    (void)state;
    buf_init(&buf, 1000);
    json_out_init(&out, &buf);
    json_out_open(&out, '{');
    json_out_member(&out, "a", S("\"\\\r\n\t\x01\xc3\xa9"));
    json_out_name(&out, "b");
    json_out_open(&out, '[');
    json_out_int(&out, -5);
    json_out_bool(&out, false);
    json_out_open(&out, '{');
    json_out_close(&out, '}');
    json_out_null(&out);
    json_out_close(&out, ']');
    json_out_member(&out, "c", S(""));
    json_out_close(&out, '}');
    assert_string_equal(
        buf.p, "{\"a\":\"\\\"\\\\\\r\\n\\t\\u0001\xc3\xa9\",\"b\":[-5,false,{},null],\"c\":\"\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_takes_json_and_nothing_else),
        cmocka_unit_test(half_a_surrogate_pair_becomes_the_replacement_character),
        cmocka_unit_test(parse_bounds_the_depth),
        cmocka_unit_test(members_are_found_with_regard_to_case),
        cmocka_unit_test(writer_escapes_and_separates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
