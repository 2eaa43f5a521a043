#include "bridge/upstream/upstream.h"

#include "bridge/core/log.h"
#include "bridge/core/mem.h"
#include "http/uri.h"

#include <assert.h>
#include <string.h>

#define IN_FLIGHT      4 /**< requests that a mailbox takes at a time (G.1) */
#define FIRST_REST_S   5 /**< after a 429 that does not say how long */
#define LONGEST_REST_S 120
#define MOST_ORIGINS   4

struct upstream {
    struct loop *loop;
    const struct dialect *dialect;
    struct http_lane *lane;
    struct arena *arena; /**< of the URL and the origins */
    struct str base_url;
    struct uri origins[MOST_ORIGINS]; /**< where links may lead and the token may go */
    size_t origin_count;
    struct secret token;
    unsigned token_number; /**< of the tokens that it has had */
    int64_t rest_until_ms; /**< nothing is sent before; on clock_mono_ms */
    unsigned last_rest_s;  /**< of the present streak of throttling */
    struct loop_timer rest_timer;
    struct upstream_op *ops;
    uint64_t request_count;
    bool refuses_ranges; /**< found out: not tried again in this run */
};

struct upstream_op {
    struct upstream *upstream;
    struct upstream_op *next, **link;
    struct arena *arena;
    struct upstream_call call; /**< strings copied; without what only build needs */
    struct upstream_request request;
    struct upstream_request plain; /**< without the range of a rule; no method: there is none */
    struct http_transfer *transfer;
    unsigned token_number; /**< of the one that was sent */
    int64_t due_ms;        /**< deadline, on clock_mono_ms */
    bool is_background;
    bool is_repeated;
    struct upstream_reply reply; /**< of an op that ends without a request */
    upstream_cb *cb;
    void *arg;
};

/* ---- origins ---- */

static bool is_loopback(struct str host)
{
    if (!str_has_prefix(host, S("127."))) {
        return str_eq(host, S("localhost")) || str_eq(host, S("::1"));
    }
    for (size_t i = 0; i < host.n; i++) {
        if ((host.p[i] < '0' || host.p[i] > '9') && host.p[i] != '.') {
            return false; /* 127.example.org */
        }
    }
    return true;
}

static bool is_allowed(const struct upstream *upstream, struct str url, struct arena *arena)
{
    struct uri uri;
    struct err ignored;

    if (!uri_parse(url, arena, &uri, &ignored)) {
        return false;
    }
    for (size_t i = 0; i < upstream->origin_count; i++) {
        if (uri_is_same_origin(&uri, &upstream->origins[i])) {
            return true;
        }
    }
    return false;
}

/* The configured origin, and the service's other names if it is one of them. */
static bool set_origins(struct upstream *upstream, struct err *err)
{
    const struct dialect *dialect = upstream->dialect;
    struct uri uri;
    bool is_known = false;

    if (!uri_parse(upstream->base_url, upstream->arena, &upstream->origins[0], err)) {
        return err_wrap(err, "upstream URL");
    }
    if (str_eq(upstream->origins[0].scheme, S("http")) && !is_loopback(upstream->origins[0].host)) {
        return err_set(err, ERR_INVALID, "upstream URL: a token goes over https only");
    }
    if (upstream->origins[0].has_query) {
        return err_set(err, ERR_INVALID, "upstream URL: has a query");
    }
    upstream->origin_count = 1;
    for (size_t i = 0; i < dialect->host_count; i++) {
        if (!uri_parse(dialect->hosts[i], upstream->arena, &uri, err)) {
            return false;
        }
        is_known = is_known || uri_is_same_origin(&uri, &upstream->origins[0]);
    }
    for (size_t i = 0; is_known && i < dialect->host_count; i++) {
        assert(upstream->origin_count < MOST_ORIGINS);
        if (!uri_parse(dialect->hosts[i], upstream->arena,
                &upstream->origins[upstream->origin_count++], err)) {
            return false;
        }
    }
    return true;
}

/* ---- resting ---- */

unsigned upstream_rest_s(const struct upstream *upstream)
{
    int64_t rest_ms = upstream->rest_until_ms - clock_mono_ms();

    return rest_ms > 0 ? (unsigned)((rest_ms + 999) / 1000) : 0;
}

static void end_rest(void *arg)
{
    struct upstream *upstream = (struct upstream *)arg;

    http_lane_hold(upstream->lane, false);
}

static void reply_later(struct upstream_op *op);

static void fail_resting(struct upstream_op *op)
{
    err_set_code(&op->reply.err, ERR_BUSY, 429, "throttled");
    op->reply.err.retry_after_s = upstream_rest_s(op->upstream);
    reply_later(op);
}

/* What waits in the foreground has a client that waits too: it hears at once. */
static void rest(struct upstream *upstream, unsigned seconds)
{
    int64_t until_ms = clock_mono_ms() + (int64_t)seconds * 1000;

    if (until_ms <= upstream->rest_until_ms) {
        return;
    }
    upstream->rest_until_ms = until_ms;
    http_lane_hold(upstream->lane, true);
    loop_timer_start(&upstream->rest_timer, until_ms - clock_mono_ms());
    log_warn("upstream.throttled", LOG_TEXT("dialect", upstream->dialect->name),
        LOG_INT("retry_after_s", seconds));
    for (struct upstream_op *op = upstream->ops; op != NULL; op = op->next) {
        if (!op->is_background && op->transfer != NULL && http_transfer_is_waiting(op->transfer)) {
            http_transfer_abort(&op->transfer);
            fail_resting(op);
        }
    }
}

/* 429 without a time: 5 s, doubled each time, with jitter (G.1). */
static unsigned guess_rest(struct upstream *upstream)
{
    unsigned seconds = upstream->last_rest_s == 0 ? FIRST_REST_S : upstream->last_rest_s * 2;

    seconds = seconds < LONGEST_REST_S ? seconds : LONGEST_REST_S;
    upstream->last_rest_s = seconds;
    return seconds + secret_jitter_below(seconds / 2 + 1);
}

static void watch_throttling(
    struct upstream *upstream, const struct http_answer *answer, struct upstream_reply *reply)
{
    bool says_when = reply->err.kind == ERR_BUSY && reply->err.retry_after_s > 0;

    if (answer->status == 429) {
        rest(upstream, says_when ? reply->err.retry_after_s : guess_rest(upstream));
        reply->err.retry_after_s = upstream_rest_s(upstream);
    } else if (answer->status == 503 && says_when) {
        rest(upstream, reply->err.retry_after_s);
    } else if (answer->status < 500) {
        upstream->last_rest_s = 0;
    }
}

/* ---- the life of an op ---- */

static void unlink_op(struct upstream_op *op)
{
    if (op->link != NULL) {
        *op->link = op->next;
        if (op->next != NULL) {
            op->next->link = op->link;
        }
        op->link = NULL;
    }
}

static void free_op(struct upstream_op *op)
{
    arena_free(&op->arena);
    mem_free(op);
}

/* The last step. The callback may do anything, also free the upstream. */
static void finish(struct upstream_op *op, struct upstream_reply *reply)
{
    const struct dialect *dialect = op->upstream->dialect;

    unlink_op(op);
    op->cb(reply, op->arg);
    dialect->page_free(&reply->page);
    free_op(op);
}

static void deliver_reply(void *arg)
{
    struct upstream_op *op = (struct upstream_op *)arg;

    finish(op, &op->reply);
}

static void reply_later(struct upstream_op *op)
{
    loop_post(op->upstream->loop, deliver_reply, op);
}

static bool is_get(const struct upstream_op *op)
{
    return str_eq(op->request.method, S("GET"));
}

static bool changes_something(const struct upstream_op *op)
{
    return !is_get(op) && !op->request.is_part;
}

/* Done twice it is as done once, so nobody has to know whether a failure did it. */
static bool is_repeatable(const struct upstream_op *op)
{
    return str_eq(op->request.method, S("PATCH")) || str_eq(op->request.method, S("DELETE"));
}

/*
 * A link is checked when it comes, so that a foreign one is never stored, and again before each
 * request. What stands behind a '#' is a note of the dialect's to itself.
 */
static void check_link(struct upstream_op *op, struct upstream_reply *reply)
{
    struct str url = str_first(reply->link, str_find_char(reply->link, '#'));
    bool is_note = url.n == 0 && op->call.kind == UPSTREAM_LIST_ATTACHMENTS; /* never stored */

    if (reply->link.n > 0 && !is_note && !is_allowed(op->upstream, url, op->arena)) {
        err_set(&reply->err, ERR_UPSTREAM, "a link to another host");
        reply->link = (struct str){ 0 };
        reply->link_kind = UPSTREAM_LINK_NONE;
        op->upstream->dialect->page_free(&reply->page);
    }
}

/*
 * A whole answer. A success that can't be read may still have been done, and so may a POST or PUT
 * whose gateway gave up or that failed half-way.
 */
static void read_answer(
    struct upstream_op *op, const struct http_answer *answer, struct upstream_reply *reply)
{
    struct upstream_answer parts = {
        .status = answer->status,
        .headers = answer->headers,
        .header_count = answer->header_count,
        .body = answer->body,
    };
    bool is_success = answer->status >= 200 && answer->status < 300;
    bool is_half_done = answer->status == 500 || answer->status == 502 || answer->status == 504;

    op->upstream->dialect->parse(&op->call, &parts, clock_now_s(), op->arena, reply);
    check_link(op, reply);
    reply->is_unclear = changes_something(op) && ((is_success && reply->err.kind != ERR_NONE) ||
                                                     (is_half_done && !is_repeatable(op)));
    watch_throttling(op->upstream, answer, reply);
}

static void send_request(struct upstream_op *op);

/* The rule as it will be taken; whoever asked sees an answer without a range. */
static void send_plain(struct upstream_op *op)
{
    op->upstream->refuses_ranges = true;
    op->call.has_no_range = true;
    op->request = op->plain;
    send_request(op);
}

static void dispatch(struct upstream_op *op);
static bool build(struct upstream_op *op, const struct upstream_call *call, struct err *err);

/* The next piece of what goes up in several requests. */
static void send_piece(struct upstream_op *op, const struct upstream_reply *reply)
{
    op->call.session = reply->session;
    op->call.sent = reply->sent;
    if (build(op, &op->call, &op->reply.err)) {
        dispatch(op);
    } else {
        reply_later(op);
    }
}

static void on_answer(const struct http_answer *answer, void *arg)
{
    struct upstream_op *op = (struct upstream_op *)arg;
    struct upstream_reply reply = { .asked_ms = answer->sent_ms };
    bool was_sent = answer->reach != HTTP_NOT_SENT;

    op->transfer = NULL;
    op->upstream->request_count += was_sent ? 1 : 0;
    if (answer->reach == HTTP_ANSWERED && answer->status == 401 &&
        op->token_number != op->upstream->token_number) {
        dispatch(op); /* a token that is no longer ours was refused: nothing was done */
        return;
    }
    if (answer->reach == HTTP_ANSWERED) {
        read_answer(op, answer, &reply);
        if (reply.is_range_refused && op->plain.method.n > 0) {
            send_plain(op);
            return;
        }
        if (reply.err.kind == ERR_NONE && reply.session.n > 0) {
            send_piece(op, &reply);
            return;
        }
    } else if (was_sent && is_get(op) && !op->is_repeated && !answer->is_late &&
               answer->err.kind == ERR_BUSY) {
        op->is_repeated = true;
        send_request(op);
        return;
    } else {
        reply.err = answer->err;
        reply.err.retry_after_s = upstream_rest_s(op->upstream);
        reply.is_unclear = was_sent && changes_something(op);
    }
    log_debug("upstream.answer", LOG_TEXT("method", op->request.method.p),
        LOG_INT("status", answer->status), LOG_INT("bytes", answer->body.n),
        LOG_INT("ms", clock_mono_ms() - answer->sent_ms));
    finish(op, &reply);
}

static void send_request(struct upstream_op *op)
{
    struct upstream *upstream = op->upstream;
    struct http_call call = {
        .method = op->request.method,
        .url = op->request.url,
        .headers = op->request.headers,
        .header_count = op->request.header_count,
        .bearer = { upstream->token.p, upstream->token.n },
        .body = op->request.body,
        .has_body = op->request.has_body,
        .is_background = op->is_background,
        .wants_new_connection = op->is_repeated,
        .deadline_ms = op->due_ms - clock_mono_ms(),
    };

    op->token_number = upstream->token_number;
    op->transfer = http_lane_start(upstream->lane, &call, on_answer, op);
}

static void copy_call(struct upstream_op *op, const struct upstream_call *call)
{
    struct arena *arena = op->arena;

    op->call = *call;
    op->call.task = NULL;
    op->call.kept = op->call.kept_below = (struct str){ 0 };
    op->call.attachment_id = arena_copy(arena, call->attachment_id);
    op->call.folder_id = arena_copy(arena, call->folder_id);
    op->call.task_id = arena_copy(arena, call->task_id);
    op->call.link = arena_copy(arena, call->link);
    op->call.etag = arena_copy(arena, call->etag);
    op->call.parent_id = arena_copy(arena, call->parent_id);
    op->call.marker = arena_copy(arena, call->marker);
    op->call.name = arena_copy(arena, call->name);
}

/* The request, and the one that is sent if its rule is refused for the range. */
static bool build(struct upstream_op *op, const struct upstream_call *call, struct err *err)
{
    const struct upstream *upstream = op->upstream;
    const struct dialect *dialect = upstream->dialect;
    bool has_rule = call->task != NULL && (call->fields & TASK_FIELD(TASK_RECURRENCE)) &&
                    call->task->recurrence.is_set && dialect->refuses_ranges;
    struct upstream_call plain = *call;

    plain.has_no_range = true;
    if (has_rule && upstream->refuses_ranges) {
        op->call.has_no_range = true;
        call = &plain;
    } else if (has_rule &&
               !dialect->build(&plain, upstream->base_url, op->arena, &op->plain, err)) {
        return false;
    }
    return dialect->build(call, upstream->base_url, op->arena, &op->request, err);
}

static void dispatch(struct upstream_op *op)
{
    struct upstream *upstream = op->upstream;

    if (!is_allowed(upstream, op->request.url, op->arena)) {
        err_set(&op->reply.err, ERR_UPSTREAM, "a link to another host");
        reply_later(op);
    } else if (!op->is_background && upstream_rest_s(upstream) > 0) {
        fail_resting(op);
    } else {
        send_request(op);
    }
}

struct upstream_op *upstream_start(struct upstream *upstream, const struct upstream_call *call,
    bool is_background, int64_t deadline_ms, upstream_cb *cb, void *arg)
{
    struct upstream_op *op = (struct upstream_op *)mem_alloc(sizeof(*op));

    op->upstream = upstream;
    op->arena = arena_new();
    op->is_background = is_background;
    op->due_ms = clock_mono_ms() + deadline_ms;
    op->cb = cb;
    op->arg = arg;
    op->next = upstream->ops;
    op->link = &upstream->ops;
    if (op->next != NULL) {
        op->next->link = &op->next;
    }
    upstream->ops = op;
    copy_call(op, call);
    if (build(op, call, &op->reply.err)) {
        dispatch(op);
    } else {
        reply_later(op);
    }
    return op;
}

void upstream_abort(struct upstream_op **op_in)
{
    struct upstream_op *op = TAKE(*op_in);

    if (op == NULL) {
        return;
    }
    http_transfer_abort(&op->transfer);
    loop_unpost(op->upstream->loop, op);
    unlink_op(op);
    free_op(op);
}

/* ---- the upstream itself ---- */

bool upstream_new(struct loop *loop, struct http_client *client,
    const struct upstream_options *options, struct upstream **out, struct err *err)
{
    struct upstream *upstream = (struct upstream *)mem_alloc(sizeof(*upstream));
    struct str url = options->url.n > 0 ? options->url : options->dialect->default_url;

    upstream->loop = loop;
    upstream->dialect = options->dialect;
    upstream->arena = arena_new();
    upstream->base_url = arena_printf(
        upstream->arena, "%.*s%s", STR_ARG(url), str_has_suffix(url, S("/")) ? "" : "/");
    if (!set_origins(upstream, err)) {
        arena_free(&upstream->arena);
        mem_free(upstream);
        return false;
    }
    upstream->lane = http_lane_new(client, IN_FLIGHT, options->ca_file);
    loop_timer_init(&upstream->rest_timer, loop, end_rest, upstream);
    *out = upstream;
    return true;
}

void upstream_free(struct upstream **upstream_in)
{
    struct upstream *upstream = TAKE(*upstream_in);

    if (upstream == NULL) {
        return;
    }
    while (upstream->ops != NULL) {
        struct upstream_op *op = upstream->ops;

        upstream_abort(&op);
    }
    loop_timer_stop(&upstream->rest_timer);
    http_lane_free(&upstream->lane);
    secret_done(&upstream->token);
    arena_free(&upstream->arena);
    mem_free(upstream);
}

void upstream_set_token(struct upstream *upstream, struct str token)
{
    secret_set(&upstream->token, token);
    upstream->token_number++;
}

const struct dialect *upstream_dialect(const struct upstream *upstream)
{
    return upstream->dialect;
}

uint64_t upstream_request_count(const struct upstream *upstream)
{
    return upstream->request_count;
}
