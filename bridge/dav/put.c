/** PUT of a calendar object (RFC 4791 5.3.2). */
#include "bridge/dav/address.h"
#include "bridge/dav/call.h"
#include "bridge/map/attach.h"

static void answer(const struct sync_result *result, void *arg)
{
    call_respond_result(arg, result);
}

/** The value of a media type's parameter, without quotes; empty if absent. */
static struct str type_parameter(struct str type, struct str name)
{
    struct str rest = type;
    struct str part;

    while (str_next(&rest, ';', &part)) {
        size_t equals;

        part = str_trim(part);
        equals = str_find_char(part, '=');
        if (equals == SIZE_MAX || !str_eq_nocase(str_trim(str_first(part, equals)), name)) {
            continue;
        }
        part = str_trim(str_skip(part, equals + 1));
        if (part.n >= 2 && part.p[0] == '"' && part.p[part.n - 1] == '"') {
            part = str_first(str_skip(part, 1), part.n - 2);
        }
        return part;
    }
    return S("");
}

/** Absent and general types are believed when the body begins like a calendar. */
static bool is_calendar(struct str type, struct str body)
{
    struct str rest = type;
    struct str media = S("");
    struct str charset = type_parameter(type, S("charset"));

    if (!str_next(&rest, ';', &media)) {
        media = S("");
    }
    media = str_trim(media);
    if (charset.n > 0 && !str_eq_nocase(charset, S("utf-8")) &&
        !str_eq_nocase(charset, S("utf8")) && !str_eq_nocase(charset, S("us-ascii"))) {
        return false;
    }
    if (str_eq_nocase(media, S("text/calendar"))) {
        return true;
    }
    if (media.n > 0 && !str_eq_nocase(media, S("application/octet-stream")) &&
        !str_eq_nocase(media, S("text/plain")) &&
        !str_eq_nocase(media, S("application/x-www-form-urlencoded"))) {
        return false;
    }
    return str_find(str_first(body, 64), S("BEGIN:VCALENDAR")) != SIZE_MAX;
}

/** False: it was refused and the answer has been given. */
static bool check_headers(struct dav_call *call)
{
    struct str encoding = call_header(call, S("Content-Encoding"));
    struct str body = call->request->body;

    if (call_header(call, S("Content-Range")).p != NULL) {
        call_respond_fault(call, 400, FAULT_NONE, S("Content-Range has no meaning with PUT."));
        return false;
    }
    if (encoding.n > 0 && !str_eq_nocase(encoding, S("identity"))) {
        call_respond_fault(call, 415, FAULT_NONE, S("The body must not be encoded."));
        return false;
    }
    /* what is inline is cut out before the rest counts */
    if (body.n > call->dav->object_bytes && !map_mentions_attachments(body)) {
        call_respond_too_large(call);
        return false;
    }
    if (!is_calendar(call_header(call, S("Content-Type")), body)) {
        call_respond_fault(
            call, 403, FAULT_SUPPORTED_CALENDAR_DATA, S("Only text/calendar in UTF-8 is kept."));
        return false;
    }
    return true;
}

void dav_put(struct dav_call *call)
{
    struct http_request *request = call->request;
    struct collection *collection = call_collection(call);
    struct precondition precondition;

    if (collection == NULL) {
        /* RFC 4918 9.7.1. Not 404: clients take that as 'the task has gone'. */
        call_respond_fault(call, 409, FAULT_NONE, S("There is no such list."));
        return;
    }
    if (!check_headers(call)) {
        return;
    }
    if (!address_precondition(call, &precondition)) {
        return;
    }
    sync_put(call->dav->engine, collection, call->route.object, request->body, &precondition,
        call->client, answer, call);
}
