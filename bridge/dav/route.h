#pragma once
/**
 * From a request path to what it names, and back to the one spelling in which hrefs are given out
 * (interface.md, Addresses). Pure: whether the thing exists is not asked here.
 */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"
#include "bridge/core/str.h"
#include "http/uri.h"

/** The kinds of resources that the tree has. */
enum route_kind {
    ROUTE_OTHER,      /**< nothing of ours */
    ROUTE_WELL_KNOWN, /**< /.well-known/caldav */
    ROUTE_ROOT,       /**< / and /dav/ */
    ROUTE_PRINCIPALS, /**< /dav/principals/ and /principals/ */
    ROUTE_PRINCIPAL,  /**< /dav/principals/USER/ */
    ROUTE_CALENDARS,  /**< /dav/calendars/ */
    ROUTE_HOME,       /**< /dav/calendars/USER/ */
    ROUTE_COLLECTION, /**< /dav/calendars/USER/LIST/ */
    ROUTE_OBJECT,     /**< /dav/calendars/USER/LIST/NAME */
    ROUTE_ATTACHMENT, /**< /dav/attachments/USER/LIST/NAME/ID */
    ROUTE_KIND_COUNT,
};

struct route {
    enum route_kind kind;
    bool is_short;    /**< without /dav: "/", "/principals/..." */
    bool is_too_long; /**< ROUTE_OTHER, but only for the length of a segment */
    bool is_too_deep; /**< ROUTE_OTHER, below what would be an object */
    struct str user;
    struct str collection;
    struct str object;
    struct str
        attachment; /**< its MANAGED-ID; in an href: may be empty, for what they begin with */
};

/** Longest decoded segment that names something of ours. */
#define ROUTE_MAX_SEGMENT 512

/**
 * path    as in the request, percent-encoded, with or without the prefix (a proxy may strip it)
 * prefix  segments of the path of public_url
 * fails   ERR_INVALID: a bad path (err->code 403: an encoded '/' in a segment)
 */
MUST_CHECK bool route_parse(const struct uri_path *prefix, struct str path, struct arena *arena,
    struct route *out, struct err *err);

/** Its address: percent-encoded, containers end in '/'. prefix: as text, without a last '/'. */
struct str route_href(const struct route *route, struct str prefix, struct arena *arena);
