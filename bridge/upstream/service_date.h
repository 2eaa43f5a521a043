#pragma once
/**
 * The dates of the Microsoft services (mapping.md section 3): a civil date kept as the instant of
 * some midnight, told in any zone. Pure functions.
 */
#include "bridge/core/buf.h"
#include "bridge/core/err.h"
#include "bridge/task.h"
#include "ical/zone.h"

/** Days that a service can hold: 1601-01-01 to 4500-12-31 (mapping.md 1.5). */
bool service_date_is_possible(int32_t day);

/**
 * R1: "2016-04-25T07:00:00.0000000" in a named zone to an instant. An unknown zone counts as the
 * account's. The year 0001 means that there is none: *has_instant_out is false.
 * fails: ERR_UPSTREAM
 */
MUST_CHECK bool service_date_read(struct str date_time, struct str zone_name,
    const struct zone *account, bool *has_instant_out, int64_t *instant_out, struct err *err);

/** R3 and R4: the civil date that a stored instant stands for. */
int32_t service_date_day(int64_t instant_s, const struct zone *account);

/** The zone name in which dates are written and asked for. */
struct str service_date_zone_name(const struct zone *account);
/** "2016-04-25" into out. */
void service_date_format(int32_t day, char out[11]);
