#include "bridge/sandbox/attachment.h"
#include "bridge/sandbox/state_internal.h"

#define ATTACHMENT_SELECT                                                                      \
    "SELECT id, task, kind, name, type, size, inline, modified, content, content_id, source, " \
    "provider, permission, is_folder FROM attachments "

/* The sample: 14 bytes are shown as 244. */
#define FILE_OVERHEAD 230

/* How many bytes the base64 stands for; SIZE_MAX if it is none. */
static size_t decoded_bytes(struct str text)
{
    size_t padding = 0;

    if (text.n % 4 != 0) {
        return SIZE_MAX;
    }
    while (padding < 2 && padding < text.n && text.p[text.n - 1 - padding] == '=') {
        padding++;
    }
    for (size_t i = 0; i < text.n - padding; i++) {
        char c = text.p[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                c == '+' || c == '/')) {
            return SIZE_MAX;
        }
    }
    return text.n / 4 * 3 - padding;
}

bool sbx_attachment_set_file(struct sbx_attachment *attachment, struct str base64)
{
    size_t bytes = decoded_bytes(base64);

    attachment->content = base64;
    attachment->size = (int64_t)bytes + FILE_OVERHEAD;
    return bytes != SIZE_MAX;
}

static struct str read_optional(struct sqlite3_stmt *query, int column, struct arena *arena)
{
    return sbx_column_is_null(query, column) ? (struct str){ NULL, 0 }
                                             : sbx_column_str(query, column, arena);
}

static void read_attachment(
    struct sqlite3_stmt *query, struct arena *arena, struct sbx_attachment *out)
{
    *out = (struct sbx_attachment){
        .id = sbx_column_str(query, 0, arena),
        .task = sbx_column_int(query, 1),
        .kind = (enum sbx_attachment_kind)sbx_column_int(query, 2),
        .name = sbx_column_str(query, 3, arena),
        .type = read_optional(query, 4, arena),
        .size = sbx_column_int(query, 5),
        .is_inline = sbx_column_int(query, 6) != 0,
        .modified_us = sbx_column_int(query, 7),
        .content = sbx_column_str(query, 8, arena),
        .content_id = read_optional(query, 9, arena),
        .source_url = sbx_column_str(query, 10, arena),
        .provider = sbx_column_str(query, 11, arena),
        .permission = sbx_column_str(query, 12, arena),
        .is_folder = sbx_column_int(query, 13) != 0,
    };
}

void sbx_state_add_attachment(struct sbx_db *db, int64_t user, int64_t now_us, struct arena *arena,
    struct sbx_attachment *attachment)
{
    attachment->id = sbx_state_new_id(user, arena);
    attachment->modified_us = now_us;
    sbx_db_run(db,
        "INSERT INTO attachments(id, task, kind, name, type, size, inline, modified, content,"
        " content_id, source, provider, permission, is_folder)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        "siispiiispsssi", attachment->id, attachment->task, (int64_t)attachment->kind,
        attachment->name, attachment->type, attachment->size, (int64_t)attachment->is_inline,
        attachment->modified_us, attachment->content, attachment->content_id,
        attachment->source_url, attachment->provider, attachment->permission,
        (int64_t)attachment->is_folder);
}

size_t sbx_state_list_attachments(
    struct sbx_db *db, int64_t task, struct arena *arena, struct sbx_attachment **out)
{
    struct sqlite3_stmt *query =
        sbx_db_query(db, ATTACHMENT_SELECT "WHERE task = ?1 ORDER BY row", "i", task);
    struct sbx_attachment *items = NULL;
    size_t count = 0;

    while (sbx_db_step(db, query)) {
        items = (struct sbx_attachment *)sbx_state_grow(arena, items, count, sizeof(*items));
        read_attachment(query, arena, &items[count++]);
    }
    *out = items;
    return count;
}

bool sbx_state_find_attachment(
    struct sbx_db *db, int64_t task, struct str id, struct arena *arena, struct sbx_attachment *out)
{
    struct sqlite3_stmt *query =
        sbx_db_query(db, ATTACHMENT_SELECT "WHERE task = ?1 AND id = ?2", "is", task, id);

    if (!sbx_db_step(db, query)) {
        return false;
    }
    read_attachment(query, arena, out);
    sbx_db_end(query);
    return true;
}

void sbx_state_remove_attachment(struct sbx_db *db, int64_t task, struct str id)
{
    sbx_db_run(db, "DELETE FROM attachments WHERE task = ?1 AND id = ?2", "is", task, id);
}
