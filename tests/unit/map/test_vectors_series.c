/* mapping.md 7.7: V157 to V183, as far as documents go; Z=Europe/Paris; series S: weekly on Monday,
 * C=2026-05-04 */
#include "bridge/core/mem.h"
#include "tests/unit/map/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define NOW                  "2026-05-04T16:00:00Z"
#define DATES(d)             "DTSTART;VALUE=DATE:" d "|DUE;VALUE=DATE:" d "|"
#define SERIES               DATES("20260504") "RRULE:FREQ=WEEKLY"
#define OVERRIDE(day, lines) "|END:VTODO|BEGIN:VTODO|UID:u1|RECURRENCE-ID;VALUE=DATE:" day "|" lines

static void start_series(struct scene *s, const char *lines)
{
    scene_start(s, "Europe/Paris", NOW);
    scene_put(s, lines);
    struct task up = s->base;
    up.start.has_instant = up.due.has_instant = true;
    scene_up(s, &up);
}

static void assert_steps(const struct scene *s, size_t count)
{
    assert_int_equal(s->plan.step_count, count);
}

static void assert_complete(const struct scene *s, size_t i, const char *day, const char *to_day)
{
    assert_true(i < s->plan.step_count);
    assert_int_equal(s->plan.steps[i].kind, MAP_STEP_COMPLETE);
    assert_int_equal(s->plan.steps[i].day, support_day(day));
    assert_int_equal(s->plan.steps[i].to_day, support_day(to_day));
}

static void v157_v158_style_b_an_override_is_completed(void **state)
{
    static const char put[] =
        SERIES OVERRIDE("20260504", "STATUS:COMPLETED|COMPLETED:20260504T160000Z|X-OWN:kept");
    struct scene s;
    struct map_version versions[2];

    (void)state;
    start_series(&s, SERIES);
    versions[0] = scene_version(&s);
    scene_put(&s, put);
    assert_steps(&s, 1);
    assert_complete(&s, 0, "2026-05-04", "2026-05-11");
    scene_sent(&s, 0);
    scene_get(&s, "DTSTART;VALUE=DATE:20260511|DUE;VALUE=DATE:20260511|RRULE:FREQ=WEEKLY|"
                  "!RECURRENCE-ID*|!STATUS:COMPLETED");
    assert_int_equal(s.base.due.day, support_day("2026-05-11"));
    support_assert_lines(&s.fixture, s.plan.steps[0].document,
        "STATUS:COMPLETED|DUE;VALUE=DATE:20260504|COMPLETED:20260504T160000Z|X-OWN:kept|"
        "RELATED-TO;RELTYPE=SIBLING:u1|!RRULE*|!RECURRENCE-ID*|!UID:u1");
    assert_int_equal(s.plan.steps[0].task.status, TASK_DONE);
    assert_int_equal(s.plan.steps[0].task.completed.day, support_day("2026-05-04"));

    versions[1] = scene_version(&s); /* V158: the same PUT again */
    scene_put_versions(&s, put, versions, 2);
    assert_steps(&s, 0);
    scene_sent(&s, 0);
    scene_get(&s, "DUE;VALUE=DATE:20260511|!RECURRENCE-ID*");
    scene_put(&s, put); /* and by a client of which nothing is known */
    assert_steps(&s, 0);
    scene_sent(&s, 0);
    scene_end(&s);
}

static void v161_v162_v163_style_a_the_dates_move_on(void **state)
{
    struct scene s;

    (void)state;
    start_series(&s, SERIES);
    scene_put(&s, DATES("20260511") "RRULE:FREQ=WEEKLY");
    assert_steps(&s, 1);
    assert_complete(&s, 0, "2026-05-04", "2026-05-11");
    assert_int_equal(s.plan.steps[0].document.n, 0);
    scene_sent(&s, 0);
    assert_true(s.plan.is_verbatim);
    scene_get(&s, "DUE;VALUE=DATE:20260511");
    scene_put(&s, DATES("20260511") "RRULE:FREQ=WEEKLY"); /* V183: the other client, later */
    assert_steps(&s, 0);
    scene_sent(&s, 0);
    scene_end(&s);

    start_series(&s, DATES("20260504") "RRULE:FREQ=WEEKLY;COUNT=5");
    scene_put(
        &s, DATES("20260511") "RRULE;X-EVOLUTION-ENDDATE=20260601T000000Z:FREQ=WEEKLY;COUNT=4");
    assert_steps(&s, 1); /* V162 */
    assert_complete(&s, 0, "2026-05-04", "2026-05-11");
    scene_sent(&s, 0);
    struct task up = s.base; /* the service goes on with its own count */
    scene_up(&s, &up);
    scene_get(&s, "RRULE;X-EVOLUTION-ENDDATE=20260601T000000Z:FREQ=WEEKLY;COUNT=4");
    scene_end(&s);

    start_series(&s, DATES("20260504") "RRULE:FREQ=WEEKLY;COUNT=5"); /* V163 */
    struct map_version version = scene_version(&s);
    scene_put_versions(&s, DATES("20260518") "RRULE:FREQ=WEEKLY;COUNT=3", &version, 1);
    assert_steps(&s, 2);
    assert_complete(&s, 0, "2026-05-04", "2026-05-11");
    assert_int_equal(s.plan.steps[1].kind, MAP_STEP_ADVANCE);
    assert_int_equal(s.plan.steps[1].day, support_day("2026-05-11"));
    assert_int_equal(s.plan.steps[1].to_day, support_day("2026-05-18"));
    scene_sent(&s, F(START) | F(DUE) | F(RECURRENCE));
    assert_int_equal(s.plan.wanted.recurrence.start_day, support_day("2026-05-18"));
    assert_int_equal(s.plan.overlapping, 0);
    scene_end(&s);
}

static void v164_style_d_the_whole_is_completed(void **state)
{
    struct scene s;

    (void)state;
    start_series(&s, SERIES "|STATUS:NEEDS-ACTION");
    scene_put(&s, SERIES "|STATUS:COMPLETED|PERCENT-COMPLETE:100|COMPLETED:20260504T150000Z");
    assert_steps(&s, 1);
    assert_complete(&s, 0, "2026-05-04", "2026-05-11");
    scene_sent(&s, 0);
    scene_get(&s, "STATUS:NEEDS-ACTION|DUE;VALUE=DATE:20260511|RRULE:FREQ=WEEKLY|!COMPLETED*|"
                  "!PERCENT-COMPLETE*|!STATUS:COMPLETED");
    support_assert_lines(&s.fixture, s.plan.steps[0].document,
        "STATUS:COMPLETED|DUE;VALUE=DATE:20260504|COMPLETED:20260504T150000Z|!RRULE*");
    scene_put(&s, SERIES "|STATUS:COMPLETED|PERCENT-COMPLETE:100"); /* again, by then long past */
    assert_steps(&s, 0);
    scene_sent(&s, 0);
    scene_get(&s, "STATUS:NEEDS-ACTION|DUE;VALUE=DATE:20260511");
    scene_end(&s);
}

static void v165_the_last_occurrence_ends_the_series(void **state)
{
    struct scene s;

    (void)state;
    start_series(&s, DATES("20260504") "RRULE:FREQ=WEEKLY;COUNT=1");
    scene_put(&s, DATES("20260504") "RRULE:FREQ=WEEKLY;COUNT=1|STATUS:COMPLETED");
    assert_steps(&s, 0);
    scene_sent(&s, F(STATUS) | F(COMPLETED));
    scene_get(&s, "STATUS:COMPLETED|!RRULE*|X-MSTASK-RRULE:FREQ=WEEKLY;COUNT=1");
    scene_end(&s);

    start_series(&s, DATES("20260504") "RRULE:FREQ=WEEKLY;COUNT=1"); /* in style B */
    scene_put(&s, DATES("20260504") "RRULE:FREQ=WEEKLY;COUNT=1" OVERRIDE(
                      "20260504", "STATUS:COMPLETED|COMPLETED:20260504T160000Z"));
    assert_steps(&s, 0);
    scene_sent(&s, F(STATUS) | F(COMPLETED));
    scene_get(&s, "STATUS:COMPLETED|COMPLETED:20260504T160000Z|!RRULE*|!RECURRENCE-ID*");
    scene_end(&s);
}

static void v169_style_f_the_pending_marker_moves(void **state)
{
    struct scene s;

    (void)state;
    start_series(&s, SERIES);
    scene_put(&s, SERIES "|X-KDE-LIBKCAL-DTRECURRENCE:20260511T000000");
    assert_steps(&s, 1);
    assert_complete(&s, 0, "2026-05-04", "2026-05-11");
    scene_get(&s, "DUE;VALUE=DATE:20260511|X-KDE-LIBKCAL-DTRECURRENCE:20260511T000000");
    scene_end(&s);
}

static void v170_v171_completed_in_outlook(void **state)
{
    struct scene s;
    struct task done = scene_task();

    (void)state;
    start_series(&s, SERIES);
    struct task up = s.base;
    up.start = up.due = scene_day("2026-05-11");
    scene_up(&s, &up);
    scene_get(&s, "DTSTART;VALUE=DATE:20260511|DUE;VALUE=DATE:20260511|RRULE:FREQ=WEEKLY");

    done.status = TASK_DONE; /* V171: the completed one still carries the rule */
    done.due = done.completed = scene_day("2026-05-04");
    done.recurrence = up.recurrence;
    scene_born(&s, &done);
    scene_get(&s, "STATUS:COMPLETED|DUE;VALUE=DATE:20260504|!RRULE*");
    scene_put(&s, "UID:born|STATUS:COMPLETED|PERCENT-COMPLETE:100|COMPLETED:20260504T100000Z|"
                  "DUE;VALUE=DATE:20260504");
    scene_sent(&s, 0);
    assert_steps(&s, 0);
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|DUE;VALUE=DATE:20260504"); /* V174 */
    scene_sent(&s, F(STATUS) | F(COMPLETED));
    scene_end(&s);
}

static void v172_v173_occurrences_before_and_after(void **state)
{
    struct scene s;

    (void)state;
    start_series(&s, SERIES);
    scene_put(&s, SERIES OVERRIDE("20260518", "STATUS:COMPLETED|COMPLETED:20260504T150000Z"));
    assert_steps(&s, 1);
    assert_int_equal(s.plan.steps[0].kind, MAP_STEP_ADD_DONE);
    assert_int_equal(s.plan.steps[0].day, support_day("2026-05-18"));
    assert_int_equal(s.plan.steps[0].task.due.day, support_day("2026-05-18"));
    assert_int_equal(s.plan.steps[0].task.status, TASK_DONE);
    scene_sent(&s, 0);
    scene_get(&s, "EXDATE;VALUE=DATE:20260518|!RECURRENCE-ID*|DUE;VALUE=DATE:20260504");
    scene_put(&s, DATES("20260504") "EXDATE;VALUE=DATE:20260518|RRULE:FREQ=WEEKLY" OVERRIDE(
                      "20260518", "STATUS:COMPLETED|COMPLETED:20260504T150000Z"));
    assert_steps(&s, 0); /* done already */

    scene_put(&s, DATES("20260504") "EXDATE;VALUE=DATE:20260518|RRULE:FREQ=WEEKLY" OVERRIDE(
                      "20260427", "STATUS:COMPLETED|COMPLETED:20260504T150000Z"));
    assert_steps(&s, 0); /* V173 */
    scene_sent(&s, 0);
    scene_put(&s, DATES("20260504") "EXDATE;VALUE=DATE:20260518|RRULE:FREQ=WEEKLY" OVERRIDE(
                      "20260427", "STATUS:NEEDS-ACTION"));
    assert_steps(&s, 1); /* P4 */
    assert_int_equal(s.plan.steps[0].kind, MAP_STEP_REOPEN);

    /* 05-18 is skipped when the series gets there */
    scene_put(&s, DATES("20260511") "EXDATE;VALUE=DATE:20260518|RRULE:FREQ=WEEKLY");
    assert_complete(&s, 0, "2026-05-04", "2026-05-11");
    scene_put(&s, DATES("20260525") "EXDATE;VALUE=DATE:20260518|RRULE:FREQ=WEEKLY");
    assert_complete(&s, 0, "2026-05-11", "2026-05-25");
    scene_end(&s);
}

static void v175_v176_v177_moved_and_skipped(void **state)
{
    struct scene s;

    (void)state;
    start_series(&s, SERIES);
    scene_put(&s, DATES("20260506") "RRULE:FREQ=WEEKLY"); /* V175 */
    assert_steps(&s, 0);
    assert_true((s.plan.fields & F(RECURRENCE)) != 0);
    assert_int_equal(s.plan.wanted.recurrence.weekdays, 8);
    assert_int_equal(s.plan.wanted.recurrence.start_day, support_day("2026-05-06"));
    scene_end(&s);

    start_series(&s, SERIES); /* V176 */
    scene_put(&s, SERIES OVERRIDE("20260504", "DUE;VALUE=DATE:20260507"));
    assert_steps(&s, 1);
    assert_int_equal(s.plan.steps[0].kind, MAP_STEP_MOVE);
    assert_int_equal(s.plan.steps[0].task.due.day, support_day("2026-05-07"));
    scene_sent(&s, 0);
    scene_get(&s, "DUE;VALUE=DATE:20260511|!RECURRENCE-ID*");
    scene_end(&s);

    start_series(&s, SERIES); /* V177 */
    scene_put(&s, SERIES "|EXDATE;VALUE=DATE:20260504");
    scene_sent(&s, F(RECURRENCE));
    assert_int_equal(s.plan.wanted.recurrence.start_day, support_day("2026-05-11"));
    assert_steps(&s, 1);
    assert_int_equal(s.plan.steps[0].kind, MAP_STEP_ADVANCE);
    assert_int_equal(s.plan.steps[0].to_day, support_day("2026-05-11"));
    scene_end(&s);

    start_series(&s, SERIES); /* P7: skipped to a later date, nothing completed */
    scene_put(&s, DATES("20260518") "RRULE:FREQ=WEEKLY");
    assert_steps(&s, 1);
    assert_int_equal(s.plan.steps[0].kind, MAP_STEP_ADVANCE);
    scene_sent(&s, F(START) | F(DUE) | F(RECURRENCE));
    scene_end(&s);
}

static void v150_v172_an_excepted_date_is_skipped_when_it_is_reached(void **state)
{
    struct scene s;
    struct map_plan plan;
    struct err err;

    (void)state;
    start_series(&s, DATES("20260504") "RRULE:FREQ=WEEKLY;COUNT=5|EXDATE;VALUE=DATE:20260511");
    assert_true(map_plan_skip(s.document, &s.base, &s.fixture.context, &plan, &err));
    assert_int_equal(plan.step_count, 0);
    struct task up = s.base;
    up.start = up.due = scene_day("2026-05-11"); /* completed in Outlook */
    scene_up(&s, &up);
    assert_true(map_plan_skip(s.document, &s.base, &s.fixture.context, &plan, &err));
    assert_int_equal(plan.step_count, 1);
    assert_int_equal(plan.steps[0].kind, MAP_STEP_ADVANCE);
    assert_int_equal(plan.steps[0].day, support_day("2026-05-11"));
    assert_int_equal(plan.steps[0].to_day, support_day("2026-05-18"));
    assert_int_equal(plan.fields, F(RECURRENCE));
    assert_int_equal(plan.wanted.recurrence.start_day, support_day("2026-05-18"));
    assert_int_equal(plan.wanted.recurrence.count, 3);
    assert_int_equal(plan.expected.due.day, support_day("2026-05-18"));
    support_assert_lines(
        &s.fixture, plan.document, "DUE;VALUE=DATE:20260518|RRULE:FREQ=WEEKLY;COUNT=3");
    scene_end(&s);

    /* driven: the plain task is moved */
    start_series(&s, DATES("20260504") "RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO;COUNT=5|"
                                       "EXDATE;VALUE=DATE:20260518");
    up = s.base;
    up.start = up.due = scene_day("2026-05-18");
    scene_up(&s, &up);
    assert_true(map_plan_skip(s.document, &s.base, &s.fixture.context, &plan, &err));
    assert_int_equal(plan.step_count, 1);
    assert_true(plan.is_driven);
    assert_int_equal(plan.wanted.due.day, support_day("2026-06-01"));
    support_assert_lines(&s.fixture, plan.document, "DUE;VALUE=DATE:20260601");
    scene_end(&s);
}

static void v179_a_component_without_uid_is_ignored(void **state)
{
    struct scene s;

    (void)state;
    start_series(&s, SERIES);
    scene_put(&s, SERIES "|PRIORITY:1|END:VTODO|BEGIN:VTODO|STATUS:COMPLETED");
    assert_steps(&s, 0);
    scene_sent(&s, F(PRIORITY));
    scene_end(&s);
}

static void v180_a_driven_series_goes_to_its_next_date(void **state)
{
    struct scene s;

    (void)state;
    start_series(&s, DATES("20260504") "RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO;COUNT=6");
    scene_put(&s, DATES("20260504") "RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO;COUNT=6|STATUS:COMPLETED");
    assert_true(s.plan.is_driven);
    assert_steps(&s, 1);
    assert_complete(&s, 0, "2026-05-04", "2026-05-18");
    scene_sent(&s, 0);
    assert_int_equal(s.plan.expected.due.day, support_day("2026-05-18"));
    scene_get(&s, "DUE;VALUE=DATE:20260518|RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO;COUNT=5");
    scene_end(&s);
}

static void a_change_beside_the_completion_is_sent_too(void **state)
{
    struct scene s;

    (void)state;
    start_series(&s, SERIES);
    scene_put(&s, DATES("20260511") "RRULE:FREQ=WEEKLY|PRIORITY:1");
    assert_steps(&s, 1);
    scene_sent(&s, F(PRIORITY));
    scene_end(&s);
}

static void two_occurrences_completed_at_once(void **state)
{
    struct scene s;

    (void)state;
    start_series(&s, SERIES);
    scene_put(&s,
        SERIES OVERRIDE("20260504", "STATUS:COMPLETED") OVERRIDE("20260511", "STATUS:COMPLETED"));
    assert_steps(&s, 2);
    assert_complete(&s, 0, "2026-05-04", "2026-05-11");
    assert_complete(&s, 1, "2026-05-11", "2026-05-18");
    scene_get(&s, "DUE;VALUE=DATE:20260518|!RECURRENCE-ID*");
    scene_end(&s);
}

static void an_override_with_other_words_waits(void **state)
{
    struct scene s;

    (void)state;
    start_series(&s, SERIES);
    scene_put(&s, SERIES OVERRIDE("20260518", "COMMENT:bring cake"));
    assert_steps(&s, 0);
    scene_sent(&s, 0);
    assert_true(s.plan.is_verbatim);
    scene_get(&s, "RECURRENCE-ID;VALUE=DATE:20260518|COMMENT:bring cake");
    scene_end(&s);
}

static void v166_a_completed_copy_is_recognised(void **state)
{
    static const struct {
        const char *put;
        bool is_copy;
    } rows[] = {
        { "UID:t1|SUMMARY:x|DUE;VALUE=DATE:20260504|STATUS:COMPLETED", true },
        { "UID:t1|SUMMARY:x|DTSTART;TZID=Europe/Paris:20260504T090000|COMPLETED:20260504T100000Z",
            true },
        { "UID:t1|SUMMARY:y|DUE;VALUE=DATE:20260504|STATUS:COMPLETED", false },
        { "UID:t1|SUMMARY:x|DUE;VALUE=DATE:20260511|STATUS:COMPLETED", false },
        { "UID:t1|SUMMARY:x|DUE;VALUE=DATE:20260504|STATUS:NEEDS-ACTION", false },
        { "UID:t1|SUMMARY:x|STATUS:COMPLETED", false },
        { "UID:t1|SUMMARY:x|DUE;VALUE=DATE:20260504|RRULE:FREQ=WEEKLY|STATUS:COMPLETED", false },
    };
    struct scene s;

    (void)state;
    start_series(&s, SERIES);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct map_object object;
        enum map_fault fault;
        struct err err;

        assert_true(map_check(
            support_document(&s.fixture, rows[i].put), &s.fixture.context, &object, &fault, &err));
        assert_int_equal(map_is_copy(&object, s.document, &s.fixture.context), rows[i].is_copy);
    }
    scene_end(&s);
}

static void v167_a_copy_that_comes_late_is_recognised(void **state)
{
    static const struct {
        const char *put;
        bool is_same;
    } rows[] = {
        { "UID:t1|SUMMARY:x|DUE;VALUE=DATE:20260504|STATUS:COMPLETED", true },
        { "UID:t1|SUMMARY:x|DTSTART;TZID=Europe/Paris:20260504T090000|COMPLETED:20260504T100000Z",
            true },
        { "UID:t1|SUMMARY:y|DUE;VALUE=DATE:20260504|STATUS:COMPLETED", false },
        { "UID:t1|SUMMARY:x|DUE;VALUE=DATE:20260511|STATUS:COMPLETED", false },
        { "UID:t1|SUMMARY:x|DUE;VALUE=DATE:20260504|STATUS:NEEDS-ACTION", false },
        { "UID:t1|SUMMARY:x|STATUS:COMPLETED", false },
        { "UID:t1|SUMMARY:x|DUE;VALUE=DATE:20260504|RRULE:FREQ=WEEKLY|STATUS:COMPLETED", false },
    };
    struct scene s;
    struct task done = scene_task();

    (void)state;
    start_series(&s, SERIES);
    done.title = S("x");
    done.status = TASK_DONE;
    done.due = done.completed = scene_day("2026-05-04");
    struct map_context *context = &s.fixture.context;
    struct str made = map_render_occurrence(&done, s.document, S("m1"), context);
    support_assert_lines(
        &s.fixture, made, "UID:m1|STATUS:COMPLETED|RELATED-TO;RELTYPE=SIBLING:u1|!RRULE*");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct map_object object;
        enum map_fault fault;
        struct err err;

        assert_true(
            map_check(support_document(&s.fixture, rows[i].put), context, &object, &fault, &err));
        assert_int_equal(map_is_same_occurrence(&object, made, context), rows[i].is_same);
        assert_false(map_is_same_occurrence(
            &object, map_render(&done, S("m2"), context), context)); /* of no series */
    }
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v157_v158_style_b_an_override_is_completed),
        cmocka_unit_test(v161_v162_v163_style_a_the_dates_move_on),
        cmocka_unit_test(v164_style_d_the_whole_is_completed),
        cmocka_unit_test(v165_the_last_occurrence_ends_the_series),
        cmocka_unit_test(v166_a_completed_copy_is_recognised),
        cmocka_unit_test(v167_a_copy_that_comes_late_is_recognised),
        cmocka_unit_test(v169_style_f_the_pending_marker_moves),
        cmocka_unit_test(v170_v171_completed_in_outlook),
        cmocka_unit_test(v172_v173_occurrences_before_and_after),
        cmocka_unit_test(v175_v176_v177_moved_and_skipped),
        cmocka_unit_test(v150_v172_an_excepted_date_is_skipped_when_it_is_reached),
        cmocka_unit_test(v179_a_component_without_uid_is_ignored),
        cmocka_unit_test(v180_a_driven_series_goes_to_its_next_date),
        cmocka_unit_test(a_change_beside_the_completion_is_sent_too),
        cmocka_unit_test(two_occurrences_completed_at_once),
        cmocka_unit_test(an_override_with_other_words_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
