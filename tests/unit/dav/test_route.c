#include "bridge/dav/route.h"

#include "bridge/core/mem.h"
#include "check.h"

static const struct {
    const char *path;
    enum route_kind kind;
    const char *user, *collection, *object;
    const char *href; /**< NULL: as the path */
} paths[] = {
    { "/", ROUTE_ROOT, "", "", "", NULL },
    { "//", ROUTE_ROOT, "", "", "", "/" },
    { "/dav", ROUTE_ROOT, "", "", "", "/dav/" },
    { "/dav/", ROUTE_ROOT, "", "", "", NULL },
    { "/.well-known/caldav", ROUTE_WELL_KNOWN, "", "", "", "/dav/" },
    { "/.well-known/caldav/", ROUTE_WELL_KNOWN, "", "", "", "/dav/" },
    { "/principals/", ROUTE_PRINCIPALS, "", "", "", NULL },
    { "/principals", ROUTE_PRINCIPALS, "", "", "", "/principals/" },
    { "/dav/principals/", ROUTE_PRINCIPALS, "", "", "", NULL },
    { "/dav/principals/alice", ROUTE_PRINCIPAL, "alice", "", "", "/dav/principals/alice/" },
    { "/dav/principals/a@b.org/", ROUTE_PRINCIPAL, "a@b.org", "", "",
        "/dav/principals/a%40b.org/" },
    { "/principals/alice/", ROUTE_PRINCIPAL, "alice", "", "", NULL },
    { "/dav/calendars", ROUTE_CALENDARS, "", "", "", "/dav/calendars/" },
    { "/dav/calendars/alice", ROUTE_HOME, "alice", "", "", "/dav/calendars/alice/" },
    { "/dav/calendars/alice/work/", ROUTE_COLLECTION, "alice", "work", "", NULL },
    { "/dav/calendars/alice/work", ROUTE_COLLECTION, "alice", "work", "",
        "/dav/calendars/alice/work/" },
    { "/dav//calendars/alice//work/a.ics", ROUTE_OBJECT, "alice", "work", "a.ics",
        "/dav/calendars/alice/work/a.ics" },
    { "/dav/calendars/alice/work/a.ics/", ROUTE_OBJECT, "alice", "work", "a.ics",
        "/dav/calendars/alice/work/a.ics" },
    { "/dav/calendars/alice/work/a%20b+%c3%bc.ics", ROUTE_OBJECT, "alice", "work",
        "a b+\xc3\xbc.ics", "/dav/calendars/alice/work/a%20b%2B%C3%BC.ics" },
    { "/dav/calendars/alice/work/a.ics/b", ROUTE_OTHER, "", "", "", "/dav/" },
    { "/dav/other/", ROUTE_OTHER, "", "", "", "/dav/" },
    { "/.well-known/carddav", ROUTE_OTHER, "", "", "", "/dav/" },
    { "/calendar/dav/alice/user/", ROUTE_OTHER, "", "", "", "/dav/" },
    { "/DAV/", ROUTE_OTHER, "", "", "", "/dav/" },
};

static void paths_name_what_interface_md_lists(void **state)
{
    const struct uri_path no_prefix = { 0 };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct arena *arena = arena_new();
        struct route route;

        print_message("%s\n", paths[i].path);
        assert_true(route_parse(&no_prefix, str_from(paths[i].path), arena, &route, &err));
        assert_int_equal(route.kind, paths[i].kind);
        assert_str(route.user, paths[i].user);
        assert_str(route.collection, paths[i].collection);
        assert_str(route.object, paths[i].object);
        assert_str(route_href(&route, S(""), arena),
            paths[i].href != NULL ? paths[i].href : paths[i].path);
        arena_free(&arena);
    }
}

static void bad_paths_are_refused(void **state)
{
    static const struct {
        const char *path;
        int code;
    } cases[] = {
        { "/dav/calendars/alice/work/a%2Fb.ics", 403 },
        { "/dav/calendars/alice/work/a%00.ics", 400 },
        { "/dav/calendars/alice/work/a%zz.ics", 400 },
        { "/dav/calendars/alice/../bob/", 400 },
        { "/dav/calendars/alice/%ff/", 400 },
    };
    const struct uri_path no_prefix = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        struct route route;
        struct err err;

        assert_false(route_parse(&no_prefix, str_from(cases[i].path), arena, &route, &err));
        assert_int_equal(err.kind, ERR_INVALID);
        assert_int_equal(err.code, cases[i].code);
        arena_free(&arena);
    }
}

static void the_prefix_is_printed_and_may_be_left_out_of_requests(void **state)
{
    struct arena *arena = arena_new();
    struct uri_path prefix;
    struct route route;
    struct err err;

    (void)state;
    assert_true(uri_parse_path(S("/tasks/bridge"), 8, arena, &prefix, &err));
    assert_true(route_parse(&prefix, S("/tasks/bridge/dav/calendars/u/l/"), arena, &route, &err));
    assert_int_equal(route.kind, ROUTE_COLLECTION);
    assert_str(route_href(&route, S("/tasks/bridge"), arena), "/tasks/bridge/dav/calendars/u/l/");
    assert_true(route_parse(&prefix, S("/dav/calendars/u/l/"), arena, &route, &err));
    assert_int_equal(route.kind, ROUTE_COLLECTION);
    assert_true(route_parse(&prefix, S("/tasks/bridge"), arena, &route, &err));
    assert_int_equal(route.kind, ROUTE_ROOT);
    assert_str(route_href(&route, S("/tasks/bridge"), arena), "/tasks/bridge/");
    assert_true(route_parse(&prefix, S("/tasks/other/dav/"), arena, &route, &err));
    assert_int_equal(route.kind, ROUTE_OTHER);
    arena_free(&arena);
}

static void names_over_the_limit_are_nothing_of_ours(void **state)
{
    const struct uri_path no_prefix = { 0 };
    struct arena *arena = arena_new();
    char name[ROUTE_MAX_SEGMENT + 2] = { 0 };
    struct route route;
    struct err err;

    (void)state;
    memset(name, 'x', ROUTE_MAX_SEGMENT);
    assert_true(route_parse(
        &no_prefix, arena_printf(arena, "/dav/calendars/u/l/%s", name), arena, &route, &err));
    assert_int_equal(route.kind, ROUTE_OBJECT);
    name[ROUTE_MAX_SEGMENT] = 'x';
    assert_true(route_parse(
        &no_prefix, arena_printf(arena, "/dav/calendars/u/l/%s", name), arena, &route, &err));
    assert_int_equal(route.kind, ROUTE_OTHER);
    assert_true(route.is_too_long);
    assert_true(route_parse(&no_prefix, S("/nothing/of/ours"), arena, &route, &err));
    assert_false(route.is_too_long);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_name_what_interface_md_lists),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(the_prefix_is_printed_and_may_be_left_out_of_requests),
        cmocka_unit_test(names_over_the_limit_are_nothing_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
