#pragma once
/**
 * What the files of sync/ share. Everything here belongs to the loop thread; store jobs copy what
 * they need.
 */
#include "bridge/core/log.h"
#include "bridge/core/mem.h"
#include "bridge/core/table.h"
#include "bridge/sync/engine.h"

/** Strings kept on the heap. */
struct text {
    char *p;
    size_t n;
};
void text_set(struct text *text, struct str value);
void text_done(struct text *text);
struct str text_str(const struct text *text);

struct password {
    int64_t id;
    struct text label;
    unsigned char hash[SECRET_HASH_BYTES];
    int64_t created_s;
    int64_t used_s;
    bool knows_attachments; /**< it has written an ATTACH */
    struct password *next;
};

struct kept_property; /* properties.c */

struct user {
    struct engine *engine;
    int64_t id;
    struct text name;
    struct password *passwords;
    struct account *accounts;   /**< linked ones, by id */
    struct account *linking;    /**< those whose first folder round is under way */
    struct kept_property *kept; /**< properties of the home */
    struct user *next;
};

/** A resource in its collection's list; the reference count is in `resource`. */
struct entry {
    struct resource resource; /**< first: a struct resource * is a struct entry * */
    struct entry *newer, *older;
    bool is_waiting;          /**< not sent yet: a copy that waits for its series; or notice.c's */
    struct str put_hash;      /**< of the last accepted PUT; empty: none */
    struct str replaced_etag; /**< what that PUT replaced; empty: it created; MOVED_ON: upstream has
                                   changed it since */
};

struct waiter {
    engine_cb *cb;
    void *arg;
    struct waiter *next;
};

struct run {
    int64_t first;
    struct text id;
};

struct collection {
    struct account *account;
    struct collection *next;
    int64_t id;
    struct text upstream_id, slug, name, run, link;
    bool is_default, is_hidden, is_writable;
    bool is_link_final, is_round_full, is_synced;
    int64_t change, round, round_started_s, seen_folder_round, pruned_change;
    uint64_t pages_asked; /**< since the start */
    struct table kept;    /**< properties of it and its objects: properties.c */

    /* memory */
    bool is_loaded, is_loading;
    struct table by_href, by_uid; /**< by_href holds tombstones too */
    struct entry *newest, *oldest;
    size_t count, bytes;
    uint64_t last_used; /**< turn counter, for eviction */
    struct waiter *loading;
    struct run *runs;
    size_t run_count;

    /* writing */
    struct op *ops;             /**< all open and waiting operations, oldest first */
    bool is_waking, wants_wake; /**< ops_wake is at work; is asked for once more */
    unsigned committing; /**< page commits under way: no operation takes its turn meanwhile */

    /* reading */
    struct pull *pull;     /**< the round under way in this collection */
    int64_t pulled_ms;     /**< when the last one ended; 0: never */
    bool wants_pull;       /**< part of the account's round, not yet begun */
    uint64_t pulled_round; /**< number of the account's round in which it began */
};

struct timed; /* timed.c */
struct hold;  /* a poll that waits for a round: poll.c */

struct account {
    struct engine *engine;
    struct user *user;
    struct account *next;
    int64_t id, created_s;
    struct text upstream_name, label, timezone, folder_link, last_error;
    bool is_zone_guessed, is_default, is_read_only, needs_sign_in, is_folder_link_final;
    int64_t folder_round;
    struct secret token;
    struct text sealed; /**< what the store has for it, if the key does not open that */
    const struct engine_service *service;
    const struct zone *zone;
    struct upstream *upstream;
    struct collection *collections;

    /** Counts settled writes; a page asked for before a write is older than it (design section 6).
     */
    uint64_t write_counter;
    struct recent *recent; /**< upstream ids written while a page was under way */
    bool lacks_markers;    /**< the service has refused one: not tried again in this run */
    struct op *folder_ops; /**< operations on folders */
    struct list_change *list_changes; /**< lists that are being renamed or removed */
    struct timed *timed;              /**< what is to be done at a time: timed.c */

    /* schedule */
    struct loop_timer timer;
    int64_t seen_ms; /**< last time a client asked; 0: never */
    bool is_round_running;
    bool has_new_token;   /**< since the round under way began */
    struct err round_err; /**< the first thing that went wrong in the round under way */
    unsigned pulls_running;
    uint64_t round_number;
    int64_t round_began_ms, round_ended_ms, round_took_ms, round_ended_s;
    unsigned failures;
    uint64_t rounds, rounds_failed; /**< since the start */
    struct folder_pull *folder_pull;
    struct hold *holds;
    struct client_round *client_rounds;
    struct sync_request *requests; /**< `duedav sync` */
    uint64_t tasks_seen;
    bool is_closing;
};

struct engine {
    struct loop *loop;
    struct store *store;
    struct http_client *http;
    struct engine_options options;
    struct engine_addresses addresses;
    char run[SECRET_ID_TEXT]; /**< id of this run of the server (design section 6) */
    struct user *users;
    struct table users_by_name;
    struct loop_timer evict_timer, keep_timer;
    size_t bytes;      /**< of all loaded collections */
    uint64_t turn;     /**< for last_used */
    size_t held_bytes; /**< of attachments on their way */
    bool is_stopping;
    unsigned open_ops;
    struct waiter *stopped;
    struct loop_timer stop_timer;
};

/* engine.c */
/** An operation that counted in open_ops has ended. */
void engine_op_ended(struct engine *engine);
void waiters_call(struct waiter **list, const struct err *err);
/** Call cb(err) in a later turn. */
void engine_call_later(struct engine *engine, engine_cb *cb, void *arg, const struct err *err);
extern const struct err err_none;

/* users.c */
void user_add(struct engine *engine, int64_t id, struct str name);
struct user *user_by_id(struct engine *engine, int64_t id);
/** Has the client with this password ever written an ATTACH? Then one that it leaves out is meant
 * to go (mapping.md 2.11). */
bool user_knows_attachments(const struct user *user, int64_t password);
void user_note_attachments(struct user *user, int64_t password);
void user_add_password(struct user *user, const struct store_password *row);
/** With its accounts. It must be off the engine's list. */
void user_free(struct user *user);

/* housekeeping.c */
void housekeeping_start(struct engine *engine);

/* account.c */
struct account *account_new(struct user *user, const struct store_account *row);
void account_free(struct account **account);
/** Take it off its user's lists. */
void account_unlist(struct account *account);
void account_row(const struct account *account, struct store_account *out, struct arena *arena);
void account_map_context(
    const struct account *account, struct arena *arena, struct map_context *out);
/** It was linked once more, as `told`: take over the token and what else was said. */
void account_renew(struct account *account, const struct account *told, engine_cb *cb, void *arg);
/** Mark or clear 'needs sign-in', in memory and store. */
void account_set_sign_in(struct account *account, bool needed);

/* notice.c */
enum notice_change {
    NOTICE_LEAVE,
    NOTICE_SHOW,
    NOTICE_DROP,
};
/** What becomes of the task that tells that the account needs a new sign-in. */
struct notice {
    int64_t account;
    enum notice_change change;
    struct str run;
    int64_t now_s;
    struct arena *arena;
    struct store_resource row;
    struct store_version version;
    bool is_changed;
};
/** arena: lives as long as `out` */
void notice_plan(
    struct account *account, enum notice_change change, struct arena *arena, struct notice *out);
/** In a job. */
MUST_CHECK bool notice_save(struct notice *notice, struct store_db *db, struct err *err);
/** After its commit. */
void notice_saved(struct notice *notice, struct engine *engine);
/** Is this address, or this UID, kept for it? */
bool notice_owns(struct str href, struct str uid);

/* collection.c */
struct collection *collection_new(struct account *account, const struct store_collection *row);
void collection_free(struct collection **collection);
void collection_row(const struct collection *collection, struct store_collection *out);
/** Drop all resources from memory. */
void collection_unload(struct collection *collection);
/** A committed row becomes visible (in memory only when the collection is loaded), and its change
 * number the collection's. */
void collection_publish(struct collection *collection, const struct store_resource *row);
void collection_touch(struct collection *collection);
/** Bring it into memory; cb comes in a later turn. */
void collection_load(struct collection *collection, engine_cb *cb, void *arg);
struct collection *engine_find_collection(
    struct engine *engine, int64_t account_id, int64_t collection_id);
struct entry *collection_entry(const struct collection *collection, struct str href);
void etag_of(struct str document, char out[36]);
/** Of the object with that href; empty when the engine was told nothing of addresses. */
struct str collection_attachments_url(
    const struct collection *collection, struct str href, struct arena *arena);
void rev_hash_of(const struct collection *collection, struct str uid, char out[17]);

/* poll.c */
void account_schedule(struct account *account);
/** A collection's pull ended: polls that wait for it go on. */
void poll_collection_done(struct collection *collection);
void poll_round_done(struct account *account);
void poll_account_closed(struct account *account);

/* timed.c */
/** next_s: when the account's next timed work is due, as the store says; 0: there is none. */
void timed_start(struct account *account, int64_t next_s);
/** Only when its lists are gone: operations of theirs answer here. */
void timed_stop(struct account *account);
/** A committed row wants looking after at at_s (0: not). */
void timed_note(struct account *account, int64_t at_s);

/* round.c */
/** Start a round unless one runs; first: the collection to begin with, or NULL. */
void round_start(struct account *account, struct collection *first);
void round_abort(struct account *account);
/** The account has a new token: a refusal of the old one means nothing any more. */
void round_renew(struct account *account);
void round_pull_done(struct account *account, const struct err *err);
/** A pull was aborted because its collection goes; the round goes on without it. */
void round_pull_gone(struct account *account);
void round_folders_done(struct account *account, const struct err *err);
/** Tell those who watch that so many more tasks were seen. */
void round_progress(struct account *account, size_t tasks);

/* folders.c */
void folder_pull_start(struct account *account);
void folder_pull_abort(struct account *account);

/* pull.c */
void pull_start(struct collection *collection);
void pull_abort(struct collection *collection);

/* write.c */
/** Look after one resource, without a client; href is copied. cb as of sync_put. */
void sync_tend(struct collection *collection, struct str href, sync_cb *cb, void *arg);
void ops_wake(struct collection *collection);
/** Is there an open operation on this task? href: of its resource; empty: it has none, so that it
 * may be one that is being created under this title. */
bool ops_touch(
    const struct collection *collection, struct str upstream_id, struct str href, struct str title);
/** Was this task written after `counter`? */
bool writes_since(const struct account *account, struct str upstream_id, uint64_t counter);
void writes_note(struct account *account, struct str upstream_id);
void writes_forget(struct account *account);
/** Take up the operations that the last run left open. */
void ops_resume(struct account *account, const struct store_operation *rows, size_t count);
void ops_abandon(struct collection *collection);
void folder_ops_abandon(struct account *account);
/** Renaming and removing. */
void list_changes_abandon(struct account *account);
/** Is a folder of this name being made? */
bool folder_ops_touch(const struct account *account, struct str name);
unsigned ops_count(const struct op *first);
