#include "http/pack.h"

#include "bridge/core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void what_is_packed_comes_back(void **state)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const size_t sizes[] = { 0, 1, 2, 3, 4096, 5000, 100000 };
    char *bytes = (char *)arena_alloc(arena, 100000);
    struct str packed, out;
    struct err err;

    (void)state;
    memset(bytes, 'a', 100000);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct str text = { bytes, sizes[i] };

        assert_true(pack_text(text, 1000, arena, &packed, &err));
        assert_true(unpack_text(packed, 100000, arena, &out, &err));
        assert_true(str_eq(out, text));
    }
}

static void neither_side_goes_over_its_limit(void **state)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    char *bytes = (char *)arena_alloc(arena, 1000000);
    struct str packed, out;
    struct err err;

    (void)state;
    memset(bytes, 'a', 1000000);
    assert_true(pack_text((struct str){ bytes, 1000000 }, 10000, arena, &packed, &err));
    assert_false(unpack_text(packed, 999999, arena, &out, &err)); /* a bomb */
    assert_int_equal(err.kind, ERR_INVALID);
    assert_false(pack_text((struct str){ bytes, 1000000 }, packed.n - 1, arena, &packed, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
}

static void anything_else_is_refused(void **state)
{
    static const char *const texts[] = { "", "a", "====", "AAAA", "no!!", "eJwDAAAAAAE",
        "eJxLSgAA" };
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct str out;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_false(unpack_text(str_from(texts[i]), 1000, arena, &out, &err));
        assert_int_equal(err.kind, ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_back),
        cmocka_unit_test(neither_side_goes_over_its_limit),
        cmocka_unit_test(anything_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
