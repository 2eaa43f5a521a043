/* Items of a checklist, in and out (upstream.md B.8; mapping.md 2.12). */
#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/service_date.h"
#include "bridge/upstream/service_read.h"
#include "bridge/upstream/todo_internal.h"

#include <cjson/cJSON.h>

#define MOST_BYTES ((size_t)64 * 1024) /**< far over what a title of 255 units can be */

static bool read_checked(const struct cJSON *value, const struct service_reading *reading)
{
    reading->task->status = cJSON_IsTrue(value) ? TASK_DONE : TASK_NOT_STARTED;
    return true;
}

/* The very moment, cut to seconds. */
static bool read_moment(const struct cJSON *value, const struct service_reading *reading)
{
    struct task_date *completed = &reading->task->completed;
    int64_t micros;
    bool has_offset;

    if (!civil_parse_iso(json_text(value), &micros, &has_offset)) {
        return err_set(reading->err, ERR_UPSTREAM, "not an instant");
    }
    *completed = (struct task_date){
        .is_set = true,
        .has_instant = true,
        .is_moment = true,
        .instant_s = micros / CIVIL_MICROS - (micros % CIVIL_MICROS < 0),
    };
    completed->day = civil_day_of_seconds(zone_to_wall(reading->zone, completed->instant_s));
    if (!service_date_is_possible(completed->day)) {
        *completed = (struct task_date){ 0 };
    }
    return true;
}

static const struct service_member members[] = {
    { "displayName", SERVICE_TEXT, TASK_FIELD(TASK_TITLE), service_read_title },
    { "isChecked", SERVICE_BOOLEAN, TASK_FIELD(TASK_STATUS), read_checked },
    { "checkedDateTime", SERVICE_TEXT, TASK_FIELD(TASK_COMPLETED), read_moment },
    { "createdDateTime", SERVICE_TEXT, 0, service_read_created },
};

bool todo_read_check(const struct cJSON *entity, const struct zone *zone, struct arena *arena,
    struct upstream_item *out, struct err *err)
{
    struct upstream_item item = { 0 };
    struct service_reading reading = {
        .spelling = SERVICE_CAMEL,
        .zone = zone != NULL ? zone : zone_utc(),
        .arena = arena,
        .task = &item.task,
        .err = err,
    };

    task_init(&item.task);
    if (!todo_read_id(entity, arena, &item.id, &item.is_removed, err)) {
        return false;
    }
    out->id = item.id; /* also when the rest can't be read */
    item.task.present = TASK_ALL_FIELDS & ~TODO_CHECK_FIELDS;
    if (!service_read_members(entity, members, ARRAY_LEN(members), &reading)) {
        return false;
    }
    if (item.task.status != TASK_DONE) {
        item.task.completed = (struct task_date){ 0 };
    }
    item.task.present |= TASK_FIELD(TASK_COMPLETED); /* left out while unchecked */
    *out = item;
    return true;
}

struct str todo_write_check(
    const struct task *task, task_fields fields, bool is_create, struct arena *arena)
{
    CLEANUP(buf_done) struct buf buf;
    struct json_out out;

    buf_init(&buf, MOST_BYTES);
    json_out_init(&out, &buf);
    json_out_open(&out, '{');
    if (is_create || (fields & TASK_FIELD(TASK_TITLE))) {
        json_out_member(&out, "displayName", task->title);
    }
    if (is_create || (fields & TASK_FIELD(TASK_STATUS))) {
        json_out_name(&out, "isChecked");
        json_out_bool(&out, task->status == TASK_DONE);
    }
    json_out_close(&out, '}');
    return arena_copy(arena, buf_str(&buf));
}
