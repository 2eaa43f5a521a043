#include "http/message.h"

#include "bridge/core/mem.h"

static const struct str method_names[HTTP_METHOD_COUNT] = {
    [HTTP_GET] = STR("GET"),
    [HTTP_HEAD] = STR("HEAD"),
    [HTTP_POST] = STR("POST"),
    [HTTP_PUT] = STR("PUT"),
    [HTTP_PATCH] = STR("PATCH"),
    [HTTP_DELETE] = STR("DELETE"),
    [HTTP_OPTIONS] = STR("OPTIONS"),
    [HTTP_PROPFIND] = STR("PROPFIND"),
    [HTTP_PROPPATCH] = STR("PROPPATCH"),
    [HTTP_MKCOL] = STR("MKCOL"),
    [HTTP_MKCALENDAR] = STR("MKCALENDAR"),
    [HTTP_COPY] = STR("COPY"),
    [HTTP_MOVE] = STR("MOVE"),
    [HTTP_LOCK] = STR("LOCK"),
    [HTTP_UNLOCK] = STR("UNLOCK"),
    [HTTP_REPORT] = STR("REPORT"),
    [HTTP_OTHER] = STR("OTHER"),
};

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    { 100, "Continue" },
    { 101, "Switching Protocols" },
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 206, "Partial Content" },
    { 207, "Multi-Status" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 421, "Misdirected Request" },
    { 422, "Unprocessable Content" },
    { 423, "Locked" },
    { 424, "Failed Dependency" },
    { 425, "Too Early" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
    { 507, "Insufficient Storage" },
};

enum http_method http_method_parse(struct str token)
{
    for (int i = 0; i < HTTP_OTHER; i++) {
        if (str_eq(token, method_names[i])) {
            return (enum http_method)i;
        }
    }
    return HTTP_OTHER;
}

const char *http_method_name(enum http_method method)
{
    return method_names[method].p;
}

const char *http_reason(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Unknown";
}

bool http_header_find(
    const struct http_header *headers, size_t count, struct str name, struct str *value_out)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq_nocase(headers[i].name, name)) {
            *value_out = headers[i].value;
            return true;
        }
    }
    return false;
}

bool http_header_has_token(
    const struct http_header *headers, size_t count, struct str name, struct str token)
{
    for (size_t i = 0; i < count; i++) {
        if (!str_eq_nocase(headers[i].name, name)) {
            continue;
        }
        struct str rest = headers[i].value;
        struct str item;
        while (str_next(&rest, ',', &item)) {
            if (str_eq_nocase(str_trim(item), token)) {
                return true;
            }
        }
    }
    return false;
}
