#pragma once
/**
 * What the files of the todo dialect share: Microsoft To Do in Graph v1.0 (upstream.md B). Names on
 * the wire are camelCase; all functions are pure.
 */
#include "bridge/upstream/dialect.h"
#include "bridge/upstream/json.h"

/**
 * The open extension that carries the marker of a create (upstream.md B.8). The name stays for
 * ever: changing it would orphan every marker that is out there.
 */
#define TODO_EXTENSION "org.duedav.task"

/** Its members with texts of ours, packed. */
#define TODO_KEPT       "kept"
#define TODO_KEPT_BELOW "below"

/** Bounds of such a text: packed, and when it is read. How much a service takes is not documented.
 */
#define TODO_KEPT_MOST  ((size_t)16 * 1024)
#define TODO_TEXT_MOST  ((size_t)256 * 1024)
#define TODO_TEXTS_MOST ((size_t)16 * 1024 * 1024) /**< of all entries of a page */

/** What a file may have (B.9). */
#define TODO_ATTACHMENT_BYTES ((size_t)25 << 20)

/** Fields for which the service has no member. */
#define TODO_NEVER                                                                      \
    (TASK_FIELD(TASK_SENSITIVITY) | TASK_FIELD(TASK_PERCENT) | TASK_FIELD(TASK_OWNER) | \
        TASK_FIELD(TASK_ASSIGNED_TO))

/** Where an entity stood, which decides what an absent member means (mapping.md 1.3). */
enum todo_source {
    TODO_SINGLE, /**< an answer with one task: unset */
    TODO_ENTRY,  /**< of a page: unset if it is a full one, but for a rule, which may be left out of
                    it (B.7); else not changed */
};

/* todo_task.c: one entity. Strings of the result live in arena. fails: ERR_UPSTREAM */
/** With the fields present that it carries. */
MUST_CHECK bool todo_read_item(const struct cJSON *entity, const struct zone *zone,
    struct arena *arena, struct upstream_item *out, struct err *err);
/** What is kept beside the task, into item; empty if nothing. Few bytes may stand for very many:
 * what they come to is taken from *left, and with it so is what can't be read. */
void todo_read_kept(
    const struct cJSON *entity, size_t *left, struct arena *arena, struct upstream_item *item);
/** An item of parent's checklist, as a sub-task. */
MUST_CHECK bool todo_read_subtask(const struct cJSON *entity, struct str parent,
    const struct zone *zone, struct arena *arena, struct upstream_item *out, struct err *err);
/** The checklist that the entity shows; NULL: it does not tell. */
const struct cJSON *todo_checklist(const struct cJSON *entity);
/** Count as present what the entity says by leaving it out. */
void todo_add_unset(
    const struct cJSON *entity, enum todo_source source, struct upstream_item *item);
MUST_CHECK bool todo_read_folder(
    const struct cJSON *entity, struct arena *arena, struct upstream_folder *out, struct err *err);
/** The marker that an expanded entity shows; empty if none. Borrowed from the entity. */
struct str todo_read_marker(const struct cJSON *entity);

/** Can it stand in a document as a URL? */
bool todo_is_address(struct str text);
/** What a link is called that has no name. */
struct str todo_host_of(struct str url);
/** Of a task, a list or a checklist item, or of what is left of it in a delta page. */
MUST_CHECK bool todo_read_id(const struct cJSON *entity, struct arena *arena, struct str *id_out,
    bool *is_removed_out, struct err *err);

/* todo_check.c: an item of a checklist, as a task of which only a little is set (map.h) */
#define TODO_CHECK_FIELDS \
    (TASK_FIELD(TASK_TITLE) | TASK_FIELD(TASK_STATUS) | TASK_FIELD(TASK_COMPLETED))
/** fails: ERR_UPSTREAM */
MUST_CHECK bool todo_read_check(const struct cJSON *entity, const struct zone *zone,
    struct arena *arena, struct upstream_item *out, struct err *err);
struct str todo_write_check(
    const struct task *task, task_fields fields, bool is_create, struct arena *arena);

/* todo_write.c */
/** The members for `fields`, between braces that are already there. */
void todo_write_members(struct json_out *out, const struct task *task, task_fields fields,
    const struct zone *zone, bool is_create, bool has_range);
unsigned todo_fills(struct str text);
/** Our extension, with what the call says of it. */
void todo_write_extension(
    struct json_out *out, const struct upstream_call *call, struct arena *arena);
struct str todo_write_task(const struct task *task, task_fields fields, const struct zone *zone,
    bool is_create, bool has_range, struct arena *arena);

/* todo_project.c */
task_project todo_project;
/** Title, and done or not. When it was done is the service's to say. */
task_project todo_project_check;

/* todo_anchor.c */
/**
 * The service hangs a rule on the due date, the model on the start (mapping.md 4.4): the rule of
 * `task` as the service has it, or from what the service has. False if it has no such form, with
 * *out as it was.
 */
MUST_CHECK bool todo_rule_to_due(const struct task *task, struct task_recurrence *out);
MUST_CHECK bool todo_rule_from_due(const struct task *task, struct task_recurrence *out);

/* todo_attachment.c (B.9) */
/** Notes in place of or behind a link of a listing of attachments: the links of the task beyond the
 * first one follow the files (mapping.md 2.13); and they go on. */
#define TODO_LINKS      "#links"
#define TODO_MORE_LINKS "#more-links"
struct service_making;
/** How a listing goes on. */
void todo_read_attachment_link(const struct upstream_call *call, const struct cJSON *root,
    struct arena *arena, struct upstream_reply *reply);
void todo_build_attachment(struct service_making *making);
/** All that a whole task shows of files ("attachments", which no answer of the service has within
 * one) and of links beyond the first. fails: ERR_UPSTREAM */
MUST_CHECK bool todo_read_attached(
    const struct cJSON *entity, struct arena *arena, struct task *task, struct err *err);
/** A success. */
void todo_parse_attachment(const struct upstream_call *call, const struct upstream_answer *answer,
    struct arena *arena, struct upstream_reply *reply);
bool todo_next_attachment(
    struct upstream_page *page, struct arena *arena, struct task_attachment *out, struct err *err);

/* todo_request.c */
/** me/todo/lists[/L[/tasks[/T]]]: an empty id ends it. */
void todo_put_path(struct service_making *making, struct str folder_id, struct str task_id);
bool todo_can(enum upstream_kind kind);
MUST_CHECK bool todo_build(const struct upstream_call *call, struct str base_url,
    struct arena *arena, struct upstream_request *out, struct err *err);

/* todo_reply.c */
void todo_parse(const struct upstream_call *call, const struct upstream_answer *answer,
    int64_t now_s, struct arena *arena, struct upstream_reply *reply);
bool todo_next_item(
    struct upstream_page *page, struct arena *arena, struct upstream_item *out, struct err *err);
bool todo_next_folder(
    struct upstream_page *page, struct arena *arena, struct upstream_folder *out, struct err *err);
