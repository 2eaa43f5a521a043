#include "bridge/core/arena.h"

#include "bridge/core/mem.h"

#include <stdalign.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    struct arena *arena = arena_new();
    unsigned char *taken[300];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        size_t n = i * 7 % 2500;

        taken[i] = (unsigned char *)arena_alloc(arena, n);
        assert_int_equal((uintptr_t)taken[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < n; k++) {
            assert_int_equal(taken[i][k], 0);
        }
        memset(taken[i], (int)(i % 255) + 1, n);
    }
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        for (size_t k = 0; k < i * 7 % 2500; k++) {
            assert_int_equal(taken[i][k], i % 255 + 1);
        }
    }
    arena_free(&arena);
    assert_null(arena);
    arena_free(&arena);
}

static void copies_end_in_nul(void **state)
{
    struct arena *arena = arena_new();
    struct str copy = arena_copy(arena, S("a\0b"));
    struct str empty = arena_copy(arena, str_from(NULL));
    struct str text = arena_printf(arena, "%s-%d", "x", 42);

    (void)state;
    assert_int_equal(copy.n, 3);
    assert_memory_equal(copy.p, "a\0b\0", 4);
    assert_string_equal(empty.p, "");
    assert_string_equal(text.p, "x-42");
    assert_int_equal(text.n, 4);
    arena_free(&arena);
}

static void size_counts_what_was_taken(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_int_equal(arena_size(arena), 0);
    arena_alloc(arena, 10);
    arena_alloc_array(arena, 3, 1000);
    assert_int_equal(arena_size(arena), 3010);
    assert_non_null(ARENA_NEW(arena, struct str));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(copies_end_in_nul),
        cmocka_unit_test(size_counts_what_was_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
