/* Files that real programs wrote, read in place; skipped where the folder is missing. */
#include "bridge/core/mem.h"
#include "tests/unit/map/coupling.h"
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

    snprintf(path, sizeof path, "%s%s%s", name[0] == '/' ? "" : folder(), name[0] == '/' ? "" : "/",
        name);
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
    unsigned files, taken, repaired, refused, changes, properties, alarms;
};

static const char *const fault_names[] = {
    [MAP_FAULT_NONE] = "none",
    [MAP_FAULT_VALID_DATA] = "valid-calendar-data",
    [MAP_FAULT_VALID_OBJECT] = "valid-calendar-object-resource",
    [MAP_FAULT_SUPPORTED_COMPONENT] = "supported-calendar-component",
    [MAP_FAULT_MAX_INSTANCES] = "max-instances",
    [MAP_FAULT_MIN_DATE] = "min-date-time",
    [MAP_FAULT_MAX_DATE] = "max-date-time",
    [MAP_FAULT_MAX_SIZE] = "max-resource-size",
};

/**
 * What must be answered to a file: what the table beside this test says ("repaired: RULE", or the
 * precondition with line and reason), else it is stored byte for byte.
 */
static struct str expected_answer(struct str table, const char *name)
{
    struct str line;
    struct str file;

    while (str_next(&table, '\n', &line)) {
        if (str_next(&line, '\t', &file) && str_eq(file, str_from(name))) {
            return line;
        }
    }
    return S("verbatim");
}

static void count_lines(const struct component *component, struct counts *counts)
{
    for (const struct property *p = component->properties; p != NULL; p = p->next) {
        counts->properties++;
    }
    for (const struct component *c = component->children; c != NULL; c = c->next) {
        counts->alarms += str_eq_nocase(c->name, S("VALARM"));
        count_lines(c, counts);
    }
}

static struct str new_categories[] = { STR("new"), STR("a, b") };

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
    case TASK_STATUS:
        task->status = task->status == TASK_NOT_STARTED ? TASK_IN_PROGRESS : TASK_NOT_STARTED;
        task->completed = (struct task_date){ 0 };
        break;
    case TASK_CATEGORIES:
        task->categories = (struct task_list_of_text){ new_categories, 2 };
        break;
    default:
        break;
    }
}

static void check_changes(
    const struct fixture *f, const char *name, struct str document, struct counts *counts)
{
    static const enum task_field fields[] = { TASK_TITLE, TASK_BODY, TASK_PRIORITY,
        TASK_SENSITIVITY, TASK_DUE, TASK_STATUS, TASK_CATEGORIES };
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
        task_fields others = task_diff(&merged, &task) & ~coupling_of(TASK_FIELD(fields[i]));
        if (!coupling_keeps_lines(document, out, TASK_FIELD(fields[i]))) {
            fail_msg("%s: a change of %s moved other lines\n%.*s", name, task_field_name(fields[i]),
                STR_ARG(out));
        }
        if (!task_field_eq(&answer, &returned, fields[i]) || others != 0) {
            fail_msg("%s: a change of %s (%x)\n%.*s", name, task_field_name(fields[i]),
                (unsigned)others, STR_ARG(out));
        }
        counts->changes++;
    }
}

/** What was said to the file, in the words of the table. */
static struct str check_file(struct fixture *f, const char *name, struct str body,
    bool is_for_servers, struct counts *counts)
{
    struct map_object object;
    struct map_plan plan;
    struct document document;
    enum map_fault fault;
    struct err err;

    counts->files++;
    if (!map_check(body, &f->context, &object, &fault, &err)) {
        counts->refused++;
        if (is_for_servers) {
            fail_msg("%s: refused: %s", name, err.text);
        }
        return arena_printf(f->arena, "%s: %s", fault_names[fault], err.text);
    }
    counts->taken++;
    counts->repaired += !object.is_verbatim;
    assert_true(str_eq(object.document, body) == object.is_verbatim);
    assert_true(map_plan_create(&object, &f->context, &plan, &err));
    assert_true(
        document_parse(object.document, &document_default_limits, f->arena, &document, &err));
    count_lines(document.calendar, counts);
    check_changes(f, name, object.document, counts);
    if (object.is_verbatim) {
        return S("verbatim");
    }
    if (str_find(object.document, S("X-MSTASK-DTSTART")) != SIZE_MAX) {
        return S("repaired: DUE before DTSTART");
    }
    return str_find(body, S("COMPLETED")) != SIZE_MAX ? S("repaired: COMPLETED in UTC (2.7)")
                                                      : S("repaired: bytes that XML forbids");
}

static void check_row(
    const char *name, bool is_for_servers, struct str table, struct counts *counts)
{
    struct fixture f;
    struct str body;

    if (!read_file(name, &body)) {
        fail_msg("%s is missing", name);
    }
    fixture_start(&f, "Europe/Paris", "2026-05-01T08:00:00Z");
    struct str answer = check_file(&f, name, body, is_for_servers, counts);
    struct str expected = expected_answer(table, name);
    if (getenv("DUEDAV_PRINT_ANSWERS") != NULL) {
        printf("%s\t%.*s\n", name, STR_ARG(answer));
    } else if (!str_eq(answer, expected)) {
        fail_msg("%s: '%.*s', not '%.*s'", name, STR_ARG(answer), STR_ARG(expected));
    }
    if (str_has_prefix(answer, S("repaired"))) {
        printf("%s: %.*s\n", name, STR_ARG(answer));
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
    struct str table = S("");
    if (!read_file(ANSWERS, &table)) {
        fail_msg("%s is missing", ANSWERS);
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
            check_row(name, is_for_servers, table, &counts);
        }
    }
    printf("compared %u files: %u taken (%u repaired), %u refused; %u properties, %u alarms; %u "
           "changes "
           "merged\n",
        counts.files, counts.taken, counts.repaired, counts.refused, counts.properties,
        counts.alarms, counts.changes);
    free((char *)manifest.p);
    free((char *)table.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(real_files_come_back_as_they_were) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
