#pragma once
/**
 * The control socket beside the store: a Unix socket of mode 0600, one JSON request per line,
 * handled one at a time per connection (control.h). Loop thread only.
 */
#include "bridge/cli/control.h"

struct control_server;

/**
 * Takes the place of a socket that an earlier server left: the caller holds the store's lock, so no
 * other can be alive. Requests wait until control_server_start.
 * fails: ERR_INVALID: the path is too long for a socket; ERR_INTERNAL
 */
MUST_CHECK bool control_server_new(
    struct runtime *runtime, const char *path, struct control_server **out, struct err *err);
void control_server_start(struct control_server *server);
/** Closes all connections and removes the socket. */
void control_server_free(struct control_server **server);
