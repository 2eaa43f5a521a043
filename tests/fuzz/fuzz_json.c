/*
 * Answers of the service through the outlook dialect. The first line of the input is what the call
 * was: kind, status, and what its link carried, one character each; the rest is the body. What is
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

static void check_law(const struct task *task, const struct zone *zone, struct arena *arena)
{
    struct task once;
    struct upstream_item item;
    struct str json, full;
    struct err err;

    dialect_outlook.project(task, zone, arena, &once);
    json = dialect_outlook.write_task(&once, TASK_ALL_FIELDS, zone, true, arena);
    full = arena_printf(arena, "%.*s,\"Id\":\"a\"}", (int)json.n - 1, json.p);
    if (!dialect_outlook.read_task(full, zone, arena, &item, &err) ||
        task_diff(&once, &item.task) != 0) {
        abort();
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
    struct upstream_reply reply = { 0 };
    struct upstream_item item;
    struct upstream_folder folder;
    struct err err = { 0 };

    dialect_outlook.parse(&call, &answer, 1800000000, arena, &reply);
    if (reply.err.kind == ERR_NONE && reply.item.id.n > 0) {
        check_law(&reply.item.task, call.zone, arena);
    }
    if (call.kind == UPSTREAM_SYNC_FOLDERS || call.kind == UPSTREAM_LIST_GROUPS) {
        while (
            reply.page != NULL && dialect_outlook.next_folder(reply.page, arena, &folder, &err)) {
        }
    }
    while (reply.page != NULL && dialect_outlook.next_item(reply.page, arena, &item, &err)) {
        check_law(&item.task, call.zone, arena);
    }
    dialect_outlook.page_free(&reply.page);
    arena_free(&arena);
    return 0;
}
