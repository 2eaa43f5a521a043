#include "bridge/task.h"

#include "bridge/core/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

static struct str words[] = { STR("Home"), STR("x, y"), STR("work") };
static struct str same_words[] = { STR("WORK"), STR("home"), STR("X, Y") };

static struct task_attachment attachments[] = {
    { .kind = TASK_ATTACHED_FILE,
        .id = STR("A1="),
        .name = STR("a\\b\r\nc.txt"),
        .type = STR("text/plain"),
        .bytes = 12345678901,
        .hash = STR("beef") },
    { .kind = TASK_ATTACHED_LINK, .id = STR("A2="), .url = STR("https://e.org/ x") },
};

static struct task full_task(void)
{
    struct task t;

    task_init(&t);
    t.title = S("a\\b\nc\rd");
    t.body = (struct task_body){ true, S("<p>x</p>") };
    t.priority = 3;
    t.sensitivity = TASK_PERSONAL;
    t.status = TASK_WAITING;
    t.percent = 0;
    t.completed =
        (struct task_date){ .is_set = true, .form = TASK_TIME_UTC, .day = 1, .second = 2 };
    t.start = (struct task_date){ .is_set = true, .form = TASK_DATE_ONLY, .day = -5 };
    t.due = (struct task_date){ .is_set = true,
        .form = TASK_TIME_ZONED,
        .day = 20000,
        .second = 64800,
        .zone = S("Romance Standard Time"),
        .has_instant = true,
        .instant_s = 123456789 };
    t.reminder = (struct task_reminder){ true, 1234560 };
    t.recurrence = (struct task_recurrence){ .is_set = true,
        .pattern = TASK_RELATIVE_YEARLY,
        .interval = 2,
        .month = 11,
        .weekdays = 16,
        .first_weekday = 1,
        .index = -1,
        .range = TASK_END_DATE,
        .start_day = -3,
        .end_day = 20100,
        .count = 4 };
    t.categories = (struct task_list_of_text){ words, 3 };
    t.assigned_to = S("Bob");
    t.owner = S("Ann");
    t.url = S("https://e.org/?a=b c");
    t.created_us = 5;
    t.modified_us = -6;
    t.has_attachments = t.knows_attachments = true;
    t.attachments = attachments;
    t.attachment_count = 2;
    t.present = TASK_FIELD(TASK_TITLE);
    return t;
}

static void text_form_holds_everything(void **state)
{
    struct arena *arena = arena_new();
    struct task task = full_task();
    struct task back;
    struct err err;
    CLEANUP(buf_done) struct buf text;

    (void)state;
    buf_init(&text, 1 << 20);
    task_format(&task, &text);
    assert_true(str_has_prefix(buf_str(&text), S("task 1\ntitle a\\\\b\\nc\\rd\nhtml <p>")));
    assert_true(task_parse(buf_str(&text), arena, &back, &err));
    assert_int_equal(task_diff(&task, &back), 0);
    assert_true(back.due.has_instant);
    assert_int_equal(back.due.instant_s, 123456789);
    assert_false(back.start.has_instant);
    assert_int_equal(back.created_us, 5);
    assert_int_equal(back.modified_us, -6);
    assert_true(back.has_attachments && back.knows_attachments);
    assert_int_equal(back.attachment_count, 2);
    assert_int_equal(back.attachments[0].kind, TASK_ATTACHED_FILE);
    assert_true(str_eq(back.attachments[0].id, S("A1=")));
    assert_true(str_eq(back.attachments[0].name, S("a\\b\r\nc.txt")));
    assert_true(str_eq(back.attachments[0].type, S("text/plain")));
    assert_int_equal(back.attachments[0].bytes, 12345678901);
    assert_true(str_eq(back.attachments[0].hash, S("beef")));
    assert_int_equal(back.attachments[1].kind, TASK_ATTACHED_LINK);
    assert_true(str_eq(back.attachments[1].url, S("https://e.org/ x")));
    assert_true(task_has_same_attachments(&task, &back));
    assert_int_equal(back.present, TASK_FIELD(TASK_TITLE));

    struct task copy;
    task_copy(arena, &task, &copy);
    assert_int_equal(task_diff(&task, &copy), 0);
    assert_ptr_not_equal(copy.title.p, task.title.p);
    arena_free(&arena);
}

static void an_empty_task_is_one_line(void **state)
{
    struct task task;
    CLEANUP(buf_done) struct buf text;

    (void)state;
    task_init(&task);
    buf_init(&text, 1 << 20);
    task_format(&task, &text);
    assert_true(str_eq(buf_str(&text), S("task 1\n")));
}

static void parse_skips_what_it_does_not_know(void **state)
{
    struct arena *arena = arena_new();
    struct task task;
    struct err err;

    (void)state;
    assert_true(task_parse(S("task 7\nhologram 3d\ntitle x\n\nempty\n"), arena, &task, &err));
    assert_true(str_eq(task.title, S("x")));
    assert_int_equal(task.percent, -1);
    assert_int_equal(task.present, TASK_ALL_FIELDS);
    arena_free(&arena);
}

static void parse_refuses_bad_values(void **state)
{
    static const char *const rows[] = { "", "tusk 1\n", "task 1\npriority ten\n",
        "task 1\npriority 10\n", "task 1\nstatus 6\n", "task 1\ndue 1\n", "task 1\ndue 1 2 never\n",
        "task 1\ndue 99999999999 0 date\n", "task 1\nrecurrence 1 2 3\n",
        "task 1\nrecurrence 9 1 1 1 1 1 1 1 1 1 1\n", "task 1\nreminder soon\n",
        "task 1\npercent\n" };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct task task;
        struct err err;

        if (task_parse(str_from(rows[i]), arena, &task, &err)) {
            fail_msg("took '%s'", rows[i]);
        }
        assert_int_equal(err.kind, ERR_INVALID);
    }
    arena_free(&arena);
}

static void each_field_is_told_apart_and_applied_alone(void **state)
{
    struct task nothing;
    struct task full = full_task();
    uint64_t a[TASK_FIELD_COUNT];
    uint64_t b[TASK_FIELD_COUNT];

    (void)state;
    task_init(&nothing);
    assert_int_equal(task_diff(&nothing, &full), TASK_ALL_FIELDS);
    for (unsigned f = 0; f < TASK_FIELD_COUNT; f++) {
        struct task one = nothing;

        assert_non_null(task_field_name((enum task_field)f));
        task_apply(&one, &full, TASK_FIELD(f));
        assert_int_equal(task_diff(&nothing, &one), TASK_FIELD(f));
        task_hash_fields(&nothing, a);
        task_hash_fields(&one, b);
        for (unsigned i = 0; i < TASK_FIELD_COUNT; i++) {
            assert_int_equal(a[i] != b[i], i == f);
        }
    }
}

static void equality_ignores_what_means_nothing(void **state)
{
    struct task a = full_task();
    struct task b = full_task();
    uint64_t x[TASK_FIELD_COUNT];
    uint64_t y[TASK_FIELD_COUNT];

    (void)state;
    b.categories.items = same_words;
    b.due.instant_s = 7;
    b.modified_us = 99;
    assert_int_equal(task_diff(&a, &b), 0);
    task_hash_fields(&a, x);
    task_hash_fields(&b, y);
    assert_memory_equal(x, y, sizeof x);
    b.categories.count = 2;
    assert_int_equal(task_diff(&a, &b), TASK_FIELD(TASK_CATEGORIES));
}

static void hashes_are_the_same_for_ever(void **state)
{
    struct task task;
    uint64_t hashes[TASK_FIELD_COUNT];

    (void)state;
    task_init(&task);
    task.title = S("Buy milk");
    task_hash_fields(&task, hashes);
    /* Stored with each version that was served: a change here forgets them all. */
    assert_int_equal(hashes[TASK_TITLE], 0x14ab9c2c64405b53u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_form_holds_everything),
        cmocka_unit_test(an_empty_task_is_one_line),
        cmocka_unit_test(parse_skips_what_it_does_not_know),
        cmocka_unit_test(parse_refuses_bad_values),
        cmocka_unit_test(each_field_is_told_apart_and_applied_alone),
        cmocka_unit_test(equality_ignores_what_means_nothing),
        cmocka_unit_test(hashes_are_the_same_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
