/**
 * Managed attachments (RFC 8607): their content at an address of its own, and the POST that adds,
 * replaces or removes one. The content itself is the service's to keep.
 */
#include "bridge/dav/attachment.h"

#include "bridge/dav/address.h"
#include "bridge/map/attach.h"
#include "http/body.h"

/* --- addresses ------------------------------------------------------------------------------- */

static struct str format_address(
    struct str user, struct str slug, struct str href, struct arena *arena, void *arg)
{
    const struct dav *dav = arg;
    struct route route = {
        .kind = ROUTE_ATTACHMENT, .user = user, .collection = slug, .object = href
    };

    return arena_printf(
        arena, "%.*s%.*s", STR_ARG(dav->origin), STR_ARG(route_href(&route, dav->prefix, arena)));
}

static bool parse_address(
    struct str address, struct arena *arena, struct str parts_out[4], void *arg)
{
    struct uri_path path;
    struct err ignored;

    (void)arg;
    if (!uri_parse_path(
            arena_printf(arena, "/%.*s", STR_ARG(address)), 4, arena, &path, &ignored) ||
        path.count != 4) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        parts_out[i] = path.segments[i];
    }
    return true;
}

void attachment_set_addresses(struct dav *dav)
{
    engine_set_addresses(
        dav->engine, &(struct engine_addresses){ format_address, parse_address, dav });
}

/* --- file names in headers ------------------------------------------------------------------- */

/** RFC 6266: for old clients without what ASCII lacks, for others in UTF-8. */
static struct str disposition_of(struct str name, struct arena *arena)
{
    struct str safe = map_file_name(name, arena);
    struct str ascii = arena_copy(arena, safe);
    char *p = (char *)ascii.p;

    for (size_t i = 0; i < ascii.n; i++) {
        if (p[i] < 0x20 || p[i] > 0x7e || p[i] == '"' || p[i] == '\\' || p[i] == '%') {
            p[i] = '_';
        }
    }
    return arena_printf(arena, "attachment; filename=\"%.*s\"; filename*=UTF-8''%.*s",
        STR_ARG(ascii), STR_ARG(uri_encoded(arena, safe)));
}

/** The next parameter of "attachment; a=b; c=\"d;e\"". Quotes are taken off. */
static bool next_param(struct str *rest, struct arena *arena, struct str *name, struct str *value)
{
    struct str text = str_trim(*rest);
    char *plain = arena_alloc(arena, text.n + 1);
    size_t equals, n = 0, i;

    if (!str_has_prefix(text, S(";"))) {
        return false;
    }
    text = str_trim(str_skip(text, 1));
    equals = str_find_char(text, '=');
    if (equals == SIZE_MAX) {
        return false;
    }
    *name = str_trim(str_first(text, equals));
    text = str_trim(str_skip(text, equals + 1));
    if (str_has_prefix(text, S("\""))) {
        for (i = 1; i < text.n && text.p[i] != '"'; i++) {
            i += text.p[i] == '\\' && i + 1 < text.n;
            plain[n++] = text.p[i];
        }
        *rest = str_skip(text, i + 1);
    } else {
        size_t end = str_find_char(text, ';');

        for (i = 0; i < text.n && i < end; i++) {
            plain[n++] = text.p[i];
        }
        *rest = str_skip(text, i);
    }
    *value = str_trim((struct str){ plain, n });
    return true;
}

/** UTF-8''a%20b (RFC 8187); empty if it is anything else. */
static struct str extended_value(struct str value, struct arena *arena)
{
    struct str decoded;
    size_t quote = str_find_char(value, '\'');
    struct str charset = str_first(value, quote);
    struct str rest = str_skip(value, quote == SIZE_MAX ? value.n : quote + 1);

    quote = str_find_char(rest, '\'');
    if (!str_eq_nocase(charset, S("utf-8")) || quote == SIZE_MAX ||
        !uri_decode(str_skip(rest, quote + 1), arena, &decoded) || !str_is_utf8(decoded)) {
        return S("");
    }
    return decoded;
}

/** From Content-Disposition; empty if it names none. */
static struct str file_name(struct dav_call *call)
{
    struct arena *arena = call_arena(call);
    struct str header = call_header(call, S("Content-Disposition"));
    struct str rest = str_skip(header, str_find_char(header, ';'));
    struct str plain = S("");
    struct str extended = S("");
    struct str name, value;

    while (next_param(&rest, arena, &name, &value)) {
        if (str_eq_nocase(name, S("filename*"))) {
            extended = extended_value(value, arena);
        } else if (str_eq_nocase(name, S("filename")) && str_is_utf8(value)) {
            plain = value;
        }
    }
    value = extended.n > 0 ? extended : plain;
    return value.n > 0 ? map_file_name(value, arena) : S("");
}

/* --- GET ------------------------------------------------------------------------------------- */

struct range {
    bool is_set, is_impossible;
    size_t first, last;
};

/** One range of bytes (RFC 9110 14.1.2); any other form is as none. */
static struct range read_range(struct dav_call *call, size_t length)
{
    struct str text = str_trim(call_header(call, S("Range")));
    struct str if_range = call_header(call, S("If-Range"));
    struct range range = { .last = length - 1 };
    struct str first, last;
    uint64_t a = 0, b = 0;
    size_t dash;

    if (!str_has_prefix_nocase(text, S("bytes=")) || if_range.p != NULL) {
        return range;
    }
    text = str_skip(text, 6);
    dash = str_find_char(text, '-');
    first = str_trim(str_first(text, dash));
    last = str_trim(str_skip(text, dash == SIZE_MAX ? text.n : dash + 1));
    if (dash == SIZE_MAX || (first.n > 0 && !str_to_u64(first, &a)) ||
        (last.n > 0 && !str_to_u64(last, &b)) || first.n + last.n == 0 ||
        (first.n > 0 && last.n > 0 && b < a)) {
        return range;
    }
    if (first.n == 0) { /* the last b bytes */
        range.is_impossible = b == 0 || length == 0;
        range.first = b < length ? length - (size_t)b : 0;
    } else {
        range.is_impossible = a >= length;
        range.first = range.is_impossible ? 0 : (size_t)a;
        range.last = last.n > 0 && b < length ? (size_t)b : length - 1;
    }
    range.is_set = true;
    return range;
}

static void answer_content(const struct sync_result *result, void *arg)
{
    struct dav_call *call = arg;
    struct http_request *request = call->request;
    struct arena *arena = call_arena(call);
    struct str content = result->content;
    struct range range;
    struct str type;

    if (result->outcome != SYNC_READ) {
        call_respond_result(call, result);
        return;
    }
    type = map_media_type(result->type, arena);
    range = read_range(call, content.n);
    http_respond_header(
        request, S("ETag"), arena_printf(arena, "\"%.*s\"", STR_ARG(call->route.attachment)));
    http_respond_header(request, S("Content-Disposition"), disposition_of(result->name, arena));
    /* It is opened from our address, where a page could act as its reader. */
    http_respond_header(request, S("X-Content-Type-Options"), S("nosniff"));
    http_respond_header(request, S("Content-Security-Policy"), S("default-src 'none'; sandbox"));
    http_respond_header(request, S("Accept-Ranges"), S("bytes"));
    if (range.is_impossible) {
        http_respond_header(
            request, S("Content-Range"), arena_printf(arena, "bytes */%zu", content.n));
        call_respond_empty(call, 416);
        return;
    }
    if (range.is_set) {
        http_respond_header(request, S("Content-Range"),
            arena_printf(arena, "bytes %zu-%zu/%zu", range.first, range.last, content.n));
        content = str_first(str_skip(content, range.first), range.last - range.first + 1);
    }
    http_respond_text(request, range.is_set ? 206 : 200,
        type.n > 0 ? type : S("application/octet-stream"), content);
}

static void opened(const struct err *err, void *arg)
{
    struct dav_call *call = arg;
    struct collection *collection = call_collection(call);
    struct resource *resource = collection == NULL || err->kind != ERR_NONE
                                    ? NULL
                                    : collection_find(collection, call->route.object);
    struct str etag = arena_printf(call_arena(call), "\"%.*s\"", STR_ARG(call->route.attachment));
    struct str line =
        arena_printf(call_arena(call), "MANAGED-ID=%.*s", STR_ARG(call->route.attachment));
    struct precondition precondition;

    if (err->kind != ERR_NONE) {
        call_respond_err(call, err);
    } else if (resource == NULL || resource->is_removed ||
               !map_is_managed_id(call->route.attachment)) {
        call_respond_not_found(call);
    } else if (!address_precondition(call, &precondition)) {
        return;
    } else if ((precondition.if_none_match_any || precondition.if_none_match_count > 0) &&
               !precondition_holds(&precondition, etag) &&
               str_find(resource->document, line) != SIZE_MAX) {
        http_respond_header(call->request, S("ETag"), etag); /* it never changes */
        call_respond_empty(call, 304);
    } else {
        sync_read_attachment(call->dav->engine, collection, call->route.object,
            call->route.attachment, answer_content, call);
    }
}

void dav_get_attachment(struct dav_call *call)
{
    struct collection *collection = call_collection(call);

    if (collection == NULL) {
        call_respond_not_found(call);
    } else {
        engine_open(call->dav->engine, collection, false, call->client, opened, call);
    }
}

/* --- POST ------------------------------------------------------------------------------------ */

static bool wants_representation(const struct dav_call *call)
{
    return http_header_has_token(call->request->headers, call->request->header_count, S("Prefer"),
        S("return=representation"));
}

static void answer_post(const struct sync_result *result, void *arg)
{
    struct dav_call *call = arg;
    struct http_request *request = call->request;
    bool is_removal = *(const enum sync_attach_action *)call->state == SYNC_ATTACH_REMOVE;
    bool is_new = result->outcome == SYNC_CREATED;

    if (!is_new && result->outcome != SYNC_REPLACED) {
        call_respond_result(call, result);
        return;
    }
    if (!is_removal) {
        http_respond_header(request, S("Cal-Managed-ID"), result->managed_id);
    }
    if (result->etag.n > 0) {
        http_respond_header(request, S("ETag"), result->etag);
    }
    if (!wants_representation(call)) {
        call_respond_empty(call, is_new ? 201 : 204);
        return;
    }
    http_respond_header(request, S("Preference-Applied"), S("return=representation"));
    http_respond_header(request, S("Content-Location"),
        route_href(&call->route, call->dav->prefix, call_arena(call)));
    http_respond_text(request, is_new ? 201 : 200,
        S("text/calendar; charset=utf-8; component=VTODO"), result->document);
}

/** False: it was refused and the answer has been given. */
static bool read_action(struct dav_call *call, struct sync_attachment *out)
{
    static const struct {
        struct str name;
        enum sync_attach_action action;
    } actions[] = {
        { STR("attachment-add"), SYNC_ATTACH_ADD },
        { STR("attachment-update"), SYNC_ATTACH_UPDATE },
        { STR("attachment-remove"), SYNC_ATTACH_REMOVE },
    };
    struct arena *arena = call_arena(call);
    struct str query = call->request->query;
    struct str action = S(""), rid;
    bool is_known = false;
    bool has_id = uri_query_value(query, S("managed-id"), arena, &out->managed_id);

    if (uri_query_value(query, S("action"), arena, &action)) {
        for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
            if (str_eq(action, actions[i].name)) {
                out->action = actions[i].action;
                is_known = true;
            }
        }
    }
    if (!is_known) {
        call_respond_fault(call, 403, FAULT_VALID_ACTION, S("There is no such action."));
        return false;
    }
    if (uri_query_value(query, S("rid"), arena, &rid)) {
        call_respond_fault(call, 403, FAULT_VALID_RID,
            S("Attachments belong to the whole task here, not to one occurrence."));
        return false;
    }
    if (has_id == (out->action == SYNC_ATTACH_ADD)) {
        call_respond_fault(
            call, 403, FAULT_VALID_MANAGED_ID, S("managed-id is missing, or has no meaning here."));
        return false;
    }
    return true;
}

void attachment_respond_too_large(struct dav_call *call)
{
    call_respond_fault(call, 403, FAULT_MAX_ATTACHMENT_SIZE, S("The attachment is too large."));
}

void dav_post(struct dav_call *call)
{
    struct collection *collection = call_collection(call);
    struct http_request *request = call->request;
    struct sync_attachment attachment = {
        .name = file_name(call),
        .type = call_header(call, S("Content-Type")),
        .content = request->body,
    };
    struct str encoding = call_header(call, S("Content-Encoding"));
    struct precondition precondition;
    enum sync_attach_action *action;

    if (collection == NULL) {
        call_respond_not_found(call);
    } else if (!read_action(call, &attachment)) {
        return;
    } else if (encoding.n > 0 && !str_eq_nocase(encoding, S("identity"))) {
        call_respond_fault(call, 415, FAULT_NONE, S("The body must not be encoded."));
    } else if (request->body.n > call->dav->attachment_bytes) {
        attachment_respond_too_large(call);
    } else if (!address_precondition(call, &precondition)) {
        return;
    } else {
        action = call->state = arena_alloc(call_arena(call), sizeof(*action));
        *action = attachment.action;
        sync_attach(call->dav->engine, collection, call->route.object, &attachment, &precondition,
            call->client, answer_post, call);
    }
}
