#include "bridge/cli/convert_checklist.h"

#include "bridge/core/mem.h"
#include "bridge/sync/version.h"
#include "bridge/upstream/json.h"
#include "ical/edit.h"

#include <cjson/cJSON.h>

/* ---- documents ---- */

static struct str uid_of(const struct component *todo, struct arena *arena)
{
    const struct property *p = property_find(todo->properties, S("UID"));

    return p == NULL ? S("") : str_trim(property_text(p, arena));
}

/* The document without its VTODOs, but for one. */
static struct str only(
    const struct document *document, const struct component *one, struct arena *arena)
{
    struct component *c = component_find(document->calendar->children, S("VTODO"));
    struct edit edit;

    edit_init(&edit, document, arena);
    for (; c != NULL; c = component_find(c->next, S("VTODO"))) {
        if (c != one) {
            edit_remove_component(&edit, c);
        }
    }
    return edit_finish(&edit);
}

static bool is_child(const struct convert *convert, struct str document, struct str parent)
{
    struct map_child child;
    struct err err;

    return map_read_child(document, &convert->context, &child, &err) && child.is_simple &&
           child.parent.n > 0 && str_eq(child.parent, parent);
}

struct convert_family convert_split(const struct convert *convert, struct str text)
{
    struct arena *arena = convert->context.arena;
    struct convert_family family = { .document = text };
    struct document document;
    struct component *first;
    struct edit edit;
    struct err err;
    size_t count = 0;

    if (convert->dialect->project_check == NULL ||
        !document_parse(text, &document_default_limits, arena, &document, &err)) {
        return family; /* what is wrong with it is said where it is read */
    }
    first = component_find(document.calendar->children, S("VTODO"));
    for (struct component *c = first; c != NULL; c = component_find(c->next, S("VTODO"))) {
        count++;
    }
    if (count < 2) {
        return family;
    }
    family.children = arena_alloc_array(arena, count, sizeof(*family.children));
    edit_init(&edit, &document, arena);
    for (struct component *c = first; c != NULL; c = component_find(c->next, S("VTODO"))) {
        struct str alone = only(&document, c, arena);

        if (c != first && is_child(convert, alone, uid_of(first, arena))) {
            family.children[family.count++] = alone;
            edit_remove_component(&edit, c);
        }
    }
    family.document = edit_finish(&edit);
    return family;
}

struct convert convert_for_items(const struct convert *convert)
{
    struct convert items = *convert;

    items.context.project = convert->dialect->project_check;
    return items;
}

bool convert_add_items(const struct convert *convert, const struct convert_family *family,
    struct str *body, struct err *err)
{
    struct convert items = convert_for_items(convert);
    struct arena *arena = convert->context.arena;
    struct str list = S("");

    for (size_t i = 0; i < family->count; i++) {
        struct map_object object;
        struct map_plan plan;
        enum map_fault fault;

        if (!map_check(family->children[i], &items.context, &object, &fault, err) ||
            !map_plan_create(&object, &items.context, &plan, err)) {
            return err_wrap(err, "child %zu", i + 1);
        }
        list = arena_printf(arena, "%.*s%s%.*s", STR_ARG(list), i > 0 ? "," : "",
            STR_ARG(items.dialect->write_check(&plan.wanted, plan.fields, true, arena)));
    }
    if (list.n > 0) { /* a create has a title, so something stands before it */
        *body = arena_printf(
            arena, "%.*s,\"checklistItems\":[%.*s]}", (int)body->n - 1, body->p, STR_ARG(list));
    }
    return true;
}

/* ---- JSON ---- */

bool convert_is_item(const struct convert *convert, struct str json)
{
    struct cJSON *root = NULL;
    struct err err;
    bool is_item = convert->dialect->read_check != NULL && json_parse(json, &root, &err) &&
                   cJSON_GetObjectItemCaseSensitive(root, "displayName") != NULL &&
                   cJSON_GetObjectItemCaseSensitive(root, "title") == NULL;

    json_free(&root);
    return is_item;
}

static bool render_child(const struct convert *convert, const struct cJSON *entity, struct str uid,
    struct str *out, struct err *err)
{
    struct arena *arena = convert->context.arena;
    char *text = cJSON_PrintUnformatted(entity);
    struct upstream_item item;
    struct document document;
    struct str child;
    bool is_read = convert->dialect->read_check(
        arena_copy(arena, str_from(text)), convert->context.zone, arena, &item, err);

    cJSON_free(text);
    if (!is_read) {
        return false;
    }
    child = map_render_child(&item.task, uid, version_uid(item.id, arena), &convert->context);
    if (!document_parse(child, &document_default_limits, arena, &document, err)) {
        return false;
    }
    *out = component_find(document.calendar->children, S("VTODO"))->raw;
    return true;
}

static bool add_children(const struct convert *convert, const struct cJSON *list, struct str uid,
    struct str *text, struct err *err)
{
    struct document document;
    const struct cJSON *entity;
    struct edit edit;
    struct str child;

    if (!document_parse(*text, &document_default_limits, convert->context.arena, &document, err)) {
        return false;
    }
    edit_init(&edit, &document, convert->context.arena);
    cJSON_ArrayForEach(entity, list)
    {
        if (!render_child(convert, entity, uid, &child, err)) {
            return err_wrap(err, "checklistItems");
        }
        edit_append_raw(&edit, document.calendar, child);
    }
    *text = edit_finish(&edit);
    return true;
}

bool convert_add_children(const struct convert *convert, struct str json, struct str uid,
    struct str *document, struct err *err)
{
    struct cJSON *root = NULL;
    const struct cJSON *list;
    bool is_fine;

    if (convert->dialect->read_check == NULL) {
        return true;
    }
    if (!json_parse(json, &root, err)) {
        return false;
    }
    list = cJSON_GetObjectItemCaseSensitive(root, "checklistItems");
    is_fine = !cJSON_IsArray(list) || cJSON_GetArraySize(list) == 0 ||
              add_children(convert, list, uid, document, err);
    json_free(&root);
    return is_fine;
}
