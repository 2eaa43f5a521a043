#include "bridge/core/buf.h"
#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/sandbox/graph.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>

/* The members of a todoTask (upstream.md B.4) and what they are called on the v2.0 side. */
static const struct {
    const char *todo, *outlook;
} members[] = {
    { "importance", "Importance" },
    { "isReminderOn", "IsReminderOn" },
    { "status", "Status" },
    { "title", "Subject" },
    { "createdDateTime", "CreatedDateTime" },
    { "lastModifiedDateTime", "LastModifiedDateTime" },
    { "hasAttachments", "HasAttachments" },
    { "categories", "Categories" },
    { "id", "Id" },
    { "body", "Body" },
    { "startDateTime", "StartDateTime" },
    { "dueDateTime", "DueDateTime" },
    { "completedDateTime", "CompletedDateTime" },
    { "reminderDateTime", "ReminderDateTime" },
    { "recurrence", "Recurrence" },
};

/* Members whose strings are words of an enumeration. */
static const char *const enums[] = { "importance", "status", "contenttype", "type", "daysofweek",
    "firstdayofweek", "index" };

static bool is_enum(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(enums); i++) {
        if (str_eq_nocase(str_from(name), str_from(enums[i]))) {
            return true;
        }
    }
    return false;
}

/* "dateTime" as "DateTime", or back. A word that has the case of the other side gets a '?', which
 * nobody knows. */
static struct str respell_word(const char *word, bool is_up, struct arena *arena)
{
    unsigned char first = (unsigned char)*word;

    if (is_up && strcmp(word, "html") == 0) {
        return S("HTML");
    }
    if (!is_up && strcmp(word, "HTML") == 0) {
        return S("html");
    }
    if (first == '\0' || first == '@') {
        return str_from(word);
    }
    if (is_up && !islower(first)) {
        return arena_printf(arena, "?%s", word);
    }
    return arena_printf(arena, "%c%s", is_up ? toupper(first) : tolower(first), word + 1);
}

/* name: of the member that holds it. */
static cJSON *respell(const cJSON *json, const char *name, bool is_up, struct arena *arena)
{
    const cJSON *member = NULL;
    cJSON *out = NULL;

    if (cJSON_IsString(json) && is_enum(name)) {
        return cJSON_CreateString(respell_word(json->valuestring, is_up, arena).p);
    }
    if (!cJSON_IsObject(json) && !cJSON_IsArray(json)) {
        return cJSON_Duplicate(json, true);
    }
    out = cJSON_IsObject(json) ? cJSON_CreateObject() : cJSON_CreateArray();
    cJSON_ArrayForEach(member, json)
    {
        if (cJSON_IsArray(json)) {
            cJSON_AddItemToArray(out, respell(member, name, is_up, arena));
        } else {
            cJSON_AddItemToObject(out, respell_word(member->string, is_up, arena).p,
                respell(member, member->string, is_up, arena));
        }
    }
    return out;
}

/* Ids: both families name the same task (upstream.md G.4). */

struct str sbx_graph_task_id(const struct sbx_call *call, struct str id)
{
    return call->has_immutable_ids
               ? arena_printf(call->arena, "AAkALg%.*s", STR_ARG(str_skip(id, 4)))
               : id;
}

struct str sbx_graph_stamp(int64_t instant_us, struct arena *arena)
{
    struct civil c = civil_from_seconds(instant_us / CIVIL_MICROS);

    return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%06d0Z", c.year, c.month, c.day,
        c.hour, c.minute, c.second, (int)(instant_us % CIVIL_MICROS));
}

/* Writing */

/* Tags go, paragraphs become lines: roughly what the service makes of it. */
static struct str flatten(struct str html, struct arena *arena)
{
    static const struct {
        struct str entity;
        char c;
    } entities[] = { { STR("&lt;"), '<' }, { STR("&gt;"), '>' }, { STR("&amp;"), '&' },
        { STR("&quot;"), '"' }, { STR("&nbsp;"), ' ' } };
    char *out = (char *)arena_alloc(arena, 2 * html.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < html.n;) {
        struct str rest = str_skip(html, i);
        size_t step = 1;
        char c = html.p[i];

        if (c == '<') {
            size_t end = str_find_char(rest, '>');

            if (str_has_prefix_nocase(rest, S("<br")) || str_has_prefix_nocase(rest, S("</p")) ||
                str_has_prefix_nocase(rest, S("</li"))) {
                out[n++] = '\r';
                out[n++] = '\n';
            }
            i += end == SIZE_MAX ? rest.n : end + 1;
            continue;
        }
        for (size_t e = 0; e < ARRAY_LEN(entities); e++) {
            if (str_has_prefix(rest, entities[e].entity)) {
                c = entities[e].c;
                step = entities[e].entity.n;
            }
        }
        out[n++] = c;
        i += step;
    }
    return (struct str){ out, n };
}

static void put_html(struct buf *out, struct str text)
{
    buf_put_text(out, "<html><head></head><body>");
    for (size_t i = 0; i < text.n; i++) {
        switch (text.p[i]) {
        case '<':
            buf_put_text(out, "&lt;");
            break;
        case '&':
            buf_put_text(out, "&amp;");
            break;
        case '\n':
            buf_put_text(out, "<br>\n");
            break;
        case '\r':
            break;
        default:
            buf_put_char(out, text.p[i]);
            break;
        }
    }
    buf_put_text(out, "</body></html>");
}

/* As text unless html is asked for; a text has gained a line end (upstream.md B.6). */
static cJSON *show_body(struct sbx_call *call, const struct sbx_task *task)
{
    CLEANUP(buf_done) struct buf content = { 0 };
    struct str text =
        task->body_is_html && !call->wants_html ? flatten(task->body, call->arena) : task->body;
    cJSON *json = cJSON_CreateObject();

    buf_init(&content, 8 * (text.n + 16));
    if (call->wants_html && !task->body_is_html) {
        put_html(&content, text);
    } else if (call->wants_html || call->service->personality.keeps_text) {
        buf_put(&content, text);
    } else {
        for (size_t i = 0; i < text.n; i++) {
            if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r')) {
                buf_put_char(&content, '\r');
            }
            buf_put_char(&content, text.p[i]);
        }
        buf_put_text(&content, "\r\n");
    }
    sbx_add_str(call, json, "content", buf_str(&content));
    cJSON_AddStringToObject(json, "contentType", call->wants_html ? "html" : "text");
    return json;
}

/* A partial entry: no member is sure to be there (upstream.md B.4). */
static bool is_dropped(const struct sbx_call *call, const char *name)
{
    static const char *const dropped[] = { "body", "categories", "dueDateTime", "importance",
        "recurrence", "reminderDateTime", "status" };

    for (size_t i = 0; i < ARRAY_LEN(dropped); i++) {
        if (sbx_call_has_fault(call, SBX_FAULT_PARTIAL_ITEMS) && strcmp(dropped[i], name) == 0) {
            return true;
        }
    }
    return call->hides_recurrence && strcmp(name, "recurrence") == 0;
}

static cJSON *show_recurrence(const cJSON *recurrence, struct arena *arena)
{
    cJSON *json = respell(recurrence, "recurrence", false, arena);
    cJSON *range = cJSON_GetObjectItemCaseSensitive(json, "range");

    if (range != NULL) {
        cJSON_AddStringToObject(range, "recurrenceTimeZone", "UTC");
    }
    return json;
}

cJSON *sbx_graph_show_task(struct sbx_call *call, const struct sbx_task *task)
{
    cJSON *outlook = sbx_task_write(task, &call->mailbox, call->edit.zone, call->arena);
    cJSON *json = cJSON_CreateObject();

    sbx_add_str(call, json, "@odata.etag", sbx_etag(&call->mailbox, task->seq, call->arena));
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *name = members[i].todo;
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(outlook, members[i].outlook);

        if (is_dropped(call, name)) {
            continue;
        }
        if (cJSON_IsNull(value)) { /* unset: left out */
            if (call->is_delta && call->service->personality.null_in_delta) {
                cJSON_AddNullToObject(json, name);
            }
        } else if (strcmp(name, "id") == 0) {
            sbx_add_str(call, json, name, sbx_graph_task_id(call, task->id));
        } else if (strcmp(name, "body") == 0) {
            cJSON_AddItemToObject(json, name, show_body(call, task));
        } else if (strcmp(name, "recurrence") == 0) {
            cJSON_AddItemToObject(json, name, show_recurrence(value, call->arena));
        } else {
            cJSON_AddItemToObject(json, name, respell(value, name, false, call->arena));
        }
    }
    cJSON_Delete(outlook);
    sbx_graph_add_children(call, json, task->id);
    return json;
}

/* Reading */

static bool refuse(struct sbx_call *call, const char *name, const char *what)
{
    return sbx_refuse(
        &call->refusal, 400, "InvalidModel", "Invalid request: '%.60s' %s", name, what);
}

/* The day of a due date that a body says, else of the one that the task has. */
static struct str due_day(struct sbx_call *call, const struct sbx_task *task)
{
    const cJSON *due = cJSON_GetObjectItemCaseSensitive(call->body, "dueDateTime");
    const cJSON *time = cJSON_GetObjectItemCaseSensitive(due, "dateTime");
    const struct sbx_zone *zone = sbx_zones_find_any(call->service->zones, task->zone);
    struct civil c = { 0 };

    if (time != NULL && cJSON_IsString(time)) {
        return arena_copy(call->arena, str_first(str_from(time->valuestring), 10));
    }
    c = civil_from_days(task->due_s != SBX_NEVER && zone != NULL
                            ? sbx_zone_day(zone, task->due_s)
                            : civil_day_of_seconds(call->edit.now_us / CIVIL_MICROS));
    return arena_printf(call->arena, "%04d-%02d-%02d", c.year, c.month, c.day);
}

/* A pattern alone repeats for ever, from the due date on (upstream.md B.7). */
static bool fill_range(struct sbx_call *call, const struct sbx_task *task, cJSON *recurrence)
{
    cJSON *range = cJSON_GetObjectItemCaseSensitive(recurrence, "Range");
    cJSON *zone = cJSON_GetObjectItemCaseSensitive(range, "RecurrenceTimeZone");

    if (range == NULL) {
        range = cJSON_AddObjectToObject(recurrence, "Range");
        cJSON_AddStringToObject(range, "Type", "NoEnd");
        sbx_add_str(call, range, "StartDate", due_day(call, task));
        return true;
    }
    if (call->service->personality.refuses_range &&
        cJSON_GetObjectItemCaseSensitive(range, "StartDate") != NULL) {
        return sbx_refuse(&call->refusal, 400, "InvalidModel",
            "Error converting value to type 'Microsoft.OData.Edm.Date'. Path"
            " 'recurrence.range.startDate'");
    }
    if (zone != NULL && !cJSON_IsNull(zone) &&
        (!cJSON_IsString(zone) ||
            sbx_zones_find(call->service->zones, str_from(zone->valuestring)) == NULL)) {
        return refuse(call, "recurrenceTimeZone", "must be a known zone.");
    }
    cJSON_DeleteItemFromObjectCaseSensitive(range, "RecurrenceTimeZone");
    return true;
}

static bool is_child(const char *name)
{
    return strcmp(name, "checklistItems") == 0 || strcmp(name, "linkedResources") == 0 ||
           strcmp(name, "extensions") == 0;
}

static bool read_member(
    struct sbx_call *call, const struct sbx_task *task, const cJSON *member, cJSON *out)
{
    cJSON *value = NULL;
    size_t i = 0;

    if (strncmp(member->string, "@odata.", 7) == 0 ||
        (is_child(member->string) && call->method == HTTP_POST)) {
        return true;
    }
    if (strcmp(member->string, "createdDateTime") == 0 && call->method == HTTP_POST) {
        return true; /* taken from one client, to no effect */
    }
    while (i < ARRAY_LEN(members) && strcmp(members[i].todo, member->string) != 0) {
        i++;
    }
    if (i == ARRAY_LEN(members)) {
        return refuse(call, member->string, "does not exist on type 'todoTask'.");
    }
    if (strcmp(member->string, "title") == 0 &&
        (!cJSON_IsString(member) || str_trim(str_from(member->valuestring)).n == 0)) {
        return refuse(call, "title", "must not be empty.");
    }
    value = respell(member, member->string, true, call->arena);
    cJSON_AddItemToObject(out, members[i].outlook, value);
    return strcmp(member->string, "recurrence") != 0 || !cJSON_IsObject(value) ||
           fill_range(call, task, value);
}

cJSON *sbx_graph_read_task(struct sbx_call *call, const struct sbx_task *task)
{
    cJSON *out = cJSON_CreateObject();
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, call->body)
    {
        if (!read_member(call, task, member, out)) {
            cJSON_Delete(out);
            return NULL;
        }
    }
    return out;
}
