#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/core/str.h"
#include "bridge/sandbox/series.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* Intervals and counts as Exchange bounds them. */
#define INTERVAL_MAX 999
#define COUNT_MAX    999

static const char *const pattern_names[] = {
    [SBX_DAILY] = "Daily",
    [SBX_WEEKLY] = "Weekly",
    [SBX_ABSOLUTE_MONTHLY] = "AbsoluteMonthly",
    [SBX_RELATIVE_MONTHLY] = "RelativeMonthly",
    [SBX_ABSOLUTE_YEARLY] = "AbsoluteYearly",
    [SBX_RELATIVE_YEARLY] = "RelativeYearly",
};
static const char *const range_names[] = {
    [SBX_END_DATE] = "EndDate",
    [SBX_NO_END] = "NoEnd",
    [SBX_NUMBERED] = "Numbered",
};
static const char *const weekday_names[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
    "Friday", "Saturday" };
static const char *const index_names[] = { "First", "Second", "Third", "Fourth", "Last" };

#define USES_DAY      1u
#define USES_MONTH    2u
#define USES_WEEKDAYS 4u
#define USES_FIRST    8u
#define USES_INDEX    16u
static const unsigned pattern_uses[] = {
    [SBX_DAILY] = 0,
    [SBX_WEEKLY] = USES_WEEKDAYS | USES_FIRST,
    [SBX_ABSOLUTE_MONTHLY] = USES_DAY,
    [SBX_RELATIVE_MONTHLY] = USES_WEEKDAYS | USES_INDEX,
    [SBX_ABSOLUTE_YEARLY] = USES_DAY | USES_MONTH,
    [SBX_RELATIVE_YEARLY] = USES_WEEKDAYS | USES_INDEX | USES_MONTH,
};

static bool refuse(struct sbx_refusal *refusal, const char *what)
{
    return sbx_refuse(refusal, 400, "ErrorInvalidProperty", "Recurrence: %s", what);
}

/* Are all members of an object among the names? */
static bool knows_members(
    const cJSON *json, const char *const *names, size_t count, struct sbx_refusal *refusal)
{
    const cJSON *member = NULL;

    if (!cJSON_IsObject(json)) {
        return refuse(refusal, "Pattern and Range must be objects.");
    }
    cJSON_ArrayForEach(member, json)
    {
        bool is_known = strncmp(member->string, "@odata.", 7) == 0;

        for (size_t i = 0; i < count && !is_known; i++) {
            is_known = strcmp(member->string, names[i]) == 0;
        }
        if (!is_known) {
            return sbx_refuse(refusal, 400, "ErrorInvalidProperty",
                "Recurrence: the property '%.60s' does not exist.", member->string);
        }
    }
    return true;
}

/* The place of a string in a list of names; false if it is none of them. */
static bool read_name(const cJSON *json, const char *const *names, size_t count, int *out)
{
    for (size_t i = 0; cJSON_IsString(json) && i < count; i++) {
        if (strcmp(json->valuestring, names[i]) == 0) {
            *out = (int)i;
            return true;
        }
    }
    return false;
}

static bool read_int(const cJSON *json, int low, int high, int *out)
{
    if (!cJSON_IsNumber(json) || json->valuedouble != (double)json->valueint ||
        json->valueint < low || json->valueint > high) {
        return false;
    }
    *out = json->valueint;
    return true;
}

static bool read_weekdays(const cJSON *json, unsigned *out)
{
    const cJSON *day = NULL;

    if (!cJSON_IsArray(json)) {
        return false;
    }
    *out = 0;
    cJSON_ArrayForEach(day, json)
    {
        int number = 0;

        if (!read_name(day, weekday_names, ARRAY_LEN(weekday_names), &number)) {
            return false;
        }
        *out |= 1u << number;
    }
    return true;
}

static bool read_members(const cJSON *json, struct sbx_series *out, struct sbx_refusal *refusal)
{
    const cJSON *day = cJSON_GetObjectItemCaseSensitive(json, "DayOfMonth");
    const cJSON *month = cJSON_GetObjectItemCaseSensitive(json, "Month");
    const cJSON *days = cJSON_GetObjectItemCaseSensitive(json, "DaysOfWeek");
    const cJSON *first = cJSON_GetObjectItemCaseSensitive(json, "FirstDayOfWeek");
    const cJSON *index = cJSON_GetObjectItemCaseSensitive(json, "Index");

    if (day != NULL && !read_int(day, 0, 31, &out->day_of_month)) {
        return refuse(refusal, "DayOfMonth must be 1 to 31.");
    }
    if (month != NULL && !read_int(month, 0, 12, &out->month)) {
        return refuse(refusal, "Month must be 1 to 12.");
    }
    if (days != NULL && !read_weekdays(days, &out->weekdays)) {
        return refuse(refusal, "DaysOfWeek must be a list of days.");
    }
    if (first != NULL &&
        !read_name(first, weekday_names, ARRAY_LEN(weekday_names), &out->first_weekday)) {
        return refuse(refusal, "FirstDayOfWeek must be a day.");
    }
    if (index != NULL && !read_name(index, index_names, ARRAY_LEN(index_names), &out->index)) {
        return refuse(refusal, "Index must be First, Second, Third, Fourth or Last.");
    }
    return true;
}

static bool read_pattern(const cJSON *json, struct sbx_series *out, struct sbx_refusal *refusal)
{
    static const char *const names[] = { "Type", "Interval", "Month", "DayOfMonth", "DaysOfWeek",
        "FirstDayOfWeek", "Index" };
    unsigned has = 0;
    unsigned must = 0;
    int pattern = 0;

    if (!knows_members(json, names, ARRAY_LEN(names), refusal)) {
        return false;
    }
    if (!read_name(cJSON_GetObjectItemCaseSensitive(json, "Type"), pattern_names,
            ARRAY_LEN(pattern_names), &pattern)) {
        return refuse(refusal, "Pattern.Type is missing or unknown.");
    }
    out->pattern = (enum sbx_pattern)pattern;
    if (!read_int(
            cJSON_GetObjectItemCaseSensitive(json, "Interval"), 1, INTERVAL_MAX, &out->interval)) {
        return refuse(refusal, "Interval is missing or out of range.");
    }
    if (!read_members(json, out, refusal)) {
        return false;
    }
    has = (out->day_of_month != 0 ? USES_DAY : 0) | (out->month != 0 ? USES_MONTH : 0) |
          (out->weekdays != 0 ? USES_WEEKDAYS : 0) | (out->first_weekday != 0 ? USES_FIRST : 0) |
          (out->index != 0 ? USES_INDEX : 0);
    must = pattern_uses[pattern] & (USES_DAY | USES_MONTH | USES_WEEKDAYS);
    if ((has & ~pattern_uses[pattern]) != 0) {
        return refuse(refusal, "a property does not belong to this Pattern.Type.");
    }
    if ((has & must) != must) {
        return refuse(refusal, "a property that this Pattern.Type requires is missing.");
    }
    return true;
}

static bool read_date(const cJSON *json, int32_t *day_out)
{
    return cJSON_IsString(json) && civil_parse_date(str_from(json->valuestring), day_out);
}

static bool read_range(const cJSON *json, struct sbx_series *out, struct sbx_refusal *refusal)
{
    static const char *const names[] = { "Type", "StartDate", "EndDate", "NumberOfOccurrences" };
    const cJSON *end = NULL;
    const cJSON *count = NULL;
    int range = 0;
    int32_t unset = civil_days(1, 1, 1);

    if (!knows_members(json, names, ARRAY_LEN(names), refusal)) {
        return false;
    }
    if (!read_name(cJSON_GetObjectItemCaseSensitive(json, "Type"), range_names,
            ARRAY_LEN(range_names), &range)) {
        return refuse(refusal, "Range.Type is missing or unknown.");
    }
    out->range = (enum sbx_range)range;
    /* The code is the one that a sister API gave for a range without its start. */
    if (!read_date(cJSON_GetObjectItemCaseSensitive(json, "StartDate"), &out->start_day) ||
        out->start_day < civil_days(1601, 1, 1)) {
        return sbx_refuse(refusal, 400, "ErrorRecurrenceEndDateTooBig",
            "Recurrence: Range.StartDate is missing or not a date.");
    }
    end = cJSON_GetObjectItemCaseSensitive(json, "EndDate");
    out->end_day = unset;
    if (end != NULL && !read_date(end, &out->end_day)) {
        return refuse(refusal, "Range.EndDate is not a date.");
    }
    if (out->range == SBX_END_DATE ? out->end_day < out->start_day : out->end_day != unset) {
        return refuse(refusal, "Range.EndDate does not fit Range.Type and StartDate.");
    }
    count = cJSON_GetObjectItemCaseSensitive(json, "NumberOfOccurrences");
    if (count != NULL && !read_int(count, 0, COUNT_MAX, &out->count)) {
        return refuse(refusal, "Range.NumberOfOccurrences is out of range.");
    }
    if ((out->range == SBX_NUMBERED) != (out->count > 0)) {
        return refuse(refusal, "Range.NumberOfOccurrences does not fit Range.Type.");
    }
    return true;
}

bool sbx_series_read(const cJSON *json, struct sbx_series *out, struct sbx_refusal *refusal)
{
    static const char *const names[] = { "Pattern", "Range" };
    struct sbx_series series = { 0 };
    int32_t first = 0;

    if (!knows_members(json, names, ARRAY_LEN(names), refusal) ||
        !read_pattern(cJSON_GetObjectItemCaseSensitive(json, "Pattern"), &series, refusal) ||
        !read_range(cJSON_GetObjectItemCaseSensitive(json, "Range"), &series, refusal)) {
        return false;
    }
    if (!sbx_series_find(&series, series.start_day, &first)) {
        return refuse(refusal, "it has no date within its range.");
    }
    *out = series;
    return true;
}

static void add_date(cJSON *object, const char *name, int32_t day)
{
    struct civil date = civil_from_days(day);
    char text[40];

    snprintf(text, sizeof(text), "%04d-%02d-%02d", date.year, date.month, date.day);
    cJSON_AddStringToObject(object, name, text);
}

cJSON *sbx_series_write(const struct sbx_series *series)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *pattern = cJSON_AddObjectToObject(json, "Pattern");
    cJSON *range = cJSON_AddObjectToObject(json, "Range");
    cJSON *days = NULL;

    cJSON_AddStringToObject(pattern, "Type", pattern_names[series->pattern]);
    cJSON_AddNumberToObject(pattern, "Interval", series->interval);
    cJSON_AddNumberToObject(pattern, "Month", series->month);
    cJSON_AddNumberToObject(pattern, "DayOfMonth", series->day_of_month);
    days = cJSON_AddArrayToObject(pattern, "DaysOfWeek");
    for (size_t i = 0; i < ARRAY_LEN(weekday_names); i++) {
        if ((series->weekdays & 1u << i) != 0) {
            cJSON_AddItemToArray(days, cJSON_CreateString(weekday_names[i]));
        }
    }
    cJSON_AddStringToObject(pattern, "FirstDayOfWeek", weekday_names[series->first_weekday]);
    cJSON_AddStringToObject(pattern, "Index", index_names[series->index]);
    cJSON_AddStringToObject(range, "Type", range_names[series->range]);
    add_date(range, "StartDate", series->start_day);
    add_date(range, "EndDate", series->end_day);
    cJSON_AddNumberToObject(range, "NumberOfOccurrences", series->count);
    return json;
}
