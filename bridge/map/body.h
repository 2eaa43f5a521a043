#pragma once
/** DESCRIPTION, X-ALT-DESC and ALTREP against the body of a task (mapping.md 2.3). */
#include "bridge/map/set.h"

/** HTML where the document has it and DESCRIPTION says the same; else the text. */
struct task_body body_read(const struct vtodo *vtodo);
/** The HTML beside DESCRIPTION, in either form; false if there is none. */
bool body_find_html(const struct vtodo *vtodo, struct str *html_out);
void body_set(struct set *set, const struct task_body *body);
/** Equal but for line ends, no-break spaces and blanks at the end; HTML that shows nothing is
 * empty. */
bool body_eq(const struct task_body *a, const struct task_body *b, struct arena *arena);
