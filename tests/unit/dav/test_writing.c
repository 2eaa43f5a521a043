/** GET, PUT, DELETE, MKCALENDAR, MKCOL, PROPPATCH. */
#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "bridge/dav/precondition.h"
#include "check.h"
#include "fake.h"

#define LIST   "/dav/calendars/alice/work/"
#define OBJECT LIST "a.ics"
#define BODY   "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"

/* RFC 9110 13.1 */
static void get_answers_with_etag_and_honours_conditions(void **state)
{
    static const struct {
        const char *headers;
        int status;
    } cases[] = {
        { "", 200 },
        { "If-None-Match: \"v1\"\n", 304 },
        { "If-None-Match: W/\"v1\"\n", 304 },
        { "If-None-Match: \"x\", \"v1\"\n", 304 },
        { "If-None-Match: *\n", 304 },
        { "If-None-Match: \"x\"\n", 200 },
        { "If-Match: \"v1\"\n", 200 },
        { "If-Match: \"x\"\n", 412 },
        { "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\n", 304 },
        { "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\n", 200 },
        { "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\nIf-None-Match: \"x\"\n", 200 },
        { "If-Match: \"a b\"\n", 400 },
    };
    struct fake *fake = fake_new();

    (void)state;
    fake_put(fake, "a.ics", BODY);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct fake_answer *answer = fake_request(fake, "GET", OBJECT, cases[i].headers, "");

        assert_int_equal(answer->status, cases[i].status);
        if (answer->status != 400) {
            assert_str(fake_header(fake, "ETag"), "\"v1\"");
        }
        if (answer->status == 200) {
            assert_str(answer->body, BODY);
            assert_str(fake_header(fake, "Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
            assert_true(str_has_prefix(fake_header(fake, "Content-Type"), S("text/calendar;")));
        }
        assert_str(fake_last_call(fake), "open work");
    }
    fake_remove(fake, "a.ics");
    assert_int_equal(fake_request(fake, "GET", OBJECT, "", "")->status, 404);
    assert_int_equal(fake_request(fake, "GET", LIST "b.ics", "", "")->status, 404);
    assert_int_equal(fake_request(fake, "GET", "/dav/calendars/alice/no/a", "", "")->status, 404);
    assert_int_equal(fake_request(fake, "GET", LIST, "", "")->status, 200);
    assert_int_equal(fake_request(fake, "GET", "/dav/calendars/alice/no/", "", "")->status, 404);
    fake_free(&fake);
}

#define ZONED(uid)                                                                                \
    "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:Z\nEND:VTIMEZONE\nBEGIN:VTODO\nUID:" uid \
    "\nEND:VTODO\nEND:VCALENDAR\n"

static void get_of_a_list_gives_all_tasks_in_one_calendar(void **state)
{
    struct fake *fake = fake_new();
    const struct fake_answer *answer;
    char name[20];

    (void)state;
    fake_put(fake, "a.ics", ZONED("1"));
    fake_put(fake, "b.ics", ZONED("2"));
    fake_put(fake, "c.ics", "nonsense");
    fake_remove(fake, "d.ics");
    answer = fake_request(fake, "GET", LIST, "", "");
    assert_int_equal(answer->status, 200);
    assert_int_equal(answer->chunks, 0);
    assert_str(fake_last_call(fake), "open work");
    assert_true(str_has_prefix(fake_header(fake, "Content-Type"), S("text/calendar;")));
    assert_str(answer->body,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//duedav//duedav//EN\r\n"
        "X-WR-CALNAME:Work & more\r\nBEGIN:VTIMEZONE\r\nTZID:Z\r\nEND:VTIMEZONE\r\n"
        "BEGIN:VTODO\r\nUID:2\r\nEND:VTODO\r\nBEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\n"
        "END:VCALENDAR\r\n");
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "%d.ics", i);
        fake_put(fake, name, ZONED("x"));
    }
    answer = fake_request(fake, "GET", LIST, "", "");
    assert_true(answer->chunks > 1);
    assert_true(str_has_prefix(answer->body, S("BEGIN:VCALENDAR\r\nVERSION")));
    assert_true(str_has_suffix(answer->body, S("END:VTODO\r\nEND:VCALENDAR\r\n")));
    fake_free(&fake);
}

static void put_passes_on_what_the_request_says(void **state)
{
    struct fake *fake = fake_new();
    const struct fake_answer *answer;

    (void)state;
    answer = fake_request(fake, "PUT", LIST "a%20b.ics",
        "Content-Type: text/calendar; charset=\"utf-8\"\nIf-None-Match: *\n", BODY);
    assert_int_equal(answer->status, 201);
    assert_int_equal(answer->body.n, 0);
    assert_str(fake_header(fake, "ETag"), "\"new\"");
    assert_str(fake_last_call(fake), "put a b.ics");
    assert_true(fake_precondition(fake)->if_none_match_any);
    fake_set_result(fake, SYNC_REPLACED, MAP_FAULT_NONE);
    answer =
        fake_request(fake, "PUT", OBJECT, "Content-Type: text/calendar\nIf-Match: \"v1\"\n", BODY);
    assert_int_equal(answer->status, 204);
    assert_str(fake_header(fake, "ETag"), "");
    assert_int_equal(fake_precondition(fake)->if_match_count, 1);
    fake_free(&fake);
}

/* RFC 4791 5.3.2.1 */
static void put_is_refused_before_the_engine_sees_it(void **state)
{
    static char large[2100];
    const struct {
        const char *path, *headers, *body;
        int status;
        const char *element;
    } cases[] = {
        { OBJECT, "Content-Type: text/html\n", BODY, 403, "<C:supported-calendar-data/>" },
        { OBJECT, "Content-Type: text/calendar; charset=utf-16\n", BODY, 403,
            "<C:supported-calendar-data/>" },
        { OBJECT, "Content-Type: text/plain\n", "hello", 403, "<C:supported-calendar-data/>" },
        { OBJECT, "", "", 403, "<C:supported-calendar-data/>" },
        { OBJECT, "Content-Type: text/calendar\nContent-Encoding: gzip\n", BODY, 415, "D:error" },
        { OBJECT, "Content-Type: text/calendar\nContent-Range: bytes 0-1/2\n", BODY, 400,
            "D:error" },
        { OBJECT, "Content-Type: text/calendar\n", large, 403, "<C:max-resource-size/>" },
        { "/dav/calendars/alice/no/a.ics", "Content-Type: text/calendar\n", BODY, 409, "D:error" },
    };
    struct fake *fake = fake_new();

    (void)state;
    memset(large, 'x', sizeof(large) - 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(
            fake_request(fake, "PUT", cases[i].path, cases[i].headers, cases[i].body)->status,
            cases[i].status);
        assert_true(fake_has(fake, cases[i].element));
        assert_str(fake_last_call(fake), "");
    }
    assert_int_equal(fake_request(fake, "PUT", OBJECT, "", BODY)->status, 201);
    assert_int_equal(
        fake_request(fake, "PUT", OBJECT, "Content-Type: text/plain\n", BODY)->status, 201);
    fake_free(&fake);
}

static void results_of_writing_become_statuses(void **state)
{
    static const struct {
        enum sync_outcome outcome;
        enum map_fault fault;
        int status;
        const char *element;
        const char *etag;
    } cases[] = {
        { SYNC_PRECONDITION, MAP_FAULT_NONE, 412, "D:error", "\"now\"" },
        { SYNC_INVALID, MAP_FAULT_VALID_DATA, 403, "<C:valid-calendar-data/>", "" },
        { SYNC_INVALID, MAP_FAULT_SUPPORTED_COMPONENT, 403, "<C:supported-calendar-component/>",
            "" },
        { SYNC_UID_CONFLICT, MAP_FAULT_NONE, 403,
            "<C:no-uid-conflict><D:href>" LIST "other%20one.ics</D:href></C:no-uid-conflict>", "" },
        { SYNC_READ_ONLY, MAP_FAULT_NONE, 403,
            "<D:need-privileges><D:resource><D:href>" LIST "</D:href><D:privilege>", "" },
        { SYNC_REFUSED, MAP_FAULT_NONE, 403, "<C:valid-calendar-object-resource/>", "" },
        { SYNC_NOT_FOUND, MAP_FAULT_NONE, 404, "D:error", "" },
        { SYNC_BUSY, MAP_FAULT_NONE, 503, "D:error", "" },
    };
    struct fake *fake = fake_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_set_result(fake, cases[i].outcome, cases[i].fault);
        assert_int_equal(
            fake_request(fake, "PUT", OBJECT, "Content-Type: text/calendar\n", BODY)->status,
            cases[i].status);
        assert_true(fake_has(fake, cases[i].element));
        assert_str(fake_header(fake, "ETag"), cases[i].etag);
        assert_str(fake_header(fake, "Retry-After"), cases[i].status == 503 ? "44" : "");
    }
    fake_free(&fake);
}

/* RFC 4918 9.6 */
static void delete_takes_objects_and_collections(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    fake_set_result(fake, SYNC_REMOVED, MAP_FAULT_NONE);
    assert_int_equal(fake_request(fake, "DELETE", OBJECT, "If-Match: v1\n", "")->status, 204);
    assert_str(fake_last_call(fake), "delete a.ics");
    assert_str(fake_precondition(fake)->if_match[0], "\"v1\"");
    assert_int_equal(fake_request(fake, "DELETE", LIST, "Depth: 0\n", "")->status, 204);
    assert_str(fake_last_call(fake), "remove work");
    assert_int_equal(fake_request(fake, "DELETE", "/dav/calendars/alice/no/", "", "")->status, 404);
    fake_set_result(fake, SYNC_FORBIDDEN, MAP_FAULT_NONE);
    assert_int_equal(fake_request(fake, "DELETE", LIST, "", "")->status, 403);
    fake_free(&fake);
}

#define MK(root, inner)                                                                      \
    "<" root " xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'><D:set><D:prop>" inner \
    "</D:prop></D:set></" root ">"
#define CALENDAR_TYPE "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"

/* RFC 4791 5.3.1, RFC 5689 3 */
static void lists_are_made_by_mkcalendar_and_extended_mkcol(void **state)
{
    static const struct {
        const char *method, *path, *body;
        int status;
        const char *call, *element;
    } cases[] = {
        { "MKCALENDAR", "/dav/calendars/alice/n1/", "", 201, "make n1 n1", "" },
        { "MKCALENDAR", "/dav/calendars/alice/n1",
            MK("C:mkcalendar",
                "<D:displayname> Shop &amp; go </D:displayname><C:supported-calendar-component-set>"
                "<C:comp name='VEVENT'/><C:comp "
                "name='VTODO'/></C:supported-calendar-component-set>"),
            201, "make n1 Shop & go", "" },
        { "MKCOL", "/dav/calendars/alice/n1", MK("D:mkcol", CALENDAR_TYPE), 201, "make n1 n1", "" },
        { "MKCOL", "/dav/calendars/alice/n1/", "", 201, "make n1 n1", "" },
        { "MKCOL", "/dav/calendars/alice/n1/",
            MK("D:mkcol", "<D:resourcetype><D:collection/></D:resourcetype>"), 403, "",
            "<D:valid-resourcetype/>" },
        { "MKCOL", LIST "a/b/", "", 409, "", "D:error" },
        { "MKCALENDAR", "/dav/calendars/alice/n1/",
            MK("C:mkcalendar", "<C:supported-calendar-component-set><C:comp name='VEVENT'/>"
                               "</C:supported-calendar-component-set>"),
            403, "", "<C:supported-calendar-component/>" },
        { "MKCALENDAR", LIST, "", 403, "", "<D:resource-must-be-null/>" },
        { "MKCOL", LIST, MK("D:mkcol", CALENDAR_TYPE), 405, "", "D:error" },
        { "MKCALENDAR", LIST "sub/", "", 403, "", "<C:calendar-collection-location-ok/>" },
        { "MKCALENDAR", "/dav/calendars/alice/n1/", "<D:mkcol xmlns:D='DAV:'/>", 415, "", "" },
        { "MKCALENDAR", "/dav/calendars/alice/n1/", "<", 400, "", "" },
    };
    struct fake *fake = fake_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_set_result(fake, SYNC_CREATED, MAP_FAULT_NONE);
        assert_int_equal(
            fake_request(fake, cases[i].method, cases[i].path, "", cases[i].body)->status,
            cases[i].status);
        assert_str(fake_last_call(fake), cases[i].call);
        assert_true(fake_has(fake, cases[i].element));
    }
    fake_free(&fake);
}

#define PATCH(inner) "<D:propertyupdate xmlns:D='DAV:'>" inner "</D:propertyupdate>"
#define NAME(text)   "<D:set><D:prop><D:displayname>" text "</D:displayname></D:prop></D:set>"
#define COLOR                                                                \
    "<D:set><D:prop><x:calendar-order xmlns:x='http://apple.com/ns/ical/'>1" \
    "</x:calendar-order></D:prop></D:set>"

/* RFC 4918 9.2: all or nothing */
static void proppatch_renames_or_refuses_in_the_multistatus(void **state)
{
    static const struct {
        const char *path, *body;
        int status;
        const char *call, *has;
    } cases[] = {
        { LIST, PATCH(NAME("New name")), 207, "rename New name",
            "<D:status>HTTP/1.1 200 OK</D:status>" },
        { LIST, PATCH(NAME("Work &amp; more")), 207, "", "<D:status>HTTP/1.1 200 OK</D:status>" },
        { LIST, PATCH(NAME("New name") COLOR), 207, "rename New name",
            "<D:displayname/><A:calendar-order/></D:prop><D:status>HTTP/1.1 200 OK" },
        { LIST, PATCH(NAME("New name") "<D:set><D:prop><D:getetag/></D:prop></D:set>"), 207, "",
            "<D:displayname/></D:prop><D:status>HTTP/1.1 424 Failed" },
        { LIST, PATCH(NAME("  ")), 207, "", "HTTP/1.1 403 Forbidden" },
        { LIST, PATCH("<D:set><D:prop><D:resourcetype/></D:prop></D:set>"), 207, "",
            "<D:cannot-modify-protected-property/>" },
        { LIST, PATCH("<D:remove><D:prop><D:displayname/></D:prop></D:remove>"), 207, "",
            "<D:cannot-modify-protected-property/>" },
        { LIST, PATCH("<D:remove><D:prop><x:y xmlns:x='urn:x'/></D:prop></D:remove>"), 207, "",
            "HTTP/1.1 200 OK" },
        { "/dav/calendars/alice/", PATCH(NAME("x")), 207, "", "HTTP/1.1 403 Forbidden" },
        { "/dav/principals/alice/", PATCH(COLOR), 207, "", "HTTP/1.1 403 Forbidden" },
        { "/dav/calendars/alice/no/", PATCH(NAME("x")), 404, "", "" },
        { LIST, PATCH(""), 400, "", "" },
        { LIST, "", 400, "", "" },
    };
    struct fake *fake = fake_new();

    (void)state;
    fake_set_result(fake, SYNC_REPLACED, MAP_FAULT_NONE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s %s\n", cases[i].path, cases[i].body);
        assert_int_equal(fake_request(fake, "PROPPATCH", cases[i].path, "", cases[i].body)->status,
            cases[i].status);
        assert_str(fake_last_call(fake), cases[i].call);
        if (!fake_has(fake, cases[i].has)) {
            print_error(
                "%s\n", fake_request(fake, "PROPPATCH", cases[i].path, "", cases[i].body)->body.p);
            fail();
        }
    }
    fake_set_result(fake, SYNC_FORBIDDEN, MAP_FAULT_NONE);
    assert_int_equal(fake_request(fake, "PROPPATCH", LIST, "", PATCH(NAME("x")))->status, 207);
    assert_true(fake_has(fake, "403 Forbidden"));
    fake_set_result(fake, SYNC_BUSY, MAP_FAULT_NONE);
    assert_int_equal(fake_request(fake, "PROPPATCH", LIST, "", PATCH(NAME("x")))->status, 503);
    fake_free(&fake);
}

#define SET(prop)                                                                       \
    "<D:propertyupdate xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:A=" \
    "'http://apple.com/ns/ical/'><D:set><D:prop>" prop "</D:prop></D:set></D:propertyupdate>"
#define FIND(prop)                                                                \
    "<D:propfind xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:A=" \
    "'http://apple.com/ns/ical/'><D:prop>" prop "</D:prop></D:propfind>"
#define ZONE                                                                                    \
    "BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nBEGIN:VTIMEZONE&#13;\nTZID:X&#13;\nBEGIN:STANDARD" \
    "&#13;\nDTSTART:19700101T000000&#13;\nTZOFFSETFROM:+0100&#13;\nTZOFFSETTO:+0100&#13;\nEND:" \
    "STANDARD&#13;\nEND:VTIMEZONE&#13;\nEND:VCALENDAR&#13;\n"

static void proppatch_keeps_what_upstream_has_no_place_for(void **state)
{
    static const struct {
        const char *set;
        const char *status;
        const char *asked, *found; /* after it; NULL: 404 */
    } cases[] = {
        { "<A:calendar-color symbolic-color='custom'>#FD8208FF</A:calendar-color>", "200 OK",
            "<A:calendar-color/>",
            "<calendar-color xmlns=\"http://apple.com/ns/ical/\" symbolic-color=\"custom\">"
            "#FD8208FF</calendar-color>" },
        { "<A:calendar-order> 3</A:calendar-order>", "200 OK", "<A:calendar-order/>", "> 3</" },
        { "<C:calendar-description>a &lt; b</C:calendar-description>", "200 OK",
            "<C:calendar-description/>", ">a &lt; b</" },
        { "<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>", "200 OK",
            "<C:schedule-calendar-transp/>", "<transparent/></schedule-calendar-transp>" },
        { "<C:calendar-timezone>" ZONE "</C:calendar-timezone>", "200 OK", "<C:calendar-timezone/>",
            "END:VTIMEZONE&#13;\nEND:VCALENDAR&#13;\n</" },
        { "<C:calendar-timezone>BEGIN:VCALENDAR\nEND:VCALENDAR</C:calendar-timezone>",
            "403 Forbidden</D:status><D:error><C:valid-calendar-data/>", NULL, NULL },
        { "<C:calendar-timezone>nonsense</C:calendar-timezone>",
            "403 Forbidden</D:status><D:error><C:valid-calendar-data/>", NULL, NULL },
        { "<C:calendar-timezone-id>Europe/Oslo</C:calendar-timezone-id>", "200 OK",
            "<C:calendar-timezone-id/>", ">Europe/Oslo</" },
        { "<C:calendar-timezone-id>Mars/Phobos</C:calendar-timezone-id>",
            "403 Forbidden</D:status><D:error><C:valid-timezone/>", NULL, NULL },
        { "<x:y xmlns:x='urn:x' x:at='1'><x:z>&amp;</x:z></x:y>", "200 OK", "<y xmlns='urn:x'/>",
            "<y xmlns=\"urn:x\" xmlns:a0=\"urn:x\" a0:at=\"1\"><z>&amp;</z></y>" },
        { "<x:m xmlns:x='urn:x'>a<x:b/>c</x:m>", "403 Forbidden", "<m xmlns='urn:x'/>", NULL },
        { "<x:m xmlns:x='urn:x'><x:n>a<x:b/></x:n></x:m>", "403 Forbidden", NULL, NULL },
        { "<x:m xmlns:x='urn:x'>\n <x:b/>\n</x:m>", "200 OK", "<m xmlns='urn:x'/>", "<b/>" },
        { "<xml:lang>de</xml:lang>", "200 OK", NULL, NULL },
        { "<y xmlns=''>1</y>", "200 OK", "<y xmlns=''/>", "<y>1</y>" },
        { "<C:max-instances>9</C:max-instances>",
            "403 Forbidden</D:status><D:error><D:cannot-modify-protected-property/>",
            "<C:max-instances/>", NULL },
    };
    struct fake *fake = fake_new();

    (void)state;
    fake_set_result(fake, SYNC_REPLACED, MAP_FAULT_NONE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_done) struct buf body;

        buf_init(&body, 1 << 16);
        buf_printf(&body, SET("%s"), cases[i].set);
        assert_int_equal(fake_request(fake, "PROPPATCH", LIST, "", body.p)->status, 207);
        if (!fake_has(fake, cases[i].status)) {
            fail_msg("%s", fake_request(fake, "PROPPATCH", LIST, "", body.p)->body.p);
        }
        if (cases[i].asked == NULL) {
            continue;
        }
        buf_clear(&body);
        buf_printf(&body, FIND("%s"), cases[i].asked);
        fake_request(fake, "PROPFIND", LIST, "Depth: 0\n", body.p);
        if (!fake_has(fake, cases[i].found == NULL ? "404 Not Found" : cases[i].found)) {
            fail_msg("%s", fake_request(fake, "PROPFIND", LIST, "Depth: 0\n", body.p)->body.p);
        }
    }
    fake_free(&fake);
}

static void a_removed_property_has_its_default_again(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    fake_set_result(fake, SYNC_REPLACED, MAP_FAULT_NONE);
    fake_request(fake, "PROPPATCH", LIST, "",
        SET("<A:calendar-color>#123456</A:calendar-color><A:calendar-order>1</A:calendar-order>"));
    fake_request(fake, "PROPFIND", LIST, "Depth: 0\n", "");
    assert_true(fake_has(fake, ">#123456</calendar-color>"));
    assert_false(fake_has(fake, "<A:calendar-color>"));
    fake_request(fake, "PROPPATCH", LIST, "",
        "<propertyupdate xmlns='DAV:'><remove><prop><A:calendar-color xmlns:A="
        "'http://apple.com/ns/ical/'/><A:calendar-order xmlns:A='http://apple.com/ns/ical/'/>"
        "</prop></remove></propertyupdate>");
    fake_request(
        fake, "PROPFIND", LIST, "Depth: 0\n", FIND("<A:calendar-color/><A:calendar-order/>"));
    assert_true(fake_has(fake, "<A:calendar-color>#2564CF</A:calendar-color>"));
    assert_true(fake_has(fake, "<A:calendar-order/></D:prop><D:status>HTTP/1.1 404"));
    fake_free(&fake);
}

/* RFC 4918 9.1 */
static void allprop_and_propname_tell_what_is_kept(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    fake_set_result(fake, SYNC_REPLACED, MAP_FAULT_NONE);
    fake_request(fake, "PROPPATCH", LIST, "",
        SET("<y xmlns='urn:x'>1</y><C:calendar-description>d</C:calendar-description>"));
    fake_request(fake, "PROPFIND", LIST, "Depth: 0\n", "");
    assert_true(fake_has(fake, "<y xmlns=\"urn:x\">1</y>"));
    assert_false(fake_has(fake, "calendar-description")); /* RFC 4791 5.2.1 */
    fake_request(fake, "PROPFIND", LIST, "Depth: 0\n",
        "<propfind xmlns='DAV:'><allprop/><include><y xmlns='urn:x'/><calendar-description "
        "xmlns='urn:ietf:params:xml:ns:caldav'/></include></propfind>");
    assert_int_equal(str_find(str_skip(str_from(fake_body(fake)),
                                  str_find(str_from(fake_body(fake)), S("<y ")) + 1),
                         S("<y ")),
        SIZE_MAX);
    assert_true(fake_has(fake, ">d</calendar-description>"));
    fake_request(
        fake, "PROPFIND", LIST, "Depth: 0\n", "<propfind xmlns='DAV:'><propname/></propfind>");
    assert_true(fake_has(fake, "<x:y xmlns:x=\"urn:x\"/>"));
    assert_true(fake_has(fake, "<C:calendar-description/>"));
    assert_true(fake_has(fake, "<A:calendar-color/>"));
    assert_false(fake_has(fake, "<A:calendar-order/>"));
    fake_free(&fake);
}

static void what_does_not_fit_is_507_and_nothing_is_done(void **state)
{
    CLEANUP(buf_done) struct buf body;
    struct fake *fake = fake_new();

    (void)state;
    buf_init(&body, 1 << 20);
    fake_set_result(fake, SYNC_REPLACED, MAP_FAULT_NONE);
    buf_put_text(&body, "<propertyupdate xmlns='DAV:'><set><prop><displayname>New</displayname>");
    for (int i = 0; i <= SYNC_PROPERTIES_MAX; i++) {
        buf_printf(&body, "<p%d xmlns='urn:x'/>", i);
    }
    buf_put_text(&body, "</prop></set></propertyupdate>");
    assert_int_equal(fake_request(fake, "PROPPATCH", LIST, "", body.p)->status, 207);
    assert_true(fake_has(fake, "<D:displayname/></D:prop><D:status>HTTP/1.1 424"));
    assert_true(fake_has(fake, "<x:p0 xmlns:x=\"urn:x\"/>"));
    assert_true(fake_has(fake, "HTTP/1.1 507 Insufficient Storage"));
    assert_str(fake_last_call(fake), "");
    buf_clear(&body);
    buf_put_text(&body, "<propertyupdate xmlns='DAV:'><set><prop><p xmlns='urn:x'>");
    for (int i = 0; i < SYNC_PROPERTY_BYTES_MAX; i++) {
        buf_put_char(&body, 'x');
    }
    buf_put_text(&body, "</p></prop></set></propertyupdate>");
    assert_int_equal(fake_request(fake, "PROPPATCH", LIST, "", body.p)->status, 207);
    assert_true(fake_has(fake, "HTTP/1.1 507 Insufficient Storage"));
    assert_int_equal(fake_set_calls(fake), 0);
    fake_set_result(fake, SYNC_FULL, MAP_FAULT_NONE);
    fake_request(fake, "PROPPATCH", LIST, "", SET("<y xmlns='urn:x'>1</y>"));
    assert_true(fake_has(fake, "HTTP/1.1 507 Insufficient Storage"));
    fake_set_result(fake, SYNC_BUSY, MAP_FAULT_NONE);
    assert_int_equal(
        fake_request(fake, "PROPPATCH", LIST, "", SET("<y xmlns='urn:x'>1</y>"))->status, 503);
    fake_free(&fake);
}

/* RFC 8144 2.2 */
static void minimal_and_all_done_is_200_without_a_body(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    fake_set_result(fake, SYNC_REPLACED, MAP_FAULT_NONE);
    assert_int_equal(fake_request(fake, "PROPPATCH", LIST, "Prefer: return=minimal\n",
                         SET("<y xmlns='urn:x'>1</y>"))
                         ->status,
        200);
    assert_str(str_from(fake_body(fake)), "");
    assert_int_equal(fake_request(fake, "PROPPATCH", LIST, "Prefer: return=minimal\n",
                         SET("<D:getetag>1</D:getetag>"))
                         ->status,
        207);
    fake_free(&fake);
}

static void a_new_list_takes_its_properties_along(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *call, *element;
    } cases[] = {
        { MK("C:mkcalendar", "<x:calendar-color xmlns:x='http://apple.com/ns/ical/'>#FF0000"
                             "</x:calendar-color><y xmlns='urn:x'>1</y>"),
            201, "make n1 n1", "" },
        { MK("C:mkcalendar", "<C:calendar-timezone>x</C:calendar-timezone>"), 403, "",
            "<C:valid-calendar-data/>" },
        { MK("C:mkcalendar", "<D:getetag>x</D:getetag>"), 403, "",
            "<D:cannot-modify-protected-property/>" },
    };
    struct fake *fake = fake_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(
            fake_request(fake, "MKCALENDAR", "/dav/calendars/alice/n1/", "", cases[i].body)->status,
            cases[i].status);
        assert_str(fake_last_call(fake), cases[i].call);
        assert_true(fake_has(fake, cases[i].element));
    }
    fake_request(fake, "PROPFIND", LIST, "Depth: 0\n",
        FIND("<A:calendar-color/><y xmlns='urn:x'/>")); /* the fake has only one list */
    assert_true(fake_has(fake, ">#FF0000</calendar-color>"));
    assert_true(fake_has(fake, "<y xmlns=\"urn:x\">1</y>"));
    fake_free(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_answers_with_etag_and_honours_conditions),
        cmocka_unit_test(get_of_a_list_gives_all_tasks_in_one_calendar),
        cmocka_unit_test(put_passes_on_what_the_request_says),
        cmocka_unit_test(put_is_refused_before_the_engine_sees_it),
        cmocka_unit_test(results_of_writing_become_statuses),
        cmocka_unit_test(delete_takes_objects_and_collections),
        cmocka_unit_test(lists_are_made_by_mkcalendar_and_extended_mkcol),
        cmocka_unit_test(proppatch_renames_or_refuses_in_the_multistatus),
        cmocka_unit_test(proppatch_keeps_what_upstream_has_no_place_for),
        cmocka_unit_test(a_removed_property_has_its_default_again),
        cmocka_unit_test(allprop_and_propname_tell_what_is_kept),
        cmocka_unit_test(what_does_not_fit_is_507_and_nothing_is_done),
        cmocka_unit_test(minimal_and_all_done_is_200_without_a_body),
        cmocka_unit_test(a_new_list_takes_its_properties_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
