/*
 * Answers of the services through their dialects. The first line of the input is what the call was:
 * kind, status, what its link carried, and zone, one character each; the rest is the body. What is
 * read must survive the way out and back.
 */
#include "bridge/core/mem.h"
#include "bridge/upstream/dialect.h"
#include "ical/zone.h"

#include <stdint.h>
#include <stdlib.h>

static const char *const zones[] = { "UTC", "Europe/Paris", "Pacific/Auckland", "America/Havana" };
static const int statuses[] = { 200, 201, 204, 302, 400, 401, 403, 404, 410, 412, 429, 503 };
static const char *const links[] = { "", "https://h/?%24deltatoken=1", "https://h/?$skiptoken=1",
    "https://h/?%24skip=1#untracked" };

static unsigned number(const uint8_t *data, size_t n, size_t at)
{
    return at < n ? data[at] : 0;
}

/** And the name of its id. */
static const struct {
    const struct dialect *dialect;
    const char *id_name;
} dialects[] = { { &dialect_outlook, "Id" }, { &dialect_todo, "id" } };

static void check_law(
    size_t d, const struct task *task, const struct zone *zone, struct arena *arena)
{
    const struct dialect *dialect = dialects[d].dialect;
    struct task once;
    struct upstream_item item;
    struct str json, full;
    struct err err;

    dialect->project(task, zone, arena, &once);
    json = dialect->write_task(&once, TASK_ALL_FIELDS, zone, true, arena);
    full = arena_printf(arena, "%.*s,\"%s\":\"a\"}", (int)json.n - 1, json.p, dialects[d].id_name);
    if (!dialect->read_task(full, zone, arena, &item, &err) || task_diff(&once, &item.task) != 0) {
        abort();
    }
}

static void take_answer(size_t d, const struct upstream_call *call,
    const struct upstream_answer *answer, struct arena *arena)
{
    const struct dialect *dialect = dialects[d].dialect;
    struct upstream_reply reply = { 0 };
    struct upstream_item item;
    struct upstream_folder folder;
    struct err err = { 0 };

    dialect->parse(call, answer, 1800000000, arena, &reply);
    if (reply.err.kind == ERR_NONE && reply.item.id.n > 0) {
        check_law(d, &reply.item.task, call->zone, arena);
    }
    if (call->kind == UPSTREAM_SYNC_FOLDERS || call->kind == UPSTREAM_LIST_GROUPS) {
        while (reply.page != NULL && dialect->next_folder(reply.page, arena, &folder, &err)) {
        }
    }
    while (reply.page != NULL && dialect->next_item(reply.page, arena, &item, &err)) {
        check_law(d, &item.task, call->zone, arena);
    }
    dialect->page_free(&reply.page);
    if (dialect->read_task(answer->body, call->zone, arena, &item, &err)) {
        check_law(d, &item.task, call->zone, arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *arena = arena_new();
    struct http_header applied = { S("Preference-Applied"), S("odata.track-changes") };
    struct upstream_call call = {
        .kind = (enum upstream_kind)(number(data, n, 0) % UPSTREAM_KIND_COUNT),
        .link = str_from(links[number(data, n, 2) % ARRAY_LEN(links)]),
        .marker = S("m1"),
        .zone = zone_find(str_from(zones[number(data, n, 3) % ARRAY_LEN(zones)])),
    };
    struct upstream_answer answer = {
        .status = statuses[number(data, n, 1) % ARRAY_LEN(statuses)],
        .headers = &applied,
        .header_count = number(data, n, 2) / 16 % 2,
        .body = str_skip((struct str){ (const char *)data, n }, 5),
    };

    for (size_t d = 0; d < ARRAY_LEN(dialects); d++) {
        take_answer(d, &call, &answer, arena);
    }
    arena_free(&arena);
    return 0;
}
