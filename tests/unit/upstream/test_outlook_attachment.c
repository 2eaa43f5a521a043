/* Attachments in REST v2.0: upstream.md A.11, samples of seed 000 */
#include "bridge/core/mem.h"
#include "bridge/upstream/dialect.h"
#include "tests/unit/upstream/driver.h"

#define BASE "https://outlook.office.com/api/v2.0/me/"
#define KIND "\"@odata.type\":\"#Microsoft.OutlookServices."
#define FILE                                                                                \
    "{" KIND "FileAttachment\",\"Id\":\"A1=\",\"Name\":\"Holiday notice\",\"ContentType\":" \
    "\"application/octet-stream\",\"Size\":244,\"IsInline\":false,\"ContentId\":null,"      \
    "\"ContentBytes\":\"bWFjIGFuZCBjaGVlc2U=\"}"
#define ITEM                                                                               \
    "{" KIND "ItemAttachment\",\"Id\":\"A2=\",\"Name\":\"Holiday event\",\"ContentType\":" \
    "null,\"Size\":2473,\"IsInline\":false}"
#define LINK                                                                                \
    "{" KIND "ReferenceAttachment\",\"Id\":\"A3=\",\"Name\":\"Plan\",\"ContentType\":null," \
    "\"Size\":850,\"IsInline\":true,\"SourceUrl\":\"https://e.org/x?a=b\"}"
#define INLINE "{" KIND "FileAttachment\",\"Id\":\"A4=\",\"Name\":\"i.png\",\"IsInline\":true}"

static void each_call_becomes_its_request(void **state)
{
    static const struct task_attachment file = {
        .kind = TASK_ATTACHED_FILE, .name = STR("a \"b\".txt"), .type = STR("text/plain")
    };
    static const struct task_attachment link = {
        .kind = TASK_ATTACHED_LINK, .name = STR("doc"), .url = STR("https://example.org/doc")
    };
    static const struct {
        struct upstream_call call;
        const char *method, *url, *body;
    } cases[] = {
        { { .kind = UPSTREAM_LIST_ATTACHMENTS, .task_id = STR("T=") }, "GET",
            BASE "tasks('T%3D')/attachments?$select=Id,Name,ContentType,Size,IsInline", NULL },
        { { .kind = UPSTREAM_LIST_ATTACHMENTS, .task_id = STR("T="), .link = STR(BASE "x?y") },
            "GET", BASE "x?y", NULL },
        { { .kind = UPSTREAM_GET_ATTACHMENT, .task_id = STR("T"), .attachment_id = STR("A'=") },
            "GET", BASE "tasks('T')/attachments('A%27%27%3D')", NULL },
        { { .kind = UPSTREAM_DELETE_ATTACHMENT, .task_id = STR("T"), .attachment_id = STR("A") },
            "DELETE", BASE "tasks('T')/attachments('A')", NULL },
        { { .kind = UPSTREAM_ADD_ATTACHMENT,
              .task_id = STR("T"),
              .attachment = &file,
              .content = STR("hi") },
            "POST", BASE "tasks('T')/attachments",
            "{" KIND "FileAttachment\",\"Name\":\"a \\\"b\\\".txt\",\"ContentType\":"
            "\"text/plain\",\"ContentBytes\":\"aGk=\"}" },
        { { .kind = UPSTREAM_ADD_ATTACHMENT, .task_id = STR("T"), .attachment = &link }, "POST",
            BASE "tasks('T')/attachments",
            "{" KIND "ReferenceAttachment\",\"Name\":\"doc\",\"SourceUrl\":"
            "\"https://example.org/doc\"}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct upstream_request request;
        struct err err;

        assert_true(dialect_outlook.can(cases[i].call.kind));
        assert_true(dialect_outlook.build(&cases[i].call, S(BASE), arena, &request, &err));
        if (!str_eq(request.method, str_from(cases[i].method)) ||
            !str_eq(request.url, str_from(cases[i].url)) ||
            !str_eq(request.body, str_from(cases[i].body))) {
            fail_msg("case %zu: %.*s %.*s %.*s", i, STR_ARG(request.method), STR_ARG(request.url),
                STR_ARG(request.body));
        }
    }
}

static struct upstream_reply parse(enum upstream_kind kind, int status, const char *body)
{
    struct upstream_call call = { .kind = kind };
    struct upstream_answer answer = { .status = status, .body = str_from(body) };
    struct upstream_reply reply = { 0 };

    dialect_outlook.parse(&call, &answer, 0, arena, &reply);
    return reply;
}

static void a_listing_has_all_kinds_but_what_belongs_into_the_text(void **state)
{
    struct upstream_reply reply = parse(
        UPSTREAM_LIST_ATTACHMENTS, 200, "{\"value\":[" FILE "," INLINE "," ITEM "," LINK "]}");
    struct task_attachment a;
    struct err err;

    (void)state;
    assert_int_equal(reply.err.kind, ERR_NONE);
    assert_true(dialect_outlook.next_attachment(reply.page, arena, &a, &err));
    assert_int_equal(a.kind, TASK_ATTACHED_FILE);
    assert_true(str_eq(a.id, S("A1=")) && str_eq(a.name, S("Holiday notice")));
    assert_true(str_eq(a.type, S("application/octet-stream")));
    assert_int_equal(a.bytes, 244);
    assert_true(dialect_outlook.next_attachment(reply.page, arena, &a, &err));
    assert_int_equal(a.kind, TASK_ATTACHED_ITEM);
    assert_true(dialect_outlook.next_attachment(reply.page, arena, &a, &err));
    assert_int_equal(a.kind, TASK_ATTACHED_LINK);
    assert_true(str_eq(a.url, S("https://e.org/x?a=b")));
    assert_false(dialect_outlook.next_attachment(reply.page, arena, &a, &err));
    assert_int_equal(err.kind, ERR_NONE);
    dialect_outlook.page_free(&reply.page);
}

static void content_comes_as_bytes(void **state)
{
    struct upstream_reply reply = parse(UPSTREAM_GET_ATTACHMENT, 200, FILE);

    (void)state;
    assert_int_equal(reply.err.kind, ERR_NONE);
    assert_true(str_eq(reply.content, S("mac and cheese")));
    reply = parse(UPSTREAM_ADD_ATTACHMENT, 201, FILE);
    assert_true(str_eq(reply.attachment.id, S("A1=")));
    reply = parse(UPSTREAM_DELETE_ATTACHMENT, 204, "");
    assert_int_equal(reply.err.kind, ERR_NONE);
}

static void nonsense_is_the_fault_of_the_service(void **state)
{
    static const char *const bodies[] = { "[]", "{}", "{\"Id\":\"\"}", "{\"Id\":\"x\",\"Size\":-1}",
        "{" KIND "FileAttachment\",\"Id\":\"x\",\"ContentBytes\":\"a\"}", "<html>" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct upstream_reply reply = parse(UPSTREAM_GET_ATTACHMENT, 200, bodies[i]);

        assert_int_equal(reply.err.kind, ERR_UPSTREAM);
    }
}

static void refusals_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(
        parse(UPSTREAM_ADD_ATTACHMENT, 413, "{\"error\":{\"code\":\"X\"}}").err.kind, ERR_INVALID);
    assert_int_equal(
        parse(UPSTREAM_ADD_ATTACHMENT, 507, "{\"error\":{\"code\":\"X\"}}").err.code, 507);
    assert_int_equal(
        parse(UPSTREAM_GET_ATTACHMENT, 404, "{\"error\":{\"code\":\"ErrorItemNotFound\"}}")
            .err.kind,
        ERR_NOT_FOUND);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_call_becomes_its_request),
        TEST(a_listing_has_all_kinds_but_what_belongs_into_the_text),
        TEST(content_comes_as_bytes),
        TEST(nonsense_is_the_fault_of_the_service),
        TEST(refusals_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
