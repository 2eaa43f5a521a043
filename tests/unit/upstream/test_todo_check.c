/* Items of a checklist (upstream.md B.8; mapping.md 2.12). */
#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/dialect.h"
#include "ical/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

static struct upstream_item read_check(struct arena *arena, const char *json)
{
    struct upstream_item item;
    struct err err;

    if (!dialect_todo.read_check(
            str_from(json), zone_find(S("Europe/Paris")), arena, &item, &err)) {
        fail_msg("%s: %s", json, err.text);
    }
    return item;
}

/* V080 */
static void a_checked_item_is_done_at_that_very_moment(void **state)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct upstream_item item =
        read_check(arena, "{\"id\":\"c1\",\"displayName\":\"Milk\",\"isChecked\":true,"
                          "\"checkedDateTime\":\"2026-05-06T22:30:15.5803039Z\","
                          "\"createdDateTime\":\"2026-05-01T08:00:00.1234567Z\"}");

    (void)state;
    assert_true(str_eq(item.id, S("c1")));
    assert_true(str_eq(item.task.title, S("Milk")));
    assert_int_equal(item.task.status, TASK_DONE);
    assert_true(item.task.completed.is_moment);
    assert_int_equal(item.task.completed.instant_s, 1778106615);
    assert_int_equal(item.task.completed.day, 20580); /* 2026-05-07 in Paris */
    assert_int_equal(item.task.created_us, 1777622400123456);
    assert_int_equal(item.task.present, TASK_ALL_FIELDS);
}

static void an_unchecked_item_has_no_moment(void **state)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    static const char *const texts[] = {
        "{\"id\":\"c1\",\"displayName\":\"Milk\",\"isChecked\":false}",
        "{\"id\":\"c1\",\"displayName\":\"Milk\",\"isChecked\":false,\"checkedDateTime\":null}",
        "{\"id\":\"c1\",\"displayName\":\"Milk\",\"isChecked\":false,"
        "\"checkedDateTime\":\"2026-05-06T22:30:15Z\"}",
        "{\"id\":\"c1\",\"displayName\":\"Milk\",\"isChecked\":true,"
        "\"checkedDateTime\":\"0001-01-01T00:00:00Z\"}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct upstream_item item = read_check(arena, texts[i]);

        assert_false(item.task.completed.is_set);
        assert_true(item.task.present & TASK_FIELD(TASK_COMPLETED));
    }
}

static void what_is_no_item_is_refused(void **state)
{
    static const char *const texts[] = { "[]", "1", "{}", "{\"title\":\"x\"}",
        "{\"id\":\"c\",\"displayName\":7}", "{\"id\":\"c\",\"isChecked\":\"yes\"}",
        "{\"id\":\"c\",\"checkedDateTime\":\"yesterday\"}",
        "{\"id\":\"c\",\"checkedDateTime\":{}}" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new();
        struct upstream_item item;
        struct err err;

        assert_false(dialect_todo.read_check(str_from(texts[i]), zone_utc(), arena, &item, &err));
        assert_int_equal(err.kind, ERR_INVALID);
    }
}

/* V081 */
static void an_item_is_written_with_its_two_members(void **state)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const task_fields all = TASK_ALL_FIELDS;
    struct task task, item;

    (void)state;
    task_init(&task);
    task.title = S("Eggs");
    task.priority = 1;
    task.url = S("https://example.org/");
    dialect_todo.project_check(&task, zone_utc(), arena, &item);
    assert_int_equal(item.priority, 0);
    assert_true(str_eq(dialect_todo.write_check(&item, all, true, arena),
        S("{\"displayName\":\"Eggs\",\"isChecked\":false}")));
    task.status = TASK_DONE;
    dialect_todo.project_check(&task, zone_utc(), arena, &item);
    assert_true(str_eq(dialect_todo.write_check(&item,
                           TASK_FIELD(TASK_STATUS) | TASK_FIELD(TASK_COMPLETED), false, arena),
        S("{\"isChecked\":true}")));
    assert_true(
        str_eq(dialect_todo.write_check(&item, TASK_FIELD(TASK_COMPLETED), false, arena), S("{}")));
    assert_true(str_eq(dialect_todo.write_check(&item, TASK_FIELD(TASK_TITLE), false, arena),
        S("{\"displayName\":\"Eggs\"}")));
}

static void an_item_is_open_unless_it_is_done(void **state)
{
    static const struct {
        enum task_status status, expected;
    } rows[] = {
        { TASK_NOT_STARTED, TASK_NOT_STARTED },
        { TASK_IN_PROGRESS, TASK_NOT_STARTED },
        { TASK_DONE, TASK_DONE },
        { TASK_WAITING, TASK_NOT_STARTED },
        { TASK_DEFERRED, TASK_NOT_STARTED },
        { TASK_CANCELLED, TASK_NOT_STARTED },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new();
        struct task task, item, again;

        task_init(&task);
        task.status = rows[i].status;
        dialect_todo.project_check(&task, zone_utc(), arena, &item);
        assert_int_equal(item.status, rows[i].expected);
        assert_true(str_eq(item.title, S("(no title)")));
        dialect_todo.project_check(&item, zone_utc(), arena, &again);
        assert_int_equal(task_diff(&item, &again), 0);
    }
}

static void outlook_has_no_checklists(void **state)
{
    (void)state;
    assert_true(dialect_outlook.project_check == NULL && dialect_outlook.read_check == NULL &&
                dialect_outlook.write_check == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checked_item_is_done_at_that_very_moment),
        cmocka_unit_test(an_unchecked_item_has_no_moment),
        cmocka_unit_test(what_is_no_item_is_refused),
        cmocka_unit_test(an_item_is_written_with_its_two_members),
        cmocka_unit_test(an_item_is_open_unless_it_is_done),
        cmocka_unit_test(outlook_has_no_checklists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
