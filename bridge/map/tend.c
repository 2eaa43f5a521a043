#include "bridge/map/map.h"

#include "bridge/core/mem.h"
#include "bridge/map/merge.h"
#include "bridge/map/occurrence.h"
#include "bridge/map/read.h"
#include "bridge/map/series.h"
#include "bridge/map/set.h"

/** What an occurrence may have of its own and a service takes. */
static const struct {
    enum task_field field;
    enum vtodo_name names[2];
} contents[] = {
    { TASK_TITLE, { VTODO_SUMMARY, VTODO_SUMMARY } },
    { TASK_BODY, { VTODO_DESCRIPTION, VTODO_ALT_DESC } },
    { TASK_PRIORITY, { VTODO_PRIORITY, VTODO_PRIORITY } },
    { TASK_SENSITIVITY, { VTODO_CLASS, VTODO_CLASS } },
    { TASK_CATEGORIES, { VTODO_CATEGORIES, VTODO_CATEGORIES } },
};

static bool has_alarm_or_rule(struct str document)
{
    return str_find(document, S("VALARM")) != SIZE_MAX ||
           str_find(document, S("RRULE")) != SIZE_MAX ||
           str_find(document, S("SNOOZE")) != SIZE_MAX;
}

/* ---- overrides with other content (mapping.md 5.5) ---- */

/** The fields for which the override has a line; for others it is as the master. */
static task_fields said_by(const struct vtodo *override)
{
    task_fields fields = 0;

    for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
        if (override->first[contents[i].names[0]] != NULL ||
            override->first[contents[i].names[1]] != NULL) {
            fields |= TASK_FIELD(contents[i].field);
        }
    }
    return fields;
}

/** What the occurrence of `day` should be upstream: the master's content, or that of its override.
 */
static void content_of(const struct vtodo *master, int32_t day, struct task *out)
{
    struct task task;
    struct task own;

    read_task(master, &task);
    read_project(&task, master->context, out);
    for (const struct occurrence *one = occurrence_list(master); one != NULL; one = one->next) {
        if (one->day == day && !one->is_for_future && read_status(&one->vtodo) != TASK_DONE) {
            read_task(&one->vtodo, &task);
            read_project(&task, master->context, &own);
            task_apply(out, &own, said_by(&one->vtodo));
        }
    }
}

/** Without the open overrides of occurrences that the series has left behind. */
static bool drop_passed(struct str *document, const struct map_context *context, struct err *err)
{
    struct vtodo vtodo;
    struct series series;
    bool has_dropped = true;

    while (has_dropped) {
        if (!vtodo_open(*document, context, &vtodo, err)) {
            return false;
        }
        series_read(&vtodo, &series);
        has_dropped = false;
        for (const struct occurrence *one = occurrence_list(&vtodo);
             one != NULL && series.mode != SERIES_NONE && !has_dropped; one = one->next) {
            if (one->day < series.first && !one->is_for_future) {
                *document = occurrence_remove(&vtodo, one->day);
                has_dropped = true;
            }
        }
    }
    return true;
}

static bool apply_content(struct map_plan *plan, const struct task *base,
    const struct map_context *context, struct err *err)
{
    struct vtodo vtodo;
    struct series series;
    struct task wanted;
    task_fields fields = 0;

    if (!drop_passed(&plan->document, context, err) ||
        !vtodo_open(plan->document, context, &vtodo, err)) {
        return false;
    }
    series_read(&vtodo, &series);
    if (series.mode == SERIES_NONE) {
        return true;
    }
    content_of(&vtodo, series.first, &wanted);
    for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
        fields |= TASK_FIELD(contents[i].field);
    }
    if (base->body.is_html) {
        fields &= ~TASK_FIELD(TASK_BODY); /* nobody put it there for one occurrence */
    }
    fields &= read_diff(base, &wanted, context->arena);
    task_apply(&plan->wanted, &wanted, fields);
    task_apply(&plan->expected, &wanted, fields);
    plan->fields |= fields;
    return true;
}

/* ---- all of it ---- */

bool map_plan_tend(struct str document, const struct task *base, const struct map_context *context,
    struct map_plan *out, int64_t *at_us_out, struct err *err)
{
    struct map_plan plan = { .wanted = *base, .expected = *base, .document = document };
    struct map_roll roll;

    *at_us_out = 0;
    if (!has_alarm_or_rule(document) || base->status == TASK_DONE) {
        *out = plan;
        return true;
    }
    if (context->options.plans_steps && str_find(document, S("RRULE")) != SIZE_MAX) {
        if (!map_plan_skip(document, base, context, &plan, err)) {
            return false;
        }
        if (plan.step_count > 0) { /* the rest when it is there */
            *out = plan;
            return true;
        }
        plan = (struct map_plan){ .wanted = *base, .expected = *base, .document = document };
        if (!apply_content(&plan, base, context, err)) {
            return false;
        }
    }
    if (!map_roll_reminder(plan.document, base, context, &roll, err)) {
        return false;
    }
    if (roll.is_due) {
        plan.fields |= TASK_FIELD(TASK_REMINDER);
        plan.wanted.reminder = plan.expected.reminder = roll.wanted;
    }
    *at_us_out = roll.check_at_us;
    *out = plan;
    return true;
}

/* ---- a series that was completed upstream ---- */

bool map_goes_on(struct str document, const struct map_context *context)
{
    struct vtodo vtodo;
    struct series series;
    struct err err;

    if (!context->options.plans_steps || str_find(document, S("RRULE")) == SIZE_MAX ||
        !vtodo_open(document, context, &vtodo, &err)) {
        return false;
    }
    series_read(&vtodo, &series);
    return read_status(&vtodo) != TASK_DONE &&
           (series.mode == SERIES_NATIVE || series.mode == SERIES_DRIVEN);
}

bool map_complete(struct str document, const struct task *base, const struct task *returned,
    const struct map_context *context, struct str *out, struct err *err)
{
    const task_fields done =
        TASK_FIELD(TASK_STATUS) | TASK_FIELD(TASK_PERCENT) | TASK_FIELD(TASK_COMPLETED);
    struct vtodo vtodo;
    struct set set;

    if (!merge_fields(document, done, base, returned, false, context, out, err) ||
        !vtodo_open(*out, context, &vtodo, err)) {
        return false;
    }
    set_init(&set, &vtodo);
    if (vtodo.first[VTODO_RRULE] == NULL) { /* the merge has put it out of sight */
        set_rename(&set, VTODO_MS_RRULE, VTODO_RRULE);
    }
    *out = edit_finish(&set.edit);
    return true;
}
