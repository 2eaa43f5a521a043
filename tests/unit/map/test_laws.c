/* The laws of design section 3, over generated tasks. */
#include "bridge/core/mem.h"
#include "bridge/upstream/dialect.h"
#include "tests/unit/map/coupling.h"
#include "tests/unit/map/generate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define ROUNDS 100000

static const struct dialect *dialect;

static const char *const account_zones[] = { "Europe/Paris", "America/New_York", "Asia/Tokyo",
    "Pacific/Auckland", "Pacific/Honolulu", "UTC" };

static void start(struct fixture *f, const char *zone, const char *now)
{
    fixture_start(f, zone, now);
    f->context.project = dialect->project;
}

/** Field by field, bodies without regard to what mapping.md 2.3 calls the same. */
static task_fields differing(const struct task *a, const struct task *b)
{
    struct task x = *a;
    struct task y = *b;

    while (x.body.content.n > 0 && strchr(" \t\n", x.body.content.p[x.body.content.n - 1])) {
        x.body.content.n--;
    }
    while (y.body.content.n > 0 && strchr(" \t\n", y.body.content.p[y.body.content.n - 1])) {
        y.body.content.n--;
    }
    /* where a rule begins is said by the dates; two rules of the same dates are the same */
    x.recurrence.start_day = y.recurrence.start_day = 0;
    return task_diff(&x, &y);
}

static struct task read_all(const struct fixture *f, struct str document)
{
    struct task task;
    struct err err;

    if (!map_read(document, &f->context, &task, &err)) {
        fail_msg("%s in\n%.*s", err.text, STR_ARG(document));
    }
    return task;
}

static struct task project(const struct fixture *f, const struct task *task)
{
    struct task out;

    f->context.project(task, f->context.zone, f->arena, &out);
    return out;
}

static struct str merge(const struct fixture *f, struct str document, const struct task *base,
    const struct task *returned)
{
    struct str out;
    struct err err;

    if (!map_merge(document, base, returned, &f->context, &out, &err)) {
        fail_msg("%s", err.text);
    }
    return out;
}

static void fail_law(
    uint64_t round, const char *law, task_fields fields, struct str before, struct str after)
{
    printf("round %llu, %s:", (unsigned long long)round, law);
    for (unsigned i = 0; i < TASK_FIELD_COUNT; i++) {
        if (fields & TASK_FIELD(i)) {
            printf(" %s", task_field_name((enum task_field)i));
        }
    }
    fail_msg("\n%.*s\n%.*s", STR_ARG(before), STR_ARG(after));
}

/* FREQ=WEEKLY alone means another day when the dates move and the service's rule does not. */
/** What the service says arrives, but where a rule hides it. */
static task_fields must_arrive(const struct task *returned, task_fields fields)
{
    bool is_start_on_due = returned->start.is_set && returned->start.day >= returned->due.day;

    if (is_start_on_due || (returned->recurrence.is_set && !returned->start.is_set)) {
        fields &= ~TASK_FIELD(TASK_START); /* S5, S9 */
    }
    /* Another alarm of the document may ring earlier; tested with vectors. */
    return fields & ~TASK_FIELD(TASK_REMINDER);
}

/** As a service keeps it: a rule hangs on the dates. */
static void settle_recurrence(struct task *task)
{
    if (!task->due.is_set || task->status == TASK_DONE) {
        task->recurrence = (struct task_recurrence){ 0 };
    } else if (task->recurrence.is_set) {
        task->recurrence.start_day = task->start.is_set ? task->start.day : task->due.day;
    }
}

/** A range begins where it did as long as neither dates nor rule change. */
static void keep_range(const struct task *base, struct task *returned)
{
    struct task moved = *returned;

    moved.recurrence.start_day = base->recurrence.start_day;
    if ((task_diff(base, &moved) &
            (TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE) | TASK_FIELD(TASK_RECURRENCE))) == 0) {
        *returned = moved;
    }
}

static void check_merge(
    const struct fixture *f, struct random *r, uint64_t round, struct str document)
{
    struct task task = read_all(f, document);
    struct task base = project(f, &task);
    struct task returned = base;
    struct str same = merge(f, document, &base, &base);

    if (task.recurrence.is_set && task.due.is_set && task.start.day > task.due.day) {
        return; /* no service takes such a series */
    }
    if (same.p != document.p || same.n != document.n) {
        fail_law(round, "a merge without change changes nothing", 0, document, same);
    }
    generate_change(r, f, 1 + random_below(r, 3), &returned);
    settle_recurrence(&returned);
    keep_range(&base, &returned);
    returned = project(f, &returned); /* no service says what it cannot hold */
    returned.modified_us = f->context.now_us;
    task_fields fields = differing(&base, &returned);
    struct str after = merge(f, document, &base, &returned);
    struct task merged = read_all(f, after);
    struct task answer = project(f, &merged);
    task_fields lost = differing(&answer, &returned) & must_arrive(&returned, fields);
    if (lost != 0) {
        fail_law(round, "what the service says arrives", lost, document, after);
    }
    task_fields spilled = differing(&merged, &task) & ~coupling_of(fields);
    if (spilled != 0) {
        fail_law(round, "nothing else changes", spilled, document, after);
    }
    if (!coupling_keeps_lines(document, after, fields)) {
        fail_law(round, "other lines stay", fields, document, after);
    }
    struct str again = merge(f, after, &returned, &returned);
    if (again.p != after.p) {
        fail_law(round, "merging again changes nothing", 0, after, again);
    }
}

/** As it is kept: a DUE before DTSTART does not stay. */
static struct str stored(const struct fixture *f, struct str body)
{
    struct map_object object;
    enum map_fault fault;
    struct err err;

    assert_true(map_check(body, &f->context, &object, &fault, &err));
    return object.document;
}

static void check_put(const struct fixture *f, uint64_t round, struct str document)
{
    struct map_object object;
    struct map_plan plan;
    enum map_fault fault;
    struct err err;

    assert_true(map_check(document, &f->context, &object, &fault, &err));
    assert_true(object.is_verbatim);
    assert_true(map_plan_create(&object, &f->context, &plan, &err));
    assert_true(
        map_plan_update(&object, document, &plan.expected, NULL, 0, &f->context, &plan, &err));
    if (plan.fields != 0 || !plan.is_verbatim) {
        fail_law(round, "the same PUT again sends nothing", plan.fields, document, plan.document);
    }
}

static void check_model(const struct fixture *f, struct random *r, struct str document)
{
    struct task a = read_all(f, document);
    struct task b = a;
    struct task parsed;
    struct err err;
    CLEANUP(buf_done) struct buf text;

    struct task once = project(f, &a);
    struct task twice = project(f, &once);
    assert_int_equal(task_diff(&once, &twice), 0);
    generate_change(r, f, 4, &b);
    assert_int_equal(task_diff(&a, &a), 0);
    task_fields fields = task_diff(&a, &b);
    struct task applied = a;
    task_apply(&applied, &b, fields);
    assert_int_equal(task_diff(&applied, &b), 0);
    buf_init(&text, 1 << 20);
    task_format(&b, &text);
    assert_true(task_parse(buf_str(&text), f->arena, &parsed, &err));
    assert_int_equal(task_diff(&parsed, &b), 0);
    uint64_t x[TASK_FIELD_COUNT];
    uint64_t y[TASK_FIELD_COUNT];
    task_hash_fields(&parsed, x);
    task_hash_fields(&a, y);
    for (unsigned i = 0; i < TASK_FIELD_COUNT; i++) {
        assert_int_equal(x[i] == y[i], (fields & TASK_FIELD(i)) == 0);
    }
}

static void the_laws_hold_for_generated_tasks(void **state)
{
    struct random r = { generate_seed() };
    unsigned rounds = generate_rounds(ROUNDS);

    (void)state;
    for (unsigned i = 0; i < rounds; i++) {
        struct fixture f;

        start(
            &f, account_zones[random_below(&r, ARRAY_LEN(account_zones))], "2026-05-01T08:00:00Z");
        struct str document = stored(&f, generate_document(&r, &f));
        check_merge(&f, &r, i, document);
        check_put(&f, i, document);
        check_model(&f, &r, document);
        fixture_end(&f);
    }
}

static void a_rendered_task_means_what_it_was_made_from(void **state)
{
    struct random r = { generate_seed() ^ 0x5bd1e995 };

    (void)state;
    for (unsigned i = 0; i < generate_rounds(ROUNDS) / 4; i++) {
        struct fixture f;
        struct task task;

        start(&f, account_zones[i % ARRAY_LEN(account_zones)], "2026-05-01T08:00:00Z");
        task_init(&task);
        generate_change(&r, &f, 8, &task);
        settle_recurrence(&task);
        task = project(&f, &task);
        struct str document = map_render(&task, S("u"), &f.context);
        struct task back = read_all(&f, document);
        back = project(&f, &back);
        task_fields lost = differing(&back, &task) & ~TASK_FIELD(TASK_REMINDER);
        lost &= must_arrive(&task, lost);
        if (lost != 0) {
            fail_law(i, "render", lost, document, document);
        }
        assert_true(merge(&f, document, &task, &task).p == document.p);
        fixture_end(&f);
    }
}

/* argument: the dialect whose projection it is to be */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_laws_hold_for_generated_tasks),
        cmocka_unit_test(a_rendered_task_means_what_it_was_made_from),
    };

    dialect = dialect_find(str_from(argc > 1 ? argv[1] : "outlook"));
    assert_non_null(dialect);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
