/* The options of [mapping] that decide a conversion (interface.md;
 * mapping.md 2.4, 2.8, 2.13, 3.6, 4.6), and what is given up when a service refuses: V035, V191 */
#include "bridge/core/mem.h"
#include "tests/unit/map/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define NOW "2026-05-01T08:00:00Z"

/* ---- due_date_exclusive ---- */

static const char *const exclusive[] = { "-//Other//", "-//test//" };

static void exclude(struct scene *s, bool is_on)
{
    s->fixture.context.options.due_exclusive = exclusive;
    s->fixture.context.options.due_exclusive_count = is_on ? 2 : 0;
}

static void assert_due(const struct task *task, const char *date)
{
    assert_int_equal(task->due.is_set, date != NULL);
    if (date != NULL) {
        assert_int_equal(task->due.day, support_day(date));
    }
}

static void v035_a_due_date_of_such_a_client_is_the_day_after(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    exclude(&s, true);
    scene_put(&s, "DUE;VALUE=DATE:20260206");
    assert_due(&s.plan.wanted, "2026-02-05");
    assert_true(s.plan.is_verbatim);
    scene_get(&s, "DUE;VALUE=DATE:20260206");
    scene_put(&s, "DUE;VALUE=DATE:20260206|PRIORITY:1");
    scene_sent(&s, F(PRIORITY));
    struct task up = s.base;
    up.due = scene_stored(&s, "2026-02-09T23:00:00Z"); /* moved to the 10th in Outlook */
    scene_up(&s, &up);
    scene_get(&s, "DUE;VALUE=DATE:20260211");
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW); /* times are what they are */
    exclude(&s, true);
    scene_put(&s, "DUE;TZID=Europe/Paris:20260206T000000");
    assert_due(&s.plan.wanted, "2026-02-06");
    scene_put(&s, "DTSTART;VALUE=DATE:20260206|DUE;VALUE=DATE:20260206");
    assert_due(&s.plan.wanted, "2026-02-06"); /* no day before its start */
    scene_put(&s, "DTSTART;VALUE=DATE:20260206|DUE;VALUE=DATE:20260207");
    assert_due(&s.plan.wanted, "2026-02-06");
    scene_end(&s);
}

static void v035_other_clients_mean_the_last_day(void **state)
{
    static const char *const other[] = { "-//Other//" };
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    s.fixture.context.options.due_exclusive = other;
    s.fixture.context.options.due_exclusive_count = 1;
    scene_put(&s, "DUE;VALUE=DATE:20260206");
    assert_due(&s.plan.wanted, "2026-02-06");
    scene_end(&s);
}

/** Another app saves what it was shown: the day is not its change. */
static void v035_a_date_that_is_only_repeated_stays(void **state)
{
    struct scene s;
    struct str other;
    struct map_plan plan;
    enum map_fault fault;
    struct err err;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    exclude(&s, true);
    scene_put(&s, "DUE;VALUE=DATE:20260206");
    other = S("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//mine//EN\r\nBEGIN:VTODO\r\nUID:u1\r\n"
              "DTSTAMP:20260101T000000Z\r\nSUMMARY:y\r\nDUE;VALUE=DATE:20260206\r\n"
              "END:VTODO\r\nEND:VCALENDAR\r\n");
    assert_true(map_check(other, &s.fixture.context, &s.object, &fault, &err));
    assert_true(
        map_plan_update(&s.object, s.document, &s.base, NULL, 0, &s.fixture.context, &plan, &err));
    assert_int_equal(plan.fields, F(TITLE));
    support_assert_lines(&s.fixture, plan.document, "DUE;VALUE=DATE:20260205|SUMMARY:y");
    assert_false(plan.is_verbatim);
    scene_end(&s);
}

/* ---- all_day_alarm_time ---- */

static void an_alarm_of_a_day_counts_from_the_time_that_is_set(void **state)
{
    static const struct {
        const char *put;
        const char *rings;
    } rows[] = {
        { "DUE;VALUE=DATE:20260506|BEGIN:VALARM|TRIGGER;RELATED=END:PT0S|END:VALARM",
            "2026-05-06T07:00:00Z" },
        { "DUE;VALUE=DATE:20260506|BEGIN:VALARM|TRIGGER:-P1D|END:VALARM", "2026-05-05T07:00:00Z" },
        { "DUE;VALUE=DATE:20260506|BEGIN:VALARM|TRIGGER:-PT15H|END:VALARM",
            "2026-05-05T16:00:00Z" },
        { "DUE;TZID=Europe/Paris:20260506T120000|BEGIN:VALARM|TRIGGER:PT0S|END:VALARM",
            "2026-05-06T10:00:00Z" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene s;

        scene_start(&s, "Europe/Paris", NOW);
        s.fixture.context.options.all_day_alarm_minute = 9 * 60;
        scene_put(&s, rows[i].put);
        assert_int_equal(s.plan.wanted.reminder.instant_s, support_instant(rows[i].rings));
        scene_end(&s);
    }
}

/* ---- month_end ---- */

static void a_month_end_is_clamped_where_that_is_set(void **state)
{
    static const struct {
        const char *day;
        const char *rule;
        enum task_pattern pattern;
        int month, day_of_month;
    } rows[] = {
        { "20260131", "FREQ=MONTHLY;BYMONTHDAY=31", TASK_ABSOLUTE_MONTHLY, 0, 31 },
        { "20260131", "FREQ=MONTHLY", TASK_ABSOLUTE_MONTHLY, 0, 31 },
        { "20260130", "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=30", TASK_ABSOLUTE_MONTHLY, 0, 30 },
        { "20240229", "FREQ=YEARLY", TASK_ABSOLUTE_YEARLY, 2, 29 },
        { "20240229", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", TASK_ABSOLUTE_YEARLY, 2, 29 },
        { "20240229", "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=29", TASK_ABSOLUTE_YEARLY, 2, 29 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new();
        struct scene s;
        struct str put;

        scene_start(&s, "Europe/Paris", "2024-01-01T08:00:00Z");
        put = arena_printf(arena, "DTSTART;VALUE=DATE:%s|DUE;VALUE=DATE:%s|RRULE:%s", rows[i].day,
            rows[i].day, rows[i].rule);
        scene_put(&s, put.p);
        assert_false(s.plan.wanted.recurrence.is_set); /* V121, V130: driven without it */
        scene_end(&s);

        scene_start(&s, "Europe/Paris", "2024-01-01T08:00:00Z");
        s.fixture.context.options.clamps_month_end = true;
        scene_put(&s, put.p);
        assert_true(s.plan.wanted.recurrence.is_set);
        assert_int_equal(s.plan.wanted.recurrence.pattern, rows[i].pattern);
        assert_int_equal(s.plan.wanted.recurrence.month, rows[i].month);
        assert_int_equal(s.plan.wanted.recurrence.day_of_month, rows[i].day_of_month);
        assert_true(s.plan.is_verbatim);
        scene_put(&s, put.p);
        scene_sent(&s, 0);
        scene_end(&s);
    }
}

static void a_clamped_series_goes_through_february(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    s.fixture.context.options.clamps_month_end = true;
    scene_put(&s, "DTSTART;VALUE=DATE:20260131|DUE;VALUE=DATE:20260131|"
                  "RRULE:FREQ=MONTHLY;BYMONTHDAY=31");
    struct task up = s.base;
    up.start = up.due = scene_day("2026-02-28"); /* completed in Outlook */
    scene_up(&s, &up);
    scene_get(&s, "DUE;VALUE=DATE:20260228|RRULE:FREQ=MONTHLY;BYMONTHDAY=31");
    scene_put(&s, "DTSTART;VALUE=DATE:20260331|DUE;VALUE=DATE:20260331|"
                  "RRULE:FREQ=MONTHLY;BYMONTHDAY=31");
    assert_int_equal(s.plan.step_count, 1); /* completed in the app */
    assert_int_equal(s.plan.steps[0].kind, MAP_STEP_COMPLETE);
    assert_int_equal(s.plan.steps[0].day, support_day("2026-02-28"));
    assert_int_equal(s.plan.steps[0].to_day, support_day("2026-03-31"));
    scene_end(&s);
}

/* ---- url_as_link ---- */

static void project_with_link(
    const struct task *task, const struct zone *zone, struct arena *arena, struct task *out)
{
    support_project(task, zone, arena, out);
    out->url = task->url;
}

static void a_url_goes_with_a_new_task_where_that_is_set(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    s.fixture.context.project = project_with_link;
    scene_put(&s, "URL:https://example.org/a");
    scene_sent(&s, F(TITLE));
    assert_int_equal(s.plan.expected.url.n, 0);
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW);
    s.fixture.context.project = project_with_link;
    s.fixture.context.options.url_as_link = true;
    scene_put(&s, "URL:https://example.org/a");
    scene_sent(&s, F(TITLE) | F(URL));
    assert_true(str_eq(s.plan.wanted.url, S("https://example.org/a")));
    assert_true(str_eq(s.plan.wanted.uid, S("u1")));
    scene_put(&s, "URL:https://example.org/b"); /* a link can't be changed with its task */
    scene_sent(&s, 0);
    assert_true(s.plan.is_verbatim);
    scene_end(&s);
}

/** mapping.md 2.13: the first link becomes URL when the client has none. */
static void a_link_does_not_take_the_place_of_a_clients_url(void **state)
{
    struct scene s;
    struct task up;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "URL:https://mine.example.org/");
    up = s.base;
    up.url = S("https://link.example.org/");
    scene_up(&s, &up);
    scene_get(&s, "URL:https://mine.example.org/|!URL:https://link*");
    up.url = S("");
    scene_up(&s, &up);
    scene_get(&s, "URL:https://mine.example.org/");
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "");
    up = s.base;
    up.url = S("https://link.example.org/");
    scene_up(&s, &up);
    scene_get(&s, "URL:https://link.example.org/");
    up.url = S("https://other.example.org/");
    scene_up(&s, &up);
    scene_get(&s, "URL:https://other.example.org/|!URL:https://link*");
    up.url = S("");
    scene_up(&s, &up);
    scene_get(&s, "!URL*");
    scene_end(&s);
}

/* ---- refused ---- */

static void v191_what_may_be_at_fault_is_left_out_of_a_create(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "DTSTART;VALUE=DATE:20260506|DUE;VALUE=DATE:20260506|RRULE:FREQ=DAILY|"
                  "CATEGORIES:a|PRIORITY:1|DESCRIPTION:hi|X-ALT-DESC;FMTTYPE=text/html:<b>hi</b>|"
                  "BEGIN:VALARM|TRIGGER:-PT15M|END:VALARM");
    assert_true(s.plan.wanted.body.is_html);
    assert_int_equal(map_plan_reduce(&s.plan, NULL, &s.fixture.context),
        F(RECURRENCE) | F(CATEGORIES) | F(REMINDER) | F(BODY));
    scene_sent(&s, F(TITLE) | F(START) | F(DUE) | F(PRIORITY) | F(BODY));
    assert_false(s.plan.wanted.body.is_html);
    assert_true(str_eq(s.plan.wanted.body.content, S("hi")));
    assert_false(s.plan.expected.recurrence.is_set || s.plan.expected.reminder.is_on);
    assert_int_equal(s.plan.expected.categories.count, 0);
    assert_int_equal(map_plan_reduce(&s.plan, NULL, &s.fixture.context), 0); /* then: 403 */

    struct task up = s.base = s.plan.expected; /* the service took the rest */
    struct str before = s.document;
    scene_up(&s, &up);
    assert_ptr_equal(s.document.p, before.p);
    scene_get(&s, "RRULE:FREQ=DAILY|CATEGORIES:a|X-ALT-DESC;FMTTYPE=text/html:<b>hi</b>");
    scene_end(&s);
}

static void v191_what_was_there_before_stays_upstream(void **state)
{
    struct scene s;
    struct task base;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "DUE;VALUE=DATE:20260506|RRULE:FREQ=DAILY");
    base = s.base;
    scene_put(&s, "DUE;VALUE=DATE:20260506|RRULE:FREQ=DAILY;INTERVAL=2|PRIORITY:1");
    assert_int_equal(map_plan_reduce(&s.plan, &base, &s.fixture.context), F(RECURRENCE));
    scene_sent(&s, F(PRIORITY));
    assert_int_equal(s.plan.expected.recurrence.interval, 1);
    scene_get(&s, "RRULE:FREQ=DAILY;INTERVAL=2");
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v035_a_due_date_of_such_a_client_is_the_day_after),
        cmocka_unit_test(v035_other_clients_mean_the_last_day),
        cmocka_unit_test(v035_a_date_that_is_only_repeated_stays),
        cmocka_unit_test(an_alarm_of_a_day_counts_from_the_time_that_is_set),
        cmocka_unit_test(a_month_end_is_clamped_where_that_is_set),
        cmocka_unit_test(a_clamped_series_goes_through_february),
        cmocka_unit_test(a_url_goes_with_a_new_task_where_that_is_set),
        cmocka_unit_test(a_link_does_not_take_the_place_of_a_clients_url),
        cmocka_unit_test(v191_what_may_be_at_fault_is_left_out_of_a_create),
        cmocka_unit_test(v191_what_was_there_before_stays_upstream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
