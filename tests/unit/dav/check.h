#pragma once
/** What all tests of this folder include: cmocka with what it needs, and a comparison of views. */
#include "bridge/core/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs the four at the top */
#include <cmocka.h>

static inline void check_str(struct str got, const char *want, const char *file, int line)
{
    if (got.n != strlen(want) || memcmp(got.n > 0 ? got.p : "", want, got.n) != 0) {
        print_error("got '%.*s', want '%s'\n", STR_ARG(got), want);
        _fail(file, line);
    }
}
#define assert_str(got, want) check_str(got, want, __FILE__, __LINE__)
