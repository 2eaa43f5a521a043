#include "bridge/core/mem.h"
#include "check.h"
#include "fake.h"

#define LIST        "/dav/calendars/alice/work/"
#define TODO(lines) "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\n" lines "END:VTODO\r\nEND:VCALENDAR\r\n"
#define QUERY(props, filter)                                                                  \
    "<C:calendar-query xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'><D:prop>" props \
    "</D:prop><C:filter>" filter "</C:filter></C:calendar-query>"
#define ALL_TODOS "<C:comp-filter name='VCALENDAR'><C:comp-filter name='VTODO'/></C:comp-filter>"

static struct fake *with_tasks(void)
{
    struct fake *fake = fake_new();

    fake_put(fake, "a.ics", TODO("UID:a\r\nSUMMARY:milk & bread\r\n"));
    fake_put(fake, "b c.ics", TODO("UID:b\r\nSUMMARY:cheese\r\n"));
    fake_remove(fake, "gone.ics");
    return fake;
}

/* RFC 4791 7.8 */
static void a_query_for_todos_gives_all(void **state)
{
    struct fake *fake = with_tasks();

    (void)state;
    const struct fake_answer *answer = fake_request(
        fake, "REPORT", LIST, "Depth: 1\n", QUERY("<D:getetag/><C:calendar-data/>", ALL_TODOS));

    assert_int_equal(answer->status, 207);
    assert_int_equal(answer->chunks, 0);
    assert_str(fake_last_call(fake), "poll work");
    assert_true(fake_has(fake, LIST "a.ics</D:href>"));
    assert_true(fake_has(fake, LIST "b%20c.ics</D:href>"));
    assert_true(fake_has(fake, "SUMMARY:milk &amp; bread&#13;\n"));
    assert_false(fake_has(fake, "gone.ics"));
    assert_false(fake_has(fake, LIST "</D:href>"));
    fake_free(&fake);
}

static void a_query_goes_by_its_filter_and_not_by_depth(void **state)
{
    static const char *const depths[] = { "", "Depth: 0\n", "Depth: 1\n", "Depth: infinity\n" };
    struct fake *fake = with_tasks();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(depths); i++) {
        fake_request(fake, "REPORT", LIST, depths[i],
            QUERY("<D:getetag/>",
                "<C:comp-filter name='VCALENDAR'><C:comp-filter name='VTODO'>"
                "<C:prop-filter name='SUMMARY'><C:text-match>MILK</C:text-match></C:prop-filter>"
                "</C:comp-filter></C:comp-filter>"));
        assert_true(fake_has(fake, "a.ics"));
        assert_false(fake_has(fake, "b%20c.ics"));
    }
    fake_request(fake, "REPORT", LIST, "Depth: 1\n",
        QUERY("<D:getetag/>",
            "<C:comp-filter name='VCALENDAR'><C:comp-filter name='VEVENT'/></C:comp-filter>"));
    assert_false(fake_has(fake, "ics"));
    assert_true(fake_has(fake, "</D:multistatus>"));
    fake_request(fake, "REPORT", LIST "a.ics", "Depth: 0\n", QUERY("<D:getetag/>", ALL_TODOS));
    assert_true(fake_has(fake, "a.ics"));
    assert_false(fake_has(fake, "b%20c.ics"));
    fake_free(&fake);
}

/* RFC 4791 7.8, 7.5.1, 9.6 */
static void bad_queries_are_refused_with_their_precondition(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *element;
    } cases[] = {
        { QUERY("<D:getetag/>", ""), 403, "<C:valid-filter/>" },
        { QUERY("<D:getetag/>",
              "<C:comp-filter name='VCALENDAR'><C:prop-filter name='X'>"
              "<C:text-match collation='i;x'>a</C:text-match></C:prop-filter></C:comp-filter>"),
            403, "<C:supported-collation/>" },
        { QUERY("<C:calendar-data content-type='text/html'/>", ALL_TODOS), 403,
            "<C:supported-calendar-data/>" },
        { QUERY("<C:calendar-data version='3.0'/>", ALL_TODOS), 403,
            "<C:supported-calendar-data/>" },
        { "<D:strange xmlns:D='DAV:'/>", 403, "<D:supported-report/>" },
        { "", 400, "" },
        { "<D:x", 400, "" },
    };
    struct fake *fake = with_tasks();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(fake_request(fake, "REPORT", LIST, "Depth: 1\n", cases[i].body)->status,
            cases[i].status);
        assert_true(fake_has(fake, cases[i].element));
    }
    fake_free(&fake);
}

/* RFC 4791 7.9; iOS writes line breaks and foreign schemes */
static void multiget_answers_each_href(void **state)
{
    struct fake *fake = with_tasks();

    (void)state;
    fake_request(fake, "REPORT", LIST, "",
        "<B:calendar-multiget xmlns:B='urn:ietf:params:xml:ns:caldav' xmlns='DAV:'>"
        "<prop><getetag/><B:calendar-data/></prop>"
        "<href>\n  " LIST "a.ics\n  </href>"
        "<href>http://example.org" LIST "b%20c.ics</href>"
        "<href>" LIST "none.ics</href>"
        "<href>" LIST "gone.ics</href>"
        "<href>x-apple-reminderkit://REMCDReminder/1</href>"
        "<href>/dav/calendars/bob/work/a.ics</href>"
        "<href>" LIST "a%2Fb.ics</href>"
        "<href></href>"
        "</B:calendar-multiget>");
    assert_str(fake_last_call(fake), "open work");
    assert_true(fake_has(fake, "<D:href>" LIST "a.ics</D:href><D:propstat>"));
    assert_true(fake_has(fake, "<D:href>" LIST "b%20c.ics</D:href><D:propstat>"));
    assert_true(
        fake_has(fake, LIST "none.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status>"));
    assert_true(
        fake_has(fake, LIST "gone.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status>"));
    assert_true(fake_has(fake, "REMCDReminder/1</D:href><D:status>HTTP/1.1 404"));
    assert_true(fake_has(fake, "bob/work/a.ics</D:href><D:status>HTTP/1.1 404"));
    fake_free(&fake);
}

#define SYNC(inner) \
    "<D:sync-collection xmlns:D='DAV:'>" inner "<D:prop><D:getetag/></D:prop></D:sync-collection>"

/* RFC 6578 3.4 to 3.8 */
static void sync_gives_everything_then_changes(void **state)
{
    struct fake *fake = with_tasks();

    (void)state;
    fake_request(fake, "REPORT", LIST, "Depth: 1\n", SYNC("<D:sync-token/>"));
    assert_str(fake_last_call(fake), "poll work");
    assert_true(fake_has(fake, "a.ics"));
    assert_true(fake_has(fake, "b%20c.ics"));
    assert_false(fake_has(fake, "gone.ics"));
    assert_true(
        fake_has(fake, "<D:sync-token>urn:duedav:sync:work:run1-3</D:sync-token></D:multistatus>"));
    fake_put(fake, "a.ics", TODO("UID:a\r\n"));
    fake_remove(fake, "b c.ics");
    fake_request(
        fake, "REPORT", LIST, "", SYNC("<D:sync-token>urn:duedav:sync:work:run1-3</D:sync-token>"));
    assert_true(fake_has(fake, "a.ics</D:href><D:propstat>"));
    assert_true(fake_has(fake, "b%20c.ics</D:href><D:status>HTTP/1.1 404 Not Found"));
    assert_false(fake_has(fake, "gone.ics"));
    fake_request(fake, "REPORT", LIST, "Depth: 0\n",
        SYNC("<D:sync-token> urn:duedav:sync:work:run1-5 </D:sync-token>"));
    assert_false(fake_has(fake, "ics"));
    assert_true(fake_has(fake, "run1-5</D:sync-token>"));
    fake_free(&fake);
}

/* RFC 6578 3.2: DAV:valid-sync-token */
static void unknown_tokens_are_refused(void **state)
{
    static const char *const tokens[] = { "run1-3", "urn:duedav:sync:work:run2-1",
        "urn:duedav:sync:other:run1-1", "urn:duedav:sync:work:run1-99",
        "urn:duedav:sync:work:run1-3:9", "urn:duedav:sync:work:run1-3:-1",
        "urn:duedav:sync:work:run1-3:", "urn:duedav:sync:work:run1-3:1:1", "x" };
    struct fake *fake = with_tasks();
    char body[300];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        snprintf(body, sizeof(body), SYNC("<D:sync-token>%s</D:sync-token>"), tokens[i]);
        assert_int_equal(fake_request(fake, "REPORT", LIST, "", body)->status, 403);
        assert_true(fake_has(fake, "<D:error"));
        assert_true(fake_has(fake, "<D:valid-sync-token/>"));
    }
    fake_free(&fake);
}

/** The sync token of the last answer. */
static struct str token_of(const struct fake_answer *answer)
{
    size_t at = str_find(answer->body, S("<D:sync-token>"));
    struct str rest;

    assert_int_not_equal(at, SIZE_MAX);
    rest = str_skip(answer->body, at + strlen("<D:sync-token>"));
    return str_first(rest, str_find(rest, S("<")));
}

/* RFC 6578 3.6: a truncated answer goes on where it stopped, and nothing is left out */
static void a_limit_truncates_and_the_token_continues(void **state)
{
    struct fake *fake = fake_new();
    char body[300] = SYNC("<D:sync-token/><D:limit><D:nresults>2</D:nresults></D:limit>");
    unsigned seen[5] = { 0 };
    int rounds = 0;
    bool is_truncated = true;

    (void)state;
    for (int i = 0; i < 5; i++) {
        char href[16];

        snprintf(href, sizeof(href), "t%d.ics", i);
        fake_put(fake, href, TODO("UID:x\r\n"));
    }
    while (is_truncated) {
        const struct fake_answer *answer = fake_request(fake, "REPORT", LIST, "", body);

        assert_int_equal(answer->status, 207);
        is_truncated =
            fake_has(fake, "<D:href>" LIST "</D:href><D:status>HTTP/1.1 507 Insufficient Storage"
                           "</D:status><D:error><D:number-of-matches-within-limits/></D:error>");
        for (int i = 0; i < 5; i++) {
            char href[16];

            snprintf(href, sizeof(href), "t%d.ics", i);
            seen[i] += fake_has(fake, href) ? 1 : 0;
        }
        snprintf(body, sizeof(body),
            SYNC("<D:sync-token>%.*s</D:sync-token>"
                 "<D:limit><D:nresults>2</D:nresults></D:limit>"),
            STR_ARG(token_of(answer)));
        rounds++;
    }
    assert_int_equal(rounds, 3);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(seen[i], 1);
    }
    assert_int_equal(fake_request(fake, "REPORT", LIST, "",
                         SYNC("<D:limit><D:nresults>0</D:nresults></D:limit>"))
                         ->status,
        400);
    fake_free(&fake);
}

static void put_numbered(struct fake *fake, int number)
{
    char href[16];

    snprintf(href, sizeof(href), "t%d.ics", number);
    fake_put(fake, href, TODO("UID:x\r\n"));
}

/** One round of a sync that is given two changes at a time, from the token of the last answer. */
static int sync_on(struct fake *fake, const struct fake_answer **answer)
{
    char body[300] = SYNC("<D:sync-token/><D:limit><D:nresults>2</D:nresults></D:limit>");

    if (*answer != NULL) {
        snprintf(body, sizeof(body),
            SYNC("<D:sync-token>%.*s</D:sync-token>"
                 "<D:limit><D:nresults>2</D:nresults></D:limit>"),
            STR_ARG(token_of(*answer)));
    }
    *answer = fake_request(fake, "REPORT", LIST, "", body);
    return (*answer)->status;
}

/* RFC 6578 3.6, and tombstones that are forgotten between two pages: who has just begun misses
 * nothing by that, who goes on from an old state would. */
static void forgotten_removals_end_old_tokens_only(void **state)
{
    struct fake *fake = fake_new();
    const struct fake_answer *first = NULL;

    (void)state;
    for (int i = 0; i < 6; i++) {
        put_numbered(fake, i);
    }
    fake_remove(fake, "t5.ics"); /* 7 */
    assert_int_equal(sync_on(fake, &first), 207);
    assert_str(token_of(first), "urn:duedav:sync:work:run1-7:2");
    fake_prune(fake);
    assert_int_equal(sync_on(fake, &first), 207); /* the third and fourth of five */
    assert_true(fake_has(fake, "t3.ics"));
    assert_false(fake_has(fake, "t5.ics"));
    assert_str(token_of(first), "urn:duedav:sync:work:run1-7:4");
    assert_int_equal(sync_on(fake, &first), 207);
    assert_str(token_of(first), "urn:duedav:sync:work:run1-7");

    for (int i = 0; i < 3; i++) {
        put_numbered(fake, i); /* 8, 9, 10 */
    }
    fake_remove(fake, "t4.ics"); /* 11 */
    assert_int_equal(sync_on(fake, &first), 207);
    assert_str(token_of(first), "urn:duedav:sync:work:run1-9"); /* of then, not of now */
    fake_prune(fake);
    assert_int_equal(sync_on(fake, &first), 403);
    assert_true(fake_has(fake, "<D:valid-sync-token/>"));
    fake_free(&fake);
}

/* What is removed while a first sync is under way was given before and has to be taken back. */
static void a_removal_during_a_first_sync_is_told(void **state)
{
    struct fake *fake = fake_new();
    const struct fake_answer *answer = NULL;

    (void)state;
    for (int i = 0; i < 3; i++) {
        put_numbered(fake, i);
    }
    assert_int_equal(sync_on(fake, &answer), 207);
    assert_true(fake_has(fake, "t0.ics"));
    fake_remove(fake, "t0.ics");
    assert_int_equal(sync_on(fake, &answer), 207);
    assert_true(fake_has(fake, "t0.ics</D:href><D:status>HTTP/1.1 404"));
    assert_true(fake_has(fake, "t2.ics</D:href><D:propstat>"));
    assert_str(token_of(answer), "urn:duedav:sync:work:run1-4");
    fake_free(&fake);
}

/* RFC 6578 3.3 and 6.3 */
static void the_level_is_1_or_infinite(void **state)
{
    static const struct {
        const char *path, *level;
        int status;
    } cases[] = { { LIST, "1", 207 }, { LIST, "infinite", 207 }, { LIST, "2", 400 },
        { LIST, "", 400 }, { "/dav/calendars/alice/", "1", 207 },
        { "/dav/calendars/alice/", "infinite", 403 } };
    struct fake *fake = with_tasks();
    char body[300];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(body, sizeof(body), SYNC("<D:sync-token/><D:sync-level>%s</D:sync-level>"),
            cases[i].level);
        assert_int_equal(
            fake_request(fake, "REPORT", cases[i].path, "", body)->status, cases[i].status);
    }
    assert_true(fake_has(fake, "<D:sync-traversal-supported/>"));
    fake_free(&fake);
}

/* Large answers come in slices, also where the filter leaves nearly all out. */
static void large_answers_are_streamed(void **state)
{
    struct fake *fake = fake_new();
    char *text = mem_alloc(2001);
    char *document;
    char href[32];

    (void)state;
    memset(text, 'x', 2000);
    document = mem_alloc(3000);
    for (int i = 0; i < 1000; i++) {
        snprintf(
            document, 3000, TODO("UID:u%d\r\nSUMMARY:number %d.\r\nX-LONG:%s\r\n"), i, i, text);
        snprintf(href, sizeof(href), "t%d.ics", i);
        fake_put(fake, href, document);
    }
    const struct fake_answer *answer = fake_request(
        fake, "REPORT", LIST, "Depth: 1\n", QUERY("<D:getetag/><C:calendar-data/>", ALL_TODOS));

    assert_true(answer->chunks > 20);
    assert_true(answer->body.n > 2000 * 1000);
    assert_true(fake_has(fake, "SUMMARY:number 0."));
    assert_true(fake_has(fake, "SUMMARY:number 999."));
    assert_true(str_has_suffix(answer->body, S("</D:multistatus>")));
    answer = fake_request(fake, "REPORT", LIST, "Depth: 1\n",
        QUERY("<D:getetag/>",
            "<C:comp-filter name='VCALENDAR'><C:comp-filter name='VTODO'>"
            "<C:prop-filter name='SUMMARY'><C:text-match>number 0.</C:text-match></C:prop-filter>"
            "</C:comp-filter></C:comp-filter>"));
    assert_true(answer->chunks > 5);
    assert_true(fake_has(fake, "t0.ics"));
    assert_false(fake_has(fake, "t1.ics"));
    assert_true(str_has_suffix(answer->body, S("</D:multistatus>")));
    mem_free(text);
    mem_free(document);
    fake_free(&fake);
}

/* RFC 3253 3.8, RFC 3744 9: what macOS asks blindly */
static void principal_reports_are_harmless(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    assert_int_equal(fake_request(fake, "REPORT", "/principals/", "Depth: 0\n",
                         "<A:principal-search-property-set xmlns:A='DAV:'/>")
                         ->status,
        200);
    assert_true(fake_has(fake, "<D:principal-search-property-set"));
    assert_int_equal(
        fake_request(fake, "REPORT", "/dav/principals/alice/", "Depth: 0\n",
            "<A:expand-property xmlns:A='DAV:'><A:property name='calendar-proxy-write-for' "
            "namespace='http://calendarserver.org/ns/'/></A:expand-property>")
            ->status,
        207);
    fake_request(fake, "REPORT", "/dav/principals/", "Depth: 0\n",
        "<principal-property-search xmlns='DAV:'><property-search><prop><displayname/></prop>"
        "<match>LIC</match></property-search><prop><displayname/></prop>"
        "</principal-property-search>");
    assert_true(fake_has(fake, "<D:href>/dav/principals/alice/</D:href>"));
    fake_request(fake, "REPORT", "/dav/principals/", "Depth: 0\n",
        "<principal-property-search xmlns='DAV:'><property-search><prop><displayname/></prop>"
        "<match>bob</match></property-search><prop><displayname/></prop>"
        "</principal-property-search>");
    assert_false(fake_has(fake, "href"));
    fake_request(fake, "REPORT", "/dav/principals/", "Depth: 0\n",
        "<principal-match xmlns='DAV:'><self/><prop><displayname/></prop></principal-match>");
    assert_true(fake_has(fake, "<D:displayname>alice</D:displayname>"));
    assert_int_equal(fake_request(fake, "REPORT", "/dav/calendars/alice/", "Depth: 1\n",
                         QUERY("<D:getetag/>", ALL_TODOS))
                         ->status,
        403); /* a home has no objects of its own */
    assert_int_equal(
        fake_request(fake, "REPORT", "/dav/calendars/alice/none/", "", SYNC(""))->status, 404);
    fake_free(&fake);
}

#define IN_RANGE(more)                                                                            \
    "<C:calendar-query xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'><D:prop>"           \
    "<D:getetag/></D:prop><C:filter><C:comp-filter name='VCALENDAR'><C:comp-filter name='VTODO'>" \
    "<C:time-range start='20261101T090000Z' end='20261101T100000Z'/></C:comp-filter>"             \
    "</C:comp-filter></C:filter>" more "</C:calendar-query>"
#define SET_ZONE(prop)                                             \
    "<D:propertyupdate xmlns:D='DAV:' "                            \
    "xmlns:C='urn:ietf:params:xml:ns:caldav'><D:set><D:prop>" prop \
    "</D:prop></D:set></D:propertyupdate>"
#define ZONE_OF(tzid)                                                                        \
    "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:" tzid "\nBEGIN:STANDARD\nDTSTART:" \
    "19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n"   \
    "END:VCALENDAR"

/* RFC 4791 9.8: floating times are in the request's zone, else the list's */
static void floating_times_are_in_the_nearest_zone_that_is_named(void **state)
{
    struct fake *fake = fake_new();

    (void)state;
    fake_set_result(fake, SYNC_REPLACED, MAP_FAULT_NONE);
    fake_put(fake, "oslo.ics", TODO("UID:a\r\nDUE:20261101T103000\r\n"));
    fake_put(fake, "tokyo.ics", TODO("UID:b\r\nDUE:20261101T183000\r\n"));
    fake_put(fake, "newyork.ics", TODO("UID:c\r\nDUE:20261101T043000\r\n"));
    fake_put(fake, "london.ics", TODO("UID:d\r\nDUE:20261101T093000\r\n"));

    fake_request(fake, "REPORT", LIST, "", IN_RANGE("")); /* the account's */
    assert_true(fake_has(fake, "newyork.ics"));
    assert_false(fake_has(fake, "oslo.ics"));
    fake_request(fake, "PROPPATCH", LIST, "",
        SET_ZONE("<C:calendar-timezone>" ZONE_OF("Europe/London") "</C:calendar-timezone>"));
    fake_request(fake, "REPORT", LIST, "", IN_RANGE(""));
    assert_true(fake_has(fake, "london.ics"));
    assert_false(fake_has(fake, "newyork.ics"));
    fake_request(fake, "PROPPATCH", LIST, "",
        SET_ZONE("<C:calendar-timezone-id>Europe/Oslo</C:calendar-timezone-id>"));
    fake_request(fake, "REPORT", LIST, "", IN_RANGE(""));
    assert_true(fake_has(fake, "oslo.ics"));
    assert_false(fake_has(fake, "london.ics"));
    fake_request(fake, "REPORT", LIST, "",
        IN_RANGE("<C:timezone>" ZONE_OF("/mozilla.org/20050126_1/Asia/Tokyo") "</C:timezone>"));
    assert_true(fake_has(fake, "tokyo.ics"));
    assert_false(fake_has(fake, "oslo.ics"));
    fake_request(
        fake, "REPORT", LIST, "", IN_RANGE("<C:timezone-id>Europe/London</C:timezone-id>"));
    assert_true(fake_has(fake, "london.ics"));
    fake_request(
        fake, "REPORT", LIST, "", IN_RANGE("<C:timezone>" ZONE_OF("Nowhere") "</C:timezone>"));
    assert_true(fake_has(fake, "oslo.ics")); /* one that nobody knows is passed over */
    fake_free(&fake);
}

/* RFC 4791 9.6 */
static void a_report_gives_the_part_that_is_asked_for(void **state)
{
    struct fake *fake = with_tasks();

    (void)state;
    fake_request(fake, "REPORT", LIST, "",
        QUERY("<C:calendar-data><C:comp name='VCALENDAR'><C:comp name='VTODO'>"
              "<C:prop name='UID'/></C:comp></C:comp></C:calendar-data>",
            ALL_TODOS));
    assert_true(fake_has(fake, "<C:calendar-data>BEGIN:VCALENDAR&#13;\nBEGIN:VTODO&#13;\n"
                               "UID:a&#13;\nEND:VTODO&#13;\nEND:VCALENDAR&#13;\n<"));
    assert_false(fake_has(fake, "SUMMARY"));
    assert_int_equal(fake_request(fake, "REPORT", LIST, "",
                         QUERY("<C:calendar-data><C:comp/></C:calendar-data>", ALL_TODOS))
                         ->status,
        400);
    fake_free(&fake);
}

/* RFC 4791 7.10 */
static void nobody_is_busy_with_tasks(void **state)
{
    static const char *const bad[] = { "", "<C:time-range start='20260101T000000Z'/>",
        "<C:time-range end='20260101T000000Z'/>",
        "<C:time-range start='20260101T000000' end='20270101T000000'/>",
        "<C:time-range start='20270101T000000Z' end='20260101T000000Z'/>" };
    struct fake *fake = with_tasks();
    char body[300];

    (void)state;
    assert_int_equal(fake_request(fake, "REPORT", LIST, "Depth: 1\n",
                         "<C:free-busy-query xmlns:C='urn:ietf:params:xml:ns:caldav'>"
                         "<C:time-range start='20260101T000000Z' end='20270101T000000Z'/>"
                         "</C:free-busy-query>")
                         ->status,
        200);
    assert_str(fake_header(fake, "Content-Type"), "text/calendar; charset=utf-8");
    assert_true(fake_has(fake, "BEGIN:VFREEBUSY\r\n"));
    assert_true(fake_has(fake, "DTSTART:20260101T000000Z\r\nDTEND:20270101T000000Z\r\n"));
    assert_false(fake_has(fake, "\r\nFREEBUSY"));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        snprintf(body, sizeof(body),
            "<C:free-busy-query xmlns:C='urn:ietf:params:xml:ns:caldav'>%s</C:free-busy-query>",
            bad[i]);
        assert_int_equal(fake_request(fake, "REPORT", LIST, "", body)->status, 400);
    }
    fake_free(&fake);
}

/* RFC 6578 3.3, on the home */
static void the_home_says_which_lists_there_are(void **state)
{
    struct fake *fake = with_tasks();

    (void)state;
    fake_request(fake, "REPORT", "/dav/calendars/alice/", "", SYNC("<D:sync-token/>"));
    assert_str(fake_last_call(fake), "poll home");
    assert_true(fake_has(fake, "<D:href>" LIST "</D:href>"));
    assert_false(fake_has(fake, "<D:href>/dav/calendars/alice/</D:href>"));
    assert_true(fake_has(fake, "<D:sync-token>urn:duedav:home:home-1</D:sync-token>"));
    fake_request(fake, "REPORT", "/dav/calendars/alice/", "",
        SYNC("<D:sync-token>urn:duedav:home:home-1</D:sync-token>"));
    assert_false(fake_has(fake, "href"));
    assert_true(fake_has(fake, "<D:sync-token>urn:duedav:home:home-1</D:sync-token>"));
    assert_int_equal(fake_request(fake, "REPORT", "/dav/calendars/alice/", "",
                         SYNC("<D:sync-token>urn:duedav:home:home-0</D:sync-token>"))
                         ->status,
        403);
    assert_true(fake_has(fake, "<D:valid-sync-token/>"));
    fake_free(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_for_todos_gives_all),
        cmocka_unit_test(a_query_goes_by_its_filter_and_not_by_depth),
        cmocka_unit_test(bad_queries_are_refused_with_their_precondition),
        cmocka_unit_test(multiget_answers_each_href),
        cmocka_unit_test(sync_gives_everything_then_changes),
        cmocka_unit_test(unknown_tokens_are_refused),
        cmocka_unit_test(a_limit_truncates_and_the_token_continues),
        cmocka_unit_test(forgotten_removals_end_old_tokens_only),
        cmocka_unit_test(a_removal_during_a_first_sync_is_told),
        cmocka_unit_test(the_level_is_1_or_infinite),
        cmocka_unit_test(large_answers_are_streamed),
        cmocka_unit_test(principal_reports_are_harmless),
        cmocka_unit_test(floating_times_are_in_the_nearest_zone_that_is_named),
        cmocka_unit_test(a_report_gives_the_part_that_is_asked_for),
        cmocka_unit_test(nobody_is_busy_with_tasks),
        cmocka_unit_test(the_home_says_which_lists_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
