#include "bridge/core/str.h"

#include "bridge/core/mem.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static void assert_str(struct str s, const char *expected)
{
    assert_int_equal(s.n, strlen(expected));
    assert_memory_equal(s.p, expected, s.n);
}

static void from_null_is_nothing(void **state)
{
    (void)state;
    assert_int_equal(str_from(NULL).n, 0);
    assert_null(str_from(NULL).p);
    assert_true(str_eq(str_from("abc"), S("abc")));
}

static void equality_looks_at_every_byte(void **state)
{
    (void)state;
    assert_true(str_eq(S(""), str_from(NULL)));
    assert_true(str_eq(S("a\0b"), S("a\0b")));
    assert_false(str_eq(S("a\0b"), S("a\0c")));
    assert_false(str_eq(S("a"), S("ab")));
    assert_true(str_eq_nocase(S("Content-LENGTH"), S("content-length")));
    assert_false(str_eq_nocase(S("[a"), S("{a"))); /* 32 apart, but no letters */
    assert_false(str_eq_nocase(S("\xc3\x84"), S("\xc3\xa4")));
    assert_false(str_eq_nocase(S("ab"), S("abc")));
}

static void compare_puts_the_shorter_first(void **state)
{
    (void)state;
    assert_true(str_compare(S("a"), S("b")) < 0);
    assert_true(str_compare(S("a"), S("ab")) < 0);
    assert_true(str_compare(S("ab"), S("a")) > 0);
    assert_true(str_compare(S(""), str_from(NULL)) == 0);
    assert_true(str_compare(S("\xff"), S("a")) > 0); /* bytes are unsigned */
}

static void prefix_and_suffix(void **state)
{
    (void)state;
    assert_true(str_has_prefix(S("abc"), S("ab")));
    assert_true(str_has_prefix(S("abc"), S("")));
    assert_false(str_has_prefix(S("a"), S("ab")));
    assert_false(str_has_prefix(S("abc"), S("AB")));
    assert_true(str_has_prefix_nocase(S("Basic x"), S("bASIC ")));
    assert_true(str_has_suffix(S("task.ics"), S(".ics")));
    assert_false(str_has_suffix(S("ics"), S(".ics")));
    assert_true(str_has_suffix(S("ics"), S("")));
}

static void find_tells_the_first_place(void **state)
{
    (void)state;
    assert_int_equal(str_find(S("abcabc"), S("ca")), 2);
    assert_int_equal(str_find(S("abc"), S("")), 0);
    assert_int_equal(str_find(str_from(NULL), S("a")), SIZE_MAX);
    assert_int_equal(str_find(S("abc"), S("abcd")), SIZE_MAX);
    assert_int_equal(str_find_char(S("abc"), 'c'), 2);
    assert_int_equal(str_find_char(S("abc"), 'd'), SIZE_MAX);
    assert_int_equal(str_find_char(str_from(NULL), 'd'), SIZE_MAX);
}

static void parts_stay_inside(void **state)
{
    (void)state;
    assert_str(str_skip(S("abc"), 1), "bc");
    assert_str(str_skip(S("abc"), 3), "");
    assert_str(str_skip(S("abc"), 99), "");
    assert_null(str_skip(str_from(NULL), 5).p);
    assert_str(str_first(S("abc"), 2), "ab");
    assert_str(str_first(S("abc"), 99), "abc");
    assert_str(str_trim(S(" \t a b\t ")), "a b");
    assert_str(str_trim(S(" \t")), "");
}

static void next_walks_all_parts(void **state)
{
    static const struct {
        const char *text;
        const char *parts[5];
    } cases[] = {
        { "a,b,c", { "a", "b", "c" } },
        { "a", { "a" } },
        { "", { "" } },
        { ",", { "", "" } },
        { "a,,b,", { "a", "", "b", "" } },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str rest = str_from(cases[i].text);
        struct str head;

        for (size_t k = 0; cases[i].parts[k] != NULL; k++) {
            assert_true(str_next(&rest, ',', &head));
            assert_str(head, cases[i].parts[k]);
        }
        assert_false(str_next(&rest, ',', &head));
    }
}

static void numbers_are_digits_within_range(void **state)
{
    static const struct {
        const char *text;
        bool is_u64, is_i64;
        uint64_t u64;
        int64_t i64;
    } cases[] = {
        { "0", true, true, 0, 0 },
        { "007", true, true, 7, 7 },
        { "18446744073709551615", true, false, UINT64_MAX, 0 },
        { "18446744073709551616", false, false, 0, 0 },
        { "99999999999999999999", false, false, 0, 0 },
        { "9223372036854775807", true, true, INT64_MAX, INT64_MAX },
        { "9223372036854775808", true, false, (uint64_t)INT64_MAX + 1, 0 },
        { "-9223372036854775808", false, true, 0, INT64_MIN },
        { "-9223372036854775809", false, false, 0, 0 },
        { "-1", false, true, 0, -1 },
        { "", false, false, 0, 0 },
        { "-", false, false, 0, 0 },
        { "--1", false, false, 0, 0 },
        { "+1", false, false, 0, 0 },
        { " 1", false, false, 0, 0 },
        { "1 ", false, false, 0, 0 },
        { "0x1", false, false, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t u64 = 0;
        int64_t i64 = 0;

        assert_int_equal(str_to_u64(str_from(cases[i].text), &u64), cases[i].is_u64);
        assert_int_equal(str_to_i64(str_from(cases[i].text), &i64), cases[i].is_i64);
        assert_true(u64 == cases[i].u64);
        assert_true(i64 == cases[i].i64);
    }
}

static void utf8_is_strict(void **state)
{
    static const struct str good[] = {
        STR(""),
        STR("plain"),
        STR("\0"),
        STR("\xc2\x80"),
        STR("\xdf\xbf"),
        STR("\xe0\xa0\x80"),
        STR("\xed\x9f\xbf"),
        STR("\xee\x80\x80"),
        STR("\xf0\x90\x80\x80"),
        STR("\xf4\x8f\xbf\xbf"),
        STR("a\xc3\xa4z\xe2\x82\xac!"),
    };
    static const struct str bad[] = {
        STR("\x80"),
        STR("\xbf"),
        STR("\xc0\x80"),
        STR("\xc1\xbf"),
        STR("\xc2"),
        STR("\xc2z"),
        STR("\xe0\x9f\xbf"),
        STR("\xe2\x82"),
        STR("\xe2\x82z"),
        STR("\xed\xa0\x80"),
        STR("\xf0\x8f\xbf\xbf"),
        STR("\xf4\x90\x80\x80"),
        STR("\xf5\x80\x80\x80"),
        STR("\xf0\x90\x80"),
        STR("\xff"),
        STR("ok\xe4"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(str_is_utf8(good[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(str_is_utf8(bad[i]));
    }
}

static void hash_depends_on_every_byte(void **state)
{
    (void)state;
    assert_true(str_hash(S("a\0b")) == str_hash(S("a\0b")));
    assert_true(str_hash(S("a\0b")) != str_hash(S("a\0c")));
    assert_true(str_hash(S("a")) != str_hash(S("a\0")));
    assert_true(str_hash(S("")) == str_hash(str_from(NULL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_null_is_nothing),
        cmocka_unit_test(equality_looks_at_every_byte),
        cmocka_unit_test(compare_puts_the_shorter_first),
        cmocka_unit_test(prefix_and_suffix),
        cmocka_unit_test(find_tells_the_first_place),
        cmocka_unit_test(parts_stay_inside),
        cmocka_unit_test(next_walks_all_parts),
        cmocka_unit_test(numbers_are_digits_within_range),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(hash_depends_on_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
