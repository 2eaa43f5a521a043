#include "bridge/core/mem.h"
#include "bridge/sandbox/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The item under the filter: Subject is "it's", Status NotStarted, Due null, one mark. */

static bool find(void *item, struct str path, struct sbx_value *out)
{
    (void)item;
    *out = (struct sbx_value){ .kind = SBX_VALUE_TEXT };
    if (str_eq(path, S("Subject"))) {
        out->text = S("it's");
    } else if (str_eq(path, S("Status"))) {
        out->text = S("NotStarted");
    } else if (str_eq(path, S("DueDateTime/DateTime"))) {
        out->kind = SBX_VALUE_NULL;
    } else if (str_eq(path, S("CreatedDateTime"))) {
        *out = (struct sbx_value){ .kind = SBX_VALUE_INSTANT, .number = 1000000 };
    } else {
        return false;
    }
    return true;
}

static bool has(void *item, struct str name, struct str value)
{
    (void)item;
    return str_eq(name, S("String {1c7e0d52-93ab-4e1f-8d46-5b0f2a9c7e34} Name M")) &&
           str_eq(value, S("v"));
}

#define MARK(value)                                           \
    "SingleValueExtendedProperties/Any(ep: ep/PropertyId eq " \
    "'String {1C7E0D52-93ab-4e1f-8d46-5b0f2a9c7e34} Name M' and ep/Value eq '" value "')"

static void filters_match_or_are_refused(void **state)
{
    static const struct {
        const char *text;
        int result; /**< 1 matches, 0 does not, -1 is refused */
    } cases[] = {
        { "Subject eq 'it''s'", 1 },
        { "Subject eq 'its'", 0 },
        { "Subject ne 'its'", 1 },
        { "Subject eq 'it''s' and Status eq 'Completed'", 0 },
        { "Subject eq 'x' or Status eq 'NotStarted'", 1 },
        { "Subject eq 'x' and Subject eq 'y' or Status eq 'NotStarted'", 1 },
        { "Subject eq 'x' and (Subject eq 'y' or Status eq 'NotStarted')", 0 },
        { "DueDateTime/DateTime lt '2026'", 0 },
        { "DueDateTime/DateTime eq null", 1 },
        { "CreatedDateTime le 1970-01-01T00:00:01Z", 1 },
        { "CreatedDateTime gt 1970-01-01T00:00:01Z", 0 },
        { MARK("v"), 1 },
        { MARK("w"), 0 },
        { MARK("v") " and Subject eq 'it''s'", 1 },
        { "", -1 },
        { "Subject", -1 },
        { "Subject eq", -1 },
        { "Subject eq it", -1 },
        { "Subject eq 'open", -1 },
        { "Subject eq 5", -1 },
        { "Subject is 'x'", -1 },
        { "Body eq 'x'", -1 },
        { "CreatedDateTime eq 'x'", -1 },
        { "Subject eq 'x' Status eq 'y'", -1 },
        { "(Subject eq 'x'", -1 },
        { "startswith(Subject, 'x')", -1 },
        { "((((((((((((((((((((Subject eq 'x'))))))))))))))))))))", -1 },
    };
    static const struct sbx_subject subject = { find, has };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_new();
        const struct sbx_filter *filter = NULL;
        struct sbx_refusal refusal = { 0 };
        bool matches = false;
        bool is_fine = sbx_filter_read(str_from(cases[i].text), arena, &filter, &refusal) &&
                       sbx_filter_match(filter, &subject, NULL, &matches, &refusal);

        if ((is_fine ? (int)matches : -1) != cases[i].result) {
            fail_msg("%s: %s", cases[i].text, refusal.text);
        }
        arena_free(&arena);
    }
}

static void a_lone_mark_is_recognised(void **state)
{
    struct arena *arena = arena_new();
    const struct sbx_filter *filter = NULL;
    struct sbx_refusal refusal = { 0 };
    struct str name = { 0 };
    struct str value = { 0 };

    (void)state;
    assert_true(sbx_filter_read(S(MARK("v")), arena, &filter, &refusal));
    assert_true(sbx_filter_is_mark(filter, &name, &value));
    assert_true(has(NULL, name, value));
    assert_true(sbx_filter_read(S("Subject eq 'x'"), arena, &filter, &refusal));
    assert_false(sbx_filter_is_mark(filter, &name, &value));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_match_or_are_refused),
        cmocka_unit_test(a_lone_mark_is_recognised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
