#include "bridge/core/err.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static void set_fills_everything_and_returns_false(void **state)
{
    struct err err = { ERR_BUSY, 7, 30, "old" };

    (void)state;
    assert_false(err_set(&err, ERR_INVALID, "line %d", 12));
    assert_int_equal(err.kind, ERR_INVALID);
    assert_int_equal(err.code, 0);
    assert_int_equal(err.retry_after_s, 0);
    assert_string_equal(err.text, "line 12");
    assert_false(err_set_code(&err, ERR_UPSTREAM, 502, "gateway"));
    assert_int_equal(err.code, 502);
}

static void wrap_keeps_kind_and_code(void **state)
{
    struct err err;

    (void)state;
    err_set_code(&err, ERR_CONFLICT, 412, "changed");
    err.retry_after_s = 3;
    assert_false(err_wrap(&err, "task %s", "a"));
    assert_string_equal(err.text, "task a: changed");
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_int_equal(err.code, 412);
    assert_int_equal(err.retry_after_s, 3);
}

static void text_may_quote_the_old_text(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_INVALID, "inner");
    err_set(&err, ERR_INTERNAL, "outer (%s)", err.text);
    assert_string_equal(err.text, "outer (inner)");
    err_wrap(&err, "%s", err.text);
    assert_string_equal(err.text, "outer (inner): outer (inner)");
}

static void text_is_one_bounded_line(void **state)
{
    struct err err;
    char text[2000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    err_set(&err, ERR_INVALID, "%s", text);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    err_wrap(&err, "%s", text);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    err_set(&err, ERR_INVALID, "a\r\nb\tc\x7f");
    assert_string_equal(err.text, "a  b c ");
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
    for (int kind = ERR_NONE; kind <= ERR_INTERNAL; kind++) {
        assert_non_null(err_kind_name((enum err_kind)kind));
        assert_string_not_equal(err_kind_name((enum err_kind)kind), "unknown");
    }
    assert_string_equal(err_kind_name(ERR_NOT_FOUND), "not-found");
    assert_string_equal(err_kind_name((enum err_kind)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_everything_and_returns_false),
        cmocka_unit_test(wrap_keeps_kind_and_code),
        cmocka_unit_test(text_may_quote_the_old_text),
        cmocka_unit_test(text_is_one_bounded_line),
        cmocka_unit_test(every_kind_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
