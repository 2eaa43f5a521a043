#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/core/mem.h"
#include "http/uri.h"

#include <stdio.h>
#include <string.h>

static void assert_str(struct str got, const char *want)
{
    assert_int_equal(got.n, strlen(want));
    assert_memory_equal(got.n > 0 ? got.p : "", want, got.n);
}

static void parse_reads_absolute_urls(void **state)
{
    static const struct {
        const char *text, *scheme, *host;
        int port;
        const char *path, *query;
        bool has_query;
    } cases[] = {
        { "http://a", "http", "a", 80, "/", "", false },
        { "HTTPS://Example.COM/", "https", "example.com", 443, "/", "", false },
        { "https://h:8443/a/b?c=d&e", "https", "h", 8443, "/a/b", "c=d&e", true },
        { "https://h?x", "https", "h", 443, "/", "x", true },
        { "https://h/?", "https", "h", 443, "/", "", true },
        { "https://h:/p", "https", "h", 443, "/p", "", false },
        { "http://[::1]:80/x", "http", "::1", 80, "/x", "", false },
        { "http://[FE80::1]", "http", "fe80::1", 80, "/", "", false },
        { "http://10.0.0.1:65535", "http", "10.0.0.1", 65535, "/", "", false },
        { "https://outlook.office.com/api/v2.0/me/tasks('AQ%3D%3D')?$skip=10", "https",
            "outlook.office.com", 443, "/api/v2.0/me/tasks('AQ%3D%3D')", "$skip=10", true },
        { "https://h/a//b?x?y", "https", "h", 443, "/a//b", "x?y", true },
        { "http://my_host-1.local./", "http", "my_host-1.local.", 80, "/", "", false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        struct uri uri;
        struct err err;
        assert_true(uri_parse(str_from(cases[i].text), arena, &uri, &err));
        assert_str(uri.scheme, cases[i].scheme);
        assert_str(uri.host, cases[i].host);
        assert_int_equal(uri.port, cases[i].port);
        assert_str(uri.path, cases[i].path);
        assert_str(uri.query, cases[i].query);
        assert_int_equal(uri.has_query, cases[i].has_query);
        arena_free(&arena);
    }
}

static void parse_refuses_what_is_not_an_absolute_url(void **state)
{
    static const char *const cases[] = { "", "/", "//h/", "h", "ftp://h/", "http:/h", "http://",
        "http:///x", "http://:80/", "http://u@h/", "http://u:p@h/", "http://h:0/",
        "http://h:65536/", "http://h:8x/", "http://h:-1/", "http://h:18446744073709551617/",
        "http://h/#f", "http://h#f", "http://h/a b", "http://h/\t", "http://h/\x7f",
        "http://h/\xc3\xa4", "http://h\xc3\xa4/", "http://h/%", "http://h/%4", "http://h/%g0",
        "http://h/<", "http://h\\@evil/", "http://h/\\", "http://[::1/", "http://[::g]/",
        "http://[::1]x/", "http://[]/", "http://[127.0.0.1]/", "http://::1/", "http://h%41/",
        "http://h,i/", " http://h/", "http://h/ " };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        struct uri uri;
        struct err err = { 0 };
        if (uri_parse(str_from(cases[i]), arena, &uri, &err)) {
            fail_msg("accepted: %s", cases[i]);
        }
        assert_int_equal(err.kind, ERR_INVALID);
        arena_free(&arena);
    }
}

static void parse_bounds_the_host(void **state)
{
    struct arena *arena = arena_new();
    char text[300];
    struct uri uri;
    struct err err;
    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "http://", 7);
    assert_true(uri_parse((struct str){ text, 7 + 253 }, arena, &uri, &err));
    assert_false(uri_parse((struct str){ text, 7 + 254 }, arena, &uri, &err));
    arena_free(&arena);
}

static void origins_are_compared_without_case_and_with_ports(void **state)
{
    static const struct {
        const char *a, *b;
        bool is_same;
    } cases[] = {
        { "https://h/a", "https://H:443/b?c", true },
        { "http://h/", "https://h/", false },
        { "https://h/", "https://h:444/", false },
        { "https://h/", "https://h.evil/", false },
        { "http://h:443/", "https://h/", false },
    };
    struct arena *arena = arena_new();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct uri a;
        struct uri b;
        struct err err;
        assert_true(uri_parse(str_from(cases[i].a), arena, &a, &err));
        assert_true(uri_parse(str_from(cases[i].b), arena, &b, &err));
        assert_int_equal(uri_is_same_origin(&a, &b), cases[i].is_same);
    }
    arena_free(&arena);
}

static void decode_undoes_escapes_once(void **state)
{
    static const struct {
        const char *text, *want; /* want NULL: refused */
    } cases[] = { { "", "" }, { "abc", "abc" }, { "a%20b+c", "a b+c" }, { "%41%6a%6A", "Ajj" },
        { "%2541", "%41" }, { "%c3%A4", "\xc3\xa4" }, { "%0a", "\n" }, { "%10", "\x10" },
        { "%ff", "\xff" }, { "%", NULL }, { "a%4", NULL }, { "%4x", NULL }, { "%x4", NULL },
        { "%00", NULL }, { "%%", NULL }, { "% 1", NULL }, { "%+1", NULL } };
    struct arena *arena = arena_new();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str out;
        bool is_ok = uri_decode(str_from(cases[i].text), arena, &out);
        assert_int_equal(is_ok, cases[i].want != NULL);
        if (is_ok) {
            assert_str(out, cases[i].want);
        }
    }
    arena_free(&arena);
}

static void encode_escapes_all_but_the_unreserved(void **state)
{
    struct arena *arena = arena_new();
    char all[256];
    struct buf out;
    struct str back;
    (void)state;
    assert_str(uri_encoded(arena, S("a-b.c_d~e F/%+\xc3\xa4")), "a-b.c_d~e%20F%2F%25%2B%C3%A4");
    for (int i = 0; i < 256; i++) {
        all[i] = (char)i;
    }
    struct str bytes = { all, sizeof(all) };
    struct str encoded = uri_encoded(arena, bytes);
    buf_init(&out, 4096);
    uri_encode_segment(&out, bytes);
    assert_true(str_eq(buf_str(&out), encoded));
    assert_true(uri_decode(str_skip(encoded, 3), arena, &back)); /* %00 is not read back */
    assert_true(str_eq(back, str_skip(bytes, 1)));
    buf_done(&out);
    arena_free(&arena);
}

static void paths_come_apart_into_decoded_segments(void **state)
{
    static const struct {
        const char *path, *want; /* segments joined by '|' */
        bool has_slash;
    } cases[] = { { "/", "", true }, { "//", "", true }, { "/a", "a", false }, { "/a/", "a", true },
        { "//a///b", "a|b", false }, { "/dav/calendars/u/", "dav|calendars|u", true },
        { "/a%20b/%C3%A4", "a b|\xc3\xa4", false }, { "/\xc3\xa4", "\xc3\xa4", false },
        { "/a+b", "a+b", false }, { "/...", "...", false }, { "/a.", "a.", false },
        { "/%2541", "%41", false }, { "/u@x.org/{1}", "u@x.org|{1}", false } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        struct uri_path path;
        struct err err;
        struct buf joined;
        buf_init(&joined, 1000);
        assert_true(uri_parse_path(str_from(cases[i].path), 4, arena, &path, &err));
        for (size_t k = 0; k < path.count; k++) {
            buf_put_text(&joined, k > 0 ? "|" : "");
            buf_put(&joined, path.segments[k]);
        }
        assert_str(buf_str(&joined), cases[i].want);
        assert_int_equal(path.has_slash, cases[i].has_slash);
        buf_done(&joined);
        arena_free(&arena);
    }
}

static void paths_that_could_mislead_are_refused(void **state)
{
    static const struct {
        const char *path;
        int code;
    } cases[] = { { "", 400 }, { "a", 400 }, { "*", 400 }, { "/a%2Fb", 403 }, { "/%2f", 403 },
        { "/.", 400 }, { "/..", 400 }, { "/a/../b", 400 }, { "/%2e%2E/", 400 }, { "/a/./b", 400 },
        { "/%00", 400 }, { "/a%0Ab", 400 }, { "/%7f", 400 }, { "/\x01", 400 }, { "/%ff", 400 },
        { "/%c3", 400 }, { "/\xc3", 400 }, { "/%zz", 400 }, { "/%", 400 }, { "/1/2/3/4/5", 400 } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        struct uri_path path;
        struct err err = { 0 };
        if (uri_parse_path(str_from(cases[i].path), 4, arena, &path, &err)) {
            fail_msg("accepted: %s", cases[i].path);
        }
        assert_int_equal(err.kind, ERR_INVALID);
        assert_int_equal(err.code, cases[i].code);
        arena_free(&arena);
    }
}

static void query_values_are_found_and_decoded(void **state)
{
    static const struct {
        const char *query, *name, *want;
    } cases[] = { { "a=1&b=2", "b", "2" }, { "a=1&a=2", "a", "1" }, { "a", "a", "" },
        { "a=", "a", "" }, { "x%20y=z+%2B", "x y", "z +" }, { "%=1&a=2", "a", "2" },
        { "a=b=c", "a", "b=c" }, { "&&a=1&", "a", "1" }, { "", "a", NULL }, { "ab=1", "a", NULL },
        { "a=%", "a", NULL }, { "A=1", "a", NULL } };
    struct arena *arena = arena_new();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str value;
        bool is_found =
            uri_query_value(str_from(cases[i].query), str_from(cases[i].name), arena, &value);
        assert_int_equal(is_found, cases[i].want != NULL);
        if (is_found) {
            assert_str(value, cases[i].want);
        }
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_reads_absolute_urls),
        cmocka_unit_test(parse_refuses_what_is_not_an_absolute_url),
        cmocka_unit_test(parse_bounds_the_host),
        cmocka_unit_test(origins_are_compared_without_case_and_with_ports),
        cmocka_unit_test(decode_undoes_escapes_once),
        cmocka_unit_test(encode_escapes_all_but_the_unreserved),
        cmocka_unit_test(paths_come_apart_into_decoded_segments),
        cmocka_unit_test(paths_that_could_mislead_are_refused),
        cmocka_unit_test(query_values_are_found_and_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
