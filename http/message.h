#pragma once
/** What server and client share: methods, header lists, reason phrases. */
#include "bridge/core/str.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_PROPFIND,
    HTTP_PROPPATCH,
    HTTP_MKCOL,
    HTTP_MKCALENDAR,
    HTTP_COPY,
    HTTP_MOVE,
    HTTP_LOCK,
    HTTP_UNLOCK,
    HTTP_REPORT,
    HTTP_OTHER, /**< a valid token that is none of these */
    HTTP_METHOD_COUNT,
};

struct http_header {
    struct str name;
    struct str value; /**< without the blanks around it */
};

enum http_method http_method_parse(struct str token);
/** "PROPFIND"; "OTHER" for HTTP_OTHER. */
const char *http_method_name(enum http_method method);
/** "Multi-Status" for 207; "Unknown" for a status without a phrase. */
const char *http_reason(int status);
/** First header of that name (any case); false if absent. */
bool http_header_find(
    const struct http_header *headers, size_t count, struct str name, struct str *value_out);
/** Does a comma-separated list (over all headers of that name) hold the token (any case)? */
bool http_header_has_token(
    const struct http_header *headers, size_t count, struct str name, struct str token);
