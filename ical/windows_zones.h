#pragma once
/** CLDR windowsZones as tables, made by the build. Sorted by key without regard to case. */
#include "bridge/core/str.h"

struct windows_zone {
    struct str key;
    struct str value;
};

/** "Romance Standard Time" -> "Europe/Paris": the row of territory 001. */
extern const struct windows_zone windows_zones_to_iana[];
extern const size_t windows_zones_to_iana_count;
/** "Europe/Madrid" -> "Romance Standard Time", in every spelling of a zone. */
extern const struct windows_zone windows_zones_from_iana[];
extern const size_t windows_zones_from_iana_count;
