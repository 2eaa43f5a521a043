#include "bridge/dav/data_part.h"

#include "bridge/core/mem.h"
#include "check.h"

#define OBJECT                                                                                     \
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:p\r\nBEGIN:VTIMEZONE\r\nTZID:z\r\nEND:VTIMEZONE\r\n" \
    "BEGIN:VTODO\r\nUID:u\r\nSUMMARY;X=\"a:b\":long\r\n  line\r\nDUE:20261101\r\nBEGIN:VALARM\r\n" \
    "TRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"

#define DATA(inner) \
    "<C:calendar-data xmlns:C='urn:ietf:params:xml:ns:caldav'>" inner "</C:calendar-data>"
#define CALENDAR(inner) DATA("<C:comp name='VCALENDAR'>" inner "</C:comp>")

static bool parse(const char *xml, struct arena *arena, struct data_part **out, struct err *err)
{
    struct xml_node *root;
    enum fault fault;

    assert_true(xml_parse(str_from(xml), &xml_default_limits, arena, &root, err));
    return data_part_parse(root, zone_find(S("Europe/Oslo")), arena, out, &fault, err);
}

static bool put(const struct data_part *part, struct str text, struct arena *arena, struct buf *out)
{
    struct document document;
    struct err err;

    assert_true(document_parse(text, &document_default_limits, arena, &document, &err));
    return data_part_write(part, &document, arena, out);
}

/* RFC 4791 9.6.1 to 9.6.4 */
static void only_what_is_named_is_given(void **state)
{
    static const struct {
        const char *wanted, *given;
    } cases[] = {
        { CALENDAR(""), "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n" },
        { CALENDAR("<C:prop name='version'/>"),
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n" },
        { CALENDAR("<C:comp name='VTODO'><C:prop name='UID'/></C:comp>"),
            "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:u\r\nEND:VTODO\r\nEND:VCALENDAR\r\n" },
        { CALENDAR("<C:comp name='VTODO'><C:prop name='SUMMARY'/><C:allcomp/></C:comp>"),
            "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nSUMMARY;X=\"a:b\":long\r\n  line\r\nBEGIN:VALARM\r\n"
            "TRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VTODO\r\nEND:VCALENDAR\r\n" },
        { CALENDAR("<C:comp name='VTODO'><C:prop name='SUMMARY' novalue='yes'/></C:comp>"),
            "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nSUMMARY;X=\"a:b\":\r\nEND:VTODO\r\n"
            "END:VCALENDAR\r\n" },
        { CALENDAR("<C:allprop/><C:allcomp/>"), OBJECT },
        { CALENDAR("<C:allprop/><C:comp name='VEVENT'><C:allprop/></C:comp>"),
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:p\r\nEND:VCALENDAR\r\n" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        CLEANUP(buf_done) struct buf out;
        struct data_part *part;
        struct err err;

        buf_init(&out, 10000);
        assert_true(parse(cases[i].wanted, arena, &part, &err));
        assert_true(put(part, S(OBJECT), arena, &out));
        assert_str(buf_str(&out), cases[i].given);
        arena_free(&arena);
    }
}

static void without_a_comp_it_is_the_whole(void **state)
{
    struct arena *arena = arena_new();
    struct data_part *part;
    struct err err;

    (void)state;
    assert_true(parse(DATA(""), arena, &part, &err));
    assert_null(part);
    assert_true(
        parse(DATA("<C:limit-freebusy-set start='20260101T000000Z' end='20270101T000000Z'/>"),
            arena, &part, &err));
    assert_null(part);
    arena_free(&arena);
}

static void bad_ones_are_refused(void **state)
{
    static const char *const cases[] = {
        DATA("<C:comp name='VTODO'/>"),
        DATA("<C:comp/>"),
        CALENDAR("<C:prop/>"),
        CALENDAR("<C:comp name=''/>"),
        DATA("<C:expand/>"),
        DATA("<C:expand start='20260101T000000Z'/>"),
        DATA("<C:expand start='20260101' end='20270101'/>"),
        DATA("<C:limit-recurrence-set end='20270101T000000Z'/>"),
        DATA("<C:limit-freebusy-set start='20280101T000000Z' end='20270101T000000Z'/>"),
        DATA("<C:expand start='20260101T000000Z' end='20270101T000000Z'/>"
             "<C:limit-recurrence-set start='20260101T000000Z' end='20270101T000000Z'/>"),
    };
    struct arena *arena = arena_new();
    CLEANUP(buf_done) struct buf many;
    struct data_part *part;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_false(parse(cases[i], arena, &part, &err));
        assert_int_equal(err.kind, ERR_INVALID);
    }
    buf_init(&many, 1 << 20);
    buf_put_text(&many, "<C:calendar-data xmlns:C='urn:ietf:params:xml:ns:caldav'>"
                        "<C:comp name='VCALENDAR'>");
    for (int i = 0; i < DATA_PART_MAX_ELEMENTS; i++) {
        buf_put_text(&many, "<C:prop name='X'/>");
    }
    buf_put_text(&many, "</C:comp></C:calendar-data>");
    assert_false(parse(many.p, arena, &part, &err));
    arena_free(&arena);
}

static void lf_stays_lf(void **state)
{
    struct arena *arena = arena_new();
    CLEANUP(buf_done) struct buf out;
    struct data_part *part;
    struct err err;

    (void)state;
    buf_init(&out, 10000);
    assert_true(parse(CALENDAR("<C:comp name='VTODO'/>"), arena, &part, &err));
    assert_true(put(
        part, S("BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:1\nEND:VTODO\nEND:VCALENDAR\n"), arena, &out));
    assert_str(buf_str(&out), "BEGIN:VCALENDAR\nBEGIN:VTODO\nEND:VTODO\nEND:VCALENDAR\n");
    arena_free(&arena);
}

#define EXPAND(inner) DATA(inner "<C:expand start='20261110T000000Z' end='20261120T000000Z'/>")
#define ALL_IN_TODO   "<C:comp name='VCALENDAR'><C:comp name='VTODO'><C:allprop/></C:comp></C:comp>"
#define CAL(inner)    "BEGIN:VCALENDAR\r\n" inner "END:VCALENDAR\r\n"
#define TODO(lines)   "BEGIN:VTODO\r\n" lines "END:VTODO\r\n"

struct expansion {
    const char *wanted, *object, *given;
};

static void check_expansions(const struct expansion *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena *arena = arena_new();
        CLEANUP(buf_done) struct buf out;
        struct data_part *part;
        struct err err;

        buf_init(&out, DATA_PART_MAX_BYTES);
        assert_true(parse(cases[i].wanted, arena, &part, &err));
        assert_true(put(part, str_from(cases[i].object), arena, &out));
        assert_str(buf_str(&out), cases[i].given);
        arena_free(&arena);
    }
}

/* RFC 4791 9.6.5 */
static void occurrences_are_given_one_by_one_in_utc(void **state)
{
    static const struct expansion cases[] = {
        /* a zone is left behind, and what repeats; times of day stay over the change of clocks */
        { EXPAND(""),
            CAL("VERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Oslo\r\nEND:VTIMEZONE\r\n" TODO(
                "UID:u\r\nDTSTART;TZID=Europe/Oslo:20261014T090000\r\n"
                "DUE;TZID=Europe/Oslo:20261015T100000\r\nRRULE:FREQ=WEEKLY\r\n"
                "EXDATE;TZID=Europe/Oslo:20261118T090000\r\nRDATE:20261112T080000Z\r\n"
                "BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n")),
            CAL("VERSION:2.0\r\n" TODO(
                "UID:u\r\nDTSTART:20261111T080000Z\r\nDUE:20261112T090000Z\r\n"
                "RECURRENCE-ID:20261111T080000Z\r\n"
                "BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n")
                    TODO("UID:u\r\nDTSTART:20261112T080000Z\r\nDUE:20261113T090000Z\r\n"
                         "RECURRENCE-ID:20261112T080000Z\r\n"
                         "BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n")) },
        /* dates stay dates, floating times stay floating */
        { EXPAND(""), CAL(TODO("DUE;VALUE=DATE:20261101\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\n")),
            CAL(TODO("DUE;VALUE=DATE:20261115\r\nRECURRENCE-ID;VALUE=DATE:20261115\r\n")) },
        { EXPAND(""), CAL(TODO("DUE:20261101T120000\r\nRRULE:FREQ=WEEKLY;UNTIL=20261115\r\n")),
            CAL(TODO("DUE:20261115T120000\r\nRECURRENCE-ID:20261115T120000\r\n")) },
        /* an override stands for its occurrence, where it is in the range itself */
        { EXPAND(""),
            CAL(TODO("DUE:20261101T120000Z\r\nRRULE:FREQ=WEEKLY\r\n")
                    TODO("RECURRENCE-ID:20261115T120000Z\r\nDUE:20261116T120000Z\r\n")
                        TODO("RECURRENCE-ID;TZID=Europe/Oslo:20261129T130000\r\n"
                             "DUE;TZID=Europe/Oslo:20261112T130000\r\n")),
            CAL(TODO("DUE:20261116T120000Z\r\nRECURRENCE-ID:20261115T120000Z\r\n")
                    TODO("DUE:20261112T120000Z\r\nRECURRENCE-ID:20261129T120000Z\r\n")) },
        /* what does not repeat is given as it is, but for its zones */
        { EXPAND(""), CAL(TODO("DTSTART;TZID=Europe/Oslo:20200101T100000\r\nSUMMARY:a\r\n")),
            CAL(TODO("DTSTART:20200101T090000Z\r\nSUMMARY:a\r\n")) },
        /* none in the range */
        { EXPAND(""), CAL(TODO("DUE:20200101T120000Z\r\nRRULE:FREQ=DAILY;COUNT=5\r\n")), CAL("") },
        /* parts of occurrences */
        { EXPAND("<C:comp name='VCALENDAR'><C:comp name='VTODO'><C:prop name='DUE'/></C:comp>"
                 "</C:comp>"),
            CAL("VERSION:2.0\r\n" TODO("UID:u\r\nDUE:20261112T120000Z\r\nRRULE:FREQ=YEARLY\r\n")),
            CAL(TODO("DUE:20261112T120000Z\r\n")) },
        { EXPAND("<C:comp name='VCALENDAR'><C:comp name='VTODO'>"
                 "<C:prop name='RECURRENCE-ID'/><C:prop name='DUE' novalue='yes'/></C:comp>"
                 "</C:comp>"),
            CAL(TODO("DUE;TZID=Europe/Oslo:20251112T120000\r\nRRULE:FREQ=YEARLY\r\n")),
            CAL(TODO("DUE:\r\nRECURRENCE-ID:20261112T110000Z\r\n")) },
        /* for this and all that follow */
        { EXPAND(ALL_IN_TODO),
            CAL(TODO("DUE:20261101T120000Z\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:a\r\n")
                    TODO("RECURRENCE-ID;RANGE=THISANDFUTURE:20261108T120000Z\r\n"
                         "DUE:20261109T130000Z\r\nSUMMARY:b\r\n")),
            CAL(TODO("DUE:20261116T130000Z\r\nSUMMARY:b\r\nRECURRENCE-ID:20261115T120000Z\r\n")) },
        /* a rule that cannot be followed stays */
        { EXPAND(""), CAL(TODO("DUE:20261101T120000Z\r\nRRULE:FREQ=HOURLY\r\n")),
            CAL(TODO("DUE:20261101T120000Z\r\nRRULE:FREQ=HOURLY\r\n")) },
    };

    (void)state;
    check_expansions(cases, ARRAY_LEN(cases));
}

/* RFC 4791 9.6.6 */
static void overrides_that_do_not_matter_are_left_out(void **state)
{
#define LIMIT  DATA("<C:limit-recurrence-set start='20261110T000000Z' end='20261120T000000Z'/>")
#define SERIES "DUE:20261101T120000Z\r\nRRULE:FREQ=WEEKLY\r\n"
    static const struct expansion cases[] = {
        { LIMIT,
            CAL(TODO(SERIES) TODO("RECURRENCE-ID:20261122T120000Z\r\nDUE:20261115T120000Z\r\n")
                    TODO("RECURRENCE-ID:20261115T120000Z\r\nDUE:20261215T120000Z\r\n")
                        TODO("RECURRENCE-ID:20261129T120000Z\r\nDUE:20261130T120000Z\r\n")),
            CAL(TODO(SERIES) TODO("RECURRENCE-ID:20261122T120000Z\r\nDUE:20261115T120000Z\r\n")
                    TODO("RECURRENCE-ID:20261115T120000Z\r\nDUE:20261215T120000Z\r\n")) },
        { LIMIT, CAL(TODO("DUE:20200101T120000Z\r\n")), CAL(TODO("DUE:20200101T120000Z\r\n")) },
    };

    (void)state;
    check_expansions(cases, ARRAY_LEN(cases));
}

static void what_expands_to_too_much_is_refused(void **state)
{
    static const char *const hostile[] = {
        CAL(TODO("DUE:20200101T120000Z\r\nRRULE:FREQ=DAILY\r\n")),
    };
    struct arena *arena = arena_new();
    CLEANUP(buf_done) struct buf out;
    CLEANUP(buf_done) struct buf large;
    struct data_part *part;
    struct err err;

    (void)state;
    assert_true(parse(
        DATA("<C:expand start='20200101T000000Z' end='20500101T000000Z'/>"), arena, &part, &err));
    buf_init(&out, DATA_PART_MAX_BYTES);
    assert_false(put(part, str_from(hostile[0]), arena, &out));

    buf_init(&large, 1 << 20);
    buf_put_text(&large, "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nDUE:20200101T120000Z\r\n"
                         "RRULE:FREQ=DAILY;COUNT=100\r\n");
    for (int i = 0; i < 9000; i++) {
        buf_put_text(&large, "X-LINE:some text of some length\r\n");
    }
    buf_put_text(&large, "END:VTODO\r\nEND:VCALENDAR\r\n");
    buf_clear(&out);
    assert_false(put(part, buf_str(&large), arena, &out));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_named_is_given),
        cmocka_unit_test(without_a_comp_it_is_the_whole),
        cmocka_unit_test(bad_ones_are_refused),
        cmocka_unit_test(lf_stays_lf),
        cmocka_unit_test(occurrences_are_given_one_by_one_in_utc),
        cmocka_unit_test(overrides_that_do_not_matter_are_left_out),
        cmocka_unit_test(what_expands_to_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
