/* mapping.md 7.2 to 7.4: V036 to V073, V085 to V087; text, status, priority, class, categories */
#include "tests/unit/map/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define NOW "2026-05-10T08:00:00Z"

struct status_case {
    const char *put;
    enum task_status wanted;
    bool is_sent;
};

static void v036_to_v047_status_of_clients(void **state)
{
    static const struct status_case cases[] = {
        { "", TASK_NOT_STARTED, false },
        { "STATUS:NEEDS-ACTION", TASK_NOT_STARTED, false },
        { "STATUS:IN-PROCESS|PERCENT-COMPLETE:40", TASK_IN_PROGRESS, true },
        { "STATUS:NEEDS-ACTION|PERCENT-COMPLETE:30", TASK_IN_PROGRESS, true },
        { "PERCENT-COMPLETE:0", TASK_NOT_STARTED, false },
        { "COMPLETED:20260506T080000Z", TASK_DONE, true },
        { "PERCENT-COMPLETE:100", TASK_DONE, true },
        { "STATUS:COMPLETED|PERCENT-COMPLETE:0", TASK_DONE, true },
        { "STATUS:NEEDS-ACTION|COMPLETED:20260506T080000Z", TASK_NOT_STARTED, false },
        { "STATUS:CANCELLED", TASK_DEFERRED, true },
        { "STATUS:IN-PROCESS|PERCENT-COMPLETE:100", TASK_IN_PROGRESS, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene s;

        scene_start(&s, "Europe/Paris", NOW);
        scene_put(&s, cases[i].put);
        assert_int_equal(s.plan.wanted.status, cases[i].wanted);
        assert_int_equal((s.plan.fields & F(STATUS)) != 0, cases[i].is_sent);
        assert_int_equal((s.plan.fields & F(COMPLETED)) != 0, cases[i].wanted == TASK_DONE);
        scene_get(&s, cases[i].put);
        scene_put(&s, cases[i].put);
        scene_sent(&s, 0);
        scene_end(&s);
    }
}

static void v041_v042_v054_completion_date(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "STATUS:COMPLETED|COMPLETED:20260506T223000Z|PERCENT-COMPLETE:100");
    assert_int_equal(s.plan.wanted.completed.day, support_day("2026-05-07"));
    scene_get(&s, "COMPLETED:20260506T223000Z");
    scene_end(&s);

    scene_start(&s, "America/New_York", NOW);
    scene_put(&s, "STATUS:COMPLETED|COMPLETED:20260507T020000Z");
    assert_int_equal(s.plan.wanted.completed.day, support_day("2026-05-06"));
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW); /* V054 */
    scene_put(&s, "STATUS:COMPLETED|COMPLETED;VALUE=DATE:20260506");
    assert_int_equal(s.plan.wanted.completed.day, support_day("2026-05-06"));
    scene_get(&s, "COMPLETED:20260506T100000Z|!COMPLETED;VALUE=DATE:20260506");
    assert_false(s.plan.is_verbatim);
    scene_end(&s);
}

static void v047_cancelled_gives_way_to_a_status_of_upstream(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "STATUS:CANCELLED");
    struct task up = s.base;
    scene_up(&s, &up);
    scene_get(&s, "STATUS:CANCELLED");
    up.status = TASK_NOT_STARTED;
    scene_up(&s, &up);
    scene_get(&s, "STATUS:NEEDS-ACTION");
    scene_end(&s);
}

static void v048_deferred_stays_deferred(void **state)
{
    struct scene s;
    struct task up = scene_task();

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    up.status = TASK_DEFERRED;
    scene_born(&s, &up);
    scene_get(&s, "STATUS:NEEDS-ACTION|X-MSTASK-STATUS:DEFERRED|!STATUS:CANCELLED");
    scene_put(&s, "UID:born|SUMMARY:new|STATUS:NEEDS-ACTION|X-MSTASK-STATUS:DEFERRED");
    scene_sent(&s, F(TITLE));
    scene_end(&s);
}

static void v049_waiting_on_others(void **state)
{
    struct scene s;
    struct task up = scene_task();

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    up.status = TASK_WAITING;
    scene_born(&s, &up);
    scene_get(&s, "STATUS:IN-PROCESS|X-MSTASK-STATUS:WAITINGONOTHERS");
    scene_put(&s, "UID:born|STATUS:IN-PROCESS|PRIORITY:1");
    scene_sent(&s, F(PRIORITY));
    scene_get(&s, "X-MSTASK-STATUS:WAITINGONOTHERS");
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|PRIORITY:1|X-MSTASK-STATUS:WAITINGONOTHERS");
    scene_sent(&s, F(STATUS));
    assert_int_equal(s.plan.wanted.status, TASK_NOT_STARTED);
    scene_get(&s, "!X-MSTASK-STATUS*");
    scene_end(&s);
}

static void v050_v051_completed_upstream(void **state)
{
    struct scene s;
    struct task up = scene_task();

    (void)state;
    scene_start(&s, "America/Denver", NOW);
    up.status = TASK_DONE;
    up.completed = scene_stored(&s, "2021-09-27T00:00:00Z");
    up.modified_us = support_instant("2021-09-27T07:04:05Z") * CIVIL_MICROS + 123456;
    scene_born(&s, &up);
    scene_get(&s, "COMPLETED:20210927T070405Z|STATUS:COMPLETED|PERCENT-COMPLETE:100");
    scene_end(&s);

    scene_start(&s, "America/Chicago", NOW);
    up.completed = scene_stored(&s, "2022-09-18T05:00:00Z");
    up.modified_us = support_instant("2022-10-01T00:00:00Z") * CIVIL_MICROS;
    scene_born(&s, &up);
    scene_get(&s, "COMPLETED:20220918T170000Z");
    scene_end(&s);
}

static void v052_reopening_empties_the_completion_date(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "STATUS:COMPLETED|COMPLETED:20260506T080000Z|PERCENT-COMPLETE:100");
    scene_put(&s, "STATUS:NEEDS-ACTION|PERCENT-COMPLETE:0");
    scene_sent(&s, F(STATUS) | F(COMPLETED));
    assert_int_equal(s.plan.wanted.status, TASK_NOT_STARTED);
    assert_false(s.plan.wanted.completed.is_set);
    assert_false(s.plan.expected.completed.is_set);
    scene_end(&s);
}

static void v053_an_old_open_status_cannot_undo_a_completion(void **state)
{
    struct scene s;
    struct map_version versions[2];

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "STATUS:NEEDS-ACTION");
    versions[0] = scene_version(&s);
    struct task up = s.base;
    up.status = TASK_DONE;
    up.completed = scene_day("2026-05-10");
    scene_up(&s, &up);
    versions[1] = scene_version(&s);
    struct scene at_two = s;

    scene_put_versions(&s, "SUMMARY:new|STATUS:NEEDS-ACTION", versions, 2);
    scene_sent(&s, F(TITLE));
    scene_get(&s, "SUMMARY:new|STATUS:COMPLETED|COMPLETED:20260510T100000Z|!STATUS:NEEDS-ACTION");
    assert_false(s.plan.is_verbatim);

    s = at_two; /* the client names version 2, by X-MSTASK-REV or by If-Match */
    scene_put_versions(&s, "STATUS:NEEDS-ACTION", &versions[1], 1);
    scene_sent(&s, F(STATUS) | F(COMPLETED));
    assert_int_equal(s.plan.overlapping, 0);

    s = at_two; /* a third value against version 1: both sides changed it */
    scene_put_versions(&s, "STATUS:IN-PROCESS", &versions[0], 1);
    assert_int_equal(s.plan.overlapping & F(STATUS), F(STATUS));
    scene_end(&s);
}

static void v053_the_rev_is_taken_out_and_put_in(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "X-MSTASK-REV:17-ab12");
    assert_true(s.object.has_rev);
    assert_int_equal(s.object.rev, 17);
    assert_true(str_eq(s.object.rev_hash, S("ab12")));
    scene_get(&s, "!X-MSTASK-REV*");
    struct str with = map_set_rev(s.document, 18, S("cd"), &s.fixture.context);
    support_assert_lines(&s.fixture, with, "X-MSTASK-REV:18-cd");
    assert_true(str_eq(map_set_rev(with, 0, S(""), &s.fixture.context), s.document));
    scene_put(&s, "X-MSTASK-REV:no");
    assert_false(s.object.has_rev);
    scene_end(&s);
}

struct priority_case {
    const char *put;
    int32_t wanted;
};

static void v055_to_v058_priority(void **state)
{
    static const struct priority_case cases[] = { { "PRIORITY:4", 1 }, { "PRIORITY:5", 0 },
        { "PRIORITY:6", 9 }, { "PRIORITY:0", 0 }, { "", 0 }, { "PRIORITY:high", 0 } };
    struct scene s;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scene_start(&s, "Europe/Paris", NOW);
        scene_put(&s, cases[i].put);
        assert_int_equal(s.plan.wanted.priority, cases[i].wanted);
        scene_get(&s, cases[i].put);
        scene_end(&s);
    }
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "PRIORITY:2");
    scene_get(&s, "PRIORITY:2");
    scene_put(&s, "PRIORITY:1"); /* V058 */
    scene_sent(&s, 0);
    scene_get(&s, "PRIORITY:1");
    struct task up = s.base;
    up.priority = 9;
    scene_up(&s, &up);
    scene_get(&s, "PRIORITY:9");
    up.priority = 0;
    scene_up(&s, &up);
    scene_get(&s, "!PRIORITY*");
    up = scene_task();
    scene_born(&s, &up); /* V057 */
    scene_get(&s, "!PRIORITY*");
    scene_end(&s);
}

struct class_case {
    const char *put;
    enum task_sensitivity wanted;
};

static void v059_v060_class(void **state)
{
    static const struct class_case cases[] = { { "CLASS:PRIVATE", TASK_PRIVATE },
        { "CLASS:CONFIDENTIAL", TASK_CONFIDENTIAL }, { "CLASS:PUBLIC", TASK_NORMAL },
        { "CLASS:X-TEAM", TASK_PRIVATE } };
    struct scene s;
    struct task up = scene_task();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scene_start(&s, "Europe/Paris", NOW);
        scene_put(&s, cases[i].put);
        assert_int_equal(s.plan.wanted.sensitivity, cases[i].wanted);
        scene_get(&s, cases[i].put);
        scene_end(&s);
    }
    scene_start(&s, "Europe/Paris", NOW);
    up.sensitivity = TASK_PERSONAL;
    scene_born(&s, &up);
    scene_get(&s, "CLASS:PRIVATE|X-MSTASK-SENSITIVITY:PERSONAL");
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|CLASS:PRIVATE|DUE;VALUE=DATE:20260520");
    scene_sent(&s, F(DUE));
    scene_get(&s, "X-MSTASK-SENSITIVITY:PERSONAL");
    scene_end(&s);
}

static void v061_to_v063_summary(void **state)
{
    char lines[400] = "SUMMARY:";
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "SUMMARY:a\\, b\\; c\\\\d\\ne");
    assert_true(str_eq(s.plan.wanted.title, S("a, b; c\\d e")));
    scene_get(&s, "SUMMARY:a\\, b\\; c\\\\d\\ne");
    scene_end(&s);

    memset(lines + 8, 'x', 300); /* V062 */
    lines[308] = '\0';
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, lines);
    assert_int_equal(s.plan.wanted.title.n, 255);
    scene_get(&s, lines);
    struct task up = s.base;
    scene_up(&s, &up);
    scene_get(&s, lines);
    up.title = S("short");
    scene_up(&s, &up);
    scene_get(&s, "SUMMARY:short");
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW); /* V063 */
    scene_put(&s, "-SUMMARY");
    scene_sent(&s, F(TITLE));
    assert_int_equal(s.plan.wanted.title.n, 0);
    scene_get(&s, "!SUMMARY*");
    scene_end(&s);
}

static void v064_v066_v067_plain_body(void **state)
{
    struct scene s;
    struct task up = scene_task();

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "DESCRIPTION:l1\\nl2");
    assert_true(str_eq(s.plan.wanted.body.content, S("l1\nl2")));
    up = s.base;
    up.body.content = S("l1\r\nl2\r\n");
    scene_up(&s, &up);
    scene_get(&s, "DESCRIPTION:l1\\nl2");
    scene_put(&s, "");
    scene_sent(&s, F(BODY)); /* V067 */
    assert_int_equal(s.plan.wanted.body.content.n, 0);

    up = scene_task();
    up.body.content = S("\r\n"); /* V066 */
    scene_born(&s, &up);
    scene_get(&s, "!DESCRIPTION*");
    scene_end(&s);
}

#define HTML "<html><body><p>Buy <b>milk</b></p><p>&amp; eggs</p></body></html>"
#define HTML_LINE                                                                \
    "X-ALT-DESC;FMTTYPE=text/html:<html><body><p>Buy <b>milk</b></p><p>&amp\\; " \
    "eggs</p></body></html>"

static void v065_html_stays_until_the_text_changes(void **state)
{
    struct scene s;
    struct task up = scene_task();

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    up.body = (struct task_body){ true, S(HTML) };
    scene_born(&s, &up);
    scene_get(&s, "DESCRIPTION:Buy milk\\n& eggs|" HTML_LINE);
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|DESCRIPTION:Buy milk\\n& eggs|PRIORITY:1");
    scene_sent(&s, F(PRIORITY));
    scene_get(&s, "DESCRIPTION:Buy milk\\n& eggs|" HTML_LINE);
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|PRIORITY:1|" HTML_LINE "|DESCRIPTION:Buy bread");
    scene_sent(&s, F(BODY));
    assert_false(s.plan.wanted.body.is_html);
    assert_true(str_eq(s.plan.wanted.body.content, S("Buy bread")));
    scene_get(&s, "DESCRIPTION:Buy bread|!X-ALT-DESC*");
    up = s.base;
    up.body = (struct task_body){ true, S("<p>Buy <i>bread</i></p>") };
    scene_up(&s, &up);
    scene_get(&s, "DESCRIPTION:Buy bread|X-ALT-DESC;FMTTYPE=text/html:<p>Buy <i>bread</i></p>");
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|PRIORITY:1|DESCRIPTION:Buy bread and salt|"
                  "X-ALT-DESC;FMTTYPE=text/html:<p>Buy bread <b>and salt</b></p>");
    scene_sent(&s, F(BODY));
    assert_true(s.plan.wanted.body.is_html);
    up = s.base;
    up.body = (struct task_body){ false, S("") };
    scene_up(&s, &up);
    scene_get(&s, "!DESCRIPTION*|!X-ALT-DESC*");
    up.body = (struct task_body){ true, S("<html><body><p>&nbsp;</p></body></html>") };
    struct str before = s.document;
    scene_up(&s, &up);
    assert_ptr_equal(s.document.p, before.p);
    scene_end(&s);
}

static void v068_v069_altrep_and_texts_of_formatted_notes(void **state)
{
    static const char line[] = "DESCRIPTION;ALTREP=\"data:text/html,%3Cb%3Ehi%3C%2Fb%3E\":hi";
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, line);
    scene_sent(&s, F(TITLE) | F(BODY));
    assert_true(s.plan.wanted.body.is_html);
    assert_true(str_eq(s.plan.wanted.body.content, S("<b>hi</b>")));
    struct task up = s.base;
    scene_up(&s, &up);
    scene_get(&s, line);
    scene_put(&s, "DESCRIPTION:hi|PRIORITY:1"); /* the parameter dropped */
    scene_sent(&s, F(PRIORITY));
    scene_get(&s, line);
    up = s.base;
    up.body.content = S("<i>ho</i>");
    scene_up(&s, &up);
    scene_get(&s, "DESCRIPTION;ALTREP=\"data:text/html,%3Ci%3Eho%3C/i%3E\":ho");
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW); /* V069 */
    up = scene_task();
    up.body.content = S("Buy milk");
    scene_born(&s, &up);
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|DESCRIPTION:Buy milk|PRIORITY:9");
    scene_sent(&s, F(PRIORITY));
    scene_end(&s);
}

static void v070_to_v073_categories(void **state)
{
    struct scene s;
    static struct str two[] = { STR("Work"), STR("Home") };

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "CATEGORIES:Home,Work|CATEGORIES:work, Urgent");
    assert_int_equal(s.plan.wanted.categories.count, 3);
    assert_true(str_eq(s.plan.wanted.categories.items[2], S("Urgent")));
    scene_get(&s, "CATEGORIES:Home,Work|CATEGORIES:work, Urgent");
    scene_put(&s, "");
    scene_sent(&s, F(CATEGORIES)); /* V073 */
    assert_int_equal(s.plan.wanted.categories.count, 0);
    scene_put(&s, "CATEGORIES:Tom\\, Dick"); /* V071 */
    assert_int_equal(s.plan.wanted.categories.count, 1);
    assert_true(str_eq(s.plan.wanted.categories.items[0], S("Tom, Dick")));
    scene_put(&s, "CATEGORIES:Home,Work"); /* V072 */
    struct task up = s.base;
    up.categories = (struct task_list_of_text){ two, 2 };
    scene_up(&s, &up);
    scene_get(&s, "CATEGORIES:Home,Work");
    up.categories.count = 1;
    scene_up(&s, &up);
    scene_get(&s, "CATEGORIES:Work|!CATEGORIES:Home*");
    scene_end(&s);
}

static void v085_v086_what_upstream_cannot_hold_stays(void **state)
{
    static const char rest[] =
        "LOCATION:Paris|GEO:48.85;2.35|COMMENT:c1|COMMENT:c2|CONTACT:Ann|"
        "X-APPLE-SORT-ORDER:621354239|X-FOO;BAR=\"a:b\":z|SEQUENCE:7|"
        "ORGANIZER;CN=A:mailto:a@example.org|ATTENDEE:mailto:b@example.org|URL:https://e.org/|"
        "RELATED-TO;RELTYPE=PARENT:P";
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, rest);
    scene_sent(&s, F(TITLE));
    assert_true(s.plan.is_verbatim);
    struct str before = s.document;
    struct task up = s.base;
    scene_up(&s, &up);
    assert_ptr_equal(s.document.p, before.p);
    up.title = S("other");
    scene_up(&s, &up);
    scene_get(&s, rest);
    scene_get(&s, "SUMMARY:other");
    scene_end(&s);
}

static void v087_people_are_shown_by_name(void **state)
{
    struct scene s;
    struct task up = scene_task();

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    up.owner = S("Administrator");
    up.assigned_to = S("Bob");
    scene_born(&s, &up);
    scene_get(&s, "X-MSTASK-OWNER:Administrator|X-MSTASK-ASSIGNED-TO:Bob|!ORGANIZER*|!ATTENDEE*");
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|X-MSTASK-OWNER:Me");
    scene_sent(&s, 0);
    scene_get(&s, "X-MSTASK-OWNER:Administrator|X-MSTASK-ASSIGNED-TO:Bob|!X-MSTASK-OWNER:Me");
    scene_end(&s);
}

static void the_stamps_move_with_a_change_and_only_then(void **state)
{
    struct scene s;

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    scene_put(&s, "LAST-MODIFIED:20260101T000000Z|SEQUENCE:3|DUE;VALUE=DATE:20260520");
    struct task up = s.base;
    up.modified_us = support_instant("2026-05-09T10:00:00Z") * CIVIL_MICROS;
    scene_up(&s, &up);
    scene_get(&s, "LAST-MODIFIED:20260101T000000Z|DTSTAMP:20260101T000000Z|SEQUENCE:3");
    up.title = S("y");
    scene_up(&s, &up);
    scene_get(&s, "LAST-MODIFIED:20260509T100000Z|DTSTAMP:20260509T100000Z|SEQUENCE:3");
    up.due = scene_day("2026-05-21");
    scene_up(&s, &up);
    scene_get(&s, "SEQUENCE:4|DUE;VALUE=DATE:20260521");
    scene_end(&s);
}

static void options_change_what_is_sent_and_shown(void **state)
{
    struct scene s;
    struct task up = scene_task();

    (void)state;
    scene_start(&s, "Europe/Paris", NOW);
    s.fixture.context.options.cancelled_as_done = true;
    scene_put(&s, "STATUS:CANCELLED");
    assert_int_equal(s.plan.wanted.status, TASK_DONE);
    assert_int_equal(s.plan.wanted.completed.day, support_day("2026-05-10"));
    up = s.base;
    scene_up(&s, &up);
    scene_get(&s, "STATUS:CANCELLED|!COMPLETED*");
    scene_end(&s);

    scene_start(&s, "Europe/Paris", NOW);
    s.fixture.context.options.normal_priority = 5;
    s.fixture.context.options.altrep = true;
    up = scene_task();
    up.body = (struct task_body){ true, S("<b>hi</b>") };
    up.priority = 9;
    scene_born(&s, &up);
    scene_get(&s, "PRIORITY:9|DESCRIPTION;ALTREP=\"data:text/html,%3Cb%3Ehi%3C/b%3E\":hi|"
                  "!X-ALT-DESC*");
    up.priority = 0;
    scene_up(&s, &up);
    scene_get(&s, "PRIORITY:5");
    scene_born(&s, &up);
    scene_get(&s, "PRIORITY:5");
    scene_put(&s, "UID:born|STATUS:NEEDS-ACTION|DESCRIPTION:hi|PRIORITY:5");
    scene_sent(&s, 0);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v036_to_v047_status_of_clients),
        cmocka_unit_test(v041_v042_v054_completion_date),
        cmocka_unit_test(v047_cancelled_gives_way_to_a_status_of_upstream),
        cmocka_unit_test(v048_deferred_stays_deferred),
        cmocka_unit_test(v049_waiting_on_others),
        cmocka_unit_test(v050_v051_completed_upstream),
        cmocka_unit_test(v052_reopening_empties_the_completion_date),
        cmocka_unit_test(v053_an_old_open_status_cannot_undo_a_completion),
        cmocka_unit_test(v053_the_rev_is_taken_out_and_put_in),
        cmocka_unit_test(v055_to_v058_priority),
        cmocka_unit_test(v059_v060_class),
        cmocka_unit_test(v061_to_v063_summary),
        cmocka_unit_test(v064_v066_v067_plain_body),
        cmocka_unit_test(v065_html_stays_until_the_text_changes),
        cmocka_unit_test(v068_v069_altrep_and_texts_of_formatted_notes),
        cmocka_unit_test(v070_to_v073_categories),
        cmocka_unit_test(v085_v086_what_upstream_cannot_hold_stays),
        cmocka_unit_test(v087_people_are_shown_by_name),
        cmocka_unit_test(options_change_what_is_sent_and_shown),
        cmocka_unit_test(the_stamps_move_with_a_change_and_only_then),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
