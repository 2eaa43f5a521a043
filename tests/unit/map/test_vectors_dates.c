/* mapping.md 7.1: V001 to V035 */
#include "tests/unit/map/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define NOW "2026-05-01T08:00:00Z"

static void assert_day(const struct task_date *date, const char *expected)
{
    assert_true(date->is_set);
    assert_int_equal(date->form, TASK_DATE_ONLY);
    assert_int_equal(date->day, support_day(expected));
}

static void v001_seed_example_one(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "America/Los_Angeles", NOW);
    scene_put(&s, "DTSTART;VALUE=DATE:20160423|DUE;VALUE=DATE:20160425");
    scene_sent(&s, F(TITLE) | F(START) | F(DUE));
    assert_day(&s.plan.wanted.start, "2016-04-23");
    assert_day(&s.plan.wanted.due, "2016-04-25");
    struct task up = s.base;
    up.start = scene_stored(&s, "2016-04-23T07:00:00Z");
    up.due = scene_stored(&s, "2016-04-25T07:00:00Z");
    scene_up(&s, &up);
    scene_get(&s, "DTSTART;VALUE=DATE:20160423|DUE;VALUE=DATE:20160425");
    assert_true(s.plan.is_verbatim);
    scene_end(&s);
}

struct born_case {
    const char *name;
    const char *zone;
    const char *start;
    const char *due;
    const char *get;
};

static void v002_to_v016_dates_of_tasks_born_upstream(void **state)
{
    static const struct born_case cases[] = {
        { "V002", "America/Los_Angeles", "2016-05-03T04:00:00Z", "2016-05-05T04:00:00Z",
            "DTSTART;VALUE=DATE:20160503|DUE;VALUE=DATE:20160505" },
        { "V003", "America/New_York", NULL, "2016-04-26T04:00:00Z", "DUE;VALUE=DATE:20160426" },
        { "V004", "Asia/Tokyo", NULL, "2016-04-26T04:00:00Z", "DUE;VALUE=DATE:20160426" },
        { "V006", "Europe/Paris", NULL, "2026-01-14T23:00:00Z", "DUE;VALUE=DATE:20260115" },
        { "V007", "Europe/Paris", NULL, "2026-03-28T23:00:00Z", "DUE;VALUE=DATE:20260329" },
        { "V008", "Europe/Paris", NULL, "2026-03-29T22:00:00Z", "DUE;VALUE=DATE:20260330" },
        { "V009", "Europe/Paris", NULL, "2026-10-24T22:00:00Z", "DUE;VALUE=DATE:20261025" },
        { "V010", "Asia/Kathmandu", NULL, "2026-03-09T18:15:00Z", "DUE;VALUE=DATE:20260310" },
        { "V011", "Pacific/Auckland", NULL, "2026-01-19T11:00:00Z", "DUE;VALUE=DATE:20260120" },
        { "V012", "Pacific/Auckland", NULL, "2026-07-19T12:00:00Z", "DUE;VALUE=DATE:20260720" },
        { "V013", "Pacific/Honolulu", NULL, "2024-10-24T10:00:00Z", "DUE;VALUE=DATE:20241024" },
        { "V014", "Pacific/Kiritimati", NULL, "2024-10-23T10:00:00Z", "DUE;VALUE=DATE:20241024" },
        { "V015", "Africa/Cairo", NULL, "2026-04-23T22:00:00Z", "DUE;VALUE=DATE:20260424" },
        { "V016", "America/New_York", NULL, "2026-07-14T22:00:00Z", "DUE;VALUE=DATE:20260715" },
        { "V033", "Europe/Paris", NULL, "2026-05-06T22:00:00Z", "DUE;VALUE=DATE:20260507" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene s;
        struct task up = scene_task();

        scene_start(&s, cases[i].zone, NOW);
        if (cases[i].start != NULL) {
            up.start = scene_stored(&s, cases[i].start);
        }
        up.due = scene_stored(&s, cases[i].due);
        scene_born(&s, &up);
        scene_get(&s, cases[i].get);
        scene_end(&s);
    }
}

struct put_case {
    const char *name;
    const char *zone;
    const char *put;
    const char *start;
    const char *due;
};

static void v005_to_v028_dates_of_clients(void **state)
{
    static const struct put_case cases[] = {
        { "V005", "Europe/Paris", "DUE;VALUE=DATE:20260715", NULL, "2026-07-15" },
        { "V015", "Africa/Cairo", "DUE;VALUE=DATE:20260424", NULL, "2026-04-24" },
        { "V018", "America/New_York", "DUE:20260506T220000Z", NULL, "2026-05-06" },
        { "V019", "America/New_York", "DUE:20260507T010000Z", NULL, "2026-05-06" },
        { "V020", "America/New_York",
            "DTSTART;TZID=Europe/Paris:20260506T090000|DUE:20260506T223000Z", "2026-05-06",
            "2026-05-07" },
        { "V021", "America/Los_Angeles", "DUE;TZID=Asia/Tokyo:20260506T080000", NULL,
            "2026-05-06" },
        { "V022", "Europe/Paris", "DUE:20260506T233000", NULL, "2026-05-06" },
        { "V027", "Europe/Paris", "DTSTART;VALUE=DATE:20260504|DURATION:P3D", "2026-05-04",
            "2026-05-07" },
        { "V028", "Europe/Paris", "DTSTART;TZID=Europe/Paris:20260506T230000|DURATION:PT2H",
            "2026-05-06", "2026-05-07" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene s;

        scene_start(&s, cases[i].zone, NOW);
        scene_put(&s, cases[i].put);
        scene_sent(&s, F(TITLE) | F(DUE) | (cases[i].start != NULL ? F(START) : 0));
        assert_day(&s.plan.wanted.due, cases[i].due);
        if (cases[i].start != NULL) {
            assert_day(&s.plan.wanted.start, cases[i].start);
        }
        scene_get(&s, cases[i].put);
        scene_put(&s, cases[i].put); /* V032: the same again */
        scene_sent(&s, 0);
        scene_end(&s);
    }
}

static void v017_a_due_time_moves_with_its_date(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "America/New_York", NOW);
    scene_put(&s, "DUE;TZID=America/New_York:20260506T180000");
    assert_day(&s.plan.wanted.due, "2026-05-06");
    struct task up = s.base;
    up.due = scene_stored(&s, "2026-05-06T04:00:00Z");
    scene_up(&s, &up);
    scene_get(&s, "DUE;TZID=America/New_York:20260506T180000");
    up.due = scene_stored(&s, "2026-05-07T04:00:00Z");
    scene_up(&s, &up);
    scene_get(&s, "DUE;TZID=America/New_York:20260507T180000");
    scene_end(&s);
}

static void a_utc_due_moves_on_the_wall_of_its_hint_zone(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "America/New_York", NOW);
    scene_put(&s, "DUE:20261031T230000Z"); /* 19:00 on the wall */
    struct task up = s.base;
    up.due = scene_day("2026-11-01"); /* winter time begins */
    scene_up(&s, &up);
    scene_get(&s, "DUE:20261102T000000Z");
    scene_end(&s);
}

static void v023_a_start_alone_has_no_due_until_upstream_says_so(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "DTSTART;VALUE=DATE:20260504");
    scene_sent(&s, F(TITLE) | F(START));
    struct task up = s.base;
    up.start = up.due = scene_stored(&s, "2026-05-03T22:00:00Z");
    scene_up(&s, &up);
    scene_get(&s, "DTSTART;VALUE=DATE:20260504|!DUE*");
    up.due = scene_stored(&s, "2026-05-06T22:00:00Z");
    scene_up(&s, &up);
    scene_get(&s, "DTSTART;VALUE=DATE:20260504|DUE;VALUE=DATE:20260507");
    scene_end(&s);
}

static void v024_to_v026_removed_dates(void **state)
{
    static const char had[] = "DTSTART;VALUE=DATE:20260504|DUE;VALUE=DATE:20260507";
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, had);
    scene_put(&s, "DTSTART;VALUE=DATE:20260504");
    scene_sent(&s, F(DUE)); /* V024 */
    assert_day(&s.plan.wanted.due, "2026-05-04");
    scene_get(&s, "!DUE*");
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, had);
    scene_put(&s, "");
    scene_sent(&s, F(DUE) | F(START)); /* V025 */
    assert_false(s.plan.wanted.due.is_set);
    assert_false(s.plan.expected.start.is_set);
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, had);
    scene_put(&s, "DUE;VALUE=DATE:20260507");
    scene_sent(&s, F(START)); /* V026 */
    assert_false(s.plan.wanted.start.is_set);
    scene_end(&s);
}

static void v029_a_start_behind_the_due_date_is_hidden(void **state)
{
    struct scene s;
    struct task up = scene_task();

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    up.start = scene_stored(&s, "2026-05-09T22:00:00Z");
    up.due = scene_stored(&s, "2026-05-06T22:00:00Z");
    scene_born(&s, &up);
    scene_get(&s, "DUE;VALUE=DATE:20260507|!DTSTART*");
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|DUE;VALUE=DATE:20260507|PRIORITY:1");
    scene_sent(&s, F(PRIORITY));
    assert_int_equal(s.plan.wanted.priority, 1);
    scene_end(&s);
}

static void v030_a_start_on_the_due_date_goes_with_it(void **state)
{
    struct scene s;
    struct task up = scene_task();

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    up.start = up.due = scene_stored(&s, "2026-05-06T22:00:00Z");
    scene_born(&s, &up);
    scene_get(&s, "DUE;VALUE=DATE:20260507|!DTSTART*");
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|DUE;VALUE=DATE:20260509");
    scene_sent(&s, F(START) | F(DUE));
    assert_day(&s.plan.wanted.start, "2026-05-09");
    assert_day(&s.plan.wanted.due, "2026-05-09");
    scene_end(&s);
}

static void v031_a_new_start_borrows_the_form_of_due(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "DUE;TZID=Europe/Paris:20260507T170000");
    struct task up = s.base;
    up.start = scene_stored(&s, "2026-05-03T22:00:00Z");
    scene_up(&s, &up);
    scene_get(
        &s, "DTSTART;TZID=Europe/Paris:20260504T170000|DUE;TZID=Europe/Paris:20260507T170000");
    scene_end(&s);
}

static void v027_a_duration_gives_way_to_due_when_a_date_moves(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "DTSTART;VALUE=DATE:20260504|DURATION:P3D");
    scene_get(&s, "DURATION:P3D|!DUE*");
    struct task up = s.base;
    up.due = scene_day("2026-05-08");
    scene_up(&s, &up);
    scene_get(&s, "DTSTART;VALUE=DATE:20260504|DUE;VALUE=DATE:20260508|!DURATION*");
    scene_end(&s);
}

static void a_dropped_dtstart_that_equals_due_is_kept(void **state)
{
    static const char had[] = "DTSTART;VALUE=DATE:20260507|DUE;VALUE=DATE:20260507";
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, had);
    scene_put(&s, "DUE;VALUE=DATE:20260507|PRIORITY:1"); /* T14 */
    scene_sent(&s, F(PRIORITY));
    scene_get(&s, had);
    assert_false(s.plan.is_verbatim);
    scene_end(&s);
}

static void v034_a_start_behind_the_due_date_is_kept_but_not_served(void **state)
{
    static const char put[] = "DTSTART;VALUE=DATE:20260510|DUE;VALUE=DATE:20260507";
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, put);
    scene_sent(&s, F(TITLE) | F(DUE));
    assert_day(&s.plan.wanted.due, "2026-05-07");
    assert_false(s.plan.wanted.start.is_set);
    assert_false(s.plan.is_verbatim);
    scene_get(&s, "DUE;VALUE=DATE:20260507|!DTSTART*|X-MSTASK-DTSTART;VALUE=DATE:20260510");
    scene_put(&s, put); /* the same again, and what a client makes of the answer */
    scene_sent(&s, 0);
    scene_put(&s, "DUE;VALUE=DATE:20260507|PRIORITY:1");
    scene_sent(&s, F(PRIORITY));
    scene_get(&s, "!DTSTART*|X-MSTASK-DTSTART;VALUE=DATE:20260510");
    scene_put(&s, "DUE;VALUE=DATE:20260512|PRIORITY:1|X-MSTASK-DTSTART;VALUE=DATE:20260510");
    scene_sent(&s, F(START) | F(DUE)); /* no longer behind it */
    assert_day(&s.plan.wanted.start, "2026-05-10");
    scene_get(&s, "DTSTART;VALUE=DATE:20260510|DUE;VALUE=DATE:20260512|!X-MSTASK-DTSTART*");
    scene_put(&s, "DTSTART;VALUE=DATE:20260510|DUE;VALUE=DATE:20260507|PRIORITY:1");
    scene_sent(&s, F(START) | F(DUE)); /* and back */
    assert_false(s.plan.wanted.start.is_set);
    struct task up = s.base;
    up.start = scene_day("2026-05-05"); /* set in Outlook */
    scene_up(&s, &up);
    scene_get(&s, "DTSTART;VALUE=DATE:20260505|DUE;VALUE=DATE:20260507");
    scene_end(&s);
}

/** Which DTSTART is behind its DUE, with and without times. */
static void v034_times_and_zones_count(void **state)
{
    static const struct {
        const char *put;
        bool is_hidden;
    } rows[] = {
        { "DTSTART;VALUE=DATE:20260507|DUE;VALUE=DATE:20260507", false },
        { "DTSTART;TZID=Europe/Paris:20260507T180000|DUE;TZID=Europe/Paris:20260507T090000", true },
        { "DTSTART;TZID=Europe/Paris:20260507T090000|DUE;TZID=Europe/Paris:20260507T090000",
            false },
        { "DTSTART;TZID=Asia/Tokyo:20260507T120000|DUE;TZID=Europe/Paris:20260507T060000", false },
        { "DTSTART;TZID=America/New_York:20260507T060000|DUE;TZID=Europe/Paris:20260507T090000",
            true },
        { "DTSTART:20260507T080000Z|DUE:20260507T075959Z", true },
        { "DTSTART:20260507T180000|DUE;VALUE=DATE:20260507", false },
        { "DTSTART:20260508T000000|DUE;VALUE=DATE:20260507", true },
        { "DTSTART;VALUE=DATE:20260507|DURATION:P1D", false },
        { "DTSTART:nonsense|DUE;VALUE=DATE:20260507", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene s;

        scene_start(&s, "Europe/Paris", NOW);
        scene_put(&s, rows[i].put);
        if (s.plan.is_verbatim == rows[i].is_hidden) {
            fail_msg("%s: %.*s", rows[i].put, STR_ARG(s.document));
        }
        scene_get(&s, rows[i].is_hidden ? "!DTSTART*" : rows[i].put);
        scene_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v001_seed_example_one),
        cmocka_unit_test(v002_to_v016_dates_of_tasks_born_upstream),
        cmocka_unit_test(v005_to_v028_dates_of_clients),
        cmocka_unit_test(v017_a_due_time_moves_with_its_date),
        cmocka_unit_test(a_utc_due_moves_on_the_wall_of_its_hint_zone),
        cmocka_unit_test(v023_a_start_alone_has_no_due_until_upstream_says_so),
        cmocka_unit_test(v024_to_v026_removed_dates),
        cmocka_unit_test(v027_a_duration_gives_way_to_due_when_a_date_moves),
        cmocka_unit_test(v029_a_start_behind_the_due_date_is_hidden),
        cmocka_unit_test(v030_a_start_on_the_due_date_goes_with_it),
        cmocka_unit_test(v031_a_new_start_borrows_the_form_of_due),
        cmocka_unit_test(a_dropped_dtstart_that_equals_due_is_kept),
        cmocka_unit_test(v034_a_start_behind_the_due_date_is_kept_but_not_served),
        cmocka_unit_test(v034_times_and_zones_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
