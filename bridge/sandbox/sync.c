#include "bridge/core/buf.h"
#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/graph.h"
#include "http/uri.h"

#include <cjson/cJSON.h>

#define PAGE_DEFAULT 50
#define PAGE_MAX     1000

bool sbx_is_sync(const struct sbx_call *call)
{
    return call->tracks_changes || call->query.has_delta_token || call->query.has_skip_token;
}

/* A token of one side is none of the other's. */
struct sbx_token_owner sbx_sync_owner(const struct sbx_call *call, const struct sbx_folder *folder)
{
    struct str key = str_from(call->service->key);

    return (struct sbx_token_owner){
        .key = call->is_graph ? arena_printf(call->arena, "todo %.*s", STR_ARG(key)) : key,
        .user = call->user.id,
        .folder = folder != NULL ? folder->row : 0,
        .epoch = call->user.epoch,
        .today = civil_day_of_seconds(call->edit.now_us / CIVIL_MICROS),
    };
}

/* upstream.md A.10.5; a delta request without the preference is not a sync request at all. */
static bool check_options(struct sbx_call *call, const struct sbx_folder *folder)
{
    const struct sbx_query *query = &call->query;

    if (query->filter != NULL || query->orderby.n > 0 || query->has_top || query->has_skip) {
        return sbx_refuse(&call->refusal, 400, "ErrorInvalidUrlQuery",
            "$filter, $orderby, $search, $skip and $top cannot be used when tracking changes.");
    }
    if (query->has_delta_token && !call->tracks_changes) {
        return sbx_refuse(&call->refusal, 400, "ErrorInvalidUrlQuery",
            "A request with a delta token needs Prefer: odata.track-changes.");
    }
    return sbx_check_select(call, folder != NULL ? "Tasks" : "TaskFolders");
}

bool sbx_sync_read_token(
    struct sbx_call *call, const struct sbx_folder *folder, struct sbx_token *out)
{
    const struct sbx_fault *fault = call->fault;
    struct sbx_token_owner owner = sbx_sync_owner(call, folder);
    enum sbx_token_state state = sbx_token_read(
        &owner, call->query.token, !call->is_graph && call->query.has_skip_token, out);

    if (sbx_call_has_fault(call, SBX_FAULT_EXPIRE_DELTA)) {
        call->location = sbx_graph_location(call, folder);
        return sbx_refuse(&call->refusal, fault->status != 0 ? fault->status : 410,
            fault->code != NULL ? fault->code : "SyncStateNotFound",
            "The sync state is not found or has expired.");
    }
    if (state == SBX_TOKEN_EXPIRED) {
        return sbx_refuse(&call->refusal, 410, "SyncStateNotFound",
            "The sync state is not found or has expired.");
    }
    if (state == SBX_TOKEN_WRONG) {
        return sbx_refuse(
            &call->refusal, 400, "ErrorInvalidSyncStateData", "The sync state is not valid.");
    }
    return true;
}

void sbx_sync_load(struct sbx_call *call, const struct sbx_folder *folder,
    const struct sbx_token *token, int64_t limit, struct sbx_page *out)
{
    struct sbx_db *db = call->service->db;
    int64_t gone_after = token->position > token->floor ? token->position : token->floor;
    size_t kept = 0;

    if (folder != NULL) {
        out->item_count = sbx_state_list_changed_tasks(
            db, folder->row, token->position, limit, call->arena, &out->tasks);
    } else {
        out->item_count =
            sbx_state_list_folders(db, call->user.id, token->position, call->arena, &out->folders);
        for (size_t i = 0; i < out->item_count; i++) {
            if (call->is_graph || sbx_folder_is_in_outlook(&out->folders[i])) {
                out->folders[kept++] = out->folders[i];
            }
        }
        out->item_count = kept;
    }
    out->gone_count = sbx_state_list_gone(db, call->user.id, folder != NULL ? folder->row : 0,
        gone_after, limit, call->arena, &out->gone);
}

static cJSON *show_gone(
    struct sbx_call *call, const struct sbx_folder *folder, const struct sbx_gone *gone)
{
    cJSON *json = cJSON_CreateObject();

    if (folder != NULL) {
        sbx_add_context(call, json, "me/TaskFolders('%.*s')/Tasks/$deletedEntity",
            STR_ARG(sbx_context_id(call, folder->id)));
    } else {
        sbx_add_context(call, json, "me/TaskFolders/$deletedEntity");
    }
    sbx_add_str(call, json, "id",
        arena_printf(call->arena, folder != NULL ? "Tasks('%.*s')" : "TaskFolders('%.*s')",
            STR_ARG(gone->id)));
    cJSON_AddStringToObject(json, "reason", "deleted");
    return json;
}

bool sbx_sync_show(struct sbx_call *call, const struct sbx_folder *folder,
    const struct sbx_page *page, int64_t limit, cJSON *value, int64_t *position_out)
{
    size_t item = 0;
    size_t gone = 0;
    int64_t before = *position_out;
    bool has_more;

    for (; limit > 0 && (item < page->item_count || gone < page->gone_count); limit--) {
        int64_t item_seq = item >= page->item_count ? INT64_MAX
                           : folder != NULL         ? page->tasks[item].seq
                                                    : page->folders[item].seq;
        int64_t gone_seq = gone >= page->gone_count ? INT64_MAX : page->gone[gone].seq;
        cJSON *json = NULL;

        if (gone_seq < item_seq) {
            json = call->is_graph ? sbx_graph_show_gone(call, folder, &page->gone[gone])
                                  : show_gone(call, folder, &page->gone[gone]);
            gone++;
            before = *position_out;
            *position_out = gone_seq;
        } else {
            json = folder != NULL ? sbx_show_task(call, &page->tasks[item])
                                  : sbx_show_folder(call, &page->folders[item]);
            item++;
            before = *position_out;
            *position_out = item_seq;
        }
        if (sbx_call_has_fault(call, SBX_FAULT_REPEAT_ITEMS)) {
            cJSON_AddItemToArray(value, cJSON_Duplicate(json, true));
        }
        if (sbx_call_has_fault(call, SBX_FAULT_REVERSE_ITEMS)) {
            cJSON_InsertItemInArray(value, 0, json);
        } else {
            cJSON_AddItemToArray(value, json);
        }
    }
    has_more = item < page->item_count || gone < page->gone_count;
    if (has_more && sbx_call_has_fault(call, SBX_FAULT_REPEAT_ACROSS)) {
        *position_out = before;
    }
    return has_more;
}

/* The spellings of upstream.md A.10.3. */
static void add_link(struct sbx_call *call, const struct sbx_folder *folder,
    const struct sbx_token *token, bool is_initial)
{
    CLEANUP(buf_done) struct buf link = { 0 };
    struct sbx_token_owner owner = sbx_sync_owner(call, folder);
    struct str base = call->mailbox.base;
    bool is_last = !is_initial && !token->is_skip;

    buf_init(&link, 64 * 1024);
    if (sbx_call_has_fault(call, SBX_FAULT_FOREIGN_LINK)) {
        base = arena_printf(call->arena, "%s/api/v2.0",
            call->fault->host != NULL ? call->fault->host : "https://tasks.example.net");
    }
    buf_put(&link, base);
    if (folder != NULL) {
        buf_printf(&link, "/me/TaskFolders('%.*s')/Tasks/?", STR_ARG(folder->id));
    } else {
        buf_put_text(&link, is_last ? "/me/taskfolders/?" : "/me/TaskFolders/?");
    }
    if (call->query.select_text.n > 0) {
        buf_put_text(&link, "%24select=");
        uri_encode_segment(&link, call->query.select_text);
        buf_put_char(&link, '&');
    }
    if (call->query.expand_text.n > 0) {
        buf_put_text(&link, "%24expand=");
        uri_encode_segment(&link, call->query.expand_text);
        buf_put_char(&link, '&');
    }
    buf_put_text(&link, token->is_skip ? "%24skipToken="
                        : is_initial   ? "%24deltatoken="
                                       : "%24deltaToken=");
    buf_put(&link, sbx_token_write(&owner, token, call->arena));
    sbx_add_str(
        call, call->json, token->is_skip ? "@odata.nextLink" : "@odata.deltaLink", buf_str(&link));
}

int64_t sbx_sync_limit(const struct sbx_call *call)
{
    int64_t limit = call->max_page_size > 0 ? call->max_page_size : PAGE_DEFAULT;

    return limit > PAGE_MAX ? PAGE_MAX : limit;
}

bool sbx_sync(struct sbx_call *call, const struct sbx_folder *folder)
{
    bool is_initial = !call->query.has_delta_token && !call->query.has_skip_token;
    int64_t limit = sbx_sync_limit(call);
    int64_t now_seq = sbx_state_seq(call->service->db, call->user.id);
    struct sbx_token token = { .position = 0, .floor = now_seq };
    struct sbx_page page = { 0 };
    cJSON *value = NULL;
    bool has_more = false;

    if (!check_options(call, folder) ||
        (!is_initial && !sbx_sync_read_token(call, folder, &token))) {
        return false;
    }
    sbx_sync_load(call, folder, &token, limit + 1, &page);
    call->status = 200;
    call->json = cJSON_CreateObject();
    if (folder != NULL) {
        sbx_add_context(call, call->json, "me/TaskFolders('%.*s')/Tasks%s",
            STR_ARG(sbx_context_id(call, folder->id)), is_initial ? "" : "/$delta");
    } else {
        sbx_add_context(call, call->json, "me/TaskFolders%s", is_initial ? "" : "/$delta");
    }
    value = cJSON_AddArrayToObject(call->json, "value");
    if (sbx_call_has_fault(call, SBX_FAULT_EMPTY_PAGE)) {
        has_more = true; /* a page without entries, and the round goes on */
    } else {
        has_more = sbx_sync_show(call, folder, &page, limit, value, &token.position);
    }
    if (!has_more) {
        token.position = now_seq;
    }
    token.is_skip = has_more && !is_initial;
    if (!sbx_call_has_fault(call, SBX_FAULT_NO_TRACKING)) {
        call->has_applied_tracking = is_initial;
        add_link(call, folder, &token, is_initial);
    }
    return true;
}
