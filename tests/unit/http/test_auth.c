#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/core/mem.h"
#include "http/auth.h"

#include <string.h>

static void basic_credentials_are_read(void **state)
{
    static const struct {
        const char *header, *user, *password;
    } cases[] = {
        { "Basic YWxpY2U6c2VjcmV0", "alice", "secret" },
        { "basic YTpi", "a", "b" },
        { "BASIC  YTpiYw== ", "a", "bc" },
        { "Basic YTpiY2Q=", "a", "bcd" },
        { "Basic Og==", "", "" },
        { "Basic YTpiOmM=", "a", "b:c" },
        { "Basic w6Q6w7Y=", "\xc3\xa4", "\xc3\xb6" },
        { "Basic YTo/Pj8+", "a", "?>?>" },
        { "Basic dUB4Lm9yZzo=", "u@x.org", "" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        struct http_basic basic;
        if (!http_basic_parse(str_from(cases[i].header), arena, &basic)) {
            fail_msg("refused: %s", cases[i].header);
        }
        assert_true(str_eq(basic.user, str_from(cases[i].user)));
        assert_true(str_eq(basic.password, str_from(cases[i].password)));
        arena_free(&arena);
    }
}

static void malformed_credentials_are_refused(void **state)
{
    static const char *const cases[] = { "", "Basic", "Basic ", "BasicYTpi", "Bearer YTpi",
        "Basic YTp", "Basic YTpi=", "Basic YTpiYw=", "Basic YTpiYw", "Basic YTp=Yw==", "Basic ====",
        "Basic Y===", "Basic YTpiYx==", "Basic YTpiY2R=", "Basic YTp-", "Basic YT pi",
        "Basic YTpi,x", "Basic YWxpY2U=" /* no colon */, "Basic YTr/" /* not UTF-8 */,
        "Basic YToKCg==" /* line ends */, "Basic YTox\xff" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        struct http_basic basic;
        if (http_basic_parse(str_from(cases[i]), arena, &basic)) {
            fail_msg("accepted: %s", cases[i]);
        }
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basic_credentials_are_read),
        cmocka_unit_test(malformed_credentials_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
