#pragma once
/**
 * What serve, demo and the commands that work without a server have in common: the store with its
 * lock, the HTTP client and the engine, made from the configuration. Loop thread only.
 */
#include "bridge/config.h"
#include "bridge/core/loop.h"
#include "bridge/store/store.h"
#include "bridge/sync/engine.h"

struct http_client;

struct runtime {
    struct loop *loop; /**< borrowed */
    struct store *store;
    struct http_client *client;
    struct engine *engine;
    struct engine_service *services;
};

/** The path behind "sqlite:" of [store] url. */
const char *runtime_store_path(const struct config *config);
/** Where the control socket is: the store's path with ".sock". */
struct str runtime_socket_path(const struct config *config, struct arena *arena);
/** Become the user that [server] user names, if started as root. fails: ERR_INVALID, ERR_INTERNAL
 */
MUST_CHECK bool runtime_drop_privileges(const struct config *config, struct err *err);

/**
 * Opens the store, takes its lock. config is borrowed until runtime_close.
 * fails: as store_open (ERR_BUSY: another process holds the lock) and secret_key_load; ERR_INVALID:
 *        an [upstream] section whose dialect this version has not
 */
MUST_CHECK bool runtime_open(
    struct loop *loop, const struct config *config, struct runtime *out, struct err *err);
/** Once the loop has stopped, or before it ran. Fine on zeros. */
void runtime_close(struct runtime *runtime);
