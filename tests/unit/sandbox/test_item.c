#include "bridge/sandbox/item.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW "2026-05-04T22:30:00Z"

/** What each test works on. */
struct bench {
    struct sbx_zones *zones;
    struct arena *arena;
    struct sbx_edit edit;
    struct sbx_task task;
    cJSON *bodies[8]; /**< texts of the task point into them */
    size_t body_count;
};

static struct bench *bench_new(const char *zone)
{
    struct bench *bench = (struct bench *)mem_alloc(sizeof(*bench));
    bool has_offset = false;

    bench->zones = sbx_zones_new();
    bench->arena = arena_new();
    bench->edit.zones = bench->zones;
    bench->edit.zone = sbx_zones_find(bench->zones, str_from(zone));
    bench->edit.arena = bench->arena;
    assert_true(civil_parse_iso(S(NOW), &bench->edit.now_us, &has_offset));
    sbx_task_init(&bench->task);
    return bench;
}

static void bench_free(struct bench **bench)
{
    for (size_t i = 0; i < (*bench)->body_count; i++) {
        cJSON_Delete((*bench)->bodies[i]);
    }
    sbx_zones_free(&(*bench)->zones);
    arena_free(&(*bench)->arena);
    mem_free(TAKE(*bench));
}

/* The status of the refusal, or 0. */
static int edit(struct bench *bench, const char *text)
{
    struct sbx_refusal refusal = { 0 };
    struct sbx_task task = bench->task;
    cJSON *body = cJSON_Parse(text);
    unsigned set = 0;

    assert_non_null(body);
    bench->bodies[bench->body_count++] = body;
    if (!sbx_task_edit(&task, body, &bench->edit, &set, &refusal)) {
        assert_int_equal(refusal.status, 400);
        return refusal.status;
    }
    bench->task = task;
    return 0;
}

/* "start due completed" as UTC, "-" where unset. */
static void times(const struct sbx_task *task, char out[80])
{
    const int64_t values[] = { task->start_s, task->due_s, task->completed_s };
    size_t used = 0;

    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        char text[24] = "-";

        if (values[i] != SBX_NEVER) {
            civil_format_iso(values[i], text);
        }
        used += (size_t)snprintf(out + used, 80 - used, "%s%s", i > 0 ? " " : "", text);
    }
}

#define NY(date) "{\"DateTime\":\"" date "T13:45:00\",\"TimeZone\":\"Eastern Standard Time\"}"

/* upstream.md A.5 */
static void dates_follow_the_rules(void **state)
{
    static const struct {
        const char *first, *second; /**< POST, then PATCH unless NULL */
        const char *times;          /**< after the last; NULL: it is refused */
    } cases[] = {
        { "{\"DueDateTime\":" NY("2016-04-26") "}", NULL, "- 2016-04-26T04:00:00Z -" },
        { "{\"StartDateTime\":" NY("2016-04-26") "}", NULL,
            "2016-04-26T04:00:00Z 2016-04-26T04:00:00Z -" },
        { "{\"StartDateTime\":" NY("2016-04-26") ",\"DueDateTime\":" NY("2016-12-26") "}", NULL,
            "2016-04-26T04:00:00Z 2016-12-26T05:00:00Z -" },
        { "{\"StartDateTime\":" NY("2016-04-26") ",\"DueDateTime\":" NY("2016-04-25") "}", NULL,
            NULL },
        /* the same date in two zones is no contradiction, although the instants are */
        { "{\"StartDateTime\":" NY("2016-04-26") ",\"DueDateTime\":{\"DateTime\":"
                                                 "\"2016-04-26T00:00:00\",\"TimeZone\":\"UTC\"}}",
            NULL, "2016-04-26T04:00:00Z 2016-04-26T00:00:00Z -" },
        { "{\"StartDateTime\":" NY("2016-04-26") "}", "{\"DueDateTime\":null}", "- - -" },
        { "{\"StartDateTime\":" NY("2016-04-26") "}", "{\"StartDateTime\":null}",
            "- 2016-04-26T04:00:00Z -" },
        { "{\"DueDateTime\":" NY("2016-04-26") "}", "{\"StartDateTime\":" NY("2016-04-27") "}",
            NULL },
        { "{\"StartDateTime\":" NY("2016-04-26") "}", "{\"DueDateTime\":" NY("2016-04-25") "}",
            NULL },
        { "{\"StartDateTime\":" NY("2016-04-26") ",\"DueDateTime\":null}", NULL, NULL },
        { "{\"Status\":\"Completed\"}", NULL, "- - 2026-05-04T22:00:00Z" },
        { "{\"Status\":\"Completed\",\"CompletedDateTime\":" NY("2016-04-26") "}", NULL,
            "- - 2016-04-26T04:00:00Z" },
        { "{\"Status\":\"Completed\"}", "{\"Status\":\"InProgress\"}", "- - -" },
        { "{\"Status\":\"Completed\"}", "{\"Subject\":\"x\"}", "- - 2026-05-04T22:00:00Z" },
        { "{\"Status\":\"Completed\"}", "{\"CompletedDateTime\":null}", NULL },
        { "{\"CompletedDateTime\":" NY("2016-04-26") "}", NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench *bench = bench_new("Romance Standard Time");
        int status = edit(bench, cases[i].first);
        char found[80];

        if (cases[i].second != NULL) {
            assert_int_equal(status, 0);
            status = edit(bench, cases[i].second);
        }
        assert_int_equal(status, cases[i].times != NULL ? 0 : 400);
        times(&bench->task, found);
        if (cases[i].times != NULL && !str_eq(str_from(found), str_from(cases[i].times))) {
            fail_msg("%s %s: %s", cases[i].first, cases[i].second, found);
        }
        bench_free(&bench);
    }
}

static void a_series_moves_start_due_and_reminder_by_civil_days(void **state)
{
    struct bench *bench = bench_new("UTC");
    char found[80];

    (void)state;
    /* across the change of 29 March: the local times stay */
    assert_int_equal(
        edit(bench, "{\"StartDateTime\":{\"DateTime\":\"2026-03-23T00:00:00\","
                    "\"TimeZone\":\"Romance Standard Time\"},\"DueDateTime\":{\"DateTime\":"
                    "\"2026-03-25T00:00:00\",\"TimeZone\":\"Romance Standard Time\"},"
                    "\"ReminderDateTime\":{\"DateTime\":\"2026-03-24T08:00:00.5\","
                    "\"TimeZone\":\"UTC\"},"
                    "\"Recurrence\":{\"Pattern\":{\"Type\":\"Weekly\",\"Interval\":1,"
                    "\"DaysOfWeek\":[\"Monday\"]},\"Range\":{\"Type\":\"Numbered\","
                    "\"NumberOfOccurrences\":2,\"StartDate\":\"2026-03-23\"}}}"),
        0);
    assert_true(sbx_task_move_to(
        &bench->task, bench->zones, sbx_task_anchor_day(&bench->task, bench->zones) + 1));
    times(&bench->task, found);
    assert_string_equal(found, "2026-03-29T22:00:00Z 2026-03-31T22:00:00Z -");
    civil_format_iso(bench->task.reminder_us / CIVIL_MICROS, found);
    assert_string_equal(found, "2026-03-31T07:00:00Z");
    assert_int_equal(bench->task.reminder_us % CIVIL_MICROS, 500000);
    assert_false(sbx_task_move_to(
        &bench->task, bench->zones, sbx_task_anchor_day(&bench->task, bench->zones) + 1));
    bench_free(&bench);
}

static void stamps_cut_zeros_and_carry_the_zone(void **state)
{
    static const struct {
        int64_t micros;
        int seq;
        const char *zone, *text;
    } cases[] = {
        { 100000, 2, "UTC", "2026-05-04T22:30:00.1000002Z" },
        { 100000, 10, "UTC", "2026-05-04T22:30:00.1Z" },
        { 0, 10, "UTC", "2026-05-04T22:30:00Z" },
        { 15101, 0, "Pacific Standard Time", "2026-05-04T15:30:00.015101-07:00" },
        { 0, 0, "India Standard Time", "2026-05-05T04:00:00+05:30" },
    };
    static const struct sbx_mailbox mailbox = { .base = STR("http://h"),
        .guids = STR("g@t"),
        .owner = STR("o"),
        .key = STR("0123456789abcdef") };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench *bench = bench_new(cases[i].zone);
        cJSON *json = NULL;

        bench->task.id = S("AAMk");
        bench->task.folder_id = S("AAMkF=");
        bench->task.modified_us = bench->edit.now_us + cases[i].micros;
        bench->task.seq = cases[i].seq;
        json = sbx_task_write(&bench->task, &mailbox, bench->edit.zone, bench->arena);
        assert_string_equal(
            cJSON_GetObjectItemCaseSensitive(json, "LastModifiedDateTime")->valuestring,
            cases[i].text);
        assert_string_equal(
            cJSON_GetObjectItemCaseSensitive(json, "ParentFolderId")->valuestring, "AQMkF=");
        cJSON_Delete(json);
        bench_free(&bench);
    }
}

static void subjects_are_measured_in_utf16_units(void **state)
{
    struct bench *bench = bench_new("UTC");
    char text[1200] = "{\"Subject\":\"";
    size_t used = strlen(text);

    (void)state;
    for (int i = 0; i < 127; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "\xf0\x9f\x98\x80");
    }
    snprintf(text + used, sizeof(text) - used, "\xc3\xa9\"}");
    assert_int_equal(edit(bench, text), 0);
    snprintf(text + used, sizeof(text) - used, "\xc3\xa9x\"}");
    assert_int_equal(edit(bench, text), 400);
    bench_free(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_follow_the_rules),
        cmocka_unit_test(a_series_moves_start_due_and_reminder_by_civil_days),
        cmocka_unit_test(stamps_cut_zeros_and_carry_the_zone),
        cmocka_unit_test(subjects_are_measured_in_utf16_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
