#include "bridge/core/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void end_without_memory(size_t count, size_t size)
{
    fprintf(stderr, "duedav: out of memory (%zu times %zu bytes)\n", count, size);
    abort();
}

void *mem_alloc(size_t n)
{
    return mem_alloc_array(1, n);
}

void *mem_alloc_array(size_t count, size_t size)
{
    /* calloc checks the product; of nothing we still want an address of its own */
    void *p = count == 0 || size == 0 ? calloc(1, 1) : calloc(count, size);

    if (p == NULL) {
        end_without_memory(count, size);
    }
    return p;
}

void *mem_resize(void *p, size_t count, size_t size)
{
    void *resized;

    if (count == 0 || size == 0) {
        count = 1;
        size = 1;
    }
    resized = reallocarray(p, count, size);
    if (resized == NULL) {
        end_without_memory(count, size);
    }
    return resized;
}

char *mem_copy_text(const char *p, size_t n)
{
    char *copy;

    if (n == SIZE_MAX) {
        end_without_memory(1, n);
    }
    copy = (char *)mem_alloc(n + 1);
    if (n > 0) {
        memcpy(copy, p, n);
    }
    return copy;
}

void mem_free(void *p)
{
    free(p);
}
