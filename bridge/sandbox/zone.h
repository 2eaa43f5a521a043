#pragma once
/**
 * The time zones that the service knows: Windows names, UTC and the IANA names of upstream.md G.9,
 * with the rules of the system's zoneinfo files (RFC 8536). Own code, so that a mistake in the
 * bridge's zones meets a different one here.
 */
#include "bridge/core/str.h"

struct sbx_zones;
struct sbx_zone;

struct sbx_zones *sbx_zones_new(void);
void sbx_zones_free(struct sbx_zones **zones);
/** NULL for a name that the service does not accept (or has no rules for). Lives as long as zones.
 */
const struct sbx_zone *sbx_zones_find(struct sbx_zones *zones, struct str name);
/** As above, and any other name of a zoneinfo file too. */
const struct sbx_zone *sbx_zones_find_any(struct sbx_zones *zones, struct str name);

/** As it was asked for; what answers say as "TimeZone". */
struct str sbx_zone_name(const struct sbx_zone *zone);
/** Seconds east of UTC at an instant. */
int32_t sbx_zone_offset(const struct sbx_zone *zone, int64_t utc_s);
int64_t sbx_zone_to_local(const struct sbx_zone *zone, int64_t utc_s);
/** The first instant with that local time; for one that is skipped, as many seconds after the skip.
 */
int64_t sbx_zone_to_utc(const struct sbx_zone *zone, int64_t local_s);
/** The instant at which a civil day (days since 1970) begins, and the day of an instant. */
int64_t sbx_zone_midnight(const struct sbx_zone *zone, int32_t day);
int32_t sbx_zone_day(const struct sbx_zone *zone, int64_t utc_s);

/** The zoneinfo file of an accepted name; NULL for others. */
const char *sbx_zone_file(struct str name);
