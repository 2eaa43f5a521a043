/* What the bridge does by itself: mapping.md 2.8 rule 7, 4.6, 5.5. */
#include "bridge/core/mem.h"
#include "tests/unit/map/generate.h"
#include "tests/unit/map/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define NOW                  "2026-05-04T16:00:00Z"
#define ROUNDS               2000
#define DATES(d)             "DTSTART;VALUE=DATE:" d "|DUE;VALUE=DATE:" d "|"
#define WEEKLY(d)            DATES(d) "RRULE:FREQ=WEEKLY"
#define OVERRIDE(day, lines) "|END:VTODO|BEGIN:VTODO|UID:u1|RECURRENCE-ID;VALUE=DATE:" day "|" lines
#define CONTENT              (F(TITLE) | F(PRIORITY) | F(SENSITIVITY) | F(CATEGORIES))

static struct map_plan tend(const struct scene *s)
{
    struct map_plan plan;
    int64_t at_us;
    struct err err;

    assert_true(map_plan_tend(s->document, &s->base, &s->fixture.context, &plan, &at_us, &err));
    return plan;
}

static void an_override_is_applied_at_its_date_and_taken_back_after_it(void **state)
{
    struct scene s;
    struct map_plan plan;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "-SUMMARY|SUMMARY:x|" WEEKLY("20260504")
                      OVERRIDE("20260511", "SUMMARY:special|PRIORITY:1"));
    assert_int_equal(tend(&s).fields, 0);

    struct task up = s.base;
    up.start = up.due = scene_day("2026-05-11");
    scene_up(&s, &up);
    plan = tend(&s);
    assert_int_equal(plan.fields, F(TITLE) | F(PRIORITY));
    assert_true(str_eq(plan.wanted.title, S("special")));
    assert_true(plan.document.p == s.document.p);
    s.base = plan.expected; /* the service took it */
    assert_int_equal(tend(&s).fields, 0);

    up = s.base;
    up.start = up.due = scene_day("2026-05-18");
    scene_up(&s, &up);
    plan = tend(&s);
    assert_int_equal(plan.fields, F(TITLE) | F(PRIORITY));
    assert_true(str_eq(plan.wanted.title, S("x")));
    support_assert_lines(&s.fixture, plan.document, "SUMMARY:x|!RECURRENCE-ID*|!SUMMARY:special");
    scene_end(&s);
}

static void a_series_goes_on_when_its_current_date_is_excepted(void **state)
{
    struct scene s;
    struct map_plan plan;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, WEEKLY("20260504") "|EXDATE;VALUE=DATE:20260511");
    assert_int_equal(tend(&s).fields, 0);
    struct task up = s.base;
    up.start = up.due = scene_day("2026-05-11");
    scene_up(&s, &up);
    plan = tend(&s);
    assert_int_equal(plan.fields, F(RECURRENCE));
    support_assert_lines(&s.fixture, plan.document, "DUE;VALUE=DATE:20260518");
    s.fixture.context.options.plans_steps = false; /* nobody carries out steps */
    assert_int_equal(tend(&s).fields, 0);
    scene_end(&s);
}

static void a_series_that_goes_on_can_be_completed_from_upstream(void **state)
{
    struct scene s;
    struct str out;
    struct err err;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, DATES("20260504") "RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO");
    assert_true(map_goes_on(s.document, &s.fixture.context));
    struct task up = s.base;
    up.status = TASK_DONE;
    up.completed = scene_day("2026-05-04");
    assert_true(map_complete(s.document, &s.base, &up, &s.fixture.context, &out, &err));
    support_assert_lines(
        &s.fixture, out, "STATUS:COMPLETED|RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO|COMPLETED*");
    assert_false(map_goes_on(out, &s.fixture.context));
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, DATES("20260504") "RRULE:FREQ=WEEKLY;COUNT=1");
    assert_false(map_goes_on(s.document, &s.fixture.context)); /* the last one */
    scene_end(&s);
}

static void an_occurrence_is_known_by_its_series_and_day(void **state)
{
    struct scene s;
    struct fixture *f = &s.fixture;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, WEEKLY("20260504"));
    struct str series = s.document;
    struct str done =
        support_document(f, DATES("20260427") "STATUS:COMPLETED|RELATED-TO;RELTYPE=CHILD:u1|"
                                              "RELATED-TO;RELTYPE=SIBLING:u1");
    int32_t day = support_day("2026-04-27");

    assert_true(map_is_occurrence(done, series, day, &f->context));
    assert_false(map_is_occurrence(done, series, day + 7, &f->context));
    assert_false(
        map_is_occurrence(support_document(f, DATES("20260427") "STATUS:COMPLETED|RELATED-TO:u1"),
            series, day, &f->context));
    assert_false(
        map_is_occurrence(support_document(f, DATES("20260427") "RELATED-TO;RELTYPE=SIBLING:u1"),
            series, day, &f->context));
    scene_end(&s);
}

/** Nothing that a client or the service says makes the bridge change a task's content by itself. */
static void content_without_overrides_is_left_alone(void **state)
{
    struct random r = { generate_seed() };
    unsigned series = 0;

    (void)state;
    for (unsigned i = 0; i < generate_rounds(ROUNDS); i++) {
        struct fixture f;
        struct map_object object;
        struct map_plan plan;
        enum map_fault fault;
        struct str document;
        int64_t at_us;
        struct err err;

        fixture_start(&f, "Europe/Paris", "2026-05-01T08:00:00Z");
        document = generate_document(&r, &f);
        if (str_find(document, S("RECURRENCE-ID")) == SIZE_MAX &&
            map_check(document, &f.context, &object, &fault, &err) &&
            map_plan_create(&object, &f.context, &plan, &err)) {
            struct task base = plan.expected, returned = plan.expected;

            series += map_goes_on(object.document, &f.context);
            assert_true(map_plan_tend(object.document, &base, &f.context, &plan, &at_us, &err));
            assert_int_equal(plan.fields & CONTENT, 0);
            generate_change(&r, &f, 3, &returned);
            assert_true(map_merge(object.document, &base, &returned, &f.context, &document, &err));
            assert_true(map_plan_tend(document, &returned, &f.context, &plan, &at_us, &err));
            assert_int_equal(plan.fields & CONTENT, 0);
        }
        fixture_end(&f);
    }
    print_message("%u series\n", series);
    assert_true(series > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_override_is_applied_at_its_date_and_taken_back_after_it),
        cmocka_unit_test(a_series_goes_on_when_its_current_date_is_excepted),
        cmocka_unit_test(a_series_that_goes_on_can_be_completed_from_upstream),
        cmocka_unit_test(an_occurrence_is_known_by_its_series_and_day),
        cmocka_unit_test(content_without_overrides_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
