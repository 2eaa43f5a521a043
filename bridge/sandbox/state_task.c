#include "bridge/sandbox/state_child.h"
#include "bridge/sandbox/state_internal.h"

#include <cjson/cJSON.h>

#define TASK_SELECT                                                                                \
    "SELECT t.row, t.folder, t.id, f.id, t.seq, t.created, t.modified, t.subject, t.body, t.html," \
    " t.categories, t.importance, t.sensitivity, t.status, t.start, t.due, t.completed,"           \
    " t.reminder, t.reminder_on, t.zone, t.series,"                                                \
    " EXISTS(SELECT 1 FROM attachments a WHERE a.task = t.row)"                                    \
    " FROM tasks t JOIN folders f ON f.row = t.folder "

static int64_t read_instant(struct sqlite3_stmt *query, int column)
{
    return sbx_column_is_null(query, column) ? SBX_NEVER : sbx_column_int(query, column);
}

static void read_task(struct sqlite3_stmt *query, struct arena *arena, struct sbx_task *out)
{
    sbx_task_init(out);
    out->row = sbx_column_int(query, 0);
    out->folder = sbx_column_int(query, 1);
    out->id = sbx_column_str(query, 2, arena);
    out->folder_id = sbx_column_str(query, 3, arena);
    out->seq = sbx_column_int(query, 4);
    out->created_us = sbx_column_int(query, 5);
    out->modified_us = sbx_column_int(query, 6);
    out->subject = sbx_column_str(query, 7, arena);
    out->body = sbx_column_str(query, 8, arena);
    out->body_is_html = sbx_column_int(query, 9) != 0;
    out->categories = sbx_column_str(query, 10, arena);
    out->importance = (int)sbx_column_int(query, 11);
    out->sensitivity = (int)sbx_column_int(query, 12);
    out->status = (int)sbx_column_int(query, 13);
    out->start_s = read_instant(query, 14);
    out->due_s = read_instant(query, 15);
    out->completed_s = read_instant(query, 16);
    out->reminder_us = read_instant(query, 17);
    out->is_reminder_on = sbx_column_int(query, 18) != 0;
    out->zone = sbx_column_str(query, 19, arena);
    out->has_attachments = sbx_column_int(query, 21) != 0;
    if (!sbx_column_is_null(query, 20)) {
        struct str text = sbx_column_str(query, 20, arena);
        cJSON *json = cJSON_ParseWithLength(text.p, text.n);
        struct sbx_refusal ignored = { 0 };

        out->is_due_anchored = cJSON_GetObjectItemCaseSensitive(json, "CountsByDue") != NULL;
        cJSON_DeleteItemFromObjectCaseSensitive(json, "CountsByDue");
        out->has_series = sbx_series_read(json, &out->series, &ignored);
        cJSON_Delete(json);
    }
}

static size_t read_tasks(
    struct sbx_db *db, struct sqlite3_stmt *query, struct arena *arena, struct sbx_task **out)
{
    struct sbx_task *items = NULL;
    size_t count = 0;

    while (sbx_db_step(db, query)) {
        items = (struct sbx_task *)sbx_state_grow(arena, items, count, sizeof(*items));
        read_task(query, arena, &items[count++]);
    }
    *out = items;
    return count;
}

size_t sbx_state_list_tasks(struct sbx_db *db, int64_t user, int64_t folder, int64_t offset,
    int64_t limit, struct arena *arena, struct sbx_task **out)
{
    return read_tasks(db,
        sbx_db_query(db,
            TASK_SELECT "WHERE t.user = ?1 AND ?2 IN (0, t.folder) ORDER BY t.row DESC"
                        " LIMIT ?4 OFFSET ?3",
            "iiii", user, folder, offset, limit),
        arena, out);
}

size_t sbx_state_list_changed_tasks(struct sbx_db *db, int64_t folder, int64_t after, int64_t limit,
    struct arena *arena, struct sbx_task **out)
{
    return read_tasks(db,
        sbx_db_query(db, TASK_SELECT "WHERE t.folder = ?1 AND t.seq > ?2 ORDER BY t.seq LIMIT ?3",
            "iii", folder, after, limit),
        arena, out);
}

size_t sbx_state_list_marked_tasks(struct sbx_db *db, int64_t user, int64_t folder, struct str name,
    struct str value, struct arena *arena, struct sbx_task **out)
{
    return read_tasks(db,
        sbx_db_query(db,
            TASK_SELECT "JOIN properties p ON p.owner = t.id"
                        " WHERE t.user = ?1 AND ?2 IN (0, t.folder) AND p.name = ?3"
                        " AND p.value = ?4 AND NOT p.is_multi ORDER BY t.row DESC",
            "iiss", user, folder, name, value),
        arena, out);
}

bool sbx_state_find_task(
    struct sbx_db *db, int64_t user, struct str id, struct arena *arena, struct sbx_task *out)
{
    struct sqlite3_stmt *query =
        sbx_db_query(db, TASK_SELECT "WHERE t.user = ?1 AND t.id = ?2", "is", user, id);

    if (!sbx_db_step(db, query)) {
        return false;
    }
    read_task(query, arena, out);
    sbx_db_end(query);
    return true;
}

/* Decimal, or NULL: so that one letter of the parameter format does for both. */
static struct str instant_text(int64_t instant, struct arena *arena)
{
    return instant == SBX_NEVER ? (struct str){ NULL, 0 }
                                : arena_printf(arena, "%lld", (long long)instant);
}

static struct str series_text(const struct sbx_task *task, struct arena *arena)
{
    cJSON *json = task->has_series ? sbx_series_write(&task->series) : NULL;
    struct str copy = { NULL, 0 };
    char *text = NULL;

    if (task->is_due_anchored && json != NULL) {
        cJSON_AddTrueToObject(json, "CountsByDue");
    }
    text = json != NULL ? cJSON_PrintUnformatted(json) : NULL;
    if (text != NULL) {
        copy = arena_copy(arena, str_from(text));
        cJSON_free(text);
    }
    cJSON_Delete(json);
    return copy;
}

void sbx_state_put_task(
    struct sbx_db *db, int64_t user, int64_t now_us, struct arena *arena, struct sbx_task *task)
{
    task->seq = sbx_state_next_seq(db, user);
    task->modified_us = now_us;
    if (task->row == 0) {
        task->id = sbx_state_new_id(user, arena);
        task->created_us = now_us;
        sbx_db_run(db,
            "INSERT INTO tasks(user, folder, id, seq, created, modified, subject, body, html,"
            " categories, importance, sensitivity, status, reminder_on, zone)"
            " VALUES(?1, ?2, ?3, 0, ?4, 0, '', '', 0, '[]', 0, 0, 0, 0, 'UTC')",
            "iisi", user, task->folder, task->id, task->created_us);
        task->row = sbx_db_last_row(db);
    }
    sbx_db_run(db,
        "UPDATE tasks SET seq = ?2, modified = ?3, subject = ?4, body = ?5, html = ?6,"
        " categories = ?7, importance = ?8, sensitivity = ?9, status = ?10, start = ?11,"
        " due = ?12, completed = ?13, reminder = ?14, reminder_on = ?15, zone = ?16,"
        " series = ?17 WHERE row = ?1",
        "iiissisiiippppisp", task->row, task->seq, task->modified_us, task->subject, task->body,
        (int64_t)task->body_is_html, task->categories, (int64_t)task->importance,
        (int64_t)task->sensitivity, (int64_t)task->status, instant_text(task->start_s, arena),
        instant_text(task->due_s, arena), instant_text(task->completed_s, arena),
        instant_text(task->reminder_us, arena), (int64_t)task->is_reminder_on, task->zone,
        series_text(task, arena));
}

void sbx_state_remove_task(struct sbx_db *db, int64_t user, const struct sbx_task *task)
{
    sbx_db_run(db, "DELETE FROM properties WHERE owner = ?1", "s", task->id);
    sbx_child_remove_all(db, task->id);
    sbx_db_run(db, "DELETE FROM tasks WHERE row = ?1", "i", task->row);
    sbx_state_bury(db, user, task->folder, task->id);
}
