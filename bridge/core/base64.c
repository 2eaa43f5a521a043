#include "bridge/core/base64.h"

/** The six bits of a digit, or -1. */
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

bool base64_decode(struct str text, struct arena *arena, struct str *out)
{
    if (text.n % 4 != 0) {
        return false;
    }
    size_t digits = text.n;
    while (digits > 0 && digits + 2 > text.n && text.p[digits - 1] == '=') {
        digits--;
    }
    char *bytes = arena_alloc(arena, text.n / 4 * 3 + 1);
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

void base64_put(struct buf *out, struct str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t left = bytes.n - i;
        uint32_t b0 = (unsigned char)bytes.p[i];
        uint32_t b1 = left > 1 ? (unsigned char)bytes.p[i + 1] : 0;
        uint32_t b2 = left > 2 ? (unsigned char)bytes.p[i + 2] : 0;
        uint32_t group = b0 << 16 | b1 << 8 | b2;
        char text[4] = { digits[group >> 18], digits[group >> 12 & 63],
            left > 1 ? digits[group >> 6 & 63] : '=', left > 2 ? digits[group & 63] : '=' };

        buf_put(out, (struct str){ text, 4 });
    }
}
