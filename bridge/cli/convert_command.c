#include "bridge/cli/cli.h"
#include "bridge/cli/convert.h"
#include "bridge/cli/mapping.h"

#include "bridge/core/buf.h"
#include "bridge/core/civil.h"
#include "bridge/core/clock.h"
#include "bridge/core/mem.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_INPUT ((size_t)256 * 1024 * 1024)

/* One input: a text, or an array with a text for each conversion. */
struct input {
    const char *name; /**< for messages */
    struct buf text;  /**< empty when the option was not given */
    cJSON *array;
};

static void input_done(struct input *input)
{
    cJSON_Delete(input->array);
    buf_done(&input->text);
}

static bool read_all(FILE *file, struct input *input, struct err *err)
{
    char bytes[16384];
    size_t n;

    while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        buf_put(&input->text, (struct str){ bytes, n });
    }
    if (ferror(file)) {
        return err_set_code(err, ERR_INTERNAL, errno, "%s: %s", input->name, strerror(errno));
    }
    if (!buf_ok(&input->text, err)) {
        return err_wrap(err, "%s", input->name);
    }
    if (input->text.n == 0) {
        return err_set(err, ERR_INVALID, "%s is empty", input->name);
    }
    return true;
}

static bool fail_at(const struct input *input, size_t at, const char *why, struct err *err)
{
    size_t line = 1;

    for (size_t i = 0; i < at && i < input->text.n; i++) {
        line += input->text.p[i] == '\n';
    }
    return err_set(err, ERR_INVALID, "%s, line %zu: %s", input->name, line, why);
}

/* Everything that is JSON is parsed once as a whole, so that a mistake has a line. */
static bool parse_json(struct input *input, struct err *err)
{
    struct str text = buf_str(&input->text);
    const char *end = NULL;
    size_t nul = str_find(text, S("\\u0000"));

    if (!str_is_utf8(text)) {
        return fail_at(input, 0, "not UTF-8", err);
    }
    if (nul != SIZE_MAX) {
        return fail_at(input, nul, "a NUL character", err);
    }
    input->array = cJSON_ParseWithLengthOpts(text.p, text.n, &end, false);
    if (input->array == NULL) {
        return fail_at(input, end != NULL ? (size_t)(end - text.p) : 0, "not JSON", err);
    }
    if (strspn(end, " \t\r\n") != (size_t)(text.p + text.n - end)) {
        return fail_at(input, (size_t)(end - text.p), "something behind the JSON", err);
    }
    if (!cJSON_IsArray(input->array)) {
        cJSON_Delete(input->array);
        input->array = NULL;
    }
    return true;
}

/* is_json: what it must be unless it is an array. */
static bool understand(struct input *input, bool is_json, struct err *err)
{
    struct str text = buf_str(&input->text);
    size_t at = 0;

    while (at < text.n && strchr(" \t\r\n", text.p[at]) != NULL && text.p[at] != '\0') {
        at++;
    }
    if (!is_json && (at == text.n || text.p[at] != '[')) {
        return true;
    }
    return parse_json(input, err);
}

/* path NULL: the input stays empty. */
static bool read_input(struct input *input, const char *path, bool is_json, struct err *err)
{
    bool is_read;
    FILE *file;

    buf_init(&input->text, MAX_INPUT);
    if (path == NULL) {
        return true;
    }
    if (strcmp(path, "-") == 0) {
        return read_all(stdin, input, err) && understand(input, is_json, err);
    }
    file = fopen(path, "re");
    if (file == NULL) {
        return err_set_code(err, ERR_INVALID, errno, "%s: %s", path, strerror(errno));
    }
    is_read = read_all(file, input, err);
    fclose(file);
    return is_read && understand(input, is_json, err);
}

/* The i-th text: a string of the array, or the JSON text of what else stands there. An input that
 * is no array serves every conversion. */
static bool input_item(
    const struct input *input, int i, struct arena *arena, struct str *out, struct err *err)
{
    const cJSON *item;
    char *printed;

    if (input->array == NULL) {
        *out = input->text.n > 0 ? buf_str(&input->text) : (struct str){ 0 };
        return true;
    }
    item = cJSON_GetArrayItem(input->array, i);
    if (item == NULL) {
        return err_set(err, ERR_INVALID, "%s has only %d items", input->name,
            cJSON_GetArraySize(input->array));
    }
    if (cJSON_IsString(item)) {
        *out = arena_copy(arena, str_from(item->valuestring));
        return true;
    }
    printed = cJSON_PrintUnformatted(item);
    *out = arena_copy(arena, str_from(printed));
    cJSON_free(printed);
    return true;
}

struct job {
    struct convert convert;
    bool to_json;
    struct input input, base, document;
};

static bool convert_one(struct job *job, int i, struct str *out, struct err *err)
{
    struct arena *arena = job->convert.context.arena;
    struct str text, base, document;

    if (!input_item(&job->input, i, arena, &text, err) ||
        !input_item(&job->base, i, arena, &base, err) ||
        !input_item(&job->document, i, arena, &document, err)) {
        return false;
    }
    return job->to_json ? convert_to_json(&job->convert, text, base, out, err)
                        : convert_to_vtodo(&job->convert, text, base, document, out, err);
}

static void print_item(const struct job *job, struct str item)
{
    char *text;
    cJSON *string;

    if (job->to_json) {
        printf("%.*s", STR_ARG(item));
        return;
    }
    text = mem_copy_text(item.p, item.n);
    string = cJSON_CreateString(text);
    mem_free(text);
    text = cJSON_PrintUnformatted(string);
    fputs(text, stdout);
    cJSON_free(text);
    cJSON_Delete(string);
}

static bool convert_all(struct job *job, struct err *err)
{
    int count = cJSON_GetArraySize(job->input.array);
    struct str *items =
        arena_alloc_array(job->convert.context.arena, (size_t)count + 1, sizeof(*items));

    if (job->input.array == NULL) {
        if (!convert_one(job, 0, &items[0], err)) {
            return false;
        }
        printf("%.*s%s", STR_ARG(items[0]), job->to_json ? "\n" : "");
        return true;
    }
    for (int i = 0; i < count; i++) {
        if (!convert_one(job, i, &items[i], err)) {
            return err_wrap(err, "item %d", i + 1);
        }
    }
    putchar('[');
    for (int i = 0; i < count; i++) {
        fputs(i > 0 ? ",\n" : "\n", stdout);
        print_item(job, items[i]);
    }
    puts("\n]");
    return true;
}

/* --- options ------------------------------------------------------------------------------ */

struct options {
    const char *to, *dialect, *timezone, *base, *document, *now, *parent;
};

static bool find_dialect(const struct options *o, struct convert *out, struct err *err)
{
    out->dialect = dialect_find(str_from(o->dialect));
    out->context.zone = zone_find(str_from(o->timezone));
    out->context.now_us = clock_now_us();
    if (out->dialect == NULL) {
        return err_set(err, ERR_INVALID, "dialect %s is not in this version", o->dialect);
    }
    if (out->context.zone == NULL) {
        return err_set(err, ERR_INVALID, "there is no time zone %s", o->timezone);
    }
    out->context.project = out->dialect->project;
    return true;
}

/* CLI_DONE: they make sense. */
static int check_usage(const struct cli *cli, const struct options *o, int64_t *now_us)
{
    bool to_json = o->to != NULL && strcmp(o->to, "json") == 0;
    bool has_offset;

    if (o->to == NULL || (!to_json && strcmp(o->to, "vtodo") != 0)) {
        return cli_usage(cli, "--to is json or vtodo");
    }
    if (o->dialect == NULL) {
        return cli_usage(cli, "--dialect is missing");
    }
    if (to_json ? o->document != NULL : (o->base == NULL) != (o->document == NULL)) {
        return cli_usage(cli, "%s",
            to_json ? "--document goes with --to vtodo" : "--base and --document go together");
    }
    if (o->now != NULL && !civil_parse_iso(str_from(o->now), now_us, &has_offset)) {
        return cli_usage(cli, "--now: not a time like 2026-05-01T08:00:00Z");
    }
    return CLI_DONE;
}

/* [mapping] decides conversions too. Without any word of a configuration there are the defaults,
 * whatever else is installed here. */
static bool load_mapping(struct cli *cli, struct map_options *out, struct err *err)
{
    if (!cli->names_config) {
        cli->has_config = config_parse(S(""), "defaults", &cli->config, err);
    }
    if (!cli_load_config(cli, err)) {
        return false;
    }
    *out = mapping_options(&cli->config);
    return true;
}

static bool convert(struct cli *cli, const struct options *o, int64_t now_us, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct job job = {
        .to_json = strcmp(o->to, "json") == 0,
        .input.name = "standard input",
        .base.name = o->base,
        .document.name = o->document,
    };
    bool is_done;

    if (!find_dialect(o, &job.convert, err) ||
        !load_mapping(cli, &job.convert.context.options, err)) {
        return false;
    }
    job.convert.context.arena = arena;
    job.convert.parent = o->parent != NULL ? str_from(o->parent) : S("");
    if (o->now != NULL) {
        job.convert.context.now_us = now_us;
    }
    is_done = read_input(&job.input, "-", !job.to_json, err) &&
              read_input(&job.base, o->base, !job.to_json, err) &&
              read_input(&job.document, o->document, false, err) && convert_all(&job, err);
    input_done(&job.input);
    input_done(&job.base);
    input_done(&job.document);
    return is_done;
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct options o = { .timezone = "UTC" };
    const struct cli_option options[] = {
        { "to", "json|vtodo", "which way", .text = &o.to },
        { "dialect", "D", "what the service speaks: outlook or todo", .text = &o.dialect },
        { "timezone", "ZONE", "the account's time zone (UTC)", .text = &o.timezone },
        { "base", "OLD", "what the input was before: OLD.ics, or OLD.json", .text = &o.base },
        { "document", "OLD.ics", "the document to change", .text = &o.document },
        { "now", "TIME", "by which the next reminder is chosen (the clock)", .text = &o.now },
        { "parent", "UID", "the task above: a simple one is of its checklist", .text = &o.parent },
        { 0 },
    };
    struct cli_args args;
    struct err err;
    int64_t now_us = 0;
    int status;

    if (!cli_parse(cli, argc, argv, options, 0, 0, &args)) {
        return args.status;
    }
    status = check_usage(cli, &o, &now_us);
    if (status != CLI_DONE) {
        return status;
    }
    return convert(cli, &o, now_us, &err) ? CLI_DONE : cli_fail(&err);
}

const struct cli_command cli_convert = {
    "convert",
    "--to json|vtodo --dialect D [--timezone ZONE] [--base OLD] [--document OLD.ics] [--now TIME] "
    "[--parent UID]",
    "convert between VTODO and a service's JSON, without any server\n\n"
    "From standard input to standard output. --to json: the body that creates the task, or with\n"
    "--base OLD.ics the smallest PATCH that leads from there. --to vtodo: the document of a task "
    "as\n"
    "the service returns it, or with --base OLD.json --document OLD.ics that document changed by\n"
    "what differs. An array as input (of JSON strings, for documents) gives an array as output.\n\n"
    "A change that completes, skips or moves an occurrence of a series prints {\"operation\": "
    "...}\n"
    "with its date, where the series goes on, and what is left to send. Items of a checklist "
    "(todo)\n"
    "are VTODOs below their task's; --parent says whose item a VTODO or an item by itself is.\n\n"
    "[mapping] of a configuration named by -c or $DUEDAV_CONFIG counts; else the defaults do.",
    run,
};
