#include "bridge/core/base64.h"
#include "bridge/core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* RFC 4648 10 */
static const struct {
    const char *plain, *coded;
} cases[] = {
    { "", "" },
    { "f", "Zg==" },
    { "fo", "Zm8=" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" },
    { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" },
};

static void both_ways_as_the_standard_says(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_done) struct buf text;
        struct str plain;

        buf_init(&text, 100);
        base64_put(&text, str_from(cases[i].plain));
        assert_true(str_eq(buf_str(&text), str_from(cases[i].coded)));
        assert_true(base64_decode(str_from(cases[i].coded), arena, &plain));
        assert_true(str_eq(plain, str_from(cases[i].plain)));
    }
    arena_free(&arena);
}

static void all_bytes_come_back(void **state)
{
    struct arena *arena = arena_new();
    CLEANUP(buf_done) struct buf text;
    char bytes[256];
    struct str all = { bytes, sizeof(bytes) };
    struct str plain;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)i;
    }
    buf_init(&text, 1000);
    base64_put(&text, all);
    assert_true(base64_decode(buf_str(&text), arena, &plain));
    assert_true(str_eq(plain, all));
    arena_free(&arena);
}

static void anything_else_is_refused(void **state)
{
    static const char *const wrong[] = { "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg===", "=",
        "====", "Zm 9v", "Zm9v\n", "Zm-v", "Zg==Zg==", "Z===" };
    struct arena *arena = arena_new();
    struct str plain;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (base64_decode(str_from(wrong[i]), arena, &plain)) {
            fail_msg("taken: %s", wrong[i]);
        }
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_as_the_standard_says),
        cmocka_unit_test(all_bytes_come_back),
        cmocka_unit_test(anything_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
