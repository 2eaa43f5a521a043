#include "bridge/map/map.h"

#include "bridge/map/occurrence.h"
#include "bridge/map/read.h"
#include "bridge/map/series.h"
#include "bridge/map/set.h"

bool map_is_copy(
    const struct map_object *object, struct str series, const struct map_context *context)
{
    struct vtodo copy;
    struct vtodo master;
    struct series dates;
    struct task a;
    struct task b;
    struct err err;

    if (!vtodo_open(object->document, context, &copy, &err) ||
        !vtodo_open(series, context, &master, &err) || copy.first[VTODO_RRULE] != NULL ||
        !series_anchor(&copy)->is_set) {
        return false;
    }
    read_task(&copy, &a);
    read_task(&master, &b);
    series_read(&master, &dates);
    return dates.mode != SERIES_NONE && a.status == TASK_DONE && b.status != TASK_DONE &&
           str_eq(str_trim(a.title), str_trim(b.title)) && series_anchor(&copy)->day == dates.first;
}

struct str map_render_occurrence(
    const struct task *task, struct str series, struct str uid, const struct map_context *context)
{
    struct str document = map_render(task, uid, context);
    struct vtodo vtodo;
    struct vtodo master;
    struct edit edit;
    struct err err;

    if (!vtodo_open(document, context, &vtodo, &err) ||
        !vtodo_open(series, context, &master, &err)) {
        return document;
    }
    edit_init(&edit, &vtodo.document, context->arena);
    edit_insert(
        &edit, vtodo.todo, S("RELATED-TO"), S(";RELTYPE=SIBLING"), master.first[VTODO_UID]->value);
    return edit_finish(&edit);
}

bool map_is_same_occurrence(
    const struct map_object *object, struct str made, const struct map_context *context)
{
    struct vtodo copy;
    struct vtodo occurrence;
    struct task a;
    struct task b;
    struct err err;

    if (str_find(made, S("RELTYPE=SIBLING")) == SIZE_MAX ||
        !vtodo_open(object->document, context, &copy, &err) ||
        !vtodo_open(made, context, &occurrence, &err)) {
        return false;
    }
    read_task(&copy, &a);
    read_task(&occurrence, &b);
    return copy.first[VTODO_RRULE] == NULL && occurrence.first[VTODO_RRULE] == NULL &&
           a.status == TASK_DONE && b.status == TASK_DONE &&
           str_eq(str_trim(a.title), str_trim(b.title)) && series_anchor(&copy)->is_set &&
           series_anchor(&copy)->day == series_anchor(&occurrence)->day;
}

/** RELATED-TO;RELTYPE=SIBLING the series. */
static bool is_sibling(const struct vtodo *vtodo, struct str uid)
{
    const struct property *p = property_find(vtodo->todo->properties, S("RELATED-TO"));
    struct str type;

    for (; p != NULL; p = property_find(p->next, S("RELATED-TO"))) {
        if (str_eq(str_trim(p->value), uid) &&
            property_param(p, S("RELTYPE"), vtodo->context->arena, &type) &&
            str_eq_nocase(type, S("SIBLING"))) {
            return true;
        }
    }
    return false;
}

bool map_is_occurrence(
    struct str document, struct str series, int32_t day, const struct map_context *context)
{
    struct vtodo vtodo;
    struct vtodo master;
    struct err err;

    if (!vtodo_open(document, context, &vtodo, &err) ||
        !vtodo_open(series, context, &master, &err) || vtodo.first[VTODO_RRULE] != NULL ||
        read_status(&vtodo) != TASK_DONE) {
        return false;
    }
    return str_eq(vtodo.first[VTODO_UID]->value, occurrence_uid(&master, day)) ||
           (is_sibling(&vtodo, master.first[VTODO_UID]->value) && series_anchor(&vtodo)->is_set &&
               series_anchor(&vtodo)->day == day);
}
