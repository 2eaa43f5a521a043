#include "bridge/sandbox/state_upload.h"
#include "bridge/sandbox/state_internal.h"

void sbx_upload_put(struct sbx_db *db, int64_t user, struct arena *arena, struct sbx_upload *upload)
{
    if (upload->row != 0) {
        sbx_db_run(db, "UPDATE uploads SET content = ?2 WHERE row = ?1", "is", upload->row,
            upload->content);
        return;
    }
    upload->id = sbx_state_new_id(user, arena);
    sbx_db_run(db,
        "INSERT INTO uploads(id, task, name, type, size, expires, content)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        "sispiis", upload->id, upload->task, upload->name, upload->type, upload->size,
        upload->expires_us, upload->content);
    upload->row = sbx_db_last_row(db);
}

bool sbx_upload_find(struct sbx_db *db, int64_t task, struct str id, int64_t now_us,
    struct arena *arena, struct sbx_upload *out)
{
    struct sqlite3_stmt *query = sbx_db_query(db,
        "SELECT row, id, task, name, type, size, expires, content FROM uploads"
        " WHERE task = ?1 AND id = ?2 AND expires > ?3",
        "isi", task, id, now_us);

    if (!sbx_db_step(db, query)) {
        return false;
    }
    *out = (struct sbx_upload){
        .row = sbx_column_int(query, 0),
        .id = sbx_column_str(query, 1, arena),
        .task = sbx_column_int(query, 2),
        .name = sbx_column_str(query, 3, arena),
        .type = sbx_column_str(query, 4, arena),
        .size = sbx_column_int(query, 5),
        .expires_us = sbx_column_int(query, 6),
        .content = sbx_column_str(query, 7, arena),
    };
    sbx_db_end(query);
    return true;
}

void sbx_upload_remove(struct sbx_db *db, const struct sbx_upload *upload)
{
    sbx_db_run(db, "DELETE FROM uploads WHERE row = ?1", "i", upload->row);
}
