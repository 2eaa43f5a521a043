/**
 * A filter, a calendar-data element and a calendar: the input is the two elements' content, each
 * ended by a line "--", then the object. Broken laws abort: the shortcuts of a filter agree with
 * it, steps of any size give the same answer, and what expands can be read.
 */
#include "bridge/core/clock.h"
#include "bridge/core/mem.h"
#include "bridge/dav/data_part.h"
#include "bridge/dav/filter_match.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

/** What comes before the next line "--"; the rest goes on behind it. */
static struct str next_part(struct str *rest)
{
    size_t end = str_find(*rest, S("\n--\n"));
    struct str part = str_first(*rest, end);

    *rest = end == SIZE_MAX ? S("") : str_skip(*rest, end + 4);
    return part;
}

static struct xml_node *element(const char *name, struct str content, struct arena *arena)
{
    struct xml_node *root;
    struct err err;
    struct str text = arena_printf(arena,
        "<C:%s xmlns:C='urn:ietf:params:xml:ns:caldav'>%.*s</C:%s>", name, STR_ARG(content), name);

    return xml_parse(text, &xml_default_limits, arena, &root, &err) ? root : NULL;
}

static enum filter_result run(const struct filter *filter, const struct document *document,
    struct arena *arena, uint64_t budget)
{
    struct filter_match *match = filter_match_new(filter, document, arena);
    enum filter_result result;
    uint64_t spent;

    do {
        result = filter_match_go(match, budget, &spent);
    } while (result == FILTER_GOES_ON);
    filter_match_free(&match);
    return result;
}

static bool is_task(const struct document *document)
{
    struct component *children = document->calendar->children;

    return component_find(children, S("VTODO")) != NULL &&
           component_find(children, S("VEVENT")) == NULL &&
           component_find(children, S("VJOURNAL")) == NULL &&
           component_find(children, S("VFREEBUSY")) == NULL &&
           component_find(children, S("VAVAILABILITY")) == NULL;
}

static void check_filter(struct str content, const struct document *document,
    const struct zone *zone, struct arena *arena)
{
    const struct xml_node *node = element("filter", content, arena);
    struct filter filter;
    enum fault fault = FAULT_NONE;
    struct err err;

    if (node == NULL) {
        return;
    }
    if (!filter_parse(node, zone, arena, &filter, &fault, &err)) {
        must(fault != FAULT_NONE);
        return;
    }
    enum filter_result whole = run(&filter, document, arena, UINT64_MAX);

    must(whole == run(&filter, document, arena, 1));
    if (is_task(document)) {
        must(!filter_is_trivial(&filter) || whole == FILTER_MATCHES);
        must(!filter_is_hopeless(&filter) || whole == FILTER_MISSES);
    }
}

static void check_data(struct str content, const struct document *document, const struct zone *zone,
    struct arena *arena)
{
    const struct xml_node *node = element("calendar-data", content, arena);
    const struct document_limits limits = {
        .bytes = DATA_PART_MAX_BYTES, .properties = SIZE_MAX, .depth = document_default_limits.depth
    };
    CLEANUP(buf_done) struct buf out;
    struct document again;
    struct data_part *part;
    enum fault fault;
    struct err err;

    buf_init(&out, DATA_PART_MAX_BYTES);
    if (node != NULL && data_part_parse(node, zone, arena, &part, &fault, &err) && part != NULL &&
        data_part_write(part, document, arena, &out)) {
        must(document_parse(buf_str(&out), &limits, arena, &again, &err));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct str rest = arena_copy(arena, (struct str){ (const char *)data, size });
    struct str filter = next_part(&rest);
    struct str wanted = next_part(&rest);
    const struct zone *zone = zone_find(S("Europe/Oslo"));
    struct document document;
    struct err err;

    clock_hold(INT64_C(1790000000) * 1000000);
    if (document_parse(rest, &document_default_limits, arena, &document, &err)) {
        check_filter(filter, &document, zone, arena);
        check_data(wanted, &document, zone, arena);
    }
    arena_free(&arena);
    return 0;
}
