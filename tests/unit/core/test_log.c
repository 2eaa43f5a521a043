#include "bridge/core/log.h"

#include "bridge/core/clock.h"
#include "bridge/core/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static int pipe_ends[2];

/* What was written since the last call. */
static const char *logged(void)
{
    static char text[20000];
    ssize_t n;

    assert_int_equal(write(pipe_ends[1], "#", 1), 1); /* so that there is always something */
    n = read(pipe_ends[0], text, sizeof(text) - 1);
    assert_true(n > 0);
    text[n - 1] = '\0';
    return text;
}

static void line_has_time_event_level_pairs(void **state)
{
    (void)state;
    log_start(LOG_LEVEL_INFO, false, pipe_ends[1]);
    log_warn("upstream.throttled", LOG_TEXT("req", "7f3a"), LOG_INT("retry_after_s", 30),
        LOG_INT("n", -1));
    assert_string_equal(logged(), "t=2026-01-02T03:04:05Z ev=upstream.throttled level=warn "
                                  "req=7f3a retry_after_s=30 n=-1\n");
    log_start(LOG_LEVEL_INFO, true, pipe_ends[1]);
    log_error("x", LOG_TEXT("req", "7f3a"), LOG_INT("n", -5));
    assert_string_equal(logged(),
        "{\"t\":\"2026-01-02T03:04:05Z\",\"ev\":\"x\",\"level\":\"error\","
        "\"req\":\"7f3a\",\"n\":-5}\n");
}

static void level_decides_what_is_written(void **state)
{
    (void)state;
    log_start(LOG_LEVEL_WARN, false, pipe_ends[1]);
    log_info("no", LOG_INT("n", 1));
    log_debug("no", LOG_INT("n", 1));
    assert_string_equal(logged(), "");
    assert_false(log_is_on(LOG_LEVEL_INFO));
    log_start(LOG_LEVEL_DEBUG, false, pipe_ends[1]);
    log_debug("yes", LOG_INT("n", 1));
    assert_non_null(strstr(logged(), "ev=yes level=debug n=1\n"));
}

static void values_cannot_break_the_line(void **state)
{
    static const struct {
        struct str value;
        const char *text, *json;
    } cases[] = {
        { STR("plain"), "plain", "plain" },
        { STR(""), "\"\"", "" },
        { STR("a b"), "\"a b\"", "a b" },
        { STR("a=b"), "\"a=b\"", "a=b" },
        { STR("a\"b"), "\"a\\\"b\"", "a\\\"b" },
        { STR("a\\b"), "\"a\\\\b\"", "a\\\\b" },
        { STR("a\nev=b"), "\"a\\x0aev=b\"", "a\\u000aev=b" },
        { STR("\x1b[2J"), "\"\\x1b[2J\"", "\\u001b[2J" },
        { STR("a\0b"), "\"a\\x00b\"", "a\\u0000b" },
        { STR("\x7f"), "\"\\x7f\"", "\\u007f" },
        { STR("\xc3\xa4"), "\"\xc3\xa4\"", "\xc3\xa4" },
        { STR("\xc2\x9b"), "\"\\x9b\"", "\\u009b" },
        { STR("\xe4\xc3\xa4"), "\"\\xe4\\xc3\\xa4\"", "\\u00e4\\u00c3\\u00a4" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *end;

        log_start(LOG_LEVEL_INFO, false, pipe_ends[1]);
        log_info("x", LOG_STR("v", cases[i].value));
        end = strstr(logged(), " v=");
        assert_non_null(end);
        assert_memory_equal(end + 3, cases[i].text, strlen(cases[i].text));
        assert_string_equal(end + 3 + strlen(cases[i].text), "\n");
        log_start(LOG_LEVEL_INFO, true, pipe_ends[1]);
        log_info("x", LOG_STR("v", cases[i].value));
        end = strstr(logged(), ",\"v\":\"");
        assert_non_null(end);
        assert_memory_equal(end + 6, cases[i].json, strlen(cases[i].json));
        assert_string_equal(end + 6 + strlen(cases[i].json), "\"}\n");
    }
}

static void long_values_are_cut_between_characters(void **state)
{
    char value[1001] = "";
    const char *text;

    (void)state;
    log_start(LOG_LEVEL_INFO, false, pipe_ends[1]);
    memset(value, 'a', 1000);
    log_info("x", LOG_TEXT("v", value), LOG_INT("n", 1));
    text = strstr(logged(), " v=") + 3;
    assert_int_equal(strspn(text + 1, "a"), 300);
    assert_string_equal(text + 301, "...\" n=1\n");
    memcpy(value + 298, "\xf0\x9f\x98\x80", 4); /* byte 300 is inside */
    log_info("x", LOG_TEXT("v", value));
    text = strstr(logged(), " v=") + 3;
    assert_int_equal(strspn(text + 1, "a"), 298);
    assert_string_equal(text + 299, "...\"\n");
}

static void line_that_is_too_long_drops_pairs(void **state)
{
    char value[301] = "";
    struct log_pair pairs[30];
    const char *text;

    (void)state;
    memset(value, '\x01', 300); /* six bytes each in JSON */
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        pairs[i] = LOG_TEXT("v", value);
    }
    log_start(LOG_LEVEL_INFO, true, pipe_ends[1]);
    log_write(LOG_LEVEL_INFO, "x", pairs, ARRAY_LEN(pairs));
    text = logged();
    assert_true(strlen(text) > 6000 && strlen(text) <= 8192);
    assert_string_equal(text + strlen(text) - 9, "\\u0001\"}\n");
}

static void hash_stands_for_a_name(void **state)
{
    char first[9] = "";
    const char *text;

    (void)state;
    log_start(LOG_LEVEL_INFO, false, pipe_ends[1]);
    log_info("x", LOG_HASH("href", S("/dav/milk.ics")));
    text = strstr(logged(), " href=") + 6;
    assert_int_equal(strspn(text, "0123456789abcdef"), 8);
    assert_string_equal(text + 8, "\n");
    memcpy(first, text, 8);
    log_info("x", LOG_HASH("href", S("/dav/milk.ics")));
    assert_memory_equal(strstr(logged(), " href=") + 6, first, 8);
    log_info("x", LOG_HASH("href", S("/dav/bread.ics")));
    assert_memory_not_equal(strstr(logged(), " href=") + 6, first, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_has_time_event_level_pairs),
        cmocka_unit_test(level_decides_what_is_written),
        cmocka_unit_test(values_cannot_break_the_line),
        cmocka_unit_test(long_values_are_cut_between_characters),
        cmocka_unit_test(line_that_is_too_long_drops_pairs),
        cmocka_unit_test(hash_stands_for_a_name),
    };

    if (pipe(pipe_ends) < 0) {
        return 1;
    }
    clock_hold(1767323045000000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
