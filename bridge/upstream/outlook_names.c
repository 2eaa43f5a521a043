#include "bridge/upstream/outlook_names.h"

#include "bridge/task.h"

const struct outlook_name outlook_importances[] = {
    { STR("Normal"), 0 },
    { STR("High"), 1 },
    { STR("Low"), 9 },
    { { 0 }, 0 },
};

const struct outlook_name outlook_sensitivities[] = {
    { STR("Normal"), TASK_NORMAL },
    { STR("Personal"), TASK_PERSONAL },
    { STR("Private"), TASK_PRIVATE },
    { STR("Confidential"), TASK_CONFIDENTIAL },
    { { 0 }, 0 },
};

const struct outlook_name outlook_statuses[] = {
    { STR("NotStarted"), TASK_NOT_STARTED },
    { STR("InProgress"), TASK_IN_PROGRESS },
    { STR("Completed"), TASK_DONE },
    { STR("WaitingOnOthers"), TASK_WAITING },
    { STR("Deferred"), TASK_DEFERRED },
    { { 0 }, 0 },
};

const struct outlook_name outlook_patterns[] = {
    { STR("Daily"), TASK_DAILY },
    { STR("Weekly"), TASK_WEEKLY },
    { STR("AbsoluteMonthly"), TASK_ABSOLUTE_MONTHLY },
    { STR("RelativeMonthly"), TASK_RELATIVE_MONTHLY },
    { STR("AbsoluteYearly"), TASK_ABSOLUTE_YEARLY },
    { STR("RelativeYearly"), TASK_RELATIVE_YEARLY },
    { { 0 }, 0 },
};

const struct outlook_name outlook_ranges[] = {
    { STR("NoEnd"), TASK_NO_END },
    { STR("EndDate"), TASK_END_DATE },
    { STR("Numbered"), TASK_NUMBERED },
    { { 0 }, 0 },
};

const struct outlook_name outlook_weekdays[] = {
    { STR("Sunday"), 0 },
    { STR("Monday"), 1 },
    { STR("Tuesday"), 2 },
    { STR("Wednesday"), 3 },
    { STR("Thursday"), 4 },
    { STR("Friday"), 5 },
    { STR("Saturday"), 6 },
    { { 0 }, 0 },
};

const struct outlook_name outlook_indexes[] = {
    { STR("First"), 1 },
    { STR("Second"), 2 },
    { STR("Third"), 3 },
    { STR("Fourth"), 4 },
    { STR("Last"), -1 },
    { { 0 }, 0 },
};

bool outlook_name_find(const struct outlook_name *table, struct str name, int *value_out)
{
    for (; table->name.p != NULL; table++) {
        if (str_eq_nocase(table->name, name)) {
            *value_out = table->value;
            return true;
        }
    }
    return false;
}

struct str outlook_name_of(const struct outlook_name *table, int value)
{
    for (const struct outlook_name *row = table; row->name.p != NULL; row++) {
        if (row->value == value) {
            return row->name;
        }
    }
    return table->name;
}
