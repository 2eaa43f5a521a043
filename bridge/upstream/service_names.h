#pragma once
/**
 * How the Microsoft services spell the same things. Outlook v2.0 has names and values with a
 * capital, Graph without (upstream.md A.4, A.7, B.4, B.7); the tables here have the capital.
 */
#include "bridge/core/str.h"

enum service_spelling {
    SERVICE_PASCAL, /**< "DueDateTime", "NotStarted" */
    SERVICE_CAMEL,  /**< "dueDateTime", "notStarted" */
};

#define SERVICE_NAME_BYTES 32

/** A name in one of the spellings; NUL-terminated. */
struct service_spelt {
    char text[SERVICE_NAME_BYTES];
};

/** `name` begins with a capital and is shorter than SERVICE_NAME_BYTES. */
struct service_spelt service_spell(const char *name, enum service_spelling spelling);

/** A spelling and what it stands for; tables end with name == NULL. */
struct service_name {
    const char *name;
    int value;
};

extern const struct service_name service_importances[];
extern const struct service_name service_sensitivities[];
extern const struct service_name service_statuses[];
extern const struct service_name service_patterns[];
extern const struct service_name service_ranges[];
extern const struct service_name service_weekdays[]; /**< 0 Sunday */
extern const struct service_name service_indexes[];

/** False for a name that is not in the table: the service may know more than we do. Fine with
 * either spelling. */
bool service_name_find(const struct service_name *table, struct str name, int *value_out);
/** The name; of the first row if the value is in none. */
const char *service_name_of(const struct service_name *table, int value);
