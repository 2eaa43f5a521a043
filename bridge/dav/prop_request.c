#include "bridge/core/mem.h"
#include "bridge/core/table.h"
#include "bridge/dav/props.h"

/** One propstat's frame. */
#define STATUS_OK        "HTTP/1.1 200 OK"
#define STATUS_NOT_FOUND "HTTP/1.1 404 Not Found"

static bool add_names(const struct xml_node *node, struct arena *arena, struct table *seen,
    struct prop_request *request, struct err *err)
{
    CLEANUP(buf_done) struct buf key;

    buf_init(&key, 2 * XML_MAX_NAME + 1);
    for (const struct xml_node *child = node->children; child != NULL; child = child->next) {
        buf_clear(&key);
        buf_put(&key, child->ns);
        buf_put_char(&key, ' ');
        buf_put(&key, child->name);
        if (table_find(seen, buf_str(&key)) != NULL) {
            continue;
        }
        if (request->count == PROP_MAX_WANTED) {
            return err_set(err, ERR_INVALID, "more than %d properties", PROP_MAX_WANTED);
        }
        struct prop_wanted *wanted = &request->wanted[request->count++];

        *wanted = (struct prop_wanted){ prop_find(child->ns, child->name), child->ns, child->name };
        table_put(seen, arena_copy(arena, buf_str(&key)), wanted); /* one of a few hundred */
        if (wanted->def != NULL && (wanted->def->flags & PROP_IS_POLL) != 0) {
            request->is_poll = true;
        }
    }
    return true;
}

bool prop_request_parse(const struct xml_node *node, bool is_report, bool is_minimal,
    struct arena *arena, struct prop_request *out, struct err *err)
{
    struct prop_request request = {
        .mode = is_report ? PROP_NAMED : PROP_ALL, .is_report = is_report, .is_minimal = is_minimal
    };
    const struct xml_node *names = NULL;
    struct table seen;

    if (node != NULL) {
        const struct xml_node *all = xml_child(node, S("DAV:"), S("allprop"));

        names = xml_child(node, S("DAV:"), S("prop"));
        if (names == NULL && all != NULL) {
            request.mode = PROP_ALL;
            names = xml_child(node, S("DAV:"), S("include"));
        } else if (names != NULL) {
            request.mode = PROP_NAMED;
        } else if (xml_child(node, S("DAV:"), S("propname")) != NULL) {
            request.mode = PROP_NAMES;
        } else if (!is_report) {
            return err_set(err, ERR_INVALID, "neither prop, allprop nor propname");
        }
    }
    if (names != NULL) {
        request.wanted = arena_alloc_array(arena, PROP_MAX_WANTED, sizeof(struct prop_wanted));
        table_init(&seen);
        bool is_good = add_names(names, arena, &seen, &request, err);

        table_done(&seen);
        if (!is_good) {
            return false;
        }
    }
    *out = request;
    return true;
}

static struct kept_owner owner_of(const struct prop_subject *subject)
{
    return (struct kept_owner){ subject->user, subject->collection, subject->resource };
}

/** May the store keep anything of it? Not of an object whose collection has just gone. */
static bool has_kept(const struct prop_subject *subject)
{
    return subject->kind == ROUTE_HOME ||
           ((subject->kind == ROUTE_COLLECTION || subject->kind == ROUTE_OBJECT) &&
               subject->collection != NULL);
}

/** What the store keeps under this name; empty if nothing. def: of a live property, else NULL. */
static struct str kept_xml(
    const struct prop_subject *subject, const struct prop_def *def, struct str ns, struct str name)
{
    const struct kept_owner owner = owner_of(subject);

    return has_kept(subject) && prop_may_be_kept(def, subject->kind) ? kept_find(&owner, ns, name)
                                                                     : S("");
}

/** Has it, but for what the store keeps? */
static bool has_itself(const struct prop_def *def, const struct prop_subject *subject)
{
    bool has_no_default = (def->flags & PROP_IS_KEPT) != 0 && def->write == NULL;

    return !has_no_default && prop_applies(def, subject);
}

bool prop_is_found(const struct prop_request *request, const struct prop_wanted *wanted,
    const struct prop_subject *subject)
{
    const struct prop_def *def = wanted->def;

    if (kept_xml(subject, def, wanted->ns, wanted->name).n > 0) {
        return true;
    }
    return def != NULL && (request->is_report || (def->flags & PROP_IN_REPORTS) == 0) &&
           has_itself(def, subject);
}

void prop_write_found(
    struct xml_out *xml, const struct prop_wanted *wanted, const struct prop_subject *subject)
{
    struct str kept = kept_xml(subject, wanted->def, wanted->ns, wanted->name);

    if (kept.n > 0) {
        xml_raw(xml, kept);
    } else {
        prop_write(xml, wanted->def, subject);
    }
}

/** Does allprop give it without being asked? RFC 4791 5.2 keeps most of its own out. */
static bool is_in_all(const struct prop_def *def)
{
    return def == NULL || (def->flags & PROP_IN_ALL) != 0;
}

static void open_propstat(struct xml_out *xml)
{
    xml_open(xml, XML_DAV, "propstat");
    xml_open(xml, XML_DAV, "prop");
}

static void close_propstat(struct xml_out *xml, const char *status)
{
    xml_close(xml, XML_DAV, "prop");
    xml_text(xml, XML_DAV, "status", str_from(status));
    xml_close(xml, XML_DAV, "propstat");
}

/** What the store keeps, for allprop and propname. */
static void write_kept(
    struct xml_out *xml, const struct prop_request *request, const struct prop_subject *subject)
{
    const struct kept_owner owner = owner_of(subject);
    struct sync_property kept;

    for (size_t i = 0; kept_at(&owner, i, &kept); i++) {
        if (request->mode == PROP_NAMES) {
            xml_empty_any(xml, kept.ns, kept.name);
        } else if (is_in_all(prop_find(kept.ns, kept.name))) {
            xml_raw(xml, kept.xml);
        }
    }
}

/** allprop and propname. */
static void write_table(
    struct xml_out *xml, const struct prop_request *request, const struct prop_subject *subject)
{
    for (const struct prop_def *def = prop_defs; def->name != NULL; def++) {
        if ((def->flags & PROP_IN_REPORTS) != 0 || !has_itself(def, subject) ||
            kept_xml(subject, def, xml_ns_uri(def->ns), str_from(def->name)).n > 0) {
            continue;
        }
        if (request->mode == PROP_NAMES) {
            xml_empty(xml, def->ns, def->name);
        } else if (is_in_all(def)) {
            prop_write(xml, def, subject);
        }
    }
    if (has_kept(subject)) {
        write_kept(xml, request, subject);
    }
}

void prop_write_propstats(
    struct xml_out *xml, const struct prop_request *request, const struct prop_subject *subject)
{
    size_t missing = 0;

    for (size_t i = 0; i < request->count; i++) {
        if (!prop_is_found(request, &request->wanted[i], subject)) {
            missing++;
        }
    }
    bool has_missing = missing > 0 && !request->is_minimal;

    /* A response needs a propstat; python-caldav wants no empty one where another follows. */
    if (missing < request->count || request->mode != PROP_NAMED || !has_missing) {
        open_propstat(xml);
        if (request->mode != PROP_NAMED) {
            write_table(xml, request, subject);
        }
        for (size_t i = 0; i < request->count; i++) {
            const struct prop_wanted *wanted = &request->wanted[i];
            bool is_in_table = request->mode == PROP_ALL && is_in_all(wanted->def);

            if (prop_is_found(request, wanted, subject) && !is_in_table) {
                prop_write_found(xml, wanted, subject);
            }
        }
        close_propstat(xml, STATUS_OK);
    }
    if (has_missing) {
        open_propstat(xml);
        for (size_t i = 0; i < request->count; i++) {
            if (!prop_is_found(request, &request->wanted[i], subject)) {
                xml_empty_any(xml, request->wanted[i].ns, request->wanted[i].name);
            }
        }
        close_propstat(xml, STATUS_NOT_FOUND);
    }
}
