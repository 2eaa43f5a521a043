#include "bridge/map/occurrence.h"

#include "bridge/core/mem.h"
#include "bridge/core/secret.h"
#include "bridge/map/set.h"

/* More overrides than this in one document are not looked at; they stay in it. */
#define MAX_OVERRIDES 200

static bool is_override(const struct vtodo *master, const struct component *c)
{
    const struct property *uid = property_find(c->properties, S("UID"));

    return c != master->todo && uid != NULL && str_trim(uid->value).n > 0 &&
           property_find(c->properties, S("RECURRENCE-ID")) != NULL;
}

struct occurrence *occurrence_list(const struct vtodo *master)
{
    struct arena *arena = master->context->arena;
    struct occurrence *first = NULL;
    struct occurrence **end = &first;
    size_t count = 0;
    struct component *c = component_find(master->document.calendar->children, S("VTODO"));

    for (; c != NULL && count < MAX_OVERRIDES; c = component_find(c->next, S("VTODO"))) {
        struct occurrence *one;
        struct str range;

        if (!is_override(master, c)) {
            continue;
        }
        one = ARENA_NEW(arena, struct occurrence);
        vtodo_open_component(master, c, &one->vtodo);
        const struct property *id = one->vtodo.first[VTODO_RECURRENCE_ID];
        struct vtodo_when when = vtodo_when(&one->vtodo, id);
        if (!when.is_set) {
            continue;
        }
        one->day = when.day;
        one->is_for_future = property_param(id, S("RANGE"), arena, &range);
        *end = one;
        end = &one->next;
        count++;
    }
    return first;
}

struct str occurrence_remove(const struct vtodo *master, int32_t day)
{
    struct edit edit;

    edit_init(&edit, &master->document, master->context->arena);
    for (const struct occurrence *one = occurrence_list(master); one != NULL; one = one->next) {
        if (one->day == day) {
            edit_remove_component(&edit, one->vtodo.todo);
        }
    }
    return edit_finish(&edit);
}

struct str occurrence_uid(const struct vtodo *master, int32_t day)
{
    struct arena *arena = master->context->arena;
    unsigned char h[SECRET_HASH_BYTES];

    secret_hash(master->first[VTODO_UID]->value, arena_printf(arena, "occurrence %d", (int)day), h);
    return arena_printf(arena,
        "%02x%02x%02x%02x-%02x%02x-5%01x%02x-a%01x%02x-%02x%02x%02x%02x%02x%02x", h[0], h[1], h[2],
        h[3], h[4], h[5], h[6] & 15, h[7], h[8] & 15, h[9], h[10], h[11], h[12], h[13], h[14],
        h[15]);
}

static void put_dates(struct set *set, const struct vtodo *master, int32_t day)
{
    struct vtodo_when due = master->due.is_set ? master->due : master->start;
    int32_t anchor = master->start.is_set ? master->start.day : master->due.day;

    if (!set->vtodo->start.is_set && !set->vtodo->due.is_set && due.is_set) {
        due.day += day - anchor;
        set_when(set, VTODO_DUE, &due);
    }
}

struct str occurrence_extract(const struct vtodo *master, const struct vtodo *override, int32_t day)
{
    static const enum vtodo_name dropped[] = { VTODO_RRULE, VTODO_MS_RRULE, VTODO_EXRULE,
        VTODO_RDATE, VTODO_EXDATE, VTODO_RECURRENCE_ID };
    const struct property *summary = master->first[VTODO_SUMMARY];
    struct set set;

    set_init(&set, override);
    for (size_t i = 0; i < ARRAY_LEN(dropped); i++) {
        set_remove(&set, dropped[i]);
    }
    set_value(&set, VTODO_UID, occurrence_uid(master, day));
    put_dates(&set, master, day);
    if (override->first[VTODO_SUMMARY] == NULL && summary != NULL) {
        edit_insert(&set.edit, override->todo, summary->name, summary->params, summary->value);
    }
    edit_insert(&set.edit, override->todo, S("RELATED-TO"), S(";RELTYPE=SIBLING"),
        master->first[VTODO_UID]->value);
    for (struct component *c = component_find(override->document.calendar->children, S("VTODO"));
         c != NULL; c = component_find(c->next, S("VTODO"))) {
        if (c != override->todo) {
            edit_remove_component(&set.edit, c);
        }
    }
    return edit_finish(&set.edit);
}
