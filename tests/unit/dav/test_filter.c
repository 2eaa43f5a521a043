#include "bridge/dav/filter_match.h"

#include "bridge/core/mem.h"
#include "check.h"

#define TODO(lines)                                                     \
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:u1\r\n" lines \
    "END:VTODO\r\nEND:VCALENDAR\r\n"

/** In VCALENDAR > VTODO. */
#define IN_TODO(inner)                                                   \
    "<C:comp-filter name='VCALENDAR'><C:comp-filter name='VTODO'>" inner \
    "</C:comp-filter></C:comp-filter>"

static bool parse(
    const char *inner, struct arena *arena, struct filter *filter, enum fault *fault_out)
{
    struct str text = arena_printf(
        arena, "<C:filter xmlns:C='urn:ietf:params:xml:ns:caldav'>%s</C:filter>", inner);
    struct xml_node *root;
    struct err err;

    assert_true(xml_parse(text, &xml_default_limits, arena, &root, &err));
    return filter_parse(root, zone_find(S("Europe/Oslo")), arena, filter, fault_out, &err);
}

static void check(const char *inner, const char *text, bool is_match, int line)
{
    struct arena *arena = arena_new();
    enum fault fault = FAULT_NONE;
    struct filter filter;

    if (!parse(inner, arena, &filter, &fault)) {
        print_error("line %d: not parsed: %s\n", line, inner);
        fail();
    }
    if (filter_matches_text(&filter, str_from(text)) != is_match) {
        print_error("line %d: %s\n%s", line, inner, text);
        fail();
    }
    if (filter_is_trivial(&filter) && !is_match) {
        fail();
    }
    if (filter_is_hopeless(&filter) && is_match) {
        fail();
    }
    arena_free(&arena);
}
#define MATCHES(inner, text) check(inner, text, true, __LINE__)
#define MISSES(inner, text)  check(inner, text, false, __LINE__)

static void components_are_found_by_name(void **state)
{
    const char *alarm = TODO("BEGIN:VALARM\r\nACTION:AUDIO\r\nEND:VALARM\r\n");

    (void)state;
    MATCHES("<C:comp-filter name='VCALENDAR'/>", TODO(""));
    MATCHES(IN_TODO(""), TODO(""));
    MATCHES(
        "<C:comp-filter name='vcalendar'><C:comp-filter name='vtodo'/></C:comp-filter>", TODO(""));
    MISSES(
        "<C:comp-filter name='VCALENDAR'><C:comp-filter name='VEVENT'/></C:comp-filter>", TODO(""));
    MATCHES("<C:comp-filter name='VCALENDAR'><C:comp-filter name='VEVENT'><C:is-not-defined/>"
            "</C:comp-filter></C:comp-filter>",
        TODO(""));
    MATCHES(IN_TODO("<C:comp-filter name='VALARM'/>"), alarm);
    MISSES(IN_TODO("<C:comp-filter name='VALARM'/>"), TODO(""));
    MISSES(IN_TODO("<C:comp-filter name='VALARM'><C:is-not-defined/></C:comp-filter>"), alarm);
    MATCHES(IN_TODO("<C:comp-filter name='VALARM'><C:prop-filter name='ACTION'>"
                    "<C:text-match>audio</C:text-match></C:prop-filter></C:comp-filter>"),
        alarm);
}

/* RFC 4791 9.7.5; python-caldav's look-up by UID is i;octet. */
static void text_is_matched_as_a_part_under_a_collation(void **state)
{
    const char *todo = TODO("SUMMARY:Buy Milk\\, \xc3\x86rlig\r\nCATEGORIES:Home,Work\\, far\r\n"
                            "CATEGORIES:Urgent\r\n");

    (void)state;
    MATCHES(IN_TODO("<C:prop-filter name='SUMMARY'><C:text-match>milk, </C:text-match>"
                    "</C:prop-filter>"),
        todo);
    MATCHES(IN_TODO("<C:prop-filter name='summary'><C:text-match collation='i;octet'>Milk"
                    "</C:text-match></C:prop-filter>"),
        todo);
    MISSES(IN_TODO("<C:prop-filter name='SUMMARY'><C:text-match collation='i;octet'>milk"
                   "</C:text-match></C:prop-filter>"),
        todo);
    MISSES(IN_TODO("<C:prop-filter name='SUMMARY'><C:text-match>\xc3\xa6rlig</C:text-match>"
                   "</C:prop-filter>"),
        todo);
    MATCHES(IN_TODO("<C:prop-filter name='CATEGORIES'><C:text-match>work, f</C:text-match>"
                    "</C:prop-filter>"),
        todo);
    MISSES(IN_TODO("<C:prop-filter name='CATEGORIES'><C:text-match>home,work</C:text-match>"
                   "</C:prop-filter>"),
        todo);
    MATCHES(IN_TODO("<C:prop-filter name='CATEGORIES'><C:text-match>urgent</C:text-match>"
                    "</C:prop-filter>"),
        todo);
    MISSES(IN_TODO("<C:prop-filter name='CATEGORIES'><C:text-match negate-condition='yes'>urgent"
                   "</C:text-match></C:prop-filter>"),
        todo);
    MATCHES(IN_TODO("<C:prop-filter name='SUMMARY'><C:text-match negate-condition='yes'>bread"
                    "</C:text-match></C:prop-filter>"),
        todo);
    MISSES(IN_TODO("<C:prop-filter name='LOCATION'><C:text-match negate-condition='yes'>bread"
                   "</C:text-match></C:prop-filter>"),
        todo);
    MATCHES(IN_TODO("<C:prop-filter name='SUMMARY'><C:text-match></C:text-match></C:prop-filter>"),
        todo);
}

/* What python-caldav sends for todos(): three queries, of which an open task is in one. */
static void the_three_queries_for_open_tasks_find_them(void **state)
{
    const char *first = IN_TODO("<C:prop-filter name='COMPLETED'><C:is-not-defined/>"
                                "</C:prop-filter><C:prop-filter name='STATUS'><C:text-match "
                                "negate-condition='yes'>COMPLETED</C:text-match></C:prop-filter>");
    const char *second = IN_TODO("<C:prop-filter name='COMPLETED'><C:is-not-defined/>"
                                 "</C:prop-filter><C:prop-filter name='STATUS'>"
                                 "<C:is-not-defined/></C:prop-filter>");
    const char *third = IN_TODO("<C:prop-filter name='STATUS'><C:text-match>NEEDS-ACTION"
                                "</C:text-match></C:prop-filter>");
    const char *done = TODO("STATUS:COMPLETED\r\nCOMPLETED:20261101T000000Z\r\n");
    const char *open = TODO("STATUS:NEEDS-ACTION\r\n");

    (void)state;
    MATCHES(first, open);
    MATCHES(third, open);
    MISSES(second, open);
    MATCHES(second, TODO(""));
    MISSES(first, done);
    MISSES(second, done);
    MISSES(third, done);
}

static void parameters_are_matched(void **state)
{
    const char *todo = TODO("DUE;TZID=Europe/Oslo:20261201T090000\r\n"
                            "X-A;X-P=\"One two\":v\r\n");

    (void)state;
    MATCHES(IN_TODO("<C:prop-filter name='DUE'><C:param-filter name='tzid'><C:text-match>oslo"
                    "</C:text-match></C:param-filter></C:prop-filter>"),
        todo);
    MISSES(IN_TODO("<C:prop-filter name='DUE'><C:param-filter name='TZID'><C:text-match>Paris"
                   "</C:text-match></C:param-filter></C:prop-filter>"),
        todo);
    MATCHES(IN_TODO("<C:prop-filter name='DUE'><C:param-filter name='VALUE'><C:is-not-defined/>"
                    "</C:param-filter></C:prop-filter>"),
        todo);
    MISSES(IN_TODO("<C:prop-filter name='DUE'><C:param-filter name='TZID'><C:is-not-defined/>"
                   "</C:param-filter></C:prop-filter>"),
        todo);
    MATCHES(IN_TODO("<C:prop-filter name='X-A'><C:param-filter name='X-P'>"
                    "<C:text-match negate-condition='yes'>three</C:text-match></C:param-filter>"
                    "</C:prop-filter>"),
        todo);
}

static void one_component_has_to_satisfy_it_all(void **state)
{
    const char *two =
        "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:u\r\nSUMMARY:a\r\nEND:VTODO\r\n"
        "BEGIN:VTODO\r\nUID:u\r\nRECURRENCE-ID:20261101\r\nLOCATION:b\r\nEND:VTODO\r\n"
        "END:VCALENDAR\r\n";

    (void)state;
    MATCHES(IN_TODO("<C:prop-filter name='LOCATION'/>"), two);
    MISSES(IN_TODO("<C:prop-filter name='LOCATION'/><C:prop-filter name='SUMMARY'/>"), two);
}

static void filters_that_mean_nothing_are_refused(void **state)
{
    static const struct {
        const char *inner;
        enum fault fault;
    } cases[] = {
        { "", FAULT_VALID_FILTER },
        { "<C:comp-filter/>", FAULT_VALID_FILTER },
        { "<C:comp-filter name='VTODO'/>", FAULT_VALID_FILTER },
        { "<C:comp-filter name='VCALENDAR'/><C:comp-filter name='VCALENDAR'/>",
            FAULT_VALID_FILTER },
        { IN_TODO("<C:prop-filter/>"), FAULT_VALID_FILTER },
        { IN_TODO("<C:time-range/>"), FAULT_VALID_FILTER },
        { IN_TODO("<C:time-range start='20261101'/>"), FAULT_VALID_FILTER },
        { IN_TODO("<C:time-range start='20261101T000000'/>"), FAULT_VALID_FILTER },
        { IN_TODO("<C:time-range start='20261102T000000Z' end='20261101T000000Z'/>"),
            FAULT_VALID_FILTER },
        { "<C:comp-filter name='VCALENDAR'><C:time-range start='20261101T000000Z'/>"
          "</C:comp-filter>",
            FAULT_VALID_FILTER },
        { "<C:comp-filter name='VCALENDAR'><C:comp-filter name='VTIMEZONE'>"
          "<C:time-range start='20261101T000000Z'/></C:comp-filter></C:comp-filter>",
            FAULT_VALID_FILTER },
        { "<C:comp-filter name='VCALENDAR'><C:comp-filter name='X-OTHER'>"
          "<C:time-range start='20261101T000000Z'/></C:comp-filter></C:comp-filter>",
            FAULT_VALID_FILTER },
        { IN_TODO("<C:comp-filter name='VEVENT'/>"), FAULT_VALID_FILTER },
        { IN_TODO("<C:comp-filter name='STANDARD'/>"), FAULT_VALID_FILTER },
        { "<C:comp-filter name='VCALENDAR'><C:comp-filter name='VALARM'/></C:comp-filter>",
            FAULT_VALID_FILTER },
        { "<C:comp-filter name='VCALENDAR'><C:comp-filter name='VCALENDAR'/></C:comp-filter>",
            FAULT_VALID_FILTER },
        { IN_TODO("<C:prop-filter name='SUMMARY'><C:time-range start='20261101T000000Z'/>"
                  "</C:prop-filter>"),
            FAULT_VALID_FILTER },
        { IN_TODO("<C:prop-filter name='DUE'><C:time-range start='20261101T000000Z'/>"
                  "<C:text-match>a</C:text-match></C:prop-filter>"),
            FAULT_VALID_FILTER },
        { IN_TODO("<C:prop-filter name='X'><C:text-match>a</C:text-match><C:text-match>b"
                  "</C:text-match></C:prop-filter>"),
            FAULT_VALID_FILTER },
        { IN_TODO("<C:prop-filter name='X'><C:text-match negate-condition='maybe'>a"
                  "</C:text-match></C:prop-filter>"),
            FAULT_VALID_FILTER },
        { IN_TODO("<C:prop-filter name='X'><C:is-not-defined/><C:text-match>a</C:text-match>"
                  "</C:prop-filter>"),
            FAULT_VALID_FILTER },
        { IN_TODO("<C:prop-filter name='X'><C:param-filter name='Y'><C:is-not-defined/>"
                  "<C:text-match>a</C:text-match></C:param-filter></C:prop-filter>"),
            FAULT_VALID_FILTER },
        { IN_TODO("<C:is-not-defined/><C:prop-filter name='X'/>"), FAULT_VALID_FILTER },
        { IN_TODO("<C:time-range start='20261101T000000Z'/><C:time-range "
                  "start='20261101T000000Z'/>"),
            FAULT_VALID_FILTER },
        { IN_TODO("<C:prop-filter name='X'><C:sounds-like>a</C:sounds-like></C:prop-filter>"),
            FAULT_SUPPORTED_FILTER },
        { IN_TODO("<C:time-range end='15991231T000000Z'/>"), FAULT_MIN_DATE_TIME },
        { IN_TODO("<C:time-range start='46000101T000000Z'/>"), FAULT_MAX_DATE_TIME },
        { IN_TODO("<C:prop-filter name='SUMMARY'><C:text-match collation='i;klingon'>a"
                  "</C:text-match></C:prop-filter>"),
            FAULT_SUPPORTED_COLLATION },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        enum fault fault = FAULT_NONE;
        struct filter filter;

        print_message("%s\n", cases[i].inner);
        assert_false(parse(cases[i].inner, arena, &filter, &fault));
        assert_int_equal(fault, cases[i].fault);
        arena_free(&arena);
    }
}

static void a_filter_of_too_many_elements_is_refused(void **state)
{
    struct arena *arena = arena_new();
    struct str inner = S("");
    enum fault fault = FAULT_NONE;
    struct filter filter;

    (void)state;
    for (size_t i = 0; i < FILTER_MAX_ELEMENTS; i++) {
        inner = arena_printf(arena, "%.*s<C:prop-filter name='X'/>", STR_ARG(inner));
    }
    inner =
        arena_printf(arena, "<C:comp-filter name='VCALENDAR'>%.*s</C:comp-filter>", STR_ARG(inner));
    assert_false(parse(inner.p, arena, &filter, &fault));
    assert_int_equal(fault, FAULT_SUPPORTED_FILTER);
    arena_free(&arena);
}

/* RFC 4791 9.9, the table of VTODO; Europe/Oslo is an hour east of UTC in November. */
static void time_ranges_follow_the_table_of_todos(void **state)
{
#define RANGE IN_TODO("<C:time-range start='20261110T000000Z' end='20261120T000000Z'/>")
    static const struct {
        const char *text;
        bool is_in;
    } cases[] = {
        /* DTSTART and DURATION */
        { TODO("DTSTART:20261108T000000Z\r\nDURATION:P2D\r\n"), true },
        { TODO("DTSTART:20261108T000000Z\r\nDURATION:P1D\r\n"), false },
        { TODO("DTSTART:20261120T000000Z\r\nDURATION:P1D\r\n"), false },
        { TODO("DTSTART:20261120T000000Z\r\nDURATION:PT0S\r\n"), true },
        /* DTSTART and DUE */
        { TODO("DTSTART:20261101T000000Z\r\nDUE:20261110T000001Z\r\n"), true },
        { TODO("DTSTART:20261101T000000Z\r\nDUE:20261110T000000Z\r\n"), false },
        { TODO("DTSTART:20261110T000000Z\r\nDUE:20261110T000000Z\r\n"), true },
        { TODO("DTSTART:20261120T000000Z\r\nDUE:20261121T000000Z\r\n"), false },
        { TODO("DTSTART:20261101T000000Z\r\nDUE:20261201T000000Z\r\n"), true },
        /* DTSTART alone */
        { TODO("DTSTART:20261110T000000Z\r\n"), true },
        { TODO("DTSTART:20261109T235959Z\r\n"), false },
        { TODO("DTSTART:20261120T000000Z\r\n"), false },
        /* DUE alone */
        { TODO("DUE:20261110T000000Z\r\n"), false },
        { TODO("DUE:20261110T000001Z\r\n"), true },
        { TODO("DUE:20261120T000000Z\r\n"), true },
        { TODO("DUE:20261120T000001Z\r\n"), false },
        { TODO("DUE;TZID=Europe/Oslo:20261110T010000\r\n"), false },
        { TODO("DUE;TZID=Europe/Oslo:20261110T010001\r\n"), true },
        { TODO("DUE:20261120T010001\r\n"), false },
        { TODO("DUE;VALUE=DATE:20261120\r\n"), true },
        { TODO("DUE;VALUE=DATE:20261110\r\n"), false },
        /* COMPLETED and CREATED */
        { TODO("COMPLETED:20261115T000000Z\r\nCREATED:20250101T000000Z\r\n"), true },
        { TODO("COMPLETED:20261101T000000Z\r\nCREATED:20250101T000000Z\r\n"), false },
        { TODO("COMPLETED:20270101T000000Z\r\nCREATED:20261201T000000Z\r\n"), false },
        { TODO("COMPLETED:20261110T000000Z\r\n"), true },
        { TODO("COMPLETED:20261120T000001Z\r\n"), false },
        { TODO("CREATED:20261119T235959Z\r\n"), true },
        { TODO("CREATED:20261120T000000Z\r\n"), false },
        { TODO("SUMMARY:no dates\r\n"), true },
        /* repeating: each occurrence by the same table */
        { TODO("DTSTART:20260101T000000Z\r\nRRULE:FREQ=WEEKLY\r\n"), true },
        { TODO("DTSTART:20260101T000000Z\r\nRRULE:FREQ=MONTHLY\r\n"), false },
        { TODO("DTSTART:20260112T000000Z\r\nRRULE:FREQ=MONTHLY\r\n"), true },
        { TODO("DTSTART:20260101T000000Z\r\nDURATION:P10D\r\nRRULE:FREQ=MONTHLY\r\n"), true },
        { TODO("DTSTART:20260101T000000Z\r\nDURATION:P8D\r\nRRULE:FREQ=MONTHLY\r\n"), false },
        { TODO("DTSTART:20260101T000000Z\r\nDUE:20260111T000000Z\r\nRRULE:FREQ=MONTHLY\r\n"),
            true },
        { TODO("DTSTART:20260101T000000Z\r\nDUE:20260109T000000Z\r\nRRULE:FREQ=MONTHLY\r\n"),
            false },
        { TODO("DUE:20260110T000000Z\r\nRRULE:FREQ=MONTHLY\r\n"), false },
        { TODO("DUE:20260120T000000Z\r\nRRULE:FREQ=MONTHLY\r\n"), true },
        { TODO("DUE;VALUE=DATE:20260120\r\nRRULE:FREQ=MONTHLY\r\n"), true },
        { TODO("DUE;VALUE=DATE:20260110\r\nRRULE:FREQ=MONTHLY\r\n"), false },
        { TODO("DTSTART:20260112T000000Z\r\nRRULE:FREQ=MONTHLY;COUNT=11\r\n"), true },
        { TODO("DTSTART:20260112T000000Z\r\nRRULE:FREQ=MONTHLY;COUNT=10\r\n"), false },
        { TODO("DTSTART:20260112T000000Z\r\nRRULE:FREQ=MONTHLY\r\nEXDATE:20261112T000000Z\r\n"),
            false },
        { TODO("DTSTART;VALUE=DATE:20260112\r\nRRULE:FREQ=MONTHLY\r\n"
               "EXDATE;VALUE=DATE:20261012,20261112\r\n"),
            false },
        { TODO("DTSTART:20260101T000000Z\r\nRDATE:20261009T000000Z,20261111T000000Z\r\n"), true },
        { TODO("DTSTART:20260101T000000Z\r\nRDATE;VALUE=PERIOD:20261111T000000Z/PT1H\r\n"), true },
        { TODO("DTSTART:20260112T000000Z\r\nRRULE:FREQ=MONTHLY\r\nEND:VTODO\r\n"
               "BEGIN:VTODO\r\nUID:u1\r\nRECURRENCE-ID:20261112T000000Z\r\n"
               "DTSTART:20261212T000000Z\r\n"),
            false },
        { TODO("DTSTART:20260101T000000Z\r\nRRULE:FREQ=MONTHLY\r\nEND:VTODO\r\n"
               "BEGIN:VTODO\r\nUID:u1\r\nRECURRENCE-ID:20261201T000000Z\r\n"
               "DTSTART:20261112T000000Z\r\n"),
            true },
        { TODO("DTSTART:20260101T000000Z\r\nRRULE:FREQ=MONTHLY\r\nEND:VTODO\r\n"
               "BEGIN:VTODO\r\nUID:u1\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260601T000000Z\r\n"
               "DTSTART:20260612T000000Z\r\n"),
            true },
        { TODO("DTSTART;TZID=Europe/Oslo:20260611T010000\r\nRRULE:FREQ=DAILY;COUNT=153\r\n"),
            true }, /* 2026-11-10T01:00 there, and not an hour before */
        { TODO("DTSTART;TZID=Europe/Oslo:20260611T005959\r\nRRULE:FREQ=DAILY;COUNT=153\r\n"),
            false },
        { TODO("CREATED:20270101T000000Z\r\nRRULE:FREQ=DAILY\r\n"), false },
        /* of a rule that cannot be followed: what is known of it */
        { TODO("DTSTART:20260101T000000Z\r\nRRULE:FREQ=HOURLY\r\n"), true },
        { TODO("DTSTART:20260101T000000Z\r\nRRULE:FREQ=HOURLY;UNTIL=20261001T000000Z\r\n"), false },
        { TODO("DTSTART:20270101T000000Z\r\nRRULE:FREQ=HOURLY\r\n"), false },
        { TODO("DTSTART:20260101T000000Z\r\nRRULE:FREQ=WEEKLY;UNTIL=20261001T000000Z\r\n"), false },
        { TODO("DUE;VALUE=DATE:20260101\r\nRRULE:FREQ=WEEKLY;UNTIL=20261115\r\n"), true },
        { TODO("DTSTART:20270101T000000Z\r\nRRULE:FREQ=WEEKLY\r\n"), false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check(RANGE, cases[i].text, cases[i].is_in, (int)i);
    }
    MATCHES(IN_TODO("<C:time-range start='20261110T000000Z'/>"), TODO("DUE:20991231T000000Z\r\n"));
    MISSES(IN_TODO("<C:time-range end='20261110T000000Z'/>"), TODO("DUE:20991231T000000Z\r\n"));
}

static void a_property_can_have_a_time_range(void **state)
{
#define STAMP_RANGE                            \
    IN_TODO("<C:prop-filter name='COMPLETED'>" \
            "<C:time-range start='20261110T000000Z' end='20261120T000000Z'/></C:prop-filter>")
    (void)state;
    MATCHES(STAMP_RANGE, TODO("COMPLETED:20261110T000000Z\r\n"));
    MISSES(STAMP_RANGE, TODO("COMPLETED:20261120T000000Z\r\n"));
    MISSES(STAMP_RANGE, TODO("COMPLETED:soon\r\n"));
    MISSES(STAMP_RANGE, TODO(""));
}

/* Dates and lists, too; what is no time has no range (bad filters). */
static void a_property_with_dates_or_many_has_one(void **state)
{
#define PROP_RANGE(name)                      \
    IN_TODO("<C:prop-filter name='" name "'>" \
            "<C:time-range start='20261110T000000Z' end='20261120T000000Z'/></C:prop-filter>")
    (void)state;
    MATCHES(PROP_RANGE("DUE"), TODO("DUE;VALUE=DATE:20261111\r\n"));
    MISSES(PROP_RANGE("DUE"), TODO("DUE;VALUE=DATE:20261110\r\n")); /* 23:00Z the day before */
    MATCHES(PROP_RANGE("DUE"), TODO("DUE:20261120T005959\r\n"));
    MISSES(PROP_RANGE("DUE"), TODO("DUE:20261120T010000\r\n"));
    MATCHES(PROP_RANGE("EXDATE"), TODO("EXDATE:20261101T000000Z,20261111T000000Z\r\n"));
    MATCHES(PROP_RANGE("X-SEEN"), TODO("X-SEEN:20261111T000000Z\r\n"));
    MISSES(PROP_RANGE("LAST-MODIFIED"), TODO("LAST-MODIFIED:20261120T000000Z\r\n"));
}

/* RFC 4791 9.9: VALARM, by each time that it rings */
static void alarms_have_a_time_range(void **state)
{
#define ALARM_RANGE                                                                \
    IN_TODO("<C:comp-filter name='VALARM'><C:time-range start='20261110T000000Z' " \
            "end='20261120T000000Z'/></C:comp-filter>")
#define ALARM(lines) "BEGIN:VALARM\r\n" lines "END:VALARM\r\n"
    static const struct {
        const char *text;
        bool is_in;
    } cases[] = {
        { TODO(ALARM("TRIGGER;VALUE=DATE-TIME:20261110T000000Z\r\n")), true },
        { TODO(ALARM("TRIGGER;VALUE=DATE-TIME:20261120T000000Z\r\n")), false },
        { TODO("DTSTART:20261120T000000Z\r\n" ALARM("TRIGGER:-PT1S\r\n")), true },
        { TODO("DTSTART:20261120T000000Z\r\n" ALARM("TRIGGER:PT0S\r\n")), false },
        { TODO("DTSTART:20261130T000000Z\r\nDUE:20261125T000000Z\r\n" ALARM(
              "TRIGGER;RELATED=END:-P6D\r\n")),
            true },
        { TODO("DTSTART:20261101T000000Z\r\nDURATION:P10D\r\n" ALARM(
              "TRIGGER;RELATED=END:PT0S\r\n")),
            true },
        { TODO("DTSTART:20261101T000000Z\r\n" ALARM("TRIGGER;RELATED=END:P10D\r\n")), false },
        { TODO("DUE:20261112T000000Z\r\n" ALARM("TRIGGER:-P1D\r\n")), true },
        { TODO("SUMMARY:a\r\n" ALARM("TRIGGER:-P1D\r\n")), false },
        { TODO("SUMMARY:a\r\n" ALARM("TRIGGER:soon\r\n")), false },
        { TODO("SUMMARY:a\r\n" ALARM("ACTION:AUDIO\r\n")), false },
        /* repeats */
        { TODO(
              "DTSTART:20261101T000000Z\r\n" ALARM("TRIGGER:PT0S\r\nREPEAT:9\r\nDURATION:P1D\r\n")),
            true },
        { TODO(
              "DTSTART:20261101T000000Z\r\n" ALARM("TRIGGER:PT0S\r\nREPEAT:8\r\nDURATION:P1D\r\n")),
            false },
        { TODO("DTSTART:20261101T000000Z\r\n" ALARM(
              "TRIGGER:PT0S\r\nREPEAT:5\r\nDURATION:P21D\r\n")),
            false },
        { TODO("DTSTART:20000101T000000Z\r\n" ALARM(
              "TRIGGER:PT0S\r\nREPEAT:9000000000000000000\r\nDURATION:PT1S\r\n")),
            true },
        /* of each occurrence */
        { TODO("DTSTART:20260109T000000Z\r\nRRULE:FREQ=MONTHLY\r\n" ALARM("TRIGGER:P1D\r\n")),
            true },
        { TODO("DTSTART:20260109T000000Z\r\nRRULE:FREQ=MONTHLY\r\n" ALARM("TRIGGER:-P1D\r\n")),
            false },
        { TODO(
              "DTSTART:20260109T000000Z\r\nRRULE:FREQ=MONTHLY\r\nEXDATE:20261109T000000Z\r\n" ALARM(
                  "TRIGGER:P1D\r\n")),
            false },
        { TODO("DTSTART:20260101T000000Z\r\nDUE:20260108T000000Z\r\nRRULE:FREQ=MONTHLY\r\n" ALARM(
              "TRIGGER;RELATED=END:P3D\r\n")),
            true },
        { TODO("DTSTART:20260109T000000Z\r\nRRULE:FREQ=MONTHLY\r\n" ALARM(
              "TRIGGER;VALUE=DATE-TIME:20260110T000000Z\r\n")),
            false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check(ALARM_RANGE, cases[i].text, cases[i].is_in, (int)i);
    }
}

/* RFC 5051 */
static void unicode_casemap_folds_letters_and_accents(void **state)
{
#define UNICODE(text)                                      \
    IN_TODO("<C:prop-filter name='SUMMARY'><C:text-match " \
            "collation='i;unicode-casemap'>" text "</C:text-match></C:prop-filter>")
    const char *todo = TODO("SUMMARY:\xc3\xa6rlig CAF\xc3\x89 \xef\xac\x81n \xce\xa3 \xd0\xb9\r\n");

    (void)state;
    MATCHES(UNICODE("\xc3\x86RLIG"), todo);
    MATCHES(UNICODE("caf\xc3\xa9"), todo);
    MATCHES(UNICODE("cafe"), todo); /* an accent comes behind its letter */
    MATCHES(UNICODE("FIN"), todo);  /* a ligature is its letters */
    MATCHES(UNICODE("\xcf\x83"), todo);
    MATCHES(UNICODE("\xd0\x99"), todo);
    MISSES(UNICODE("\xc3\xb8"), todo);
    MISSES(UNICODE("coffee"), todo);
}

/* A filter for components that have a place of their own, RFC 4791 9.7.1 */
static void timezones_are_components_too(void **state)
{
    const char *object =
        "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Oslo\r\nBEGIN:STANDARD\r\n"
        "TZNAME:CET\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VTODO\r\nUID:a\r\nEND:VTODO\r\n"
        "END:VCALENDAR\r\n";
#define IN_ZONE(inner)                                                       \
    "<C:comp-filter name='VCALENDAR'><C:comp-filter name='VTIMEZONE'>" inner \
    "</C:comp-filter></C:comp-filter>"

    (void)state;
    MATCHES(IN_ZONE("<C:prop-filter name='TZID'><C:text-match>oslo</C:text-match></C:prop-filter>"),
        object);
    MATCHES(
        IN_ZONE("<C:comp-filter name='STANDARD'><C:prop-filter name='TZNAME'/></C:comp-filter>"),
        object);
    MATCHES(IN_ZONE("<C:comp-filter name='DAYLIGHT'><C:is-not-defined/></C:comp-filter>"), object);
    MISSES(IN_ZONE("<C:comp-filter name='DAYLIGHT'/>"), object);
    MISSES(IN_ZONE(""), TODO(""));
}

/* Times in a zone that only the document knows, and in one that nobody knows. */
static void zones_of_the_document_are_heeded(void **state)
{
    const char *filter = IN_TODO("<C:time-range start='20261110T000000Z' end='20261110T010000Z'/>");
#define WITH_ZONE(tzid)                                                                     \
    "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:My Zone\r\nBEGIN:STANDARD\r\n"              \
    "DTSTART:19700101T000000\r\nTZOFFSETFROM:+0900\r\nTZOFFSETTO:+0900\r\nEND:STANDARD\r\n" \
    "END:VTIMEZONE\r\nBEGIN:VTODO\r\nUID:a\r\nDUE;TZID=" tzid                               \
    ":20261110T093000\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"

    (void)state;
    MATCHES(filter, WITH_ZONE("My Zone"));
    MATCHES(filter, WITH_ZONE("\"/vendor/Asia/Tokyo\""));
    MISSES(filter, WITH_ZONE("Nowhere"));
}

static void what_is_no_calendar_matches_nothing(void **state)
{
    (void)state;
    MISSES(IN_TODO("<C:prop-filter name='UID'/>"), "nonsense");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_are_found_by_name),
        cmocka_unit_test(text_is_matched_as_a_part_under_a_collation),
        cmocka_unit_test(the_three_queries_for_open_tasks_find_them),
        cmocka_unit_test(parameters_are_matched),
        cmocka_unit_test(one_component_has_to_satisfy_it_all),
        cmocka_unit_test(filters_that_mean_nothing_are_refused),
        cmocka_unit_test(a_filter_of_too_many_elements_is_refused),
        cmocka_unit_test(time_ranges_follow_the_table_of_todos),
        cmocka_unit_test(a_property_can_have_a_time_range),
        cmocka_unit_test(a_property_with_dates_or_many_has_one),
        cmocka_unit_test(alarms_have_a_time_range),
        cmocka_unit_test(unicode_casemap_folds_letters_and_accents),
        cmocka_unit_test(timezones_are_components_too),
        cmocka_unit_test(zones_of_the_document_are_heeded),
        cmocka_unit_test(what_is_no_calendar_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
