#pragma once
/** What the commands that list print: JSON for programs, a table for people. */
#include "bridge/cli/cli.h"

#include <cjson/cJSON.h>

struct print_column {
    const char *title;
    const char *member; /**< of each row: a text, a number, null ("-") or a truth value (yes, no) */
};

/** rows: an array of objects; NULL prints nothing. columns end with a row of zeros. JSON when the
 * command has --json. */
void print_rows(const struct cli *cli, const cJSON *rows, const struct print_column *columns);
void print_json(const cJSON *value);

/** Members of an answer; "" and 0 where they are absent. */
const char *member_text(const cJSON *object, const char *name);
double member_number(const cJSON *object, const char *name);
