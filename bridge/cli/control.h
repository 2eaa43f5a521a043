#pragma once
/**
 * What the commands ask of the engine, as JSON: {"command": "user add", "user": "alice"}. The
 * answer is any number of {"progress": {...}} and then {"ok": true, ...} or {"ok": false, "error":
 * TEXT}. The same handlers serve the control socket (control_server.h) and a command that works
 * without a server (control_client.h). Loop thread only.
 */
#include "bridge/cli/runtime.h"

#include <cjson/cJSON.h>

struct control_call;

/** line is borrowed for the call. */
typedef void control_answer_cb(const cJSON *line, bool is_last, void *arg);
/** request is copied. cb does not come before this has returned; nothing comes after the last. */
struct control_call *control_start(
    struct runtime *runtime, const cJSON *request, control_answer_cb *cb, void *arg);
/** No more callbacks; what was begun goes on. Fine on NULL. */
void control_abandon(struct control_call **call);
