#include "bridge/cli/convert.h"

#include "bridge/core/mem.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define HEAD                                                                 \
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:u\r\n" \
    "DTSTAMP:20260501T080000Z\r\n"
#define TAIL          "END:VTODO\r\nEND:VCALENDAR\r\n"
#define OBJECT(lines) HEAD lines TAIL

static struct convert convert;

static int start(void **state)
{
    convert = (struct convert){ .dialect = &dialect_outlook,
        .context = { .zone = zone_find(S("Europe/Paris")),
            .now_us = INT64_C(1777622400) * CIVIL_MICROS, /* 2026-05-01T08:00:00Z */
            .project = dialect_outlook.project,
            .arena = arena_new() } };
    (void)state;
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(&convert.context.arena);
    return 0;
}

/* Sources: mapping.md 7, the vector named. base NULL: create. */
static const struct {
    const char *name, *base, *document, *expected;
} bodies[] = {
    { "only a title", NULL, OBJECT("SUMMARY:Milk\r\n"), "{\"Subject\":\"Milk\"}" },
    { "V005", NULL, OBJECT("SUMMARY:x\r\nDUE;VALUE=DATE:20260715\r\n"),
        "{\"Subject\":\"x\",\"DueDateTime\":{\"DateTime\":\"2026-07-15T00:00:00\","
        "\"TimeZone\":\"Romance Standard Time\"}}" },
    { "nothing changed", OBJECT("SUMMARY:x\r\n"), OBJECT("SUMMARY:x\r\n"), "{}" },
    { "only what is kept here", OBJECT("SUMMARY:x\r\n"), OBJECT("SUMMARY:x\r\nX-A:1\r\n"), "{}" },
    { "a title", OBJECT("SUMMARY:x\r\nPRIORITY:1\r\n"), OBJECT("SUMMARY:y\r\nPRIORITY:1\r\n"),
        "{\"Subject\":\"y\"}" },
    { "V025", OBJECT("SUMMARY:x\r\nDTSTART;VALUE=DATE:20260504\r\nDUE;VALUE=DATE:20260507\r\n"),
        OBJECT("SUMMARY:x\r\n"), "{\"DueDateTime\":null}" },
};

static void a_document_becomes_a_body(void **state)
{
    struct str out;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        if (!convert_to_json(
                &convert, str_from(bodies[i].document), str_from(bodies[i].base), &out, &err)) {
            fail_msg("%s: %s", bodies[i].name, err.text);
        }
        if (!str_eq(out, str_from(bodies[i].expected))) {
            fail_msg("%s: %.*s", bodies[i].name, STR_ARG(out));
        }
    }
}

#define TASK(members)                                                                   \
    "{\"Id\":\"AAMk1\",\"Subject\":\"x\",\"CreatedDateTime\":\"2026-04-01T08:00:00Z\"," \
    "\"LastModifiedDateTime\":\"2026-04-01T08:00:00Z\"" members "}"

static void a_task_becomes_a_document_with_a_stable_uid(void **state)
{
    struct str first, second;
    struct err err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_true(convert_to_vtodo(
            &convert, S(TASK("")), (struct str){ 0 }, (struct str){ 0 }, &second, &err));
        first = i == 0 ? second : first;
    }
    assert_true(str_eq(first, second));
    assert_int_not_equal(str_find(first, S("\r\nSUMMARY:x\r\n")), SIZE_MAX);
}

static void a_merge_without_change_is_the_document_itself(void **state)
{
    struct str document = S(OBJECT("SUMMARY:x\r\nX-ODD;P=\"q\":\r\n 1\r\n"));
    struct str out;
    struct err err;

    (void)state;
    assert_true(convert_to_vtodo(&convert, S(TASK("")), S(TASK("")), document, &out, &err));
    assert_ptr_equal(out.p, document.p);
    assert_true(convert_to_vtodo(
        &convert, S(TASK(",\"Importance\":\"High\"")), S(TASK("")), document, &out, &err));
    assert_int_not_equal(str_find(out, S("PRIORITY:1\r\n")), SIZE_MAX);
    assert_int_not_equal(str_find(out, S("X-ODD;P=\"q\":\r\n 1\r\n")), SIZE_MAX);
}

static void errors_tell_which_input_is_wrong(void **state)
{
    struct str nothing = { 0 };
    struct str good = S(OBJECT("SUMMARY:x\r\n"));
    struct str out;
    struct err err;

    (void)state;
    assert_false(convert_to_json(&convert, S(OBJECT("oops\r\n")), nothing, &out, &err));
    assert_int_equal(err.kind, ERR_INVALID);
    assert_non_null(strstr(err.text, "line 7"));
    assert_false(convert_to_json(&convert, good, S("oops"), &out, &err));
    assert_non_null(strstr(err.text, "--base: line 1"));
    assert_false(convert_to_vtodo(&convert, S("[]"), nothing, nothing, &out, &err));
    assert_int_equal(err.kind, ERR_INVALID);
    assert_false(convert_to_vtodo(&convert, S(TASK("")), S("{}"), good, &out, &err));
    assert_non_null(strstr(err.text, "--base: "));
    assert_false(convert_to_vtodo(&convert, S(TASK(",\"Importance\":\"High\"")), S(TASK("")),
        S("BEGIN:NONSENSE\r\n"), &out, &err));
    assert_non_null(strstr(err.text, "--document: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_document_becomes_a_body, start, end),
        cmocka_unit_test_setup_teardown(a_task_becomes_a_document_with_a_stable_uid, start, end),
        cmocka_unit_test_setup_teardown(a_merge_without_change_is_the_document_itself, start, end),
        cmocka_unit_test_setup_teardown(errors_tell_which_input_is_wrong, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
