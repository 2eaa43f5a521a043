#pragma once
/**
 * The whole server on a loop: HTTP in front, CalDAV and the engine behind it, the control socket
 * beside. What `serve` runs, and `demo` with a sandbox next to it. Loop thread only.
 */
#include "bridge/cli/runtime.h"

struct server;

/**
 * Binds the addresses, becomes the configured user, opens the store. Requests are answered 503
 * until the engine has started. config is borrowed for the server's life. fails: ERR_INVALID: the
 * configuration; ERR_BUSY: another process has the store; as runtime_open
 */
MUST_CHECK bool server_new(
    struct loop *loop, const struct config *config, struct server **out, struct err *err);
/** Loads the store; from the callback on, requests are served. */
void server_start(struct server *server, engine_cb *cb, void *arg);
/** No new connections; requests and writes in hand are finished; then the callback. */
void server_stop(struct server *server, loop_cb *cb, void *arg);
/** After server_stop, or at once when something went wrong before. */
void server_free(struct server **server);

struct runtime *server_runtime(struct server *server);
/** The i-th address as bound: "http://127.0.0.1:5252/" or "unix:/path"; NULL at the end. */
const char *server_address(const struct server *server, size_t i);
