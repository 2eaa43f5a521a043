/* One request on its way through libcurl: what it becomes there, and what comes back of it. */
#include "bridge/core/mem.h"
#include "http/client_internal.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES  65536 /**< of one answer, all lines together */
#define RECEIVE_BYTES 65536

static_assert(sizeof(((struct http_transfer *)NULL)->error_text) == CURL_ERROR_SIZE,
    "curl writes up to that much");

/* ---- curl's callbacks: they only take notes ---- */

static size_t on_header(char *bytes, size_t size, size_t count, void *arg)
{
    struct http_transfer *transfer = arg;
    size_t n = size * count;
    struct str line = { bytes, n };

    transfer->header_bytes += n;
    transfer->is_head_whole = str_eq(line, S("\r\n")) || str_eq(line, S("\n")) ||
                              (transfer->is_head_whole && !str_has_prefix(line, S("HTTP/")));
    if (transfer->header_bytes > HEADER_BYTES) {
        transfer->is_too_large = true;
        return 0;
    }
    return n;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct http_transfer *transfer = arg;
    size_t n = size * count;

    buf_put(&transfer->answer_body, (struct str){ bytes, n });
    if (transfer->answer_body.is_full) {
        transfer->is_too_large = true;
        return n > 0 ? 0 : 1;
    }
    return n;
}

/* Before curl begins, all it has sent is for TLS or to a proxy. */
static bool was_written(const struct http_transfer *transfer)
{
    long bytes = 0;

    if (!transfer->was_begun) {
        return false;
    }
    return curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &bytes) != CURLE_OK ||
           bytes > 0;
}

/*
 * curl by itself sends a request a second time when a reused connection turns out to be dead,
 * whatever the method. A POST may have been done by then, so what was written once is never
 * written again.
 */
static int on_begin(void *arg, char *to, char *from, int to_port, int from_port)
{
    struct http_transfer *transfer = arg;
    bool is_repetition = was_written(transfer);

    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    transfer->was_begun = true;
    return is_repetition ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* ---- the end of a transfer ---- */

static void free_transfer(struct http_transfer *transfer)
{
    for (struct curl_slist *line = transfer->header_lines; line != NULL; line = line->next) {
        explicit_bzero(line->data, strlen(line->data)); /* the token is in one of them */
    }
    curl_slist_free_all(transfer->header_lines);
    loop_timer_stop(&transfer->deadline);
    if (transfer->easy != NULL) {
        curl_easy_cleanup(transfer->easy);
    }
    buf_done(&transfer->answer_body);
    arena_free(&transfer->arena);
    mem_free(transfer);
}

static void deliver(void *arg)
{
    struct http_transfer *transfer = arg;

    transfer->lane->transfer_count--; /* before, because the callback may free the lane */
    transfer->cb(&transfer->answer, transfer->arg);
    free_transfer(transfer);
}

/* Out of the queue or out of curl's hands. */
static void detach(struct http_transfer *transfer)
{
    if (transfer->state == TRANSFER_WAITING) {
        lane_remove(transfer);
    } else if (transfer->state == TRANSFER_FLYING) {
        curl_multi_remove_handle(transfer->lane->client->multi, transfer->easy);
        transfer->lane->in_flight--;
    }
    transfer->state = TRANSFER_OVER;
}

/*
 * answer.err and answer.reach are filled in; the callback comes in a later turn. The next one
 * leaves the lane behind it only: the answer may be a reason to hold the lane.
 */
static void finish(struct http_transfer *transfer)
{
    struct loop *loop = transfer->lane->client->loop;

    loop_timer_stop(&transfer->deadline);
    detach(transfer);
    loop_post(loop, deliver, transfer);
    loop_post(loop, lane_pump, transfer->lane);
}

static void on_deadline(void *arg)
{
    struct http_transfer *transfer = arg;
    bool is_sent = transfer->state == TRANSFER_FLYING && was_written(transfer);

    transfer->answer.reach = is_sent ? HTTP_MAYBE_SENT : HTTP_NOT_SENT;
    transfer->answer.is_late = true;
    err_set_code(&transfer->answer.err, ERR_BUSY, CURLE_OPERATION_TIMEDOUT, "%s",
        transfer->state == TRANSFER_FLYING ? "no answer in time" : "no turn in time");
    finish(transfer);
}

static void take_headers(struct http_transfer *transfer)
{
    struct curl_header *header = NULL;
    size_t count = 0;

    while ((header = curl_easy_nextheader(transfer->easy, CURLH_HEADER, -1, header)) != NULL) {
        count++;
    }
    struct http_header *headers =
        (struct http_header *)arena_alloc_array(transfer->arena, count, sizeof(*headers));

    for (size_t i = 0; i < count; i++) {
        header = curl_easy_nextheader(transfer->easy, CURLH_HEADER, -1, header);
        headers[i].name = arena_copy(transfer->arena, str_from(header->name));
        headers[i].value = arena_copy(transfer->arena, str_trim(str_from(header->value)));
    }
    transfer->answer.headers = headers;
    transfer->answer.header_count = count;
}

static void take_failure(struct http_transfer *transfer, CURLcode code)
{
    const char *text =
        transfer->error_text[0] != '\0' ? transfer->error_text : curl_easy_strerror(code);
    struct err *err = &transfer->answer.err;

    transfer->answer.reach = was_written(transfer) ? HTTP_MAYBE_SENT : HTTP_NOT_SENT;
    if (transfer->is_too_large || code == CURLE_FILESIZE_EXCEEDED) {
        err_set_code(err, ERR_UPSTREAM, code, "answer too large");
    } else if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL ||
               code == CURLE_BAD_CONTENT_ENCODING || code == CURLE_URL_MALFORMAT) {
        err_set_code(err, ERR_UPSTREAM, code, "%s", text);
    } else if (code == CURLE_ABORTED_BY_CALLBACK) {
        err_set_code(err, ERR_BUSY, CURLE_RECV_ERROR, "connection lost");
    } else {
        err_set_code(err, ERR_BUSY, code, "%s", text);
    }
}

void transfer_take_result(struct http_transfer *transfer, int result)
{
    CURLcode code = (CURLcode)result;
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && !transfer->is_head_whole) {
        code = CURLE_PARTIAL_FILE;
    }
    if (code != CURLE_OK) {
        take_failure(transfer, code);
    } else if (status < 200 || status > 599) {
        take_failure(transfer, CURLE_WEIRD_SERVER_REPLY);
    } else {
        take_headers(transfer);
        transfer->answer.reach = HTTP_ANSWERED;
        transfer->answer.status = (int)status;
        transfer->answer.body = buf_str(&transfer->answer_body);
    }
    finish(transfer);
}

/* ---- sending ---- */

static void set_body(struct http_transfer *transfer)
{
    CURL *easy = transfer->easy;

    if (transfer->has_body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body.p);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body.n);
    } else if (strcmp(transfer->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, transfer->method);
}

static void set_options(struct http_transfer *transfer)
{
    const struct http_lane *lane = transfer->lane;
    const struct http_client *client = lane->client;
    CURL *easy = transfer->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* links are opaque */
    curl_easy_setopt(easy, CURLOPT_URL, transfer->url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, transfer->wants_new_connection ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)client->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, client->user_agent);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->header_lines);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)client->answer_bytes);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_begin);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error_text);
    if (lane->ca_file != NULL) {
        /* takes the place of the system's bundle; the system's directory of anchors stays */
        curl_easy_setopt(easy, CURLOPT_CAINFO, lane->ca_file);
    }
    set_body(transfer);
}

void transfer_launch(struct http_transfer *transfer)
{
    struct http_lane *lane = transfer->lane;

    lane_remove(transfer);
    transfer->state = TRANSFER_FLYING;
    lane->in_flight++;
    transfer->answer.sent_ms = clock_mono_ms();
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL) {
        abort(); /* out of memory */
    }
    set_options(transfer);
    if (curl_multi_add_handle(lane->client->multi, transfer->easy) != CURLM_OK) {
        err_set(&transfer->answer.err, ERR_INTERNAL, "libcurl does not take the request");
        finish(transfer);
    }
}

/* ---- starting ---- */

static bool is_clean(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static void add_line(struct http_transfer *transfer, const char *line)
{
    struct curl_slist *lines = curl_slist_append(transfer->header_lines, line);

    if (lines == NULL) {
        abort(); /* out of memory */
    }
    transfer->header_lines = lines;
}

static void add_header(struct http_transfer *transfer, struct str name, struct str value)
{
    CLEANUP(buf_done) struct buf line;

    buf_init(&line, HEADER_BYTES);
    buf_put(&line, name);
    buf_put_text(&line, value.n > 0 ? ": " : ";"); /* curl's spelling of an empty value */
    buf_put(&line, value);
    add_line(transfer, buf_str(&line).p);
    explicit_bzero(line.p, line.n);
}

/* False if something in the call would break out of its place in the request. */
static bool copy_call(struct http_transfer *transfer, const struct http_call *call)
{
    bool is_sound = is_clean(call->method) && call->method.n > 0 && is_clean(call->url) &&
                    is_clean(call->bearer);
    bool has_type = false;

    transfer->method = arena_copy(transfer->arena, call->method).p;
    transfer->url = arena_copy(transfer->arena, call->url).p;
    transfer->body = arena_copy(transfer->arena, call->body);
    transfer->has_body = call->has_body;
    transfer->is_background = call->is_background;
    transfer->wants_new_connection = call->wants_new_connection;
    for (size_t i = 0; i < call->header_count; i++) {
        const struct http_header *header = &call->headers[i];

        is_sound =
            is_sound && is_clean(header->name) && is_clean(header->value) && header->name.n > 0;
        has_type = has_type || str_eq_nocase(header->name, S("Content-Type"));
        add_header(transfer, header->name, header->value);
    }
    if (call->bearer.n > 0) {
        CLEANUP(buf_done) struct buf value;

        buf_init(&value, HEADER_BYTES);
        buf_put_text(&value, "Bearer ");
        buf_put(&value, call->bearer);
        add_header(transfer, S("Authorization"), buf_str(&value));
        is_sound = is_sound && !value.is_full;
        explicit_bzero(value.p, value.n);
    }
    add_line(transfer, "Expect:"); /* no 100-continue round trip */
    if (!has_type) {
        add_line(transfer, "Content-Type:"); /* nor the type of a form */
    }
    return is_sound;
}

struct http_transfer *http_lane_start(
    struct http_lane *lane, const struct http_call *call, http_answer_cb *cb, void *arg)
{
    struct http_transfer *transfer = mem_alloc(sizeof(*transfer));

    transfer->lane = lane;
    transfer->arena = arena_new();
    transfer->cb = cb;
    transfer->arg = arg;
    transfer->answer.reach = HTTP_NOT_SENT;
    buf_init(&transfer->answer_body, lane->client->answer_bytes);
    loop_timer_init(&transfer->deadline, lane->client->loop, on_deadline, transfer);
    lane->transfer_count++;
    transfer->state = TRANSFER_OVER;
    if (!copy_call(transfer, call)) {
        err_set(&transfer->answer.err, ERR_INVALID, "control byte in a request");
        finish(transfer);
        return transfer;
    }
    transfer->state = TRANSFER_WAITING;
    lane_add(transfer);
    loop_timer_start(&transfer->deadline, call->deadline_ms);
    lane_pump(lane);
    return transfer;
}

bool http_transfer_is_waiting(const struct http_transfer *transfer)
{
    return transfer->state == TRANSFER_WAITING;
}

void http_transfer_abort(struct http_transfer **transfer_in)
{
    struct http_transfer *transfer = TAKE(*transfer_in);

    if (transfer == NULL) {
        return;
    }
    struct http_lane *lane = transfer->lane;

    if (transfer->state == TRANSFER_OVER) {
        loop_unpost(lane->client->loop, transfer);
    }
    detach(transfer);
    lane->transfer_count--;
    free_transfer(transfer);
    lane_pump(lane);
}
