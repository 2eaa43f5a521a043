#include "bridge/upstream/json.h"

#include "bridge/core/base64.h"
#include "bridge/core/mem.h"

#include <cjson/cJSON.h>
#include <string.h>

/*
 * What cJSON does not check: it cuts a text at a \u0000, nests a thousand deep and does not care
 * about UTF-8. Strings are skipped here without decoding them; whether the text is JSON at all is
 * left to cJSON.
 */
static bool check_bounds(struct str text, struct err *err)
{
    bool is_in_string = false;
    unsigned depth = 0;

    if (!str_is_utf8(text) || memchr(text.p, '\0', text.n) != NULL) {
        return err_set(err, ERR_UPSTREAM, "JSON is not text in UTF-8");
    }
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == '"') {
            is_in_string = !is_in_string;
        } else if (is_in_string && c == '\\') {
            if (str_has_prefix(str_skip(text, i), S("\\u0000"))) {
                return err_set(err, ERR_UPSTREAM, "NUL in JSON");
            }
            i++;
        } else if (!is_in_string && (c == '{' || c == '[')) {
            if (++depth > JSON_DEPTH) {
                return err_set(err, ERR_UPSTREAM, "JSON nested too deep");
            }
        } else if (!is_in_string && (c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return true;
}

static bool is_blank(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (strchr(" \t\r\n", s.p[i]) == NULL) {
            return false;
        }
    }
    return true;
}

/* The code unit of an escape \uXXXX at the start of s; -1 if there is none. */
static int32_t code_unit(struct str s)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    int32_t unit = 0;

    if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u') {
        return -1;
    }
    for (size_t i = 2; i < 6; i++) {
        const char *digit = (const char *)memchr(digits, s.p[i], sizeof(digits) - 1);
        int32_t value;

        if (digit == NULL) {
            return -1;
        }
        value = (int32_t)(digit - digits);
        unit = unit * 16 + (value < 16 ? value : value - 6);
    }
    return unit;
}

static bool is_high(int32_t unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(int32_t unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

/* Where the next half of a surrogate pair stands alone; SIZE_MAX if nowhere. */
static size_t find_half_pair(struct str text, size_t from)
{
    for (size_t i = from; i < text.n; i++) {
        int32_t unit;

        if (text.p[i] != '\\') {
            continue;
        }
        unit = code_unit(str_skip(text, i));
        if (is_low(unit) || (is_high(unit) && !is_low(code_unit(str_skip(text, i + 6))))) {
            return i;
        }
        i += is_high(unit) ? 11 : 1; /* over the pair, or what is escaped */
    }
    return SIZE_MAX;
}

/*
 * The service cuts titles by UTF-16 units, so it may cut a character in two. That must not make a
 * whole page unreadable: the half becomes U+FFFD. Returns a copy to be freed, or NULL if all is
 * well.
 */
static char *mend_half_pairs(struct str text)
{
    char *copy = NULL;
    size_t at = 0;

    while ((at = find_half_pair(text, at)) != SIZE_MAX) {
        if (copy == NULL) {
            copy = mem_copy_text(text.p, text.n);
        }
        memcpy(copy + at, "\\ufffd", 6);
        at += 6;
    }
    return copy;
}

bool json_parse(struct str text, struct cJSON **json_out, struct err *err)
{
    const char *end = NULL;
    struct cJSON *json;
    char *mended;

    if (text.n == 0) {
        return err_set(err, ERR_UPSTREAM, "no JSON");
    }
    if (!check_bounds(text, err)) {
        return false;
    }
    mended = mend_half_pairs(text);
    text.p = mended != NULL ? mended : text.p;
    json = cJSON_ParseWithLengthOpts(text.p, text.n, &end, false);
    if (json == NULL || !is_blank(str_skip(text, (size_t)(end - text.p)))) {
        json_free(&json);
        err_set(err, ERR_UPSTREAM, "broken JSON");
    }
    mem_free(mended);
    if (json != NULL) {
        *json_out = json;
    }
    return json != NULL;
}

void json_free(struct cJSON **json)
{
    cJSON_Delete(*json);
    *json = NULL;
}

struct str json_text(const struct cJSON *value)
{
    return cJSON_IsString(value) ? str_from(value->valuestring) : (struct str){ 0 };
}

struct str json_member_text(const struct cJSON *object, const char *name)
{
    return json_text(cJSON_GetObjectItemCaseSensitive(object, name));
}

bool json_member_int(const struct cJSON *object, const char *name, int32_t min, int32_t max,
    int32_t *out, struct err *err)
{
    const struct cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

    if (value == NULL || cJSON_IsNull(value)) {
        return true;
    }
    /* written so that a NaN fails too */
    if (!cJSON_IsNumber(value) || !(value->valuedouble >= min && value->valuedouble <= max) ||
        value->valuedouble != (double)(int32_t)value->valuedouble) {
        return err_set(err, ERR_UPSTREAM, "%s is no whole number in its range", name);
    }
    *out = (int32_t)value->valuedouble;
    return true;
}

/* ---- out ---- */

void json_out_init(struct json_out *out, struct buf *buf)
{
    *out = (struct json_out){ .buf = buf };
}

static void separate(struct json_out *out)
{
    if (out->needs_comma) {
        buf_put_char(out->buf, ',');
    }
    out->needs_comma = true;
}

void json_out_open(struct json_out *out, char bracket)
{
    separate(out);
    buf_put_char(out->buf, bracket);
    out->needs_comma = false;
}

void json_out_close(struct json_out *out, char bracket)
{
    buf_put_char(out->buf, bracket);
    out->needs_comma = true;
}

static void put_quoted(struct buf *buf, struct str text)
{
    size_t from = 0;

    buf_put_char(buf, '"');
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        buf_put(buf, (struct str){ text.p + from, i - from });
        from = i + 1;
        if (c == '\n') {
            buf_put_text(buf, "\\n");
        } else if (c == '\r') {
            buf_put_text(buf, "\\r");
        } else if (c == '\t') {
            buf_put_text(buf, "\\t");
        } else if (c < 0x20) {
            buf_printf(buf, "\\u%04x", c);
        } else {
            buf_printf(buf, "\\%c", c);
        }
    }
    buf_put(buf, str_skip(text, from));
    buf_put_char(buf, '"');
}

void json_out_name(struct json_out *out, const char *name)
{
    separate(out);
    put_quoted(out->buf, str_from(name));
    buf_put_char(out->buf, ':');
    out->needs_comma = false;
}

void json_out_text(struct json_out *out, struct str text)
{
    separate(out);
    put_quoted(out->buf, text);
}

void json_out_int(struct json_out *out, int64_t number)
{
    separate(out);
    buf_printf(out->buf, "%lld", (long long)number);
}

void json_out_bool(struct json_out *out, bool value)
{
    separate(out);
    buf_put_text(out->buf, value ? "true" : "false");
}

void json_out_null(struct json_out *out)
{
    separate(out);
    buf_put_text(out->buf, "null");
}

void json_out_member(struct json_out *out, const char *name, struct str text)
{
    json_out_name(out, name);
    json_out_text(out, text);
}

void json_out_bytes(struct json_out *out, const char *name, struct str bytes)
{
    json_out_name(out, name);
    buf_put_char(out->buf, '"');
    base64_put(out->buf, bytes);
    buf_put_char(out->buf, '"');
    out->needs_comma = true;
}
