#pragma once
/**
 * How a command reaches the engine: through the control socket of the server that holds the store,
 * or, when there is none, with an engine of its own in this process. Never both.
 */
#include "bridge/cli/cli.h"

#include <cjson/cJSON.h>

/** progress is borrowed for the call. */
typedef void control_progress_cb(const cJSON *progress, void *arg);
/** {"command": NAME}, with a member for each further text that is not NULL. */
cJSON *control_request(const char *command);
void control_add_text(cJSON *request, const char *name, const char *text_or_null);

/**
 * Have a request (taken) answered and say on stderr what went wrong. Loads the configuration.
 * progress_cb  may be NULL
 * result_out   may be NULL; the last line of the answer, which the caller deletes
 * Returns the exit status.
 */
int control_run(struct cli *cli, cJSON *request, control_progress_cb *progress_cb, void *arg,
    cJSON **result_out);
