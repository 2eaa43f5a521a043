#pragma once
/**
 * Starting, stopping and administering the sync engine: what main, the control socket and `demo`
 * use. What CalDAV needs is in sync.h. Loop thread only; every engine_cb comes exactly once.
 */
#include "bridge/core/secret.h"
#include "bridge/store/store.h"
#include "bridge/sync/sync.h"
#include "bridge/upstream/upstream.h"

enum engine_delete_lists {
    ENGINE_DELETE_EMPTY,
    ENGINE_DELETE_YES,
    ENGINE_DELETE_NO,
};

/** One [upstream NAME] section. */
struct engine_service {
    struct str name;
    const struct dialect *dialect;
    struct str url;
    struct str ca_file;
};

struct engine_options {
    int64_t near_ms, far_ms, fresh_ms, hold_ms; /**< [sync] */
    int64_t full_s;                             /**< [sync] full; 0: never */
    bool sign_in_task;                          /**< [sync] sign_in_task */
    size_t memory_bytes;
    int64_t completed_s; /**< [mapping] completed; 0: all */
    bool keeps_upstream; /**< [mapping] keep_upstream */
    enum engine_delete_lists delete_lists;
    struct map_options map;
    size_t attachment_bytes;               /**< [limits] attachment */
    size_t buffered_bytes;                 /**< [limits] buffered: of attachments on their way */
    const struct engine_service *services; /**< borrowed for the engine's life */
    size_t service_count;
    struct secret_key key;
};

/** Loads users, accounts, collections and open operations, then calls back; rounds start by
 * themselves after that. */
struct engine *engine_new(struct loop *loop, struct store *store, struct http_client *client,
    const struct engine_options *options);
void engine_start(struct engine *engine, engine_cb *cb, void *arg);
/** No new writes or rounds; calls back when the operations in hand are answered (or abandoned to
 * the next start after grace_ms). */
void engine_stop(struct engine *engine, int64_t grace_ms, loop_cb *cb, void *arg);
void engine_free(struct engine **engine);

/* --- users -------------------------------------------------------------------------------- */

void engine_add_user(struct engine *engine, struct str name, engine_cb *cb, void *arg);
void engine_remove_user(struct engine *engine, struct str name, engine_cb *cb, void *arg);
struct user *engine_next_user(struct engine *engine, struct user *before);
/** password_out: NUL-terminated, SECRET_ID_TEXT bytes, filled in at once; valid once cb says so. */
void engine_add_password(struct engine *engine, struct user *user, struct str label,
    char password_out[SECRET_ID_TEXT], engine_cb *cb, void *arg);
void engine_revoke_password(
    struct engine *engine, struct user *user, int64_t password, engine_cb *cb, void *arg);
struct engine_password {
    int64_t id;
    struct str label;
    int64_t created_s;
    int64_t used_s;
};
/** The i-th password; false at the end. */
bool user_password(const struct user *user, size_t i, struct engine_password *out);

/* --- accounts ----------------------------------------------------------------------------- */

struct engine_link {
    struct str upstream; /**< name of a service */
    struct str label;    /**< empty: the service's name */
    struct str timezone; /**< empty: guessed */
    struct str token;
};
/** Runs the first folder round, then shows the account. account_out: its id, once cb says so. */
void engine_link_account(struct engine *engine, struct user *user, const struct engine_link *link,
    int64_t *account_out, engine_cb *cb, void *arg);
void engine_unlink_account(
    struct engine *engine, struct account *account, bool purge, engine_cb *cb, void *arg);
struct engine_account_change {
    struct str timezone; /**< empty: keep */
    struct str label;    /**< empty: keep */
    bool make_default;
    int read_only; /**< -1: keep; 0, 1 */
};
void engine_set_account(struct engine *engine, struct account *account,
    const struct engine_account_change *change, engine_cb *cb, void *arg);
/** Linked accounts in order of id: NULL first, then the one before. */
struct account *user_next_account(struct user *user, struct account *before);
struct account *user_find_account(struct user *user, int64_t id);
struct collection *account_next_collection(struct account *account, struct collection *before);

struct engine_account_status {
    int64_t id;
    struct str upstream, dialect, label, timezone;
    bool is_zone_guessed, is_default, is_read_only, needs_sign_in, is_round_running;
    int64_t last_round_s;           /**< when the last complete round ended; 0: none yet */
    int64_t last_round_ms;          /**< how long it took */
    unsigned failures;              /**< rounds failed since then */
    uint64_t rounds, rounds_failed; /**< since the start */
    struct str last_error;          /**< of the newest failed round; empty if none */
    unsigned open_operations;
    unsigned rest_s; /**< throttled for so long */
    uint64_t requests;
};
void account_status(const struct account *account, struct engine_account_status *out);
struct engine_collection_status {
    struct str slug, name;
    bool is_synced; /**< the first full round has ended */
    int64_t change;
};
void collection_status(const struct collection *collection, struct engine_collection_status *out);

/**
 * One full round of an account now. progress is called after each page with the number of tasks
 * seen so far and lists done; a full round that was broken off goes on where it was.
 */
typedef void engine_progress_cb(uint64_t tasks, unsigned lists_done, unsigned lists, void *arg);
void engine_sync_account(struct engine *engine, struct account *account,
    engine_progress_cb *progress, engine_cb *cb, void *arg);
