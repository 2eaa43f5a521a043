#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/graph.h"
#include "http/uri.h"

#include <cjson/cJSON.h>

cJSON *sbx_graph_show_gone(
    struct sbx_call *call, const struct sbx_folder *folder, const struct sbx_gone *gone)
{
    cJSON *json = cJSON_CreateObject();

    cJSON_AddStringToObject(cJSON_AddObjectToObject(json, "@removed"), "reason", "deleted");
    sbx_add_str(call, json, "id", folder != NULL ? sbx_graph_task_id(call, gone->id) : gone->id);
    return json;
}

static void put_address(
    struct buf *link, const struct sbx_call *call, const struct sbx_folder *folder)
{
    struct str base = call->mailbox.base;

    if (sbx_call_has_fault(call, SBX_FAULT_FOREIGN_LINK)) {
        base = arena_printf(call->arena, "%s/v1.0",
            call->fault->host != NULL ? call->fault->host : "https://tasks.example.net");
    }
    buf_printf(link, "%.*s/me/todo/lists/", STR_ARG(base));
    if (folder != NULL) {
        uri_encode_segment(link, folder->id);
        buf_put_text(link, "/tasks/");
    }
    buf_put_text(link, "delta");
}

struct str sbx_graph_location(const struct sbx_call *call, const struct sbx_folder *folder)
{
    CLEANUP(buf_done) struct buf link = { 0 };

    if (call->fault->location == NULL) {
        return (struct str){ 0 };
    }
    if (!str_eq(str_from(call->fault->location), S("fresh"))) {
        return arena_copy(call->arena, str_from(call->fault->location));
    }
    buf_init(&link, 64 * 1024);
    put_address(&link, call, folder);
    return arena_copy(call->arena, buf_str(&link));
}

/* Raw and encoded '$' both occur; the deltaLink of the lists says skiptoken in the one sample that
 * there is (upstream.md B.10): only the member's name tells what a link is. */
static void add_link(struct sbx_call *call, const struct sbx_folder *folder,
    const struct sbx_token *token, bool has_more)
{
    CLEANUP(buf_done) struct buf link = { 0 };
    struct sbx_token_owner owner = sbx_sync_owner(call, folder);

    buf_init(&link, 64 * 1024);
    put_address(&link, call, folder);
    buf_put_text(&link, has_more || folder == NULL ? "?$skiptoken=" : "?%24deltatoken=");
    buf_put(&link, sbx_token_write(&owner, token, call->arena));
    if (call->query.expand_text.n > 0) {
        buf_put_text(&link, "&%24expand=");
        uri_encode_segment(&link, call->query.expand_text);
    }
    sbx_add_str(
        call, call->json, has_more ? "@odata.nextLink" : "@odata.deltaLink", buf_str(&link));
}

static bool check_options(struct sbx_call *call, bool is_initial)
{
    const struct sbx_query *query = &call->query;

    if (query->filter != NULL || query->orderby.n > 0 || query->has_skip ||
        query->select_count > 0 || (query->has_top && !is_initial)) {
        return sbx_refuse(&call->refusal, 400, "ErrorInvalidUrlQuery", "Invalid request");
    }
    return true;
}

/* folder NULL: of the lists. */
static bool delta(struct sbx_call *call, const struct sbx_folder *folder)
{
    bool is_initial = !call->query.has_delta_token && !call->query.has_skip_token;
    int64_t limit = call->query.has_top ? call->query.top : sbx_sync_limit(call);
    int64_t now_seq = sbx_state_seq(call->service->db, call->user.id);
    struct sbx_token token = { .position = 0, .floor = now_seq };
    struct sbx_page page = { 0 };
    cJSON *value = NULL;
    bool has_more = false;

    if (!check_options(call, is_initial) ||
        (!is_initial && !sbx_sync_read_token(call, folder, &token))) {
        return false;
    }
    sbx_sync_load(call, folder, &token, limit + 1, &page);
    call->status = 200;
    call->json = cJSON_CreateObject();
    sbx_add_context(
        call, call->json, folder != NULL ? "Collection(todoTask)" : "Collection(todoTaskList)");
    value = cJSON_AddArrayToObject(call->json, "value");
    if (sbx_call_has_fault(call, SBX_FAULT_EMPTY_PAGE)) {
        has_more = true; /* a page without entries, and the round goes on */
    } else {
        has_more = sbx_sync_show(call, folder, &page, limit, value, &token.position);
    }
    if (!has_more) {
        token.position = now_seq;
    }
    if (!sbx_call_has_fault(call, SBX_FAULT_NO_TRACKING)) {
        add_link(call, folder, &token, has_more);
    }
    return true;
}

bool sbx_graph_lists_delta(struct sbx_call *call)
{
    return delta(call, NULL);
}

bool sbx_graph_tasks_delta(struct sbx_call *call)
{
    struct sbx_folder folder = { 0 };

    call->is_delta = true;
    return sbx_graph_find_list(call, &folder) && delta(call, &folder);
}
