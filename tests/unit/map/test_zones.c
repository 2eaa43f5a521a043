/* No date ever moves: zones x days around a change of clocks x forms x fields. */
#include "bridge/core/mem.h"
#include "tests/unit/map/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

static const char *const zones[] = { "Pacific/Honolulu", "America/Los_Angeles", "America/New_York",
    "America/St_Johns", "America/Santiago", "UTC", "Europe/London", "Europe/Paris", "Africa/Cairo",
    "Asia/Kathmandu", "Pacific/Auckland", "Pacific/Kiritimati" };
/* both changes of several zones, a leap day, the turn of a year */
static const char *const days[] = { "2026-01-01", "2026-03-08", "2026-03-29", "2026-03-30",
    "2026-04-05", "2026-04-24", "2026-09-06", "2026-09-27", "2026-10-25", "2026-11-01",
    "2026-12-31", "2028-02-29" };
static const char *const clocks[] = { "000000", "003000", "120000", "233000" };

enum form {
    FORM_DATE,
    FORM_FLOATING,
    FORM_UTC,
    FORM_ZONED, /**< the account's zone */
    FORM_AWAY,  /**< another one, far away */
    FORM_COUNT,
};

static struct str date_line(
    const struct fixture *f, const char *name, enum form form, int32_t day, const char *clock)
{
    struct civil c = civil_from_days(day);
    int year = (int)c.year;
    int month = (int)c.month;

    switch (form) {
    case FORM_DATE:
        return arena_printf(f->arena, "%s;VALUE=DATE:%04d%02d%02d|", name, year, month, (int)c.day);
    case FORM_ZONED:
        return arena_printf(f->arena, "%s;TZID=%.*s:%04d%02d%02dT%s|", name,
            STR_ARG(zone_name(f->context.zone)), year, month, (int)c.day, clock);
    case FORM_AWAY:
        return arena_printf(
            f->arena, "%s;TZID=Asia/Tokyo:%04d%02d%02dT%s|", name, year, month, (int)c.day, clock);
    default:
        return arena_printf(f->arena, "%s:%04d%02d%02dT%s%s|", name, year, month, (int)c.day, clock,
            form == FORM_UTC ? "Z" : "");
    }
}

/** The date that this line means: its own, but for UTC the one on the account's wall. */
static int32_t meant_day(const struct fixture *f, enum form form, int32_t day, const char *clock)
{
    int64_t second = (clock[0] - '0') * 36000 + (clock[1] - '0') * 3600 + (clock[2] - '0') * 600;

    return form != FORM_UTC ? day
                            : civil_day_of_seconds(zone_to_wall(
                                  f->context.zone, (int64_t)day * CIVIL_SECONDS_A_DAY + second));
}

/** What the service keeps of a civil date, and reads back: midnight in the account's zone. */
static struct task_date through_service(const struct fixture *f, struct task_date date)
{
    int64_t instant = zone_to_instant(f->context.zone, (int64_t)date.day * CIVIL_SECONDS_A_DAY);
    char iso[24];

    civil_format_iso(instant, iso);
    return (struct task_date){ .is_set = true, .day = support_stored_day(f, iso) };
}

static void check(const char *zone, int32_t day, enum form form, const char *clock)
{
    struct scene s;

    scene_start(&s, zone, "2025-12-01T08:00:00Z");
    struct str start = date_line(&s.fixture, "DTSTART", form, day, clock);
    struct str due = date_line(&s.fixture, "DUE", form, day + 3, clock);
    struct str rule = arena_printf(s.fixture.arena, "RRULE:FREQ=DAILY;UNTIL=%.*s",
        form == FORM_DATE ? 8 : (int)(due.n - str_find_char(due, ':') - 2),
        due.p + str_find_char(due, ':') + 1);
    struct str lines = arena_printf(s.fixture.arena, "%.*s%.*s%.*s", STR_ARG(start), STR_ARG(due),
        form == FORM_AWAY || form == FORM_ZONED ? 0 : (int)rule.n, rule.p);

    scene_put(&s, lines.p);
    int32_t start_day = meant_day(&s.fixture, form, day, clock);
    int32_t due_day = meant_day(&s.fixture, form, day + 3, clock);
    if (s.plan.wanted.start.day != start_day || s.plan.wanted.due.day != due_day) {
        fail_msg("%s: %s", zone, lines.p);
    }
    if (s.plan.wanted.recurrence.is_set && s.plan.wanted.recurrence.end_day != due_day) {
        fail_msg("%s: the end of %s is %d days off", zone, lines.p,
            s.plan.wanted.recurrence.end_day - due_day);
    }
    struct task up = s.base;
    up.start = through_service(&s.fixture, up.start);
    up.due = through_service(&s.fixture, up.due);
    struct str before = s.document;
    scene_up(&s, &up);
    if (s.document.p != before.p) {
        fail_msg("%s: %s moved to\n%.*s", zone, lines.p, STR_ARG(s.document));
    }
    up.start.day += 30;
    up.due.day += 30;
    if (!up.recurrence.is_set) {
        scene_up(&s, &up);
        struct task task;
        struct task answer;
        struct err err;
        assert_true(map_read(s.document, &s.fixture.context, &task, &err));
        support_project(&task, s.fixture.context.zone, s.fixture.arena, &answer);
        if (answer.start.day != start_day + 30 || answer.due.day != due_day + 30) {
            fail_msg("%s: %s moved to\n%.*s", zone, lines.p, STR_ARG(s.document));
        }
    }
    scene_end(&s);
}

static void no_date_ever_moves(void **state)
{
    unsigned count = 0;

    (void)state;
    for (size_t z = 0; z < ARRAY_LEN(zones); z++) {
        for (size_t d = 0; d < ARRAY_LEN(days); d++) {
            for (int form = 0; form < FORM_COUNT; form++) {
                for (size_t c = 0; c < (form == FORM_DATE ? 1 : ARRAY_LEN(clocks)); c++) {
                    check(zones[z], support_day(days[d]), (enum form)form, clocks[c]);
                    count++;
                }
            }
        }
    }
    assert_int_equal(count, 12 * 12 * 17);
}

static void an_absolute_reminder_is_the_same_instant_everywhere(void **state)
{
    (void)state;
    for (size_t z = 0; z < ARRAY_LEN(zones); z++) {
        struct scene s;

        scene_start(&s, zones[z], "2026-03-01T08:00:00Z");
        scene_put(&s, "BEGIN:VALARM|TRIGGER;VALUE=DATE-TIME:20260329T010000Z|END:VALARM");
        assert_int_equal(s.plan.wanted.reminder.instant_s, support_instant("2026-03-29T01:00:00Z"));
        scene_end(&s);
    }
}

/** What an alarm relative to a date rings at: on the wall where the date is. */
static int64_t ring_of(const struct fixture *f, enum form form, int32_t day, const char *clock,
    int32_t whole_days, int32_t seconds)
{
    int64_t second = (clock[0] - '0') * 36000 + (clock[1] - '0') * 3600 + (clock[2] - '0') * 600;
    int64_t wall = (int64_t)day * CIVIL_SECONDS_A_DAY + (form == FORM_DATE ? 0 : second);
    const struct zone *zone = form == FORM_AWAY ? zone_find(S("Asia/Tokyo")) : f->context.zone;

    if (form == FORM_UTC) { /* its days are nominal on the account's wall */
        wall = zone_to_wall(zone, wall);
    }
    return zone_to_instant(zone, wall + (int64_t)whole_days * CIVIL_SECONDS_A_DAY) + seconds;
}

static void check_reminder(const char *zone, int32_t day, enum form form, const char *clock)
{
    static const struct {
        const char *trigger;
        int32_t whole_days, seconds;
        bool is_of_due;
    } rows[] = {
        { "TRIGGER:-P1D", -1, 0, false },
        { "TRIGGER:-PT24H", 0, -86400, false },
        { "TRIGGER;RELATED=END:-PT15M", 0, -900, true },
        { "TRIGGER;RELATED=END:-P1W", -7, 0, true },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene s;

        scene_start(&s, zone, "2025-12-01T08:00:00Z");
        struct str start = date_line(&s.fixture, "DTSTART", form, day, clock);
        struct str due = date_line(&s.fixture, "DUE", form, day + 3, clock);
        struct str lines = arena_printf(s.fixture.arena, "%.*s%.*sBEGIN:VALARM|%s|END:VALARM",
            STR_ARG(start), STR_ARG(due), rows[i].trigger);
        int64_t ring = ring_of(&s.fixture, form, rows[i].is_of_due ? day + 3 : day, clock,
            rows[i].whole_days, rows[i].seconds);

        scene_put(&s, lines.p);
        if (s.plan.wanted.reminder.instant_s != ring) {
            fail_msg("%s: %s is %lld s off", zone, lines.p,
                (long long)(s.plan.wanted.reminder.instant_s - ring));
        }
        scene_end(&s);
    }
}

static void every_reminder_rings_at_the_right_minute(void **state)
{
    (void)state;
    for (size_t z = 0; z < ARRAY_LEN(zones); z++) {
        for (size_t d = 0; d < ARRAY_LEN(days); d++) {
            for (int form = 0; form < FORM_COUNT; form++) {
                for (size_t c = 0; c < (form == FORM_DATE ? 1 : ARRAY_LEN(clocks)); c++) {
                    check_reminder(zones[z], support_day(days[d]), (enum form)form, clocks[c]);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_date_ever_moves),
        cmocka_unit_test(an_absolute_reminder_is_the_same_instant_everywhere),
        cmocka_unit_test(every_reminder_rings_at_the_right_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
