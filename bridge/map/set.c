#include "bridge/map/set.h"

#include "ical/value.h"

void set_init(struct set *set, const struct vtodo *vtodo)
{
    set->vtodo = vtodo;
    edit_init(&set->edit, &vtodo->document, vtodo->context->arena);
}

void set_remove(struct set *set, enum vtodo_name name)
{
    const struct property *next;

    for (const struct property *p = set->vtodo->first[name]; p != NULL; p = next) {
        next = vtodo_next(name, p);
        edit_remove(&set->edit, p);
    }
}

static void put_line(struct set *set, enum vtodo_name name, struct str params, struct str value)
{
    const struct property *p = set->vtodo->first[name];

    if (p != NULL) {
        edit_replace(&set->edit, p, p->name, params, value);
    } else {
        edit_insert(&set->edit, set->vtodo->todo, vtodo_name_text(name), params, value);
    }
}

static struct str params_of(const struct set *set, enum vtodo_name name)
{
    return set->vtodo->first[name] == NULL ? S("") : set->vtodo->first[name]->params;
}

void set_value(struct set *set, enum vtodo_name name, struct str value)
{
    const struct property *p = set->vtodo->first[name];

    if (value.n > 0) {
        put_line(set, name, params_of(set, name), value);
    } else if (p != NULL) {
        edit_remove(&set->edit, p); /* only the first: others of the name are not ours */
    }
}

void set_text(struct set *set, enum vtodo_name name, struct str text)
{
    set_value(set, name, edit_escape_text(set->vtodo->context->arena, text));
}

static struct str format_time(struct set *set, const struct value_time *time)
{
    char text[VALUE_TIME_TEXT];

    return arena_copy(set->vtodo->context->arena, value_format_time(time, text));
}

static struct value_time utc_time(int64_t instant_s)
{
    struct value_time time = { .has_time = true, .is_utc = true };

    time.day = civil_day_of_seconds(instant_s);
    time.second = (int32_t)(instant_s - (int64_t)time.day * CIVIL_SECONDS_A_DAY);
    return time;
}

void set_instant(struct set *set, enum vtodo_name name, int64_t instant_s)
{
    struct value_time time = utc_time(instant_s);

    put_line(set, name, S(""), format_time(set, &time));
}

static struct str params_of_form(struct arena *arena, const struct vtodo_when *when)
{
    if (when->form == TASK_DATE_ONLY) {
        return S(";VALUE=DATE");
    }
    if (when->form == TASK_TIME_ZONED) {
        return arena_printf(arena, ";TZID=%.*s", STR_ARG(edit_quote_param(arena, when->tzid)));
    }
    return S("");
}

static struct value_time time_of(
    const struct set *set, enum vtodo_name name, const struct vtodo_when *when)
{
    struct value_time time = { .day = when->day };

    if (when->form == TASK_TIME_UTC) {
        time = utc_time(vtodo_when_instant(when));
    } else if (when->form != TASK_DATE_ONLY) {
        time.has_time = true;
        time.second = when->second;
    } else if (name == VTODO_DUE && set->vtodo->is_due_exclusive) {
        time.day++;
    }
    return time;
}

void set_add_when(struct set *set, enum vtodo_name name, const struct vtodo_when *when)
{
    struct value_time time = time_of(set, name, when);

    edit_insert(&set->edit, set->vtodo->todo, vtodo_name_text(name),
        params_of_form(set->vtodo->context->arena, when), format_time(set, &time));
}

void set_when(struct set *set, enum vtodo_name name, const struct vtodo_when *when)
{
    struct vtodo_when old = vtodo_when(set->vtodo, set->vtodo->first[name]);
    struct value_time time = time_of(set, name, when);
    bool is_same_form = old.is_set && old.form == when->form &&
                        (old.form != TASK_TIME_ZONED || str_eq(old.tzid, when->tzid));

    put_line(set, name,
        is_same_form ? params_of(set, name) : params_of_form(set->vtodo->context->arena, when),
        format_time(set, &time));
}

void set_rename(struct set *set, enum vtodo_name name, enum vtodo_name other)
{
    for (const struct property *p = set->vtodo->first[name]; p != NULL; p = vtodo_next(name, p)) {
        edit_replace(&set->edit, p, vtodo_name_text(other), p->params, p->value);
    }
}

void set_categories(struct set *set, const struct task_list_of_text *categories)
{
    struct arena *arena = set->vtodo->context->arena;
    const struct property *first = set->vtodo->first[VTODO_CATEGORIES];
    struct str joined = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < categories->count; i++) {
        n += categories->items[i].n * 2 + 1;
    }
    char *p = arena_alloc(arena, n + 1);
    n = 0;
    for (size_t i = 0; i < categories->count; i++) {
        struct str item = edit_escape_text(arena, categories->items[i]);

        if (i > 0) {
            p[n++] = ',';
        }
        for (size_t k = 0; k < item.n; k++) {
            p[n++] = item.p[k];
        }
    }
    joined = (struct str){ p, n };
    if (n == 0) {
        set_remove(set, VTODO_CATEGORIES);
        return;
    }
    put_line(set, VTODO_CATEGORIES, params_of(set, VTODO_CATEGORIES), joined);
    while (first != NULL && (first = vtodo_next(VTODO_CATEGORIES, first)) != NULL) {
        edit_remove(&set->edit, first);
    }
}

static int32_t percent_now(const struct set *set)
{
    int64_t percent;
    const struct property *p = set->vtodo->first[VTODO_PERCENT];

    return p != NULL && str_to_i64(str_trim(p->value), &percent) && percent >= 0 && percent <= 100
               ? (int32_t)percent
               : -1;
}

void set_status(struct set *set, enum task_status status, bool has_percent)
{
    static const char *const texts[] = {
        [TASK_NOT_STARTED] = "NEEDS-ACTION",
        [TASK_IN_PROGRESS] = "IN-PROCESS",
        [TASK_DONE] = "COMPLETED",
        [TASK_WAITING] = "IN-PROCESS",
        [TASK_DEFERRED] = "NEEDS-ACTION",
        [TASK_CANCELLED] = "CANCELLED",
    };
    const struct property *line = set->vtodo->first[VTODO_STATUS];
    int32_t percent = percent_now(set);
    bool is_under_way = status == TASK_IN_PROGRESS || status == TASK_WAITING;

    if (line == NULL || !str_eq_nocase(str_trim(line->value), str_from(texts[status]))) {
        set_value(set, VTODO_STATUS, str_from(texts[status]));
    }
    set_value(set, VTODO_MS_STATUS,
        status == TASK_WAITING    ? S("WAITINGONOTHERS")
        : status == TASK_DEFERRED ? S("DEFERRED")
                                  : S(""));
    if (status != TASK_DONE) {
        set_remove(set, VTODO_COMPLETED);
    }
    if (has_percent) {
        return;
    }
    if (status == TASK_DONE && percent != 100) {
        set_value(set, VTODO_PERCENT, S("100"));
    } else if (status != TASK_DONE && !(is_under_way && percent > 0 && percent < 100)) {
        set_remove(set, VTODO_PERCENT);
    }
}

void set_sensitivity(struct set *set, enum task_sensitivity sensitivity)
{
    static const char *const texts[] = {
        [TASK_NORMAL] = "",
        [TASK_PERSONAL] = "PRIVATE",
        [TASK_PRIVATE] = "PRIVATE",
        [TASK_CONFIDENTIAL] = "CONFIDENTIAL",
    };

    set_value(set, VTODO_CLASS, str_from(texts[sensitivity]));
    set_value(set, VTODO_MS_SENSITIVITY, sensitivity == TASK_PERSONAL ? S("PERSONAL") : S(""));
}

void set_priority(struct set *set, int32_t priority)
{
    if (priority == 0) {
        priority = set->vtodo->context->options.normal_priority;
    }
    set_value(set, VTODO_PRIORITY,
        priority == 0 ? S("") : arena_printf(set->vtodo->context->arena, "%d", (int)priority));
}

void set_stamps(struct set *set, int64_t modified_us, bool has_new_schedule)
{
    int64_t us = modified_us != 0 ? modified_us : set->vtodo->context->now_us;
    int64_t instant_s = us / CIVIL_MICROS - (us % CIVIL_MICROS < 0);
    const struct property *sequence = set->vtodo->first[VTODO_SEQUENCE];
    int64_t number;

    set_instant(set, VTODO_LAST_MODIFIED, instant_s);
    set_instant(set, VTODO_DTSTAMP, instant_s);
    if (has_new_schedule && sequence != NULL && str_to_i64(str_trim(sequence->value), &number) &&
        number >= 0 && number < INT32_MAX) {
        set_value(set, VTODO_SEQUENCE,
            arena_printf(set->vtodo->context->arena, "%lld", (long long)number + 1));
    }
}
