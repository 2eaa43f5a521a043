#include "bridge/upstream/service_date.h"

#include "bridge/core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* mapping.md 3.5 and 7.1: what came back, in which account zone, and the date that was meant. */
static void stored_instants_stand_for_the_date_that_was_meant(void **state)
{
    static const struct {
        const char *account, *date_time, *zone, *day;
    } cases[] = {
        { "America/Los_Angeles", "2016-04-23T07:00:00.0000000", "UTC", "2016-04-23" },
        { "America/Los_Angeles", "2016-05-02T21:00:00.0000000", "Pacific Standard Time",
            "2016-05-03" },
        { "America/Los_Angeles", "2016-05-04T21:00:00.0000000", "Pacific Standard Time",
            "2016-05-05" },
        { "America/New_York", "2016-04-26T04:00:00.0000000", "UTC", "2016-04-26" },
        { "America/Los_Angeles", "2016-04-26T04:00:00.0000000", "UTC", "2016-04-26" },
        { "Asia/Tokyo", "2016-04-26T04:00:00", "UTC", "2016-04-26" },
        { "Europe/Paris", "2026-07-14T22:00:00", "UTC", "2026-07-15" },
        { "Europe/Paris", "2026-01-14T23:00:00", "UTC", "2026-01-15" },
        { "Europe/Paris", "2026-03-28T23:00:00", "UTC", "2026-03-29" },
        { "Europe/Paris", "2026-03-29T22:00:00", "UTC", "2026-03-30" },
        { "Europe/Paris", "2026-10-24T22:00:00", "UTC", "2026-10-25" },
        { "Asia/Kathmandu", "2026-03-09T18:15:00", "UTC", "2026-03-10" },
        { "Asia/Kolkata", "2026-03-09T18:30:00", "UTC", "2026-03-10" },
        { "Pacific/Auckland", "2026-01-19T11:00:00", "UTC", "2026-01-20" },
        { "Pacific/Auckland", "2026-07-19T12:00:00", "UTC", "2026-07-20" },
        { "Pacific/Honolulu", "2024-10-24T10:00:00", "UTC", "2024-10-24" },
        { "Pacific/Kiritimati", "2024-10-23T10:00:00", "UTC", "2024-10-24" },
        { "Africa/Cairo", "2026-04-23T22:00:00", "UTC", "2026-04-24" },
        { "America/Santiago", "2026-09-06T04:00:00", "UTC", "2026-09-06" },
        { "America/Havana", "2024-11-03T04:00:00", "UTC", "2024-11-03" },
        { "America/Havana", "2024-11-03T05:00:00", "UTC", "2024-11-03" },
        { "America/New_York", "2026-07-14T22:00:00", "UTC", "2026-07-15" },
        { "America/Denver", "2021-09-27T00:00:00.0000000", "UTC", "2021-09-27" },
        { "America/Chicago", "2022-09-18T05:00:00.0000000", "UTC", "2022-09-18" },
        { "Europe/Paris", "2026-05-07T00:00:00", "tzone://Microsoft/Custom", "2026-05-07" },
        { "Europe/Paris", "2026-05-07T00:00:00", "tzone://Microsoft/Utc", "2026-05-07" },
        { "Europe/Paris", "2026-05-07T00:00:00", "No Such Standard Time", "2026-05-07" },
        { "Europe/Paris", "2026-05-07T00:00:00", "Asia/Tokyo", "2026-05-07" },
        { "Europe/Paris", "2026-05-07T00:00:00Z", "Tokyo Standard Time", "2026-05-07" },
        { "Europe/Paris", "1969-12-31T23:00:00", "UTC", "1970-01-01" },
        { "Europe/Paris", "1965-06-30T23:00:00", "UTC", "1965-07-01" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct zone *account = zone_find(str_from(cases[i].account));
        bool has_instant;
        int64_t instant;
        struct err err;
        char day[11];

        assert_non_null(account);
        assert_true(service_date_read(str_from(cases[i].date_time), str_from(cases[i].zone),
            account, &has_instant, &instant, &err));
        assert_true(has_instant);
        service_date_format(service_date_day(instant, account), day);
        if (!str_eq(str_from(day), str_from(cases[i].day))) {
            fail_msg("case %zu: %s is not %s", i, day, cases[i].day);
        }
    }
}

static void written_midnight_reads_back_as_the_same_date(void **state)
{
    static const char *const zones[] = { "America/Los_Angeles", "America/St_Johns", "Europe/Paris",
        "Africa/Cairo", "America/Santiago", "America/Havana", "Asia/Kolkata", "Asia/Kathmandu",
        "Pacific/Auckland", "Pacific/Chatham", "Pacific/Honolulu", "Pacific/Kiritimati",
        "Pacific/Apia", "UTC" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
        const struct zone *account = zone_find(str_from(zones[i]));

        /* Samoa's rules changed often before */
        for (int32_t day = civil_days(2022, 1, 1); day < civil_days(2030, 1, 1); day++) {
            char text[11];
            char date_time[32];
            bool has_instant;
            int64_t instant;
            struct err err;

            service_date_format(day, text);
            snprintf(date_time, sizeof(date_time), "%sT00:00:00.0000000", text);
            assert_true(service_date_read(str_from(date_time), service_date_zone_name(account),
                account, &has_instant, &instant, &err));
            if (service_date_day(instant, account) != day) {
                fail_msg("%s in %s", text, zones[i]);
            }
        }
    }
}

static void year_one_is_no_date_and_nonsense_is_an_error(void **state)
{
    static const char *const broken[] = { "", "2016-04-23", "2016-13-01T00:00:00", "yesterday",
        "2016-04-23T00:00:00.12345678901" };
    bool has_instant = true;
    int64_t instant;
    struct err err;

    (void)state;
    assert_true(service_date_read(
        S("0001-01-01T00:00:00.0000000"), S("UTC"), zone_utc(), &has_instant, &instant, &err));
    assert_false(has_instant);
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        assert_false(service_date_read(
            str_from(broken[i]), S("UTC"), zone_utc(), &has_instant, &instant, &err));
        assert_int_equal(err.kind, ERR_UPSTREAM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_instants_stand_for_the_date_that_was_meant),
        cmocka_unit_test(written_midnight_reads_back_as_the_same_date),
        cmocka_unit_test(year_one_is_no_date_and_nonsense_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
