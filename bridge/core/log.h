#pragma once
/**
 * One event, one line: "ev=upstream.throttled level=warn req=7f3a retry_after_s=30". Or the same
 * pairs as JSON. Values are quoted where they need it. No titles, notes, mail addresses or tokens;
 * users by name, resources by hash (LOG_HASH). May be called from any thread.
 */
#include "bridge/core/str.h"

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};

struct log_pair {
    const char *name;
    enum {
        LOG_NUMBER,
        LOG_STRING
    } type;
    int64_t number;
    struct str text;
};

#define LOG_INT(name, value)  ((struct log_pair){ (name), LOG_NUMBER, (int64_t)(value), { 0 } })
#define LOG_STR(name, view)   ((struct log_pair){ (name), LOG_STRING, 0, (view) })
#define LOG_TEXT(name, chars) LOG_STR(name, str_from(chars))
/** Eight hex digits that stand for a resource or id in the log. */
#define LOG_HASH(name, view) ((struct log_pair){ (name), LOG_NUMBER, -1, (view) })

/** level: what is written; as_json: the format; fd: where to (2 by default). */
void log_start(enum log_level level, bool as_json, int fd);
bool log_is_on(enum log_level level);
void log_write(enum log_level level, const char *event, const struct log_pair *pairs, size_t count);

#define LOG_EVENT(level, event, ...)                                                 \
    do {                                                                             \
        if (log_is_on(level)) {                                                      \
            const struct log_pair pairs_[] = { __VA_ARGS__ };                        \
            log_write((level), (event), pairs_, sizeof(pairs_) / sizeof(pairs_[0])); \
        }                                                                            \
    } while (0)
#define log_error(event, ...) LOG_EVENT(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...)  LOG_EVENT(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_info(event, ...)  LOG_EVENT(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) LOG_EVENT(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
