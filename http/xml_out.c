#include "http/xml.h"

#include <event2/buffer.h>
#include <string.h>

static const struct {
    struct str prefix; /**< with its colon */
    struct str uri;
} namespaces[XML_NS_COUNT] = {
    [XML_DAV] = { STR("D:"), STR("DAV:") },
    [XML_CALDAV] = { STR("C:"), STR("urn:ietf:params:xml:ns:caldav") },
    [XML_CS] = { STR("CS:"), STR("http://calendarserver.org/ns/") },
    [XML_APPLE] = { STR("A:"), STR("http://apple.com/ns/ical/") },
};

struct str xml_ns_uri(enum xml_ns ns)
{
    return namespaces[ns].uri;
}

static void put(struct xml_out *xml, struct str s)
{
    evbuffer_add(xml->out, s.p, s.n);
}

void xml_out_init(struct xml_out *xml, struct evbuffer *out)
{
    *xml = (struct xml_out){ .out = out };
    put(xml, S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
}

static void put_root_namespaces(struct xml_out *xml)
{
    for (int i = 0; i < XML_NS_COUNT; i++) {
        struct str prefix = namespaces[i].prefix;
        put(xml, S(" xmlns:"));
        put(xml, str_first(prefix, prefix.n - 1));
        put(xml, S("=\""));
        put(xml, namespaces[i].uri);
        put(xml, S("\""));
    }
    xml->has_root = true;
}

/** before, the qualified name, after; the root's namespaces between name and after. */
static void put_tag(
    struct xml_out *xml, struct str before, enum xml_ns ns, const char *name, struct str after)
{
    put(xml, before);
    put(xml, namespaces[ns].prefix);
    put(xml, str_from(name));
    if (!xml->has_root) {
        put_root_namespaces(xml);
    }
    put(xml, after);
}

void xml_open(struct xml_out *xml, enum xml_ns ns, const char *name)
{
    put_tag(xml, S("<"), ns, name, S(">"));
}

void xml_close(struct xml_out *xml, enum xml_ns ns, const char *name)
{
    put_tag(xml, S("</"), ns, name, S(">"));
}

void xml_empty(struct xml_out *xml, enum xml_ns ns, const char *name)
{
    put_tag(xml, S("<"), ns, name, S("/>"));
}

void xml_text(struct xml_out *xml, enum xml_ns ns, const char *name, struct str text)
{
    xml_open(xml, ns, name);
    xml_chars(xml, text);
    xml_close(xml, ns, name);
}

void xml_empty_any(struct xml_out *xml, struct str ns, struct str name)
{
    for (int i = 0; i < XML_NS_COUNT; i++) {
        if (xml->has_root && str_eq(ns, namespaces[i].uri)) {
            put(xml, S("<"));
            put(xml, namespaces[i].prefix);
            put(xml, name);
            put(xml, S("/>"));
            return;
        }
    }
    bool is_xml = str_eq(ns, S(XML_NAMESPACE)); /* may not be declared for another prefix */
    if (ns.n == 0 || is_xml) {                  /* we declare no default namespace */
        put(xml, is_xml ? S("<xml:") : S("<"));
        put(xml, name);
        put(xml, S("/>"));
        return;
    }
    put(xml, S("<x:"));
    put(xml, name);
    put(xml, S(" xmlns:x=\""));
    xml_chars(xml, ns);
    put(xml, S("\"/>"));
}

/**
 * What stands for the character at s.p[0], as *out; returns how many bytes it is long, 0 if it
 * stands for itself.
 */
static size_t escape(struct str s, struct str *out)
{
    unsigned char c = (unsigned char)s.p[0];

    switch (c) {
    case '&':
        *out = S("&amp;");
        return 1;
    case '<':
        *out = S("&lt;");
        return 1;
    case '>':
        *out = S("&gt;");
        return 1;
    case '"': /* namespaces go into attributes */
        *out = S("&quot;");
        return 1;
    case '\r':
        *out = S("&#13;");
        return 1;
    case '\t':
    case '\n':
        return 0;
    case 0xef: /* U+FFFE and U+FFFF are no characters of XML 1.0 (2.2) */
        *out = S("");
        return s.n >= 3 && (unsigned char)s.p[1] == 0xbf && (unsigned char)s.p[2] >= 0xbe ? 3 : 0;
    default:
        *out = S("");
        return c < 0x20 ? 1 : 0;
    }
}

void xml_chars(struct xml_out *xml, struct str text)
{
    size_t from = 0;
    size_t i = 0;

    while (i < text.n) {
        unsigned char c = (unsigned char)text.p[i];
        struct str replacement;
        bool is_plain = c > '>' && c != 0xef; /* most are, and the rest takes a closer look */
        size_t n = is_plain ? 0 : escape(str_skip(text, i), &replacement);
        if (n == 0) {
            i++;
            continue;
        }
        put(xml, str_first(str_skip(text, from), i - from));
        put(xml, replacement);
        i += n;
        from = i;
    }
    put(xml, str_skip(text, from));
}

void xml_raw(struct xml_out *xml, struct str text)
{
    put(xml, text);
}
