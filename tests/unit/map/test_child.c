/* mapping.md 2.12: sub-tasks, and which of them an item of a checklist can hold; V080 to V084 */
#include "bridge/core/mem.h"
#include "tests/unit/map/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define NOW "2026-05-10T08:00:00Z"

/** What an item answers, written here once more from mapping.md. */
static void project_check(
    const struct task *task, const struct zone *zone, struct arena *arena, struct task *out)
{
    (void)zone;
    (void)arena;
    task_init(out);
    out->title = task->title;
    out->status = task->status == TASK_DONE ? TASK_DONE : TASK_NOT_STARTED;
}

static void start_item(struct scene *s)
{
    scene_start(s, "Europe/Paris", NOW);
    s->fixture.context.project = project_check;
}

static struct task checked_at(const char *title, const char *iso)
{
    struct task task;

    task_init(&task);
    task.title = str_from(title);
    task.created_us = support_instant("2026-05-01T08:00:00Z") * CIVIL_MICROS;
    if (iso != NULL) {
        task.status = TASK_DONE;
        task.completed = (struct task_date){ .is_set = true,
            .has_instant = true,
            .is_moment = true,
            .instant_s = support_instant(iso),
            .day = support_day("2026-05-06") };
    }
    return task;
}

static struct map_child read_child(const struct scene *s, const char *lines)
{
    struct map_child child;
    struct err err;

    assert_true(
        map_read_child(support_document(&s->fixture, lines), &s->fixture.context, &child, &err));
    return child;
}

static void v080_an_item_is_a_resource_below_its_parent(void **state)
{
    struct scene s;
    struct task task = checked_at("Milk", "2026-05-06T08:00:00Z");
    struct map_child child;
    struct err err;

    (void)state;
    start_item(&s);
    s.document = map_render_child(&task, S("P,1"), S("c1"), &s.fixture.context);
    scene_get(&s, "UID:c1|SUMMARY:Milk|RELATED-TO;RELTYPE=PARENT:P\\,1|STATUS:COMPLETED|"
                  "COMPLETED:20260506T080000Z|PERCENT-COMPLETE:100|CREATED:20260501T080000Z|"
                  "LAST-MODIFIED:20260506T080000Z|DTSTAMP:20260506T080000Z");
    assert_true(map_read_child(s.document, &s.fixture.context, &child, &err));
    assert_true(child.is_simple);
    assert_true(str_eq(child.parent, S("P,1")));
    fixture_set_now(&s.fixture, "2026-05-11T08:00:00Z");
    assert_true(str_eq(s.document, map_render_child(&task, S("P,1"), S("c1"), &s.fixture.context)));

    task = checked_at("Milk", NULL);
    s.document = map_render_child(&task, S("P"), S("c1"), &s.fixture.context);
    scene_get(&s, "STATUS:NEEDS-ACTION|!COMPLETED*|DTSTAMP:20260501T080000Z");
    scene_end(&s);
}

static void v080_changes_of_an_item_reach_its_document(void **state)
{
    struct scene s;

    (void)state;
    start_item(&s);
    scene_put(&s, "SUMMARY:Milk|RELATED-TO:P|X-APPLE-SORT-ORDER:7|PRIORITY:0");
    scene_sent(&s, F(TITLE));
    s.base = checked_at("Milk", NULL); /* as the service answers */
    struct task up = checked_at("Milk", "2026-05-06T08:00:00Z");
    scene_up(&s, &up);
    scene_get(&s, "SUMMARY:Milk|RELATED-TO:P|X-APPLE-SORT-ORDER:7|PRIORITY:0|STATUS:COMPLETED|"
                  "COMPLETED:20260506T080000Z");
    struct str before = s.document;
    scene_up(&s, &up);
    assert_true(s.document.p == before.p);

    up = checked_at("Oat milk", "2026-05-06T08:00:00Z");
    scene_up(&s, &up);
    scene_get(&s, "SUMMARY:Oat milk|COMPLETED:20260506T080000Z");
    up = checked_at("Oat milk", NULL);
    scene_up(&s, &up);
    scene_get(&s, "STATUS:NEEDS-ACTION|!COMPLETED*");
    scene_end(&s);
}

static void v081_what_a_client_changes_in_an_item_is_sent(void **state)
{
    struct scene s;

    (void)state;
    start_item(&s);
    scene_put(&s, "SUMMARY:Eggs|RELATED-TO:P");
    scene_sent(&s, F(TITLE));
    assert_int_equal(s.plan.wanted.status, TASK_NOT_STARTED);
    scene_put(&s, "SUMMARY:Eggs|RELATED-TO:P|STATUS:COMPLETED|COMPLETED:20260507T090001Z");
    assert_true((s.plan.fields & F(STATUS)) != 0);
    assert_int_equal(s.plan.fields & ~(F(STATUS) | F(COMPLETED)), 0);
    assert_true(s.plan.is_verbatim);

    struct task answer = checked_at("Eggs", "2026-05-10T08:00:00Z"); /* its own clock */
    answer.completed.day = support_day("2026-05-10");
    struct str before = s.document;
    scene_up(&s, &answer);
    assert_true(s.document.p == before.p); /* the client's moment stays */
    scene_get(&s, "COMPLETED:20260507T090001Z");

    scene_put(&s, "SUMMARY:Eggs|RELATED-TO:P|STATUS:COMPLETED|COMPLETED:20260507T090001Z|"
                  "PERCENT-COMPLETE:100|X-OWN:1|LOCATION:Shop");
    scene_sent(&s, 0); /* nothing that an item could hold */
    scene_put(&s, "SUMMARY:Eggs|RELATED-TO:P|STATUS:NEEDS-ACTION");
    assert_true((s.plan.fields & F(STATUS)) != 0);
    scene_end(&s);
}

static void v082_what_an_item_cannot_hold_needs_a_task(void **state)
{
    static const struct {
        const char *lines;
        const char *obstacle;
    } rows[] = {
        { "RELATED-TO:P", "" },
        { "STATUS:COMPLETED|COMPLETED:20260506T080000Z|PERCENT-COMPLETE:100", "" },
        { "STATUS:IN-PROCESS|PERCENT-COMPLETE:40", "" },
        { "PRIORITY:0|CREATED:20260506T080000Z|X-APPLE-SORT-ORDER:7", "" },
        { "DESCRIPTION:|CATEGORIES:|CLASS:PUBLIC|LOCATION:Shop|X-FOO:1|SEQUENCE:2", "" },
        { "DUE;VALUE=DATE:20260507", "DUE" },
        { "due;VALUE=DATE:20260507", "due" },
        { "DTSTART:20260507T080000", "DTSTART" },
        { "DURATION:P1D", "DURATION" },
        { "RRULE:FREQ=DAILY", "RRULE" },
        { "RDATE:20260507T080000Z", "RDATE" },
        { "DESCRIPTION:with milk", "DESCRIPTION" },
        { "X-ALT-DESC;FMTTYPE=text/html:<b>x</b>", "X-ALT-DESC" },
        { "CATEGORIES:Home", "CATEGORIES" },
        { "PRIORITY:5", "PRIORITY" },
        { "PRIORITY:high", "PRIORITY" },
        { "ATTACH:https://example.org/a", "ATTACH" },
        { "BEGIN:VALARM|TRIGGER:-PT5M|END:VALARM", "VALARM" },
    };
    struct scene s;

    (void)state;
    start_item(&s);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct map_child child = read_child(&s, rows[i].lines);

        if (!str_eq(child.obstacle, str_from(rows[i].obstacle)) ||
            child.is_simple != (child.obstacle.n == 0)) {
            fail_msg("%s: '%.*s'", rows[i].lines, STR_ARG(child.obstacle));
        }
    }
    scene_end(&s);
}

static void v083_v084_the_parent_is_the_first_that_is_named(void **state)
{
    static const struct {
        const char *lines;
        const char *parent;
    } rows[] = {
        { "", "" },
        { "RELATED-TO:P", "P" },
        { "RELATED-TO;RELTYPE=PARENT:P", "P" },
        { "RELATED-TO;RELTYPE=parent:P", "P" },
        { "RELATED-TO;RELTYPE=SIBLING:S", "" },
        { "RELATED-TO;RELTYPE=CHILD:C|RELATED-TO:P|RELATED-TO:Q", "P" },
        { "RELATED-TO:a\\,b", "a,b" },
        { "RELATED-TO:", "" },
        { "RELATED-TO:u1", "" }, /* itself */
        { "RELATED-TO;RELTYPE=X-OTHER:P", "" },
    };
    struct scene s;

    (void)state;
    start_item(&s);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct map_child child = read_child(&s, rows[i].lines);

        if (!str_eq(child.parent, str_from(rows[i].parent))) {
            fail_msg("%s: '%.*s'", rows[i].lines, STR_ARG(child.parent));
        }
    }
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW); /* Outlook has none: the link is the document's */
    scene_put(&s, "SUMMARY:Eggs|RELATED-TO;RELTYPE=PARENT:P");
    scene_sent(&s, F(TITLE));
    assert_true(s.plan.is_verbatim);
    scene_get(&s, "RELATED-TO;RELTYPE=PARENT:P");
    struct task up = s.base;
    up.title = S("Brown eggs");
    scene_up(&s, &up);
    scene_get(&s, "SUMMARY:Brown eggs|RELATED-TO;RELTYPE=PARENT:P");
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v080_an_item_is_a_resource_below_its_parent),
        cmocka_unit_test(v080_changes_of_an_item_reach_its_document),
        cmocka_unit_test(v081_what_a_client_changes_in_an_item_is_sent),
        cmocka_unit_test(v082_what_an_item_cannot_hold_needs_a_task),
        cmocka_unit_test(v083_v084_the_parent_is_the_first_that_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
