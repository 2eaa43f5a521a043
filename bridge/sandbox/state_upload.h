#pragma once
/** Files on their way up in pieces (upstream.md B.9). They go with their task. */
#include "bridge/sandbox/state.h"

struct sbx_upload {
    int64_t row; /**< 0: not stored yet */
    struct str id;
    int64_t task; /**< row */
    struct str name, type;
    int64_t size; /**< bytes there will be */
    int64_t expires_us;
    struct str content; /**< base64 of those that are there */
};

/** row 0 inserts (row and id are filled in); else only the content is written. */
void sbx_upload_put(
    struct sbx_db *db, int64_t user, struct arena *arena, struct sbx_upload *upload);
/** One that has not expired. */
bool sbx_upload_find(struct sbx_db *db, int64_t task, struct str id, int64_t now_us,
    struct arena *arena, struct sbx_upload *out);
void sbx_upload_remove(struct sbx_db *db, const struct sbx_upload *upload);
