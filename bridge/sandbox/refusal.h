#pragma once
/**
 * Why the service refuses a request: HTTP status, error code and text of its JSON error body
 * (upstream.md A.14). Everything global in this folder begins with sbx_, because static libraries
 * share one name space and the sandbox shares nothing else with the bridge.
 */
#include "bridge/core/err.h"

struct sbx_refusal {
    int status;       /**< 0: none */
    const char *code; /**< a literal */
    char text[256];
};

/** Fill in a refusal. Returns false, so that it can be returned. */
bool sbx_refuse(struct sbx_refusal *refusal, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
