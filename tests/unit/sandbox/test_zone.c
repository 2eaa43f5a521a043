#include "bridge/sandbox/zone.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static int64_t seconds(const char *iso)
{
    int64_t micros = 0;
    bool has_offset = false;

    assert_true(civil_parse_iso(str_from(iso), &micros, &has_offset));
    return micros / CIVIL_MICROS;
}

/* Known instants: the seed's own examples, both sides of changes, years beyond the tables. */
static void zones_know_their_offsets(void **state)
{
    static const struct {
        const char *zone, *utc, *local;
    } cases[] = {
        { "UTC", "2016-04-26T04:00:00", "2016-04-26T04:00:00" },
        { "Eastern Standard Time", "2016-04-26T04:00:00", "2016-04-26T00:00:00" },
        { "Pacific Standard Time", "2016-04-23T07:00:00", "2016-04-23T00:00:00" },
        { "Pacific Standard Time", "2016-12-23T08:00:00", "2016-12-23T00:00:00" },
        { "W. Europe Standard Time", "2026-03-29T00:59:59", "2026-03-29T01:59:59" },
        { "W. Europe Standard Time", "2026-03-29T01:00:00", "2026-03-29T03:00:00" },
        { "W. Europe Standard Time", "2026-10-25T00:59:59", "2026-10-25T02:59:59" },
        { "W. Europe Standard Time", "2026-10-25T01:00:00", "2026-10-25T02:00:00" },
        { "Romance Standard Time", "2050-07-01T00:00:00", "2050-07-01T02:00:00" },
        { "Romance Standard Time", "2050-12-01T00:00:00", "2050-12-01T01:00:00" },
        { "Europe/Paris", "2087-03-30T01:00:00", "2087-03-30T03:00:00" },
        { "AUS Eastern Standard Time", "2050-01-01T00:00:00", "2050-01-01T11:00:00" },
        { "AUS Eastern Standard Time", "2050-07-01T00:00:00", "2050-07-01T10:00:00" },
        { "New Zealand Standard Time", "2026-01-01T00:00:00", "2026-01-01T13:00:00" },
        { "India Standard Time", "2026-01-01T00:00:00", "2026-01-01T05:30:00" },
        { "Nepal Standard Time", "2026-01-01T00:00:00", "2026-01-01T05:45:00" },
        { "Newfoundland Standard Time", "2026-07-01T00:00:00", "2026-06-30T21:30:00" },
        { "UTC-11", "2026-01-01T00:00:00", "2025-12-31T13:00:00" },
        { "Line Islands Standard Time", "2026-01-01T00:00:00", "2026-01-01T14:00:00" },
        { "Etc/GMT+12", "2026-01-01T00:00:00", "2025-12-31T12:00:00" },
        { "Tokyo Standard Time", "1960-01-01T00:00:00", "1960-01-01T09:00:00" },
    };
    struct sbx_zones *zones = sbx_zones_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct sbx_zone *zone = sbx_zones_find(zones, str_from(cases[i].zone));

        assert_non_null(zone);
        if (sbx_zone_to_local(zone, seconds(cases[i].utc)) != seconds(cases[i].local)) {
            fail_msg("%s at %s", cases[i].zone, cases[i].utc);
        }
    }
    sbx_zones_free(&zones);
}

static void midnights_that_are_skipped_or_doubled_are_the_first_instant_of_the_day(void **state)
{
    static const struct {
        const char *zone, *date, *utc;
    } cases[] = {
        { "Eastern Standard Time", "2016-04-26", "2016-04-26T04:00:00" },
        { "Romance Standard Time", "2026-03-29", "2026-03-28T23:00:00" },
        { "Romance Standard Time", "2026-10-25", "2026-10-24T22:00:00" },
        { "Cuba Standard Time", "2026-03-08", "2026-03-08T05:00:00" }, /* 00:00 is 01:00 */
        { "Cuba Standard Time", "2026-11-01", "2026-11-01T04:00:00" }, /* 00:00 comes twice */
        { "Middle East Standard Time", "2026-03-29", "2026-03-28T22:00:00" },
        { "Pacific SA Standard Time", "2026-09-06", "2026-09-06T04:00:00" },
        { "Azores Standard Time", "2026-10-25", "2026-10-25T00:00:00" },
    };
    struct sbx_zones *zones = sbx_zones_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct sbx_zone *zone = sbx_zones_find(zones, str_from(cases[i].zone));
        int32_t day = 0;
        char text[24];

        assert_non_null(zone);
        assert_true(civil_parse_date(str_from(cases[i].date), &day));
        civil_format_iso(sbx_zone_midnight(zone, day), text);
        if (!str_eq(str_first(str_from(text), 19), str_from(cases[i].utc))) {
            fail_msg("%s %s: %s", cases[i].zone, cases[i].date, text);
        }
        assert_int_equal(sbx_zone_day(zone, sbx_zone_midnight(zone, day)), day);
    }
    sbx_zones_free(&zones);
}

static void every_accepted_name_has_rules(void **state)
{
    static const char *const names[] = { "Dateline Standard Time", "Morocco Standard Time",
        "Greenland Standard Time", "Myanmar Standard Time", "FLE Standard Time", "Europe/Kiev",
        "Asia/Rangoon", "America/Santa_Isabel", "America/Godthab", "Pacific/Kiritimati" };
    struct sbx_zones *zones = sbx_zones_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct sbx_zone *zone = sbx_zones_find(zones, str_from(names[i]));

        assert_non_null(zone);
        assert_true(str_eq(sbx_zone_name(zone), str_from(names[i])));
        assert_ptr_equal(zone, sbx_zones_find(zones, str_from(names[i])));
    }
    sbx_zones_free(&zones);
}

static void other_names_are_refused(void **state)
{
    struct sbx_zones *zones = sbx_zones_new();

    (void)state;
    assert_null(sbx_zones_find(zones, S("")));
    assert_null(sbx_zones_find(zones, S("Europe/Vienna")));
    assert_null(sbx_zones_find(zones, S("eastern standard time")));
    assert_null(sbx_zones_find(zones, S("tzone://Microsoft/Custom")));
    assert_non_null(sbx_zones_find_any(zones, S("Europe/Vienna")));
    assert_null(sbx_zones_find_any(zones, S("../zoneinfo/Europe/Vienna")));
    assert_null(sbx_zones_find_any(zones, S("/etc/passwd")));
    assert_null(sbx_zones_find_any(zones, S("tzdata.zi"))); /* no zone */
    assert_null(sbx_zones_find_any(zones, S("Europe")));
    sbx_zones_free(&zones);
}

static void a_local_time_and_its_instant_agree(void **state)
{
    static const char *const names[] = { "Romance Standard Time", "Cuba Standard Time",
        "Lord Howe Standard Time", "Iran Standard Time" };
    struct sbx_zones *zones = sbx_zones_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct sbx_zone *zone = sbx_zones_find(zones, str_from(names[i]));
        int64_t start = seconds("2026-01-01T00:00:00");

        for (int64_t hour = 0; hour < 366L * 24 * 30; hour += 7) {
            int64_t local = sbx_zone_to_local(zone, start + hour * 3600);

            assert_int_equal(sbx_zone_to_local(zone, sbx_zone_to_utc(zone, local)), local);
        }
    }
    sbx_zones_free(&zones);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zones_know_their_offsets),
        cmocka_unit_test(midnights_that_are_skipped_or_doubled_are_the_first_instant_of_the_day),
        cmocka_unit_test(every_accepted_name_has_rules),
        cmocka_unit_test(other_names_are_refused),
        cmocka_unit_test(a_local_time_and_its_instant_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
