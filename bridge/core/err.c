#include "bridge/core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_text(struct err *err, enum err_kind kind, int code, const char *format,
    va_list arguments) __attribute__((format(printf, 4, 0)));

/* The text is one line whatever was formatted into it. */
static void flatten(char *text)
{
    for (char *p = text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            *p = ' ';
        }
    }
}

static void set_text(
    struct err *err, enum err_kind kind, int code, const char *format, va_list arguments)
{
    char text[sizeof(err->text)]; /* the arguments may point into err->text */

    vsnprintf(text, sizeof(text), format, arguments);
    flatten(text);
    err->kind = kind;
    err->code = code;
    err->retry_after_s = 0;
    memcpy(err->text, text, sizeof(text));
}

bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_text(err, kind, 0, format, arguments);
    va_end(arguments);
    return false;
}

bool err_set_code(struct err *err, enum err_kind kind, int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_text(err, kind, code, format, arguments);
    va_end(arguments);
    return false;
}

bool err_wrap(struct err *err, const char *format, ...)
{
    char context[sizeof(err->text)];
    char text[sizeof(err->text)];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
    snprintf(text, sizeof(text), "%s: %s", context, err->text);
    flatten(text);
    memcpy(err->text, text, sizeof(text));
    return false;
}

const char *err_kind_name(enum err_kind kind)
{
    static const char *const names[] = {
        [ERR_NONE] = "none",
        [ERR_INVALID] = "invalid",
        [ERR_NOT_FOUND] = "not-found",
        [ERR_CONFLICT] = "conflict",
        [ERR_DENIED] = "denied",
        [ERR_LIMIT] = "limit",
        [ERR_BUSY] = "busy",
        [ERR_UPSTREAM] = "upstream",
        [ERR_INTERNAL] = "internal",
    };

    if ((size_t)kind >= sizeof(names) / sizeof(names[0])) {
        return "unknown";
    }
    return names[kind];
}
