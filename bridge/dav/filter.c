#include "bridge/dav/filter.h"

#include "bridge/core/mem.h"

/** What a parse carries along. */
struct reader {
    struct arena *arena;
    enum fault *fault;
    size_t elements;
    unsigned depth;
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

/** An element that has no place here. Those of other namespaces are passed over (RFC 4918 17), and
 * is-defined, which drafts of RFC 4791 had and which says nothing more than its parent. */
static bool check_unknown(struct reader *reader, const struct xml_node *node)
{
    if (str_eq(node->ns, CALDAV_NS) && !is_caldav(node, "is-defined")) {
        return fail(reader, FAULT_SUPPORTED_FILTER, "an element that is not known in a filter");
    }
    return true;
}

/** Counts the element and reads its name attribute. */
static bool read_name(struct reader *reader, const struct xml_node *node, struct str *name_out)
{
    *name_out = str_trim(xml_attribute(node, S("name")));
    if (name_out->n == 0) {
        return fail(reader, FAULT_VALID_FILTER, "a filter without a name");
    }
    if (++reader->elements > FILTER_MAX_ELEMENTS) {
        return fail(reader, FAULT_SUPPORTED_FILTER, "the filter has too many elements");
    }
    return true;
}

static bool is_in(struct str name, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq_nocase(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* ---- text-match and param-filter ---- */

static bool read_match(
    struct reader *reader, const struct xml_node *node, struct text_match **match_out)
{
    struct text_match *match = ARENA_NEW(reader->arena, struct text_match);
    struct str negate = xml_attribute(node, S("negate-condition"));

    if (*match_out != NULL) {
        return fail(reader, FAULT_VALID_FILTER, "more than one text-match");
    }
    if (!collation_parse(xml_attribute(node, S("collation")), &match->collation)) {
        return fail(reader, FAULT_SUPPORTED_COLLATION, "a collation that is not known here");
    }
    match->is_negated = str_eq_nocase(negate, S("yes"));
    if (negate.p != NULL && !match->is_negated && !str_eq_nocase(negate, S("no"))) {
        return fail(reader, FAULT_VALID_FILTER, "negate-condition is yes or no");
    }
    match->needle = collation_fold(match->collation, node->text, reader->arena);
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
        bool is_good = true;

        if (is_caldav(child, "is-not-defined")) {
            param->is_not_defined = true;
        } else if (is_caldav(child, "text-match")) {
            is_good = read_match(reader, child, &param->match);
        } else {
            is_good = check_unknown(reader, child);
        }
        if (!is_good) {
            return false;
        }
    }
    if (param->is_not_defined && param->match != NULL) {
        return fail(reader, FAULT_VALID_FILTER, "is-not-defined stands alone");
    }
    *param_out = param;
    return true;
}

/* ---- prop-filter ---- */

/* RFC 4791 7.8: no time-range in a filter of what is no time (RFC 5545 3.8). */
static const struct str timeless[] = { STR("ACTION"), STR("ATTACH"), STR("ATTENDEE"),
    STR("CALSCALE"), STR("CATEGORIES"), STR("CLASS"), STR("COMMENT"), STR("CONTACT"),
    STR("DESCRIPTION"), STR("DURATION"), STR("EXRULE"), STR("GEO"), STR("LOCATION"), STR("METHOD"),
    STR("ORGANIZER"), STR("PERCENT-COMPLETE"), STR("PRIORITY"), STR("PRODID"), STR("RELATED-TO"),
    STR("REPEAT"), STR("REQUEST-STATUS"), STR("RESOURCES"), STR("RRULE"), STR("SEQUENCE"),
    STR("STATUS"), STR("SUMMARY"), STR("TRANSP"), STR("TZID"), STR("TZNAME"), STR("TZOFFSETFROM"),
    STR("TZOFFSETTO"), STR("TZURL"), STR("UID"), STR("URL"), STR("VERSION") };

static bool read_range(
    struct reader *reader, const struct xml_node *node, struct time_range **range_out)
{
    if (*range_out != NULL) {
        return fail(reader, FAULT_VALID_FILTER, "more than one time-range");
    }
    return time_range_parse(node, reader->arena, range_out, reader->fault, reader->err);
}

static bool check_prop(struct reader *reader, const struct prop_filter *prop)
{
    if (prop->is_not_defined &&
        (prop->range != NULL || prop->match != NULL || prop->params != NULL)) {
        return fail(reader, FAULT_VALID_FILTER, "is-not-defined stands alone");
    }
    if (prop->range != NULL && prop->match != NULL) {
        return fail(reader, FAULT_VALID_FILTER, "time-range and text-match in one prop-filter");
    }
    if (prop->range != NULL && is_in(prop->name, timeless, ARRAY_LEN(timeless))) {
        return fail(reader, FAULT_VALID_FILTER, "a time-range on a property that is no time");
    }
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
        bool is_good = true;

        if (is_caldav(child, "is-not-defined")) {
            prop->is_not_defined = true;
        } else if (is_caldav(child, "text-match")) {
            is_good = read_match(reader, child, &prop->match);
        } else if (is_caldav(child, "time-range")) {
            is_good = read_range(reader, child, &prop->range);
        } else if (is_caldav(child, "param-filter")) {
            is_good = read_param(reader, child, end);
            end = is_good ? &(*end)->next : end;
        } else {
            is_good = check_unknown(reader, child);
        }
        if (!is_good) {
            return false;
        }
    }
    *prop_out = prop;
    return check_prop(reader, prop);
}

/* ---- comp-filter ---- */

/** Where RFC 5545 3.6 has a component; one that is not in the table may be anywhere. */
static const struct {
    struct str name, parent, other_parent;
} places[] = {
    { STR("VEVENT"), STR("VCALENDAR"), STR("") },
    { STR("VTODO"), STR("VCALENDAR"), STR("") },
    { STR("VJOURNAL"), STR("VCALENDAR"), STR("") },
    { STR("VFREEBUSY"), STR("VCALENDAR"), STR("") },
    { STR("VTIMEZONE"), STR("VCALENDAR"), STR("") },
    { STR("VALARM"), STR("VTODO"), STR("VEVENT") },
    { STR("STANDARD"), STR("VTIMEZONE"), STR("") },
    { STR("DAYLIGHT"), STR("VTIMEZONE"), STR("") },
    { STR("VCALENDAR"), STR(""), STR("") },
};

static bool check_place(struct reader *reader, struct str name, struct str parent)
{
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (str_eq_nocase(name, places[i].name) && !str_eq_nocase(parent, places[i].parent) &&
            (places[i].other_parent.n == 0 || !str_eq_nocase(parent, places[i].other_parent))) {
            return fail(reader, FAULT_VALID_FILTER, "a component where there is none such");
        }
    }
    return true;
}

static bool check_comp(struct reader *reader, const struct comp_filter *comp)
{
    static const struct str with_range[] = { STR("VEVENT"), STR("VTODO"), STR("VJOURNAL"),
        STR("VFREEBUSY"), STR("VALARM") };

    if (comp->is_not_defined &&
        (comp->range != NULL || comp->props != NULL || comp->children != NULL)) {
        return fail(reader, FAULT_VALID_FILTER, "is-not-defined stands alone");
    }
    if (comp->range != NULL && !is_in(comp->name, with_range, ARRAY_LEN(with_range))) {
        return fail(reader, FAULT_VALID_FILTER, "a time-range on a component without one");
    }
    return true;
}

static bool read_comp(
    struct reader *reader, const struct xml_node *node, struct str parent, struct comp_filter *comp)
{
    struct prop_filter **props_end = &comp->props;
    struct comp_filter **children_end = &comp->children;

    if (!read_name(reader, node, &comp->name) || !check_place(reader, comp->name, parent)) {
        return false;
    }
    if (reader->depth++ == FILTER_MAX_DEPTH) {
        return fail(reader, FAULT_SUPPORTED_FILTER, "the filter is nested too deep");
    }
    for (const struct xml_node *child = node->children; child != NULL; child = child->next) {
        bool is_good = true;

        if (is_caldav(child, "is-not-defined")) {
            comp->is_not_defined = true;
        } else if (is_caldav(child, "time-range")) {
            is_good = read_range(reader, child, &comp->range);
        } else if (is_caldav(child, "prop-filter")) {
            is_good = read_prop(reader, child, props_end);
            props_end = is_good ? &(*props_end)->next : props_end;
        } else if (is_caldav(child, "comp-filter")) {
            *children_end = ARENA_NEW(reader->arena, struct comp_filter);
            is_good = read_comp(reader, child, comp->name, *children_end);
            children_end = &(*children_end)->next;
        } else {
            is_good = check_unknown(reader, child);
        }
        if (!is_good) {
            return false;
        }
    }
    reader->depth--;
    return check_comp(reader, comp);
}

bool filter_parse(const struct xml_node *node, const struct zone *zone, struct arena *arena,
    struct filter *out, enum fault *fault_out, struct err *err)
{
    struct reader reader = { .arena = arena, .fault = fault_out, .err = err };
    struct filter filter = { .zone = zone };
    const struct xml_node *calendar = NULL;

    for (const struct xml_node *child = node == NULL ? NULL : node->children; child != NULL;
         child = child->next) {
        if (!is_caldav(child, "comp-filter")) {
            if (!check_unknown(&reader, child)) {
                return false;
            }
            continue;
        }
        if (calendar != NULL) {
            return fail(&reader, FAULT_VALID_FILTER, "more than one comp-filter at the top");
        }
        calendar = child;
    }
    if (calendar == NULL) {
        return fail(&reader, FAULT_VALID_FILTER, "no comp-filter");
    }
    if (!read_comp(&reader, calendar, S(""), &filter.calendar)) {
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
        if (!child->is_not_defined && is_in(child->name, others, ARRAY_LEN(others))) {
            return true;
        }
    }
    return false;
}
