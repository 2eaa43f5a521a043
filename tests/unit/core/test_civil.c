#include "bridge/core/civil.h"

#include "bridge/core/mem.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static void days_and_dates_agree_over_all_years(void **state)
{
    int32_t days = civil_days(1, 1, 1);
    int weekday = 1; /* 0001-01-01 is a Monday in the proleptic calendar */

    (void)state;
    assert_int_equal(days, -719162);
    for (int32_t year = 1; year <= 9999; year++) {
        for (int32_t month = 1; month <= 12; month++) {
            int length = civil_days_in_month(year, month);

            for (int32_t day = 1; day <= length; day++, days++, weekday = (weekday + 1) % 7) {
                struct civil c = civil_from_days(days);

                if (c.year != year || c.month != month || c.day != day ||
                    civil_days(year, month, day) != days || civil_weekday(days) != weekday) {
                    fail_msg("%d-%d-%d", year, month, day);
                }
            }
        }
    }
}

static void months_know_leap_years(void **state)
{
    (void)state;
    assert_int_equal(civil_days_in_month(1900, 2), 28);
    assert_int_equal(civil_days_in_month(2000, 2), 29);
    assert_int_equal(civil_days_in_month(2024, 2), 29);
    assert_int_equal(civil_days_in_month(2025, 2), 28);
    assert_int_equal(civil_days_in_month(2025, 0), 0);
    assert_int_equal(civil_days_in_month(2025, 13), 0);
}

static void seconds_before_1970_round_down(void **state)
{
    struct civil c = civil_from_seconds(-1);

    (void)state;
    assert_int_equal(c.year, 1969);
    assert_int_equal(c.hour, 23);
    assert_int_equal(c.second, 59);
    assert_int_equal(civil_to_seconds(&c), -1);
    assert_int_equal(civil_day_of_seconds(-1), -1);
    assert_int_equal(civil_day_of_seconds(-86400), -1);
    assert_int_equal(civil_day_of_seconds(-86401), -2);
    assert_int_equal(civil_day_of_seconds(0), 0);
    assert_int_equal(civil_day_of_seconds(86399), 0);
    assert_int_equal(civil_day_of_seconds(INT64_MAX), INT32_MAX);
    assert_int_equal(civil_day_of_seconds(INT64_MIN), INT32_MIN);
}

static void iso_reads_what_services_write(void **state)
{
    static const struct {
        const char *text;
        bool is_good, has_offset;
        int64_t micros;
    } cases[] = {
        { "1970-01-01T00:00:00Z", true, true, 0 },
        { "2016-04-22T05:44:01", true, false, 1461303841000000 },
        { "2016-04-22T05:44:01.8980614Z", true, true, 1461303841898061 },
        { "2016-04-22T05:44:01.1", true, false, 1461303841100000 },
        { "2016-04-22T05:44:01.123456789Z", true, true, 1461303841123456 },
        { "2016-04-22t05:44:01z", true, true, 1461303841000000 },
        { "2016-04-22T07:44:01+02:00", true, true, 1461303841000000 },
        { "2016-04-22T00:14:01-05:30", true, true, 1461303841000000 },
        { "1969-12-31T23:59:59.5Z", true, true, -500000 },
        { "2016-04-22", false, false, 0 },
        { "2016-04-22T05:44", false, false, 0 },
        { "2016-04-22 05:44:01", false, false, 0 },
        { "2016-04-22T05:44:01.", false, false, 0 },
        { "2016-04-22T05:44:01.1234567890", false, false, 0 },
        { "2016-04-22T05:44:01.Z", false, false, 0 },
        { "2016-04-22T05:44:01ZZ", false, false, 0 },
        { "2016-04-22T05:44:01+2:00", false, false, 0 },
        { "2016-04-22T05:44:01+02", false, false, 0 },
        { "2016-04-22T05:44:01+24:00", false, false, 0 },
        { "2016-04-22T05:44:01+02:60", false, false, 0 },
        { "2016-04-22T05:44:01+02:00x", false, false, 0 },
        { "2016-04-22T24:00:00", false, false, 0 },
        { "2016-04-22T05:60:00", false, false, 0 },
        { "2016-04-22T05:44:60", false, false, 0 },
        { "2016-02-30T05:44:01", false, false, 0 },
        { "2016-13-01T05:44:01", false, false, 0 },
        { "0000-01-01T00:00:00", false, false, 0 },
        { "+016-04-22T05:44:01", false, false, 0 },
        { "", false, false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str text = str_from(cases[i].text);
        int64_t micros = 0;
        bool has_offset = false;

        if (civil_parse_iso(text, &micros, &has_offset) != cases[i].is_good) {
            fail_msg("%s", cases[i].text);
        }
        assert_true(micros == cases[i].micros);
        assert_int_equal(has_offset, cases[i].has_offset);
        if (cases[i].is_good) { /* no shorter beginning reads beyond its end */
            for (size_t n = 0; n < text.n; n++) {
                char *part = mem_copy_text(text.p, n);

                (void)civil_parse_iso((struct str){ part, n }, &micros, &has_offset);
                mem_free(part);
            }
        }
    }
}

static void date_stands_alone(void **state)
{
    int32_t days = 7;

    (void)state;
    assert_true(civil_parse_date(S("1970-01-02"), &days));
    assert_int_equal(days, 1);
    assert_false(civil_parse_date(S("1970-01-02T"), &days));
    assert_false(civil_parse_date(S("1970-02-29"), &days));
    assert_false(civil_parse_date(S("1970-1-2"), &days));
    assert_false(civil_parse_date(S("19700102"), &days));
    assert_int_equal(days, 1);
}

static void format_writes_what_parse_reads(void **state)
{
    char text[24];
    int64_t micros;
    bool has_offset;

    (void)state;
    civil_format_iso(1461303841, text);
    assert_string_equal(text, "2016-04-22T05:44:01Z");
    assert_true(civil_parse_iso(str_from(text), &micros, &has_offset));
    assert_int_equal(micros, 1461303841000000);
    civil_format_iso(-62135596800, text);
    assert_string_equal(text, "0001-01-01T00:00:00Z");
    civil_format_iso(INT64_MAX, text); /* nonsense, but inside the 24 bytes */
    assert_true(strlen(text) < sizeof(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_and_dates_agree_over_all_years),
        cmocka_unit_test(months_know_leap_years),
        cmocka_unit_test(seconds_before_1970_round_down),
        cmocka_unit_test(iso_reads_what_services_write),
        cmocka_unit_test(date_stands_alone),
        cmocka_unit_test(format_writes_what_parse_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
