#pragma once
/** Refusals of the Microsoft services (upstream.md A.14, F.6, G.1, G.2), for all dialects. */
#include "bridge/upstream/dialect.h"

/** Most specific code first; the inner ones of Graph nest. */
#define SERVICE_CODES 4

struct service_error {
    struct str codes[SERVICE_CODES]; /**< harmless to log; from the outside in */
    size_t count;
};

/** What the body says; nothing for HTML, an empty body, or anything else that is no error object.
 */
void service_error_read(struct str body, struct arena *arena, struct service_error *out);
/** Does any of the codes contain this, without regard to case? */
bool service_error_has(const struct service_error *error, struct str part);
/** Fill in reply->err, code and is_account_gone of an answer whose status is not 2xx. */
void service_error_map(const struct upstream_call *call, const struct upstream_answer *answer,
    const struct service_error *error, int64_t now_s, struct upstream_reply *reply);
