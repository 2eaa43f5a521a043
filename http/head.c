#include "http/parser_internal.h"

#include "http/uri.h"

/** RFC 9110 5.6.2 */
static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alnum && str_find_char(S("!#$%&'*+-.^_`|~"), c) == SIZE_MAX) {
            return false;
        }
    }
    return s.n > 0;
}

static bool refuse(struct err *err, int status, const char *why)
{
    return err_set_code(err, ERR_INVALID, status, "%s", why);
}

static bool read_version(struct str text, struct http_head *head, struct err *err)
{
    if (text.n != 8 || !str_has_prefix(text, S("HTTP/")) || text.p[5] < '0' || text.p[5] > '9' ||
        text.p[6] != '.' || text.p[7] < '0' || text.p[7] > '9') {
        return refuse(err, 400, "malformed request line");
    }
    if (text.p[5] != '1') {
        return refuse(err, 505, "not HTTP/1");
    }
    head->minor_version = text.p[7] - '0';
    return true;
}

/** Takes "http://host" off an absolute-form target; no change to the other forms. */
static bool strip_origin(struct str *target, const struct http_head *head, struct err *err)
{
    struct str rest;

    if (str_has_prefix_nocase(*target, S("http://"))) {
        rest = str_skip(*target, 7);
    } else if (str_has_prefix_nocase(*target, S("https://"))) {
        rest = str_skip(*target, 8);
    } else {
        return true;
    }
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?') {
        end++;
    }
    struct str host;
    struct str port;
    if (!uri_split_authority(str_first(rest, end), &host, &port)) {
        return refuse(err, 400, "bad host in the request target");
    }
    *target = str_skip(rest, end);
    if (target->n == 0) { /* RFC 9112 3.2.4 */
        *target = head->method == HTTP_OPTIONS ? S("*") : S("/");
    }
    return true;
}

/**
 * Bytes beyond ASCII and the few visible characters that RFC 3986 wants escaped are let through:
 * clients send both in resource names, and only '#' and blanks could be misread.
 */
static bool read_target(struct http_head *head, struct err *err)
{
    struct str target = head->target;

    for (size_t i = 0; i < target.n; i++) {
        unsigned char c = (unsigned char)target.p[i];
        if (c <= 0x20 || c == 0x7f || c == '#') {
            return refuse(err, 400, "bad character in the request target");
        }
    }
    if (!strip_origin(&target, head, err)) {
        return false;
    }
    if (str_eq(target, S("*"))) {
        head->path = target;
        return head->method == HTTP_OPTIONS || refuse(err, 400, "'*' is a target of OPTIONS only");
    }
    size_t mark = str_find_char(target, '?');
    head->path = mark == SIZE_MAX ? target : str_first(target, mark);
    head->query = mark == SIZE_MAX ? (struct str){ 0 } : str_skip(target, mark + 1);
    if (head->path.n == 0 && target.n < head->target.n) {
        head->path = S("/"); /* http://host?query */
    }
    return str_has_prefix(head->path, S("/")) || refuse(err, 400, "bad request target");
}

bool http_head_read_request_line(struct str line, struct http_head *head, struct err *err)
{
    size_t space = str_find_char(line, ' ');
    struct str rest = space == SIZE_MAX ? (struct str){ 0 } : str_skip(line, space + 1);
    size_t second = str_find_char(rest, ' ');

    if (second == SIZE_MAX || !is_token(str_first(line, space))) {
        return refuse(err, 400, "malformed request line");
    }
    head->method_text = str_first(line, space);
    head->method = http_method_parse(head->method_text);
    head->target = str_first(rest, second);
    return read_version(str_skip(rest, second + 1), head, err) && read_target(head, err);
}

bool http_head_read_field(struct str line, struct http_header *field_out, struct err *err)
{
    size_t colon = str_find_char(line, ':');

    if (str_has_prefix(line, S(" ")) || str_has_prefix(line, S("\t"))) {
        return refuse(err, 400, "folded header line"); /* RFC 9112 5.2 */
    }
    if (colon == SIZE_MAX || !is_token(str_first(line, colon))) {
        return refuse(err, 400, "malformed header line");
    }
    *field_out =
        (struct http_header){ str_first(line, colon), str_trim(str_skip(line, colon + 1)) };
    return true;
}

/** How many fields of that name; *value_out is the first. */
static size_t count_fields(const struct http_head *head, struct str name, struct str *value_out)
{
    size_t count = 0;

    for (size_t i = 0; i < head->header_count; i++) {
        if (str_eq_nocase(head->headers[i].name, name) && count++ == 0) {
            *value_out = head->headers[i].value;
        }
    }
    return count;
}

/** RFC 9112 3.2 */
static bool check_host(const struct http_head *head, struct err *err)
{
    struct str value;
    struct str host;
    struct str port;
    size_t count = count_fields(head, S("Host"), &value);

    if (count == 0) {
        return head->minor_version == 0 || refuse(err, 400, "no Host header");
    }
    return (count == 1 && uri_split_authority(value, &host, &port)) ||
           refuse(err, 400, "bad Host header");
}

/** RFC 9112 6.1: chunked, alone, is all we decode. */
static bool read_transfer_encoding(struct http_head *head, struct err *err)
{
    bool is_unknown = false;

    for (size_t i = 0; i < head->header_count; i++) {
        if (!str_eq_nocase(head->headers[i].name, S("Transfer-Encoding"))) {
            continue;
        }
        struct str rest = head->headers[i].value;
        struct str coding;
        bool is_empty = !str_next(&rest, ',', &coding);
        for (bool more = !is_empty; more; more = str_next(&rest, ',', &coding)) {
            if (head->is_chunked || str_trim(coding).n == 0) {
                return refuse(err, 400, "chunked is not the last transfer coding");
            }
            head->is_chunked = str_eq_nocase(str_trim(coding), S("chunked"));
            is_unknown = is_unknown || !head->is_chunked;
        }
        if (is_empty || head->minor_version == 0) {
            return refuse(err, 400, "bad Transfer-Encoding");
        }
    }
    return !is_unknown || refuse(err, 501, "unknown transfer coding");
}

static bool read_framing(
    struct http_head *head, const struct http_parser_limits *limits, struct err *err)
{
    struct str value;
    size_t lengths = count_fields(head, S("Content-Length"), &value);

    if (!read_transfer_encoding(head, err)) {
        return false;
    }
    if (lengths > 1 || (lengths > 0 && head->is_chunked)) {
        return refuse(err, 400, "conflicting message lengths");
    }
    if (lengths == 1 &&
        (str_has_prefix(value, S("-")) || !str_to_u64(value, &head->content_length))) {
        return refuse(err, 400, "bad Content-Length");
    }
    head->has_body = head->is_chunked || head->content_length > 0;
    return head->content_length <= limits->body || refuse(err, 413, "request body too large");
}

/** RFC 9110 10.1.1; HTTP/1.0 has no expectations. */
static bool read_expectation(struct http_head *head, struct err *err)
{
    struct str value;
    size_t count = head->minor_version > 0 ? count_fields(head, S("Expect"), &value) : 0;

    if (count > 1 || (count == 1 && !str_eq_nocase(value, S("100-continue")))) {
        return refuse(err, 417, "unknown expectation");
    }
    head->wants_continue = count == 1 && head->has_body;
    return true;
}

bool http_head_finish(
    struct http_head *head, const struct http_parser_limits *limits, struct err *err)
{
    bool says_close =
        http_header_has_token(head->headers, head->header_count, S("Connection"), S("close"));
    bool says_keep =
        http_header_has_token(head->headers, head->header_count, S("Connection"), S("keep-alive"));

    head->keep_alive = !says_close && (head->minor_version > 0 || says_keep);
    return check_host(head, err) && read_framing(head, limits, err) && read_expectation(head, err);
}
