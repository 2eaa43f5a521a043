/* Files of a task (upstream.md B.9; Graph v1.0 attachmentInfo), and its links beyond the first one,
 * which go by '|' and their id (mapping.md 2.13). */
#include "bridge/core/base64.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/service_reply.h"
#include "bridge/upstream/service_request.h"
#include "bridge/upstream/service_write.h"
#include "bridge/upstream/todo_internal.h"
#include "http/uri.h"

#include <cjson/cJSON.h>

#define FILE_TYPE "#microsoft.graph.taskFileAttachment"

/** A file of 3 MB or more goes up in pieces, each of less than 4 MB. What a megabyte is the
 * documents do not say. */
#define WHOLE_BYTES    ((size_t)3000000)
#define LEAST_BYTES    ((size_t)320 * 1024) /**< that a service takes of a piece, or it never ends */
#define PIECE_BYTES    (12 * LEAST_BYTES)
#define MOST_ID_BYTES  2048
#define MOST_ATTACHED  1000 /**< in one entity */
#define MOST_URL_BYTES 8192 /**< of a session: the engine keeps a copy for each piece */

/* ---- out ---- */

static struct str file_body(const struct service_making *making)
{
    CLEANUP(buf_done) struct buf buf;
    const struct task_attachment *attachment = making->call->attachment;
    struct json_out out;

    buf_init(&buf, SIZE_MAX / 2);
    json_out_init(&out, &buf);
    json_out_open(&out, '{');
    json_out_member(&out, "@odata.type", S(FILE_TYPE));
    json_out_member(&out, "name", attachment->name);
    if (attachment->type.n > 0) {
        json_out_member(&out, "contentType", attachment->type);
    }
    json_out_bytes(&out, "contentBytes", making->call->content);
    json_out_close(&out, '}');
    return arena_copy(making->arena, buf_str(&buf));
}

static struct str session_body(const struct service_making *making)
{
    CLEANUP(buf_done) struct buf buf;
    const struct task_attachment *attachment = making->call->attachment;
    struct json_out out;

    buf_init(&buf, SERVICE_BODY_MOST);
    json_out_init(&out, &buf);
    json_out_open(&out, '{');
    json_out_name(&out, "attachmentInfo");
    json_out_open(&out, '{');
    json_out_member(&out, "attachmentType", S("file"));
    json_out_member(&out, "name", attachment->name);
    if (attachment->type.n > 0) {
        json_out_member(&out, "contentType", attachment->type);
    }
    json_out_name(&out, "size");
    json_out_int(&out, (int64_t)making->call->content.n);
    json_out_close(&out, '}');
    json_out_close(&out, '}');
    return arena_copy(making->arena, buf_str(&buf));
}

static struct str piece_of(const struct upstream_call *call)
{
    return str_first(str_skip(call->content, call->sent), PIECE_BYTES);
}

static void build_piece(struct service_making *making)
{
    const struct upstream_call *call = making->call;
    struct upstream_request *request = &making->request;
    struct str piece = piece_of(call);

    buf_clear(&making->url);
    buf_put(&making->url, call->session);
    buf_put_text(&making->url, "/content");
    service_add_header(making, S("Content-Type"), S("application/octet-stream"));
    service_add_header(making, S("Content-Range"),
        arena_printf(making->arena, "bytes %zu-%zu/%zu", call->sent, call->sent + piece.n - 1,
            call->content.n));
    request->method = S("PUT");
    request->body = piece;
    request->has_body = true;
    request->is_part = call->sent + piece.n < call->content.n;
}

static void build_add(struct service_making *making)
{
    making->request.method = S("POST");
    if (making->call->content.n < WHOLE_BYTES) {
        service_set_json(making, file_body(making));
    } else {
        buf_put_text(&making->url, "/createUploadSession");
        service_set_json(making, session_body(making));
        making->request.is_part = true;
    }
}

void todo_build_attachment(struct service_making *making)
{
    const struct upstream_call *call = making->call;
    bool is_links = str_eq(call->link, S(TODO_LINKS));
    struct str id = call->attachment_id;

    if (call->session.n > 0) {
        build_piece(making);
        return;
    }
    making->request.method = call->kind == UPSTREAM_DELETE_ATTACHMENT ? S("DELETE") : S("GET");
    if (call->link.n > 0 && !is_links) {
        buf_clear(&making->url);
        buf_put(&making->url, str_first(call->link, str_find_char(call->link, '#')));
        return;
    }
    todo_put_path(making, call->folder_id, call->task_id);
    if (is_links || str_has_prefix(id, S("|"))) {
        buf_put_text(&making->url, "/linkedResources");
        id = str_skip(id, 1);
        id = str_first(id, str_find_char(id, '|'));
    } else {
        buf_put_text(&making->url, "/attachments");
    }
    if (call->kind == UPSTREAM_ADD_ATTACHMENT) {
        build_add(making);
    } else if (call->kind != UPSTREAM_LIST_ATTACHMENTS) {
        buf_put_char(&making->url, '/');
        uri_encode_segment(&making->url, id);
    }
}

/* ---- in: one file ---- */

/* There are only files; if another kind appears, it is there and can't be read here. */
static enum task_attachment_kind kind_of(const struct cJSON *entity)
{
    struct str type = json_member_text(entity, "@odata.type");

    return type.n == 0 || str_eq(type, S(FILE_TYPE)) ? TASK_ATTACHED_FILE : TASK_ATTACHED_ITEM;
}

static bool read_content(
    const struct cJSON *entity, struct arena *arena, struct str *out, struct err *err)
{
    struct str text = json_member_text(entity, "contentBytes");

    if (text.p == NULL || !base64_decode(text, arena, out)) {
        return err_set(err, ERR_UPSTREAM, "no contentBytes in base64");
    }
    return true;
}

/* content_out: NULL, or where its bytes go. */
static bool read_file(const struct cJSON *entity, struct arena *arena, struct task_attachment *out,
    struct str *content_out, struct err *err)
{
    struct task_attachment attachment = { .kind = kind_of(entity) };
    bool ignored;
    int32_t bytes = 0;

    if (!todo_read_id(entity, arena, &attachment.id, &ignored, err) ||
        !json_member_int(entity, "size", 0, INT32_MAX, &bytes, err)) {
        return false;
    }
    attachment.name = arena_copy(arena, json_member_text(entity, "name"));
    attachment.type = arena_copy(arena, json_member_text(entity, "contentType"));
    attachment.bytes = bytes;
    if (content_out != NULL && attachment.kind == TASK_ATTACHED_FILE &&
        !read_content(entity, arena, content_out, err)) {
        return false;
    }
    *out = attachment;
    return true;
}

/* A link that is changed is another attachment: its id has the address as well. */
static bool read_place(const struct cJSON *entity, struct str address, struct arena *arena,
    struct task_attachment *out, struct err *err)
{
    struct task_attachment place = { .kind = TASK_ATTACHED_PLACE };
    struct str name = json_member_text(entity, "displayName");
    bool ignored;

    if (!todo_read_id(entity, arena, &place.id, &ignored, err)) {
        return false;
    }
    place.id = arena_printf(arena, "|%.*s|%.*s", STR_ARG(place.id), STR_ARG(address));
    place.name = arena_copy(arena, name.n > 0 ? name : todo_host_of(address));
    place.url = arena_copy(arena, address);
    *out = place;
    return true;
}

/* The next one that is not the task's URL. */
static bool next_place(
    struct upstream_page *page, struct arena *arena, struct task_attachment *out, struct err *err)
{
    const struct cJSON *entity;

    while ((entity = service_page_next(page)) != NULL) {
        struct str address = json_member_text(entity, "webUrl");

        if (!todo_is_address(address)) {
            continue;
        }
        if (!page->has_first) {
            return read_place(entity, address, arena, out, err);
        }
        page->has_first = false;
    }
    return false;
}

bool todo_next_attachment(
    struct upstream_page *page, struct arena *arena, struct task_attachment *out, struct err *err)
{
    const struct cJSON *entity;

    *err = (struct err){ 0 };
    if (page->has_links) {
        return next_place(page, arena, out, err);
    }
    entity = service_page_next(page);
    return entity != NULL && read_file(entity, arena, out, NULL, err);
}

/* ---- in: what stands within a task ---- */

static bool add_attached(
    struct task *task, const struct task_attachment *one, struct arena *arena, struct err *err)
{
    if (task->attachment_count >= MOST_ATTACHED) {
        return err_set(err, ERR_UPSTREAM, "more than %d", MOST_ATTACHED);
    }
    task_add_attachment(task, one, arena);
    return true;
}

/* In a file of the caller's nobody says what is not needed. Two may have the same name. */
static void supply_id(
    struct cJSON *entity, struct str name, struct str url, const struct task *task)
{
    CLEANUP(buf_done) struct buf id;
    size_t same = 0;

    buf_init(&id, SIZE_MAX / 2);
    if (!cJSON_IsObject(entity) || cJSON_GetObjectItemCaseSensitive(entity, "id") != NULL) {
        return;
    }
    for (size_t i = 0; i < task->attachment_count; i++) {
        const struct task_attachment *other = &task->attachments[i];

        same += str_eq(url.n > 0 ? other->url : other->name, url.n > 0 ? url : name);
    }
    buf_put(&id, name);
    if (same > 0) {
        buf_printf(&id, "/%zu", same + 1);
    }
    cJSON_AddStringToObject(entity, "id", id.p);
}

static bool read_all_files(
    const struct cJSON *list, struct arena *arena, struct task *task, struct err *err)
{
    struct task_attachment attachment;
    struct cJSON *entity;

    cJSON_ArrayForEach(entity, list)
    {
        supply_id(entity, json_member_text(entity, "name"), S(""), task);
        if (!read_file(entity, arena, &attachment, NULL, err) ||
            !add_attached(task, &attachment, arena, err)) {
            return err_wrap(err, "attachments");
        }
    }
    return true;
}

static bool read_all_places(
    const struct cJSON *list, struct arena *arena, struct task *task, struct err *err)
{
    struct task_attachment attachment;
    struct cJSON *entity;
    bool is_first = true;

    cJSON_ArrayForEach(entity, list)
    {
        struct str address = json_member_text(entity, "webUrl");

        if (!todo_is_address(address)) {
            continue;
        }
        supply_id(entity, S("link"), address, task);
        if (!is_first && (!read_place(entity, address, arena, &attachment, err) ||
                             !add_attached(task, &attachment, arena, err))) {
            return err_wrap(err, "linkedResources");
        }
        is_first = false;
    }
    return true;
}

bool todo_read_attached(
    const struct cJSON *entity, struct arena *arena, struct task *task, struct err *err)
{
    task->knows_attachments = true;
    return read_all_files(
               cJSON_GetObjectItemCaseSensitive(entity, "attachments"), arena, task, err) &&
           read_all_places(
               cJSON_GetObjectItemCaseSensitive(entity, "linkedResources"), arena, task, err);
}

void todo_read_attachment_link(const struct upstream_call *call, const struct cJSON *root,
    struct arena *arena, struct upstream_reply *reply)
{
    struct str next = json_member_text(root, "@odata.nextLink");
    bool is_files = str_find_char(call->link, '#') == SIZE_MAX;

    if (next.n == 0 && !is_files) {
        return;
    }
    reply->link_kind = UPSTREAM_LINK_MORE;
    reply->link = next.n == 0 ? S(TODO_LINKS)
                  : is_files  ? arena_copy(arena, next)
                              : arena_printf(arena, "%.*s" TODO_MORE_LINKS, STR_ARG(next));
}

/* ---- in: a file that goes up in pieces ---- */

/* ["2097152"], ["2097152-"] or ["2097152-3483321"]: the first byte that is not there yet. */
static bool read_expected(const struct cJSON *entity, size_t *out)
{
    static const char *const names[] = { "nextExpectedRanges", "NextExpectedRanges" };
    int64_t first;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct cJSON *list = cJSON_GetObjectItemCaseSensitive(entity, names[i]);

        if (cJSON_IsArray(list) && cJSON_IsString(list->child)) {
            struct str text = json_text(list->child);

            if (!str_to_i64(str_first(text, str_find_char(text, '-')), &first) || first < 0) {
                return false;
            }
            *out = (size_t)first;
        }
    }
    return true;
}

static void read_session(const struct upstream_call *call, const struct cJSON *entity,
    struct arena *arena, struct upstream_reply *reply)
{
    bool is_new = call->session.n == 0;
    struct str session = is_new ? json_member_text(entity, "uploadUrl") : call->session;
    size_t next = is_new ? 0 : call->sent + piece_of(call).n;

    if (session.n == 0 || session.n > MOST_URL_BYTES || !read_expected(entity, &next) ||
        next >= call->content.n || (is_new ? next > 0 : next < call->sent + LEAST_BYTES)) {
        err_set(&reply->err, ERR_UPSTREAM, "an upload that does not go on");
        return;
    }
    reply->session = arena_copy(arena, session);
    reply->sent = next;
}

/* .../Attachments/A, or the OData spelling .../Attachments('A'). */
static struct str id_of_location(const struct upstream_answer *answer, struct arena *arena)
{
    struct str rest, segment;
    struct str id = S("");

    if (!http_header_find(answer->headers, answer->header_count, S("Location"), &rest)) {
        return id;
    }
    rest = str_first(rest, str_find_char(rest, '?'));
    while (str_next(&rest, '/', &segment)) {
        id = segment;
    }
    if (str_has_suffix(id, S("')")) && str_find(id, S("('")) != SIZE_MAX) {
        id = str_skip(str_first(id, id.n - 2), str_find(id, S("('")) + 2);
    }
    return uri_decode(id, arena, &segment) && segment.n <= MOST_ID_BYTES &&
                   str_find_char(segment, '|') == SIZE_MAX /* a link's */
               ? segment
               : S("");
}

static bool is_last(const struct upstream_call *call, const struct upstream_answer *answer)
{
    return call->session.n > 0 && answer->status == 201 &&
           call->sent + piece_of(call).n == call->content.n;
}

void todo_parse_attachment(const struct upstream_call *call, const struct upstream_answer *answer,
    struct arena *arena, struct upstream_reply *reply)
{
    struct cJSON *root = NULL;

    if (is_last(call, answer)) {
        reply->attachment.id = id_of_location(answer, arena);
        if (reply->attachment.id.n == 0) {
            err_set(&reply->err, ERR_UPSTREAM, "an upload without a place");
        }
        return;
    }
    if (!json_parse(answer->body, &root, &reply->err)) {
        return;
    }
    if (call->kind == UPSTREAM_GET_ATTACHMENT) {
        (void)!read_file(root, arena, &reply->attachment, &reply->content, &reply->err);
    } else if (call->session.n > 0 || call->content.n >= WHOLE_BYTES) {
        read_session(call, root, arena, reply);
    } else {
        (void)!read_file(root, arena, &reply->attachment, NULL, &reply->err);
    }
    json_free(&root);
}
