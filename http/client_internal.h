#pragma once
/** What the client's three files share: curl on the loop, the lane, which decides when, and the
 * transfer. */
#include "bridge/core/buf.h"
#include "http/client.h"

struct curl_slist;
struct event;

struct http_client {
    struct loop *loop;
    void *multi;         /**< CURLM */
    struct event *timer; /**< curl's own; on the real clock, which a test can't hold */
    char *user_agent;
    int64_t connect_timeout_ms;
    size_t answer_bytes;
    size_t lane_count; /**< the client may be freed only when none is left */
};

/** Transfers that wait their turn. */
struct queue {
    struct http_transfer *first, *last;
};

struct http_lane {
    struct http_client *client;
    char *ca_file; /**< NULL: the system's alone */
    unsigned max_in_flight;
    unsigned in_flight;
    unsigned waiting_count;
    unsigned transfer_count; /**< also those whose callback is still to come */
    bool is_held;
    struct queue foreground, background;
};

enum transfer_state {
    TRANSFER_WAITING, /**< in a queue of its lane */
    TRANSFER_FLYING,  /**< in curl's hands */
    TRANSFER_OVER,    /**< its callback is posted */
};

struct http_transfer {
    struct http_lane *lane;
    enum transfer_state state;
    struct http_transfer *next, *previous; /**< in the queue */
    struct arena *arena;
    const char *method, *url;
    struct str body;
    bool has_body;
    bool is_background;
    bool wants_new_connection;
    struct curl_slist *header_lines;
    void *easy; /**< CURL; NULL while it waits */
    struct loop_timer deadline;
    size_t header_bytes;
    bool is_too_large;
    bool is_head_whole; /**< curl takes a connection closed among the headers for their end */
    bool was_begun;     /**< there was a connection, and curl was about to send */
    struct buf answer_body;
    struct http_answer answer;
    char error_text[256]; /**< CURL_ERROR_SIZE */
    http_answer_cb *cb;
    void *arg;
};

/** Put a waiting transfer at the end of its queue, and take it out of there. */
void lane_add(struct http_transfer *transfer);
void lane_remove(struct http_transfer *transfer);
/** Launch what may leave. arg: the lane. */
void lane_pump(void *arg);
/** Out of its queue and into curl's hands. No callback comes from here: curl asks for a timer
 * first. */
void transfer_launch(struct http_transfer *transfer);
/** curl is through with it; code: CURLcode. */
void transfer_take_result(struct http_transfer *transfer, int code);
