#pragma once
/**
 * Durable state. The loop submits jobs; a job's run is called on a worker thread with a connection
 * and uses the query functions below (store_x_y), each of which is one statement or a few. Write
 * jobs that wait together share one transaction and one fsync (group commit), each in its own
 * savepoint, so one that fails takes nothing with it. done comes on the loop after the commit.
 *
 * Every table's key begins with the account (or the user). Ids of users, passwords and accounts are
 * unique in the store, all others in their account; none is given twice. Rows handed out live in
 * the arena given; an empty text or blob comes back with n == 0.
 *
 * Every query can fail with ERR_INTERNAL (a full or failing disk, memory; err.code is SQLite's) and
 * ERR_BUSY (another program, say a backup, holds the file for seconds). Adding below something that
 * does not exist, or changing what does not exist, is ERR_NOT_FOUND; removing it is not.
 */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"
#include "bridge/core/loop.h"
#include "bridge/core/worker.h"

struct store;
struct store_db;

/**
 * location: path of the SQLite file (made with mode 0600 when missing, in an existing directory).
 * Takes the exclusive lock of one engine per store (design section 4): LOCATION.lock.
 * fails: ERR_BUSY: another process holds the lock; ERR_INVALID: damaged or newer; ERR_DENIED:
 * read-only; ERR_INTERNAL
 */
MUST_CHECK bool store_open(
    struct loop *loop, const char *location, struct store **store_out, struct err *err);
/** Finishes all jobs, closes, releases the lock. A done called meanwhile must not submit another.
 */
void store_close(struct store **store);

struct store_job {
    struct job job;
    /**
     * On a worker, once. False (with *err) rolls this job's changes back. All queries of one job
     * see the same moment. After a query that failed with anything but ERR_NOT_FOUND it must give
     * up.
     */
    bool (*run)(struct store_job *job, struct store_db *db, struct err *err);
    /** On the loop, after the commit; err.kind is ERR_NONE if it is durable. May free the job. */
    void (*done)(struct store_job *job);
    struct err err;
};
/** A job that changes something. Runs in order of submission. */
void store_write(struct store *store, struct store_job *job);
/** A job that only reads, on one of the reader connections; sees what was committed before. */
void store_read(struct store *store, struct store_job *job);

/* --- users and app passwords ------------------------------------------------------------- */

struct store_user {
    int64_t id;
    struct str name;
    int64_t created_s;
};
struct store_password {
    int64_t id;
    int64_t user;
    struct str label;
    struct str hash; /**< SECRET_HASH_BYTES */
    int64_t created_s;
    int64_t used_s;         /**< 0: never; kept to the hour or so */
    bool knows_attachments; /**< a client with it has written an ATTACH */
};
/** fails: ERR_CONFLICT: the name exists */
MUST_CHECK bool store_user_add(
    struct store_db *db, struct str name, int64_t now_s, int64_t *id_out, struct err *err);
/** With passwords and accounts and all they hold. fails: ERR_NOT_FOUND */
MUST_CHECK bool store_user_remove(struct store_db *db, int64_t user, struct err *err);
MUST_CHECK bool store_user_list(struct store_db *db, struct arena *arena, struct store_user **out,
    size_t *count_out, struct err *err);
MUST_CHECK bool store_password_add(struct store_db *db, int64_t user, struct str label,
    struct str hash, int64_t now_s, int64_t *id_out, struct err *err);
/** fails: ERR_NOT_FOUND (also when it is another user's) */
MUST_CHECK bool store_password_revoke(
    struct store_db *db, int64_t user, int64_t password, struct err *err);
MUST_CHECK bool store_password_used(
    struct store_db *db, int64_t user, int64_t password, int64_t now_s, struct err *err);
MUST_CHECK bool store_password_attaches(
    struct store_db *db, int64_t user, int64_t password, struct err *err);
MUST_CHECK bool store_password_list(struct store_db *db, struct arena *arena,
    struct store_password **out, size_t *count_out, struct err *err);

/* --- accounts ----------------------------------------------------------------------------- */

struct store_account {
    int64_t id;
    int64_t user;
    struct str upstream; /**< name of the [upstream NAME] section */
    struct str label;
    struct str timezone; /**< IANA name */
    bool is_zone_guessed;
    bool is_default;
    bool is_read_only;
    bool needs_sign_in;
    struct str token; /**< sealed (secret_seal) */
    int64_t created_s;
    int64_t unlinked_s;        /**< 0: linked */
    struct str folder_link;    /**< where the next folder round goes on; empty: from the start */
    bool is_folder_link_final; /**< it ended a round (a delta link) */
    int64_t folder_round;      /**< counts full folder rounds */
};
MUST_CHECK bool store_account_add(
    struct store_db *db, const struct store_account *account, int64_t *id_out, struct err *err);
/** Everything but user, upstream and created_s. fails: ERR_NOT_FOUND */
MUST_CHECK bool store_account_update(
    struct store_db *db, const struct store_account *account, struct err *err);
/** Make it the user's only default account. fails: ERR_NOT_FOUND (also when it is another's) */
MUST_CHECK bool store_account_set_default(
    struct store_db *db, int64_t user, int64_t account, struct err *err);
/** Remove with everything it holds. */
MUST_CHECK bool store_account_purge(struct store_db *db, int64_t account, struct err *err);
/** All, also unlinked ones, in order of id. */
MUST_CHECK bool store_account_list(struct store_db *db, struct arena *arena,
    struct store_account **out, size_t *count_out, struct err *err);

/* --- collections -------------------------------------------------------------------------- */

/** One that a client set and upstream has no place for. */
struct store_property {
    int64_t user, collection, resource; /**< only in lists */
    struct str ns;
    struct str name;
    struct str xml; /**< the whole element */
};

struct store_collection {
    int64_t account;
    int64_t id;
    struct str upstream_id;
    struct str slug; /**< last segment of its address; unique among a user's collections */
    struct str name; /**< as upstream has it */
    bool is_default;
    bool is_hidden;
    bool is_writable;
    int64_t change;        /**< number of the last change; 0: none yet */
    struct str run;        /**< id of the run that owns `change` */
    int64_t pruned_change; /**< the newest removal that is forgotten: older stamps are invalid */
    struct str link;       /**< where the next page is; empty: a full round from the start */
    bool is_link_final;    /**< link ended a round */
    int64_t round;         /**< counts full rounds; the one in progress or the last one */
    bool is_round_full;    /**< the round in progress is a full one */
    int64_t round_started_s;
    bool is_synced; /**< one full round has ended */
    int64_t seen_folder_round;
    int64_t removed_s; /**< 0: there */
    struct store_property *properties;
    size_t property_count;
};
/** With its properties. change and run are ignored: it starts with none.
 * fails: ERR_CONFLICT: a collection of the account that is not removed has this slug or upstream_id
 * (an empty upstream_id is no id) */
MUST_CHECK bool store_collection_add(
    struct store_db *db, const struct store_collection *row, int64_t *id_out, struct err *err);
/** upstream_id, slug, name, the three is_... of the list, seen_folder_round and removed_s.
 * fails: ERR_NOT_FOUND; ERR_CONFLICT as store_collection_add */
MUST_CHECK bool store_collection_update(
    struct store_db *db, const struct store_collection *row, struct err *err);
/** link, is_link_final, round, is_round_full, round_started_s and is_synced: a page and a folder
 * round write the same row, and neither must undo the other. fails: ERR_NOT_FOUND */
MUST_CHECK bool store_collection_set_round(
    struct store_db *db, const struct store_collection *row, struct err *err);
/** All of one account that are not removed, with their properties. */
MUST_CHECK bool store_collection_list(struct store_db *db, int64_t account, struct arena *arena,
    struct store_collection **out, size_t *count_out, struct err *err);
/** Remove with all resources, versions, operations and properties. */
MUST_CHECK bool store_collection_remove(
    struct store_db *db, int64_t account, int64_t collection, struct err *err);

/** Whose properties: a user's home, or a collection (resource 0), or a resource in it. */
struct store_owner {
    int64_t user; /**< not 0: of the home, and the rest does not matter */
    int64_t account, collection, resource;
};
/** Add or replace. fails: ERR_NOT_FOUND, also for a tombstone */
MUST_CHECK bool store_property_set(struct store_db *db, const struct store_owner *owner,
    const struct store_property *property, struct err *err);
MUST_CHECK bool store_property_remove(struct store_db *db, const struct store_owner *owner,
    struct str ns, struct str name, struct err *err);
/** Remove all. */
MUST_CHECK bool store_property_clear(
    struct store_db *db, const struct store_owner *owner, struct err *err);
MUST_CHECK bool store_property_count(
    struct store_db *db, const struct store_owner *owner, int64_t *count_out, struct err *err);
/** Of all collections of the account and what is in them, in order of collection, resource,
 * namespace and name. */
MUST_CHECK bool store_property_list(struct store_db *db, int64_t account, struct arena *arena,
    struct store_property **out, size_t *count_out, struct err *err);
/** Of all homes, in order of user, namespace and name. */
MUST_CHECK bool store_home_property_list(struct store_db *db, struct arena *arena,
    struct store_property **out, size_t *count_out, struct err *err);

/**
 * The collection's next change number, owned by `run` (a row in runs when the last number was
 * another run's). design section 6
 */
MUST_CHECK bool store_change_next(struct store_db *db, int64_t account, int64_t collection,
    struct str run, int64_t *change_out, struct err *err);
struct store_run {
    int64_t first; /**< first number it owns */
    struct str id;
};
/** In ascending order of first. */
MUST_CHECK bool store_run_list(struct store_db *db, int64_t account, int64_t collection,
    struct arena *arena, struct store_run **out, size_t *count_out, struct err *err);

/* --- resources ---------------------------------------------------------------------------- */

struct store_resource {
    int64_t account;
    int64_t collection;
    int64_t id;
    struct str href; /**< last segment, decoded; unique in the collection */
    struct str uid;
    struct str upstream_id;
    struct str upstream_etag;
    struct str etag; /**< quoted, as served */
    struct str document;
    struct str base; /**< task_format */
    int64_t rev;     /**< counts versions */
    int64_t change;
    int64_t round;     /**< last full round that saw it */
    int64_t written_s; /**< last settled write of ours; 0: none */
    int64_t modified_s;
    struct str put_hash;      /**< of the body of the last accepted PUT; empty: none */
    struct str replaced_etag; /**< the ETag that PUT replaced; empty: it created */
    /** a tombstone: document, base, etags and put_hash are empty; modified_s says since when */
    bool is_removed;
    /** When its task wants looking after (table `due`); 0: never. store_resource_put and _confirm
     * write it; it is not read back with the row. */
    int64_t due_s;
};
/** What a collection in memory needs of each row (tombstones too), newest change first: account,
 * collection, id, href, uid, etag, document, change, modified_s, put_hash, replaced_etag,
 * is_removed, rev. */
MUST_CHECK bool store_resource_load(struct store_db *db, int64_t account, int64_t collection,
    struct arena *arena, struct store_resource **out, size_t *count_out, struct err *err);
/** Whole row, tombstones not. *found_out false when there is none. */
MUST_CHECK bool store_resource_find(struct store_db *db, int64_t account, int64_t collection,
    struct str href, struct arena *arena, struct store_resource *out, bool *found_out,
    struct err *err);
MUST_CHECK bool store_resource_find_upstream(struct store_db *db, int64_t account,
    int64_t collection, struct str upstream_id, struct arena *arena, struct store_resource *out,
    bool *found_out, struct err *err);
/** Does a row (no tombstone) have this href or this UID? */
MUST_CHECK bool store_resource_is_taken(struct store_db *db, int64_t account, int64_t collection,
    struct str href, struct str uid, bool *is_taken_out, struct err *err);
/** Rows (no tombstones) whose upstream_id begins with `prefix`, which is not empty. */
MUST_CHECK bool store_resource_below(struct store_db *db, int64_t account, int64_t collection,
    struct str prefix, struct arena *arena, struct store_resource **out, size_t *count_out,
    struct err *err);
/**
 * Insert (id 0; a tombstone of the same href is replaced and its id goes on) or update by id; the
 * href of a resource never changes, and is_removed must be false (that is store_resource_bury).
 * fails: ERR_CONFLICT: insert: the href is taken; both: another resource of the collection has this
 *        upstream_id (an empty one is no id); ERR_NOT_FOUND: update: no such id with this href
 */
MUST_CHECK bool store_resource_put(
    struct store_db *db, const struct store_resource *row, int64_t *id_out, struct err *err);
/** Only upstream_etag, base, round and due_s: nothing that a client sees. fails: ERR_NOT_FOUND */
MUST_CHECK bool store_resource_confirm(
    struct store_db *db, const struct store_resource *row, struct err *err);
/** Turn into a tombstone with this change number; its versions and properties go. fails:
 * ERR_NOT_FOUND */
MUST_CHECK bool store_resource_bury(struct store_db *db, int64_t account, int64_t collection,
    int64_t id, int64_t change, int64_t now_s, struct err *err);
/** Rows (no tombstones) that a finished full round did not see: round < `round` and written_s <
 * before_s, with an upstream_id. In order of id. */
MUST_CHECK bool store_resource_unseen(struct store_db *db, int64_t account, int64_t collection,
    int64_t round, int64_t before_s, struct arena *arena, struct store_resource **out,
    size_t *count_out, struct err *err);
/** Drop tombstones older than before_s, and note their newest change in pruned_change. */
MUST_CHECK bool store_tombstone_prune(
    struct store_db *db, int64_t account, int64_t before_s, struct err *err);

/** Those without an upstream_id: not sent yet. In order of id. */
MUST_CHECK bool store_resource_waiting(struct store_db *db, int64_t account, int64_t collection,
    struct arena *arena, struct store_resource **out, size_t *count_out, struct err *err);

/* --- timed work --------------------------------------------------------------------------- */

enum store_due_kind {       /* stored: append only */
    STORE_DUE_RESOURCE = 1, /**< look after a resource; ref is its id */
};

/** A resource that wants looking after. */
struct store_due {
    int64_t collection;
    int64_t resource;
    int64_t at_s;
    struct str href;
};
/** at_s 0: not any more. fails: ERR_NOT_FOUND: no such resource */
MUST_CHECK bool store_due_set(struct store_db *db, int64_t account, int64_t collection,
    int64_t resource, int64_t at_s, struct err *err);
/** Those with at_s <= until_s, earliest first, at most so many. */
MUST_CHECK bool store_due_list(struct store_db *db, int64_t account, int64_t until_s, int64_t most,
    struct arena *arena, struct store_due **out, size_t *count_out, struct err *err);
/** When the account's next timed work is due; 0: there is none. */
MUST_CHECK bool store_due_next(
    struct store_db *db, int64_t account, int64_t *at_s_out, struct err *err);

/* --- versions ----------------------------------------------------------------------------- */

struct store_version {
    int64_t rev;
    struct str etag;
    struct str fields; /**< struct map_version as bytes */
    bool is_put;       /**< made by a client's PUT */
};
/** Keeps the newest `keep` of the resource, and the used revs that lead to them.
 * fails: ERR_CONFLICT: this rev was added before */
MUST_CHECK bool store_version_add(struct store_db *db, int64_t account, int64_t collection,
    int64_t resource, const struct store_version *version, unsigned keep, struct err *err);
/** Newest first. */
MUST_CHECK bool store_version_list(struct store_db *db, int64_t account, int64_t collection,
    int64_t resource, struct arena *arena, struct store_version **out, size_t *count_out,
    struct err *err);
/** Remember that this app password's accepted PUT, of the body with put_hash, named `rev` and made
 * `made_rev`. */
MUST_CHECK bool store_rev_used(struct store_db *db, int64_t account, int64_t collection,
    int64_t resource, int64_t password, int64_t rev, struct str put_hash, int64_t made_rev,
    struct err *err);
/** The version that `rev` means in this password's PUT of the body with put_hash: what its last PUT
 * that named it made, or in the same one again, a retry, what it meant there. 0: the one it names.
 */
MUST_CHECK bool store_rev_find(struct store_db *db, int64_t account, int64_t collection,
    int64_t resource, int64_t password, int64_t rev, struct str put_hash, int64_t *meant_rev_out,
    struct err *err);

/* --- operations --------------------------------------------------------------------------- */

/** A change on its way upstream (design section 7). */
struct store_operation {
    int64_t account;
    int64_t id;
    int64_t collection; /**< 0: of the account itself (create folder) */
    int64_t kind;       /**< enum op_kind of sync/ */
    int64_t resource;   /**< 0: a new one */
    struct str href;
    struct str uid;
    struct str upstream_id;
    struct str replaced_etag;
    struct str document; /**< to store when it is done */
    struct str put_hash;
    struct str wanted; /**< task_format */
    struct str expected;
    int64_t fields; /**< task_fields of wanted */
    struct str marker;
    int64_t password;
    int64_t named_rev;
    int64_t created_s;
};
MUST_CHECK bool store_operation_add(
    struct store_db *db, const struct store_operation *row, int64_t *id_out, struct err *err);
/** Fine when it is gone (store_collection_remove takes it along). */
MUST_CHECK bool store_operation_remove(
    struct store_db *db, int64_t account, int64_t id, struct err *err);
/** In order of id, which is the order in which they were added. */
MUST_CHECK bool store_operation_list(struct store_db *db, int64_t account, struct arena *arena,
    struct store_operation **out, size_t *count_out, struct err *err);

/* --- items to be read singly -------------------------------------------------------------- */

struct store_reread {
    int64_t collection;
    struct str upstream_id;
};
/** Fine when it is there already. */
MUST_CHECK bool store_reread_add(struct store_db *db, int64_t account, int64_t collection,
    struct str upstream_id, struct err *err);
MUST_CHECK bool store_reread_remove(struct store_db *db, int64_t account, int64_t collection,
    struct str upstream_id, struct err *err);
MUST_CHECK bool store_reread_list(struct store_db *db, int64_t account, struct arena *arena,
    struct store_reread **out, size_t *count_out, struct err *err);
