/** GET and HEAD. They never wait for the service: what the store holds is the answer. */
#include "bridge/dav/address.h"
#include "bridge/dav/get_collection.h"
#include "http/date.h"

/** RFC 9110 13.2.2, for GET: the status that the preconditions lead to, 200 if they all hold. */
static int check_preconditions(
    struct dav_call *call, const struct precondition *all, const struct resource *resource)
{
    struct precondition match = *all;
    struct precondition none_match = *all;
    struct str since = call_header(call, S("If-Modified-Since"));
    int64_t since_s;

    match.if_none_match_any = false;
    match.if_none_match_count = 0;
    none_match.if_match_any = false;
    none_match.if_match_count = 0;
    if (!precondition_holds(&match, resource->etag)) {
        return 412;
    }
    if (all->if_none_match_any || all->if_none_match_count > 0) {
        return precondition_holds(&none_match, resource->etag) ? 200 : 304;
    }
    if (since.p != NULL && http_date_parse(since, &since_s) && resource->modified_s <= since_s) {
        return 304;
    }
    return 200;
}

static void answer_object(struct dav_call *call, const struct resource *resource)
{
    struct http_request *request = call->request;
    struct precondition precondition;
    char modified[30];

    if (!address_precondition(call, &precondition)) {
        return;
    }
    int status = check_preconditions(call, &precondition, resource);

    http_date_format(resource->modified_s, modified);
    http_respond_header(request, S("ETag"), resource->etag);
    http_respond_header(request, S("Last-Modified"), str_from(modified));
    if (status != 200) {
        call_respond_empty(call, status);
        return;
    }
    http_respond_text(
        request, 200, S("text/calendar; charset=utf-8; component=VTODO"), resource->document);
}

static void opened(const struct err *err, void *arg)
{
    struct dav_call *call = arg;
    struct collection *collection = call_collection(call);
    struct resource *resource = collection == NULL || err->kind != ERR_NONE
                                    ? NULL
                                    : collection_find(collection, call->route.object);

    if (err->kind != ERR_NONE) {
        call_respond_err(call, err);
    } else if (collection != NULL && call->route.kind == ROUTE_COLLECTION) {
        get_collection(call, collection);
    } else if (resource == NULL || resource->is_removed) {
        call_respond_not_found(call);
    } else {
        answer_object(call, resource);
    }
}

void dav_get(struct dav_call *call)
{
    bool is_in_collection =
        call->route.kind == ROUTE_COLLECTION || call->route.kind == ROUTE_OBJECT;
    struct collection *collection = is_in_collection ? call_collection(call) : NULL;

    if (is_in_collection && collection == NULL) {
        call_respond_not_found(call);
    } else if (is_in_collection) {
        engine_open(call->dav->engine, collection, false, call->client, opened, call);
    } else {
        dav_answer_status(call);
    }
}
