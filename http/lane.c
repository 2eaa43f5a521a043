#include "bridge/core/mem.h"
#include "http/client_internal.h"

#include <assert.h>

static struct queue *queue_of(const struct http_transfer *transfer)
{
    struct http_lane *lane = transfer->lane;

    return transfer->is_background ? &lane->background : &lane->foreground;
}

void lane_add(struct http_transfer *transfer)
{
    struct queue *queue = queue_of(transfer);

    transfer->previous = queue->last;
    *(queue->last != NULL ? &queue->last->next : &queue->first) = transfer;
    queue->last = transfer;
    transfer->lane->waiting_count++;
}

void lane_remove(struct http_transfer *transfer)
{
    struct queue *queue = queue_of(transfer);

    *(transfer->previous != NULL ? &transfer->previous->next : &queue->first) = transfer->next;
    *(transfer->next != NULL ? &transfer->next->previous : &queue->last) = transfer->previous;
    transfer->next = transfer->previous = NULL;
    transfer->lane->waiting_count--;
}

void lane_pump(void *arg)
{
    struct http_lane *lane = (struct http_lane *)arg;

    while (!lane->is_held && lane->in_flight < lane->max_in_flight && lane->waiting_count > 0) {
        transfer_launch(
            lane->foreground.first != NULL ? lane->foreground.first : lane->background.first);
    }
}

struct http_lane *http_lane_new(
    struct http_client *client, unsigned max_in_flight, struct str ca_file)
{
    struct http_lane *lane = (struct http_lane *)mem_alloc(sizeof(*lane));

    assert(max_in_flight > 0);
    lane->client = client;
    lane->max_in_flight = max_in_flight;
    if (ca_file.n > 0) {
        lane->ca_file = mem_copy_text(ca_file.p, ca_file.n);
    }
    client->lane_count++;
    return lane;
}

void http_lane_free(struct http_lane **lane_in)
{
    struct http_lane *lane = TAKE(*lane_in);

    if (lane == NULL) {
        return;
    }
    assert(lane->transfer_count == 0);
    loop_unpost(lane->client->loop, lane);
    lane->client->lane_count--;
    mem_free(lane->ca_file);
    mem_free(lane);
}

unsigned http_lane_pending(const struct http_lane *lane)
{
    return lane->waiting_count + lane->in_flight;
}

void http_lane_hold(struct http_lane *lane, bool is_held)
{
    lane->is_held = is_held;
    lane_pump(lane);
}
