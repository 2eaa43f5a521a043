#pragma once
/**
 * URLs and percent-coding (RFC 3986). Results live in the arena.
 */
#include "bridge/core/arena.h"
#include "bridge/core/buf.h"
#include "bridge/core/err.h"
#include "bridge/core/str.h"

struct uri {
    struct str scheme; /**< lower case: "http", "https" */
    struct str host;   /**< lower case; an IPv6 address without its brackets */
    uint16_t port;     /**< the scheme's own if none was given */
    struct str path;   /**< as written; "/" if empty */
    struct str query;  /**< as written, without '?'; empty if none */
    bool has_query;
};

/** An absolute http or https URL without user info and fragment. fails: ERR_INVALID */
MUST_CHECK bool uri_parse(struct str text, struct arena *arena, struct uri *out, struct err *err);
/**
 * "host", "host:port", "[::1]:port" (also the value of a Host header): *host_out without brackets,
 * *port_out the digits, empty if none. False when either is malformed or there is user info.
 */
bool uri_split_authority(struct str authority, struct str *host_out, struct str *port_out);
/** Same scheme, host and port? */
bool uri_is_same_origin(const struct uri *a, const struct uri *b);

/** Decode %XX once. False on a bad escape or a decoded NUL. '+' stays a plus. */
bool uri_decode(struct str text, struct arena *arena, struct str *out);
/** Append s with every byte outside [A-Za-z0-9._~-] as %XX (upper-case hex). */
void uri_encode_segment(struct buf *out, struct str s);
/** As uri_encode_segment, in an arena. */
struct str uri_encoded(struct arena *arena, struct str s);

/**
 * The decoded segments of a request path ("/dav/calendars/u/" gives 3). Empty segments are dropped
 * ('//' is one slash). fails: ERR_INVALID: bad escape, control byte, not UTF-8, "." or "..", a
 * decoded '/' inside a segment (its err->code is 403), more than max segments.
 */
struct uri_path {
    struct str *segments;
    size_t count;
    bool has_slash; /**< the path ends in '/' */
};
MUST_CHECK bool uri_parse_path(
    struct str path, size_t max, struct arena *arena, struct uri_path *out, struct err *err);
/** The value of a query parameter, decoded ('+' is a space here); false if absent or malformed. */
bool uri_query_value(struct str query, struct str name, struct arena *arena, struct str *value_out);
