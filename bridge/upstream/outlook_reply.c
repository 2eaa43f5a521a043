/* Answers in (upstream.md A.3, A.8, A.10, A.14). */
#include "bridge/core/mem.h"
#include "bridge/upstream/outlook_internal.h"
#include "bridge/upstream/service_error.h"
#include "bridge/upstream/service_reply.h"
#include "http/uri.h"

#include <cjson/cJSON.h>

bool outlook_link_has(struct str link, struct str name, struct arena *arena)
{
    struct str query = str_skip(link, str_find_char(link, '?'));
    struct str pair, decoded;

    query = str_skip(query, 1);
    while (str_next(&query, '&', &pair)) {
        struct str key = str_first(pair, str_find_char(pair, '='));

        if (!uri_decode(key, arena, &decoded)) {
            continue;
        }
        if (str_has_prefix(decoded, S("$"))) {
            decoded = str_skip(decoded, 1);
        }
        if (str_eq_nocase(decoded, name)) {
            return true;
        }
    }
    return false;
}

/* ---- pages ---- */

static bool is_sync(enum upstream_kind kind)
{
    return kind == UPSTREAM_SYNC_TASKS || kind == UPSTREAM_SYNC_FOLDERS;
}

/*
 * Only a first answer says whether the service tracks the collection. A delta link proves it even
 * where a proxy has dropped the header.
 */
static bool is_tracked(
    const struct upstream_call *call, const struct upstream_answer *answer, bool has_delta_link)
{
    if (call->link.n > 0) {
        return !str_has_suffix(call->link, S(OUTLOOK_UNTRACKED));
    }
    return has_delta_link || http_header_has_token(answer->headers, answer->header_count,
                                 S("Preference-Applied"), S("odata.track-changes"));
}

/* A.10.2: the delta link of a first answer is not the end of the round. */
static void read_sync_link(const struct upstream_call *call, const struct upstream_answer *answer,
    struct str next, struct str delta, struct arena *arena, struct upstream_reply *reply)
{
    bool is_first = call->link.n == 0;
    bool tracked = is_tracked(call, answer, delta.n > 0);

    if (next.n > 0) {
        reply->link_kind = UPSTREAM_LINK_MORE;
        reply->link = tracked ? arena_copy(arena, next)
                              : arena_printf(arena, "%.*s" OUTLOOK_UNTRACKED, STR_ARG(next));
    } else if (delta.n > 0) {
        reply->link_kind = is_first ? UPSTREAM_LINK_MORE : UPSTREAM_LINK_DONE;
        reply->link = arena_copy(arena, delta);
    } else if (tracked) {
        err_set(&reply->err, ERR_UPSTREAM, "sync answer without a link");
    }
}

static void read_link(const struct upstream_call *call, const struct upstream_answer *answer,
    const struct cJSON *root, struct arena *arena, struct upstream_reply *reply)
{
    struct str next = json_member_text(root, "@odata.nextLink");

    if (is_sync(call->kind)) {
        read_sync_link(
            call, answer, next, json_member_text(root, "@odata.deltaLink"), arena, reply);
    } else if (next.n > 0) {
        reply->link_kind = UPSTREAM_LINK_MORE;
        reply->link = arena_copy(arena, next);
    }
    if (reply->link_kind == UPSTREAM_LINK_MORE && str_eq(reply->link, call->link)) {
        err_set(&reply->err, ERR_UPSTREAM, "a page that links to itself");
    }
}

static void parse_page(const struct upstream_call *call, const struct upstream_answer *answer,
    struct cJSON **root, struct arena *arena, struct upstream_reply *reply)
{
    const struct cJSON *value = cJSON_GetObjectItemCaseSensitive(*root, "value");

    if (!cJSON_IsArray(value)) {
        err_set(&reply->err, ERR_UPSTREAM, "listing without value");
        return;
    }
    read_link(call, answer, *root, arena, reply);
    if (reply->err.kind != ERR_NONE) {
        return;
    }
    reply->page = service_page_new(TAKE(*root), call, outlook_read_marker);
}

bool outlook_next_item(
    struct upstream_page *page, struct arena *arena, struct upstream_item *out, struct err *err)
{
    const struct cJSON *entity = service_page_next(page);

    *err = (struct err){ 0 };
    return entity != NULL && outlook_read_item(entity, page->zone, arena, out, err);
}

bool outlook_next_folder(
    struct upstream_page *page, struct arena *arena, struct upstream_folder *out, struct err *err)
{
    const struct cJSON *entity = service_page_next(page);

    *err = (struct err){ 0 };
    return entity != NULL &&
           outlook_read_folder(entity, page->kind == UPSTREAM_LIST_GROUPS, arena, out, err);
}

/* ---- answers ---- */

/* A single GET shows all there is: what is absent is not set (upstream.md H.2, rule 1). */
static void parse_task(const struct upstream_call *call, const struct cJSON *root,
    struct arena *arena, struct upstream_reply *reply)
{
    if (outlook_read_item(root, call->zone, arena, &reply->item, &reply->err) &&
        call->kind == UPSTREAM_GET_TASK) {
        reply->item.task.present = TASK_ALL_FIELDS;
    }
}

static void parse_success(const struct upstream_call *call, const struct upstream_answer *answer,
    struct arena *arena, struct upstream_reply *reply)
{
    struct cJSON *root = NULL;

    if (call->kind == UPSTREAM_DELETE_TASK || call->kind == UPSTREAM_DELETE_FOLDER ||
        call->kind == UPSTREAM_DELETE_ATTACHMENT) {
        return; /* 204, nothing to read */
    }
    if (service_reply_silence(call, answer, arena, reply) ||
        !json_parse(answer->body, &root, &reply->err)) {
        return;
    }
    switch (call->kind) {
    case UPSTREAM_GET_TASK:
    case UPSTREAM_CREATE_TASK:
    case UPSTREAM_UPDATE_TASK:
        parse_task(call, root, arena, reply);
        break;
    case UPSTREAM_GET_ATTACHMENT:
    case UPSTREAM_ADD_ATTACHMENT:
        (void)!outlook_read_attachment(root, arena, &reply->attachment,
            call->kind == UPSTREAM_GET_ATTACHMENT ? &reply->content : NULL, &reply->err);
        break;
    case UPSTREAM_CREATE_FOLDER:
    case UPSTREAM_RENAME_FOLDER:
        (void)!outlook_read_folder(root, false, arena, &reply->folder, &reply->err);
        break;
    default:
        parse_page(call, answer, &root, arena, reply);
        break;
    }
    json_free(&root);
}

/* The answer to a token that is too old is documented nowhere (unconfirmed): A.10.5. */
static bool is_expired(
    const struct upstream_call *call, int status, const struct service_error *error)
{
    return is_sync(call->kind) && call->link.n > 0 &&
           (status == 410 ||
               ((status == 400 || status == 404) && service_error_has(error, S("SyncState"))));
}

static void parse_failure(const struct upstream_call *call, const struct upstream_answer *answer,
    int64_t now_s, struct arena *arena, struct upstream_reply *reply)
{
    struct service_error error;

    service_error_read(answer->body, arena, &error);
    service_error_map(call, answer, &error, now_s, reply);
    if (is_expired(call, answer->status, &error)) {
        reply->is_forgotten = true;
        reply->is_account_gone = false;
        reply->err.kind = ERR_UPSTREAM;
    }
}

void outlook_parse(const struct upstream_call *call, const struct upstream_answer *answer,
    int64_t now_s, struct arena *arena, struct upstream_reply *reply)
{
    reply->service_date_s = service_reply_date(answer);
    if (answer->status >= 200 && answer->status < 300) {
        parse_success(call, answer, arena, reply);
    } else {
        parse_failure(call, answer, now_s, arena, reply);
    }
}
