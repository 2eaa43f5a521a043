#include "tests/unit/http/reference_parser.h"

#include <http_parser.h>
#include <stdint.h>
#include <string.h>

struct run {
    struct reference_request *requests;
    size_t count, max;
};

static int append(char *to, size_t room, size_t *n, const char *at, size_t length)
{
    if (length > room - *n) {
        return 1;
    }
    memcpy(to + *n, at, length);
    *n += length;
    return 0;
}

static int on_begin(http_parser *parser)
{
    struct run *run = parser->data;

    if (run->count == run->max) {
        return 1;
    }
    run->requests[run->count] = (struct reference_request){ 0 };
    return 0;
}

static int on_url(http_parser *parser, const char *at, size_t length)
{
    struct run *run = parser->data;
    struct reference_request *request = &run->requests[run->count];

    return append(request->url, sizeof(request->url), &request->url_bytes, at, length);
}

static int on_body(http_parser *parser, const char *at, size_t length)
{
    struct run *run = parser->data;
    struct reference_request *request = &run->requests[run->count];

    return append(request->body, sizeof(request->body), &request->body_bytes, at, length);
}

static int on_headers(http_parser *parser)
{
    parser->upgrade = 0; /* we ignore Upgrade, as a server may (RFC 9110 7.8) */
    return 0;
}

static int on_complete(http_parser *parser)
{
    struct run *run = parser->data;

    run->requests[run->count].method = http_method_str((enum http_method)parser->method);
    run->requests[run->count].keep_alive = http_should_keep_alive(parser) != 0;
    run->count++;
    return 0;
}

size_t reference_parse(
    const char *input, size_t n, struct reference_request *requests, size_t max, bool *failed_out)
{
    const http_parser_settings settings = {
        .on_message_begin = on_begin,
        .on_url = on_url,
        .on_headers_complete = on_headers,
        .on_body = on_body,
        .on_message_complete = on_complete,
    };
    struct run run = { .requests = requests, .max = max };
    http_parser parser;

    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &run;
    size_t used = http_parser_execute(&parser, &settings, input, n);
    *failed_out = used != n || HTTP_PARSER_ERRNO(&parser) != HPE_OK;
    return run.count;
}
