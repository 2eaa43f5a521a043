#pragma once
/**
 * One line of a request head, and the head as a whole: grammar without state. The parser collects
 * the lines. Failures carry the HTTP status in err->code.
 */
#include "bridge/core/err.h"
#include "http/parser.h"

/**
 * "METHOD target HTTP/1.x" without its CRLF. The views in *head point into line. On failure they
 * tell as much as was understood.
 */
bool http_head_read_request_line(struct str line, struct http_head *head, struct err *err);
/** "Name: value". Also used for trailers. */
bool http_head_read_field(struct str line, struct http_header *field_out, struct err *err);
/** All fields are there: check Host, work out framing, expectation and persistence. */
bool http_head_finish(
    struct http_head *head, const struct http_parser_limits *limits, struct err *err);
