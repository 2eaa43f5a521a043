#pragma once
/** An opened VTODO to the task model: the field rules of mapping.md section 2. */
#include "bridge/map/vtodo.h"

/** Everything that the document means. Strings are views of it, or live in the arena. */
void read_task(const struct vtodo *vtodo, struct task *out);
/** What the service would answer to it; applies the options that a dialect does not know. */
void read_project(const struct task *task, const struct map_context *context, struct task *out);
/** Of STATUS, PERCENT-COMPLETE and COMPLETED alone (mapping.md 2.6): never waiting or deferred. */
enum task_status read_status(const struct vtodo *vtodo);
/** The status that X-MSTASK-STATUS names where it fits `plain`; else plain. */
enum task_status read_ms_status(const struct vtodo *vtodo, enum task_status plain);
/** task_diff, with bodies compared by body_eq. */
task_fields read_diff(const struct task *a, const struct task *b, struct arena *arena);
