/** The small readers of one-line texts: URLs, paths, queries, dates, Basic. */
#include "bridge/core/clock.h"
#include "bridge/core/mem.h"
#include "http/auth.h"
#include "http/date.h"
#include "http/uri.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static void check_url(struct str text, struct arena *arena)
{
    struct uri uri;
    struct err err;

    if (uri_parse(text, arena, &uri, &err)) {
        must(uri.host.n > 0 && uri.port > 0 && str_has_prefix(uri.path, S("/")));
        must(str_find_char(uri.host, '@') == SIZE_MAX && uri_is_same_origin(&uri, &uri));
    }
}

static void check_path(struct str text, struct arena *arena)
{
    struct uri_path path;
    struct err err;
    struct str decoded;

    if (uri_parse_path(text, 5, arena, &path, &err)) {
        must(path.count <= 5);
        for (size_t i = 0; i < path.count; i++) {
            struct str segment = path.segments[i];
            must(segment.n > 0 && str_is_utf8(segment));
            must(str_find_char(segment, '/') == SIZE_MAX && !str_eq(segment, S("..")));
            must(uri_decode(uri_encoded(arena, segment), arena, &decoded));
            must(str_eq(decoded, segment));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    char *copy = mem_copy_text((const char *)data, size);
    struct str text = { copy, size };
    struct str value;
    struct http_basic basic;
    int64_t seconds;
    unsigned delay_s;

    clock_hold(INT64_C(1790000000) * 1000000);
    check_url(text, arena);
    check_path(text, arena);
    uri_query_value(text, S("a"), arena, &value);
    if (http_basic_parse(text, arena, &basic)) {
        must(str_find_char(basic.user, ':') == SIZE_MAX);
    }
    if (http_date_parse(text, &seconds)) {
        char again[30];
        int64_t same;
        http_date_format(seconds, again);
        /* the leap second at the very end of the year 9999 is the one that has no other form */
        must((http_date_parse(str_from(again), &same) && same == seconds) ||
             seconds > INT64_C(253402300799));
    }
    if (http_retry_after_parse(text, 0, &delay_s)) {
        must(delay_s <= 86400);
    }
    mem_free(copy);
    arena_free(&arena);
    return 0;
}
