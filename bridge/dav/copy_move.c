/**
 * COPY and MOVE of an object into another list, also of another account (RFC 4918 9.8, 9.9). No
 * service can move a task, so a MOVE makes it there and then removes it here: two operations, and
 * killed in between both are there; the client's retry finds the first one done.
 *
 * Within a list there is nothing to copy (a UID stands once, RFC 4791 5.3.2.1), and another name
 * for a task is not worth a new task upstream that lacks what we can't see of the old one: refused.
 */
#include "bridge/dav/call.h"
#include "bridge/dav/precondition.h"

/** So often a MOVE begins again when the task changes under it. */
#define MAX_TRIES 3

struct transfer {
    struct route source;
    struct route target;
    struct precondition precondition; /**< on the source */
    struct str etag;                  /**< of the version that was copied */
    enum sync_outcome made;           /**< what became of the target */
    bool is_move;
    bool may_overwrite;
    unsigned tries;
};

static void start(struct dav_call *call);

/* --- what the request says -------------------------------------------------------------------- */

/** The address without the port: behind a proxy it is another one outside. */
static bool is_host(struct dav_call *call, struct str header, struct str host)
{
    struct str value = call_header(call, header);
    struct str own, port;

    return value.n > 0 && uri_split_authority(str_trim(value), &own, &port) &&
           str_eq_nocase(own, host);
}

/** The path of Destination: an absolute path, or a URL of this server. Otherwise a status. */
static int destination_path(struct dav_call *call, struct str *path_out)
{
    struct str text = str_trim(call_header(call, S("Destination")));
    struct uri uri;
    struct err err;

    if (text.n > 0 && text.p[0] == '/') {
        *path_out = text;
        return 0;
    }
    if (!uri_parse(text, call_arena(call), &uri, &err)) {
        return 400;
    }
    if (!is_host(call, S("Host"), uri.host) && !is_host(call, S("X-Forwarded-Host"), uri.host)) {
        return 502;
    }
    *path_out = uri.path;
    return 0;
}

/** False: it was refused and the answer has been given. */
static bool read_target(struct dav_call *call, struct route *out)
{
    struct str path = S("");
    int status = destination_path(call, &path);
    struct err err;

    if (status != 0) {
        call_respond_fault(call, status, FAULT_NONE,
            status == 502 ? S("Destination is on another server.")
                          : S("Destination is missing or no address."));
        return false;
    }
    if (!route_parse(&call->dav->prefix_path, path, call_arena(call), out, &err)) {
        call_respond_fault(call, err.code == 403 ? 403 : 400, FAULT_NONE, str_from(err.text));
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
    struct http_request *request = call->request;
    struct err err;

    if (!read_target(call, &transfer->target)) {
        return false;
    }
    if (!read_overwrite(call, &transfer->may_overwrite)) {
        call_respond_fault(call, 400, FAULT_NONE, S("Overwrite is T or F."));
        return false;
    }
    if (!precondition_parse(request->headers, request->header_count, call_arena(call),
            &transfer->precondition, &err)) {
        call_respond_fault(call, 400, FAULT_NONE, str_from(err.text));
        return false;
    }
    return true;
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

static void made(const struct sync_result *result, void *arg)
{
    struct dav_call *call = arg;
    struct transfer *transfer = call->state;
    struct collection *collection;

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
    if (!transfer->is_move) {
        call_respond_empty(call, status_of_outcome(transfer->made, MAP_FAULT_NONE).code);
        return;
    }
    collection = call_collection(call);
    if (collection == NULL) { /* with its list the task has gone as well */
        removed(&(struct sync_result){ .outcome = SYNC_NOT_FOUND }, call);
        return;
    }
    struct precondition same = { .if_match = &transfer->etag, .if_match_count = 1 };

    sync_delete(call->dav->engine, collection, transfer->source.object, &same, removed, call);
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
