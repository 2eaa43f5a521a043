#pragma once
/**
 * GET /metrics: how the server is doing, in the text format of Prometheus (version 0.0.4). What is
 * told are numbers, names of users and services, and ids of accounts; never a task, a list's name
 * or a token.
 */
#include "bridge/core/buf.h"
#include "bridge/sync/engine.h"
#include "http/server.h"

enum {
    METRICS_STATUSES = 600,
};

/** Answers given, by method and status; status 0: none (cut, or the client went). */
struct metrics {
    uint64_t requests[HTTP_METHOD_COUNT][METRICS_STATUSES];
};

void metrics_count(struct metrics *metrics, enum http_method method, int status);
void metrics_write(const struct metrics *metrics, struct engine *engine,
    const struct http_server_counts *http, struct buf *out);
