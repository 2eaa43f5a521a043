#include "bridge/dav/props.h"

#include "bridge/core/mem.h"
#include "bridge/dav/collation.h"
#include "bridge/dav/sync_token.h"
#include "bridge/dav/time_range.h"
#include "http/date.h"

#include <inttypes.h>
#include <stdio.h>

#define KIND(kind) (1u << (kind))
#define ROOTS      (KIND(ROUTE_ROOT) | KIND(ROUTE_PRINCIPALS) | KIND(ROUTE_CALENDARS))
#define PRINCIPAL  KIND(ROUTE_PRINCIPAL)
#define HOME       KIND(ROUTE_HOME)
#define COLLECTION KIND(ROUTE_COLLECTION)
#define OBJECT     KIND(ROUTE_OBJECT)
#define CONTAINERS (ROOTS | PRINCIPAL | HOME | COLLECTION)

static void write_href(struct xml_out *xml, struct str href)
{
    xml_text(xml, XML_DAV, "href", href);
}

static void write_resourcetype(struct xml_out *xml, const struct prop_subject *subject)
{
    if (subject->kind == ROUTE_OBJECT) {
        return;
    }
    xml_empty(xml, XML_DAV, "collection");
    if (subject->kind == ROUTE_PRINCIPAL) {
        xml_empty(xml, XML_DAV, "principal");
    } else if (subject->kind == ROUTE_COLLECTION) {
        xml_empty(xml, XML_CALDAV, "calendar");
    }
}

static void write_displayname(struct xml_out *xml, const struct prop_subject *subject)
{
    struct str name = S("Tasks");

    if (subject->kind == ROUTE_COLLECTION) {
        name = collection_display_name(subject->collection, subject->arena);
        if (name.n == 0) {
            /* Tasks.org ends its sync at a list without a name. */
            name = collection_slug(subject->collection);
        }
    } else if (subject->kind == ROUTE_PRINCIPAL) {
        name = subject->call->user;
    } else if (subject->kind == ROUTE_PRINCIPALS) {
        name = S("Principals");
    } else if (subject->kind == ROUTE_HOME) {
        name = S("Lists");
    }
    xml_chars(xml, name);
}

static void write_principal(struct xml_out *xml, const struct prop_subject *subject)
{
    write_href(xml, subject->call->principal);
}

static void write_principals(struct xml_out *xml, const struct prop_subject *subject)
{
    write_href(xml, subject->call->principals);
}

static void write_home(struct xml_out *xml, const struct prop_subject *subject)
{
    write_href(xml, subject->call->home);
}

static bool is_mail_address(const struct prop_subject *subject)
{
    return str_find_char(subject->call->user, '@') != SIZE_MAX;
}

static void write_addresses(struct xml_out *xml, const struct prop_subject *subject)
{
    if (is_mail_address(subject)) {
        write_href(xml, arena_printf(subject->arena, "mailto:%.*s", STR_ARG(subject->call->user)));
    }
    write_href(xml, subject->call->principal);
}

static void write_email(struct xml_out *xml, const struct prop_subject *subject)
{
    xml_text(xml, XML_CS, "email-address", subject->call->user);
}

/* Each in an element of its own: some clients read two in one as one. */
static void write_privileges(struct xml_out *xml, const struct prop_subject *subject)
{
    xml_raw(xml, S("<D:privilege><D:read/></D:privilege>"
                   "<D:privilege><D:read-current-user-privilege-set/></D:privilege>"));
    if (subject->kind == ROUTE_HOME) {
        xml_raw(xml, S("<D:privilege><D:bind/></D:privilege>"
                       "<D:privilege><D:unbind/></D:privilege>"));
    } else if (subject->kind == ROUTE_COLLECTION && !subject->is_writable) {
        /* Its colour is ours to keep. */
        xml_raw(xml, S("<D:privilege><D:write-properties/></D:privilege>"));
    } else if (subject->is_writable) {
        xml_raw(xml, S("<D:privilege><D:write/></D:privilege>"
                       "<D:privilege><D:write-properties/></D:privilege>"
                       "<D:privilege><D:write-content/></D:privilege>"
                       "<D:privilege><D:bind/></D:privilege>"
                       "<D:privilege><D:unbind/></D:privilege>"));
    }
}

static void write_report(struct xml_out *xml, enum xml_ns ns, const char *name)
{
    xml_open(xml, XML_DAV, "supported-report");
    xml_open(xml, XML_DAV, "report");
    xml_empty(xml, ns, name);
    xml_close(xml, XML_DAV, "report");
    xml_close(xml, XML_DAV, "supported-report");
}

static void write_reports(struct xml_out *xml, const struct prop_subject *subject)
{
    if (subject->kind == ROUTE_COLLECTION) {
        write_report(xml, XML_CALDAV, "calendar-query");
        write_report(xml, XML_CALDAV, "calendar-multiget");
        write_report(xml, XML_CALDAV, "free-busy-query");
    }
    if (subject->kind == ROUTE_COLLECTION || subject->kind == ROUTE_HOME) {
        /* macOS decides by the home whether lists can be synced. */
        write_report(xml, XML_DAV, "sync-collection");
    }
    write_report(xml, XML_DAV, "expand-property");
    if (subject->kind == ROUTE_PRINCIPAL || subject->kind == ROUTE_PRINCIPALS ||
        subject->kind == ROUTE_ROOT) {
        write_report(xml, XML_DAV, "principal-property-search");
        write_report(xml, XML_DAV, "principal-search-property-set");
        write_report(xml, XML_DAV, "principal-match");
    }
}

static void write_ctag(struct xml_out *xml, const struct prop_subject *subject)
{
    xml_chars(xml, subject->kind == ROUTE_HOME
                       ? user_home_stamp(subject->user, subject->arena)
                       : collection_stamp(subject->collection, subject->arena));
}

static void write_sync_token(struct xml_out *xml, const struct prop_subject *subject)
{
    xml_chars(xml, sync_token_format(subject->collection, subject->arena));
}

static void write_etag(struct xml_out *xml, const struct prop_subject *subject)
{
    xml_chars(xml, subject->resource->etag);
}

static void write_content_type(struct xml_out *xml, const struct prop_subject *subject)
{
    (void)subject;
    xml_chars(xml, S("text/calendar; charset=utf-8; component=VTODO"));
}

static void write_number(struct xml_out *xml, uint64_t number)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%" PRIu64, number);

    xml_chars(xml, (struct str){ text, (size_t)n });
}

static void write_content_length(struct xml_out *xml, const struct prop_subject *subject)
{
    write_number(xml, subject->resource->document.n);
}

static void write_last_modified(struct xml_out *xml, const struct prop_subject *subject)
{
    char text[30];

    http_date_format(subject->resource->modified_s, text);
    xml_chars(xml, str_from(text));
}

static void write_max_size(struct xml_out *xml, const struct prop_subject *subject)
{
    write_number(xml, subject->call->dav->object_bytes);
}

static void write_max_attachment(struct xml_out *xml, const struct prop_subject *subject)
{
    write_number(xml, subject->call->dav->attachment_bytes);
}

static void write_max_attachments(struct xml_out *xml, const struct prop_subject *subject)
{
    (void)subject;
    write_number(xml, SYNC_ATTACHMENTS_MAX);
}

static void write_attachments_server(struct xml_out *xml, const struct prop_subject *subject)
{
    const struct dav *dav = subject->call->dav;

    if (dav->origin.n > 0) {
        write_href(xml, arena_printf(subject->arena, "%.*s/", STR_ARG(dav->origin)));
    }
}

static void write_components(struct xml_out *xml, const struct prop_subject *subject)
{
    (void)subject;
    xml_raw(xml, S("<C:comp name=\"VTODO\"/>"));
}

static void write_data_types(struct xml_out *xml, const struct prop_subject *subject)
{
    (void)subject;
    xml_raw(xml, S("<C:calendar-data content-type=\"text/calendar\" version=\"2.0\"/>"));
}

static void write_collations(struct xml_out *xml, const struct prop_subject *subject)
{
    (void)subject;
    for (unsigned i = 0; i < COLLATION_COUNT; i++) {
        xml_text(xml, XML_CALDAV, "supported-collation", collation_name((enum collation)i));
    }
}

static void write_min_time(struct xml_out *xml, const struct prop_subject *subject)
{
    (void)subject;
    xml_chars(xml, S(TIME_RANGE_MIN));
}

static void write_max_time(struct xml_out *xml, const struct prop_subject *subject)
{
    (void)subject;
    xml_chars(xml, S(TIME_RANGE_MAX));
}

static void write_transparency(struct xml_out *xml, const struct prop_subject *subject)
{
    (void)subject;
    xml_empty(xml, XML_CALDAV, "opaque");
}

static void write_color(struct xml_out *xml, const struct prop_subject *subject)
{
    (void)subject;
    xml_chars(xml, S("#2564CF"));
}

static void write_data(struct xml_out *xml, const struct prop_subject *subject)
{
    xml_chars(xml, subject->data);
}

const struct prop_def prop_defs[] = {
    { XML_DAV, "resourcetype", CONTAINERS | OBJECT, PROP_IN_ALL, NULL, write_resourcetype },
    { XML_DAV, "displayname", CONTAINERS, PROP_IN_ALL | PROP_IS_WRITABLE, NULL, write_displayname },
    { XML_DAV, "getetag", OBJECT, PROP_IN_ALL, NULL, write_etag },
    { XML_DAV, "getcontenttype", OBJECT, PROP_IN_ALL, NULL, write_content_type },
    { XML_DAV, "getcontentlength", OBJECT, PROP_IN_ALL, NULL, write_content_length },
    { XML_DAV, "getlastmodified", OBJECT, PROP_IN_ALL, NULL, write_last_modified },
    { XML_DAV, "current-user-principal", CONTAINERS | OBJECT, 0, NULL, write_principal },
    { XML_DAV, "principal-URL", CONTAINERS, 0, NULL, write_principal },
    { XML_DAV, "principal-collection-set", CONTAINERS, 0, NULL, write_principals },
    { XML_DAV, "group-membership", PRINCIPAL, 0, NULL, NULL },
    { XML_DAV, "owner", PRINCIPAL | HOME | COLLECTION | OBJECT, 0, NULL, write_principal },
    { XML_DAV, "current-user-privilege-set", CONTAINERS | OBJECT, 0, NULL, write_privileges },
    { XML_DAV, "supported-report-set", CONTAINERS, 0, NULL, write_reports },
    { XML_DAV, "sync-token", COLLECTION, PROP_IS_POLL, NULL, write_sync_token },
    { XML_CS, "getctag", HOME | COLLECTION, PROP_IN_ALL | PROP_IS_POLL, NULL, write_ctag },
    { XML_CS, "email-address-set", PRINCIPAL, 0, is_mail_address, write_email },
    { XML_CALDAV, "calendar-home-set", CONTAINERS, 0, NULL, write_home },
    { XML_CALDAV, "calendar-user-address-set", PRINCIPAL, 0, NULL, write_addresses },
    { XML_CALDAV, "supported-calendar-component-set", COLLECTION, 0, NULL, write_components },
    { XML_CALDAV, "supported-calendar-data", COLLECTION, 0, NULL, write_data_types },
    { XML_CALDAV, "supported-collation-set", COLLECTION, 0, NULL, write_collations },
    { XML_CALDAV, "max-resource-size", COLLECTION, 0, NULL, write_max_size },
    { XML_CALDAV, "min-date-time", COLLECTION, 0, NULL, write_min_time },
    { XML_CALDAV, "max-date-time", COLLECTION, 0, NULL, write_max_time },
    { XML_CALDAV, "max-attachment-size", COLLECTION, 0, NULL, write_max_attachment },
    { XML_CALDAV, "max-attachments-per-resource", COLLECTION, 0, NULL, write_max_attachments },
    { XML_CALDAV, "managed-attachments-server-URL", HOME, 0, NULL, write_attachments_server },
    { XML_CALDAV, "schedule-calendar-transp", COLLECTION, PROP_IS_KEPT, NULL, write_transparency },
    { XML_CALDAV, "calendar-description", COLLECTION, PROP_IS_KEPT, NULL, NULL },
    { XML_CALDAV, "calendar-timezone", COLLECTION, PROP_IS_KEPT, NULL, NULL },
    { XML_CALDAV, "calendar-timezone-id", COLLECTION, PROP_IS_KEPT, NULL, NULL },
    { XML_CALDAV, "calendar-data", OBJECT, PROP_IN_REPORTS, NULL, write_data },
    { XML_APPLE, "calendar-color", COLLECTION, PROP_IN_ALL | PROP_IS_KEPT, NULL, write_color },
    { XML_APPLE, "calendar-order", COLLECTION, PROP_IN_ALL | PROP_IS_KEPT, NULL, NULL },
    { 0, NULL, 0, 0, NULL, NULL },
};

const struct prop_def *prop_find(struct str ns, struct str name)
{
    for (const struct prop_def *def = prop_defs; def->name != NULL; def++) {
        if (str_eq(name, str_from(def->name)) && str_eq(ns, xml_ns_uri(def->ns))) {
            return def;
        }
    }
    return NULL;
}

bool prop_applies(const struct prop_def *def, const struct prop_subject *subject)
{
    return (def->kinds & KIND(subject->kind)) != 0 && (def->has == NULL || def->has(subject));
}

bool prop_may_be_kept(const struct prop_def *def, enum route_kind kind)
{
    if (kind != ROUTE_HOME && kind != ROUTE_COLLECTION && kind != ROUTE_OBJECT) {
        return false;
    }
    return def == NULL || (def->flags & PROP_IS_KEPT) != 0 ||
           ((def->flags & PROP_IS_WRITABLE) != 0 && (def->kinds & KIND(kind)) == 0);
}

void prop_write(struct xml_out *xml, const struct prop_def *def, const struct prop_subject *subject)
{
    if (def->write == NULL) {
        xml_empty(xml, def->ns, def->name);
        return;
    }
    xml_open(xml, def->ns, def->name);
    def->write(xml, subject);
    xml_close(xml, def->ns, def->name);
}
