#pragma once
/**
 * What `duedav demo` keeps between two runs, in one directory of mode 0700: the sandbox's and the
 * bridge's databases, a configuration (so that other commands work with it too), and demo.json with
 * addresses and secrets (mode 0600).
 */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"
#include "bridge/core/secret.h"

struct demo_state {
    struct arena *arena; /**< all texts live there */
    int lock_fd;
    const char *directory;
    const char *listen;         /**< of the bridge, as bound the last time; "" at first */
    const char *sandbox;        /**< address of the sandbox, as bound the last time; "" at first */
    char token[SECRET_ID_TEXT]; /**< opens the mailbox in the sandbox */
    char password[SECRET_ID_TEXT]; /**< app password; "" at first */
};

/**
 * directory: NULL for the usual one, $XDG_STATE_HOME/duedav-demo or ~/.local/state/duedav-demo.
 * Makes it if need be and reads what is there.
 * fails: ERR_BUSY: a demo runs there already; ERR_INVALID, ERR_INTERNAL
 */
MUST_CHECK bool demo_state_open(const char *directory, struct demo_state *out, struct err *err);
void demo_state_done(struct demo_state *state);
/** Write demo.json anew. fails: ERR_INTERNAL */
MUST_CHECK bool demo_state_save(const struct demo_state *state, struct err *err);
/** Path of a file in the directory. */
const char *demo_state_path(const struct demo_state *state, const char *name);
/** Write the configuration for these addresses. fails: ERR_INTERNAL */
MUST_CHECK bool demo_state_write_config(
    const struct demo_state *state, const char *path, struct err *err);
