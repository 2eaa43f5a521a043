#pragma once
/**
 * The Microsoft Graph To Do v1.0 side of the service (upstream.md B), over the same mailboxes as
 * the v2.0 side: a task is one struct sbx_task, read and shown in two spellings. Routes are below
 * /v1.0/me/todo/. What a document leaves open is a switch of personality.h.
 */
#include "bridge/sandbox/service.h"

#define SBX_GRAPH_JSON_TYPE                                                                 \
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;" \
    "charset=utf-8"

extern const struct sbx_route sbx_graph_routes[];
extern const size_t sbx_graph_route_count;

/** Preferences of this side alone. */
MUST_CHECK bool sbx_graph_apply_preference(
    struct sbx_call *call, struct str name, struct str value);
/** The JSON body of an error (upstream.md B.13, G.2). The caller frees. */
struct cJSON *sbx_graph_error(const struct sbx_call *call);

/* Lists: graph_lists.c */

sbx_handler sbx_graph_list_lists, sbx_graph_create_list, sbx_graph_get_list, sbx_graph_update_list,
    sbx_graph_delete_list;
struct cJSON *sbx_graph_show_list(struct sbx_call *call, const struct sbx_folder *folder);
/** The list that the path names first. */
MUST_CHECK bool sbx_graph_find_list(struct sbx_call *call, struct sbx_folder *out);

/* Tasks: graph_tasks.c, graph_item.c */

sbx_handler sbx_graph_list_tasks, sbx_graph_create_task, sbx_graph_get_task, sbx_graph_update_task,
    sbx_graph_delete_task;
/** The task that the path names second, in its list. */
MUST_CHECK bool sbx_graph_find_task(struct sbx_call *call, struct sbx_task *out);
/** Without @odata.context; with the parts of $expand. */
struct cJSON *sbx_graph_show_task(struct sbx_call *call, const struct sbx_task *task);
/**
 * The request's body in the spelling of the v2.0 side, for sbx_task_edit; NULL: refused. What a
 * POST may bring along (extensions and so on) is left out. The caller frees.
 */
struct cJSON *sbx_graph_read_task(struct sbx_call *call, const struct sbx_task *task);
/** What a property path of a filter or $orderby stands for. */
bool sbx_graph_find_value(
    struct sbx_call *call, const struct sbx_task *task, struct str path, struct sbx_value *out);
/** A time of a task as filters see it: text, or null. Returns true. */
bool sbx_find_time(const struct sbx_call *call, int64_t instant_s, struct sbx_value *out);
/** An id of a task as this request wants to see it (upstream.md G.4). */
struct str sbx_graph_task_id(const struct sbx_call *call, struct str id);
/** "2023-07-31T04:49:33.0062602Z" */
struct str sbx_graph_stamp(int64_t instant_us, struct arena *arena);

/* Delta: graph_delta.c */

sbx_handler sbx_graph_lists_delta, sbx_graph_tasks_delta;
struct cJSON *sbx_graph_show_gone(
    struct sbx_call *call, const struct sbx_folder *folder, const struct sbx_gone *gone);
/** What a 410 may say in Location, if the request's fault wants it. */
struct str sbx_graph_location(const struct sbx_call *call, const struct sbx_folder *folder);

/* What a task holds: graph_child.c */

sbx_handler sbx_graph_list_checklist, sbx_graph_create_checklist, sbx_graph_get_checklist,
    sbx_graph_update_checklist, sbx_graph_delete_checklist;
sbx_handler sbx_graph_list_links, sbx_graph_create_link, sbx_graph_get_link, sbx_graph_update_link,
    sbx_graph_delete_link;
sbx_handler sbx_graph_list_extensions, sbx_graph_create_extension, sbx_graph_get_extension,
    sbx_graph_update_extension, sbx_graph_delete_extension;
/** Add the collections that $expand names. */
void sbx_graph_add_children(struct sbx_call *call, struct cJSON *json, struct str owner);
/** Store what the POST of a task brought along (upstream.md B.8). */
MUST_CHECK bool sbx_graph_put_children(struct sbx_call *call, struct str owner);
/** Tick off no checklist item: the next task of a series begins anew. */
void sbx_graph_reset_checklist(struct sbx_call *call, struct str owner);
/** What happens to a part gives the task a new version (upstream.md B.8), unless told otherwise. */
void sbx_graph_touch(struct sbx_call *call, struct sbx_task *task);

/* Files: graph_attachment.c, graph_upload.c (upstream.md B.9) */

sbx_handler sbx_graph_list_attachments, sbx_graph_add_attachment, sbx_graph_get_attachment,
    sbx_graph_delete_attachment;
sbx_handler sbx_graph_create_session, sbx_graph_get_session, sbx_graph_put_session,
    sbx_graph_delete_session;
/** Of a file to be; a member of `from`. fails: 400 */
MUST_CHECK bool sbx_graph_read_file_name(
    struct sbx_call *call, const struct cJSON *from, struct str *out);
MUST_CHECK bool sbx_graph_read_file_type(
    struct sbx_call *call, const struct cJSON *from, struct str *out);
