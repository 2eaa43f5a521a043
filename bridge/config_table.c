#include "bridge/config_internal.h"

#include "bridge/core/mem.h"

#define KIB 1024LL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define IN(member)          offsetof(struct config, member)
#define IN_UPSTREAM(member) offsetof(struct config_upstream, member)

/* In the order of their enums. */
static const char *const delete_lists_words[] = { "yes", "empty", "no", NULL };
static const char *const series_form_words[] = { "resource", "override", NULL };
static const char *const cancelled_as_words[] = { "deferred", "completed", NULL };
static const char *const month_end_words[] = { "skip", "clamp", NULL };
static const char *const log_level_words[] = { "error", "warn", "info", "debug", NULL };
static const char *const log_format_words[] = { "text", "json", NULL };
static const char *const normal_priority_words[] = { "none", "5", NULL };

const struct setting config_settings[] = {
    { "server", "listen", SETTING_LIST, IN(server.listen), "127.0.0.1:5252",
        .check = setting_check_listen,
        .help = "Where to listen: numeric addresses with a port ([::]:443), or unix:/path; "
                "several, comma separated." },
    { "server", "tls_certificate", SETTING_TEXT, IN(server.tls_certificate), "",
        "/etc/duedav/tls/fullchain.pem", .check = setting_check_path,
        .help = "The certificate with its chain (PEM). Together with tls_key it turns TLS on." },
    { "server", "tls_key", SETTING_TEXT, IN(server.tls_key), "", "/etc/duedav/tls/key.pem",
        .check = setting_check_path, .help = "The private key of tls_certificate (PEM)." },
    { "server", "public_url", SETTING_TEXT, IN(server.public_url), "", "https://tasks.example.org/",
        .check = setting_check_public_url,
        .help = "The address as clients see it; needed behind a reverse proxy." },
    { "server", "trusted_proxies", SETTING_LIST, IN(server.trusted_proxies), "127.0.0.1, ::1",
        .check = setting_check_address,
        .help = "Addresses whose X-Forwarded headers are believed." },
    { "server", "metrics_from", SETTING_LIST, IN(server.metrics_from), "127.0.0.1, ::1",
        .check = setting_check_address, .help = "Addresses that may read /metrics." },
    { "server", "allow_plaintext", SETTING_BOOL, IN(server.allow_plaintext), "no",
        .help = "Listen without TLS on addresses that other machines reach. Passwords are then "
                "sent in the clear." },
    { "server", "user", SETTING_TEXT, IN(server.user), "", "duedav",
        .help = "The user to become after the addresses are bound, when started as root." },

    { "store", "url", SETTING_TEXT, IN(store.url), "sqlite:/var/lib/duedav/duedav.db",
        .check = setting_check_store_url, .help = "The database: sqlite:/path." },
    { "store", "key_file", SETTING_TEXT, IN(store.key_file), "/var/lib/duedav/secret.key",
        .check = setting_check_path,
        .help = "The key that encrypts tokens in the database. Made on the first start, mode "
                "0600." },

    { "sync", "near", SETTING_TIME, IN(sync.near_ms), "15s", .least = 100, .most = HOUR,
        .help = "Time between rounds of an account while one of its clients is active." },
    { "sync", "far", SETTING_TIME, IN(sync.far_ms), "5m", .least = 100, .most = DAY,
        .help = "Time between rounds when no client has asked for ten minutes." },
    { "sync", "fresh", SETTING_TIME, IN(sync.fresh_ms), "5s", .least = 0, .most = HOUR,
        .help =
            "A client that polls starts a round at once if the last answer is older than this." },
    { "sync", "hold", SETTING_TIME, IN(sync.hold_ms), "1s", .least = 0, .most = 10 * SECOND,
        .help = "How long such a poll waits at most for its round." },
    { "sync", "full", SETTING_TIME, IN(sync.full_ms), "6h", .least = 0, .most = 30 * DAY,
        .help = "How often a To Do list is read whole: it may not say that an item of a task's "
                "checklist has changed. 0: never." },
    { "sync", "sign_in_task", SETTING_BOOL, IN(sync.sign_in_task), "no",
        .help = "Put a task into the default list of an account while its token is refused: "
                "'duedav needs you to sign in again'." },
    { "sync", "memory", SETTING_SIZE, IN(sync.memory_bytes), "256M", .least = MIB,
        .most = 1024 * GIB, .help = "Memory for collections; the least recently used leave." },

    { "limits", "body", SETTING_SIZE, IN(limits.body_bytes), "4M", .least = KIB, .most = GIB,
        .help = "The largest request body; a task may have 2M of it." },
    { "limits", "attachment", SETTING_SIZE, IN(limits.attachment_bytes), "25M", .least = 0,
        .most = GIB, .help = "The largest attachment, inline in a task or on its own." },
    { "limits", "buffered", SETTING_SIZE, IN(limits.buffered_bytes), "64M", .least = KIB,
        .most = 64 * GIB, .help = "Bodies held in memory over all connections together." },
    { "limits", "connections", SETTING_COUNT, IN(limits.connections), "10000", .least = 1,
        .most = 1000000, .help = "Connections open at once." },
    { "limits", "per_address", SETTING_COUNT, IN(limits.per_address), "200", .least = 1,
        .most = 1000000, .help = "Connections from one address; trusted_proxies are exempt." },
    { "limits", "sign_in_failures", SETTING_RATE, IN(limits.sign_in_failures), "10/1m", .least = 1,
        .most = 1000000, .help = "Failed sign-ins from one address, before it has to wait." },

    { "mapping", "completed", SETTING_TIME, IN(mapping.completed_ms), "90d", .least = 0,
        .most = 36500 * DAY,
        .help = "Tasks that were completed longer ago than this when they were first seen are not "
                "served, unless a client wrote them. 0: all are." },
    { "mapping", "delete_lists", SETTING_WORD, IN(mapping.delete_lists), "empty",
        .words = delete_lists_words,
        .help = "May a client that deletes a list delete the folder at the service?" },
    { "mapping", "series_form", SETTING_WORD, IN(mapping.series_form), "resource",
        .words = series_form_words,
        .help = "Completed occurrences of a series: as tasks of their own, or also within the "
                "series, for clients that understand that." },
    { "mapping", "keep_upstream", SETTING_BOOL, IN(mapping.keep_upstream), "no",
        .help = "Keep what the service has no place for in an extension there, too: up to 16 KiB "
                "of each task, packed, and as much of its checklist (64 KiB before packing); of "
                "more, the UIDs that have room." },
    { "mapping", "altrep", SETTING_BOOL, IN(mapping.altrep), "no",
        .help = "HTML notes as DESCRIPTION;ALTREP, which Thunderbird edits, instead of "
                "X-ALT-DESC." },
    { "mapping", "normal_priority", SETTING_WORD, IN(mapping.normal_priority), "none",
        .words = normal_priority_words,
        .help = "How a task of normal importance is written: without PRIORITY, or with "
                "PRIORITY:5." },
    { "mapping", "cancelled_as", SETTING_WORD, IN(mapping.cancelled_as), "deferred",
        .words = cancelled_as_words,
        .help = "What a cancelled task becomes at a service that has no such status." },
    { "mapping", "all_day_alarm_time", SETTING_CLOCK, IN(mapping.all_day_alarm_minute), "00:00",
        .help = "The time of day from which an alarm of a task without a time counts." },
    { "mapping", "url_as_link", SETTING_BOOL, IN(mapping.url_as_link), "no",
        .help = "Make a linked resource of the URL of a new task at services that have them." },
    { "mapping", "month_end", SETTING_WORD, IN(mapping.month_end), "skip", .words = month_end_words,
        .help = "A series on the 31st in a month without one: left out, or on its last day." },
    { "mapping", "due_date_exclusive", SETTING_LIST, IN(mapping.due_date_exclusive), "",
        .help = "How the PRODIDs of clients begin that write the day after the last one as a due "
                "date; several, comma separated." },

    { "log", "level", SETTING_WORD, IN(log.level), "info", .words = log_level_words,
        .help = "How much is logged." },
    { "log", "format", SETTING_WORD, IN(log.format), "text", .words = log_format_words,
        .help = "key=value pairs, or JSON with the same pairs." },

    { CONFIG_UPSTREAM_SECTION, "dialect", SETTING_TEXT, IN_UPSTREAM(dialect), "", "todo",
        .check = setting_check_dialect,
        .help = "What the service speaks: outlook (Outlook REST v2.0), todo or basetask (Microsoft "
                "Graph). Has to be given." },
    { CONFIG_UPSTREAM_SECTION, "url", SETTING_TEXT, IN_UPSTREAM(url), "",
        "https://graph.microsoft.com/v1.0/", .check = setting_check_upstream_url,
        .help = "Where the service is, if not at the dialect's usual address. http:// only for "
                "this machine." },
    { CONFIG_UPSTREAM_SECTION, "authority", SETTING_TEXT, IN_UPSTREAM(authority),
        "https://login.microsoftonline.com/common", .check = setting_check_upstream_url,
        .help = "Where accounts sign in." },
    { CONFIG_UPSTREAM_SECTION, "client_id", SETTING_TEXT, IN_UPSTREAM(client_id), "",
        "00000000-0000-0000-0000-000000000000", .help = "The application's id at the authority." },
    { CONFIG_UPSTREAM_SECTION, "client_secret_file", SETTING_TEXT, IN_UPSTREAM(client_secret_file),
        "", "/etc/duedav/client.secret", .check = setting_check_path,
        .help = "A file with the application's secret; only for confidential clients." },
    { CONFIG_UPSTREAM_SECTION, "scopes", SETTING_TEXT, IN_UPSTREAM(scopes), "",
        "Tasks.ReadWrite offline_access",
        .help = "The scopes to ask for; by default the least that the dialect needs." },
    { CONFIG_UPSTREAM_SECTION, "ca_file", SETTING_TEXT, IN_UPSTREAM(ca_file), "",
        "/etc/duedav/company-ca.pem", .check = setting_check_path,
        .help = "An extra trust anchor (PEM), for company proxies and labs." },
};
const size_t config_setting_count = ARRAY_LEN(config_settings);
