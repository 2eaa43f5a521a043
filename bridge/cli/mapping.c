#include "bridge/cli/mapping.h"

struct map_options mapping_options(const struct config *config)
{
    return (struct map_options){
        .altrep = config->mapping.altrep,
        .normal_priority = config->mapping.normal_priority == CONFIG_NORMAL_PRIORITY_5 ? 5 : 0,
        .cancelled_as_done = config->mapping.cancelled_as == CONFIG_CANCELLED_AS_COMPLETED,
        .all_day_alarm_minute = (int32_t)config->mapping.all_day_alarm_minute,
        .url_as_link = config->mapping.url_as_link,
        .clamps_month_end = config->mapping.month_end == CONFIG_MONTH_END_CLAMP,
        .due_exclusive = config->mapping.due_date_exclusive.items,
        .due_exclusive_count = config->mapping.due_date_exclusive.count,
        .plans_steps = config->mapping.series_form == CONFIG_SERIES_RESOURCE,
    };
}
