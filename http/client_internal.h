#pragma once
/** What the client's two files share: the lane, which decides when, and the transfer. */
#include "bridge/core/buf.h"
#include "http/client.h"

struct curl_slist;

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
struct loop *client_loop(const struct http_client *client);
/** Keep count: the client may be freed only when no lane is left. */
void client_count_lane(struct http_client *client, bool is_new);
/** Out of its queue and into curl's hands. No callback comes from here: curl asks for a timer
 * first. */
void client_launch(struct http_transfer *transfer);
