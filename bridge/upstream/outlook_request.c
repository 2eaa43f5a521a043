/* Calls out (upstream.md A.3, A.10, A.12). Ids in URLs are percent-encoded. */
#include "bridge/core/mem.h"
#include "bridge/upstream/outlook_internal.h"
#include "bridge/upstream/service_request.h"
#include "http/uri.h"

#define DEFAULT_PAGE 200 /**< entries; about a quarter of a megabyte */
#define LARGEST_PAGE 1000

bool outlook_can(enum upstream_kind kind)
{
    return (int)kind >= 0 && kind < UPSTREAM_KIND_COUNT && kind != UPSTREAM_LIST_SUBTASKS &&
           kind != UPSTREAM_KEEP && kind != UPSTREAM_KEEP_FIRST;
}

void outlook_put_key(struct buf *url, const char *collection, struct str id)
{
    struct str part;

    buf_printf(url, "%s('", collection);
    for (bool is_first = true; str_next(&id, '\'', &part); is_first = false) {
        buf_put_text(url, is_first ? "" : "%27%27");
        uri_encode_segment(url, part);
    }
    buf_put_text(url, "')");
}

static void put_expand(struct service_making *making, char separator)
{
    buf_put_char(&making->url, separator);
    buf_put_text(&making->url, "$expand=");
    uri_encode_segment(&making->url,
        S("SingleValueExtendedProperties($filter=PropertyId eq '" OUTLOOK_MARKER "')"));
}

/* By the marker, and showing it: a service that ignored the filter must not make us adopt a
 * stranger's task. */
static void put_marker_query(struct service_making *making)
{
    struct arena *arena = making->arena;
    struct str filter = arena_printf(arena,
        "SingleValueExtendedProperties/Any(ep: ep/PropertyId eq '%s' and ep/Value eq '%.*s')",
        OUTLOOK_MARKER, STR_ARG(making->call->marker));

    buf_put_text(&making->url, "?$filter=");
    uri_encode_segment(&making->url, filter);
    put_expand(making, '&');
}

/* A service that tracks wants to hear so on every request but those that go on by a skip token. */
static void add_sync_headers(struct service_making *making)
{
    struct str link = making->call->link;
    unsigned size = making->call->page_size > 0 ? making->call->page_size : DEFAULT_PAGE;

    if (!str_has_suffix(link, S(OUTLOOK_UNTRACKED)) &&
        !outlook_link_has(link, S("skiptoken"), making->arena)) {
        service_add_header(making, S("Prefer"), S("odata.track-changes"));
    }
    service_add_header(making, S("Prefer"),
        arena_printf(
            making->arena, "odata.maxpagesize=%u", size < LARGEST_PAGE ? size : LARGEST_PAGE));
}

static void put_link(struct service_making *making)
{
    struct str link = making->call->link;

    if (str_has_suffix(link, S(OUTLOOK_UNTRACKED))) {
        link.n -= sizeof(OUTLOOK_UNTRACKED) - 1;
    }
    buf_clear(&making->url);
    buf_put(&making->url, link);
}

static bool build_listing(struct service_making *making, struct err *err)
{
    const struct upstream_call *call = making->call;
    bool is_find = call->kind == UPSTREAM_FIND_TASK || call->kind == UPSTREAM_FIND_FOLDER;

    if (is_find && (call->marker.n == 0 || str_find_char(call->marker, '\'') != SIZE_MAX)) {
        return err_set(err, ERR_INVALID, "no marker to find by");
    }
    making->request.method = S("GET");
    if (call->link.n > 0) {
        put_link(making);
    } else if (call->kind == UPSTREAM_LIST_GROUPS) {
        buf_put_text(&making->url, "taskgroups");
    } else if (call->kind == UPSTREAM_SYNC_FOLDERS || call->kind == UPSTREAM_FIND_FOLDER) {
        buf_put_text(&making->url, "TaskFolders");
    } else {
        outlook_put_key(&making->url, "TaskFolders", call->folder_id);
        buf_put_text(&making->url, "/Tasks");
    }
    if (is_find && call->link.n == 0) {
        put_marker_query(making);
    }
    if (call->kind == UPSTREAM_SYNC_FOLDERS || call->kind == UPSTREAM_SYNC_TASKS) {
        add_sync_headers(making);
    }
    return true;
}

static struct str create_body(const struct service_making *making)
{
    CLEANUP(buf_done) struct buf buf;
    const struct upstream_call *call = making->call;
    struct json_out out;
    struct str task = S("{");

    buf_init(&buf, SIZE_MAX / 2);
    json_out_init(&out, &buf);
    if (call->kind == UPSTREAM_CREATE_TASK) {
        task = outlook_write_task(call->task, call->fields, call->zone, true, making->arena);
        task.n--; /* its last brace: members follow */
        buf_put(&buf, task);
        out.needs_comma = true;
    } else {
        json_out_open(&out, '{');
        json_out_member(&out, "Name", call->name);
    }
    if (call->marker.n > 0) {
        outlook_write_marker(&out, call->marker);
    }
    json_out_close(&out, '}');
    return arena_copy(making->arena, buf_str(&buf));
}

static void build_create(struct service_making *making)
{
    making->request.method = S("POST");
    if (making->call->kind == UPSTREAM_CREATE_TASK) {
        outlook_put_key(&making->url, "taskfolders", making->call->folder_id);
        buf_put_text(&making->url, "/tasks");
    } else {
        buf_put_text(&making->url, "taskfolders");
    }
    service_set_json(making, create_body(making));
}

static void build_task_call(struct service_making *making)
{
    const struct upstream_call *call = making->call;

    outlook_put_key(&making->url, "tasks", call->task_id);
    if (call->kind == UPSTREAM_GET_TASK) {
        making->request.method = S("GET");
        if (call->marker.n > 0) {
            put_expand(making, '?');
        }
    } else if (call->kind == UPSTREAM_DELETE_TASK) {
        making->request.method = S("DELETE");
    } else if (call->kind == UPSTREAM_UPDATE_TASK) {
        making->request.method = S("PATCH");
        service_set_json(
            making, outlook_write_task(call->task, call->fields, call->zone, false, making->arena));
    } else {
        making->request.method = S("POST");
        making->request.has_body = true; /* empty, but its length must be said (A.3) */
        buf_put_text(&making->url, "/complete");
    }
    if (call->etag.n > 0 &&
        (call->kind == UPSTREAM_UPDATE_TASK || call->kind == UPSTREAM_DELETE_TASK)) {
        service_add_header(making, S("If-Match"), call->etag);
    }
}

static void build_folder_call(struct service_making *making)
{
    outlook_put_key(&making->url, "taskfolders", making->call->folder_id);
    if (making->call->kind == UPSTREAM_DELETE_FOLDER) {
        making->request.method = S("DELETE");
    } else {
        making->request.method = S("PATCH");
        service_set_json(making, service_name_body(making, "Name"));
    }
}

static bool build_kind(struct service_making *making, struct err *err)
{
    switch (making->call->kind) {
    case UPSTREAM_SYNC_FOLDERS:
    case UPSTREAM_LIST_GROUPS:
    case UPSTREAM_SYNC_TASKS:
    case UPSTREAM_FIND_TASK:
    case UPSTREAM_FIND_FOLDER:
        return build_listing(making, err);
    case UPSTREAM_CREATE_TASK:
    case UPSTREAM_CREATE_FOLDER:
        build_create(making);
        return true;
    case UPSTREAM_GET_TASK:
    case UPSTREAM_UPDATE_TASK:
    case UPSTREAM_DELETE_TASK:
    case UPSTREAM_COMPLETE_TASK:
        build_task_call(making);
        return true;
    case UPSTREAM_RENAME_FOLDER:
    case UPSTREAM_DELETE_FOLDER:
        build_folder_call(making);
        return true;
    case UPSTREAM_LIST_ATTACHMENTS:
    case UPSTREAM_GET_ATTACHMENT:
    case UPSTREAM_ADD_ATTACHMENT:
    case UPSTREAM_DELETE_ATTACHMENT:
        outlook_build_attachment(making);
        return true;
    case UPSTREAM_LIST_SUBTASKS:
    case UPSTREAM_KEEP:
    case UPSTREAM_KEEP_FIRST:
    case UPSTREAM_KIND_COUNT:
        break;
    }
    return err_set(err, ERR_INVALID, "no such call in this dialect");
}

bool outlook_build(const struct upstream_call *call, struct str base_url, struct arena *arena,
    struct upstream_request *out, struct err *err)
{
    struct service_making making;

    service_making_init(&making, call, base_url, arena);
    return service_making_finish(&making, build_kind(&making, err), out, err);
}
