#pragma once
/** A server on loopback under a held clock, with a handler that does what the path says. */
#include "bridge/core/buf.h"
#include "http/server.h"
#include "tests/unit/http/peer.h"

#define SERVER_HOST "Host: h\r\n"
#define END         "\r\n"
#define GET(path)   "GET " path " HTTP/1.1\r\n" SERVER_HOST END

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct http_server_limits limits;
    char address[128];
    struct buf log;            /**< "GET /path 200 BYTES;" for each done_cb */
    struct http_request *held; /**< the last request for /hold */
    struct peer probe;         /**< for fixture_settle */
    int64_t now_us;
    size_t produced; /**< bytes of /stream */
    size_t produce_total;
    bool may_produce; /**< /wait and /drip may come to their end */
    unsigned freed;   /**< streams */
    unsigned gone;
    unsigned heads; /**< calls of head_cb */
    bool is_stopped;
};

/** Default limits, to be changed before fixture_start. */
void fixture_init(struct fixture *fixture);
void fixture_start(struct fixture *fixture);
void fixture_done(struct fixture *fixture);
/** For cmocka: one with these limits (NULL: the defaults) in *state, started. */
int fixture_set_up_with(void **state, const struct http_server_limits *limits);
int fixture_set_up(void **state);
int fixture_tear_down(void **state);
/** When it returns the server has read what was sent to it before. */
void fixture_settle(struct fixture *fixture);
void fixture_advance(struct fixture *fixture, int64_t ms);
/** Run what is posted and ready. */
void fixture_turn(struct fixture *fixture);
void fixture_stop(struct fixture *fixture, int64_t grace_ms);
