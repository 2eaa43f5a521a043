#pragma once
/**
 * Bodies as evbuffers for layers that write them with http/xml.h and do not know libevent.
 */
#include "bridge/core/str.h"

struct evbuffer;

/** An empty one; given away to http_respond, or freed with http_body_free. */
struct evbuffer *http_body_new(void);
void http_body_free(struct evbuffer **body);
/** Bytes that wait in it. */
size_t http_body_length(const struct evbuffer *body);
/** Append a copy. */
void http_body_put(struct evbuffer *body, struct str bytes);
/** Append all of `from` to `to` without copying; `from` is empty then. */
void http_body_move(struct evbuffer *to, struct evbuffer *from);
