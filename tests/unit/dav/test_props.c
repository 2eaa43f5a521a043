#include "bridge/dav/props.h"

#include "bridge/core/mem.h"
#include "check.h"
#include "fake.h"
#include "http/body.h"

static void the_table_has_no_holes(void **state)
{
    size_t count = 0;

    (void)state;
    for (const struct prop_def *def = prop_defs; def->name != NULL; def++, count++) {
        assert_int_not_equal(def->kinds, 0);
        assert_int_equal(def->kinds & ((1u << ROUTE_OTHER) | (1u << ROUTE_WELL_KNOWN)), 0);
        assert_true(def->ns < XML_NS_COUNT);
        assert_ptr_equal(prop_find(xml_ns_uri(def->ns), str_from(def->name)), def);
    }
    assert_true(count > 20);
    assert_null(prop_find(S("DAV:"), S("getctag")));
    assert_null(prop_find(S("urn:x"), S("displayname")));
}

static bool parse(const char *text, bool is_report, struct arena *arena, struct prop_request *out)
{
    struct xml_node *root;
    struct err err;

    assert_true(xml_parse(str_from(text), &xml_default_limits, arena, &root, &err));
    return prop_request_parse(root, is_report, false, arena, out, &err);
}

static void requests_are_read_in_all_forms(void **state)
{
    struct arena *arena = arena_new();
    struct prop_request request;
    struct err err;

    (void)state;
    assert_true(prop_request_parse(NULL, false, false, arena, &request, &err));
    assert_int_equal(request.mode, PROP_ALL);
    assert_true(prop_request_parse(NULL, true, false, arena, &request, &err));
    assert_int_equal(request.mode, PROP_NAMED);
    assert_true(parse("<propfind xmlns='DAV:'><allprop/></propfind>", false, arena, &request));
    assert_int_equal(request.mode, PROP_ALL);
    assert_true(parse("<propfind xmlns='DAV:'><allprop/><include><owner/></include></propfind>",
        false, arena, &request));
    assert_int_equal(request.mode, PROP_ALL);
    assert_int_equal(request.count, 1);
    assert_true(parse("<propfind xmlns='DAV:'><propname/></propfind>", false, arena, &request));
    assert_int_equal(request.mode, PROP_NAMES);
    assert_false(parse("<propfind xmlns='DAV:'><nonsense/></propfind>", false, arena, &request));
    assert_true(parse("<propfind xmlns='DAV:'><prop><owner/><owner/><x xmlns='urn:y'/></prop>"
                      "</propfind>",
        false, arena, &request));
    assert_int_equal(request.mode, PROP_NAMED);
    assert_int_equal(request.count, 2);
    assert_non_null(request.wanted[0].def);
    assert_null(request.wanted[1].def);
    assert_false(request.is_poll);
    assert_true(parse(
        "<propfind xmlns='DAV:'><prop><sync-token/></prop></propfind>", false, arena, &request));
    assert_true(request.is_poll);
    arena_free(&arena);
}

static void too_many_names_are_refused(void **state)
{
    struct arena *arena = arena_new();
    CLEANUP(buf_done) struct buf text;
    struct prop_request request;

    (void)state;
    buf_init(&text, 1 << 20);
    buf_put_text(&text, "<propfind xmlns='DAV:'><prop>");
    for (int i = 0; i <= PROP_MAX_WANTED; i++) {
        buf_printf(&text, "<p%d/>", i);
    }
    buf_put_text(&text, "</prop></propfind>");
    assert_false(parse(text.p, false, arena, &request));
    arena_free(&arena);
}

/* 300 KB of the same few names took gigabytes. */
static void names_said_again_take_no_memory(void **state)
{
    struct arena *arena = arena_new();
    CLEANUP(buf_done) struct buf text;
    struct prop_request request;
    struct xml_node *root;
    struct err err;

    (void)state;
    buf_init(&text, 1 << 20);
    buf_put_text(&text, "<propfind xmlns='DAV:'><prop xmlns='");
    for (int i = 0; i < XML_MAX_NAME; i++) {
        buf_put_char(&text, 'u');
    }
    buf_put_text(&text, "'>");
    for (int i = 0; i < 30000; i++) {
        buf_put_text(&text, "<b/>");
    }
    buf_put_text(&text, "</prop></propfind>");
    assert_true(xml_parse(buf_str(&text), &xml_default_limits, arena, &root, &err));

    size_t before = arena_size(arena);

    root->children->ns = S("DAV:"); /* prop itself */
    assert_true(prop_request_parse(root, false, false, arena, &request, &err));
    assert_int_equal(request.count, 1);
    assert_true(arena_size(arena) - before < 100000);
    arena_free(&arena);
}

/* caldav.md 0.6: a list answers all of these in its 200 propstat. */
static void a_list_has_what_clients_need(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    fake_request(fake, "PROPFIND", "/dav/calendars/alice/work/", "Depth: 0\n",
        "<D:propfind xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav' "
        "xmlns:CS='http://calendarserver.org/ns/' xmlns:A='http://apple.com/ns/ical/'><D:prop>"
        "<D:resourcetype/><D:displayname/><C:supported-calendar-component-set/>"
        "<D:current-user-privilege-set/><CS:getctag/><D:sync-token/><D:supported-report-set/>"
        "<D:owner/><A:calendar-color/><C:schedule-calendar-transp/><D:current-user-principal/>"
        "<C:calendar-home-set/><C:max-resource-size/><C:supported-calendar-data/>"
        "</D:prop></D:propfind>");
    assert_false(fake_has(fake, "404"));
    assert_true(fake_has(fake, "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"));
    assert_true(fake_has(fake, "<D:displayname>Work &amp; more</D:displayname>"));
    assert_true(fake_has(fake, "<C:comp name=\"VTODO\"/>"));
    assert_true(fake_has(fake, "<CS:getctag>run1-0</CS:getctag>"));
    assert_true(fake_has(fake, "<D:sync-token>urn:duedav:sync:work:run1-0</D:sync-token>"));
    assert_true(fake_has(fake, "<D:write-content/>"));
    assert_true(fake_has(fake, "<D:report><D:sync-collection/></D:report>"));
    assert_true(fake_has(fake, "<C:max-resource-size>2000</C:max-resource-size>"));
    assert_true(fake_has(fake, "<D:status>HTTP/1.1 200 OK</D:status>"));
    fake_free(&fake);
}

static void a_read_only_list_lets_only_its_properties_be_written(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    fake_set_read_only(fake);
    fake_request(fake, "PROPFIND", "/dav/calendars/alice/work/", "Depth: 0\n",
        "<D:propfind xmlns:D='DAV:'><D:prop><D:current-user-privilege-set/></D:prop>"
        "</D:propfind>");
    assert_true(fake_has(fake, "<D:read/>"));
    assert_true(fake_has(fake, "<D:write-properties/>"));
    assert_false(fake_has(fake, "<D:write/>"));
    assert_false(fake_has(fake, "<D:write-content/>"));
    assert_false(fake_has(fake, "bind"));
    fake_free(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_no_holes),
        cmocka_unit_test(requests_are_read_in_all_forms),
        cmocka_unit_test(too_many_names_are_refused),
        cmocka_unit_test(names_said_again_take_no_memory),
        cmocka_unit_test(a_list_has_what_clients_need),
        cmocka_unit_test(a_read_only_list_lets_only_its_properties_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
