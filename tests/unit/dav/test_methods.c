/** Discovery, signing in, OPTIONS, PROPFIND and what is not allowed. */
#include "bridge/core/clock.h"
#include "bridge/core/mem.h"
#include "check.h"
#include "fake.h"

#define PROPFIND(props) "<D:propfind xmlns:D='DAV:'><D:prop>" props "</D:prop></D:propfind>"

static const char *const addresses[] = {
    "/",
    "/dav/",
    "/principals/",
    "/dav/principals/",
    "/dav/principals/alice/",
    "/dav/calendars/",
    "/dav/calendars/alice/",
    "/dav/calendars/alice/work/",
    "/dav/calendars/alice/work/a.ics",
};

/* RFC 6764 5 */
static void well_known_redirects_every_method(void **state)
{
    static const char *const methods[] = { "GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT",
        "PROPPATCH", "POST" };
    struct fake *fake = fake_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        const struct fake_answer *answer =
            fake_request(fake, methods[i], "/.well-known/caldav", "X-No-Authorization: 1\n", "");

        assert_int_equal(answer->status, 301);
        assert_str(fake_header(fake, "Location"), "/dav/");
    }
    fake_set_prefix(fake, "/tasks");
    fake_request(fake, "PROPFIND", "/tasks/.well-known/caldav", "", "");
    assert_str(fake_header(fake, "Location"), "/tasks/dav/");
    assert_int_equal(fake_request(fake, "GET", "/.well-known/carddav", "", "")->status, 404);
    fake_free(&fake);
}

/* RFC 7617; Apple sends every request without credentials first. */
static void without_credentials_all_but_the_page_is_401(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
            const struct fake_answer *answer = fake_request(
                fake, "PROPFIND", addresses[i], "X-No-Authorization: 1\nDepth: 0\n", "");

            assert_int_equal(answer->status, 401);
            assert_str(
                fake_header(fake, "WWW-Authenticate"), "Basic realm=\"duedav\", charset=\"UTF-8\"");
        }
    }
    assert_int_equal(fake_request(fake, "GET", "/", "X-No-Authorization: 1\n", "")->status, 200);
    assert_true(fake_has(fake, "app password"));
    assert_int_equal(
        fake_request(fake, "GET", "/nothing", "X-No-Authorization: 1\n", "")->status, 401);
    fake_free(&fake);
}

/* 404 would say that the list has gone. */
static void a_name_that_is_too_long_is_refused_where_it_would_be_made(void **state)
{
    static const struct {
        const char *method;
        int status;
    } cases[] = { { "PUT", 403 }, { "MKCALENDAR", 403 }, { "MKCOL", 403 }, { "GET", 404 },
        { "DELETE", 404 }, { "PROPFIND", 404 } };
    struct fake *fake = fake_new();
    CLEANUP(buf_done) struct buf path;

    (void)state;
    buf_init(&path, 4096);
    buf_put_text(&path, "/dav/calendars/alice/work/");
    for (int i = 0; i < 2000; i++) {
        buf_put_char(&path, 'n');
    }
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(
            fake_request(fake, cases[i].method, path.p, "", "")->status, cases[i].status);
    }
    fake_free(&fake);
}

static void wrong_credentials_are_counted_and_right_ones_always_pass(void **state)
{
    const char *wrong = "Authorization: Basic YWxpY2U6d3Jvbmc=\n";
    struct fake *fake = fake_new();

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fake_request(fake, "OPTIONS", "/dav/", wrong, "")->status, 401);
    }
    assert_int_equal(fake_request(fake, "OPTIONS", "/dav/", wrong, "")->status, 429);
    assert_true(fake_header(fake, "Retry-After").n > 0);
    assert_int_equal(fake_request(fake, "OPTIONS", "/dav/", "", "")->status, 200);
    assert_int_equal(
        fake_request(fake, "OPTIONS", "/dav/", "Authorization: Bearer x\n", "")->status, 429);
    fake_free(&fake);
}

static void another_users_addresses_do_not_exist(void **state)
{
    static const char *const methods[] = { "PROPFIND", "OPTIONS", "GET", "PUT", "DELETE", "REPORT",
        "MKCALENDAR", "PROPPATCH", "MOVE" };
    struct fake *fake = fake_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        assert_int_equal(
            fake_request(fake, methods[i], "/dav/calendars/bob/work/a.ics", "Depth: 0\n", "")
                ->status,
            404);
        assert_int_equal(
            fake_request(fake, methods[i], "/dav/principals/bob/", "Depth: 0\n", "")->status, 404);
    }
    fake_free(&fake);
}

/* RFC 4791 5.1 */
static void options_says_calendar_access_everywhere(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        assert_int_equal(fake_request(fake, "OPTIONS", addresses[i], "", "")->status, 200);
        assert_str(fake_header(fake, "DAV"),
            "1, 3, access-control, calendar-access, extended-mkcol, "
            "calendar-managed-attachments, "
            "calendar-managed-attachments-no-recurrence");
        assert_true(str_has_prefix(fake_header(fake, "Allow"), S("OPTIONS, GET, HEAD")));
    }
    assert_str(fake_header(fake, "Allow"),
        "OPTIONS, GET, HEAD, PUT, POST, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, REPORT");
    assert_int_equal(fake_request(fake, "OPTIONS", "*", "", "")->status, 200);
    fake_free(&fake);
}

static void methods_that_are_not_known_are_405_with_allow(void **state)
{
    static const struct {
        const char *method, *path;
    } cases[] = {
        { "PUT", "/dav/calendars/alice/work/" },
        { "DELETE", "/dav/calendars/alice/" },
        { "MKCALENDAR", "/dav/calendars/alice/" },
        { "POST", "/dav/calendars/alice/work/" },
        { "LOCK", "/dav/calendars/alice/work/a.ics" },
        { "BREW", "/" },
    };
    struct fake *fake = fake_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(fake_request(fake, cases[i].method, cases[i].path, "", "")->status, 405);
        assert_true(str_has_prefix(fake_header(fake, "Allow"), S("OPTIONS, GET")));
    }
    fake_free(&fake);
}

static void bad_paths_are_answered_before_anything_else(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    assert_int_equal(
        fake_request(fake, "GET", "/dav/calendars/alice/work/a%2Fb", "", "")->status, 403);
    assert_int_equal(fake_request(fake, "GET", "/dav/%00", "", "")->status, 400);
    assert_int_equal(fake_request(fake, "GET", "/dav/../x", "", "")->status, 400);
    fake_free(&fake);
}

/* RFC 5397, RFC 4791 6.2.1: each client asks at another place first. */
static void every_container_leads_to_principal_and_home(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    for (size_t i = 0; i + 1 < ARRAY_LEN(addresses); i++) {
        const struct fake_answer *answer =
            fake_request(fake, "PROPFIND", addresses[i], "Depth: 0\n",
                "<propfind xmlns='DAV:'><prop><current-user-principal/>"
                "<x:calendar-home-set xmlns:x='urn:ietf:params:xml:ns:caldav'/></prop></propfind>");

        assert_int_equal(answer->status, 207);
        assert_true(fake_has(fake, "<D:current-user-principal><D:href>/dav/principals/alice/"
                                   "</D:href></D:current-user-principal>"));
        assert_true(fake_has(fake, "<C:calendar-home-set><D:href>/dav/calendars/alice/"
                                   "</D:href></C:calendar-home-set>"));
        assert_true(fake_has(fake, "multistatus>"));
    }
    fake_set_prefix(fake, "/tasks");
    fake_request(
        fake, "PROPFIND", "/tasks/", "Depth: 0\n", PROPFIND("<D:owner/><D:principal-URL/>"));
    assert_true(fake_has(fake, "<D:href>/tasks/</D:href>"));
    assert_true(fake_has(fake, "<D:href>/tasks/dav/principals/alice/</D:href>"));
    fake_free(&fake);
}

static void the_home_lists_collections_at_depth_1(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    fake_request(fake, "PROPFIND", "/dav/calendars/alice", "Depth: 1\n",
        PROPFIND("<D:resourcetype/><D:displayname/>"));
    assert_str(fake_last_call(fake), "poll home");
    assert_true(fake_has(fake, "<D:href>/dav/calendars/alice/</D:href>"));
    assert_true(fake_has(fake, "<D:href>/dav/calendars/alice/work/</D:href>"));
    assert_true(fake_has(fake, "<C:calendar/>"));
    fake_request(fake, "PROPFIND", "/dav/calendars/alice/", "Depth: 0\n",
        PROPFIND("<D:resourcetype/><D:displayname/>"));
    assert_false(fake_has(fake, "/work/"));
    assert_str(fake_last_call(fake), "");
    fake_free(&fake);
}

static void a_collection_lists_its_objects_at_depth_1(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    fake_put(fake, "a b.ics", "BEGIN:VCALENDAR");
    fake_put(fake, "b.ics", "BEGIN:VCALENDAR");
    fake_remove(fake, "c.ics");
    fake_request(fake, "PROPFIND", "/dav/calendars/alice/work", "Depth: 1\n",
        PROPFIND("<D:getetag/><D:resourcetype/><D:getcontenttype/>"));
    assert_str(fake_last_call(fake), "poll work");
    assert_true(fake_has(fake, "<D:href>/dav/calendars/alice/work/</D:href>"));
    assert_true(fake_has(fake, "<D:href>/dav/calendars/alice/work/a%20b.ics</D:href>"));
    assert_true(fake_has(fake, "v2"));
    assert_true(fake_has(fake, "text/calendar; charset=utf-8; component=VTODO"));
    assert_false(fake_has(fake, "c.ics"));
    fake_request(fake, "PROPFIND", "/dav/calendars/alice/work/b.ics", "Depth: 0\n",
        PROPFIND("<D:getetag/><D:getlastmodified/><D:getcontentlength/><D:owner/>"));
    assert_str(fake_last_call(fake), "open work");
    assert_true(fake_has(fake, "Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_true(fake_has(fake, "<D:getcontentlength>15</D:getcontentlength>"));
    fake_free(&fake);
}

/* design section 6: what counts as a poll */
static void naming_ctag_or_token_is_a_poll(void **state)
{
    static const struct {
        const char *body;
        const char *call;
    } cases[] = {
        { PROPFIND("<D:displayname/>"), "" },
        { PROPFIND("<D:sync-token/>"), "poll work" },
        { PROPFIND("<C:getctag xmlns:C='http://calendarserver.org/ns/'/>"), "poll work" },
        { "", "" },
    };
    struct fake *fake = fake_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_request(fake, "PROPFIND", "/dav/calendars/alice/work/", "Depth: 0\n", cases[i].body);
        assert_str(fake_last_call(fake), cases[i].call);
    }
    fake_free(&fake);
}

/* RFC 4918 9.1, RFC 8144 2.1 */
static void what_is_not_found_is_in_a_404_propstat_unless_minimal(void **state)
{
    static const char *const minimal[] = { "Depth: 0\nPrefer: return=minimal\n",
        "Depth: 0\nPrefer: return-minimal\n", "Depth: 0\nBrief: t\n" };
    const char *body = PROPFIND("<D:displayname/><x:odd xmlns:x='urn:x'/><D:getetag/>");
    struct fake *fake = fake_new();

    (void)state;
    fake_request(fake, "PROPFIND", "/dav/calendars/alice/work/", "Depth: 0\n", body);
    assert_true(fake_has(fake, "HTTP/1.1 404 Not Found"));
    assert_true(fake_has(fake, "urn:x"));
    for (size_t i = 0; i < ARRAY_LEN(minimal); i++) {
        fake_request(fake, "PROPFIND", "/dav/calendars/alice/work/", minimal[i], body);
        assert_false(fake_has(fake, "404"));
        assert_true(fake_has(fake, "<D:displayname>"));
    }
    fake_request(
        fake, "PROPFIND", "/dav/calendars/alice/work/", minimal[0], PROPFIND("<D:getetag/>"));
    assert_true(fake_has(fake, "<D:propstat><D:prop></D:prop><D:status>HTTP/1.1 200 OK"));
    fake_free(&fake);
}

static void allprop_and_propname_answer_from_the_table(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    fake_request(fake, "PROPFIND", "/dav/calendars/alice/work/", "Depth: 0\n", "\r\n  ");
    assert_true(fake_has(fake, "<D:resourcetype><D:collection/>"));
    assert_true(fake_has(fake, "getctag"));
    assert_false(fake_has(fake, "supported-report-set"));
    fake_request(fake, "PROPFIND", "/dav/calendars/alice/work/", "Depth: 0\n",
        "<propfind xmlns='DAV:'><propname/></propfind>");
    assert_true(fake_has(fake, "<D:supported-report-set/>"));
    assert_true(fake_has(fake, "<D:displayname/>"));
    assert_false(fake_has(fake, "<C:calendar-data/>"));
    fake_free(&fake);
}

static void bad_propfinds_are_refused(void **state)
{
    static const struct {
        const char *headers, *body;
        int status;
        const char *element;
    } cases[] = {
        { "Depth: infinity\n", "", 403, "<D:propfind-finite-depth/>" },
        { "", "", 403, "<D:propfind-finite-depth/>" },
        { "Depth: 2\n", "", 400, "D:error" },
        { "Depth: 0\n", "<propfind", 400, "D:error" },
        { "Depth: 0\n", "<!DOCTYPE a []><propfind xmlns='DAV:'><allprop/></propfind>", 400, "" },
        { "Depth: 0\n", "<report xmlns='DAV:'/>", 400, "D:error" },
        { "Depth: 0\n", "<propfind xmlns='DAV:'/>", 400, "D:error" },
    };
    struct fake *fake = fake_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(fake_request(fake, "PROPFIND", "/dav/calendars/alice/work/",
                             cases[i].headers, cases[i].body)
                             ->status,
            cases[i].status);
        assert_true(fake_has(fake, cases[i].element));
    }
    assert_int_equal(
        fake_request(fake, "PROPFIND", "/dav/calendars/alice/none/", "Depth: 0\n", "")->status,
        404);
    assert_int_equal(
        fake_request(fake, "PROPFIND", "/dav/calendars/alice/work/no.ics", "Depth: 0\n", "")
            ->status,
        404);
    fake_free(&fake);
}

/* design section 7: trouble is 503, so that no client drops a list */
static void trouble_is_503_with_retry_after(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    fake_fail_opening(fake, ERR_BUSY);
    assert_int_equal(
        fake_request(fake, "PROPFIND", "/dav/calendars/alice/work/", "Depth: 1\n", "")->status,
        503);
    assert_str(fake_header(fake, "Retry-After"), "33");
    fake_free(&fake);
}

static void the_access_log_learns_user_and_collection(void **state)
{
    struct http_request request = { 0 };

    (void)state;
    assert_str(dav_request_user(&request), "");
    assert_str(dav_request_collection(&request), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_known_redirects_every_method),
        cmocka_unit_test(without_credentials_all_but_the_page_is_401),
        cmocka_unit_test(a_name_that_is_too_long_is_refused_where_it_would_be_made),
        cmocka_unit_test(wrong_credentials_are_counted_and_right_ones_always_pass),
        cmocka_unit_test(another_users_addresses_do_not_exist),
        cmocka_unit_test(options_says_calendar_access_everywhere),
        cmocka_unit_test(methods_that_are_not_known_are_405_with_allow),
        cmocka_unit_test(bad_paths_are_answered_before_anything_else),
        cmocka_unit_test(every_container_leads_to_principal_and_home),
        cmocka_unit_test(the_home_lists_collections_at_depth_1),
        cmocka_unit_test(a_collection_lists_its_objects_at_depth_1),
        cmocka_unit_test(naming_ctag_or_token_is_a_poll),
        cmocka_unit_test(what_is_not_found_is_in_a_404_propstat_unless_minimal),
        cmocka_unit_test(allprop_and_propname_answer_from_the_table),
        cmocka_unit_test(bad_propfinds_are_refused),
        cmocka_unit_test(trouble_is_503_with_retry_after),
        cmocka_unit_test(the_access_log_learns_user_and_collection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
