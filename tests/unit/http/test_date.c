#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/core/clock.h"
#include "bridge/core/mem.h"
#include "http/date.h"

static void dates_of_all_three_forms_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
        { "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 }, { "Sun Nov  6 08:49:37 1994", 784111777 },
        { "Thu, 01 Jan 1970 00:00:00 GMT", 0 }, { "Thu, 29 Feb 2024 23:59:59 GMT", 1709251199 },
        { "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 }, /* a leap second */
        { "Wed Nov 16 08:49:37 1994", 784975777 },
        { "Tuesday, 01-Jan-30 00:00:00 GMT", 1893456000 }, /* ahead of 2026 */
        { "Friday, 01-Jan-76 00:00:00 GMT", 3345062400 },  /* exactly fifty years ahead */
        { "Saturday, 01-Jan-77 00:00:00 GMT", 220924800 }, /* more: the past */
        { "Mon, 06 Nov 1994 08:49:37 GMT", 784111777 },    /* the day of the week is not checked */
    };
    (void)state;
    clock_hold(INT64_C(1790000000) * 1000000); /* 2026 */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t seconds = -1;
        if (!http_date_parse(str_from(cases[i].text), &seconds)) {
            fail_msg("refused: %s", cases[i].text);
        }
        assert_int_equal(seconds, cases[i].seconds);
    }
}

static void what_is_no_date_is_refused(void **state)
{
    static const char *const cases[] = { "", "Sun", "Sun, ", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 29 Feb 2023 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994", "Sun Nov 06 08:49:37 94", "Sun Nov  16 08:49:37 1994",
        "Xyz, 06 Nov 1994 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT", "784111777",
        "Sun, 06 Nov 1994 8:49:37 GMT" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t seconds;
        if (http_date_parse(str_from(cases[i]), &seconds)) {
            fail_msg("accepted: %s", cases[i]);
        }
    }
}

static void a_written_date_is_read_back(void **state)
{
    static const int64_t cases[] = { 784111777, 0, -1, -86400 * 365, 1709251199, 253402300799 };
    char text[30];
    (void)state;
    http_date_format(784111777, text);
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t seconds;
        http_date_format(cases[i], text);
        assert_true(http_date_parse(str_from(text), &seconds));
        assert_int_equal(seconds, cases[i]);
    }
}

static void retry_after_is_seconds_or_a_date(void **state)
{
    static const struct {
        const char *text;
        int seconds; /* -1: refused */
    } cases[] = { { "0", 0 }, { "30", 30 }, { " 30 ", 30 }, { "1.5", 2 }, { "1.0", 1 },
        { "0.001", 1 }, { "86400", 86400 }, { "86401", 86400 }, { "86399.5", 86400 },
        { "86400.5", 86400 }, { "99999999999999999999", 86400 },
        { "Sun, 06 Nov 1994 08:49:37 GMT", 37 }, { "Sun, 06 Nov 1994 08:49:00 GMT", 0 },
        { "Sun, 06 Nov 1994 08:00:00 GMT", 0 }, { "Sun, 06 Nov 2094 08:00:00 GMT", 86400 },
        { "", -1 }, { "-1", -1 }, { "1.", -1 }, { ".5", -1 }, { "1.x", -1 }, { "1s", -1 },
        { "soon", -1 }, { "1 2", -1 } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        unsigned seconds = 0;
        bool is_ok = http_retry_after_parse(str_from(cases[i].text), 784111740, &seconds);
        if (is_ok != (cases[i].seconds >= 0) || (is_ok && seconds != (unsigned)cases[i].seconds)) {
            fail_msg("'%s' gives %u", cases[i].text, seconds);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_of_all_three_forms_are_read),
        cmocka_unit_test(what_is_no_date_is_refused),
        cmocka_unit_test(a_written_date_is_read_back),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
