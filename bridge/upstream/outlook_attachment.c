/* Attachments of a task (upstream.md A.11, seed 000). */
#include "bridge/core/base64.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/outlook_internal.h"
#include "bridge/upstream/service_reply.h"
#include "bridge/upstream/service_request.h"

#include <cjson/cJSON.h>

#define TYPE_PREFIX   "#Microsoft.OutlookServices."
#define MOST_ID_BYTES 2048

/* ---- out ---- */

/* A listing has the content of every file in it unless the members are named; that of a link is not
 * among the members which all kinds have, so it is read singly. */
#define LISTED "?$select=Id,Name,ContentType,Size,IsInline"

static struct str add_body(const struct service_making *making)
{
    CLEANUP(buf_done) struct buf buf;
    const struct task_attachment *attachment = making->call->attachment;
    struct json_out out;

    buf_init(&buf, SIZE_MAX / 2);
    json_out_init(&out, &buf);
    json_out_open(&out, '{');
    json_out_member(&out, "@odata.type",
        attachment->kind == TASK_ATTACHED_FILE ? S(TYPE_PREFIX "FileAttachment")
                                               : S(TYPE_PREFIX "ReferenceAttachment"));
    json_out_member(&out, "Name", attachment->name);
    if (attachment->kind == TASK_ATTACHED_FILE) {
        if (attachment->type.n > 0) {
            json_out_member(&out, "ContentType", attachment->type);
        }
        json_out_bytes(&out, "ContentBytes", making->call->content);
    } else {
        json_out_member(&out, "SourceUrl", attachment->url);
    }
    json_out_close(&out, '}');
    return arena_copy(making->arena, buf_str(&buf));
}

void outlook_build_attachment(struct service_making *making)
{
    const struct upstream_call *call = making->call;

    if (call->link.n > 0) {
        buf_clear(&making->url);
        buf_put(&making->url, call->link);
        making->request.method = S("GET");
        return;
    }
    outlook_put_key(&making->url, "tasks", call->task_id);
    buf_put_text(&making->url, "/attachments");
    if (call->kind == UPSTREAM_LIST_ATTACHMENTS) {
        making->request.method = S("GET");
        buf_put_text(&making->url, LISTED);
    } else if (call->kind == UPSTREAM_ADD_ATTACHMENT) {
        making->request.method = S("POST");
        service_set_json(making, add_body(making));
    } else {
        outlook_put_key(&making->url, "", call->attachment_id);
        making->request.method = call->kind == UPSTREAM_GET_ATTACHMENT ? S("GET") : S("DELETE");
    }
}

/* ---- in ---- */

/* An unknown fourth kind is shown like an item: it is there, and can't be read here. */
static enum task_attachment_kind kind_of(const struct cJSON *entity)
{
    struct str type = json_member_text(entity, "@odata.type");

    return str_eq(type, S(TYPE_PREFIX "FileAttachment"))        ? TASK_ATTACHED_FILE
           : str_eq(type, S(TYPE_PREFIX "ReferenceAttachment")) ? TASK_ATTACHED_LINK
                                                                : TASK_ATTACHED_ITEM;
}

static bool read_content(
    const struct cJSON *entity, struct arena *arena, struct str *out, struct err *err)
{
    struct str text = json_member_text(entity, "ContentBytes");

    if (!base64_decode(text, arena, out)) {
        return err_set(err, ERR_UPSTREAM, "ContentBytes is not base64");
    }
    return true;
}

bool outlook_read_attachment(const struct cJSON *entity, struct arena *arena,
    struct task_attachment *out, struct str *content_out, struct err *err)
{
    struct str id = json_member_text(entity, "Id");
    struct task_attachment attachment = { 0 };
    int32_t bytes = 0;

    if (!cJSON_IsObject(entity) || id.n == 0 || id.n > MOST_ID_BYTES) {
        return err_set(err, ERR_UPSTREAM, "attachment without a usable Id");
    }
    if (!json_member_int(entity, "Size", 0, INT32_MAX, &bytes, err)) {
        return false;
    }
    attachment.kind = kind_of(entity);
    attachment.id = arena_copy(arena, id);
    attachment.name = arena_copy(arena, json_member_text(entity, "Name"));
    attachment.type = arena_copy(arena, json_member_text(entity, "ContentType"));
    attachment.url = arena_copy(arena, json_member_text(entity, "SourceUrl"));
    attachment.bytes = bytes;
    if (content_out != NULL && attachment.kind == TASK_ATTACHED_FILE &&
        !read_content(entity, arena, content_out, err)) {
        return false;
    }
    *out = attachment;
    return true;
}

/* The sample of a link says IsInline, and links are not part of any text (A.11). */
static bool is_inline(const struct cJSON *entity)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entity, "IsInline")) &&
           kind_of(entity) == TASK_ATTACHED_FILE;
}

bool outlook_next_attachment(
    struct upstream_page *page, struct arena *arena, struct task_attachment *out, struct err *err)
{
    const struct cJSON *entity;

    *err = (struct err){ 0 };
    do {
        entity = service_page_next(page);
    } while (entity != NULL && is_inline(entity));
    return entity != NULL && outlook_read_attachment(entity, arena, out, NULL, err);
}
