/** calendar-multiget (RFC 4791 7.9). */
#include "bridge/dav/multistatus.h"
#include "bridge/dav/report_props.h"

struct multiget {
    struct prop_request request;
    const struct xml_node *root;
};

/** Around hrefs iOS writes line breaks. */
static struct str trimmed(struct str s)
{
    while (s.n > 0 && (unsigned char)s.p[0] <= ' ') {
        s = str_skip(s, 1);
    }
    while (s.n > 0 && (unsigned char)s.p[s.n - 1] <= ' ') {
        s = str_first(s, s.n - 1);
    }
    return s;
}

/** The path of an absolute path or http URL; empty for anything else. */
static struct str path_of(struct str href)
{
    struct str scheme_end = S("://");
    size_t at;

    if (href.n > 0 && href.p[0] == '/') {
        return href;
    }
    if (!str_has_prefix_nocase(href, S("http://")) && !str_has_prefix_nocase(href, S("https://"))) {
        return S("");
    }
    href = str_skip(href, str_find(href, scheme_end) + scheme_end.n);
    at = str_find_char(href, '/');
    return at == SIZE_MAX ? S("") : str_skip(href, at);
}

/** The object of this collection that an href names; NULL if there is none. */
static struct resource *find(struct dav_call *call, struct collection *collection, struct str href)
{
    struct str path = path_of(href);
    struct resource *resource;
    struct route route;
    struct err err;

    if (path.n == 0 ||
        !route_parse(&call->dav->prefix_path, path, call_arena(call), &route, &err) ||
        route.kind != ROUTE_OBJECT || !str_eq(route.user, call->user) ||
        !str_eq(route.collection, call->route.collection)) {
        return NULL;
    }
    resource = collection_find(collection, route.object);
    return resource == NULL || resource->is_removed ? NULL : resource;
}

static void opened(const struct err *err, void *arg)
{
    struct dav_call *call = arg;
    struct multiget *multiget = call->state;
    struct collection *collection = call_opened(call, err);

    if (collection == NULL) {
        return;
    }
    struct multistatus *multistatus = multistatus_begin(call, &multiget->request);

    multistatus_set_writable(multistatus, collection_is_writable(collection));
    for (const struct xml_node *node = multiget->root->children; node != NULL; node = node->next) {
        if (!xml_is(node, S("DAV:"), S("href"))) {
            continue;
        }
        struct str href = trimmed(node->text);
        struct resource *resource = find(call, collection, href);

        if (resource != NULL) {
            multistatus_add_object(multistatus, resource);
        } else {
            multistatus_add_missing(multistatus, href);
        }
    }
    multistatus_send(&multistatus);
}

void report_multiget(struct dav_call *call, const struct xml_node *root)
{
    struct multiget *multiget = ARENA_NEW(call_arena(call), struct multiget);

    call->state = multiget;
    multiget->root = root;
    if (report_props(call, root, &multiget->request)) {
        engine_open(call->dav->engine, call_collection(call), false, call->client, opened, call);
    }
}
