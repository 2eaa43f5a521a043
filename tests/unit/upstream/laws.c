#include "tests/unit/upstream/laws.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/core/secret.h"
#include "ical/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEED   20261122
#define ROUNDS 100000

static struct arena *arena; /* of the tasks of one hundred rounds */

static uint32_t below(uint32_t bound)
{
    return secret_random_below(bound);
}

static struct str any_text(void)
{
    static const char *const pieces[] = { "", "a", " ", "\n", "\r\n", "\r", "\t", "\"", "\\",
        "\x01", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xc2\xa0", "{\"x\":1}", "\\u0000", "</script>",
        "a long piece of text that fills the title up, again and again and again" };
    struct str text = S("");

    for (uint32_t n = below(12); n > 0; n--) {
        text = arena_printf(arena, "%.*s%s", STR_ARG(text), pieces[below(ARRAY_LEN(pieces))]);
    }
    return text;
}

static struct task_date any_date(void)
{
    struct task_date date = { 0 };

    if (below(3) > 0) {
        date.is_set = true;
        date.form = (enum task_time_form)below(4);
        date.day = civil_days(2022, 1, 1) + (int32_t)below(3000);
        date.second = date.form == TASK_DATE_ONLY ? 0 : (int32_t)below(86400);
        date.zone = date.form == TASK_TIME_ZONED ? S("Asia/Tokyo") : S("");
    }
    return date;
}

static struct task_recurrence any_recurrence(void)
{
    return (struct task_recurrence){
        .is_set = below(3) > 0,
        .pattern = (enum task_pattern)below(6),
        .interval = (int32_t)below(5),
        .month = (int32_t)below(13),
        .day_of_month = (int32_t)below(32),
        .weekdays = (uint8_t)below(256),
        .first_weekday = (int8_t)below(7),
        .index = (int8_t)(below(6) == 5 ? -1 : (int)below(5)),
        .range = (enum task_range)below(3),
        .start_day = (int32_t)below(30000),
        .end_day = (int32_t)below(30000),
        .count = (int32_t)below(100),
    };
}

static struct task any_task(void)
{
    struct task task;
    size_t categories = below(5);

    task_init(&task);
    task.title = any_text();
    task.body = (struct task_body){ .is_html = below(2), .content = any_text() };
    task.priority = (int32_t)below(10);
    task.sensitivity = (enum task_sensitivity)below(4);
    task.status = (enum task_status)below(6);
    task.percent = (int32_t)below(102) - 1;
    task.completed = any_date();
    task.start = any_date();
    task.due = any_date();
    task.reminder.is_on = below(2);
    task.reminder.instant_s = (int64_t)below(4000000000u) - 1000000000;
    task.recurrence = any_recurrence();
    task.categories.items = (struct str *)arena_alloc_array(arena, categories, sizeof(struct str));
    for (; task.categories.count < categories; task.categories.count++) {
        task.categories.items[task.categories.count] = any_text();
    }
    task.owner = any_text();
    task.assigned_to = any_text();
    task.url = any_text();
    return task;
}

static void assert_same(const struct task *a, const struct task *b, const char *law, unsigned round)
{
    task_fields fields = task_diff(a, b);

    for (unsigned f = 0; f < TASK_FIELD_COUNT; f++) {
        if (fields & TASK_FIELD(f)) {
            fail_msg("%s, round %u: %s", law, round, task_field_name((enum task_field)f));
        }
    }
}

static void check_round(
    const struct dialect *dialect, const char *id_name, const struct zone *zone, unsigned round)
{
    struct task task = any_task(), once, twice;
    struct upstream_item item;
    struct str json, full;
    struct err err;

    dialect->project(&task, zone, arena, &once);
    dialect->project(&once, zone, arena, &twice);
    assert_same(&once, &twice, "project(project(t)) = project(t)", round);
    json = dialect->write_task(&once, TASK_ALL_FIELDS, zone, true, arena);
    full = arena_printf(arena, "%.*s,\"%s\":\"a\"}", (int)json.n - 1, json.p, id_name);
    if (!dialect->read_task(full, zone, arena, &item, &err)) {
        fail_msg("round %u: %s", round, err.text);
    }
    assert_same(&once, &item.task, "from_json(to_json(project(t))) = project(t)", round);
}

static unsigned number_from(const char *variable, unsigned usual)
{
    const char *text = getenv(variable);

    return text == NULL ? usual : (unsigned)strtoul(text, NULL, 10);
}

void laws_check(const struct dialect *dialect, const char *id_name)
{
    static const char *const zones[] = { "UTC", "Europe/Paris", "America/New_York",
        "Pacific/Auckland", "Pacific/Kiritimati", "Asia/Kathmandu", "Africa/Cairo",
        "Pacific/Honolulu" };

    unsigned rounds = number_from("DUEDAV_TEST_ROUNDS", ROUNDS);
    unsigned seed = number_from("DUEDAV_TEST_SEED", SEED);

    secret_start();
    secret_seed(seed);
    printf("seed %u: %u tasks of %s\n", seed, rounds, dialect->name);
    arena = arena_new();
    for (unsigned round = 0; round < rounds; round++) {
        check_round(dialect, id_name, zone_find(str_from(zones[below(ARRAY_LEN(zones))])), round);
        if (round % 100 == 99) {
            arena_free(&arena);
            arena = arena_new();
        }
    }
    arena_free(&arena);
}
