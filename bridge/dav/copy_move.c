/**
 * COPY and MOVE of an object into another list, also of another account (RFC 4918 9.8, 9.9). No
 * service can move a task, so a MOVE makes it there and then removes it here: two operations, and
 * killed in between both are there; the client's retry finds the first one done.
 *
 * Within a list there is nothing to copy (a UID stands once, RFC 4791 5.3.2.1), and another name
 * for a task is not worth a new task upstream that lacks what we can't see of the old one: refused.
 */
#include "bridge/core/mem.h"
#include "bridge/dav/address.h"

/** So often a MOVE begins again when the task changes under it. */
#define MAX_TRIES 3

struct transfer {
    struct route source;
    struct route target;
    struct precondition precondition; /**< on the source */
    struct str etag;                  /**< of the version that was copied */
    enum sync_outcome made;           /**< what became of the target */
    struct sync_property *kept;       /**< the source's dead properties */
    size_t kept_count;
    bool is_move;
    bool may_overwrite;
    unsigned tries;
};

static void start(struct dav_call *call);

/* --- what the request says -------------------------------------------------------------------- */

/** False: it was refused and the answer has been given. */
static bool read_target(struct dav_call *call, struct route *out)
{
    int status = address_route(call, call_header(call, S("Destination")), out);

    if (status != 0) {
        call_respond_fault(call, status, FAULT_NONE,
            status == 502 ? S("Destination is on another server.")
                          : S("Destination is missing or no address of ours."));
        return false;
    }
    if (out->kind != ROUTE_OBJECT) {
        call_respond_fault(
            call, 403, FAULT_NONE, S("Only into a list, under a name, can a task go."));
        return false;
    }
    return true;
}

/** Default T (RFC 4918 10.6). */
static bool read_overwrite(struct dav_call *call, bool *out)
{
    struct str value = str_trim(call_header(call, S("Overwrite")));

    *out = !str_eq_nocase(value, S("F"));
    return !*out || value.n == 0 || str_eq_nocase(value, S("T"));
}

/** False: it was refused and the answer has been given. */
static bool read_request(struct dav_call *call, struct transfer *transfer)
{
    if (!read_target(call, &transfer->target)) {
        return false;
    }
    if (!read_overwrite(call, &transfer->may_overwrite)) {
        call_respond_fault(call, 400, FAULT_NONE, S("Overwrite is T or F."));
        return false;
    }
    return address_precondition(call, &transfer->precondition);
}

/** The target's list; NULL also if it is another user's: that looks like one that does not exist.
 */
static struct collection *target_collection(struct dav_call *call)
{
    const struct route *target = &((struct transfer *)call->state)->target;
    struct user *user = call_user(call);

    return user == NULL || !str_eq(target->user, call->user)
               ? NULL
               : user_find_collection(user, target->collection);
}

/* --- doing it ------------------------------------------------------------------------------ */

static void removed(const struct sync_result *result, void *arg)
{
    struct dav_call *call = arg;
    struct transfer *transfer = call->state;

    if (result->outcome == SYNC_PRECONDITION && transfer->tries < MAX_TRIES) {
        /* It changed meanwhile: what we made is old, and ours to overwrite. */
        transfer->may_overwrite = true;
        start(call);
    } else if (result->outcome == SYNC_REMOVED || result->outcome == SYNC_NOT_FOUND) {
        call_respond_empty(call, status_of_outcome(transfer->made, MAP_FAULT_NONE).code);
    } else if (result->outcome == SYNC_PRECONDITION) {
        call_respond_later(call, 503, 0, S("The task keeps changing."));
    } else {
        call_respond_result(call, result);
    }
}

/** The target is as it shall be. */
static void finish(struct dav_call *call)
{
    struct transfer *transfer = call->state;
    struct collection *collection = call_collection(call);
    struct precondition same = { .if_match = &transfer->etag, .if_match_count = 1 };

    if (!transfer->is_move) {
        call_respond_empty(call, status_of_outcome(transfer->made, MAP_FAULT_NONE).code);
    } else if (collection == NULL) { /* with its list the task has gone as well */
        removed(&(struct sync_result){ .outcome = SYNC_NOT_FOUND }, call);
    } else {
        sync_delete(call->dav->engine, collection, transfer->source.object, &same, removed, call);
    }
}

static void properties_set(const struct sync_result *result, void *arg)
{
    if (result->outcome == SYNC_REPLACED || result->outcome == SYNC_NOT_FOUND) {
        finish(arg); /* NOT_FOUND: somebody has removed it meanwhile, and they with it */
    } else {
        call_respond_result(arg, result);
    }
}

/** RFC 4918 9.8.2: the target has the source's dead properties, and no others. */
static void target_opened(const struct err *err, void *arg)
{
    struct dav_call *call = arg;
    struct transfer *transfer = call->state;
    struct kept_owner owner = { .collection = target_collection(call) };
    struct sync_property *changes =
        arena_alloc_array(call_arena(call), 2 * SYNC_PROPERTIES_MAX, sizeof(*changes));
    size_t count = 0;

    if (err->kind == ERR_NONE && owner.collection != NULL) {
        owner.object = collection_find(owner.collection, transfer->target.object);
    }
    if (owner.object == NULL || owner.object->is_removed) {
        finish(call);
        return;
    }
    while (count < SYNC_PROPERTIES_MAX && kept_at(&owner, count, &changes[count])) {
        changes[count++].xml = S("");
    }
    for (size_t i = 0; i < transfer->kept_count; i++) {
        changes[count++] = transfer->kept[i];
    }
    if (count == 0) {
        finish(call);
    } else if (!kept_has_room(&owner, transfer->kept, transfer->kept_count)) {
        properties_set(&(struct sync_result){ .outcome = SYNC_FULL }, call);
    } else {
        sync_set_properties(call->dav->engine, &owner, changes, count, properties_set, call);
    }
}

static void made(const struct sync_result *result, void *arg)
{
    struct dav_call *call = arg;
    struct transfer *transfer = call->state;
    struct collection *target;

    if (result->outcome != SYNC_CREATED && result->outcome != SYNC_REPLACED) {
        struct sync_result told = *result;

        told.etag = S(""); /* it would be the target's */
        call->route = transfer->target;
        call_respond_result(call, &told);
        return;
    }
    if (transfer->tries == 1) {
        transfer->made = result->outcome;
    }
    target = target_collection(call);
    if (target == NULL || (transfer->kept_count == 0 && result->outcome == SYNC_CREATED)) {
        finish(call); /* a new one has none */
    } else {
        engine_open(call->dav->engine, target, false, call->client, target_opened, call);
    }
}

static void note_properties(struct dav_call *call, const struct kept_owner *source)
{
    struct transfer *transfer = call->state;
    struct arena *arena = call_arena(call);
    struct sync_property kept;

    transfer->kept = arena_alloc_array(arena, SYNC_PROPERTIES_MAX, sizeof(*transfer->kept));
    transfer->kept_count = 0;
    while (transfer->kept_count < SYNC_PROPERTIES_MAX &&
           kept_at(source, transfer->kept_count, &kept)) {
        transfer->kept[transfer->kept_count++] = (struct sync_property){ arena_copy(arena, kept.ns),
            arena_copy(arena, kept.name), arena_copy(arena, kept.xml) };
    }
}

static void opened(const struct err *err, void *arg)
{
    struct dav_call *call = arg;
    struct transfer *transfer = call->state;
    struct collection *collection = call_collection(call);
    struct collection *target = target_collection(call);
    struct precondition fresh = { .if_none_match_any = !transfer->may_overwrite };
    struct resource *resource = NULL;

    if (err->kind != ERR_NONE) {
        call_respond_err(call, err);
        return;
    }
    if (collection != NULL) {
        resource = collection_find(collection, transfer->source.object);
    }
    if (resource == NULL || resource->is_removed) {
        call_respond_not_found(call);
    } else if (transfer->tries == 0 &&
               !precondition_holds(&transfer->precondition, resource->etag)) {
        call_respond_fault(call, 412, FAULT_NONE, S("The task is not what If-Match says."));
    } else if (target == NULL) {
        call_respond_fault(call, 409, FAULT_NONE, S("There is no such list."));
    } else {
        transfer->tries++;
        transfer->etag = arena_copy(call_arena(call), resource->etag);
        note_properties(call, &(struct kept_owner){ .collection = collection, .object = resource });
        sync_put(call->dav->engine, target, transfer->target.object, resource->document, &fresh,
            call->client, made, call);
    }
}

static void start(struct dav_call *call)
{
    struct collection *collection = call_collection(call);

    if (collection == NULL) {
        call_respond_not_found(call);
    } else {
        engine_open(call->dav->engine, collection, false, call->client, opened, call);
    }
}

void dav_copy_move(struct dav_call *call)
{
    struct transfer *transfer = ARENA_NEW(call_arena(call), struct transfer);
    struct collection *collection = call_collection(call);

    call->state = transfer;
    transfer->source = call->route;
    transfer->is_move = call->request->method == HTTP_MOVE;
    if (collection == NULL) {
        call_respond_not_found(call);
    } else if (call->route.kind == ROUTE_COLLECTION) {
        call_respond_fault(call, 403, FAULT_NONE, S("Lists are not copied or moved."));
    } else if (!read_request(call, transfer)) {
        return;
    } else if (target_collection(call) == NULL) {
        call_respond_fault(call, 409, FAULT_NONE, S("There is no such list."));
    } else if (target_collection(call) == collection) {
        call_respond_fault(call, 403, FAULT_NONE, S("The task is in this list already."));
    } else if (transfer->is_move && !collection_is_writable(collection)) {
        call_respond_fault(call, 403, FAULT_NEED_PRIVILEGES, S("This list is read-only."));
    } else {
        start(call);
    }
}
