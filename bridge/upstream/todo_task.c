/* Entities in: todoTask and todoTaskList (upstream.md B.3, B.4, B.8, B.10). */
#include "bridge/core/mem.h"
#include "bridge/upstream/service_read.h"
#include "bridge/upstream/todo_internal.h"
#include "http/pack.h"

#include <cjson/cJSON.h>

#define MOST_ID_BYTES 2048

/* What is no plain address could not stand in a document as one. */
bool todo_is_address(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f) {
            return false;
        }
    }
    return text.n > 0;
}

/* The first link that has an address: any of its members may be null (mapping.md 2.13). Others hang
 * on the task like files; what is written of "hasAttachments" comes before. */
static bool read_links(const struct cJSON *value, const struct service_reading *reading)
{
    struct task *task = reading->task;
    const struct cJSON *link;
    bool has_one = false;

    cJSON_ArrayForEach(link, value)
    {
        struct str address = json_member_text(link, "webUrl");

        if (!todo_is_address(address)) {
            continue;
        }
        if (has_one) {
            task->has_attachments = true;
            task->knows_attachments = false;
            break;
        }
        task->url = arena_copy(reading->arena, address);
        has_one = true;
    }
    return true;
}

/** Null means that the field is at its default (for a delta entity: was cleared). */
static const struct service_member members[] = {
    { "title", SERVICE_TEXT, TASK_FIELD(TASK_TITLE), service_read_title },
    { "body", SERVICE_OBJECT, TASK_FIELD(TASK_BODY), service_read_body },
    { "importance", SERVICE_TEXT, TASK_FIELD(TASK_PRIORITY), service_read_importance },
    { "status", SERVICE_TEXT, TASK_FIELD(TASK_STATUS), service_read_status },
    { "completedDateTime", SERVICE_OBJECT, TASK_FIELD(TASK_COMPLETED), service_read_completed },
    { "startDateTime", SERVICE_OBJECT, TASK_FIELD(TASK_START), service_read_start },
    { "dueDateTime", SERVICE_OBJECT, TASK_FIELD(TASK_DUE), service_read_due },
    { "recurrence", SERVICE_OBJECT, TASK_FIELD(TASK_RECURRENCE), service_read_recurrence },
    { "categories", SERVICE_LIST, TASK_FIELD(TASK_CATEGORIES), service_read_categories },
    { "createdDateTime", SERVICE_TEXT, 0, service_read_created },
    { "lastModifiedDateTime", SERVICE_TEXT, 0, service_read_modified },
    { "hasAttachments", SERVICE_BOOLEAN, 0, service_read_has_attachments },
    { "linkedResources", SERVICE_LIST, TASK_FIELD(TASK_URL), read_links },
};

/** Left out by the service when unset; all else is always there, or not asked for. */
#define UNSET_WHEN_ABSENT                                                         \
    (TASK_FIELD(TASK_COMPLETED) | TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE) | \
        TASK_FIELD(TASK_REMINDER) | TASK_FIELD(TASK_RECURRENCE))

/* Our extension; NULL: there is none, or it is not shown. */
static const struct cJSON *our_extension(const struct cJSON *entity)
{
    const struct cJSON *list = cJSON_GetObjectItemCaseSensitive(entity, "extensions");
    const struct cJSON *extension;

    if (cJSON_IsArray(list)) {
        cJSON_ArrayForEach(extension, list)
        {
            if (str_has_suffix(json_member_text(extension, "id"), S("." TODO_EXTENSION)) ||
                str_eq(json_member_text(extension, "extensionName"), S(TODO_EXTENSION))) {
                return extension;
            }
        }
    }
    return NULL;
}

struct str todo_read_marker(const struct cJSON *entity)
{
    return json_member_text(our_extension(entity), "marker");
}

/* What cannot be unpacked is not ours. */
static struct str unpack_member(
    const struct cJSON *extension, const char *name, size_t *left, struct arena *arena)
{
    struct str packed = json_member_text(extension, name);
    size_t most = *left < TODO_TEXT_MOST ? *left : TODO_TEXT_MOST;
    struct str text = { 0 };
    struct err ignored;

    if (packed.n == 0 || packed.n > TODO_KEPT_MOST || most == 0) {
        return S("");
    }
    if (!unpack_text(packed, most, arena, &text, &ignored)) {
        *left -= most;
        return S("");
    }
    *left -= text.n;
    return text;
}

void todo_read_kept(
    const struct cJSON *entity, size_t *left, struct arena *arena, struct upstream_item *item)
{
    const struct cJSON *extension = our_extension(entity);

    item->shows_kept = extension != NULL;
    item->kept = unpack_member(extension, TODO_KEPT, left, arena);
    item->kept_below = unpack_member(extension, TODO_KEPT_BELOW, left, arena);
}

static bool read_task(const struct cJSON *entity, const struct zone *zone, struct arena *arena,
    struct task *out, struct err *err)
{
    struct task task = { 0 };
    struct service_reading reading = {
        .spelling = SERVICE_CAMEL,
        .zone = zone != NULL ? zone : zone_utc(),
        .arena = arena,
        .task = &task,
        .err = err,
    };

    task_init(&task);
    task.present = TODO_NEVER;
    if (!service_read_members(entity, members, ARRAY_LEN(members), &reading) ||
        !service_read_reminder(entity, &reading)) {
        return false;
    }
    (void)!todo_rule_from_due(&task, &task.recurrence); /* else as it is: the nearest there is */
    *out = task;
    return true;
}

bool todo_read_id(const struct cJSON *entity, struct arena *arena, struct str *id_out,
    bool *is_removed_out, struct err *err)
{
    struct str id = json_member_text(entity, "id");

    if (!cJSON_IsObject(entity) || id.n == 0 || id.n > MOST_ID_BYTES ||
        str_find_char(id, UPSTREAM_SUBTASK) != SIZE_MAX) {
        return err_set(err, ERR_UPSTREAM, "entity without a usable id");
    }
    *id_out = arena_copy(arena, id);
    *is_removed_out = cJSON_GetObjectItemCaseSensitive(entity, "@removed") != NULL;
    return true;
}

bool todo_read_item(const struct cJSON *entity, const struct zone *zone, struct arena *arena,
    struct upstream_item *out, struct err *err)
{
    struct upstream_item item = { 0 };

    if (!todo_read_id(entity, arena, &item.id, &item.is_removed, err)) {
        return false;
    }
    out->id = item.id; /* also when the rest can't be read */
    task_init(&item.task);
    item.task.present = 0;
    if (!item.is_removed && !read_task(entity, zone, arena, &item.task, err)) {
        return false;
    }
    item.etag = arena_copy(arena, json_member_text(entity, "@odata.etag"));
    item.marker = arena_copy(arena, todo_read_marker(entity));
    *out = item;
    return true;
}

const struct cJSON *todo_checklist(const struct cJSON *entity)
{
    const struct cJSON *list = cJSON_GetObjectItemCaseSensitive(entity, "checklistItems");

    return cJSON_IsArray(list) ? list : NULL;
}

bool todo_read_subtask(const struct cJSON *entity, struct str parent, const struct zone *zone,
    struct arena *arena, struct upstream_item *out, struct err *err)
{
    struct upstream_item item = { 0 };
    bool is_read = todo_read_check(entity, zone, arena, &item, err);

    if (item.id.n > 0) {
        item.id =
            arena_printf(arena, "%.*s%c%.*s", STR_ARG(parent), UPSTREAM_SUBTASK, STR_ARG(item.id));
    }
    *out = item;
    return is_read;
}

/* B.4: an entry that lacks what every task has tells only what has changed. */
static bool is_full(const struct cJSON *entity)
{
    static const char *const always[] = { "status", "importance", "title", "createdDateTime" };

    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        if (cJSON_GetObjectItemCaseSensitive(entity, always[i]) == NULL) {
            return false;
        }
    }
    return true;
}

void todo_add_unset(const struct cJSON *entity, enum todo_source source, struct upstream_item *item)
{
    task_fields fields = UNSET_WHEN_ABSENT;

    if (item->is_removed || (source != TODO_SINGLE && !is_full(entity))) {
        return;
    }
    if (source != TODO_SINGLE) {
        item->doubtful = TASK_FIELD(TASK_RECURRENCE) & ~item->task.present; /* B.7 */
    }
    item->task.present |= fields;
}

/* Nothing can be created in the list that shows flagged mail (B.3). */
bool todo_read_folder(
    const struct cJSON *entity, struct arena *arena, struct upstream_folder *out, struct err *err)
{
    const struct cJSON *name = cJSON_GetObjectItemCaseSensitive(entity, "displayName");
    struct str wellknown = json_member_text(entity, "wellknownListName");
    struct upstream_folder folder = {
        .is_default = str_eq(wellknown, S("defaultList")),
        .is_writable = !str_eq(wellknown, S("flaggedEmails")),
        .says_default = wellknown.p != NULL,
    };

    if (!todo_read_id(entity, arena, &folder.id, &folder.is_removed, err)) {
        return false;
    }
    if (name != NULL && !cJSON_IsString(name) && !cJSON_IsNull(name)) {
        return err_set(err, ERR_UPSTREAM, "displayName: wrong type");
    }
    if (cJSON_IsString(name)) {
        folder.name = arena_copy(arena, json_text(name));
    }
    *out = folder;
    return true;
}
