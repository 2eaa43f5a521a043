#include "http/auth.h"

#include "bridge/core/base64.h"

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
        !base64_decode(str_trim(str_skip(header, 6)), arena, &plain) || plain.n == 0 ||
        has_control(plain) || !str_is_utf8(plain)) {
        return false;
    }
    size_t colon = str_find_char(plain, ':');
    if (colon == SIZE_MAX) {
        return false;
    }
    *out = (struct http_basic){ str_first(plain, colon), str_skip(plain, colon + 1) };
    return true;
}
