#include "bridge/dav/filter_match.h"

#include "bridge/core/mem.h"

/** A comp-filter and the component that is a candidate for it. */
struct frame {
    const struct comp_filter *comp;
    const struct component *component; /**< NULL: no candidate is left */
    const struct prop_filter *prop;    /**< the next to look at */
    const struct comp_filter *child;   /**< likewise, behind all prop-filters */
    bool is_open;                      /**< the candidate's time is in the range */
};

/** The texts of the property that was looked at last, folded: many filters ask for the same. */
struct texts {
    const struct property *property;
    enum collation collation;
    struct arena *arena;
    struct str *items;
    size_t count;
};

struct filter_match {
    struct frame frames[FILTER_MAX_DEPTH];
    unsigned depth;
    enum filter_result result;
    struct range_reader reader;
    struct texts texts;
    uint64_t spent;
};

/* What a step costs at least, and a day that recurrence looks at. */
#define STEP_COST 8
#define WORK_COST 2

/* ---- finding ---- */

static const struct component *find_component(
    struct filter_match *match, const struct component *first, struct str name)
{
    while (first != NULL && !str_eq_nocase(first->name, name)) {
        match->spent++;
        first = first->next;
    }
    return first;
}

static const struct property *find_property(
    struct filter_match *match, const struct property *first, struct str name)
{
    while (first != NULL && !str_eq_nocase(first->name, name)) {
        match->spent++;
        first = first->next;
    }
    return first;
}

/* ---- texts ---- */

static bool holds(struct filter_match *match, const struct text_match *wanted, struct str folded)
{
    match->spent += folded.n / 8;
    return str_find(folded, wanted->needle) != SIZE_MAX;
}

/** The text of the property, each value of CATEGORIES and RESOURCES by itself. */
static void load_texts(
    struct filter_match *match, const struct property *property, enum collation collation)
{
    struct texts *texts = &match->texts;

    if (texts->property == property && texts->collation == collation) {
        return;
    }
    arena_free(&texts->arena);
    *texts = (struct texts){ property, collation, arena_new(), NULL, 1 };
    if (str_eq_nocase(property->name, S("CATEGORIES")) ||
        str_eq_nocase(property->name, S("RESOURCES"))) {
        texts->count = property_text_list(property, texts->arena, &texts->items);
    } else {
        texts->items = ARENA_NEW(texts->arena, struct str);
        texts->items[0] = property_text(property, texts->arena);
    }
    for (size_t i = 0; i < texts->count; i++) {
        texts->items[i] = collation_fold(collation, texts->items[i], texts->arena);
    }
    match->spent += property->value.n * (collation == COLLATION_UNICODE ? 2 : 1) + 4 * texts->count;
}

static bool property_has_text(
    struct filter_match *match, const struct text_match *wanted, const struct property *property)
{
    load_texts(match, property, wanted->collation);
    for (size_t i = 0; i < match->texts.count; i++) {
        if (holds(match, wanted, match->texts.items[i])) {
            return true;
        }
    }
    return false;
}

static bool param_matches(
    struct filter_match *match, const struct param_filter *param, const struct property *property)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct str value;
    bool is_there = property_param(property, param->name, arena, &value);

    match->spent += property->params.n / 4 + STEP_COST;
    if (is_there == param->is_not_defined) {
        return false;
    }
    if (!is_there || param->match == NULL) {
        return true;
    }
    match->spent += value.n;
    return holds(match, param->match, collation_fold(param->match->collation, value, arena)) !=
           param->match->is_negated;
}

static bool params_match(
    struct filter_match *match, const struct param_filter *first, const struct property *property)
{
    for (const struct param_filter *param = first; param != NULL; param = param->next) {
        if (!param_matches(match, param, property)) {
            return false;
        }
    }
    return true;
}

/* ---- properties ---- */

static bool is_in_range(
    struct filter_match *match, const struct prop_filter *prop, const struct property *property)
{
    return prop->range == NULL || time_range_has_property(prop->range, &match->reader, property);
}

/** One property of the name has to satisfy all; with negate-condition none may hold the text. */
static bool prop_matches(
    struct filter_match *match, const struct prop_filter *prop, const struct component *component)
{
    const struct property *property = find_property(match, component->properties, prop->name);
    bool is_negated = prop->match != NULL && prop->match->is_negated;
    bool has_match = false;

    if (prop->is_not_defined || property == NULL) {
        return prop->is_not_defined && property == NULL;
    }
    for (; property != NULL; property = find_property(match, property->next, prop->name)) {
        bool has_text = prop->match == NULL || property_has_text(match, prop->match, property);

        match->spent += STEP_COST;
        if (is_negated && has_text) {
            return false;
        }
        if ((has_text || is_negated) && params_match(match, prop->params, property) &&
            is_in_range(match, prop, property)) {
            has_match = true;
            if (!is_negated) {
                break;
            }
        }
    }
    return has_match;
}

/* ---- components ---- */

static bool overlaps(struct filter_match *match, const struct frame *frame)
{
    const struct time_range *range = frame->comp->range;
    const struct component *parent =
        match->depth > 1 ? match->frames[match->depth - 2].component : NULL;

    if (range == NULL) {
        return true;
    }
    if (str_eq_nocase(frame->component->name, S("VALARM"))) {
        return parent != NULL &&
               time_range_has_alarm(range, &match->reader, frame->component, parent);
    }
    return str_eq_nocase(frame->component->name, S("VTODO")) &&
           time_range_has_todo(range, &match->reader, frame->component);
}

static void next_candidate(struct filter_match *match, struct frame *frame)
{
    frame->is_open = false;
    frame->component = find_component(match, frame->component->next, frame->comp->name);
}

static void enter(
    struct filter_match *match, const struct comp_filter *comp, const struct component *siblings)
{
    match->frames[match->depth++] =
        (struct frame){ .comp = comp, .component = find_component(match, siblings, comp->name) };
}

/** The comp-filter on top has been decided. */
static void leave(struct filter_match *match, bool is_match)
{
    match->depth--;
    if (match->depth == 0) {
        match->result = is_match ? FILTER_MATCHES : FILTER_MISSES;
        return;
    }
    struct frame *parent = &match->frames[match->depth - 1];

    if (is_match) {
        parent->child = parent->child->next;
    } else {
        next_candidate(match, parent);
    }
}

/** One component has to satisfy the whole filter (RFC 4791 9.7.1). */
static void step(struct filter_match *match)
{
    struct frame *frame = &match->frames[match->depth - 1];

    match->spent += STEP_COST;
    if (frame->comp->is_not_defined) {
        leave(match, frame->component == NULL);
    } else if (frame->component == NULL) {
        leave(match, false);
    } else if (!frame->is_open) {
        if (overlaps(match, frame)) {
            frame->is_open = true;
            frame->prop = frame->comp->props;
            frame->child = frame->comp->children;
        } else {
            next_candidate(match, frame);
        }
    } else if (frame->prop != NULL) {
        if (prop_matches(match, frame->prop, frame->component)) {
            frame->prop = frame->prop->next;
        } else {
            next_candidate(match, frame);
        }
    } else if (frame->child != NULL) {
        enter(match, frame->child, frame->component->children);
    } else {
        leave(match, true);
    }
}

/* ---- the whole ---- */

struct filter_match *filter_match_new(
    const struct filter *filter, const struct document *document, struct arena *arena)
{
    struct filter_match *match = mem_alloc(sizeof(*match));

    range_reader_init(&match->reader, document, filter->zone, arena);
    enter(match, &filter->calendar, document->calendar);
    return match;
}

void filter_match_free(struct filter_match **match)
{
    if (*match != NULL) {
        arena_free(&(*match)->texts.arena);
        range_reader_done(&(*match)->reader);
        mem_free(*match);
        *match = NULL;
    }
}

enum filter_result filter_match_go(struct filter_match *match, uint64_t budget, uint64_t *spent_out)
{
    uint64_t spent = 0;

    while (match->result == FILTER_GOES_ON && spent < budget) {
        match->spent = 0;
        match->reader.work = 0;
        step(match);
        spent += match->spent + match->reader.work * WORK_COST;
    }
    *spent_out = spent;
    return match->result;
}

bool filter_matches_text(const struct filter *filter, struct str text)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct filter_match *match;
    struct document document;
    enum filter_result result;
    uint64_t spent;
    struct err err;

    if (!document_parse(text, &document_default_limits, arena, &document, &err)) {
        return false;
    }
    match = filter_match_new(filter, &document, arena);
    result = filter_match_go(match, UINT64_MAX, &spent);
    filter_match_free(&match);
    return result == FILTER_MATCHES;
}
