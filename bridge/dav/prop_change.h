#pragma once
/**
 * A property that a request sets or removes (PROPPATCH, MKCALENDAR, extended MKCOL): may it, and
 * what is kept of it.
 */
#include "bridge/dav/props.h"

/** Longest name of a list that is passed on. */
#define PROP_MAX_NAME 255

struct prop_change {
    struct str ns;
    struct str name;
    struct str xml;   /**< the whole element to be kept; empty: to be removed, or is_name */
    bool is_name;     /**< DAV:displayname: upstream keeps it */
    int status;       /**< 200: allowed; 403 or 507: refused */
    enum fault fault; /**< of a refused one */
};

/** node: the element inside DAV:prop; kind: of what it is set on. */
struct prop_change prop_change_read(
    const struct xml_node *node, bool is_removal, enum route_kind kind, struct arena *arena);
