#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/todo_internal.h"
#include "ical/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BASE "https://graph.microsoft.com/v1.0/"
#define EXTENSION                                                              \
    "extensions%28%24filter%3Did%20eq%20%27microsoft.graph.openTypeExtension." \
    "org.duedav.task%27%29"
#define WHOLE "?$expand=checklistItems%2ClinkedResources"
#define LINK  "https://graph.microsoft.com/v1.0/me/todo/lists/x/tasks/delta?$deltatoken=1"

static struct task task;

static const struct {
    struct upstream_call call;
    const char *method, *url, *body;
} cases[] = {
    { { .kind = UPSTREAM_SYNC_FOLDERS }, "GET", BASE "me/todo/lists/delta", NULL },
    { { .kind = UPSTREAM_SYNC_TASKS, .folder_id = STR("AQ/L=") }, "GET",
        BASE "me/todo/lists/AQ%2FL%3D/tasks/delta" WHOLE, NULL },
    { { .kind = UPSTREAM_SYNC_TASKS, .folder_id = STR("L"), .link = STR(LINK) }, "GET", LINK,
        NULL },
    { { .kind = UPSTREAM_GET_TASK, .folder_id = STR("L"), .task_id = STR("T") }, "GET",
        BASE "me/todo/lists/L/tasks/T" WHOLE, NULL },
    { { .kind = UPSTREAM_GET_TASK,
          .folder_id = STR("L"),
          .task_id = STR("T"),
          .marker = STR("m1") },
        "GET", BASE "me/todo/lists/L/tasks/T" WHOLE "%2C" EXTENSION, NULL },
    { { .kind = UPSTREAM_GET_TASK, .folder_id = STR("L"), .task_id = STR("T=|c-1") }, "GET",
        BASE "me/todo/lists/L/tasks/T%3D/checklistItems/c-1", NULL },
    { { .kind = UPSTREAM_LIST_SUBTASKS, .folder_id = STR("L"), .parent_id = STR("T") }, "GET",
        BASE "me/todo/lists/L/tasks/T/checklistItems", NULL },
    { { .kind = UPSTREAM_CREATE_TASK,
          .folder_id = STR("L"),
          .parent_id = STR("T"),
          .task = &task,
          .fields = TASK_FIELD(TASK_TITLE) },
        "POST", BASE "me/todo/lists/L/tasks/T/checklistItems",
        "{\"displayName\":\"x\",\"isChecked\":false}" },
    { { .kind = UPSTREAM_UPDATE_TASK,
          .folder_id = STR("L"),
          .task_id = STR("T|c"),
          .task = &task,
          .fields = TASK_FIELD(TASK_STATUS) },
        "PATCH", BASE "me/todo/lists/L/tasks/T/checklistItems/c", "{\"isChecked\":false}" },
    { { .kind = UPSTREAM_DELETE_TASK, .folder_id = STR("L"), .task_id = STR("T|c") }, "DELETE",
        BASE "me/todo/lists/L/tasks/T/checklistItems/c", NULL },
    { { .kind = UPSTREAM_FIND_TASK, .folder_id = STR("L"), .marker = STR("m1") }, "GET",
        BASE "me/todo/lists/L/tasks?$expand=" EXTENSION "&$top=100", NULL },
    { { .kind = UPSTREAM_CREATE_TASK,
          .folder_id = STR("L"),
          .task = &task,
          .fields = TASK_ALL_FIELDS },
        "POST", BASE "me/todo/lists/L/tasks", "{\"title\":\"x\"}" },
    { { .kind = UPSTREAM_CREATE_TASK,
          .folder_id = STR("L"),
          .task = &task,
          .fields = TASK_ALL_FIELDS,
          .marker = STR("m1") },
        "POST", BASE "me/todo/lists/L/tasks",
        "{\"title\":\"x\",\"extensions\":[{\"@odata.type\":\"microsoft.graph.openTypeExtension\","
        "\"extensionName\":\"org.duedav.task\",\"marker\":\"m1\"}]}" },
    { { .kind = UPSTREAM_UPDATE_TASK,
          .folder_id = STR("L"),
          .task_id = STR("T"),
          .task = &task,
          .fields = TASK_FIELD(TASK_TITLE) },
        "PATCH", BASE "me/todo/lists/L/tasks/T", "{\"title\":\"x\"}" },
    { { .kind = UPSTREAM_DELETE_TASK, .folder_id = STR("L"), .task_id = STR("T") }, "DELETE",
        BASE "me/todo/lists/L/tasks/T", NULL },
    { { .kind = UPSTREAM_CREATE_FOLDER, .name = STR("a \"b\""), .marker = STR("m1") }, "POST",
        BASE "me/todo/lists", "{\"displayName\":\"a \\\"b\\\"\"}" },
    { { .kind = UPSTREAM_RENAME_FOLDER, .folder_id = STR("L"), .name = STR("b") }, "PATCH",
        BASE "me/todo/lists/L", "{\"displayName\":\"b\"}" },
    { { .kind = UPSTREAM_DELETE_FOLDER, .folder_id = STR("L") }, "DELETE", BASE "me/todo/lists/L",
        NULL },
};

static bool has_header(const struct upstream_request *request, struct str name, struct str value)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_eq(request->headers[i].name, name) && str_eq(request->headers[i].value, value)) {
            return true;
        }
    }
    return false;
}

/* B.2, B.8, G.4 */
static void each_call_becomes_one_request(void **state)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();

    (void)state;
    task_init(&task);
    task.title = S("x");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct upstream_request request;
        struct err err = { 0 };

        assert_true(dialect_todo.can(cases[i].call.kind));
        if (!dialect_todo.build(&cases[i].call, S(BASE), arena, &request, &err)) {
            fail_msg("case %zu: %s", i, err.text);
        }
        assert_true(str_eq(request.method, str_from(cases[i].method)));
        if (!str_eq(request.url, str_from(cases[i].url))) {
            fail_msg("case %zu: %.*s", i, STR_ARG(request.url));
        }
        assert_int_equal(request.has_body, cases[i].body != NULL);
        if (cases[i].body != NULL && !str_eq(request.body, str_from(cases[i].body))) {
            fail_msg("case %zu: %.*s", i, STR_ARG(request.body));
        }
        assert_int_equal(
            has_header(&request, S("Content-Type"), S("application/json")), request.has_body);
        assert_true(has_header(&request, S("Prefer"), S("IdType=\"ImmutableId\"")));
        assert_true(has_header(&request, S("Prefer"), S("outlook.body-content-type=\"text\"")));
        assert_true(has_header(&request, S("Prefer"), S("outlook.timezone=\"UTC\"")));
    }
}

static void etag_and_page_size_are_headers(void **state)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct upstream_call call = {
        .kind = UPSTREAM_DELETE_TASK, .folder_id = S("L"), .task_id = S("T"), .etag = S("W/\"a\"")
    };
    struct upstream_request request;
    struct err err;

    (void)state;
    assert_true(dialect_todo.build(&call, S(BASE), arena, &request, &err));
    assert_true(has_header(&request, S("If-Match"), S("W/\"a\"")));
    call = (struct upstream_call){ .kind = UPSTREAM_SYNC_FOLDERS, .page_size = 7 };
    assert_true(dialect_todo.build(&call, S(BASE), arena, &request, &err));
    assert_true(has_header(&request, S("Prefer"), S("odata.maxpagesize=7")));
    call.page_size = 100000;
    assert_true(dialect_todo.build(&call, S(BASE), arena, &request, &err));
    assert_true(has_header(&request, S("Prefer"), S("odata.maxpagesize=1000")));
}

static void what_the_service_lacks_is_refused(void **state)
{
    static const struct upstream_call calls[] = {
        { .kind = UPSTREAM_LIST_GROUPS },
        { .kind = UPSTREAM_COMPLETE_TASK, .folder_id = STR("L"), .task_id = STR("T") },
        { .kind = UPSTREAM_FIND_FOLDER, .marker = STR("m1") },
        { .kind = UPSTREAM_FIND_TASK, .folder_id = STR("L") },
        { .kind = UPSTREAM_DELETE_TASK, .folder_id = STR("L") }, /* that would be the list */
        { .kind = UPSTREAM_DELETE_FOLDER },
        { .kind = UPSTREAM_GET_TASK, .task_id = STR("T") },
    };
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct upstream_request request;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        struct err err = { 0 };

        assert_false(dialect_todo.build(&calls[i], S(BASE), arena, &request, &err));
        assert_int_equal(err.kind, ERR_INVALID);
    }
    assert_false(dialect_todo.can(UPSTREAM_COMPLETE_TASK));
    assert_false(dialect_todo.can(UPSTREAM_LIST_GROUPS));
    assert_false(dialect_todo.can(UPSTREAM_FIND_FOLDER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_becomes_one_request),
        cmocka_unit_test(etag_and_page_size_are_headers),
        cmocka_unit_test(what_the_service_lacks_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
