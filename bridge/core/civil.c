#include "bridge/core/civil.h"

#include <stdio.h>

/*
 * Years are counted from March here, so that the leap day is the last of its year: then the month
 * lengths follow one line, (153 m + 2) / 5, and eras of 400 years all have the same length.
 */
#define ERA_DAYS        146097
#define MARCH_0_TO_1970 719468

int32_t civil_days(int32_t year, int32_t month, int32_t day)
{
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t month_from_march = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return (int32_t)(era * ERA_DAYS + day_of_era - MARCH_0_TO_1970);
}

struct civil civil_from_days(int32_t days)
{
    int64_t z = (int64_t)days + MARCH_0_TO_1970;
    int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t day_of_era = z - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

    return (struct civil){
        .year = (int32_t)(era * 400 + year_of_era + (month <= 2)),
        .month = (int32_t)month,
        .day = (int32_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

int civil_weekday(int32_t days)
{
    int64_t from_thursday = ((int64_t)days % 7 + 7) % 7; /* 1970-01-01 was one */

    return (int)((from_thursday + 4) % 7);
}

int civil_days_in_month(int32_t year, int32_t month)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    if (month < 1 || month > 12) {
        return 0;
    }
    return month == 2 && is_leap ? 29 : lengths[month - 1];
}

bool civil_is_valid(const struct civil *civil)
{
    return civil->year >= 1 && civil->year <= 9999 && civil->month >= 1 && civil->month <= 12 &&
           civil->day >= 1 && civil->day <= civil_days_in_month(civil->year, civil->month) &&
           civil->hour >= 0 && civil->hour <= 23 && civil->minute >= 0 && civil->minute <= 59 &&
           civil->second >= 0 && civil->second <= 59;
}

int64_t civil_to_seconds(const struct civil *civil)
{
    return (int64_t)civil_days(civil->year, civil->month, civil->day) * CIVIL_SECONDS_A_DAY +
           civil->hour * 3600 + civil->minute * 60 + civil->second;
}

struct civil civil_from_seconds(int64_t seconds)
{
    int32_t days = civil_day_of_seconds(seconds);
    int32_t second_of_day =
        (int32_t)((seconds % CIVIL_SECONDS_A_DAY + CIVIL_SECONDS_A_DAY) % CIVIL_SECONDS_A_DAY);
    struct civil civil = civil_from_days(days);

    civil.hour = second_of_day / 3600;
    civil.minute = second_of_day / 60 % 60;
    civil.second = second_of_day % 60;
    return civil;
}

int32_t civil_day_of_seconds(int64_t seconds)
{
    int64_t days = seconds / CIVIL_SECONDS_A_DAY - (seconds % CIVIL_SECONDS_A_DAY < 0);

    if (days > INT32_MAX) {
        return INT32_MAX;
    }
    return days < INT32_MIN ? INT32_MIN : (int32_t)days;
}

/* Exactly `count` digits from *s. */
static bool take_number(struct str *s, size_t count, int32_t *out)
{
    uint64_t value;

    if (s->n < count || !str_to_u64(str_first(*s, count), &value)) {
        return false;
    }
    *out = (int32_t)value;
    *s = str_skip(*s, count);
    return true;
}

static bool take_char(struct str *s, char c)
{
    if (s->n == 0 || s->p[0] != c) {
        return false;
    }
    *s = str_skip(*s, 1);
    return true;
}

static bool take_date(struct str *s, struct civil *civil)
{
    return take_number(s, 4, &civil->year) && take_char(s, '-') &&
           take_number(s, 2, &civil->month) && take_char(s, '-') && take_number(s, 2, &civil->day);
}

/* ".123" or nothing. Digits beyond the microsecond are dropped. */
static bool take_fraction(struct str *s, int64_t *micros_out)
{
    int64_t scale = CIVIL_MICROS / 10;
    size_t digits = 0;

    *micros_out = 0;
    if (!take_char(s, '.')) {
        return true;
    }
    for (; s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9'; digits++) {
        *micros_out += (s->p[0] - '0') * scale;
        scale /= 10;
        *s = str_skip(*s, 1);
    }
    return digits >= 1 && digits <= 9;
}

/* "Z", "+hh:mm" or nothing, which must be all that is left. */
static bool take_offset(struct str s, int64_t *seconds_out, bool *has_offset_out)
{
    bool is_west = s.n > 0 && s.p[0] == '-';
    int32_t hours, minutes;

    *seconds_out = 0;
    *has_offset_out = s.n > 0;
    if (s.n == 0 || str_eq_nocase(s, S("Z"))) {
        return true;
    }
    if ((!take_char(&s, '+') && !take_char(&s, '-')) || !take_number(&s, 2, &hours) ||
        !take_char(&s, ':') || !take_number(&s, 2, &minutes) || s.n > 0 || hours > 23 ||
        minutes > 59) {
        return false;
    }
    *seconds_out = (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
    return true;
}

bool civil_parse_iso(struct str s, int64_t *micros_out, bool *has_offset_out)
{
    struct civil civil = { 0 };
    int64_t fraction, offset;
    bool has_offset;

    if (!take_date(&s, &civil) || (!take_char(&s, 'T') && !take_char(&s, 't')) ||
        !take_number(&s, 2, &civil.hour) || !take_char(&s, ':') ||
        !take_number(&s, 2, &civil.minute) || !take_char(&s, ':') ||
        !take_number(&s, 2, &civil.second) || !civil_is_valid(&civil) ||
        !take_fraction(&s, &fraction) || !take_offset(s, &offset, &has_offset)) {
        return false;
    }
    *micros_out = (civil_to_seconds(&civil) - offset) * CIVIL_MICROS + fraction;
    *has_offset_out = has_offset;
    return true;
}

bool civil_parse_date(struct str s, int32_t *days_out)
{
    struct civil civil = { 0 };

    if (!take_date(&s, &civil) || s.n > 0 || !civil_is_valid(&civil)) {
        return false;
    }
    *days_out = civil_days(civil.year, civil.month, civil.day);
    return true;
}

void civil_format_iso(int64_t seconds, char out[24])
{
    struct civil c = civil_from_seconds(seconds);

    snprintf(out, 24, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute,
        c.second);
}
