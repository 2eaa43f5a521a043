#pragma once
/** The other end of a connection, in the server's own loop: raw bytes, no sleeping. */
#include "bridge/core/buf.h"
#include "bridge/core/loop.h"

struct peer {
    struct loop *loop;
    struct loop_watch *watch;
    int fd;
    struct buf in; /**< what came and was not consumed yet */
    uint64_t total;
    bool is_eof;
    bool is_reset;
    bool is_waiting; /**< for `wanted`, or the end if that is NULL */
    const char *wanted;
};

/** Connect to an address as http_server_listen gives it. */
void peer_open(struct peer *peer, struct loop *loop, const char *address);
void peer_close(struct peer *peer);
/** Close so that the other end gets a reset. */
void peer_reset(struct peer *peer);
void peer_send(struct peer *peer, const char *text);
/** What the kernel takes at once. */
size_t peer_send_some(struct peer *peer, const char *p, size_t n);
/** From now on nothing is read, until peer_read_on. */
void peer_stop_reading(struct peer *peer);
void peer_read_on(struct peer *peer);
/** Run the loop until the text is there, or the end (false). */
bool peer_gets(struct peer *peer, const char *text);
/** The end fails the test. */
void peer_wait_for(struct peer *peer, const char *text);
void peer_wait_for_end(struct peer *peer);
/** Has the text come by now? */
bool peer_has(const struct peer *peer, const char *text);
void peer_forget(struct peer *peer);
