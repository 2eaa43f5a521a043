#pragma once
/** Enumerations of the outlook dialect as they are spelled on the wire (upstream.md A.4, A.7). */
#include "bridge/core/str.h"

/** A spelling and what it stands for; tables end with name.p == NULL. */
struct outlook_name {
    struct str name;
    int value;
};

extern const struct outlook_name outlook_importances[];
extern const struct outlook_name outlook_sensitivities[];
extern const struct outlook_name outlook_statuses[];
extern const struct outlook_name outlook_patterns[];
extern const struct outlook_name outlook_ranges[];
extern const struct outlook_name outlook_weekdays[]; /**< 0 Sunday */
extern const struct outlook_name outlook_indexes[];

/** False for a spelling that is not in the table: the service may know more than we do. */
bool outlook_name_find(const struct outlook_name *table, struct str name, int *value_out);
/** The spelling; of the first row if the value is in none. */
struct str outlook_name_of(const struct outlook_name *table, int value);
