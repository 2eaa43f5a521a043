/**
 * map_bench [ROUNDS [ROW]]: reading, writing, merging and planning one task of about a kilobyte, in
 * microseconds, beside libical's bare parse of the same text as the floor. ROW (0, 1, ...) runs one
 * line alone, for map_instructions.py.
 */
#include "bridge/map/map.h"
#include "bridge/upstream/dialect.h"

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char document[] = "BEGIN:VCALENDAR\r\n"
                               "VERSION:2.0\r\n"
                               "PRODID:-//example//bench//EN\r\n"
                               "BEGIN:VTIMEZONE\r\n"
                               "TZID:Europe/Paris\r\n"
                               "BEGIN:DAYLIGHT\r\n"
                               "TZOFFSETFROM:+0100\r\n"
                               "TZOFFSETTO:+0200\r\n"
                               "DTSTART:19700329T020000\r\n"
                               "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"
                               "END:DAYLIGHT\r\n"
                               "BEGIN:STANDARD\r\n"
                               "TZOFFSETFROM:+0200\r\n"
                               "TZOFFSETTO:+0100\r\n"
                               "DTSTART:19701025T030000\r\n"
                               "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"
                               "END:STANDARD\r\n"
                               "END:VTIMEZONE\r\n"
                               "BEGIN:VTODO\r\n"
                               "CREATED:20260501T080000Z\r\n"
                               "LAST-MODIFIED:20260501T080000Z\r\n"
                               "DTSTAMP:20260501T080000Z\r\n"
                               "UID:0b7b4b5c-6b0a-4a6e-9d5e-5b9d1b2f3c4d\r\n"
                               "SUMMARY:Buy milk and eggs for the week\r\n"
                               "PRIORITY:5\r\n"
                               "STATUS:NEEDS-ACTION\r\n"
                               "DTSTART;TZID=Europe/Paris:20260504T090000\r\n"
                               "DUE;TZID=Europe/Paris:20260506T180000\r\n"
                               "CATEGORIES:Home,Shopping\r\n"
                               "DESCRIPTION:Some notes\\nwith two lines\\, and a comma\r\n"
                               "X-APPLE-SORT-ORDER:621354239\r\n"
                               "LOCATION:The shop\r\n"
                               "BEGIN:VALARM\r\n"
                               "ACTION:DISPLAY\r\n"
                               "TRIGGER;RELATED=END:-PT30M\r\n"
                               "DESCRIPTION:x\r\n"
                               "END:VALARM\r\n"
                               "END:VTODO\r\n"
                               "END:VCALENDAR\r\n";

static void project(
    const struct task *task, const struct zone *zone, struct arena *arena, struct task *out)
{
    (void)zone;
    (void)arena;
    *out = *task;
    out->start.form = out->due.form = TASK_DATE_ONLY;
}

static void must(bool is_fine)
{
    if (!is_fine) {
        fprintf(stderr, "map_bench: the document can't be read\n");
        exit(1);
    }
}

static void parse_with_libical(const struct map_context *context)
{
    icalcomponent *calendar = icalparser_parse_string(document);

    (void)context;
    must(calendar != NULL);
    icalcomponent_free(calendar);
}

static void read_alone(const struct map_context *context)
{
    struct task task;
    struct err err;

    must(map_read(S(document), context, &task, &err));
}

static void merge_with(const struct map_context *context, struct str title, int32_t days)
{
    struct task base;
    struct task returned;
    struct task task;
    struct str out;
    struct err err;

    must(map_read(S(document), context, &task, &err));
    project(&task, context->zone, context->arena, &base);
    returned = base;
    returned.title = title.n > 0 ? title : returned.title;
    returned.due.day += days;
    must(map_merge(S(document), &base, &returned, context, &out, &err));
}

static void read_and_merge_title(const struct map_context *context)
{
    merge_with(context, S("Buy bread"), 0);
}

static void read_and_merge_due(const struct map_context *context)
{
    merge_with(context, S(""), 7);
}

static void check_and_plan(const struct map_context *context)
{
    struct map_object object;
    struct map_plan plan;
    struct task task;
    struct task base;
    enum map_fault fault;
    struct err err;

    must(map_read(S(document), context, &task, &err));
    project(&task, context->zone, context->arena, &base);
    must(map_check(S(document), context, &object, &fault, &err) &&
         map_plan_update(&object, S(document), &base, NULL, 0, context, &plan, &err));
}

static void read_and_write(const struct map_context *context)
{
    struct task task;
    struct task base;
    struct err err;

    must(map_read(S(document), context, &task, &err));
    dialect_todo.project(&task, context->zone, context->arena, &base);
    must(
        dialect_todo.write_task(&base, dialect_todo.fields, context->zone, true, context->arena).n >
        0);
}

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const struct map_context *context);
    } rows[] = {
        { "libical's parse", parse_with_libical },
        { "read", read_alone },
        { "read, write JSON", read_and_write },
        { "read, merge a title", read_and_merge_title },
        { "read, merge a due date", read_and_merge_due },
        { "read, check and plan a PUT", check_and_plan },
    };
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 20000;
    struct map_context context = {
        .zone = zone_find(S("Europe/Paris")), .now_us = 1777000000000000, .project = project
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (argc > 2 && strtol(argv[2], NULL, 10) != (long)i) {
            continue;
        }
        double before = now_us();

        for (long n = 0; n < rounds; n++) {
            context.arena = arena_new();
            rows[i].run(&context);
            arena_free(&context.arena);
        }
        printf("%-28s %8.2f us\n", rows[i].name, (now_us() - before) / (double)rounds);
    }
    return 0;
}
