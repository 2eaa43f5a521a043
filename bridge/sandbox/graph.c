#include "bridge/sandbox/graph.h"

#include "bridge/core/clock.h"
#include "bridge/core/mem.h"
#include "bridge/core/secret.h"

#include <cjson/cJSON.h>
#include <string.h>

const struct sbx_route sbx_graph_routes[] = {
    { "lists", sbx_graph_list_lists, sbx_graph_create_list, NULL, NULL, NULL },
    { "lists/delta", sbx_graph_lists_delta, NULL, NULL, NULL, NULL },
    { "lists/*", sbx_graph_get_list, NULL, sbx_graph_update_list, sbx_graph_delete_list, NULL },
    { "lists/*/tasks", sbx_graph_list_tasks, sbx_graph_create_task, NULL, NULL, NULL },
    { "lists/*/tasks/delta", sbx_graph_tasks_delta, NULL, NULL, NULL, NULL },
    { "lists/*/tasks/*", sbx_graph_get_task, NULL, sbx_graph_update_task, sbx_graph_delete_task,
        NULL },
    { "lists/*/tasks/*/checklistItems", sbx_graph_list_checklist, sbx_graph_create_checklist, NULL,
        NULL, NULL },
    { "lists/*/tasks/*/checklistItems/*", sbx_graph_get_checklist, NULL, sbx_graph_update_checklist,
        sbx_graph_delete_checklist, NULL },
    { "lists/*/tasks/*/linkedResources", sbx_graph_list_links, sbx_graph_create_link, NULL, NULL,
        NULL },
    { "lists/*/tasks/*/linkedResources/*", sbx_graph_get_link, NULL, sbx_graph_update_link,
        sbx_graph_delete_link, NULL },
    { "lists/*/tasks/*/extensions", sbx_graph_list_extensions, sbx_graph_create_extension, NULL,
        NULL, NULL },
    { "lists/*/tasks/*/extensions/*", sbx_graph_get_extension, NULL, sbx_graph_update_extension,
        sbx_graph_delete_extension, NULL },
    { "lists/*/tasks/*/attachments", sbx_graph_list_attachments, sbx_graph_add_attachment, NULL,
        NULL, NULL },
    { "lists/*/tasks/*/attachments/createUploadSession", NULL, sbx_graph_create_session, NULL, NULL,
        NULL },
    { "lists/*/tasks/*/attachments/*", sbx_graph_get_attachment, NULL, NULL,
        sbx_graph_delete_attachment, NULL },
    { "lists/*/tasks/*/attachmentSessions/*", sbx_graph_get_session, NULL, NULL,
        sbx_graph_delete_session, NULL },
    { "lists/*/tasks/*/attachmentSessions/*/content", NULL, NULL, NULL, NULL,
        sbx_graph_put_session },
};
const size_t sbx_graph_route_count = ARRAY_LEN(sbx_graph_routes);

bool sbx_graph_apply_preference(struct sbx_call *call, struct str name, struct str value)
{
    if (str_eq_nocase(name, S("IdType"))) {
        if (!str_eq(value, S("ImmutableId")) && !str_eq(value, S("RestId"))) {
            return sbx_refuse(
                &call->refusal, 400, "ErrorInvalidRequest", "Prefer: IdType is not understood.");
        }
        call->has_immutable_ids =
            str_eq(value, S("ImmutableId")) && !call->service->personality.ignores_immutable_id;
    } else if (str_eq_nocase(name, S("outlook.body-content-type"))) {
        if (!str_eq(value, S("text")) && !str_eq(value, S("html"))) {
            return sbx_refuse(&call->refusal, 400, "ErrorInvalidRequest",
                "Prefer: outlook.body-content-type must be text or html.");
        }
        call->wants_html = str_eq(value, S("html"));
    }
    return true;
}

/* Codes that stand at the top of an error are few; what is wrong with a request stands inside. */
static const struct {
    const char *code, *top, *inner;
} codes[] = {
    { "ErrorInvalidProperty", "invalidRequest", "InvalidModel" },
    { "InvalidDateTime", "invalidRequest", "InvalidModel" },
    { "InvalidModel", "invalidRequest", "InvalidModel" },
    { "RequestBodyRead", "BadRequest", "RequestBodyRead" },
    { "ErrorInvalidRequest", "invalidRequest", "BadRequest" },
    { "ErrorInvalidUrlQuery", "invalidRequest", "BadRequest" },
    { "ErrorInvalidUrlQueryFilter", "invalidRequest", "BadRequest" },
    { "ErrorFolderExists", "nameAlreadyExists", "ErrorFolderExists" },
    { "ErrorIrresolvableConflict", "resourceModified", "entityTagDoesNotMatch" },
    { "ErrorInvalidSyncStateData", "invalidRequest", "BadDeltaToken" },
    { "ErrorInternalServerError", "UnknownError", NULL },
};

cJSON *sbx_graph_error(const struct sbx_call *call)
{
    const struct sbx_refusal *refusal = &call->refusal;
    const char *top = refusal->code;
    const char *inner = NULL;
    cJSON *json = cJSON_CreateObject();
    cJSON *error = cJSON_AddObjectToObject(json, "error");
    cJSON *more = NULL;
    char id[SECRET_ID_TEXT];

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (strcmp(codes[i].code, refusal->code) == 0) {
            top = codes[i].top;
            inner = codes[i].inner;
        }
    }
    cJSON_AddStringToObject(error, "code", top);
    cJSON_AddStringToObject(error, "message", refusal->text);
    more = cJSON_AddObjectToObject(error, "innerError");
    if (inner != NULL) {
        cJSON_AddStringToObject(more, "code", inner);
    }
    secret_random_id(id);
    sbx_add_str(call, more, "date", str_first(sbx_graph_stamp(clock_now_us(), call->arena), 19));
    cJSON_AddStringToObject(more, "request-id", id);
    cJSON_AddStringToObject(more, "client-request-id", id);
    return json;
}
