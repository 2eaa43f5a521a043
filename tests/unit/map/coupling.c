#include "tests/unit/map/coupling.h"

#include "bridge/core/mem.h"

#define RULE_FIELDS (TASK_FIELD(TASK_RECURRENCE) | TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE))

/** Is the line one that a change of these fields may touch? */
static bool may_change(struct str line, task_fields fields)
{
    static const struct {
        const char *prefix;
        task_fields fields;
    } rows[] = {
        { "SUMMARY", TASK_FIELD(TASK_TITLE) },
        { "DESCRIPTION", TASK_FIELD(TASK_BODY) },
        { "PRIORITY", TASK_FIELD(TASK_PRIORITY) },
        { "CLASS", TASK_FIELD(TASK_SENSITIVITY) },
        { "X-MSTASK-SENSITIVITY", TASK_FIELD(TASK_SENSITIVITY) },
        { "STATUS", TASK_FIELD(TASK_STATUS) },
        { "X-MSTASK-STATUS", TASK_FIELD(TASK_STATUS) },
        { "PERCENT-COMPLETE", TASK_FIELD(TASK_STATUS) },
        { "COMPLETED", TASK_FIELD(TASK_STATUS) | TASK_FIELD(TASK_COMPLETED) },
        { "DTSTART", TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE) },
        { "DUE", TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE) },
        { "DURATION", TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE) },
        { "DTSTART", TASK_FIELD(TASK_RECURRENCE) },
        { "RRULE", RULE_FIELDS | TASK_FIELD(TASK_STATUS) },
        { "EXDATE", RULE_FIELDS },
        { "CATEGORIES", TASK_FIELD(TASK_CATEGORIES) },
        { "DTSTAMP", TASK_ALL_FIELDS },
        { "LAST-MODIFIED", TASK_ALL_FIELDS },
        { "SEQUENCE", TASK_ALL_FIELDS },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_has_prefix(line, str_from(rows[i].prefix)) && (rows[i].fields & fields)) {
            return true;
        }
    }
    return str_has_prefix(line, S(" ")); /* the rest of a folded line */
}

bool coupling_keeps_lines(struct str before, struct str after, task_fields fields)
{
    struct str line;
    struct str other;

    if (fields & TASK_FIELD(TASK_REMINDER)) {
        return true; /* alarms have tests of their own */
    }
    while (str_next(&before, '\n', &line)) {
        if (may_change(line, fields)) {
            continue;
        }
        do {
            if (!str_next(&after, '\n', &other)) {
                return false;
            }
        } while (!str_eq(line, other));
    }
    return true;
}

task_fields coupling_of(task_fields fields)
{
    task_fields more = 0;

    if (fields & (TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE))) {
        more |= TASK_FIELD(TASK_START) | TASK_FIELD(TASK_DUE) | TASK_FIELD(TASK_REMINDER) |
                TASK_FIELD(TASK_RECURRENCE);
    }
    if (fields & TASK_FIELD(TASK_RECURRENCE)) {
        more |= TASK_FIELD(TASK_START) | TASK_FIELD(TASK_REMINDER);
    }
    if (fields & TASK_FIELD(TASK_STATUS)) {
        more |= TASK_FIELD(TASK_PERCENT) | TASK_FIELD(TASK_COMPLETED) | TASK_FIELD(TASK_REMINDER) |
                TASK_FIELD(TASK_RECURRENCE);
    }
    return fields | more;
}
