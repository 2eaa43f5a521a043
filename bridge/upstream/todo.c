/* The dialect 'todo': Microsoft To Do in Graph v1.0 (upstream.md B). */
#include "bridge/upstream/service_read.h"
#include "bridge/upstream/todo_internal.h"

static bool read_task(struct str json, const struct zone *zone, struct arena *arena,
    struct upstream_item *out, struct err *err)
{
    if (!service_read_file(json, "id", todo_read_item, TODO_NEVER, zone, arena, out, err)) {
        return false;
    }
    todo_add_unset(NULL, TODO_SINGLE, out);
    return true;
}

/* ---- conversion only, so far ---- */

static bool can(enum upstream_kind kind)
{
    (void)kind;
    return false;
}

static bool build(const struct upstream_call *call, struct str base_url, struct arena *arena,
    struct upstream_request *out, struct err *err)
{
    (void)call;
    (void)base_url;
    (void)arena;
    (void)out;
    return err_set(err, ERR_INVALID, "no such call in this dialect");
}

static void parse(const struct upstream_call *call, const struct upstream_answer *answer,
    int64_t now_s, struct arena *arena, struct upstream_reply *reply)
{
    (void)call;
    (void)now_s;
    (void)arena;
    err_set_code(&reply->err, ERR_UPSTREAM, answer->status, "no such call in this dialect");
}

static bool next_item(
    struct upstream_page *page, struct arena *arena, struct upstream_item *out, struct err *err)
{
    (void)page;
    (void)arena;
    (void)out;
    *err = (struct err){ 0 };
    return false;
}

static bool next_folder(
    struct upstream_page *page, struct arena *arena, struct upstream_folder *out, struct err *err)
{
    (void)page;
    (void)arena;
    (void)out;
    *err = (struct err){ 0 };
    return false;
}

static void page_free(struct upstream_page **page)
{
    *page = NULL;
}

const struct dialect dialect_todo = {
    .name = "todo",
    .title = "Microsoft To Do (Graph v1.0)",
    .default_url = STR("https://graph.microsoft.com/v1.0/me/"),
    .sends_if_match = false, /* not documented for it (G.5) */
    .completes_series = false,
    .fields = TASK_ALL_FIELDS & ~TODO_NEVER,
    .can = can,
    .build = build,
    .parse = parse,
    .next_item = next_item,
    .next_folder = next_folder,
    .page_free = page_free,
    .project = todo_project,
    .read_task = read_task,
    .write_task = todo_write_task,
};
