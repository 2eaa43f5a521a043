#include "bridge/sandbox/property.h"

#include "bridge/core/mem.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>

#define PROPERTIES_MAX 64
#define NAME_MAX_BYTES 500

static const struct str types[] = { STR("String"), STR("Integer"), STR("Boolean"), STR("Binary"),
    STR("SystemTime"), STR("Double"), STR("Float"), STR("Long"), STR("Short"), STR("Currency"),
    STR("CLSID"), STR("ApplicationTime") };

static bool is_type(struct str text, bool is_multi)
{
    if (is_multi) {
        if (!str_has_suffix(text, S("Array"))) {
            return false;
        }
        text = str_first(text, text.n - 5);
    }
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_eq(text, types[i])) {
            return true;
        }
    }
    return false;
}

/* {xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx} */
static bool is_guid(struct str text)
{
    if (text.n != 38 || text.p[0] != '{' || text.p[37] != '}') {
        return false;
    }
    for (size_t i = 1; i < 37; i++) {
        bool is_dash = i == 9 || i == 14 || i == 19 || i == 24;

        if (is_dash ? text.p[i] != '-' : !isxdigit((unsigned char)text.p[i])) {
            return false;
        }
    }
    return true;
}

static bool is_hex_id(struct str text)
{
    if (!str_has_prefix_nocase(text, S("0x")) || text.n < 3 || text.n > 10) {
        return false;
    }
    for (size_t i = 2; i < text.n; i++) {
        if (!isxdigit((unsigned char)text.p[i])) {
            return false;
        }
    }
    return true;
}

bool sbx_property_name(struct str text, bool is_multi, struct arena *arena, struct str *name_out)
{
    struct str rest = text;
    struct str type = { 0 };
    struct str guid = { 0 };
    struct str kind = { 0 };
    struct str copy = { 0 };
    char *p = NULL;

    if (text.n > NAME_MAX_BYTES || !str_next(&rest, ' ', &type) || !str_next(&rest, ' ', &guid) ||
        !str_next(&rest, ' ', &kind) || rest.p == NULL || rest.n == 0 || !is_type(type, is_multi) ||
        !is_guid(guid)) {
        return false;
    }
    if (!str_eq(kind, S("Name")) && !(str_eq(kind, S("Id")) && is_hex_id(rest))) {
        return false;
    }
    copy = arena_copy(arena, text);
    p = (char *)arena_alloc(arena, copy.n + 1);
    memcpy(p, copy.p, copy.n);
    for (size_t i = type.n + 1; i < type.n + 1 + guid.n; i++) {
        p[i] = (char)tolower((unsigned char)p[i]);
    }
    *name_out = (struct str){ p, copy.n };
    return true;
}

static bool read_one(const cJSON *json, bool is_multi, struct arena *arena,
    struct sbx_property *out, struct sbx_refusal *refusal)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "PropertyId");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, "Value");
    const cJSON *entry = NULL;
    char *text = NULL;

    if (!cJSON_IsObject(json) || cJSON_GetArraySize(json) != 2 || id == NULL ||
        !cJSON_IsString(id) ||
        !sbx_property_name(str_from(id->valuestring), is_multi, arena, &out->name)) {
        return sbx_refuse(refusal, 400, "ErrorInvalidProperty",
            "An extended property needs a well-formed PropertyId and a Value.");
    }
    out->is_multi = is_multi;
    if (!is_multi) {
        if (value == NULL || !cJSON_IsString(value)) {
            return sbx_refuse(refusal, 400, "ErrorInvalidProperty",
                "The Value of an extended property must be a string.");
        }
        out->value = str_from(value->valuestring);
        return true;
    }
    if (value == NULL || !cJSON_IsArray(value)) {
        return sbx_refuse(refusal, 400, "ErrorInvalidProperty",
            "The Value of a multi-value extended property must be a list.");
    }
    cJSON_ArrayForEach(entry, value)
    {
        if (!cJSON_IsString(entry)) {
            return sbx_refuse(refusal, 400, "ErrorInvalidProperty",
                "The Value of a multi-value extended property must be a list of strings.");
        }
    }
    text = cJSON_PrintUnformatted(value);
    out->value = arena_copy(arena, str_from(text));
    cJSON_free(text);
    return true;
}

bool sbx_properties_read(const cJSON *body, struct arena *arena, struct sbx_property **out,
    size_t *count_out, struct sbx_refusal *refusal)
{
    static const char *const names[] = { "SingleValueExtendedProperties",
        "MultiValueExtendedProperties" };
    struct sbx_property *properties =
        (struct sbx_property *)arena_alloc_array(arena, PROPERTIES_MAX, sizeof(*properties));
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(body, names[i]);
        const cJSON *entry = NULL;

        if (list != NULL && !cJSON_IsArray(list)) {
            return sbx_refuse(
                refusal, 400, "ErrorInvalidProperty", "'%s' must be a list.", names[i]);
        }
        cJSON_ArrayForEach(entry, list)
        {
            if (count == PROPERTIES_MAX) {
                return sbx_refuse(
                    refusal, 400, "ErrorInvalidProperty", "Too many extended properties.");
            }
            if (!read_one(entry, i == 1, arena, &properties[count++], refusal)) {
                return false;
            }
        }
    }
    *out = properties;
    *count_out = count;
    return true;
}
