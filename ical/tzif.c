#include "ical/tzif.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include <string.h>

#define HEADER_BYTES   44
#define MAX_CHANGES    10000
#define MAX_TYPES      256
#define TYPE_BYTES     6
#define LONGEST_OFFSET (26 * 3600)

static int64_t big_endian(const char *p, size_t bytes)
{
    uint64_t value = (unsigned char)p[0] & 0x80 ? UINT64_MAX : 0;

    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | (unsigned char)p[i];
    }
    return (int64_t)value;
}

struct header {
    char version;
    size_t utc_flags, wall_flags, leaps, changes, types, letters;
};

static bool parse_header(struct str data, struct header *out)
{
    if (data.n < HEADER_BYTES || memcmp(data.p, "TZif", 4) != 0) {
        return false;
    }
    out->version = data.p[4];
    size_t *const counts[] = { &out->utc_flags, &out->wall_flags, &out->leaps, &out->changes,
        &out->types, &out->letters };
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        int64_t count = big_endian(data.p + 20 + 4 * i, 4);

        if (count < 0 || count > MAX_CHANGES) {
            return false;
        }
        *counts[i] = (size_t)count;
    }
    return out->types > 0 && out->types <= MAX_TYPES;
}

static size_t block_bytes(const struct header *h, size_t time_bytes)
{
    return h->changes * (time_bytes + 1) + h->types * TYPE_BYTES + h->letters +
           h->leaps * (time_bytes + 4) + h->wall_flags + h->utc_flags;
}

static bool parse_block(
    struct str block, const struct header *h, size_t time_bytes, struct tzif *out)
{
    const char *times = block.p;
    const char *indices = times + h->changes * time_bytes;
    const char *types = indices + h->changes;
    int32_t offsets[MAX_TYPES];

    for (size_t i = 0; i < h->types; i++) {
        int64_t offset = big_endian(types + i * TYPE_BYTES, 4);

        if (offset < -LONGEST_OFFSET || offset > LONGEST_OFFSET) {
            return false;
        }
        offsets[i] = (int32_t)offset;
    }
    out->at = mem_alloc_array(h->changes + 1, sizeof *out->at);
    out->offset = mem_alloc_array(h->changes + 1, sizeof *out->offset);
    out->count = h->changes;
    out->first = offsets[0];
    for (size_t i = 0; i < h->changes; i++) {
        size_t type = (unsigned char)indices[i];

        out->at[i] = big_endian(times + i * time_bytes, time_bytes);
        if (type >= h->types || (i > 0 && out->at[i] <= out->at[i - 1])) {
            return false;
        }
        out->offset[i] = offsets[type];
    }
    return true;
}

/* ---- the rule: a POSIX TZ string, with the extensions of RFC 8536 3.3.1 ---- */

static bool take(struct str *s, char c)
{
    if (s->n == 0 || s->p[0] != c) {
        return false;
    }
    *s = str_skip(*s, 1);
    return true;
}

static bool number(struct str *s, int32_t max, int32_t *out)
{
    int32_t value = 0;
    size_t n = 0;

    while (n < s->n && n < 4 && s->p[n] >= '0' && s->p[n] <= '9') {
        value = value * 10 + (s->p[n] - '0');
        n++;
    }
    *s = str_skip(*s, n);
    *out = value;
    return n > 0 && value <= max;
}

/** "CET" or "<+0330>" */
static bool skip_name(struct str *s)
{
    size_t n = 0;

    if (take(s, '<')) {
        size_t end = str_find_char(*s, '>');

        *s = str_skip(*s, end == SIZE_MAX ? s->n : end + 1);
        return end != SIZE_MAX;
    }
    while (n < s->n && ((s->p[n] >= 'A' && s->p[n] <= 'Z') || (s->p[n] >= 'a' && s->p[n] <= 'z'))) {
        n++;
    }
    *s = str_skip(*s, n);
    return n > 0;
}

/** [+-]h[h[h]][:mm[:ss]] */
static bool clock_time(struct str *s, int32_t *seconds_out)
{
    int32_t hours = 0;
    int32_t minutes = 0;
    int32_t seconds = 0;
    int32_t sign = take(s, '-') ? -1 : 1;

    if (sign == 1) {
        take(s, '+');
    }
    if (!number(s, 167, &hours) || (take(s, ':') && !number(s, 59, &minutes)) ||
        (minutes >= 0 && take(s, ':') && !number(s, 59, &seconds))) {
        return false;
    }
    *seconds_out = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool change(struct str *s, struct tzif_change *out)
{
    bool is_fine;

    if (!take(s, ',')) {
        return false;
    }
    if (take(s, 'M')) {
        out->type = TZIF_MONTH_WEEK_DAY;
        is_fine = number(s, 12, &out->month) && take(s, '.') && number(s, 5, &out->week) &&
                  take(s, '.') && number(s, 6, &out->day) && out->month > 0 && out->week > 0;
    } else if (take(s, 'J')) {
        out->type = TZIF_JULIAN;
        is_fine = number(s, 365, &out->day) && out->day > 0;
    } else {
        out->type = TZIF_DAY_OF_YEAR;
        is_fine = number(s, 365, &out->day);
    }
    out->second = 2 * 3600;
    return is_fine && (!take(s, '/') || clock_time(s, &out->second));
}

static void parse_rule(struct str s, struct tzif *out)
{
    struct tzif rule = { 0 };

    if (!skip_name(&s) || !clock_time(&s, &rule.standard)) {
        return;
    }
    rule.standard = -rule.standard; /* POSIX counts west of Greenwich */
    if (s.n > 0) {
        rule.daylight = rule.standard + 3600;
        if (!skip_name(&s)) {
            return;
        }
        if (s.n > 0 && s.p[0] != ',') {
            if (!clock_time(&s, &rule.daylight)) {
                return;
            }
            rule.daylight = -rule.daylight;
        }
        if (!change(&s, &rule.start) || !change(&s, &rule.end)) {
            return;
        }
        rule.has_dst = true;
    }
    out->has_rule = true;
    out->has_dst = rule.has_dst;
    out->standard = rule.standard;
    out->daylight = rule.daylight;
    out->start = rule.start;
    out->end = rule.end;
}

bool tzif_parse(struct str data, struct tzif *out)
{
    struct header h;
    struct tzif tzif = { 0 };
    size_t time_bytes = 4;

    if (!parse_header(data, &h)) {
        return false;
    }
    if (h.version >= '2') {
        size_t first = HEADER_BYTES + block_bytes(&h, 4);

        data = str_skip(data, first);
        time_bytes = 8;
        if (!parse_header(data, &h)) {
            return false;
        }
    }
    struct str block = str_skip(data, HEADER_BYTES);
    size_t bytes = block_bytes(&h, time_bytes);
    if (block.n < bytes || !parse_block(block, &h, time_bytes, &tzif)) {
        tzif_done(&tzif);
        return false;
    }
    struct str footer = str_skip(block, bytes);
    struct str rule;
    if (take(&footer, '\n') && str_next(&footer, '\n', &rule)) {
        parse_rule(rule, &tzif);
    }
    *out = tzif;
    return true;
}

void tzif_done(struct tzif *tzif)
{
    mem_free(tzif->at);
    mem_free(tzif->offset);
    memset(tzif, 0, sizeof *tzif);
}

/* ---- use ---- */

/** Wall clock seconds of a change in a year. */
static int64_t change_wall(const struct tzif_change *change, int32_t year)
{
    int32_t day;

    if (change->type == TZIF_MONTH_WEEK_DAY) {
        int32_t first = civil_days(year, change->month, 1);
        int32_t length = civil_days_in_month(year, change->month);
        int32_t offset = (change->day - civil_weekday(first) + 7) % 7 + (change->week - 1) * 7;

        while (offset >= length) {
            offset -= 7;
        }
        day = first + offset;
    } else {
        bool is_leap = civil_days_in_month(year, 2) == 29;

        day = civil_days(year, 1, 1) + change->day;
        if (change->type == TZIF_JULIAN && !(is_leap && change->day >= 60)) {
            day--;
        }
    }
    return (int64_t)day * CIVIL_SECONDS_A_DAY + change->second;
}

static int32_t rule_offset(const struct tzif *tzif, int64_t instant_s)
{
    if (!tzif->has_dst) {
        return tzif->standard;
    }
    int32_t year = civil_from_days(civil_day_of_seconds(instant_s + tzif->standard)).year;
    int64_t start = change_wall(&tzif->start, year) - tzif->standard;
    int64_t end = change_wall(&tzif->end, year) - tzif->daylight;
    bool is_dst =
        start < end ? instant_s >= start && instant_s < end : instant_s >= start || instant_s < end;

    return is_dst ? tzif->daylight : tzif->standard;
}

int32_t tzif_offset_at(const struct tzif *tzif, int64_t instant_s)
{
    size_t low = 0;
    size_t high = tzif->count;

    if (tzif->count == 0 || instant_s < tzif->at[0]) {
        return tzif->count == 0 && tzif->has_rule ? rule_offset(tzif, instant_s) : tzif->first;
    }
    if (tzif->has_rule && instant_s >= tzif->at[tzif->count - 1]) {
        return rule_offset(tzif, instant_s);
    }
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (tzif->at[middle] <= instant_s) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return tzif->offset[low];
}
