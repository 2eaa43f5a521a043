#include "bridge/core/mem.h"
#include "bridge/upstream/todo_internal.h"
#include "ical/zone.h"
#include "tests/unit/upstream/driver.h"

#define LINK "https://graph.microsoft.com/v1.0/me/todo/lists/AQMkL1%3D/tasks/delta?$skiptoken=a1"

static struct upstream_reply parse(const struct upstream_call *call, int status, struct str body)
{
    struct upstream_reply reply = { 0 };
    struct upstream_answer answer = { .status = status, .body = body };

    dialect_todo.parse(call, &answer, 1800000000, arena, &reply);
    return reply;
}

/* B.10 */
static void a_round_ends_with_the_delta_link(void **state)
{
    const struct upstream_call first = { .kind = UPSTREAM_SYNC_TASKS, .folder_id = S("L") };
    const struct upstream_call next = { .kind = UPSTREAM_SYNC_TASKS, .link = S(LINK) };
    struct upstream_reply reply = parse(&first, 200, fixture("todo/delta_next.json"));
    struct upstream_item item;
    struct err err;

    (void)state;
    assert_int_equal(reply.err.kind, ERR_NONE);
    assert_int_equal(reply.link_kind, UPSTREAM_LINK_MORE);
    assert_true(str_eq(reply.link, S(LINK)));
    assert_true(dialect_todo.next_item(reply.page, arena, &item, &err));
    assert_true(str_eq(item.id, S("AQMkT1=")));
    assert_int_equal(item.task.present, TASK_ALL_FIELDS & ~TASK_FIELD(TASK_URL));
    for (int i = 0; i < 2; i++) {
        assert_true(dialect_todo.next_item(reply.page, arena, &item, &err));
        assert_true(item.is_removed);
    }
    assert_true(str_eq(item.id, S("AQMkT3=")));
    assert_false(dialect_todo.next_item(reply.page, arena, &item, &err));
    assert_int_equal(err.kind, ERR_NONE);
    dialect_todo.page_free(&reply.page);
    assert_null(reply.page);

    reply = parse(&next, 200, fixture("todo/delta_last.json"));
    assert_int_equal(reply.link_kind, UPSTREAM_LINK_DONE);
    assert_true(dialect_todo.next_item(reply.page, arena, &item, &err));
    assert_int_equal(item.task.present & ~TODO_NEVER, TASK_FIELD(TASK_TITLE)); /* partial */
    dialect_todo.page_free(&reply.page);

    assert_int_equal(parse(&next, 200, fixture("todo/delta_next.json")).err.kind, ERR_UPSTREAM);
    assert_int_equal(parse(&next, 200, S("{\"value\":[]}")).err.kind, ERR_UPSTREAM);
    assert_int_equal(parse(&next, 200, S("{}")).err.kind, ERR_UPSTREAM);
    assert_int_equal(parse(&next, 200, S("<html>")).err.kind, ERR_UPSTREAM);
}

/* B.3; a deltaLink is one whatever its token is called */
static void lists_are_read_from_their_delta(void **state)
{
    static const struct {
        const char *id, *name;
        bool is_default, is_writable, is_removed;
    } lists[] = {
        { "AAMkL1=", "Tasks", true, true, false },
        { "AAMkL2=", "Flagged Emails", false, false, false },
        { "AAMkL3=", "Shopping", false, true, false },
        { "AAMkL4=", "", false, true, true },
    };
    const struct upstream_call call = { .kind = UPSTREAM_SYNC_FOLDERS };
    struct upstream_reply reply = parse(&call, 200, fixture("todo/lists.json"));
    struct upstream_folder folder;
    struct err err;

    (void)state;
    assert_int_equal(reply.link_kind, UPSTREAM_LINK_DONE);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        assert_true(dialect_todo.next_folder(reply.page, arena, &folder, &err));
        assert_true(str_eq(folder.id, str_from(lists[i].id)));
        assert_true(str_eq(folder.name, str_from(lists[i].name)));
        assert_int_equal(folder.is_default, lists[i].is_default);
        assert_int_equal(folder.is_writable, lists[i].is_writable);
        assert_int_equal(folder.is_removed, lists[i].is_removed);
        assert_int_equal(folder.says_default, !lists[i].is_removed);
    }
    assert_false(dialect_todo.next_folder(reply.page, arena, &folder, &err));
    dialect_todo.page_free(&reply.page);
}

/* V155: a plain listing does not tell that there is no rule */
static void only_the_marked_task_is_found(void **state)
{
    const struct upstream_call call = { .kind = UPSTREAM_FIND_TASK, .marker = S("m1") };
    struct upstream_reply reply = parse(&call, 200, fixture("todo/find.json"));
    struct upstream_item item;
    struct err err;

    (void)state;
    assert_int_equal(reply.link_kind, UPSTREAM_LINK_MORE);
    assert_true(dialect_todo.next_item(reply.page, arena, &item, &err));
    assert_true(str_eq(item.id, S("AQMkT3=")));
    assert_true(str_eq(item.marker, S("m1")));
    assert_int_equal(item.doubtful, TASK_FIELD(TASK_RECURRENCE));
    assert_false(dialect_todo.next_item(reply.page, arena, &item, &err));
    dialect_todo.page_free(&reply.page);
}

static void writes_are_answered_with_the_entity(void **state)
{
    const struct upstream_call update = { .kind = UPSTREAM_UPDATE_TASK, .task_id = S("T") };
    const struct upstream_call create = { .kind = UPSTREAM_CREATE_FOLDER };
    const struct upstream_call remove = { .kind = UPSTREAM_DELETE_TASK };
    struct upstream_reply reply = parse(&update, 200, fixture("todo/task_unset.json"));

    (void)state;
    assert_int_equal(reply.err.kind, ERR_NONE);
    assert_int_equal(reply.item.task.present, TASK_ALL_FIELDS & ~TASK_FIELD(TASK_URL));
    reply = parse(&update, 204, S(""));
    assert_true(str_eq(reply.item.id, S("T")));
    assert_int_equal(reply.item.task.present, 0);
    reply = parse(&create, 201, S("{\"id\":\"L\",\"displayName\":\"a\"}"));
    assert_true(str_eq(reply.folder.name, S("a")));
    assert_int_equal(parse(&remove, 204, S("")).err.kind, ERR_NONE);
    assert_int_equal(parse(&update, 200, S("")).err.kind, ERR_UPSTREAM);
}

#define ERROR(code) "{\"error\":{\"code\":\"" code "\",\"message\":\"m\"}}"
#define INNER(code)                                                             \
    "{\"error\":{\"code\":\"invalidRequest\",\"message\":\"m\",\"innerError\":" \
    "{\"code\":\"" code "\"}}}"

/* B.2, B.10, B.13, G.2 */
static const struct {
    enum upstream_kind kind;
    const char *link;
    int status;
    const char *body;
    enum err_kind wanted;
    bool is_forgotten;
} failures[] = {
    { UPSTREAM_SYNC_TASKS, LINK, 410, ERROR("SyncStateNotFound"), ERR_UPSTREAM, true },
    { UPSTREAM_SYNC_TASKS, LINK, 410, ERROR("syncStateNotFound"), ERR_UPSTREAM, true },
    { UPSTREAM_SYNC_TASKS, LINK, 410, ERROR("resyncRequired"), ERR_UPSTREAM, true },
    { UPSTREAM_SYNC_FOLDERS, LINK, 410, "", ERR_UPSTREAM, true },
    { UPSTREAM_SYNC_TASKS, LINK, 404, ERROR("ResourceNotFound"), ERR_UPSTREAM, true },
    { UPSTREAM_SYNC_TASKS, LINK, 400, ERROR("ErrorInvalidIdMalformed"), ERR_UPSTREAM, true },
    { UPSTREAM_SYNC_TASKS, LINK, 404, "<html>", ERR_UPSTREAM, false },
    { UPSTREAM_SYNC_TASKS, LINK, 429, ERROR("TooManyRequests"), ERR_BUSY, false },
    { UPSTREAM_SYNC_TASKS, "", 404, ERROR("ErrorItemNotFound"), ERR_NOT_FOUND, false },
    { UPSTREAM_GET_TASK, "", 404, ERROR("ErrorItemNotFound"), ERR_NOT_FOUND, false },
    { UPSTREAM_DELETE_TASK, "", 400, ERROR("ErrorInvalidIdMalformed"), ERR_NOT_FOUND, false },
    { UPSTREAM_UPDATE_TASK, "", 400, INNER("InvalidModel"), ERR_INVALID, false },
    { UPSTREAM_CREATE_TASK, "", 400, ERROR("ErrorInvalidIdMalformed"), ERR_INVALID, false },
    { UPSTREAM_GET_TASK, "", 401, ERROR("InvalidAuthenticationToken"), ERR_DENIED, false },
    { UPSTREAM_GET_TASK, "", 404, ERROR("ErrorInvalidUser"), ERR_DENIED, false },
    { UPSTREAM_UPDATE_TASK, "", 412, "", ERR_CONFLICT, false },
    { UPSTREAM_UPDATE_TASK, "", 503, "", ERR_BUSY, false },
};

static void refusals_tell_what_can_be_done(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        struct upstream_call call = { .kind = failures[i].kind,
            .link = str_from(failures[i].link) };
        struct upstream_reply reply = parse(&call, failures[i].status, str_from(failures[i].body));

        if (reply.err.kind != failures[i].wanted ||
            reply.is_forgotten != failures[i].is_forgotten || reply.is_account_gone) {
            fail_msg("case %zu: %s", i, reply.err.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_round_ends_with_the_delta_link),
        cmocka_unit_test(lists_are_read_from_their_delta),
        cmocka_unit_test(only_the_marked_task_is_found),
        cmocka_unit_test(writes_are_answered_with_the_entity),
        cmocka_unit_test(refusals_tell_what_can_be_done),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
