#include "bridge/map/map.h"

#include "bridge/map/attach.h"
#include "bridge/map/merge.h"
#include "bridge/map/read.h"
#include "bridge/map/set.h"
#include <assert.h>

static int64_t seconds_of(int64_t micros)
{
    return micros / CIVIL_MICROS - (micros % CIVIL_MICROS < 0);
}

static struct str stamp_text(struct arena *arena, int64_t micros)
{
    struct civil c = civil_from_seconds(seconds_of(micros));

    return arena_printf(arena, "%04d%02d%02dT%02d%02d%02dZ", (int)c.year, (int)c.month, (int)c.day,
        (int)c.hour, (int)c.minute, (int)c.second);
}

/**
 * The frame of a document: nothing in it but who and when. No "now" where the service told the
 * times: two renderings of one task are the same bytes.
 */
static struct str skeleton(
    const struct task *task, struct str uid, const struct map_context *context)
{
    struct arena *arena = context->arena;
    int64_t known_us = task->modified_us != 0 ? task->modified_us : task->created_us;
    int64_t modified = known_us != 0 ? known_us : context->now_us; /* a service always says when */
    int64_t created = task->created_us != 0 ? task->created_us : modified;
    struct str modified_text = stamp_text(arena, modified);
    struct str uid_line =
        edit_format_line(arena, false, S("UID"), S(""), edit_escape_text(arena, uid));
    int normal = context->options.normal_priority;
    struct str priority =
        task->priority == 0 && normal != 0 ? arena_printf(arena, "PRIORITY:%d\r\n", normal) : S("");

    return arena_printf(arena,
        "BEGIN:VCALENDAR\r\n"
        "VERSION:2.0\r\n"
        "PRODID:-//duedav//duedav//EN\r\n"
        "BEGIN:VTODO\r\n"
        "%.*s"
        "DTSTAMP:%.*s\r\n"
        "CREATED:%.*s\r\n"
        "LAST-MODIFIED:%.*s\r\n"
        "STATUS:NEEDS-ACTION\r\n"
        "%.*s"
        "END:VTODO\r\n"
        "END:VCALENDAR\r\n",
        STR_ARG(uid_line), STR_ARG(modified_text), STR_ARG(stamp_text(arena, created)),
        STR_ARG(modified_text), STR_ARG(priority));
}

static bool render(
    const struct task *task, struct str frame, const struct map_context *context, struct str *out)
{
    struct task nothing;
    struct err err;

    task_init(&nothing);
    return merge_fields(frame, read_diff(&nothing, task, context->arena), &nothing, task, true,
               context, out, &err) &&
           map_merge_attachments(*out, &nothing, task, NULL, context, out, &err);
}

/** What is left of a task that is too large for a document. */
static struct task reduced(const struct task *task)
{
    struct task small = *task;

    small.body = (struct task_body){ 0 };
    small.categories = (struct task_list_of_text){ 0 };
    small.assigned_to = small.owner = small.url = S("");
    if (small.title.n > 1000 || !str_is_utf8(small.title)) {
        small.title = S("(too large)");
    }
    return small;
}

struct str map_render(const struct task *task, struct str uid, const struct map_context *context)
{
    struct str frame = skeleton(task, uid, context);
    struct str out = frame;

    if (!render(task, frame, context, &out)) { /* over a limit: the service's own is higher */
        struct task small = reduced(task);
        bool is_rendered = render(&small, frame, context, &out);

        assert(is_rendered); /* nothing large is left in it */
    }
    return out;
}

struct str map_set_rev(
    struct str document, uint64_t rev, struct str hash, const struct map_context *context)
{
    struct vtodo vtodo;
    struct set set;
    struct err err;

    if (!vtodo_open(document, context, &vtodo, &err)) {
        return document;
    }
    set_init(&set, &vtodo);
    if (rev == 0) {
        set_remove(&set, VTODO_MS_REV);
    } else {
        set_value(&set, VTODO_MS_REV,
            arena_printf(context->arena, "%llu-%.*s", (unsigned long long)rev, STR_ARG(hash)));
    }
    return edit_finish(&set.edit);
}
