#include "bridge/core/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static void memory_is_zeroed(void **state)
{
    unsigned char *p = (unsigned char *)mem_alloc_array(100, 10);

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(p[i], 0);
    }
    mem_free(p);
}

static void nothing_has_an_address_too(void **state)
{
    void *p = mem_alloc(0);

    (void)state;
    assert_non_null(p);
    p = mem_resize(p, 0, 8);
    assert_non_null(p);
    mem_free(p);
    mem_free(NULL);
}

static void resize_keeps_the_content(void **state)
{
    char *p = mem_copy_text("abc", 3);

    (void)state;
    p = (char *)mem_resize(p, 1000, 10);
    assert_string_equal(p, "abc");
    mem_free(p);
}

static void copy_text_ends_in_nul(void **state)
{
    char *p = mem_copy_text("a\0bcd", 3);
    char *empty = mem_copy_text(NULL, 0);

    (void)state;
    assert_memory_equal(p, "a\0b\0", 4);
    assert_string_equal(empty, "");
    mem_free(p);
    mem_free(empty);
}

static void product_that_overflows_ends_the_process(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);

        dup2(null, STDERR_FILENO); /* the last words are expected */
        mem_resize(NULL, SIZE_MAX / 2, 4);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void take_leaves_null_behind(void **state)
{
    char *p = mem_copy_text("x", 1);
    char *taken = TAKE(p);

    (void)state;
    assert_null(p);
    assert_string_equal(taken, "x");
    mem_free(taken);
}

struct outer {
    int before;
    struct {
        int x;
    } inner;
};

static void container_is_found_from_its_member(void **state)
{
    struct outer outer = { 0 };

    (void)state;
    assert_ptr_equal(CONTAINER_OF(&outer.inner, struct outer, inner), &outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed),
        cmocka_unit_test(nothing_has_an_address_too),
        cmocka_unit_test(resize_keeps_the_content),
        cmocka_unit_test(copy_text_ends_in_nul),
        cmocka_unit_test(product_that_overflows_ends_the_process),
        cmocka_unit_test(take_leaves_null_behind),
        cmocka_unit_test(container_is_found_from_its_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
