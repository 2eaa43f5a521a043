#include "http/auth.h"

/** The six bits of a base64 digit (RFC 4648 4), or -1. */
static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/** Padded base64 without blanks; bits that do not count must be 0. */
static bool base64_decode(struct str text, struct arena *arena, struct str *out)
{
    if (text.n == 0 || text.n % 4 != 0) {
        return false;
    }
    size_t digits = text.n;
    while (digits > text.n - 2 && text.p[digits - 1] == '=') {
        digits--;
    }
    char *bytes = arena_alloc(arena, text.n / 4 * 3);
    size_t n = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < digits; i++) {
        int value = digit_value(text.p[i]);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 0) {
            unsigned left = 6 - 2 * (unsigned)(i % 4); /* 4, 2, 0 bits of the next byte are in */
            bytes[n++] = (char)(bits >> left & 0xff);
        }
    }
    if ((digits % 4 == 2 && (bits & 0xf) != 0) || (digits % 4 == 3 && (bits & 0x3) != 0)) {
        return false;
    }
    *out = (struct str){ bytes, n };
    return true;
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f) {
            return true;
        }
    }
    return false;
}

bool http_basic_parse(struct str header, struct arena *arena, struct http_basic *out)
{
    struct str plain;

    if (!str_has_prefix_nocase(header, S("Basic ")) ||
        !base64_decode(str_trim(str_skip(header, 6)), arena, &plain) || has_control(plain) ||
        !str_is_utf8(plain)) {
        return false;
    }
    size_t colon = str_find_char(plain, ':');
    if (colon == SIZE_MAX) {
        return false;
    }
    *out = (struct http_basic){ str_first(plain, colon), str_skip(plain, colon + 1) };
    return true;
}
