#include "ical/recur.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include <libical/ical.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* cmocka needs the four above */
#include <cmocka.h>

static int32_t day(const char *date)
{
    int32_t days;

    assert_true(civil_parse_date(str_from(date), &days));
    return days;
}

struct expansion {
    const char *start;
    const char *rule;
    const char *dates; /**< the first ones */
};

static void rules_of_the_standard_expand(void **state)
{
    static const struct expansion rows[] = {
        { "1997-09-02", "FREQ=DAILY;COUNT=3", "1997-09-02 1997-09-03 1997-09-04 end" },
        { "1997-08-05", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
            "1997-08-05 1997-08-10 1997-08-19 1997-08-24 end" },
        { "1997-08-05", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
            "1997-08-05 1997-08-17 1997-08-19 1997-08-31 end" },
        { "1997-09-05", "FREQ=MONTHLY;COUNT=3;BYDAY=1FR", "1997-09-05 1997-10-03 1997-11-07 end" },
        { "1997-09-22", "FREQ=MONTHLY;COUNT=2;BYDAY=-2MO", "1997-09-22 1997-10-20 end" },
        { "1997-09-28", "FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28 1997-10-29 1997-11-28" },
        { "1997-05-12", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12 1998-05-11 1999-05-17" },
        { "1997-05-19", "FREQ=YEARLY;BYDAY=20MO", "1997-05-19 1998-05-18 1999-05-17" },
        { "1997-01-01", "FREQ=YEARLY;INTERVAL=3;COUNT=4;BYYEARDAY=1,100,200",
            "1997-01-01 1997-04-10 1997-07-19 2000-01-01 end" },
        { "1997-09-30", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "1997-09-30 1997-10-31 1997-11-28" },
        { "1996-11-05", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            "1996-11-05 2000-11-07 2004-11-02" },
        { "2026-01-31", "FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-31 2026-03-31 2026-05-31" },
        { "2026-01-31", "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;BYMONTHDAY=31",
            "2026-01-31 2026-02-28 2026-03-31" },
        { "2024-02-29", "FREQ=YEARLY", "2024-02-29 2028-02-29" },
        { "2026-03-03", "FREQ=WEEKLY;BYDAY=MO", "2026-03-09 2026-03-16" },
        { "2026-03-02", "FREQ=YEARLY;BYMONTH=1,7", "2026-07-02 2027-01-02" },
        { "2026-03-02", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "end" },
        { "2026-03-02", "FREQ=HOURLY", "end" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct recur rule;
        struct recur_iterator iterator;
        struct str rest = str_from(rows[i].dates);
        struct str word;
        int32_t got;

        assert_true(recur_parse(str_from(rows[i].rule), &rule));
        recur_start(&iterator, &rule, day(rows[i].start), INT32_MAX);
        while (str_next(&rest, ' ', &word)) {
            bool has_more = recur_next(&iterator, &got);
            int32_t expected;

            if (has_more == str_eq(word, S("end")) ||
                (has_more && (!civil_parse_date(word, &expected) || expected != got))) {
                fail_msg("%s: not %.*s but %d", rows[i].rule, STR_ARG(word), has_more ? got : -1);
            }
        }
    }
}

static void nonsense_is_no_rule(void **state)
{
    static const char *const rows[] = { "", "DAILY", "FREQ=", "FREQ=NEVER", "INTERVAL=2",
        "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=-1", "FREQ=DAILY;COUNT=3;UNTIL=20260101",
        "FREQ=DAILY;BYDAY=XX", "FREQ=DAILY;BYDAY=0MO", "FREQ=DAILY;BYDAY=54MO", "FREQ=DAILY;BYDAY",
        "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYMONTH=-1", "FREQ=DAILY;UNTIL=tomorrow", "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;BYHOUR=24", "FREQ=YEARLY;BYSETPOS=367", "FREQ=DAILY;BYMONTH=" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct recur rule;

        if (recur_parse(str_from(rows[i]), &rule)) {
            fail_msg("took %s", rows[i]);
        }
    }
    struct recur rule;
    assert_true(recur_parse(S("freq=weekly;byday=mo;X-OWN=1;"), &rule));
    assert_true(rule.is_foreign);
}

/* ---- against libical ---- */

static uint64_t state_of_random = 88172645463325252u;

static unsigned below(unsigned bound)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    state_of_random ^= state_of_random << 17;
    return (unsigned)(state_of_random >> 33) % bound;
}

static void random_rule(char *out, size_t size)
{
    static const char *const frequencies[] = { "DAILY", "WEEKLY", "MONTHLY", "YEARLY" };
    static const char *const monthly[] = { "", ";BYMONTHDAY=15", ";BYMONTHDAY=-1", ";BYMONTHDAY=31",
        ";BYMONTHDAY=1,15,28", ";BYDAY=2TU", ";BYDAY=-1FR", ";BYDAY=1MO,3MO", ";BYDAY=MO",
        ";BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ";BYDAY=SA,SU;BYSETPOS=2", ";BYDAY=5FR",
        ";BYDAY=MO;BYMONTHDAY=1,2,3,4,5,6,7", ";BYDAY=FR;BYMONTHDAY=13",
        ";BYMONTHDAY=28,29,30;BYSETPOS=-1", ";BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1" };
    static const char *const yearly[] = { "", ";BYMONTH=11;BYDAY=4TH", ";BYMONTH=3",
        ";BYMONTH=1,7;BYMONTHDAY=1", ";BYMONTH=2;BYMONTHDAY=29", ";BYMONTH=2;BYMONTHDAY=-1",
        ";BYYEARDAY=59", ";BYYEARDAY=1,100,-1", ";BYDAY=1MO", ";BYDAY=-1SU", ";BYDAY=20MO",
        ";BYMONTH=3;BYDAY=MO", ";BYMONTH=1,2,3;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        ";BYMONTH=10;BYDAY=-1SU" }; /* BYMONTHDAY without BYMONTH: libical takes the start's
                                        month, RFC 5545 3.3.10 says every month */
    static const char *const weekly[] = { "", ";BYDAY=MO,TH", ";BYDAY=TU,SU",
        ";BYDAY=TU,SU;WKST=SU", ";BYDAY=SA;WKST=WE", ";BYMONTH=6,7", ";BYDAY=MO;BYMONTH=1,12" };
    static const char *const daily[] = { "", ";BYDAY=MO,TU,WE,TH,FR", ";BYMONTH=2",
        ";BYMONTHDAY=1,31", ";BYMONTH=1;BYDAY=SU" };
    unsigned frequency = below(4);
    const char *parts = frequency == 0   ? daily[below(ARRAY_LEN(daily))]
                        : frequency == 1 ? weekly[below(ARRAY_LEN(weekly))]
                        : frequency == 2 ? monthly[below(ARRAY_LEN(monthly))]
                                         : yearly[below(ARRAY_LEN(yearly))];
    char count[32] = "";

    if (below(3) == 0) {
        snprintf(count, sizeof count, ";COUNT=%u", 1 + below(20));
    }
    snprintf(out, size, "FREQ=%s;INTERVAL=%u%s%s", frequencies[frequency],
        below(2) == 0 ? 1 : 1 + below(5), parts, count);
}

static void dates_are_those_of_libical(void **state)
{
    const char *rounds_text = getenv("DUEDAV_TEST_ROUNDS");
    unsigned refused = 0;
    unsigned rounds = rounds_text == NULL ? 3000 : (unsigned)strtoul(rounds_text, NULL, 10);

    (void)state;
    for (unsigned i = 0; i < rounds; i++) {
        char text[160];
        int32_t start = day("2020-01-01") + (int32_t)below(3000);
        struct civil c = civil_from_days(start);
        struct recur rule;
        struct recur_iterator iterator;
        struct icaltimetype dtstart = { .is_date = 1 };

        random_rule(text, sizeof text);
        dtstart.year = c.year;
        dtstart.month = c.month;
        dtstart.day = c.day;
        icalrecur_iterator *theirs =
            icalrecur_iterator_new(icalrecurrencetype_from_string(text), dtstart);
        if (theirs == NULL) {
            refused++; /* it does not expand rules in which it sees no date */
            continue;
        }
        assert_true(recur_parse(str_from(text), &rule));
        recur_start(&iterator, &rule, start, INT32_MAX);
        for (unsigned n = 0; n < 25; n++) {
            struct icaltimetype next = icalrecur_iterator_next(theirs);
            int32_t got = 0;
            bool has_more = recur_next(&iterator, &got);

            if (icaltime_is_null_time(next) || next.year > 2200) {
                break; /* libical gives up early on sparse rules */
            }
            if (!has_more || got != civil_days(next.year, next.month, next.day)) {
                struct civil ours = civil_from_days(got);

                fail_msg("%s from %04d-%02d-%02d, number %u: %04d-%02d-%02d, libical has "
                         "%04d-%02d-%02d",
                    text, (int)c.year, (int)c.month, (int)c.day, n, (int)ours.year, (int)ours.month,
                    (int)ours.day, next.year, next.month, next.day);
            }
        }
        icalrecur_iterator_free(theirs);
    }
    assert_true(refused < rounds / 20);
}

static void hostile_rules_cost_little(void **state)
{
    static const char *const rows[] = { "FREQ=MONTHLY;BYSETPOS=200;BYMONTHDAY=1",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYMONTH=6",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;BYSETPOS=300",
        "FREQ=YEARLY;INTERVAL=1000000", "FREQ=DAILY;INTERVAL=1000000;BYMONTH=2;BYMONTHDAY=30" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct recur rule;
        int32_t found;

        assert_true(recur_parse(str_from(rows[i]), &rule));
        clock_t before = clock();
        assert_false(
            recur_first_from(&rule, day("2026-03-02"), INT32_MAX, day("2026-03-03"), &found));
        /* sanitizers make it ten times slower; the processor's time, not the clock's */
        assert_true(clock() - before < CLOCKS_PER_SEC / 5);
    }
}

/** All dates up to `last` that are not before `from`, of an iterator that skips and of one that
 * does not. */
static void check_skip(const char *text, int32_t start, int32_t from, int32_t last)
{
    struct recur_iterator walking;
    struct recur_iterator skipping;
    struct recur rule;
    int32_t a = 0;
    int32_t b = 0;
    bool has_a;
    bool has_b;

    assert_true(recur_parse(str_from(text), &rule));
    recur_start(&walking, &rule, start, last);
    recur_start(&skipping, &rule, start, last);
    recur_skip(&skipping, from);
    do {
        while ((has_a = recur_next(&walking, &a)) && a < from) {
        }
        while ((has_b = recur_next(&skipping, &b)) && b < from) {
        }
        assert_int_equal(has_a, has_b);
        assert_true(!has_a || a == b);
    } while (has_a);
    assert_false(skipping.is_cut);
    assert_true(rule.count > 0 || skipping.work <= walking.work);
}

static void skipping_gives_the_same_dates(void **state)
{
    static const char *const rules[] = { "FREQ=DAILY", "FREQ=DAILY;INTERVAL=3",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=SU", "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU;WKST=MO",
        "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=-1", "FREQ=MONTHLY;BYDAY=2WE", "FREQ=YEARLY",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO",
        "FREQ=DAILY;COUNT=40" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        for (int32_t from = day("2019-12-20"); from < day("2021-02-01"); from += 5) {
            check_skip(rules[i], day("2020-01-15"), from, day("2032-01-01"));
        }
    }
}

static void a_walk_that_is_cut_off_says_so(void **state)
{
    struct recur_iterator iterator;
    struct recur rule;
    int32_t date;

    (void)state;
    assert_true(recur_parse(S("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), &rule));
    recur_start(&iterator, &rule, day("1700-01-01"), INT32_MAX);
    assert_false(recur_next(&iterator, &date));
    assert_true(iterator.is_cut);
    assert_true(recur_parse(S("FREQ=HOURLY"), &rule));
    recur_start(&iterator, &rule, day("1700-01-01"), INT32_MAX);
    assert_false(recur_next(&iterator, &date));
    assert_true(iterator.is_cut);
}

static void each_date_has_the_times_of_the_rule(void **state)
{
    static const struct {
        const char *rule;
        const char *times; /* of a start at 10:20:30 */
    } rows[] = {
        { "FREQ=DAILY", "37230 end" },
        { "FREQ=DAILY;BYHOUR=20,8", "30030 73230 end" },
        { "FREQ=WEEKLY;BYHOUR=9;BYMINUTE=0,30;BYSECOND=0", "32400 34200 end" },
        { "FREQ=DAILY;BYHOUR=23;BYMINUTE=59;BYSECOND=60", "86399 end" },
    };
    struct recur rule;
    int32_t times[RECUR_TIMES];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char got[200] = "";

        assert_true(recur_parse(str_from(rows[i].rule), &rule));
        size_t count = recur_times(&rule, 10 * 3600 + 20 * 60 + 30, times);
        for (size_t k = 0; k < count; k++) {
            snprintf(got + strlen(got), sizeof(got) - strlen(got), "%d ", times[k]);
        }
        strcat(got, "end");
        assert_string_equal(got, rows[i].times);
    }
    assert_true(recur_parse(
        S("FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,"
          "20,21,22,23,24"),
        &rule));
    assert_true(recur_times(&rule, 0, times) > RECUR_TIMES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_date_has_the_times_of_the_rule),
        cmocka_unit_test(rules_of_the_standard_expand),
        cmocka_unit_test(skipping_gives_the_same_dates),
        cmocka_unit_test(a_walk_that_is_cut_off_says_so),
        cmocka_unit_test(nonsense_is_no_rule),
        cmocka_unit_test(dates_are_those_of_libical),
        cmocka_unit_test(hostile_rules_cost_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
