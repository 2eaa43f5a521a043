#include "bridge/dav/data_part.h"

#include "ical/document.h"

#define CALDAV_NS S("urn:ietf:params:xml:ns:caldav")

struct prop_part {
    struct str name;
    bool has_no_value;
    struct prop_part *next;
};

struct data_part {
    struct str name;
    bool has_all_props;
    bool has_all_children;
    struct prop_part *props;
    struct data_part *children;
    struct data_part *next;
};

static bool count_element(size_t *elements, struct str name, struct err *err)
{
    if (name.n == 0) {
        return err_set(err, ERR_INVALID, "a comp or prop without a name");
    }
    if (++*elements > DATA_PART_MAX_ELEMENTS) {
        return err_set(err, ERR_INVALID, "calendar-data with too many elements");
    }
    return true;
}

static bool parse_comp(const struct xml_node *node, size_t *elements, struct arena *arena,
    struct data_part *out, struct err *err)
{
    struct prop_part **prop_end = &out->props;
    struct data_part **child_end = &out->children;

    out->name = xml_attribute(node, S("name"));
    if (!count_element(elements, out->name, err)) {
        return false;
    }
    for (const struct xml_node *inner = node->children; inner != NULL; inner = inner->next) {
        if (xml_is(inner, CALDAV_NS, S("allprop"))) {
            out->has_all_props = true;
        } else if (xml_is(inner, CALDAV_NS, S("allcomp"))) {
            out->has_all_children = true;
        } else if (xml_is(inner, CALDAV_NS, S("prop"))) {
            struct prop_part *prop = ARENA_NEW(arena, struct prop_part);

            prop->name = xml_attribute(inner, S("name"));
            prop->has_no_value = str_eq_nocase(xml_attribute(inner, S("novalue")), S("yes"));
            if (!count_element(elements, prop->name, err)) {
                return false;
            }
            *prop_end = prop;
            prop_end = &prop->next;
        } else if (xml_is(inner, CALDAV_NS, S("comp"))) {
            struct data_part *child = ARENA_NEW(arena, struct data_part);

            if (!parse_comp(inner, elements, arena, child, err)) {
                return false;
            }
            *child_end = child;
            child_end = &child->next;
        }
    }
    return true;
}

bool data_part_parse(
    const struct xml_node *node, struct arena *arena, struct data_part **out, struct err *err)
{
    const struct xml_node *comp = xml_child(node, CALDAV_NS, S("comp"));
    struct data_part *part;
    size_t elements = 0;

    if (comp == NULL) {
        *out = NULL;
        return true;
    }
    part = ARENA_NEW(arena, struct data_part);
    if (!parse_comp(comp, &elements, arena, part, err)) {
        return false;
    }
    if (!str_eq_nocase(part->name, S("VCALENDAR"))) {
        return err_set(err, ERR_INVALID, "the outer comp of calendar-data is VCALENDAR");
    }
    *out = part;
    return true;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void put_property(
    const struct data_part *part, const struct property *property, const char *eol, struct buf *out)
{
    const struct prop_part *prop = part->props;

    while (prop != NULL && !str_eq_nocase(prop->name, property->name)) {
        prop = prop->next;
    }
    if (prop == NULL && !part->has_all_props) {
        return;
    }
    if (prop != NULL && prop->has_no_value) {
        buf_put(out, property->name);
        buf_put(out, property->params);
        buf_put_char(out, ':');
        buf_put_text(out, eol);
    } else {
        buf_put(out, property->raw);
    }
}

static void put_component(const struct data_part *part, const struct component *component,
    const char *eol, struct buf *out)
{
    buf_printf(out, "BEGIN:%.*s%s", STR_ARG(component->name), eol);
    for (const struct property *p = component->properties; p != NULL; p = p->next) {
        put_property(part, p, eol, out);
    }
    for (const struct component *c = component->children; c != NULL; c = c->next) {
        const struct data_part *child = part->children;

        while (child != NULL && !str_eq_nocase(child->name, c->name)) {
            child = child->next;
        }
        if (child != NULL) {
            put_component(child, c, eol, out);
        } else if (part->has_all_children) {
            buf_put(out, c->raw);
        }
    }
    buf_printf(out, "END:%.*s%s", STR_ARG(component->name), eol);
}

void data_part_write(
    const struct data_part *part, struct str document, struct arena *arena, struct buf *out)
{
    struct document parsed;
    struct err err;

    if (!document_parse(document, &document_default_limits, arena, &parsed, &err)) {
        buf_put(out, document);
        return;
    }
    put_component(part, parsed.calendar, parsed.has_lf_only ? "\n" : "\r\n", out);
}
