#pragma once
/**
 * Attachments of tasks as the service keeps them (upstream.md A.11, B.9): what is stored, for all
 * dialects. How one of them writes an attachment is its own business.
 */
#include "bridge/sandbox/state.h"

enum sbx_attachment_kind { /* stored: append only */
    SBX_ATTACHED_FILE,
    SBX_ATTACHED_ITEM,
    SBX_ATTACHED_REFERENCE,
};

struct sbx_attachment {
    struct str id;
    int64_t task; /**< row */
    enum sbx_attachment_kind kind;
    struct str name;
    struct str type; /**< media type; p NULL: none */
    int64_t size;    /**< of the stored record */
    bool is_inline;
    int64_t modified_us;
    struct str content;                          /**< files: base64; items: JSON of the item */
    struct str content_id;                       /**< p NULL: none */
    struct str source_url, provider, permission; /**< references */
    bool is_folder;
};

/** Content and size of a file; false: it is no base64. */
bool sbx_attachment_set_file(struct sbx_attachment *attachment, struct str base64);
/** id and modified_us are filled in. The task is told (sbx_state_put_task) by the caller. */
void sbx_state_add_attachment(struct sbx_db *db, int64_t user, int64_t now_us, struct arena *arena,
    struct sbx_attachment *attachment);
/** In the order in which they were added. */
size_t sbx_state_list_attachments(
    struct sbx_db *db, int64_t task, struct arena *arena, struct sbx_attachment **out);
bool sbx_state_find_attachment(struct sbx_db *db, int64_t task, struct str id, struct arena *arena,
    struct sbx_attachment *out);
void sbx_state_remove_attachment(struct sbx_db *db, int64_t task, struct str id);
