#include "bridge/core/buf.h"

#include "bridge/core/mem.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static void content_grows_and_ends_in_nul(void **state)
{
    CLEANUP(buf_done) struct buf buf;
    struct err err;

    (void)state;
    buf_init(&buf, 100000);
    assert_null(buf.p);
    assert_int_equal(buf_str(&buf).n, 0);
    assert_non_null(buf_str(&buf).p);
    for (int i = 0; i < 1000; i++) {
        buf_put(&buf, S("ab"));
        buf_put_char(&buf, 'c');
        buf_put_text(&buf, "d");
        buf_printf(&buf, "%03d", i);
        assert_int_equal(buf.p[buf.n], '\0');
    }
    assert_int_equal(buf.n, 7000);
    assert_string_equal(buf.p + 6993, "abcd999");
    assert_true(buf_ok(&buf, &err));
}

static void limit_is_exact(void **state)
{
    CLEANUP(buf_done) struct buf buf;
    struct err err;

    (void)state;
    buf_init(&buf, 4);
    buf_put(&buf, S("abcd"));
    assert_true(buf_ok(&buf, &err));
    buf_put(&buf, S(""));
    assert_true(buf_ok(&buf, &err));
    buf_put_char(&buf, 'e');
    assert_false(buf_ok(&buf, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_string_equal(buf.p, "abcd");
}

static void first_failure_is_remembered(void **state)
{
    CLEANUP(buf_done) struct buf buf;
    struct err err;

    (void)state;
    buf_init(&buf, 4);
    buf_printf(&buf, "%s", "too long");
    buf_put(&buf, S("ok"));
    assert_int_equal(buf.n, 0);
    assert_false(buf_ok(&buf, &err));
    buf_clear(&buf);
    buf_put(&buf, S("ok"));
    assert_true(buf_ok(&buf, &err));
    assert_true(str_eq(buf_str(&buf), S("ok")));
}

static void take_hands_over_and_empties(void **state)
{
    struct buf buf;
    char *text, *empty;

    (void)state;
    buf_init(&buf, 10);
    buf_put(&buf, S("abc"));
    text = buf_take(&buf);
    empty = buf_take(&buf);
    assert_string_equal(text, "abc");
    assert_string_equal(empty, "");
    buf_put(&buf, S("0123456789"));
    assert_false(buf.is_full);
    buf_done(&buf);
    buf_done(&buf);
    mem_free(text);
    mem_free(empty);
}

static void no_limit_at_all_works(void **state)
{
    CLEANUP(buf_done) struct buf buf;

    (void)state;
    buf_init(&buf, SIZE_MAX);
    buf_put(&buf, S("abc"));
    assert_string_equal(buf.p, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_grows_and_ends_in_nul),
        cmocka_unit_test(limit_is_exact),
        cmocka_unit_test(first_failure_is_remembered),
        cmocka_unit_test(take_hands_over_and_empties),
        cmocka_unit_test(no_limit_at_all_works),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
