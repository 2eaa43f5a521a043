/* Dates of series that the bridge drives, and patterns against the rules they stand for. */
#include "bridge/core/mem.h"
#include "bridge/map/series.h"
#include "tests/unit/map/generate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define NOW "2026-01-01T08:00:00Z"

struct next_case {
    const char *name;
    const char *start;
    const char *rest;
    const char *after;
    const char *next; /**< NULL: the series ends */
};

static void next_dates_of_driven_series(void **state)
{
    static const struct next_case cases[] = {
        { "V121", "20260131", "RRULE:FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-31", "2026-03-31" },
        { "V130", "20240229", "RRULE:FREQ=YEARLY", "2024-02-29", "2028-02-29" },
        { "V145", "20260102", "RRULE:FREQ=MONTHLY;BYDAY=5FR", "2026-01-30", "2026-05-29" },
        { "V146", "20260302", "RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO", "2026-03-02", "2026-03-16" },
        { "V147", "20260301", "RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15", "2026-03-01", "2026-03-15" },
        { "V150", "20260302", "RRULE:FREQ=DAILY|EXDATE;VALUE=DATE:20260303", "2026-03-02",
            "2026-03-04" },
        { "V151", "20260302", "RRULE:FREQ=WEEKLY|RDATE;VALUE=DATE:20260305", "2026-03-02",
            "2026-03-05" },
        { "V151", "20260302", "RRULE:FREQ=WEEKLY|RDATE;VALUE=DATE:20260305", "2026-03-05",
            "2026-03-09" },
        { "RDATE on a date of the rule", "20260302",
            "RRULE:FREQ=WEEKLY|RDATE;VALUE=DATE:20260309,20260309", "2026-03-09", "2026-03-16" },
        { "V180", "20260504", "RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO", "2026-05-04", "2026-05-18" },
        { "last by COUNT", "20260302", "RRULE:FREQ=DAILY;COUNT=2", "2026-03-03", NULL },
        { "last by UNTIL", "20260302", "RRULE:FREQ=DAILY;UNTIL=20260303", "2026-03-03", NULL },
        { "EXDATE on the last", "20260302",
            "RRULE:FREQ=DAILY;UNTIL=20260303|EXDATE;VALUE=DATE:20260303", "2026-03-02", NULL },
    };
    struct fixture f;

    (void)state;
    fixture_start(&f, "Europe/Paris", NOW);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct vtodo vtodo;
        struct series series;
        struct err err;
        int32_t day;
        struct str lines = arena_printf(f.arena, "DTSTART;VALUE=DATE:%s|DUE;VALUE=DATE:%s|%s",
            cases[i].start, cases[i].start, cases[i].rest);

        assert_true(vtodo_open(support_document(&f, lines.p), &f.context, &vtodo, &err));
        series_read(&vtodo, &series);
        bool has_next = series_next(&series, support_day(cases[i].after), &day);
        if (has_next != (cases[i].next != NULL) ||
            (has_next && day != support_day(cases[i].next))) {
            fail_msg("%s: %d", cases[i].name, has_next ? day : -1);
        }
    }
    fixture_end(&f);
}

static void random_rule(struct random *r, char *out, size_t size)
{
    static const char *const rules[] = { "DAILY", "DAILY;BYDAY=MO,TU,WE,TH,FR", "WEEKLY",
        "WEEKLY;BYDAY=MO,TH", "WEEKLY;BYDAY=TU,SU;WKST=SU", "WEEKLY;BYDAY=SA;WKST=WE", "MONTHLY",
        "MONTHLY;BYMONTHDAY=15", "MONTHLY;BYMONTHDAY=-1", "MONTHLY;BYDAY=2TU", "MONTHLY;BYDAY=-1FR",
        "MONTHLY;BYDAY=MO", "MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "MONTHLY;BYDAY=SA,SU;BYSETPOS=2", "MONTHLY;BYDAY=MO;BYMONTHDAY=8,9,10,11,12,13,14",
        "MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1", "YEARLY",
        "YEARLY;BYMONTH=11;BYDAY=4TH", "YEARLY;BYMONTH=3", "YEARLY;BYMONTH=1,7",
        "YEARLY;BYMONTH=1,4,7,10;BYMONTHDAY=15", "YEARLY;BYMONTH=2;BYMONTHDAY=-1",
        "YEARLY;BYYEARDAY=59", "YEARLY;BYYEARDAY=-1", "YEARLY;BYDAY=1MO", "YEARLY;BYDAY=-1SU",
        "YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "YEARLY;BYDAY=SU;BYSETPOS=3", "YEARLY;BYDAY=FR",
        "YEARLY;BYMONTHDAY=13", "YEARLY;BYMONTH=4;BYMONTHDAY=30",
        "YEARLY;BYMONTH=5;BYDAY=MO;BYMONTHDAY=1,2,3,4,5,6,7", "MONTHLY;BYMONTHDAY=31",
        "YEARLY;BYMONTH=2;BYMONTHDAY=29", "MONTHLY;BYMONTHDAY=1;BYSETPOS=1", "WEEKLY;BYMONTH=6",
        "DAILY;BYMONTHDAY=1", "MONTHLY;BYMONTH=3", "YEARLY;BYWEEKNO=20", "YEARLY;BYDAY=20MO",
        "MONTHLY;BYDAY=5FR", "MONTHLY;BYDAY=MO,2TU" };
    uint32_t interval = random_below(r, 3) == 0 ? 12 : 1 + random_below(r, 4);

    snprintf(out, size, "FREQ=%s;INTERVAL=%u", rules[random_below(r, ARRAY_LEN(rules))],
        random_below(r, 2) == 0 ? 1u : interval);
}

/** Whatever is called the same must have the same dates, by expansion of both. */
static void a_pattern_has_the_dates_of_its_rule(void **state)
{
    struct random r = { generate_seed() };
    unsigned natives = 0;
    struct arena *arena = arena_new();

    (void)state;
    for (unsigned i = 0; i < generate_rounds(5000); i++) {
        char text[200];
        struct recur rule;
        struct recur back;
        struct task_recurrence native;
        struct recur_iterator a;
        struct recur_iterator b;
        int32_t start = 18000 + (int32_t)random_below(&r, 4000);
        int32_t x = 0;
        int32_t y = 0;

        random_rule(&r, text, sizeof text);
        assert_true(recur_parse(str_from(text), &rule));
        if (!recur_first_from(&rule, start, INT32_MAX, start, &x)) {
            continue;
        }
        if (!recurrence_from_rule(&rule, start, &native)) {
            continue;
        }
        natives++;
        native.start_day = x;
        struct str served = recurrence_to_rule(&native, arena);
        assert_true(recur_parse(served, &back));
        recur_start(&a, &rule, start, INT32_MAX);
        recur_start(&b, &back, x, INT32_MAX);
        for (int n = 0; n < 40; n++) {
            bool has_x = recur_next(&a, &x);
            bool has_y = recur_next(&b, &y);

            if (has_x != has_y || x != y) {
                fail_msg(
                    "%s from %d: %.*s, number %d: %d, %d", text, start, STR_ARG(served), n, x, y);
            }
        }
    }
    printf("%u native rules\n", natives);
    assert_true(natives > 1000);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_dates_of_driven_series),
        cmocka_unit_test(a_pattern_has_the_dates_of_its_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
