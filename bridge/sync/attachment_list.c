#include "bridge/sync/attachment_list.h"

enum {
    PAGES_MAX = 100,
};

struct attachment_list {
    struct account *account;
    struct arena *arena;
    struct upstream_op *op;
    struct str folder_id, task_id;
    bool is_background;
    int64_t deadline_ms;
    struct task found;
    size_t position; /**< of the links */
    unsigned pages;
    attachment_list_cb *cb;
    void *arg;
};

static void end(struct attachment_list *list, const struct err *err)
{
    struct attachment_list gone = *list;

    mem_free(list);
    gone.found.knows_attachments = true;
    gone.cb(err, &gone.found, gone.arg);
}

void attachment_list_abort(struct attachment_list **list)
{
    struct attachment_list *gone = TAKE(*list);

    if (gone) {
        if (gone->op) {
            upstream_abort(&gone->op);
        }
        mem_free(gone);
    }
}

static void ask(struct attachment_list *list, enum upstream_kind kind, struct str id,
    struct str link, upstream_cb *cb)
{
    struct upstream_call call = {
        .kind = kind,
        .folder_id = list->folder_id,
        .task_id = list->task_id,
        .attachment_id = id,
        .link = link,
        .zone = list->account->zone,
    };

    list->op = upstream_start(
        list->account->upstream, &call, list->is_background, list->deadline_ms, cb, list);
}

static void next_link(struct attachment_list *list);

static void on_link(struct upstream_reply *reply, void *arg)
{
    struct attachment_list *list = arg;
    struct task_attachment *attachment = &list->found.attachments[list->position];

    list->op = NULL;
    if (reply->err.kind == ERR_NONE) {
        attachment->url = arena_copy(list->arena, reply->attachment.url);
    } else if (reply->err.kind == ERR_NOT_FOUND) {
        task_drop_attachment(&list->found, attachment->id, list->arena);
    } else {
        end(list, &reply->err);
        return;
    }
    list->position++;
    next_link(list);
}

static void next_link(struct attachment_list *list)
{
    for (; list->position < list->found.attachment_count; list->position++) {
        const struct task_attachment *attachment = &list->found.attachments[list->position];

        if (attachment->kind == TASK_ATTACHED_LINK && attachment->url.n == 0) {
            ask(list, UPSTREAM_GET_ATTACHMENT, attachment->id, S(""), on_link);
            return;
        }
    }
    end(list, &err_none);
}

/** Those of the page. One that can't be read stops no other. */
static bool take_page(struct attachment_list *list, struct upstream_page *page, struct err *err)
{
    const struct dialect *dialect = list->account->service->dialect;
    struct task_attachment attachment;
    struct err unreadable = err_none;

    while (page && (dialect->next_attachment(page, list->arena, &attachment, &unreadable) ||
                       unreadable.kind != ERR_NONE)) {
        if (unreadable.kind != ERR_NONE) {
            log_warn("sync.unreadable_attachment", LOG_TEXT("why", unreadable.text));
            continue;
        }
        if (list->found.attachment_count >= ATTACHMENTS_LISTED_MAX) {
            return err_set(err, ERR_UPSTREAM, "a task with too many attachments");
        }
        if (!task_find_attachment(&list->found, attachment.id)) {
            task_add_attachment(&list->found, &attachment, list->arena);
        }
    }
    return true;
}

static void on_page(struct upstream_reply *reply, void *arg)
{
    struct attachment_list *list = arg;
    struct err err = reply->err;

    list->op = NULL;
    if (err.kind == ERR_NONE && ++list->pages > PAGES_MAX) {
        err_set(&err, ERR_UPSTREAM, "a list without end");
    }
    if (err.kind != ERR_NONE || !take_page(list, reply->page, &err)) {
        end(list, &err);
    } else if (reply->link_kind == UPSTREAM_LINK_MORE) {
        ask(list, UPSTREAM_LIST_ATTACHMENTS, S(""), arena_copy(list->arena, reply->link), on_page);
    } else {
        next_link(list);
    }
}

struct attachment_list *attachment_list_start(struct account *account, struct str folder_id,
    struct str task_id, bool is_background, int64_t deadline_ms, struct arena *arena,
    attachment_list_cb *cb, void *arg)
{
    struct attachment_list *list = mem_alloc(sizeof(*list));

    list->account = account;
    list->arena = arena;
    list->folder_id = arena_copy(arena, folder_id);
    list->task_id = arena_copy(arena, task_id);
    list->is_background = is_background;
    list->deadline_ms = deadline_ms;
    list->cb = cb;
    list->arg = arg;
    ask(list, UPSTREAM_LIST_ATTACHMENTS, S(""), S(""), on_page);
    return list;
}
