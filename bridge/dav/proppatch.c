/**
 * PROPPATCH (RFC 4918 9.2): all or nothing. A collection's displayname can be set; everything else
 * is refused in the multistatus, because clients give up on a refusal of the whole request.
 */
#include "bridge/dav/props.h"
#include "http/body.h"

/** Longest name that is passed on. */
#define MAX_NAME 255

struct change {
    struct str ns;
    struct str name;
    bool is_allowed;
    bool is_protected;
};

struct proppatch {
    struct change *changes;
    size_t count;
    bool has_refused;
    struct str display_name; /**< p == NULL: not set */
};

static void add_change(
    struct proppatch *patch, struct dav_call *call, const struct xml_node *node, bool is_removal)
{
    const struct prop_def *def = prop_find(node->ns, node->name);
    struct change *change = &patch->changes[patch->count++];
    bool is_rename = call->route.kind == ROUTE_COLLECTION && !is_removal && def != NULL &&
                     (def->flags & PROP_IS_WRITABLE) != 0;

    *change = (struct change){ .ns = node->ns, .name = node->name, .is_protected = def != NULL };
    if (is_rename) {
        struct str name = str_trim(node->text);

        change->is_allowed = name.n > 0 && name.n <= MAX_NAME;
        change->is_protected = false;
        patch->display_name = name;
    } else {
        /* To remove what is not there is no error. */
        change->is_allowed = is_removal && def == NULL;
    }
    patch->has_refused |= !change->is_allowed;
}

static bool read_body(
    struct proppatch *patch, struct dav_call *call, const struct xml_node *root, struct err *err)
{
    patch->changes = arena_alloc_array(call_arena(call), PROP_MAX_WANTED, sizeof(struct change));
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

enum verdict {
    VERDICT_DONE,
    VERDICT_PROTECTED,
    VERDICT_REFUSED,
    VERDICT_DEPENDENT, /**< would be allowed, but another one is not */
    VERDICT_COUNT,
};

static enum verdict verdict_of(const struct proppatch *patch, const struct change *change)
{
    if (!patch->has_refused) {
        return VERDICT_DONE;
    }
    if (change->is_allowed) {
        return VERDICT_DEPENDENT;
    }
    return change->is_protected ? VERDICT_PROTECTED : VERDICT_REFUSED;
}

static void write_propstat(struct xml_out *xml, const struct proppatch *patch, enum verdict verdict)
{
    static const char *const statuses[VERDICT_COUNT] = {
        [VERDICT_DONE] = "HTTP/1.1 200 OK",
        [VERDICT_PROTECTED] = "HTTP/1.1 403 Forbidden",
        [VERDICT_REFUSED] = "HTTP/1.1 403 Forbidden",
        [VERDICT_DEPENDENT] = "HTTP/1.1 424 Failed Dependency",
    };
    bool is_open = false;

    for (size_t i = 0; i < patch->count; i++) {
        if (verdict_of(patch, &patch->changes[i]) != verdict) {
            continue;
        }
        if (!is_open) {
            xml_open(xml, XML_DAV, "propstat");
            xml_open(xml, XML_DAV, "prop");
            is_open = true;
        }
        xml_empty_any(xml, patch->changes[i].ns, patch->changes[i].name);
    }
    if (!is_open) {
        return;
    }
    xml_close(xml, XML_DAV, "prop");
    xml_text(xml, XML_DAV, "status", str_from(statuses[verdict]));
    if (verdict == VERDICT_PROTECTED) {
        struct fault_element element = fault_element(FAULT_PROTECTED_PROPERTY);

        xml_open(xml, XML_DAV, "error");
        xml_empty(xml, element.ns, element.name);
        xml_close(xml, XML_DAV, "error");
    }
    xml_close(xml, XML_DAV, "propstat");
}

static void answer(struct dav_call *call)
{
    struct proppatch *patch = call->state;
    struct evbuffer *body = http_body_new();
    struct xml_out xml;

    xml_out_init(&xml, body);
    xml_open(&xml, XML_DAV, "multistatus");
    xml_open(&xml, XML_DAV, "response");
    xml_text(&xml, XML_DAV, "href", route_href(&call->route, call->dav->prefix, call_arena(call)));
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        write_propstat(&xml, patch, verdict);
    }
    xml_close(&xml, XML_DAV, "response");
    xml_close(&xml, XML_DAV, "multistatus");
    call_respond_xml(call, 207, body);
}

static void renamed(const struct sync_result *result, void *arg)
{
    struct dav_call *call = arg;
    struct proppatch *patch = call->state;
    int code = status_of_outcome(result->outcome, result->fault).code;

    if (code == 404 || code >= 500) {
        call_respond_result(call, result);
        return;
    }
    for (size_t i = 0; code >= 300 && i < patch->count; i++) {
        /* The name was the only thing to be done. */
        bool is_name = prop_find(patch->changes[i].ns, patch->changes[i].name) != NULL;

        patch->changes[i].is_allowed = !is_name;
        patch->changes[i].is_protected =
            result->outcome == SYNC_FORBIDDEN || result->outcome == SYNC_READ_ONLY;
        patch->has_refused = true;
    }
    answer(call);
}

/** Does the resource exist? Objects are taken to: all of their properties are refused anyway. */
static bool is_there(struct dav_call *call)
{
    bool is_below = call->route.kind == ROUTE_COLLECTION || call->route.kind == ROUTE_OBJECT;

    return !is_below || call_collection(call) != NULL;
}

/** Clients set the name that a list has, also where it can't be changed. */
static bool is_name_already(struct dav_call *call)
{
    struct proppatch *patch = call->state;

    return str_eq(
        patch->display_name, collection_display_name(call_collection(call), call_arena(call)));
}

void dav_proppatch(struct dav_call *call)
{
    struct proppatch *patch = ARENA_NEW(call_arena(call), struct proppatch);
    struct xml_node *root;
    struct err err;

    call->state = patch;
    if (!call_parse_body(call, &root)) {
        return;
    }
    if (root == NULL || !xml_is(root, S("DAV:"), S("propertyupdate"))) {
        call_respond_fault(call, 400, FAULT_NONE, S("The body is no DAV:propertyupdate."));
        return;
    }
    if (!is_there(call)) {
        call_respond_not_found(call);
        return;
    }
    if (!read_body(patch, call, root, &err)) {
        call_respond_fault(call, 400, FAULT_NONE, str_from(err.text));
        return;
    }
    if (patch->has_refused || patch->display_name.p == NULL || is_name_already(call)) {
        answer(call);
        return;
    }
    sync_rename_collection(
        call->dav->engine, call_collection(call), patch->display_name, renamed, call);
}
