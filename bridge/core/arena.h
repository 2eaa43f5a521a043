#pragma once
/**
 * Memory that is freed all at once: what lives as long as one request, one page, one conversion.
 * Nothing taken from it is freed by hand.
 */
#include "bridge/core/str.h"

struct arena;

struct arena *arena_new(void);
/** Frees everything that was taken from it. Fine on NULL; leaves NULL behind. */
void arena_free(struct arena **arena);
/** n bytes of zeros, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t n);
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);
/** A copy of s, followed by a NUL that does not count. */
struct str arena_copy(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Bytes taken so far, for limits. */
size_t arena_size(const struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
