#include "bridge/map/recurrence.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"

#define ALL_DAYS 127u

/* ---- RRULE -> pattern ---- */

struct source {
    const struct recur *rule;
    struct civil anchor;
    int weekday;
    bool has_days; /**< BYDAY in any form */
    int position;  /**< BYSETPOS 1 to 4 or -1; 0: none; 99: something else */
};

static bool is_index(int number)
{
    return number == -1 || (number >= 1 && number <= 4);
}

/** BYDAY with one number in all: its weekday and the number. */
static bool only_nth(const struct recur *rule, int *weekday_out, int *nth_out)
{
    if (rule->nth_count != 1 || rule->weekdays != 0) {
        return false;
    }
    for (int i = 0; i < 7; i++) {
        if (rule->nth[i].count == 1) {
            *weekday_out = i;
            *nth_out = recur_set_only(&rule->nth[i]);
        }
    }
    return true;
}

static bool has_days_to(const struct recur_set *set, int first, int last)
{
    if (set->count != last - first + 1) {
        return false;
    }
    for (int n = first; n <= last; n++) {
        if (!recur_set_has(set, n)) {
            return false;
        }
    }
    return true;
}

/** BYDAY=MO;BYMONTHDAY=8,...,14 is the second Monday. 0: it is not such a thing. */
static int week_of_days(const struct recur_set *days)
{
    for (int week = 1; week <= 4; week++) {
        if (has_days_to(days, week * 7 - 6, week * 7)) {
            return week;
        }
    }
    return 0;
}

/** Weekdays and index of a relative pattern, within a month. */
static bool relative(const struct source *s, struct task_recurrence *out)
{
    const struct recur *rule = s->rule;
    int weekday = 0;
    int nth = 0;

    if (only_nth(rule, &weekday, &nth) && rule->month_days.count == 0 && s->position == 0 &&
        is_index(nth)) {
        out->weekdays = (uint8_t)(1u << weekday);
        out->index = (int8_t)nth;
        return true;
    }
    if (rule->nth_count > 0 || rule->weekdays == 0) {
        return false;
    }
    out->weekdays = rule->weekdays;
    if (rule->month_days.count == 0) {
        out->index = (int8_t)s->position;
        return is_index(s->position);
    }
    out->index = (int8_t)week_of_days(&rule->month_days);
    return out->index != 0 && s->position == 0 &&
           (rule->weekdays & (rule->weekdays - 1)) == 0; /* one weekday */
}

/** The day of a month that BYMONTHDAY (or without it the anchor) names; -1 the last one; 0:
 * several, or one that is not in every month. The forms that clamp count as 29 and 30. */
static int day_of_month(const struct source *s)
{
    const struct recur *rule = s->rule;
    int only = rule->month_days.count == 0 ? s->anchor.day : recur_set_only(&rule->month_days);

    if (s->position == -1 && has_days_to(&rule->month_days, 28, 29)) {
        return 29;
    }
    if (s->position == -1 && has_days_to(&rule->month_days, 28, 30)) {
        return 30;
    }
    if (s->position != 0) {
        return 0;
    }
    if (only == -1 || (only >= 1 && only <= 28)) {
        return only;
    }
    return only >= 29 && rule->is_skip_backward && rule->month_days.count == 1 ? only : 0;
}

static bool weekly(const struct source *s, struct task_recurrence *out)
{
    out->pattern = TASK_WEEKLY;
    out->weekdays = s->rule->weekdays;
    out->first_weekday = (int8_t)s->rule->first_weekday;
    return true;
}

static bool from_daily(const struct source *s, struct task_recurrence *out)
{
    const struct recur *rule = s->rule;

    if (rule->months.count > 0 || rule->month_days.count > 0 || s->position != 0 ||
        rule->nth_count > 0) {
        return false;
    }
    if (rule->weekdays != 0) {
        return rule->interval == 1 && weekly(s, out);
    }
    out->pattern = TASK_DAILY;
    return true;
}

static bool from_weekly(const struct source *s, struct task_recurrence *out)
{
    const struct recur *rule = s->rule;

    if (rule->months.count > 0 || rule->month_days.count > 0 || s->position != 0 ||
        rule->nth_count > 0) {
        return false;
    }
    weekly(s, out);
    if (out->weekdays == 0) {
        out->weekdays = (uint8_t)(1u << s->weekday);
    }
    return true;
}

/** One month of a year: BYMONTH, or the month of the anchor. */
static bool within_month(const struct source *s, int month, struct task_recurrence *out)
{
    int day = s->rule->month_days.count == 0 ? s->anchor.day : recur_set_only(&s->rule->month_days);

    out->month = month;
    if (s->has_days) {
        out->pattern = TASK_RELATIVE_YEARLY;
        return relative(s, out);
    }
    if (s->position != 0) {
        return false;
    }
    out->pattern = TASK_ABSOLUTE_YEARLY;
    if (day == -1) {
        day = month == 2 ? 29 : civil_days_in_month(2023, month); /* 29: a service clamps it */
    } else if (day < 1 || day > civil_days_in_month(2023, month)) {
        return false;
    }
    out->day_of_month = day;
    return true;
}

static bool from_monthly(const struct source *s, struct task_recurrence *out)
{
    const struct recur *rule = s->rule;
    int day;

    if (rule->months.count > 0) {
        return false;
    }
    if (rule->interval % 12 == 0) {
        out->interval = rule->interval / 12;
        return within_month(s, s->anchor.month, out);
    }
    if (s->has_days) {
        if (rule->nth_count == 0 && rule->month_days.count == 0 && s->position == 0) {
            return rule->interval == 1 && weekly(s, out);
        }
        out->pattern = TASK_RELATIVE_MONTHLY;
        return relative(s, out);
    }
    day = day_of_month(s);
    if (day == -1) {
        out->pattern = TASK_RELATIVE_MONTHLY;
        out->weekdays = ALL_DAYS;
        out->index = -1;
        return true;
    }
    out->pattern = TASK_ABSOLUTE_MONTHLY;
    out->day_of_month = day;
    return day != 0;
}

/** Months at equal distances all around the year, the anchor's among them: the distance; else 0. */
static int month_distance(const struct source *s)
{
    int count = s->rule->months.count;

    if (12 % count != 0 || !recur_set_has(&s->rule->months, s->anchor.month)) {
        return 0;
    }
    for (int i = 0; i < count; i++) {
        if (!recur_set_has(&s->rule->months, (s->anchor.month - 1 + i * 12 / count) % 12 + 1)) {
            return 0;
        }
    }
    return 12 / count;
}

static bool from_year_day(const struct source *s, struct task_recurrence *out)
{
    int number = recur_set_only(&s->rule->year_days);

    if (s->rule->months.count > 0 || s->rule->month_days.count > 0 || s->has_days ||
        s->position != 0 || !(number == -1 || (number >= 1 && number <= 59))) {
        return false;
    }
    out->pattern = TASK_ABSOLUTE_YEARLY;
    out->month = number == -1 ? 12 : number <= 31 ? 1 : 2;
    out->day_of_month = number == -1 ? 31 : number <= 31 ? number : number - 31;
    return true;
}

static bool every_month(const struct source *s, int distance, struct task_recurrence *out)
{
    int day = day_of_month(s);

    if (s->has_days || distance == 0 || s->rule->interval != 1 || day < 1 || day > 28) {
        return false;
    }
    out->pattern = TASK_ABSOLUTE_MONTHLY;
    out->interval = distance;
    out->day_of_month = day;
    return true;
}

static bool from_yearly(const struct source *s, struct task_recurrence *out)
{
    const struct recur *rule = s->rule;

    if (rule->year_days.count > 0) {
        return from_year_day(s, out);
    }
    if (rule->months.count == 1) {
        return within_month(s, recur_set_only(&rule->months), out);
    }
    if (rule->months.count > 1) {
        return every_month(s, month_distance(s), out);
    }
    if (!s->has_days) {
        /* BYMONTHDAY alone is every month's: RFC 5545 3.3.10 */
        return rule->month_days.count == 0 ? within_month(s, s->anchor.month, out)
                                           : every_month(s, 1, out);
    }
    if (rule->nth_count == 0 && rule->month_days.count == 0 && s->position == 0) {
        return rule->interval == 1 && weekly(s, out);
    }
    if (rule->month_days.count > 0 || !relative(s, out)) {
        return false;
    }
    out->pattern = TASK_RELATIVE_YEARLY; /* of the year: the first four are in January */
    out->month = out->index == -1 ? 12 : 1;
    return true;
}

bool recurrence_from_rule(const struct recur *rule, int32_t anchor, struct task_recurrence *out)
{
    struct source s = { rule, civil_from_days(anchor), civil_weekday(anchor),
        rule->weekdays != 0 || rule->nth_count > 0, 0 };
    struct task_recurrence r = { .is_set = true, .interval = rule->interval };
    bool is_native = false;
    int32_t times[RECUR_TIMES];

    if (rule->is_foreign || recur_times(rule, 0, times) != 1 || rule->weeks.count > 0 ||
        (rule->year_days.count > 0 && rule->frequency != RECUR_YEARLY) ||
        (rule->is_skip_backward && rule->frequency != RECUR_MONTHLY)) {
        return false;
    }
    if (rule->positions.count > 0) {
        s.position = recur_set_only(&rule->positions);
        s.position = is_index(s.position) ? s.position : 99;
    }
    switch (rule->frequency) {
    case RECUR_DAILY:
        is_native = from_daily(&s, &r);
        break;
    case RECUR_WEEKLY:
        is_native = from_weekly(&s, &r);
        break;
    case RECUR_MONTHLY:
        is_native = from_monthly(&s, &r);
        break;
    case RECUR_YEARLY:
        is_native = from_yearly(&s, &r);
        break;
    default:
        break;
    }
    if (is_native) {
        *out = r;
    }
    return is_native;
}

/* ---- pattern -> RRULE ---- */

static const char *const day_names[7] = { "SU", "MO", "TU", "WE", "TH", "FR", "SA" };

/** "MO,TU", from the first weekday on. */
static struct str days_text(const struct task_recurrence *r, struct arena *arena)
{
    struct str text = S("");

    for (int i = 0; i < 7; i++) {
        int day = (i + 1) % 7;

        if (r->weekdays >> day & 1) {
            text = arena_printf(
                arena, "%.*s%s%s", STR_ARG(text), text.n > 0 ? "," : "", day_names[day]);
        }
    }
    return text;
}

static struct str relative_text(const struct task_recurrence *r, struct arena *arena)
{
    int index = r->index;

    if (r->weekdays == ALL_DAYS) {
        return arena_printf(arena, ";BYMONTHDAY=%d", index);
    }
    if ((r->weekdays & (r->weekdays - 1)) == 0) {
        return arena_printf(arena, ";BYDAY=%d%.*s", index, STR_ARG(days_text(r, arena)));
    }
    return arena_printf(arena, ";BYDAY=%.*s;BYSETPOS=%d", STR_ARG(days_text(r, arena)), index);
}

static struct str absolute_text(const struct task_recurrence *r, struct arena *arena)
{
    static const char *const clamped[] = { ";BYMONTHDAY=28,29;BYSETPOS=-1",
        ";BYMONTHDAY=28,29,30;BYSETPOS=-1", ";BYMONTHDAY=-1" };

    if (r->pattern == TASK_ABSOLUTE_MONTHLY && r->day_of_month > 28) {
        return str_from(clamped[r->day_of_month - 29]);
    }
    if (r->pattern == TASK_ABSOLUTE_YEARLY && r->month == 2 && r->day_of_month > 28) {
        return S(";BYMONTHDAY=-1");
    }
    return arena_printf(arena, ";BYMONTHDAY=%d", (int)r->day_of_month);
}

/** What a service left out, or got wrong, comes from the first day. */
static struct task_recurrence completed(const struct task_recurrence *r)
{
    struct task_recurrence c = *r;
    struct civil start = civil_from_days(r->start_day);

    c.weekdays = (uint8_t)((r->weekdays & ALL_DAYS) != 0 ? r->weekdays & ALL_DAYS
                                                         : 1u << civil_weekday(r->start_day));
    c.month = r->month >= 1 && r->month <= 12 ? r->month : start.month;
    c.day_of_month = r->day_of_month >= 1 && r->day_of_month <= 31 ? r->day_of_month : start.day;
    c.index = (int8_t)(is_index(r->index) ? r->index : 1);
    c.first_weekday =
        (int8_t)(r->first_weekday >= 0 && r->first_weekday <= 6 ? r->first_weekday : 0);
    return c;
}

struct str recurrence_to_rule(const struct task_recurrence *recurrence, struct arena *arena)
{
    struct task_recurrence whole = completed(recurrence);
    const struct task_recurrence *r = &whole;
    static const char *const frequencies[] = {
        [TASK_DAILY] = "DAILY",
        [TASK_WEEKLY] = "WEEKLY",
        [TASK_ABSOLUTE_MONTHLY] = "MONTHLY",
        [TASK_RELATIVE_MONTHLY] = "MONTHLY",
        [TASK_ABSOLUTE_YEARLY] = "YEARLY",
        [TASK_RELATIVE_YEARLY] = "YEARLY",
    };
    struct str interval =
        r->interval > 1 ? arena_printf(arena, ";INTERVAL=%d", (int)r->interval) : S("");
    struct str parts = S("");

    switch (r->pattern) {
    case TASK_DAILY:
        break;
    case TASK_WEEKLY:
        parts = r->interval > 1
                    ? arena_printf(arena, ";WKST=%s;BYDAY=%.*s",
                          day_names[(unsigned)r->first_weekday % 7], STR_ARG(days_text(r, arena)))
                    : arena_printf(arena, ";BYDAY=%.*s", STR_ARG(days_text(r, arena)));
        break;
    case TASK_ABSOLUTE_MONTHLY:
        parts = absolute_text(r, arena);
        break;
    case TASK_RELATIVE_MONTHLY:
        parts = relative_text(r, arena);
        break;
    case TASK_ABSOLUTE_YEARLY:
        parts =
            arena_printf(arena, ";BYMONTH=%d%.*s", (int)r->month, STR_ARG(absolute_text(r, arena)));
        break;
    case TASK_RELATIVE_YEARLY:
        parts =
            arena_printf(arena, ";BYMONTH=%d%.*s", (int)r->month, STR_ARG(relative_text(r, arena)));
        break;
    }
    return arena_printf(
        arena, "FREQ=%s%.*s%.*s", frequencies[r->pattern], STR_ARG(interval), STR_ARG(parts));
}

struct str recurrence_with_count(struct str rule, int32_t count, struct arena *arena)
{
    struct str rest = rule;
    struct str part;

    while (str_next(&rest, ';', &part)) {
        if (str_has_prefix_nocase(str_trim(part), S("COUNT="))) {
            size_t before = (size_t)(part.p - rule.p);

            return arena_printf(arena, "%.*sCOUNT=%d%.*s", (int)before, rule.p,
                (int)(count > 0 ? count : 1), STR_ARG(str_skip(rule, before + part.n)));
        }
    }
    return rule;
}

/* ---- meaning ---- */

int32_t recurrence_remaining(const struct task_recurrence *r, const struct task_recurrence *base,
    int32_t current, struct arena *arena)
{
    struct recur rule;
    struct recur_iterator iterator;
    int32_t left = r->count;
    int32_t day;

    if (!r->is_set || r->range != TASK_NUMBERED) {
        return 0;
    }
    bool counts_down = base != NULL && base->is_set && base->range == TASK_NUMBERED &&
                       base->start_day == r->start_day && base->count > r->count;
    if (counts_down || !recur_parse(recurrence_to_rule(r, arena), &rule)) {
        return left;
    }
    recur_start(&iterator, &rule, r->start_day, current - 1);
    while (left > 1 && recur_next(&iterator, &day)) {
        left--;
    }
    return left;
}

/** Two patterns that have the same dates are made one. */
static struct task_recurrence canonical(const struct task_recurrence *r)
{
    struct task_recurrence c = *r;

    c.start_day = 0;
    c.count = 0;
    if (c.range != TASK_END_DATE) {
        c.end_day = 0;
    }
    if (c.pattern == TASK_WEEKLY && c.interval == 1) {
        c.first_weekday = 0;
    }
    if (c.pattern == TASK_ABSOLUTE_MONTHLY && c.day_of_month == 31) {
        c.pattern = TASK_RELATIVE_MONTHLY;
        c.day_of_month = 0;
        c.weekdays = ALL_DAYS;
        c.index = -1;
    }
    if (c.pattern == TASK_RELATIVE_MONTHLY && c.weekdays == ALL_DAYS && c.index > 0) {
        c.pattern = TASK_ABSOLUTE_MONTHLY;
        c.day_of_month = c.index;
        c.weekdays = 0;
        c.index = 0;
    }
    return c;
}

bool recurrence_is_same(const struct task_recurrence *a, int32_t left_a,
    const struct task_recurrence *b, int32_t left_b)
{
    struct task x;
    struct task y;

    if (!a->is_set || !b->is_set) {
        return a->is_set == b->is_set;
    }
    task_init(&x);
    task_init(&y);
    x.recurrence = canonical(a);
    y.recurrence = canonical(b);
    return task_field_eq(&x, &y, TASK_RECURRENCE) &&
           (a->range != TASK_NUMBERED || left_a == left_b);
}
