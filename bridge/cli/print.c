#include "bridge/cli/print.h"

#include <stdio.h>

#define MAX_COLUMNS 12

void print_json(const cJSON *value)
{
    char *text = cJSON_Print(value);

    puts(text);
    cJSON_free(text);
}

/* number: room for one */
static const char *cell(const cJSON *row, const char *member, char number[32])
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, member);

    if (cJSON_IsString(item) && *item->valuestring != '\0') {
        return item->valuestring;
    }
    if (cJSON_IsNumber(item)) {
        snprintf(number, 32, "%.0f", item->valuedouble);
        return number;
    }
    if (cJSON_IsBool(item)) {
        return cJSON_IsTrue(item) ? "yes" : "no";
    }
    return "-";
}

/* Columns on a terminal, more or less: one per code point. */
static int width_of(const char *text)
{
    int width = 0;

    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static void print_cell(const char *text, int width, bool is_last)
{
    printf("%s%*s", text, is_last ? 0 : width - width_of(text) + 2, "");
    if (is_last) {
        putchar('\n');
    }
}

static void print_table(const cJSON *rows, const struct print_column *columns)
{
    int widths[MAX_COLUMNS] = { 0 };
    char number[32];
    const cJSON *row;
    size_t count = 0;

    for (; columns[count].title != NULL && count < MAX_COLUMNS; count++) {
        widths[count] = width_of(columns[count].title);
        cJSON_ArrayForEach(row, rows)
        {
            int width = width_of(cell(row, columns[count].member, number));

            widths[count] = width > widths[count] ? width : widths[count];
        }
    }
    for (size_t i = 0; i < count; i++) {
        print_cell(columns[i].title, widths[i], i + 1 == count);
    }
    cJSON_ArrayForEach(row, rows)
    {
        for (size_t i = 0; i < count; i++) {
            print_cell(cell(row, columns[i].member, number), widths[i], i + 1 == count);
        }
    }
}

void print_rows(const struct cli *cli, const cJSON *rows, const struct print_column *columns)
{
    if (rows == NULL) {
        return;
    }
    if (cli->as_json) {
        print_json(rows);
    } else if (cJSON_GetArraySize(rows) > 0) {
        print_table(rows, columns);
    }
}

const char *member_text(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text != NULL ? text : "";
}

double member_number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}
