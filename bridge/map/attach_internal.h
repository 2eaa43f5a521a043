#pragma once
/** Lines of attachments, for attach.c and attach_plan.c. */
#include "bridge/map/attach.h"
#include "bridge/map/vtodo.h"
#include "ical/edit.h"

/** ATTACH lines of a task that are looked at; more stay what they are. */
#define ATTACH_LINES_MOST 1000

/** The next ATTACH at or after `first`; NULL if none. */
struct property *attach_next_line(struct property *first);
/** USER/LIST/NAME/ID of an address of this form; empty for any other. *server_out: what stands
 * before. */
struct str attach_address(const struct property *line, struct str *server_out);
/** What stands before MAP_ATTACHMENTS in our own addresses. */
struct str attach_own_server(const struct map_context *context);
/** The MANAGED-ID of a line of this very resource, whatever the server was called then; or empty.
 */
struct str attach_own_id(const struct property *line, const struct map_context *context);
struct property *attach_link_line(const struct vtodo *vtodo, struct str url);
struct property *attach_line_of(const struct vtodo *vtodo, const struct task_attachment *attachment,
    const struct map_context *context);
/** A parameter's value. Quoted also where it need not be: many parsers stop at a blank. */
struct str attach_name_param(struct str name, struct arena *arena);
bool attach_is_web_address(struct str url);
/** A link that no line can hold is not shown. */
bool attach_has_line(const struct task_attachment *attachment);
void attach_insert_line(struct edit *edit, const struct vtodo *vtodo,
    const struct task_attachment *attachment, struct str others, const struct map_context *context);
