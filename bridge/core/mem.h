#pragma once
/**
 * The heap. Running out of memory ends the process here and nowhere else: no outside party can
 * choose a size, because every input has a named limit.
 */
#include <stddef.h>

/** n bytes of zeros; free with mem_free. */
void *mem_alloc(size_t n);
/** count * size bytes of zeros, with an overflow check. */
void *mem_alloc_array(size_t count, size_t size);
/** Grow or shrink to count * size bytes; new bytes are undefined. */
void *mem_resize(void *p, size_t count, size_t size);
/** A NUL-terminated copy of n bytes. */
char *mem_copy_text(const char *p, size_t n);
/** Free p; NULL is fine. */
void mem_free(void *p);

/** Run x_free(&local) when the local goes out of scope: CLEANUP(buf_done) struct buf b; */
#define CLEANUP(function) __attribute__((cleanup(function)))
/** Hand over an owned pointer: its value, leaving NULL behind. */
#define TAKE(p)                     \
    __extension__({                 \
        __typeof__(p) taken_ = (p); \
        (p) = NULL;                 \
        taken_;                     \
    })
/** The object that holds a member, from the member's address. */
#define CONTAINER_OF(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))
#define ARRAY_LEN(a)                  (sizeof(a) / sizeof((a)[0]))
