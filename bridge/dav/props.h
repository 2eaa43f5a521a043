#pragma once
/**
 * The table of live properties: which kinds of resource have which, and how its content is written.
 * And what a request asks for of them (RFC 4918 9.1, RFC 4791 9.6).
 */
#include "bridge/dav/call.h"
#include "bridge/dav/data_part.h"

/** What properties are asked of. Filled in and used within one turn, but for objects. */
struct prop_subject {
    enum route_kind kind;
    const struct dav_call *call;
    struct user *user;                   /**< all but objects */
    const struct collection *collection; /**< collections; objects, unless it has gone */
    const struct resource *resource;     /**< objects */
    bool is_writable;                    /**< collections and objects */
    struct str data;                     /**< objects: calendar-data as it was asked for */
    struct arena *arena;                 /**< for scratch */
};

enum prop_flag {
    PROP_IN_ALL = 1,      /**< part of DAV:allprop */
    PROP_IN_REPORTS = 2,  /**< REPORT only (calendar-data) */
    PROP_IS_POLL = 4,     /**< naming it asks whether something has changed */
    PROP_IS_WRITABLE = 8, /**< PROPPATCH may set it on a collection: upstream has it */
    PROP_IS_KEPT = 16,    /**< the store keeps it; `write` is for when it is not set */
};

struct prop_def {
    enum xml_ns ns;
    const char *name;
    unsigned kinds; /**< bits of enum route_kind that have it */
    unsigned flags;
    /** Whether this one has it; NULL: by kinds alone. */
    bool (*has)(const struct prop_subject *subject);
    /** Writes the content, between the tags; NULL: an empty element, or none if it is kept. */
    void (*write)(struct xml_out *xml, const struct prop_subject *subject);
};

/** The table; its end is the row without a name. */
extern const struct prop_def prop_defs[];
/** NULL if it is no live property. */
const struct prop_def *prop_find(struct str ns, struct str name);
bool prop_applies(const struct prop_def *def, const struct prop_subject *subject);
/** May the store keep what clients say of it on such a resource? def NULL: it is no live property,
 * here or elsewhere. */
bool prop_may_be_kept(const struct prop_def *def, enum route_kind kind);
/** The element with its content. */
void prop_write(
    struct xml_out *xml, const struct prop_def *def, const struct prop_subject *subject);

enum prop_mode {
    PROP_NAMED,
    PROP_ALL,   /**< allprop, with `wanted` included */
    PROP_NAMES, /**< propname */
};

struct prop_wanted {
    const struct prop_def *def; /**< NULL: not live */
    struct str ns;
    struct str name;
};

struct prop_request {
    enum prop_mode mode;
    struct prop_wanted *wanted;
    size_t count;
    bool is_report;
    bool is_poll;                 /**< names getctag or sync-token */
    bool is_minimal;              /**< leave out what was not found */
    const struct data_part *part; /**< NULL: whole calendar objects */
};

/** More different names in one request are refused. */
#define PROP_MAX_WANTED 500

/**
 * Read DAV:prop, DAV:allprop (with DAV:include) or DAV:propname below `node`; node NULL or without
 * any of them: allprop for PROPFIND, nothing for reports.
 * fails: ERR_INVALID: more than PROP_MAX_WANTED names, or no such form in a PROPFIND's body
 */
MUST_CHECK bool prop_request_parse(const struct xml_node *node, bool is_report, bool is_minimal,
    struct arena *arena, struct prop_request *out, struct err *err);

/** Is it one that this request can be given of this subject? */
bool prop_is_found(const struct prop_request *request, const struct prop_wanted *wanted,
    const struct prop_subject *subject);
/** The element of one that is. */
void prop_write_found(
    struct xml_out *xml, const struct prop_wanted *wanted, const struct prop_subject *subject);
/** The propstat elements of one response. */
void prop_write_propstats(
    struct xml_out *xml, const struct prop_request *request, const struct prop_subject *subject);
