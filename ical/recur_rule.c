/* The reading of a rule, and the sets in it; recur.c walks its dates. */
#include "ical/recur.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"

/* ---- sets ---- */

static bool set_add(struct recur_set *set, int number)
{
    int n = number < 0 ? -number : number;
    uint64_t *word = number < 0 ? &set->below[n / 64] : &set->above[n / 64];
    uint64_t bit = (uint64_t)1 << (n % 64);

    if (n == 0 || n > 366) {
        return false;
    }
    set->count += (*word & bit) == 0;
    *word |= bit;
    return true;
}

bool recur_set_has(const struct recur_set *set, int number)
{
    int n = number < 0 ? -number : number;
    const uint64_t *words = number < 0 ? set->below : set->above;

    return n > 0 && n <= 366 && (words[n / 64] >> (n % 64) & 1) != 0;
}

int recur_set_only(const struct recur_set *set)
{
    if (set->count != 1) {
        return 0;
    }
    for (int n = 1; n <= 366; n++) {
        if (recur_set_has(set, n) || recur_set_has(set, -n)) {
            return recur_set_has(set, n) ? n : -n;
        }
    }
    return 0;
}

/* ---- reading ---- */

static const char day_names[7][3] = { "SU", "MO", "TU", "WE", "TH", "FR", "SA" };

static int parse_weekday(struct str s)
{
    for (int i = 0; i < 7; i++) {
        if (str_eq_nocase(s, str_from(day_names[i]))) {
            return i;
        }
    }
    return -1;
}

static bool parse_signed(struct str s, int64_t max, int64_t *out)
{
    if (s.n > 0 && s.p[0] == '+') {
        s = str_skip(s, 1);
    }
    return str_to_i64(s, out) && *out <= max && *out >= -max;
}

static bool parse_set(struct str list, int max, bool may_be_negative, struct recur_set *out)
{
    struct str item;
    int64_t number;

    while (str_next(&list, ',', &item)) {
        if (!parse_signed(str_trim(item), max, &number) || (number < 0 && !may_be_negative) ||
            !set_add(out, (int)number)) {
            return false;
        }
    }
    return out->count > 0;
}

static bool parse_days(struct str list, struct recur *out)
{
    struct str item;

    while (str_next(&list, ',', &item)) {
        item = str_trim(item);
        if (item.n < 2) {
            return false;
        }
        int weekday = parse_weekday(str_skip(item, item.n - 2));
        struct str ordinal = str_first(item, item.n - 2);
        int64_t number;

        if (weekday < 0) {
            return false;
        }
        if (ordinal.n == 0) {
            out->weekdays |= (uint8_t)(1u << weekday);
        } else {
            if (!parse_signed(ordinal, 53, &number) || !set_add(&out->nth[weekday], (int)number)) {
                return false;
            }
        }
    }
    out->nth_count = 0;
    for (int i = 0; i < 7; i++) {
        out->nth_count += out->nth[i].count;
    }
    return out->weekdays != 0 || out->nth_count > 0;
}

/** BYHOUR and its kin. A second of 60 is one of 59: no clock here has leap seconds. */
static bool parse_clock(struct str list, int max, uint64_t *out)
{
    struct str item;
    int64_t number;

    while (str_next(&list, ',', &item)) {
        if (!str_to_i64(str_trim(item), &number) || number < 0 || number > max) {
            return false;
        }
        *out |= (uint64_t)1 << (number < 60 ? number : 59);
    }
    return *out != 0;
}

static bool parse_frequency(struct str value, struct recur *out)
{
    static const char *const names[] = { "SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY",
        "MONTHLY", "YEARLY" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq_nocase(value, str_from(names[i]))) {
            out->frequency = (enum recur_frequency)i;
            return true;
        }
    }
    return false;
}

static bool parse_positive(struct str value, int32_t *out)
{
    int64_t number;

    if (!str_to_i64(value, &number) || number < 1 || number > 1000000) {
        return false;
    }
    *out = (int32_t)number;
    return true;
}

static bool parse_skip(struct str value, struct recur *out)
{
    out->is_skip_backward = str_eq_nocase(value, S("BACKWARD"));
    out->is_foreign |= str_eq_nocase(value, S("FORWARD"));
    return true;
}

static bool parse_wkst(struct str value, struct recur *out)
{
    out->first_weekday = parse_weekday(value);
    return out->first_weekday >= 0;
}

#define PARTS                                                                                    \
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", \
        "BYWEEKNO", "BYSETPOS", "BYHOUR", "BYMINUTE", "BYSECOND", "RSCALE", "SKIP"

static bool parse_part(unsigned part, struct str value, struct recur *out)
{
    switch (part) {
    case 0:
        return parse_frequency(value, out);
    case 1:
        return parse_positive(value, &out->interval);
    case 2:
        return parse_positive(value, &out->count);
    case 3:
        out->has_until = value_parse_time(value, &out->until);
        return out->has_until;
    case 4:
        return parse_wkst(value, out);
    case 5:
        return parse_days(value, out);
    case 6:
        return parse_set(value, 12, false, &out->months);
    case 7:
        return parse_set(value, 31, true, &out->month_days);
    case 8:
        return parse_set(value, 366, true, &out->year_days);
    case 9:
        return parse_set(value, 53, true, &out->weeks);
    case 10:
        return parse_set(value, 366, true, &out->positions);
    case 11:
        return parse_clock(value, 23, &out->hours);
    case 12:
        return parse_clock(value, 59, &out->minutes);
    case 13:
        return parse_clock(value, 60, &out->seconds);
    case 14:
        out->is_foreign |= !str_eq_nocase(value, S("GREGORIAN"));
        return true;
    default:
        return parse_skip(value, out);
    }
}

bool recur_parse(struct str value, struct recur *out)
{
    static const char *const names[] = { PARTS };
    struct recur rule = { .interval = 1, .first_weekday = 1 };
    unsigned seen = 0;
    struct str part;

    while (str_next(&value, ';', &part)) {
        struct str name;
        unsigned i = 0;

        part = str_trim(part);
        if (part.n == 0) {
            continue; /* a ';' at the end is written by some */
        }
        if (!str_next(&part, '=', &name) || part.p == NULL) {
            return false;
        }
        while (i < ARRAY_LEN(names) && !str_eq_nocase(str_trim(name), str_from(names[i]))) {
            i++;
        }
        if (i == ARRAY_LEN(names)) {
            rule.is_foreign = true;
            continue;
        }
        if ((seen >> i & 1) != 0 || !parse_part(i, str_trim(part), &rule)) {
            return false;
        }
        seen |= 1u << i;
    }
    if ((seen & 1) == 0 || (rule.count > 0 && rule.has_until)) {
        return false;
    }
    *out = rule;
    return true;
}

static void set_only(struct recur_set *set, int number)
{
    *set = (struct recur_set){ .count = 0 };
    (void)!set_add(set, number);
}

void recur_clamp(struct recur *rule, int32_t start)
{
    struct civil date = civil_from_days(start);
    int day = rule->month_days.count == 0 ? date.day : recur_set_only(&rule->month_days);
    int month = rule->months.count == 0 || rule->frequency == RECUR_MONTHLY
                    ? date.month
                    : recur_set_only(&rule->months);
    bool is_one_month = rule->frequency == RECUR_YEARLY || rule->interval % 12 == 0;

    if (rule->weekdays != 0 || rule->nth_count > 0 || rule->year_days.count > 0 ||
        rule->weeks.count > 0 || rule->positions.count > 0 || day < 29 || rule->is_foreign) {
        return;
    }
    if (is_one_month && rule->frequency >= RECUR_MONTHLY) {
        if (month == 2 && (rule->months.count > 0 || rule->frequency == RECUR_MONTHLY ||
                              rule->month_days.count == 0)) {
            if (rule->frequency == RECUR_YEARLY) {
                set_only(&rule->months, 2);
            }
            set_only(&rule->month_days, -1);
        }
    } else if (rule->frequency == RECUR_MONTHLY) {
        set_only(&rule->month_days, day);
        rule->is_skip_backward = true;
    }
}
