/** Calendar objects as calendar-data asks for them (RFC 4791 9.6.1 to 9.6.6). */
#include "bridge/core/mem.h"
#include "bridge/dav/data_part_internal.h"
#include "ical/edit.h"

#include <stdlib.h>

/* Properties that are looked at for one object: about 20 ms. */
#define MOST_LOOKS 4000000

struct writer {
    const struct data_part *part;
    const struct document *document;
    const char *eol;
    struct buf *out;
    struct range_reader reader;
    size_t looks;
    bool is_expanding;
    bool is_cut;  /**< a rule cannot be followed */
    bool is_full; /**< more than is given */
    /* While expanding: the occurrence that is being written. */
    const struct component *todo;
    bool is_occurrence;
    int64_t shift;
    int64_t *shifts; /**< of all its occurrences in the range */
    size_t shift_count;
};

static const struct comp_part everything = { .has_all_props = true, .has_all_children = true };

static bool is_full(struct writer *writer)
{
    writer->is_full |= writer->out->is_full || writer->looks > MOST_LOOKS;
    return writer->is_full;
}

/* ---- one property ---- */

static bool is_any(struct str name, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq_nocase(name, names[i])) {
            return true;
        }
    }
    return false;
}

/** What has no place in one occurrence (RFC 4791 9.6.5); RECURRENCE-ID is written apart. */
static bool is_dropped(struct str name)
{
    static const struct str names[] = { STR("RRULE"), STR("RDATE"), STR("EXDATE"), STR("EXRULE"),
        STR("RECURRENCE-ID") };

    return is_any(name, names, ARRAY_LEN(names));
}

/** Dates that move from occurrence to occurrence. */
static bool is_moving(struct str name)
{
    static const struct str names[] = { STR("DTSTART"), STR("DUE") };

    return is_any(name, names, ARRAY_LEN(names));
}

static struct value_time at_second(int64_t seconds, bool has_time, bool is_utc)
{
    int32_t day = civil_day_of_seconds(seconds);

    return (struct value_time){
        .day = day,
        .second = has_time ? (int32_t)(seconds - (int64_t)day * CIVIL_SECONDS_A_DAY) : 0,
        .has_time = has_time,
        .is_utc = is_utc,
    };
}

/** A date of the property, moved; in UTC if it has a zone. */
static void put_when(struct writer *writer, struct str name, const struct property *property,
    const struct when *when, int64_t shift, bool has_value)
{
    char text[VALUE_TIME_TEXT];
    struct arena *arena = writer->reader.when.arena;
    struct str tzid;
    bool is_zoned = when->time.has_time &&
                    (when->time.is_utc || property_param(property, S("TZID"), arena, &tzid));
    struct value_time moved =
        at_second(is_zoned ? when_instant(when, shift) : when_wall(when) + shift,
            when->time.has_time, is_zoned);
    struct str value = has_value ? value_format_time(&moved, text) : S("");
    struct str params = property_params_without(property, S("TZID"), arena);

    if (str_eq_nocase(name, S("RECURRENCE-ID"))) {
        params = when->time.has_time ? S("") : S(";VALUE=DATE");
    }
    buf_put(
        writer->out, edit_format_line(arena, writer->document->has_lf_only, name, params, value));
}

/** Is it to be written as one of an occurrence, and has it been? */
static bool put_expanded(struct writer *writer, const struct property *property, bool has_value)
{
    struct str tzid;
    struct when when;
    bool is_todo_date = is_moving(property->name);

    if (is_dropped(property->name)) {
        return true;
    }
    if (!is_todo_date && (property->params.n == 0 || !property_param(property, S("TZID"),
                                                         writer->reader.when.arena, &tzid))) {
        return false;
    }
    if (!when_read(&writer->reader.when, property, &when)) {
        return false;
    }
    put_when(writer, property->name, property, &when, is_todo_date ? writer->shift : 0, has_value);
    return true;
}

static const struct prop_part *find_prop(
    struct writer *writer, const struct comp_part *part, struct str name)
{
    const struct prop_part *prop = part->props;

    writer->looks++;
    while (prop != NULL && !str_eq_nocase(prop->name, name)) {
        writer->looks++;
        prop = prop->next;
    }
    return prop;
}

static void put_property(
    struct writer *writer, const struct comp_part *part, const struct property *property)
{
    const struct prop_part *prop = find_prop(writer, part, property->name);
    bool has_value = prop == NULL || !prop->has_no_value;

    if (prop == NULL && !part->has_all_props) {
        return;
    }
    if (writer->todo != NULL && put_expanded(writer, property, has_value)) {
        return;
    }
    if (has_value) {
        buf_put(writer->out, property->raw);
    } else {
        buf_put(writer->out, property->name);
        buf_put(writer->out, property->params);
        buf_put_char(writer->out, ':');
        buf_put_text(writer->out, writer->eol);
    }
}

/** Of the occurrence in hand: an override's own, else the date that it moved to. */
static void put_recurrence_id(struct writer *writer, const struct comp_part *part)
{
    const struct component *todo = writer->todo;
    const struct property *id = property_find(todo->properties, S("RECURRENCE-ID"));
    const struct prop_part *prop = find_prop(writer, part, S("RECURRENCE-ID"));
    struct when when;

    if (prop == NULL && !part->has_all_props) {
        return;
    }
    if (id == NULL) {
        id = property_find(todo->properties, S("DTSTART"));
        if (!when_read(&writer->reader.when, id, &when)) {
            id = property_find(todo->properties, S("DUE"));
        }
    }
    if (when_read(&writer->reader.when, id, &when)) {
        put_when(writer, S("RECURRENCE-ID"), id, &when, writer->shift,
            prop == NULL || !prop->has_no_value);
    }
}

/* ---- components ---- */

static void put_component(
    struct writer *writer, const struct comp_part *part, const struct component *component);

/** What is asked for of a child; NULL: nothing. */
static const struct comp_part *find_child(
    struct writer *writer, const struct comp_part *part, struct str name)
{
    const struct comp_part *child = part->children;

    while (child != NULL && !str_eq_nocase(child->name, name)) {
        writer->looks++;
        child = child->next;
    }
    return child == NULL && part->has_all_children ? &everything : child;
}

static void add_shift(int64_t shift, void *arg)
{
    struct writer *writer = arg;

    if (writer->shift_count == DATA_PART_MAX_INSTANCES) {
        writer->is_full = true;
    } else {
        writer->shifts[writer->shift_count++] = shift;
    }
}

static int compare_shifts(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/** Each occurrence in the range as a component of its own; what does not repeat as it is. */
static void put_occurrences(
    struct writer *writer, const struct comp_part *part, const struct component *todo)
{
    bool is_override = property_find(todo->properties, S("RECURRENCE-ID")) != NULL;

    writer->todo = todo;
    writer->shift = 0;
    writer->is_occurrence = is_override || range_reader_series(&writer->reader, todo) != NULL;
    if (!writer->is_occurrence) {
        put_component(writer, part, todo);
        writer->todo = NULL;
        return;
    }
    writer->shift_count = 0;
    writer->is_cut |=
        !time_range_each(writer->part->expand, &writer->reader, todo, add_shift, writer);
    qsort(writer->shifts, writer->shift_count, sizeof(int64_t), compare_shifts);
    for (size_t i = 0; i < writer->shift_count && !writer->is_cut && !is_full(writer); i++) {
        if (i == 0 || writer->shifts[i] != writer->shifts[i - 1]) {
            writer->shift = writer->shifts[i];
            put_component(writer, part, todo);
        }
    }
    writer->todo = NULL;
}

/** RFC 4791 9.6.6: an override that is in the range, or stands for an occurrence that was. */
static bool is_within_limit(struct writer *writer, const struct component *todo)
{
    const struct time_range *range = writer->part->limit;
    const struct instances *set;
    int64_t shift;

    if (range == NULL || !str_eq_nocase(todo->name, S("VTODO")) ||
        property_find(todo->properties, S("RECURRENCE-ID")) == NULL ||
        time_range_has_todo(range, &writer->reader, todo)) {
        return true;
    }
    set = range_reader_series(&writer->reader, todo);
    return set != NULL && instances_override_shift(&writer->reader.when, set, todo, &shift) &&
           time_range_has_occurrence(range, &writer->reader, set->master, shift);
}

static void put_child(
    struct writer *writer, const struct comp_part *part, const struct component *child)
{
    const struct comp_part *wanted = find_child(writer, part, child->name);
    bool is_top = writer->todo == NULL;

    if (wanted == NULL || !is_within_limit(writer, child)) {
        return;
    }
    if (!writer->is_expanding || !is_top) {
        put_component(writer, wanted, child);
    } else if (str_eq_nocase(child->name, S("VTODO"))) {
        put_occurrences(writer, wanted, child);
    } else if (!str_eq_nocase(child->name, S("VTIMEZONE"))) {
        put_component(writer, wanted, child);
    }
}

static void put_component(
    struct writer *writer, const struct comp_part *part, const struct component *component)
{
    if (part == &everything && writer->todo == NULL) {
        buf_put(writer->out, component->raw);
        return;
    }
    buf_printf(writer->out, "BEGIN:%.*s%s", STR_ARG(component->name), writer->eol);
    for (const struct property *p = component->properties; p != NULL && !is_full(writer);
         p = p->next) {
        put_property(writer, part, p);
    }
    if (component == writer->todo && writer->is_occurrence) {
        put_recurrence_id(writer, part);
    }
    for (const struct component *c = component->children; c != NULL && !is_full(writer);
         c = c->next) {
        put_child(writer, part, c);
    }
    buf_printf(writer->out, "END:%.*s%s", STR_ARG(component->name), writer->eol);
}

bool data_part_write(const struct data_part *part, const struct document *document,
    struct arena *arena, struct buf *out)
{
    struct writer writer = {
        .part = part,
        .document = document,
        .eol = document->has_lf_only ? "\n" : "\r\n",
        .out = out,
        .is_expanding = part->expand != NULL,
    };

    range_reader_init(&writer.reader, document, part->zone, arena);
    if (writer.is_expanding) {
        writer.shifts = arena_alloc_array(arena, DATA_PART_MAX_INSTANCES, sizeof(int64_t));
    }
    put_component(&writer, &part->comp, document->calendar);
    if (writer.is_cut) {
        buf_clear(out);
        writer.is_expanding = false;
        writer.is_full = false;
        writer.looks = 0;
        put_component(&writer, &part->comp, document->calendar);
    }
    range_reader_done(&writer.reader);
    return !is_full(&writer);
}
