#include "bridge/upstream/service_project.h"

#include "bridge/core/civil.h"
#include "bridge/upstream/service_date.h"
#include "bridge/upstream/service_recurrence.h"

#include <string.h>

#define TITLE_UNITS     255 /**< UTF-16 */
#define MOST_CATEGORIES 256 /**< of one task; a document may name any number */

/* C0 controls other than tab and line ends: no text of the service holds them. */
static bool is_control(char c)
{
    return (unsigned char)c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

/* Bytes and UTF-16 units of the character at s (valid UTF-8). */
static size_t character_bytes(char lead, size_t *units_out)
{
    unsigned char c = (unsigned char)lead;

    *units_out = c >= 0xf0 ? 2 : 1;
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static struct str clean_title(struct str title, struct arena *arena)
{
    char *out = (char *)arena_alloc(arena, title.n + 1);
    size_t n = 0, units = 0, more;

    for (size_t i = 0; i < title.n;) {
        size_t bytes = character_bytes(title.p[i], &more);

        if (title.p[i] == '\r' || title.p[i] == '\n') {
            i += str_has_prefix(str_skip(title, i), S("\r\n")) ? 2 : 1;
            bytes = 0;
            out[n++] = ' ';
        } else if (is_control(title.p[i])) {
            i++;
            continue;
        }
        units += more;
        if (units > TITLE_UNITS || i + bytes > title.n) {
            n -= bytes == 0 ? 1 : 0;
            break;
        }
        memcpy(out + n, title.p + i, bytes);
        n += bytes;
        i += bytes;
    }
    return (struct str){ out, n };
}

static struct str trim_end(struct str s)
{
    for (;;) {
        if (s.n > 0 && strchr(" \t\n", s.p[s.n - 1]) != NULL) {
            s.n--;
        } else if (str_has_suffix(s, S("\xc2\xa0"))) { /* no-break space */
            s.n -= 2;
        } else {
            return s;
        }
    }
}

struct str service_clean_body(struct str content, struct arena *arena)
{
    char *out = (char *)arena_alloc(arena, content.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < content.n; i++) {
        char c = content.p[i];

        if (c == '\r') {
            if (i + 1 == content.n || content.p[i + 1] != '\n') {
                out[n++] = '\n';
            }
        } else if (!is_control(c)) {
            out[n++] = c;
        }
    }
    return trim_end((struct str){ out, n });
}

static int32_t bucket(int32_t priority)
{
    return priority >= 1 && priority <= 4 ? 1 : priority >= 6 && priority <= 9 ? 9 : 0;
}

/* The civil date alone. A completion date is an instant for clients: its date in the account zone.
 */
static struct task_date date_only(const struct task_date *date, const struct zone *zone)
{
    int32_t day = date->day;

    if (date->form == TASK_TIME_UTC && zone != NULL) {
        day = civil_day_of_seconds(
            zone_to_wall(zone, (int64_t)date->day * CIVIL_SECONDS_A_DAY + date->second));
    }
    if (!date->is_set || !service_date_is_possible(day)) {
        return (struct task_date){ 0 };
    }
    return (struct task_date){ .is_set = true, .form = TASK_DATE_ONLY, .day = day };
}

/* A.5, rules 2 to 4; a start after the due date is not sent (mapping.md 3.3). */
static void couple_dates(struct task *task)
{
    if (task->start.is_set && !task->due.is_set) {
        task->due = task->start;
    } else if (task->start.is_set && task->start.day > task->due.day) {
        task->start = (struct task_date){ 0 };
    }
}

static int64_t whole_minute(int64_t instant_s)
{
    return instant_s - (instant_s % 60 + 60) % 60;
}

static void project_reminder(struct task *task)
{
    int64_t instant_s = whole_minute(task->reminder.instant_s);
    bool is_possible = service_date_is_possible(civil_day_of_seconds(instant_s));

    task->reminder = (struct task_reminder){ 0 };
    if (is_possible) {
        task->reminder = (struct task_reminder){ .is_on = true, .instant_s = instant_s };
    }
}

static bool has_nocase(const struct str *items, size_t count, struct str item)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq_nocase(items[i], item)) {
            return true;
        }
    }
    return false;
}

struct task_list_of_text service_clean_categories(
    const struct task_list_of_text *list, struct arena *arena)
{
    struct task_list_of_text out = {
        .items = (struct str *)arena_alloc_array(arena,
            list->count < MOST_CATEGORIES ? list->count : MOST_CATEGORIES, sizeof(list->items[0])),
    };

    for (size_t i = 0; i < list->count && out.count < MOST_CATEGORIES; i++) {
        struct str item = str_trim(clean_title(list->items[i], arena));

        if (item.n > 0 && !has_nocase(out.items, out.count, item)) {
            out.items[out.count++] = item;
        }
    }
    return out;
}

void service_project(
    const struct task *task, const struct zone *zone, struct arena *arena, struct task *out)
{
    struct task result = *task;

    result.title = clean_title(task->title, arena);
    result.body.content = service_clean_body(task->body.content, arena);
    result.body.is_html = task->body.is_html && result.body.content.n > 0;
    result.priority = bucket(task->priority);
    result.percent = -1;
    result.completed = (struct task_date){ 0 };
    result.start = date_only(&task->start, NULL);
    result.due = date_only(&task->due, NULL);
    couple_dates(&result);
    if (task->status == TASK_CANCELLED) {
        result.status = TASK_DEFERRED;
    }
    if (result.status == TASK_DONE) {
        result.completed = date_only(&task->completed, zone);
    }
    if (task->reminder.is_on && task->status != TASK_CANCELLED) {
        project_reminder(&result);
    } else {
        result.reminder = (struct task_reminder){ 0 };
    }
    if (result.due.is_set && service_date_is_possible(task->recurrence.start_day) &&
        service_date_is_possible(task->recurrence.end_day)) {
        service_recurrence_keep(&result.recurrence);
    } else {
        result.recurrence = (struct task_recurrence){ 0 }; /* a rule hangs on a date */
    }
    result.categories = service_clean_categories(&task->categories, arena);
    result.assigned_to = result.owner = result.url = (struct str){ 0 };
    *out = result;
}
