#include "bridge/core/str.h"

#include <string.h>

/* str_hash is in secret.c, the one file that knows libsodium. */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_from(const char *text)
{
    return text == NULL ? (struct str){ NULL, 0 } : (struct str){ text, strlen(text) };
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eq_nocase(struct str a, struct str b)
{
    return a.n == b.n && str_has_prefix_nocase(a, b);
}

int str_compare(struct str a, struct str b)
{
    size_t shorter = a.n < b.n ? a.n : b.n;
    int order = shorter > 0 ? memcmp(a.p, b.p, shorter) : 0;

    if (order != 0) {
        return order;
    }
    return (a.n > b.n) - (a.n < b.n);
}

bool str_has_prefix(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq(str_first(s, prefix.n), prefix);
}

bool str_has_prefix_nocase(struct str s, struct str prefix)
{
    if (s.n < prefix.n) {
        return false;
    }
    for (size_t i = 0; i < prefix.n; i++) {
        if (lower(s.p[i]) != lower(prefix.p[i])) {
            return false;
        }
    }
    return true;
}

bool str_has_suffix(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

size_t str_find(struct str s, struct str needle)
{
    const char *found;

    if (needle.n == 0) {
        return 0;
    }
    if (s.n < needle.n) {
        return SIZE_MAX;
    }
    found = memmem(s.p, s.n, needle.p, needle.n);
    return found == NULL ? SIZE_MAX : (size_t)(found - s.p);
}

size_t str_find_char(struct str s, char c)
{
    const char *found = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

    return found == NULL ? SIZE_MAX : (size_t)(found - s.p);
}

struct str str_skip(struct str s, size_t from)
{
    if (from > s.n) {
        from = s.n;
    }
    return from == 0 ? s : (struct str){ s.p + from, s.n - from };
}

struct str str_first(struct str s, size_t n)
{
    return (struct str){ s.p, n < s.n ? n : s.n };
}

struct str str_trim(struct str s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s = str_skip(s, 1);
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

bool str_next(struct str *rest, char separator, struct str *head_out)
{
    size_t at;

    if (rest->p == NULL) {
        return false;
    }
    at = str_find_char(*rest, separator);
    if (at == SIZE_MAX) {
        *head_out = *rest;
        *rest = (struct str){ NULL, 0 };
    } else {
        *head_out = str_first(*rest, at);
        *rest = str_skip(*rest, at + 1);
    }
    return true;
}

bool str_to_u64(struct str s, uint64_t *out)
{
    uint64_t value = 0;

    if (s.n == 0) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(value, 10U, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.p[i] - '0'), &value)) {
            return false;
        }
    }
    *out = value;
    return true;
}

bool str_to_i64(struct str s, int64_t *out)
{
    bool is_negative = s.n > 0 && s.p[0] == '-';
    uint64_t limit = is_negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t value;

    if (!str_to_u64(is_negative ? str_skip(s, 1) : s, &value) || value > limit) {
        return false;
    }
    *out = is_negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* Length of the sequence at p (1 to 4), or 0 if it is none. RFC 3629 4 */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
    size_t length;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;

    if (p[0] < 0x80) {
        return 1;
    }
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        length = 2;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        length = 3;
        low = p[0] == 0xe0 ? 0xa0 : low;   /* overlong */
        high = p[0] == 0xed ? 0x9f : high; /* surrogates */
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        length = 4;
        low = p[0] == 0xf0 ? 0x90 : low;   /* overlong */
        high = p[0] == 0xf4 ? 0x8f : high; /* above U+10FFFF */
    } else {
        return 0;
    }
    if (n < length || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf) {
            return 0;
        }
    }
    return length;
}

bool str_is_utf8(struct str s)
{
    size_t at = 0;

    while (at < s.n) {
        size_t length = utf8_sequence((const unsigned char *)s.p + at, s.n - at);

        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}
