#include "bridge/upstream/service_write.h"

#include "bridge/core/civil.h"
#include "bridge/core/mem.h"
#include "bridge/upstream/service_date.h"

#include <string.h>

static void write_member(
    struct json_out *out, const char *name, struct str text, enum service_spelling spelling)
{
    json_out_member(out, service_spell(name, spelling).text, text);
}

void service_write_name(struct json_out *out, const char *name, const struct service_name *table,
    int value, enum service_spelling spelling)
{
    json_out_member(
        out, name, str_from(service_spell(service_name_of(table, value), spelling).text));
}

static void write_date_time(struct json_out *out, const char *date_time, struct str zone_name,
    enum service_spelling spelling)
{
    json_out_open(out, '{');
    write_member(out, "DateTime", str_from(date_time), spelling);
    write_member(out, "TimeZone", zone_name, spelling);
    json_out_close(out, '}');
}

void service_write_date(struct json_out *out, const struct task_date *date, const struct zone *zone,
    enum service_spelling spelling)
{
    char text[24];

    if (!date->is_set) {
        json_out_null(out);
        return;
    }
    service_date_format(date->day, text);
    memcpy(text + 10, "T00:00:00", 10);
    write_date_time(out, text, service_date_zone_name(zone), spelling);
}

void service_write_instant(struct json_out *out, int64_t instant_s, enum service_spelling spelling)
{
    char text[24];

    civil_format_iso(instant_s, text);
    text[strlen(text) - 1] = '\0'; /* no Z here (G.8) */
    write_date_time(out, text, S("UTC"), spelling);
}

/* Line breaks are CRLF on the wire. */
void service_write_body(
    struct json_out *out, const struct task_body *body, enum service_spelling spelling)
{
    bool is_camel = spelling == SERVICE_CAMEL;
    CLEANUP(buf_done) struct buf text;
    struct str rest = body->content, line;
    bool is_first = true;

    buf_init(&text, SERVICE_BODY_MOST);
    while (str_next(&rest, '\n', &line)) {
        if (!is_first) {
            buf_put_text(&text, "\r\n");
        }
        is_first = false;
        buf_put(&text, line);
    }
    json_out_open(out, '{');
    write_member(out, "ContentType",
        body->is_html ? (is_camel ? S("html") : S("HTML")) : (is_camel ? S("text") : S("Text")),
        spelling);
    write_member(out, "Content", buf_str(&text), spelling);
    json_out_close(out, '}');
}

void service_write_categories(struct json_out *out, const struct task_list_of_text *list)
{
    json_out_open(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        json_out_text(out, list->items[i]);
    }
    json_out_close(out, ']');
}

task_fields service_without_defaults(const struct task *task, task_fields fields)
{
    struct task empty;

    task_init(&empty);
    return fields & task_diff(task, &empty);
}
