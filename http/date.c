#include "http/date.h"

#include "bridge/core/civil.h"
#include "bridge/core/clock.h"
#include "bridge/core/mem.h"

#include <stdio.h>

static const struct str months[12] = {
    STR("Jan"),
    STR("Feb"),
    STR("Mar"),
    STR("Apr"),
    STR("May"),
    STR("Jun"),
    STR("Jul"),
    STR("Aug"),
    STR("Sep"),
    STR("Oct"),
    STR("Nov"),
    STR("Dec"),
};
static const struct str weekdays[7] = {
    STR("Sunday"),
    STR("Monday"),
    STR("Tuesday"),
    STR("Wednesday"),
    STR("Thursday"),
    STR("Friday"),
    STR("Saturday"),
};

/** Eats the text if it comes next. */
static bool take(struct str *rest, struct str text)
{
    if (!str_has_prefix(*rest, text)) {
        return false;
    }
    *rest = str_skip(*rest, text.n);
    return true;
}

/** Eats exactly n digits. */
static bool take_number(struct str *rest, size_t n, int32_t *out)
{
    if (rest->n < n) {
        return false;
    }
    int32_t value = 0;
    for (size_t i = 0; i < n; i++) {
        char c = rest->p[i];
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *rest = str_skip(*rest, n);
    *out = value;
    return true;
}

static bool take_month(struct str *rest, int32_t *out)
{
    for (int32_t i = 0; i < 12; i++) {
        if (take(rest, months[i])) {
            *out = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_time(struct str *rest, struct civil *civil)
{
    return take_number(rest, 2, &civil->hour) && take(rest, S(":")) &&
           take_number(rest, 2, &civil->minute) && take(rest, S(":")) &&
           take_number(rest, 2, &civil->second);
}

/** What follows "Sun, " in an IMF-fixdate. */
static bool parse_fixdate(struct str rest, struct civil *civil)
{
    return take_number(&rest, 2, &civil->day) && take(&rest, S(" ")) &&
           take_month(&rest, &civil->month) && take(&rest, S(" ")) &&
           take_number(&rest, 4, &civil->year) && take(&rest, S(" ")) && take_time(&rest, civil) &&
           str_eq(rest, S(" GMT"));
}

/** What follows "Sunday, " in an RFC 850 date. Fifty years ahead is the past (RFC 9110 5.6.7). */
static bool parse_rfc850(struct str rest, struct civil *civil)
{
    if (!(take_number(&rest, 2, &civil->day) && take(&rest, S("-")) &&
            take_month(&rest, &civil->month) && take(&rest, S("-")) &&
            take_number(&rest, 2, &civil->year) && take(&rest, S(" ")) && take_time(&rest, civil) &&
            str_eq(rest, S(" GMT")))) {
        return false;
    }
    int32_t this_year = civil_from_seconds(clock_now_s()).year;
    civil->year += this_year - this_year % 100;
    if (civil->year > this_year + 50) {
        civil->year -= 100;
    }
    return true;
}

/** What follows "Sun " in an asctime date. */
static bool parse_asctime(struct str rest, struct civil *civil)
{
    if (!take_month(&rest, &civil->month) || !take(&rest, S(" "))) {
        return false;
    }
    size_t digits = take(&rest, S(" ")) ? 1 : 2;
    return take_number(&rest, digits, &civil->day) && take(&rest, S(" ")) &&
           take_time(&rest, civil) && take(&rest, S(" ")) && take_number(&rest, 4, &civil->year) &&
           rest.n == 0;
}

bool http_date_parse(struct str text, int64_t *seconds_out)
{
    struct civil civil = { 0 };
    bool is_read = false;

    for (size_t i = 0; i < ARRAY_LEN(weekdays) && !is_read; i++) {
        struct str rest = text;
        if (take(&rest, weekdays[i])) {
            is_read = take(&rest, S(", ")) && parse_rfc850(rest, &civil);
        } else if (take(&rest, str_first(weekdays[i], 3))) {
            is_read = take(&rest, S(", ")) ? parse_fixdate(rest, &civil)
                                           : take(&rest, S(" ")) && parse_asctime(rest, &civil);
        }
    }
    int leap = civil.second == 60; /* a leap second is the second after it */
    civil.second -= leap;
    if (!is_read || !civil_is_valid(&civil)) {
        return false;
    }
    *seconds_out = civil_to_seconds(&civil) + leap;
    return true;
}

void http_date_format(int64_t seconds, char out[30])
{
    struct civil civil = civil_from_seconds(seconds);
    int weekday = civil_weekday(civil_day_of_seconds(seconds));

    snprintf(out, 30, "%.3s, %02d %s %04d %02d:%02d:%02d GMT", weekdays[weekday].p, civil.day,
        months[civil.month - 1].p, civil.year, civil.hour, civil.minute, civil.second);
}

/** "30" or "1.5", rounded up and at most most. */
static bool parse_seconds(struct str value, unsigned most, unsigned *out)
{
    unsigned seconds = 0;
    size_t i = 0;

    for (; i < value.n && value.p[i] >= '0' && value.p[i] <= '9'; i++) {
        seconds = seconds * 10 + (unsigned)(value.p[i] - '0');
        if (seconds > most) {
            seconds = most;
        }
    }
    if (i == 0) {
        return false;
    }
    if (i < value.n) {
        struct str fraction = str_skip(value, i + 1);
        bool is_more = false;
        if (value.p[i] != '.' || fraction.n == 0) {
            return false;
        }
        for (size_t k = 0; k < fraction.n; k++) {
            if (fraction.p[k] < '0' || fraction.p[k] > '9') {
                return false;
            }
            is_more = is_more || fraction.p[k] != '0';
        }
        seconds += is_more && seconds < most;
    }
    *out = seconds;
    return true;
}

bool http_retry_after_parse(struct str value, int64_t now_s, unsigned *seconds_out)
{
    const unsigned most = CIVIL_SECONDS_A_DAY;

    value = str_trim(value);
    int64_t at;
    if (parse_seconds(value, most, seconds_out)) {
        return true;
    }
    if (!http_date_parse(value, &at)) {
        return false;
    }
    *seconds_out = at <= now_s ? 0 : at - now_s > most ? most : (unsigned)(at - now_s);
    return true;
}
