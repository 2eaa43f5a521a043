#pragma once
/**
 * A filter held against one calendar object (RFC 4791 9.7), in steps: the object may be large and
 * the filter long, and others wait meanwhile. Pure but for the zone cache.
 */
#include "bridge/dav/filter.h"

struct filter_match;

enum filter_result {
    FILTER_GOES_ON,
    FILTER_MATCHES,
    FILTER_MISSES,
};

/** document: of the arena, and with it as long as the match. Free it with filter_match_free. */
struct filter_match *filter_match_new(
    const struct filter *filter, const struct document *document, struct arena *arena);
void filter_match_free(struct filter_match **match);
/** Work for about `budget` (some 15 ns each), and say what it cost in *spent_out. */
enum filter_result filter_match_go(
    struct filter_match *match, uint64_t budget, uint64_t *spent_out);

/** To the end, from the text; a text that cannot be read matches nothing. */
bool filter_matches_text(const struct filter *filter, struct str text);
