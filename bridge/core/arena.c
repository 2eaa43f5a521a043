#include "bridge/core/arena.h"

#include "bridge/core/mem.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define HAS_ASAN 1
#endif

/* Under the address sanitizer everything gets a block of its own, so that it sees overruns. */
#ifdef HAS_ASAN
#define BLOCK_BYTES 0
#else
#define BLOCK_BYTES 4000
#endif

struct block {
    struct block *next;
    size_t used, capacity;
    alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *blocks; /**< the newest that still has room comes first */
    size_t taken;
};

struct arena *arena_new(void)
{
    return (struct arena *)mem_alloc(sizeof(struct arena));
}

void arena_free(struct arena **arena)
{
    if (*arena == NULL) {
        return;
    }
    for (struct block *block = (*arena)->blocks; block != NULL;) {
        struct block *next = block->next;

        mem_free(block);
        block = next;
    }
    mem_free(*arena);
    *arena = NULL;
}

static void *take_new_block(struct arena *arena, size_t n)
{
    size_t capacity = n > BLOCK_BYTES / 4 ? n : BLOCK_BYTES;
    struct block *block = (struct block *)mem_alloc(sizeof(struct block) + capacity);

    block->capacity = capacity;
    block->used = n;
    if (capacity == n && arena->blocks != NULL) { /* full: leave the one with room in front */
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block->bytes;
}

void *arena_alloc(struct arena *arena, size_t n)
{
    const size_t align = alignof(max_align_t);
    struct block *block = arena->blocks;
    size_t from;

    assert(n < SIZE_MAX / 2);
    arena->taken += n;
    if (block != NULL) {
        from = (block->used + align - 1) / align * align;
        if (from <= block->capacity && n <= block->capacity - from && n > 0) {
            block->used = from + n;
            return block->bytes + from;
        }
    }
    return take_new_block(arena, n);
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    size_t n;
    bool is_overflow = __builtin_mul_overflow(count, size, &n);

    assert(!is_overflow);
    (void)is_overflow;
    return arena_alloc(arena, n);
}

struct str arena_copy(struct arena *arena, struct str s)
{
    char *copy = (char *)arena_alloc(arena, s.n + 1);

    if (s.n > 0) {
        memcpy(copy, s.p, s.n);
    }
    return (struct str){ copy, s.n };
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_list again;
    char *text;
    int n;

    va_start(arguments, format);
    va_copy(again, arguments);
    n = vsnprintf(NULL, 0, format, arguments);
    assert(n >= 0);
    text = (char *)arena_alloc(arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(arguments);
    return (struct str){ text, (size_t)n };
}

size_t arena_size(const struct arena *arena)
{
    return arena->taken;
}
