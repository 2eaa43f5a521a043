#pragma once
/** What the services say back to a task, as far as they agree (upstream.md A.4, A.5, B.4 to B.6;
 * mapping.md section 2). Pure functions. */
#include "bridge/task.h"

/** All of it for Outlook v2.0. */
task_project service_project;
/** Line breaks are LF, no white space at the end. */
struct str service_clean_body(struct str content, struct arena *arena);
/** Trimmed, not empty, none twice without regard to case. */
struct task_list_of_text service_clean_categories(
    const struct task_list_of_text *list, struct arena *arena);
