/* mapping.md 2.11, V074 to V077: what a document says about attachments */
#include "bridge/core/mem.h"
#include "bridge/map/attach.h"
#include "tests/unit/map/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#define HERE      "https://b.example/dav/attachments/alice/list/a.ics/"
#define ELSEWHERE "https://b.example/dav/attachments/alice/other/b.ics/"
#define AN_ID     "00112233445566778899aabbccddeeff"

static struct fixture fixture;
static struct task_attachment file = { .kind = TASK_ATTACHED_FILE,
    .id = STR("A1"),
    .name = STR("Holiday notice"),
    .type = STR("application/octet-stream"),
    .bytes = 244 };
static struct task_attachment link = { .kind = TASK_ATTACHED_LINK,
    .id = STR("A2"),
    .name = STR("Hydrangea picture"),
    .url = STR("https://e.org/p?a=b") };

static int set_up(void **state)
{
    (void)state;
    fixture_start(&fixture, "Europe/Paris", "2026-05-10T08:00:00Z");
    fixture.context.attachments_url = S(HERE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_end(&fixture);
    return 0;
}

static struct task task_with(struct task_attachment *list, size_t count)
{
    struct task task;

    task_init(&task);
    task.knows_attachments = true;
    task.attachments = list;
    task.attachment_count = count;
    return task;
}

static struct str file_line(void)
{
    struct str id = map_managed_id(file.id, fixture.arena);

    return arena_printf(fixture.arena,
        "ATTACH;MANAGED-ID=%.*s;FMTTYPE=application/octet-stream;FILENAME=\"Holiday notice\";"
        "SIZE=244:" HERE "%.*s",
        STR_ARG(id), STR_ARG(id));
}

static struct str document_with(struct str lines)
{
    return support_document(&fixture, arena_copy(fixture.arena, lines).p);
}

static struct str merged(struct str document, const struct task *base, const struct task *now)
{
    struct str out;
    struct err err;

    assert_true(map_merge_attachments(document, base, now, NULL, &fixture.context, &out, &err));
    return out;
}

static void v074_v077_what_the_service_has_is_shown(void **state)
{
    struct task_attachment both[] = { file, link };
    struct task none, task = task_with(both, 2);
    struct str text;

    (void)state;
    task_init(&none);
    text = merged(document_with(S("X-A:1")), &none, &task);
    support_assert_lines(&fixture, text,
        arena_printf(fixture.arena,
            "X-A:1|%.*s|ATTACH;FILENAME=\"Hydrangea picture\":https://e.org/p?a=b",
            STR_ARG(file_line()))
            .p);
    assert_true(str_eq(merged(text, &task, &task), text));
    assert_true(str_eq(merged(text, &none, &task), text)); /* nothing stands twice */
    task = task_with(both + 1, 1);
    text = merged(text, &none, &task);
    support_assert_lines(&fixture, text, "X-A:1|!ATTACH;MANAGED-ID");
    support_assert_lines(&fixture, map_render(&task, S("u"), &fixture.context),
        "ATTACH;FILENAME=\"Hydrangea picture\":https://e.org/p?a=b");
}

static void names_and_types_from_outside_can_break_nothing(void **state)
{
    static const struct {
        const char *given, *name;
    } names[] = {
        { "a.txt", "a.txt" },
        { "../../etc/passwd", "passwd" },
        { "C:\\x\\a.exe", "a.exe" },
        { "a\r\nX-B:1", "aX-B:1" },
        { "", "attachment" },
        { "..", "attachment" },
        { "a/", "attachment" },
        { "\xff", "attachment" },
        { "na\xc3\xafve", "na\xc3\xafve" },
    };
    static const char *const types[] = { "text/plain", "text/plain", "TEXT/Plain; charset=x",
        "text/plain", "text", "", "a/b/c", "", "text/pl ain", "", "a/b\r\nX:1", "", "/", "", "",
        "" };
    struct task_attachment evil = { .kind = TASK_ATTACHED_FILE,
        .id = S("E"),
        .name = S("a\";X=1:\nb"),
        .type = S("text/html\r\nX-EVIL:1") };
    struct task none, task = task_with(&evil, 1);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_true(str_eq(
            map_file_name(str_from(names[i].given), fixture.arena), str_from(names[i].name)));
    }
    for (size_t i = 0; i < ARRAY_LEN(types); i += 2) {
        assert_true(
            str_eq(map_media_type(str_from(types[i]), fixture.arena), str_from(types[i + 1])));
    }
    task_init(&none);
    support_assert_lines(
        &fixture, merged(document_with(S("X-A:1")), &none, &task), "X-A:1|!X-EVIL|!b");
}

static void v075_inline_content_is_cut_out(void **state)
{
    struct str text = document_with(
        S("ATTACH;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=text/plain;FILENAME=a.txt;X-LABEL=me:aGk=|"
          "ATTACH;ENCODING=BASE64:a-b|ATTACH:https://e.org/|BEGIN:VALARM|"
          "ATTACH;VALUE=BINARY;ENCODING=BASE64:aGk=|END:VALARM"));
    struct str rest;
    struct map_upload *uploads;
    size_t count;
    struct err err;

    (void)state;
    assert_true(map_cut_attachments(text, 2, fixture.arena, &rest, &uploads, &count, &err));
    assert_int_equal(count, 1);
    assert_true(str_eq(uploads[0].content, S("hi")));
    assert_true(str_eq(uploads[0].attachment.name, S("a.txt")));
    assert_true(str_eq(uploads[0].attachment.type, S("text/plain")));
    assert_true(str_eq(uploads[0].params, S(";X-LABEL=me")));
    assert_true(str_find(rest, S("a.txt")) == SIZE_MAX);
    assert_true(str_find(rest, S("ATTACH;VALUE=BINARY;ENCODING=BASE64:aGk=")) != SIZE_MAX);
    assert_true(str_find(rest, S("a-b")) != SIZE_MAX);
    assert_false(map_cut_attachments(text, 1, fixture.arena, &rest, &uploads, &count, &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_true(
        map_cut_attachments(S("ATTACH rubbish"), 1, fixture.arena, &rest, &uploads, &count, &err));
    assert_int_equal(count, 0);
}

static struct map_attach_plan planned(struct str lines, struct str current, const struct task *base,
    bool may_remove, bool takes_links)
{
    struct map_attach_plan plan;
    struct err err;

    assert_true(
        map_plan_attachments(document_with(lines), current.n > 0 ? document_with(current) : S(""),
            base, NULL, 0, may_remove, takes_links, &fixture.context, &plan, &err));
    return plan;
}

static void v076_a_foreign_address_goes_up_where_links_can(void **state)
{
    struct task none = task_with(NULL, 0);
    struct str lines = S("ATTACH:https://example.org/doc|ATTACH:cid:x|ATTACH;FILENAME=\"n m\":"
                         "https://example.org/");
    struct map_attach_plan plan = planned(lines, S(""), &none, false, true);

    (void)state;
    assert_int_equal(plan.upload_count, 2);
    assert_true(str_eq(plan.uploads[0].attachment.name, S("doc")));
    assert_true(str_eq(plan.uploads[0].attachment.url, S("https://example.org/doc")));
    assert_true(str_eq(plan.uploads[1].attachment.name, S("n m")));
    assert_true(plan.has_lines && str_eq(plan.document, document_with(lines)));
    assert_int_equal(planned(lines, S(""), &none, false, false).upload_count, 0);
    assert_int_equal(planned(lines, lines, &none, false, true).upload_count, 0);
}

static void what_is_left_out_goes_only_on_purpose(void **state)
{
    struct task_attachment item = { .kind = TASK_ATTACHED_ITEM, .id = S("I"), .name = S("i") };
    struct task_attachment all[] = { file, link, item };
    struct task none, base = task_with(all, 3);
    struct str current;
    struct map_attach_plan plan;
    struct err err;

    (void)state;
    task_init(&none);
    current = merged(document_with(S("X-A:1")), &none, &base);
    assert_true(map_plan_attachments(document_with(S("X-B:2")), current, &base, NULL, 0, false,
        true, &fixture.context, &plan, &err));
    assert_int_equal(plan.removed_count + plan.upload_count, 0);
    support_assert_lines(
        &fixture, plan.document, arena_printf(fixture.arena, "X-B:2|%.*s", STR_ARG(file_line())).p);
    assert_true(map_plan_attachments(document_with(S("X-B:2")), current, &base, NULL, 0, true, true,
        &fixture.context, &plan, &err));
    assert_int_equal(plan.removed_count, 2); /* an item can't be made again */
    support_assert_lines(&fixture, plan.document, "X-B:2|!ATTACH;FILENAME");
    assert_true(str_find(plan.document, S("FILENAME=i;")) != SIZE_MAX);
}

static void addresses_of_ours_are_known_again(void **state)
{
    struct task base = task_with(&file, 1);
    struct map_attach_plan plan;
    struct str id = map_managed_id(file.id, fixture.arena);

    (void)state;
    /* without its parameters, and from the time when the server had another name */
    plan = planned(arena_printf(fixture.arena,
                       "ATTACH:https://old.example/dav/attachments/alice/"
                       "list/a.ics/%.*s",
                       STR_ARG(id)),
        S(""), &base, true, true);
    assert_int_equal(plan.upload_count + plan.removed_count, 0);
    /* gone upstream */
    plan = planned(S("ATTACH:" HERE AN_ID "|X-A:1"), S(""), &base, false, true);
    assert_int_equal(plan.upload_count, 0);
    assert_true(str_find(plan.document, S(AN_ID)) == SIZE_MAX);
    /* of another task: its content is to be copied */
    plan = planned(S("ATTACH;FILENAME=f:" ELSEWHERE AN_ID), S(""), &base, false, true);
    assert_int_equal(plan.upload_count, 1);
    assert_true(str_eq(plan.uploads[0].source, S("alice/other/b.ics/" AN_ID)));
    assert_true(str_find(plan.document, S(AN_ID)) == SIZE_MAX);
    /* of another server: an address like any other */
    plan = planned(
        S("ATTACH:https://x.example/dav/attachments/a/l/n/" AN_ID), S(""), &base, false, true);
    assert_int_equal(plan.upload_count, 1);
    assert_int_equal(plan.uploads[0].attachment.kind, TASK_ATTACHED_LINK);
}

static void what_is_refused_stays_inline(void **state)
{
    struct map_upload upload = { .attachment = file, .content = S("hi") };
    struct str text;
    struct err err;

    (void)state;
    assert_true(map_put_inline(document_with(S("X-A:1")), &upload, &fixture.context, &text, &err));
    support_assert_lines(&fixture, text,
        "ATTACH;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=application/octet-stream;"
        "FILENAME=\"Holiday notice\":aGk=");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(v074_v077_what_the_service_has_is_shown),
        TEST(names_and_types_from_outside_can_break_nothing),
        TEST(v075_inline_content_is_cut_out),
        TEST(v076_a_foreign_address_goes_up_where_links_can),
        TEST(what_is_left_out_goes_only_on_purpose),
        TEST(addresses_of_ours_are_known_again),
        TEST(what_is_refused_stays_inline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
