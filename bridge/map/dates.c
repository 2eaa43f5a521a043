#include "bridge/map/dates.h"

struct targets {
    struct vtodo_when start;
    struct vtodo_when due;
};

/** S4: a new date takes form, zone and time of day of its sibling. */
static struct vtodo_when borrow(
    const struct vtodo *vtodo, const struct vtodo_when *sibling, int32_t day)
{
    struct vtodo_when when = { .zone = vtodo->hint };

    if (sibling->is_set) {
        when = *sibling;
    }
    when.is_set = true;
    when.day = day;
    return when;
}

static bool is_recurring(const struct vtodo *vtodo, const struct task *returned)
{
    return vtodo->first[VTODO_RRULE] != NULL ||
           (returned->recurrence.is_set && returned->status != TASK_DONE);
}

static void move_start(const struct vtodo *vtodo, const struct task *returned, struct targets *to)
{
    if (!returned->start.is_set) {
        to->start.is_set = false;
    } else if (to->start.is_set) {
        to->start.day = returned->start.day;
    } else if (is_recurring(vtodo, returned) || !returned->due.is_set ||
               returned->start.day < returned->due.day) {
        to->start = borrow(vtodo, &vtodo->due, returned->start.day);
    }
    /* else S5, S6: a start on the due date or behind it is not shown */
}

static void move_due(const struct vtodo *vtodo, const struct task *returned, struct targets *to)
{
    if (!returned->due.is_set) {
        to->due.is_set = false;
    } else if (to->due.is_set) {
        to->due.day = returned->due.day;
    } else {
        to->due = borrow(vtodo, &vtodo->start, returned->due.day);
    }
}

/** Starts and dues that the flags of mapping.md 1.1 have hidden come to light when they must. */
static void settle(const struct vtodo *vtodo, const struct task *base, const struct task *returned,
    struct targets *to)
{
    if (!returned->due.is_set) {
        return;
    }
    if (!to->due.is_set && !(to->start.is_set && to->start.day == returned->due.day)) {
        to->due = borrow(vtodo, &vtodo->start, returned->due.day); /* S8 */
    }
    if (!to->start.is_set && returned->start.is_set && base->start.is_set &&
        returned->start.day < returned->due.day) {
        to->start = borrow(vtodo, &vtodo->due, returned->start.day); /* no longer S5 or S6 */
    }
    if (!to->start.is_set && vtodo->first[VTODO_RRULE] == NULL && is_recurring(vtodo, returned)) {
        to->start = borrow(vtodo, &to->due, /* S9: a rule needs a DTSTART */
            returned->start.is_set ? returned->start.day : returned->due.day);
    }
    if (!to->start.is_set || !to->due.is_set) {
        return;
    }
    bool was_ordered =
        !vtodo->start.is_set || !vtodo->due.is_set || vtodo->start.day <= vtodo->due.day;
    if (to->start.day > to->due.day && was_ordered) {
        to->start.is_set = false; /* S6 */
    } else if (to->start.day == to->due.day && to->start.form == to->due.form &&
               to->start.second > to->due.second) {
        to->start.second = to->due.second;
    }
}

/** A UTC value was read on the wall of its sibling's zone: without the sibling it names the zone.
 */
static void keep_hint(struct vtodo_when *stays, const struct vtodo_when *goes)
{
    if (stays->is_set && stays->form == TASK_TIME_UTC && goes->is_set &&
        goes->form == TASK_TIME_ZONED) {
        stays->form = TASK_TIME_ZONED;
        stays->tzid = goes->tzid;
        stays->zone = goes->zone;
    }
}

static bool differs(const struct vtodo_when *a, const struct vtodo_when *b)
{
    return a->is_set != b->is_set ||
           (a->is_set && (a->day != b->day || a->second != b->second || a->form != b->form));
}

static void write_date(struct set *set, enum vtodo_name name, const struct vtodo_when *when)
{
    if (when->is_set) {
        set_when(set, name, when);
    } else {
        set_remove(set, name);
    }
}

bool dates_merge(struct set *set, task_fields fields, const struct task *projected,
    const struct task *base, const struct task *returned)
{
    const struct vtodo *vtodo = set->vtodo;
    struct targets to = { vtodo->start, vtodo->due };
    bool is_due_absent = !vtodo->due.is_set;

    if ((fields & TASK_FIELD(TASK_START)) && !task_field_eq(projected, returned, TASK_START)) {
        move_start(vtodo, returned, &to);
    }
    if ((fields & TASK_FIELD(TASK_DUE)) && !task_field_eq(projected, returned, TASK_DUE) &&
        !(is_due_absent && vtodo->start.is_set && returned->due.is_set &&
            returned->due.day == to.start.day)) { /* S7 */
        move_due(vtodo, returned, &to);
    }
    settle(vtodo, base, returned, &to);
    if (!to.start.is_set) {
        keep_hint(&to.due, &vtodo->start);
    }
    if (!to.due.is_set) {
        keep_hint(&to.start, &vtodo->due);
    }
    bool has_new_start = differs(&to.start, &vtodo->start);
    bool has_new_due = differs(&to.due, &vtodo->due);
    if (has_new_start) {
        write_date(set, VTODO_DTSTART, &to.start);
    }
    if (has_new_due || (vtodo->is_due_by_duration && has_new_start)) { /* S10 */
        set_remove(set, VTODO_DURATION);
        write_date(set, VTODO_DUE, &to.due);
    }
    return has_new_start || has_new_due;
}
