/* Files that real programs wrote, read in place; skipped where the folder is missing. */
#include "bridge/core/mem.h"
#include "tests/unit/map/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define FILE_MAX (8 * 1024 * 1024)

static const char *folder(void)
{
    const char *path = getenv("DUEDAV_CORPUS");

    return path == NULL ? "/work/shared/corpus" : path;
}

static bool read_file(const char *name, struct str *out)
{
    char path[1024];
    static char bytes[FILE_MAX];

    snprintf(path, sizeof path, "%s/%s", folder(), name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    *out = (struct str){ mem_copy_text(bytes, n), n };
    return true;
}

struct counts {
    unsigned files, taken, repaired, refused, changes;
};

static void change_field(struct task *task, enum task_field field)
{
    switch (field) {
    case TASK_TITLE:
        task->title = S("changed upstream");
        break;
    case TASK_BODY:
        task->body = (struct task_body){ false, S("new notes") };
        break;
    case TASK_PRIORITY:
        task->priority = task->priority == 9 ? 1 : 9;
        break;
    case TASK_SENSITIVITY:
        task->sensitivity = task->sensitivity == TASK_PRIVATE ? TASK_NORMAL : TASK_PRIVATE;
        break;
    case TASK_DUE:
        task->due = (struct task_date){ .is_set = true,
            .day = (task->start.is_set ? task->start.day : 20600) + 3 };
        break;
    default:
        break;
    }
}

static void check_changes(
    const struct fixture *f, const char *name, struct str document, struct counts *counts)
{
    static const enum task_field fields[] = { TASK_TITLE, TASK_BODY, TASK_PRIORITY,
        TASK_SENSITIVITY, TASK_DUE };
    struct task task;
    struct task base;
    struct err err;
    struct str out;

    if (!map_read(document, &f->context, &task, &err)) {
        fail_msg("%s: %s", name, err.text);
    }
    support_project(&task, f->context.zone, f->arena, &base);
    assert_true(map_merge(document, &base, &base, &f->context, &out, &err));
    assert_true(out.p == document.p && out.n == document.n);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        struct task returned = base;
        struct task merged;
        struct task answer;

        change_field(&returned, fields[i]);
        if (!map_merge(document, &base, &returned, &f->context, &out, &err) ||
            !map_read(out, &f->context, &merged, &err)) {
            fail_msg("%s: %s", name, err.text);
        }
        support_project(&merged, f->context.zone, f->arena, &answer);
        task_fields others = task_diff(&merged, &task) & ~TASK_FIELD(fields[i]);
        if (fields[i] == TASK_DUE) {
            others &= ~(TASK_FIELD(TASK_START) | TASK_FIELD(TASK_REMINDER) |
                        TASK_FIELD(TASK_RECURRENCE)); /* they follow the due date */
        }
        if (!task_field_eq(&answer, &returned, fields[i]) || others != 0) {
            fail_msg("%s: a change of %s (%x)\n%.*s", name, task_field_name(fields[i]),
                (unsigned)others, STR_ARG(out));
        }
        counts->changes++;
    }
}

static void check_file(const char *name, bool is_for_servers, struct counts *counts)
{
    struct fixture f;
    struct map_object object;
    struct map_plan plan;
    enum map_fault fault;
    struct err err;
    struct str body;

    if (!read_file(name, &body)) {
        fail_msg("%s is missing", name);
    }
    fixture_start(&f, "Europe/Paris", "2026-05-01T08:00:00Z");
    counts->files++;
    if (!map_check(body, &f.context, &object, &fault, &err)) {
        counts->refused++;
        assert_int_not_equal(fault, MAP_FAULT_NONE);
        if (is_for_servers) {
            printf("%s: refused: %s\n", name, err.text);
            assert_false(is_for_servers);
        }
    } else {
        counts->taken++;
        if (!object.is_verbatim) {
            counts->repaired++;
            printf("%s: repaired\n", name);
        } else {
            assert_true(str_eq(object.document, body));
        }
        assert_true(map_plan_create(&object, &f.context, &plan, &err));
        check_changes(&f, name, object.document, counts);
    }
    fixture_end(&f);
    free((char *)body.p);
}

static void real_files_come_back_as_they_were(void **state)
{
    struct counts counts = { 0 };
    struct str manifest;
    struct str line;

    (void)state;
    if (!read_file("manifest.tsv", &manifest)) {
        printf("no corpus in %s: skipped\n", folder());
        skip();
    }
    struct str rest = manifest;
    str_next(&rest, '\n', &line);
    while (str_next(&rest, '\n', &line)) {
        char name[512] = "";
        struct str column = { 0 };
        bool is_for_servers = false;

        for (int i = 0; str_next(&line, '\t', &column); i++) {
            if (i == 0) {
                snprintf(name, sizeof name, "%.*s", STR_ARG(column));
            } else if (i == 11) {
                is_for_servers = str_eq(column, S("yes"));
            }
        }
        if (name[0] != '\0') {
            check_file(name, is_for_servers, &counts);
        }
    }
    printf("%u files: %u taken (%u repaired), %u refused; %u changes merged\n", counts.files,
        counts.taken, counts.repaired, counts.refused, counts.changes);
    free((char *)manifest.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(real_files_come_back_as_they_were) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
