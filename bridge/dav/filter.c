#include "bridge/dav/filter.h"

#include "bridge/core/mem.h"

/** What a parse carries along. */
struct reader {
    struct arena *arena;
    enum fault *fault;
    size_t elements;
    struct err *err;
};

#define CALDAV_NS S("urn:ietf:params:xml:ns:caldav")

static bool fail(struct reader *reader, enum fault fault, const char *text)
{
    *reader->fault = fault;
    return err_set(reader->err, ERR_INVALID, "%s", text);
}

static bool is_caldav(const struct xml_node *node, const char *name)
{
    return xml_is(node, CALDAV_NS, str_from(name));
}

static struct str folded(struct str s, struct arena *arena)
{
    char *p = arena_alloc(arena, s.n + 1);

    for (size_t i = 0; i < s.n; i++) {
        p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
    }
    return (struct str){ p, s.n };
}

/** Counts the element and reads its name attribute. */
static bool read_name(struct reader *reader, const struct xml_node *node, struct str *name_out)
{
    *name_out = xml_attribute(node, S("name"));
    if (name_out->n == 0) {
        return fail(reader, FAULT_VALID_FILTER, "a filter without a name");
    }
    if (++reader->elements > FILTER_MAX_ELEMENTS) {
        return fail(reader, FAULT_SUPPORTED_FILTER, "the filter has too many elements");
    }
    return true;
}

static bool read_match(
    struct reader *reader, const struct xml_node *node, struct text_match **match_out)
{
    struct text_match *match = ARENA_NEW(reader->arena, struct text_match);
    struct str collation = xml_attribute(node, S("collation"));

    if (str_eq_nocase(collation, S("i;octet"))) {
        match->is_octet = true;
    } else if (collation.n > 0 && !str_eq_nocase(collation, S("i;ascii-casemap")) &&
               !str_eq_nocase(collation, S("default"))) {
        return fail(
            reader, FAULT_SUPPORTED_COLLATION, "collations are i;ascii-casemap and i;octet");
    }
    match->is_negated = str_eq_nocase(xml_attribute(node, S("negate-condition")), S("yes"));
    match->needle = match->is_octet ? node->text : folded(node->text, reader->arena);
    *match_out = match;
    return true;
}

static bool read_param(
    struct reader *reader, const struct xml_node *node, struct param_filter **param_out)
{
    struct param_filter *param = ARENA_NEW(reader->arena, struct param_filter);

    if (!read_name(reader, node, &param->name)) {
        return false;
    }
    for (const struct xml_node *child = node->children; child != NULL; child = child->next) {
        if (is_caldav(child, "is-not-defined")) {
            param->is_not_defined = true;
        } else if (is_caldav(child, "text-match") && !read_match(reader, child, &param->match)) {
            return false;
        }
    }
    *param_out = param;
    return true;
}

static bool read_prop(
    struct reader *reader, const struct xml_node *node, struct prop_filter **prop_out)
{
    struct prop_filter *prop = ARENA_NEW(reader->arena, struct prop_filter);
    struct param_filter **end = &prop->params;

    if (!read_name(reader, node, &prop->name)) {
        return false;
    }
    for (const struct xml_node *child = node->children; child != NULL; child = child->next) {
        if (is_caldav(child, "is-not-defined")) {
            prop->is_not_defined = true;
        } else if (is_caldav(child, "text-match")) {
            if (!read_match(reader, child, &prop->match)) {
                return false;
            }
        } else if (is_caldav(child, "time-range")) {
            if (!time_range_parse(child, reader->arena, &prop->range, reader->err)) {
                *reader->fault = FAULT_VALID_FILTER;
                return false;
            }
        } else if (is_caldav(child, "param-filter")) {
            if (!read_param(reader, child, end)) {
                return false;
            }
            end = &(*end)->next;
        }
    }
    *prop_out = prop;
    return true;
}

static bool read_comp_range(
    struct reader *reader, const struct xml_node *node, struct comp_filter *comp)
{
    static const struct str without[] = { STR("VCALENDAR"), STR("VTIMEZONE"), STR("STANDARD"),
        STR("DAYLIGHT") };

    if (!time_range_parse(node, reader->arena, &comp->range, reader->err)) {
        *reader->fault = FAULT_VALID_FILTER;
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(without); i++) {
        if (str_eq_nocase(comp->name, without[i])) {
            return fail(reader, FAULT_VALID_FILTER, "a time-range on a component without one");
        }
    }
    if (str_eq_nocase(comp->name, S("VALARM"))) {
        return fail(reader, FAULT_SUPPORTED_FILTER, "a time-range on VALARM is not supported");
    }
    return true;
}

/** Nesting is bounded by the XML reader's depth. */
static bool read_comp(struct reader *reader, const struct xml_node *node, struct comp_filter *comp)
{
    struct prop_filter **props_end = &comp->props;
    struct comp_filter **children_end = &comp->children;

    if (!read_name(reader, node, &comp->name)) {
        return false;
    }
    for (const struct xml_node *child = node->children; child != NULL; child = child->next) {
        if (is_caldav(child, "is-not-defined")) {
            comp->is_not_defined = true;
        } else if (is_caldav(child, "time-range")) {
            if (!read_comp_range(reader, child, comp)) {
                return false;
            }
        } else if (is_caldav(child, "prop-filter")) {
            if (!read_prop(reader, child, props_end)) {
                return false;
            }
            props_end = &(*props_end)->next;
        } else if (is_caldav(child, "comp-filter")) {
            *children_end = ARENA_NEW(reader->arena, struct comp_filter);
            if (!read_comp(reader, child, *children_end)) {
                return false;
            }
            children_end = &(*children_end)->next;
        }
    }
    return true;
}

bool filter_parse(const struct xml_node *node, const struct zone *zone, struct arena *arena,
    struct filter *out, enum fault *fault_out, struct err *err)
{
    struct reader reader = { .arena = arena, .fault = fault_out, .err = err };
    struct filter filter = { .zone = zone };
    const struct xml_node *calendar = NULL;

    for (const struct xml_node *child = node == NULL ? NULL : node->children; child != NULL;
         child = child->next) {
        if (is_caldav(child, "comp-filter") && calendar != NULL) {
            return fail(&reader, FAULT_VALID_FILTER, "more than one comp-filter at the top");
        }
        calendar = is_caldav(child, "comp-filter") ? child : calendar;
    }
    if (calendar == NULL) {
        return fail(&reader, FAULT_VALID_FILTER, "no comp-filter");
    }
    if (!read_comp(&reader, calendar, &filter.calendar)) {
        return false;
    }
    if (!str_eq_nocase(filter.calendar.name, S("VCALENDAR"))) {
        return fail(&reader, FAULT_VALID_FILTER, "the outer comp-filter is not VCALENDAR");
    }
    *out = filter;
    return true;
}

bool filter_is_trivial(const struct filter *filter)
{
    const struct comp_filter *top = &filter->calendar;
    const struct comp_filter *child = top->children;

    if (top->is_not_defined || top->props != NULL) {
        return false;
    }
    /* Every object of ours holds a VTODO. */
    return child == NULL || (child->next == NULL && str_eq_nocase(child->name, S("VTODO")) &&
                                !child->is_not_defined && child->range == NULL &&
                                child->props == NULL && child->children == NULL);
}

bool filter_is_hopeless(const struct filter *filter)
{
    static const struct str others[] = { STR("VEVENT"), STR("VJOURNAL"), STR("VFREEBUSY"),
        STR("VAVAILABILITY") };

    if (filter->calendar.is_not_defined) {
        return true;
    }
    for (const struct comp_filter *child = filter->calendar.children; child != NULL;
         child = child->next) {
        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
            if (!child->is_not_defined && str_eq_nocase(child->name, others[i])) {
                return true;
            }
        }
    }
    return false;
}

/* --- matching ----------------------------------------------------------------------------------
 */

static bool text_matches(const struct text_match *match, struct str value, struct arena *arena)
{
    struct str text = match->is_octet ? value : folded(value, arena);

    return match->needle.n == 0 || str_find(text, match->needle) != SIZE_MAX;
}

static bool params_match(
    const struct param_filter *params, const struct property *property, struct arena *arena)
{
    for (const struct param_filter *param = params; param != NULL; param = param->next) {
        struct str value;
        bool is_there = property_param(property, param->name, arena, &value);

        if (is_there == param->is_not_defined) {
            return false;
        }
        if (is_there && param->match != NULL &&
            text_matches(param->match, value, arena) == param->match->is_negated) {
            return false;
        }
    }
    return true;
}

/** The text of one property: each value of CATEGORIES and RESOURCES on its own. */
static bool property_has_text(
    const struct text_match *match, const struct property *property, struct arena *arena)
{
    if (str_eq_nocase(property->name, S("CATEGORIES")) ||
        str_eq_nocase(property->name, S("RESOURCES"))) {
        struct str *items;
        size_t count = property_text_list(property, arena, &items);

        for (size_t i = 0; i < count; i++) {
            if (text_matches(match, items[i], arena)) {
                return true;
            }
        }
        return false;
    }
    return text_matches(match, property_text(property, arena), arena);
}

/** One property of the name has to satisfy all; with negate-condition none may hold the text. */
static bool prop_matches(const struct filter *filter, const struct prop_filter *prop,
    const struct component *component, struct arena *arena)
{
    struct property *property = property_find(component->properties, prop->name);
    bool is_negated = prop->match != NULL && prop->match->is_negated;
    bool has_match = false;

    if (prop->is_not_defined || property == NULL) {
        return prop->is_not_defined && property == NULL;
    }
    for (; property != NULL; property = property_find(property->next, prop->name)) {
        bool has_text = prop->match == NULL || property_has_text(prop->match, property, arena);

        if (is_negated && has_text) {
            return false;
        }
        if ((has_text || is_negated) && params_match(prop->params, property, arena) &&
            (prop->range == NULL ||
                time_range_has_property(prop->range, property, filter->zone, arena))) {
            has_match = true;
        }
    }
    return has_match;
}

static bool comp_matches(const struct filter *filter, const struct comp_filter *comp,
    struct component *siblings, struct arena *arena);

static bool component_satisfies(const struct filter *filter, const struct comp_filter *comp,
    const struct component *component, struct arena *arena)
{
    if (comp->range != NULL &&
        (!str_eq_nocase(component->name, S("VTODO")) ||
            !time_range_has_todo(comp->range, component, filter->zone, arena))) {
        return false;
    }
    for (const struct prop_filter *prop = comp->props; prop != NULL; prop = prop->next) {
        if (!prop_matches(filter, prop, component, arena)) {
            return false;
        }
    }
    for (const struct comp_filter *child = comp->children; child != NULL; child = child->next) {
        if (!comp_matches(filter, child, component->children, arena)) {
            return false;
        }
    }
    return true;
}

/** One component has to satisfy the whole filter (RFC 4791 9.7.1). */
static bool comp_matches(const struct filter *filter, const struct comp_filter *comp,
    struct component *siblings, struct arena *arena)
{
    struct component *component = component_find(siblings, comp->name);

    if (comp->is_not_defined) {
        return component == NULL;
    }
    for (; component != NULL; component = component_find(component->next, comp->name)) {
        if (component_satisfies(filter, comp, component, arena)) {
            return true;
        }
    }
    return false;
}

bool filter_matches(
    const struct filter *filter, const struct document *document, struct arena *arena)
{
    return comp_matches(filter, &filter->calendar, document->calendar, arena);
}

bool filter_matches_text(const struct filter *filter, struct str text)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct document document;
    struct err err;

    return document_parse(text, &document_default_limits, arena, &document, &err) &&
           filter_matches(filter, &document, arena);
}
