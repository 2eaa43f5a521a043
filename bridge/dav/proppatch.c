/**
 * PROPPATCH (RFC 4918 9.2): all or nothing. The name of a collection goes upstream; all else, on
 * collections, their objects and the home, is kept in the store. Elsewhere everything is refused:
 * in the multistatus, because clients give up on a refusal of the whole request.
 */
#include "bridge/dav/prop_change.h"
#include "http/body.h"

struct proppatch {
    struct prop_change *changes;
    bool *is_written; /**< of each change, while answering */
    size_t count;
    bool has_refused;
    struct str display_name;    /**< p == NULL: not set */
    struct sync_property *kept; /**< the changes that the store takes */
    size_t kept_count;
};

static void add_change(
    struct proppatch *patch, struct dav_call *call, const struct xml_node *node, bool is_removal)
{
    struct prop_change *change = &patch->changes[patch->count++];

    *change = prop_change_read(node, is_removal, call->route.kind, call_arena(call));
    if (change->status != 200) {
        patch->has_refused = true;
    } else if (change->is_name) {
        patch->display_name = str_trim(node->text);
    } else if (prop_may_be_kept(NULL, call->route.kind)) { /* else there is nothing to remove */
        patch->kept[patch->kept_count++] =
            (struct sync_property){ change->ns, change->name, change->xml };
    }
}

static bool read_body(
    struct proppatch *patch, struct dav_call *call, const struct xml_node *root, struct err *err)
{
    struct arena *arena = call_arena(call);

    patch->changes = arena_alloc_array(arena, PROP_MAX_WANTED, sizeof(struct prop_change));
    patch->is_written = arena_alloc_array(arena, PROP_MAX_WANTED, sizeof(bool));
    patch->kept = arena_alloc_array(arena, PROP_MAX_WANTED, sizeof(struct sync_property));
    for (const struct xml_node *step = root->children; step != NULL; step = step->next) {
        bool is_removal = xml_is(step, S("DAV:"), S("remove"));

        if (!is_removal && !xml_is(step, S("DAV:"), S("set"))) {
            continue;
        }
        const struct xml_node *prop = xml_child(step, S("DAV:"), S("prop"));

        for (const struct xml_node *node = prop == NULL ? NULL : prop->children; node != NULL;
             node = node->next) {
            if (patch->count == PROP_MAX_WANTED) {
                return err_set(err, ERR_INVALID, "more than %d properties", PROP_MAX_WANTED);
            }
            add_change(patch, call, node, is_removal);
        }
    }
    if (patch->count == 0) {
        return err_set(err, ERR_INVALID, "a propertyupdate without properties");
    }
    return true;
}

/* --- answering -------------------------------------------------------------------------------- */

/** 424: would be allowed, but another one is not. */
static int status_of(const struct proppatch *patch, const struct prop_change *change)
{
    return change->status == 200 && patch->has_refused ? 424 : change->status;
}

static const char *status_line(int status)
{
    switch (status) {
    case 200:
        return "HTTP/1.1 200 OK";
    case 424:
        return "HTTP/1.1 424 Failed Dependency";
    case 507:
        return "HTTP/1.1 507 Insufficient Storage";
    default:
        return "HTTP/1.1 403 Forbidden";
    }
}

/** One propstat with all that share the status and the fault of changes[first]. */
static void write_propstat(struct xml_out *xml, struct proppatch *patch, size_t first)
{
    const struct prop_change *leader = &patch->changes[first];

    xml_open(xml, XML_DAV, "propstat");
    xml_open(xml, XML_DAV, "prop");
    for (size_t i = first; i < patch->count; i++) {
        const struct prop_change *change = &patch->changes[i];

        if (status_of(patch, change) == status_of(patch, leader) &&
            change->fault == leader->fault) {
            xml_empty_any(xml, change->ns, change->name);
            patch->is_written[i] = true;
        }
    }
    xml_close(xml, XML_DAV, "prop");
    xml_text(xml, XML_DAV, "status", str_from(status_line(status_of(patch, leader))));
    if (leader->fault != FAULT_NONE) {
        struct fault_element element = fault_element(leader->fault);

        xml_open(xml, XML_DAV, "error");
        xml_empty(xml, element.ns, element.name);
        xml_close(xml, XML_DAV, "error");
    }
    xml_close(xml, XML_DAV, "propstat");
}

static void answer(struct dav_call *call)
{
    struct proppatch *patch = call->state;

    if (call->is_minimal && !patch->has_refused) { /* RFC 8144 2.2 */
        http_respond_header(call->request, S("Preference-Applied"), S("return=minimal"));
        call_respond_empty(call, 200);
        return;
    }
    struct evbuffer *body = http_body_new();
    struct xml_out xml;

    xml_out_init(&xml, body);
    xml_open(&xml, XML_DAV, "multistatus");
    xml_open(&xml, XML_DAV, "response");
    xml_text(&xml, XML_DAV, "href", route_href(&call->route, call->dav->prefix, call_arena(call)));
    for (size_t i = 0; i < patch->count; i++) {
        if (!patch->is_written[i]) {
            write_propstat(&xml, patch, i);
        }
    }
    xml_close(&xml, XML_DAV, "response");
    xml_close(&xml, XML_DAV, "multistatus");
    call_respond_xml(call, 207, body);
}

/** Those that were to be kept do not fit. */
static void answer_full(struct dav_call *call)
{
    struct proppatch *patch = call->state;

    for (size_t i = 0; i < patch->count; i++) {
        if (patch->changes[i].xml.n > 0 && patch->changes[i].status == 200) {
            patch->changes[i].status = 507;
        }
    }
    patch->has_refused = true;
    answer(call);
}

/* --- doing it ------------------------------------------------------------------------------ */

static void kept(const struct sync_result *result, void *arg)
{
    struct dav_call *call = arg;

    if (result->outcome == SYNC_FULL) {
        answer_full(call);
    } else if (result->outcome != SYNC_REPLACED) {
        call_respond_result(call, result);
    } else {
        answer(call);
    }
}

/** False: it has gone. An object is looked up in its collection, which must be in memory. */
static bool find_owner(struct dav_call *call, struct kept_owner *out)
{
    struct kept_owner owner = { .user = call_user(call) };

    if (owner.user == NULL) {
        return false;
    }
    if (call->route.kind == ROUTE_COLLECTION || call->route.kind == ROUTE_OBJECT) {
        owner.collection = call_collection(call);
        if (owner.collection == NULL) {
            return false;
        }
    }
    if (call->route.kind == ROUTE_OBJECT) {
        owner.object = collection_find(owner.collection, call->route.object);
        if (owner.object == NULL || owner.object->is_removed) {
            return false;
        }
    }
    *out = owner;
    return true;
}

static void keep(struct dav_call *call, const struct kept_owner *owner)
{
    struct proppatch *patch = call->state;

    if (patch->kept_count == 0) {
        answer(call);
    } else {
        sync_set_properties(call->dav->engine, owner, patch->kept, patch->kept_count, kept, call);
    }
}

static void renamed(const struct sync_result *result, void *arg)
{
    struct dav_call *call = arg;
    struct proppatch *patch = call->state;
    int code = status_of_outcome(result->outcome, result->fault).code;

    struct kept_owner owner;

    if (code < 300) {
        if (find_owner(call, &owner)) {
            keep(call, &owner);
        } else {
            call_respond_not_found(call);
        }
        return;
    }
    if (code == 404 || code >= 500) {
        call_respond_result(call, result);
        return;
    }
    for (size_t i = 0; i < patch->count; i++) {
        if (patch->changes[i].is_name) {
            patch->changes[i].status = 403;
            patch->changes[i].fault =
                result->outcome == SYNC_FORBIDDEN || result->outcome == SYNC_READ_ONLY
                    ? FAULT_PROTECTED_PROPERTY
                    : FAULT_NONE;
        }
    }
    patch->has_refused = true;
    answer(call);
}

/** Clients set the name that a list has, also where it can't be changed. */
static bool is_name_already(struct dav_call *call)
{
    struct proppatch *patch = call->state;

    return str_eq(
        patch->display_name, collection_display_name(call_collection(call), call_arena(call)));
}

static void refuse_all(struct proppatch *patch, enum fault fault)
{
    for (size_t i = 0; i < patch->count; i++) {
        if (patch->changes[i].status == 200) {
            patch->changes[i].status = 403;
            patch->changes[i].fault = fault;
        }
    }
    patch->has_refused = true;
}

static void run(struct dav_call *call)
{
    struct proppatch *patch = call->state;
    struct kept_owner owner;

    if (!find_owner(call, &owner)) {
        call_respond_not_found(call);
        return;
    }
    if (owner.object != NULL && !collection_is_writable(owner.collection)) {
        refuse_all(patch, FAULT_NEED_PRIVILEGES); /* of a list's own the colour may be set */
    }
    if (patch->has_refused) {
        answer(call);
    } else if (!kept_has_room(&owner, patch->kept, patch->kept_count)) {
        answer_full(call); /* asked before the name, which could not be taken back */
    } else if (patch->display_name.p == NULL || is_name_already(call)) {
        keep(call, &owner);
    } else {
        sync_rename_collection(
            call->dav->engine, call_collection(call), patch->display_name, renamed, call);
    }
}

static void opened(const struct err *err, void *arg)
{
    struct dav_call *call = arg;

    if (err->kind != ERR_NONE) {
        call_respond_err(call, err);
    } else {
        run(call);
    }
}

void dav_proppatch(struct dav_call *call)
{
    struct proppatch *patch = ARENA_NEW(call_arena(call), struct proppatch);
    bool is_object = call->route.kind == ROUTE_OBJECT;
    struct collection *collection = is_object ? call_collection(call) : NULL;
    struct xml_node *root;
    struct err err;

    call->state = patch;
    if (!call_parse_body(call, &root)) {
        return;
    }
    if (root == NULL || !xml_is(root, S("DAV:"), S("propertyupdate"))) {
        call_respond_fault(call, 400, FAULT_NONE, S("The body is no DAV:propertyupdate."));
    } else if (!read_body(patch, call, root, &err)) {
        call_respond_fault(call, 400, FAULT_NONE, str_from(err.text));
    } else if (is_object && collection == NULL) {
        call_respond_not_found(call);
    } else if (is_object) {
        engine_open(call->dav->engine, collection, false, call->client, opened, call);
    } else {
        run(call);
    }
}
