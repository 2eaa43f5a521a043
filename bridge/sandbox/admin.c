#include "bridge/sandbox/admin.h"

#include "bridge/core/clock.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/graph.h"
#include "bridge/sandbox/sandbox_internal.h"
#include "bridge/sandbox/service.h"
#include "http/uri.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>

#define SEED_MAX 100000

static const char *const folder_kinds[] = {
    [SBX_FOLDER_OWN] = "own",
    [SBX_FOLDER_SHARED_BY] = "shared_by",
    [SBX_FOLDER_SHARED_WITH] = "shared_with",
    [SBX_FOLDER_FLAGGED] = "flagged",
};

/** One request to the administration. */
struct admin {
    struct sandbox *sandbox;
    struct http_request *request;
    struct arena *arena;
    cJSON *body;   /**< an object, perhaps empty; an array for faults */
    cJSON *answer; /**< NULL: {} */
    bool is_later; /**< the answer comes later */
    struct sbx_refusal refusal;
};

static bool refuse(struct admin *admin, const char *text)
{
    return sbx_refuse(&admin->refusal, 400, "BadRequest", "%s", text);
}

static struct str text_member(const struct admin *admin, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(admin->body, name);

    return member != NULL && cJSON_IsString(member)
               ? arena_copy(admin->arena, str_from(member->valuestring))
               : (struct str){ 0 };
}

static int64_t number_member(const struct admin *admin, const char *name, int64_t other)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(admin->body, name);

    return member != NULL && cJSON_IsNumber(member) ? (int64_t)member->valuedouble : other;
}

static struct str lower(struct admin *admin, struct str text)
{
    char *p = (char *)arena_alloc(admin->arena, text.n + 1);

    for (size_t i = 0; i < text.n; i++) {
        p[i] = (char)tolower((unsigned char)text.p[i]);
    }
    return (struct str){ p, text.n };
}

static struct str query_text(struct admin *admin, const char *name)
{
    struct str value = { 0 };

    uri_query_value(admin->request->query, str_from(name), admin->arena, &value);
    return value;
}

static int64_t query_number(struct admin *admin, const char *name)
{
    int64_t value = 0;

    return str_to_i64(query_text(admin, name), &value) ? value : 0;
}

static bool finish_db(struct admin *admin, bool keep)
{
    struct err err = { 0 };

    return sbx_db_finish(admin->sandbox->db, keep, &err) ||
           sbx_refuse(&admin->refusal, 500, "State", "%s", err.text);
}

static bool find_user(struct admin *admin, struct str name, struct sbx_user *out)
{
    return sbx_state_find_user(admin->sandbox->db, name, admin->arena, out) ||
           refuse(admin, "there is no such user");
}

/* Requests */

static bool get_requests(struct admin *admin)
{
    struct sbx_record_match match = {
        .method = query_text(admin, "method"),
        .path = lower(admin, query_text(admin, "path")),
        .user = query_text(admin, "user"),
        .status = query_number(admin, "status"),
        .after = query_number(admin, "after"),
        .is_arrived = query_number(admin, "arrived") != 0,
    };
    cJSON *loads = NULL;

    admin->answer = cJSON_CreateObject();
    cJSON_AddItemToObject(
        admin->answer, "requests", sbx_records_write(admin->sandbox->records, &match));
    loads = cJSON_AddObjectToObject(admin->answer, "loads");
    for (struct sbx_load *load = admin->sandbox->loads; load != NULL; load = load->next) {
        struct sqlite3_stmt *query = sbx_db_query(
            admin->sandbox->db, "SELECT name FROM users WHERE id = ?1", "i", load->user);

        while (sbx_db_step(admin->sandbox->db, query)) {
            cJSON *json = cJSON_AddObjectToObject(loads, sbx_column_str(query, 0, admin->arena).p);

            cJSON_AddNumberToObject(json, "now", load->now);
            cJSON_AddNumberToObject(json, "most", load->most);
            cJSON_AddNumberToObject(json, "refused", load->refused);
        }
    }
    return true;
}

static bool delete_requests(struct admin *admin)
{
    sbx_records_clear(admin->sandbox->records);
    return true;
}

static void on_wait_gone(void *arg)
{
    struct sbx_wait *wait = (struct sbx_wait *)arg;
    struct sbx_wait **at = &wait->sandbox->waits;

    while (*at != NULL && *at != wait) {
        at = &(*at)->next;
    }
    if (*at == wait) {
        *at = wait->next;
        http_respond_cut(wait->request);
    }
}

static bool post_wait(struct admin *admin)
{
    struct sbx_wait *wait = ARENA_NEW(admin->arena, struct sbx_wait);
    int64_t count = number_member(admin, "count", 1);

    if (count < 1) {
        return refuse(admin, "count must be at least 1");
    }
    *wait = (struct sbx_wait){
        .sandbox = admin->sandbox,
        .request = admin->request,
        .match = {
            .method = text_member(admin, "method"),
            .path = lower(admin, text_member(admin, "path")),
            .user = text_member(admin, "user"),
            .status = number_member(admin, "status", 0),
            .after = number_member(admin, "after", 0),
            .is_arrived =
                cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(admin->body, "arrived")),
        },
        .count = (size_t)count,
        .next = admin->sandbox->waits,
    };
    admin->sandbox->waits = wait;
    admin->is_later = true;
    http_request_on_gone(admin->request, on_wait_gone, wait);
    return true;
}

/* Faults */

static bool get_faults(struct admin *admin)
{
    admin->answer = sbx_faults_write(&admin->sandbox->faults);
    return true;
}

static bool post_faults(struct admin *admin)
{
    return sbx_faults_add(&admin->sandbox->faults, admin->body, &admin->refusal);
}

static bool delete_faults(struct admin *admin)
{
    sbx_faults_clear(&admin->sandbox->faults);
    return true;
}

static bool post_release(struct admin *admin)
{
    int64_t count = number_member(admin, "count", INT64_MAX);
    struct str path = lower(admin, text_member(admin, "path"));

    admin->answer = cJSON_CreateObject();
    cJSON_AddNumberToObject(admin->answer, "released",
        (double)sbx_release(admin->sandbox, path, count > 0 ? (size_t)count : 0));
    return true;
}

/* State */

static bool post_users(struct admin *admin)
{
    struct err err = { 0 };

    return sandbox_add_user(
               admin->sandbox, text_member(admin, "name"), text_member(admin, "token"), &err) ||
           refuse(admin, err.text);
}

static bool get_personality(struct admin *admin)
{
    admin->answer = sbx_personality_write(&admin->sandbox->service.personality);
    return true;
}

static bool post_personality(struct admin *admin)
{
    return sbx_personality_read(&admin->sandbox->service.personality, admin->body, &admin->refusal);
}

static bool delete_personality(struct admin *admin)
{
    admin->sandbox->service.personality = (struct sbx_personality){ 0 };
    return true;
}

static bool post_folders(struct admin *admin)
{
    struct sbx_folder folder = { .group_key = S(SBX_DEFAULT_GROUP_KEY) };
    struct str kind = text_member(admin, "kind");
    struct sbx_user user = { 0 };
    size_t number = 0;

    folder.name = text_member(admin, "name");
    while (number < ARRAY_LEN(folder_kinds) && !str_eq(kind, str_from(folder_kinds[number]))) {
        number++;
    }
    if (number == ARRAY_LEN(folder_kinds) || folder.name.n == 0) {
        return refuse(admin, "a folder needs a name and a kind");
    }
    if (!find_user(admin, text_member(admin, "user"), &user)) {
        return false;
    }
    folder.kind = (enum sbx_folder_kind)number;
    sbx_db_begin(admin->sandbox->db);
    sbx_state_put_folder(admin->sandbox->db, user.id, admin->arena, &folder);
    admin->answer = cJSON_CreateObject();
    cJSON_AddStringToObject(admin->answer, "id", arena_copy(admin->arena, folder.id).p);
    return finish_db(admin, true);
}

static bool post_expire_tokens(struct admin *admin)
{
    struct sbx_user user = { 0 };
    struct str name = text_member(admin, "user");

    if (name.n > 0 && !find_user(admin, name, &user)) {
        return false;
    }
    sbx_db_begin(admin->sandbox->db);
    sbx_state_expire_tokens(admin->sandbox->db, user.id);
    return finish_db(admin, true);
}

static bool seed_tasks(struct admin *admin, int64_t count)
{
    struct sbx_db *db = admin->sandbox->db;
    struct str folder_id = text_member(admin, "folder");
    struct str prefix = text_member(admin, "prefix");
    struct sbx_folder folder = { 0 };
    struct sbx_user user = { 0 };

    if (!find_user(admin, text_member(admin, "user"), &user)) {
        return false;
    }
    if (!sbx_state_find_folder(
            db, user.id, folder_id.n > 0 ? folder_id : S("Tasks"), admin->arena, &folder)) {
        return refuse(admin, "there is no such folder");
    }
    for (int64_t i = 1; i <= count; i++) {
        struct sbx_task task = { 0 };

        sbx_task_init(&task);
        task.folder = folder.row;
        task.subject = arena_printf(
            admin->arena, "%.*s%lld", STR_ARG(prefix.n > 0 ? prefix : S("Task ")), (long long)i);
        sbx_state_put_task(db, user.id, clock_now_us(), admin->arena, &task);
    }
    return true;
}

static bool post_seed(struct admin *admin)
{
    int64_t count = number_member(admin, "count", 0);
    struct err err = { 0 };
    bool is_seeded = false;

    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(admin->body, "demo"))) {
        return sandbox_seed_demo(
                   admin->sandbox, text_member(admin, "user"), text_member(admin, "zone"), &err) ||
               refuse(admin, err.text);
    }
    if (count < 1 || count > SEED_MAX) {
        return refuse(admin, "count must be 1 to 100000");
    }
    sbx_db_begin(admin->sandbox->db);
    is_seeded = seed_tasks(admin, count);
    return finish_db(admin, is_seeded) && is_seeded;
}

static void add_properties(struct sbx_call *call, cJSON *json, struct str owner)
{
    cJSON *list = cJSON_AddObjectToObject(json, "properties");
    struct sbx_property *properties = NULL;
    size_t count = sbx_state_list_properties(call->service->db, owner, call->arena, &properties);

    for (size_t i = 0; i < count; i++) {
        sbx_add_str(call, list, properties[i].name.p, properties[i].value);
    }
}

static bool get_state(struct admin *admin)
{
    struct sbx_call call = { .service = &admin->sandbox->service, .arena = admin->arena };
    struct sbx_group *groups = NULL;
    struct sbx_folder *folders = NULL;
    struct sbx_task *tasks = NULL;
    size_t count = 0;
    cJSON *list = NULL;

    if (!find_user(admin, query_text(admin, "user"), &call.user)) {
        return false;
    }
    call.edit.zone = sbx_zones_find(call.service->zones, S("UTC"));
    call.query.parts = SBX_EXPAND_CHECKLIST | SBX_EXPAND_LINKS | SBX_EXPAND_EXTENSIONS;
    call.mailbox = sbx_mailbox_of(&call.user, S(""), admin->arena);
    admin->answer = cJSON_CreateObject();
    list = cJSON_AddArrayToObject(admin->answer, "groups");
    count = sbx_state_list_groups(call.service->db, call.user.id, admin->arena, &groups);
    for (size_t i = 0; i < count; i++) {
        cJSON_AddItemToArray(list, sbx_show_group(&call, &groups[i]));
    }
    list = cJSON_AddArrayToObject(admin->answer, "folders");
    count = sbx_state_list_folders(call.service->db, call.user.id, 0, admin->arena, &folders);
    for (size_t i = 0; i < count; i++) {
        cJSON *json = sbx_show_folder(&call, &folders[i]);

        add_properties(&call, json, folders[i].id);
        cJSON_AddStringToObject(json, "Kind", folder_kinds[folders[i].kind]);
        cJSON_AddItemToArray(list, json);
    }
    list = cJSON_AddArrayToObject(admin->answer, "tasks");
    count = sbx_state_list_tasks(call.service->db, call.user.id, 0, 0, -1, admin->arena, &tasks);
    for (size_t i = 0; i < count; i++) {
        cJSON *json = sbx_show_task(&call, &tasks[i]);

        sbx_add_str(&call, json, "FolderId", tasks[i].folder_id);
        add_properties(&call, json, tasks[i].id);
        sbx_graph_add_children(&call, json, tasks[i].id);
        cJSON_AddItemToArray(list, json);
    }
    return finish_db(admin, false);
}

static const struct {
    enum http_method method;
    const char *path;
    bool (*answer)(struct admin *admin);
} routes[] = {
    { HTTP_GET, "/admin/requests", get_requests },
    { HTTP_DELETE, "/admin/requests", delete_requests },
    { HTTP_POST, "/admin/users", post_users },
    { HTTP_GET, "/admin/faults", get_faults },
    { HTTP_POST, "/admin/faults", post_faults },
    { HTTP_DELETE, "/admin/faults", delete_faults },
    { HTTP_POST, "/admin/release", post_release },
    { HTTP_POST, "/admin/wait", post_wait },
    { HTTP_POST, "/admin/expire-tokens", post_expire_tokens },
    { HTTP_POST, "/admin/folders", post_folders },
    { HTTP_GET, "/admin/personality", get_personality },
    { HTTP_POST, "/admin/personality", post_personality },
    { HTTP_DELETE, "/admin/personality", delete_personality },
    { HTTP_POST, "/admin/seed", post_seed },
    { HTTP_GET, "/admin/state", get_state },
};

static bool run(struct admin *admin)
{
    struct http_request *request = admin->request;

    admin->body = request->body.n > 0 ? cJSON_ParseWithLength(request->body.p, request->body.n)
                                      : cJSON_CreateObject();
    if (admin->body == NULL) {
        return refuse(admin, "the body is not JSON");
    }
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (routes[i].method == request->method &&
            str_eq(request->path, str_from(routes[i].path))) {
            return routes[i].answer(admin);
        }
    }
    return sbx_refuse(&admin->refusal, 404, "NotFound", "no such method and path");
}

void sbx_admin_answer(struct sandbox *sandbox, struct http_request *request)
{
    struct admin admin = { .sandbox = sandbox, .request = request, .arena = request->arena };
    int status = run(&admin) ? 200 : admin.refusal.status;
    char *text = NULL;

    cJSON_Delete(admin.body);
    if (admin.is_later) {
        sbx_check_waits(sandbox);
        return;
    }
    if (status != 200) {
        cJSON_Delete(admin.answer);
        admin.answer = sbx_error_body(&admin.refusal);
    }
    text = admin.answer != NULL ? cJSON_PrintUnformatted(admin.answer) : NULL;
    cJSON_Delete(admin.answer);
    http_respond_text(
        request, status, S("application/json"), text != NULL ? str_from(text) : S("{}"));
    cJSON_free(text);
}
