#pragma once
/**
 * One request to the service on its way: what it says, who it is from, and the answer in the
 * making. Lives in the request's arena; the JSON is freed with sbx_call_done.
 */
#include "bridge/sandbox/fault.h"
#include "bridge/sandbox/personality.h"
#include "bridge/sandbox/query.h"
#include "bridge/sandbox/state.h"
#include "http/server.h"

/** The service behind all calls. */
struct sbx_service {
    struct sbx_db *db;
    struct sbx_zones *zones;
    char *key; /**< of the sync tokens */
    struct sbx_personality personality;
};

#define SBX_KEYS_MAX 3

struct sbx_call {
    const struct sbx_service *service;
    const struct http_request *request; /**< its headers */
    struct arena *arena;
    enum http_method method;
    bool is_graph; /**< the To Do side (graph.h); else v2.0 */
    struct sbx_user user;
    struct sbx_mailbox mailbox;
    const struct sbx_fault *fault; /**< a copy, or NULL */

    /* What the request says, once it has been read. */
    struct str key;                /**< the first id in the path, or empty */
    struct str keys[SBX_KEYS_MAX]; /**< all of them */
    struct sbx_query query;
    struct cJSON *body;
    struct sbx_edit edit;
    bool tracks_changes;
    int64_t max_page_size; /**< 0: not said */
    bool has_immutable_ids, wants_html;
    bool is_delta;
    bool hides_recurrence; /**< as plain listings of the To Do side do (upstream.md B.7) */

    /* The answer. */
    int status;
    struct cJSON *json; /**< NULL: no body */
    bool has_applied_tracking;
    struct str location; /**< a header of a 410 or 201; empty: none */
    struct sbx_refusal refusal;
};

bool sbx_call_has_fault(const struct sbx_call *call, enum sbx_fault_kind kind);
/** Free what the arena does not hold. */
void sbx_call_done(struct sbx_call *call);

/** The user in addresses. */
struct str sbx_user_id(const struct sbx_call *call);
/** 404 ErrorItemNotFound, or 400 ErrorInvalidIdMalformed for an id that can't be one. */
bool sbx_refuse_missing(struct sbx_call *call, struct str id);
/** Does If-Match, if there is one, name this etag? Else 412. */
MUST_CHECK bool sbx_check_if_match(struct sbx_call *call, struct str etag);
/** Is no other folder or list of the mailbox called so? row: of the one that is renamed, or 0. Else
 * 409. */
MUST_CHECK bool sbx_check_unique(struct sbx_call *call, struct str name, int64_t row);
/** DELETE of a task; its fault makes it delete one occurrence only. Returns true. */
bool sbx_remove_task(struct sbx_call *call, struct sbx_task *task);

/** "http://.../api/v2.0/$metadata#Me/Tasks" from "Tasks". */
void sbx_add_context(struct sbx_call *call, struct cJSON *json, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** An id as @odata.context writes it: '=' as %3D. */
struct str sbx_context_id(const struct sbx_call *call, struct str id);
/** cJSON_AddStringToObject for a view. */
void sbx_add_str(
    const struct sbx_call *call, struct cJSON *json, const char *name, struct str text);

/** A task, folder or group as answers show it, with $select and $expand. The caller frees. */
struct cJSON *sbx_show_task(struct sbx_call *call, const struct sbx_task *task);
struct cJSON *sbx_show_folder(struct sbx_call *call, const struct sbx_folder *folder);
struct cJSON *sbx_show_group(struct sbx_call *call, const struct sbx_group *group);
/** Are the names of $select properties of that kind ("Tasks", "TaskFolders", "TaskGroups")? */
MUST_CHECK bool sbx_check_select(struct sbx_call *call, const char *kind);

/** Answer with one entity: its members, from `shown` (taken), behind a context. Returns true. */
bool sbx_answer_entity(struct sbx_call *call, int status, const char *context, struct cJSON *shown);
/** Store the extended properties of the body for that task or folder. */
MUST_CHECK bool sbx_put_properties(struct sbx_call *call, struct str owner);
/** Has it that value of an extended property? For filters. */
bool sbx_has_property(struct sbx_call *call, struct str owner, struct str name, struct str value);
