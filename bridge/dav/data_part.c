#include "bridge/dav/data_part.h"

#include "bridge/dav/data_part_internal.h"

#define CALDAV_NS S("urn:ietf:params:xml:ns:caldav")

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
    struct comp_part *out, struct err *err)
{
    struct prop_part **prop_end = &out->props;
    struct comp_part **child_end = &out->children;

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
            struct comp_part *child = ARENA_NEW(arena, struct comp_part);

            if (!parse_comp(inner, elements, arena, child, err)) {
                return false;
            }
            *child_end = child;
            child_end = &child->next;
        }
    }
    return true;
}

/** Of expand and its kin, where both ends have to be there. */
static bool parse_range(const struct xml_node *node, struct arena *arena, struct time_range **out,
    enum fault *fault_out, struct err *err)
{
    if (node == NULL) {
        return true;
    }
    if (!time_range_parse(node, arena, out, fault_out, err)) {
        *fault_out = *fault_out == FAULT_VALID_FILTER ? FAULT_NONE : *fault_out;
        return false;
    }
    if ((*out)->start == INT64_MIN || (*out)->end == INT64_MAX) {
        return err_set(err, ERR_INVALID, "a range of calendar-data has a start and an end");
    }
    return true;
}

bool data_part_parse(const struct xml_node *node, const struct zone *zone, struct arena *arena,
    struct data_part **out, enum fault *fault_out, struct err *err)
{
    const struct xml_node *comp = xml_child(node, CALDAV_NS, S("comp"));
    struct data_part *part = ARENA_NEW(arena, struct data_part);
    struct time_range *free_busy = NULL;
    size_t elements = 0;

    *fault_out = FAULT_NONE;
    part->zone = zone;
    part->comp = (struct comp_part){
        .name = S("VCALENDAR"), .has_all_props = true, .has_all_children = true
    };
    if (comp != NULL) {
        part->comp = (struct comp_part){ 0 };
        if (!parse_comp(comp, &elements, arena, &part->comp, err)) {
            return false;
        }
        if (!str_eq_nocase(part->comp.name, S("VCALENDAR"))) {
            return err_set(err, ERR_INVALID, "the outer comp of calendar-data is VCALENDAR");
        }
    }
    /* There is no VFREEBUSY here that limit-freebusy-set could be about. */
    if (!parse_range(
            xml_child(node, CALDAV_NS, S("expand")), arena, &part->expand, fault_out, err) ||
        !parse_range(xml_child(node, CALDAV_NS, S("limit-recurrence-set")), arena, &part->limit,
            fault_out, err) ||
        !parse_range(xml_child(node, CALDAV_NS, S("limit-freebusy-set")), arena, &free_busy,
            fault_out, err)) {
        return false;
    }
    if (part->expand != NULL && part->limit != NULL) {
        return err_set(err, ERR_INVALID, "expand beside limit-recurrence-set");
    }
    *out = comp != NULL || part->expand != NULL || part->limit != NULL ? part : NULL;
    return true;
}
