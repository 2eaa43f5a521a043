#include "bridge/map/series.h"

#include "bridge/core/mem.h"
#include "ical/value.h"
#include <stdlib.h>

/* More single dates than this are not looked at. */
#define MAX_DATES 5000
/* A client moves a series with single dates by at most so many of them in one step. */
#define MAX_STEPS 20

const struct vtodo_when *series_anchor(const struct vtodo *vtodo)
{
    return vtodo->start.is_set ? &vtodo->start : &vtodo->due;
}

int32_t series_until(const struct recur *rule, const struct vtodo_when *anchor)
{
    int32_t day = rule->until.day;
    int32_t second = rule->until.second;

    if (!rule->has_until) {
        return INT32_MAX;
    }
    if (!rule->until.has_time) {
        return day;
    }
    if (rule->until.is_utc) {
        int64_t instant = (int64_t)day * CIVIL_SECONDS_A_DAY + second;

        if (anchor->form == TASK_TIME_UTC) {
            /* A series in UTC does not follow the clocks of its hint zone. */
            int64_t start = vtodo_when_instant(anchor);
            int32_t whole_days = civil_day_of_seconds(instant - start);

            return civil_day_of_seconds(
                zone_to_wall(anchor->zone, start + (int64_t)whole_days * CIVIL_SECONDS_A_DAY));
        }
        int64_t wall = zone_to_wall(anchor->zone, instant);
        day = civil_day_of_seconds(wall);
        second = (int32_t)(wall - (int64_t)day * CIVIL_SECONDS_A_DAY);
    }
    return anchor->form != TASK_DATE_ONLY && anchor->second > second ? day - 1 : day;
}

static int compare_days(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a;
    int32_t y = *(const int32_t *)b;

    return x < y ? -1 : x > y;
}

/** The days of all EXDATE or RDATE lines; a PERIOD counts with its start. */
static size_t read_days(const struct vtodo *vtodo, enum vtodo_name name, int32_t **out)
{
    size_t most = 0;
    size_t count = 0;

    for (const struct property *p = vtodo->first[name]; p != NULL; p = vtodo_next(name, p)) {
        most += p->value.n / sizeof "20260101" + 1;
    }
    if (most == 0) {
        return 0;
    }
    most = most < MAX_DATES ? most : MAX_DATES;
    int32_t *days = arena_alloc_array(vtodo->context->arena, most, sizeof *days);
    for (const struct property *p = vtodo->first[name]; p != NULL; p = vtodo_next(name, p)) {
        struct str rest = p->value;
        struct str item;

        while (count < most && str_next(&rest, ',', &item)) {
            struct property one = *p;

            one.value = str_first(item, str_find_char(item, '/'));
            struct vtodo_when when = vtodo_when(vtodo, &one);
            if (when.is_set) {
                days[count++] = when.day;
            }
        }
    }
    qsort(days, count, sizeof *days, compare_days);
    *out = days;
    return count;
}

bool series_is_skipped(const struct series *series, int32_t day)
{
    return series->skipped_count > 0 &&
           bsearch(&day, series->skipped, series->skipped_count, sizeof day, compare_days) != NULL;
}

/** The first two single dates on or after `from`. */
static int next_extra(const struct series *series, int32_t from, int32_t out[2])
{
    int count = 0;

    for (size_t i = 0; i < series->extra_count && count < 2; i++) {
        int32_t day = series->extra[i];

        if (day >= from && !series_is_skipped(series, day) && (count == 0 || day != out[0])) {
            out[count++] = day;
        }
    }
    return count;
}

/** The first two dates on or after `from`: how many there are. */
static int next_two(const struct series *series, int32_t from, int32_t out[2])
{
    struct recur_iterator iterator;
    int32_t extra[2] = { 0, 0 };
    int extras = next_extra(series, from, extra);
    int used = 0;
    int count = 0;
    int32_t day;

    recur_start(&iterator, &series->rule, series->anchor, series->end);
    while (count < 2) {
        bool has_day = recur_next(&iterator, &day);

        if (has_day && (day < from || series_is_skipped(series, day))) {
            continue;
        }
        while (count < 2 && used < extras && (!has_day || extra[used] <= day)) {
            if (has_day && extra[used] == day) {
                used++; /* the same date from both */
            } else {
                out[count++] = extra[used++];
            }
        }
        if (!has_day) {
            break;
        }
        if (count < 2) {
            out[count++] = day;
        }
    }
    return count;
}

bool series_next(const struct series *series, int32_t day, int32_t *out)
{
    int32_t days[2];

    if (series->mode == SERIES_NONE || next_two(series, day + 1, days) == 0) {
        return false;
    }
    *out = days[0];
    return true;
}

/** With RDATEs beside the rule: step by step. */
static int32_t walk_distance(const struct series *series, int32_t from, int32_t to)
{
    int32_t distance = 0;
    int32_t day = from;

    while (day < to && distance < MAX_STEPS) {
        if (!series_next(series, day, &day)) {
            return -1;
        }
        distance++;
    }
    return day == to ? distance : -1;
}

int32_t series_distance(const struct series *series, int32_t from, int32_t to)
{
    struct recur_iterator iterator;
    int32_t distance = 0;
    int32_t day;

    if (series->mode == SERIES_NONE || series_is_skipped(series, to)) {
        return -1;
    }
    if (series->extra_count > 0) {
        return walk_distance(series, from, to);
    }
    recur_start(&iterator, &series->rule, series->anchor, series->end);
    while (recur_next(&iterator, &day) && day <= to) {
        if (day > from && !series_is_skipped(series, day)) {
            distance++;
        }
        if (day == to) {
            return distance;
        }
    }
    return -1;
}

/** A rule by itself, with no lines beside it that a pattern could not carry. */
static bool is_alone(const struct vtodo *vtodo)
{
    return vtodo_next(VTODO_RRULE, vtodo->first[VTODO_RRULE]) == NULL &&
           vtodo->first[VTODO_EXRULE] == NULL && vtodo->first[VTODO_RDATE] == NULL;
}

/** COUNT counts excepted dates too: those before the first that is not are gone. */
static int32_t count_from_first(const struct series *series)
{
    struct recur_iterator iterator;
    int32_t left = series->rule.count;
    int32_t day;

    recur_start(&iterator, &series->rule, series->anchor, series->first - 1);
    while (recur_next(&iterator, &day)) {
        left--;
    }
    return left;
}

static void set_range(struct series *series)
{
    struct task_recurrence *r = &series->native;

    r->start_day = series->first;
    if (series->rule.count > 0) {
        r->range = TASK_NUMBERED;
        r->count = count_from_first(series);
    } else if (series->rule.has_until) {
        r->range = TASK_END_DATE;
        r->end_day = series->end;
    }
}

static void find_series(const struct vtodo *vtodo, struct series *out)
{
    const struct vtodo_when *anchor = series_anchor(vtodo);
    int32_t days[2];
    int count;

    *out = (struct series){ .mode = SERIES_NONE };
    if (vtodo->first[VTODO_RRULE] == NULL || !anchor->is_set ||
        !recur_parse(vtodo->first[VTODO_RRULE]->value, &out->rule)) {
        return;
    }
    if (vtodo->context->options.clamps_month_end) {
        recur_clamp(&out->rule, anchor->day);
    }
    out->anchor = anchor->day;
    out->end = series_until(&out->rule, anchor);
    out->skipped_count = read_days(vtodo, VTODO_EXDATE, &out->skipped);
    out->extra_count = read_days(vtodo, VTODO_RDATE, &out->extra);
    count = next_two(out, anchor->day, days);
    if (count == 0) {
        return; /* over, or beyond what is looked at */
    }
    out->first = days[0];
    if (count == 1) {
        out->mode = SERIES_LAST;
    } else if (is_alone(vtodo) && recurrence_from_rule(&out->rule, out->anchor, &out->native)) {
        out->mode = SERIES_NATIVE;
        set_range(out);
    } else {
        out->mode = SERIES_DRIVEN;
    }
}

void series_read(const struct vtodo *vtodo, struct series *out)
{
    struct series *found = *vtodo->series;

    if (found == NULL) {
        found = ARENA_NEW(vtodo->context->arena, struct series);
        find_series(vtodo, found);
        *vtodo->series = found;
    }
    *out = *found;
}
