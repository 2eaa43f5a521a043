#include "bridge/upstream/service_names.h"

#include "bridge/task.h"

#include <assert.h>
#include <string.h>

struct service_spelt service_spell(const char *name, enum service_spelling spelling)
{
    struct service_spelt out = { { 0 } };

    assert(strlen(name) < sizeof(out.text) && *name >= 'A' && *name <= 'Z');
    memcpy(out.text, name, strlen(name));
    if (spelling == SERVICE_CAMEL) {
        out.text[0] = (char)(out.text[0] - 'A' + 'a');
    }
    return out;
}

const struct service_name service_importances[] = {
    { "Normal", 0 },
    { "High", 1 },
    { "Low", 9 },
    { NULL, 0 },
};

const struct service_name service_sensitivities[] = {
    { "Normal", TASK_NORMAL },
    { "Personal", TASK_PERSONAL },
    { "Private", TASK_PRIVATE },
    { "Confidential", TASK_CONFIDENTIAL },
    { NULL, 0 },
};

const struct service_name service_statuses[] = {
    { "NotStarted", TASK_NOT_STARTED },
    { "InProgress", TASK_IN_PROGRESS },
    { "Completed", TASK_DONE },
    { "WaitingOnOthers", TASK_WAITING },
    { "Deferred", TASK_DEFERRED },
    { NULL, 0 },
};

const struct service_name service_patterns[] = {
    { "Daily", TASK_DAILY },
    { "Weekly", TASK_WEEKLY },
    { "AbsoluteMonthly", TASK_ABSOLUTE_MONTHLY },
    { "RelativeMonthly", TASK_RELATIVE_MONTHLY },
    { "AbsoluteYearly", TASK_ABSOLUTE_YEARLY },
    { "RelativeYearly", TASK_RELATIVE_YEARLY },
    { NULL, 0 },
};

const struct service_name service_ranges[] = {
    { "NoEnd", TASK_NO_END },
    { "EndDate", TASK_END_DATE },
    { "Numbered", TASK_NUMBERED },
    { NULL, 0 },
};

const struct service_name service_weekdays[] = {
    { "Sunday", 0 },
    { "Monday", 1 },
    { "Tuesday", 2 },
    { "Wednesday", 3 },
    { "Thursday", 4 },
    { "Friday", 5 },
    { "Saturday", 6 },
    { NULL, 0 },
};

const struct service_name service_indexes[] = {
    { "First", 1 },
    { "Second", 2 },
    { "Third", 3 },
    { "Fourth", 4 },
    { "Last", -1 },
    { NULL, 0 },
};

bool service_name_find(const struct service_name *table, struct str name, int *value_out)
{
    for (; table->name != NULL; table++) {
        if (str_eq_nocase(str_from(table->name), name)) {
            *value_out = table->value;
            return true;
        }
    }
    return false;
}

const char *service_name_of(const struct service_name *table, int value)
{
    for (const struct service_name *row = table; row->name != NULL; row++) {
        if (row->value == value) {
            return row->name;
        }
    }
    return table->name;
}
