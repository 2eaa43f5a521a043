#include "bridge/map/map.h"

#include "bridge/core/mem.h"
#include "bridge/map/vtodo.h"
#include "ical/edit.h"

/** RELATED-TO names a parent unless it says otherwise (RFC 5545 3.8.4.5). */
static struct str read_parent(const struct vtodo *vtodo)
{
    struct arena *arena = vtodo->context->arena;
    struct str own = str_trim(property_text(vtodo->first[VTODO_UID], arena));
    const struct property *p = property_find(vtodo->todo->properties, S("RELATED-TO"));

    for (; p != NULL; p = property_find(p->next, S("RELATED-TO"))) {
        struct str uid = str_trim(property_text(p, arena));
        struct str type;

        if (uid.n > 0 && !str_eq(uid, own) &&
            (!property_param(p, S("RELTYPE"), arena, &type) || str_eq_nocase(type, S("PARENT")))) {
            return uid;
        }
    }
    return (struct str){ 0 };
}

/** The first thing that wants a task of its own (mapping.md 2.12); empty: there is none. */
static struct str find_obstacle(const struct vtodo *vtodo)
{
    static const struct str never[] = { STR("DTSTART"), STR("DUE"), STR("DURATION"), STR("RRULE"),
        STR("RDATE"), STR("EXDATE"), STR("EXRULE"), STR("RECURRENCE-ID"), STR("ATTACH") };
    static const struct str unless_empty[] = { STR("DESCRIPTION"), STR("X-ALT-DESC"),
        STR("STYLED-DESCRIPTION"), STR("CATEGORIES") };

    for (const struct property *p = vtodo->todo->properties; p != NULL; p = p->next) {
        struct str value = str_trim(p->value);
        bool is_in_the_way =
            str_eq_nocase(p->name, S("PRIORITY")) && value.n > 0 && !str_eq(value, S("0"));

        for (size_t i = 0; i < ARRAY_LEN(never); i++) {
            is_in_the_way = is_in_the_way || str_eq_nocase(p->name, never[i]);
        }
        for (size_t i = 0; i < ARRAY_LEN(unless_empty); i++) {
            is_in_the_way =
                is_in_the_way || (value.n > 0 && str_eq_nocase(p->name, unless_empty[i]));
        }
        if (is_in_the_way) {
            return p->name;
        }
    }
    return component_find(vtodo->todo->children, S("VALARM")) != NULL ? S("VALARM")
                                                                      : (struct str){ 0 };
}

bool map_read_child(
    struct str document, const struct map_context *context, struct map_child *out, struct err *err)
{
    struct vtodo vtodo;

    if (!vtodo_open(document, context, &vtodo, err)) {
        return false;
    }
    out->parent = read_parent(&vtodo);
    out->obstacle = find_obstacle(&vtodo);
    out->is_simple = out->obstacle.n == 0;
    return true;
}

/** A service tells no last change of a checklist item: the later of the two moments that it tells,
 * so that two renderings are the same bytes. */
static int64_t last_moment_us(const struct task *task)
{
    int64_t done_us = task->status == TASK_DONE && task->completed.is_moment
                          ? task->completed.instant_s * CIVIL_MICROS
                          : 0;

    return done_us > task->created_us ? done_us : task->created_us;
}

struct str map_render_child(
    const struct task *task, struct str parent, struct str uid, const struct map_context *context)
{
    struct task child = *task;
    struct str document;
    struct vtodo vtodo;
    struct edit edit;
    struct err err;

    if (child.modified_us == 0) {
        child.modified_us = last_moment_us(task);
    }
    document = map_render(&child, uid, context);
    if (!vtodo_open(document, context, &vtodo, &err)) {
        return document;
    }
    edit_init(&edit, &vtodo.document, context->arena);
    edit_insert(&edit, vtodo.todo, S("RELATED-TO"), S(";RELTYPE=PARENT"),
        edit_escape_text(context->arena, parent));
    return edit_finish(&edit);
}
