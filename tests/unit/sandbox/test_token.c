#include "bridge/sandbox/token.h"

#include "bridge/core/mem.h"
#include "bridge/core/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct sbx_token_owner owner = {
    .key = STR("a key"), .user = 3, .folder = 7, .epoch = 2, .today = 20000
};

static void a_token_comes_back_as_it_was(void **state)
{
    static const int64_t folders[] = { 0, 7 };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        struct sbx_token_owner mine = owner;
        struct sbx_token token = { .is_skip = true, .position = 123456789, .floor = 42 };
        struct sbx_token again = { 0 };
        struct str text = { 0 };

        mine.folder = folders[i];
        text = sbx_token_write(&mine, &token, arena);
        assert_int_equal(text.n, folders[i] != 0 ? 32 : 22);
        assert_int_equal(sbx_token_read(&mine, text, true, &again), SBX_TOKEN_GOOD);
        assert_int_equal(again.position, 123456789);
        assert_int_equal(again.floor, 42);
        assert_int_equal(sbx_token_read(&mine, text, false, &again), SBX_TOKEN_WRONG);
    }
    arena_free(&arena);
}

static void a_token_is_good_for_one_owner(void **state)
{
    struct arena *arena = arena_new();
    struct sbx_token token = { .position = 5 };
    struct str text = sbx_token_write(&owner, &token, arena);
    struct sbx_token_owner other = owner;

    (void)state;
    other.user = 4;
    assert_int_equal(sbx_token_read(&other, text, false, &token), SBX_TOKEN_WRONG);
    other = owner;
    other.folder = 8;
    assert_int_equal(sbx_token_read(&other, text, false, &token), SBX_TOKEN_WRONG);
    other = owner;
    other.key = S("another");
    assert_int_equal(sbx_token_read(&other, text, false, &token), SBX_TOKEN_WRONG);
    assert_int_equal(sbx_token_read(&owner, S(""), false, &token), SBX_TOKEN_WRONG);
    assert_int_equal(sbx_token_read(&owner, S("zz"), false, &token), SBX_TOKEN_WRONG);
    assert_int_equal(
        sbx_token_read(&owner, str_first(text, text.n - 2), false, &token), SBX_TOKEN_WRONG);
    arena_free(&arena);
}

static void a_token_ends_by_age_and_by_order(void **state)
{
    struct arena *arena = arena_new();
    struct sbx_token token = { .position = 5 };
    struct str text = sbx_token_write(&owner, &token, arena);
    struct sbx_token_owner later = owner;

    (void)state;
    later.today += 30;
    assert_int_equal(sbx_token_read(&later, text, false, &token), SBX_TOKEN_GOOD);
    later.today += 1;
    assert_int_equal(sbx_token_read(&later, text, false, &token), SBX_TOKEN_EXPIRED);
    later = owner;
    later.epoch++;
    assert_int_equal(sbx_token_read(&later, text, false, &token), SBX_TOKEN_EXPIRED);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_comes_back_as_it_was),
        cmocka_unit_test(a_token_is_good_for_one_owner),
        cmocka_unit_test(a_token_ends_by_age_and_by_order),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
