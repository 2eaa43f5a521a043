#pragma once
/** A request to a Microsoft service in the making: what `build` of the dialects shares. */
#include "bridge/core/buf.h"
#include "bridge/upstream/dialect.h"

struct service_making {
    const struct upstream_call *call;
    struct arena *arena;
    struct upstream_request request;
    struct buf url;
};

/** With the headers that every request has: JSON wanted, times in the account zone. */
void service_making_init(struct service_making *making, const struct upstream_call *call,
    struct str base_url, struct arena *arena);
/** is_built: nothing failed so far. Ends the making either way. fails: ERR_LIMIT: the URL */
MUST_CHECK bool service_making_finish(
    struct service_making *making, bool is_built, struct upstream_request *out, struct err *err);
/** At most a handful. */
void service_add_header(struct service_making *making, struct str name, struct str value);
void service_set_json(struct service_making *making, struct str body);
/** {"Name":"..."}: of the folder that the call is about. */
struct str service_name_body(const struct service_making *making, const char *member);
