/*
 * A client's body with attachments: cut, planned, and merged with what the service has then. Broken
 * laws abort: what is left is readable, and nothing stands in it twice.
 */
#include "bridge/map/attach.h"

#include <stdlib.h>

static void project(
    const struct task *task, const struct zone *zone, struct arena *arena, struct task *out)
{
    (void)zone;
    (void)arena;
    *out = *task;
}

static struct task task_with(const struct map_attach_plan *plan, struct arena *arena)
{
    struct task task;

    task_init(&task);
    task.knows_attachments = true;
    for (size_t i = 0; i < plan->upload_count && i < 8; i++) {
        struct task_attachment attachment = plan->uploads[i].attachment;

        attachment.id = arena_printf(arena, "A%zu", i);
        task_add_attachment(&task, &attachment, arena);
    }
    return task;
}

static void check(struct str body, const struct map_context *context)
{
    struct map_upload *uploads = NULL;
    struct map_attach_plan plan, again;
    struct task nothing, task;
    struct str document, merged;
    size_t count;
    struct err err;

    task_init(&nothing);
    nothing.knows_attachments = true;
    if (!map_cut_attachments(body, 1 << 20, context->arena, &document, &uploads, &count, &err) ||
        !map_plan_attachments(
            document, S(""), &nothing, uploads, count, false, true, context, &plan, &err)) {
        return;
    }
    task = task_with(&plan, context->arena);
    if (!map_merge_attachments(plan.document, &nothing, &task, NULL, context, &merged, &err)) {
        return; /* grown beyond a limit, or never was a task */
    }
    if (!map_plan_attachments(merged, merged, &task, NULL, 0, true, true, context, &again, &err) ||
        again.removed_count != 0) {
        abort(); /* what was just written is not known again */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct map_context context = {
        .zone = zone_utc(),
        .project = project,
        .attachments_url = S("https://b.example/dav/attachments/u/l/n/"),
        .arena = arena,
    };

    check((struct str){ (const char *)data, size }, &context);
    arena_free(&arena);
    return 0;
}
