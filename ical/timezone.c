#include "ical/timezone.h"

#include "ical/recur.h"
#include "ical/windows_zones.h"

#define SAMPLES         24
#define MAX_OBSERVANCES 50
#define MAX_ONSETS      8

/** One STANDARD or DAYLIGHT part: from each of these instants on, this offset holds. */
struct observance {
    int32_t offset;
    int32_t offset_before;
    int64_t onsets[MAX_ONSETS];
    int count;
};

/** "+0530", "-033000" */
static bool parse_offset(const struct component *c, struct str name, int32_t *out)
{
    const struct property *p = property_find(c->properties, name);
    struct str s = p == NULL ? S("") : str_trim(p->value);
    int64_t number;

    if ((s.n != 5 && s.n != 7) || (s.p[0] != '+' && s.p[0] != '-') ||
        !str_to_i64(str_skip(s, 1), &number) || number < 0) {
        return false;
    }
    if (s.n == 5) {
        number *= 100;
    }
    int32_t seconds = (int32_t)(number / 10000 * 3600 + number / 100 % 100 * 60 + number % 100);
    *out = s.p[0] == '-' ? -seconds : seconds;
    return seconds <= 26 * 3600;
}

static void add_onset(struct observance *one, int32_t day, int32_t second)
{
    int64_t wall = (int64_t)day * CIVIL_SECONDS_A_DAY + second;

    if (one->count < MAX_ONSETS) {
        one->onsets[one->count++] = wall - one->offset_before;
    }
}

/** The onsets of the year and of the one before. */
static void expand(
    struct observance *one, const struct component *c, const struct value_time *start, int32_t year)
{
    const struct property *p = property_find(c->properties, S("RRULE"));
    struct recur rule;
    struct recur_iterator iterator;
    int32_t from = civil_days(year - 1, 1, 1);
    int32_t last = civil_days(year, 12, 31);
    int32_t day;

    if (p == NULL || !recur_parse(p->value, &rule)) {
        add_onset(one, start->day, start->second);
        return;
    }
    bool is_open = rule.months.count == 0 ||
                   (rule.weekdays == 0 && rule.nth_count == 0 && rule.month_days.count == 0);
    if (rule.has_until && rule.until.day < last) {
        last = rule.until.day;
    }
    if (last < from) {
        from = civil_days(civil_from_days(last).year, 1, 1); /* the last one that there was */
    }
    if (is_open || rule.interval > 1 || rule.count > 0 || from < start->day) {
        from = start->day; /* only from the start on can it be told */
    }
    recur_start(&iterator, &rule, from, last);
    while (recur_next(&iterator, &day)) {
        if (one->count == MAX_ONSETS) {
            one->count = 0; /* the latest ones count */
        }
        add_onset(one, day, start->second);
    }
}

static bool read_observance(const struct component *c, int32_t year, struct observance *out)
{
    const struct property *p = property_find(c->properties, S("DTSTART"));
    struct value_time start;

    if (!str_eq_nocase(c->name, S("STANDARD")) && !str_eq_nocase(c->name, S("DAYLIGHT"))) {
        return false;
    }
    out->count = 0;
    if (p == NULL || !value_parse_time(p->value, &start) ||
        !parse_offset(c, S("TZOFFSETTO"), &out->offset) ||
        !parse_offset(c, S("TZOFFSETFROM"), &out->offset_before)) {
        return false;
    }
    expand(out, c, &start, year);
    return true;
}

/** The offset of the latest onset; without one, what held before the first. */
static int32_t offset_at(const struct observance *all, size_t count, int64_t instant_s)
{
    int64_t latest = INT64_MIN;
    int64_t first = INT64_MAX;
    int32_t offset = all[0].offset;

    for (size_t i = 0; i < count; i++) {
        for (int k = 0; k < all[i].count; k++) {
            int64_t onset = all[i].onsets[k];

            if (onset <= instant_s && onset > latest) {
                latest = onset;
                offset = all[i].offset;
            } else if (latest == INT64_MIN && onset < first) {
                first = onset;
                offset = all[i].offset_before;
            }
        }
    }
    return offset;
}

static bool matches(const struct zone *zone, const int32_t offsets[SAMPLES], int32_t year)
{
    for (int i = 0; i < SAMPLES; i++) {
        int64_t at =
            (int64_t)civil_days(year, i / 2 + 1, i % 2 == 0 ? 2 : 17) * CIVIL_SECONDS_A_DAY;

        if (zone_offset_at(zone, at) != offsets[i]) {
            return false;
        }
    }
    return true;
}

const struct zone *timezone_match(
    const struct component *vtimezone, int32_t year, const struct zone *preferred)
{
    struct observance all[MAX_OBSERVANCES];
    int32_t offsets[SAMPLES];
    size_t count = 0;

    for (const struct component *c = vtimezone->children; c != NULL && count < MAX_OBSERVANCES;
         c = c->next) {
        count += read_observance(c, year, &all[count]);
    }
    if (count == 0) {
        return NULL;
    }
    for (int i = 0; i < SAMPLES; i++) {
        offsets[i] = offset_at(all, count,
            (int64_t)civil_days(year, i / 2 + 1, i % 2 == 0 ? 2 : 17) * CIVIL_SECONDS_A_DAY);
    }
    if (matches(preferred, offsets, year)) {
        return preferred;
    }
    for (size_t i = 0; i < windows_zones_to_iana_count; i++) {
        const struct zone *zone = zone_find(windows_zones_to_iana[i].value);

        if (zone != NULL && matches(zone, offsets, year)) {
            return zone;
        }
    }
    return NULL;
}

static struct component *find_definition(
    const struct document *document, struct str tzid, struct arena *arena)
{
    for (struct component *c = component_find(document->calendar->children, S("VTIMEZONE"));
         c != NULL; c = component_find(c->next, S("VTIMEZONE"))) {
        struct property *id = property_find(c->properties, S("TZID"));

        if (id != NULL && str_eq(property_text(id, arena), tzid)) {
            return c;
        }
    }
    return NULL;
}

const struct zone *timezone_find(const struct document *document, struct str tzid, int32_t year,
    const struct zone *preferred, struct arena *arena)
{
    const struct zone *zone = zone_find_tzid(tzid);
    struct component *definition;

    if (zone == NULL && (definition = find_definition(document, tzid, arena)) != NULL) {
        struct property *location = property_find(definition->properties, S("X-LIC-LOCATION"));

        zone = location == NULL ? NULL : zone_find_tzid(property_text(location, arena));
        if (zone == NULL) {
            zone = timezone_match(definition, year, preferred);
        }
    }
    return zone;
}
