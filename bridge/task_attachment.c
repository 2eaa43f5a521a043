#include "bridge/core/secret.h"
#include "bridge/task.h"

bool task_attachment_is_link(const struct task_attachment *attachment)
{
    return attachment->kind == TASK_ATTACHED_LINK || attachment->kind == TASK_ATTACHED_PLACE;
}

const struct task_attachment *task_find_attachment(const struct task *task, struct str id)
{
    for (size_t i = 0; i < task->attachment_count; i++) {
        if (str_eq(task->attachments[i].id, id)) {
            return &task->attachments[i];
        }
    }
    return NULL;
}

bool task_has_same_attachments(const struct task *a, const struct task *b)
{
    if (a->knows_attachments != b->knows_attachments ||
        a->attachment_count != b->attachment_count) {
        return false;
    }
    for (size_t i = 0; i < a->attachment_count; i++) {
        if (task_find_attachment(b, a->attachments[i].id) == NULL) {
            return false;
        }
    }
    return true;
}

void task_add_attachment(
    struct task *task, const struct task_attachment *attachment, struct arena *arena)
{
    struct task_attachment *list =
        arena_alloc_array(arena, task->attachment_count + 1, sizeof(*list));

    for (size_t i = 0; i < task->attachment_count; i++) {
        list[i] = task->attachments[i];
    }
    list[task->attachment_count++] = *attachment;
    task->attachments = list;
}

void task_drop_attachment(struct task *task, struct str id, struct arena *arena)
{
    struct task_attachment *list =
        arena_alloc_array(arena, task->attachment_count + 1, sizeof(*list));
    size_t count = 0;

    for (size_t i = 0; i < task->attachment_count; i++) {
        if (!str_eq(task->attachments[i].id, id)) {
            list[count++] = task->attachments[i];
        }
    }
    task->attachments = list;
    task->attachment_count = count;
}

/** What went through our hands is known better than what the service tells. */
static void keep_hashes(struct task *task, const struct task *old)
{
    for (size_t i = 0; i < task->attachment_count; i++) {
        const struct task_attachment *known = task_find_attachment(old, task->attachments[i].id);

        if (known != NULL && task->attachments[i].hash.n == 0) {
            task->attachments[i].hash = known->hash;
            task->attachments[i].bytes =
                known->hash.n > 0 ? known->bytes : task->attachments[i].bytes;
        }
    }
}

void task_apply_attachments(struct task *task, const struct task *source)
{
    struct task old = *task;

    task->has_attachments = source->has_attachments;
    if (source->knows_attachments) {
        task->knows_attachments = true;
        task->attachments = source->attachments;
        task->attachment_count = source->attachment_count;
        keep_hashes(task, &old);
    }
}

void task_keep_attachments(struct task *task, const struct task *old)
{
    if (!task->knows_attachments) {
        task->knows_attachments = old->knows_attachments;
        task->attachments = old->attachments;
        task->attachment_count = old->attachment_count;
    }
}

struct str task_content_hash(struct str content, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SECRET_HASH_BYTES];
    char text[2 * SECRET_HASH_BYTES];

    secret_hash(content, S(""), hash);
    for (size_t i = 0; i < sizeof(hash); i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    return arena_copy(arena, (struct str){ text, sizeof(text) });
}
