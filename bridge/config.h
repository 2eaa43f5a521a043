#pragma once
/**
 * The settings, read from an INI file. One table (config_table.c) knows each setting's name, type,
 * range, default and sentence of help; the sample file and the manual page are printed from it.
 * A struct config owns everything it points to and does not change after it was read.
 */
#include "bridge/core/arena.h"
#include "bridge/core/err.h"
#include "bridge/core/log.h"
#include <stdio.h>

struct config_list {
    const char **items;
    size_t count;
};

/** "10/1m": so many in so long. */
struct config_rate {
    int64_t count;
    int64_t per_ms;
};

enum config_delete_lists {
    CONFIG_DELETE_LISTS_YES,
    CONFIG_DELETE_LISTS_EMPTY, /**< only when no task is in it */
    CONFIG_DELETE_LISTS_NO,
};

enum config_series_form {
    CONFIG_SERIES_RESOURCE, /**< a completed occurrence is a resource of its own */
    CONFIG_SERIES_OVERRIDE, /**< ... and a sibling in the series' object */
};

enum config_cancelled_as {
    CONFIG_CANCELLED_AS_DEFERRED,
    CONFIG_CANCELLED_AS_COMPLETED,
};

enum config_month_end {
    CONFIG_MONTH_END_SKIP,  /**< months without a 31st are left out, as in RFC 5545 */
    CONFIG_MONTH_END_CLAMP, /**< they use their last day, as the services do */
};

enum config_normal_priority {
    CONFIG_NORMAL_PRIORITY_NONE, /**< no PRIORITY line */
    CONFIG_NORMAL_PRIORITY_5,
};

enum config_log_format {
    CONFIG_LOG_TEXT,
    CONFIG_LOG_JSON,
};

/** One [upstream NAME]. Texts that were not set are "". */
struct config_upstream {
    const char *name;
    const char *dialect;
    const char *url; /**< "": the dialect's own */
    const char *authority;
    const char *client_id;
    const char *client_secret_file;
    const char *scopes; /**< "": the least that the dialect needs */
    const char *ca_file;
};

struct config {
    struct {
        struct config_list listen; /**< "127.0.0.1:5252", "[::1]:5252", "unix:/path" */
        const char *tls_certificate;
        const char *tls_key;
        const char *public_url;
        struct config_list trusted_proxies;
        struct config_list metrics_from;
        bool allow_plaintext;
        const char *user; /**< "": stay who we are */
    } server;
    struct {
        const char *url; /**< "sqlite:/path" */
        const char *key_file;
    } store;
    struct {
        int64_t near_ms, far_ms, fresh_ms, hold_ms, full_ms;
        bool sign_in_task;
        int64_t memory_bytes;
    } sync;
    struct {
        int64_t body_bytes, attachment_bytes, buffered_bytes;
        int64_t connections, per_address;
        struct config_rate sign_in_failures;
    } limits;
    struct {
        int64_t completed_ms; /**< 0: all are served */
        enum config_delete_lists delete_lists;
        enum config_series_form series_form;
        bool keep_upstream;
        bool altrep;
        enum config_normal_priority normal_priority;
        enum config_cancelled_as cancelled_as;
        int64_t all_day_alarm_minute; /**< since midnight */
        bool url_as_link;
        enum config_month_end month_end;
        struct config_list due_date_exclusive; /**< PRODIDs */
    } mapping;
    struct {
        enum log_level level;
        enum config_log_format format;
    } log;
    struct config_upstream *upstreams;
    size_t upstream_count;
    struct arena *arena;
};

/**
 * Read a file. On success the caller ends it with config_done.
 * fails: ERR_NOT_FOUND no such file; ERR_INTERNAL it can't be read; ERR_LIMIT over 1 MiB;
 *        ERR_INVALID "FILE:LINE: reason", for the first mistake
 */
MUST_CHECK bool config_load(const char *path, struct config *out, struct err *err);
/** The same from a text; name stands for the file in messages. */
MUST_CHECK bool config_parse(
    struct str text, const char *name, struct config *out, struct err *err);
/** Fine on zeros. */
void config_done(struct config *config);

/** Print every mistake as a line to out. Returns how many there are. */
size_t config_check(const char *path, FILE *out);
/** NULL if there is none of that name. */
const struct config_upstream *config_find_upstream(const struct config *config, struct str name);

/** The sample file: every setting with its help and default, commented out. */
void config_print_sample(FILE *out);
/** The same as the middle part of a scdoc manual page. */
void config_print_man(FILE *out);
