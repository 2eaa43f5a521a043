/* PatternedRecurrence in its v2.0 spelling: upstream.md A.7. */
#include "bridge/core/civil.h"
#include "bridge/upstream/outlook_internal.h"
#include "bridge/upstream/outlook_names.h"
#include "bridge/upstream/service_date.h"

#include <cjson/cJSON.h>

#define MOST_INTERVAL 9999
#define MOST_COUNT    99999
#define ALL_WEEKDAYS  0x7f

/** Which members a pattern uses. */
struct use {
    bool weekdays, first_weekday, day_of_month, month, index;
};

static struct use use_of(enum task_pattern pattern)
{
    static const struct use uses[] = {
        [TASK_DAILY] = { 0 },
        [TASK_WEEKLY] = { .weekdays = true, .first_weekday = true },
        [TASK_ABSOLUTE_MONTHLY] = { .day_of_month = true },
        [TASK_RELATIVE_MONTHLY] = { .weekdays = true, .index = true },
        [TASK_ABSOLUTE_YEARLY] = { .day_of_month = true, .month = true },
        [TASK_RELATIVE_YEARLY] = { .weekdays = true, .month = true, .index = true },
    };

    return uses[pattern];
}

/* ---- in ---- */

/* Absent, null and what we do not know leave *out alone; another type is an error. */
static bool read_name(const struct cJSON *object, const char *member,
    const struct outlook_name *table, int *out, struct err *err)
{
    const struct cJSON *value = cJSON_GetObjectItemCaseSensitive(object, member);

    if (value == NULL || cJSON_IsNull(value)) {
        return true;
    }
    if (!cJSON_IsString(value)) {
        return err_set(err, ERR_UPSTREAM, "Recurrence: %s is no text", member);
    }
    (void)outlook_name_find(table, json_text(value), out);
    return true;
}

static bool read_weekdays(const struct cJSON *pattern, uint8_t *out, struct err *err)
{
    const struct cJSON *list = cJSON_GetObjectItemCaseSensitive(pattern, "DaysOfWeek");
    const struct cJSON *day;

    *out = 0;
    if (list == NULL || cJSON_IsNull(list)) {
        return true;
    }
    if (!cJSON_IsArray(list)) {
        return err_set(err, ERR_UPSTREAM, "Recurrence: DaysOfWeek is no list");
    }
    cJSON_ArrayForEach(day, list)
    {
        int number;

        if (!cJSON_IsString(day)) {
            return err_set(err, ERR_UPSTREAM, "Recurrence: DaysOfWeek holds no text");
        }
        if (outlook_name_find(outlook_weekdays, json_text(day), &number)) {
            *out = (uint8_t)(*out | 1u << number);
        }
    }
    return true;
}

/* 0001-01-01 is how the service spells 'unused'. */
static bool read_day(const struct cJSON *range, const char *member, int32_t *out, struct err *err)
{
    const struct cJSON *value = cJSON_GetObjectItemCaseSensitive(range, member);
    int32_t day;

    if (value == NULL || cJSON_IsNull(value)) {
        return true;
    }
    if (!cJSON_IsString(value) || !civil_parse_date(str_first(json_text(value), 10), &day)) {
        return err_set(err, ERR_UPSTREAM, "Recurrence: %s is no date", member);
    }
    if (!str_has_prefix(json_text(value), S("0001-"))) {
        *out = day;
    }
    return true;
}

static bool read_pattern(const struct cJSON *pattern, struct task_recurrence *out, struct err *err)
{
    int type = -1, first_weekday = 0, index = 1;

    out->interval = 1;
    if (!read_name(pattern, "Type", outlook_patterns, &type, err) ||
        !read_name(pattern, "FirstDayOfWeek", outlook_weekdays, &first_weekday, err) ||
        !read_name(pattern, "Index", outlook_indexes, &index, err) ||
        !json_member_int(pattern, "Interval", 0, MOST_INTERVAL, &out->interval, err) ||
        !json_member_int(pattern, "Month", 0, 12, &out->month, err) ||
        !json_member_int(pattern, "DayOfMonth", 0, 31, &out->day_of_month, err) ||
        !read_weekdays(pattern, &out->weekdays, err)) {
        return false;
    }
    out->is_set = type >= 0;
    out->pattern = type >= 0 ? (enum task_pattern)type : TASK_DAILY;
    out->first_weekday = (int8_t)first_weekday;
    out->index = (int8_t)index;
    return true;
}

static bool read_range(const struct cJSON *range, struct task_recurrence *out, struct err *err)
{
    int type = TASK_NO_END;

    if (!read_name(range, "Type", outlook_ranges, &type, err) ||
        !read_day(range, "StartDate", &out->start_day, err) ||
        !read_day(range, "EndDate", &out->end_day, err) ||
        !json_member_int(range, "NumberOfOccurrences", 0, MOST_COUNT, &out->count, err)) {
        return false;
    }
    out->range = (enum task_range)type;
    return true;
}

bool outlook_read_recurrence(
    const struct cJSON *value, struct task_recurrence *out, struct err *err)
{
    const struct cJSON *pattern = cJSON_GetObjectItemCaseSensitive(value, "Pattern");
    const struct cJSON *range = cJSON_GetObjectItemCaseSensitive(value, "Range");
    struct task_recurrence recurrence = { 0 };

    if (!cJSON_IsObject(pattern) ||
        (range != NULL && !cJSON_IsObject(range) && !cJSON_IsNull(range))) {
        return err_set(err, ERR_UPSTREAM, "Recurrence: no Pattern or Range");
    }
    if (!read_pattern(pattern, &recurrence, err) || !read_range(range, &recurrence, err)) {
        return false;
    }
    outlook_project_recurrence(&recurrence);
    *out = recurrence;
    return true;
}

/* ---- out ---- */

static void write_pattern(struct json_out *out, const struct task_recurrence *recurrence)
{
    struct use use = use_of(recurrence->pattern);

    json_out_open(out, '{');
    json_out_member(out, "Type", outlook_name_of(outlook_patterns, (int)recurrence->pattern));
    json_out_name(out, "Interval");
    json_out_int(out, recurrence->interval);
    if (use.month) {
        json_out_name(out, "Month");
        json_out_int(out, recurrence->month);
    }
    if (use.day_of_month) {
        json_out_name(out, "DayOfMonth");
        json_out_int(out, recurrence->day_of_month);
    }
    if (use.weekdays) {
        json_out_name(out, "DaysOfWeek");
        json_out_open(out, '[');
        for (int day = 0; day < 7; day++) {
            if (recurrence->weekdays & 1u << day) {
                json_out_text(out, outlook_name_of(outlook_weekdays, day));
            }
        }
        json_out_close(out, ']');
    }
    if (use.first_weekday) {
        json_out_member(
            out, "FirstDayOfWeek", outlook_name_of(outlook_weekdays, recurrence->first_weekday));
    }
    if (use.index) {
        json_out_member(out, "Index", outlook_name_of(outlook_indexes, recurrence->index));
    }
    json_out_close(out, '}');
}

static void write_day(struct json_out *out, const char *name, int32_t day)
{
    char text[11];

    service_date_format(day, text);
    json_out_member(out, name, str_from(text));
}

void outlook_write_recurrence(struct json_out *out, const struct task_recurrence *recurrence)
{
    json_out_open(out, '{');
    json_out_name(out, "Pattern");
    write_pattern(out, recurrence);
    json_out_name(out, "Range");
    json_out_open(out, '{');
    json_out_member(out, "Type", outlook_name_of(outlook_ranges, (int)recurrence->range));
    write_day(out, "StartDate", recurrence->start_day);
    if (recurrence->range == TASK_END_DATE) {
        write_day(out, "EndDate", recurrence->end_day);
    }
    if (recurrence->range == TASK_NUMBERED) {
        json_out_name(out, "NumberOfOccurrences");
        json_out_int(out, recurrence->count);
    }
    json_out_close(out, '}');
    json_out_close(out, '}');
}

/* ---- what is kept ---- */

static int32_t clamp(int32_t value, int32_t min, int32_t max)
{
    return value < min ? min : value > max ? max : value;
}

void outlook_project_recurrence(struct task_recurrence *recurrence)
{
    struct task_recurrence in = *recurrence;
    struct use use = use_of(in.pattern);

    if (!in.is_set || (use.weekdays && (in.weekdays & ALL_WEEKDAYS) == 0) ||
        (use.day_of_month && in.day_of_month == 0) || (use.month && in.month == 0)) {
        *recurrence = (struct task_recurrence){ 0 };
        return;
    }
    *recurrence = (struct task_recurrence){
        .is_set = true,
        .pattern = in.pattern,
        .interval = clamp(in.interval, 1, MOST_INTERVAL),
        .month = use.month ? clamp(in.month, 1, 12) : 0,
        .day_of_month = use.day_of_month ? clamp(in.day_of_month, 1, 31) : 0,
        .weekdays = use.weekdays ? in.weekdays & ALL_WEEKDAYS : 0,
        .first_weekday = use.first_weekday ? in.first_weekday : 0,
        .index = use.index ? (in.index == 0 ? 1 : in.index) : 0,
        .range = in.range,
        .start_day = in.start_day,
        .end_day = in.range == TASK_END_DATE ? in.end_day : 0,
        .count = in.range == TASK_NUMBERED ? clamp(in.count, 1, MOST_COUNT) : 0,
    };
}
