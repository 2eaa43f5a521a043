#pragma once
/**
 * XML in, as a small tree (expat), and XML out, straight into an evbuffer. Input is bounded in
 * depth, nodes and size; DOCTYPE and entities are refused. The tree lives in the arena.
 */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"
#include "bridge/core/str.h"

struct evbuffer;

struct xml_attribute {
    struct str ns; /**< empty: none */
    struct str name;
    struct str value;
    struct xml_attribute *next;
};

struct xml_node {
    struct str ns;
    struct str name;
    struct str text; /**< all character data directly inside, joined */
    struct xml_attribute *attributes;
    struct xml_node *children; /**< elements, in order */
    struct xml_node *next;
    struct xml_node *parent;
    bool is_mixed; /**< has elements and, between them, text of which the place is lost */
};

struct xml_limits {
    unsigned depth;     /**< 32 */
    size_t nodes;       /**< elements and attributes, 50,000 */
    size_t arena_bytes; /**< what the tree may take, 32 MiB */
};
/** Longest name and longest namespace, in bytes: each may be repeated with every element. */
#define XML_MAX_NAME 256
/** That of the prefix `xml`, which no document declares. */
#define XML_NAMESPACE "http://www.w3.org/XML/1998/namespace"
extern const struct xml_limits xml_default_limits;

/** fails: ERR_INVALID: malformed, not UTF-8 (or UTF-16, US-ASCII, ISO-8859-1 as declared), DOCTYPE;
 * ERR_LIMIT. Equal namespaces share their bytes. */
MUST_CHECK bool xml_parse(struct str text, const struct xml_limits *limits, struct arena *arena,
    struct xml_node **root_out, struct err *err);
bool xml_is(const struct xml_node *node, struct str ns, struct str name);
/** First child of that name; NULL if none. */
struct xml_node *xml_child(const struct xml_node *node, struct str ns, struct str name);
/** Attribute without namespace; an empty view with p == NULL if absent. */
struct str xml_attribute(const struct xml_node *node, struct str name);
/** The node and everything in it as canonical-enough XML with its own namespace declarations, for
 * dead properties. fails: ERR_LIMIT: longer than `limit` bytes */
MUST_CHECK bool xml_serialize(const struct xml_node *node, size_t limit, struct arena *arena,
    struct str *out, struct err *err);

/** Namespaces that we write, with fixed prefixes declared on the root element. */
enum xml_ns {
    XML_DAV,    /**< D  DAV: */
    XML_CALDAV, /**< C  urn:ietf:params:xml:ns:caldav */
    XML_CS,     /**< CS http://calendarserver.org/ns/ */
    XML_APPLE,  /**< A  http://apple.com/ns/ical/ */
    XML_NS_COUNT,
};
struct str xml_ns_uri(enum xml_ns ns);

/** A writer; the caller owns the evbuffer. The root element declares all prefixes. */
struct xml_out {
    struct evbuffer *out;
    bool has_root;
};
void xml_out_init(struct xml_out *xml, struct evbuffer *out); /**< writes the XML declaration */
void xml_open(struct xml_out *xml, enum xml_ns ns, const char *name);
void xml_close(struct xml_out *xml, enum xml_ns ns, const char *name);
void xml_empty(struct xml_out *xml, enum xml_ns ns, const char *name);
/** <name>text</name>, escaped (CR as &#13;); bytes that XML 1.0 forbids are left out. */
void xml_text(struct xml_out *xml, enum xml_ns ns, const char *name, struct str text);
/** An empty element in any namespace: <x:name xmlns:x="..."/>. */
void xml_empty_any(struct xml_out *xml, struct str ns, struct str name);
/** Escaped character data alone. */
void xml_chars(struct xml_out *xml, struct str text);
/** Already written XML, as it is. */
void xml_raw(struct xml_out *xml, struct str text);
