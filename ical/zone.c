#include "ical/zone.h"

#include "bridge/core/mem.h"
#include "bridge/core/table.h"
#include "ical/tzif.h"
#include "ical/windows_zones.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZONE_FOLDER   "/usr/share/zoneinfo/"
#define ZONE_NAME_MAX 80
#define ZONE_FILE_MAX (64 * 1024)
#define SECONDS_A_DAY 86400

struct zone {
    struct str name; /* heap, for ever */
    struct str windows;
    struct tzif rules;
};

/* Loop thread only; filled as zones are asked for, at most with what the folder holds. */
static struct table cache;

static const struct zone utc = { .name = STR("UTC"), .windows = STR("UTC") };

const struct zone *zone_utc(void)
{
    return &utc;
}

static int compare_key(const void *key, const void *row)
{
    const struct str *a = key;
    const struct str *b = &((const struct windows_zone *)row)->key;

    for (size_t i = 0; i < a->n && i < b->n; i++) {
        int c = a->p[i] >= 'A' && a->p[i] <= 'Z' ? a->p[i] + 32 : a->p[i];
        int d = b->p[i] >= 'A' && b->p[i] <= 'Z' ? b->p[i] + 32 : b->p[i];

        if (c != d) {
            return c < d ? -1 : 1;
        }
    }
    return a->n == b->n ? 0 : a->n < b->n ? -1 : 1;
}

static struct str lookup(const struct windows_zone *rows, size_t count, struct str name)
{
    const struct windows_zone *row = bsearch(&name, rows, count, sizeof *rows, compare_key);

    return row == NULL ? S("") : row->value;
}

/** Only names of the zone folder: no way out of it, nothing hidden. */
static bool is_safe_name(struct str name)
{
    if (name.n == 0 || name.n > ZONE_NAME_MAX || name.p[0] == '/') {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        if (!is_alnum && c != '_' && c != '-' && c != '+' && c != '/') {
            return false;
        }
    }
    return true;
}

static bool read_rules(struct str name, struct tzif *out)
{
    char path[sizeof ZONE_FOLDER + ZONE_NAME_MAX];
    static char bytes[ZONE_FILE_MAX];
    size_t n = 0;
    ssize_t got;

    snprintf(path, sizeof path, ZONE_FOLDER "%.*s", STR_ARG(name));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    while (n < sizeof bytes && (got = read(fd, bytes + n, sizeof bytes - n)) > 0) {
        n += (size_t)got;
    }
    close(fd);
    return tzif_parse((struct str){ bytes, n }, out);
}

static const struct zone *find_iana(struct str name)
{
    struct zone *zone = table_find(&cache, name);
    struct tzif rules;

    if (zone != NULL) {
        return zone;
    }
    if (!is_safe_name(name) || !read_rules(name, &rules)) {
        return NULL;
    }
    zone = mem_alloc(sizeof *zone);
    zone->name = (struct str){ mem_copy_text(name.p, name.n), name.n };
    zone->windows = lookup(windows_zones_from_iana, windows_zones_from_iana_count, name);
    zone->rules = rules;
    table_put(&cache, zone->name, zone);
    return zone;
}

const struct zone *zone_find(struct str name)
{
    name = str_trim(name);
    if (str_eq_nocase(name, S("UTC")) || str_eq_nocase(name, S("Etc/UTC")) ||
        str_eq_nocase(name, S("GMT")) || str_eq_nocase(name, S("Z"))) {
        return &utc;
    }
    struct str iana = lookup(windows_zones_to_iana, windows_zones_to_iana_count, name);

    return find_iana(iana.n > 0 ? iana : name);
}

const struct zone *zone_find_tzid(struct str tzid)
{
    const struct zone *zone = zone_find(tzid);

    /* "/mozilla.org/20050126_1/Europe/Berlin",
     * "/freeassociation.sourceforge.net/Tzfile/Asia/Tokyo": the name is at the end, in up to three
     * parts. */
    while (zone == NULL) {
        size_t slash = str_find_char(tzid, '/');

        if (slash == SIZE_MAX) {
            break;
        }
        tzid = str_skip(tzid, slash + 1);
        if (str_find_char(tzid, '/') != SIZE_MAX) {
            zone = find_iana(tzid);
        }
    }
    return zone;
}

struct str zone_name(const struct zone *zone)
{
    return zone->name;
}

struct str zone_windows_name(const struct zone *zone)
{
    return zone->windows;
}

int32_t zone_offset_at(const struct zone *zone, int64_t instant_s)
{
    return zone == &utc ? 0 : tzif_offset_at(&zone->rules, instant_s);
}

int64_t zone_to_instant(const struct zone *zone, int64_t wall_s)
{
    if (zone == &utc) {
        return wall_s;
    }
    /* A day to either side is beyond any offset, so these are the offsets around a change. */
    int32_t before = zone_offset_at(zone, wall_s - SECONDS_A_DAY);
    int32_t after = zone_offset_at(zone, wall_s + SECONDS_A_DAY);
    int64_t early = wall_s - (before > after ? before : after);
    int64_t late = wall_s - (before > after ? after : before);

    if (early + zone_offset_at(zone, early) == wall_s) {
        return early;
    }
    if (late + zone_offset_at(zone, late) == wall_s) {
        return late;
    }
    return wall_s - before; /* in a gap */
}

int64_t zone_to_wall(const struct zone *zone, int64_t instant_s)
{
    return instant_s + zone_offset_at(zone, instant_s);
}

const struct zone *zone_of_host(void)
{
    char target[256];
    const char *name = getenv("TZ");
    const struct zone *zone = NULL;

    if (name != NULL && name[0] != '\0') {
        zone = zone_find(str_from(name[0] == ':' ? name + 1 : name));
    }
    ssize_t n = zone == NULL ? readlink("/etc/localtime", target, sizeof target) : -1;
    if (n > 0 && (size_t)n < sizeof target) {
        struct str path = { target, (size_t)n };
        size_t at = str_find(path, S("zoneinfo/"));

        if (at != SIZE_MAX) {
            zone = zone_find(str_skip(path, at + sizeof "zoneinfo/" - 1));
        }
    }
    return zone == NULL ? &utc : zone;
}
