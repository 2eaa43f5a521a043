#include "bridge/core/civil.h"
#include "bridge/core/clock.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/sandbox_internal.h"

#include <string.h>

#define NO_DAY INT32_MIN

/** A sample; days count from today. */
struct sample {
    int folder;
    const char *subject, *body;
    const char *categories; /**< JSON, or NULL */
    int importance;         /**< 0 Low, 1 Normal, 2 High */
    int status;
    int32_t start, due, completed;
    int32_t reminder;    /**< day ... */
    int reminder_minute; /**< ... and minute of it */
    int repeat;          /**< 0 never, 1 weekly on that weekday, 2 monthly on that day */
    bool is_html, is_private;
};

static const char *const folder_names[] = { "Tasks", "Household", "Garden & balcony" };

static const struct sample samples[] = {
    { 0, "Prepare the quarterly report",
        "Figures are in the shared folder.\r\nAsk Amina about May.", "[\"Work\"]", 2,
        SBX_IN_PROGRESS, -2, 3, NO_DAY, 2, 9 * 60, 0, false, false },
    { 0, "Book train to Zürich", "Window seat, quiet zone 🚆", "[\"Travel\",\"Blue category\"]", 1,
        SBX_NOT_STARTED, NO_DAY, 1, NO_DAY, 0, 18 * 60 + 30, 0, false, false },
    { 0, "Weekly review", "Inbox, calendar, next week.", "[\"Work\"]", 1, SBX_NOT_STARTED, 0, 0,
        NO_DAY, 0, 16 * 60, 1, false, false },
    { 0, "Read the draft contract",
        "<html><body><p>See <b>section 4</b> first.</p><ul><li>term</li><li>notice</li></ul>"
        "</body></html>",
        NULL, 1, SBX_WAITING, NO_DAY, 5, NO_DAY, NO_DAY, 0, 0, true, true },
    { 0, "Renew passport", "", NULL, 2, SBX_NOT_STARTED, NO_DAY, -4, NO_DAY, NO_DAY, 0, 0, false,
        true },
    { 0, "Send thank-you note", "", NULL, 0, SBX_COMPLETED, NO_DAY, -1, -1, NO_DAY, 0, 0, false,
        false },
    { 1, "Buy milk, bread & 🥚", "Oat milk too.", "[\"Shopping\"]", 1, SBX_NOT_STARTED, NO_DAY, 0,
        NO_DAY, NO_DAY, 0, 0, false, false },
    { 1, "Pay the rent", "", "[\"Money\"]", 2, SBX_NOT_STARTED, NO_DAY, 6, NO_DAY, 6, 8 * 60, 2,
        false, false },
    { 1, "Réparer le robinet de la cuisine", "Joint de 12 mm", NULL, 1, SBX_DEFERRED, NO_DAY, 14,
        NO_DAY, NO_DAY, 0, 0, false, false },
    { 1, "Ideas for the birthday party", "No date yet.", NULL, 0, SBX_NOT_STARTED, NO_DAY, NO_DAY,
        NO_DAY, NO_DAY, 0, 0, false, false },
    { 1, "Descale the kettle", "", NULL, 1, SBX_COMPLETED, -6, -3, -3, NO_DAY, 0, 0, false, false },
    { 2, "Sow lettuce and radishes", "Every second row.", "[\"Green category\"]", 1,
        SBX_NOT_STARTED, 2, 9, NO_DAY, NO_DAY, 0, 0, false, false },
    { 2, "水やり (water the plants)", "", NULL, 1, SBX_NOT_STARTED, NO_DAY, 1, NO_DAY, 1, 7 * 60, 1,
        false, false },
};

static int64_t midnight(const struct sbx_zone *zone, int32_t today, int32_t day)
{
    return day == NO_DAY ? SBX_NEVER : sbx_zone_midnight(zone, today + day);
}

static void fill_task(
    const struct sample *sample, const struct sbx_zone *zone, int32_t today, struct sbx_task *task)
{
    int32_t anchor = today + (sample->start != NO_DAY ? sample->start : sample->due);

    sbx_task_init(task);
    task->subject = str_from(sample->subject);
    task->body = str_from(sample->body);
    task->body_is_html = sample->is_html;
    task->categories = sample->categories != NULL ? str_from(sample->categories) : S("[]");
    task->importance = sample->importance;
    task->sensitivity = sample->is_private ? 2 : 0;
    task->status = sample->status;
    task->start_s = midnight(zone, today, sample->start);
    task->due_s = midnight(zone, today, sample->due);
    task->completed_s = midnight(zone, today, sample->completed);
    task->zone = sbx_zone_name(zone);
    if (sample->reminder != NO_DAY) {
        int64_t local_s = (int64_t)(today + sample->reminder) * CIVIL_SECONDS_A_DAY +
                          sample->reminder_minute * 60;

        task->reminder_us = sbx_zone_to_utc(zone, local_s) * CIVIL_MICROS;
        task->is_reminder_on = true;
    }
    if (sample->repeat != 0) {
        task->has_series = true;
        task->series = (struct sbx_series){
            .pattern = sample->repeat == 1 ? SBX_WEEKLY : SBX_ABSOLUTE_MONTHLY,
            .interval = 1,
            .weekdays = sample->repeat == 1 ? 1u << civil_weekday(anchor) : 0,
            .first_weekday = sample->repeat == 1 ? 1 : 0,
            .day_of_month = sample->repeat == 2 ? civil_from_days(anchor).day : 0,
            .range = SBX_NO_END,
            .start_day = anchor,
            .end_day = civil_days(1, 1, 1),
        };
    }
}

static void seed(
    struct sandbox *sandbox, int64_t user, const struct sbx_zone *zone, struct arena *arena)
{
    struct sbx_folder folders[ARRAY_LEN(folder_names)] = { 0 };
    int64_t now_us = clock_now_us();
    int32_t today = sbx_zone_day(zone, now_us / CIVIL_MICROS);

    for (size_t i = 0; i < ARRAY_LEN(folder_names); i++) {
        if (sbx_state_find_folder(
                sandbox->db, user, str_from(folder_names[i]), arena, &folders[i])) {
            continue; /* the default folder goes by its name */
        }
        folders[i].group_key = S(SBX_DEFAULT_GROUP_KEY);
        folders[i].name = str_from(folder_names[i]);
        sbx_state_put_folder(sandbox->db, user, arena, &folders[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct sbx_task task = { 0 };

        fill_task(&samples[i], zone, today, &task);
        task.folder = folders[samples[i].folder].row;
        sbx_state_put_task(sandbox->db, user, now_us, arena, &task);
    }
}

bool sandbox_seed_demo(struct sandbox *sandbox, struct str user, struct str zone, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const struct sbx_zone *rules =
        sbx_zones_find_any(sandbox->service.zones, zone.n > 0 ? zone : S("UTC"));
    struct sbx_user found = { 0 };
    struct sbx_folder *folders = NULL;
    struct sbx_task *tasks = NULL;

    if (rules == NULL) {
        return err_set(err, ERR_NOT_FOUND, "no such time zone: %.*s", STR_ARG(zone));
    }
    sbx_db_begin(sandbox->db);
    if (!sbx_state_find_user(sandbox->db, user, arena, &found)) {
        return sbx_db_finish(sandbox->db, false, err) &&
               err_set(err, ERR_NOT_FOUND, "no such sandbox user: %.*s", STR_ARG(user));
    }
    if (sbx_state_list_folders(sandbox->db, found.id, 0, arena, &folders) == 1 &&
        sbx_state_list_tasks(sandbox->db, found.id, 0, 0, 1, arena, &tasks) == 0) {
        seed(sandbox, found.id, rules, arena);
    }
    return sbx_db_finish(sandbox->db, true, err);
}
