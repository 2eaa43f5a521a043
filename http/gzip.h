#pragma once
/** Answers in gzip (RFC 1952), and whether a client takes them (RFC 9110 12.5.3). */
#include "http/message.h"

struct evbuffer;
struct http_gzip;

/** Do the Accept-Encoding headers name gzip (or '*'), and not with q=0? None: no. */
bool http_accepts_gzip(const struct http_header *headers, size_t count);

struct http_gzip *http_gzip_new(void);
void http_gzip_free(struct http_gzip **gzip);
/** Move all of `from`, compressed, to `out`. Some may stay inside until is_last. */
void http_gzip_add(
    struct http_gzip *gzip, struct evbuffer *from, bool is_last, struct evbuffer *out);
