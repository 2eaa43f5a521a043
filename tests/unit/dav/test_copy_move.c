#include "bridge/core/mem.h"
#include "bridge/dav/precondition.h"
#include "check.h"
#include "fake.h"

#define HOME   "/dav/calendars/alice/"
#define OBJECT HOME "work/a.ics"
#define BODY   "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
#define TO     "Destination: " HOME "other/b%20c.ics\n"

static struct fake *start(void)
{
    struct fake *fake = fake_new();

    fake_put(fake, "a.ics", BODY);
    fake_set_delete_result(fake, SYNC_REMOVED);
    return fake;
}

/* RFC 4918 9.8, 9.9 */
static void copy_makes_and_move_also_removes(void **state)
{
    static const struct {
        const char *method, *headers;
        enum sync_outcome made;
        int status;
        const char *calls;
    } cases[] = {
        { "COPY", TO, SYNC_CREATED, 201, "open work\nput b c.ics\n" },
        { "COPY", TO, SYNC_REPLACED, 204, "open work\nput b c.ics\nopen work\n" },
        { "COPY", TO "Overwrite: F\n", SYNC_PRECONDITION, 412, "open work\nput b c.ics\n" },
        { "COPY", TO "Overwrite: T\n", SYNC_UID_CONFLICT, 403, "open work\nput b c.ics\n" },
        { "MOVE", TO, SYNC_CREATED, 201, "open work\nput b c.ics\ndelete a.ics\n" },
        { "MOVE", TO, SYNC_REPLACED, 204, "open work\nput b c.ics\nopen work\ndelete a.ics\n" },
        { "MOVE", TO, SYNC_BUSY, 503, "open work\nput b c.ics\n" },
        { "MOVE", TO, SYNC_READ_ONLY, 403, "open work\nput b c.ics\n" },
        { "MOVE", TO "If-Match: \"v1\"\n", SYNC_CREATED, 201,
            "open work\nput b c.ics\ndelete a.ics\n" },
        { "MOVE", TO "If-Match: \"x\"\n", SYNC_CREATED, 412, "open work\n" },
        { "MOVE",
            "Host: tasks.example:5252\nDestination: http://tasks.example" HOME "other/b%20c.ics\n",
            SYNC_CREATED, 201, "open work\nput b c.ics\ndelete a.ics\n" },
        { "COPY",
            "Host: inside\nX-Forwarded-Host: tasks.example\n"
            "Destination: https://Tasks.example" HOME "other/b%20c.ics\n",
            SYNC_CREATED, 201, "open work\nput b c.ics\n" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fake *fake = start();

        fake_set_result(fake, cases[i].made, MAP_FAULT_NONE);
        assert_int_equal(fake_request(fake, cases[i].method, OBJECT, cases[i].headers, "")->status,
            cases[i].status);
        assert_str(fake_calls(fake), cases[i].calls);
        assert_str(fake_header(fake, "ETag"), "");
        fake_free(&fake);
    }
}

static void what_can_not_be_is_refused_before_anything_is_done(void **state)
{
    static const struct {
        const char *path, *headers;
        int status;
    } cases[] = {
        { OBJECT, "", 400 },
        { OBJECT, "Destination: b.ics\n", 400 },
        { OBJECT, "Destination: " HOME "other/%zz\n", 400 },
        { OBJECT, "Destination: " HOME "other/a%2Fb.ics\n", 403 },
        { OBJECT, "Host: here\nDestination: http://there" HOME "other/a.ics\n", 502 },
        { OBJECT, "Destination: " HOME "other/\n", 403 },
        { OBJECT, "Destination: " HOME "\n", 403 },
        { OBJECT, "Destination: " OBJECT "\n", 403 },
        { OBJECT, "Destination: " HOME "work/b.ics\n", 403 },
        { OBJECT, "Destination: " HOME "nothing/b.ics\n", 409 },
        { OBJECT, "Destination: /dav/calendars/bob/other/b.ics\n", 409 },
        { OBJECT, TO "Overwrite: maybe\n", 400 },
        { OBJECT, TO "If-Match: \"a b\"\n", 400 },
        { HOME "nothing/a.ics", TO, 404 },
        { HOME "work/", "Destination: " HOME "new/\n", 403 },
        { HOME, TO, 405 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fake *fake = start();

        print_message("%s %s\n", cases[i].path, cases[i].headers);
        for (int k = 0; k < 2; k++) {
            const char *method = k == 0 ? "COPY" : "MOVE";

            assert_int_equal(
                fake_request(fake, method, cases[i].path, cases[i].headers, "")->status,
                cases[i].status);
            assert_str(fake_calls(fake), "");
        }
        fake_free(&fake);
    }
}

static void what_is_not_there_is_404(void **state)
{
    struct fake *fake = start();

    (void)state;
    assert_int_equal(fake_request(fake, "MOVE", HOME "work/b.ics", TO, "")->status, 404);
    fake_remove(fake, "a.ics");
    assert_int_equal(fake_request(fake, "COPY", OBJECT, TO, "")->status, 404);
    assert_str(fake_calls(fake), "open work\n");
    fake_fail_opening(fake, ERR_BUSY);
    assert_int_equal(fake_request(fake, "COPY", OBJECT, TO, "")->status, 503);
    fake_free(&fake);
}

static void a_read_only_list_gives_copies_only(void **state)
{
    struct fake *fake = start();

    (void)state;
    fake_set_read_only(fake);
    assert_int_equal(fake_request(fake, "MOVE", OBJECT, TO, "")->status, 403);
    assert_true(fake_has(fake, "<D:need-privileges>"));
    assert_str(fake_calls(fake), "");
    assert_int_equal(fake_request(fake, "COPY", OBJECT, TO, "")->status, 201);
    fake_free(&fake);
}

static void only_the_version_that_was_copied_is_removed(void **state)
{
    struct fake *fake = start();

    (void)state;
    assert_int_equal(fake_request(fake, "MOVE", OBJECT, TO, "")->status, 201);
    assert_int_equal(fake_precondition(fake)->if_match_count, 1);
    fake_set_delete_result(fake, SYNC_PRECONDITION);
    assert_int_equal(fake_request(fake, "MOVE", OBJECT, TO "Overwrite: F\n", "")->status, 503);
    assert_str(fake_calls(fake),
        "open work\nput b c.ics\ndelete a.ics\nopen work\nput b c.ics\ndelete a.ics\n"
        "open work\nput b c.ics\ndelete a.ics\n");
    fake_set_delete_result(fake, SYNC_NOT_FOUND);
    assert_int_equal(fake_request(fake, "MOVE", OBJECT, TO, "")->status, 201);
    fake_set_delete_result(fake, SYNC_BUSY);
    assert_int_equal(fake_request(fake, "MOVE", OBJECT, TO, "")->status, 503);
    fake_free(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_makes_and_move_also_removes),
        cmocka_unit_test(what_can_not_be_is_refused_before_anything_is_done),
        cmocka_unit_test(what_is_not_there_is_404),
        cmocka_unit_test(a_read_only_list_gives_copies_only),
        cmocka_unit_test(only_the_version_that_was_copied_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
