#include "bridge/sync/version.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define NOW_S INT64_C(1777881600) /* 2026-05-04T08:00:00Z */

static void same(
    const struct task *task, const struct zone *zone, struct arena *arena, struct task *out)
{
    (void)zone;
    (void)arena;
    *out = *task;
}

static struct map_context context_of(struct arena *arena)
{
    return (struct map_context){
        .zone = zone_utc(),
        .now_us = NOW_S * CIVIL_MICROS,
        .project = same,
        .options = { .plans_steps = true },
        .arena = arena,
    };
}

static struct str document(struct arena *arena, const char *lines)
{
    return arena_printf(arena,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:u\r\nSUMMARY:x\r\n"
        "%sEND:VTODO\r\nEND:VCALENDAR\r\n",
        lines);
}

static int64_t due_of(struct arena *arena, const char *lines, const struct task *base)
{
    struct map_context context = context_of(arena);

    return version_due(document(arena, lines), base, &context);
}

static struct task base_of(struct arena *arena, const char *lines)
{
    struct map_context context = context_of(arena);
    struct task task;
    struct err err;

    assert_true(map_read(document(arena, lines), &context, &task, &err));
    return task;
}

#define ALARM(trigger)                                                                    \
    "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER;VALUE=DATE-TIME:" trigger \
    "\r\nEND:VALARM\r\n"

static void what_needs_nothing_is_never_due(void **state)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct task base = base_of(arena, "DUE;VALUE=DATE:20260504\r\n");

    (void)state;
    assert_int_equal(due_of(arena, "DUE;VALUE=DATE:20260504\r\n", &base), 0);
}

static void the_second_alarm_is_due_five_minutes_before(void **state)
{
    static const char lines[] = ALARM("20260504T090000Z") ALARM("20260504T120000Z");
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct task base = base_of(arena, lines);

    (void)state;
    assert_int_equal(base.reminder.instant_s, NOW_S + 3600);
    assert_int_equal(due_of(arena, lines, &base), NOW_S + 4 * 3600 - 300);
    base.reminder = (struct task_reminder){ 0 }; /* dismissed there */
    assert_int_equal(due_of(arena, lines, &base), NOW_S);
    base.status = TASK_DONE;
    assert_int_equal(due_of(arena, lines, &base), 0);
}

static void a_series_on_an_excepted_date_is_due_now(void **state)
{
    static const char lines[] =
        "DTSTART;VALUE=DATE:20260504\r\nDUE;VALUE=DATE:20260504\r\nRRULE:FREQ=WEEKLY\r\n"
        "EXDATE;VALUE=DATE:20260504\r\n";
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct task base = base_of(arena, lines);

    (void)state;
    assert_int_equal(due_of(arena, lines, &base), NOW_S);
}

static void the_ids_made_from_an_upstream_id_are_the_same_each_time(void **state)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct str one = version_uid(S("AAMk+/="), arena);

    (void)state;
    assert_int_equal(one.n, 36);
    assert_true(str_eq(one, version_uid(S("AAMk+/="), arena)));
    assert_false(str_eq(one, version_uid(S("aamk+/="), arena)));
    assert_false(str_eq(one, version_done_uid(S("AAMk+/="), arena)));
}

static void a_base_comes_back_from_its_text(void **state)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct task base = base_of(arena, "DUE;VALUE=DATE:20260504\r\nPRIORITY:2\r\n");
    struct task again;
    struct err err;

    (void)state;
    assert_true(task_parse(version_base(&base, arena), arena, &again, &err));
    assert_int_equal(task_diff(&base, &again), 0);
}

static void versions_of_another_model_are_not_read(void **state)
{
    struct store_version version = { .fields = S("short") };
    struct map_version out;

    (void)state;
    assert_false(version_read(&version, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_nothing_is_never_due),
        cmocka_unit_test(the_second_alarm_is_due_five_minutes_before),
        cmocka_unit_test(a_series_on_an_excepted_date_is_due_now),
        cmocka_unit_test(the_ids_made_from_an_upstream_id_are_the_same_each_time),
        cmocka_unit_test(a_base_comes_back_from_its_text),
        cmocka_unit_test(versions_of_another_model_are_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
