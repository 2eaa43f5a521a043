#include "ical/zone.h"

#include "bridge/core/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
/* cmocka needs the four above */
#include <cmocka.h>

static int64_t seconds(const char *iso)
{
    int64_t micros;
    bool has_offset;

    assert_true(civil_parse_iso(str_from(iso), &micros, &has_offset));
    return micros / CIVIL_MICROS;
}

struct wall_case {
    const char *zone;
    const char *wall;
    const char *instant;
};

static void walls_become_instants(void **state)
{
    static const struct wall_case rows[] = {
        { "Europe/Paris", "2026-01-15T00:00:00Z", "2026-01-14T23:00:00Z" },
        { "Europe/Paris", "2026-07-15T00:00:00Z", "2026-07-14T22:00:00Z" },
        { "Europe/Paris", "2026-03-29T02:30:00Z", "2026-03-29T01:30:00Z" }, /* gap */
        { "Europe/Paris", "2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z" }, /* fold: the first */
        { "Africa/Cairo", "2026-04-24T00:00:00Z", "2026-04-23T22:00:00Z" }, /* gap at midnight */
        { "America/Santiago", "2026-09-06T00:00:00Z", "2026-09-06T04:00:00Z" },
        { "America/Havana", "2024-11-03T00:00:00Z", "2024-11-03T04:00:00Z" }, /* fold at midnight */
        { "Pacific/Auckland", "2026-01-20T00:00:00Z", "2026-01-19T11:00:00Z" },
        { "Pacific/Apia", "2011-12-30T12:00:00Z",
            "2011-12-30T22:00:00Z" }, /* the day that was not */
        { "America/St_Johns", "2026-02-03T00:00:00Z", "2026-02-03T03:30:00Z" },
        { "Asia/Kathmandu", "2026-03-10T00:00:00Z", "2026-03-09T18:15:00Z" },
        { "Europe/Paris", "2400-07-01T00:00:00Z", "2400-06-30T22:00:00Z" }, /* by the rule */
        { "Australia/Sydney", "2300-01-01T00:00:00Z", "2299-12-31T13:00:00Z" },
        { "Europe/Dublin", "2100-07-01T00:00:00Z", "2100-06-30T23:00:00Z" }, /* negative DST */
        { "UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct zone *zone = zone_find(str_from(rows[i].zone));

        assert_non_null(zone);
        if (zone_to_instant(zone, seconds(rows[i].wall)) != seconds(rows[i].instant)) {
            fail_msg("%s %s", rows[i].zone, rows[i].wall);
        }
    }
}

static void zones_agree_with_the_c_library(void **state)
{
    static const char *const names[] = { "Europe/Paris", "America/New_York", "Pacific/Auckland",
        "Asia/Tokyo", "America/Sao_Paulo", "Africa/Casablanca", "Australia/Lord_Howe",
        "Europe/Dublin", "America/Nuuk", "Asia/Gaza" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct zone *zone = zone_find(str_from(names[i]));

        assert_non_null(zone);
        setenv("TZ", names[i], 1);
        tzset();
        for (int64_t t = seconds("1950-01-01T00:00:00Z"); t < seconds("2120-01-01T00:00:00Z");
             t += 1234567) {
            time_t clock = (time_t)t;
            struct tm tm;

            localtime_r(&clock, &tm);
            if (zone_offset_at(zone, t) != tm.tm_gmtoff) {
                fail_msg("%s at %lld", names[i], (long long)t);
            }
        }
    }
    unsetenv("TZ");
    tzset();
}

struct name_case {
    const char *name;
    const char *iana;
    const char *windows;
};

static void names_of_both_kinds_are_known(void **state)
{
    static const struct name_case rows[] = {
        { "Europe/Paris", "Europe/Paris", "Romance Standard Time" },
        { "romance standard time", "Europe/Paris", "Romance Standard Time" },
        { "Europe/Madrid", "Europe/Madrid", "Romance Standard Time" },
        { "Asia/Kolkata", "Asia/Kolkata", "India Standard Time" },
        { "Asia/Kathmandu", "Asia/Kathmandu", "Nepal Standard Time" },
        { "Pacific/Kiritimati", "Pacific/Kiritimati", "Line Islands Standard Time" },
        { "America/Havana", "America/Havana", "Cuba Standard Time" },
        { "W. Europe Standard Time", "Europe/Berlin", "W. Europe Standard Time" },
        { "UTC", "UTC", "UTC" },
        { "Etc/UTC", "UTC", "UTC" },
    };
    static const char *const unknown[] = { "", "Nowhere/Zone", "../../etc/passwd", "/etc/passwd",
        "tzone://Microsoft/Custom", "Europe", "zone.tab", "tzdata.zi" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct zone *zone = zone_find(str_from(rows[i].name));

        if (zone == NULL || !str_eq(zone_name(zone), str_from(rows[i].iana)) ||
            !str_eq(zone_windows_name(zone), str_from(rows[i].windows))) {
            fail_msg("%s", rows[i].name);
        }
        assert_ptr_equal(zone_find(str_from(rows[i].name)), zone);
    }
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        assert_null(zone_find(str_from(unknown[i])));
    }
}

static void vendors_put_prefixes_before_a_name(void **state)
{
    (void)state;
    assert_ptr_equal(
        zone_find_tzid(S("/mozilla.org/20050126_1/Europe/Berlin")), zone_find(S("Europe/Berlin")));
    assert_ptr_equal(
        zone_find_tzid(S("/freeassociation.sourceforge.net/Tzfile/America/Argentina/Ushuaia")),
        zone_find(S("America/Argentina/Ushuaia")));
    assert_null(zone_find_tzid(S("/a/b/c")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walls_become_instants),
        cmocka_unit_test(zones_agree_with_the_c_library),
        cmocka_unit_test(names_of_both_kinds_are_known),
        cmocka_unit_test(vendors_put_prefixes_before_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
