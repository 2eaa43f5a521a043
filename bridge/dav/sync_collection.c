/** sync-collection (RFC 6578). */
#include "bridge/dav/report_props.h"
#include "bridge/dav/subject.h"
#include "bridge/dav/sync_token.h"

struct sync_report {
    struct prop_request request;
    struct str token; /**< empty: everything */
    size_t limit;     /**< 0: none */
};

/** A removal that the client need not be told of: it never had the object. */
static bool is_unknown(const struct resource *resource, const struct sync_token *token)
{
    return resource->is_removed && resource->change <= token->known;
}

/** Everything changed since the token, oldest first as far as the limit goes; returns how many were
 * left out, and moves token->since to the newest one given. */
static size_t add_changes(struct multistatus *multistatus, struct collection *collection,
    size_t limit, struct sync_token *token)
{
    int64_t since = token->since;
    struct resource *resource = NULL;
    size_t count = 0;
    size_t skip;

    while ((resource = collection_next(collection, resource)) != NULL && resource->change > since) {
        count += is_unknown(resource, token) ? 0 : 1;
    }
    /* The list runs from the newest change down: what exceeds the limit is at its head. */
    skip = limit > 0 && count > limit ? count - limit : 0;
    count = 0;
    resource = NULL;
    while ((resource = collection_next(collection, resource)) != NULL && resource->change > since) {
        if (is_unknown(resource, token) || count++ < skip) {
            continue;
        }
        multistatus_add_object(multistatus, resource);
        token->since = resource->change > token->since ? resource->change : token->since;
    }
    return skip;
}

static void answer(struct dav_call *call, struct collection *collection)
{
    struct sync_report *report = call->state;
    struct arena *arena = call_arena(call);
    /* Before the first change; of what was removed by now nothing was ever given. */
    struct sync_token token = { .since = -1, .known = collection_change(collection) };

    if (report->token.n > 0 && !sync_token_parse(collection, report->token, arena, &token)) {
        call_respond_fault(
            call, 403, FAULT_VALID_SYNC_TOKEN, S("Unknown sync token: start again without."));
        return;
    }
    struct multistatus *multistatus = multistatus_begin(call, &report->request);

    multistatus_set_writable(multistatus, collection_is_writable(collection));
    if (add_changes(multistatus, collection, report->limit, &token) > 0) {
        multistatus_add_truncated(multistatus, route_href(&call->route, call->dav->prefix, arena));
        multistatus_set_sync_token(
            multistatus, sync_token_format_partial(collection, &token, arena));
    } else {
        multistatus_set_sync_token(multistatus, sync_token_format(collection, arena));
    }
    multistatus_send(&multistatus);
}

static void opened(const struct err *err, void *arg)
{
    struct dav_call *call = arg;
    struct collection *collection = call_opened(call, err);

    if (collection != NULL) {
        answer(call, collection);
    }
}

/** Is the level one that can be answered? Absent (macOS 10.7) it is 1. A list has no members of
 * members, so that infinite is the same there (RFC 6578 3.3). */
static bool check_level(struct dav_call *call, const struct xml_node *root)
{
    const struct xml_node *level = xml_child(root, S("DAV:"), S("sync-level"));
    struct str text = level == NULL ? S("1") : str_trim(level->text);
    bool is_infinite = str_eq_nocase(text, S("infinite"));

    if (!is_infinite && !str_eq(text, S("1"))) {
        call_respond_fault(call, 400, FAULT_NONE, S("sync-level is 1 or infinite."));
        return false;
    }
    if (is_infinite && call->route.kind == ROUTE_HOME) {
        call_respond_fault(call, 403, FAULT_SYNC_TRAVERSAL, S("Ask the home with sync-level 1."));
        return false;
    }
    return true;
}

/** nresults; 0 if there is none. A limit of 0 is no limit that could be kept. */
static bool parse_limit(const struct xml_node *root, size_t *out)
{
    const struct xml_node *limit = xml_child(root, S("DAV:"), S("limit"));
    const struct xml_node *node = limit == NULL ? NULL : xml_child(limit, S("DAV:"), S("nresults"));
    uint64_t value = 0;

    if (node != NULL && (!str_to_u64(str_trim(node->text), &value) || value == 0)) {
        return false;
    }
    *out = value > SIZE_MAX ? SIZE_MAX : (size_t)value;
    return true;
}

/** False: it was wrong and the answer has been given. */
static bool read_report(struct dav_call *call, const struct xml_node *root)
{
    struct sync_report *report = ARENA_NEW(call_arena(call), struct sync_report);
    const struct xml_node *token = xml_child(root, S("DAV:"), S("sync-token"));

    call->state = report;
    report->token = token == NULL ? S("") : str_trim(token->text);
    if (!check_level(call, root)) {
        return false;
    }
    if (!parse_limit(root, &report->limit)) {
        call_respond_fault(call, 400, FAULT_NONE, S("nresults is no positive number."));
        return false;
    }
    return report_props(call, root, &report->request);
}

void report_sync(struct dav_call *call, const struct xml_node *root)
{
    if (read_report(call, root)) {
        engine_open(call->dav->engine, call_collection(call), true, call->client, opened, call);
    }
}

/* --- the home --------------------------------------------------------------------------------- */

static size_t count_lists(struct user *user)
{
    struct collection *collection = NULL;
    size_t count = 0;

    while ((collection = user_next_collection(user, collection)) != NULL) {
        count++;
    }
    return count;
}

/**
 * Which lists there are, for the few that ask (macOS looks whether it is offered). What went is not
 * kept, so a token is good as long as nothing has changed; then one starts again.
 */
static void home_opened(const struct err *err, void *arg)
{
    struct dav_call *call = arg;
    struct sync_report *report = call->state;
    struct arena *arena = call_arena(call);
    struct prop_subject subject;

    if (err->kind != ERR_NONE) {
        call_respond_err(call, err);
        return;
    }
    if (!subject_of_route(call, &subject)) {
        call_respond_not_found(call);
        return;
    }
    struct str stamp = user_home_stamp(subject.user, arena);
    struct str token = arena_printf(arena, "urn:duedav:home:%.*s", STR_ARG(stamp));

    if (report->token.n > 0 && !str_eq(report->token, token)) {
        call_respond_fault(
            call, 403, FAULT_VALID_SYNC_TOKEN, S("The lists have changed: start again without."));
        return;
    }
    if (report->token.n == 0 && report->limit > 0 && report->limit < count_lists(subject.user)) {
        /* What comes first could not be told from what comes next. */
        call_respond_fault(call, 507, FAULT_WITHIN_LIMITS, S("There are more lists than that."));
        return;
    }
    struct multistatus *multistatus = multistatus_begin(call, &report->request);

    if (report->token.n == 0) {
        subject_add_collections(multistatus, call, &subject);
    }
    multistatus_set_sync_token(multistatus, token);
    multistatus_send(&multistatus);
}

void report_sync_home(struct dav_call *call, const struct xml_node *root)
{
    struct user *user = call_user(call);

    if (user == NULL) {
        call_respond_not_found(call);
    } else if (read_report(call, root)) {
        engine_open_home(call->dav->engine, user, call->client, home_opened, call);
    }
}
