#include "bridge/sandbox/series.h"

#include "bridge/core/arena.h"
#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/core/str.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static bool read(const char *pattern, const char *range, struct sbx_series *out)
{
    struct sbx_refusal refusal = { 0 };
    char text[600];
    cJSON *json = NULL;
    bool is_read = false;

    snprintf(text, sizeof(text), "{\"Pattern\":{%s},\"Range\":{%s}}", pattern, range);
    json = cJSON_Parse(text);
    assert_non_null(json);
    is_read = sbx_series_read(json, out, &refusal);
    cJSON_Delete(json);
    assert_int_equal(is_read, refusal.status == 0);
    return is_read;
}

/* The first dates of a series, as "2026-05-04 2026-05-11 ...", at most n. */
static void dates(const struct sbx_series *series, int n, char out[400])
{
    int32_t day = series->start_day;
    size_t used = 0;

    out[0] = '\0';
    for (int i = 0; i < n && sbx_series_find(series, day, &day); i++, day++) {
        struct civil c = civil_from_days(day);

        used += (size_t)snprintf(
            out + used, 400 - used, "%s%04d-%02d-%02d", i > 0 ? " " : "", c.year, c.month, c.day);
    }
}

static void each_pattern_gives_its_dates(void **state)
{
    static const struct {
        const char *pattern, *range, *dates;
    } cases[] = {
        { "\"Type\":\"Daily\",\"Interval\":3", "\"Type\":\"NoEnd\",\"StartDate\":\"2026-02-26\"",
            "2026-02-26 2026-03-01 2026-03-04 2026-03-07" },
        { "\"Type\":\"Weekly\",\"Interval\":1,\"DaysOfWeek\":[\"Monday\",\"Friday\"],"
          "\"FirstDayOfWeek\":\"Monday\"",
            "\"Type\":\"NoEnd\",\"StartDate\":\"2026-05-05\"",
            "2026-05-08 2026-05-11 2026-05-15 2026-05-18" },
        /* RFC 5545's example of what the first day of the week decides */
        { "\"Type\":\"Weekly\",\"Interval\":2,\"DaysOfWeek\":[\"Tuesday\",\"Sunday\"],"
          "\"FirstDayOfWeek\":\"Monday\"",
            "\"Type\":\"Numbered\",\"NumberOfOccurrences\":4,\"StartDate\":\"1997-08-05\"",
            "1997-08-05 1997-08-10 1997-08-19 1997-08-24" },
        { "\"Type\":\"Weekly\",\"Interval\":2,\"DaysOfWeek\":[\"Tuesday\",\"Sunday\"],"
          "\"FirstDayOfWeek\":\"Sunday\"",
            "\"Type\":\"Numbered\",\"NumberOfOccurrences\":4,\"StartDate\":\"1997-08-05\"",
            "1997-08-05 1997-08-17 1997-08-19 1997-08-31" },
        { "\"Type\":\"AbsoluteMonthly\",\"Interval\":1,\"DayOfMonth\":31",
            "\"Type\":\"NoEnd\",\"StartDate\":\"2026-01-31\"",
            "2026-01-31 2026-02-28 2026-03-31 2026-04-30" },
        { "\"Type\":\"AbsoluteMonthly\",\"Interval\":5,\"DayOfMonth\":10",
            "\"Type\":\"NoEnd\",\"StartDate\":\"2026-10-11\"",
            "2027-03-10 2027-08-10 2028-01-10 2028-06-10" },
        { "\"Type\":\"RelativeMonthly\",\"Interval\":1,\"DaysOfWeek\":[\"Tuesday\"],"
          "\"Index\":\"Second\"",
            "\"Type\":\"NoEnd\",\"StartDate\":\"2026-05-01\"",
            "2026-05-12 2026-06-09 2026-07-14 2026-08-11" },
        { "\"Type\":\"RelativeMonthly\",\"Interval\":1,\"DaysOfWeek\":[\"Monday\",\"Tuesday\","
          "\"Wednesday\",\"Thursday\",\"Friday\"],\"Index\":\"Last\"",
            "\"Type\":\"NoEnd\",\"StartDate\":\"2026-05-01\"",
            "2026-05-29 2026-06-30 2026-07-31 2026-08-31" },
        { "\"Type\":\"RelativeMonthly\",\"Interval\":2,\"DaysOfWeek\":[\"Saturday\",\"Sunday\"]",
            "\"Type\":\"NoEnd\",\"StartDate\":\"2026-05-01\"",
            "2026-05-02 2026-07-04 2026-09-05 2026-11-01" },
        { "\"Type\":\"AbsoluteYearly\",\"Interval\":1,\"DayOfMonth\":29,\"Month\":2",
            "\"Type\":\"NoEnd\",\"StartDate\":\"2026-01-01\"",
            "2026-02-28 2027-02-28 2028-02-29 2029-02-28" },
        { "\"Type\":\"RelativeYearly\",\"Interval\":1,\"DaysOfWeek\":[\"Thursday\"],"
          "\"Index\":\"Fourth\",\"Month\":11",
            "\"Type\":\"NoEnd\",\"StartDate\":\"2026-12-01\"",
            "2027-11-25 2028-11-23 2029-11-22 2030-11-28" },
        { "\"Type\":\"Daily\",\"Interval\":1",
            "\"Type\":\"EndDate\",\"StartDate\":\"2026-05-04\",\"EndDate\":\"2026-05-05\"",
            "2026-05-04 2026-05-05" },
        { "\"Type\":\"Daily\",\"Interval\":1",
            "\"Type\":\"Numbered\",\"StartDate\":\"2026-05-04\",\"NumberOfOccurrences\":1",
            "2026-05-04" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sbx_series series = { 0 };
        char found[400];

        assert_true(read(cases[i].pattern, cases[i].range, &series));
        dates(&series, 4, found);
        assert_string_equal(found, cases[i].dates);
    }
}

static void what_is_written_is_read_back(void **state)
{
    struct sbx_refusal refusal = { 0 };
    struct sbx_series series = { 0 };
    struct sbx_series again = { 0 };
    cJSON *json = NULL;

    (void)state;
    assert_true(read("\"Type\":\"RelativeYearly\",\"Interval\":1,\"DaysOfWeek\":[\"Friday\"],"
                     "\"Index\":\"Last\",\"Month\":11",
        "\"Type\":\"EndDate\",\"StartDate\":\"2026-12-01\",\"EndDate\":\"2030-01-01\"", &series));
    json = sbx_series_write(&series);
    assert_true(sbx_series_read(json, &again, &refusal));
    cJSON_Delete(json);
    assert_memory_equal(&series, &again, sizeof(series));
}

/* What answers show for unused members may come back; anything else may not. */
static void only_members_of_the_pattern_are_taken(void **state)
{
    static const struct {
        const char *pattern;
        bool is_fine;
    } cases[] = {
        { "\"Type\":\"Daily\",\"Interval\":1,\"Month\":0,\"DayOfMonth\":0,\"DaysOfWeek\":[],"
          "\"FirstDayOfWeek\":\"Sunday\",\"Index\":\"First\"",
            true },
        { "\"Type\":\"Daily\",\"Interval\":1,\"Month\":5", false },
        { "\"Type\":\"Daily\",\"Interval\":1,\"FirstDayOfWeek\":\"Monday\"", false },
        { "\"Type\":\"Daily\"", false },
        { "\"Type\":\"Daily\",\"Interval\":1.5", false },
        { "\"Type\":\"Daily\",\"Interval\":1000", false },
        { "\"Type\":\"Weekly\",\"Interval\":1", false },
        { "\"Type\":\"AbsoluteMonthly\",\"Interval\":1,\"DayOfMonth\":32", false },
        { "\"Type\":\"AbsoluteYearly\",\"Interval\":1,\"DayOfMonth\":3", false },
        { "\"Type\":\"RelativeYearly\",\"Interval\":1,\"Month\":3", false },
        { "\"Type\":\"AbsoluteYearly\",\"Interval\":1,\"DayOfMonth\":3,\"Month\":13", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sbx_series series = { 0 };

        assert_int_equal(
            read(cases[i].pattern, "\"Type\":\"NoEnd\",\"StartDate\":\"2026-05-01\"", &series),
            cases[i].is_fine);
    }
}

static void a_series_without_any_date_is_refused(void **state)
{
    struct sbx_series series = { 0 };

    (void)state;
    assert_false(read("\"Type\":\"Weekly\",\"Interval\":1,\"DaysOfWeek\":[\"Monday\"]",
        "\"Type\":\"EndDate\",\"StartDate\":\"2026-05-05\",\"EndDate\":\"2026-05-10\"", &series));
}

static void a_series_ends_with_the_calendar(void **state)
{
    struct sbx_series series = { 0 };
    int32_t day = 0;

    (void)state;
    assert_true(read("\"Type\":\"Daily\",\"Interval\":999",
        "\"Type\":\"NoEnd\",\"StartDate\":\"9998-01-01\"", &series));
    assert_false(sbx_series_find(&series, civil_days(9999, 12, 31), &day));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pattern_gives_its_dates),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(only_members_of_the_pattern_are_taken),
        cmocka_unit_test(a_series_without_any_date_is_refused),
        cmocka_unit_test(a_series_ends_with_the_calendar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
