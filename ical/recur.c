#include "ical/recur.h"

#include "bridge/core/civil.h"

/* Days looked at in all: about 2 milliseconds, and 160 years of a daily or a yearly rule. */
#define MOST_WORK 60000

/* ---- which days ---- */

/** What a day is, for the filters. */
struct day_facts {
    struct civil date;
    int weekday;
    int month_length;
    int year_day;
    int year_length;
};

static struct day_facts facts_of(int32_t day)
{
    struct day_facts facts = { .date = civil_from_days(day), .weekday = civil_weekday(day) };
    int32_t first = civil_days(facts.date.year, 1, 1);

    facts.month_length = civil_days_in_month(facts.date.year, facts.date.month);
    facts.year_day = day - first + 1;
    facts.year_length = civil_days(facts.date.year + 1, 1, 1) - first;
    return facts;
}

/** Day of `days` with this number from the front or, negative, from the back. */
static bool set_has_of(const struct recur_set *set, int number, int of)
{
    return recur_set_has(set, number) || recur_set_has(set, number - of - 1);
}

/** ISO 8601 weeks, with any first weekday: week 1 is the first with four days in the year. */
static bool is_in_weeks(const struct recur *rule, int32_t day, const struct day_facts *facts)
{
    int32_t into_week = (facts->weekday - rule->first_weekday + 7) % 7;
    int32_t fourth = day - into_week + 3; /* the day that decides the year */
    int32_t year = civil_from_days(fourth).year;
    int32_t first = civil_days(year, 1, 1);
    int32_t length = civil_days(year + 1, 1, 1) - first;
    int week = (fourth - first) / 7 + 1;
    int weeks = week + (length - 1 - (fourth - first)) / 7;

    return set_has_of(&rule->weeks, week, weeks);
}

static bool is_nth(const struct recur *rule, const struct day_facts *facts)
{
    bool is_of_month = rule->frequency == RECUR_MONTHLY || rule->months.count > 0;
    int at = is_of_month ? facts->date.day : facts->year_day;
    int length = is_of_month ? facts->month_length : facts->year_length;
    int number = (at - 1) / 7 + 1;
    int of = number + (length - at) / 7;

    return set_has_of(&rule->nth[facts->weekday], number, of);
}

static bool matches_weekday(const struct recur *rule, const struct day_facts *facts)
{
    /* Numbers mean nothing by the week or with BYWEEKNO: RFC 5545 3.3.10 forbids them there. */
    bool counts = rule->frequency >= RECUR_MONTHLY && rule->weeks.count == 0;

    return (rule->weekdays >> facts->weekday & 1) != 0 ||
           (counts ? is_nth(rule, facts) : rule->nth[facts->weekday].count > 0);
}

/** Parts that the rule leaves open come from the start. */
static bool matches_start(
    const struct recur *rule, const struct day_facts *start, const struct day_facts *facts)
{
    bool has_days = rule->weekdays != 0 || rule->nth_count > 0;

    if (has_days || rule->month_days.count > 0 || rule->year_days.count > 0) {
        return true;
    }
    switch (rule->frequency) {
    case RECUR_WEEKLY:
        return facts->weekday == start->weekday;
    case RECUR_MONTHLY:
        return facts->date.day == start->date.day;
    case RECUR_YEARLY:
        if (rule->weeks.count > 0) {
            return facts->weekday == start->weekday;
        }
        return facts->date.day == start->date.day &&
               (rule->months.count > 0 || facts->date.month == start->date.month);
    default:
        return true;
    }
}

static bool matches(const struct recur *rule, const struct day_facts *start, int32_t day)
{
    struct day_facts facts = facts_of(day);
    bool has_days = rule->weekdays != 0 || rule->nth_count > 0;

    return (rule->months.count == 0 || recur_set_has(&rule->months, facts.date.month)) &&
           (rule->month_days.count == 0 ||
               set_has_of(&rule->month_days, facts.date.day, facts.month_length)) &&
           (rule->year_days.count == 0 ||
               set_has_of(&rule->year_days, facts.year_day, facts.year_length)) &&
           (!has_days || matches_weekday(rule, &facts)) &&
           (rule->weeks.count == 0 || is_in_weeks(rule, day, &facts)) &&
           matches_start(rule, start, &facts);
}

/* ---- periods ---- */

/** First and last day of the n-th period after the one that holds start; false beyond the end. */
static bool period_range(
    const struct recur_iterator *it, int64_t n, int32_t *first_out, int32_t *last_out)
{
    const struct recur *rule = it->rule;
    struct civil start = civil_from_days(it->start);
    int64_t steps = n * rule->interval;
    int64_t first;

    switch (rule->frequency) {
    case RECUR_YEARLY:
        if (start.year + steps > RECUR_LAST_YEAR) {
            return false;
        }
        *first_out = civil_days((int32_t)(start.year + steps), 1, 1);
        *last_out = civil_days((int32_t)(start.year + steps), 12, 31);
        return true;
    case RECUR_MONTHLY: {
        int64_t month = start.year * 12 + start.month - 1 + steps;

        if (month / 12 > RECUR_LAST_YEAR) {
            return false;
        }
        *first_out = civil_days((int32_t)(month / 12), (int32_t)(month % 12) + 1, 1);
        *last_out =
            *first_out + civil_days_in_month((int32_t)(month / 12), (int32_t)(month % 12) + 1) - 1;
        return true;
    }
    case RECUR_WEEKLY:
        first = it->start - (civil_weekday(it->start) - rule->first_weekday + 7) % 7 + steps * 7;
        break;
    default:
        first = it->start + steps;
        break;
    }
    if (first > civil_days(RECUR_LAST_YEAR, 12, 31)) {
        return false;
    }
    *first_out = (int32_t)first;
    *last_out = (int32_t)first + (rule->frequency == RECUR_WEEKLY ? 6 : 0);
    return true;
}

/** BYSETPOS picks from the days of one period. */
static void pick_positions(struct recur_iterator *it)
{
    int kept = 0;

    if (it->rule->positions.count == 0) {
        return;
    }
    for (int i = 0; i < it->day_count; i++) {
        if (set_has_of(&it->rule->positions, i + 1, it->day_count)) {
            it->days[kept++] = it->days[i];
        }
    }
    it->day_count = kept;
}

/** RFC 7529: a month without the day takes its last one. Only for one month day by itself. */
static bool fill_backward(struct recur_iterator *it, int32_t first, int32_t last)
{
    const struct recur *rule = it->rule;
    int day = recur_set_only(&rule->month_days);
    struct civil date = civil_from_days(first);

    if (!rule->is_skip_backward || rule->frequency != RECUR_MONTHLY || day < 29 ||
        (rule->months.count > 0 && !recur_set_has(&rule->months, date.month)) ||
        rule->weekdays != 0 || rule->nth_count > 0) {
        return false;
    }
    it->days[0] = first + day - 1 < last ? first + day - 1 : last;
    it->day_count = 1;
    return true;
}

static bool fill_period(struct recur_iterator *it, const struct day_facts *start)
{
    int32_t first;
    int32_t last;

    if (!period_range(it, it->period++, &first, &last) || first > it->end) {
        return false;
    }
    it->day_count = 0;
    it->at = 0;
    if (!fill_backward(it, first, last)) {
        for (int32_t day = first; day <= last; day++) {
            if (matches(it->rule, start, day)) {
                it->days[it->day_count++] = day;
            }
        }
        pick_positions(it);
    }
    it->work += last - first + 2;
    it->is_cut = it->work >= MOST_WORK;
    return !it->is_cut;
}

void recur_start(
    struct recur_iterator *iterator, const struct recur *rule, int32_t start, int32_t until)
{
    iterator->rule = rule;
    iterator->start = start;
    iterator->end = until;
    iterator->period = 0;
    iterator->found = 0;
    iterator->work = 0;
    iterator->day_count = 0;
    iterator->at = 0;
    iterator->is_done = rule->frequency < RECUR_DAILY || rule->is_foreign;
    iterator->is_cut = iterator->is_done;
}

/** How many periods of the rule's frequency, not of its interval, lie between the two days. */
static int32_t periods_between(const struct recur *rule, int32_t start, int32_t day)
{
    struct civil a = civil_from_days(start);
    struct civil b = civil_from_days(day);

    switch (rule->frequency) {
    case RECUR_YEARLY:
        return b.year - a.year;
    case RECUR_MONTHLY:
        return (b.year - a.year) * 12 + b.month - a.month;
    case RECUR_WEEKLY:
        return (day - start) / 7; /* at most one too few */
    default:
        return day - start;
    }
}

void recur_skip(struct recur_iterator *iterator, int32_t from)
{
    if (iterator->rule->count == 0 && from > iterator->start && !iterator->is_done) {
        iterator->period =
            periods_between(iterator->rule, iterator->start, from) / iterator->rule->interval;
    }
}

bool recur_next(struct recur_iterator *iterator, int32_t *day_out)
{
    struct day_facts start = facts_of(iterator->start);

    while (!iterator->is_done) {
        if (iterator->at == iterator->day_count) {
            iterator->is_done = !fill_period(iterator, &start);
            continue;
        }
        int32_t day = iterator->days[iterator->at++];
        if (day < iterator->start) {
            continue;
        }
        if (day > iterator->end ||
            (iterator->rule->count > 0 && iterator->found == iterator->rule->count)) {
            iterator->is_done = true;
            break;
        }
        iterator->found++;
        *day_out = day;
        return true;
    }
    return false;
}

bool recur_first_from(
    const struct recur *rule, int32_t start, int32_t until, int32_t from, int32_t *day_out)
{
    struct recur_iterator iterator;
    int32_t day;

    recur_start(&iterator, rule, start, until);
    while (recur_next(&iterator, &day)) {
        if (day >= from) {
            *day_out = day;
            return true;
        }
    }
    return false;
}

size_t recur_times(const struct recur *rule, int32_t second, int32_t out[RECUR_TIMES])
{
    uint64_t hours = rule->hours ? rule->hours : (uint64_t)1 << (second / 3600);
    uint64_t minutes = rule->minutes ? rule->minutes : (uint64_t)1 << (second / 60 % 60);
    uint64_t seconds = rule->seconds ? rule->seconds : (uint64_t)1 << (second % 60);
    size_t count = (size_t)__builtin_popcountll(hours) * (size_t)__builtin_popcountll(minutes) *
                   (size_t)__builtin_popcountll(seconds);
    size_t at = 0;

    for (int h = 0; h < 24 && count <= RECUR_TIMES; h++) {
        for (int m = 0; m < 60 && hours >> h & 1; m++) {
            for (int s = 0; s < 60 && minutes >> m & 1; s++) {
                if (seconds >> s & 1) {
                    out[at++] = (h * 60 + m) * 60 + s;
                }
            }
        }
    }
    return count;
}
