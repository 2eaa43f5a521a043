#pragma once
/** What data_part.c reads and data_write.c writes by. */
#include "bridge/dav/data_part.h"
#include "bridge/dav/time_range.h"

struct prop_part {
    struct str name;
    bool has_no_value;
    struct prop_part *next;
};

struct comp_part {
    struct str name;
    bool has_all_props;
    bool has_all_children;
    struct prop_part *props;
    struct comp_part *children;
    struct comp_part *next;
};

struct data_part {
    struct comp_part comp;     /**< VCALENDAR */
    struct time_range *expand; /**< may be NULL, as the next */
    struct time_range *limit;
    const struct zone *zone;
};
