/* The dialect 'todo': Microsoft To Do in Graph v1.0 (upstream.md B). */
#include "bridge/upstream/service_read.h"
#include "bridge/upstream/service_reply.h"
#include "bridge/upstream/todo_internal.h"

static bool read_whole(const struct cJSON *entity, const struct zone *zone, struct arena *arena,
    struct upstream_item *out, struct err *err)
{
    return todo_read_item(entity, zone, arena, out, err) &&
           todo_read_attached(entity, arena, &out->task, err);
}

static bool read_task(struct str json, const struct zone *zone, struct arena *arena,
    struct upstream_item *out, struct err *err)
{
    if (!service_read_file(json, "id", read_whole, TODO_NEVER, zone, arena, out, err)) {
        return false;
    }
    todo_add_unset(NULL, TODO_SINGLE, out);
    return true;
}

static bool read_check_file(struct str json, const struct zone *zone, struct arena *arena,
    struct upstream_item *out, struct err *err)
{
    return service_read_file(json, "id", todo_read_check,
        ~(TASK_FIELD(TASK_TITLE) | TASK_FIELD(TASK_STATUS)), zone, arena, out, err);
}

static struct str write_task(const struct task *task, task_fields fields, const struct zone *zone,
    bool is_create, struct arena *arena)
{
    return todo_write_task(task, fields, zone, is_create, true, arena);
}

const struct dialect dialect_todo = {
    .name = "todo",
    .title = "Microsoft To Do (Graph v1.0)",
    .default_url = STR("https://graph.microsoft.com/v1.0/"),
    .sends_if_match = false, /* not documented for it (G.5) */
    .completes_series = true,
    .copies_series = true, /* reported, of other dates (B.7) */
    .refuses_ranges = true,
    .flattens_bodies = true,
    .attachment_bytes = TODO_ATTACHMENT_BYTES,
    .fields = TASK_ALL_FIELDS & ~TODO_NEVER,
    .unlisted = TASK_FIELD(TASK_URL),
    .can = todo_can,
    .build = todo_build,
    .parse = todo_parse,
    .next_item = todo_next_item,
    .next_folder = todo_next_folder,
    .next_attachment = todo_next_attachment,
    .page_free = service_page_free,
    .fills = todo_fills,
    .project = todo_project,
    .read_task = read_task,
    .write_task = write_task,
    .project_check = todo_project_check,
    .read_check = read_check_file,
    .write_check = todo_write_check,
};
