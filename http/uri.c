#include "http/uri.h"

#include "bridge/core/mem.h"

#include <arpa/inet.h>

/** A host name has at most 253 characters (RFC 1035 2.3.4). */
#define HOST_MAX 253

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/** RFC 3986 2.3 */
static bool is_unreserved(char c)
{
    return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return -1;
}

static bool is_ipv6(struct str host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (host.n >= sizeof(text)) {
        return false;
    }
    for (size_t i = 0; i < host.n; i++) {
        if (host.p[i] == '\0') { /* it would end the text for inet_pton */
            return false;
        }
        text[i] = host.p[i];
    }
    text[host.n] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_host_name(struct str host)
{
    if (host.n == 0 || host.n > HOST_MAX) {
        return false;
    }
    for (size_t i = 0; i < host.n; i++) {
        if (!is_unreserved(host.p[i])) {
            return false;
        }
    }
    return true;
}

bool uri_split_authority(struct str authority, struct str *host_out, struct str *port_out)
{
    struct str host = authority;
    struct str after = { 0 };

    if (str_has_prefix(authority, S("["))) {
        size_t close = str_find_char(authority, ']');
        if (close == SIZE_MAX) {
            return false;
        }
        host = str_skip(str_first(authority, close), 1);
        after = str_skip(authority, close + 1);
        if (!is_ipv6(host)) {
            return false;
        }
    } else {
        size_t colon = str_find_char(authority, ':');
        if (colon != SIZE_MAX) {
            host = str_first(authority, colon);
            after = str_skip(authority, colon);
        }
        if (!is_host_name(host)) {
            return false;
        }
    }
    uint64_t port = 1;
    if (after.n > 0 && after.p[0] != ':') {
        return false;
    }
    struct str digits = str_skip(after, 1);
    if (digits.n > 0 && (!str_to_u64(digits, &port) || port == 0 || port > UINT16_MAX)) {
        return false;
    }
    *host_out = host;
    *port_out = digits;
    return true;
}

/** Visible ASCII that a path or query may hold, and whole escapes. */
static bool is_path_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '#') {
            return false;
        }
        if (c == '%' && (i + 2 >= s.n || hex_value(s.p[i + 1]) < 0 || hex_value(s.p[i + 2]) < 0)) {
            return false;
        }
    }
    return true;
}

static struct str lower_copy(struct arena *arena, struct str s)
{
    char *p = arena_alloc(arena, s.n + 1);

    for (size_t i = 0; i < s.n; i++) {
        p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + ('a' - 'A')) : s.p[i];
    }
    return (struct str){ p, s.n };
}

bool uri_parse(struct str text, struct arena *arena, struct uri *out, struct err *err)
{
    struct uri uri = { 0 };
    struct str rest;

    if (str_has_prefix_nocase(text, S("https://"))) {
        uri.scheme = S("https");
        uri.port = 443;
        rest = str_skip(text, 8);
    } else if (str_has_prefix_nocase(text, S("http://"))) {
        uri.scheme = S("http");
        uri.port = 80;
        rest = str_skip(text, 7);
    } else {
        return err_set(err, ERR_INVALID, "not an http or https URL");
    }
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#') {
        end++;
    }
    struct str host;
    struct str port;
    if (!uri_split_authority(str_first(rest, end), &host, &port)) {
        return err_set(err, ERR_INVALID, "URL with a bad host or port, or with user info");
    }
    rest = str_skip(rest, end);
    if (!is_path_text(rest)) {
        return err_set(
            err, ERR_INVALID, "URL with a character that must be escaped, or a fragment");
    }
    uint64_t number;
    if (str_to_u64(port, &number)) {
        uri.port = (uint16_t)number;
    }
    uri.host = lower_copy(arena, host);
    size_t mark = str_find_char(rest, '?');
    uri.has_query = mark != SIZE_MAX;
    struct str path = uri.has_query ? str_first(rest, mark) : rest;
    uri.path = path.n > 0 ? arena_copy(arena, path) : S("/");
    uri.query = uri.has_query ? arena_copy(arena, str_skip(rest, mark + 1)) : (struct str){ 0 };
    *out = uri;
    return true;
}

bool uri_is_same_origin(const struct uri *a, const struct uri *b)
{
    return str_eq(a->scheme, b->scheme) && str_eq(a->host, b->host) && a->port == b->port;
}

static bool decode(struct str text, char plus, struct arena *arena, struct str *out)
{
    char *p = arena_alloc(arena, text.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            int high = i + 1 < text.n ? hex_value(text.p[i + 1]) : -1;
            int low = i + 2 < text.n ? hex_value(text.p[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0) {
                return false;
            }
            p[n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            p[n++] = c == '+' ? plus : c;
        }
    }
    *out = (struct str){ p, n };
    return true;
}

bool uri_decode(struct str text, struct arena *arena, struct str *out)
{
    return decode(text, '+', arena, out);
}

static size_t encode(struct str s, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_unreserved(s.p[i])) {
            out[n++] = s.p[i];
        } else {
            out[n++] = '%';
            out[n++] = digits[c >> 4];
            out[n++] = digits[c & 15];
        }
    }
    return n;
}

void uri_encode_segment(struct buf *out, struct str s)
{
    char piece[3 * 128];

    while (s.n > 0) {
        struct str head = str_first(s, sizeof(piece) / 3);
        buf_put(out, (struct str){ piece, encode(head, piece) });
        s = str_skip(s, head.n);
    }
}

struct str uri_encoded(struct arena *arena, struct str s)
{
    char *p = arena_alloc(arena, 3 * s.n + 1);

    return (struct str){ p, encode(s, p) };
}

/** One decoded segment; fills err with 403 or 400. */
static bool check_segment(struct str segment, struct err *err)
{
    if (str_eq(segment, S(".")) || str_eq(segment, S(".."))) {
        return err_set_code(err, ERR_INVALID, 400, "path with a dot segment");
    }
    for (size_t i = 0; i < segment.n; i++) {
        unsigned char c = (unsigned char)segment.p[i];
        if (c == '/') {
            return err_set_code(err, ERR_INVALID, 403, "path with an escaped slash");
        }
        if (c < 0x20 || c == 0x7f) {
            return err_set_code(err, ERR_INVALID, 400, "path with a control character");
        }
    }
    if (!str_is_utf8(segment)) {
        return err_set_code(err, ERR_INVALID, 400, "path that is not UTF-8");
    }
    return true;
}

bool uri_parse_path(
    struct str path, size_t max, struct arena *arena, struct uri_path *out, struct err *err)
{
    if (!str_has_prefix(path, S("/"))) {
        return err_set_code(err, ERR_INVALID, 400, "path without a leading slash");
    }
    struct uri_path result = { arena_alloc_array(arena, max, sizeof(struct str)), 0,
        str_has_suffix(path, S("/")) };
    struct str raw;
    while (str_next(&path, '/', &raw)) {
        if (raw.n == 0) {
            continue;
        }
        if (result.count == max) {
            return err_set_code(err, ERR_INVALID, 400, "path of more than %zu segments", max);
        }
        struct str *segment = &result.segments[result.count++];
        if (!uri_decode(raw, arena, segment)) {
            return err_set_code(err, ERR_INVALID, 400, "path with a bad escape");
        }
        if (!check_segment(*segment, err)) {
            return false;
        }
    }
    *out = result;
    return true;
}

bool uri_query_value(struct str query, struct str name, struct arena *arena, struct str *value_out)
{
    struct str pair;

    while (str_next(&query, '&', &pair)) {
        size_t equals = str_find_char(pair, '=');
        struct str key;
        if (!decode(equals == SIZE_MAX ? pair : str_first(pair, equals), ' ', arena, &key)) {
            continue; /* somebody else's parameter */
        }
        if (str_eq(key, name)) {
            struct str value = equals == SIZE_MAX ? (struct str){ 0 } : str_skip(pair, equals + 1);
            return decode(value, ' ', arena, value_out);
        }
    }
    return false;
}
