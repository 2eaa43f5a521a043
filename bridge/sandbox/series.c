#include "bridge/sandbox/series.h"

#include "bridge/core/civil.h"

/* More periods than any series has between the years 1601 and 9999; only a bound. */
#define PERIODS_MAX 3100000
#define LAST_YEAR   9999

/* The days of one period, ascending: at most a week's. */
struct period {
    int32_t days[7];
    int count;
};

static int32_t absolute_day(const struct sbx_series *series, int32_t year, int32_t month)
{
    int length = civil_days_in_month(year, month);

    return civil_days(year, month, series->day_of_month < length ? series->day_of_month : length);
}

/* The index-th of the month's days that are any of the weekdays. */
static int32_t relative_day(const struct sbx_series *series, int32_t year, int32_t month)
{
    int32_t first = civil_days(year, month, 1);
    int32_t found = first;
    int seen = 0;

    for (int i = 0; i < civil_days_in_month(year, month); i++) {
        if ((series->weekdays & 1u << civil_weekday(first + i)) == 0) {
            continue;
        }
        found = first + i;
        if (series->index < 4 && seen++ == series->index) {
            break;
        }
    }
    return found;
}

static void week(const struct sbx_series *series, int64_t number, struct period *out)
{
    int back = (civil_weekday(series->start_day) - series->first_weekday + 7) % 7;
    int64_t first = series->start_day - back + 7 * series->interval * number;

    for (int i = 0; i < 7; i++) {
        if ((series->weekdays & 1u << civil_weekday((int32_t)first + i)) != 0) {
            out->days[out->count++] = (int32_t)first + i;
        }
    }
}

/* False when the calendar has ended. */
static bool find_period(const struct sbx_series *series, int64_t number, struct period *out)
{
    struct civil start = civil_from_days(series->start_day);
    bool is_monthly =
        series->pattern == SBX_ABSOLUTE_MONTHLY || series->pattern == SBX_RELATIVE_MONTHLY;
    int64_t months = (int64_t)series->interval * number * (is_monthly ? 1 : 12) +
                     (is_monthly ? start.month : series->month) - 1;
    int64_t year = start.year + months / 12;
    int32_t month = (int32_t)(months % 12 + 1);

    out->count = 0;
    if (series->pattern == SBX_DAILY || series->pattern == SBX_WEEKLY) {
        int64_t days = number * series->interval * (series->pattern == SBX_WEEKLY ? 7 : 1);

        if (series->start_day + days > civil_days(LAST_YEAR, 12, 1)) {
            return false;
        }
        if (series->pattern == SBX_WEEKLY) {
            week(series, number, out);
        } else {
            out->days[out->count++] = series->start_day + (int32_t)days;
        }
        return true;
    }
    if (year > LAST_YEAR) {
        return false;
    }
    out->days[out->count++] =
        series->pattern == SBX_ABSOLUTE_MONTHLY || series->pattern == SBX_ABSOLUTE_YEARLY
            ? absolute_day(series, (int32_t)year, month)
            : relative_day(series, (int32_t)year, month);
    return true;
}

bool sbx_series_find(const struct sbx_series *series, int32_t day, int32_t *day_out)
{
    struct period period = { 0 };
    int seen = 0;

    for (int64_t number = 0; number < PERIODS_MAX && find_period(series, number, &period);
         number++) {
        for (int i = 0; i < period.count; i++) {
            int32_t candidate = period.days[i];

            if (candidate < series->start_day) {
                continue;
            }
            if ((series->range == SBX_END_DATE && candidate > series->end_day) ||
                (series->range == SBX_NUMBERED && ++seen > series->count)) {
                return false;
            }
            if (candidate >= day) {
                *day_out = candidate;
                return true;
            }
        }
    }
    return false;
}
