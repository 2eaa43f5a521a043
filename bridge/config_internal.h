#pragma once
/**
 * What the files of config share: a row of the table of settings, and reading a value by it.
 */
#include "bridge/config.h"

enum setting_type {
    SETTING_TEXT,  /**< const char * */
    SETTING_LIST,  /**< struct config_list, comma separated; each item is checked */
    SETTING_SIZE,  /**< int64_t bytes: "4M" */
    SETTING_TIME,  /**< int64_t milliseconds: "15s" */
    SETTING_COUNT, /**< int64_t: "200" */
    SETTING_RATE,  /**< struct config_rate: "10/1m"; the range is the count's */
    SETTING_BOOL,  /**< bool: yes, no */
    SETTING_WORD,  /**< an enum: position in words */
    SETTING_CLOCK, /**< int64_t minutes since midnight: "09:00" */
};

struct setting {
    const char *section, *key;
    enum setting_type type;
    size_t offset;       /**< in struct config; in struct config_upstream for section "upstream" */
    const char *preset;  /**< the default as it would be written; "" for none */
    const char *example; /**< what the sample shows where there is no default; may be NULL */
    int64_t least, most; /**< of SIZE, TIME, COUNT, RATE */
    const char *const *words;                         /**< of WORD; NULL ends it */
    bool (*check)(struct str value, struct err *err); /**< of TEXT, LIST; may be NULL */
    const char *help;
};

/** In the order of the sample file. */
extern const struct setting config_settings[];
extern const size_t config_setting_count;
/** Its section is written [upstream NAME]. */
#define CONFIG_UPSTREAM_SECTION "upstream"

/**
 * Read value by the setting's type and range into *base (the struct that offset is in).
 * is_more: a list that is already there is continued.
 * fails: ERR_INVALID, with the reason alone in err->text
 */
MUST_CHECK bool setting_set(const struct setting *setting, struct str value, bool is_more,
    void *base, struct arena *arena, struct err *err);
/** "100ms to 1h", "yes or no", "text" ...: what may be written. */
struct str setting_describe(const struct setting *setting, struct arena *arena);

/** Checks of one text; they fail with ERR_INVALID and the reason alone. */
MUST_CHECK bool setting_check_listen(struct str value, struct err *err);
MUST_CHECK bool setting_check_address(struct str value, struct err *err);
MUST_CHECK bool setting_check_path(struct str value, struct err *err);
MUST_CHECK bool setting_check_public_url(struct str value, struct err *err);
MUST_CHECK bool setting_check_upstream_url(struct str value, struct err *err);
MUST_CHECK bool setting_check_store_url(struct str value, struct err *err);
MUST_CHECK bool setting_check_dialect(struct str value, struct err *err);
/** Is this a listen address that only this machine reaches (127.0.0.0/8, ::1, a Unix socket)? */
bool setting_is_local_listen(struct str value);
