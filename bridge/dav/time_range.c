#include "bridge/dav/time_range.h"

#include "bridge/core/clock.h"

/* Walls differ from UTC by less than this. */
#define MARGIN_S (2 * CIVIL_SECONDS_A_DAY)
/* Beyond any date; far from overflow. */
#define FAR_S INT64_C(400000000000)

/* ---- the element ---- */

static bool parse_time(struct str text, int64_t *out)
{
    struct value_time time;

    if (!value_parse_time(text, &time) || !time.has_time || !time.is_utc) {
        return false;
    }
    *out = (int64_t)time.day * CIVIL_SECONDS_A_DAY + time.second;
    return true;
}

static bool refuse(enum fault *fault_out, enum fault fault, struct err *err, const char *text)
{
    *fault_out = fault;
    return err_set(err, ERR_INVALID, "%s", text);
}

bool time_range_parse(const struct xml_node *node, struct arena *arena, struct time_range **out,
    enum fault *fault_out, struct err *err)
{
    struct str start = xml_attribute(node, S("start"));
    struct str end = xml_attribute(node, S("end"));
    struct time_range *range = ARENA_NEW(arena, struct time_range);
    int64_t min = 0;
    int64_t max = 0;

    *range = (struct time_range){ INT64_MIN, INT64_MAX };
    (void)(parse_time(S(TIME_RANGE_MIN), &min) && parse_time(S(TIME_RANGE_MAX), &max));
    if (start.p == NULL && end.p == NULL) {
        return refuse(fault_out, FAULT_VALID_FILTER, err, "a time-range without start and end");
    }
    if ((start.p != NULL && !parse_time(start, &range->start)) ||
        (end.p != NULL && !parse_time(end, &range->end))) {
        return refuse(fault_out, FAULT_VALID_FILTER, err, "a bound of a time-range is no UTC time");
    }
    if (range->start >= range->end) {
        return refuse(
            fault_out, FAULT_VALID_FILTER, err, "a time-range that ends before it starts");
    }
    if (range->end < min) {
        return refuse(fault_out, FAULT_MIN_DATE_TIME, err, "a time-range before the year 1601");
    }
    if (range->start > max) {
        return refuse(fault_out, FAULT_MAX_DATE_TIME, err, "a time-range after the year 4500");
    }
    *out = range;
    return true;
}

/* ---- the dates of a document ---- */

/** The series of the document: the first VTODO that is not an occurrence of another. */
static const struct component *find_first(const struct document *document)
{
    const struct component *todo = component_find(document->calendar->children, S("VTODO"));

    while (todo != NULL && property_find(todo->properties, S("RECURRENCE-ID")) != NULL) {
        todo = component_find(todo->next, S("VTODO"));
    }
    return todo;
}

void range_reader_init(struct range_reader *reader, const struct document *document,
    const struct zone *zone, struct arena *arena)
{
    *reader = (struct range_reader){
        .first = find_first(document),
        .when = { .document = document,
            .zone = zone,
            .year = civil_from_seconds(clock_now_s()).year,
            .arena = arena },
    };
}

void range_reader_done(struct range_reader *reader)
{
    arena_free(&reader->series_arena);
    *reader = (struct range_reader){ 0 };
}

static void count_work(struct range_reader *reader, const struct component *component)
{
    for (const struct property *p = component->properties; p != NULL; p = p->next) {
        reader->work++; /* about what it takes to look for the dates */
    }
}

const struct instances *range_reader_series(
    struct range_reader *reader, const struct component *todo)
{
    bool is_override = property_find(todo->properties, S("RECURRENCE-ID")) != NULL;
    const struct component *master = is_override ? reader->first : todo;
    const struct component *siblings = reader->when.document->calendar->children;

    if (reader->series != NULL && reader->series == master) {
        return &reader->instances;
    }
    if (master == NULL || !instances_repeats(&reader->when, master)) {
        return NULL;
    }
    reader->series = master;
    arena_free(&reader->series_arena);
    reader->series_arena = arena_new();
    instances_read(&reader->when, master, master == reader->first ? siblings : NULL,
        reader->series_arena, &reader->instances);
    reader->work += reader->instances.skipped_count + reader->instances.extra_count;
    return &reader->instances;
}

static bool find_when(
    struct range_reader *reader, const struct component *todo, const char *name, struct when *out)
{
    return when_read(&reader->when, property_find(todo->properties, str_from(name)), out);
}

/** False also for one that is longer than the calendar. */
static bool parse_duration(const struct property *property, struct value_duration *out)
{
    const int64_t days = FAR_S / CIVIL_SECONDS_A_DAY;

    return property != NULL && value_parse_duration(property->value, out) && out->days < days &&
           out->days > -days && out->seconds < FAR_S && out->seconds > -FAR_S;
}

/** What the table of RFC 4791 9.9 looks at. */
struct todo_dates {
    struct when start, due, completed, created;
    bool has_duration; /**< counts only with DTSTART and without DUE */
    struct value_duration duration;
};

static void read_dates(
    struct range_reader *reader, const struct component *todo, struct todo_dates *out)
{
    count_work(reader, todo);
    *out = (struct todo_dates){ 0 };
    (void)find_when(reader, todo, "DTSTART", &out->start);
    (void)find_when(reader, todo, "DUE", &out->due);
    (void)find_when(reader, todo, "COMPLETED", &out->completed);
    (void)find_when(reader, todo, "CREATED", &out->created);
    out->has_duration =
        out->start.is_set && !out->due.is_set &&
        parse_duration(property_find(todo->properties, S("DURATION")), &out->duration);
}

/** Nominal days, then exact seconds (RFC 5545 3.3.6). */
static int64_t instant_after(
    const struct when *when, int64_t shift_s, const struct value_duration *duration)
{
    return when_instant(when, shift_s + duration->days * CIVIL_SECONDS_A_DAY) + duration->seconds;
}

/** Moved on the wall clock by shift_s: an occurrence. */
static bool is_in_table(
    const struct time_range *range, const struct todo_dates *dates, int64_t shift_s)
{
    int64_t s = range->start;
    int64_t e = range->end;
    int64_t start = dates->start.is_set ? when_instant(&dates->start, shift_s) : 0;
    int64_t due = dates->due.is_set ? when_instant(&dates->due, shift_s) : 0;
    int64_t completed = dates->completed.is_set ? when_instant(&dates->completed, 0) : 0;
    int64_t created = dates->created.is_set ? when_instant(&dates->created, 0) : 0;

    if (dates->has_duration) {
        int64_t end = instant_after(&dates->start, shift_s, &dates->duration);

        return s <= end && (e > start || e >= end);
    }
    if (dates->start.is_set && dates->due.is_set) {
        return (s < due || s <= start) && (e > start || e >= due);
    }
    if (dates->start.is_set) {
        return s <= start && e > start;
    }
    if (dates->due.is_set) {
        return s < due && e >= due;
    }
    if (dates->completed.is_set && dates->created.is_set) {
        return (s <= created || s <= completed) && (e >= created || e >= completed);
    }
    if (dates->completed.is_set) {
        return s <= completed && e >= completed;
    }
    return !dates->created.is_set || e > created;
}

/** From the first date to the last, about; 0 if there is one only. */
static int64_t length_of(const struct todo_dates *dates)
{
    int64_t length = 0;

    if (dates->has_duration) {
        length = dates->duration.days * CIVIL_SECONDS_A_DAY + dates->duration.seconds;
    } else if (dates->start.is_set && dates->due.is_set) {
        length = when_wall(&dates->due) - when_wall(&dates->start);
    }
    return length;
}

static int64_t clamped(int64_t seconds)
{
    return seconds < -FAR_S ? -FAR_S : seconds > FAR_S ? FAR_S : seconds;
}

/** The occurrences that may overlap the range, of which each takes `length` seconds. */
static void start_walk(struct instances_walk *walk, struct range_reader *reader,
    const struct instances *set, const struct component *component, const struct time_range *range,
    int64_t length)
{
    int64_t before = length > 0 ? clamped(length) : 0;
    int64_t after = length < 0 ? -clamped(length) : 0;

    instances_start(walk, &reader->when, set, component, clamped(range->start) - before - MARGIN_S,
        clamped(range->end) + after + MARGIN_S);
}

/** The series whose occurrences have this component's properties; NULL: it stands for itself. */
static const struct instances *series_of(struct range_reader *reader, const struct component *todo)
{
    const struct instances *set = range_reader_series(reader, todo);

    return set != NULL && (set->master == todo || instances_is_later(set, todo)) ? set : NULL;
}

/** Of a rule that cannot be followed: too much rather than too little, since clients drop what is
 * left out. */
static bool may_have(
    const struct time_range *range, const struct instances *set, const struct todo_dates *dates)
{
    int64_t length = length_of(dates);
    int64_t end = instances_end(set);

    if (end < INT64_MAX && length > 0) {
        end += length;
    }
    return range->end > when_instant(&set->anchor, 0) && range->start <= end;
}

bool time_range_has_todo(
    const struct time_range *range, struct range_reader *reader, const struct component *todo)
{
    const struct instances *set = series_of(reader, todo);
    struct instances_walk walk;
    struct todo_dates dates;
    bool has = false;
    int64_t shift;

    read_dates(reader, todo, &dates);
    if (set == NULL) {
        return is_in_table(range, &dates, 0);
    }
    start_walk(&walk, reader, set, todo, range, length_of(&dates));
    while (!has && instances_next(&walk, &shift)) {
        has = is_in_table(range, &dates, shift);
    }
    reader->work += walk.work;
    return has || (walk.is_cut && may_have(range, set, &dates));
}

bool time_range_has_occurrence(const struct time_range *range, struct range_reader *reader,
    const struct component *todo, int64_t shift_s)
{
    struct todo_dates dates;

    read_dates(reader, todo, &dates);
    return is_in_table(range, &dates, shift_s);
}

bool time_range_each(const struct time_range *range, struct range_reader *reader,
    const struct component *todo, time_range_cb *cb, void *arg)
{
    const struct instances *set = series_of(reader, todo);
    struct instances_walk walk;
    struct todo_dates dates;
    int64_t shift;

    read_dates(reader, todo, &dates);
    if (set == NULL) {
        if (is_in_table(range, &dates, 0)) {
            cb(0, arg);
        }
        return true;
    }
    start_walk(&walk, reader, set, todo, range, length_of(&dates));
    while (instances_next(&walk, &shift)) {
        if (is_in_table(range, &dates, shift)) {
            cb(shift, arg);
        }
    }
    reader->work += walk.work;
    return !walk.is_cut;
}

/* ---- alarms ---- */

/** When an alarm rings: `days` and `seconds` from a date of its task, then `repeats` times more. */
struct rings {
    struct when from;
    struct value_duration offset;
    struct value_duration length; /**< of the task, where `from` is its start and END is meant */
    int64_t step;
    int64_t repeats;
};

static void read_repeats(const struct component *alarm, struct rings *out)
{
    const struct property *repeat = property_find(alarm->properties, S("REPEAT"));
    struct value_duration step;

    if (repeat == NULL || !str_to_i64(str_trim(repeat->value), &out->repeats) ||
        !parse_duration(property_find(alarm->properties, S("DURATION")), &step)) {
        out->repeats = 0;
        return;
    }
    out->step = step.days * CIVIL_SECONDS_A_DAY + step.seconds;
    if (out->step <= 0 || out->repeats < 0) {
        out->repeats = 0;
    } else if (out->repeats > FAR_S / out->step) {
        out->repeats = FAR_S / out->step;
    }
}

/** False: it never rings. *is_fixed_out: at a time of its own. */
static bool read_rings(struct range_reader *reader, const struct component *alarm,
    const struct component *parent, struct rings *out, bool *is_fixed_out)
{
    const struct property *trigger = property_find(alarm->properties, S("TRIGGER"));
    struct todo_dates dates;
    struct str related;

    *out = (struct rings){ 0 };
    read_repeats(alarm, out);
    *is_fixed_out = when_read(&reader->when, trigger, &out->from);
    if (*is_fixed_out || trigger == NULL) {
        return *is_fixed_out;
    }
    read_dates(reader, parent, &dates);
    if (!parse_duration(trigger, &out->offset)) {
        return false;
    }
    bool is_end = property_param(trigger, S("RELATED"), reader->when.arena, &related) &&
                  str_eq_nocase(related, S("END"));

    if (is_end && !dates.due.is_set && dates.has_duration) {
        out->length = dates.duration;
    }
    /* With DUE alone, clients write alarms as if it were the start. */
    out->from = dates.start.is_set && !(is_end && dates.due.is_set) ? dates.start : dates.due;
    return out->from.is_set && !(is_end && !dates.due.is_set && !dates.has_duration);
}

static bool rings_in(const struct time_range *range, const struct rings *rings, int64_t shift_s)
{
    struct value_duration sum = { rings->offset.days + rings->length.days,
        rings->offset.seconds + rings->length.seconds };
    int64_t first = instant_after(&rings->from, shift_s, &sum);

    if (first >= range->end || first >= range->start || rings->repeats == 0) {
        return first >= range->start && first < range->end;
    }
    int64_t k = (range->start - first + rings->step - 1) / rings->step;

    return k <= rings->repeats && first + k * rings->step < range->end;
}

bool time_range_has_alarm(const struct time_range *range, struct range_reader *reader,
    const struct component *alarm, const struct component *parent)
{
    struct instances_walk walk;
    struct rings rings;
    struct when anchor;
    bool is_fixed;
    bool has = false;
    int64_t shift;

    if (!read_rings(reader, alarm, parent, &rings, &is_fixed)) {
        return false;
    }
    const struct instances *set = is_fixed ? NULL : series_of(reader, parent);

    if (set == NULL || !instances_anchor(&reader->when, parent, &anchor)) {
        return rings_in(range, &rings, 0);
    }
    /* Relative to the date by which occurrences are told. */
    int64_t first = when_wall(&rings.from) - when_wall(&anchor) +
                    (rings.offset.days + rings.length.days) * CIVIL_SECONDS_A_DAY +
                    rings.offset.seconds + rings.length.seconds;
    int64_t last = first + rings.repeats * rings.step;
    struct time_range looked_at = { clamped(range->start) - clamped(last),
        clamped(range->end) - clamped(first) };

    start_walk(&walk, reader, set, parent, &looked_at, 0);
    while (!has && instances_next(&walk, &shift)) {
        has = rings_in(range, &rings, shift);
    }
    reader->work += walk.work;
    return has || (walk.is_cut && range->end > when_instant(&set->anchor, 0) + clamped(first));
}

/* ---- properties ---- */

bool time_range_has_property(
    const struct time_range *range, struct range_reader *reader, const struct property *property)
{
    struct str rest = property->value;
    struct str value;
    size_t values = 0;

    while (values++ < INSTANCES_DATES && str_next(&rest, ',', &value)) {
        struct when when;

        if (when_read_value(&reader->when, property, value, &when)) {
            int64_t instant = when_instant(&when, 0);

            if (range->start <= instant && range->end > instant) {
                return true;
            }
        }
        reader->work++;
    }
    return false;
}
