#include "bridge/upstream/service_recurrence.h"

#include "bridge/core/civil.h"
#include "bridge/upstream/service_date.h"
#include "bridge/upstream/service_names.h"

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
static bool read_name(const struct cJSON *object, struct service_spelt member,
    const struct service_name *table, int *out, struct err *err)
{
    const struct cJSON *value = cJSON_GetObjectItemCaseSensitive(object, member.text);

    if (value == NULL || cJSON_IsNull(value)) {
        return true;
    }
    if (!cJSON_IsString(value)) {
        return err_set(err, ERR_UPSTREAM, "Recurrence: %s is no text", member.text);
    }
    (void)service_name_find(table, json_text(value), out);
    return true;
}

static bool read_weekdays(
    const struct cJSON *pattern, struct service_spelt member, uint8_t *out, struct err *err)
{
    const struct cJSON *list = cJSON_GetObjectItemCaseSensitive(pattern, member.text);
    const struct cJSON *day;

    *out = 0;
    if (list == NULL || cJSON_IsNull(list)) {
        return true;
    }
    if (!cJSON_IsArray(list)) {
        return err_set(err, ERR_UPSTREAM, "Recurrence: %s is no list", member.text);
    }
    cJSON_ArrayForEach(day, list)
    {
        int number;

        if (!cJSON_IsString(day)) {
            return err_set(err, ERR_UPSTREAM, "Recurrence: %s holds no text", member.text);
        }
        if (service_name_find(service_weekdays, json_text(day), &number)) {
            *out = (uint8_t)(*out | 1u << number);
        }
    }
    return true;
}

/* 0001-01-01 is how the service spells 'unused'. */
static bool read_day(
    const struct cJSON *range, struct service_spelt member, int32_t *out, struct err *err)
{
    const struct cJSON *value = cJSON_GetObjectItemCaseSensitive(range, member.text);
    int32_t day;

    if (value == NULL || cJSON_IsNull(value)) {
        return true;
    }
    if (!cJSON_IsString(value) || !civil_parse_date(str_first(json_text(value), 10), &day)) {
        return err_set(err, ERR_UPSTREAM, "Recurrence: %s is no date", member.text);
    }
    if (!str_has_prefix(json_text(value), S("0001-"))) {
        *out = day;
    }
    return true;
}

static bool read_pattern(const struct cJSON *pattern, enum service_spelling spelling,
    struct task_recurrence *out, struct err *err)
{
    int type = -1, first_weekday = 0, index = 1;

    out->interval = 1;
    if (!read_name(pattern, service_spell("Type", spelling), service_patterns, &type, err) ||
        !read_name(pattern, service_spell("FirstDayOfWeek", spelling), service_weekdays,
            &first_weekday, err) ||
        !read_name(pattern, service_spell("Index", spelling), service_indexes, &index, err) ||
        !json_member_int(pattern, service_spell("Interval", spelling).text, 0, MOST_INTERVAL,
            &out->interval, err) ||
        !json_member_int(pattern, service_spell("Month", spelling).text, 0, 12, &out->month, err) ||
        !json_member_int(
            pattern, service_spell("DayOfMonth", spelling).text, 0, 31, &out->day_of_month, err) ||
        !read_weekdays(pattern, service_spell("DaysOfWeek", spelling), &out->weekdays, err)) {
        return false;
    }
    out->is_set = type >= 0;
    out->pattern = type >= 0 ? (enum task_pattern)type : TASK_DAILY;
    out->first_weekday = (int8_t)first_weekday;
    out->index = (int8_t)index;
    return true;
}

static bool read_range(const struct cJSON *range, enum service_spelling spelling,
    struct task_recurrence *out, struct err *err)
{
    int type = TASK_NO_END;

    if (!read_name(range, service_spell("Type", spelling), service_ranges, &type, err) ||
        !read_day(range, service_spell("StartDate", spelling), &out->start_day, err) ||
        !read_day(range, service_spell("EndDate", spelling), &out->end_day, err) ||
        !json_member_int(range, service_spell("NumberOfOccurrences", spelling).text, 0, MOST_COUNT,
            &out->count, err)) {
        return false;
    }
    out->range = (enum task_range)type;
    return true;
}

bool service_recurrence_read(const struct cJSON *value, enum service_spelling spelling,
    struct task_recurrence *out, struct err *err)
{
    const struct cJSON *pattern =
        cJSON_GetObjectItemCaseSensitive(value, service_spell("Pattern", spelling).text);
    const struct cJSON *range =
        cJSON_GetObjectItemCaseSensitive(value, service_spell("Range", spelling).text);
    struct task_recurrence recurrence = { 0 };

    if (!cJSON_IsObject(pattern) ||
        (range != NULL && !cJSON_IsObject(range) && !cJSON_IsNull(range))) {
        return err_set(err, ERR_UPSTREAM, "Recurrence: no Pattern or Range");
    }
    if (!read_pattern(pattern, spelling, &recurrence, err) ||
        !read_range(range, spelling, &recurrence, err)) {
        return false;
    }
    service_recurrence_keep(&recurrence);
    *out = recurrence;
    return true;
}

/* ---- out ---- */

struct writing {
    struct json_out *out;
    enum service_spelling spelling;
};

static void write_member_name(const struct writing *writing, const char *name)
{
    json_out_name(writing->out, service_spell(name, writing->spelling).text);
}

static void write_int(const struct writing *writing, const char *name, int32_t value)
{
    write_member_name(writing, name);
    json_out_int(writing->out, value);
}

static void write_value(const struct writing *writing, const struct service_name *table, int value)
{
    json_out_text(writing->out,
        str_from(service_spell(service_name_of(table, value), writing->spelling).text));
}

static void write_name(
    const struct writing *writing, const char *name, const struct service_name *table, int value)
{
    write_member_name(writing, name);
    write_value(writing, table, value);
}

static void write_day(const struct writing *writing, const char *name, int32_t day)
{
    char text[11];

    service_date_format(day, text);
    json_out_member(writing->out, service_spell(name, writing->spelling).text, str_from(text));
}

static void write_weekdays(const struct writing *writing, uint8_t weekdays)
{
    write_member_name(writing, "DaysOfWeek");
    json_out_open(writing->out, '[');
    for (int day = 0; day < 7; day++) {
        if (weekdays & 1u << day) {
            write_value(writing, service_weekdays, day);
        }
    }
    json_out_close(writing->out, ']');
}

static void write_pattern(const struct writing *writing, const struct task_recurrence *recurrence)
{
    struct use use = use_of(recurrence->pattern);

    write_member_name(writing, "Pattern");
    json_out_open(writing->out, '{');
    write_name(writing, "Type", service_patterns, (int)recurrence->pattern);
    write_int(writing, "Interval", recurrence->interval);
    if (use.month) {
        write_int(writing, "Month", recurrence->month);
    }
    if (use.day_of_month) {
        write_int(writing, "DayOfMonth", recurrence->day_of_month);
    }
    if (use.weekdays) {
        write_weekdays(writing, recurrence->weekdays);
    }
    if (use.first_weekday) {
        write_name(writing, "FirstDayOfWeek", service_weekdays, recurrence->first_weekday);
    }
    if (use.index) {
        write_name(writing, "Index", service_indexes, recurrence->index);
    }
    json_out_close(writing->out, '}');
}

static void write_range(const struct writing *writing, const struct task_recurrence *recurrence)
{
    write_member_name(writing, "Range");
    json_out_open(writing->out, '{');
    write_name(writing, "Type", service_ranges, (int)recurrence->range);
    write_day(writing, "StartDate", recurrence->start_day);
    if (recurrence->range == TASK_END_DATE) {
        write_day(writing, "EndDate", recurrence->end_day);
    }
    if (recurrence->range == TASK_NUMBERED) {
        write_int(writing, "NumberOfOccurrences", recurrence->count);
    }
    json_out_close(writing->out, '}');
}

void service_recurrence_write(struct json_out *out, const struct task_recurrence *recurrence,
    enum service_spelling spelling, bool has_range)
{
    const struct writing writing = { out, spelling };

    json_out_open(out, '{');
    write_pattern(&writing, recurrence);
    if (has_range) {
        write_range(&writing, recurrence);
    }
    json_out_close(out, '}');
}

/* ---- what is kept ---- */

static int32_t clamp(int32_t value, int32_t min, int32_t max)
{
    return value < min ? min : value > max ? max : value;
}

void service_recurrence_keep(struct task_recurrence *recurrence)
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
