#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/core/mem.h"
#include "http/message.h"

static void every_method_is_found_by_its_name(void **state)
{
    (void)state;
    for (int i = 0; i < HTTP_METHOD_COUNT; i++) {
        const char *name = http_method_name((enum http_method)i);
        assert_non_null(name);
        assert_int_equal(http_method_parse(str_from(name)), i);
    }
    assert_int_equal(http_method_parse(S("get")), HTTP_OTHER);
    assert_int_equal(http_method_parse(S("GETX")), HTTP_OTHER);
    assert_int_equal(http_method_parse(S("")), HTTP_OTHER);
}

static void reasons_are_known_for_what_we_send(void **state)
{
    static const int statuses[] = { 100, 200, 201, 204, 207, 301, 304, 400, 401, 403, 404, 405, 408,
        409, 410, 412, 413, 414, 415, 417, 422, 423, 424, 429, 431, 500, 501, 502, 503, 505, 507 };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        assert_string_not_equal(http_reason(statuses[i]), "Unknown");
    }
    assert_string_equal(http_reason(207), "Multi-Status");
    assert_string_equal(http_reason(299), "Unknown");
}

static const struct http_header headers[] = {
    { STR("Host"), STR("a") },
    { STR("Connection"), STR("foo , Keep-Alive") },
    { STR("X"), STR("1") },
    { STR("connection"), STR(",close,") },
    { STR("x"), STR("2") },
};

static void headers_are_found_in_any_case_first_one_first(void **state)
{
    struct str value;
    (void)state;
    assert_true(http_header_find(headers, ARRAY_LEN(headers), S("hOST"), &value));
    assert_true(str_eq(value, S("a")));
    assert_true(http_header_find(headers, ARRAY_LEN(headers), S("x"), &value));
    assert_true(str_eq(value, S("1")));
    assert_false(http_header_find(headers, ARRAY_LEN(headers), S("y"), &value));
    assert_false(http_header_find(headers, 0, S("x"), &value));
}

static void tokens_are_found_over_all_headers_of_a_name(void **state)
{
    const size_t n = ARRAY_LEN(headers);
    (void)state;
    assert_true(http_header_has_token(headers, n, S("Connection"), S("keep-alive")));
    assert_true(http_header_has_token(headers, n, S("CONNECTION"), S("Close")));
    assert_true(http_header_has_token(headers, n, S("Connection"), S("foo")));
    assert_false(http_header_has_token(headers, n, S("Connection"), S("keep")));
    assert_false(http_header_has_token(headers, n, S("Upgrade"), S("foo")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_is_found_by_its_name),
        cmocka_unit_test(reasons_are_known_for_what_we_send),
        cmocka_unit_test(headers_are_found_in_any_case_first_one_first),
        cmocka_unit_test(tokens_are_found_over_all_headers_of_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
