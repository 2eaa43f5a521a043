#include "tests/unit/upstream/driver.h"

#include <stdio.h>

struct arena *arena;

int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

struct str fixture(const char *name)
{
    struct str path = arena_printf(arena, "%s/%s", FIXTURES, name);
    char bytes[16384];
    FILE *file = fopen(path.p, "rb");
    size_t n;

    assert_non_null(file);
    n = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    return arena_copy(arena, (struct str){ bytes, n });
}
