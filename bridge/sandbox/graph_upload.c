/* Files that come up in pieces (upstream.md B.9). */
#include "bridge/core/base64.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/attachment.h"
#include "bridge/sandbox/graph.h"
#include "bridge/sandbox/state_upload.h"

#include <cjson/cJSON.h>
#include <string.h>

#define FILE_MOST  ((int64_t)25 << 20)
#define PIECE_MOST ((size_t)4 << 20)
#define SESSION_S  3600 /**< how long one stays open: not documented */

static struct sbx_db *db_of(const struct sbx_call *call)
{
    return call->service->db;
}

static bool refuse(struct sbx_call *call, const char *name, const char *what)
{
    return sbx_refuse(
        &call->refusal, 400, "InvalidModel", "Invalid request: '%.60s' %s", name, what);
}

/* Of the task, as uploads have it: with the user's id. */
static struct str address_of(const struct sbx_call *call, const char *part, struct str id)
{
    return arena_printf(call->arena, "%.*s/users/%.*s/todo/lists/%.*s/tasks/%.*s/%s/%.*s",
        STR_ARG(call->mailbox.base), STR_ARG(sbx_user_id(call)), STR_ARG(call->keys[0]),
        STR_ARG(call->keys[1]), part, STR_ARG(id));
}

/* The bytes that are there. */
static struct str bytes_of(const struct sbx_call *call, const struct sbx_upload *upload)
{
    struct str bytes = S("");

    (void)base64_decode(upload->content, call->arena, &bytes);
    return bytes;
}

static void add_range(struct sbx_call *call, cJSON *json, const char *name, struct str first)
{
    cJSON *list = cJSON_AddArrayToObject(json, name);

    cJSON_AddItemToArray(list, cJSON_CreateString(arena_copy(call->arena, first).p));
}

/* A session as it is made and read. */
static bool answer_session(struct sbx_call *call, const struct sbx_upload *upload)
{
    call->status = 200;
    call->json = cJSON_CreateObject();
    sbx_add_context(call, call->json, "microsoft.graph.uploadSession");
    sbx_add_str(call, call->json, "uploadUrl", address_of(call, "attachmentSessions", upload->id));
    sbx_add_str(
        call, call->json, "expirationDateTime", sbx_graph_stamp(upload->expires_us, call->arena));
    add_range(call, call->json, "nextExpectedRanges",
        arena_printf(call->arena, "%zu-", bytes_of(call, upload).n));
    return true;
}

/* As a piece is answered: other names, and no uploadUrl. */
static bool answer_progress(struct sbx_call *call, const struct sbx_upload *upload, size_t next)
{
    call->status = 200;
    call->json = cJSON_CreateObject();
    sbx_add_str(
        call, call->json, "ExpirationDateTime", sbx_graph_stamp(upload->expires_us, call->arena));
    add_range(call, call->json, "NextExpectedRanges", arena_printf(call->arena, "%zu", next));
    return true;
}

/* Making a session */

static bool read_info(struct sbx_call *call, struct sbx_upload *out)
{
    static const char *const names[] = { "attachmentType", "name", "contentType", "size" };
    const cJSON *info = cJSON_GetObjectItemCaseSensitive(call->body, "attachmentInfo");
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(info, "attachmentType");
    const cJSON *size = cJSON_GetObjectItemCaseSensitive(info, "size");
    const cJSON *member = NULL;

    if (!cJSON_IsObject(info) || cJSON_GetArraySize(call->body) != 1) {
        return refuse(call, "attachmentInfo", "is needed, and nothing else.");
    }
    cJSON_ArrayForEach(member, info)
    {
        bool is_known = strncmp(member->string, "@odata.", 7) == 0;

        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            is_known = is_known || strcmp(names[i], member->string) == 0;
        }
        if (!is_known) {
            return refuse(call, member->string, "does not exist on type 'attachmentInfo'.");
        }
    }
    if (!cJSON_IsString(type) || strcmp(type->valuestring, "file") != 0) {
        return refuse(call, "attachmentType", "must be file.");
    }
    if (!cJSON_IsNumber(size) || size->valuedouble < 1 ||
        size->valuedouble != (double)(int64_t)size->valuedouble) {
        return refuse(call, "size", "must be a number of bytes.");
    }
    out->size = (int64_t)size->valuedouble;
    if (out->size > FILE_MOST) {
        return sbx_refuse(
            &call->refusal, 413, "RequestEntityTooLarge", "A file has at most 25 MB.");
    }
    return sbx_graph_read_file_name(call, info, &out->name) &&
           sbx_graph_read_file_type(call, info, &out->type);
}

bool sbx_graph_create_session(struct sbx_call *call)
{
    struct sbx_upload upload = { .content = S("") };
    struct sbx_task task = { 0 };

    if (!sbx_graph_find_task(call, &task) || !read_info(call, &upload)) {
        return false;
    }
    upload.task = task.row;
    upload.expires_us = call->edit.now_us + (int64_t)SESSION_S * 1000000;
    sbx_upload_put(db_of(call), call->user.id, call->arena, &upload);
    return answer_session(call, &upload);
}

/* Pieces */

static bool find(struct sbx_call *call, struct sbx_task *task, struct sbx_upload *out)
{
    return sbx_graph_find_task(call, task) &&
           (sbx_upload_find(
                db_of(call), task->row, call->keys[2], call->edit.now_us, call->arena, out) ||
               sbx_refuse_missing(call, call->keys[2]));
}

bool sbx_graph_get_session(struct sbx_call *call)
{
    struct sbx_upload upload = { 0 };
    struct sbx_task task = { 0 };

    return find(call, &task, &upload) && answer_session(call, &upload);
}

bool sbx_graph_delete_session(struct sbx_call *call)
{
    struct sbx_upload upload = { 0 };
    struct sbx_task task = { 0 };

    if (!find(call, &task, &upload)) {
        return false;
    }
    sbx_upload_remove(db_of(call), &upload);
    call->status = 204;
    return true;
}

/* "bytes 0-2097151/3483322": what comes next, exactly what the body has. */
static bool check_range(struct sbx_call *call, const struct sbx_upload *upload, size_t there)
{
    const struct http_request *request = call->request;
    struct str text = http_request_header(request, S("Content-Range"));
    struct str wanted = arena_printf(call->arena, "bytes %zu-%zu/%lld", there,
        there + request->body.n - 1, (long long)upload->size);

    if (!str_eq(http_request_header(request, S("Content-Type")), S("application/octet-stream"))) {
        return sbx_refuse(&call->refusal, 415, "ErrorInvalidRequest",
            "The Content-Type must be application/octet-stream.");
    }
    if (http_request_header(request, S("Content-Length")).p == NULL || request->body.n == 0 ||
        text.p == NULL) {
        return refuse(call, "Content-Range", "and Content-Length are needed.");
    }
    if (request->body.n > PIECE_MOST) {
        return sbx_refuse(
            &call->refusal, 413, "RequestEntityTooLarge", "A piece has at most 4 MB.");
    }
    return str_eq(text, wanted) || sbx_refuse(&call->refusal, 416, "InvalidContentRange",
                                       "The range is not the one that comes next.");
}

static bool finish(struct sbx_call *call, struct sbx_task *task, const struct sbx_upload *upload)
{
    struct sbx_attachment attachment = {
        .kind = SBX_ATTACHED_FILE,
        .task = task->row,
        .name = upload->name,
        .type = upload->type,
    };

    (void)sbx_attachment_set_file(&attachment, upload->content);
    sbx_state_add_attachment(
        db_of(call), call->user.id, call->edit.now_us, call->arena, &attachment);
    sbx_upload_remove(db_of(call), upload);
    sbx_graph_touch(call, task);
    call->status = 201;
    call->location = address_of(call, "Attachments", attachment.id);
    return true;
}

bool sbx_graph_put_session(struct sbx_call *call)
{
    CLEANUP(buf_done) struct buf bytes = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    struct sbx_upload upload = { 0 };
    struct sbx_task task = { 0 };
    struct str there;

    if (!find(call, &task, &upload)) {
        return false;
    }
    there = bytes_of(call, &upload);
    if (!check_range(call, &upload, there.n)) {
        return false;
    }
    buf_init(&bytes, SIZE_MAX / 2);
    buf_put(&bytes, there);
    buf_put(&bytes, call->request->body);
    buf_init(&text, SIZE_MAX / 2);
    base64_put(&text, buf_str(&bytes));
    upload.content = arena_copy(call->arena, buf_str(&text));
    if ((int64_t)buf_str(&bytes).n >= upload.size) {
        return finish(call, &task, &upload);
    }
    sbx_upload_put(db_of(call), call->user.id, call->arena, &upload);
    return answer_progress(call, &upload, buf_str(&bytes).n);
}
