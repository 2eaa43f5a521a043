#include "bridge/map/transplant.h"

#include "bridge/core/mem.h"
#include "bridge/map/body.h"
#include "bridge/map/read.h"
#include "ical/edit.h"
#include "ical/value.h"

/** The properties that express a field; VTODO_UID ends a row. */
static const enum vtodo_name field_names[TASK_FIELD_COUNT][5] = {
    [TASK_TITLE] = { VTODO_SUMMARY },
    [TASK_BODY] = { VTODO_DESCRIPTION, VTODO_ALT_DESC },
    [TASK_PRIORITY] = { VTODO_PRIORITY },
    [TASK_SENSITIVITY] = { VTODO_CLASS, VTODO_MS_SENSITIVITY },
    [TASK_STATUS] = { VTODO_STATUS, VTODO_MS_STATUS },
    [TASK_PERCENT] = { VTODO_PERCENT },
    [TASK_COMPLETED] = { VTODO_COMPLETED },
    [TASK_START] = { VTODO_DTSTART, VTODO_MS_DTSTART },
    [TASK_DUE] = { VTODO_DUE, VTODO_DURATION },
    [TASK_REMINDER] = { VTODO_MOZ_LASTACK, VTODO_MOZ_SNOOZE },
    [TASK_RECURRENCE] = { VTODO_RRULE, VTODO_EXRULE, VTODO_RDATE, VTODO_EXDATE },
    [TASK_CATEGORIES] = { VTODO_CATEGORIES },
    [TASK_ASSIGNED_TO] = { VTODO_MS_ASSIGNED_TO },
    [TASK_OWNER] = { VTODO_MS_OWNER },
    [TASK_URL] = { VTODO_URL },
};

struct transplant {
    const struct vtodo *to;
    const struct vtodo *from;
    struct arena *arena;
    struct edit edit;
};

/** A line of the other document with the line end of this one. */
static struct str line_of(const struct transplant *t, const struct property *p)
{
    bool has_lf_only = t->to->document.has_lf_only;

    return has_lf_only == t->from->document.has_lf_only
               ? p->raw
               : edit_format_line(t->arena, has_lf_only, p->name, p->params, p->value);
}

static struct component *find_timezone(const struct document *document, struct str tzid)
{
    for (struct component *c = component_find(document->calendar->children, S("VTIMEZONE"));
         c != NULL; c = component_find(c->next, S("VTIMEZONE"))) {
        const struct property *id = property_find(c->properties, S("TZID"));

        if (id != NULL && str_eq(id->value, tzid)) {
            return c;
        }
    }
    return NULL;
}

/** A date needs the definition of its zone. */
static void bring_timezone(struct transplant *t, const struct property *p)
{
    struct str tzid;
    struct component *zone;

    if (p->params.n > 0 && property_param(p, S("TZID"), t->arena, &tzid) &&
        find_timezone(&t->to->document, tzid) == NULL &&
        (zone = find_timezone(&t->from->document, tzid)) != NULL) {
        edit_append_raw(&t->edit, t->to->document.calendar, zone->raw);
    }
}

/** A date in DUE that means the same to the other document's client (due_date_exclusive). */
static bool bring_due(struct transplant *t, const struct property *p)
{
    char text[VALUE_TIME_TEXT];
    struct value_time time = { .day = t->from->due.day + (t->to->is_due_exclusive ? 1 : 0) };

    if (p != t->from->first[VTODO_DUE] || t->from->due.form != TASK_DATE_ONLY ||
        !t->from->due.is_set || t->to->is_due_exclusive == t->from->is_due_exclusive) {
        return false;
    }
    edit_insert(&t->edit, t->to->todo, p->name, p->params,
        arena_copy(t->arena, value_format_time(&time, text)));
    return true;
}

static void bring_name(struct transplant *t, enum vtodo_name name)
{
    for (const struct property *p = t->to->first[name]; p != NULL; p = vtodo_next(name, p)) {
        edit_remove(&t->edit, p);
    }
    for (const struct property *p = t->from->first[name]; p != NULL; p = vtodo_next(name, p)) {
        if (!bring_due(t, p)) {
            edit_insert_raw(&t->edit, t->to->todo, line_of(t, p));
            bring_timezone(t, p);
        }
    }
}

static void bring_alarms(struct transplant *t)
{
    for (const struct component *c = t->to->todo->children; c != NULL; c = c->next) {
        if (str_eq_nocase(c->name, S("VALARM"))) {
            edit_remove_component(&t->edit, c);
        }
    }
    for (const struct component *c = t->from->todo->children; c != NULL; c = c->next) {
        if (str_eq_nocase(c->name, S("VALARM"))) {
            edit_append_raw(&t->edit, t->to->todo, c->raw);
        }
    }
}

struct str transplant_fields(const struct vtodo *to, const struct vtodo *from, task_fields fields)
{
    struct transplant t = { to, from, to->context->arena, .edit = { 0 } };

    edit_init(&t.edit, &to->document, t.arena);
    for (unsigned f = 0; f < TASK_FIELD_COUNT; f++) {
        if (!(fields & TASK_FIELD(f))) {
            continue;
        }
        for (unsigned i = 0; i < ARRAY_LEN(field_names[f]) && field_names[f][i] != VTODO_UID; i++) {
            bring_name(&t, field_names[f][i]);
        }
        if (f == TASK_REMINDER) {
            bring_alarms(&t);
        }
    }
    return edit_finish(&t.edit);
}

/* ---- extras ---- */

static bool is_same_line(const struct transplant *t, enum vtodo_name name)
{
    const struct property *a = t->to->first[name];
    const struct property *b = t->from->first[name];

    return a == NULL || b == NULL ? a == b : str_eq_nocase(str_trim(a->value), str_trim(b->value));
}

static bool was_dropped(const struct transplant *t, enum vtodo_name name)
{
    return t->to->first[name] == NULL && t->from->first[name] != NULL;
}

static bool is_same_when(const struct vtodo_when *a, const struct vtodo_when *b)
{
    return a->is_set == b->is_set &&
           (!a->is_set || (a->day == b->day && a->form == b->form && a->second == b->second));
}

static bool is_same_text(const struct transplant *t, enum vtodo_name name)
{
    struct str a = vtodo_text(t->to, t->to->first[name]);
    struct str b = vtodo_text(t->from, t->from->first[name]);

    return str_eq(str_trim(a), str_trim(b));
}

/** mapping.md 2.3: HTML stays while DESCRIPTION does, and goes when only DESCRIPTION was changed.
 */
static void settle_html(struct transplant *t)
{
    const struct property *description = t->to->first[VTODO_DESCRIPTION];
    struct str had;
    struct str has;

    if (!body_find_html(t->from, &had)) {
        return;
    }
    bool has_html = body_find_html(t->to, &has);
    if (is_same_text(t, VTODO_DESCRIPTION)) {
        if (!has_html) {
            bring_name(t, VTODO_DESCRIPTION);
            bring_name(t, VTODO_ALT_DESC);
        }
    } else if (has_html && str_eq(had, has)) {
        for (const struct property *p = t->to->first[VTODO_ALT_DESC]; p != NULL;
             p = vtodo_next(VTODO_ALT_DESC, p)) {
            edit_remove(&t->edit, p);
        }
        if (description != NULL) {
            edit_replace(&t->edit, description, description->name,
                property_params_without(description, S("ALTREP"), t->arena), description->value);
        }
    }
}

struct str transplant_extras(const struct vtodo *to, const struct vtodo *from)
{
    struct transplant t = { to, from, to->context->arena, .edit = { 0 } };
    enum task_status plain = read_status(to);

    edit_init(&t.edit, &to->document, t.arena);
    settle_html(&t);
    if (was_dropped(&t, VTODO_MS_SENSITIVITY) && is_same_line(&t, VTODO_CLASS)) {
        bring_name(&t, VTODO_MS_SENSITIVITY);
    }
    if (was_dropped(&t, VTODO_MS_STATUS) && plain == read_status(from)) {
        bring_name(&t, VTODO_MS_STATUS);
    } else if (to->first[VTODO_MS_STATUS] != NULL && from->first[VTODO_MS_STATUS] != NULL &&
               is_same_line(&t, VTODO_MS_STATUS) && plain != read_status(from)) {
        /* repeated without thought, while the status it stood for is gone */
        edit_remove(&t.edit, to->first[VTODO_MS_STATUS]);
    }
    /* Repeated by a client that reads it in another way: it means what it meant to the writer. */
    if (to->is_due_exclusive != from->is_due_exclusive && to->due.form == TASK_DATE_ONLY &&
        from->due.form == TASK_DATE_ONLY && to->due.is_set && is_same_line(&t, VTODO_DUE)) {
        bring_name(&t, VTODO_DUE);
    }
    if (was_dropped(&t, VTODO_MS_DTSTART) && !to->start.is_set &&
        is_same_when(&to->due, &from->due)) {
        bring_name(&t, VTODO_MS_DTSTART);
    }
    /* A DTSTART that equals DUE is dropped by the library inside DAVx5: mapping.md T14. */
    if (was_dropped(&t, VTODO_DTSTART) && !to->is_due_by_duration &&
        is_same_when(&from->start, &from->due) && from->start.is_set &&
        is_same_when(&to->due, &from->due)) {
        bring_name(&t, VTODO_DTSTART);
    }
    return edit_finish(&t.edit);
}
