/**
 * GET of a list: all its tasks in one VCALENDAR, for a browser or a backup. Written while the
 * socket drains, from counted references, like a multistatus.
 */
#include "bridge/dav/get_collection.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "bridge/core/table.h"
#include "http/body.h"
#include "ical/document.h"
#include "ical/edit.h"

/** One call of produce reads about so much (some 2 ms). */
#define SLICE_BYTES   (64 * 1024)
#define CALENDAR_TYPE "text/calendar; charset=utf-8; component=VTODO"

struct whole {
    struct resource **resources;
    size_t count;
    size_t next;
    struct arena *arena;    /**< of the zones' names */
    struct table zones;     /**< TZIDs that have been written */
    struct evbuffer *first; /**< what was written before the answer began */
};

static void free_whole(void *arg)
{
    struct whole *whole = arg;

    for (size_t i = whole->next; i < whole->count; i++) {
        resource_release(&whole->resources[i]);
    }
    mem_free(whole->resources);
    http_body_free(&whole->first);
    table_done(&whole->zones);
    arena_free(&whole->arena);
    mem_free(whole);
}

/** Has a zone of that name been written? Objects bring the same ones again and again. */
static bool is_known_zone(struct whole *whole, const struct component *zone)
{
    const struct property *tzid = property_find(zone->properties, S("TZID"));
    struct str name = tzid == NULL ? S("") : str_trim(tzid->value);

    if (table_find(&whole->zones, name) != NULL) {
        return true;
    }
    name = arena_copy(whole->arena, name);
    table_put(&whole->zones, name, whole);
    return false;
}

/** The lines as they are, each ended by CRLF (RFC 5545 3.1). */
static void put_lines(struct evbuffer *out, struct str lines)
{
    struct str line;

    while (lines.n > 0 && str_next(&lines, '\n', &line)) {
        if (line.n > 0 && line.p[line.n - 1] == '\r') {
            line = str_first(line, line.n - 1);
        }
        http_body_put(out, line);
        http_body_put(out, S("\r\n"));
    }
}

static void put_object(struct whole *whole, struct str text, struct evbuffer *out)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct document document;
    struct err err;

    if (!document_parse(text, &document_default_limits, arena, &document, &err)) {
        return;
    }
    for (const struct component *c = document.calendar->children; c != NULL; c = c->next) {
        if (!str_eq_nocase(c->name, S("VTIMEZONE")) || !is_known_zone(whole, c)) {
            put_lines(out, c->raw);
        }
    }
}

static bool produce(struct evbuffer *out, void *arg)
{
    struct whole *whole = arg;
    size_t done = 0;

    if (whole->first != NULL && whole->first != out) {
        http_body_move(out, whole->first);
        http_body_free(&whole->first);
    }
    while (whole->next < whole->count && done < SLICE_BYTES) {
        struct resource **resource = &whole->resources[whole->next++];

        done += (*resource)->document.n;
        put_object(whole, (*resource)->document, out);
        resource_release(resource);
    }
    if (whole->next < whole->count) {
        return true;
    }
    http_body_put(out, S("END:VCALENDAR\r\n"));
    return false;
}

/** What calendar programs show as the name of the file. */
static void put_head(struct evbuffer *out, struct str name, struct arena *arena)
{
    http_body_put(out, S("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//duedav//duedav//EN\r\n"));
    http_body_put(out,
        edit_format_line(arena, false, S("X-WR-CALNAME"), S(""), edit_escape_text(arena, name)));
}

static struct whole *whole_new(struct collection *collection)
{
    struct whole *whole = mem_alloc(sizeof(*whole));
    struct resource *resource = NULL;

    whole->resources = mem_alloc_array(collection_count(collection) + 1, sizeof(struct resource *));
    whole->arena = arena_new();
    table_init(&whole->zones);
    while ((resource = collection_next(collection, resource)) != NULL) {
        if (!resource->is_removed) {
            whole->resources[whole->count++] = resource_hold(resource);
        }
    }
    return whole;
}

void get_collection(struct dav_call *call, struct collection *collection)
{
    struct whole *whole = whole_new(collection);
    struct arena *arena = call_arena(call);

    whole->first = http_body_new();
    put_head(whole->first, collection_display_name(collection, arena), arena);
    if (!produce(whole->first, whole)) {
        http_respond(call->request, 200, S(CALENDAR_TYPE), TAKE(whole->first));
        free_whole(whole);
    } else {
        http_respond_stream(call->request, 200, S(CALENDAR_TYPE), produce, free_whole, whole);
    }
}
