#include "bridge/upstream/service_error.h"

#include "bridge/upstream/json.h"
#include "http/date.h"

#include <cjson/cJSON.h>

#define CODE_BYTES 80

/* A code is a name; anything else might be text of the user's. */
static struct str harmless(struct str code, struct arena *arena)
{
    for (size_t i = 0; i < code.n; i++) {
        char c = code.p[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        if (!is_alnum && c != '_' && c != '-' && c != '.') {
            return (struct str){ 0 };
        }
    }
    return arena_copy(arena, str_first(code, CODE_BYTES));
}

static const struct cJSON *inner_of(const struct cJSON *error)
{
    const struct cJSON *inner = cJSON_GetObjectItemCaseSensitive(error, "innerError");

    return inner != NULL ? inner : cJSON_GetObjectItemCaseSensitive(error, "innererror");
}

void service_error_read(struct str body, struct arena *arena, struct service_error *out)
{
    struct cJSON *root = NULL;
    struct err ignored;
    const struct cJSON *error;

    *out = (struct service_error){ 0 };
    if (!json_parse(body, &root, &ignored)) {
        return;
    }
    error = cJSON_GetObjectItemCaseSensitive(root, "error");
    for (; cJSON_IsObject(error) && out->count < SERVICE_CODES; error = inner_of(error)) {
        struct str code = harmless(json_member_text(error, "code"), arena);

        if (code.n > 0) {
            out->codes[out->count++] = code;
        }
    }
    json_free(&root);
}

bool service_error_has(const struct service_error *error, struct str part)
{
    for (size_t i = 0; i < error->count; i++) {
        for (size_t from = 0; from + part.n <= error->codes[i].n; from++) {
            if (str_has_prefix_nocase(str_skip(error->codes[i], from), part)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_write(enum upstream_kind kind)
{
    switch (kind) {
    case UPSTREAM_CREATE_TASK:
    case UPSTREAM_UPDATE_TASK:
    case UPSTREAM_DELETE_TASK:
    case UPSTREAM_COMPLETE_TASK:
    case UPSTREAM_CREATE_FOLDER:
    case UPSTREAM_RENAME_FOLDER:
    case UPSTREAM_DELETE_FOLDER:
    case UPSTREAM_ADD_ATTACHMENT:
    case UPSTREAM_DELETE_ATTACHMENT:
        return true;
    default:
        return false;
    }
}

/* 403: the scope or the licence is missing, or this one value is refused (A.14, F.6). */
static enum err_kind kind_of_403(
    const struct upstream_call *call, const struct service_error *error)
{
    bool is_access = error->count == 0 || service_error_has(error, S("AccessDenied")) ||
                     service_error_has(error, S("RequestDenied")) ||
                     service_error_has(error, S("insufficient_claims"));

    return is_access || !is_write(call->kind) ? ERR_DENIED : ERR_INVALID;
}

/*
 * 404 says that the thing is gone only where the service itself says so: an empty answer or a page
 * of a proxy between us must not make anybody drop data.
 */
static enum err_kind kind_of_404(const struct service_error *error)
{
    return error->count > 0 && !service_error_has(error, S("Mailbox")) ? ERR_NOT_FOUND
                                                                       : ERR_UPSTREAM;
}

static enum err_kind kind_of(
    const struct upstream_call *call, int status, const struct service_error *error)
{
    switch (status) {
    case 401:
        return ERR_DENIED;
    case 403:
        return kind_of_403(call, error);
    case 404:
        return kind_of_404(error);
    case 409:
    case 412:
        return ERR_CONFLICT;
    case 410: /* a stale sync state is the caller's to see before; else the API has retired */
    case 501:
        return ERR_UPSTREAM;
    case 408:
    case 423:
    case 429:
        return ERR_BUSY;
    default:
        return status >= 500 ? ERR_BUSY : status >= 400 ? ERR_INVALID : ERR_UPSTREAM;
    }
}

void service_error_map(const struct upstream_call *call, const struct upstream_answer *answer,
    const struct service_error *error, int64_t now_s, struct upstream_reply *reply)
{
    enum err_kind kind = kind_of(call, answer->status, error);
    unsigned retry_after_s = 0;
    struct str value;

    reply->code = error->count > 0 ? error->codes[0] : (struct str){ 0 };
    reply->is_maybe_gone = answer->status == 404 && error->count == 0;
    reply->is_account_gone =
        answer->status == 410 || (answer->status == 404 && service_error_has(error, S("Mailbox")));
    if (http_header_find(answer->headers, answer->header_count, S("Retry-After"), &value)) {
        (void)http_retry_after_parse(value, now_s, &retry_after_s);
    }
    err_set_code(
        &reply->err, kind, answer->status, "status %d %.*s", answer->status, STR_ARG(reply->code));
    if (kind == ERR_BUSY) {
        reply->err.retry_after_s = retry_after_s;
    }
}
