#pragma once
/**
 * The sync engine as dav/ and cli/ see it: users, accounts, collections and resources in memory,
 * polls, and writes that go through upstream (design sections 4, 6, 7). Loop thread only.
 *
 * Who owns what: the engine owns users, accounts and collections; pointers to them are good until
 * the loop turns (they may go with `user remove` or a folder deleted upstream), so look them up
 * again after each callback. A struct resource never changes once it is published: a change makes a
 * new one. Whoever needs one beyond the turn takes a reference.
 */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"
#include "bridge/core/loop.h"
#include "bridge/core/str.h"
#include "bridge/map/map.h"

struct engine;
struct user;
struct account;
struct collection;
struct zone;

/* --- reading ------------------------------------------------------------------------------ */

/** One calendar object, or the tombstone of one. Immutable; counted. */
struct resource {
    unsigned references;
    int64_t id;
    struct str href;     /**< last segment of its address, decoded */
    struct str uid;      /**< empty for a tombstone */
    struct str etag;     /**< quoted, strong */
    struct str document; /**< as served */
    int64_t change;      /**< the collection's change number that made it */
    int64_t modified_s;
    bool is_removed;
};
struct resource *resource_hold(struct resource *resource);
/** Gives one reference back; leaves NULL behind. */
void resource_release(struct resource **resource);

/**
 * Check an app password; takes a microsecond. password_out: its id.
 * Returns NULL if there is no such pair.
 */
struct user *engine_sign_in(
    struct engine *engine, struct str name, struct str password, int64_t *password_out);
struct user *engine_find_user(struct engine *engine, struct str name);
struct str user_name(const struct user *user);

/** What a person is told of an account. The strings are good until the loop turns. */
struct account_health {
    struct str label;
    bool needs_sign_in;
    unsigned failures;    /**< rounds failed in a row */
    int64_t last_round_s; /**< when the last one ended that did not; 0: none since the start */
    struct str trouble;   /**< of the newest failed one */
    unsigned open_operations;
};
/** The index-th linked account; false at the end. */
bool user_account_health(struct user *user, size_t index, struct account_health *out);

/** The user's visible collections, in a stable order: NULL first, then the one before. */
struct collection *user_next_collection(struct user *user, struct collection *before);
/** By the last segment of its address; NULL if there is none (or it is hidden). */
struct collection *user_find_collection(struct user *user, struct str slug);
/** A stamp over the set and names of the user's visible collections, for the home's ctag. */
struct str user_home_stamp(struct user *user, struct arena *arena);

struct str collection_slug(const struct collection *collection);
/** The name that people see: upstream's, with ' (LABEL)' where two accounts have the same. */
struct str collection_display_name(const struct collection *collection, struct arena *arena);
bool collection_is_default(const struct collection *collection);
/** False for read-only accounts and lists in which nothing can be created. */
bool collection_is_writable(const struct collection *collection);
struct user *collection_user(const struct collection *collection);
/** The account's, which decides every date. */
const struct zone *collection_zone(const struct collection *collection);

/** A property that a client set and upstream has no place for. */
struct sync_property {
    struct str ns;
    struct str name;
    struct str xml; /**< the whole element; in a change: empty to remove it */
};
enum {
    SYNC_PROPERTIES_MAX = 50,                  /**< of one home, collection or object */
    SYNC_PROPERTY_BYTES_MAX = 64 * 1024,       /**< of one's xml; the caller sees to it */
    SYNC_OBJECT_PROPERTIES_MAX = 1000,         /**< of all objects of a collection */
    SYNC_OBJECT_PROPERTY_BYTES_MAX = 4 * 1024, /**< of one's xml on an object */
};
/** Whose properties: a user's home (collection is NULL), a collection (object is NULL), or an
 * object in it. */
struct kept_owner {
    const struct user *user;
    const struct collection *collection;
    const struct resource *object;
};
/** Its xml; empty if it is not set. */
struct str kept_find(const struct kept_owner *owner, struct str ns, struct str name);
/** The same for a collection. */
struct str collection_property(const struct collection *collection, struct str ns, struct str name);
/** False if there are not so many. The strings are good until the loop turns. */
bool kept_at(const struct kept_owner *owner, size_t index, struct sync_property *out);
/** Would these changes keep to the limits? */
bool kept_has_room(
    const struct kept_owner *owner, const struct sync_property *changes, size_t count);

/** How many changes it has seen. */
int64_t collection_change(const struct collection *collection);
/** "run-number" (design section 6): the ctag, and the end of the sync token. */
struct str collection_stamp(const struct collection *collection, struct arena *arena);
/** The stamp that the collection had at an earlier change number. Needs it in memory. */
struct str collection_stamp_at(
    const struct collection *collection, int64_t number, struct arena *arena);
/**
 * Is `stamp` one that this collection gave out, with all removals since still known? Then
 * *since_out is its number.
 */
bool collection_check_stamp(
    const struct collection *collection, struct str stamp, int64_t *since_out);

/* The next four need the collection in memory (engine_open) in the same turn. */
size_t collection_count(const struct collection *collection); /**< without tombstones */
struct resource *collection_find(const struct collection *collection, struct str href);
struct resource *collection_find_uid(const struct collection *collection, struct str uid);
/** Newest change first, tombstones among them: NULL first, then the one before. */
struct resource *collection_next(const struct collection *collection, struct resource *before);

/** err->kind ERR_NONE: go on. Otherwise answer by kind (ERR_BUSY: 503; ERR_NOT_FOUND: it has gone).
 */
typedef void engine_cb(const struct err *err, void *arg);

/**
 * Bring a collection into memory, then call back (never before this returns; at once in the next
 * turn if it is there). With is_poll it may first wait, at most `hold`, for a delta round (design
 * section 6). client: who asks (the app password's id).
 */
void engine_open(struct engine *engine, struct collection *collection, bool is_poll, int64_t client,
    engine_cb *cb, void *arg);
/** The same for the home: all the user's collections, for a Depth 1 poll that asks for their ctags.
 * Loads nothing. */
void engine_open_home(
    struct engine *engine, struct user *user, int64_t client, engine_cb *cb, void *arg);

/* --- writing ------------------------------------------------------------------------------ */

/** RFC 9110 13.1; evaluated when the request's turn comes. */
struct precondition {
    bool if_match_any;    /**< If-Match: * */
    struct str *if_match; /**< ETags, quoted */
    size_t if_match_count;
    bool if_none_match_any; /**< If-None-Match: * */
    struct str *if_none_match;
    size_t if_none_match_count;
};
/** etag: of the resource now; empty if there is none. */
bool precondition_holds(const struct precondition *precondition, struct str etag);

enum sync_outcome {
    SYNC_CREATED,      /**< 201 */
    SYNC_REPLACED,     /**< 204 */
    SYNC_REMOVED,      /**< 204 */
    SYNC_NOT_FOUND,    /**< 404 */
    SYNC_PRECONDITION, /**< 412; etag: the current one */
    SYNC_INVALID,      /**< 403 with the precondition named by fault */
    SYNC_UID_CONFLICT, /**< 403 CALDAV:no-uid-conflict with other_href */
    SYNC_READ_ONLY,    /**< 403 DAV:need-privileges */
    SYNC_REFUSED,      /**< 403: the service refuses the value; err->text says which */
    SYNC_EXISTS,       /**< making a collection: the address is taken */
    SYNC_FORBIDDEN,    /**< 403: not allowed here (default list, delete_lists) */
    SYNC_FULL,         /**< 507: more properties than are kept, or no room left upstream */
    SYNC_READ,         /**< 200: content */
    SYNC_BUSY,         /**< 503 with Retry-After; nothing is lost, trying again is safe */
};

struct sync_result {
    enum sync_outcome outcome;
    struct str etag; /**< empty: give none */
    enum map_fault fault;
    struct str other_href; /**< of the object that has the UID */
    /** sync_attach: MANAGED-ID of what was added; the object as it is now. */
    struct str managed_id, document;
    /** sync_read_attachment */
    struct str content, name, type;
    struct err err; /**< text for the log and the body; retry_after_s with SYNC_BUSY */
};
/** result and its strings are good during the callback. */
typedef void sync_cb(const struct sync_result *result, void *arg);

/**
 * PUT. All strings are copied. The callback comes exactly once, never before this returns, at the
 * latest after the interactive deadline (20 s).
 */
void sync_put(struct engine *engine, struct collection *collection, struct str href,
    struct str body, const struct precondition *precondition, int64_t client, sync_cb *cb,
    void *arg);
void sync_delete(struct engine *engine, struct collection *collection, struct str href,
    const struct precondition *precondition, sync_cb *cb, void *arg);

#define SYNC_ATTACHMENTS_MAX 100 /**< of one object, as far as clients add them */

enum sync_attach_action {
    SYNC_ATTACH_ADD,
    SYNC_ATTACH_UPDATE, /**< another content under another id */
    SYNC_ATTACH_REMOVE,
};
struct sync_attachment {
    enum sync_attach_action action;
    struct str managed_id; /**< UPDATE, REMOVE */
    struct str name, type, content;
};
/** POST of RFC 8607. A repetition of what is there already adds nothing. Strings are copied. */
void sync_attach(struct engine *engine, struct collection *collection, struct str href,
    const struct sync_attachment *attachment, const struct precondition *precondition,
    int64_t client, sync_cb *cb, void *arg);
/** How the addresses of content are spelled (map/attach.h): dav/'s business. */
struct engine_addresses {
    /** Of the attachments of an object; ends in '/'. */
    struct str (*format)(
        struct str user, struct str slug, struct str href, struct arena *arena, void *arg);
    /** USER/LIST/NAME/ID, percent-encoded, into four parts. */
    bool (*parse)(struct str address, struct arena *arena, struct str parts_out[4], void *arg);
    void *arg;
};

/** To be told before engine_start; addresses is copied. */
void engine_set_addresses(struct engine *engine, const struct engine_addresses *addresses);

/** The content of an attachment, which the service keeps: SYNC_READ, SYNC_NOT_FOUND, SYNC_BUSY, or
 * SYNC_FORBIDDEN for what it does not show. */
void sync_read_attachment(struct engine *engine, struct collection *collection, struct str href,
    struct str managed_id, sync_cb *cb, void *arg);

/** MKCALENDAR: makes a folder in the user's default account. slug: the last segment asked for;
 * properties: at most SYNC_PROPERTIES_MAX, each named once. */
void sync_make_collection(struct engine *engine, struct user *user, struct str slug,
    struct str name, const struct sync_property *properties, size_t property_count, sync_cb *cb,
    void *arg);
/** PROPPATCH displayname; a ' (LABEL)' that duedav added is taken off first. */
void sync_rename_collection(
    struct engine *engine, struct collection *collection, struct str name, sync_cb *cb, void *arg);
/** PROPPATCH of all else: all changes, in order, or none (SYNC_FULL, SYNC_BUSY). Strings are
 * copied. No ETag and no stamp moves. */
void sync_set_properties(struct engine *engine, const struct kept_owner *owner,
    const struct sync_property *changes, size_t count, sync_cb *cb, void *arg);
/** DELETE of a collection, as [mapping] delete_lists allows. */
void sync_remove_collection(
    struct engine *engine, struct collection *collection, sync_cb *cb, void *arg);
