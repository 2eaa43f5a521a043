#include "bridge/dav/collation.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"

static const struct str names[COLLATION_COUNT] = {
    [COLLATION_ASCII] = STR("i;ascii-casemap"),
    [COLLATION_OCTET] = STR("i;octet"),
    [COLLATION_UNICODE] = STR("i;unicode-casemap"),
};

struct str collation_name(enum collation collation)
{
    return names[collation];
}

bool collation_parse(struct str name, enum collation *out)
{
    if (name.n == 0 || str_eq_nocase(name, S("default"))) {
        *out = COLLATION_ASCII;
        return true;
    }
    for (unsigned i = 0; i < COLLATION_COUNT; i++) {
        if (str_eq_nocase(name, names[i])) {
            *out = (enum collation)i;
            return true;
        }
    }
    return false;
}

static struct str fold_ascii(struct str text, struct arena *arena)
{
    char *p = arena_alloc(arena, text.n + 1);

    for (size_t i = 0; i < text.n; i++) {
        p[i] = text.p[i] >= 'A' && text.p[i] <= 'Z' ? (char)(text.p[i] + 32) : text.p[i];
    }
    return (struct str){ p, text.n };
}

/** The character at `at` of valid UTF-8, and how many bytes it takes. */
static uint32_t read_character(struct str text, size_t at, size_t *bytes_out)
{
    const unsigned char *p = (const unsigned char *)text.p + at;
    size_t bytes = p[0] < 0xC0 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    uint32_t code = bytes == 1 ? p[0] : p[0] & (0x7Fu >> bytes);

    if (bytes > text.n - at) {
        bytes = 1;
        code = UINT32_MAX;
    }
    for (size_t i = 1; i < bytes; i++) {
        code = code << 6 | (p[i] & 0x3Fu);
    }
    *bytes_out = bytes;
    return code;
}

static struct str folded_character(uint32_t code)
{
    size_t low = casemap_pages[code >> 8];
    size_t high = casemap_pages[(code >> 8) + 1];

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (casemap_rows[middle].code < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == casemap_row_count || casemap_rows[low].code != code) {
        return S("");
    }
    return (struct str){ casemap_text + casemap_rows[low].at, casemap_rows[low].bytes };
}

static struct str fold_unicode(struct str text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    size_t bytes;

    buf_init(&out, SIZE_MAX);
    for (size_t at = 0; at < text.n; at += bytes) {
        uint32_t code = read_character(text, at, &bytes);
        struct str form = S("");

        if (code < 0x80) {
            buf_put_char(&out, (char)(code >= 'a' && code <= 'z' ? code - 32 : code));
            continue;
        }
        if (code < CASEMAP_CODES) {
            form = folded_character(code);
        }
        buf_put(&out, form.n > 0 ? form : (struct str){ text.p + at, bytes });
    }
    return arena_copy(arena, buf_str(&out));
}

struct str collation_fold(enum collation collation, struct str text, struct arena *arena)
{
    switch (collation) {
    case COLLATION_ASCII:
        return fold_ascii(text, arena);
    case COLLATION_UNICODE:
        return fold_unicode(text, arena);
    case COLLATION_OCTET:
    case COLLATION_COUNT:
        break;
    }
    return text;
}
