/* Answers in (upstream.md B.2, B.10, B.13, G.2). */
#include "bridge/core/mem.h"
#include "bridge/upstream/service_error.h"
#include "bridge/upstream/service_reply.h"
#include "bridge/upstream/todo_internal.h"

#include <cjson/cJSON.h>

static bool is_sync(enum upstream_kind kind)
{
    return kind == UPSTREAM_SYNC_TASKS || kind == UPSTREAM_SYNC_FOLDERS;
}

/* ---- pages ---- */

/* The Graph rule: on with nextLink until there is a deltaLink. Told apart by the names of the
 * members alone; the tokens within are no guide (B.10). */
static void read_link(const struct upstream_call *call, const struct cJSON *root,
    struct arena *arena, struct upstream_reply *reply)
{
    struct str next = json_member_text(root, "@odata.nextLink");
    struct str delta = json_member_text(root, "@odata.deltaLink");

    if (call->kind == UPSTREAM_LIST_ATTACHMENTS) {
        todo_read_attachment_link(call, root, arena, reply);
    } else if (next.n > 0) {
        reply->link_kind = UPSTREAM_LINK_MORE;
        reply->link = arena_copy(arena, next);
    } else if (is_sync(call->kind) && delta.n > 0) {
        reply->link_kind = UPSTREAM_LINK_DONE;
        reply->link = arena_copy(arena, delta);
    } else if (is_sync(call->kind)) {
        err_set(&reply->err, ERR_UPSTREAM, "sync answer without a link");
    }
    if (reply->link_kind == UPSTREAM_LINK_MORE && str_eq(reply->link, call->link)) {
        err_set(&reply->err, ERR_UPSTREAM, "a page that links to itself");
    }
}

/* Takes *root. The items of one task alone. */
static struct upstream_page *checks_page(
    const struct upstream_call *call, struct cJSON **root, const struct cJSON *list)
{
    struct upstream_page *page = (struct upstream_page *)mem_alloc(sizeof(*page));

    page->root = TAKE(*root);
    page->zone = call->zone;
    page->kind = call->kind;
    page->check = list->child;
    if (call->kind == UPSTREAM_LIST_SUBTASKS) {
        page->parent_text = mem_copy_text(call->parent_id.p, call->parent_id.n);
        page->parent = str_from(page->parent_text);
    } else {
        page->parent = json_member_text(page->root, "id");
    }
    return page;
}

static void parse_page(const struct upstream_call *call, struct cJSON **root, struct arena *arena,
    struct upstream_reply *reply)
{
    if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(*root, "value"))) {
        err_set(&reply->err, ERR_UPSTREAM, "listing without value");
        return;
    }
    read_link(call, *root, arena, reply);
    if (reply->err.kind != ERR_NONE) {
        return;
    }
    if (call->kind == UPSTREAM_LIST_SUBTASKS) {
        reply->page = checks_page(call, root, cJSON_GetObjectItemCaseSensitive(*root, "value"));
    } else {
        reply->page = service_page_new(TAKE(*root), call, todo_read_marker);
        reply->page->kept_left = call->wants_kept ? TODO_TEXTS_MOST : 0;
        reply->page->has_first = str_eq(call->link, S(TODO_LINKS));
        reply->page->has_links =
            reply->page->has_first || str_has_suffix(call->link, S(TODO_MORE_LINKS));
    }
}

/* The items of the entry that was just read follow it. */
static bool next_subtask(
    struct upstream_page *page, struct arena *arena, struct upstream_item *out, struct err *err)
{
    const struct cJSON *check = page->check;

    page->check = check->next;
    return todo_read_subtask(check, page->parent, page->zone, arena, out, err);
}

static void expect_subtasks(
    struct upstream_page *page, const struct cJSON *entity, struct upstream_item *item)
{
    const struct cJSON *list = todo_checklist(entity);

    if (list != NULL && !item->is_removed) {
        item->has_subtasks = true;
        page->check = list->child;
        page->parent = json_member_text(entity, "id");
    }
}

bool todo_next_item(
    struct upstream_page *page, struct arena *arena, struct upstream_item *out, struct err *err)
{
    const struct cJSON *entity;

    *err = (struct err){ 0 };
    if (page->check != NULL) {
        return next_subtask(page, arena, out, err);
    }
    entity = service_page_next(page);
    if (entity == NULL || !todo_read_item(entity, page->zone, arena, out, err)) {
        return false;
    }
    todo_read_kept(entity, &page->kept_left, arena, out);
    todo_add_unset(entity, TODO_ENTRY, out);
    if (page->kind == UPSTREAM_SYNC_TASKS) {
        expect_subtasks(page, entity, out);
    }
    return true;
}

bool todo_next_folder(
    struct upstream_page *page, struct arena *arena, struct upstream_folder *out, struct err *err)
{
    const struct cJSON *entity = service_page_next(page);

    *err = (struct err){ 0 };
    return entity != NULL && todo_read_folder(entity, arena, out, err);
}

/* ---- answers ---- */

/* Takes *root if what stands in it is still to be read. */
static void parse_task(const struct upstream_call *call, struct cJSON **root, struct arena *arena,
    struct upstream_reply *reply)
{
    const struct cJSON *list = todo_checklist(*root);
    size_t kept_left = call->wants_kept ? 2 * TODO_TEXT_MOST : 0;

    if (!todo_read_item(*root, call->zone, arena, &reply->item, &reply->err)) {
        return;
    }
    todo_read_kept(*root, &kept_left, arena, &reply->item);
    todo_add_unset(*root, TODO_SINGLE, &reply->item);
    if (cJSON_GetObjectItemCaseSensitive(*root, "linkedResources") == NULL) {
        reply->item.task.knows_attachments = false; /* there may be links */
    }
    if (call->kind == UPSTREAM_GET_TASK && list != NULL) {
        reply->item.has_subtasks = true;
        reply->page = checks_page(call, root, list);
    }
}

static void parse_entity(const struct upstream_call *call, struct cJSON **root, struct arena *arena,
    struct upstream_reply *reply)
{
    struct str parent = call->parent_id.n > 0 ? call->parent_id : upstream_parent_of(call->task_id);

    if (call->kind == UPSTREAM_CREATE_FOLDER || call->kind == UPSTREAM_RENAME_FOLDER) {
        (void)!todo_read_folder(*root, arena, &reply->folder, &reply->err);
    } else if (parent.n > 0) {
        (void)!todo_read_subtask(*root, parent, call->zone, arena, &reply->item, &reply->err);
    } else {
        parse_task(call, root, arena, reply);
    }
}

static void parse_success(const struct upstream_call *call, const struct upstream_answer *answer,
    struct arena *arena, struct upstream_reply *reply)
{
    struct cJSON *root = NULL;

    if (call->kind == UPSTREAM_DELETE_TASK || call->kind == UPSTREAM_DELETE_FOLDER ||
        call->kind == UPSTREAM_KEEP || call->kind == UPSTREAM_KEEP_FIRST ||
        call->kind == UPSTREAM_DELETE_ATTACHMENT) {
        return; /* nothing to read */
    }
    if (call->kind == UPSTREAM_GET_ATTACHMENT || call->kind == UPSTREAM_ADD_ATTACHMENT) {
        todo_parse_attachment(call, answer, arena, reply);
        return;
    }
    if (service_reply_silence(call, answer, arena, reply) ||
        !json_parse(answer->body, &root, &reply->err)) {
        return;
    }
    if (is_sync(call->kind) || call->kind == UPSTREAM_FIND_TASK ||
        call->kind == UPSTREAM_LIST_SUBTASKS || call->kind == UPSTREAM_LIST_ATTACHMENTS) {
        parse_page(call, &root, arena, reply);
    } else {
        parse_entity(call, &root, arena, reply);
    }
    json_free(&root);
}

/* B.10 has a list of how a token that is no longer good is refused. A list that is gone refuses the
 * start of a new round as well. */
static bool is_expired(
    const struct upstream_call *call, int status, const struct service_error *error)
{
    bool is_told = error->count > 0;

    return is_sync(call->kind) && call->link.n > 0 &&
           (status == 410 || (is_told && (status == 400 || status == 404)));
}

/* Pieces that went to a session which is no longer there have to be sent again, all of them. */
static bool is_session_over(const struct upstream_call *call, int status)
{
    return call->session.n > 0 &&
           (status == 404 || status == 409 || status == 410 || status == 416);
}

static bool is_about_one_task(enum upstream_kind kind)
{
    return kind == UPSTREAM_GET_TASK || kind == UPSTREAM_UPDATE_TASK ||
           kind == UPSTREAM_DELETE_TASK;
}

/* B.7: "Error converting value ... to type 'Microsoft.OData.Edm.Date'", for some. */
static bool is_range_refused(
    const struct upstream_call *call, int status, const struct service_error *error)
{
    return status == 400 && !call->has_no_range && (call->fields & TASK_FIELD(TASK_RECURRENCE)) &&
           service_error_has(error, S("InvalidModel"));
}

static void parse_failure(const struct upstream_call *call, const struct upstream_answer *answer,
    int64_t now_s, struct arena *arena, struct upstream_reply *reply)
{
    struct service_error error;

    service_error_read(answer->body, arena, &error);
    service_error_map(call, answer, &error, now_s, reply);
    reply->is_range_refused = is_range_refused(call, answer->status, &error);
    if (is_expired(call, answer->status, &error)) {
        reply->is_forgotten = true;
        reply->is_account_gone = false;
        reply->err.kind = ERR_UPSTREAM;
    } else if (is_session_over(call, answer->status)) {
        reply->is_maybe_gone = reply->is_account_gone = false;
        reply->err.kind = ERR_BUSY;
    } else if (service_error_has(&error, S("ErrorInvalidUser"))) {
        reply->err.kind = ERR_DENIED; /* B.13: as 401 */
    } else if (answer->status == 400 && is_about_one_task(call->kind) &&
               service_error_has(&error, S("ErrorInvalidIdMalformed"))) {
        reply->err.kind = ERR_NOT_FOUND; /* B.2 */
    }
}

void todo_parse(const struct upstream_call *call, const struct upstream_answer *answer,
    int64_t now_s, struct arena *arena, struct upstream_reply *reply)
{
    reply->service_date_s = service_reply_date(answer);
    if (answer->status >= 200 && answer->status < 300) {
        parse_success(call, answer, arena, reply);
    } else {
        parse_failure(call, answer, now_s, arena, reply);
    }
}
