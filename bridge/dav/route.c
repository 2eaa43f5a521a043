#include "bridge/dav/route.h"

#include "bridge/core/mem.h"

/** Enough for a deep prefix; ours have five segments. */
#define MAX_SEGMENTS 16

static void drop_prefix(const struct uri_path *prefix, struct uri_path *path)
{
    if (prefix->count == 0 || path->count < prefix->count) {
        return;
    }
    for (size_t i = 0; i < prefix->count; i++) {
        if (!str_eq(prefix->segments[i], path->segments[i])) {
            return;
        }
    }
    path->segments += prefix->count;
    path->count -= prefix->count;
}

static enum route_kind read_attachment(size_t count, struct route *out, const struct str *rest)
{
    if (count != 4) {
        return ROUTE_OTHER;
    }
    out->user = rest[0];
    out->collection = rest[1];
    out->object = rest[2];
    out->attachment = rest[3];
    return ROUTE_ATTACHMENT;
}

static enum route_kind kind_of_tree(
    struct str name, size_t count, struct route *out, const struct str *rest)
{
    static const enum route_kind principals[] = { ROUTE_PRINCIPALS, ROUTE_PRINCIPAL };
    static const enum route_kind calendars[] = { ROUTE_CALENDARS, ROUTE_HOME, ROUTE_COLLECTION,
        ROUTE_OBJECT };
    bool is_principal = str_eq(name, S("principals"));
    bool is_attachment = str_eq(name, S("attachments"));

    if (!is_principal && !is_attachment && !str_eq(name, S("calendars"))) {
        return ROUTE_OTHER;
    }
    if (!is_attachment && count >= (is_principal ? ARRAY_LEN(principals) : ARRAY_LEN(calendars))) {
        out->is_too_deep = !is_principal;
        return ROUTE_OTHER;
    }
    for (size_t i = 0; i < count; i++) {
        if (rest[i].n > ROUTE_MAX_SEGMENT) {
            out->is_too_long = true;
            return ROUTE_OTHER;
        }
    }
    if (is_attachment) {
        return read_attachment(count, out, rest);
    }
    out->user = count > 0 ? rest[0] : S("");
    out->collection = count > 1 ? rest[1] : S("");
    out->object = count > 2 ? rest[2] : S("");
    return is_principal ? principals[count] : calendars[count];
}

bool route_parse(const struct uri_path *prefix, struct str path, struct arena *arena,
    struct route *out, struct err *err)
{
    struct uri_path parsed;
    struct route route = { .kind = ROUTE_OTHER };

    if (!uri_parse_path(path, MAX_SEGMENTS, arena, &parsed, err)) {
        return false;
    }
    drop_prefix(prefix, &parsed);
    const struct str *segments = parsed.segments;

    if (parsed.count == 0) {
        route.kind = ROUTE_ROOT;
        route.is_short = true;
    } else if (str_eq(segments[0], S("dav"))) {
        route.kind = parsed.count == 1
                         ? ROUTE_ROOT
                         : kind_of_tree(segments[1], parsed.count - 2, &route, segments + 2);
    } else if (str_eq(segments[0], S("principals"))) {
        route.is_short = true;
        route.kind = kind_of_tree(segments[0], parsed.count - 1, &route, segments + 1);
    } else if (parsed.count == 2 && str_eq(segments[0], S(".well-known")) &&
               str_eq(segments[1], S("caldav"))) {
        route.kind = ROUTE_WELL_KNOWN;
    }
    *out = route;
    return true;
}

struct str route_href(const struct route *route, struct str prefix, struct arena *arena)
{
    const char *dav = route->is_short ? "" : "/dav";
    struct str user = uri_encoded(arena, route->user);
    struct str collection = uri_encoded(arena, route->collection);

    switch (route->kind) {
    case ROUTE_PRINCIPALS:
        return arena_printf(arena, "%.*s%s/principals/", STR_ARG(prefix), dav);
    case ROUTE_PRINCIPAL:
        return arena_printf(arena, "%.*s%s/principals/%.*s/", STR_ARG(prefix), dav, STR_ARG(user));
    case ROUTE_CALENDARS:
        return arena_printf(arena, "%.*s/dav/calendars/", STR_ARG(prefix));
    case ROUTE_HOME:
        return arena_printf(arena, "%.*s/dav/calendars/%.*s/", STR_ARG(prefix), STR_ARG(user));
    case ROUTE_COLLECTION:
        return arena_printf(arena, "%.*s/dav/calendars/%.*s/%.*s/", STR_ARG(prefix), STR_ARG(user),
            STR_ARG(collection));
    case ROUTE_OBJECT: {
        struct str object = uri_encoded(arena, route->object);

        return arena_printf(arena, "%.*s/dav/calendars/%.*s/%.*s/%.*s", STR_ARG(prefix),
            STR_ARG(user), STR_ARG(collection), STR_ARG(object));
    }
    case ROUTE_ATTACHMENT: {
        struct str object = uri_encoded(arena, route->object);
        struct str attachment = uri_encoded(arena, route->attachment);

        return arena_printf(arena, "%.*s/dav/attachments/%.*s/%.*s/%.*s/%.*s", STR_ARG(prefix),
            STR_ARG(user), STR_ARG(collection), STR_ARG(object), STR_ARG(attachment));
    }
    case ROUTE_OTHER:
    case ROUTE_WELL_KNOWN:
    case ROUTE_ROOT:
    case ROUTE_KIND_COUNT:
        break;
    }
    return arena_printf(arena, "%.*s%s/", STR_ARG(prefix), dav);
}
