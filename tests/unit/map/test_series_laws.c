/* Whatever the rule and whatever the client's way to say it: completing an occurrence is one step,
 * saying it again is none (mapping.md 5.4). */
#include "bridge/core/mem.h"
#include "ical/recur.h"
#include "tests/unit/map/generate.h"
#include "tests/unit/map/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define ROUNDS 2000

static const char *const rules[] = { "FREQ=DAILY", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO,TH",
    "FREQ=WEEKLY;INTERVAL=2", "FREQ=MONTHLY", "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYDAY=1MO,3MO", "FREQ=YEARLY",
    "FREQ=DAILY;INTERVAL=3", "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1",
    "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "FREQ=DAILY;UNTIL=20270101" };

enum style {
    STYLE_ADVANCE,
    STYLE_OVERRIDE,
    STYLE_WHOLE,
    STYLE_MARKER,
    STYLE_COUNT,
};

struct round {
    struct arena *arena;
    const char *rule;
    int32_t count; /**< 0: none */
    int32_t first;
    int32_t next;
    bool has_next;
    bool is_timed;
};

static struct str date_text(struct arena *arena, int32_t day)
{
    struct civil c = civil_from_days(day);

    return arena_printf(arena, "%04d%02d%02d", (int)c.year, (int)c.month, (int)c.day);
}

/** DTSTART, DUE and RRULE with the series standing at `day`. */
static struct str master(const struct round *r, int32_t day, int32_t count)
{
    struct str date = date_text(r->arena, day);
    struct str dates = r->is_timed
                           ? arena_printf(r->arena,
                                 "DTSTART;TZID=Europe/Paris:%.*sT090000|"
                                 "DUE;TZID=Europe/Paris:%.*sT180000",
                                 STR_ARG(date), STR_ARG(date))
                           : arena_printf(r->arena, "DTSTART;VALUE=DATE:%.*s|DUE;VALUE=DATE:%.*s",
                                 STR_ARG(date), STR_ARG(date));

    return count > 0 ? arena_printf(
                           r->arena, "%.*s|RRULE:%s;COUNT=%d", STR_ARG(dates), r->rule, (int)count)
                     : arena_printf(r->arena, "%.*s|RRULE:%s", STR_ARG(dates), r->rule);
}

static struct str completed_by(const struct round *r, enum style style)
{
    struct str now = master(r, r->first, r->count);
    struct str date = date_text(r->arena, r->first);

    switch (style) {
    case STYLE_ADVANCE:
        return r->has_next ? master(r, r->next, r->count > 0 ? r->count - 1 : 0)
                           : arena_printf(r->arena, "%.*s|STATUS:COMPLETED", STR_ARG(now));
    case STYLE_OVERRIDE:
        return arena_printf(r->arena,
            "%.*s|END:VTODO|BEGIN:VTODO|UID:u1|RECURRENCE-ID%s%.*s%s|STATUS:COMPLETED|"
            "COMPLETED:20260504T160000Z",
            STR_ARG(now), r->is_timed ? ";TZID=Europe/Paris:" : ";VALUE=DATE:", STR_ARG(date),
            r->is_timed ? "T090000" : "");
    case STYLE_MARKER:
        if (r->has_next) {
            return arena_printf(r->arena, "%.*s|X-KDE-LIBKCAL-DTRECURRENCE:%.*sT000000",
                STR_ARG(now), STR_ARG(date_text(r->arena, r->next)));
        }
        break;
    default:
        break;
    }
    return arena_printf(r->arena, "%.*s|STATUS:COMPLETED|PERCENT-COMPLETE:100", STR_ARG(now));
}

static bool choose(struct random *random, struct round *r)
{
    struct recur rule;
    int32_t start = 20454 + (int32_t)random_below(random, 300);

    r->rule = rules[random_below(random, ARRAY_LEN(rules))];
    r->is_timed = random_below(random, 2) == 0;
    assert_true(recur_parse(str_from(r->rule), &rule));
    r->count =
        rule.has_until || random_below(random, 3) > 0 ? 0 : 1 + (int32_t)random_below(random, 5);
    rule.count = 0;
    if (!recur_first_from(
            &rule, start, rule.has_until ? rule.until.day : INT32_MAX, start, &r->first)) {
        return false;
    }
    /* a date by itself may not hold for the rule that leaves its day open */
    r->has_next = r->count != 1 && recur_first_from(&rule, r->first,
                                       rule.has_until ? rule.until.day - r->is_timed : INT32_MAX,
                                       r->first + 1, &r->next);
    return true;
}

static void complete_once(struct random *random, unsigned number)
{
    struct scene s;
    struct round r = { 0 };
    enum style style = (enum style)random_below(random, STYLE_COUNT);

    scene_start(&s, "Europe/Paris", "2026-05-04T16:00:00Z");
    r.arena = s.fixture.arena;
    if (!choose(random, &r)) {
        scene_end(&s);
        return;
    }
    scene_put(&s, master(&r, r.first, r.count).p);
    assert_int_equal(s.base.due.day, r.first);
    struct str put = completed_by(&r, style);
    scene_put(&s, put.p);
    if (r.has_next) {
        struct task task;
        struct err err;

        if (s.plan.step_count != 1 || s.plan.steps[0].kind != MAP_STEP_COMPLETE ||
            s.plan.steps[0].day != r.first || s.plan.steps[0].to_day != r.next ||
            s.plan.fields != 0 || s.base.due.day != r.next) {
            fail_msg("round %u, style %d: %s: %zu steps, fields %x, to %d, not %d", number,
                (int)style, put.p, s.plan.step_count, (unsigned)s.plan.fields,
                s.plan.step_count > 0 ? s.plan.steps[0].to_day : 0, r.next);
        }
        assert_true(map_read(s.document, &s.fixture.context, &task, &err));
        assert_int_equal(task.due.day, r.next);
        assert_int_equal(task.status, TASK_NOT_STARTED);
    } else if (s.plan.step_count != 0 || (s.plan.fields & F(STATUS)) == 0 ||
               s.base.status != TASK_DONE) {
        fail_msg("round %u, style %d: %s is not over", number, (int)style, put.p);
    }
    struct str before = s.document;
    scene_up(&s, &s.base); /* the service did as expected */
    assert_ptr_equal(s.document.p, before.p);
    scene_put(&s, put.p);
    if (s.plan.step_count != 0 || (r.has_next && s.plan.fields != 0)) {
        fail_msg("round %u, style %d: %s said again: %zu steps, fields %x", number, (int)style,
            put.p, s.plan.step_count, (unsigned)s.plan.fields);
    }
    scene_end(&s);
}

static void completing_is_one_step_and_saying_it_again_is_none(void **state)
{
    struct random random = { generate_seed() };

    (void)state;
    for (unsigned i = 0; i < generate_rounds(ROUNDS); i++) {
        complete_once(&random, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completing_is_one_step_and_saying_it_again_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
