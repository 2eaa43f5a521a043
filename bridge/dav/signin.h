#pragma once
/**
 * Counts failed sign-ins per address over a window, so that guessing gets 429. Only requests with
 * wrong credentials count: Apple's clients send each request without any first. Right credentials
 * always pass, so one phone with an old password shuts out nobody behind the same address.
 */
#include "bridge/core/str.h"
#include "bridge/core/table.h"

struct signin {
    struct table peers; /**< address -> struct signin_peer */
    unsigned max_failures;
    int64_t window_ms;
    int64_t next_sweep_ms; /**< a full table is not searched for old entries before */
};

void signin_init(struct signin *signin, unsigned max_failures, int64_t window_ms);
void signin_done(struct signin *signin);
/**
 * One more failure from `peer` at now_ms (monotonic). Returns 0 if it may try again, else in how
 * many seconds.
 */
unsigned signin_count_failure(struct signin *signin, struct str peer, int64_t now_ms);
