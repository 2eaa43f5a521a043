#include "bridge/upstream/service_reply.h"

#include "bridge/core/mem.h"
#include "bridge/upstream/json.h"
#include "http/date.h"

#include <cjson/cJSON.h>

struct upstream_page *service_page_new(
    struct cJSON *root, const struct upstream_call *call, service_read_marker *read_marker)
{
    struct upstream_page *page = (struct upstream_page *)mem_alloc(sizeof(*page));

    page->root = root;
    page->next = cJSON_GetObjectItemCaseSensitive(root, "value")->child;
    page->zone = call->zone;
    page->kind = call->kind;
    page->read_marker = read_marker;
    if (call->kind == UPSTREAM_FIND_TASK || call->kind == UPSTREAM_FIND_FOLDER) {
        page->marker = mem_copy_text(call->marker.p, call->marker.n);
    }
    return page;
}

const struct cJSON *service_page_next(struct upstream_page *page)
{
    for (;;) {
        const struct cJSON *entity = page->next;

        if (entity == NULL) {
            return NULL;
        }
        page->next = entity->next;
        if (page->marker == NULL || str_eq(page->read_marker(entity), str_from(page->marker))) {
            return entity;
        }
    }
}

void service_page_free(struct upstream_page **page_in)
{
    struct upstream_page *page = TAKE(*page_in);

    if (page != NULL) {
        json_free(&page->root);
        mem_free(page->marker);
        mem_free(page->parent_text);
        mem_free(page);
    }
}

/*
 * The documents promise the changed entity; a service that says no more than 204 has done it all
 * the same (an empty 200, in contrast, has lost its body). What it holds now is not told.
 */
bool service_reply_silence(const struct upstream_call *call, const struct upstream_answer *answer,
    struct arena *arena, struct upstream_reply *reply)
{
    if (answer->status != 204) {
        return false;
    }
    if (call->kind == UPSTREAM_UPDATE_TASK) {
        task_init(&reply->item.task);
        reply->item.task.present = 0;
        reply->item.id = arena_copy(arena, call->task_id);
        return true;
    }
    if (call->kind == UPSTREAM_RENAME_FOLDER) {
        reply->folder = (struct upstream_folder){
            .id = arena_copy(arena, call->folder_id),
            .name = arena_copy(arena, call->name),
            .is_writable = true,
        };
        return true;
    }
    return false;
}

int64_t service_reply_date(const struct upstream_answer *answer)
{
    struct str date;
    int64_t date_s = 0;

    if (http_header_find(answer->headers, answer->header_count, S("Date"), &date)) {
        (void)http_date_parse(date, &date_s);
    }
    return date_s;
}
