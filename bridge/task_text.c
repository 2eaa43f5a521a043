#include "bridge/task_text.h"

#include <string.h>

/*
 * The stored form, one line each:
 *
 *     task 1
 *     title Buy milk\nand eggs
 *     due 20579 64800 zoned Europe/Paris
 *     category Home
 *
 * Backslash, line feed, carriage return and NUL are escaped in text. A field that is not set has no
 * line. Names that are unknown here were written by a newer program and are skipped.
 */

static const char *const form_names[] = {
    [TASK_DATE_ONLY] = "date",
    [TASK_TIME_FLOATING] = "floating",
    [TASK_TIME_UTC] = "utc",
    [TASK_TIME_ZONED] = "zoned",
};
#define FORM_COUNT (sizeof form_names / sizeof form_names[0])

static void put_escaped(struct buf *out, struct str s)
{
    size_t from = 0;

    for (size_t i = 0; i < s.n; i++) {
        const char *escaped = s.p[i] == '\\'   ? "\\\\"
                              : s.p[i] == '\n' ? "\\n"
                              : s.p[i] == '\r' ? "\\r"
                              : s.p[i] == '\0' ? "\\0"
                                               : NULL;
        if (escaped != NULL) {
            buf_put(out, (struct str){ s.p + from, i - from });
            buf_put_text(out, escaped);
            from = i + 1;
        }
    }
    buf_put(out, str_skip(s, from));
}

static void put_text(struct buf *out, const char *name, struct str value)
{
    if (value.n > 0) {
        buf_put_text(out, name);
        buf_put_char(out, ' ');
        put_escaped(out, value);
        buf_put_char(out, '\n');
    }
}

static void put_number(struct buf *out, const char *name, int64_t value, int64_t unset)
{
    if (value != unset) {
        buf_printf(out, "%s %lld\n", name, (long long)value);
    }
}

static void put_date(struct buf *out, const char *name, const struct task_date *date)
{
    bool has_time = date->form != TASK_DATE_ONLY;

    if (!date->is_set) {
        return;
    }
    buf_printf(out, "%s %ld %ld %s", name, (long)date->day, has_time ? (long)date->second : 0L,
        form_names[date->form]);
    if (date->form == TASK_TIME_ZONED) {
        buf_put_char(out, ' ');
        put_escaped(out, date->zone);
    }
    buf_put_char(out, '\n');
}

static void put_instant(struct buf *out, const char *name, const struct task_date *date)
{
    if (date->is_set && date->has_instant) {
        buf_printf(out, "%s %lld\n", name, (long long)date->instant_s);
    }
}

static void put_recurrence(struct buf *out, const struct task_recurrence *r)
{
    if (r->is_set) {
        buf_printf(out, "recurrence %d %ld %ld %ld %u %d %d %d %ld %ld %ld\n", (int)r->pattern,
            (long)r->interval, (long)r->month, (long)r->day_of_month, (unsigned)r->weekdays,
            (int)r->first_weekday, (int)r->index, (int)r->range, (long)r->start_day,
            (long)r->end_day, (long)r->count);
    }
}

/** A line that begins it, then one for each member that it has. */
static void put_attachment(struct buf *out, const struct task_attachment *attachment)
{
    buf_printf(out, "attachment %d %lld\n", (int)attachment->kind, (long long)attachment->bytes);
    put_text(out, "attachment_id", attachment->id);
    put_text(out, "attachment_name", attachment->name);
    put_text(out, "attachment_type", attachment->type);
    put_text(out, "attachment_url", attachment->url);
    put_text(out, "attachment_hash", attachment->hash);
}

void task_text_put_field(const struct task *task, enum task_field field, struct buf *out)
{
    switch (field) {
    case TASK_TITLE:
        put_text(out, "title", task->title);
        break;
    case TASK_BODY:
        put_text(out, task->body.is_html ? "html" : "body", task->body.content);
        break;
    case TASK_PRIORITY:
        put_number(out, "priority", task->priority, 0);
        break;
    case TASK_SENSITIVITY:
        put_number(out, "sensitivity", task->sensitivity, 0);
        break;
    case TASK_STATUS:
        put_number(out, "status", task->status, 0);
        break;
    case TASK_PERCENT:
        put_number(out, "percent", task->percent, -1);
        break;
    case TASK_COMPLETED:
        put_date(out, "completed", &task->completed);
        break;
    case TASK_START:
        put_date(out, "start", &task->start);
        break;
    case TASK_DUE:
        put_date(out, "due", &task->due);
        break;
    case TASK_REMINDER:
        if (task->reminder.is_on) {
            buf_printf(out, "reminder %lld\n", (long long)task->reminder.instant_s);
        }
        break;
    case TASK_RECURRENCE:
        put_recurrence(out, &task->recurrence);
        break;
    case TASK_CATEGORIES:
        for (size_t i = 0; i < task->categories.count; i++) {
            put_text(out, "category", task->categories.items[i]);
        }
        break;
    case TASK_ASSIGNED_TO:
        put_text(out, "assigned_to", task->assigned_to);
        break;
    case TASK_OWNER:
        put_text(out, "owner", task->owner);
        break;
    case TASK_URL:
        put_text(out, "url", task->url);
        break;
    case TASK_FIELD_COUNT:
        break;
    }
}

void task_format(const struct task *task, struct buf *out)
{
    buf_put_text(out, "task 1\n");
    for (unsigned f = 0; f < TASK_FIELD_COUNT; f++) {
        task_text_put_field(task, (enum task_field)f, out);
    }
    put_instant(out, task->completed.is_moment ? "completed_moment" : "completed_instant",
        &task->completed);
    put_instant(out, "start_instant", &task->start);
    put_instant(out, "due_instant", &task->due);
    put_number(out, "created_us", task->created_us, 0);
    put_number(out, "modified_us", task->modified_us, 0);
    put_number(out, "has_attachments", task->has_attachments, 0);
    put_number(out, "attachments", task->knows_attachments, 0);
    for (size_t i = 0; i < task->attachment_count; i++) {
        put_attachment(out, &task->attachments[i]);
    }
    put_number(out, "present", task->present, TASK_ALL_FIELDS);
}

/* ---- reading ---- */

static struct str unescape(struct str s, struct arena *arena)
{
    char *copy = arena_alloc(arena, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c == '\\' && i + 1 < s.n) {
            c = s.p[++i];
            c = (char)(c == 'n' ? '\n' : c == 'r' ? '\r' : c == '0' ? '\0' : c);
        }
        copy[n++] = c;
    }
    return (struct str){ copy, n };
}

static bool to_number(struct str s, int64_t min, int64_t max, int64_t *out)
{
    int64_t value;

    if (!str_to_i64(s, &value) || value < min || value > max) {
        return false;
    }
    *out = value;
    return true;
}

static bool next_number(struct str *rest, int64_t min, int64_t max, int64_t *out)
{
    struct str word;

    return str_next(rest, ' ', &word) && to_number(word, min, max, out);
}

static bool parse_date(struct str value, struct arena *arena, struct task_date *out)
{
    struct task_date date = { .is_set = true };
    struct str form;
    int64_t day;
    int64_t second;
    unsigned i = 0;

    if (!next_number(&value, INT32_MIN, INT32_MAX, &day) ||
        !next_number(&value, 0, 86400, &second) || !str_next(&value, ' ', &form)) {
        return false;
    }
    while (i < FORM_COUNT && !str_eq(form, str_from(form_names[i]))) {
        i++;
    }
    if (i == FORM_COUNT) {
        return false;
    }
    date.form = (enum task_time_form)i;
    date.day = (int32_t)day;
    date.second = (int32_t)second;
    if (date.form == TASK_TIME_ZONED && value.p != NULL) {
        date.zone = unescape(value, arena);
    }
    *out = date;
    return true;
}

static bool parse_recurrence(struct str value, struct task_recurrence *out)
{
    int64_t n[11];
    static const int64_t max[11] = { TASK_RELATIVE_YEARLY, INT32_MAX, 12, 31, 127, 6, 4,
        TASK_NUMBERED, INT32_MAX, INT32_MAX, INT32_MAX };

    for (unsigned i = 0; i < 11; i++) {
        int64_t min = i == 6 ? -1 : i == 8 || i == 9 ? INT32_MIN : 0;

        if (!next_number(&value, min, max[i], &n[i])) {
            return false;
        }
    }
    *out = (struct task_recurrence){
        .is_set = true,
        .pattern = (enum task_pattern)n[0],
        .interval = (int32_t)n[1],
        .month = (int32_t)n[2],
        .day_of_month = (int32_t)n[3],
        .weekdays = (uint8_t)n[4],
        .first_weekday = (int8_t)n[5],
        .index = (int8_t)n[6],
        .range = (enum task_range)n[7],
        .start_day = (int32_t)n[8],
        .end_day = (int32_t)n[9],
        .count = (int32_t)n[10],
    };
    return true;
}

static bool parse_instant(struct str value, struct task_date *date)
{
    date->has_instant = true;
    return to_number(value, INT64_MIN, INT64_MAX, &date->instant_s);
}

static bool parse_int(struct str value, int64_t min, int64_t max, int32_t *out)
{
    int64_t number;

    if (!to_number(value, min, max, &number)) {
        return false;
    }
    *out = (int32_t)number;
    return true;
}

#define IS(literal) str_eq(name, S(literal))

static bool parse_attachment(
    struct str name, struct str value, struct arena *arena, struct task *task)
{
    struct task_attachment *last = &task->attachments[task->attachment_count];
    struct str text = unescape(value, arena);
    int64_t kind;

    if (IS("attachments")) {
        task->knows_attachments = true;
        return true;
    }
    if (IS("attachment")) {
        task->attachment_count++;
        if (!next_number(&value, 0, TASK_ATTACHED_PLACE, &kind) ||
            !next_number(&value, 0, INT64_MAX, &last->bytes)) {
            return false;
        }
        last->kind = (enum task_attachment_kind)kind;
        return true;
    }
    if (task->attachment_count == 0) {
        return false;
    }
    last--;
    if (IS("attachment_id")) {
        last->id = text;
    } else if (IS("attachment_name")) {
        last->name = text;
    } else if (IS("attachment_type")) {
        last->type = text;
    } else if (IS("attachment_url")) {
        last->url = text;
    } else if (IS("attachment_hash")) {
        last->hash = text;
    }
    return true;
}

/** False only for a name that is known with a value that is not. */
static bool parse_line(struct str name, struct str value, struct arena *arena, struct task *task)
{
    int32_t number = 0;
    int64_t wide = 0;
    bool is_fine = true;

    if (IS("title")) {
        task->title = unescape(value, arena);
    } else if (IS("body") || IS("html")) {
        task->body = (struct task_body){ IS("html"), unescape(value, arena) };
    } else if (IS("category")) {
        task->categories.items[task->categories.count++] = unescape(value, arena);
    } else if (IS("assigned_to")) {
        task->assigned_to = unescape(value, arena);
    } else if (IS("owner")) {
        task->owner = unescape(value, arena);
    } else if (IS("url")) {
        task->url = unescape(value, arena);
    } else if (IS("priority")) {
        is_fine = parse_int(value, 0, 9, &task->priority);
    } else if (IS("sensitivity")) {
        is_fine = parse_int(value, 0, TASK_CONFIDENTIAL, &number);
        task->sensitivity = (enum task_sensitivity)number;
    } else if (IS("status")) {
        is_fine = parse_int(value, 0, TASK_CANCELLED, &number);
        task->status = (enum task_status)number;
    } else if (IS("percent")) {
        is_fine = parse_int(value, -1, 100, &task->percent);
    } else if (IS("completed")) {
        is_fine = parse_date(value, arena, &task->completed);
    } else if (IS("start")) {
        is_fine = parse_date(value, arena, &task->start);
    } else if (IS("due")) {
        is_fine = parse_date(value, arena, &task->due);
    } else if (IS("completed_instant")) {
        is_fine = parse_instant(value, &task->completed);
    } else if (IS("completed_moment")) {
        is_fine = parse_instant(value, &task->completed);
        task->completed.is_moment = is_fine;
    } else if (IS("start_instant")) {
        is_fine = parse_instant(value, &task->start);
    } else if (IS("due_instant")) {
        is_fine = parse_instant(value, &task->due);
    } else if (IS("reminder")) {
        task->reminder.is_on = true;
        is_fine = to_number(value, INT64_MIN, INT64_MAX, &task->reminder.instant_s);
    } else if (IS("recurrence")) {
        is_fine = parse_recurrence(value, &task->recurrence);
    } else if (IS("created_us")) {
        is_fine = to_number(value, INT64_MIN, INT64_MAX, &task->created_us);
    } else if (IS("modified_us")) {
        is_fine = to_number(value, INT64_MIN, INT64_MAX, &task->modified_us);
    } else if (IS("has_attachments")) {
        is_fine = parse_int(value, 0, 1, &number);
        task->has_attachments = number != 0;
    } else if (str_has_prefix(name, S("attachment"))) {
        is_fine = parse_attachment(name, value, arena, task);
    } else if (IS("present")) {
        is_fine = to_number(value, 0, UINT32_MAX, &wide);
        task->present = (task_fields)wide & TASK_ALL_FIELDS;
    }
    return is_fine;
}

bool task_parse(struct str text, struct arena *arena, struct task *out, struct err *err)
{
    struct task task;
    struct str rest = text;
    struct str line;
    size_t number = 1;
    size_t lines = 0;

    if (!str_next(&rest, '\n', &line) || !str_has_prefix(line, S("task "))) {
        return err_set(err, ERR_INVALID, "stored task has no heading");
    }
    for (size_t i = 0; i < text.n; i++) {
        lines += text.p[i] == '\n';
    }
    task_init(&task);
    task.categories.items = arena_alloc_array(arena, lines + 1, sizeof(struct str));
    task.attachments = arena_alloc_array(arena, lines + 1, sizeof(*task.attachments));
    while (str_next(&rest, '\n', &line)) {
        struct str name;

        number++;
        if (line.n == 0) {
            continue;
        }
        if (!str_next(&line, ' ', &name) ||
            !parse_line(name, line.p == NULL ? S("") : line, arena, &task)) {
            return err_set(err, ERR_INVALID, "stored task, line %zu: bad value", number);
        }
    }
    *out = task;
    return true;
}
