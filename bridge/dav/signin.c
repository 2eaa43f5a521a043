#include "bridge/dav/signin.h"

#include "bridge/core/mem.h"

/** Addresses remembered at once; when there are more, what has expired is forgotten. */
#define MAX_PEERS 10000
#define SWEEP_MS  1000

struct signin_peer {
    char *address;
    int64_t started_ms;
    unsigned failures;
};

static void free_peer(struct signin_peer *peer)
{
    mem_free(peer->address);
    mem_free(peer);
}

void signin_init(struct signin *signin, unsigned max_failures, int64_t window_ms)
{
    *signin = (struct signin){ 0 };
    table_init(&signin->peers);
    signin->max_failures = max_failures;
    signin->window_ms = window_ms;
}

/** Forget peers whose window had ended by now_ms. */
static void forget(struct signin *signin, int64_t now_ms)
{
    size_t cursor = 0;
    struct signin_peer *peer;

    while ((peer = table_next(&signin->peers, &cursor)) != NULL) {
        if (now_ms - peer->started_ms >= signin->window_ms) {
            table_remove(&signin->peers, str_from(peer->address));
            free_peer(peer);
        }
    }
}

void signin_done(struct signin *signin)
{
    signin->window_ms = 0;
    forget(signin, INT64_MAX);
    table_done(&signin->peers);
}

static struct signin_peer *find_or_add(struct signin *signin, struct str address, int64_t now_ms)
{
    struct signin_peer *peer = table_find(&signin->peers, address);

    if (peer != NULL) {
        return peer;
    }
    if (signin->peers.count >= MAX_PEERS && now_ms >= signin->next_sweep_ms) {
        forget(signin, now_ms);
        signin->next_sweep_ms = now_ms + SWEEP_MS;
    }
    if (signin->peers.count >= MAX_PEERS) {
        return NULL;
    }
    peer = mem_alloc(sizeof(*peer));
    peer->address = mem_copy_text(address.p, address.n);
    peer->started_ms = now_ms;
    table_put(&signin->peers, str_from(peer->address), peer);
    return peer;
}

unsigned signin_count_failure(struct signin *signin, struct str address, int64_t now_ms)
{
    struct signin_peer *peer = find_or_add(signin, address, now_ms);
    int64_t left_ms;

    if (peer == NULL) {
        /* A flood from everywhere: nobody who fails may try again soon. */
        left_ms = signin->window_ms;
    } else {
        if (now_ms - peer->started_ms >= signin->window_ms) {
            peer->started_ms = now_ms;
            peer->failures = 0;
        }
        if (peer->failures < signin->max_failures) {
            peer->failures++;
            return 0;
        }
        left_ms = peer->started_ms + signin->window_ms - now_ms;
    }
    return (unsigned)((left_ms + 999) / 1000);
}
