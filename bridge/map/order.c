#include "bridge/map/order.h"

#include "ical/edit.h"
#include "ical/value.h"

/* Two walls of the same instant are at most so far apart. */
#define WALLS_APART_S (26 * 3600)

static bool read_digits(const struct component *todo, enum vtodo_name name, struct value_time *out)
{
    const struct property *p = property_find(todo->properties, vtodo_name_text(name));

    return p != NULL && value_parse_time(p->value, out);
}

static int64_t wall_of(const struct value_time *time)
{
    return (int64_t)time->day * CIVIL_SECONDS_A_DAY + time->second;
}

bool order_is_doubtful(const struct component *todo)
{
    struct value_time start;
    struct value_time due;

    if (property_find(todo->properties, vtodo_name_text(VTODO_MS_DTSTART)) != NULL) {
        return true;
    }
    if (!read_digits(todo, VTODO_DTSTART, &start) || !read_digits(todo, VTODO_DUE, &due)) {
        return false;
    }
    return start.has_time && due.has_time ? wall_of(&due) < wall_of(&start) + WALLS_APART_S
                                          : due.day < start.day;
}

static bool is_before(const struct vtodo_when *due, const struct vtodo_when *start)
{
    return due->form == TASK_DATE_ONLY || start->form == TASK_DATE_ONLY
               ? due->day < start->day
               : vtodo_when_instant(due) < vtodo_when_instant(start);
}

static void rename_line(struct edit *edit, const struct property *p, enum vtodo_name name)
{
    edit_replace(edit, p, vtodo_name_text(name), p->params, p->value);
}

static void order_one(const struct vtodo *vtodo, struct edit *edit)
{
    const struct property *start = vtodo->first[VTODO_DTSTART];
    const struct property *hidden = vtodo->first[VTODO_MS_DTSTART];
    bool has_due = vtodo->due.is_set && !vtodo->is_due_by_duration;
    struct vtodo_when was = vtodo_when(vtodo, hidden);

    if (start != NULL && hidden != NULL) {
        edit_remove(edit, hidden); /* the client has set a new one */
    }
    if (start != NULL && has_due && vtodo->start.is_set && is_before(&vtodo->due, &vtodo->start)) {
        rename_line(edit, start, VTODO_MS_DTSTART);
    } else if (start == NULL && was.is_set && !(has_due && is_before(&vtodo->due, &was))) {
        rename_line(edit, hidden, VTODO_DTSTART);
    }
}

bool order_dates(
    struct str document, const struct map_context *context, struct str *out, struct err *err)
{
    struct vtodo master;
    struct component *c;
    struct edit edit;

    if (!vtodo_open(document, context, &master, err)) {
        return false;
    }
    edit_init(&edit, &master.document, context->arena);
    for (c = component_find(master.document.calendar->children, S("VTODO")); c != NULL;
         c = component_find(c->next, S("VTODO"))) {
        struct vtodo one;

        vtodo_open_component(&master, c, &one);
        order_one(&one, &edit);
    }
    *out = edit_finish(&edit);
    return true;
}
