/**
 * Addresses: the first line is the prefix that a proxy adds, the rest a request path. Whatever a
 * path names has one spelling, which names the same again.
 */
#include "bridge/core/mem.h"
#include "bridge/dav/route.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static bool is_printable(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~') {
            return false;
        }
    }
    return true;
}

static void check_names(const struct route *route)
{
    const struct str names[] = { route->user, route->collection, route->object, route->attachment };
    bool is_named = route->kind == ROUTE_OBJECT || route->kind == ROUTE_ATTACHMENT;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        must(names[i].n <= ROUTE_MAX_SEGMENT && str_find_char(names[i], '/') == SIZE_MAX);
        must(!str_eq(names[i], S("..")) && str_is_utf8(names[i]));
    }
    must((route->user.n > 0) == (route->kind == ROUTE_PRINCIPAL || route->kind >= ROUTE_HOME));
    must((route->collection.n > 0) == (route->kind >= ROUTE_COLLECTION));
    must((route->object.n > 0) == is_named);
    must((route->attachment.n > 0) == (route->kind == ROUTE_ATTACHMENT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct str path = arena_copy(arena, (struct str){ (const char *)data, size });
    struct str prefix = S("");
    struct uri_path prefix_path = { 0 };
    struct route route;
    struct route again;
    struct err err;

    (void)str_next(&path, '\n', &prefix);
    if (!str_has_prefix(prefix, S("/")) || str_has_suffix(prefix, S("/")) ||
        !is_printable(prefix) || !uri_parse_path(prefix, 8, arena, &prefix_path, &err)) {
        prefix = S("");
        prefix_path = (struct uri_path){ 0 };
    }
    if (!route_parse(&prefix_path, path, arena, &route, &err) || route.kind == ROUTE_OTHER ||
        route.kind == ROUTE_WELL_KNOWN) {
        return 0;
    }
    check_names(&route);
    struct str href = route_href(&route, prefix, arena);

    must(is_printable(href) && str_has_prefix(href, prefix));
    must((route.object.n > 0) != str_has_suffix(href, S("/")));
    must(route_parse(&prefix_path, href, arena, &again, &err));
    must(again.kind == route.kind && str_eq(again.user, route.user) &&
         str_eq(again.collection, route.collection) && str_eq(again.object, route.object) &&
         str_eq(again.attachment, route.attachment));
    must(str_eq(route_href(&again, prefix, arena), href));
    return 0;
}
