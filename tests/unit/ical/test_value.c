#include "ical/value.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

struct time_case {
    const char *text;
    bool is_fine;
    int32_t year, month, day, second;
    bool has_time, is_utc;
};

static void times_are_read_and_written(void **state)
{
    static const struct time_case rows[] = {
        { "20260506", true, 2026, 5, 6, 0, false, false },
        { "20260506T180030", true, 2026, 5, 6, 64830, true, false },
        { "20260506T235959Z", true, 2026, 5, 6, 86399, true, true },
        { " 20260506T000000Z ", true, 2026, 5, 6, 0, true, true },
        { "20260229", false, 0, 0, 0, 0, false, false },
        { "2026-05-06", false, 0, 0, 0, 0, false, false },
        { "20260506T1800", false, 0, 0, 0, 0, false, false },
        { "20260506T250000", false, 0, 0, 0, 0, false, false },
        { "20260506T180000+01", false, 0, 0, 0, 0, false, false },
        { "", false, 0, 0, 0, 0, false, false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct value_time time;
        char text[VALUE_TIME_TEXT];

        assert_int_equal(value_parse_time(str_from(rows[i].text), &time), rows[i].is_fine);
        if (rows[i].is_fine) {
            assert_int_equal(time.day, civil_days(rows[i].year, rows[i].month, rows[i].day));
            assert_int_equal(time.second, rows[i].second);
            assert_int_equal(time.has_time, rows[i].has_time);
            assert_int_equal(time.is_utc, rows[i].is_utc);
            assert_true(str_eq(value_format_time(&time, text), str_trim(str_from(rows[i].text))));
        }
    }
}

struct duration_case {
    const char *text;
    bool is_fine;
    int64_t days, seconds;
};

static void durations_are_read(void **state)
{
    static const struct duration_case rows[] = {
        { "P3D", true, 3, 0 },
        { "-PT15M", true, 0, -900 },
        { "+P1DT2H3M4S", true, 1, 7384 },
        { "P2W", true, 14, 0 },
        { "-P0D", true, 0, 0 },
        { "PT0S", true, 0, 0 },
        { "-P1DT", true, -1, 0 },
        { "P", false, 0, 0 },
        { "PT", false, 0, 0 },
        { "P1H", false, 0, 0 },
        { "PT1D", false, 0, 0 },
        { "1D", false, 0, 0 },
        { "P99999999999D", false, 0, 0 },
        { "", false, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct value_duration duration;

        assert_int_equal(value_parse_duration(str_from(rows[i].text), &duration), rows[i].is_fine);
        if (rows[i].is_fine) {
            assert_int_equal(duration.days, rows[i].days);
            assert_int_equal(duration.seconds, rows[i].seconds);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_and_written),
        cmocka_unit_test(durations_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
