#include "bridge/dav/sync_token.h"

#include "http/uri.h"

#include <inttypes.h>

static struct str token_start(const struct collection *collection, struct arena *arena)
{
    struct str slug = uri_encoded(arena, collection_slug(collection));

    return arena_printf(arena, "urn:duedav:sync:%.*s:", STR_ARG(slug));
}

struct str sync_token_format(const struct collection *collection, struct arena *arena)
{
    struct str start = token_start(collection, arena);
    struct str stamp = collection_stamp(collection, arena);

    return arena_printf(arena, "%.*s%.*s", STR_ARG(start), STR_ARG(stamp));
}

struct str sync_token_format_partial(
    const struct collection *collection, int64_t number, struct arena *arena)
{
    struct str whole = sync_token_format(collection, arena);

    return arena_printf(arena, "%.*s:%" PRId64, STR_ARG(whole), number);
}

bool sync_token_parse(
    const struct collection *collection, struct str token, struct arena *arena, int64_t *since_out)
{
    struct str start = token_start(collection, arena);
    struct str stamp;
    int64_t since;

    if (!str_has_prefix(token, start)) {
        return false;
    }
    token = str_skip(token, start.n);
    if (!str_next(&token, ':', &stamp) || !collection_check_stamp(collection, stamp, &since)) {
        return false;
    }
    if (token.p != NULL) {
        /* The stamp vouches for all numbers up to its own. */
        int64_t number;

        if (!str_to_i64(token, &number) || number < 0 || number > since) {
            return false;
        }
        since = number;
    }
    *since_out = since;
    return true;
}
