#pragma once
/** Edits that make an opened document say a field's value: one function per kind of field. */
#include "bridge/map/vtodo.h"
#include "ical/edit.h"

struct set {
    const struct vtodo *vtodo;
    struct edit edit;
};

void set_init(struct set *set, const struct vtodo *vtodo);
/** The line's value (escaped already); an empty one takes the line away. Parameters stay. */
void set_value(struct set *set, enum vtodo_name name, struct str value);
void set_text(struct set *set, enum vtodo_name name, struct str text);
void set_remove(struct set *set, enum vtodo_name name);
/** UTC, whole seconds. */
void set_instant(struct set *set, enum vtodo_name name, int64_t instant_s);
/** A date in the form of `when`; an existing line of that form keeps its parameters. */
void set_when(struct set *set, enum vtodo_name name, const struct vtodo_when *when);
/** One more line of that name. */
void set_add_when(struct set *set, enum vtodo_name name, const struct vtodo_when *when);
void set_categories(struct set *set, const struct task_list_of_text *categories);
/** STATUS, X-MSTASK-STATUS, and unless has_percent is set PERCENT-COMPLETE (mapping.md 2.6);
 * COMPLETED goes when the task is not done. */
void set_status(struct set *set, enum task_status status, bool has_percent);
void set_sensitivity(struct set *set, enum task_sensitivity sensitivity);
void set_priority(struct set *set, int32_t priority);
/** The lines of a name get another one: they stay in the document, out of sight. */
void set_rename(struct set *set, enum vtodo_name name, enum vtodo_name other);
/** LAST-MODIFIED, DTSTAMP; SEQUENCE + 1 where there is one and a date or rule changed (2.14). */
void set_stamps(struct set *set, int64_t modified_us, bool has_new_schedule);
