/* Files of a task in Graph v1.0: upstream.md B.9 */
#include "bridge/core/mem.h"
#include "bridge/upstream/dialect.h"
#include "tests/unit/upstream/driver.h"

#include <string.h>

#define BASE    "https://graph.microsoft.com/v1.0/"
#define FILES   BASE "me/todo/lists/L%3D/tasks/T%3D/attachments"
#define KIND    "\"@odata.type\":\"#microsoft.graph.taskFileAttachment\""
#define SESSION BASE "users/u/todo/lists/L/tasks/T/attachmentSessions/S="
#define TOTAL   4000000
#define PIECE   3932160

static const struct task_attachment file = {
    .kind = TASK_ATTACHED_FILE, .name = STR("a \"b\".txt"), .type = STR("text/plain")
};

static struct str large(size_t n)
{
    char *bytes = arena_alloc(arena, n);

    memset(bytes, 'x', n);
    return (struct str){ bytes, n };
}

static struct upstream_request build(struct upstream_call call)
{
    struct upstream_request request = { 0 };
    struct err err;

    call.folder_id = S("L=");
    call.task_id = S("T=");
    assert_true(dialect_todo.can(call.kind));
    assert_true(dialect_todo.build(&call, S(BASE), arena, &request, &err));
    return request;
}

static struct upstream_reply parse(
    const struct upstream_call *call, int status, const char *body, const char *location)
{
    struct http_header header = { S("Location"), str_from(location ? location : "") };
    struct upstream_answer answer = { .status = status,
        .body = str_from(body),
        .headers = &header,
        .header_count = location ? 1 : 0 };
    struct upstream_reply reply = { 0 };

    dialect_todo.parse(call, &answer, 0, arena, &reply);
    return reply;
}

static struct upstream_reply parse_kind(enum upstream_kind kind, int status, const char *body)
{
    struct upstream_call call = { .kind = kind };

    return parse(&call, status, body, NULL);
}

static void each_call_becomes_its_request(void **state)
{
    const struct {
        struct upstream_call call;
        const char *method, *url, *body;
    } cases[] = {
        { { .kind = UPSTREAM_LIST_ATTACHMENTS }, "GET", FILES, "" },
        { { .kind = UPSTREAM_LIST_ATTACHMENTS, .link = STR(BASE "x?y") }, "GET", BASE "x?y", "" },
        { { .kind = UPSTREAM_GET_ATTACHMENT, .attachment_id = STR("A/=") }, "GET", FILES "/A%2F%3D",
            "" },
        { { .kind = UPSTREAM_DELETE_ATTACHMENT, .attachment_id = STR("A") }, "DELETE", FILES "/A",
            "" },
        { { .kind = UPSTREAM_ADD_ATTACHMENT, .attachment = &file, .content = STR("hi") }, "POST",
            FILES,
            "{" KIND ",\"name\":\"a \\\"b\\\".txt\",\"contentType\":\"text/plain\","
            "\"contentBytes\":\"aGk=\"}" },
        { { .kind = UPSTREAM_ADD_ATTACHMENT, .attachment = &file, .content = large(TOTAL) }, "POST",
            FILES "/createUploadSession",
            "{\"attachmentInfo\":{\"attachmentType\":\"file\",\"name\":\"a \\\"b\\\".txt\","
            "\"contentType\":\"text/plain\",\"size\":4000000}}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct upstream_request request = build(cases[i].call);

        if (!str_eq(request.method, str_from(cases[i].method)) ||
            !str_eq(request.url, str_from(cases[i].url)) ||
            !str_eq(request.body, str_from(cases[i].body))) {
            fail_msg("case %zu: %.*s %.*s %.*s", i, STR_ARG(request.method), STR_ARG(request.url),
                STR_ARG(request.body));
        }
        assert_int_equal(request.is_part, i == 5);
    }
}

static void an_item_of_a_checklist_holds_no_files(void **state)
{
    struct upstream_call call = { .folder_id = S("L"), .attachment_id = S("A") };
    struct upstream_request request;
    struct err err;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        call.task_id = i == 0 ? S("T|C") : S("");
        for (int kind = UPSTREAM_LIST_ATTACHMENTS; kind <= UPSTREAM_DELETE_ATTACHMENT; kind++) {
            call.kind = (enum upstream_kind)kind;
            assert_false(dialect_todo.build(&call, S(BASE), arena, &request, &err));
            assert_int_equal(err.kind, ERR_INVALID);
        }
    }
}

static void check_range(const struct upstream_request *request, const char *wanted)
{
    struct str range;

    assert_true(
        http_header_find(request->headers, request->header_count, S("Content-Range"), &range));
    assert_true(str_eq(range, str_from(wanted)));
    assert_true(str_eq(request->method, S("PUT")));
    assert_true(str_eq(request->url, S(SESSION "/content")));
}

static void a_large_file_goes_piece_by_piece(void **state)
{
    struct upstream_call call = {
        .kind = UPSTREAM_ADD_ATTACHMENT, .attachment = &file, .content = large(TOTAL)
    };
    struct upstream_request request;
    struct upstream_reply reply;

    (void)state;
    reply =
        parse(&call, 201, "{\"uploadUrl\":\"" SESSION "\",\"nextExpectedRanges\":[\"0-\"]}", NULL);
    assert_int_equal(reply.err.kind, ERR_NONE);
    assert_true(str_eq(reply.session, S(SESSION)) && reply.sent == 0);

    call.session = reply.session;
    request = build(call);
    check_range(&request, "bytes 0-3932159/4000000");
    assert_true(request.is_part && request.body.n == PIECE);
    reply = parse(&call, 200, "{\"NextExpectedRanges\":[\"3932160\"]}", NULL);
    assert_true(str_eq(reply.session, S(SESSION)) && reply.sent == PIECE);
    reply = parse(&call, 200, "{\"nextExpectedRanges\":[\"327680-3932159\"]}", NULL);
    assert_int_equal(reply.sent, 327680); /* it took less */
    reply = parse(&call, 202, "{}", NULL);
    assert_int_equal(reply.sent, PIECE);

    call.sent = PIECE;
    request = build(call);
    check_range(&request, "bytes 3932160-3999999/4000000");
    assert_true(!request.is_part && request.body.n == TOTAL - PIECE);
    reply = parse(&call, 201, "", BASE "users/u/todo/lists/L/tasks/T/Attachments/A%3D");
    assert_int_equal(reply.err.kind, ERR_NONE);
    assert_int_equal(reply.session.n, 0);
    assert_true(str_eq(reply.attachment.id, S("A=")));
    reply = parse(&call, 201, "", BASE "users('u')/todo/tasks('T')/attachments('A=')?x=y/z");
    assert_true(str_eq(reply.attachment.id, S("A=")));
}

static void an_upload_that_does_not_go_on_is_the_fault_of_the_service(void **state)
{
    struct upstream_call call = {
        .kind = UPSTREAM_ADD_ATTACHMENT, .attachment = &file, .content = large(TOTAL)
    };
    static const char *const starts[] = { "", "[]", "{}", "{\"uploadUrl\":7}",
        "{\"uploadUrl\":\"\"}", "{\"uploadUrl\":\"x\",\"nextExpectedRanges\":[\"a-\"]}",
        "{\"uploadUrl\":\"x\",\"nextExpectedRanges\":[\"4000000-\"]}",
        "{\"uploadUrl\":\"x\",\"nextExpectedRanges\":[\"1-\"]}" /* it has none of it yet */ };
    static const char *const steps[] = { "", "[",
        "{\"NextExpectedRanges\":[\"1000\"]}",   /* nothing gained */
        "{\"NextExpectedRanges\":[\"328679\"]}", /* hardly anything: it need not end */
        "{\"NextExpectedRanges\":[\"0-\"]}", "{\"NextExpectedRanges\":[\"-1\"]}",
        "{\"NextExpectedRanges\":[\"\"]}", "{\"NextExpectedRanges\":[\"4000000\"]}",
        "{\"NextExpectedRanges\":[\"99999999999999999999\"]}" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        assert_int_equal(parse(&call, 200, starts[i], NULL).err.kind, ERR_UPSTREAM);
    }
    call.session = S(SESSION);
    call.sent = 1000;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        assert_int_equal(parse(&call, 200, steps[i], NULL).err.kind, ERR_UPSTREAM);
    }
    assert_int_equal(parse(&call, 201, "", SESSION "/A").err.kind, ERR_UPSTREAM); /* not all */
    call.sent = PIECE;
    assert_int_equal(parse(&call, 201, "", NULL).err.kind, ERR_UPSTREAM);
    assert_int_equal(parse(&call, 201, "", "https://x/").err.kind, ERR_UPSTREAM);
    assert_int_equal(parse(&call, 201, "", SESSION "/%7CA").err.kind, ERR_UPSTREAM);
}

static void the_address_of_a_session_has_a_bound(void **state)
{
    struct upstream_call call = {
        .kind = UPSTREAM_ADD_ATTACHMENT, .attachment = &file, .content = large(TOTAL)
    };

    (void)state;
    for (size_t n = 8192; n <= 8193; n++) {
        struct str body = arena_printf(arena, "{\"uploadUrl\":\"%.*s\"}", STR_ARG(large(n)));

        assert_int_equal(
            parse(&call, 200, body.p, NULL).err.kind, n == 8192 ? ERR_NONE : ERR_UPSTREAM);
    }
}

static void a_session_that_is_gone_is_begun_again(void **state)
{
    static const int statuses[] = { 404, 409, 410, 416 };
    struct upstream_call call = { .kind = UPSTREAM_ADD_ATTACHMENT, .session = S(SESSION) };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        struct upstream_reply reply =
            parse(&call, statuses[i], "{\"error\":{\"code\":\"ErrorItemNotFound\"}}", NULL);

        assert_int_equal(reply.err.kind, ERR_BUSY);
        assert_false(reply.is_account_gone);
    }
    assert_int_equal(parse(&call, 413, "{\"error\":{\"code\":\"X\"}}", NULL).err.kind, ERR_INVALID);
    call.session = S("");
    assert_int_equal(
        parse(&call, 404, "{\"error\":{\"code\":\"ErrorItemNotFound\"}}", NULL).err.kind,
        ERR_NOT_FOUND);
}

#define ONE "{" KIND ",\"id\":\"A1=\",\"name\":\"n\",\"contentType\":\"a/b\",\"size\":244"

static void a_listing_has_files_without_content(void **state)
{
    struct upstream_reply reply = parse_kind(UPSTREAM_LIST_ATTACHMENTS, 200,
        "{\"value\":[" ONE "},{\"id\":\"A2\"},{\"name\":\"x\"},"
        "{\"@odata.type\":\"#x\",\"id\":\"A3\"}],\"@odata.nextLink\":\"" BASE "n\"}");
    struct task_attachment a;
    struct err err;

    (void)state;
    assert_int_equal(reply.err.kind, ERR_NONE);
    assert_int_equal(reply.link_kind, UPSTREAM_LINK_MORE);
    assert_true(dialect_todo.next_attachment(reply.page, arena, &a, &err));
    assert_int_equal(a.kind, TASK_ATTACHED_FILE);
    assert_true(str_eq(a.id, S("A1=")) && str_eq(a.name, S("n")) && str_eq(a.type, S("a/b")));
    assert_int_equal(a.bytes, 244);
    assert_true(dialect_todo.next_attachment(reply.page, arena, &a, &err));
    assert_int_equal(a.kind, TASK_ATTACHED_FILE);
    assert_false(dialect_todo.next_attachment(reply.page, arena, &a, &err));
    assert_int_equal(err.kind, ERR_UPSTREAM); /* no id: the next one follows all the same */
    assert_true(dialect_todo.next_attachment(reply.page, arena, &a, &err));
    assert_int_equal(a.kind, TASK_ATTACHED_ITEM);
    assert_false(dialect_todo.next_attachment(reply.page, arena, &a, &err));
    assert_int_equal(err.kind, ERR_NONE);
    dialect_todo.page_free(&reply.page);
}

static void the_links_beyond_the_first_follow_the_files(void **state)
{
    struct upstream_call call = { .kind = UPSTREAM_LIST_ATTACHMENTS };
    struct upstream_reply reply = parse(&call, 200, "{\"value\":[]}", NULL);
    struct upstream_request request;
    struct task_attachment a;
    struct err err;

    (void)state;
    assert_int_equal(reply.link_kind, UPSTREAM_LINK_MORE);
    dialect_todo.page_free(&reply.page);
    call.link = reply.link;
    request = build(call);
    assert_true(str_eq(request.url, S(BASE "me/todo/lists/L%3D/tasks/T%3D/linkedResources")));
    reply = parse(&call, 200,
        "{\"value\":[{\"id\":\"1\",\"webUrl\":null},{\"id\":\"2\",\"webUrl\":\"https://a/\"},"
        "{\"id\":\"3\",\"webUrl\":\"https://b/c\",\"displayName\":null},{\"webUrl\":\"https://"
        "d\"}],"
        "\"@odata.nextLink\":\"" BASE "n\"}",
        NULL);
    assert_true(dialect_todo.next_attachment(reply.page, arena, &a, &err));
    assert_int_equal(a.kind, TASK_ATTACHED_PLACE);
    assert_true(str_eq(a.id, S("|3|https://b/c")) && str_eq(a.name, S("b")));
    assert_true(str_eq(a.url, S("https://b/c")));
    assert_false(dialect_todo.next_attachment(reply.page, arena, &a, &err));
    assert_int_equal(err.kind, ERR_UPSTREAM);
    dialect_todo.page_free(&reply.page);

    assert_int_equal(reply.link_kind, UPSTREAM_LINK_MORE);
    call.link = reply.link;
    request = build(call);
    assert_true(str_eq(request.url, S(BASE "n")));
    reply = parse(&call, 200, "{\"value\":[{\"id\":\"5\",\"webUrl\":\"https://e/\"}]}", NULL);
    assert_int_equal(reply.link_kind, UPSTREAM_LINK_NONE);
    assert_true(dialect_todo.next_attachment(reply.page, arena, &a, &err));
    assert_true(str_eq(a.id, S("|5|https://e/")));
    dialect_todo.page_free(&reply.page);

    request = build((struct upstream_call){
        .kind = UPSTREAM_DELETE_ATTACHMENT, .attachment_id = S("|5|https://e/") });
    assert_true(str_eq(request.url, S(BASE "me/todo/lists/L%3D/tasks/T%3D/linkedResources/5")));
}

static void content_comes_as_bytes_or_not_at_all(void **state)
{
    struct upstream_reply reply =
        parse_kind(UPSTREAM_GET_ATTACHMENT, 200, ONE ",\"contentBytes\":\"aGk=\"}");
    static const char *const bodies[] = { "[]", "{}", ONE "}", ONE ",\"contentBytes\":null}",
        ONE ",\"contentBytes\":\"a\"}", "<html>" };

    (void)state;
    assert_int_equal(reply.err.kind, ERR_NONE);
    assert_true(str_eq(reply.content, S("hi")));
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        reply = parse_kind(UPSTREAM_GET_ATTACHMENT, 200, bodies[i]);
        assert_int_equal(reply.err.kind, ERR_UPSTREAM);
    }
    reply = parse_kind(UPSTREAM_ADD_ATTACHMENT, 201, ONE "}");
    assert_true(str_eq(reply.attachment.id, S("A1=")));
    assert_int_equal(parse_kind(UPSTREAM_DELETE_ATTACHMENT, 204, "").err.kind, ERR_NONE);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_call_becomes_its_request),
        TEST(an_item_of_a_checklist_holds_no_files),
        TEST(a_large_file_goes_piece_by_piece),
        TEST(an_upload_that_does_not_go_on_is_the_fault_of_the_service),
        TEST(the_address_of_a_session_has_a_bound),
        TEST(a_session_that_is_gone_is_begun_again),
        TEST(a_listing_has_files_without_content),
        TEST(the_links_beyond_the_first_follow_the_files),
        TEST(content_comes_as_bytes_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
