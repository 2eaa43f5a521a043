/* The dialect 'outlook': Outlook Tasks REST API v2.0 (seed 000; upstream.md A). */
#include "bridge/core/mem.h"
#include "bridge/upstream/outlook_internal.h"
#include "bridge/upstream/service_project.h"

#include <cjson/cJSON.h>

/** One service under two names: its links lead to either (A.1). */
static const struct str hosts[] = {
    STR("https://outlook.office.com/"),
    STR("https://outlook.office365.com/"),
};

static bool read_task(struct str json, const struct zone *zone, struct arena *arena,
    struct upstream_item *out, struct err *err)
{
    const task_fields never_there = TASK_FIELD(TASK_PERCENT) | TASK_FIELD(TASK_URL);
    struct cJSON *root = NULL;
    bool is_read = json_parse(json, &root, err);
    bool lacks_id = is_read && cJSON_IsObject(root)
        && !cJSON_GetObjectItemCaseSensitive(root, "Id");

    if (lacks_id) {
        cJSON_AddStringToObject(root, "Id", "none"); /* a hand-written file may do without */
    }
    is_read = is_read && outlook_read_item(root, zone, arena, out, err);
    if (is_read && lacks_id && (out->task.present & ~never_there) == 0) {
        is_read = err_set(err, ERR_INVALID, "no member of an Outlook task in it");
    }
    json_free(&root);
    if (!is_read) {
        err->kind = ERR_INVALID; /* a file of the caller's, not an answer of the service */
    }
    return is_read;
}

const struct dialect dialect_outlook = {
    .name = "outlook",
    .title = "Outlook Tasks (REST v2.0)",
    .default_url = STR("https://outlook.office.com/api/v2.0/me/"),
    .hosts = hosts,
    .host_count = ARRAY_LEN(hosts),
    .sends_if_match = true,
    .completes_series = true,
    .fields = TASK_ALL_FIELDS & ~(TASK_FIELD(TASK_PERCENT) | TASK_FIELD(TASK_URL)),
    .can = outlook_can,
    .build = outlook_build,
    .parse = outlook_parse,
    .next_item = outlook_next_item,
    .next_folder = outlook_next_folder,
    .page_free = outlook_page_free,
    .project = service_project,
    .read_task = read_task,
    .write_task = outlook_write_task,
};
