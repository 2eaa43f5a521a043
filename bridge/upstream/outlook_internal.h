#pragma once
/**
 * What the files of the outlook dialect share (upstream.md A, seed 000). Names on the wire are
 * PascalCase; all functions are pure.
 */
#include "bridge/upstream/dialect.h"
#include "bridge/upstream/json.h"

/**
 * The extended property that carries the marker of a create (upstream.md A.12). The GUID was drawn
 * once and stays for ever: changing it would orphan every marker that is out there.
 */
#define OUTLOOK_MARKER "String {e2f67415-e539-4204-a764-4c7e39b9f880} Name duedav-marker"

/** Behind a link of a listing that the service does not track (no delta link will ever come). */
#define OUTLOOK_UNTRACKED "#untracked"

/** What a file may have: no document says (A.11), so the limit is that of mail of the same service.
 */
#define OUTLOOK_ATTACHMENT_BYTES ((size_t)150 << 20)

/** Fields for which the service has no member. */
#define OUTLOOK_NEVER (TASK_FIELD(TASK_PERCENT) | TASK_FIELD(TASK_URL))

/* outlook_task.c: one entity. Strings of the result live in arena. fails: ERR_UPSTREAM */
MUST_CHECK bool outlook_read_item(const struct cJSON *entity, const struct zone *zone,
    struct arena *arena, struct upstream_item *out, struct err *err);
MUST_CHECK bool outlook_read_folder(const struct cJSON *entity, bool is_group, struct arena *arena,
    struct upstream_folder *out, struct err *err);
/** The marker that an expanded entity shows; empty if none. */
struct str outlook_read_marker(const struct cJSON *entity);

/* outlook_write.c */
/** The members for `fields`, between braces that are already there. */
void outlook_write_members(struct json_out *out, const struct task *task, task_fields fields,
    const struct zone *zone, bool is_create);
void outlook_write_marker(struct json_out *out, struct str marker);
struct str outlook_write_task(const struct task *task, task_fields fields, const struct zone *zone,
    bool is_create, struct arena *arena);

/** In an URL: tasks('AAMk%3D'). A quote inside the literal is doubled. */
void outlook_put_key(struct buf *url, const char *collection, struct str id);

/* outlook_attachment.c */
struct service_making;
void outlook_build_attachment(struct service_making *making);
/** One attachment; content_out: NULL, or where its bytes go. fails: ERR_UPSTREAM */
MUST_CHECK bool outlook_read_attachment(const struct cJSON *entity, struct arena *arena,
    struct task_attachment *out, struct str *content_out, struct err *err);
bool outlook_next_attachment(
    struct upstream_page *page, struct arena *arena, struct task_attachment *out, struct err *err);

/* outlook_request.c */
bool outlook_can(enum upstream_kind kind);
MUST_CHECK bool outlook_build(const struct upstream_call *call, struct str base_url,
    struct arena *arena, struct upstream_request *out, struct err *err);

/* outlook_reply.c */
void outlook_parse(const struct upstream_call *call, const struct upstream_answer *answer,
    int64_t now_s, struct arena *arena, struct upstream_reply *reply);
bool outlook_next_item(
    struct upstream_page *page, struct arena *arena, struct upstream_item *out, struct err *err);
bool outlook_next_folder(
    struct upstream_page *page, struct arena *arena, struct upstream_folder *out, struct err *err);
/** Does the URL's query name such a token ("$skiptoken")? In any case, raw or percent-encoded. */
bool outlook_link_has(struct str link, struct str name, struct arena *arena);
