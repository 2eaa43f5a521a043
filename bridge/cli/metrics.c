#include "bridge/cli/metrics.h"

#include "bridge/core/clock.h"
#include "bridge/core/mem.h"

#include <inttypes.h>

void metrics_count(struct metrics *metrics, enum http_method method, int status)
{
    if (status >= 0 && status < METRICS_STATUSES) {
        metrics->requests[method][status]++;
    }
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP duedav_%s %s\n# TYPE duedav_%s %s\n", name, help, name, type);
}

/** A label's value: backslash, quote and line break are escaped. */
static void put_value(struct buf *out, struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\n') {
            buf_put(out, S("\\n"));
            continue;
        }
        if (value.p[i] == '\\' || value.p[i] == '"') {
            buf_put_char(out, '\\');
        }
        buf_put_char(out, value.p[i]);
    }
}

/* --- requests ----------------------------------------------------------------------------- */

static void put_requests(const struct metrics *metrics, struct buf *out)
{
    head(out, "http_requests_total", "counter",
        "Requests answered, by method and status; status 0: cut off.");
    for (int method = 0; method < HTTP_METHOD_COUNT; method++) {
        for (int status = 0; status < METRICS_STATUSES; status++) {
            uint64_t count = metrics->requests[method][status];

            if (count > 0) {
                buf_printf(out,
                    "duedav_http_requests_total{method=\"%s\",status=\"%d\"} %" PRIu64 "\n",
                    http_method_name((enum http_method)method), status, count);
            }
        }
    }
}

static void put_number(
    struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    head(out, name, type, help);
    buf_printf(out, "duedav_%s %" PRIu64 "\n", name, value);
}

static void put_connections(const struct http_server_counts *http, struct buf *out)
{
    put_number(out, "connections", "gauge", "Connections of clients now.", http->connections);
    put_number(out, "connections_accepted_total", "counter", "Connections taken.", http->accepted);
    put_number(out, "connections_refused_total", "counter",
        "Connections closed at once: [limits] connections, per_address.", http->refused);
    put_number(out, "accept_failures_total", "counter",
        "Times that no file descriptor was left for a connection.", http->accept_failures);
    put_number(out, "buffered_bytes", "gauge", "Bodies of requests held now.", http->buffered);
}

/* --- accounts ----------------------------------------------------------------------------- */

static int64_t up(const struct engine_account_status *status)
{
    return status->last_round_s != 0 && status->failures == 0;
}

/** -1: there has been no round since the start. */
static int64_t lag(const struct engine_account_status *status)
{
    int64_t lag_s = clock_now_s() - status->last_round_s;

    return status->last_round_s == 0 ? -1 : lag_s > 0 ? lag_s : 0;
}

static int64_t round_ms(const struct engine_account_status *status)
{
    return status->last_round_ms;
}

static int64_t rounds(const struct engine_account_status *status)
{
    return (int64_t)status->rounds;
}

static int64_t rounds_failed(const struct engine_account_status *status)
{
    return (int64_t)status->rounds_failed;
}

static int64_t failures(const struct engine_account_status *status)
{
    return status->failures;
}

static int64_t open_operations(const struct engine_account_status *status)
{
    return status->open_operations;
}

static int64_t needs_sign_in(const struct engine_account_status *status)
{
    return status->needs_sign_in;
}

static int64_t throttled(const struct engine_account_status *status)
{
    return status->rest_s;
}

static int64_t upstream_requests(const struct engine_account_status *status)
{
    return (int64_t)status->requests;
}

static const struct account_metric {
    const char *name, *type, *help;
    int64_t (*value)(const struct engine_account_status *status);
} account_metrics[] = {
    { "account_up", "gauge", "1: the last round of the account ended well.", up },
    { "account_lag_seconds", "gauge", "Age of the last round that ended well; -1: none yet.", lag },
    { "account_round_milliseconds", "gauge", "How long the last round took.", round_ms },
    { "account_rounds_total", "counter", "Rounds that ended well.", rounds },
    { "account_rounds_failed_total", "counter", "Rounds that failed.", rounds_failed },
    { "account_failures", "gauge", "Rounds failed since the last one that did not.", failures },
    { "account_open_operations", "gauge", "Changes on their way to the service.", open_operations },
    { "account_needs_sign_in", "gauge", "1: the service refuses the account's token.",
        needs_sign_in },
    { "account_throttled_seconds", "gauge", "For so long the service wants to be left alone.",
        throttled },
    { "account_upstream_requests_total", "counter", "Requests sent to the service.",
        upstream_requests },
};

static void put_account(struct buf *out, const struct account_metric *metric,
    const struct user *user, const struct account *account)
{
    struct engine_account_status status;

    account_status(account, &status);
    buf_printf(out, "duedav_%s{user=\"", metric->name);
    put_value(out, user_name(user));
    buf_printf(out, "\",account=\"%" PRId64 "\",upstream=\"", status.id);
    put_value(out, status.upstream);
    buf_printf(out, "\"} %" PRId64 "\n", metric->value(&status));
}

static void put_accounts(struct engine *engine, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(account_metrics); i++) {
        const struct account_metric *metric = &account_metrics[i];
        struct user *user = NULL;

        head(out, metric->name, metric->type, metric->help);
        while ((user = engine_next_user(engine, user)) != NULL) {
            struct account *account = NULL;

            while ((account = user_next_account(user, account)) != NULL) {
                put_account(out, metric, user, account);
            }
        }
    }
}

void metrics_write(const struct metrics *metrics, struct engine *engine,
    const struct http_server_counts *http, struct buf *out)
{
    head(out, "build_info", "gauge", "Always 1.");
    buf_printf(out, "duedav_build_info{version=\"%s\"} 1\n", DUEDAV_VERSION);
    put_connections(http, out);
    put_requests(metrics, out);
    put_accounts(engine, out);
}
