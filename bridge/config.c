#include "bridge/config.h"
#include "bridge/config_internal.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE_BYTES (1 << 20)
#define MAX_UPSTREAMS  32
#define MAX_SETTINGS   64 /* rows of the table; config_setting_count has to stay below */
#define MAX_NAME       32 /* of an upstream */

typedef void report_cb(void *arg, const char *text);

/* What is known while a file is read. Lines count from 1; 0: not given. */
struct reader {
    struct str rest;
    unsigned line;
    const char *name;
    struct config *config;
    const char *section; /**< of the table; NULL: unknown, or none yet */
    bool has_heading;    /**< there was a section, known or not (or its lack has been told) */
    unsigned given[MAX_SETTINGS];
    unsigned upstream_given[MAX_UPSTREAMS][MAX_SETTINGS];
    unsigned upstream_line[MAX_UPSTREAMS];
    size_t problem_count;
    report_cb *report;
    void *report_arg;
};

static void report(struct reader *reader, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void report(struct reader *reader, unsigned line, const char *format, ...)
{
    struct buf text;
    char reason[400];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    buf_init(&text, 8192);
    buf_printf(&text, "%s:%u: %s", reader->name, line, reason);
    reader->problem_count++;
    reader->report(reader->report_arg, buf_str(&text).p);
    buf_done(&text);
}

/* Defaults: read from the table like anything else. */
static void set_defaults(bool is_upstream, void *base, struct arena *arena)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        struct err err = { 0 };

        if (is_upstream != (strcmp(setting->section, CONFIG_UPSTREAM_SECTION) == 0)) {
            continue;
        }
        if (!setting_set(setting, str_from(setting->preset), false, base, arena, &err)) {
            fprintf(stderr, "[%s] %s: %s\n", setting->section, setting->key, err.text);
            abort(); /* a mistake in the table */
        }
    }
}

static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '-' || c == '_')) {
            return false;
        }
    }
    return name.n > 0 && name.n <= MAX_NAME;
}

static void open_upstream(struct reader *reader, struct str name)
{
    struct config *config = reader->config;
    struct config_upstream *upstream;

    if (!is_name(name)) {
        report(reader, reader->line,
            "[upstream NAME] takes a name of at most %d letters, digits, - and _", MAX_NAME);
    } else if (config_find_upstream(config, name) != NULL) {
        report(reader, reader->line, "[upstream %.*s] is here twice", STR_ARG(name));
    } else if (config->upstream_count == MAX_UPSTREAMS) {
        report(reader, reader->line, "more than %d upstreams", MAX_UPSTREAMS);
    } else {
        reader->upstream_line[config->upstream_count] = reader->line;
        upstream = &config->upstreams[config->upstream_count++];
        set_defaults(true, upstream, config->arena);
        upstream->name = arena_copy(config->arena, name).p;
        reader->section = CONFIG_UPSTREAM_SECTION;
    }
}

static void open_section(struct reader *reader, struct str heading)
{
    reader->section = NULL;
    if (str_has_prefix(heading, S(CONFIG_UPSTREAM_SECTION " "))) {
        open_upstream(reader, str_trim(str_skip(heading, strlen(CONFIG_UPSTREAM_SECTION))));
        return;
    }
    for (size_t i = 0; i < config_setting_count; i++) {
        const char *section = config_settings[i].section;

        if (str_eq(heading, str_from(section)) && strcmp(section, CONFIG_UPSTREAM_SECTION) != 0) {
            reader->section = section;
            return;
        }
    }
    report(reader, reader->line, "unknown section [%.*s]", STR_ARG(str_first(heading, 60)));
}

/* inih calls this for each "key = value", right after it has asked for the line. */
static int on_pair(void *arg, const char *section, const char *key, const char *value)
{
    struct reader *reader = (struct reader *)arg;
    struct config *config = reader->config;
    size_t at = config->upstream_count - 1; /* the upstream, if this is in one */
    bool is_upstream;
    struct err err = { 0 };

    (void)section; /* cut to 50 bytes: open_section knows better */
    if (reader->section == NULL) {
        return 1; /* told already */
    }
    is_upstream = strcmp(reader->section, CONFIG_UPSTREAM_SECTION) == 0;
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        unsigned *given = is_upstream ? &reader->upstream_given[at][i] : &reader->given[i];
        void *base = is_upstream ? (void *)&config->upstreams[at] : (void *)config;

        if (strcmp(setting->section, reader->section) != 0 || strcmp(setting->key, key) != 0) {
            continue;
        }
        if (*given != 0 && setting->type != SETTING_LIST) {
            report(reader, reader->line, "[%s] %s is set already in line %u", reader->section, key,
                *given);
        } else if (!setting_set(setting, str_from(value), *given != 0, base, config->arena, &err)) {
            report(reader, reader->line, "[%s] %s = %.100s: %s", reader->section, key, value,
                err.text);
        }
        *given = reader->line;
        return 1;
    }
    report(reader, reader->line, "[%s] has no setting \"%.60s\"", reader->section, key);
    return 1;
}

/* Without blanks around it, the comment behind it, and the line's end. */
static struct str strip_line(struct str line)
{
    if (str_has_suffix(line, S("\r"))) {
        line.n--;
    }
    line = str_trim(line);
    for (size_t i = 0; i < line.n; i++) {
        bool is_mark = line.p[i] == ';' || line.p[i] == '#';

        if (is_mark && (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t')) {
            return str_trim(str_first(line, i));
        }
    }
    return line;
}

static bool has_control(struct str line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (((unsigned char)line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

/*
 * What inih does not tell or not tell well is found here: headings without a pair below, lines
 * that are neither heading nor pair, bytes that are no text. False: the line is not for inih.
 */
static bool take_line(struct reader *reader, struct str line, size_t room)
{
    if (line.n == 0) {
        return false;
    }
    if (has_control(line) || !str_is_utf8(line)) {
        report(reader, reader->line, "not text (UTF-8)");
        return false;
    }
    if (line.n + 2 > room) {
        report(reader, reader->line, "longer than %zu bytes", room - 2);
        return false;
    }
    if (line.p[0] == '[') {
        reader->has_heading = true;
        if (line.p[line.n - 1] != ']') {
            report(reader, reader->line, "a section is [NAME]");
            reader->section = NULL;
            return false;
        }
        open_section(reader, str_trim(str_first(str_skip(line, 1), line.n - 2)));
        return true;
    }
    if (str_find_char(line, '=') == SIZE_MAX || line.p[0] == '=') {
        report(reader, reader->line, "neither [SECTION] nor KEY = VALUE");
        return false;
    }
    if (!reader->has_heading) {
        report(reader, reader->line, "a setting before any [SECTION]");
        reader->has_heading = true;
    }
    return true;
}

/* fgets for inih. Blanks at the start would make it a continuation of the line before. */
static char *next_line(char *out, int room, void *arg)
{
    struct reader *reader = (struct reader *)arg;
    struct str line;

    if (reader->rest.n == 0 || !str_next(&reader->rest, '\n', &line)) {
        return NULL;
    }
    reader->line++;
    line = strip_line(line);
    if (!take_line(reader, line, (size_t)room)) {
        line.n = 0;
    }
    if (line.n > 0) {
        memcpy(out, line.p, line.n);
    }
    memcpy(out + line.n, "\n", 2);
    return out;
}

/* Where a setting was given; the line of the error if two do not fit. */
static unsigned line_of(const struct reader *reader, size_t offset)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        if (config_settings[i].offset == offset &&
            strcmp(config_settings[i].section, CONFIG_UPSTREAM_SECTION) != 0) {
            return reader->given[i];
        }
    }
    return 0;
}
#define LINE_OF(reader, member) line_of((reader), offsetof(struct config, member))

static unsigned later(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

static void check_server(struct reader *reader)
{
    const struct config *config = reader->config;
    bool has_certificate = config->server.tls_certificate[0] != '\0';
    bool has_key = config->server.tls_key[0] != '\0';

    if (has_certificate != has_key) {
        report(reader,
            later(LINE_OF(reader, server.tls_certificate), LINE_OF(reader, server.tls_key)),
            "[server] tls_certificate and tls_key belong together");
    }
    if (config->server.listen.count == 0) {
        report(reader, LINE_OF(reader, server.listen), "[server] listen: at least one address");
    }
    for (size_t i = 0; i < config->server.listen.count && !has_certificate; i++) {
        const char *address = config->server.listen.items[i];

        if (!config->server.allow_plaintext && !setting_is_local_listen(str_from(address))) {
            report(reader, LINE_OF(reader, server.listen),
                "[server] listen = %s: other machines reach this address, and passwords would "
                "travel in the clear; set tls_certificate and tls_key, or allow_plaintext = yes",
                address);
        }
    }
    if (config->store.url[0] == '\0' || config->store.key_file[0] == '\0') {
        report(reader, later(LINE_OF(reader, store.url), LINE_OF(reader, store.key_file)),
            "[store] url and key_file cannot be empty");
    }
}

static void check_amounts(struct reader *reader)
{
    const struct config *config = reader->config;

    if (config->sync.near_ms > config->sync.far_ms) {
        report(reader, later(LINE_OF(reader, sync.near_ms), LINE_OF(reader, sync.far_ms)),
            "[sync] near is longer than far");
    }
    if (config->limits.body_bytes > config->limits.buffered_bytes) {
        report(reader,
            later(LINE_OF(reader, limits.body_bytes), LINE_OF(reader, limits.buffered_bytes)),
            "[limits] body is larger than buffered, which holds all bodies together");
    }
}

static void check_upstreams(struct reader *reader)
{
    const struct config *config = reader->config;

    for (size_t i = 0; i < config->upstream_count; i++) {
        const struct config_upstream *upstream = &config->upstreams[i];

        if (upstream->dialect[0] == '\0') {
            report(
                reader, reader->upstream_line[i], "[upstream %s] has no dialect", upstream->name);
        }
        if (upstream->client_secret_file[0] != '\0' && upstream->client_id[0] == '\0') {
            report(reader, reader->upstream_line[i],
                "[upstream %s] has a client_secret_file but no client_id", upstream->name);
        }
    }
}

/* The number of mistakes; *out is complete if there are none. */
static size_t read_text(
    struct str text, const char *name, struct config *out, report_cb *callback, void *arg)
{
    struct reader *reader = (struct reader *)mem_alloc(sizeof(*reader));
    size_t count;

    assert(config_setting_count <= MAX_SETTINGS);
    *out = (struct config){ .arena = arena_new() };
    out->upstreams = (struct config_upstream *)arena_alloc_array(
        out->arena, MAX_UPSTREAMS, sizeof(out->upstreams[0]));
    set_defaults(false, out, out->arena);
    reader->rest = str_has_prefix(text, S("\xef\xbb\xbf")) ? str_skip(text, 3) : text;
    reader->name = name;
    reader->config = out;
    reader->report = callback;
    reader->report_arg = arg;
    if (ini_parse_stream(next_line, reader, on_pair, reader) != 0 && reader->problem_count == 0) {
        report(reader, reader->line, "not an INI file");
    }
    if (reader->problem_count == 0) { /* else they would only repeat it in other words */
        check_server(reader);
        check_amounts(reader);
        check_upstreams(reader);
    }
    count = reader->problem_count;
    mem_free(reader);
    return count;
}

static bool read_file(const char *path, struct buf *out, struct err *err)
{
    FILE *file = fopen(path, "re");
    char chunk[4096];
    size_t n;
    int saved = 0;

    if (file == NULL) {
        return err_set_code(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INTERNAL, errno, "%s: %s",
            path, strerror(errno));
    }
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0 && !out->is_full) {
        buf_put(out, (struct str){ chunk, n });
    }
    if (ferror(file)) {
        saved = errno;
    }
    fclose(file);
    if (saved != 0) {
        return err_set_code(err, ERR_INTERNAL, saved, "%s: %s", path, strerror(saved));
    }
    return buf_ok(out, err) || err_wrap(err, "%s", path);
}

static void keep_first(void *arg, const char *text)
{
    struct err *err = (struct err *)arg;

    if (err->kind == ERR_NONE) {
        err_set(err, ERR_INVALID, "%s", text);
    }
}

bool config_parse(struct str text, const char *name, struct config *out, struct err *err)
{
    struct err first = { 0 };
    struct config config;

    if (read_text(text, name, &config, keep_first, &first) > 0) {
        config_done(&config);
        *err = first;
        return false;
    }
    *out = config;
    return true;
}

bool config_load(const char *path, struct config *out, struct err *err)
{
    CLEANUP(buf_done) struct buf text;

    buf_init(&text, MAX_FILE_BYTES);
    return read_file(path, &text, err) && config_parse(buf_str(&text), path, out, err);
}

void config_done(struct config *config)
{
    arena_free(&config->arena);
    *config = (struct config){ 0 };
}

static void print_line(void *arg, const char *text)
{
    fprintf((FILE *)arg, "%s\n", text);
}

size_t config_check(const char *path, FILE *out)
{
    CLEANUP(buf_done) struct buf text;
    CLEANUP(config_done) struct config config = { 0 };
    struct err err;

    buf_init(&text, MAX_FILE_BYTES);
    if (!read_file(path, &text, &err)) {
        print_line(out, err.text);
        return 1;
    }
    return read_text(buf_str(&text), path, &config, print_line, out);
}

const struct config_upstream *config_find_upstream(const struct config *config, struct str name)
{
    for (size_t i = 0; i < config->upstream_count; i++) {
        if (str_eq(str_from(config->upstreams[i].name), name)) {
            return &config->upstreams[i];
        }
    }
    return NULL;
}
