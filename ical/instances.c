#include "ical/instances.h"

#include "bridge/core/mem.h"

#include <stdlib.h>

/* Beyond any year that a date can have, and far from overflow. */
#define WALL_MAX INT64_C(400000000000)

static const struct property *find(const struct component *component, const char *name)
{
    return property_find(component->properties, str_from(name));
}

static bool is_override(const struct component *component)
{
    return str_eq_nocase(component->name, S("VTODO")) && find(component, "RECURRENCE-ID") != NULL;
}

bool instances_anchor(
    struct when_reader *reader, const struct component *component, struct when *out)
{
    return when_read(reader, find(component, "DTSTART"), out) ||
           when_read(reader, find(component, "DUE"), out);
}

bool instances_repeats(struct when_reader *reader, const struct component *component)
{
    struct when anchor;

    return (find(component, "RRULE") != NULL || find(component, "RDATE") != NULL) &&
           find(component, "RECURRENCE-ID") == NULL && instances_anchor(reader, component, &anchor);
}

/** On the anchor's wall: a date means its time of day, a time falls on its day. */
static int64_t to_anchor(const struct when *anchor, const struct when *when)
{
    int64_t wall;

    if (!when->time.has_time) {
        return (int64_t)when->time.day * CIVIL_SECONDS_A_DAY + anchor->time.second;
    }
    wall = when->zone == anchor->zone || (!anchor->time.has_time && !when->time.is_utc)
               ? when_wall(when)
               : zone_to_wall(anchor->zone, when_instant(when, 0));
    return anchor->time.has_time ? wall : (int64_t)civil_day_of_seconds(wall) * CIVIL_SECONDS_A_DAY;
}

/* ---- reading ---- */

static int compare_walls(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/** Counts values, so that the array is as large as it has to be. */
static size_t count_values(const struct component *component, const char *name)
{
    size_t count = 0;

    for (const struct property *p = find(component, name); p != NULL;
         p = property_find(p->next, str_from(name))) {
        for (size_t i = 0; i < p->value.n; i++) {
            count += p->value.p[i] == ',' ? 1 : 0;
        }
        count++;
    }
    return count < INSTANCES_DATES ? count : INSTANCES_DATES;
}

static void add_dates(struct when_reader *reader, struct instances *out, const char *name,
    int64_t *walls, size_t *count, size_t room)
{
    for (const struct property *p = find(out->master, name); p != NULL;
         p = property_find(p->next, str_from(name))) {
        struct str rest = p->value;
        struct str one;

        while (str_next(&rest, ',', &one)) {
            struct when when;

            if (*count == room) {
                out->is_cut = true;
                return;
            }
            if (when_read_value(reader, p, one, &when)) {
                walls[(*count)++] = to_anchor(&out->anchor, &when);
            }
        }
    }
}

static void add_later(struct instances *out, const struct component *component, int64_t id)
{
    size_t at = out->later_count;

    if (out->later_count == INSTANCES_LATERS) {
        out->is_cut = true;
        return;
    }
    for (; at > 0 && out->laters[at - 1].id > id; at--) {
        out->laters[at] = out->laters[at - 1];
    }
    out->laters[at] = (struct instances_later){ id, component };
    out->later_count++;
}

static void read_skipped(struct when_reader *reader, const struct component *siblings,
    struct arena *arena, struct instances *out)
{
    size_t dates = count_values(out->master, "EXDATE");
    size_t room = dates;

    for (const struct component *c = siblings; c != NULL && room < 2 * INSTANCES_DATES;
         c = c->next) {
        room += is_override(c) ? 1 : 0;
    }
    out->skipped = arena_alloc_array(arena, room, sizeof(int64_t));
    add_dates(reader, out, "EXDATE", out->skipped, &out->skipped_count, dates);
    for (const struct component *c = siblings; c != NULL && out->skipped_count < room;
         c = c->next) {
        const struct property *id = is_override(c) ? find(c, "RECURRENCE-ID") : NULL;
        struct when when;
        struct str range;

        if (!when_read(reader, id, &when)) {
            continue;
        }
        int64_t wall = to_anchor(&out->anchor, &when);

        out->skipped[out->skipped_count++] = wall;
        if (property_param(id, S("RANGE"), reader->arena, &range) &&
            str_eq_nocase(range, S("THISANDFUTURE"))) {
            add_later(out, c, wall);
        }
    }
    qsort(out->skipped, out->skipped_count, sizeof(int64_t), compare_walls);
}

static int64_t until_of(const struct instances *set, const struct recur *rule)
{
    struct when when = { .is_set = true, .time = rule->until, .zone = set->anchor.zone };

    if (!rule->has_until) {
        return INT64_MAX;
    }
    if (!rule->until.has_time) {
        return (int64_t)rule->until.day * CIVIL_SECONDS_A_DAY + CIVIL_SECONDS_A_DAY - 1;
    }
    when.zone = rule->until.is_utc ? zone_utc() : set->anchor.zone;
    return to_anchor(&set->anchor, &when);
}

static void read_rules(struct instances *out)
{
    for (const struct property *p = find(out->master, "RRULE"); p != NULL;
         p = property_find(p->next, S("RRULE"))) {
        struct instances_rule *rule = &out->rules[out->rule_count];

        if (out->rule_count == INSTANCES_RULES) {
            out->is_cut = true;
            return;
        }
        if (recur_parse(p->value, &rule->recur)) {
            rule->until = until_of(out, &rule->recur);
            out->rule_count++;
        }
    }
}

void instances_read(struct when_reader *reader, const struct component *master,
    const struct component *siblings, struct arena *arena, struct instances *out)
{
    *out = (struct instances){ .master = master };
    (void)instances_anchor(reader, master, &out->anchor);
    read_skipped(reader, siblings, arena, out);
    size_t room = count_values(master, "RDATE");

    out->extra = arena_alloc_array(arena, room, sizeof(int64_t));
    add_dates(reader, out, "RDATE", out->extra, &out->extra_count, room);
    read_rules(out);
}

bool instances_is_later(const struct instances *set, const struct component *override)
{
    for (size_t i = 0; i < set->later_count; i++) {
        if (set->laters[i].component == override) {
            return true;
        }
    }
    return false;
}

bool instances_override_shift(struct when_reader *reader, const struct instances *set,
    const struct component *override, int64_t *shift_out)
{
    struct when when;

    if (!when_read(reader, find(override, "RECURRENCE-ID"), &when)) {
        return false;
    }
    *shift_out = to_anchor(&set->anchor, &when) - when_wall(&set->anchor);
    return true;
}

int64_t instances_end(const struct instances *set)
{
    int64_t end = INT64_MIN;

    for (size_t i = 0; i < set->rule_count; i++) {
        end = set->rules[i].until > end ? set->rules[i].until : end;
    }
    return end == INT64_MAX || set->rule_count == 0 ? INT64_MAX
                                                    : zone_to_instant(set->anchor.zone, end);
}

/* ---- walking ---- */

/** Whose properties hold for the occurrence. */
static const struct component *governor(const struct instances *set, int64_t wall)
{
    const struct component *component = set->master;

    for (size_t i = 0; i < set->later_count && set->laters[i].id <= wall; i++) {
        component = set->laters[i].component;
    }
    return component;
}

static bool is_given(const struct instances_walk *walk, int64_t wall)
{
    const struct instances *set = walk->set;

    return wall >= walk->from && wall <= walk->to && governor(set, wall) == walk->component &&
           bsearch(&wall, set->skipped, set->skipped_count, sizeof(int64_t), compare_walls) == NULL;
}

static int64_t clamped(int64_t wall)
{
    return wall < -WALL_MAX ? -WALL_MAX : wall > WALL_MAX ? WALL_MAX : wall;
}

void instances_start(struct instances_walk *walk, struct when_reader *reader,
    const struct instances *set, const struct component *component, int64_t from, int64_t to)
{
    struct when own = set->anchor;
    int64_t offset = 0;

    *walk = (struct instances_walk){ .set = set, .component = component, .is_cut = set->is_cut };
    walk->own = when_wall(&set->anchor);
    for (size_t i = 0; i < set->later_count; i++) {
        if (set->laters[i].component == component) {
            walk->own = set->laters[i].id;
            offset = instances_anchor(reader, component, &own) ? when_wall(&own) - walk->own : 0;
        }
    }
    walk->from = clamped(from) - offset;
    walk->to = clamped(to) - offset;
}

/** The component's own occurrence; of one for all that follow, that is excepted from the rule. */
static bool next_own(struct instances_walk *walk, int64_t *wall_out)
{
    if (walk->has_own) {
        return false;
    }
    walk->has_own = true;
    *wall_out = walk->own;
    return walk->component == walk->set->master ? is_given(walk, walk->own)
                                                : walk->own >= walk->from && walk->own <= walk->to;
}

/** The times that a rule gives each date; the anchor's alone where that can't be told. */
static void start_times(struct instances_walk *walk)
{
    const struct value_time *anchor = &walk->set->anchor.time;

    walk->time_count =
        !anchor->has_time ? 1 : recur_times(&walk->recur, anchor->second, walk->times);
    if (walk->time_count > RECUR_TIMES ||
        (walk->time_count > 1 && walk->recur.positions.count > 0)) { /* BYSETPOS counts times */
        walk->is_cut = true;
        walk->time_count = 1;
        walk->times[0] = anchor->second;
    } else if (!anchor->has_time) {
        walk->times[0] = 0;
    }
    walk->time = walk->time_count;
    walk->left = INT32_MAX;
    if (walk->time_count > 1 && walk->recur.count > 0) {
        walk->left = walk->recur.count;
        walk->recur.count = 0;
    }
}

static void start_rule(struct instances_walk *walk)
{
    const struct instances_rule *rule = &walk->set->rules[walk->rule];
    int64_t to = rule->until < walk->to ? rule->until : walk->to;

    walk->recur = rule->recur;
    start_times(walk);
    recur_start(&walk->iterator, &walk->recur, walk->set->anchor.time.day,
        civil_day_of_seconds(clamped(to)));
    if (walk->left == INT32_MAX) {
        recur_skip(&walk->iterator, civil_day_of_seconds(walk->from));
    }
    walk->has_iterator = true;
}

/** The next date and time that a rule names; false when all rules are through. */
static bool next_of_rule(struct instances_walk *walk, int64_t *wall_out)
{
    while (walk->rule < walk->set->rule_count) {
        int32_t before;

        if (!walk->has_iterator) {
            start_rule(walk);
        }
        if (walk->time < walk->time_count && walk->left > 0) {
            *wall_out = (int64_t)walk->day * CIVIL_SECONDS_A_DAY + walk->times[walk->time++];
            walk->work++;
            return true;
        }
        before = walk->iterator.work;
        if (walk->left > 0 && recur_next(&walk->iterator, &walk->day)) {
            walk->time = 0;
        } else {
            walk->is_cut |= walk->left > 0 && walk->iterator.is_cut;
            walk->has_iterator = false;
            walk->rule++;
        }
        walk->work += (uint64_t)(walk->iterator.work - before) + 1;
    }
    return false;
}

static bool next_of_rules(struct instances_walk *walk, int64_t *wall_out)
{
    while (next_of_rule(walk, wall_out)) {
        if (*wall_out < when_wall(&walk->set->anchor)) {
            continue; /* earlier on the first day */
        }
        walk->left -= walk->left != INT32_MAX;
        if (*wall_out <= walk->set->rules[walk->rule].until && is_given(walk, *wall_out)) {
            return true;
        }
    }
    return false;
}

bool instances_next(struct instances_walk *walk, int64_t *shift_out)
{
    int64_t wall;
    bool is_found = next_own(walk, &wall);

    while (!is_found && walk->extra < walk->set->extra_count) {
        wall = walk->set->extra[walk->extra++];
        walk->work++;
        is_found = is_given(walk, wall);
    }
    if (!is_found && !next_of_rules(walk, &wall)) {
        return false;
    }
    *shift_out = wall - walk->own;
    return true;
}
