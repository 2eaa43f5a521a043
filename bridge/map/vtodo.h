#pragma once
/**
 * One VTODO opened for conversion: the document, its master component, the properties that are
 * mapped, found once, and its dates resolved (mapping.md 3.3). Views into the text; lives in the
 * context's arena.
 */
#include "bridge/map/map.h"

enum vtodo_name {
    VTODO_UID,
    VTODO_SUMMARY,
    VTODO_DESCRIPTION,
    VTODO_ALT_DESC,
    VTODO_PRIORITY,
    VTODO_CLASS,
    VTODO_MS_SENSITIVITY,
    VTODO_STATUS,
    VTODO_MS_STATUS,
    VTODO_PERCENT,
    VTODO_COMPLETED,
    VTODO_DTSTART,
    VTODO_DUE,
    VTODO_DURATION,
    VTODO_RRULE,
    VTODO_MS_RRULE, /**< the rule of a completed task: kept, not served as one */
    VTODO_EXRULE,
    VTODO_RDATE,
    VTODO_EXDATE,
    VTODO_RECURRENCE_ID,
    VTODO_CATEGORIES,
    VTODO_URL,
    VTODO_MS_ASSIGNED_TO,
    VTODO_MS_OWNER,
    VTODO_CREATED,
    VTODO_LAST_MODIFIED,
    VTODO_DTSTAMP,
    VTODO_SEQUENCE,
    VTODO_MS_REV,
    VTODO_MOZ_LASTACK,
    VTODO_MOZ_SNOOZE,
    VTODO_MS_DTSTART, /**< a start behind the due date: kept, not served as one */
    VTODO_NAME_COUNT,
};

/** A date of the document, on the wall clock of `zone`. */
struct vtodo_when {
    bool is_set;
    enum task_time_form form; /**< as written */
    int32_t day;              /**< UTC values: in the hint zone */
    int32_t second;
    struct str tzid;         /**< as written; TASK_TIME_ZONED */
    const struct zone *zone; /**< in which day and second are to be read */
};

struct vtodo {
    const struct map_context *context;
    struct document document;
    struct component *todo; /**< the master */
    struct property *first[VTODO_NAME_COUNT];
    struct vtodo_zones *zones; /**< TZIDs that were looked up */
    struct series **series;    /**< what series_read found, once it was called */
    const struct zone *hint;   /**< H of mapping.md 3.3 */
    struct vtodo_when start;
    struct vtodo_when due;
    bool is_due_by_duration;
    bool is_due_exclusive; /**< dates in DUE are the day after: option due_date_exclusive */
};

/** The name as it is written in a new line. */
struct str vtodo_name_text(enum vtodo_name name);
/** fails: ERR_INVALID, ERR_LIMIT: can't be parsed, or has no VTODO with a UID */
MUST_CHECK bool vtodo_open(
    struct str text, const struct map_context *context, struct vtodo *out, struct err *err);
/** Another VTODO of the same document: an override, read with the master's zones. */
void vtodo_open_component(
    const struct vtodo *master, struct component *component, struct vtodo *out);
/** The next property of the same name, or NULL. */
struct property *vtodo_next(enum vtodo_name name, const struct property *property);
/** The value of a property's TEXT without control characters; empty for NULL. */
struct str vtodo_text(const struct vtodo *vtodo, const struct property *property);
/** A date of a property, resolved with the vtodo's hint zone; unset if it can't be read. */
struct vtodo_when vtodo_when(const struct vtodo *vtodo, const struct property *property);
/** UTC seconds. */
int64_t vtodo_when_instant(const struct vtodo_when *when);
/** A moment of the document as an instant; floating: in Z. False if it can't be read. */
bool vtodo_instant(const struct vtodo *vtodo, const struct property *property, int64_t *out);
/** start + duration: nominal days, then exact seconds. */
struct vtodo_when vtodo_when_add(const struct vtodo_when *when, int64_t days, int64_t seconds);
/** The zone of a TZID: by name, or by what the document's VTIMEZONE says; NULL if unknown. */
const struct zone *vtodo_zone(
    const struct document *document, struct str tzid, const struct map_context *context);
