#include "tests/unit/map/support.h"

#include "bridge/core/mem.h"
#include "ical/edit.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs the four above */
#include <cmocka.h>

void fixture_set_now(struct fixture *fixture, const char *now)
{
    fixture->context.now_us = support_instant(now) * CIVIL_MICROS;
}

void fixture_start(struct fixture *fixture, const char *zone, const char *now)
{
    *fixture = (struct fixture){ .arena = arena_new() };
    fixture->context.arena = fixture->arena;
    fixture->context.zone = zone_find(str_from(zone));
    fixture->context.project = support_project;
    fixture->context.options.plans_steps = true;
    assert_non_null(fixture->context.zone);
    fixture_set_now(fixture, now);
}

void fixture_end(struct fixture *fixture)
{
    arena_free(&fixture->arena);
}

int32_t support_day(const char *date)
{
    int32_t day;

    assert_true(civil_parse_date(str_from(date), &day));
    return day;
}

int64_t support_instant(const char *iso)
{
    int64_t micros;
    bool has_offset;

    assert_true(civil_parse_iso(str_from(iso), &micros, &has_offset));
    return micros / CIVIL_MICROS;
}

int32_t support_stored_day(const struct fixture *fixture, const char *iso)
{
    int64_t instant = support_instant(iso);
    int64_t wall = zone_to_wall(fixture->context.zone, instant);

    return wall % CIVIL_SECONDS_A_DAY == 0
               ? civil_day_of_seconds(wall)
               : civil_day_of_seconds(instant + CIVIL_SECONDS_A_DAY / 2);
}

/* ---- the reference projection ---- */

static struct task_date date_only(const struct task_date *date)
{
    return (struct task_date){ .is_set = date->is_set, .day = date->is_set ? date->day : 0 };
}

static struct str project_title(struct str title, struct arena *arena)
{
    char *copy = arena_alloc(arena, title.n + 1);
    size_t n = 0;
    size_t units = 0;

    for (size_t i = 0; i < title.n; i++) {
        unsigned char c = (unsigned char)title.p[i];

        if ((c & 0xC0) != 0x80) {
            units += c >= 0xF0 ? 2 : 1;
            if (units > 255) {
                break;
            }
        }
        if (c != '\r') {
            copy[n++] = (char)(c == '\n' ? ' ' : c);
        }
    }
    return (struct str){ copy, n };
}

void support_project(
    const struct task *task, const struct zone *zone, struct arena *arena, struct task *out)
{
    struct task p = *task;

    p.title = project_title(task->title, arena);
    p.priority = task->priority == 0 || task->priority == 5 ? 0 : task->priority < 5 ? 1 : 9;
    p.status = task->status == TASK_CANCELLED ? TASK_DEFERRED : task->status;
    p.percent = -1;
    p.completed = date_only(&task->completed);
    if (task->completed.is_set && task->completed.form != TASK_DATE_ONLY) {
        int64_t instant =
            (int64_t)task->completed.day * CIVIL_SECONDS_A_DAY + task->completed.second;
        p.completed.day = civil_day_of_seconds(zone_to_wall(zone, instant));
    }
    if (p.status != TASK_DONE) {
        p.completed = (struct task_date){ 0 };
    }
    p.start = date_only(&task->start);
    p.due = date_only(&task->due);
    if (p.start.is_set && !p.due.is_set) {
        p.due = p.start;
    }
    if (p.start.is_set && p.start.day > p.due.day) {
        p.start = (struct task_date){ 0 };
    }
    if (!p.due.is_set) {
        p.recurrence = (struct task_recurrence){ 0 };
    }
    p.assigned_to = p.owner = p.url = S("");
    *out = p;
}

/* ---- documents ---- */

static bool next_line(struct str *rest, struct str *line)
{
    return str_next(rest, '|', line);
}

struct str support_document(const struct fixture *fixture, const char *lines)
{
    struct str rest = str_from(lines);
    struct str line;
    bool has_summary = strstr(lines, "SUMMARY") == NULL;
    bool has_uid = strncmp(lines, "UID:", 4) == 0;
    CLEANUP(buf_done) struct buf buf;

    buf_init(&buf, 1 << 22);
    buf_put_text(&buf, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VTODO\r\n");
    if (!has_uid) {
        buf_put_text(&buf, "UID:u1\r\n");
    }
    buf_put_text(&buf, "DTSTAMP:20260101T000000Z\r\n");
    if (has_summary) {
        buf_put_text(&buf, "SUMMARY:x\r\n");
    }
    while (next_line(&rest, &line)) {
        if (line.n > 0 && !str_eq(line, S("-SUMMARY"))) {
            buf_put(&buf, line);
            buf_put_text(&buf, "\r\n");
        }
    }
    buf_put_text(&buf, "END:VTODO\r\nEND:VCALENDAR\r\n");
    return arena_copy(fixture->arena, buf_str(&buf));
}

static bool has_line(const struct component *component, struct str line, struct arena *arena)
{
    for (const struct property *p = component->properties; p != NULL; p = p->next) {
        struct str flat = arena_printf(
            arena, "%.*s%.*s:%.*s", STR_ARG(p->name), STR_ARG(p->params), STR_ARG(p->value));

        if (str_eq(flat, line) ||
            (str_has_suffix(line, S("*")) && str_has_prefix(flat, str_first(line, line.n - 1)))) {
            return true;
        }
    }
    for (const struct component *c = component->children; c != NULL; c = c->next) {
        if (has_line(c, line, arena)) {
            return true;
        }
    }
    return false;
}

void support_assert_lines_at(
    const struct fixture *fixture, struct str document, const char *lines, int line_number)
{
    struct document parsed;
    struct err err;
    struct str rest = str_from(lines);
    struct str line;

    if (!document_parse(document, &document_default_limits, fixture->arena, &parsed, &err)) {
        fail_msg("line %d: %s", line_number, err.text);
    }
    while (next_line(&rest, &line)) {
        bool is_unwanted = line.n > 0 && line.p[0] == '!';

        line = str_skip(line, is_unwanted ? 1 : 0);
        if (line.n > 0 && !str_has_prefix(line, S("BEGIN:")) && !str_has_prefix(line, S("END:")) &&
            has_line(parsed.calendar, line, fixture->arena) == is_unwanted) {
            fail_msg("line %d: %s '%.*s' in\n%.*s", line_number, is_unwanted ? "unwanted" : "no",
                STR_ARG(line), STR_ARG(document));
        }
    }
}
