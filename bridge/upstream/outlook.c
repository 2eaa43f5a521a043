/* The dialect 'outlook': Outlook Tasks REST API v2.0 (seed 000; upstream.md A). */
#include "bridge/core/mem.h"
#include "bridge/upstream/outlook_internal.h"
#include "bridge/upstream/service_project.h"
#include "bridge/upstream/service_read.h"
#include "bridge/upstream/service_reply.h"

/** One service under two names: its links lead to either (A.1). */
static const struct str hosts[] = {
    STR("https://outlook.office.com/"),
    STR("https://outlook.office365.com/"),
};

static bool read_task(struct str json, const struct zone *zone, struct arena *arena,
    struct upstream_item *out, struct err *err)
{
    return service_read_file(json, "Id", outlook_read_item, OUTLOOK_NEVER, zone, arena, out, err);
}

const struct dialect dialect_outlook = {
    .name = "outlook",
    .title = "Outlook Tasks (REST v2.0)",
    .default_url = STR("https://outlook.office.com/api/v2.0/me/"),
    .hosts = hosts,
    .host_count = ARRAY_LEN(hosts),
    .sends_if_match = true,
    .completes_series = true,
    .attachment_bytes = OUTLOOK_ATTACHMENT_BYTES,
    .attaches_links = true,
    .fields = TASK_ALL_FIELDS & ~OUTLOOK_NEVER,
    .unlisted = 0,
    .can = outlook_can,
    .build = outlook_build,
    .parse = outlook_parse,
    .next_item = outlook_next_item,
    .next_folder = outlook_next_folder,
    .next_attachment = outlook_next_attachment,
    .page_free = service_page_free,
    .project = service_project,
    .read_task = read_task,
    .write_task = outlook_write_task,
};
