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

    assert_true(xml_parse(str_from(xml), &xml_default_limits, arena, &root, err));
    return data_part_parse(root, arena, out, err);
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
        data_part_write(part, S(OBJECT), arena, &out);
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
    assert_true(parse(
        DATA("<C:expand start='20260101T000000Z' end='20270101T000000Z'/>"), arena, &part, &err));
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

static void what_can_not_be_read_is_given_whole_and_lf_stays_lf(void **state)
{
    struct arena *arena = arena_new();
    CLEANUP(buf_done) struct buf out;
    struct data_part *part;
    struct err err;

    (void)state;
    buf_init(&out, 10000);
    assert_true(parse(CALENDAR("<C:comp name='VTODO'/>"), arena, &part, &err));
    data_part_write(part, S("nonsense"), arena, &out);
    assert_str(buf_str(&out), "nonsense");
    buf_clear(&out);
    data_part_write(
        part, S("BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:1\nEND:VTODO\nEND:VCALENDAR\n"), arena, &out);
    assert_str(buf_str(&out), "BEGIN:VCALENDAR\nBEGIN:VTODO\nEND:VTODO\nEND:VCALENDAR\n");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_named_is_given),
        cmocka_unit_test(without_a_comp_it_is_the_whole),
        cmocka_unit_test(bad_ones_are_refused),
        cmocka_unit_test(what_can_not_be_read_is_given_whole_and_lf_stays_lf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
