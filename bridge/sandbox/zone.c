#include "bridge/sandbox/zone.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/core/table.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ZONEINFO       "/usr/share/zoneinfo"
#define FILE_MAX_BYTES ((size_t)256 * 1024)
#define ZONE_MAX_COUNT 1024

/** One end of daylight saving in a year, as the footer writes it: Mm.w.d/time. */
struct rule {
    int month, week, weekday; /**< week 5: the last */
    int32_t time_s;           /**< local, may be negative or over a day */
};

struct sbx_zone {
    char *name;
    int64_t *transitions;
    int32_t *offsets; /**< offset from transitions[i] on */
    size_t count;
    int32_t first_offset;
    bool has_tail, tail_has_rules; /**< what the footer says about the time after the last one */
    int32_t tail_offset, tail_dst_offset;
    struct rule dst_start, dst_end;
};

struct sbx_zones {
    struct table by_name;
};

static int64_t read_be(const unsigned char *p, size_t n)
{
    uint64_t value = (p[0] & 0x80) != 0 ? UINT64_MAX : 0;

    for (size_t i = 0; i < n; i++) {
        value = value << 8 | p[i];
    }
    return (int64_t)value;
}

/* The footer, a POSIX TZ string: EST5EDT,M3.2.0,M11.1.0 */

static bool skip_abbreviation(const char **p)
{
    const char *start = *p;

    if (**p == '<') {
        const char *end = strchr(*p, '>');

        if (end == NULL) {
            return false;
        }
        *p = end + 1;
        return true;
    }
    while (isalpha((unsigned char)**p)) {
        (*p)++;
    }
    return *p - start >= 3;
}

static bool read_number(const char **p, int *out)
{
    int value = 0;

    if (!isdigit((unsigned char)**p)) {
        return false;
    }
    while (isdigit((unsigned char)**p) && value < 10000) {
        value = value * 10 + (*(*p)++ - '0');
    }
    *out = value;
    return true;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_hms(const char **p, int32_t *out)
{
    int sign = **p == '-' ? -1 : 1;
    int part[3] = { 0, 0, 0 };

    *p += **p == '-' || **p == '+';
    for (int i = 0; i < 3; i++) {
        if (!read_number(p, &part[i])) {
            return false;
        }
        if (**p != ':') {
            break;
        }
        (*p)++;
    }
    *out = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
    return true;
}

static bool read_rule(const char **p, struct rule *out)
{
    *out = (struct rule){ .time_s = 7200 };
    if (strncmp(*p, ",M", 2) != 0) {
        return false;
    }
    *p += 2;
    if (!read_number(p, &out->month) || *(*p)++ != '.' || !read_number(p, &out->week) ||
        *(*p)++ != '.' || !read_number(p, &out->weekday)) {
        return false;
    }
    if (**p == '/') {
        (*p)++;
        return read_hms(p, &out->time_s);
    }
    return true;
}

static bool read_tail(struct sbx_zone *zone, const char *p)
{
    int32_t west = 0;

    if (!skip_abbreviation(&p) || !read_hms(&p, &west)) {
        return false;
    }
    zone->tail_offset = -west;
    if (*p != '\0') {
        zone->tail_dst_offset = zone->tail_offset + 3600;
        if (!skip_abbreviation(&p)) {
            return false;
        }
        if (*p != ',') {
            if (!read_hms(&p, &west)) {
                return false;
            }
            zone->tail_dst_offset = -west;
        }
        if (!read_rule(&p, &zone->dst_start) || !read_rule(&p, &zone->dst_end) || *p != '\0') {
            return false;
        }
        zone->tail_has_rules = true;
    }
    zone->has_tail = true;
    return true;
}

/* RFC 8536 3.1: six counts behind the magic, the version and 15 unused bytes. */
struct header {
    size_t isut, isstd, leap, times, types, chars;
};

static bool read_header(const unsigned char *p, size_t n, struct header *out)
{
    size_t *counts[] = { &out->isut, &out->isstd, &out->leap, &out->times, &out->types,
        &out->chars };

    if (n < 44 || memcmp(p, "TZif", 4) != 0) {
        return false;
    }
    for (size_t i = 0; i < 6; i++) {
        int64_t value = read_be(p + 20 + 4 * i, 4);

        if (value < 0 || value > 100000) {
            return false;
        }
        *counts[i] = (size_t)value;
    }
    return true;
}

static size_t block_bytes(const struct header *h, size_t time_bytes)
{
    return h->times * (time_bytes + 1) + h->types * 6 + h->chars + h->leap * (time_bytes + 4) +
           h->isstd + h->isut;
}

static bool read_transitions(struct sbx_zone *zone, const unsigned char *p, const struct header *h)
{
    const unsigned char *types = p + h->times * 8;
    const unsigned char *infos = types + h->times;

    if (h->types == 0) {
        return false;
    }
    zone->first_offset = (int32_t)read_be(infos, 4);
    zone->count = h->times;
    zone->transitions = (int64_t *)mem_alloc_array(h->times + 1, sizeof(int64_t));
    zone->offsets = (int32_t *)mem_alloc_array(h->times + 1, sizeof(int32_t));
    for (size_t i = 0; i < h->times; i++) {
        if (types[i] >= h->types) {
            return false;
        }
        zone->transitions[i] = read_be(p + 8 * i, 8);
        zone->offsets[i] = (int32_t)read_be(infos + 6 * (size_t)types[i], 4);
    }
    return true;
}

/* p is followed by a NUL. */
static bool read_zoneinfo(struct sbx_zone *zone, unsigned char *p, size_t n)
{
    struct header h = { 0 };
    size_t skip = 0;
    char *footer = NULL;
    char *end = NULL;

    if (!read_header(p, n, &h) || p[4] < '2') {
        return false;
    }
    skip = 44 + block_bytes(&h, 4);
    if (skip >= n || !read_header(p + skip, n - skip, &h)) {
        return false;
    }
    p += skip + 44;
    n -= skip + 44;
    if (block_bytes(&h, 8) + 2 > n || !read_transitions(zone, p, &h)) {
        return false;
    }
    footer = (char *)p + block_bytes(&h, 8) + 1;
    end = strchr(footer, '\n');
    if (end == NULL) {
        return false;
    }
    *end = '\0';
    return *footer == '\0' || read_tail(zone, footer);
}

static void zone_free(struct sbx_zone *zone)
{
    mem_free(zone->name);
    mem_free(zone->transitions);
    mem_free(zone->offsets);
    mem_free(zone);
}

static struct sbx_zone *zone_load(struct str name, const char *file)
{
    struct sbx_zone *zone = (struct sbx_zone *)mem_alloc(sizeof(*zone));
    unsigned char *bytes = (unsigned char *)mem_alloc(FILE_MAX_BYTES + 1);
    char path[256];
    FILE *in = NULL;
    bool is_read = false;

    snprintf(path, sizeof(path), ZONEINFO "/%s", file);
    in = fopen(path, "rb");
    if (in != NULL) {
        size_t n = fread(bytes, 1, FILE_MAX_BYTES, in);

        fclose(in);
        is_read = read_zoneinfo(zone, bytes, n);
    }
    mem_free(bytes);
    if (!is_read) {
        zone_free(zone);
        return NULL;
    }
    zone->name = mem_copy_text(name.p, name.n);
    return zone;
}

struct sbx_zones *sbx_zones_new(void)
{
    struct sbx_zones *zones = (struct sbx_zones *)mem_alloc(sizeof(*zones));

    table_init(&zones->by_name);
    return zones;
}

void sbx_zones_free(struct sbx_zones **zones)
{
    size_t cursor = 0;
    struct sbx_zone *zone = NULL;

    if (*zones == NULL) {
        return;
    }
    while ((zone = (struct sbx_zone *)table_next(&(*zones)->by_name, &cursor)) != NULL) {
        zone_free(zone);
    }
    table_done(&(*zones)->by_name);
    mem_free(TAKE(*zones));
}

static const struct sbx_zone *find(struct sbx_zones *zones, struct str name, const char *file)
{
    struct sbx_zone *zone = (struct sbx_zone *)table_find(&zones->by_name, name);

    if (zone == NULL && zones->by_name.count < ZONE_MAX_COUNT) {
        zone = zone_load(name, file);
        if (zone != NULL) {
            table_put(&zones->by_name, str_from(zone->name), zone);
        }
    }
    return zone;
}

const struct sbx_zone *sbx_zones_find(struct sbx_zones *zones, struct str name)
{
    const char *file = sbx_zone_file(name);

    return file != NULL ? find(zones, name, file) : NULL;
}

const struct sbx_zone *sbx_zones_find_any(struct sbx_zones *zones, struct str name)
{
    const char *file = sbx_zone_file(name);
    char path[128];

    if (file == NULL) {
        if (name.n == 0 || name.n >= sizeof(path) || name.p[0] == '/' ||
            str_find(name, S("..")) != SIZE_MAX || str_find_char(name, '\0') != SIZE_MAX) {
            return NULL;
        }
        snprintf(path, sizeof(path), "%.*s", STR_ARG(name));
        file = path;
    }
    return find(zones, name, file);
}

struct str sbx_zone_name(const struct sbx_zone *zone)
{
    return str_from(zone->name);
}

/* The instant in a year at which a rule strikes, given the offset that holds until then. */
static int64_t rule_instant(const struct rule *rule, int32_t year, int32_t offset)
{
    int32_t first = civil_days(year, rule->month, 1);
    int32_t day = first + (rule->weekday - civil_weekday(first) + 7) % 7 + 7 * (rule->week - 1);

    while (day >= first + civil_days_in_month(year, rule->month)) {
        day -= 7;
    }
    return (int64_t)day * CIVIL_SECONDS_A_DAY + rule->time_s - offset;
}

static int32_t tail_offset(const struct sbx_zone *zone, int64_t utc_s)
{
    int32_t year = civil_from_seconds(utc_s + zone->tail_offset).year;
    int64_t start = 0;
    int64_t end = 0;
    bool is_dst = false;

    if (!zone->tail_has_rules) {
        return zone->tail_offset;
    }
    start = rule_instant(&zone->dst_start, year, zone->tail_offset);
    end = rule_instant(&zone->dst_end, year, zone->tail_dst_offset);
    is_dst = start < end ? utc_s >= start && utc_s < end : utc_s >= start || utc_s < end;
    return is_dst ? zone->tail_dst_offset : zone->tail_offset;
}

int32_t sbx_zone_offset(const struct sbx_zone *zone, int64_t utc_s)
{
    size_t low = 0;
    size_t high = zone->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (zone->transitions[middle] <= utc_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == zone->count && zone->has_tail) {
        return tail_offset(zone, utc_s);
    }
    return low == 0 ? zone->first_offset : zone->offsets[low - 1];
}

int64_t sbx_zone_to_local(const struct sbx_zone *zone, int64_t utc_s)
{
    return utc_s + sbx_zone_offset(zone, utc_s);
}

int64_t sbx_zone_to_utc(const struct sbx_zone *zone, int64_t local_s)
{
    /* A day before and a day after are on the two sides of whatever change is near. */
    int32_t before = sbx_zone_offset(zone, local_s - CIVIL_SECONDS_A_DAY);
    int32_t after = sbx_zone_offset(zone, local_s + CIVIL_SECONDS_A_DAY);

    if (sbx_zone_offset(zone, local_s - before) != before &&
        sbx_zone_offset(zone, local_s - after) == after) {
        return local_s - after;
    }
    return local_s - before;
}

int64_t sbx_zone_midnight(const struct sbx_zone *zone, int32_t day)
{
    return sbx_zone_to_utc(zone, (int64_t)day * CIVIL_SECONDS_A_DAY);
}

int32_t sbx_zone_day(const struct sbx_zone *zone, int64_t utc_s)
{
    return civil_day_of_seconds(sbx_zone_to_local(zone, utc_s));
}
