/* mapping.md 7.6: V111 to V153; Z=Europe/Paris */
#include "bridge/core/mem.h"
#include "tests/unit/map/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define NOW      "2026-01-01T08:00:00Z"
#define SU       1
#define MO       2
#define TU       4
#define WE       8
#define TH       16
#define FR       32
#define WEEK     (MO | TU | WE | TH | FR)
#define ALL      127
#define DATES(d) "DTSTART;VALUE=DATE:" d "|DUE;VALUE=DATE:" d "|"

struct native_case {
    const char *name;
    const char *put;
    const char *start; /**< of the range; NULL: the bridge has to drive the series */
    struct task_recurrence r;
};

static void v111_to_v147_rules_of_clients(void **state)
{
    static const struct native_case cases[] = {
        { "V111", DATES("20260302") "RRULE:FREQ=DAILY;INTERVAL=3", "2026-03-02",
            { .pattern = TASK_DAILY, .interval = 3 } },
        { "V112", DATES("20260302") "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "2026-03-02",
            { .pattern = TASK_WEEKLY, .interval = 2, .weekdays = MO | TH, .first_weekday = 1 } },
        { "V113", DATES("20260302") "RRULE:FREQ=WEEKLY", "2026-03-02",
            { .pattern = TASK_WEEKLY, .interval = 1, .weekdays = MO, .first_weekday = 1 } },
        { "V115", DATES("20260302") "RRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "2026-03-02",
            { .pattern = TASK_WEEKLY, .interval = 1, .weekdays = WEEK, .first_weekday = 1 } },
        { "V116", DATES("20260115") "RRULE:FREQ=MONTHLY;BYMONTHDAY=15", "2026-01-15",
            { .pattern = TASK_ABSOLUTE_MONTHLY, .interval = 1, .day_of_month = 15 } },
        { "V117", DATES("20260310") "RRULE:FREQ=MONTHLY", "2026-03-10",
            { .pattern = TASK_ABSOLUTE_MONTHLY, .interval = 1, .day_of_month = 10 } },
        { "V118", DATES("20260131") "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31",
            { .pattern = TASK_RELATIVE_MONTHLY, .interval = 1, .weekdays = ALL, .index = -1 } },
        { "V121", DATES("20260131") "RRULE:FREQ=MONTHLY;BYMONTHDAY=31", NULL, { 0 } },
        { "V122", DATES("20260310") "RRULE:FREQ=MONTHLY;BYDAY=2TU", "2026-03-10",
            { .pattern = TASK_RELATIVE_MONTHLY, .interval = 1, .weekdays = TU, .index = 2 } },
        { "V123", DATES("20260327") "RRULE:FREQ=MONTHLY;BYDAY=-1FR", "2026-03-27",
            { .pattern = TASK_RELATIVE_MONTHLY, .interval = 1, .weekdays = FR, .index = -1 } },
        { "V124", DATES("20260331") "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "2026-03-31",
            { .pattern = TASK_RELATIVE_MONTHLY, .interval = 1, .weekdays = WEEK, .index = -1 } },
        { "V125", DATES("20260310") "RRULE:FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", "2026-03-10",
            { .pattern = TASK_RELATIVE_MONTHLY, .interval = 1, .weekdays = TU, .index = 2 } },
        { "V126", DATES("20260302") "RRULE:FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY=1,2,3,4,5,6,7",
            "2026-03-02",
            { .pattern = TASK_RELATIVE_MONTHLY, .interval = 1, .weekdays = MO, .index = 1 } },
        { "V127", DATES("20260302") "RRULE:FREQ=MONTHLY;BYDAY=MO", "2026-03-02",
            { .pattern = TASK_WEEKLY, .interval = 1, .weekdays = MO, .first_weekday = 1 } },
        { "V128", DATES("20260315") "RRULE:FREQ=YEARLY", "2026-03-15",
            { .pattern = TASK_ABSOLUTE_YEARLY, .interval = 1, .month = 3, .day_of_month = 15 } },
        { "V129", DATES("20261126") "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-11-26",
            { .pattern = TASK_RELATIVE_YEARLY,
                .interval = 1,
                .month = 11,
                .weekdays = TH,
                .index = 4 } },
        { "V130", DATES("20240229") "RRULE:FREQ=YEARLY", NULL, { 0 } },
        { "V132", DATES("20260101") "RRULE:FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=1", "2026-01-01",
            { .pattern = TASK_ABSOLUTE_MONTHLY, .interval = 6, .day_of_month = 1 } },
        { "V133", DATES("20260105") "RRULE:FREQ=YEARLY;BYDAY=1MO", "2026-01-05",
            { .pattern = TASK_RELATIVE_YEARLY,
                .interval = 1,
                .month = 1,
                .weekdays = MO,
                .index = 1 } },
        { "V134", DATES("20260302") "RRULE:FREQ=DAILY;COUNT=5", "2026-03-02",
            { .pattern = TASK_DAILY, .interval = 1, .range = TASK_NUMBERED, .count = 5 } },
        { "V136", DATES("20260302") "RRULE:FREQ=DAILY;UNTIL=20260310", "2026-03-02",
            { .pattern = TASK_DAILY, .interval = 1, .range = TASK_END_DATE, .end_day = 20522 } },
        { "V137",
            "DTSTART;TZID=America/Chicago:20200717T110000|"
            "RRULE:FREQ=WEEKLY;UNTIL=20200731T160000Z;BYDAY=MO,TU,WE,TH,FR",
            "2020-07-17",
            { .pattern = TASK_WEEKLY,
                .interval = 1,
                .weekdays = WEEK,
                .first_weekday = 1,
                .range = TASK_END_DATE,
                .end_day = 18474 } },
        { "V138",
            "DTSTART;TZID=America/New_York:20260501T090000|"
            "RRULE:FREQ=DAILY;UNTIL=20260601T035959Z",
            "2026-05-01",
            { .pattern = TASK_DAILY, .interval = 1, .range = TASK_END_DATE, .end_day = 20604 } },
        { "V139",
            "DTSTART;TZID=America/New_York:20260501T090000|"
            "RRULE:FREQ=DAILY;UNTIL=20260531T120000Z",
            "2026-05-01",
            { .pattern = TASK_DAILY, .interval = 1, .range = TASK_END_DATE, .end_day = 20603 } },
        { "V141", DATES("20260303") "RRULE:FREQ=WEEKLY;BYDAY=MO", "2026-03-09",
            { .pattern = TASK_WEEKLY, .interval = 1, .weekdays = MO, .first_weekday = 1 } },
        { "V142", "DUE;VALUE=DATE:20260302|RRULE:FREQ=WEEKLY", "2026-03-02",
            { .pattern = TASK_WEEKLY, .interval = 1, .weekdays = MO, .first_weekday = 1 } },
        { "V144", "RRULE:FREQ=WEEKLY", NULL, { 0 } },
        { "V145", DATES("20260102") "RRULE:FREQ=MONTHLY;BYDAY=5FR", NULL, { 0 } },
        { "V146", DATES("20260302") "RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO", NULL, { 0 } },
        { "V147", DATES("20260301") "RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15", NULL, { 0 } },
        { "V150", DATES("20260302") "RRULE:FREQ=DAILY|EXDATE;VALUE=DATE:20260303", "2026-03-02",
            { .pattern = TASK_DAILY, .interval = 1 } },
        { "V151", DATES("20260302") "RRULE:FREQ=WEEKLY|RDATE;VALUE=DATE:20260305", NULL, { 0 } },
        { "COUNT=1", DATES("20260302") "RRULE:FREQ=WEEKLY;COUNT=1", NULL, { 0 } },
        { "over", DATES("20260302") "RRULE:FREQ=WEEKLY;UNTIL=20260301", NULL, { 0 } },
        { "anchor skipped", DATES("20260302") "RRULE:FREQ=DAILY|EXDATE;VALUE=DATE:20260302",
            "2026-03-03", { .pattern = TASK_DAILY, .interval = 1 } },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene s;
        struct task_recurrence want = cases[i].r;
        struct task expected = scene_task();

        scene_start(&s, "Europe/Paris", NOW);
        scene_put(&s, cases[i].put);
        if (cases[i].start != NULL) {
            want.is_set = true;
            want.start_day = support_day(cases[i].start);
            assert_int_equal(s.plan.wanted.due.day, want.start_day);
        }
        expected.recurrence = want;
        if (!task_field_eq(&expected, &s.plan.wanted, TASK_RECURRENCE)) {
            const struct task_recurrence *r = &s.plan.wanted.recurrence;
            fail_msg("%s: %d %d i%d m%d d%d w%d f%d x%d r%d %d %d n%d", cases[i].name, r->is_set,
                (int)r->pattern, r->interval, r->month, r->day_of_month, r->weekdays,
                r->first_weekday, r->index, (int)r->range, r->start_day, r->end_day, r->count);
        }
        assert_int_equal((s.plan.fields & F(RECURRENCE)) != 0, cases[i].start != NULL);
        scene_get(&s, cases[i].put);
        assert_true(s.plan.is_verbatim);
        scene_put(&s, cases[i].put);
        scene_sent(&s, 0);
        scene_end(&s);
    }
}

static void v145_a_driven_series_starts_at_its_first_date(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, DATES("20260102") "RRULE:FREQ=MONTHLY;BYDAY=5FR");
    assert_int_equal(s.plan.wanted.due.day, support_day("2026-01-30"));
    scene_end(&s);
}

struct served_case {
    const char *name;
    const char *due;
    struct task_recurrence r;
    const char *get;
};

static void v114_to_v143_rules_of_the_service(void **state)
{
    static const struct served_case cases[] = {
        { "V111 back", "2026-03-02", { .pattern = TASK_DAILY, .interval = 3 },
            "RRULE:FREQ=DAILY;INTERVAL=3" },
        { "V114", "2026-03-03",
            { .pattern = TASK_WEEKLY, .interval = 2, .weekdays = TU | SU, .first_weekday = 0 },
            "RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU" },
        { "V119", "2026-03-31",
            { .pattern = TASK_ABSOLUTE_MONTHLY, .interval = 1, .day_of_month = 31 },
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1" },
        { "V120", "2026-03-30",
            { .pattern = TASK_ABSOLUTE_MONTHLY, .interval = 1, .day_of_month = 30 },
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1" },
        { "29", "2026-03-29",
            { .pattern = TASK_ABSOLUTE_MONTHLY, .interval = 1, .day_of_month = 29 },
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1" },
        { "V131", "2026-02-28",
            { .pattern = TASK_ABSOLUTE_YEARLY, .interval = 1, .month = 2, .day_of_month = 29 },
            "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1" },
        { "V135", "2026-03-04",
            { .pattern = TASK_DAILY, .interval = 1, .range = TASK_NUMBERED, .count = 5 },
            "DUE;VALUE=DATE:20260304|RRULE:FREQ=DAILY;COUNT=3" },
        { "V143", "2026-03-02", { .pattern = TASK_DAILY, .interval = 1 },
            "DTSTART;VALUE=DATE:20260302|DUE;VALUE=DATE:20260302|RRULE:FREQ=DAILY" },
        { "relative list", "2026-03-31",
            { .pattern = TASK_RELATIVE_MONTHLY, .interval = 1, .weekdays = WEEK, .index = -1 },
            "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1" },
        { "relative yearly", "2026-11-26",
            { .pattern = TASK_RELATIVE_YEARLY,
                .interval = 2,
                .month = 11,
                .weekdays = TH,
                .index = 4 },
            "RRULE:FREQ=YEARLY;INTERVAL=2;BYMONTH=11;BYDAY=4TH" },
        { "until", "2026-03-02",
            { .pattern = TASK_DAILY, .interval = 1, .range = TASK_END_DATE, .end_day = 20522 },
            "RRULE:FREQ=DAILY;UNTIL=20260310" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene s;
        struct task up = scene_task();

        scene_start(&s, "Europe/Paris", NOW);
        up.due = scene_day(cases[i].due);
        up.recurrence = cases[i].r;
        up.recurrence.is_set = true;
        up.recurrence.start_day =
            up.recurrence.range == TASK_NUMBERED ? support_day("2026-03-02") : up.due.day;
        scene_born(&s, &up);
        scene_get(&s, cases[i].get);
        struct str before = s.document;
        scene_up(&s, &up);
        assert_ptr_equal(s.document.p, before.p);
        scene_end(&s);
    }
}

static void v140_a_moved_end_is_written_in_the_form_of_dtstart(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "DTSTART;TZID=America/New_York:20260501T090000|"
                  "RRULE:FREQ=DAILY;UNTIL=20260601T035959Z");
    struct task up = s.base;
    up.recurrence.end_day = support_day("2026-06-30");
    scene_up(&s, &up);
    scene_get(&s, "RRULE:FREQ=DAILY;UNTIL=20260630T130000Z");
    scene_end(&s);
}

static void v141_dates_of_the_client_stay_until_upstream_moves(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, DATES("20260303") "RRULE:FREQ=WEEKLY;BYDAY=MO");
    struct task up = s.base;
    scene_up(&s, &up);
    scene_get(&s, "DTSTART;VALUE=DATE:20260303|DUE;VALUE=DATE:20260303");
    up.start = up.due = scene_day("2026-03-16");
    scene_up(&s, &up);
    scene_get(&s, "DTSTART;VALUE=DATE:20260316|DUE;VALUE=DATE:20260316|RRULE:FREQ=WEEKLY;BYDAY=MO");
    scene_end(&s);
}

static void v143_a_synthetic_start_is_never_sent(void **state)
{
    struct scene s;
    struct task up = scene_task();

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    up.due = scene_day("2026-03-02");
    up.recurrence = (struct task_recurrence){
        .is_set = true, .pattern = TASK_DAILY, .interval = 1, .start_day = up.due.day
    };
    scene_born(&s, &up);
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|" DATES("20260302") "RRULE:FREQ=DAILY");
    scene_sent(&s, 0);
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|" DATES("20260310") "RRULE:FREQ=DAILY;INTERVAL=2");
    assert_int_equal(s.plan.fields & F(START), 0);
    assert_int_equal(s.plan.fields, F(DUE) | F(RECURRENCE));
    scene_end(&s);
}

static void v148_v149_rules_that_are_refused(void **state)
{
    static const struct {
        const char *put;
        enum map_fault fault;
    } cases[] = {
        { DATES("20260302") "RRULE:FREQ=HOURLY", MAP_FAULT_MAX_INSTANCES },
        { DATES("20260302") "RRULE:FREQ=minutely;COUNT=3", MAP_FAULT_MAX_INSTANCES },
        { DATES("20260302") "RRULE:COUNT=3;FREQ=SECONDLY", MAP_FAULT_MAX_INSTANCES },
        { DATES("20260302") "RRULE:FREQ=DAILY;COUNT=3;UNTIL=20260310", MAP_FAULT_VALID_DATA },
    };
    struct fixture f;

    (void)state;
    fixture_start(&f, "Europe/Paris", NOW);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct map_object object;
        enum map_fault fault;
        struct err err;

        assert_false(
            map_check(support_document(&f, cases[i].put), &f.context, &object, &fault, &err));
        assert_int_equal(fault, cases[i].fault);
        assert_true(str_has_prefix(str_from(err.text), S("line 10:")));
    }
    fixture_end(&f);
}

static void v152_v153_a_rule_taken_away_or_spelled_anew(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, DATES("20260302") "RRULE:FREQ=DAILY;INTERVAL=1");
    scene_put(&s, DATES("20260302") "RRULE:FREQ=DAILY"); /* V153 */
    scene_sent(&s, 0);
    scene_put(&s, DATES("20260302"));
    scene_sent(&s, F(RECURRENCE));
    assert_false(s.plan.wanted.recurrence.is_set);
    scene_end(&s);
}

static void v155_a_listing_without_the_member_keeps_the_rule(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, DATES("20260302") "RRULE:FREQ=DAILY|EXDATE;VALUE=DATE:20260304");
    struct task base = s.base;
    struct task up = s.base;
    up.recurrence = (struct task_recurrence){ 0 };
    up.present &= ~F(RECURRENCE);
    scene_up(&s, &up);
    scene_get(&s, "RRULE:FREQ=DAILY");
    s.base = base;
    up.present = TASK_ALL_FIELDS;
    scene_up(&s, &up);
    scene_get(&s, "!RRULE*|!EXDATE*|DTSTART;VALUE=DATE:20260302");
    scene_end(&s);
}

static void a_new_pattern_replaces_the_rule_and_keeps_exceptions_that_fit(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, DATES("20260302") "RRULE:FREQ=DAILY|EXDATE;VALUE=DATE:20260303|"
                                    "EXDATE;VALUE=DATE:20260309");
    struct task up = s.base;
    up.recurrence.pattern = TASK_WEEKLY;
    up.recurrence.weekdays = MO;
    scene_up(&s, &up);
    scene_get(
        &s, "RRULE:FREQ=WEEKLY;BYDAY=MO|EXDATE;VALUE=DATE:20260309|!EXDATE;VALUE=DATE:20260303");
    scene_end(&s);
}

static void a_count_goes_down_as_the_series_goes_on(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, DATES("20260302") "RRULE:FREQ=DAILY;COUNT=5");
    struct task up = s.base;
    up.start = up.due = scene_day("2026-03-03"); /* count and start as they were */
    scene_up(&s, &up);
    scene_get(&s, "DTSTART;VALUE=DATE:20260303|RRULE:FREQ=DAILY;COUNT=4");
    up.start = up.due = scene_day("2026-03-04"); /* a service that counts down */
    up.recurrence.count = 3;
    scene_up(&s, &up);
    scene_get(&s, "DTSTART;VALUE=DATE:20260304|RRULE:FREQ=DAILY;COUNT=3");
    scene_end(&s);
}

static void a_completed_series_hides_its_rule_and_shows_it_again(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, DATES("20260302") "RRULE:FREQ=DAILY");
    struct task up = s.base;
    up.status = TASK_DONE;
    up.completed = scene_day("2026-03-02");
    scene_up(&s, &up);
    scene_get(&s, "STATUS:COMPLETED|X-MSTASK-RRULE:FREQ=DAILY|!RRULE:FREQ=DAILY");
    up.status = TASK_NOT_STARTED;
    up.completed = (struct task_date){ 0 };
    scene_up(&s, &up);
    scene_get(&s, "STATUS:NEEDS-ACTION|RRULE:FREQ=DAILY|!X-MSTASK-RRULE*");
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v111_to_v147_rules_of_clients),
        cmocka_unit_test(v114_to_v143_rules_of_the_service),
        cmocka_unit_test(v140_a_moved_end_is_written_in_the_form_of_dtstart),
        cmocka_unit_test(v141_dates_of_the_client_stay_until_upstream_moves),
        cmocka_unit_test(v143_a_synthetic_start_is_never_sent),
        cmocka_unit_test(v145_a_driven_series_starts_at_its_first_date),
        cmocka_unit_test(v148_v149_rules_that_are_refused),
        cmocka_unit_test(v152_v153_a_rule_taken_away_or_spelled_anew),
        cmocka_unit_test(v155_a_listing_without_the_member_keeps_the_rule),
        cmocka_unit_test(a_new_pattern_replaces_the_rule_and_keeps_exceptions_that_fit),
        cmocka_unit_test(a_count_goes_down_as_the_series_goes_on),
        cmocka_unit_test(a_completed_series_hides_its_rule_and_shows_it_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
