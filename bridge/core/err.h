#pragma once
/**
 * What went wrong, in two halves: the kind, on which callers branch, and code and text, which are
 * for the log. A `struct err` is a plain value on the caller's stack; nothing in it is owned.
 */
#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))

/** What the caller can do about it. The cause itself goes in code and text. */
enum err_kind {
    ERR_NONE,
    ERR_INVALID,   /**< the input is wrong; the same input will fail again */
    ERR_NOT_FOUND, /**< no such thing, or no longer */
    ERR_CONFLICT,  /**< it changed since the caller looked (ETag, changeKey) */
    ERR_DENIED,    /**< credentials missing, expired or not sufficient */
    ERR_LIMIT,     /**< a configured limit was reached */
    ERR_BUSY,      /**< try again after retry_after_s */
    ERR_UPSTREAM,  /**< the task service failed or broke its own contract */
    ERR_INTERNAL,  /**< a fault of ours or of the machine */
};

struct err {
    enum err_kind kind;
    int code;               /**< HTTP status, SQLite code, errno ...; 0 if none */
    unsigned retry_after_s; /**< with ERR_BUSY: seconds to wait; 0 if unknown */
    char text[512];         /**< one line, no secrets, no task text; always ends in NUL */
};

/** Fill *err (code and retry_after_s become 0). Returns false, so that it can be returned. */
bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** As err_set, with a code for the log. */
bool err_set_code(struct err *err, enum err_kind kind, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** Put "CONTEXT: " before the text of a filled *err. Returns false. */
bool err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** "invalid", "not-found" ...: for logs. */
const char *err_kind_name(enum err_kind kind);
