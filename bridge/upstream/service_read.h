#pragma once
/**
 * The members of a task as the Microsoft services return them (upstream.md A.4, B.4): each dialect
 * has a table of its own member names, and what stands there is read the same way. Pure functions.
 */
#include "bridge/upstream/dialect.h"
#include "bridge/upstream/service_names.h"
#include "ical/zone.h"

struct cJSON;

/** Where the value of a member goes; strings live in arena. */
struct service_reading {
    enum service_spelling spelling;
    const struct zone *zone; /**< of the account */
    struct arena *arena;
    struct task *task;
    struct err *err;
};

/** value has the type that the table says. fails: ERR_UPSTREAM */
typedef bool service_read_value(const struct cJSON *value, const struct service_reading *reading);

enum service_type {
    SERVICE_TEXT,
    SERVICE_OBJECT,
    SERVICE_LIST,
    SERVICE_BOOLEAN,
};

struct service_member {
    const char *name;
    enum service_type type;
    task_fields field; /**< present when the member is there; 0: none of the fields */
    service_read_value *read;
};

/**
 * Every member of the table that the entity has; null leaves its field at the default.
 * fails: ERR_UPSTREAM
 */
MUST_CHECK bool service_read_members(const struct cJSON *entity,
    const struct service_member *members, size_t count, const struct service_reading *reading);
/** Flag and time of the reminder, which are one field. fails: ERR_UPSTREAM */
MUST_CHECK bool service_read_reminder(
    const struct cJSON *entity, const struct service_reading *reading);

service_read_value service_read_title;
service_read_value service_read_body;
service_read_value service_read_importance;
service_read_value service_read_sensitivity;
service_read_value service_read_status;
service_read_value service_read_start;
service_read_value service_read_due;
service_read_value service_read_completed;
service_read_value service_read_recurrence;
service_read_value service_read_categories;
service_read_value service_read_assigned_to;
service_read_value service_read_owner;
service_read_value service_read_created;
service_read_value service_read_modified;
service_read_value service_read_has_attachments;

/** One entity of a dialect; only the fields that it carries become present. */
typedef bool service_read_entity(const struct cJSON *entity, const struct zone *zone,
    struct arena *arena, struct upstream_item *out, struct err *err);
/**
 * A file of the user's with one task in it, which may do without the service's id if it has any
 * other member that counts.
 *
 * id_name      how the dialect spells it
 * never_there  fields that `read` calls present without any member for them
 * fails        ERR_INVALID
 */
MUST_CHECK bool service_read_file(struct str json, const char *id_name, service_read_entity *read,
    task_fields never_there, const struct zone *zone, struct arena *arena,
    struct upstream_item *out, struct err *err);
