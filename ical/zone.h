#pragma once
/**
 * Time zones by IANA or Windows name. A zone is borrowed from a process-wide cache and lives for
 * ever. Loop thread only (or one thread in tests). Rules come from the system's zone database; the
 * Windows names from CLDR windowsZones, turned into a table by the build.
 */
#include "bridge/core/civil.h"
#include "bridge/core/str.h"

struct zone;

const struct zone *zone_utc(void);
/** By IANA name, Windows name ("Romance Standard Time") or "UTC"; NULL if unknown. */
const struct zone *zone_find(struct str name);
/** As a client's TZID names it: also behind a vendor's prefix
 * ("/mozilla.org/20050126_1/Europe/Berlin"). */
const struct zone *zone_find_tzid(struct str tzid);
/** The IANA name. */
struct str zone_name(const struct zone *zone);
/** The Windows name that services want (CLDR); "UTC" for UTC; empty if there is none. */
struct str zone_windows_name(const struct zone *zone);

/** Seconds east of UTC at an instant (seconds since 1970 UTC). */
int32_t zone_offset_at(const struct zone *zone, int64_t instant_s);
/** A wall clock time (seconds since 1970 as if it were UTC) to the instant. In a gap: the instant
 * as if the offset before the gap still held (RFC 5545 3.3.5); in a fold: the first. */
int64_t zone_to_instant(const struct zone *zone, int64_t wall_s);
/** An instant as wall clock seconds. */
int64_t zone_to_wall(const struct zone *zone, int64_t instant_s);
/** The zone of this machine (/etc/localtime), else UTC. */
const struct zone *zone_of_host(void);
