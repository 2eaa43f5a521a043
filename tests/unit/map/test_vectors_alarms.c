/* mapping.md 7.5: V088 to V110; Z=Europe/Paris, now=2026-05-01T08:00Z unless given */
#include "tests/unit/map/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define NOW      "2026-05-01T08:00:00Z"
#define ALARM(x) "BEGIN:VALARM|" x "|END:VALARM"
#define AT(time) "TRIGGER;VALUE=DATE-TIME:" time
#define TWO      ALARM("UID:A|" AT("20260504T080000Z")) "|" ALARM("UID:B|" AT("20260505T080000Z"))

static void assert_reminder(const struct task_reminder *reminder, const char *expected)
{
    assert_int_equal(reminder->is_on, expected != NULL);
    if (expected != NULL) {
        assert_int_equal(reminder->instant_s, support_instant(expected));
    }
}

struct alarm_case {
    const char *name;
    const char *now;
    const char *put;
    const char *expected;
};

static void v088_to_v110_what_upstream_is_told(void **state)
{
    static const struct alarm_case cases[] = {
        { "V088", "2022-01-01T00:00:00Z", ALARM(AT("20220121T190000Z")), "2022-01-21T19:00:00Z" },
        { "V089", "2022-01-01T00:00:00Z",
            "DUE;TZID=America/Chicago:20220121T130000|" ALARM(
                "TRIGGER;VALUE=DURATION;RELATED=END:-PT15M"),
            "2022-01-21T18:45:00Z" },
        { "V090", "2022-02-01T00:00:00Z",
            "DTSTART;TZID=America/Chicago:20220205T160000|" ALARM("TRIGGER:-PT1H"),
            "2022-02-05T21:00:00Z" },
        { "V091", "2022-02-06T00:00:00Z",
            "DTSTART;TZID=America/Chicago:20230201T230000|" ALARM("TRIGGER;VALUE=DURATION:-P50D"),
            "2022-12-14T05:00:00Z" },
        { "V092 nominal", "2026-03-01T00:00:00Z",
            "DTSTART;TZID=Europe/Paris:20260329T120000|" ALARM("TRIGGER:-P1D"),
            "2026-03-28T11:00:00Z" },
        { "V092 exact", "2026-03-01T00:00:00Z",
            "DTSTART;TZID=Europe/Paris:20260329T120000|" ALARM("TRIGGER:-PT24H"),
            "2026-03-28T10:00:00Z" },
        { "V093", NOW, "DUE;VALUE=DATE:20260506|" ALARM("TRIGGER;RELATED=END:PT0S"),
            "2026-05-05T22:00:00Z" },
        { "V094", NOW, "DUE;VALUE=DATE:20260506|" ALARM("TRIGGER;RELATED=END:-PT15H"),
            "2026-05-05T07:00:00Z" },
        { "V095", NOW, ALARM("TRIGGER;RELATED=END:PT0S"), NULL },
        { "V096", NOW, "DUE;TZID=Europe/Paris:20260506T120000|" ALARM("TRIGGER:-PT1H"),
            "2026-05-06T09:00:00Z" },
        { "V097", NOW, TWO, "2026-05-04T08:00:00Z" },
        { "V098", NOW, ALARM(AT("19760401T005545Z") "|X-APPLE-PROXIMITY:ARRIVE"), NULL },
        { "Apple's placeholder alone", "1970-01-02T00:00:00Z", ALARM(AT("19760401T005545Z")),
            NULL },
        { "V102", "2026-05-04T08:10:00Z",
            ALARM("UID:A|" AT("20260504T080000Z") "|ACKNOWLEDGED:20260504T080100Z") "|" ALARM(
                "UID:B|RELATED-TO;RELTYPE=SNOOZE:A|" AT(
                    "20260504T084500Z")) "|" ALARM("UID:C|" AT("20260504T083000Z")),
            "2026-05-04T08:45:00Z" },
        { "V108", NOW,
            ALARM("ACTION:EMAIL|" AT("20260502T080000Z")) "|" ALARM(
                "ACTION:DISPLAY|" AT("20260503T080000Z")),
            "2026-05-03T08:00:00Z" },
        { "mail alone rings", NOW, ALARM("ACTION:EMAIL|" AT("20260502T080000Z")),
            "2026-05-02T08:00:00Z" },
        { "ACTION:NONE", NOW, ALARM("ACTION:NONE|" AT("20260502T080000Z")), NULL },
        { "V109", "2026-05-02T08:05:00Z", ALARM(AT("20260502T080000Z") "|REPEAT:2|DURATION:PT10M"),
            "2026-05-02T08:10:00Z" },
        { "repeats end", "2026-05-02T08:25:00Z",
            ALARM(AT("20260502T080000Z") "|REPEAT:2|DURATION:PT10M"), NULL },
        { "V110", NOW, ALARM(AT("20260401T080000Z")), NULL },
        { "after the start", NOW, "DTSTART:20260503T080000Z|" ALARM("TRIGGER:PT30M"),
            "2026-05-03T08:30:00Z" },
        { "V106 done", NOW, "STATUS:COMPLETED|" ALARM(AT("20260502T080000Z")), NULL },
        { "V047 cancelled", NOW, "STATUS:CANCELLED|" ALARM(AT("20260502T080000Z")), NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene s;

        scene_start(&s, "Europe/Paris", cases[i].now);
        scene_put(&s, cases[i].put);
        if (s.plan.wanted.reminder.is_on != (cases[i].expected != NULL) ||
            (cases[i].expected != NULL &&
                s.plan.wanted.reminder.instant_s != support_instant(cases[i].expected))) {
            fail_msg("%s: %lld", cases[i].name, (long long)s.plan.wanted.reminder.instant_s);
        }
        assert_int_equal((s.plan.fields & F(REMINDER)) != 0, cases[i].expected != NULL);
        scene_get(&s, cases[i].put);
        assert_true(s.plan.is_verbatim);
        scene_end(&s);
    }
}

static void v097_a_dismissed_alarm_is_acknowledged_and_the_next_one_is_wanted(void **state)
{
    struct scene s;
    struct task task;
    struct err err;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, TWO);
    fixture_set_now(&s.fixture, "2026-05-04T08:10:00Z");
    struct task up = s.base;
    up.reminder = (struct task_reminder){ 0 };
    up.modified_us = support_instant("2026-05-04T08:09:00Z") * CIVIL_MICROS;
    scene_up(&s, &up);
    scene_get(&s, AT("20260504T080000Z") "|ACKNOWLEDGED:20260504T080900Z|" AT(
                      "20260505T080000Z") "|X-MOZ-LASTACK:20260504T080900Z");
    assert_true(map_read(s.document, &s.fixture.context, &task, &err));
    assert_reminder(&task.reminder, "2026-05-05T08:00:00Z");
    scene_end(&s);
}

static void v099_v100_v101_acknowledged_and_snoozed_by_a_client(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, TWO);
    fixture_set_now(&s.fixture, "2026-05-04T08:06:00Z");
    scene_put(&s, "X-MOZ-LASTACK:20260504T080500Z|" TWO);
    scene_sent(&s, F(REMINDER));
    assert_reminder(&s.plan.wanted.reminder, "2026-05-05T08:00:00Z");
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW); /* V100 */
    scene_put(&s, ALARM(AT("20260504T080000Z")));
    scene_put(&s, ALARM(AT("20260504T080000Z") "|ACKNOWLEDGED:20260504T080100Z"));
    scene_sent(&s, F(REMINDER));
    assert_reminder(&s.plan.wanted.reminder, NULL);
    scene_get(&s, "ACKNOWLEDGED:20260504T080100Z");
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW); /* V101 */
    scene_put(&s, ALARM(AT("20260504T080000Z")));
    fixture_set_now(&s.fixture, "2026-05-04T08:06:00Z");
    scene_put(&s, "X-MOZ-SNOOZE-TIME:20260504T083000Z|" ALARM(AT("20260504T080000Z")));
    scene_sent(&s, F(REMINDER));
    assert_reminder(&s.plan.wanted.reminder, "2026-05-04T08:30:00Z");
    scene_end(&s);
}

static void an_alarm_that_rang_is_no_change_of_the_client(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, ALARM(AT("20260504T080000Z")));
    struct map_version version = scene_version(&s);
    fixture_set_now(&s.fixture, "2026-05-04T08:06:00Z");
    scene_put_versions(&s, "PRIORITY:1|" ALARM(AT("20260504T080000Z")), &version, 1);
    scene_sent(&s, F(PRIORITY));
    /* nor is it a conflict when the client then sets another */
    scene_put_versions(&s, "PRIORITY:1|" ALARM(AT("20260506T080000Z")), &version, 1);
    scene_sent(&s, F(REMINDER));
    assert_int_equal(s.plan.overlapping, 0);
    scene_end(&s);
}

static void v103_a_moved_reminder_moves_the_alarm_that_was_chosen(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "DUE;TZID=Europe/Paris:20260506T180000|" ALARM(
                      "TRIGGER;RELATED=END:-PT30M") "|" ALARM(AT("20260510T080000Z")));
    struct task up = s.base;
    up.reminder = scene_reminder("2026-05-06T06:00:00Z");
    scene_up(&s, &up);
    scene_get(&s, AT("20260506T060000Z") "|" AT("20260510T080000Z") "|!TRIGGER;RELATED*");
    scene_end(&s);
}

static void v104_v107_switched_off_upstream(void **state)
{
    struct scene s;
    struct task up = scene_task();

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, ALARM(AT("20260510T080000Z")));
    up = s.base;
    up.reminder = (struct task_reminder){ 0 };
    scene_up(&s, &up);
    scene_get(&s, "!BEGIN*|!TRIGGER*");
    scene_put(&s, ALARM(AT("20260510T080000Z")));
    scene_put(&s, "");
    scene_sent(&s, F(REMINDER));
    assert_reminder(&s.plan.wanted.reminder, NULL);

    up = scene_task();
    scene_born(&s, &up); /* V107 */
    scene_get(&s, "!TRIGGER*");
    up.reminder = scene_reminder("2026-05-06T06:00:00Z");
    scene_up(&s, &up);
    scene_get(&s, AT("20260506T060000Z") "|ACTION:DISPLAY|DESCRIPTION:x");
    scene_end(&s);
}

static void v105_a_relative_alarm_stays_relative(void **state)
{
    static const char line[] = "TRIGGER;RELATED=END:-PT30M";
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "DUE;TZID=Europe/Paris:20260506T180000|" ALARM("TRIGGER;RELATED=END:-PT30M"));
    struct task up = s.base;
    up.due = scene_day("2026-05-13");
    up.reminder = scene_reminder("2026-05-13T15:30:00Z");
    scene_up(&s, &up);
    scene_get(&s, "DUE;TZID=Europe/Paris:20260513T180000");
    scene_get(&s, line);
    scene_end(&s);
}

static void v106_a_completed_task_rings_no_more(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, ALARM(AT("20260510T080000Z")));
    scene_put(&s, "STATUS:COMPLETED|COMPLETED:20260501T070000Z|" ALARM(AT("20260510T080000Z")));
    scene_sent(&s, F(STATUS) | F(COMPLETED) | F(REMINDER));
    assert_reminder(&s.plan.wanted.reminder, NULL);
    struct task up = s.base;
    scene_up(&s, &up);
    scene_get(&s, AT("20260510T080000Z"));
    scene_end(&s);
}

static void assert_roll(
    const struct scene *s, bool is_due, const char *wanted, const char *check_at)
{
    struct map_roll roll;
    struct err err;

    assert_true(map_roll_reminder(s->document, &s->base, &s->fixture.context, &roll, &err));
    assert_int_equal(roll.is_due, is_due);
    assert_reminder(&roll.wanted, wanted);
    assert_int_equal(
        roll.check_at_us, check_at == NULL ? 0 : support_instant(check_at) * CIVIL_MICROS);
}

static void v097_v182_the_reminder_rolls_on(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, TWO);
    assert_roll(&s, false, "2026-05-04T08:00:00Z", "2026-05-05T07:55:00Z");
    fixture_set_now(&s.fixture, "2026-05-04T08:10:00Z"); /* it rang and nobody looked */
    assert_roll(&s, false, "2026-05-05T08:00:00Z", "2026-05-05T07:55:00Z");
    fixture_set_now(&s.fixture, "2026-05-05T07:55:00Z");
    assert_roll(&s, true, "2026-05-05T08:00:00Z", NULL);
    fixture_set_now(&s.fixture, "2026-05-04T08:10:00Z"); /* dismissed: at once */
    struct task up = s.base;
    up.reminder = (struct task_reminder){ 0 };
    scene_up(&s, &up);
    assert_roll(&s, true, "2026-05-05T08:00:00Z", NULL);
    fixture_set_now(&s.fixture, "2026-05-06T08:00:00Z");
    assert_roll(&s, false, NULL, NULL);
    scene_end(&s);

    scene_start(&s, "Europe/Paris", "2026-10-19T08:00:00Z"); /* V182 */
    scene_put(&s, "DTSTART;TZID=Europe/Paris:20261019T180000|DUE;TZID=Europe/Paris:20261019T180000|"
                  "RRULE:FREQ=WEEKLY|" ALARM("TRIGGER;RELATED=END:-PT1H"));
    assert_reminder(&s.plan.wanted.reminder, "2026-10-19T15:00:00Z");
    up = s.base;
    up.start = up.due = scene_day("2026-10-26");
    up.reminder = scene_reminder("2026-10-26T15:00:00Z"); /* winter time has begun */
    scene_up(&s, &up);
    scene_get(&s, "TRIGGER;RELATED=END:-PT1H");
    assert_roll(&s, true, "2026-10-26T16:00:00Z", NULL);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v088_to_v110_what_upstream_is_told),
        cmocka_unit_test(v097_a_dismissed_alarm_is_acknowledged_and_the_next_one_is_wanted),
        cmocka_unit_test(v099_v100_v101_acknowledged_and_snoozed_by_a_client),
        cmocka_unit_test(an_alarm_that_rang_is_no_change_of_the_client),
        cmocka_unit_test(v103_a_moved_reminder_moves_the_alarm_that_was_chosen),
        cmocka_unit_test(v104_v107_switched_off_upstream),
        cmocka_unit_test(v105_a_relative_alarm_stays_relative),
        cmocka_unit_test(v097_v182_the_reminder_rolls_on),
        cmocka_unit_test(v106_a_completed_task_rings_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
