#include "bridge/config_internal.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "http/uri.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#define MAX_ITEMS 64 /* of a list */

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first: values are shown in the largest unit that leaves no rest. */
static const struct unit time_units[] = { { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 },
    { "s", 1000 }, { "ms", 1 } };
static const struct unit size_units[] = { { "G", 1 << 30 }, { "M", 1 << 20 }, { "K", 1 << 10 } };

/* Numbers with a unit. */

static bool parse_quantity(struct str value, const struct unit *units, size_t count, int64_t *out)
{
    size_t digits = 0;
    int64_t number;

    while (digits < value.n && value.p[digits] >= '0' && value.p[digits] <= '9') {
        digits++;
    }
    if (!str_to_i64(str_first(value, digits), &number)) {
        return false;
    }
    if (number == 0 && digits == value.n) { /* nothing is nothing in every unit */
        *out = 0;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (str_eq(str_skip(value, digits), str_from(units[i].name))) {
            return !__builtin_mul_overflow(number, units[i].factor, out);
        }
    }
    return false;
}

static struct str format_quantity(
    int64_t value, const struct unit *units, size_t count, struct arena *arena)
{
    for (size_t i = 0; i < count && value != 0; i++) {
        if (value % units[i].factor == 0) {
            return arena_printf(arena, "%" PRId64 "%s", value / units[i].factor, units[i].name);
        }
    }
    return arena_printf(arena, "%" PRId64, value);
}

static bool parse_time(struct str value, int64_t *out)
{
    return parse_quantity(value, time_units, ARRAY_LEN(time_units), out);
}

static struct str format_number(const struct setting *setting, int64_t value, struct arena *arena)
{
    switch (setting->type) {
    case SETTING_TIME:
        return format_quantity(value, time_units, ARRAY_LEN(time_units), arena);
    case SETTING_SIZE:
        return format_quantity(value, size_units, ARRAY_LEN(size_units), arena);
    default:
        return format_quantity(value, NULL, 0, arena);
    }
}

static bool set_number(const struct setting *setting, int64_t value, int64_t *out,
    struct arena *arena, struct err *err)
{
    if (value < setting->least || value > setting->most) {
        return err_set(err, ERR_INVALID, "out of range (%.*s to %.*s)",
            STR_ARG(format_number(setting, setting->least, arena)),
            STR_ARG(format_number(setting, setting->most, arena)));
    }
    *out = value;
    return true;
}

/* The types, one by one. */

static bool set_size(const struct setting *setting, struct str value, void *field,
    struct arena *arena, struct err *err)
{
    int64_t bytes;

    if (!parse_quantity(value, size_units, ARRAY_LEN(size_units), &bytes)) {
        return err_set(err, ERR_INVALID, "not a size (a number with K, M or G: 4M)");
    }
    return set_number(setting, bytes, (int64_t *)field, arena, err);
}

static bool set_time(const struct setting *setting, struct str value, void *field,
    struct arena *arena, struct err *err)
{
    int64_t ms;

    if (!parse_time(value, &ms)) {
        return err_set(err, ERR_INVALID, "not a time (a number with ms, s, m, h or d: 15s)");
    }
    return set_number(setting, ms, (int64_t *)field, arena, err);
}

static bool set_count(const struct setting *setting, struct str value, void *field,
    struct arena *arena, struct err *err)
{
    int64_t count;

    if (!str_to_i64(value, &count)) {
        return err_set(err, ERR_INVALID, "not a number");
    }
    return set_number(setting, count, (int64_t *)field, arena, err);
}

static bool set_rate(const struct setting *setting, struct str value, void *field,
    struct arena *arena, struct err *err)
{
    struct config_rate rate;
    size_t slash = str_find_char(value, '/');

    if (slash == SIZE_MAX || !str_to_i64(str_trim(str_first(value, slash)), &rate.count) ||
        !parse_time(str_trim(str_skip(value, slash + 1)), &rate.per_ms) || rate.per_ms == 0) {
        return err_set(err, ERR_INVALID, "not a rate (a number per time: 10/1m)");
    }
    if (!set_number(setting, rate.count, &rate.count, arena, err)) {
        return false;
    }
    memcpy(field, &rate, sizeof(rate));
    return true;
}

static bool set_bool(struct str value, void *field, struct err *err)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = { { "yes", true }, { "no", false }, { "on", true }, { "off", false },
        { "true", true }, { "false", false } };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq_nocase(value, str_from(words[i].word))) {
            *(bool *)field = words[i].value;
            return true;
        }
    }
    return err_set(err, ERR_INVALID, "neither yes nor no");
}

static bool set_clock(struct str value, void *field, struct err *err)
{
    int64_t hour, minute;

    if (value.n != 5 || value.p[2] != ':' || !str_to_i64(str_first(value, 2), &hour) ||
        !str_to_i64(str_skip(value, 3), &minute) || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59) {
        return err_set(err, ERR_INVALID, "not a time of day (09:00)");
    }
    *(int64_t *)field = hour * 60 + minute;
    return true;
}

static struct str join_words(const struct setting *setting, struct arena *arena)
{
    struct str text = { 0 };

    for (size_t i = 0; setting->words[i] != NULL; i++) {
        const char *between = i == 0 ? "" : setting->words[i + 1] == NULL ? " or " : ", ";

        text = arena_printf(arena, "%.*s%s%s", STR_ARG(text), between, setting->words[i]);
    }
    return text;
}

static bool set_word(const struct setting *setting, struct str value, void *field,
    struct arena *arena, struct err *err)
{
    for (int i = 0; setting->words[i] != NULL; i++) {
        if (str_eq(value, str_from(setting->words[i]))) {
            memcpy(field, &i, sizeof(i)); /* an enum has the size of an int */
            return true;
        }
    }
    return err_set(err, ERR_INVALID, "not %.*s", STR_ARG(join_words(setting, arena)));
}

static bool set_text(const struct setting *setting, struct str value, void *field,
    struct arena *arena, struct err *err)
{
    if (value.n > 0 && setting->check != NULL && !setting->check(value, err)) {
        return false;
    }
    *(const char **)field = arena_copy(arena, value).p;
    return true;
}

static bool set_list(const struct setting *setting, struct str value, bool is_more, void *field,
    struct arena *arena, struct err *err)
{
    struct config_list list = { 0 };
    struct str item;

    if (is_more) {
        list = *(struct config_list *)field;
    } else {
        list.items = (const char **)arena_alloc_array(arena, MAX_ITEMS, sizeof(list.items[0]));
    }
    while (str_trim(value).n > 0 && str_next(&value, ',', &item)) {
        item = str_trim(item);
        if (list.count == MAX_ITEMS) {
            return err_set(err, ERR_INVALID, "more than %d items", MAX_ITEMS);
        }
        if (item.n == 0) {
            return err_set(err, ERR_INVALID, "an item is empty");
        }
        if (setting->check != NULL && !setting->check(item, err)) {
            return false;
        }
        list.items[list.count++] = arena_copy(arena, item).p;
    }
    *(struct config_list *)field = list;
    return true;
}

bool setting_set(const struct setting *setting, struct str value, bool is_more, void *base,
    struct arena *arena, struct err *err)
{
    void *field = (char *)base + setting->offset;

    switch (setting->type) {
    case SETTING_TEXT:
        return set_text(setting, value, field, arena, err);
    case SETTING_LIST:
        return set_list(setting, value, is_more, field, arena, err);
    case SETTING_SIZE:
        return set_size(setting, value, field, arena, err);
    case SETTING_TIME:
        return set_time(setting, value, field, arena, err);
    case SETTING_COUNT:
        return set_count(setting, value, field, arena, err);
    case SETTING_RATE:
        return set_rate(setting, value, field, arena, err);
    case SETTING_BOOL:
        return set_bool(value, field, err);
    case SETTING_WORD:
        return set_word(setting, value, field, arena, err);
    case SETTING_CLOCK:
        return set_clock(value, field, err);
    }
    return err_set(err, ERR_INTERNAL, "setting of no type");
}

struct str setting_describe(const struct setting *setting, struct arena *arena)
{
    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_CLOCK:
        break;
    case SETTING_LIST:
        return S("list");
    case SETTING_SIZE:
    case SETTING_TIME:
    case SETTING_COUNT:
        return arena_printf(arena, "%.*s to %.*s",
            STR_ARG(format_number(setting, setting->least, arena)),
            STR_ARG(format_number(setting, setting->most, arena)));
    case SETTING_RATE:
        return S("number/time");
    case SETTING_BOOL:
        return S("yes or no");
    case SETTING_WORD:
        return join_words(setting, arena);
    }
    return setting->type == SETTING_CLOCK ? S("hh:mm") : S("text");
}

/* Checks of texts. */

static bool is_numeric_address(const char *text, bool *is_loopback_out)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, text, &v4) == 1) {
        *is_loopback_out = ntohl(v4.s_addr) >> 24 == 127;
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6) == 1) {
        *is_loopback_out = IN6_IS_ADDR_LOOPBACK(&v6);
        return true;
    }
    return false;
}

/* A NUL-terminated copy of an address; false if it is longer than any. */
static bool copy_address(struct str value, char out[INET6_ADDRSTRLEN])
{
    if (value.n >= INET6_ADDRSTRLEN) {
        return false;
    }
    memcpy(out, value.p, value.n);
    out[value.n] = '\0';
    return true;
}

static bool split_listen(struct str value, bool *is_loopback_out)
{
    char host[INET6_ADDRSTRLEN];
    struct str host_text, no_port;
    size_t colon = value.n;
    uint64_t port;

    while (colon > 0 && value.p[colon - 1] != ':') {
        colon--;
    }
    /* taken apart here, because in a URL there is no port 0 ("pick one") */
    return colon > 1 && uri_split_authority(str_first(value, colon - 1), &host_text, &no_port) &&
           no_port.n == 0 && copy_address(host_text, host) &&
           is_numeric_address(host, is_loopback_out) && str_to_u64(str_skip(value, colon), &port) &&
           port <= 65535;
}

bool setting_check_listen(struct str value, struct err *err)
{
    bool is_loopback;

    if (str_has_prefix(value, S("unix:"))) {
        return setting_check_path(str_skip(value, 5), err);
    }
    if (!split_listen(value, &is_loopback)) {
        return err_set(err, ERR_INVALID,
            "\"%.*s\" is not a numeric address with a port (127.0.0.1:5252, [::]:443) nor "
            "unix:/path",
            STR_ARG(str_first(value, 100)));
    }
    return true;
}

bool setting_is_local_listen(struct str value)
{
    bool is_loopback;

    return str_has_prefix(value, S("unix:")) || (split_listen(value, &is_loopback) && is_loopback);
}

bool setting_check_address(struct str value, struct err *err)
{
    char address[INET6_ADDRSTRLEN];
    bool is_loopback;

    if (!copy_address(value, address) || !is_numeric_address(address, &is_loopback)) {
        return err_set(
            err, ERR_INVALID, "\"%.*s\" is not a numeric address", STR_ARG(str_first(value, 100)));
    }
    return true;
}

bool setting_check_path(struct str value, struct err *err)
{
    if (value.n < 2 || value.p[0] != '/') {
        return err_set(err, ERR_INVALID, "not an absolute path (/...)");
    }
    return true;
}

/* An http or https URL to which a path can be added. */
static bool parse_base_url(struct str value, struct arena *arena, struct uri *out, struct err *err)
{
    if (!uri_parse(value, arena, out, err)) {
        return false;
    }
    if (out->has_query) {
        return err_set(err, ERR_INVALID, "a URL with a query cannot be the base of others");
    }
    return true;
}

bool setting_check_public_url(struct str value, struct err *err)
{
    struct arena *arena = arena_new();
    struct uri uri;
    bool is_good = parse_base_url(value, arena, &uri, err);

    arena_free(&arena);
    return is_good;
}

static bool is_local_host(struct str host)
{
    char address[INET6_ADDRSTRLEN];
    bool is_loopback = false;

    return str_eq(host, S("localhost")) ||
           (copy_address(host, address) && is_numeric_address(address, &is_loopback) &&
               is_loopback);
}

bool setting_check_upstream_url(struct str value, struct err *err)
{
    struct arena *arena = arena_new();
    struct uri uri;
    bool is_good = parse_base_url(value, arena, &uri, err);

    if (is_good && str_eq(uri.scheme, S("http")) && !is_local_host(uri.host)) {
        is_good = err_set(err, ERR_INVALID, "http:// is for this machine only; write https://");
    }
    arena_free(&arena);
    return is_good;
}

bool setting_check_store_url(struct str value, struct err *err)
{
    if (str_has_prefix(value, S("postgresql:"))) {
        return err_set(err, ERR_INVALID, "this program is built without PostgreSQL");
    }
    if (!str_has_prefix(value, S("sqlite:"))) {
        return err_set(err, ERR_INVALID, "not sqlite:/path");
    }
    return setting_check_path(str_skip(value, 7), err);
}

bool setting_check_dialect(struct str value, struct err *err)
{
    static const char *const known[] = { "outlook", "todo", "basetask" };
    static const char *const planned[] = { "planner", "onenote" };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (str_eq(value, str_from(known[i]))) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(planned); i++) {
        if (str_eq(value, str_from(planned[i]))) {
            return err_set(err, ERR_INVALID, "not in this version yet");
        }
    }
    return err_set(err, ERR_INVALID, "not outlook, todo or basetask");
}
