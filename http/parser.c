#include "http/parser.h"

#include "bridge/core/buf.h"
#include "bridge/core/mem.h"
#include "http/parser_internal.h"

#include <assert.h>
#include <string.h>

/** Size and extensions of one chunk; extensions of all chunks of a request. We use none. */
#define CHUNK_LINE_BYTES       256
#define CHUNK_EXTENSIONS_BYTES 4096
/** Headers that there is room for at first. */
#define FIRST_HEADERS 16

enum step {
    STEP_REQUEST_LINE,
    STEP_FIELDS,
    STEP_BODY,       /**< Content-Length bytes */
    STEP_CHUNK_LINE, /**< size and extensions */
    STEP_CHUNK_DATA,
    STEP_CHUNK_END, /**< the CRLF behind the data: an empty line */
    STEP_TRAILERS,
    STEP_DONE,
    STEP_FAILED,
};

struct http_parser {
    struct http_parser_limits limits;
    struct arena *arena;
    enum step step;
    struct http_head head;
    size_t header_room;
    size_t header_bytes; /**< of all header and trailer lines */
    size_t field_count;  /**< headers and trailers */
    bool has_blank_line; /**< one before the request line was ignored */
    uint64_t wanted;     /**< bytes of body or chunk still to come */
    uint64_t received;   /**< decoded body bytes, in chunks that were announced */
    size_t extension_bytes;
    struct buf line; /**< the part of a line that came in earlier calls */
    bool has_cr;     /**< the line's CR has been seen, its LF not */
    struct err err;  /**< in STEP_FAILED */
};

struct http_parser *http_parser_new(const struct http_parser_limits *limits)
{
    struct http_parser *parser = mem_alloc(sizeof(*parser));

    parser->limits = *limits;
    buf_init(&parser->line, SIZE_MAX); /* take_line has the limit of each kind of line */
    parser->step = STEP_DONE;
    return parser;
}

void http_parser_free(struct http_parser **parser)
{
    if (*parser != NULL) {
        buf_done(&(*parser)->line);
        mem_free(*parser);
        *parser = NULL;
    }
}

void http_parser_next(struct http_parser *parser, struct arena *arena)
{
    struct http_parser fresh = { .limits = parser->limits, .arena = arena, .line = parser->line };

    buf_clear(&fresh.line);
    *parser = fresh;
}

const struct http_head *http_parser_head(const struct http_parser *parser)
{
    return &parser->head;
}

bool http_parser_has_begun(const struct http_parser *parser)
{
    return parser->step != STEP_REQUEST_LINE || parser->line.n > 0;
}

static bool fail(struct http_parser *parser, int status, const char *why)
{
    return err_set_code(&parser->err, ERR_INVALID, status, "%s", why);
}

enum line_result {
    LINE_PARTIAL,
    LINE_WHOLE,
    LINE_BAD,
};

/**
 * Collect a line of at most `limit` bytes; more is answered with `status`. The line is valid until
 * the next call. Every byte is judged by what came before it alone, so that it makes no difference
 * in which pieces a request arrives.
 */
static enum line_result take_line(
    struct http_parser *parser, struct str *bytes, size_t limit, int status, struct str *line_out)
{
    size_t room = parser->line.n < limit ? limit - parser->line.n : 0;
    size_t text = 0; /* bytes of the line's text here */

    for (size_t i = 0; i < bytes->n; i++) {
        unsigned char c = (unsigned char)bytes->p[i];
        if (parser->has_cr) {
            if (c != '\n') {
                return fail(parser, 400, "CR without LF"), LINE_BAD;
            }
            parser->has_cr = false;
            *line_out = str_first(*bytes, text);
            if (parser->line.n > 0) {
                buf_put(&parser->line, *line_out);
                *line_out = buf_str(&parser->line);
                parser->line.n = 0; /* the view stays valid until the next buf_put */
            }
            *bytes = str_skip(*bytes, i + 1);
            return LINE_WHOLE;
        }
        if (c == '\r') {
            parser->has_cr = true;
            continue;
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return fail(parser, 400, "control character in a line"), LINE_BAD;
        }
        if (text++ == room) {
            return fail(parser, status, "line too long"), LINE_BAD;
        }
    }
    buf_put(&parser->line, str_first(*bytes, text));
    *bytes = str_skip(*bytes, bytes->n);
    return LINE_PARTIAL;
}

static bool read_request_line(struct http_parser *parser, struct str line)
{
    if (line.n == 0 && !parser->has_blank_line) {
        parser->has_blank_line = true; /* RFC 9112 2.2: old clients end a POST with one */
        return true;
    }
    parser->step = STEP_FIELDS;
    return http_head_read_request_line(
        arena_copy(parser->arena, line), &parser->head, &parser->err);
}

static void add_header(struct http_parser *parser, const struct http_header *header)
{
    struct http_head *head = &parser->head;

    if (head->header_count == parser->header_room) {
        size_t room = parser->header_room > 0 ? 2 * parser->header_room : FIRST_HEADERS;
        struct http_header *grown =
            arena_alloc_array(parser->arena, room, sizeof(struct http_header));
        for (size_t i = 0; i < head->header_count; i++) {
            grown[i] = head->headers[i];
        }
        head->headers = grown;
        parser->header_room = room;
    }
    head->headers[head->header_count++] = *header;
}

static bool end_head(struct http_parser *parser)
{
    const struct http_head *head = &parser->head;

    if (!http_head_finish(&parser->head, &parser->limits, &parser->err)) {
        return false;
    }
    parser->wanted = head->content_length;
    parser->step = !head->has_body ? STEP_DONE : head->is_chunked ? STEP_CHUNK_LINE : STEP_BODY;
    return true;
}

/** A header or trailer line, or the empty line behind them. */
static bool read_field(struct http_parser *parser, struct str line)
{
    bool is_trailer = parser->step == STEP_TRAILERS;
    struct http_header field;

    if (line.n == 0) {
        if (is_trailer) {
            parser->step = STEP_DONE;
            return true;
        }
        return end_head(parser);
    }
    parser->header_bytes += line.n + 2;
    if (++parser->field_count > parser->limits.header_count) {
        return fail(parser, 431, "too many header lines");
    }
    if (is_trailer) {
        return http_head_read_field(line, &field, &parser->err);
    }
    if (!http_head_read_field(arena_copy(parser->arena, line), &field, &parser->err)) {
        return false;
    }
    add_header(parser, &field);
    return true;
}

/** RFC 9112 7.1. Blanks before an extension are refused: nobody sends them, attackers do. */
static bool read_chunk_line(struct http_parser *parser, struct str line)
{
    uint64_t size = 0;
    size_t i = 0;

    for (; i < line.n && line.p[i] != ';'; i++) {
        char c = line.p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0 || i == 16) {
            return fail(parser, 400, "bad chunk size");
        }
        size = size << 4 | (uint64_t)digit;
    }
    parser->extension_bytes += line.n - i;
    if (i == 0 || parser->extension_bytes > CHUNK_EXTENSIONS_BYTES) {
        return fail(parser, 400, i == 0 ? "no chunk size" : "too many chunk extensions");
    }
    if (size > parser->limits.body - parser->received) {
        return fail(parser, 413, "request body too large");
    }
    parser->received += size;
    parser->wanted = size;
    parser->step = size > 0 ? STEP_CHUNK_DATA : STEP_TRAILERS;
    return true;
}

static bool step_by_line(struct http_parser *parser, struct str *bytes)
{
    size_t limit = CHUNK_LINE_BYTES;
    int status = 400;

    if (parser->step == STEP_REQUEST_LINE) {
        limit = parser->limits.request_line;
        status = 414;
    } else if (parser->step == STEP_FIELDS || parser->step == STEP_TRAILERS) {
        size_t used = parser->header_bytes;
        limit = used < parser->limits.headers ? parser->limits.headers - used : 0;
        status = 431;
    } else if (parser->step == STEP_CHUNK_END) {
        limit = 0;
    }
    struct str line;
    enum line_result result = take_line(parser, bytes, limit, status, &line);
    if (result != LINE_WHOLE) {
        return result == LINE_PARTIAL;
    }
    switch (parser->step) {
    case STEP_REQUEST_LINE:
        return read_request_line(parser, line);
    case STEP_CHUNK_LINE:
        return read_chunk_line(parser, line);
    case STEP_CHUNK_END: /* it is empty: the limit sees to that */
        parser->step = STEP_CHUNK_LINE;
        return true;
    default:
        return read_field(parser, line);
    }
}

static bool step_by_data(
    struct http_parser *parser, struct str *bytes, http_body_cb *body_cb, void *arg)
{
    struct str piece = parser->wanted < bytes->n ? str_first(*bytes, parser->wanted) : *bytes;

    *bytes = str_skip(*bytes, piece.n);
    parser->wanted -= piece.n;
    if (parser->wanted == 0) {
        parser->step = parser->step == STEP_BODY ? STEP_DONE : STEP_CHUNK_END;
    }
    return body_cb(piece, arg) || fail(parser, 503, "too much is buffered");
}

static enum http_parse_state state_of(const struct http_parser *parser)
{
    switch (parser->step) {
    case STEP_REQUEST_LINE:
    case STEP_FIELDS:
        return HTTP_PARSE_HEAD;
    case STEP_DONE:
        return HTTP_PARSE_DONE;
    case STEP_FAILED:
        return HTTP_PARSE_ERROR;
    default:
        return HTTP_PARSE_BODY;
    }
}

enum http_parse_state http_parser_feed(struct http_parser *parser, struct str bytes,
    http_body_cb *body_cb, void *arg, size_t *used_out, struct err *err)
{
    struct str rest = bytes;

    assert(parser->arena != NULL); /* http_parser_next comes first */
    while (rest.n > 0 && parser->step != STEP_DONE && parser->step != STEP_FAILED) {
        bool is_data = parser->step == STEP_BODY || parser->step == STEP_CHUNK_DATA;
        if (!(is_data ? step_by_data(parser, &rest, body_cb, arg) : step_by_line(parser, &rest))) {
            parser->step = STEP_FAILED;
        }
    }
    *used_out = bytes.n - rest.n;
    if (parser->step == STEP_FAILED) {
        *err = parser->err;
    }
    return state_of(parser);
}
