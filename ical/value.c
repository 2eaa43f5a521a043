#include "ical/value.h"

#include "bridge/core/civil.h"
#include <stdio.h>

static bool digits(struct str s, size_t from, size_t n, int32_t *out)
{
    int32_t value = 0;

    if (s.n < from + n) {
        return false;
    }
    for (size_t i = from; i < from + n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
        value = value * 10 + (s.p[i] - '0');
    }
    *out = value;
    return true;
}

bool value_parse_time(struct str s, struct value_time *out)
{
    struct civil civil = { 0 };
    struct value_time time = { 0 };

    s = str_trim(s);
    if (!digits(s, 0, 4, &civil.year) || !digits(s, 4, 2, &civil.month) ||
        !digits(s, 6, 2, &civil.day)) {
        return false;
    }
    if (s.n > 8) {
        if ((s.p[8] != 'T' && s.p[8] != 't') || !digits(s, 9, 2, &civil.hour) ||
            !digits(s, 11, 2, &civil.minute) || !digits(s, 13, 2, &civil.second)) {
            return false;
        }
        time.has_time = true;
        time.is_utc = s.n == 16 && (s.p[15] == 'Z' || s.p[15] == 'z');
        if (s.n > 15 && !time.is_utc) {
            return false;
        }
        if (civil.second == 60) { /* a leap second: RFC 5545 3.3.12 */
            civil.second = 59;
        }
    }
    if (!civil_is_valid(&civil)) {
        return false;
    }
    time.day = civil_days(civil.year, civil.month, civil.day);
    time.second = civil.hour * 3600 + civil.minute * 60 + civil.second;
    *out = time;
    return true;
}

struct str value_format_time(const struct value_time *time, char out[VALUE_TIME_TEXT])
{
    struct civil c = civil_from_days(time->day);
    int n;

    if (!time->has_time) {
        n = snprintf(
            out, VALUE_TIME_TEXT, "%04d%02d%02d", (int)c.year % 10000, (int)c.month, (int)c.day);
    } else {
        n = snprintf(out, VALUE_TIME_TEXT, "%04d%02d%02dT%02d%02d%02d%s", (int)c.year % 10000,
            (int)c.month, (int)c.day, (int)(time->second / 3600 % 24),
            (int)(time->second / 60 % 60), (int)(time->second % 60), time->is_utc ? "Z" : "");
    }
    return (struct str){ out, (size_t)n };
}

/** One "15M": the number and the letter behind it. A number has at most nine digits. */
static bool duration_part(struct str *s, int64_t *number_out, char *unit_out)
{
    size_t n = 0;
    int64_t number = 0;

    while (n < s->n && n < 10 && s->p[n] >= '0' && s->p[n] <= '9') {
        number = number * 10 + (s->p[n] - '0');
        n++;
    }
    if (n == 0 || n > 9 || n == s->n) {
        return false;
    }
    *number_out = number;
    *unit_out = s->p[n];
    *s = str_skip(*s, n + 1);
    return true;
}

bool value_parse_duration(struct str s, struct value_duration *out)
{
    struct value_duration sum = { 0 };
    int sign = 1;
    bool is_time = false;
    bool has_part = false;

    s = str_trim(s);
    if (s.n > 0 && (s.p[0] == '+' || s.p[0] == '-')) {
        sign = s.p[0] == '-' ? -1 : 1;
        s = str_skip(s, 1);
    }
    if (s.n == 0 || (s.p[0] != 'P' && s.p[0] != 'p')) {
        return false;
    }
    s = str_skip(s, 1);
    while (s.n > 0) {
        int64_t number;
        char unit;

        if (s.p[0] == 'T' || s.p[0] == 't') {
            if (is_time) {
                return false;
            }
            is_time = true;
            s = str_skip(s, 1);
            continue;
        }
        if (!duration_part(&s, &number, &unit)) {
            return false;
        }
        unit = (char)(unit & ~0x20);
        if (!is_time && (unit == 'W' || unit == 'D')) {
            sum.days += number * (unit == 'W' ? 7 : 1);
        } else if (is_time && (unit == 'H' || unit == 'M' || unit == 'S')) {
            sum.seconds += number * (unit == 'H' ? 3600 : unit == 'M' ? 60 : 1);
        } else {
            return false;
        }
        has_part = true;
    }
    if (!has_part) {
        return false;
    }
    out->days = sum.days * sign;
    out->seconds = sum.seconds * sign;
    return true;
}
