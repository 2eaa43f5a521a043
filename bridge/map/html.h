#pragma once
/** HTML bodies: readable text of them, and the data: URL form of ALTREP (mapping.md 2.3). */
#include "bridge/core/arena.h"
#include "bridge/core/str.h"

/**
 * The text that a person would read: no head, style or script; a line for each block and <br>,
 * "- " before list items, entities decoded, blanks collapsed. with_targets: a link whose text is
 * not its target is shown as "text (target)". HTML beyond what the parser is trusted with loses its
 * tags in a simpler way.
 */
struct str html_to_text(struct str html, bool with_targets, struct arena *arena);
/** Does the text say what the HTML says, as some other program may have put it in plain text? */
bool html_says(struct str html, struct str text, struct arena *arena);
/** The HTML in "data:text/html,..." (percent-coded or base64); false if it is not such a URL. */
bool html_from_data_url(struct str url, struct arena *arena, struct str *html_out);
struct str html_to_data_url(struct str html, struct arena *arena);
