#include "bridge/task.h"

#include "bridge/core/mem.h"
#include "bridge/core/secret.h"
#include "bridge/task_text.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const field_names[TASK_FIELD_COUNT] = {
    [TASK_TITLE] = "title",
    [TASK_BODY] = "body",
    [TASK_PRIORITY] = "priority",
    [TASK_SENSITIVITY] = "sensitivity",
    [TASK_STATUS] = "status",
    [TASK_PERCENT] = "percent",
    [TASK_COMPLETED] = "completed",
    [TASK_START] = "start",
    [TASK_DUE] = "due",
    [TASK_REMINDER] = "reminder",
    [TASK_RECURRENCE] = "recurrence",
    [TASK_CATEGORIES] = "categories",
    [TASK_ASSIGNED_TO] = "assigned_to",
    [TASK_OWNER] = "owner",
    [TASK_URL] = "url",
};

void task_init(struct task *task)
{
    memset(task, 0, sizeof *task);
    task->percent = -1;
    task->present = TASK_ALL_FIELDS;
}

const char *task_field_name(enum task_field field)
{
    assert((unsigned)field < TASK_FIELD_COUNT);
    return field_names[field];
}

/* ---- comparison ---- */

static bool date_eq(const struct task_date *a, const struct task_date *b)
{
    if (!a->is_set || !b->is_set) {
        return a->is_set == b->is_set;
    }
    if (a->form != b->form || a->day != b->day) {
        return false;
    }
    return a->form == TASK_DATE_ONLY ||
           (a->second == b->second && (a->form != TASK_TIME_ZONED || str_eq(a->zone, b->zone)));
}

static bool recurrence_eq(const struct task_recurrence *a, const struct task_recurrence *b)
{
    if (!a->is_set || !b->is_set) {
        return a->is_set == b->is_set;
    }
    return a->pattern == b->pattern && a->interval == b->interval && a->month == b->month &&
           a->day_of_month == b->day_of_month && a->weekdays == b->weekdays &&
           a->first_weekday == b->first_weekday && a->index == b->index && a->range == b->range &&
           a->start_day == b->start_day && a->end_day == b->end_day && a->count == b->count;
}

static int compare_nocase(const void *a, const void *b)
{
    const struct str *x = a;
    const struct str *y = b;
    size_t n = x->n < y->n ? x->n : y->n;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)x->p[i];
        unsigned char d = (unsigned char)y->p[i];

        c = c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
        d = d >= 'A' && d <= 'Z' ? (unsigned char)(d + 32) : d;
        if (c != d) {
            return c < d ? -1 : 1;
        }
    }
    return x->n == y->n ? 0 : x->n < y->n ? -1 : 1;
}

/** The items in an order that depends on nothing but their lower-case text; heap. */
static struct str *sorted(const struct task_list_of_text *list)
{
    struct str *items = mem_alloc_array(list->count + 1, sizeof *items);

    for (size_t i = 0; i < list->count; i++) {
        items[i] = list->items[i];
    }
    qsort(items, list->count, sizeof *items, compare_nocase);
    return items;
}

static bool list_eq(const struct task_list_of_text *a, const struct task_list_of_text *b)
{
    bool is_same = a->count == b->count;
    size_t i = 0;

    while (is_same && i < a->count && str_eq_nocase(a->items[i], b->items[i])) {
        i++;
    }
    if (!is_same || i == a->count) {
        return is_same;
    }
    struct str *x = sorted(a);
    struct str *y = sorted(b);
    for (i = 0; is_same && i < a->count; i++) {
        is_same = str_eq_nocase(x[i], y[i]);
    }
    mem_free(x);
    mem_free(y);
    return is_same;
}

bool task_field_eq(const struct task *a, const struct task *b, enum task_field field)
{
    switch (field) {
    case TASK_TITLE:
        return str_eq(a->title, b->title);
    case TASK_BODY:
        return str_eq(a->body.content, b->body.content) &&
               (a->body.is_html == b->body.is_html || a->body.content.n == 0);
    case TASK_PRIORITY:
        return a->priority == b->priority;
    case TASK_SENSITIVITY:
        return a->sensitivity == b->sensitivity;
    case TASK_STATUS:
        return a->status == b->status;
    case TASK_PERCENT:
        return a->percent == b->percent;
    case TASK_COMPLETED:
        return date_eq(&a->completed, &b->completed);
    case TASK_START:
        return date_eq(&a->start, &b->start);
    case TASK_DUE:
        return date_eq(&a->due, &b->due);
    case TASK_REMINDER:
        return a->reminder.is_on == b->reminder.is_on &&
               (!a->reminder.is_on || a->reminder.instant_s == b->reminder.instant_s);
    case TASK_RECURRENCE:
        return recurrence_eq(&a->recurrence, &b->recurrence);
    case TASK_CATEGORIES:
        return list_eq(&a->categories, &b->categories);
    case TASK_ASSIGNED_TO:
        return str_eq(a->assigned_to, b->assigned_to);
    case TASK_OWNER:
        return str_eq(a->owner, b->owner);
    case TASK_URL:
        return str_eq(a->url, b->url);
    case TASK_FIELD_COUNT:
        break;
    }
    abort(); /* no such field */
}

task_fields task_diff(const struct task *a, const struct task *b)
{
    task_fields fields = 0;

    for (unsigned f = 0; f < TASK_FIELD_COUNT; f++) {
        if (!task_field_eq(a, b, (enum task_field)f)) {
            fields |= TASK_FIELD(f);
        }
    }
    return fields;
}

/* ---- copies ---- */

static void apply_field(struct task *task, const struct task *source, enum task_field field)
{
    switch (field) {
    case TASK_TITLE:
        task->title = source->title;
        break;
    case TASK_BODY:
        task->body = source->body;
        break;
    case TASK_PRIORITY:
        task->priority = source->priority;
        break;
    case TASK_SENSITIVITY:
        task->sensitivity = source->sensitivity;
        break;
    case TASK_STATUS:
        task->status = source->status;
        break;
    case TASK_PERCENT:
        task->percent = source->percent;
        break;
    case TASK_COMPLETED:
        task->completed = source->completed;
        break;
    case TASK_START:
        task->start = source->start;
        break;
    case TASK_DUE:
        task->due = source->due;
        break;
    case TASK_REMINDER:
        task->reminder = source->reminder;
        break;
    case TASK_RECURRENCE:
        task->recurrence = source->recurrence;
        break;
    case TASK_CATEGORIES:
        task->categories = source->categories;
        break;
    case TASK_ASSIGNED_TO:
        task->assigned_to = source->assigned_to;
        break;
    case TASK_OWNER:
        task->owner = source->owner;
        break;
    case TASK_URL:
        task->url = source->url;
        break;
    case TASK_FIELD_COUNT:
        abort(); /* no such field */
    }
}

void task_apply(struct task *task, const struct task *source, task_fields fields)
{
    for (unsigned f = 0; f < TASK_FIELD_COUNT; f++) {
        if (fields & TASK_FIELD(f)) {
            apply_field(task, source, (enum task_field)f);
        }
    }
}

static void copy_attachments(struct arena *arena, const struct task *source, struct task *copy)
{
    copy->attachments =
        arena_alloc_array(arena, source->attachment_count + 1, sizeof(*copy->attachments));
    for (size_t i = 0; i < source->attachment_count; i++) {
        struct task_attachment *attachment = &copy->attachments[i];

        *attachment = source->attachments[i];
        attachment->id = arena_copy(arena, attachment->id);
        attachment->name = arena_copy(arena, attachment->name);
        attachment->type = arena_copy(arena, attachment->type);
        attachment->url = arena_copy(arena, attachment->url);
        attachment->hash = arena_copy(arena, attachment->hash);
    }
}

void task_copy(struct arena *arena, const struct task *source, struct task *out)
{
    struct task copy = *source;

    copy.title = arena_copy(arena, source->title);
    copy.body.content = arena_copy(arena, source->body.content);
    copy.completed.zone = arena_copy(arena, source->completed.zone);
    copy.start.zone = arena_copy(arena, source->start.zone);
    copy.due.zone = arena_copy(arena, source->due.zone);
    copy.assigned_to = arena_copy(arena, source->assigned_to);
    copy.owner = arena_copy(arena, source->owner);
    copy.url = arena_copy(arena, source->url);
    copy.uid = arena_copy(arena, source->uid);
    copy.categories.items =
        arena_alloc_array(arena, source->categories.count + 1, sizeof(struct str));
    for (size_t i = 0; i < source->categories.count; i++) {
        copy.categories.items[i] = arena_copy(arena, source->categories.items[i]);
    }
    copy_attachments(arena, source, &copy);
    *out = copy;
}

/* ---- hashes ---- */

/** The field's value in a form that is the same for all values that task_field_eq calls equal. */
static void put_canonical(const struct task *task, enum task_field field, struct buf *out)
{
    if (field == TASK_CATEGORIES) {
        struct str *items = sorted(&task->categories);

        for (size_t i = 0; i < task->categories.count; i++) {
            for (size_t k = 0; k < items[i].n; k++) {
                char c = items[i].p[k];
                buf_put_char(out, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
            }
            buf_put_char(out, '\n'); /* a category holds no line break */
        }
        mem_free(items);
        return;
    }
    task_text_put_field(task, field, out);
}

void task_hash_fields(const struct task *task, uint64_t out[TASK_FIELD_COUNT])
{
    CLEANUP(buf_done) struct buf text;

    buf_init(&text, SIZE_MAX / 2);
    for (unsigned f = 0; f < TASK_FIELD_COUNT; f++) {
        unsigned char hash[SECRET_HASH_BYTES];
        uint64_t value = 0;

        buf_clear(&text);
        put_canonical(task, (enum task_field)f, &text);
        secret_hash(buf_str(&text), str_from(field_names[f]), hash);
        for (unsigned i = 0; i < sizeof value; i++) {
            value = value << 8 | hash[i];
        }
        out[f] = value;
    }
}

static void adopt_day(struct task_date *date, const struct task_date *base)
{
    if (date->is_set && base->is_set && date->has_instant && base->has_instant &&
        date->instant_s == base->instant_s) {
        date->day = base->day;
    }
}

void task_adopt_days(struct task *task, const struct task *base)
{
    adopt_day(&task->start, &base->start);
    adopt_day(&task->due, &base->due);
    adopt_day(&task->completed, &base->completed);
}
