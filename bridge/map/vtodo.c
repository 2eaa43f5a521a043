#include "bridge/map/vtodo.h"

#include "bridge/core/mem.h"
#include "ical/timezone.h"
#include "ical/value.h"
#include <assert.h>

static const struct str names[VTODO_NAME_COUNT] = {
    [VTODO_UID] = STR("UID"),
    [VTODO_SUMMARY] = STR("SUMMARY"),
    [VTODO_DESCRIPTION] = STR("DESCRIPTION"),
    [VTODO_ALT_DESC] = STR("X-ALT-DESC"),
    [VTODO_PRIORITY] = STR("PRIORITY"),
    [VTODO_CLASS] = STR("CLASS"),
    [VTODO_MS_SENSITIVITY] = STR("X-MSTASK-SENSITIVITY"),
    [VTODO_STATUS] = STR("STATUS"),
    [VTODO_MS_STATUS] = STR("X-MSTASK-STATUS"),
    [VTODO_PERCENT] = STR("PERCENT-COMPLETE"),
    [VTODO_COMPLETED] = STR("COMPLETED"),
    [VTODO_DTSTART] = STR("DTSTART"),
    [VTODO_DUE] = STR("DUE"),
    [VTODO_DURATION] = STR("DURATION"),
    [VTODO_RRULE] = STR("RRULE"),
    [VTODO_MS_RRULE] = STR("X-MSTASK-RRULE"),
    [VTODO_EXRULE] = STR("EXRULE"),
    [VTODO_RDATE] = STR("RDATE"),
    [VTODO_EXDATE] = STR("EXDATE"),
    [VTODO_RECURRENCE_ID] = STR("RECURRENCE-ID"),
    [VTODO_CATEGORIES] = STR("CATEGORIES"),
    [VTODO_URL] = STR("URL"),
    [VTODO_MS_ASSIGNED_TO] = STR("X-MSTASK-ASSIGNED-TO"),
    [VTODO_MS_OWNER] = STR("X-MSTASK-OWNER"),
    [VTODO_CREATED] = STR("CREATED"),
    [VTODO_LAST_MODIFIED] = STR("LAST-MODIFIED"),
    [VTODO_DTSTAMP] = STR("DTSTAMP"),
    [VTODO_SEQUENCE] = STR("SEQUENCE"),
    [VTODO_MS_REV] = STR("X-MSTASK-REV"),
    [VTODO_MOZ_LASTACK] = STR("X-MOZ-LASTACK"),
    [VTODO_MOZ_SNOOZE] = STR("X-MOZ-SNOOZE-TIME"),
    [VTODO_MS_DTSTART] = STR("X-MSTASK-DTSTART"),
};

/* What is stored has passed map_check and may have grown by a merge since. */
static const struct document_limits stored_limits = {
    .bytes = 16 * 1024 * 1024,
    .properties = 50000,
    .depth = 16,
};

struct str vtodo_name_text(enum vtodo_name name)
{
    assert((unsigned)name < VTODO_NAME_COUNT);
    return names[name];
}

static bool has_name(const struct property *property, enum vtodo_name name)
{
    /* Thunderbird appends the occurrence: X-MOZ-SNOOZE-TIME-1588579200000000 */
    return name == VTODO_MOZ_SNOOZE ? str_has_prefix_nocase(property->name, names[name])
                                    : str_eq_nocase(property->name, names[name]);
}

static void index_properties(struct vtodo *vtodo)
{
    for (struct property *p = vtodo->todo->properties; p != NULL; p = p->next) {
        for (unsigned i = 0; i < VTODO_NAME_COUNT; i++) {
            if (has_name(p, (enum vtodo_name)i)) {
                if (vtodo->first[i] == NULL) {
                    vtodo->first[i] = p;
                }
                break;
            }
        }
    }
}

struct property *vtodo_next(enum vtodo_name name, const struct property *property)
{
    struct property *next = property->next;

    while (next != NULL && !has_name(next, name)) {
        next = next->next;
    }
    return next;
}

/** The VTODO with a UID and without RECURRENCE-ID; if there is none, the first with a UID. */
static struct component *find_master(const struct document *document)
{
    struct component *found = NULL;

    for (struct component *c = component_find(document->calendar->children, S("VTODO")); c != NULL;
         c = component_find(c->next, S("VTODO"))) {
        struct property *uid = property_find(c->properties, S("UID"));

        if (uid == NULL || str_trim(uid->value).n == 0) {
            continue;
        }
        if (property_find(c->properties, S("RECURRENCE-ID")) == NULL) {
            return c;
        }
        found = found == NULL ? c : found;
    }
    return found;
}

/* ---- zones ---- */

const struct zone *vtodo_zone(
    const struct document *document, struct str tzid, const struct map_context *context)
{
    int32_t today = civil_day_of_seconds(context->now_us / CIVIL_MICROS);

    return timezone_find(
        document, tzid, civil_from_days(today).year, context->zone, context->arena);
}

/* A document names few zones, but may name one in each of thousands of EXDATEs. */
#define KNOWN_ZONES  4
#define MOST_LOOKUPS 64 /* then all others are unknown: a bound on work */

struct vtodo_zones {
    struct str tzid[KNOWN_ZONES];
    const struct zone *zone[KNOWN_ZONES];
    unsigned used;
};

static const struct zone *find_zone(const struct vtodo *vtodo, struct str tzid)
{
    struct vtodo_zones *zones = vtodo->zones;
    unsigned slot;

    for (unsigned i = 0; i < KNOWN_ZONES && i < zones->used; i++) {
        if (str_eq(zones->tzid[i], tzid)) {
            return zones->zone[i];
        }
    }
    if (zones->used == MOST_LOOKUPS) {
        return NULL;
    }
    slot = zones->used++ % KNOWN_ZONES;
    zones->tzid[slot] = tzid;
    zones->zone[slot] = vtodo_zone(&vtodo->document, tzid, vtodo->context);
    return zones->zone[slot];
}

/** TZID of DTSTART or DUE; else of the only VTIMEZONE; else Z. */
static const struct zone *find_hint(const struct vtodo *vtodo)
{
    struct arena *arena = vtodo->context->arena;
    const struct document *document = &vtodo->document;
    const enum vtodo_name siblings[] = { VTODO_DTSTART, VTODO_DUE, VTODO_MS_DTSTART };
    const struct zone *zone = NULL;
    struct str tzid;

    for (unsigned i = 0; i < ARRAY_LEN(siblings) && zone == NULL; i++) {
        const struct property *p = vtodo->first[siblings[i]];

        if (p != NULL && p->params.n > 0 && property_param(p, S("TZID"), arena, &tzid)) {
            zone = find_zone(vtodo, tzid);
        }
    }
    if (zone == NULL) {
        struct component *only = component_find(document->calendar->children, S("VTIMEZONE"));

        if (only != NULL && component_find(only->next, S("VTIMEZONE")) == NULL) {
            struct property *id = property_find(only->properties, S("TZID"));

            zone = id == NULL ? NULL : find_zone(vtodo, property_text(id, arena));
        }
    }
    return zone == NULL ? vtodo->context->zone : zone;
}

/* ---- dates ---- */

static void set_wall(struct vtodo_when *when, int64_t wall_s)
{
    when->day = civil_day_of_seconds(wall_s);
    when->second = (int32_t)(wall_s - (int64_t)when->day * CIVIL_SECONDS_A_DAY);
}

static int64_t wall_of(const struct vtodo_when *when)
{
    return (int64_t)when->day * CIVIL_SECONDS_A_DAY + when->second;
}

struct vtodo_when vtodo_when(const struct vtodo *vtodo, const struct property *property)
{
    struct vtodo_when when = { .zone = vtodo->hint };
    struct value_time time;

    if (property == NULL || !value_parse_time(property->value, &time)) {
        return when;
    }
    when.is_set = true;
    when.day = time.day;
    when.second = time.second;
    if (!time.has_time) {
        when.form = TASK_DATE_ONLY;
    } else if (time.is_utc) {
        when.form = TASK_TIME_UTC;
        set_wall(&when, zone_to_wall(when.zone, wall_of(&when)));
    } else if (property_param(property, S("TZID"), vtodo->context->arena, &when.tzid)) {
        const struct zone *zone = find_zone(vtodo, when.tzid);

        when.form = TASK_TIME_ZONED;
        when.zone = zone == NULL ? vtodo->context->zone : zone;
    } else {
        when.form = TASK_TIME_FLOATING;
    }
    return when;
}

int64_t vtodo_when_instant(const struct vtodo_when *when)
{
    return zone_to_instant(when->zone, wall_of(when));
}

struct vtodo_when vtodo_when_add(const struct vtodo_when *when, int64_t days, int64_t seconds)
{
    struct vtodo_when sum = *when;
    int64_t wall = wall_of(when) + days * CIVIL_SECONDS_A_DAY;

    if (when->form == TASK_DATE_ONLY) {
        sum.day = civil_day_of_seconds(wall + seconds);
    } else if (seconds == 0) {
        set_wall(&sum, wall);
    } else {
        set_wall(&sum, zone_to_wall(when->zone, zone_to_instant(when->zone, wall) + seconds));
    }
    return sum;
}

bool vtodo_instant(const struct vtodo *vtodo, const struct property *property, int64_t *out)
{
    struct vtodo_when when = vtodo_when(vtodo, property);

    if (!when.is_set) {
        return false;
    }
    if (when.form == TASK_TIME_FLOATING || when.form == TASK_DATE_ONLY) {
        when.zone = vtodo->context->zone;
    }
    *out = vtodo_when_instant(&when);
    return true;
}

/** Option due_date_exclusive: a client that writes the day after the last one (mapping.md T11). */
static bool is_due_exclusive(const struct vtodo *vtodo)
{
    const struct map_options *options = &vtodo->context->options;
    const struct property *p;

    if (options->due_exclusive_count == 0 ||
        (p = property_find(vtodo->document.calendar->properties, S("PRODID"))) == NULL) {
        return false;
    }
    for (size_t i = 0; i < options->due_exclusive_count; i++) {
        if (str_has_prefix_nocase(str_trim(p->value), str_from(options->due_exclusive[i]))) {
            return true;
        }
    }
    return false;
}

static void resolve_dates(struct vtodo *vtodo)
{
    struct value_duration duration;

    vtodo->hint = find_hint(vtodo);
    vtodo->start = vtodo_when(vtodo, vtodo->first[VTODO_DTSTART]);
    vtodo->due = vtodo_when(vtodo, vtodo->first[VTODO_DUE]);
    vtodo->is_due_exclusive = is_due_exclusive(vtodo);
    if (vtodo->is_due_exclusive && vtodo->due.is_set && vtodo->due.form == TASK_DATE_ONLY &&
        !(vtodo->start.is_set && vtodo->start.day == vtodo->due.day)) {
        vtodo->due.day--;
    }
    if (!vtodo->due.is_set && vtodo->start.is_set && vtodo->first[VTODO_DURATION] != NULL &&
        value_parse_duration(vtodo->first[VTODO_DURATION]->value, &duration)) {
        vtodo->due = vtodo_when_add(&vtodo->start, duration.days, duration.seconds);
        vtodo->is_due_by_duration = true;
    }
}

/* ---- text ---- */

static bool is_control(unsigned char c)
{
    return c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

struct str vtodo_text(const struct vtodo *vtodo, const struct property *property)
{
    struct str text;
    size_t n = 0;

    if (property == NULL) {
        return S("");
    }
    text = property_text(property, vtodo->context->arena);
    while (n < text.n && !is_control((unsigned char)text.p[n])) {
        n++;
    }
    if (n == text.n) {
        return text;
    }
    char *copy = arena_alloc(vtodo->context->arena, text.n);
    n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (!is_control((unsigned char)text.p[i])) {
            copy[n++] = text.p[i];
        }
    }
    return (struct str){ copy, n };
}

void vtodo_open_component(
    const struct vtodo *master, struct component *component, struct vtodo *out)
{
    struct vtodo vtodo = {
        .context = master->context, .document = master->document, .zones = master->zones
    };

    vtodo.todo = component;
    vtodo.series = ARENA_NEW(master->context->arena, struct series *);
    index_properties(&vtodo);
    resolve_dates(&vtodo);
    *out = vtodo;
}

bool vtodo_open(
    struct str text, const struct map_context *context, struct vtodo *out, struct err *err)
{
    struct vtodo vtodo = { .context = context };

    if (!document_parse(text, &stored_limits, context->arena, &vtodo.document, err)) {
        return false;
    }
    vtodo.todo = find_master(&vtodo.document);
    if (vtodo.todo == NULL) {
        return err_set(err, ERR_INVALID, "no VTODO with a UID");
    }
    vtodo.zones = ARENA_NEW(context->arena, struct vtodo_zones);
    vtodo.series = ARENA_NEW(context->arena, struct series *);
    index_properties(&vtodo);
    resolve_dates(&vtodo);
    *out = vtodo;
    return true;
}
