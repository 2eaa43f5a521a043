#include "bridge/core/log.h"

#include "bridge/core/civil.h"
#include "bridge/core/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES  8192
#define VALUE_BYTES 300 /* what a longer value is cut to */

/* Set once at start, before there are threads. */
static struct {
    enum log_level level;
    bool is_json;
    int fd;
} settings = { LOG_LEVEL_INFO, false, STDERR_FILENO };

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

struct line {
    char p[LINE_BYTES];
    size_t n;
    bool is_full;
};

void log_start(enum log_level level, bool as_json, int fd)
{
    settings.level = level;
    settings.is_json = as_json;
    settings.fd = fd;
}

bool log_is_on(enum log_level level)
{
    return level <= settings.level;
}

static void put(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct line *line, const char *format, ...)
{
    size_t room = sizeof(line->p) - 2 - line->n; /* two bytes are kept for the line's end */
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(line->p + line->n, room, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= room) {
        line->is_full = true;
    } else {
        line->n += (size_t)n;
    }
}

static void put_char(struct line *line, char c)
{
    if (line->n + 2 < sizeof(line->p)) {
        line->p[line->n++] = c;
    } else {
        line->is_full = true;
    }
}

/* At most VALUE_BYTES, and no character cut in two. */
static struct str cut_value(struct str value, bool *is_cut_out)
{
    size_t n = VALUE_BYTES;

    *is_cut_out = value.n > VALUE_BYTES;
    if (!*is_cut_out) {
        return value;
    }
    while (n > VALUE_BYTES - 4 && ((unsigned char)value.p[n] & 0xc0) == 0x80) {
        n--;
    }
    return str_first(value, n);
}

/* The C1 controls, U+0080 to U+009F, move a terminal's cursor as well as the C0 ones do. */
static bool starts_c1_control(struct str s)
{
    return s.n >= 2 && (unsigned char)s.p[0] == 0xc2 && (unsigned char)s.p[1] < 0xa0;
}

static void put_escaped(struct line *line, struct str value)
{
    bool is_utf8 = str_is_utf8(value);

    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];

        if (c == '"' || c == '\\') {
            put(line, "\\%c", c);
        } else if (is_utf8 && starts_c1_control(str_skip(value, i))) {
            put(line, settings.is_json ? "\\u%04x" : "\\x%02x", (unsigned char)value.p[++i]);
        } else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !is_utf8)) {
            put(line, settings.is_json ? "\\u%04x" : "\\x%02x", c);
        } else {
            put_char(line, (char)c);
        }
    }
}

static bool needs_quotes(struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];

        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '=') {
            return true;
        }
    }
    return value.n == 0;
}

static void put_text(struct line *line, struct str value)
{
    bool is_cut;
    struct str shown = cut_value(value, &is_cut);
    const char *quote = settings.is_json || is_cut || needs_quotes(shown) ? "\"" : "";

    put(line, "%s", quote);
    put_escaped(line, shown);
    put(line, "%s%s", is_cut ? "..." : "", quote);
}

static void put_name(struct line *line, const char *name)
{
    bool is_first = line->n <= 1;

    if (settings.is_json) {
        put(line, "%s\"%s\":", is_first ? "" : ",", name);
    } else {
        put(line, "%s%s=", is_first ? "" : " ", name);
    }
}

static void put_pair(struct line *line, const struct log_pair *pair)
{
    put_name(line, pair->name);
    if (pair->type == LOG_STRING) {
        put_text(line, pair->text);
    } else if (pair->number == -1 && pair->text.p != NULL) {
        char hash[9];

        snprintf(hash, sizeof(hash), "%08" PRIx32, (uint32_t)str_hash(pair->text));
        put_text(line, str_from(hash));
    } else {
        put(line, "%" PRId64, pair->number);
    }
}

/* A pair that does not fit is left out, and so is what follows. */
static void put_pairs(struct line *line, const struct log_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count && !line->is_full; i++) {
        size_t before = line->n;

        put_pair(line, &pairs[i]);
        if (line->is_full) {
            line->n = before;
        }
    }
}

void log_write(enum log_level level, const char *event, const struct log_pair *pairs, size_t count)
{
    struct line line;
    char time[24];
    ssize_t written;

    if (!log_is_on(level)) {
        return;
    }
    line.n = 0;
    line.is_full = false;
    civil_format_iso(clock_now_s(), time);
    if (settings.is_json) {
        put(&line, "{");
    }
    put_pairs(&line,
        (const struct log_pair[]){
            LOG_TEXT("t", time), LOG_TEXT("ev", event), LOG_TEXT("level", level_names[level]) },
        3);
    put_pairs(&line, pairs, count);
    if (settings.is_json) {
        line.p[line.n++] = '}';
    }
    line.p[line.n++] = '\n';
    do {
        written = write(settings.fd, line.p, line.n);
    } while (written < 0 && errno == EINTR);
}
