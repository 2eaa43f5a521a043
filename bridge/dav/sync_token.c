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
    const struct collection *collection, const struct sync_token *token, struct arena *arena)
{
    struct str start = token_start(collection, arena);
    struct str stamp = collection_stamp_at(
        collection, token->known > token->since ? token->known : token->since, arena);

    if (token->known <= token->since) {
        return arena_printf(arena, "%.*s%.*s", STR_ARG(start), STR_ARG(stamp));
    }
    return arena_printf(arena, "%.*s%.*s:%" PRId64, STR_ARG(start), STR_ARG(stamp), token->since);
}

bool sync_token_parse(const struct collection *collection, struct str text, struct arena *arena,
    struct sync_token *out)
{
    struct str start = token_start(collection, arena);
    struct str stamp;
    struct sync_token token;

    if (!str_has_prefix(text, start)) {
        return false;
    }
    text = str_skip(text, start.n);
    if (!str_next(&text, ':', &stamp) || !collection_check_stamp(collection, stamp, &token.known)) {
        return false;
    }
    token.since = token.known;
    /* The stamp vouches for all numbers up to its own. */
    if (text.p != NULL &&
        (!str_to_i64(text, &token.since) || token.since < 0 || token.since >= token.known)) {
        return false;
    }
    *out = token;
    return true;
}
